/* node/core in networks of several nodes, messages delivered by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "core_lab.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t all_own_final(const struct lab *l)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < l->n; i++) {
        sum += l->node[i].own_final;
    }
    return sum;
}

static void four_finalize_thousands(void **state)
{
    struct lab l;
    uint64_t taken = 0;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 1200, 50);
    const double t0 = seconds();
    for (int round = 0; round < 100; round++) {
        for (uint16_t i = 0; i < 4; i++) {
            for (int k = 0; k < 10; k++) {
                taken += lab_submit(&l, i, 10, 200);
            }
        }
        lab_run(&l, 5, 1);
    }
    lab_run(&l, 3000, 20);
    const double dt = seconds() - t0;
    assert_int_equal(taken, 4000);
    assert_int_equal(all_own_final(&l), taken);
    lab_same_tip(&l);
    printf(
        "# 4 nodes in one thread: %.0f submissions/s of 10 entries, %llu blocks, %llu messages\n",
        (double)taken / dt, (unsigned long long)lab_status(&l, 0).height,
        (unsigned long long)l.delivered);
    /* Idle again: nothing but statuses. */
    const uint64_t votes = l.node[0].votes_out;
    const uint64_t height = lab_status(&l, 0).height;
    lab_run(&l, 20000, 100);
    assert_int_equal(l.node[0].votes_out, votes);
    assert_int_equal(lab_status(&l, 0).height, height);
    lab_free(&l);
}

/* Submissions of many tiny entries, which decode to many times their size, and of the largest ones.
 */
static void extreme_submissions(void **state)
{
    struct lab l;
    uint64_t taken = 0;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2200, 50);
    for (int k = 0; k < 40; k++) {
        taken += lab_submit(&l, (uint16_t)(k % 4), k % 2 == 0 ? RG_SUBMISSION_ENTRIES_MAX : 52,
                            k % 2 == 0 ? 1 : 4000);
    }
    lab_run(&l, 8000, 50);
    assert_int_equal(taken, 40);
    assert_int_equal(all_own_final(&l), 40);
    lab_same_tip(&l);
    lab_free(&l);
}

static void sizes_work(void **state)
{
    static const uint16_t sizes[] = {1, 2, 3, 5, 7};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct lab l;
        lab_make(&l, sizes[s], false, 0);
        lab_start_all(&l);
        lab_run(&l, 2200, 100);
        for (int k = 0; k < 20; k++) {
            assert_true(lab_submit(&l, (uint16_t)(k % sizes[s]), 2, 100));
            lab_run(&l, 20, 10);
        }
        lab_run(&l, 4000, 50);
        assert_int_equal(all_own_final(&l), 20);
        lab_same_tip(&l);
        lab_free(&l);
    }
}

static void ticks_come(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 3 * LAB_TICK_MS + 8000, 200);
    lab_same_tip(&l);
    assert_in_range(lab_status(&l, 0).height, 3, 3);
    lab_free(&l);
}

static void dead_leader_is_skipped(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    lab_kill(&l, 2);
    for (int k = 0; k < 40; k++) {
        assert_true(lab_submit(&l, 0, 2, 100));
        lab_run(&l, 500, 20);
    }
    lab_run(&l, 8000, 50);
    assert_int_equal(l.node[0].own_final, 40);
    assert_true(lab_status(&l, 0).peer[2].missed_turns > 0);
    lab_same_tip(&l);
    lab_free(&l);
}

static void away_node_catches_up(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 8u * 1024 * 1024);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    lab_kill(&l, 3);
    lab_run(&l, 6000, 100);
    for (int k = 0; k < 300; k++) {
        assert_true(lab_submit(&l, (uint16_t)(k % 3), 20, 1000));
        lab_run(&l, 100, 20);
    }
    lab_run(&l, 10000, 100);
    assert_int_equal(all_own_final(&l), 300);
    lab_start(&l, 3, l.node[3].journal.count);
    lab_run(&l, 5000, 50);
    assert_true(l.node[0].served + l.node[1].served + l.node[2].served > 0);
    lab_same_tip(&l);
    /* It takes part again: with another one dead the network goes on. */
    lab_kill(&l, 0);
    assert_true(lab_submit(&l, 3, 1, 100));
    assert_true(lab_submit(&l, 1, 1, 100));
    lab_run(&l, 12000, 50);
    assert_int_equal(l.node[3].own_final, 1);
    lab_same_tip(&l);
    lab_free(&l);
}

