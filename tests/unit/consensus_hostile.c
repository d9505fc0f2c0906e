/* What liars, breaches and odd headers do to one machine: evidence, alarms, silence; never an
 * assertion. */
#include "consensus_solo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void vote_as_is(struct solo *s, const struct rg_vote *v)
{
    give(s, (struct rg_cons_event){.kind = RG_EVENT_VOTE, .peer = v->signer, .vote = v});
}

static void dropped_votes(void **state)
{
    (void)state;
    struct solo *s = started();
    struct rg_vote v = lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 1);
    assert_true(rg_cons_wants_vote(s->c, &v));
    v.epoch = 1;
    assert_false(rg_cons_wants_vote(s->c, &v));
    vote_as_is(s, &v);
    v.epoch = 0;
    v.signer = 4;
    assert_false(rg_cons_wants_vote(s->c, &v));
    vote_as_is(s, &v);
    v.signer = 1;
    v.cand.view = 1 + RG_VIEW_WINDOW + 1;
    assert_false(rg_cons_wants_vote(s->c, &v));
    vote_as_is(s, &v);
    v.cand.view = UINT64_MAX;
    assert_false(rg_cons_wants_vote(s->c, &v));
    vote_as_is(s, &v);
    struct rg_cons_report r;
    rg_cons_explain(s->c, s->now_ms, &r);
    assert_int_equal(r.nullified, 0);
    v.cand.view = 1;
    vote_as_is(s, &v);
    assert_false(rg_cons_wants_vote(s->c, &v));
    rg_cons_explain(s->c, s->now_ms, &r);
    assert_int_equal(r.nullified, 2);
    assert_int_equal(r.leader, 0);
    assert_int_equal(rg_cons_epoch(s->c), 0);
    solo_free(s);
}

static void evidence_once(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    const struct rg_block_info y = child(&s->root, 1, 2);
    const struct rg_block_info z = child(&s->root, 1, 3);
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 1);
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &y), 1);
    const struct rg_action *a = find(s, RG_ACTION_EVIDENCE); /* E1 */
    assert_non_null(a);
    assert_true(rg_vote_conflicts(&a->evidence.first, &a->evidence.second));
    assert_true(rg_vote_check(&a->evidence.first, &s->ledger, &s->m, lab_verify));
    assert_true(rg_vote_check(&a->evidence.second, &s->ledger, &s->m, lab_verify));
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &z), 1);
    assert_null(find(s, RG_ACTION_EVIDENCE));
    /* The first vote still counts: the liar cannot withdraw it. */
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 0);
    vote(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 2);
    assert_non_null(find(s, RG_ACTION_BCAST_CERT));
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 1);
    const struct rg_block_info w = child(&x, 2, 4);
    const struct rg_vote late = lab_vote(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(2, 1, &w), 1);
    assert_true(rg_cons_wants_vote(s->c, &late));
    vote_as_is(s, &late);
    assert_non_null(find(s, RG_ACTION_EVIDENCE)); /* E2 */
    vote(s, RG_VOTE_FINALIZE, cand_of(2, 1, &w), 2);
    vote(s, RG_VOTE_FINALIZE, cand_of(2, 1, &x), 2);
    assert_non_null(find(s, RG_ACTION_EVIDENCE)); /* E3 */
    vote(s, RG_VOTE_FINALIZE, cand_of(3, 1, &w), 2);
    vote(s, RG_VOTE_NOTARIZE, cand_of(3, 1, &x), 2);
    assert_non_null(find(s, RG_ACTION_EVIDENCE)); /* E5 */
    solo_free(s);
}

