/* One machine alone, fed by hand: each rule's edges, and everything a liar can send. */
#include "consensus_solo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A NOTARIZE leaves only behind body, vote and barrier, in this order. */
static void order_of_actions(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info b = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &b), &b, NULL, 0);
    assert_non_null(find(s, RG_ACTION_VERIFY));
    assert_null(find(s, RG_ACTION_BARRIER));
    verdict(s, &b, true);
    assert_int_equal(s->out.list[0].kind, RG_ACTION_PERSIST_BLOCK);
    assert_int_equal(s->out.list[1].kind, RG_ACTION_PERSIST_VOTE);
    const struct rg_action *barrier = find(s, RG_ACTION_BARRIER);
    const struct rg_action *sent = find(s, RG_ACTION_BCAST_VOTE);
    assert_non_null(barrier);
    assert_true(sent > barrier);
    assert_int_equal(sent->vote.kind, RG_VOTE_NOTARIZE);
    assert_true(rg_vote_check(&sent->vote, &s->ledger, &s->m, lab_verify));
    /* A certificate alone is written without a barrier of its own. */
    null_cert(s, 1);
    assert_non_null(find(s, RG_ACTION_PERSIST_CERT));
    assert_non_null(find(s, RG_ACTION_BCAST_CERT));
    assert_null(find(s, RG_ACTION_BARRIER));
    assert_int_equal(rg_cons_view(s->c), 2);
    solo_free(s);
}

/* R2: no vote without Notar of the parent and Null of every gap; both are asked for. */
static void gap_needs_null(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info b = child(&s->root, 3, 1);
    null_cert(s, 2);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    const struct rg_cert null4 =
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 4}, 3, sigs);
    propose(s, cand_of(3, 0, &b), &b, &null4, 1);
    assert_int_equal(rg_cons_view(s->c), 3);
    verdict(s, &b, true);
    assert_null(find(s, RG_ACTION_BCAST_VOTE)); /* Null(1) is missing */
    s->now_ms += 1001;
    simple(s, RG_EVENT_TICK);
    const struct rg_action *ask = find(s, RG_ACTION_SEND_GETCERTS);
    assert_non_null(ask);
    assert_int_equal(ask->range.to, 2);
    null_cert(s, 1);
    const struct rg_action *sent = find(s, RG_ACTION_BCAST_VOTE);
    assert_non_null(sent);
    assert_int_equal(sent->vote.kind, RG_VOTE_NOTARIZE);
    solo_free(s);
}

static void parent_unknown(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info b1 = child(&s->root, 1, 1);
    const struct rg_block_info b2 = child(&b1, 2, 2);
    null_cert(s, 1);
    propose(s, cand_of(2, 1, &b2), &b2, NULL, 0);
    const struct rg_action *ask = find(s, RG_ACTION_SEND_GETCERTS);
    assert_non_null(ask);
    assert_int_equal(ask->peer, 1); /* the leader first */
    const struct rg_action *fetch = find(s, RG_ACTION_FETCH);
    assert_non_null(fetch);
    assert_true(rg_hash_eq(&fetch->fetch.hash, &b1.hash));
    assert_int_equal(fetch->fetch.signers, 2);
    assert_false(fetch->fetch.is_final);
    s->now_ms += 1000;
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &b1));
    assert_null(find(s, RG_ACTION_FETCH)); /* not twice in T_r */
    s->now_ms += 1;
    simple(s, RG_EVENT_TICK);
    assert_int_equal(find(s, RG_ACTION_FETCH)->fetch.signers, 7);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &b1});
    assert_non_null(find(s, RG_ACTION_VERIFY));
    verdict(s, &b1, true);
    assert_true(rg_hash_eq(&find(s, RG_ACTION_VERIFY)->block.hash, &b2.hash));
    verdict(s, &b2, true);
    assert_int_equal(find(s, RG_ACTION_BCAST_VOTE)->vote.kind, RG_VOTE_NOTARIZE);
    solo_free(s);
}

