/* R10: who may have forgotten votes of its own signs nothing new before enough others have
 * answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consensus_solo.h"

/* D of @n, restarted with @memory; mute as the journal says. */
static struct solo *waking(size_t n, enum rg_memory memory, uint64_t mute)
{
    struct solo *s = solo_new(n, (uint16_t)(n - 1));
    const struct rg_cons_setup setup = {
        .params = s->params,
        .members = &s->m,
        .me = (uint16_t)(n - 1),
        .ledger = s->ledger,
        .root = s->root,
        .memory = memory,
        .mute = mute,
        .sign = lab_sign,
        .sign_ctx = (void *)(uintptr_t)n,
    };
    s->c = rg_cons_init(s->memory, rg_cons_size(n, &s->params), &setup);
    return s;
}

static void answer(struct solo *s, uint32_t from, uint64_t cur, uint64_t seen)
{
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = from};
    ev.status.cur = cur;
    ev.status.echo = true;
    ev.status.seen = seen;
    give(s, ev);
}

static const struct rg_action *persisted(const struct solo *s)
{
    return find(s, RG_ACTION_PERSIST_MUTE);
}

/* Time enough for a nullification of view 1, if it may vote. */
static bool gives_up(struct solo *s)
{
    work(s, true);
    s->now_ms += 30000;
    simple(s, RG_EVENT_TICK);
    return find(s, RG_ACTION_BCAST_VOTE) != NULL;
}

static void whole_needs_two_of_four(void **state)
{
    (void)state;
    struct solo *s = waking(4, RG_MEMORY_WHOLE, 0);
    simple(s, RG_EVENT_START);
    assert_true(rg_cons_asks(s->c));
    assert_false(gives_up(s));
    give(s, (struct rg_cons_event){.kind = RG_EVENT_STATUS, .peer = 0}); /* no echo: of before */
    answer(s, 0, 1, 0);
    answer(s, 0, 1, 0);  /* once is once */
    answer(s, 70, 1, 0); /* an observer */
    answer(s, 3, 1, 0);  /* myself */
    assert_false(gives_up(s));
    answer(s, 1, 1, 0);
    assert_false(rg_cons_asks(s->c));
    assert_null(persisted(s)); /* nothing was in doubt for good */
    assert_true(gives_up(s));
    solo_free(s);
}

/* A restart sends what it has signed all the same. */
static void recorded_votes_go_out(void **state)
{
    (void)state;
    struct solo *s = waking(4, RG_MEMORY_WHOLE, 0);
    const struct rg_vote mine =
        lab_vote(&s->m, &s->ledger, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3);
    rg_cons_recover_vote(s->c, &mine);
    simple(s, RG_EVENT_START);
    assert_true(nullified(s, 1));
    assert_true(rg_cons_asks(s->c));
    solo_free(s);
}

/* An answer from a view that nothing proves does not count; once it is proved, it does. */
static void exaggeration_does_not_count(void **state)
{
    (void)state;
    struct solo *s = waking(4, RG_MEMORY_WHOLE, 0);
    simple(s, RG_EVENT_START);
    answer(s, 0, 1, 0);
    answer(s, 1, 1000, 0);
    answer(s, 2, 1, 7); /* it claims votes of mine that I do not know */
    assert_true(rg_cons_asks(s->c));
    null_cert(s, 998);
    null_cert(s, 999);
    assert_false(rg_cons_asks(s->c)); /* 0 and 1 */
    solo_free(s);
}

static void lost_needs_three_and_is_mute(void **state)
{
    (void)state;
    struct solo *s = waking(4, RG_MEMORY_LOST, 0);
    simple(s, RG_EVENT_START);
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_LOST);
    assert_non_null(find(s, RG_ACTION_BARRIER));
    null_cert(s, 3);
    null_cert(s, 4);
    assert_false(rg_cons_vouches(s->c)); /* nor in a view above mute */
    answer(s, 0, 5, 4);
    answer(s, 1, 5, 0);
    assert_true(rg_cons_asks(s->c));
    answer(s, 2, 4, 0);
    assert_false(rg_cons_asks(s->c));
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_SURE);
    assert_int_equal(persisted(s)->mute.view, 8); /* 5 + 1 + 2(n - q) */
    assert_int_equal(rg_cons_mute(s->c), 8);
    for (uint64_t view = 5; view <= 8; view++) {
        assert_false(gives_up(s));
        assert_false(rg_cons_vouches(s->c));
        null_cert(s, view);
    }
    assert_true(gives_up(s));
    assert_true(rg_cons_vouches(s->c));
    solo_free(s);
}

/* What the journal kept of that. */
static void mute_survives(void **state)
{
    (void)state;
    struct solo *s = waking(4, RG_MEMORY_WHOLE, 2);
    simple(s, RG_EVENT_START);
    answer(s, 0, 1, 0);
    answer(s, 1, 1, 0);
    assert_false(rg_cons_asks(s->c));
    assert_false(gives_up(s));
    null_cert(s, 1);
    assert_false(gives_up(s));
    null_cert(s, 2);
    assert_true(gives_up(s));
    solo_free(s);
}

