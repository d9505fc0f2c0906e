/* Corners that no story leads to: limits reached, records that do not fit together, late votes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consensus_solo.h"

/* A late vote is worth its signature only when it convicts its signer. */
static void late_votes(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 1, 1);
    const struct rg_cand c = cand_of(1, 0, &x);
    cert(s, RG_VOTE_NOTARIZE, c); /* signed by 0, 1, 2 */
    struct rg_vote v = lab_vote(&s->m, &s->ledger, RG_VOTE_NOTARIZE, c, 3);
    assert_false(rg_cons_wants_vote(s->c, &v)); /* the certificate is made already */
    cert(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2});
    v = lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 3);
    assert_false(rg_cons_wants_vote(s->c, &v));
    const struct rg_block_info y = child(&x, 2, 2);
    vote(s, RG_VOTE_FINALIZE, cand_of(2, 1, &y), 3); /* own key, but LOST is all that follows */
    assert_true(rg_cons_wants_vote(s->c, &v));       /* nullified what it finalized */
    solo_free(s);
}

/* While there is no room for another view, a finalization of this very one makes some. */
static void final_of_the_last_view(void **state)
{
    (void)state;
    struct solo *s = started();
    for (uint64_t view = 1; alarm(s) == RG_ALARM_NONE; view++) {
        null_cert(s, view);
    }
    assert_int_equal(alarm(s), RG_ALARM_NO_ROOM);
    const uint64_t stuck = rg_cons_view(s->c);
    cert(s, RG_VOTE_FINALIZE, (struct rg_cand){.view = stuck, .pview = 0, .hash = s->root.hash});
    assert_int_equal(rg_cons_final_view(s->c), 0); /* that view is nullified: a breach */
    solo_free(s);
    s = started();
    for (uint64_t view = 1; view < stuck; view++) {
        null_cert(s, view);
    }
    assert_int_equal(rg_cons_view(s->c), stuck);
    cert(s, RG_VOTE_FINALIZE, (struct rg_cand){.view = stuck, .pview = 0, .hash = s->root.hash});
    assert_int_equal(rg_cons_final_view(s->c), stuck);
    assert_int_equal(rg_cons_view(s->c), stuck + 1);
    solo_free(s);
}

/* D leads view 4. What comes back from BUILD is a block that was found invalid before. */
static void built_what_is_invalid(void **state)
{
    (void)state;
    struct solo *s = started();
    const struct rg_block_info x = child(&s->root, 4, 1);
    for (uint64_t view = 1; view <= 3; view++) {
        null_cert(s, view);
    }
    work(s, true);
    assert_non_null(find(s, RG_ACTION_BUILD));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_BLOCK, .peer = 0, .block = &x});
    verdict(s, &x, false);
    struct rg_cons_event built = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    built.built.view = 4;
    built.built.result = RG_BUILT_BLOCK;
    built.built.block = &x;
    give(s, built);
    assert_null(find(s, RG_ACTION_BCAST_PROPOSE));
    assert_true(nullified(s, 4)); /* gives its turn back */
    solo_free(s);
}

static void recover_votes(struct solo *s, enum rg_vote_kind kind, uint64_t from, uint64_t to,
                          uint64_t step)
{
    for (uint64_t view = from; view <= to; view += step) {
        struct rg_cand c = {.view = view};
        if (kind != RG_VOTE_NULLIFY) {
            c.pview = view > 2 ? view - 2 : 0;
            memset(c.hash.b, (int)view, RG_HASH_BYTES);
        }
        const struct rg_vote v = lab_vote(&s->m, &s->ledger, kind, c, 3);
        rg_cons_recover_vote(s->c, &v);
    }
}

/* A journal full of votes: the newest go out, the rest when somebody needs them. */
static void many_votes_to_send(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 3);
    recover_votes(s, RG_VOTE_FINALIZE, 2, 40, 1);
    simple(s, RG_EVENT_START);
    assert_int_equal(count(s, RG_ACTION_BCAST_VOTE), 24);
    assert_int_equal(find(s, RG_ACTION_BCAST_VOTE)->vote.cand.view, 40);
    for (uint64_t view = 1; view <= 40; view++) {
        vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = view}, 1);
    }
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = 1};
    ev.status.cur = 100;
    ev.status.asks = true;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 24 + 24); /* its own, and mine */
    solo_free(s);
}

