/* The templates beyond the public logs: data conditions, correlation, counters, clocks that stop,
 * relations of DCR graphs, healing, composite templates. Verdicts and live alerts on small traces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rules_bench.h"

#define AB "activities: [a, b]"
#define WITHIN "template: response_within, within: PT5H, "

static const struct row rows[] = {
    /* Counts. */
    {"template: existence, n: 2, activities: [a]", "a:0 b:1 a:2", 9, 1, 1, "", ""},
    {"template: existence, n: 2, activities: [a]", "a:0 b:1", 9, 3, 1, "-1", ""},
    {"template: existence, n: 1, activities: [a]", "b:0 end:1 b:2", 9, 3, 1, "-1", "-1@1"},
    {"template: existence, n: 1, activities: [end]", "b:0 end:1", 9, 1, 1, "", ""},
    {"template: at_most, n: 1, activities: [a]", "a:0 a:1 a:2", 9, 3, 1, "1 2", "1@1 2@2"},
    {"template: between, min: 1, max: 2, activities: [a]", "a:0 a:1", 9, 1, 1, "", ""},
    {"template: between, min: 1, max: 2, activities: [a]", "b:0", 9, 3, 1, "-1", ""},
    {"template: between, min: 1, max: 2, activities: [a]", "a:0 a:1 a:2 end:3", 9, 3, 1, "2",
     "2@2"},
    {"template: choice, activities: [a, b]", "c:0 b:1", 9, 1, 1, "", ""},
    {"template: choice, activities: [a, b]", "c:0", 9, 3, 1, "-1", ""},
    {"template: counter, n: 2, activities: [a], reset: b", "a:0 b:1 a:2 a:3 a:4", 9, 3, 4, "3 4",
     "3@3 4@4"},
    {"template: counter, n: 2, activities: [{step: a, where: {grund: absent}}]",
     "a:0/grund=absent a:1/grund=excused a:2/grund=agency a:3/grund=absent", 9, 3, 2, "3", "3@3"},
    {"template: counter, n: 2, window: PT5H, activities: [a]", "a:0 a:6 a:11", 9, 3, 3, "2", "2@2"},
    {"template: counter, n: 3, window: PT5H, activities: [a]", "a:0 a:1 a:2 a:3", 9, 3, 4, "2 3",
     "2@2 3@3"},
    /* Order. */
    {"template: response_any, activities: [[a, c], [b, d]]", "a:0 d:1 c:2", 9, 3, 2, "2", ""},
    {"template: alternate_response, activities: [a, [b, c]]", "a:0 c:1 a:2 a:3", 9, 3, 3, "2 3",
     "2@3"},
    {"template: alternate_precedence, " AB, "a:0 b:1 b:2 a:3 b:4", 9, 3, 3, "2", "2@2"},
    {"template: alternate_precedence, " AB, "b:0", 9, 3, 1, "0", "0@0"},
    {"template: not_chain_succession, " AB, "a:0 b:1 a:2 c:3 b:4", 9, 3, 2, "1", "1@1"},
    {"template: precedence, heal: true, " AB, "b:0 b:1 a:2 b:3", 9, 3, 3, "0 1",
     "0@0 1@1 +0@2 +1@2"},
    /* The same value on both sides. */
    {"template: response, same: s, " AB, "a:0/s=1 a:1/s=2 b:2/s=1", 9, 3, 2, "1", ""},
    {"template: response, same: s, " AB, "a:0 b:1 a:2/s=EMPTY", 9, 0, 0, "", ""},
    {"template: alternate_response, same: s, " AB, "a:0/s=2 a:1/s=1 a:2/s=1 a:3/s=2", 9, 3, 4,
     "0 1 2 3", "1@2 0@3"},
    {"template: responded_existence, same: s, " AB, "b:0/s=1 a:1/s=1 a:2/s=2", 9, 3, 2, "2", ""},
    {"template: chain_response, same: s, " AB, "a:0/s=1 b:1/s=2", 9, 3, 1, "0", "0@1"},
    {"template: alternate_response, same: s, " AB, "a:0/s=1 a:1/s=2 a:2/s=1 b:3/s=1", 9, 3, 3,
     "0 1", "0@2"},
    {"template: precedence, same: s, " AB, "a:0/s=1 b:1/s=1 b:2/s=2", 9, 3, 2, "2", "2@2"},
    {"template: alternate_precedence, same: s, " AB, "a:0/s=1 b:1/s=1 b:2/s=1", 9, 3, 2, "2",
     "2@2"},
    {"template: chain_precedence, same: s, " AB, "a:0/s=1 b:1/s=1 a:2/s=1 b:3/s=2", 9, 3, 2, "3",
     "3@3"},
    {"template: not_succession, same: s, " AB, "a:0/s=1 b:1/s=2 b:2/s=1", 9, 3, 1, "2", "2@2"},
    {"template: not_coexistence, same: s, " AB, "a:0/s=1 b:1/s=2 b:2/s=1", 9, 3, 1, "2", "2@2"},
    /* Conditions of activation and target. */
    {"template: response, activities: [{step: a, where: {x: [p, q]}}, {step: b, where: {y: {not: "
     "n}}}]",
     "a:0/x=p b:1/y=n a:2/x=z a:3/x=q b:4", 9, 1, 2, "", ""},
    {"template: absence, activities: [{step: a, where: {x: {known: false}}}]",
     "a:0/x=1 a:1/x=EMPTY", 9, 3, 1, "1", "1@1"},
    {"template: absence, activities: [{step: a, where: {x: {more: 9, at_most: \"10\"}}}]",
     "a:0/x=9 a:1/x=10 a:2/x=11 a:3/x=ten", 9, 3, 1, "1", "1@1"},
    {"template: data, activities: [a], require: {d: {at_least: \"@occurred\"}}",
     "a:30/d=1970-01-02 a:50/d=1970-01-02 a:60/d=1970-01-03T12:00:00Z a:61/d=1970-01-03T12:00:00Z",
     99, 3, 4, "1 3", "1@1 3@3"},
    {"template: data, activities: [a], require: {d: {less: $e}}", "a:0/d=1/e=2 a:1/d=2/e=2", 9, 3,
     2, "1", "1@1"},
    {"template: correlate, activities: [a, b], compare: {a: d, test: at_most, b: d}",
     "a:0/d=1970-01-05 b:1/d=1970-01-05 b:2/d=1970-01-04 a:3/d=1970-01-03 a:4", 9, 3, 3, "2",
     "2@2"},
    {"template: correlate, activities: [a, b], compare: {a: d, test: is, b: e}",
     "a:0/d=x b:1/e=x a:2/d=y", 9, 3, 2, "2", "2@2"},
    {"template: correlate, activities: [[a, c], [b, c]], compare: {a: d, test: at_most, b: e}",
     "c:0/d=5/e=6 c:1/d=1/e=2 c:2/d=3/e=2", 9, 3, 3, "2", "2@2"},
    {"template: clash, activities: [a, b], field: d",
     "a:0/d=1970-01-05T09:00:00Z b:1/d=1970-01-05T12:00:00Z b:2/d=1970-01-05T10:59:00Z "
     "b:3/d=1970-01-05T09:30:00Z a:4/d=1970-01-05T11:30:00Z",
     9, 3, 5, "2 3", "2@2 3@3"},
    /* Time. */
    {"template: lateness, activities: any, within: PT0S", "a:0 b:1", 9, 1, 2, "", ""},
    {"template: case_deadline, due: d, done: e",
     "a:0/d=1970-01-01T05:00:00Z b:1/e=1970-01-01T05:00:00Z", 9, 1, 1, "", ""},
    {"template: case_deadline, due: d, done: e",
     "a:0/e=1970-01-01T05:00:00.001Z b:1/d=1970-01-01T05:00:00Z c:2/e=1970-01-01", 9, 3, 1, "-1",
     "-1@1"},
    {"template: case_deadline, due: d, done: e", "a:0/d=1970-01-01", 9, 0, 0, "", ""},
    {"template: case_deadline, due: d", "a:0/d=1970-01-01T05:00:00Z b:5 c:6 c:7", 9, 3, 1, "-1",
     "-1@2"},
    {"template: stall, within: PT5H", "a:0 b:5 end:6", 99, 1, 2, "", ""},
    {"template: stall, within: PT5H", "a:0 b:6 c:7", 12, 3, 3, "0", "0@1"},
    {"template: stall, within: PT5H", "a:0 b:1", 6, 2, 2, "", ""},
    {"template: stall, within: PT5H, heal: true", "a:0 b:6", 7, 3, 2, "0", "0@1 +0@1"},
    {"template: stall, within: PT5H", "a:0 b:1", 7, 3, 2, "1", ""},
    {WITHIN "heal: true, " AB, "a:0 c:6 c:7 b:8", 9, 3, 1, "0", "0@1 +0@3"},
    {WITHIN "heal: true, " AB, "a:0 a:1 b:6", 9, 3, 2, "0", "0@2 +0@2"},
    {WITHIN "same: s, " AB, "a:0/s=1 a:0/s=2 b:5/s=1 b:6/s=2", 9, 3, 2, "1", "1@3"},
    {WITHIN "from: d, " AB, "a:9/d=1970-01-01T01:00:00Z b:10", 99, 3, 1, "0", "0@0"},
    {WITHIN "from: d, " AB, "a:0/d=1970-01-01T09:00:00Z b:14", 99, 1, 1, "", ""},
    {WITHIN "hold: h, resume: g, " AB, "a:0 h:2 g:12 b:15", 99, 1, 1, "", ""},
    {WITHIN "hold: h, resume: g, " AB, "a:0 h:2 g:12 b:16", 99, 3, 1, "0", "0@3"},
    {WITHIN "hold: h, resume: g, " AB, "a:0 h:2 c:50 b:60", 99, 1, 1, "", ""},
    {WITHIN "hold: h, resume: g, " AB, "a:0 h:2", 99, 2, 1, "", ""},
    {WITHIN "hold: h, resume: g, " AB, "a:0 h:6 c:7", 99, 3, 1, "0", "0@1"},
    {WITHIN "hold: h, resume: g, " AB, "h:0 a:4 g:10 b:15", 99, 1, 1, "", ""},
    {WITHIN "hold: h, resume: g, " AB, "h:0 a:4 g:10 b:16", 99, 3, 1, "1", "1@3"},
    {WITHIN "extend: {by: t, to: d}, " AB, "a:0 t:1/d=1970-01-01T20:00:00Z b:20", 99, 1, 1, "", ""},
    {WITHIN "extend: {by: t, to: d}, " AB, "a:0 t:1/d=1970-01-01T20:00:00Z b:21", 99, 3, 1, "0",
     "0@2"},
    {WITHIN "extend: {by: t, to: d}, " AB, "a:0 t:1/d=1970-01-01T02:00:00Z b:5", 99, 1, 1, "", ""},
    {WITHIN "extend: {by: t, to: d}, " AB, "a:0 t:5/d=1970-01-01T20:00:00Z b:20", 99, 1, 1, "", ""},
    {WITHIN "extend: {by: t, to: d}, " AB, "a:0 t:6/d=1970-01-01T20:00:00Z b:7", 99, 3, 1, "0",
     "0@1"},
    /* Who. */
    {"template: role, activities: any", "a:0", 9, 1, 1, "", ""},
    {"template: binding_of_duty, activities: [a, b]", "a:0/g/r b:1/g/r c:2/g/s", 9, 1, 1, "", ""},
    {"template: binding_of_duty, activities: [a, b]", "a:0/g/r b:1/g/s", 9, 3, 1, "1", "1@1"},
    /* Cases that wait. */
    {"template: backlog, n: 9, " AB, "a:0 b:1", 9, 1, 1, "", "-1@0 +-1@1"},
    {"template: backlog, n: 9, " AB, "a:0 a:0 b:1 b:1 a:2", 9, 2, 3, "", "-1@0 +-1@2 -1@4"},
    /* DCR. */
    {"template: exclude, include: [i], activities: [a, b, c]", "b:0 a:1 b:2 c:3 i:4 b:5", 9, 3, 1,
     "2 3", "2@2 3@3"},
};

