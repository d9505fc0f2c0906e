/* Cases that wait: one alert of the node when they are more than the rule allows, healed when they
 * are fewer again; after restarts, deaths of the host, cancellations and new versions too. */
#include "monitor_lab.h"
#include "node/monitor/evaluate.h"

#define HEAD(version)                                                                              \
    "process: p\nversion: " version "\nclock: ledger\nreaders: all\nsteps: [a, b, x]\nfields: "    \
    "any\nrules:\n"
#define RULE(n) "  - {id: B, template: backlog, activities: [a, b], n: " n "}\n"
#define OTHER "  - {id: O, template: absence, n: 5, activities: [x]}\n"

/* The newest alert, of @count in all; in the log's order they are one of B each. */
static const struct lab_alert *newest(struct lab *lab, size_t count)
{
    lab_read(lab);
    assert_int_equal(lab->alert_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(lab->alerts[i].rule, "B");
        assert_string_equal(lab->alerts[i].state, i % 2 == 0 ? "raised" : "healed");
        assert_string_equal(lab->alerts[i].alert, lab->alerts[0].alert);
        assert_string_equal(lab->alerts[i].subject, "");
    }
    return count == 0 ? NULL : &lab->alerts[count - 1];
}

static uint64_t feed(struct lab *lab, uint64_t case_no, const char *step, int64_t time_ms)
{
    const uint64_t h = lab_block(lab, time_ms);
    lab_feed(lab, case_no, h, step, time_ms);
    lab_run(lab, lab->feed.count, h);
    return h;
}

static void test_limit(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("2"), NULL);
    lab_open(lab);
    feed(lab, 1, "a", 1000);
    feed(lab, 2, "a", 2000);
    feed(lab, 2, "a", 2500);
    (void)newest(lab, 0);
    feed(lab, 3, "a", 3000);
    const struct lab_alert *a = newest(lab, 1);
    assert_string_equal(a->severity, "warning");
    assert_string_equal(a->time, "1970-01-01T00:00:03.000Z");
    assert_non_null(strstr(a->message, "(Cases that wait: 3; planned for: up to 2.)"));
    feed(lab, 4, "a", 4000);
    (void)newest(lab, 1);
    /* What waits is known after a restart. */
    lab_close(lab);
    lab_open(lab);
    feed(lab, 1, "b", 5000);
    (void)newest(lab, 1);
    feed(lab, 2, "b", 6000);
    a = newest(lab, 2);
    assert_string_equal(a->time, "1970-01-01T00:00:06.000Z");
    assert_non_null(strstr(a->message, "(Cases that wait: 2;"));
    feed(lab, 2, "b", 6500);
    lab_close(lab);
    lab_open(lab);
    feed(lab, 1, "a", 7000);
    a = newest(lab, 3);
    assert_string_not_equal(a->id, lab->alerts[0].id);
    lab_free(&lab);
}

/* The longest text that a rule may have stays whole, with the number behind it. */
static void test_long_text(void **state)
{
    (void)state;
    char yaml[4096];
    char text[1025];
    for (size_t i = 0; i < 1024; i += 2) {
        memcpy(text + i, "\xc3\xbc", 2);
    }
    text[1024] = '\0';
    (void)snprintf(yaml, sizeof yaml,
                   HEAD("1") "  - {id: B, template: backlog, activities: [a, b], n: 1, message: "
                             "{de: %s, en: %s}}\n",
                   text, text);
    struct lab *lab = lab_new(yaml, NULL);
    lab_open(lab);
    feed(lab, 1, "a", 1000);
    feed(lab, 2, "a", 2000);
    const struct lab_alert *a = newest(lab, 1);
    assert_memory_equal(a->message, text, sizeof a->message - 1);
    lab_free(&lab);
}

/* Near a high limit nobody is told of each case. */
static void test_tenth(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("10"), NULL);
    lab_open(lab);
    for (uint64_t i = 1; i <= 11; i++) {
        feed(lab, i, "a", (int64_t)i * 1000);
    }
    (void)newest(lab, 1);
    feed(lab, 1, "b", 12000);
    feed(lab, 12, "a", 13000);
    feed(lab, 2, "b", 14000);
    (void)newest(lab, 1);
    feed(lab, 3, "b", 15000);
    (void)newest(lab, 2);
    lab_free(&lab);
}