static void fresh_start(void **state)
{
    (void)state;
    /* The first of all starts: two others are enough. */
    struct solo *s = waking(4, RG_MEMORY_FRESH, 0);
    simple(s, RG_EVENT_START);
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_FRESH);
    answer(s, 0, 1, 0);
    answer(s, 1, 1, 0);
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_SURE);
    assert_int_equal(persisted(s)->mute.view, 0);
    solo_free(s);
    /* Views have passed, but none that knows a vote of mine, and nobody has met me: a late first.
     */
    s = waking(4, RG_MEMORY_FRESH, 0);
    simple(s, RG_EVENT_START);
    null_cert(s, 3);
    null_cert(s, 4);
    answer(s, 0, 5, 0);
    answer(s, 1, 5, 5);
    assert_true(rg_cons_asks(s->c));
    answer(s, 1, 5, 0);
    assert_false(rg_cons_asks(s->c));
    assert_int_equal(rg_cons_mute(s->c), 0);
    solo_free(s);
    /* Somebody has met me: what I signed then is gone. */
    s = waking(4, RG_MEMORY_FRESH, 0);
    simple(s, RG_EVENT_START);
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = 0};
    ev.status.cur = 1;
    ev.status.echo = true;
    ev.status.again = true;
    give(s, ev);
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_LOST);
    for (uint32_t i = 0; i < 3; i++) {
        answer(s, i, 1, 0);
    }
    assert_int_equal(rg_cons_mute(s->c), 4);
    solo_free(s);
    /* The vote that one knows comes back: it was not the first start. */
    s = waking(4, RG_MEMORY_FRESH, 0);
    simple(s, RG_EVENT_START);
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 3);
    assert_int_equal(alarm(s), RG_ALARM_OWN_KEY);
    assert_int_equal(persisted(s)->mute.memory, RG_MEMORY_LOST);
    solo_free(s);
}

/* An old copy of the journal was restored, and nobody noticed until a vote of the future came. */
static void old_copy(void **state)
{
    (void)state;
    struct solo *s = started();
    assert_false(rg_cons_asks(s->c));
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 2}, 3);
    assert_int_equal(alarm(s), RG_ALARM_OWN_KEY);
    assert_true(rg_cons_asks(s->c));
    assert_false(gives_up(s));
    null_cert(s, 1);
    null_cert(s, 2);
    for (uint32_t i = 0; i < 3; i++) {
        answer(s, i, 3, 2);
    }
    assert_false(rg_cons_asks(s->c));
    assert_int_equal(rg_cons_mute(s->c), 6);
    /* The same vote again is no news any more. */
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 3}, 3);
    assert_int_equal(alarm(s), RG_ALARM_NONE);
    assert_false(rg_cons_asks(s->c));
    solo_free(s);
}

/* With too few others nobody can vouch for lost votes; with an intact journal it goes on. */
static void small_networks(void **state)
{
    (void)state;
    struct solo *s = waking(1, RG_MEMORY_WHOLE, 0);
    simple(s, RG_EVENT_START);
    assert_false(rg_cons_asks(s->c));
    solo_free(s);
    s = waking(1, RG_MEMORY_LOST, 0);
    simple(s, RG_EVENT_START);
    assert_true(rg_cons_asks(s->c));
    solo_free(s);
    s = waking(2, RG_MEMORY_LOST, 0);
    simple(s, RG_EVENT_START);
    answer(s, 0, 1, 0);
    assert_true(rg_cons_asks(s->c));
    solo_free(s);
    s = waking(3, RG_MEMORY_LOST, 0);
    simple(s, RG_EVENT_START);
    answer(s, 0, 1, 0);
    answer(s, 1, 1, 0);
    assert_false(rg_cons_asks(s->c));
    solo_free(s);
}

/* Who asks gets the votes of its own that I know, newest first, and no others. */
static void reminds_who_asks(void **state)
{
    (void)state;
    struct solo *s = started();
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 1}, 1);
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 3}, 1);
    vote(s, RG_VOTE_NULLIFY, (struct rg_cand){.view = 3}, 2);
    assert_int_equal(rg_cons_seen(s->c, 1), 3);
    assert_int_equal(rg_cons_seen(s->c, 0), 0);
    assert_int_equal(rg_cons_seen(s->c, 99), 0);
    struct rg_cons_event ev = {.kind = RG_EVENT_STATUS, .peer = 1};
    ev.status.cur = 9;
    ev.status.asks = true;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 2);
    assert_int_equal(find(s, RG_ACTION_SEND_VOTE)->vote.cand.view, 3);
    assert_int_equal(find(s, RG_ACTION_SEND_VOTE)->vote.signer, 1);
    ev.status.lf = 2;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 1);
    ev.status.lf = UINT64_MAX;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 0);
    ev.peer = 80;
    give(s, ev);
    assert_int_equal(count(s, RG_ACTION_SEND_VOTE), 0);
    solo_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_needs_two_of_four),
        cmocka_unit_test(recorded_votes_go_out),
        cmocka_unit_test(exaggeration_does_not_count),
        cmocka_unit_test(lost_needs_three_and_is_mute),
        cmocka_unit_test(mute_survives),
        cmocka_unit_test(fresh_start),
        cmocka_unit_test(old_copy),
        cmocka_unit_test(small_networks),
        cmocka_unit_test(reminds_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