static void templates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bench_open_rule("event", "ends: [end]\n", rows[i].rule);
        bench_check(&rows[i]);
    }
}

/* The judgements of all rules, each a digit, after a trace. */
static void judge(uint8_t flags, const char *trace, int64_t as_of, const char *want)
{
    char text[256];
    char got[ITEMS_MAX + 1] = "";
    struct rg_hostmsg_op op;
    bench.state_len = 0;
    for (const char *p = trace; bench_event(&p, text, &op);) {
        assert_int_equal(bench_step(flags, &op), RG_HOSTMSG_OK);
    }
    assert_int_equal(bench_time(flags, RG_HOSTMSG_OP_FINISH, as_of * HOUR), RG_HOSTMSG_OK);
    for (size_t i = 0; i < bench.item_count; i++) {
        assert_int_equal(bench.items[i].kind, RG_HOSTMSG_VERDICT);
        got[i] = (char)('0' + bench.items[i].judgement);
        got[i + 1] = '\0';
    }
    assert_string_equal(got, want);
}

#define HEAD "process: t\nversion: 1\nclock: event\nsteps: any\nfields: any\nrules:\n"

/* A composite template is two rules. */
static void composites(void **state)
{
    (void)state;
    bench_open(HEAD "  - {id: r1, template: succession, activities: [a, b]}\n"
                    "  - {id: r2, template: chain_succession, activities: [a, b]}\n"
                    "  - {id: r3, template: alternate_succession, activities: [a, b]}\n"
                    "  - {id: r4, template: co_existence, activities: [a, [b, c]]}\n"
                    "  - {id: r5, template: exclusive_choice, activities: [a, b]}\n");
    judge(RG_HOSTMSG_FULL, "a:0 b:1", 9, "1111111113");
    assert_true(rg_bytes_eq(bench.items[0].rule_id, rg_bytes_str("r1.response")));
    assert_true(rg_bytes_eq(bench.items[1].rule_id, rg_bytes_str("r1.precedence")));
    judge(RG_HOSTMSG_FULL, "b:0 a:1", 9, "3333331113");
    judge(RG_HOSTMSG_FULL, "a:0 c:1", 9, "3030301111");
    judge(RG_HOSTMSG_FULL, "c:0", 9, "0000000330");
    judge(RG_HOSTMSG_FULL, "a:0 a:1 b:2 b:3", 9, "1133331113");
}