/* What is cancelled does not wait; what is corrected into it does. */
static void test_amended(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("1"), NULL);
    lab_open(lab);
    feed(lab, 1, "a", 1000);
    feed(lab, 2, "a", 2000);
    (void)newest(lab, 1);
    uint64_t h = lab_block(lab, 3000);
    lab_amend(lab, 2, RG_ABOUT_CANCEL, h, "a", 3000);
    lab_run(lab, lab->feed.count, h);
    assert_string_equal(newest(lab, 2)->time, "1970-01-01T00:00:03.000Z");
    lab_close(lab);
    lab_open(lab);
    feed(lab, 3, "x", 4000);
    (void)newest(lab, 2);
    h = lab_block(lab, 5000);
    lab_amend(lab, 4, RG_ABOUT_CORRECT, h, "a", 4000);
    lab_run(lab, lab->feed.count, h);
    (void)newest(lab, 3);
    lab_free(&lab);
}

/* A later version has another limit, or not the rule any more; nothing is told in between. */
static void test_versions(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("2"), NULL);
    lab_open(lab);
    for (uint64_t i = 1; i <= 4; i++) {
        feed(lab, i, "a", (int64_t)i * 1000);
    }
    (void)newest(lab, 1);
    uint64_t h = lab_block(lab, 5000);
    lab_version(lab, HEAD("2") RULE("3"), h + 1);
    lab_run(lab, lab->feed.count, h);
    feed(lab, 5, "x", 6000);
    (void)newest(lab, 1);
    feed(lab, 1, "b", 7000);
    (void)newest(lab, 2);
    feed(lab, 5, "a", 8000);
    (void)newest(lab, 3);
    h = lab_block(lab, 9000);
    lab_version(lab, HEAD("3") OTHER, h + 1);
    lab_run(lab, lab->feed.count, h);
    feed(lab, 1, "x", 10000);
    assert_string_equal(newest(lab, 4)->message, "The rule is no longer in force.");
    lab_close(lab);
    lab_open(lab);
    feed(lab, 1, "a", 11000);
    (void)newest(lab, 4);
    /* And back: the cases are judged anew. */
    h = lab_block(lab, 12000);
    lab_version(lab, HEAD("4") RULE("5"), h + 1);
    lab_run(lab, lab->feed.count, h);
    feed(lab, 6, "a", 13000);
    assert_non_null(strstr(newest(lab, 5)->message, "(Cases that wait: 6;"));
    lab_free(&lab);
}

/* By a later version the same cases do not wait. */
static void test_other_steps(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("1"), NULL);
    lab_open(lab);
    for (uint64_t i = 1; i <= 2; i++) {
        feed(lab, i, "a", (int64_t)i * 1000);
        feed(lab, i, "x", (int64_t)i * 1000 + 500);
    }
    (void)newest(lab, 1);
    const uint64_t h = lab_block(lab, 3000);
    lab_version(lab, HEAD("2") "  - {id: B, template: backlog, activities: [b, x], n: 1}\n", h + 1);
    lab_run(lab, lab->feed.count, h);
    feed(lab, 3, "b", 4000);
    (void)newest(lab, 2);
    feed(lab, 4, "b", 5000);
    assert_non_null(strstr(newest(lab, 3)->message, "(Cases that wait: 2;"));
    lab_free(&lab);
}

/* A key that comes late has its case judged by the older version first: nothing is told of that. */
static void test_late(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") OTHER, NULL);
    lab_open(lab);
    const uint64_t first = feed(lab, 1, "a", 1000);
    feed(lab, 2, "a", 2000);
    const uint64_t h = lab_block(lab, 3000);
    lab_version(lab, HEAD("2") RULE("1"), h + 1);
    lab_run(lab, lab->feed.count, h);
    uint64_t top = feed(lab, 3, "x", 4000);
    (void)newest(lab, 1);
    lab_feed(lab, 4, first, "a", 1000);
    lab_feed(lab, 5, first, "x", 1000);
    lab_run(lab, lab->feed.count, top);
    (void)newest(lab, 1);
    feed(lab, 1, "b", 5000);
    (void)newest(lab, 1);
    feed(lab, 2, "b", 6000);
    (void)newest(lab, 2);
    top = feed(lab, 3, "a", 7000);
    assert_non_null(strstr(newest(lab, 3)->message, "(Cases that wait: 2;"));
    lab_close(lab);
    lab_open(lab);
    lab_feed(lab, 6, first, "a", 1000);
    lab_run(lab, lab->feed.count, top);
    (void)newest(lab, 3);
    lab_free(&lab);
}