static void wanted(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cert c = lab_cert(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 3, sigs);
    assert_true(rg_cons_wants_cert(s->c, &c));
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
    assert_false(rg_cons_wants_cert(s->c, &c));
    assert_non_null(rg_cons_cert(s->c, RG_VOTE_NOTARIZE, 1));
    assert_null(rg_cons_cert(s->c, RG_VOTE_NULLIFY, 1));
    assert_null(rg_cons_cert(s->c, RG_VOTE_NULLIFY, 9));
    c.epoch = 1;
    assert_false(rg_cons_wants_cert(s->c, &c));
    c.epoch = 0;
    c.n = 3;
    assert_false(rg_cons_wants_cert(s->c, &c));
    c.n = 4;
    c.cand.view = UINT64_MAX;
    assert_false(rg_cons_wants_cert(s->c, &c));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_CERT, .peer = 0, .cert = &c});
    assert_int_equal(rg_cons_view(s->c), 2);
    c.cand.view = 0;
    assert_false(rg_cons_wants_cert(s->c, &c));
    /* A vote for what is certified already changes nothing; another one would. */
    struct rg_vote v = lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, cand_of(1, 0, &x), 3);
    assert_false(rg_cons_wants_vote(s->c, &v));
    v.cand.hash.b[0]++;
    assert_true(rg_cons_wants_vote(s->c, &v));
    /* Proposals: not mine, not past, not far, one a view. */
    const struct rg_block_info y = child(&x, 2, 2);
    struct rg_cand cand = cand_of(2, 1, &y);
    assert_true(rg_cons_wants_proposal(s->c, &cand));
    propose(s, cand, &y, NULL, 0);
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    cand.hash.b[0]++;
    assert_true(rg_cons_wants_proposal(s->c, &cand));
    propose(s, cand, NULL, NULL, 0);
    cand.hash.b[0]++;
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    cand.view = 1;
    cand.pview = 0;
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    cand.view = 4; /* my own turn */
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    cand.view = 2 + RG_VIEW_WINDOW + 1;
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    cand.view = 3;
    cand.pview = 3;
    assert_false(rg_cons_wants_proposal(s->c, &cand));
    propose(s, cand, NULL, NULL, 0);
    assert_non_null(rg_cons_block(s->c, &y.hash));
    assert_null(rg_cons_block(s->c, &x.hash));
    solo_free(s);
}

/* More authorities lie than the set allows: each breach stops the signing, none the process. */
static void breaches(void **state)
{
    (void)state;
    static const enum rg_alarm expected[] = {
        RG_ALARM_TWO_NOTAR, RG_ALARM_TWO_FINAL, RG_ALARM_NULL_AND_FINAL, RG_ALARM_NULL_AND_FINAL,
        RG_ALARM_TWO_NOTAR, RG_ALARM_TWO_FINAL, RG_ALARM_NULL_AND_FINAL, RG_ALARM_TWO_NOTAR};
    for (int what = 0; what < 8; what++) {
        struct solo *s = started();
        const struct rg_block_info x = child(&s->root, 1, 1);
        const struct rg_block_info y = child(&s->root, 1, 2);
        if (what >= 5) { /* x becomes final first */
            propose(s, cand_of(1, 0, &x), &x, NULL, 0);
            verdict(s, &x, true);
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
            assert_int_equal(rg_cons_final_view(s->c), 1);
        }
        switch (what) {
        case 0:
            cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
            cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &y));
            assert_int_equal(count(s, RG_ACTION_EVIDENCE), 3);
            break;
        case 1:
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &y));
            break;
        case 2:
            null_cert(s, 1);
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
            break;
        case 3:
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
            null_cert(s, 1);
            break;
        case 4:
            cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &y));
            break;
        case 5:
            cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &y));
            break;
        case 6:
            null_cert(s, 1);
            break;
        default:
            cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &y));
        }
        assert_int_equal(alarm(s), expected[what]);
        assert_true(find(s, RG_ACTION_ALARM)->alarm.halt);
        /* Halted: no vote any more, whatever comes. */
        work(s, true);
        s->now_ms += 100000;
        simple(s, RG_EVENT_TICK);
        assert_null(find(s, RG_ACTION_BCAST_VOTE));
        null_cert(s, 9);
        assert_int_equal(alarm(s), RG_ALARM_NONE); /* told once */
        solo_free(s);
    }
}

static void fork_of_blocks(void **state)
{
    (void)state;
    for (int what = 0; what < 2; what++) {
        struct solo *s = started();
        const struct rg_block_info x = child(&s->root, 1, 1);
        propose(s, cand_of(1, 0, &x), &x, NULL, 0);
        verdict(s, &x, true);
        cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
        /* A final block that passes over x. */
        struct rg_block_info y = child(&s->root, 3, 2);
        y.height = what == 0 ? 2 : 1;
        cert(s, RG_VOTE_FINALIZE, cand_of(3, 2, &y));
        assert_true(find(s, RG_ACTION_FETCH)->fetch.is_final);
        give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &y});
        assert_int_equal(alarm(s), RG_ALARM_FORK);
        solo_free(s);
    }
}

