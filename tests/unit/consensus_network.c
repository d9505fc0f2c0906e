/* Whole networks of the laboratory: all sizes, dead authorities, crashes, catching up, idling. */
#include "consensus_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct lab *busy(size_t n)
{
    struct lab *l = lab_new(n);
    l->status_ms = 1000;
    lab_start(l);
    for (size_t i = 0; i < n; i++) {
        l->nodes[i].works_forever = true;
    }
    lab_work_all(l, true);
    return l;
}

static void all_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 4, 5, 6, 7, 9, 10, 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lab *l = busy(sizes[i]);
        lab_run(l, 200);
        /* A block every two link times. */
        assert_true(lab_check(l) >= 95);
        lab_free(l);
    }
}

static size_t votes_sent(const struct lab *l)
{
    size_t sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        sum += l->nodes[i].votes_sent;
    }
    return sum;
}

static void idle_is_silent(void **state)
{
    (void)state;
    struct lab *l = lab_new(4);
    l->status_ms = 1000;
    lab_start(l);
    lab_work_all(l, true);
    lab_run(l, 20);
    assert_int_equal(lab_check(l), 1);
    const size_t before = votes_sent(l);
    lab_run(l, 14000);
    assert_int_equal(votes_sent(l), before);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rg_cons_deadline(l->nodes[i].cons), UINT64_MAX);
    }
    /* Then work at one node that is not the leader: the leader is woken, the turn comes round. */
    lab_work(l, 3, true);
    lab_run(l, 1000);
    assert_int_equal(lab_check(l), 2);
    lab_free(l);
}

static void tick(void **state)
{
    (void)state;
    struct lab *l = lab_new(4);
    lab_start(l);
    for (size_t i = 0; i < 4; i++) {
        struct rg_cons_event ev = {.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
        ev.work.tick_due = true;
        lab_give(l, i, &ev);
    }
    lab_run(l, 99);
    assert_int_equal(lab_check(l), 0); /* B_min */
    lab_run(l, 6);
    assert_int_equal(lab_check(l), 1);
    assert_int_equal(l->block_count, 1);
    lab_free(l);
}

static void dead_authorities_cost_little(void **state)
{
    (void)state;
    static const size_t sizes[] = {4, 7, 10};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lab *l = busy(sizes[i]);
        for (size_t dead = 0; dead < l->members.f; dead++) {
            lab_kill(l, 2 * dead + 1);
        }
        lab_run(l, 7000);
        const uint64_t before = lab_check(l);
        lab_run(l, 300);
        /* Healthy: 150 blocks. A dead turn costs 2 ms at most now. */
        assert_true(lab_check(l) - before >= 90);
        lab_free(l);
    }
}

static void quorum_lost_and_back(void **state)
{
    (void)state;
    struct lab *l = busy(3);
    lab_run(l, 50);
    lab_kill(l, 0);
    lab_kill(l, 1);
    lab_run(l, 20);
    const uint64_t before = l->nodes[2].height;
    lab_run(l, 3000);
    assert_int_equal(l->nodes[2].height, before);
    struct rg_cons_report r;
    lab_run(l, 6000);
    rg_cons_explain(l->nodes[2].cons, l->now_ms, &r);
    assert_int_equal(r.heard_count, 1);
    assert_int_equal(r.quorum, 2);
    assert_true(r.armed);
    lab_revive(l, 0);
    lab_run(l, 4000);
    assert_true(l->nodes[2].height > before + 10);
    lab_check(l);
    lab_free(l);
}

static void all_crash_again_and_again(void **state)
{
    (void)state;
    struct lab *l = busy(4);
    uint64_t height = 0;
    for (size_t round = 0; round < 8; round++) {
        for (size_t i = 0; i < 4; i++) {
            l->nodes[i].dies_at_barrier = round % 3 == 0 && i != round % 4;
        }
        lab_run(l, 31 + round);
        for (size_t i = 0; i < 4; i++) {
            lab_kill(l, i);
        }
        for (size_t i = 0; i < 4; i++) {
            lab_revive(l, i);
        }
        lab_run(l, 3000);
        const uint64_t now = lab_check(l);
        assert_true(now > height + 10);
        height = now;
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(l->nodes[i].alarm, RG_ALARM_NONE);
            assert_int_equal(l->nodes[i].evidence_count, 0);
        }
        /* A long journal would only test the laboratory. */
        if (l->nodes[0].journal_count > LAB_JOURNAL_MAX / 2) {
            break;
        }
    }
    lab_free(l);
}