/* R3: everything for which a view is given up at once. */
static void bad_proposals(void **state)
{
    (void)state;
    struct rg_block_info b;
    for (int what = 0; what < 7; what++) {
        struct solo *s = started();
        b = child(&s->root, 1, 1);
        struct rg_cand cand = cand_of(1, 0, &b);
        switch (what) {
        case 0:
            propose(s, cand, &b, NULL, 0);
            verdict(s, &b, false);
            break;
        case 1: /* the header's height */
            b.height = 2;
            propose(s, cand, &b, NULL, 0);
            break;
        case 2: /* the header's time */
            b.time_ms = s->root.time_ms;
            propose(s, cand, &b, NULL, 0);
            break;
        case 3: /* another parent */
            memset(b.parent.b, 5, RG_HASH_BYTES);
            propose(s, cand, &b, NULL, 0);
            break;
        case 4: /* a block of another view */
            b.view = 2;
            propose(s, cand, &b, NULL, 0);
            break;
        case 5: /* two proposals */
            propose(s, cand, &b, NULL, 0);
            b = child(&s->root, 1, 2);
            propose(s, cand_of(1, 0, &b), &b, NULL, 0);
            assert_non_null(find(s, RG_ACTION_EVIDENCE));
            break;
        default: /* the leader itself gives up */
            vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 0);
        }
        assert_true(nullified(s, 1));
        /* After L: no N, ever; certificates still count. */
        propose(s, cand, &b, NULL, 0);
        assert_null(find(s, RG_ACTION_BCAST_VOTE));
        cert(s, RG_VOTE_NOTARIZE, cand);
        assert_int_equal(rg_cons_view(s->c), 2);
        solo_free(s);
    }
}

/* "pv < lf": a proposal that passes over a final view. */
static void below_final(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info b1 = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &b1), &b1, NULL, 0);
    verdict(s, &b1, true);
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &b1));
    assert_non_null(find(s, RG_ACTION_COMMIT));
    assert_int_equal(rg_cons_final_view(s->c), 1);
    const struct rg_block_info b2 = child(&s->root, 2, 2);
    propose(s, cand_of(2, 0, &b2), &b2, NULL, 0);
    assert_true(nullified(s, 2));
    solo_free(s);
}

static void same_over_final(void **state)
{
    (void)state;
    struct solo *s = started();
    propose(s, cand_of(1, 0, &s->root), NULL, NULL, 0);
    assert_int_equal(find(s, RG_ACTION_BCAST_VOTE)->vote.kind, RG_VOTE_NOTARIZE);
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &s->root));
    assert_null(find(s, RG_ACTION_COMMIT)); /* nothing new is final */
    assert_int_equal(rg_cons_final_view(s->c), 1);
    assert_int_equal(rg_cons_tip(s->c)->height, 0);
    assert_int_equal(rg_cons_deadline(s->c), UINT64_MAX); /* and nothing is wanted */
    solo_free(s);
}

/* Back-off doubles with each view without finality, up to the cap, and follows finality down. */
static void back_off(void **state)
{
    (void)state;
    struct solo *s = started();
    static const uint64_t wait_ms[] = {1000, 1000,  1000,  1000,  2000, 4000,
                                       8000, 16000, 30000, 30000, 30000};
    work(s, true);
    for (uint64_t view = 1; view <= 11; view++) {
        if (rg_members_leader(&s->m, view) != 3) {
            pass(s, wait_ms[view - 1] - 1);
            assert_false(nullified(s, view));
            s->now_ms += 1;
            simple(s, RG_EVENT_TICK);
            assert_true(nullified(s, view));
        }
        null_cert(s, view);
    }
    assert_int_equal(rg_cons_deadline(s->c), s->now_ms + 100); /* my turn */
    null_cert(s, 12);
    const struct rg_block_info b13 = child(&s->root, 13, 2);
    pass(s, 20000);
    cert(s, RG_VOTE_NOTARIZE, cand_of(13, 0, &b13));
    assert_int_equal(rg_cons_view(s->c), 14);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &b13});
    verdict(s, &b13, true);
    assert_int_equal(find(s, RG_ACTION_BCAST_VOTE)->vote.kind, RG_VOTE_FINALIZE);
    pass(s, 3000);
    assert_false(nullified(s, 14)); /* the timer is 30 s long */
    vote(s, RG_VOTE_FINALIZE, cand_of(13, 0, &b13), 0);
    vote(s, RG_VOTE_FINALIZE, cand_of(13, 0, &b13), 1);
    assert_int_equal(rg_cons_final_view(s->c), 13);
    assert_true(nullified(s, 14)); /* and now 1 s: it has passed */
    solo_free(s);
}

