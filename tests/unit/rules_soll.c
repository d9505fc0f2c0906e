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

#include "rules/host.h"

#define HOUR INT64_C(3600000)
#define ITEMS_MAX 32

/* A trace is events `step:hour[/group[/resource]]`. @events and @live are event numbers with a
 * blank between; live ones end with the entry that raised them: `0@2`. */
struct row {
    const char *rule;
    const char *trace;
    int64_t as_of;      /* hours */
    unsigned judgement; /* 0 vacuous, 1 satisfied, 2 pending, 3 violated */
    uint64_t activations;
    const char *events;
    const char *live;
};

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

struct bench {
    struct rg_host *host;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    uint8_t state[RG_HOSTMSG_FULL_STATE_MAX];
    size_t state_len;
    int64_t due_ms;
    struct rg_hostmsg_item items[ITEMS_MAX];
    size_t item_count;
};

static struct bench bench;

static void open_text(const char *text)
{
    struct rg_hostmsg_opened opened;
    rg_hostmsg_put_open(&bench.in, rg_bytes_str(text));
    assert_int_equal(
        rg_host_handle(bench.host, (struct rg_bytes){bench.in.data, bench.in.len}, &bench.out),
        RG_OK);
    assert_int_equal(
        rg_hostmsg_get_opened((struct rg_bytes){bench.out.data, bench.out.len}, &opened), RG_OK);
    if (!opened.ok) {
        print_message("%.*s\n", (int)opened.error.len, (const char *)opened.error.data);
    }
    assert_true(opened.ok);
    bench.state_len = 0;
}

static void open_rule(const char *clock, const char *rule)
{
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "process: t\nversion: 1\nclock: %s\nsteps: any\nrules:\n  - {id: r, severity: "
                   "critical, %s}\n",
                   clock, rule);
    open_text(text);
}

/* One batch with one case and one operation; the state is kept for the next. */
static enum rg_hostmsg_status step(uint8_t flags, const struct rg_hostmsg_op *op)
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a = {0};
    const struct rg_hostmsg_case c = {
        .case_no = 7, .flags = flags, .state = {bench.state, bench.state_len}};
    rg_hostmsg_batch_begin(&bench.in, 3);
    rg_hostmsg_case_begin(&bench.in, &c);
    rg_hostmsg_put_op(&bench.in, op);
    rg_hostmsg_case_end(&bench.in);
    rg_hostmsg_batch_end(&bench.in);
    assert_false(bench.in.failed);
    assert_int_equal(
        rg_host_handle(bench.host, (struct rg_bytes){bench.in.data, bench.in.len}, &bench.out),
        RG_OK);
    struct rg_reader r = rg_hostmsg_result((struct rg_bytes){bench.out.data, bench.out.len}, &no);
    assert_int_equal(no, 3);
    assert_true(rg_hostmsg_next_answer(&r, &a));
    assert_int_equal(a.case_no, 7);
    bench.item_count = 0;
    while (bench.item_count < ITEMS_MAX &&
           rg_hostmsg_next_item(&r, &bench.items[bench.item_count])) {
        bench.item_count++;
    }
    assert_false(rg_hostmsg_next_answer(&r, &a));
    assert_true(rg_bytes_done(&r));
    bench.due_ms = a.due_ms;
    bench.state_len = a.state.len;
    if (a.state.len > 0) {
        memcpy(bench.state, a.state.data, a.state.len);
    }
    return a.status;
}

static enum rg_hostmsg_status time_op(uint8_t flags, enum rg_hostmsg_op_kind kind, int64_t ms)
{
    const struct rg_hostmsg_op op = {.kind = kind, .time_ms = ms};
    return step(flags, &op);
}