/* Until what may wait for a while to be written is written. */
static void settle(struct lab *lab)
{
    const uint64_t until = lab_now() + 3 * RG_EVALUATE_LAZY_MS;
    while (lab_now() < until) {
        lab_step(lab, 20);
    }
}

static void block(struct lab *lab, int64_t time_ms)
{
    lab_run(lab, lab->feed.count, lab_block(lab, time_ms));
    settle(lab);
}

/* How long they wait on the mean: time alone raises it, a case that is new lowers it. */
static void test_mean_age(void **state)
{
    (void)state;
    const int64_t hour = 3600000;
    struct lab *lab = lab_new(
        HEAD("1") "  - {id: B, template: backlog, activities: [a, b], mean_age: PT1H}\n", NULL);
    lab_open(lab);
    feed(lab, 1, "a", 10 * hour);
    feed(lab, 1, "a", 10 * hour + hour / 2); /* it waits since the first */
    block(lab, 11 * hour);
    (void)newest(lab, 0);
    block(lab, 11 * hour + 1000);
    const struct lab_alert *a = newest(lab, 1);
    assert_string_equal(a->time, "1970-01-01T11:00:01.000Z");
    assert_non_null(
        strstr(a->message, "(Mean time that they wait: 1 h 0 min; planned for: up to 1 h 0 min.)"));
    assert_null(strstr(a->message, "Cases that wait"));
    feed(lab, 2, "a", 11 * hour + 60000);
    settle(lab);
    assert_non_null(strstr(newest(lab, 2)->message, "wait: 30 min 30 s;"));
    lab_close(lab);
    lab_open(lab);
    block(lab, 12 * hour + hour / 2);
    assert_non_null(strstr(newest(lab, 3)->message, "wait: 1 h 59 min;"));
    feed(lab, 1, "b", 13 * hour);
    settle(lab);
    (void)newest(lab, 3); /* the other waits for 1 h 59 min */
    feed(lab, 2, "b", 13 * hour + 1000);
    settle(lab);
    (void)newest(lab, 4); /* none waits */
    block(lab, 99 * hour);
    (void)newest(lab, 4);
    lab_free(&lab);
}

/* The host dies now and then, and the monitor is closed: the same in the end. */
static void test_deaths(void **state)
{
    (void)state;
    struct lab *lab = lab_new(HEAD("1") RULE("20"), NULL);
    lab->hook = lab_kill_host;
    lab_open(lab);
    for (uint64_t i = 0; i < 60; i++) {
        const uint64_t h = lab_block(lab, (int64_t)(i + 1) * 1000);
        lab_feed(lab, i % 30 + 1, h, i < 30 ? "a" : "b", (int64_t)(i + 1) * 1000);
        lab_run(lab, lab->feed.count, h);
        if (i % 17 == 16) {
            lab_close(lab);
            lab_open(lab);
        }
    }
    size_t told = 0;
    lab_read(lab);
    for (size_t i = 0; i < lab->alert_count; i++) {
        if (strcmp(lab->alerts[i].rule, "B") == 0) {
            assert_string_equal(lab->alerts[i].time, told == 0 ? "1970-01-01T00:00:21.000Z"
                                                               : "1970-01-01T00:00:42.000Z");
            told++;
        }
    }
    assert_int_equal(told, 2);
    assert_true(lab->kills > 0);
    lab_free(&lab);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),    cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_tenth),    cmocka_unit_test(test_amended),
        cmocka_unit_test(test_versions), cmocka_unit_test(test_other_steps),
        cmocka_unit_test(test_late),     cmocka_unit_test(test_mean_age),
        cmocka_unit_test(test_deaths),
    };
    return cmocka_run_group_tests_name("monitor_backlog", tests, NULL, NULL);
}
