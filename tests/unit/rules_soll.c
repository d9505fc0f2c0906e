/* Every template of soll on small traces: verdict and violating events of conformance, and the
 * alerts of the live case, whose state goes through its written form after every entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_bench.h"

#define AB "activities: [a, b]"

static const struct row rows[] = {
    {"template: init, activities: [a]", "a:0 b:1", 9, 1, 1, "", ""},
    {"template: init, activities: [a]", "b:0 a:1", 9, 3, 1, "0", "0@0"},
    {"template: init, activities: [a, b]", "b:0 a:1", 9, 1, 1, "", ""},
    {"template: exactly, activities: [a], n: 1", "a:0 b:1", 9, 1, 1, "", ""},
    {"template: exactly, activities: [a], n: 1", "b:0", 9, 3, 1, "-1", ""},
    {"template: exactly, activities: [a], n: 1", "a:0 a:0 b:1 a:2", 9, 3, 1, "1 3", "1@1 3@3"},
    {"template: exactly, activities: [a], n: 0", "b:0 a:1", 9, 3, 1, "1", "1@1"},
    {"template: absence, activities: [a], n: 1", "b:0 a:1 a:2", 9, 3, 1, "1 2", "1@1 2@2"},
    {"template: absence, activities: [a], n: 2", "a:0 b:1", 9, 1, 1, "", ""},
    {"template: absence, activities: [a], n: 2", "a:0 a:0 a:0", 9, 3, 1, "1 2", "1@1 2@2"},
    {"template: response, " AB, "c:0", 9, 0, 0, "", ""},
    {"template: response, " AB, "a:0 a:1 b:1", 9, 1, 2, "", ""},
    {"template: response, " AB, "a:0 b:1 a:2 a:3", 9, 3, 3, "2 3", ""},
    {"template: response_any, activities: [a, b, c]", "a:0 c:1 a:2", 9, 3, 2, "2", ""},
    {"template: response_any, activities: [a, [b, c]]", "a:0 c:1", 9, 1, 1, "", ""},
    /* The limit itself is in time; one more is not. */
    {"template: response_within, within: PT5H, " AB, "a:0 b:5", 9, 1, 1, "", ""},
    {"template: response_within, within: PT5H, " AB, "a:0 b:6", 9, 3, 1, "0", "0@1"},
    {"template: response_within, within: PT5H, " AB, "a:0 c:5", 5, 2, 1, "", ""},
    {"template: response_within, within: PT5H, " AB, "a:0 c:5", 6, 3, 1, "0", ""},
    {"template: response_within, within: PT5H, " AB, "a:0 a:3 c:6 b:7", 9, 3, 2, "0", "0@2"},
    {"template: response_within, within: PT5H, " AB, "a:0 b:1 a:4", 9, 2, 2, "", ""},
    {"template: response_within, within: PT0S, " AB, "a:3 b:3", 9, 1, 1, "", ""},
    {"template: response_within, days: 1, " AB, "a:0 b:24", 99, 1, 1, "", ""},
    {"template: response_within, days: 1, " AB, "a:0 b:25", 99, 3, 1, "0", "0@1"},
    {"template: response_within, within: PT5H, activities: [a, a]", "a:0 a:5 a:11", 11, 3, 3, "1",
     "1@2"},
    {"template: response_any_within, within: PT2H, activities: [a, b, c]", "a:0 c:2 a:3 b:6", 9, 3,
     2, "2", "2@3"},
    {"template: alternate_response, " AB, "a:0 b:1 a:2 b:3", 9, 1, 2, "", ""},
    {"template: alternate_response, " AB, "a:0 c:1 a:2 b:3 a:4", 9, 3, 3, "0 4", "0@2"},
    {"template: chain_response, " AB, "a:0 b:0 b:0", 9, 1, 1, "", ""},
    {"template: chain_response, " AB, "a:0 c:1 b:2 a:3", 9, 3, 2, "0 3", "0@1"},
    {"template: chain_response, " AB, "a:0 a:1 b:2", 9, 3, 2, "0", "0@1"},
    {"template: responded_existence, " AB, "b:0 a:1", 9, 1, 1, "", ""},
    {"template: responded_existence, " AB, "a:0 b:1 a:2", 9, 1, 2, "", ""},
    {"template: responded_existence, " AB, "a:0 c:1 a:2", 9, 3, 2, "0 2", ""},
    {"template: precedence, " AB, "a:0 b:0", 9, 1, 1, "", ""},
    {"template: precedence, " AB, "b:0 b:1 a:2 b:3", 9, 3, 3, "0 1", "0@0 1@1"},
    {"template: precedence, activities: [a, a]", "a:0 a:1", 9, 3, 2, "0", "0@0"},
    {"template: precedence_any, activities: [a, b, c]", "c:0 b:1 c:2", 9, 3, 2, "0", "0@0"},
    {"template: chain_precedence, " AB, "a:0 b:1 b:2", 9, 3, 2, "2", "2@2"},
    {"template: not_succession, " AB, "b:0 a:1 b:2 c:3 b:4", 9, 3, 1, "2 4", "2@2 4@4"},
    {"template: not_succession, " AB, "b:0 a:1 a:1", 9, 1, 2, "", ""},
    {"template: not_coexistence, " AB, "b:0 c:1 a:2 a:3", 9, 3, 1, "2", "2@2"},
    {"template: not_coexistence, " AB, "b:0 b:1", 9, 1, 1, "", ""},
    {"template: not_coexistence, " AB, "c:0", 9, 0, 0, "", ""},
    {"template: max_delay, within: PT5H, " AB, "b:0 a:1 b:6", 9, 1, 1, "", ""},
    {"template: max_delay, within: PT5H, " AB, "a:0 a:2 b:7 b:8", 9, 3, 2, "3", "3@3"},
    {"template: min_delay, within: PT5H, " AB, "a:0 b:5", 9, 1, 1, "", ""},
    {"template: min_delay, at_least: PT5H, " AB, "a:0 b:4 a:6 b:6", 9, 3, 2, "1 3", "1@1 3@3"},
    {"template: case_duration, within: PT5H", "a:1 b:6", 99, 1, 1, "", ""},
    {"template: case_duration, within: PT5H", "a:1 b:7 b:8", 99, 3, 1, "-1", "-1@1"},
    {"template: role, activities: [a], groups: [g, h]", "a:0/g b:1/x a:2/h", 9, 1, 2, "", ""},
    {"template: role, activities: [a], groups: [g]", "a:0 a:1/EMPTY a:2/x a:3/g", 9, 3, 4, "0 1 2",
     "0@0 1@1 2@2"},
    {"template: role, activities: [a], agencies: [LDS]", "a:0", 9, 3, 1, "0", "0@0"},
    {"template: role, activities: [a], agencies: [BAMF]", "a:0", 9, 1, 1, "", ""},
    {"template: single_group, activities: [a]", "a:0/g a:1 a:2/EMPTY b:3/x a:4/g", 9, 1, 1, "", ""},
    {"template: single_group, activities: [a]", "a:0 a:1/g a:2/h a:3/i", 9, 3, 1, "2", "2@2"},
    {"template: four_eyes, " AB, "a:0/g/r a:0/g/s b:1/g/s b:2/g/r", 9, 3, 1, "2", "2@2"},
    {"template: four_eyes, " AB, "a:0/g/r b:1/g/s", 9, 1, 1, "", ""},
    {"template: four_eyes, " AB, "a:0 b:1 a:2/g/EMPTY b:3/g/EMPTY", 9, 1, 1, "", ""},
    {"template: four_eyes, " AB, "a:0/g/r", 9, 0, 0, "", ""},
    {"template: no_after_value, activities: [b], column: group, values: [no]",
     "b:0/no b:1 a:2/yes b:3/no b:4", 9, 3, 4, "1 4", "1@1 4@4"},
};

