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
};

static void on_duties(void *ctx, uint64_t token, rg_err err, const struct rg_answer_duty *duty,
                      uint32_t count)
{
    struct duties *d = ctx;
    assert_int_equal(token, 77);
    d->calls++;
    d->err = err;
    d->count = count;
    if (count > 0) {
        d->due_ms = duty[0].due_ms;
        (void)snprintf(d->step, sizeof d->step, "%.*s", (int)duty[0].step.len,
                       (const char *)duty[0].step.data);
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
        cmocka_unit_test(test_duties), cmocka_unit_test(test_volume),
    };
    return cmocka_run_group_tests_name("monitor_log", tests, NULL, NULL);
}
