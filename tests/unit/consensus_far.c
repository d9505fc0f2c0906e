/* One machine that is far behind, comes back, only watches, or is asked: recovery, bulk sync, the
 * window of views, answers to peers. */
#include "consensus_solo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void jump_far(void **state)
{
    (void)state;
    struct solo *s = started();
    null_cert(s, 1);
    null_cert(s, 1000000); /* it may have been nullified ahead, from the view before */
    assert_int_equal(rg_cons_view(s->c), 999999);
    null_cert(s, 999999);
    assert_int_equal(rg_cons_view(s->c), 1000001);
    assert_null(rg_cons_cert(s->c, RG_VOTE_NULLIFY, 1));
    /* Votes in views that fell out of the ring are not counted, and none is cast there. */
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 5}, 0);
    null_cert(s, 5);
    assert_int_equal(s->out.count, 0);
    /* But a Final for such a view is what brings the node forward. */
    const struct rg_block_info x = child(&s->root, 77, 1);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    const struct rg_cert final =
        lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(77, 0, &x), 3, sigs);
    assert_true(rg_cons_wants_cert(s->c, &final));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_CERT, .peer = 0, .cert = &final});
    assert_true(find(s, RG_ACTION_FETCH)->fetch.is_final);
    assert_non_null(find(s, RG_ACTION_PERSIST_CERT));
    assert_false(rg_cons_wants_cert(s->c, &final));
    struct rg_cons_event ev = {.kind = RG_EVENT_ADOPT, .peer = 0};
    ev.adopt.cert = &final;
    ev.adopt.tip = &s->root; /* not what the certificate names */
    give(s, ev);
    assert_int_equal(rg_cons_final_view(s->c), 0);
    ev.adopt.tip = &x;
    give(s, ev);
    assert_int_equal(rg_cons_final_view(s->c), 77);
    assert_int_equal(rg_cons_tip(s->c)->height, 1);
    assert_ptr_equal(rg_cons_cert(s->c, RG_VOTE_FINALIZE, 77), rg_cons_tip_final(s->c));
    give(s, ev); /* again: nothing */
    assert_int_equal(rg_cons_view(s->c), 1000001);
    solo_free(s);
}

static void adopt_beyond_my_view(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 500, 1);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    const struct rg_cert final =
        lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(500, 0, &x), 3, sigs);
    struct rg_cons_event ev = {.kind = RG_EVENT_ADOPT, .peer = 0};
    ev.adopt.cert = &final;
    ev.adopt.tip = &x;
    give(s, ev);
    assert_int_equal(rg_cons_view(s->c), 501);
    assert_int_equal(rg_cons_final_view(s->c), 500);
    solo_free(s);
}

static void adopt_refused(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 7, 1);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cert final =
        lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(7, 0, &x), 3, sigs);
    struct rg_cons_event ev = {.kind = RG_EVENT_ADOPT, .peer = 0};
    ev.adopt.cert = &final;
    ev.adopt.tip = &x;
    final.kind = RG_VOTE_NOTARIZE;
    give(s, ev);
    final.kind = RG_VOTE_FINALIZE;
    final.epoch = 1;
    give(s, ev);
    final.epoch = 0;
    final.cand.view = UINT64_MAX;
    give(s, ev);
    assert_int_equal(rg_cons_final_view(s->c), 0);
    final.cand.view = 7;
    const struct rg_block_info a = child(&s->root, 1, 1);
    const struct rg_block_info b = child(&s->root, 1, 2);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &a));
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &b)); /* halted */
    give(s, ev);
    assert_int_equal(rg_cons_final_view(s->c), 0);
    solo_free(s);
}

/* Hundreds of views without any finality: the machine waits rather than forgets what it needs. */
static void no_room(void **state)
{
    (void)state;
    struct solo *s = started();
    enum rg_alarm seen = RG_ALARM_NONE;
    uint64_t view = 1;
    for (; view <= 300 && seen == RG_ALARM_NONE; view++) {
        null_cert(s, view);
        seen = alarm(s);
    }
    assert_int_equal(seen, RG_ALARM_NO_ROOM);
    assert_false(find(s, RG_ACTION_ALARM)->alarm.halt);
    const uint64_t stuck = rg_cons_view(s->c);
    assert_true(stuck > 150 && stuck < 256);
    assert_true(rg_cons_missed_turns(s->c, 0) > 30);
    assert_int_equal(rg_cons_missed_turns(s->c, 9), 0);
    null_cert(s, stuck);
    assert_int_equal(rg_cons_view(s->c), stuck);
    solo_free(s);
}

