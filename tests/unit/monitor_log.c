/* The alert log and what is asked of a monitor: queries, cursors, duties; what of it rests on disk,
 * and what an event costs. */
#include "monitor_lab.h"

#include "base/bytes.h"

static void assert_absent(const char *path, const char *text)
{
    size_t len = 0;
    uint8_t *data = tmp_read(path, &len);
    assert_non_null(data);
    assert_true(len > 4096);
    assert_null(memmem(data, len, text, strlen(text)));
    free(data);
}

/* Nothing in the store tells a step or a file number. */
static void test_sealed(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 20, 10);
    (void)snprintf(lab->feed.file[1], sizeof lab->feed.file[1], "AKTE-4711-X");
    lab_open(lab);
    rg_monitor_system_alert(lab->monitor, "probe", rg_bytes_str("x"), "a sentence of the system");
    lab_run(lab, lab->feed.count, lab->height);
    lab_read(lab);
    assert_true(lab->alert_count > 10);
    lab_close(lab);
    static const char *const words[] = {"anfang",         "antwort",  "ende_schritt",
                                        "AKTE-4711-X",    "zu spaet", "de.reigen.alert",
                                        "sentence of the"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_absent(tmp_path(&lab->tmp, "alerts/data.mdb"), words[i]);
    }
    lab_free(&lab);
}

static size_t told;

static void count_alert(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    (void)ctx;
    (void)logseq;
    (void)topic;
    (void)json;
    told++;
}

static size_t ask(struct lab *lab, const struct rg_monitor_query *q, bool *more)
{
    uint64_t next = 0;
    told = 0;
    assert_int_equal(rg_monitor_alerts(lab->monitor, q, count_alert, NULL, &next, more), RG_OK);
    return told;
}

static void test_query(void **state)
{
    (void)state;
    bool more = false;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 30, 20);
    lab_open(lab);
    rg_monitor_system_alert(lab->monitor, "probe", rg_bytes_str("a"), "one");
    rg_monitor_system_alert(lab->monitor, "probe", rg_bytes_str("a"), "one");
    rg_monitor_system_alert(lab->monitor, "probe", rg_bytes_str("b"), "two");
    lab_run(lab, lab->feed.count, lab->height);
    lab_read(lab);
    struct rg_monitor_query q = {.max = 10000, .max_bytes = SIZE_MAX};
    size_t by_severity = 0;
    static const char *const severities[] = {"warning", "critical", "system"};
    for (size_t i = 0; i < 3; i++) {
        q.severity = rg_bytes_str(severities[i]);
        const size_t n = ask(lab, &q, &more);
        assert_true(n > 0);
        by_severity += n;
    }
    assert_int_equal(told, 2); /* the system's: a repeated one is dropped */
    assert_int_equal(by_severity, lab->alert_count);
    q.severity = (struct rg_bytes){NULL, 0};
    size_t by_case = 0;
    for (q.case_no = 1; q.case_no <= 30; q.case_no++) {
        by_case += ask(lab, &q, &more);
    }
    assert_int_equal(by_case, lab->alert_count - 2);
    q.case_no = 0;
    q.max = 5;
    assert_int_equal(ask(lab, &q, &more), 5);
    assert_true(more);
    q.since = lab->alert_count;
    assert_int_equal(ask(lab, &q, &more), 0);
    assert_false(more);
    uint64_t next = 0;
    q.severity = rg_bytes_str("loud");
    assert_int_equal(rg_monitor_alerts(lab->monitor, &q, count_alert, NULL, &next, &more),
                     RG_ERR_INVALID);
    lab_free(&lab);
}