static void templates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench_open_rule("event", "", rows[i].rule);
        bench_check(&rows[i]);
    }
}

static void ledger_clock_and_ticks(void **state)
{
    (void)state;
    bench_open_rule("ledger", "", "template: response_within, within: PT5H, activities: [a, b]");
    bench_entry("a", 1000, 0);
    assert_int_equal(bench.due_ms, 1000 + 5 * HOUR);
    bench_entry("a", 3000, 0);
    assert_int_equal(bench.due_ms, 1000 + 5 * HOUR);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 1000 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0); /* the limit itself is in time */
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 1001 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 0);
    assert_int_equal(bench.items[0].due_ms, 1000 + 5 * HOUR);
    assert_int_equal(bench.items[0].time_ms, 1001 + 5 * HOUR);
    assert_true(bench.items[0].step.len == 1 && bench.items[0].step.data[0] == 'a');
    assert_int_equal(bench.due_ms, 3000 + 5 * HOUR);
    /* The same tick again says nothing again. */
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 1001 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    /* The answer comes too late: breached before it is applied, and then nothing is open. */
    bench_entry("b", 3001 + 5 * HOUR, 0);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 1);
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER);
}

static void event_clock_ignores_ticks(void **state)
{
    (void)state;
    bench_open_rule("event", "", "template: response_within, within: PT5H, activities: [a, b]");
    bench_entry("a", 900 * HOUR, HOUR);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 999 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    bench_entry("b", 999 * HOUR, 6 * HOUR);
    assert_int_equal(bench.item_count, 0);
    bench_entry("a", 999 * HOUR, 7 * HOUR);
    bench_entry("c", 999 * HOUR, 13 * HOUR);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 2);
    assert_int_equal(bench.items[0].due_ms, 12 * HOUR);
}

