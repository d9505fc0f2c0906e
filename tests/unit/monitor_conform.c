/* Conformance through the monitor: against counts worked out by hand on a small log that always is
 * there, and against independently computed results on a public one. Plus bad rules, and a stop. */
#include "monitor_lab.h"

#include <jansson.h>

#include "base/bytes.h"
#include "rules_log.h"

#define DATA "../shared/data/"

#define HEAD "process: lab\nversion: 1\nclock: event\nreaders: all\nsteps: any\nfields: any\n"
#define RULES                                                                                      \
    "rules:\n"                                                                                     \
    "  - {id: X1, template: response, activities: [a, b]}\n"                                       \
    "  - {id: X2, template: absence, activities: [a], n: 2}\n"                                     \
    "  - {id: X3, template: response_within, activities: [a, c], within: P1D}\n"                   \
    "  - {id: X4, template: backlog, activities: [a, c], n: 1}\n"

static json_t *conform(struct lab *lab, const char *rules, int64_t as_of, rg_err want)
{
    char *text = lab_conform(lab, rules, as_of, 0, want);
    json_t *o = json_loads(text, 0, NULL);
    if (want != RG_OK) {
        assert_null(o);
        o = json_string(text);
    }
    free(text);
    assert_non_null(o);
    return o;
}

static json_t *rule_of(json_t *report, const char *id)
{
    size_t i = 0;
    json_t *r = NULL;
    json_array_foreach(json_object_get(report, "rules"), i, r)
    {
        if (strcmp(json_string_value(json_object_get(r, "id")), id) == 0) {
            return r;
        }
    }
    fail_msg("no rule %s", id);
    return NULL;
}

static void assert_counts(json_t *rule, const char *want)
{
    char got[128];
    static const char *const keys[] = {"activations", "satisfied", "violated", "pending",
                                       "vacuous"};
    long long n[5];
    for (size_t i = 0; i < 5; i++) {
        n[i] = (long long)json_integer_value(json_object_get(rule, keys[i]));
    }
    (void)snprintf(got, sizeof got, "%lld %lld %lld %lld %lld", n[0], n[1], n[2], n[3], n[4]);
    assert_string_equal(got, want);
}

static void small_log(struct lab *lab)
{
    const int64_t day = 86400000;
    const uint64_t h = lab_block(lab, 100 * day);
    /* Interleaved: case 1: a b a; case 2: a c; case 3: c; case 4: a, just before the end. */
    lab_feed(lab, 1, h, "a", day);
    lab_feed(lab, 2, h, "a", day);
    lab_feed(lab, 3, h, "c", day);
    lab_feed(lab, 1, h, "b", 2 * day);
    lab_feed(lab, 2, h, "c", 2 * day);
    lab_feed(lab, 1, h, "a", 3 * day);
    lab_feed(lab, 4, h, "a", 9 * day);
    lab_feed(lab, 3, h, "c", 9 * day + day / 2);
}

