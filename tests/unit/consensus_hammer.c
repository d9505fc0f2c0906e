/* One machine against three liars of four, who can make any certificate they like: random events,
 * most of them near the present. Nothing they do may make it fall over; at worst it raises an alarm
 * and signs nothing any more. Own votes are checked against each other all the while. */
#include "base/prng.h"
#include "consensus_solo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define RUNS 3000
#define EVENTS 300
#define KINDS 4

struct hammer {
    struct solo *s;
    struct rg_prng p;
    struct rg_block_info known[32];
    size_t known_count;
    struct rg_cand mine[1024][KINDS];
    bool has[1024][KINDS];
};

static uint64_t pick(struct hammer *h, uint64_t bound)
{
    return rg_prng_below(&h->p, bound);
}

static uint64_t pick_view(struct hammer *h)
{
    const uint64_t cur = rg_cons_view(h->s->c);
    switch (pick(h, 24)) {
    case 0:
        return 1 + pick(h, 1000);
    case 1:
        return pick(h, 40) == 0 ? UINT64_MAX - pick(h, 3) : cur + 60 + pick(h, 10);
    default:
        return cur + pick(h, 4) > 2 ? cur + pick(h, 4) - 2 : 1;
    }
}

static struct rg_block_info *pick_block(struct hammer *h)
{
    if (h->known_count == 0 || pick(h, 3) == 0) {
        const struct rg_block_info *parent = h->known_count > 0 && pick(h, 3) > 0
                                                 ? &h->known[pick(h, h->known_count)]
                                                 : rg_cons_tip(h->s->c);
        struct rg_block_info b = child(parent, pick_view(h), 0);
        for (size_t i = 0; i < RG_HASH_BYTES; i++) {
            b.hash.b[i] = (uint8_t)pick(h, 256);
        }
        b.height += pick(h, 20) == 0;
        b.epoch_last = pick(h, 40) == 0;
        h->known[h->known_count < 32 ? h->known_count : pick(h, 32)] = b;
        h->known_count += h->known_count < 32;
    }
    return &h->known[pick(h, h->known_count)];
}

static struct rg_cand pick_cand(struct hammer *h)
{
    const struct rg_block_info *b = pick_block(h);
    const uint64_t view = pick(h, 3) > 0 && b->view > 0 ? b->view : pick_view(h);
    const uint64_t back = pick(h, 3) > 0 ? 1 : 1 + pick(h, 4);
    struct rg_cand cand = {.view = view, .pview = view > back ? view - back : 0, .hash = b->hash};
    if (pick(h, 6) == 0) {
        cand.pview = rg_cons_final_view(h->s->c) < view ? rg_cons_final_view(h->s->c) : 0;
    }
    return cand;
}

static struct rg_cert pick_cert(struct hammer *h, struct rg_sig *sigs)
{
    const enum rg_vote_kind kind = pick(h, 8) == 0   ? RG_VOTE_FINALIZE
                                   : pick(h, 2) == 0 ? RG_VOTE_NULLIFY
                                                     : RG_VOTE_NOTARIZE;
    struct rg_cand cand = pick_cand(h);
    if (kind == RG_VOTE_NULLIFY) {
        cand = (struct rg_cand){.view = cand.view};
    }
    return lab_cert(&h->s->m, &h->s->ledger, kind, cand, 3, sigs);
}

/* What it signs, and in which order it lets things go. */
static void look(struct hammer *h)
{
    bool unsynced = false;
    for (size_t i = 0; i < h->s->out.count; i++) {
        const struct rg_action *a = &h->s->out.list[i];
        if (a->kind == RG_ACTION_BARRIER) {
            unsynced = false;
        }
        if (a->kind == RG_ACTION_BCAST_VOTE || a->kind == RG_ACTION_BCAST_PROPOSE) {
            assert_false(unsynced);
        }
        if (a->kind != RG_ACTION_PERSIST_VOTE) {
            continue;
        }
        unsynced = true;
        const struct rg_vote *v = &a->vote;
        if (v->cand.view >= 1024) {
            continue;
        }
        struct rg_cand *mine = h->mine[v->cand.view];
        bool *has = h->has[v->cand.view];
        assert_false(has[v->kind]);
        mine[v->kind] = v->cand;
        has[v->kind] = true;
        assert_false(has[RG_VOTE_NULLIFY] && has[RG_VOTE_FINALIZE]);
        assert_false(v->kind == RG_VOTE_NOTARIZE && has[RG_VOTE_NULLIFY]);
        if (has[RG_VOTE_NOTARIZE] && has[RG_VOTE_FINALIZE]) {
            assert_true(rg_cand_eq(&mine[RG_VOTE_NOTARIZE], &mine[RG_VOTE_FINALIZE]));
        }
    }
}