static void silent_leader(void **state)
{
    (void)state;
    struct solo *s = started();
    for (int i = 0; i < 6; i++) {
        s->now_ms += 1000;
        give(s, (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = 1});
        give(s, (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = 2});
    }
    work(s, true);
    assert_true(nullified(s, 1)); /* A was silent for 6 s */
    solo_free(s);
    s = started();
    s->now_ms += 6000;
    work(s, true);
    assert_false(nullified(s, 1)); /* but who hears nobody concludes nothing */
    solo_free(s);
}

/* D has heard all but @silent within the last 5 s. */
static struct solo *without(uint32_t silent)
{
    struct solo *s = started();
    for (int i = 0; i < 6; i++) {
        s->now_ms += 1000;
        for (uint32_t peer = 0; peer < 3; peer++) {
            if (peer != silent) {
                give(s, (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = peer});
            }
        }
    }
    return s;
}

/* R3: B, the next leader, is known to be silent: its turn ends together with A's. */
static void nullify_ahead(void **state)
{
    (void)state;
    struct solo *s = without(1);
    const struct rg_block_info b = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &b), &b, NULL, 0);
    assert_int_equal(count(s, RG_ACTION_BCAST_VOTE), 0);
    verdict(s, &b, true);
    assert_int_equal(count(s, RG_ACTION_BCAST_VOTE), 2);
    const struct rg_action *sent = find(s, RG_ACTION_BCAST_VOTE);
    assert_true(find(s, RG_ACTION_BARRIER) < sent);
    assert_int_equal(sent[0].vote.kind, RG_VOTE_NOTARIZE);
    assert_int_equal(sent[1].vote.kind, RG_VOTE_NULLIFY);
    assert_int_equal(sent[1].vote.cand.view, 2);
    /* q have nullified it ahead; but nobody passes over a view that nothing certifies. */
    null_cert(s, 2);
    assert_int_equal(rg_cons_view(s->c), 1);
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &b), 0);
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &b), 2);
    assert_int_equal(rg_cons_view(s->c), 3);
    assert_int_equal(count(s, RG_ACTION_BCAST_CERT), 2); /* both are passed on */
    solo_free(s);
    /* C is silent: its turn is after B's, who is not. */
    s = without(2);
    propose(s, cand_of(1, 0, &b), &b, NULL, 0);
    verdict(s, &b, true);
    assert_int_equal(count(s, RG_ACTION_BCAST_VOTE), 1);
    solo_free(s);
}

/* Nothing is wanted, but somebody gives up on a leader that I too know to be silent: I join, and
 * the view ends. Of one that is alive nobody can make me. */
static void join_nullify(void **state)
{
    (void)state;
    struct solo *s = without(0);
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 2);
    assert_true(nullified(s, 1));
    solo_free(s);
    s = without(1);
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 2);
    assert_false(nullified(s, 1));
    /* Its leader ends it otherwise: it proposes the last block once more. */
    for (uint64_t view = 1; view < 4; view++) {
        null_cert(s, view);
    }
    s->now_ms += 100;
    simple(s, RG_EVENT_TICK);
    assert_null(find(s, RG_ACTION_BCAST_PROPOSE));
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 4}, 2);
    assert_true(find(s, RG_ACTION_BCAST_PROPOSE)->propose.same);
    solo_free(s);
}