/* A case does not wait for what is excluded; what nobody is to be told of is not told. */
static void waits(void **state)
{
    (void)state;
    bench_open(HEAD "  - {id: w, template: backlog, n: 1, activities: [a, b]}\n"
                    "  - {id: e, template: exclude, include: [i], activities: [x, b]}\n"
                    "  - {id: n, template: backlog, n: 1, activities: [a, b], severity: none}\n");
    static const struct {
        const char *step;
        unsigned state; /* 9: nothing is told */
    } steps[] = {{"a", RG_RULES_RAISED},
                 {"a", 9},
                 {"x", RG_RULES_HEALED},
                 {"c", 9},
                 {"i", RG_RULES_RAISED},
                 {"b", RG_RULES_HEALED},
                 {"x", 9},
                 {"a", 9},
                 {"i", RG_RULES_RAISED}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bench_entry(steps[i].step, (int64_t)i * HOUR, (int64_t)i * HOUR);
        assert_int_equal(bench.item_count, steps[i].state == 9 ? 0 : 1);
        if (steps[i].state != 9) {
            assert_int_equal(bench.items[0].state, steps[i].state);
            assert_int_equal(bench.items[0].event_no, -1);
            assert_true(rg_bytes_eq(bench.items[0].rule_id, rg_bytes_str("w")));
        }
    }
}

