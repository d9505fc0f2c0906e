/* Versions of the process definition at the monitor: what a new one withdraws, raises and leaves as
 * it is, at the time of its height, once; the same whether it comes block by block or all at once,
 * with restarts and dying hosts in between, and whenever the keys of cases come. */
#include "monitor_lab.h"

#include <signal.h>

#include "base/bytes.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

#define HEAD(version)                                                                              \
    "process: lab\nversion: " version "\nclock: ledger\nreaders: all\nsteps: [anfang, antwort, "   \
    "ende_schritt]\nrules:\n"
#define R1(limit)                                                                                  \
    "  - id: R1\n    template: response_within\n    activities: [anfang, antwort]\n"               \
    "    within: " limit "\n    severity: warning\n"
#define R2                                                                                         \
    "  - id: R2\n    template: precedence\n    activities: [antwort, ende_schritt]\n"              \
    "    severity: critical\n"
#define R4                                                                                         \
    "  - id: R4\n    template: absence\n    activities: [ende_schritt]\n    n: 1\n"                \
    "    severity: warning\n"
#define FOUR HEAD("4") R1("PT5S") R2 R4
#define FIVE HEAD("5") R1("PT60S") R4

static const char *bad_program;

static void assert_open(struct lab *lab, uint64_t case_no, size_t count)
{
    lab_read_open(lab, case_no);
    assert_int_equal(lab->alert_count, count);
}

static size_t count_all(struct lab *lab)
{
    lab_read(lab);
    return lab->alert_count;
}

static void test_switch(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "ende_schritt", 900); /* R2, by both; R4 only by the new one */
    lab_feed(lab, 2, b1, "anfang", 900);
    lab_feed(lab, 2, b1, "anfang", 900); /* R3, only by the old one */
    lab_feed(lab, 3, b1, "anfang", 900); /* R1: due after 10 s, or 5 */
    lab_feed(lab, 4, b1, "antwort", 900);
    lab_open(lab);
    lab_run(lab, 5, b1);
    const uint64_t b2 = lab_block(lab, 8000);
    lab_version(lab, FOUR, b2 + 1);
    lab_run(lab, 5, b2);
    assert_int_equal(count_all(lab), 2);
    const uint64_t b3 = lab_block(lab, 9000);
    lab_run(lab, 5, b3);
    assert_open(lab, 1, 2);
    assert_non_null(lab_find(lab, "R4", 1, 0));
    assert_open(lab, 2, 2); /* R1 of both starts, no longer R3 */
    assert_open(lab, 3, 1);
    assert_open(lab, 4, 0);
    assert_int_equal(count_all(lab), 7); /* R2 was not told again; R3 was withdrawn */
    const struct lab_alert *a = lab_find(lab, "R1", 3, 0);
    assert_non_null(a);
    assert_string_equal(a->time, "1970-01-01T00:00:09.000Z");
    assert_string_equal(a->due, "1970-01-01T00:00:06.000Z");
    for (size_t i = 2; i < lab->alert_count; i++) {
        assert_string_equal(lab->alerts[i].time, "1970-01-01T00:00:09.000Z");
    }
    /* It goes on under the new one, and a restart changes nothing. */
    lab_close(lab);
    lab_open(lab);
    const uint64_t b4 = lab_block(lab, 10000);
    lab_feed(lab, 4, b4, "ende_schritt", 10000);
    lab_run(lab, 6, b4);
    assert_int_equal(count_all(lab), 8);
    assert_non_null(lab_find(lab, "R4", 4, 1));
    /* And back to a longer limit: what is not late by it is withdrawn. */
    lab_version(lab, FIVE, b4 + 1);
    lab_run(lab, 6, lab_block(lab, 11000));
    assert_open(lab, 1, 1);
    assert_open(lab, 2, 0);
    assert_open(lab, 3, 0);
    assert_int_equal(count_all(lab), 8 + 1 + 2 + 1);
    lab_free(&lab);
}

/* A deadline that passes before the height counts by the old version, whenever it is judged; one
 * that passes at it does not. */