static void wake(void **state)
{
    (void)state;
    struct solo *s = started();
    work(s, true);
    assert_null(find(s, RG_ACTION_BCAST_WAKE));
    s->now_ms += 100;
    simple(s, RG_EVENT_TICK);
    assert_int_equal(find(s, RG_ACTION_BCAST_WAKE)->wake_view, 1);
    assert_int_equal(find(s, RG_ACTION_BCAST_WAKE)->peer, 0);
    s->now_ms += 100;
    simple(s, RG_EVENT_TICK);
    assert_null(find(s, RG_ACTION_BCAST_WAKE)); /* once a view */
    work(s, false);
    null_cert(s, 1);
    null_cert(s, 2);
    null_cert(s, 3);
    assert_int_equal(rg_cons_deadline(s->c), UINT64_MAX);
    struct rg_cons_event ev = {.kind = RG_EVENT_WAKE, .peer = 1};
    ev.wake.view = 3; /* past */
    give(s, ev);
    ev.wake.view = 99; /* not soon */
    give(s, ev);
    assert_int_equal(rg_cons_deadline(s->c), UINT64_MAX);
    ev.wake.view = 4;
    give(s, ev);
    assert_int_equal(rg_cons_deadline(s->c), s->now_ms + 100);
    s->now_ms += 100;
    simple(s, RG_EVENT_TICK);
    const struct rg_action *a = find(s, RG_ACTION_BCAST_PROPOSE);
    assert_non_null(a);
    assert_true(a->propose.same);
    assert_int_equal(a->propose.justify_count, 3);
    solo_free(s);
}

static void building(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 0);
    simple(s, RG_EVENT_START);
    work(s, true);
    assert_int_equal(find(s, RG_ACTION_BUILD)->build.view, 1);
    struct rg_block_info b = child(&s->root, 1, 1);
    struct rg_cons_event ev = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    ev.built.view = 2; /* an answer to another question */
    ev.built.result = RG_BUILT_BLOCK;
    ev.built.block = &b;
    give(s, ev);
    assert_null(find(s, RG_ACTION_BCAST_PROPOSE));
    ev.built.view = 1;
    ev.built.result = RG_BUILT_EMPTY;
    give(s, ev);
    assert_null(find(s, RG_ACTION_BCAST_PROPOSE));
    work(s, true); /* something new has come */
    assert_non_null(find(s, RG_ACTION_BUILD));
    ev.built.result = RG_BUILT_BLOCK;
    b.view = 3;
    give(s, ev);
    assert_true(nullified(s, 1)); /* a builder that builds something else */
    solo_free(s);
}

/* Jumped over a gap, the leader has no parent it could justify: half of T_l, then it gives up. */
static void leader_without_parent(void **state)
{
    (void)state;
    struct solo *s = started();
    null_cert(s, 5);
    assert_int_equal(rg_cons_view(s->c), 4);
    work(s, true);
    assert_null(find(s, RG_ACTION_BUILD));
    s->now_ms += 499;
    simple(s, RG_EVENT_TICK);
    assert_false(nullified(s, 4));
    s->now_ms += 1;
    simple(s, RG_EVENT_TICK);
    assert_true(nullified(s, 4));
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_actions),
        cmocka_unit_test(gap_needs_null),
        cmocka_unit_test(parent_unknown),
        cmocka_unit_test(bad_proposals),
        cmocka_unit_test(below_final),
        cmocka_unit_test(same_over_final),
        cmocka_unit_test(back_off),
        cmocka_unit_test(silent_leader),
        cmocka_unit_test(nullify_ahead),
        cmocka_unit_test(join_nullify),
        cmocka_unit_test(wake),
        cmocka_unit_test(building),
        cmocka_unit_test(leader_without_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