/* A limit of two steps: a warning first, critical later. */
static void soft_and_hard(void **state)
{
    (void)state;
    bench_open(
        "process: t\nversion: 1\nclock: ledger\nsteps: [a, b, c]\nrules:\n"
        "  - {id: r, template: response_within, within: PT2H, hard: PT5H, activities: [a, b],"
        " heal: true}\n  - {id: s, template: counter, n: 1, hard: 3, activities: [c]}\n"
        "  - {id: t, template: absence, n: 1, activities: [c], on: false}\n"
        "  - {id: u, template: absence, n: 1, activities: [c], severity: none}\n");
    bench_entry("a", HOUR, 0);
    assert_int_equal(bench.due_ms, 3 * HOUR);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 3 * HOUR + 1), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].severity, 1);
    assert_true(rg_bytes_eq(bench.items[0].rule_id, rg_bytes_str("r")));
    assert_int_equal(bench.due_ms, 6 * HOUR);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 6 * HOUR + 1), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].severity, 2);
    assert_true(rg_bytes_eq(bench.items[0].rule_id, rg_bytes_str("r.hard")));
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1); /* what is overdue is still to be done */
    bench_entry("b", 9 * HOUR, 0);
    assert_int_equal(bench.item_count, 2);
    assert_int_equal(bench.items[0].state, 2);
    assert_int_equal(bench.items[1].state, 2);
    for (int i = 0; i < 3; i++) {
        bench_entry("c", 10 * HOUR, 0);
        assert_int_equal(bench.item_count, i < 2 ? 1 : 2);
    }
    assert_int_equal(bench.items[0].severity, 1);
    assert_int_equal(bench.items[1].severity, 2);
    assert_true(rg_bytes_eq(bench.items[1].rule_id, rg_bytes_str("s.hard")));
}

