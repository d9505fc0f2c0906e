#include "consensus/cons.h"
#include "consensus/cons_priv.h"

#define ALIGN_BYTES 16

struct rg_cons_params rg_cons_params_default(void)
{
    return (struct rg_cons_params){
        .leader_ms = 1000,
        .view_ms = 2000,
        .retransmit_ms = 1000,
        .skip_ms = 5000,
        .cap_ms = 30000,
        .empty_gap_ms = 100,
        .ring = 1024,
    };
}

bool rg_cons_params_ok(const struct rg_cons_params *p)
{
    const uint32_t most_ms = 24u * 3600u * 1000u;
    return p->empty_gap_ms > 0 && p->leader_ms > p->empty_gap_ms && p->view_ms > p->leader_ms &&
           p->cap_ms >= p->leader_ms && p->retransmit_ms > 0 && p->skip_ms > p->retransmit_ms &&
           p->view_ms <= most_ms && p->cap_ms <= most_ms && p->retransmit_ms <= most_ms &&
           p->skip_ms <= most_ms && p->ring >= 256 && p->ring <= 4096 &&
           (p->ring & (p->ring - 1)) == 0;
}

static size_t align_up(size_t size)
{
    return (size + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
}

/* Votes and certificate signatures of one view. */
static size_t per_slot(size_t n)
{
    return align_up(3 * n * sizeof(struct rg_pooled)) + align_up(3 * n * sizeof(struct rg_sig));
}

size_t rg_cons_size(size_t n, const struct rg_cons_params *p)
{
    RG_ASSERT(n >= 1 && n <= RG_AUTHORITIES_MAX);
    RG_ASSERT(rg_cons_params_ok(p));
    return align_up(sizeof(struct rg_cons)) +
           p->ring * (align_up(sizeof(struct rg_slot)) + per_slot(n));
}

/* The parts of @memory: the machine, the slots, then for each slot its pool and signatures. */
static void lay_memory(struct rg_cons *c, uint8_t *memory)
{
    const size_t n = c->members.n;
    const size_t slots_at = align_up(sizeof(struct rg_cons));
    c->slots = (struct rg_slot *)(void *)(memory + slots_at);
    uint8_t *next = memory + slots_at + align_up(c->params.ring * sizeof(struct rg_slot));
    for (uint32_t i = 0; i < c->params.ring; i++) {
        struct rg_slot *s = &c->slots[i];
        s->view = 0; /* unused; the rest is set when it comes into use */
        struct rg_pooled *pool = (struct rg_pooled *)(void *)next;
        struct rg_sig *sigs =
            (struct rg_sig *)(void *)(next + align_up(3 * n * sizeof(struct rg_pooled)));
        next += per_slot(n);
        for (size_t kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
            s->pool[kind] = pool + (kind - 1) * n;
            s->sigs[kind] = sigs + (kind - 1) * n;
        }
    }
}

struct rg_cons *rg_cons_init(void *memory, size_t len, const struct rg_cons_setup *setup)
{
    const struct rg_members *m = setup->members;
    RG_ASSERT(len >= rg_cons_size(m->n, &setup->params));
    RG_ASSERT((uintptr_t)memory % ALIGN_BYTES == 0);
    RG_ASSERT(setup->me < m->n || setup->me == RG_MEMBERS_NONE);
    RG_ASSERT(setup->sign != NULL || setup->me == RG_MEMBERS_NONE);
    struct rg_cons *c = memory;
    memset(c, 0, sizeof *c);
    c->params = setup->params;
    c->members = *m;
    c->ledger = setup->ledger;
    c->epoch = setup->epoch;
    c->me = setup->me;
    c->memory = setup->me == RG_MEMBERS_NONE ? RG_MEMORY_SURE : setup->memory;
    c->mute = setup->mute;
    c->sign = setup->sign;
    c->sign_ctx = setup->sign_ctx;
    c->cur = 1;
    c->base = 1;
    c->lf_cand.hash = setup->root.hash;
    c->tip = (struct rg_blk){.info = setup->root, .state = RG_BLK_VALID, .durable = true};
    /* Views are counted afresh in each epoch: within this one the root is of view 0. */
    c->tip.info.view = 0;
    c->tip.info.epoch_last = false; /* that was the epoch before */
    c->retry_ms = UINT64_MAX;
    c->deadline_ms = UINT64_MAX;
    lay_memory(c, memory);
    return c;
}

void rg_cons_step(struct rg_cons *c, const struct rg_cons_event *ev, struct rg_actions *out)
{
    RG_ASSERT(c->started == (ev->kind != RG_EVENT_START));
    c->now_ms = rg_num_max(c->now_ms, ev->now_ms);
    rg_cons_out__begin(c);
    rg_cons_recv__take(c, ev);
    rg_cons_rules__run(c);
    rg_cons_check__state(c);
    c->seen_cur = c->cur;
    c->seen_lf = c->lf;
    rg_cons_out__end(c, out);
}

/* Whether another kind of vote by the same signer, already here, contradicts @v. */
static bool would_accuse(const struct rg_slot *s, const struct rg_vote *v)
{
    for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        const struct rg_pooled *p = &s->pool[kind][v->signer];
        if (kind == v->kind || !p->has || p->accused) {
            continue;
        }
        const struct rg_vote other = {
            .kind = kind, .signer = v->signer, .epoch = v->epoch, .cand = p->cand};
        if (rg_vote_conflicts(&other, v)) {
            return true;
        }
    }
    return false;
}