/* The event at *@p, which moves on; false at the end. @text keeps its strings. */
static bool next_event(const char **p, char text[128], struct rg_hostmsg_op *op)
{
    const char *parts[4] = {text, "", "", ""};
    size_t n = 0;
    while (**p == ' ') {
        (*p)++;
    }
    if (**p == '\0') {
        return false;
    }
    char *out = text;
    for (; **p != '\0' && **p != ' '; (*p)++) {
        if (**p == ':' || **p == '/') {
            *out++ = '\0';
            parts[++n] = out;
        } else {
            *out++ = **p;
        }
    }
    *out = '\0';
    const int64_t t = strtoll(parts[1], NULL, 10) * HOUR;
    *op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_ENTRY,
                                 .time_ms = t,
                                 .occurred_ms = t,
                                 .step = rg_bytes_str(parts[0]),
                                 .agency = rg_bytes_str("BAMF")};
    op->fields[0] = (struct rg_hostmsg_field){rg_bytes_str("group"), rg_bytes_str(parts[2])};
    op->fields[1] = (struct rg_hostmsg_field){rg_bytes_str("resource"), rg_bytes_str(parts[3])};
    op->field_count = 2;
    return true;
}

static void check_verdict(const struct row *row)
{
    char got[256] = "";
    char text[128];
    struct rg_hostmsg_op op;
    bench.state_len = 0;
    for (const char *p = row->trace; next_event(&p, text, &op);) {
        assert_int_equal(step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_OK);
        assert_int_equal(bench.item_count, 0);
    }
    assert_int_equal(time_op(RG_HOSTMSG_FULL, RG_HOSTMSG_OP_FINISH, row->as_of * HOUR),
                     RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    const struct rg_hostmsg_item *v = &bench.items[0];
    for (size_t i = 0; i < rg_hostmsg_event_count(v); i++) {
        const size_t len = strlen(got);
        (void)snprintf(got + len, sizeof(got) - len, "%s%lld", i == 0 ? "" : " ",
                       (long long)rg_hostmsg_event(v, i));
    }
    assert_string_equal(got, row->events);
    assert_int_equal(v->kind, RG_HOSTMSG_VERDICT);
    assert_int_equal(v->judgement, row->judgement);
    assert_int_equal(v->activations, row->activations);
    assert_true(row->judgement == 3 || (v->pending > 0) == (row->judgement == 2));
}

static void check_live(const struct row *row)
{
    char got[256] = "";
    char text[128];
    struct rg_hostmsg_op op;
    int n = 0;
    bench.state_len = 0;
    for (const char *p = row->trace; next_event(&p, text, &op); n++) {
        assert_int_equal(step(0, &op), RG_HOSTMSG_OK);
        assert_true(bench.state_len < 64);
        for (size_t i = 0; i < bench.item_count; i++) {
            const size_t len = strlen(got);
            assert_int_equal(bench.items[i].kind, RG_HOSTMSG_ALERT);
            assert_int_equal(bench.items[i].severity, 2);
            assert_int_equal(bench.items[i].time_ms, op.time_ms);
            (void)snprintf(got + len, sizeof(got) - len, "%s%lld@%d", len == 0 ? "" : " ",
                           (long long)bench.items[i].event_no, n);
        }
    }
    assert_string_equal(got, row->live);
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER); /* the event clock needs no ticks */
}

static void templates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s | %s\n", rows[i].rule, rows[i].trace);
        open_rule("event", rows[i].rule);
        check_verdict(&rows[i]);
        check_live(&rows[i]);
    }
}

static void entry_at(const char *name, int64_t block_ms, int64_t occurred_ms)
{
    const struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                                     .time_ms = block_ms,
                                     .occurred_ms = occurred_ms,
                                     .step = rg_bytes_str(name)};
    assert_int_equal(step(0, &op), RG_HOSTMSG_OK);
}

static void ledger_clock_and_ticks(void **state)
{
    (void)state;
    open_rule("ledger", "template: response_within, within: PT5H, activities: [a, b]");
    entry_at("a", 1000, 0);
    assert_int_equal(bench.due_ms, 1000 + 5 * HOUR);
    entry_at("a", 3000, 0);
    assert_int_equal(bench.due_ms, 1000 + 5 * HOUR);
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_TICK, 1000 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0); /* the limit itself is in time */
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_TICK, 1001 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 0);
    assert_int_equal(bench.items[0].due_ms, 1000 + 5 * HOUR);
    assert_int_equal(bench.items[0].time_ms, 1001 + 5 * HOUR);
    assert_true(bench.items[0].step.len == 1 && bench.items[0].step.data[0] == 'a');
    assert_int_equal(bench.due_ms, 3000 + 5 * HOUR);
    /* The same tick again says nothing again. */
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_TICK, 1001 + 5 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    /* The answer comes too late: breached before it is applied, and then nothing is open. */
    entry_at("b", 3001 + 5 * HOUR, 0);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 1);
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER);
}