static void duties(void **state)
{
    (void)state;
    bench_open("process: t\nversion: 1\nclock: ledger\nsteps:\n  - {id: a, by: [X]}\n"
               "  - {id: b, by: [BAMF, LDS-SN]}\n  - c\nrules:\n"
               "  - {id: r1, template: response_within, within: PT5H, activities: [a, b]}\n"
               "  - {id: r2, template: response_any, activities: [a, b, c]}\n"
               "  - {id: r3, template: precedence, activities: [a, b]}\n");
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    bench_entry("a", 1000, 0);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 3);
    assert_int_equal(bench.items[0].kind, RG_HOSTMSG_DUTY);
    assert_int_equal(bench.items[0].due_ms, 1000 + 5 * HOUR);
    assert_true(rg_bytes_eq(bench.items[0].agencies, rg_bytes_str("BAMF,LDS-SN")));
    assert_true(rg_bytes_eq(bench.items[2].step, rg_bytes_str("c")));
    assert_int_equal(bench.items[2].agencies.len, 0);
    assert_int_equal(bench.items[2].rule, 1);
    bench_entry("b", 2000, 0);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
}

/* A case without end keeps a bounded state, and what is no longer followed is said once. */
static void bounded_state(void **state)
{
    size_t system = 0;
    (void)state;
    bench_open_rule("ledger", "", "template: response_within, within: P9D, activities: [a, b]");
    for (int i = 0; i < 1500; i++) {
        bench_entry("a", 1000 + i, 0);
        assert_in_range(bench.state_len, 1, RG_HOSTMSG_STATE_MAX);
        if (bench.item_count > 0) {
            assert_int_equal(bench.item_count, 1);
            assert_int_equal(bench.items[0].severity, 3);
            system++;
        }
    }
    assert_int_equal(system, 1);
    bench_entry("b", 5000, 0);
    assert_int_equal(bench.item_count, 0);
    assert_true(bench.state_len < 64);
}

static void state_of_another_definition(void **state)
{
    const struct rg_hostmsg_op op = {
        .kind = RG_HOSTMSG_OP_ENTRY, .time_ms = 1, .step = rg_bytes_str("a")};
    uint8_t old[64];
    (void)state;
    bench_open_rule("event", "", "template: response, activities: [a, b]");
    bench_entry("a", 1, 1);
    const size_t len = bench.state_len;
    assert_in_range(len, 1, sizeof(old));
    memcpy(old, bench.state, len);
    bench_open_rule("event", "", "template: response, activities: [a, c]");
    memcpy(bench.state, old, len);
    bench.state_len = len;
    assert_int_equal(bench_step(0, &op), RG_HOSTMSG_BAD_STATE);
    assert_int_equal(bench.state_len, 0);
    /* Nor is the state of a live case that of a conformance run. */
    bench_open_rule("event", "", "template: response, activities: [a, b]");
    memcpy(bench.state, old, len);
    bench.state_len = len;
    assert_int_equal(bench_step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_BAD_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates),
        cmocka_unit_test(ledger_clock_and_ticks),
        cmocka_unit_test(event_clock_ignores_ticks),
        cmocka_unit_test(duties),
        cmocka_unit_test(bounded_state),
        cmocka_unit_test(state_of_another_definition),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