static void test_small(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD RULES, NULL);
    small_log(lab);
    (void)snprintf(lab->feed.file[1], sizeof lab->feed.file[1], "F-2");
    (void)snprintf(lab->feed.file[2], sizeof lab->feed.file[2], "F-1");
    (void)snprintf(lab->feed.file[4], sizeof lab->feed.file[4], "F-3");
    lab->feed.parked = 3;
    lab_open(lab);
    lab_run(lab, 8, 1);
    json_t *o = conform(lab, NULL, -1, RG_OK);
    assert_int_equal(json_integer_value(json_object_get(o, "cases")), 4);
    assert_int_equal(json_integer_value(json_object_get(o, "events")), 8);
    assert_int_equal(json_integer_value(json_object_get(o, "unreadable")), 3);
    assert_string_equal(json_string_value(json_object_get(o, "as_of")), "1970-01-10T12:00:00.000Z");
    assert_counts(rule_of(o, "X1"), "4 0 3 0 1");
    assert_counts(rule_of(o, "X2"), "4 3 1 0 0");
    assert_counts(rule_of(o, "X3"), "4 1 1 1 1");
    assert_counts(rule_of(o, "X4"), "4 1 0 2 1");
    assert_int_equal(json_integer_value(json_object_get(rule_of(o, "X4"), "backlog")), 2);
    assert_true(json_is_true(json_object_get(rule_of(o, "X4"), "exceeded")));
    /* Case 1 waits since day 1, case 4 since day 9; it is noon of day 9. */
    assert_string_equal(json_string_value(json_object_get(rule_of(o, "X4"), "mean_age")),
                        "PT388800S");
    char *lists = json_dumps(json_object_get(rule_of(o, "X1"), "violations"), JSON_COMPACT);
    assert_string_equal(lists, "[[\"F-1\",[0]],[\"F-2\",[2]],[\"F-3\",[0]]]");
    free(lists);
    lists = json_dumps(json_object_get(rule_of(o, "X3"), "violations"), JSON_COMPACT);
    assert_string_equal(lists, "[[\"F-2\",[0,2]]]");
    free(lists);
    json_decref(o);

    /* An agency without file numbers gives the counts alone. */
    memset(lab->feed.file, 0, sizeof lab->feed.file);
    o = conform(lab, NULL, -1, RG_OK);
    assert_counts(rule_of(o, "X1"), "4 0 3 0 1");
    assert_null(json_object_get(rule_of(o, "X1"), "violating_cases"));
    assert_null(json_object_get(rule_of(o, "X1"), "violations"));
    json_decref(o);

    /* Later, what was pending is violated. */
    o = conform(lab, HEAD RULES, 20 * 86400000LL, RG_OK);
    assert_counts(rule_of(o, "X3"), "4 1 2 0 1");
    json_decref(o);
    lab_free(&lab);
}

/* The corrected history counts, also for the time as of which it is judged; events keep their
 * numbers. */
/* What was final when it was asked for is in the result, also where the node is behind; and a node
 * that stays behind says so. */
static void test_not_followed(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD RULES, NULL);
    struct lab_conformance r = {0};
    small_log(lab);
    const uint64_t h = lab_block(lab, 101 * INT64_C(86400000));
    lab_feed(lab, 4, h, "b", INT64_C(10) * 86400000);
    lab_open(lab);
    lab_run(lab, 8, 1);
    struct rg_monitor_conformance ask = {{NULL, 0}, -1, h, LAB_TOKEN, lab_on_conformance, &r, 0};
    assert_int_equal(rg_monitor_conformance(lab->monitor, &ask), RG_OK);
    for (int i = 0; i < 20; i++) {
        lab_step(lab, 10);
    }
    assert_int_equal(r.calls, 0);
    lab_run(lab, 9, h);
    for (const uint64_t until = lab_now() + 200000; r.calls == 0; lab_step(lab, 100)) {
        assert_true(lab_now() < until);
    }
    assert_int_equal(r.err, RG_OK);
    json_t *o = json_loads(r.text, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(o, "events")), 9);
    assert_int_equal(json_integer_value(json_object_get(o, "height")), (json_int_t)h);
    json_decref(o);

    ask.height = h + 1;
    assert_int_equal(rg_monitor_conformance(lab->monitor, &ask), RG_OK);
    lab_step(lab, 0);
    assert_int_equal(r.calls, 1);
    assert_int_equal(rg_monitor_step(lab->monitor, NULL, 0, lab_now() + 10000), RG_OK);
    assert_int_equal(r.calls, 2);
    assert_int_equal(r.err, RG_ERR_BUSY);
    assert_non_null(strstr(r.text, "has not followed the ledger"));
    free(r.text);
    lab_free(&lab);
}