static void test_cursor(void **state)
{
    (void)state;
    uint64_t at = 99;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 20, 10);
    lab_open(lab);
    lab_run(lab, lab->feed.count, lab->height);
    lab_read(lab);
    assert_true(lab->alert_count > 6);
    struct rg_monitor *m = lab->monitor;
    assert_int_equal(rg_monitor_cursor(m, 3, rg_bytes_str("desk"), 0, &at), RG_OK);
    assert_int_equal(at, 0);
    assert_int_equal(rg_monitor_cursor(m, 3, rg_bytes_str("desk"), 6, &at), RG_OK);
    assert_int_equal(rg_monitor_cursor(m, 3, rg_bytes_str("desk"), 4, &at), RG_OK);
    assert_int_equal(at, 6);
    assert_int_equal(rg_monitor_cursor(m, 3, rg_bytes_str("desk"), 1u << 30, &at), RG_ERR_INVALID);
    assert_int_equal(rg_monitor_cursor(m, 3, rg_bytes_str(""), 1, &at), RG_ERR_INVALID);
    lab_close(lab);
    lab_open(lab);
    assert_int_equal(rg_monitor_cursor(lab->monitor, 3, rg_bytes_str("desk"), 0, &at), RG_OK);
    assert_int_equal(at, 6);
    assert_int_equal(rg_monitor_cursor(lab->monitor, 4, rg_bytes_str("desk"), 0, &at), RG_OK);
    assert_int_equal(at, 0);
    lab_free(&lab);
}

struct duties {
    int calls;
    rg_err err;
    uint32_t count;
    uint64_t due_ms;
    char step[65];
    uint32_t rules;
    struct rg_answer_rule rule[8]; /* their ranges are not to be looked at, but for the id */
    char id[8][65];
    char turn[8][65];
};

static void on_duties(void *ctx, uint64_t token, rg_err err, const struct rg_answer_case *c)
{
    struct duties *d = ctx;
    const struct rg_answer_duty *duty = c->duties;
    const uint32_t count = c->duty_count;
    assert_int_equal(token, 77);
    d->calls++;
    d->err = err;
    d->count = count;
    if (count > 0) {
        d->due_ms = duty[0].due_ms;
        (void)snprintf(d->step, sizeof d->step, "%.*s", (int)duty[0].step.len,
                       (const char *)duty[0].step.data);
    }
    d->rules = c->rule_count;
    for (uint32_t i = 0; i < c->rule_count; i++) {
        assert_true(i < 8);
        d->rule[i] = c->rules[i];
        (void)snprintf(d->id[i], sizeof d->id[i], "%.*s", (int)c->rules[i].rule.len,
                       (const char *)c->rules[i].rule.data);
        d->rule[i].rule = rg_bytes_str(d->id[i]);
        (void)snprintf(d->turn[i], sizeof d->turn[i], "%.*s",
                       c->rules[i].by_count > 0 ? (int)c->rules[i].by[0].len : 0,
                       c->rules[i].by_count > 0 ? (const char *)c->rules[i].by[0].data : "");
    }
}

static void test_duties(void **state)
{
    (void)state;
    struct duties d = {0};
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    lab_open(lab);
    lab_run(lab, 1, b1);
    assert_int_equal(rg_monitor_duties(lab->monitor, 1, 77, on_duties, &d), RG_OK);
    for (int i = 0; i < 200 && d.calls == 0; i++) {
        lab_step(lab, 20);
    }
    assert_int_equal(d.calls, 1);
    assert_int_equal(d.err, RG_OK);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.due_ms, 11000);
    assert_string_equal(d.step, "antwort");
    assert_int_equal(rg_monitor_duties(lab->monitor, 1, 77, on_duties, &d), RG_OK);
    lab_close(lab);
    assert_int_equal(d.calls, 2);
    assert_int_equal(d.err, RG_ERR_CLOSED);
    lab_free(&lab);
}

#define STATES                                                                                     \
    "process: lab\nversion: 4\nclock: ledger\nreaders: all\nsteps:\n"                              \
    "  - {id: anfang}\n  - {id: antwort, by: [BAMF, LDS-SN]}\n  - {id: ende_schritt}\n"            \
    "rules:\n"                                                                                     \
    "  - {id: W, template: response_within, activities: [anfang, antwort],\n"                      \
    "     within: PT10S, hard: PT20S, severity: warning}\n"                                        \
    "  - {id: P, template: precedence, activities: [antwort, ende_schritt]}\n"                     \
    "  - {id: I, template: init, activities: [anfang]}\n"                                          \
    "  - {id: A, template: at_most, activities: [antwort], n: 5}\n"                                \
    "  - {id: X, template: absence, activities: [ende_schritt], n: 2}\n"