/* How a live case stands: what may still be answered is pending. */
static void live_states(void **state)
{
    (void)state;
    bench_open(HEAD "  - {id: r1, template: response, activities: [a, b]}\n"
                    "  - {id: r2, template: exactly, n: 1, activities: [c]}\n"
                    "  - {id: r3, template: chain_response, activities: [a, b]}\n"
                    "  - {id: r4, template: response_within, within: PT5H, activities: [a, b]}\n"
                    "  - {id: r5, template: precedence, activities: [b, d]}\n");
    judge(0, "a:0", 5, "22220");
    judge(0, "a:0", 6, "22230");
    judge(0, "a:0 c:1", 5, "21320");
    judge(0, "a:0 b:1 c:2 d:3", 5, "11111");
    judge(0, "d:0 c:1 c:2", 5, "03003");
    judge(RG_HOSTMSG_FULL, "a:0", 5, "33320");
}

/* The live verdicts after the first @len letters of @word, an hour each. */
static size_t judge_word(const char *word, size_t len, struct rg_hostmsg_item out[ITEMS_MAX])
{
    bench.state_len = 0;
    for (size_t i = 0; i < len; i++) {
        bench_entry((char[2]){word[i], '\0'}, 0, (int64_t)i * HOUR);
    }
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_FINISH, 0), RG_HOSTMSG_OK);
    memcpy(out, bench.items, bench.item_count * sizeof out[0]);
    return bench.item_count;
}

/* The @number-th word of @len letters. */
static void spell(char *out, size_t len, unsigned number)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)('a' + number % 3);
        number /= 3;
    }
}

/* Whether some word behind @word's first @len letters breaks each rule or leaves it waiting. */
static void try_all(char word[8], size_t len, size_t count, bool broken[ITEMS_MAX])
{
    static struct rg_hostmsg_item v[ITEMS_MAX];
    for (size_t more = 1, words = 3; more <= 3; more++, words *= 3) {
        for (unsigned k = 0; k < words; k++) {
            spell(word + len, more, k);
            assert_int_equal(judge_word(word, len + more, v), count);
            for (size_t r = 0; r < count; r++) {
                broken[r] = broken[r] || v[r].judgement != 1;
            }
        }
    }
}

