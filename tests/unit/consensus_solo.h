/* One machine alone, fed by hand, and what it wants done. For unit tests of the consensus. */
#ifndef RG_UNIT_CONSENSUS_SOLO_H
#define RG_UNIT_CONSENSUS_SOLO_H

#include "consensus_lab.h"
#include <stdlib.h>

/* The machine under test is D (3) of four: the leader of views 4, 8, ... */
struct solo {
    struct rg_members m;
    struct rg_hash ledger;
    struct rg_block_info root;
    struct rg_cons_params params;
    struct rg_cons *c;
    void *memory;
    uint64_t now_ms;
    struct rg_actions out;
};

static inline struct solo *solo_new(size_t n, uint16_t me)
{
    struct solo *s = calloc(1, sizeof *s);
    lab_members(n, &s->m, &s->ledger);
    s->params = rg_cons_params_default();
    s->params.ring = 256;
    memset(s->root.hash.b, 9, RG_HASH_BYTES);
    s->memory = malloc(rg_cons_size(n, &s->params));
    s->now_ms = 1000;
    const struct rg_cons_setup setup = {
        .params = s->params,
        .members = &s->m,
        .me = me,
        .ledger = s->ledger,
        .root = s->root,
        .sign = me == RG_MEMBERS_NONE ? NULL : lab_sign,
        .sign_ctx = (void *)(uintptr_t)(me + 1u),
    };
    s->c = rg_cons_init(s->memory, rg_cons_size(n, &s->params), &setup);
    return s;
}

static inline void give(struct solo *s, struct rg_cons_event ev)
{
    ev.now_ms = s->now_ms;
    rg_cons_step(s->c, &ev, &s->out);
}

static inline void simple(struct solo *s, enum rg_cons_event_kind kind)
{
    give(s, (struct rg_cons_event){.kind = kind, .peer = RG_PEER_NONE});
}

static inline struct solo *started(void)
{
    struct solo *s = solo_new(4, 3);
    simple(s, RG_EVENT_START);
    return s;
}

static inline void solo_free(struct solo *s)
{
    free(s->memory);
    free(s);
}

static inline const struct rg_action *find(const struct solo *s, enum rg_action_kind kind)
{
    for (size_t i = 0; i < s->out.count; i++) {
        if (s->out.list[i].kind == kind) {
            return &s->out.list[i];
        }
    }
    return NULL;
}

static inline size_t count(const struct solo *s, enum rg_action_kind kind)
{
    size_t sum = 0;
    for (size_t i = 0; i < s->out.count; i++) {
        sum += s->out.list[i].kind == kind ? 1 : 0;
    }
    return sum;
}

static inline void vote(struct solo *s, enum rg_vote_kind kind, struct rg_cand cand,
                        uint16_t signer)
{
    const struct rg_vote v = lab_vote(&s->m, &s->ledger, kind, cand, signer);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_VOTE, .peer = signer, .vote = &v});
}

static inline void cert(struct solo *s, enum rg_vote_kind kind, struct rg_cand cand)
{
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    const struct rg_cert c = lab_cert(&s->m, &s->ledger, kind, cand, s->m.q, sigs);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_CERT, .peer = 0, .cert = &c});
}

static inline void null_cert(struct solo *s, uint64_t view)
{
    cert(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = view});
}

static inline struct rg_block_info child(const struct rg_block_info *parent, uint64_t view,
                                         uint8_t id)
{
    struct rg_block_info b = {.parent = parent->hash,
                              .height = parent->height + 1,
                              .view = view,
                              .time_ms = parent->time_ms + 1,
                              .has_entries = true};
    memset(b.hash.b, id, RG_HASH_BYTES);
    return b;
}

static inline struct rg_cand cand_of(uint64_t view, uint64_t pview, const struct rg_block_info *b)
{
    return (struct rg_cand){.view = view, .pview = pview, .hash = b->hash};
}

static inline void propose(struct solo *s, struct rg_cand cand, const struct rg_block_info *b,
                           const struct rg_cert *justify, size_t justify_count)
{
    const uint16_t leader = rg_members_leader(&s->m, cand.view);
    struct rg_cons_event ev = {.kind = RG_EVENT_PROPOSAL, .peer = leader};
    ev.proposal.cand = cand;
    ev.proposal.sig = lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand, leader).sig;
    ev.proposal.same = b == NULL;
    ev.proposal.block = b;
    ev.proposal.justify = justify;
    ev.proposal.justify_count = justify_count;
    give(s, ev);
}

static inline void verdict(struct solo *s, const struct rg_block_info *b, bool valid)
{
    struct rg_cons_event ev = {.kind = RG_EVENT_VERDICT, .peer = RG_PEER_NONE};
    ev.verdict.hash = b->hash;
    ev.verdict.valid = valid;
    give(s, ev);
}

static inline void work(struct solo *s, bool has)
{
    struct rg_cons_event ev = {.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
    ev.work.has_work = has;
    give(s, ev);
}

static inline enum rg_alarm alarm(const struct solo *s)
{
    const struct rg_action *a = find(s, RG_ACTION_ALARM);
    return a == NULL ? RG_ALARM_NONE : a->alarm.id;
}

static inline bool nullified(const struct solo *s, uint64_t view)
{
    const struct rg_action *a = find(s, RG_ACTION_BCAST_VOTE);
    return a != NULL && a->vote.kind == RG_VOTE_NULLIFY && a->vote.cand.view == view;
}

/* Let time pass while everybody is heard. */
static inline void pass(struct solo *s, uint64_t ms)
{
    while (ms > 0) {
        const uint64_t part = ms < 1000 ? ms : 1000;
        s->now_ms += part;
        ms -= part;
        for (uint16_t i = 0; i < 3; i++) {
            give(s, (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = i});
        }
    }
    simple(s, RG_EVENT_TICK);
}

#endif /* RG_UNIT_CONSENSUS_SOLO_H */