static void test_deadline_before(void **state)
{
    (void)state;
    for (int at_once = 0; at_once < 2; at_once++) {
        struct lab *lab = lab_new(HEAD("3") R1("PT5S"), NULL);
        const uint64_t b1 = lab_block(lab, 1000);
        lab_feed(lab, 1, b1, "anfang", 1000); /* until 6000 */
        const uint64_t b2 = lab_block(lab, 3000);
        lab_feed(lab, 2, b2, "anfang", 3000); /* until 8000 */
        const uint64_t b3 = lab_block(lab, 7000);
        lab_version(lab, FIVE, b3 + 1);
        const uint64_t b4 = lab_block(lab, 9000);
        lab_feed(lab, 1, b4, "antwort", 9000);
        lab_feed(lab, 2, b4, "antwort", 9000);
        lab_open(lab);
        for (uint64_t h = b1; h <= b4 && !at_once; h++) {
            lab_run(lab, h < b2 ? 1 : h < b4 ? 2 : 4, h);
        }
        lab_run(lab, 4, b4);
        assert_int_equal(count_all(lab), 2);
        assert_string_equal(lab->alerts[0].state, "raised");
        assert_string_equal(lab->alerts[0].time, "1970-01-01T00:00:07.000Z");
        assert_string_equal(lab->alerts[1].state, "withdrawn");
        assert_string_equal(lab->alerts[1].time, "1970-01-01T00:00:09.000Z");
        lab_free(&lab);
    }
}

enum how {
    AT_ONCE,
    BY_BLOCK,
    LATE_AT_END,
    LATE_BETWEEN,
    RESTARTS,
    HOST_DIES,
    LATE_RESTARTS,
    WAYS
};

#define CASES 24
#define BLOCKS 40
#define LATE_FROM 17 /* cases from here on are late */

static void kill_host(struct lab *lab, uint64_t step)
{
    const int pid = rg_ruleshost_pid(lab->monitor->host);
    if (step % 7 == 3 && pid > 0 && lab->kills < 12) {
        (void)kill(pid, SIGKILL);
        lab->kills++;
    }
}

/* Cancel and correct some events, a few blocks later. */
static void add_amends(struct lab *lab)
{
    const uint64_t count = lab->feed.count;
    for (uint64_t no = 8; no <= count; no += 23) {
        const struct lab_event *e = &lab->feed.events[no - 1];
        const uint64_t h = e->height + 6 < BLOCKS ? e->height + 6 : BLOCKS;
        const bool cancel = no % 2 == 0;
        lab_amend(lab, no, cancel ? RG_ABOUT_CANCEL : RG_ABOUT_CORRECT, h,
                  cancel ? e->step : "antwort", lab->time[h]);
    }
}

struct sorted {
    struct lab_event event;
    int when;
    uint64_t no; /* before */
};

static int by_when(const void *a, const void *b)
{
    const struct sorted *x = a;
    const struct sorted *y = b;
    if (x->when != y->when) {
        return x->when - y->when;
    }
    if (x->event.height != y->event.height) {
        return x->event.height < y->event.height ? -1 : 1;
    }
    return x->no < y->no ? -1 : 1;
}

/* In the order of blocks; events of late cases that stand up to block @until behind the others up
 * to there. */
static void sort_feed(struct lab *lab, uint64_t until)
{
    const uint64_t count = lab->feed.count;
    struct sorted *all = calloc(count, sizeof *all);
    uint64_t *now = calloc(count + 1, sizeof *now);
    uint32_t events[CASES + 1] = {0};
    assert_true(all != NULL && now != NULL);
    for (uint64_t i = 0; i < count; i++) {
        const struct lab_event *e = &lab->feed.events[i];
        const int when = e->height > until ? 2 : e->case_no >= LATE_FROM ? 1 : 0;
        all[i] = (struct sorted){*e, when, i + 1};
    }
    qsort(all, count, sizeof *all, by_when);
    for (uint64_t i = 0; i < count; i++) {
        now[all[i].no] = i + 1;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct lab_event *e = &lab->feed.events[i];
        *e = all[i].event;
        e->target = e->about != RG_ABOUT_NONE ? now[e->target] : 0;
        e->event_no = events[e->case_no]++;
    }
    free(all);
    free(now);
}

/* How many of the events in feed order can be shown at block @h. */
static uint64_t shown_at(const struct lab *lab, uint64_t h, uint64_t late_until)
{
    uint64_t n = 0;
    while (n < lab->feed.count && lab->feed.events[n].height <= h &&
           !(h < late_until && lab->feed.events[n].case_no >= LATE_FROM)) {
        n++;
    }
    return n;
}

static void run_steps(struct lab *lab, int steps)
{
    for (int i = 0; i < steps; i++) {
        lab_step(lab, 20);
    }
}