/* A kept rule is settled if and only if no continuation breaks it: all words of up to three
 * letters, each with all continuations of up to three. */
static void settled_is_for_good(void **state)
{
    static struct rg_hostmsg_item now[ITEMS_MAX];
    size_t settled = 0;
    size_t open = 0;
    (void)state;
    bench_open(HEAD "  - {id: r01, template: init, activities: [a]}\n"
                    "  - {id: r02, template: existence, n: 2, activities: [a]}\n"
                    "  - {id: r03, template: choice, activities: [a, b]}\n"
                    "  - {id: r04, template: at_most, n: 2, activities: [a]}\n"
                    "  - {id: r05, template: absence, n: 2, activities: [b]}\n"
                    "  - {id: r06, template: exactly, n: 1, activities: [c]}\n"
                    "  - {id: r07, template: between, min: 1, max: 2, activities: [c]}\n"
                    "  - {id: r08, template: precedence, activities: [a, b]}\n"
                    "  - {id: r09, template: precedence_any, activities: [a, b, c]}\n"
                    "  - {id: r10, template: responded_existence, activities: [a, c]}\n"
                    "  - {id: r11, template: co_existence, activities: [a, b]}\n"
                    "  - {id: r12, template: succession, activities: [a, b]}\n"
                    "  - {id: r13, template: response, activities: [b, c]}\n"
                    "  - {id: r14, template: alternate_precedence, activities: [a, b]}\n"
                    "  - {id: r15, template: chain_precedence, activities: [a, b]}\n"
                    "  - {id: r16, template: chain_response, activities: [a, b]}\n"
                    "  - {id: r17, template: not_succession, activities: [a, b]}\n"
                    "  - {id: r18, template: not_chain_succession, activities: [a, b]}\n"
                    "  - {id: r19, template: not_coexistence, activities: [a, b]}\n"
                    "  - {id: r20, template: exclusive_choice, activities: [a, c]}\n");
    for (size_t len = 1, words = 3; len <= 3; len++, words *= 3) {
        for (unsigned k = 0; k < words; k++) {
            char word[8] = "";
            bool broken[ITEMS_MAX] = {false};
            spell(word, len, k);
            const size_t count = judge_word(word, len, now);
            try_all(word, len, count, broken);
            for (size_t r = 0; r < count; r++) {
                assert_true(!now[r].settled || now[r].judgement == 1);
                if (now[r].judgement == 1 && now[r].settled == broken[r]) {
                    fail_msg("%.*s after %.*s: settled is %d", (int)now[r].rule_id.len,
                             (const char *)now[r].rule_id.data, (int)len, word, now[r].settled);
                }
                settled += now[r].settled ? 1 : 0;
                open += now[r].judgement == 1 && !now[r].settled ? 1 : 0;
            }
        }
    }
    assert_true(settled > 100 && open > 100);
    /* With `same` another value may come; a field that came twice counts as it came first. */
    bench_open(HEAD "  - {id: r1, template: precedence, same: k, activities: [a, b]}\n"
                    "  - {id: r2, template: case_deadline, due: due, done: done}\n"
                    "  - {id: r3, template: case_deadline, due: due}\n");
    judge(0, "a:0/k=1/due=2011-01-05 b:1/k=1/done=2011-01-04", 5, "111");
    assert_true(!bench.items[0].settled && bench.items[1].settled && !bench.items[2].settled);
    judge(RG_HOSTMSG_FULL, "a:0/k=1/due=2011-01-05 b:1/k=1/done=2011-01-04", 5, "111");
    assert_false(bench.items[1].settled);
}