static void invalid_but_final(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
    verdict(s, &x, false);
    assert_int_equal(alarm(s), RG_ALARM_INVALID_NOTAR);
    solo_free(s);
}

static void my_key_elsewhere(void **state)
{
    (void)state;
    struct solo *s = started();
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3);
    assert_int_equal(alarm(s), RG_ALARM_OWN_KEY);
    solo_free(s);
    /* My own vote coming back is no news. */
    s = started();
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 0);
    assert_true(nullified(s, 1));
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3);
    assert_int_equal(alarm(s), RG_ALARM_NONE);
    solo_free(s);
}

/* A second block of a view finds its place; a third nobody signed pushes out no signed one. */
static void blocks_of_a_view(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info a = child(&s->root, 1, 1);
    const struct rg_block_info b = child(&s->root, 1, 2);
    const struct rg_block_info d = child(&s->root, 1, 3);
    const struct rg_block_info e = child(&s->root, 1, 4);
    propose(s, cand_of(1, 0, &a), &a, NULL, 0);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &b));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &d});
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &b});
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &e});
    assert_non_null(rg_cons_block(s->c, &a.hash));
    assert_non_null(rg_cons_block(s->c, &b.hash));
    assert_null(rg_cons_block(s->c, &e.hash));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &s->root});
    struct rg_block_info nowhere = child(&s->root, 99999, 5);
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &nowhere});
    assert_null(rg_cons_block(s->c, &nowhere.hash));
    simple(s, RG_EVENT_NONE);
    solo_free(s);
}

/* A breach far ahead of my view stops me where I am; whatever comes then is no reason to fall over.
 */
static void breach_far_ahead(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 0);
    simple(s, RG_EVENT_START);
    work(s, true);
    assert_non_null(find(s, RG_ACTION_BUILD));
    struct rg_sig sigs[2][RG_AUTHORITIES_MAX];
    const struct rg_block_info x = child(&s->root, 5000, 1);
    const struct rg_cert justify[] = {
        lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(5000, 0, &x), 3, sigs[0]),
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 5000}, 3, sigs[1])};
    const struct rg_block_info y = child(&x, 5002, 2);
    propose(s, cand_of(5002, 5000, &y), &y, justify, 2);
    assert_int_equal(alarm(s), RG_ALARM_OWN_KEY); /* the first of them is mine */
    struct rg_cons_event built = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    const struct rg_block_info z = child(&s->root, 1, 3);
    built.built.view = rg_cons_view(s->c);
    built.built.result = RG_BUILT_BLOCK;
    built.built.block = &z;
    give(s, built);
    assert_null(find(s, RG_ACTION_BCAST_PROPOSE));
    simple(s, RG_EVENT_TICK);
    struct rg_cons_event status = {.kind = RG_EVENT_STATUS, .peer = 1};
    give(s, status);
    struct rg_cons_report r;
    rg_cons_explain(s->c, s->now_ms, &r);
    assert_true(r.halted);
    solo_free(s);
}

/* What a header says about its parent must fit; a child of something invalid is invalid. */
static void headers(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct solo *s = started();
        struct rg_block_info x = child(&s->root, 1, 1);
        x.epoch_last = what == 2;
        struct rg_block_info y = child(&x, 2, 2);
        y.height = what == 0 ? 3 : 2;
        y.time_ms = what == 1 ? x.time_ms : y.time_ms;
        propose(s, cand_of(1, 0, &x), &x, NULL, 0);
        if (what == 3) {
            verdict(s, &x, false);
            null_cert(s, 1);
            s->now_ms += 1;
            /* x was never certified here; y names it as its parent. */
            propose(s, cand_of(2, 0, &y), &y, NULL, 0);
        } else {
            verdict(s, &x, true);
            cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
            propose(s, cand_of(2, 1, &y), &y, NULL, 0);
        }
        assert_null(find(s, RG_ACTION_VERIFY));
        assert_true(nullified(s, 2));
        solo_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_votes),    cmocka_unit_test(evidence_once),
        cmocka_unit_test(wanted),           cmocka_unit_test(breaches),
        cmocka_unit_test(fork_of_blocks),   cmocka_unit_test(invalid_but_final),
        cmocka_unit_test(my_key_elsewhere), cmocka_unit_test(blocks_of_a_view),
        cmocka_unit_test(headers),          cmocka_unit_test(breach_far_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