static void isolated_node_catches_up(void **state)
{
    (void)state;
    struct lab *l = busy(4);
    lab_run(l, 20);
    lab_isolate(l, 3, true);
    const uint64_t behind = l->nodes[3].height;
    lab_run(l, 1300);
    assert_true(l->nodes[0].height > behind + 2);
    lab_isolate(l, 3, false);
    lab_run(l, 3000);
    assert_true(l->nodes[3].fetches > 0);
    assert_true(l->nodes[3].height + 3 > l->nodes[0].height);
    lab_check(l);
    lab_free(l);
}

/* Longer away than the ring of views: only a bulk sync helps. */
static void far_behind(void **state)
{
    (void)state;
    struct lab *l = busy(4);
    lab_run(l, 20);
    lab_isolate(l, 3, true);
    lab_run(l, 4000);
    const uint64_t behind = l->nodes[3].height;
    assert_true(l->nodes[0].height > behind + 256);
    lab_isolate(l, 3, false);
    lab_run(l, 2500);
    assert_int_equal(l->nodes[3].height, behind);
    assert_true(l->nodes[3].fetches < 1000);
    l->bulk_from = 0;
    lab_run(l, 2500);
    assert_true(l->nodes[3].height + 3 > l->nodes[0].height);
    lab_check(l);
    lab_free(l);
}

static void refusing_node_halts(void **state)
{
    (void)state;
    struct lab *l = busy(4);
    l->nodes[3].refuses = true;
    lab_run(l, 100);
    assert_int_equal(l->nodes[3].alarm, RG_ALARM_INVALID_NOTAR);
    assert_int_equal(l->nodes[3].height, 0);
    struct rg_cons_report r;
    rg_cons_explain(l->nodes[3].cons, l->now_ms, &r);
    assert_true(r.halted);
    lab_run(l, 8000);
    assert_true(l->nodes[0].height > 10);
    lab_free(l);
}

static void leader_cannot_build(void **state)
{
    (void)state;
    struct lab *l = busy(4);
    l->nodes[0].cannot_build = true;
    lab_run(l, 20);
    /* It gives its turn back at once: no timeout is waited for. */
    assert_true(lab_check(l) >= 4);
    assert_non_null(
        rg_cons_cert(l->nodes[1].cons, RG_VOTE_FINALIZE, rg_cons_final_view(l->nodes[1].cons)));
    lab_free(l);
}

static bool lossy(size_t from, size_t to, enum rg_action_kind kind, const struct rg_vote *vote)
{
    static uint32_t seed = 1;
    (void)from;
    (void)to;
    (void)kind;
    (void)vote;
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % 10 < 3;
}

static void thirty_percent_loss(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 4, 7};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lab *l = busy(sizes[i]);
        l->filter = lossy;
        lab_run(l, 20000);
        l->filter = NULL;
        lab_run(l, 3000);
        assert_true(lab_check(l) > 100);
        for (size_t j = 0; j < l->n; j++) {
            assert_int_equal(l->nodes[j].alarm, RG_ALARM_NONE);
            assert_int_equal(l->nodes[j].evidence_count, 0);
        }
        lab_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes),
        cmocka_unit_test(idle_is_silent),
        cmocka_unit_test(tick),
        cmocka_unit_test(dead_authorities_cost_little),
        cmocka_unit_test(quorum_lost_and_back),
        cmocka_unit_test(all_crash_again_and_again),
        cmocka_unit_test(isolated_node_catches_up),
        cmocka_unit_test(far_behind),
        cmocka_unit_test(refusing_node_halts),
        cmocka_unit_test(leader_cannot_build),
        cmocka_unit_test(thirty_percent_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