static void test_amended(void **state)
{
    (void)state;
    const int64_t day = 86400000;
    struct lab *lab = lab_new(HEAD RULES, NULL);
    small_log(lab);
    (void)snprintf(lab->feed.file[1], sizeof lab->feed.file[1], "F-1");
    (void)snprintf(lab->feed.file[2], sizeof lab->feed.file[2], "F-2");
    lab_amend(lab, 1, RG_ABOUT_CANCEL, 1, "a", 50 * day);  /* case 1: - b a */
    lab_amend(lab, 5, RG_ABOUT_CORRECT, 1, "b", 2 * day);  /* case 2: a b */
    lab_amend(lab, 8, RG_ABOUT_CANCEL, 1, "c", 60 * day);  /* case 3: c */
    lab_amend(lab, 7, RG_ABOUT_CORRECT, 1, "a", 5 * day);  /* case 4: a */
    lab_amend(lab, 12, RG_ABOUT_CORRECT, 1, "b", 4 * day); /* case 4: b */
    lab_open(lab);
    lab_run(lab, 13, 1);
    json_t *o = conform(lab, NULL, -1, RG_OK);
    assert_int_equal(json_integer_value(json_object_get(o, "cases")), 4);
    assert_int_equal(json_integer_value(json_object_get(o, "events")), 6);
    assert_string_equal(json_string_value(json_object_get(o, "as_of")), "1970-01-05T00:00:00.000Z");
    assert_counts(rule_of(o, "X1"), "2 1 1 0 2");
    assert_counts(rule_of(o, "X2"), "4 4 0 0 0");
    char *lists = json_dumps(json_object_get(rule_of(o, "X1"), "violations"), JSON_COMPACT);
    assert_string_equal(lists, "[[\"F-1\",[2]]]");
    free(lists);
    json_decref(o);
    lab_free(&lab);
}

/* Two agencies use the same file number on one ledger: two cases, of which the rules of either say
 * nothing about the other. */
static void test_same_file_number(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD RULES, NULL);
    const int64_t day = 86400000;
    const uint64_t h = lab_block(lab, 100 * day);
    lab_feed(lab, 1, h, "a", day)->writer = 0;
    lab_feed(lab, 2, h, "a", day)->writer = 1;
    lab_feed(lab, 1, h, "b", 2 * day)->writer = 0;
    lab_feed(lab, 2, h, "c", 2 * day)->writer = 1;
    (void)snprintf(lab->feed.file[1], sizeof lab->feed.file[1], "4711");
    (void)snprintf(lab->feed.file[2], sizeof lab->feed.file[2], "4711");
    lab_open(lab);
    lab_run(lab, 4, 1);
    json_t *o = conform(lab, NULL, -1, RG_OK);
    assert_int_equal(json_integer_value(json_object_get(o, "cases")), 2);
    assert_counts(rule_of(o, "X1"), "2 1 1 0 0");
    assert_true(json_is_false(json_object_get(rule_of(o, "X4"), "exceeded")));
    char *lists = json_dumps(json_object_get(rule_of(o, "X1"), "violations"), JSON_COMPACT);
    assert_string_equal(lists, "[[\"4711\",[0]]]");
    free(lists);
    json_decref(o);
    lab_free(&lab);
}

static void test_bad_rules(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD RULES, NULL);
    small_log(lab);
    lab_open(lab);
    lab_run(lab, 8, 1);
    json_t *o = conform(lab, HEAD "rules:\n  - {id: Q, template: sometimes, activities: [a]}\n", -1,
                        RG_ERR_INVALID);
    assert_non_null(strstr(json_string_value(o), "rules:8:"));
    assert_non_null(strstr(json_string_value(o), "sometimes"));
    json_decref(o);

    /* What waits is bounded, and all of it is answered when the node stops. */
    struct lab_conformance r[8] = {{0}};
    size_t taken = 0;
    struct rg_monitor_conformance ask = {{NULL, 0}, -1, 0, LAB_TOKEN, lab_on_conformance, &r[0], 0};
    while (taken < 8 && rg_monitor_conformance(lab->monitor, &ask) == RG_OK) {
        taken++;
        ask.ctx = &r[taken % 8];
    }
    assert_in_range(taken, 1, 7);
    lab_step(lab, 0);
    lab_close(lab);
    for (size_t i = 0; i < taken; i++) {
        assert_int_equal(r[i].calls, 1);
        assert_int_equal(r[i].err, RG_ERR_CLOSED);
        free(r[i].text);
    }
    lab_free(&lab);
}