/* What is excluded is neither wanted nor a condition. */
static void exclusion(void **state)
{
    (void)state;
    bench_open(HEAD "  - {id: x, template: exclude, activities: [e, b], include: [i]}\n"
                    "  - {id: r1, template: response, activities: [a, b]}\n"
                    "  - {id: r2, template: response_within, within: PT5H, activities: [a, b]}\n"
                    "  - {id: r3, template: precedence, activities: [b, c]}\n"
                    "  - {id: r4, template: response, activities: [a, [b, d]]}\n"
                    "  - {id: r5, template: existence, activities: [b]}\n");
    judge(RG_HOSTMSG_FULL, "a:0 c:1", 9, "033333");
    judge(RG_HOSTMSG_FULL, "a:0 e:1 c:2", 9, "111131");
    judge(RG_HOSTMSG_FULL, "a:0 e:1 c:2 i:3", 9, "133133");
    judge(0, "a:0 e:1 c:20", 20, "111121");
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_true(rg_bytes_eq(bench.items[0].step, rg_bytes_str("d")));
    judge(0, "a:0 e:1 i:20 c:21", 21, "123322");
}

static void milestones(void **state)
{
    (void)state;
    bench_open(HEAD "  - {id: r1, template: response, activities: [k, f]}\n"
                    "  - {id: r2, template: milestone, activities: [f, h]}\n");
    judge(RG_HOSTMSG_FULL, "h:0 f:1 h:2", 9, "01");
    judge(RG_HOSTMSG_FULL, "k:0 h:1 f:2 h:3", 9, "13");
    judge(0, "k:0 f:1 h:2", 9, "11");
}

/* A cancelled entry keeps its number and does nothing. */
static void cancelled(void **state)
{
    char text[256];
    struct rg_hostmsg_op op;
    int n = 0;
    (void)state;
    bench_open(HEAD "  - {id: r1, template: init, activities: [a]}\n"
                    "  - {id: r2, template: absence, n: 2, activities: [a]}\n"
                    "  - {id: r3, template: chain_precedence, activities: [a, b]}\n");
    for (const char *p = "c:0 a:1 a:2 c:9 b:3 a:4"; bench_event(&p, text, &op); n++) {
        op.flags = n == 0 || n == 2 || n == 3 ? RG_HOSTMSG_VOID : 0;
        op.step.len = n == 2 ? 0 : op.step.len; /* it acknowledges an alert */
        assert_int_equal(bench_step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_OK);
    }
    assert_int_equal(bench_time(RG_HOSTMSG_FULL, RG_HOSTMSG_OP_FINISH, 9 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.items[0].judgement, 1);
    assert_int_equal(bench.items[1].judgement, 3);
    assert_int_equal(rg_hostmsg_event(&bench.items[1], 0), 5);
    assert_int_equal(bench.items[2].judgement, 1);
}

/* A stall names the step behind which nothing came. */
static void stalled(void **state)
{
    (void)state;
    bench_open("process: t\nversion: 1\nsteps: any\nrules:\n"
               "  - {id: r, template: stall, within: PT5H}\n");
    bench_entry("a", HOUR, 0);
    bench_entry("b", 2 * HOUR, 0);
    assert_int_equal(bench.due_ms, 7 * HOUR);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, 7 * HOUR + 1), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 1);
    assert_true(rg_bytes_eq(bench.items[0].step, rg_bytes_str("b")));
}

/* Late records: occurred long before they were recorded. */
static void lateness(void **state)
{
    (void)state;
    bench_open("process: t\nversion: 1\nsteps: any\nrules:\n"
               "  - {id: r, template: lateness, within: PT24H, activities: any}\n");
    bench_entry("a", 25 * HOUR, HOUR);
    assert_int_equal(bench.item_count, 0);
    bench_entry("a", 25 * HOUR + 1, HOUR);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].due_ms, 25 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates),   cmocka_unit_test(composites),
        cmocka_unit_test(waits),       cmocka_unit_test(soft_and_hard),
        cmocka_unit_test(live_states), cmocka_unit_test(settled_is_for_good),
        cmocka_unit_test(exclusion),   cmocka_unit_test(milestones),
        cmocka_unit_test(cancelled),   cmocka_unit_test(lateness),
        cmocka_unit_test(stalled),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