static void final_frees_room(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    verdict(s, &x, true);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
    for (uint64_t view = 2; view <= 300; view++) {
        null_cert(s, view);
        if (alarm(s) == RG_ALARM_NO_ROOM) {
            break;
        }
    }
    const uint64_t stuck = rg_cons_view(s->c);
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
    assert_int_equal(rg_cons_final_view(s->c), 1);
    assert_int_equal(rg_cons_view(s->c), stuck + 1);
    solo_free(s);
}

static void answers(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    verdict(s, &x, true);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
    for (uint64_t view = 2; view <= 50; view++) {
        null_cert(s, view);
    }
    struct rg_cons_event ev = {.kind = RG_EVENT_GETCERTS, .peer = 70};
    ev.range.from = 1;
    ev.range.to = UINT64_MAX;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_CERT), RG_ACTION_CERTS_MAX);
    assert_int_equal(find(s, RG_ACTION_SEND_CERT)->peer, 70);
    ev.range.from = 9;
    ev.range.to = 8;
    give(s, ev);
    assert_int_equal(s->out.count, 0);
    /* STATUS of one who is behind: what it lacks, and my recorded votes again. */
    ev = (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = 1};
    ev.status.cur = 1;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_CERT), RG_ACTION_CERTS_MAX);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 2); /* N and F of view 1 */
    ev.status.cur = UINT64_MAX;                         /* a boaster moves nothing */
    ev.status.lf = UINT64_MAX;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_CERT), 0);
    assert_int_equal(rg_cons_view(s->c), 51);
    ev.peer = 3; /* my own, echoed */
    give(s, ev);
    assert_int_equal(s->out.count, 0);
    /* With something final, that comes first. */
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
    ev = (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = 1};
    give(s, ev);
    assert_int_equal(find(s, RG_ACTION_SEND_CERT)->cert->kind, RG_VOTE_FINALIZE);
    /* My own proposal goes again to who has not voted for it. */
    null_cert(s, 51);
    assert_int_equal(rg_cons_view(s->c), 52);
    work(s, true);
    assert_non_null(find(s, RG_ACTION_BUILD));
    const struct rg_block_info y = child(&x, 52, 2);
    struct rg_cons_event built = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    built.built.view = 52;
    built.built.result = RG_BUILT_BLOCK;
    built.built.block = &y;
    give(s, built);
    const struct rg_action *a = find(s, RG_ACTION_BCAST_PROPOSE);
    assert_non_null(a);
    assert_int_equal(a->propose.justify_count, 1 + RG_JUSTIFY_NULLS_MAX);
    ev.status.cur = 52;
    give(s, ev);
    assert_non_null(find(s, RG_ACTION_SEND_PROPOSE));
    vote(s, RG_VOTE_NOTARIZE, cand_of(52, 1, &y), 1);
    give(s, ev);
    assert_null(find(s, RG_ACTION_SEND_PROPOSE));
    solo_free(s);
}

static void recovery(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 3);
    const struct rg_block_info x = child(&s->root, 5, 1);
    const struct rg_block_info y = child(&x, 8, 2);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cert c = lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(5, 0, &x), 3, sigs);
    rg_cons_recover_final(s->c, &c, &x);
    rg_cons_recover_final(s->c, &c, &x); /* harmless */
    struct rg_vote mine = lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(8, 5, &y), 3);
    rg_cons_recover_vote(s->c, &mine);
    rg_cons_recover_vote(s->c, &mine);
    struct rg_vote old =
        lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 3);
    rg_cons_recover_vote(s->c, &old); /* final meanwhile */
    old.epoch = 4;
    rg_cons_recover_vote(s->c, &old);
    old.epoch = 0;
    old.signer = 1;
    rg_cons_recover_vote(s->c, &old);
    old.signer = 3;
    old.cand.view = 0;
    rg_cons_recover_vote(s->c, &old);
    for (uint64_t view = 6; view <= 7; view++) {
        c = lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = view}, 3, sigs);
        rg_cons_recover_cert(s->c, &c);
    }
    rg_cons_recover_block(s->c, &y);
    struct rg_block_info far = child(&y, 100000, 3);
    rg_cons_recover_block(s->c, &far); /* outside of the ring: ignored */
    simple(s, RG_EVENT_START);
    assert_int_equal(rg_cons_view(s->c), 8);
    assert_int_equal(rg_cons_final_view(s->c), 5);
    /* I led view 8 and had proposed: the same proposal, the same bytes. */
    const struct rg_action *a = find(s, RG_ACTION_BCAST_PROPOSE);
    assert_non_null(a);
    assert_memory_equal(&a->propose.sig, &mine.sig, sizeof mine.sig);
    assert_false(a->propose.same);
    assert_int_equal(a->propose.justify_count, 3);
    assert_int_equal(count(s, RG_ACTION_PERSIST_VOTE), 0);
    assert_non_null(find(s, RG_ACTION_VERIFY)); /* judged again: executions were lost */
    verdict(s, &y, true);
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    solo_free(s);
}