static void all_crash_and_return(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 8u * 1024 * 1024);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    uint64_t taken = 0;
    for (int round = 0; round < 8; round++) {
        for (int k = 0; k < 10; k++) {
            taken += lab_submit(&l, (uint16_t)(k % 4), 5, 500);
        }
        lab_deliver(&l, (size_t)round * 23); /* the crash comes somewhere in the middle */
        uint64_t finals[4];
        for (uint16_t i = 0; i < 4; i++) {
            l.node[i].hold_archive = round % 2 == 1;
            finals[i] = l.node[i].finals;
            lab_kill(&l, i);
        }
        lab_start_all(&l);
        lab_run(&l, 12000, 50);
        for (uint16_t i = 0; i < 4; i++) {
            assert_true(l.node[i].finals >= finals[i]);
            l.node[i].hold_archive = false;
        }
        lab_same_tip(&l);
        assert_int_equal(lab_status(&l, 0).mempool_count, 0);
    }
    assert_int_equal(taken, 80);
    lab_free(&l);
}

/* A node that lost its journal votes again once the others have told it where they are; one that is
 * no authority follows and never votes. */
static void followers_follow(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 5, false, 0);
    l.genesis->authority_count = 4;
    l.node[4].config.principal = UINT32_MAX;
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    for (int k = 0; k < 10; k++) {
        assert_true(lab_submit(&l, (uint16_t)(k % 4), 1, 100));
        lab_run(&l, 200, 20);
    }
    assert_false(lab_submit(&l, 4, 1, 100));
    lab_kill(&l, 3);
    const uint64_t votes = l.node[3].votes_out;
    lab_start(&l, 3, 0);
    assert_true(lab_status(&l, 3).mute);
    lab_run(&l, 300, 20);
    assert_int_equal(l.node[3].votes_out, votes);
    for (int k = 0; k < 10; k++) {
        assert_true(lab_submit(&l, (uint16_t)(k % 4), 1, 100));
        lab_run(&l, 1500, 50);
    }
    lab_run(&l, 10000, 50);
    assert_int_equal(all_own_final(&l), 20);
    assert_false(lab_status(&l, 3).mute);
    assert_true(l.node[3].votes_out > votes);
    assert_int_equal(l.node[4].votes_out, 0);
    lab_same_tip(&l);
    lab_free(&l);
}

static void two_halt_and_go_on(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 2, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    assert_true(lab_submit(&l, 0, 1, 100));
    lab_run(&l, 1000, 50);
    lab_kill(&l, 1);
    assert_true(lab_submit(&l, 0, 1, 100));
    lab_run(&l, 60000, 100);
    assert_int_equal(l.node[0].own_final, 1);
    assert_true(lab_status(&l, 0).demand_since_mono_ms != 0);
    lab_start(&l, 1, l.node[1].journal.count);
    lab_run(&l, 40000, 100);
    assert_int_equal(l.node[0].own_final, 2);
    lab_same_tip(&l);
    lab_free(&l);
}

static void line_finalizes(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, true, 0);
    lab_start_all(&l);
    lab_run(&l, 2500, 50);
    for (int k = 0; k < 40; k++) {
        assert_true(lab_submit(&l, (uint16_t)(k % 4), 3, 100));
        lab_run(&l, 100, 10);
    }
    lab_run(&l, 10000, 50);
    assert_int_equal(all_own_final(&l), 40);
    lab_same_tip(&l);
    /* The far end was away: only its neighbour can help it. */
    lab_kill(&l, 3);
    for (int k = 0; k < 30; k++) {
        assert_true(lab_submit(&l, 0, 3, 100));
        lab_run(&l, 600, 20);
    }
    lab_start(&l, 3, l.node[3].journal.count);
    lab_run(&l, 15000, 50);
    assert_int_equal(l.node[0].own_final, 40);
    lab_same_tip(&l);
    lab_free(&l);
}

/* A submission that never got through is signed anew when its time is over. */
static void expired_is_renewed(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    lab_kill(&l, 1);
    lab_kill(&l, 2);
    lab_kill(&l, 3);
    assert_true(lab_submit(&l, 0, 1, 100));
    l.now.mono_ms += 700000;
    l.now.wall_ms += 700000;
    for (uint16_t i = 1; i < 4; i++) {
        lab_start(&l, i, l.node[i].journal.count);
    }
    lab_run(&l, 60000, 100);
    assert_int_equal(l.node[0].own_final, 1);
    lab_same_tip(&l);
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_finalize_thousands),
        cmocka_unit_test(extreme_submissions),
        cmocka_unit_test(sizes_work),
        cmocka_unit_test(ticks_come),
        cmocka_unit_test(dead_leader_is_skipped),
        cmocka_unit_test(away_node_catches_up),
        cmocka_unit_test(all_crash_and_return),
        cmocka_unit_test(followers_follow),
        cmocka_unit_test(two_halt_and_go_on),
        cmocka_unit_test(line_finalizes),
        cmocka_unit_test(expired_is_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