/* The log's events, one of each case in turn. */
static void feed_log(struct lab *lab, const struct log *log)
{
    const uint64_t h = lab_block(lab, log->last_ms + 1000);
    bool more = true;
    for (size_t k = 0; more; k++) {
        more = false;
        for (size_t c = 0; c < log->count; c++) {
            struct rg_hostmsg_op op;
            if (k >= log->cases[c].count) {
                continue;
            }
            more = true;
            log_entry(log, &log->cases[c].events[k], &op);
            struct lab_event *e =
                lab_feed(lab, c + 1, h, log->cases[c].events[k].step, op.occurred_ms);
            for (size_t i = 0; i < op.field_count && i < LAB_FIELDS_MAX; i++) {
                lab_field(e, (const char *)op.fields[i].name.data,
                          (const char *)op.fields[i].value.data);
            }
            (void)snprintf(lab->feed.file[c + 1], sizeof lab->feed.file[0], "%s", log->cases[c].id);
        }
    }
}

static void compare(json_t *got, json_t *want)
{
    static const char *const keys[] = {"template", "activations", "satisfied",       "violated",
                                       "pending",  "vacuous",     "violating_cases", "violations"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!json_equal(json_object_get(got, keys[i]), json_object_get(want, keys[i]))) {
            fail_msg("%s of %s", keys[i], json_string_value(json_object_get(want, "id")));
        }
    }
}

static void test_receipt(void **state)
{
    (void)state;
    size_t len = 0;
    struct log *log = log_load(DATA "receipt.csv.gz");
    char *expected = log_read_file(DATA "receipt.expected.json.gz", &len);
    if (log == NULL || expected == NULL) {
        print_message("skipped: " DATA "receipt.* is not there\n");
        log_free(log);
        free(expected);
        skip();
    }
    char *yaml = log_read_file("deploy/processes/receipt.yaml", &len);
    assert_non_null(yaml);
    struct lab *lab = lab_new(yaml, NULL);
    feed_log(lab, log);
    assert_int_equal(lab->feed.count, 8577);
    lab_open(lab);
    uint64_t begin = lab_now();
    lab_run(lab, lab->feed.count, 1);
    print_message("%llu events judged in %llu ms\n", (unsigned long long)lab->feed.count,
                  (unsigned long long)(lab_now() - begin));
    begin = lab_now();
    json_t *o = conform(lab, yaml, -1, RG_OK);
    print_message("conformance in %llu ms\n", (unsigned long long)(lab_now() - begin));
    json_t *e = json_loads(expected, 0, NULL);
    size_t i = 0;
    size_t compared = 0;
    json_t *c = NULL;
    json_t *rules = json_object_get(o, "rules");
    for (size_t k = 0; k < json_array_size(rules); k++) {
        json_t *r = json_array_get(rules, k);
        json_array_foreach(json_object_get(e, "constraints"), i, c)
        {
            if (json_equal(json_object_get(r, "id"), json_object_get(c, "id"))) {
                compare(r, c);
                compared++;
            }
        }
    }
    assert_int_equal(compared, json_array_size(rules));
    assert_int_equal(compared, 20);
    lab_read(lab);
    print_message("%zu alerts\n", lab->alert_count);
    assert_true(lab->alert_count > 500);
    json_decref(o);
    json_decref(e);
    lab_free(&lab);
    log_free(log);
    free(expected);
    free(yaml);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),     cmocka_unit_test(test_not_followed),
        cmocka_unit_test(test_amended),   cmocka_unit_test(test_same_file_number),
        cmocka_unit_test(test_bad_rules), cmocka_unit_test(test_receipt),
    };
    return cmocka_run_group_tests_name("monitor_conform", tests, NULL, NULL);
}