/* I had notarized view 1 and nullified view 2 ahead: I was in view 1, and go on there. */
static void recovered_ahead(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 3);
    const struct rg_block_info x = child(&s->root, 1, 1);
    const struct rg_vote votes[] = {
        lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 3),
        lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 3)};
    rg_cons_recover_vote(s->c, &votes[0]);
    rg_cons_recover_vote(s->c, &votes[1]);
    simple(s, RG_EVENT_START);
    assert_int_equal(rg_cons_view(s->c), 1);
    assert_int_equal(count(s, RG_ACTION_BCAST_VOTE), 2);
    work(s, true);
    s->now_ms += 2000;
    simple(s, RG_EVENT_TICK);
    assert_true(nullified(s, 1));
    null_cert(s, 1);
    assert_int_equal(rg_cons_view(s->c), 2);
    solo_free(s);
}

static void observer(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, RG_MEMBERS_NONE);
    simple(s, RG_EVENT_START);
    work(s, true);
    const struct rg_block_info x = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    verdict(s, &x, true);
    assert_int_equal(s->out.count, 0);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    for (uint16_t i = 0; i < 3; i++) {
        vote(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x), i);
    }
    assert_non_null(find(s, RG_ACTION_COMMIT));
    /* It fetches like anybody. */
    const struct rg_block_info y = child(&x, 2, 2);
    cert(s, RG_VOTE_NOTARIZE, cand_of(2, 1, &y));
    assert_non_null(find(s, RG_ACTION_FETCH));
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = 1};
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 0);
    s->now_ms += 60000;
    simple(s, RG_EVENT_TICK);
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    solo_free(s);
}

/* Actions never overflow: what has no room follows in the next step, at once. */
static void much_at_once(void **state)
{
    (void)state;
    struct solo *s = started();
    struct rg_block_info parent = s->root;
    for (uint64_t view = 1; view <= 100; view++) {
        const struct rg_block_info b = child(&parent, view, (uint8_t)(view + 100));
        cert(s, RG_VOTE_NOTARIZE, cand_of(view, view - 1, &b));
        if (view > 1) {
            give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &b});
        }
        parent = b;
    }
    cert(s, RG_VOTE_FINALIZE, cand_of(100, 99, &parent));
    const struct rg_block_info first = child(&s->root, 1, 101);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &first});
    size_t commits = 0;
    size_t finalized = 0;
    uint8_t next = 1;
    for (int step = 0; step < 1000; step++) {
        commits += count(s, RG_ACTION_COMMIT);
        finalized += count(s, RG_ACTION_BCAST_VOTE);
        const struct rg_action *a = find(s, RG_ACTION_VERIFY);
        if (a != NULL) {
            struct rg_block_info b = a->block;
            verdict(s, &b, true);
            next++;
        } else if (rg_cons_deadline(s->c) <= s->now_ms) {
            simple(s, RG_EVENT_TICK);
        } else {
            break;
        }
    }
    assert_int_equal(next, 101);
    assert_int_equal(commits, 100);
    assert_true(finalized > 0);
    assert_int_equal(rg_cons_final_view(s->c), 100);
    solo_free(s);
}

/* One finalization makes more final than one step has room to tell: the rest follows at once. */
static void more_than_a_step(void **state)
{
    (void)state;
    struct solo *s = started();
    struct rg_block_info b = s->root;
    for (uint64_t view = 1; view <= 100; view++) {
        b = child(&b, view, (uint8_t)(view + 100));
        cert(s, RG_VOTE_NOTARIZE, cand_of(view, view - 1, &b));
        give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &b});
        verdict(s, &b, true);
    }
    cert(s, RG_VOTE_FINALIZE, cand_of(100, 99, &b));
    const size_t first = count(s, RG_ACTION_COMMIT);
    assert_true(first > 50 && first < 100);
    assert_int_equal(rg_cons_deadline(s->c), s->now_ms);
    simple(s, RG_EVENT_TICK);
    assert_int_equal(first + count(s, RG_ACTION_COMMIT), 100);
    assert_int_equal(rg_cons_final_view(s->c), 100);
    solo_free(s);
}