static char *play(enum how how)
{
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const bool restarts = how == RESTARTS || how == LATE_RESTARTS;
    const uint64_t late = how == LATE_AT_END || how == LATE_RESTARTS ? BLOCKS
                          : how == LATE_BETWEEN                      ? 22
                                                                     : 0;
    lab_synthetic(lab, CASES, BLOCKS);
    lab_version(lab, FOUR, 15);
    lab_version(lab, FIVE, 28);
    add_amends(lab);
    sort_feed(lab, late);
    lab->hook = how == HOST_DIES ? kill_host : NULL;
    lab_open(lab);
    for (uint64_t h = 1; how != AT_ONCE && !restarts && h <= BLOCKS; h++) {
        lab_run(lab, shown_at(lab, h, late), h);
    }
    for (int i = 0; restarts && i < 30; i++) {
        lab->feed.shown = lab->feed.count;
        rg_monitor_on_feed(lab->monitor, BLOCKS, (uint64_t)lab->time[BLOCKS]);
        run_steps(lab, i);
        lab_close(lab);
        lab_open(lab);
    }
    lab_run(lab, lab->feed.count, BLOCKS);
    char *digest = lab_digest(lab);
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, lab->feed.count, BLOCKS);
    char *again = lab_digest(lab);
    assert_string_equal(again, digest);
    free(again);
    lab_free(&lab);
    return digest;
}

static void test_all_ways(void **state)
{
    (void)state;
    char *expected = play(AT_ONCE);
    assert_true(strlen(expected) > 1000);
    for (enum how how = BY_BLOCK; how < WAYS; how++) {
        char *got = play(how);
        if (strcmp(got, expected) != 0) {
            print_error("way %d differs\n", (int)how);
        }
        assert_string_equal(got, expected);
        free(got);
    }
    free(expected);
}

/* A version that the host does not take: the one before stands in, an alarm says so once. */
static void test_refused(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "ende_schritt", 900);
    const uint64_t b2 = lab_block(lab, 2000);
    lab_version(lab, FOUR, b2);
    lab->version[1].yaml = rg_bytes_str("no: definition"); /* as if the host knew less */
    lab_feed(lab, 2, b2, "ende_schritt", 900);
    lab_open(lab);
    lab_run(lab, 2, b2);
    assert_open(lab, 1, 1);
    assert_open(lab, 2, 1);
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, 2, lab_block(lab, 20000));
    size_t alarms = 0;
    (void)count_all(lab);
    for (size_t i = 0; i < lab->alert_count; i++) {
        alarms += strcmp(lab->alerts[i].rule, "rules-definition") == 0 ? 1 : 0;
    }
    assert_int_equal(alarms, 1);
    assert_int_equal(lab->alert_count, 3);
    /* The next one is taken. */
    lab_version(lab, FIVE, lab->height + 1);
    lab_run(lab, 2, lab_block(lab, 21000));
    assert_open(lab, 1, 1);
    assert_non_null(lab_find(lab, "R4", 1, 0));
    lab_free(&lab);
}

/* A host that dies of one case: of that case nothing is withdrawn, all others are judged anew. */
static void test_poison(void **state)
{
#define ANY(version, n)                                                                            \
    "process: lab\nversion: " version "\nclock: ledger\nsteps: any\nrules:\n"                      \
    "  - {id: R, template: absence, activities: [a], n: " n "}\n" R1("PT5S")
    const char *good = lab_program;
    (void)state;
    struct lab *lab = lab_new(ANY("1", "2"), NULL);
    const uint64_t h = lab_block(lab, 1000);
    for (uint64_t c = 1; c <= 10; c++) {
        lab_feed(lab, c, h, "a", 1);
        lab_feed(lab, c, h, c == 4 ? "gift" : "anfang", 2);
        lab_feed(lab, c, h, "a", 3);
    }
    lab_open(lab);
    lab_run(lab, lab->feed.count, h);
    assert_int_equal(count_all(lab), 10);
    lab_close(lab);
    lab_program = bad_program;
    lab_version(lab, ANY("2", "3"), h + 1);
    lab_open(lab);
    lab_run(lab, lab->feed.count, lab_block(lab, 9000));
    size_t withdrawn = 0;
    size_t late = 0;
    size_t faults = 0;
    (void)count_all(lab);
    for (size_t i = 0; i < lab->alert_count; i++) {
        withdrawn += strcmp(lab->alerts[i].state, "withdrawn") == 0 ? 1 : 0;
        late += strcmp(lab->alerts[i].rule, "R1") == 0 ? 1 : 0;
        faults += strcmp(lab->alerts[i].rule, "rules-fault") == 0 ? 1 : 0;
    }
    assert_int_equal(withdrawn, 9);
    assert_int_equal(late, 9);
    assert_int_equal(faults, 1);
    assert_open(lab, 4, 1);
    assert_open(lab, 5, 1);
    lab_free(&lab);
    lab_program = good;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switch),   cmocka_unit_test(test_deadline_before),
        cmocka_unit_test(test_all_ways), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_poison),
    };
    assert_true(argc > 2);
    lab_program = argv[1];
    bad_program = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