static void event_clock_ignores_ticks(void **state)
{
    (void)state;
    open_rule("event", "template: response_within, within: PT5H, activities: [a, b]");
    entry_at("a", 900 * HOUR, HOUR);
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_TICK, 999 * HOUR), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    entry_at("b", 999 * HOUR, 6 * HOUR);
    assert_int_equal(bench.item_count, 0);
    entry_at("a", 999 * HOUR, 7 * HOUR);
    entry_at("c", 999 * HOUR, 13 * HOUR);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].event_no, 2);
    assert_int_equal(bench.items[0].due_ms, 12 * HOUR);
}

static void duties(void **state)
{
    (void)state;
    open_text("process: t\nversion: 1\nclock: ledger\nsteps:\n  - {id: a, by: [X]}\n"
              "  - {id: b, by: [BAMF, LDS-SN]}\n  - c\nrules:\n"
              "  - {id: r1, template: response_within, within: PT5H, activities: [a, b]}\n"
              "  - {id: r2, template: response_any, activities: [a, b, c]}\n"
              "  - {id: r3, template: precedence, activities: [a, b]}\n");
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    entry_at("a", 1000, 0);
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 3);
    assert_int_equal(bench.items[0].kind, RG_HOSTMSG_DUTY);
    assert_int_equal(bench.items[0].due_ms, 1000 + 5 * HOUR);
    assert_true(rg_bytes_eq(bench.items[0].agencies, rg_bytes_str("BAMF,LDS-SN")));
    assert_true(rg_bytes_eq(bench.items[2].step, rg_bytes_str("c")));
    assert_int_equal(bench.items[2].agencies.len, 0);
    assert_int_equal(bench.items[2].rule, 1);
    entry_at("b", 2000, 0);
    assert_int_equal(time_op(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
}

/* A case without end keeps a bounded state, and what is no longer followed is said once. */
static void bounded_state(void **state)
{
    size_t system = 0;
    (void)state;
    open_rule("ledger", "template: response_within, within: P9D, activities: [a, b]");
    for (int i = 0; i < 1500; i++) {
        entry_at("a", 1000 + i, 0);
        assert_in_range(bench.state_len, 1, RG_HOSTMSG_STATE_MAX);
        if (bench.item_count > 0) {
            assert_int_equal(bench.item_count, 1);
            assert_int_equal(bench.items[0].severity, 3);
            system++;
        }
    }
    assert_int_equal(system, 1);
    entry_at("b", 5000, 0);
    assert_int_equal(bench.item_count, 0);
    assert_true(bench.state_len < 64);
}

static void state_of_another_definition(void **state)
{
    const struct rg_hostmsg_op op = {
        .kind = RG_HOSTMSG_OP_ENTRY, .time_ms = 1, .step = rg_bytes_str("a")};
    uint8_t old[64];
    (void)state;
    open_rule("event", "template: response, activities: [a, b]");
    entry_at("a", 1, 1);
    const size_t len = bench.state_len;
    assert_in_range(len, 1, sizeof(old));
    memcpy(old, bench.state, len);
    open_rule("event", "template: response, activities: [a, c]");
    memcpy(bench.state, old, len);
    bench.state_len = len;
    assert_int_equal(step(0, &op), RG_HOSTMSG_BAD_STATE);
    assert_int_equal(bench.state_len, 0);
    /* Nor is the state of a live case that of a conformance run. */
    open_rule("event", "template: response, activities: [a, b]");
    memcpy(bench.state, old, len);
    bench.state_len = len;
    assert_int_equal(step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_BAD_STATE);
}

static int set_up(void **state)
{
    (void)state;
    rg_hostmsg_buf_init(&bench.in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&bench.out, RG_HOSTMSG_RESULT_MAX);
    return rg_host_create(NULL, &bench.host) == RG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rg_hostmsg_buf_free(&bench.in);
    rg_hostmsg_buf_free(&bench.out);
    rg_host_destroy(&bench.host);
    return 0;
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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