bool rg_cons_wants_vote(const struct rg_cons *c, const struct rg_vote *v)
{
    const uint64_t view = v->cand.view;
    if (v->epoch != c->epoch || !rg_vote_well_formed(v, &c->members) ||
        view < rg_cons_slots__first(c) || view > c->cur + RG_VIEW_WINDOW) {
        return false;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    if (s == NULL) {
        return true;
    }
    const struct rg_pooled *p = &s->pool[v->kind][v->signer];
    if (p->has) {
        return !p->accused && !rg_cand_eq(&p->cand, &v->cand);
    }
    const struct rg_cert *cert = &s->certs[v->kind];
    const bool late = cert->kind != RG_VOTE_NONE && rg_cand_eq(&cert->cand, &v->cand);
    return !late || would_accuse(s, v);
}

bool rg_cons_wants_cert(const struct rg_cons *c, const struct rg_cert *cert)
{
    const uint64_t view = cert->cand.view;
    if (cert->epoch != c->epoch || cert->n != c->members.n || view <= c->lf ||
        view > UINT64_MAX / 2 || cert->kind == RG_VOTE_NONE) {
        return false;
    }
    if (view < rg_cons_slots__first(c)) {
        return cert->kind == RG_VOTE_FINALIZE && view > c->want.cert.cand.view;
    }
    const struct rg_cert *held = rg_cons_cert(c, cert->kind, view);
    return held == NULL || !rg_cand_eq(&held->cand, &cert->cand);
}

bool rg_cons_wants_proposal(const struct rg_cons *c, const struct rg_cand *cand)
{
    if (cand->view < c->cur || cand->view > c->cur + RG_VIEW_WINDOW || cand->pview >= cand->view ||
        rg_members_leader(&c->members, cand->view) == c->me) {
        return false;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, cand->view);
    if (s == NULL || !s->prop.has) {
        return true;
    }
    return !s->equivocated && !rg_cand_eq(&s->prop.cand, cand);
}

uint64_t rg_cons_view(const struct rg_cons *c)
{
    return c->cur;
}

uint64_t rg_cons_final_view(const struct rg_cons *c)
{
    return c->lf;
}

uint64_t rg_cons_epoch(const struct rg_cons *c)
{
    return c->epoch;
}

const struct rg_block_info *rg_cons_tip(const struct rg_cons *c)
{
    return &c->tip.info;
}

const struct rg_cert *rg_cons_tip_final(const struct rg_cons *c)
{
    return c->lf_final.cert.kind == RG_VOTE_NONE ? NULL : &c->lf_final.cert;
}

uint64_t rg_cons_deadline(const struct rg_cons *c)
{
    return c->deadline_ms;
}

const struct rg_cert *rg_cons_cert(const struct rg_cons *c, enum rg_vote_kind kind, uint64_t view)
{
    RG_ASSERT(kind >= RG_VOTE_NOTARIZE && kind <= RG_VOTE_FINALIZE);
    if (kind == RG_VOTE_FINALIZE && view != 0 && view == c->lf) {
        return rg_cons_tip_final(c);
    }
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    return s == NULL || s->certs[kind].kind == RG_VOTE_NONE ? NULL : &s->certs[kind];
}

const struct rg_block_info *rg_cons_block(const struct rg_cons *c, const struct rg_hash *hash)
{
    const struct rg_blk *b = rg_cons_slots__find_block(c, hash, rg_cons_slots__last(c) + 1);
    return b == NULL ? NULL : &b->info;
}

uint32_t rg_cons_missed_turns(const struct rg_cons *c, uint16_t i)
{
    return i < c->members.n ? c->missed[i] : 0;
}

static uint64_t voters(const struct rg_cons *c, enum rg_vote_kind kind)
{
    uint64_t set = 0;
    for (uint16_t i = 0; i < c->members.n; i++) {
        if (rg_cons_pool__has(c, c->cur, kind, i)) {
            set |= UINT64_C(1) << i;
        }
    }
    return set;
}

void rg_cons_explain(const struct rg_cons *c, uint64_t now_ms, struct rg_cons_report *out)
{
    const struct rg_slot *s = rg_cons_slots__find(c, c->cur);
    *out = (struct rg_cons_report){
        .view = c->cur,
        .final_view = c->lf,
        .leader = rg_members_leader(&c->members, c->cur),
        .halted = c->halted,
        .armed = c->armed,
        .proposed = s != NULL && s->prop.has,
        .asks = rg_cons_asks(c),
        .entered_ms = c->entered_ms,
        .heard = rg_cons_time__heard_set(c, now_ms),
        .notarized = voters(c, RG_VOTE_NOTARIZE),
        .nullified = voters(c, RG_VOTE_NULLIFY),
        .quorum = c->members.q,
    };
    for (uint64_t set = out->heard; set != 0; set &= set - 1) {
        out->heard_count++;
    }
}

const char *rg_cons_alarm_text(enum rg_alarm id)
{
    switch (id) {
    case RG_ALARM_NONE:
        return "no alarm";
    case RG_ALARM_TWO_NOTAR:
        return "two candidates of one view are notarized: more authorities lie than the set allows";
    case RG_ALARM_TWO_FINAL:
        return "two candidates of one view are final: more authorities lie than the set allows";
    case RG_ALARM_NULL_AND_FINAL:
        return "a view is both nullified and final: more authorities lie than the set allows";
    case RG_ALARM_FORK:
        return "a final block does not extend this node's final chain";
    case RG_ALARM_INVALID_NOTAR:
        return "a quorum certified a block that is invalid here";
    case RG_ALARM_OWN_KEY:
        return "a vote under this node's key that it knows nothing of: its journal is an old one, "
               "or "
               "the key is in use elsewhere; it votes again once enough others have told where "
               "they "
               "are";
    case RG_ALARM_NO_ROOM:
        return "too many views without finality: waiting for one to become final";
    }
    return "unknown alarm";
}