/* My own proposal from the journal, whose parent's certificate the journal has lost. */
static void proposal_without_parent(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 3);
    recover_votes(s, RG_VOTE_NOTARIZE, 4, 4, 1);
    simple(s, RG_EVENT_START);
    const struct rg_action *a = find(s, RG_ACTION_BCAST_PROPOSE);
    assert_non_null(a);
    assert_int_equal(a->propose.justify_count, 0);
    solo_free(s);
}

/* Certificates of the journal that contradict each other: no action before the start, then halt. */
static void journal_with_a_breach(void **state)
{
    (void)state;
    struct solo *s = solo_new(4, 3);
    struct rg_sig sigs[2][RG_AUTHORITIES_MAX];
    const struct rg_block_info x = child(&s->root, 1, 1);
    const struct rg_cert null =
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3, sigs[0]);
    const struct rg_cert final =
        lab_cert(&s->m, &s->ledger, RG_VOTE_FINALIZE, cand_of(1, 0, &x), 3, sigs[1]);
    rg_cons_recover_cert(s->c, &null);
    rg_cons_recover_cert(s->c, &final);
    rg_cons_recover_cert(s->c, &final);
    simple(s, RG_EVENT_START);
    struct rg_cons_report r;
    rg_cons_explain(s->c, s->now_ms, &r);
    assert_true(r.halted);
    work(s, true);
    s->now_ms += 60000;
    simple(s, RG_EVENT_TICK);
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    solo_free(s);
}

static void small_things(void **state)
{
    (void)state;
    struct solo *s = started();
    uint8_t bytes[RG_CERT_MAX];
    size_t len = 0;
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cert c =
        lab_cert(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3, sigs);
    c.epoch = 77;
    assert_int_equal(rg_cert_encode(&c, bytes, sizeof bytes, &len), RG_OK);
    assert_int_equal(rg_cert_epoch((struct rg_bytes){bytes, len}), 77);
    assert_int_equal(rg_cert_epoch((struct rg_bytes){bytes, 3}), 0);
    assert_int_equal(rg_cons_memory(s->c), RG_MEMORY_SURE);
    assert_false(rg_cons_ended(s->c));
    struct rg_cons_params p = rg_cons_params_default();
    p.cap_ms = UINT32_MAX;
    assert_false(rg_cons_params_ok(&p));
    p = rg_cons_params_default();
    p.retransmit_ms = p.skip_ms = UINT32_MAX;
    assert_false(rg_cons_params_ok(&p));
    c.epoch = 0;
    c.cand.view = UINT64_MAX;
    assert_false(rg_cons_wants_cert(s->c, &c));
    c.cand.view = 1;
    c.kind = RG_VOTE_NONE;
    assert_false(rg_cons_wants_cert(s->c, &c));
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = 3}; /* from myself */
    give(s, ev);
    assert_int_equal(s->out.count, 0);
    solo_free(s);
}

/* The last block of an epoch is final: nothing is signed any more, whatever comes. */
static void nothing_after_the_end(void **state)
{
    (void)state;
    struct solo *s = started();
    struct rg_block_info x = child(&s->root, 1, 1);
    x.epoch_last = true;
    propose(s, cand_of(1, 0, &x), &x, NULL, 0);
    verdict(s, &x, true);
    cert(s, RG_VOTE_NOTARIZE, cand_of(1, 0, &x));
    /* A new block on the last one is no block. */
    const struct rg_block_info y = child(&x, 2, 2);
    propose(s, cand_of(2, 1, &y), &y, NULL, 0);
    assert_null(find(s, RG_ACTION_VERIFY));
    assert_true(nullified(s, 2));
    cert(s, RG_VOTE_FINALIZE, cand_of(1, 0, &x));
    assert_non_null(find(s, RG_ACTION_COMMIT));
    assert_true(rg_cons_ended(s->c));
    work(s, true);
    s->now_ms += 60000;
    simple(s, RG_EVENT_TICK);
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    null_cert(s, 3);
    assert_null(find(s, RG_ACTION_BCAST_VOTE));
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_votes),
        cmocka_unit_test(final_of_the_last_view),
        cmocka_unit_test(built_what_is_invalid),
        cmocka_unit_test(many_votes_to_send),
        cmocka_unit_test(proposal_without_parent),
        cmocka_unit_test(journal_with_a_breach),
        cmocka_unit_test(small_things),
        cmocka_unit_test(nothing_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