/* Ask how case 1 stands. */
static void ask_case(struct lab *lab, struct duties *d)
{
    *d = (struct duties){.calls = 0};
    assert_int_equal(rg_monitor_duties(lab->monitor, 1, 77, on_duties, d), RG_OK);
    for (int i = 0; i < 200 && d->calls == 0; i++) {
        lab_step(lab, 20);
    }
    assert_int_equal(d->calls, 1);
    assert_int_equal(d->err, RG_OK);
    assert_int_equal(d->rules, 6);
    bool more = true;
    assert_int_equal(rg_monitor_violations(lab->monitor, 1, d->rule, d->rules, &more), RG_OK);
    assert_false(more);
}

/* The states of the rules W, W.hard, P, I, A, X, a letter each. */
static void assert_states(const struct duties *d, const char *want)
{
    char got[9] = "";
    for (uint32_t i = 0; i < d->rules; i++) {
        got[i] = "-spVS"[d->rule[i].state];
    }
    assert_string_equal(got, want);
}

/* Every rule goes from inactive over pending to kept or violated, with deadline, turn and event. */
static void test_states(void **state)
{
    (void)state;
    struct duties d;
    struct lab *lab = lab_new(STATES, NULL);
    lab_open(lab);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    lab_run(lab, 1, b1);
    ask_case(lab, &d);
    assert_states(&d, "pp-Sss");
    assert_string_equal(d.id[1], "W.hard");
    assert_int_equal(d.rule[0].due_ms, 11000);
    assert_int_equal(d.rule[1].due_ms, 21000);
    assert_true(d.rule[0].by_count == 2 && d.rule[1].by_count == 2 && d.rule[3].by_count == 0);
    assert_string_equal(d.turn[1], "BAMF");
    /* The soft limit passes: its rule is violated by the start, the hard one waits on. */
    const uint64_t b2 = lab_block(lab, 12000);
    lab_run(lab, 1, b2);
    lab_step(lab, 0);
    ask_case(lab, &d);
    assert_states(&d, "Vp-Sss");
    assert_true(d.rule[0].violations == 1 && d.rule[0].event_count == 1);
    assert_int_equal(d.rule[0].events[0], 0);
    assert_int_equal(d.rule[0].due_ms, 0);
    assert_int_equal(d.rule[1].due_ms, 21000);
    /* A step too early, an answer, the step again: X is violated at the second one. */
    const uint64_t b3 = lab_block(lab, 13000);
    lab_feed(lab, 1, b3, "ende_schritt", 13000);
    lab_feed(lab, 1, b3, "antwort", 13000);
    lab_feed(lab, 1, b3, "ende_schritt", 13000);
    lab_run(lab, 4, b3);
    lab_step(lab, 0);
    ask_case(lab, &d);
    assert_states(&d, "VsVSsV");
    assert_int_equal(d.rule[2].events[0], 1);
    assert_true(d.rule[5].event_count == 1 && d.rule[5].events[0] == 3);
    /* The step too early is cancelled: what it broke is kept again, now whatever comes. */
    const uint64_t b4 = lab_block(lab, 14000);
    lab_amend(lab, 2, RG_ABOUT_CANCEL, b4, "ende_schritt", 14000);
    lab_run(lab, 5, b4);
    lab_step(lab, 0);
    ask_case(lab, &d);
    assert_states(&d, "VsSSss");
    assert_int_equal(d.rule[2].event_count, 0);
    lab_free(&lab);
}

/* Many events at once; prints what one costs. */
static void test_volume(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 600, 60);
    lab_open(lab);
    const uint64_t begin = lab_now();
    lab_run(lab, lab->feed.count, lab->height);
    const uint64_t took = lab_now() - begin;
    lab_read(lab);
    print_message("%llu events, %zu alerts, %llu ms\n", (unsigned long long)lab->feed.count,
                  lab->alert_count, (unsigned long long)took);
    assert_true(lab->alert_count > 1000);
    lab_free(&lab);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sealed), cmocka_unit_test(test_query),  cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_duties), cmocka_unit_test(test_states), cmocka_unit_test(test_volume),
    };
    return cmocka_run_group_tests_name("monitor_log", tests, NULL, NULL);
}