static void random_proposal(struct hammer *h)
{
    struct rg_sig sigs[4][RG_AUTHORITIES_MAX];
    struct rg_cert certs[4];
    struct rg_cand cand = pick_cand(h);
    const struct rg_block_info *b = pick(h, 4) > 0 ? pick_block(h) : NULL;
    const size_t count = pick(h, 5);
    if (b != NULL && pick(h, 3) > 0) {
        cand.hash = b->hash;
        cand.view = b->view;
        cand.pview = cand.pview < b->view ? cand.pview : 0;
    }
    for (size_t i = 0; i < count; i++) {
        certs[i] = pick_cert(h, sigs[i]);
    }
    if (cand.view > 0) {
        propose(h->s, cand, b, certs, count);
    }
}

static void random_event(struct hammer *h)
{
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cons_event ev = {.kind = RG_EVENT_TICK, .peer = (uint32_t)pick(h, 6)};
    struct rg_cert c;
    h->s->now_ms += pick(h, 8) == 0 ? pick(h, 3000) : pick(h, 20);
    switch (pick(h, 12)) {
    case 0:
        ev.kind = RG_EVENT_WORK;
        ev.work.has_work = pick(h, 3) > 0;
        ev.work.tick_due = pick(h, 4) == 0;
        break;
    case 1:
        ev.kind = RG_EVENT_BLOCK;
        ev.block = pick_block(h);
        break;
    case 2:
        ev.kind = RG_EVENT_STATUS;
        ev.status.cur = pick_view(h);
        ev.status.lf = pick(h, 10);
        break;
    case 3:
        ev.kind = RG_EVENT_GETCERTS;
        ev.range.from = pick_view(h);
        ev.range.to = pick_view(h);
        break;
    case 4:
        ev.kind = RG_EVENT_WAKE;
        ev.wake.view = pick_view(h);
        break;
    case 5:
    case 6:
        c = pick_cert(h, sigs);
        ev.kind = RG_EVENT_CERT;
        ev.cert = &c;
        break;
    case 7:
    case 8: {
        const enum rg_vote_kind kind = (enum rg_vote_kind)(1 + pick(h, 3));
        const struct rg_cand cand = pick_cand(h);
        vote(h->s, kind, kind == RG_VOTE_NULLIFY ? (struct rg_cand){.view = cand.view} : cand,
             (uint16_t)pick(h, 3));
        return;
    }
    case 9:
        simple(h->s, RG_EVENT_TICK);
        return;
    default:
        random_proposal(h);
        return;
    }
    give(h->s, ev);
}

/* Answer what it wants of its caller, mostly. */
static void answer(struct hammer *h)
{
    for (size_t i = 0; i < h->s->out.count; i++) {
        const struct rg_action a = h->s->out.list[i];
        if (a.kind == RG_ACTION_VERIFY && pick(h, 10) > 0) {
            verdict(h->s, &a.block, pick(h, 40) > 0);
            look(h);
            i = SIZE_MAX;
        } else if (a.kind == RG_ACTION_BUILD) {
            const struct rg_block_info b =
                child(&a.build.parent, a.build.view, (uint8_t)pick(h, 256));
            struct rg_cons_event ev = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
            ev.built.view = a.build.view;
            ev.built.result = (enum rg_built)(1 + pick(h, 3));
            ev.built.block = &b;
            give(h->s, ev);
            look(h);
            i = SIZE_MAX;
        }
    }
}

static void hammer(void **state)
{
    (void)state;
    size_t halted = 0;
    size_t final = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        struct hammer *h = calloc(1, sizeof *h);
        h->s = started();
        rg_prng_init(&h->p, run);
        struct rg_cons_report r;
        for (size_t i = 0; i < EVENTS; i++) {
            h->s->out.count = 0;
            random_event(h);
            look(h);
            answer(h);
        }
        rg_cons_explain(h->s->c, h->s->now_ms, &r);
        halted += r.halted;
        final += r.final_view > 0;
        solo_free(h->s);
        free(h);
    }
    assert_true(halted > 0); /* they do get caught */
    assert_true(final > 0);  /* and things do become final */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hammer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