/* A proposal with two NULLIFY certificates of far views: nothing overtakes in the ring. */
static void justification_in_any_order(void **state)
{
    (void)state;
    struct solo *s = started();
    struct rg_sig sigs[3][RG_AUTHORITIES_MAX];
    const struct rg_block_info x = child(&s->root, 999, 1);
    const struct rg_block_info y = child(&x, 1002, 2);
    const struct rg_cert justify[] = {
        lab_cert(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(999, 0, &x), 3, sigs[0]),
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1001}, 3, sigs[1]),
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1000}, 3, sigs[2])};
    propose(s, cand_of(1002, 999, &y), &y, justify, 3);
    assert_int_equal(rg_cons_view(s->c), 1002);
    assert_int_equal(count(s, RG_ACTION_PERSIST_CERT), 3);
    assert_non_null(rg_cons_cert(s->c, RG_VOTE_NOTARIZE, 999));
    assert_non_null(find(s, RG_ACTION_FETCH));
    solo_free(s);
}

/* Questions at the edges, and answers of the builder that fit nothing. */
static void edges(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 1);
    struct rg_vote far =
        lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = UINT64_MAX}, 1);
    rg_cons_recover_vote(s->c, &far);
    far.cand.view = 1;
    simple(s, RG_EVENT_START);
    assert_int_equal(rg_cons_view(s->c), 1);
    assert_null(rg_cons_tip_final(s->c));
    assert_null(rg_cons_cert(s->c, RG_VOTE_FINALIZE, 0));
    /* A proposal on a parent of which only the Final is held. */
    const struct rg_block_info x = child(&s->root, 1, 1);
    work(s, true);
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    const struct rg_cand cand = cand_of(1, 0, &x);
    struct rg_cert final = lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand, 4, sigs);
    final.signers = 0xd; /* without mine */
    final.count = 3;
    sigs[1] = sigs[2];
    sigs[2] = sigs[3];
    assert_true(rg_cert_check(&final, &s->ledger, &s->m, 0, lab_verify));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_CERT, .peer = 0, .cert = &final});
    verdict(s, &x, true);
    assert_non_null(find(s, RG_ACTION_BUILD));
    struct rg_cons_event built = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    built.built.view = 2;
    built.built.result = RG_BUILT_BLOCK; /* but none is given */
    give(s, built);
    assert_true(nullified(s, 2));
    give(s, built); /* an answer too many */
    assert_int_equal(s->out.count, 0);
    /* Votes of one who was found lying are not asked for again. */
    const struct rg_block_info y = child(&x, 3, 2);
    const struct rg_block_info z = child(&x, 3, 3);
    vote(s, RG_VOTE_NOTARIZE, cand_of(3, 1, &y), 0);
    vote(s, RG_VOTE_NOTARIZE, cand_of(3, 1, &z), 0);
    const struct rg_vote third =
        lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(3, 1, &x), 0);
    assert_false(rg_cons_wants_vote(s->c, &third));
    /* Finalizing what it notarized: nothing to accuse it of. */
    vote(s, RG_VOTE_NOTARIZE, cand_of(3, 1, &y), 2);
    vote(s, RG_VOTE_FINALIZE, cand_of(3, 1, &y), 2);
    assert_null(find(s, RG_ACTION_EVIDENCE));
    const struct rg_cand free_view = cand_of(3, 1, &y);
    assert_true(rg_cons_wants_proposal(s->c, &free_view));
    /* Far jump: only a Final is wanted from what fell out of the ring. */
    null_cert(s, 100000);
    const struct rg_cert old =
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 9}, 3, sigs);
    assert_false(rg_cons_wants_cert(s->c, &old));
    assert_false(rg_cons_wants_vote(s->c, &far));
    solo_free(s);
}

/* The builder made a child of something else. */
static void built_elsewhere(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 0);
    simple(s, RG_EVENT_START);
    work(s, true);
    struct rg_block_info b = child(&s->root, 1, 1);
    memset(b.parent.b, 7, RG_HASH_BYTES);
    struct rg_cons_event built = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    built.built.view = 1;
    built.built.result = RG_BUILT_BLOCK;
    built.built.block = &b;
    give(s, built);
    assert_true(nullified(s, 1));
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),
        cmocka_unit_test(built_elsewhere),
        cmocka_unit_test(jump_far),
        cmocka_unit_test(adopt_beyond_my_view),
        cmocka_unit_test(adopt_refused),
        cmocka_unit_test(no_room),
        cmocka_unit_test(final_frees_room),
        cmocka_unit_test(answers),
        cmocka_unit_test(recovery),
        cmocka_unit_test(recovered_ahead),
        cmocka_unit_test(observer),
        cmocka_unit_test(much_at_once),
        cmocka_unit_test(more_than_a_step),
        cmocka_unit_test(justification_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
