/* Acknowledgements and escalations over versions of the process definition: what was seen and still
 * holds stays seen, what is due is told once, at the time and by the version of its block; the same
 * however it comes, with late keys, restarts and dying hosts. */
#include "monitor_lab.h"

#include <signal.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "node/monitor/alertdigest.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

#define HEAD(version, after)                                                                       \
    "process: lab\nversion: " version "\nclock: ledger\n" after                                    \
    "readers: all\nsteps: [anfang, antwort, ende_schritt]\nrules:\n"
#define R1(limit)                                                                                  \
    "  - id: R1\n    template: response_within\n    activities: [anfang, antwort]\n"               \
    "    within: " limit "\n    severity: critical\n    heal: true\n"
#define R2(to)                                                                                     \
    "  - id: R2\n    template: precedence\n    activities: [antwort, ende_schritt]\n"              \
    "    severity: critical\n    to: [" to "]\n"
#define R3                                                                                         \
    "  - id: R3\n    template: absence\n    activities: [anfang]\n    n: 2\n"                      \
    "    severity: critical\n"
#define R4                                                                                         \
    "  - id: R4\n    template: absence\n    activities: [ende_schritt]\n    n: 1\n"                \
    "    severity: critical\n"
#define THREE HEAD("3", "escalate_after: PT20S\n") R1("PT90S") R2("BAMF") R3
#define FOUR HEAD("4", "escalate_after: PT5S\n") R1("PT90S") R2("LDS-SN") R4
#define FIVE HEAD("5", "") R1("PT7S") R2("BAMF") R3

/* The states that the alert of a rule on an event was told in, in order: `raised escalated`. */
static const char *told(struct lab *lab, const char *rule, uint64_t case_no, int64_t event_no)
{
    static char text[256];
    size_t len = 0;
    lab_read(lab);
    const struct lab_alert *first = lab_find(lab, rule, case_no, event_no);
    text[0] = '\0';
    for (size_t i = 0; first != NULL && i < lab->alert_count; i++) {
        const struct lab_alert *a = &lab->alerts[i];
        if (strcmp(a->alert, first->alert) == 0) {
            const int n =
                snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? " " : "", a->state);
            assert_true(n > 0 && (size_t)n < sizeof text - len);
            len += (size_t)n;
        }
    }
    return text;
}

/* The one alert of a case with this state, in what was read last. */
static const struct lab_alert *one(struct lab *lab, uint64_t case_no, const char *state)
{
    const struct rg_id id = lab_pseudonym(case_no);
    const struct lab_alert *found = NULL;
    char subject[33];
    rg_hex_format(id.b, sizeof id.b, subject);
    for (size_t i = 0; i < lab->alert_count; i++) {
        const struct lab_alert *a = &lab->alerts[i];
        if (strcmp(a->subject, subject) == 0 && strcmp(a->state, state) == 0) {
            assert_null(found);
            found = a;
        }
    }
    assert_non_null(found);
    return found;
}

static void ack(struct lab *lab, const char *rule, uint64_t case_no, int64_t event_no, uint64_t h)
{
    lab_read(lab);
    const struct lab_alert *a = lab_find(lab, rule, case_no, event_no);
    assert_non_null(a);
    lab_ack(lab, case_no, h, a->id, "seen");
}

/* Show all that was fed, up to the newest block. */
static void run_all(struct lab *lab)
{
    lab_run(lab, lab->feed.count, lab->height);
}

static void test_switch(void **state)
{
    (void)state;
    struct lab *lab = lab_new(THREE, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "ende_schritt", 900); /* R2 by both: seen */
    lab_feed(lab, 2, b1, "ende_schritt", 900); /* R2 by both: not seen */
    for (uint64_t c = 3; c <= 4; c++) {        /* R3 by the old one only: 3 is seen, 4 not */
        lab_feed(lab, c, b1, "anfang", 900);
        lab_feed(lab, c, b1, "anfang", 900);
    }
    lab_open(lab);
    run_all(lab);
    const uint64_t b2 = lab_block(lab, 2000);
    ack(lab, "R2", 1, 0, b2);
    ack(lab, "R3", 3, 1, b2);
    run_all(lab);
    lab_run(lab, lab->feed.count, lab_block(lab, 21000)); /* exactly: nothing is due */
    lab_read(lab);
    assert_int_equal(lab->alert_count, 6);
    lab_version(lab, FOUR, lab->height + 1);
    lab_run(lab, lab->feed.count, lab_block(lab, 21001));
    assert_string_equal(told(lab, "R2", 1, 0), "raised acknowledged");
    assert_string_equal(told(lab, "R2", 2, 0), "raised escalated");
    assert_string_equal(told(lab, "R3", 3, 1), "raised acknowledged withdrawn");
    assert_string_equal(told(lab, "R3", 4, 1), "raised escalated withdrawn");
    assert_string_equal(told(lab, "R4", 1, 0), "raised");
    assert_int_equal(lab->alert_count, 6 + 2 + 2 + 2);
    /* By the limit of the old version, at the time of the block, asked as the new one says. */
    const struct lab_alert *a = one(lab, 2, "escalated");
    assert_string_equal(a->time, "1970-01-01T00:00:21.001Z");
    assert_non_null(strstr(a->message, "Asked: LDS-SN."));
    lab_read_open(lab, 1); /* it shows still who has seen it */
    assert_int_equal(lab->alert_count, 2);
    assert_string_equal(lab->alerts[0].who, "LDS-SN desk seen");
    /* By the new version's limit from now on, also after a restart; what was told is not again. */
    const uint64_t b5 = lab_block(lab, 22000);
    ack(lab, "R4", 1, 0, b5);
    ack(lab, "R2", 2, 0, b5);
    run_all(lab);
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, lab->feed.count, lab_block(lab, 26001));
    assert_string_equal(told(lab, "R4", 2, 0), "raised");
    lab_run(lab, lab->feed.count, lab_block(lab, 27000));
    assert_string_equal(told(lab, "R4", 2, 0), "raised escalated");
    assert_string_equal(told(lab, "R4", 1, 0), "raised acknowledged");
    assert_string_equal(told(lab, "R2", 2, 0), "raised escalated acknowledged");
    /* What is raised anew by a third version is to be seen anew, and is never due by this one. */
    lab_version(lab, FIVE, lab->height + 1);
    lab_run(lab, lab->feed.count, lab_block(lab, 28000));
    lab_run(lab, lab->feed.count, lab_block(lab, 90000));
    assert_string_equal(told(lab, "R3", 3, 1), "raised acknowledged withdrawn raised");
    assert_string_equal(told(lab, "R4", 1, 0), "raised acknowledged withdrawn");
    assert_string_equal(told(lab, "R2", 1, 0), "raised acknowledged");
    assert_string_equal(told(lab, "R2", 2, 0), "raised escalated acknowledged");
    lab_free(&lab);
}

#define MANY 150u /* more than are escalated in one transaction */

/* What the last block of a version makes due is told by that version, whenever it is judged. An
 * entry of the next block acknowledges nothing that the new version withdraws. */
static void test_due_before(void **state)
{
    (void)state;
    char id[65] = "";
    for (int at_once = 0; at_once < 2; at_once++) {
        struct lab *lab = lab_new(THREE, NULL);
        const uint64_t b1 = lab_block(lab, 1000);
        for (uint64_t c = 1; c <= MANY; c++) {
            lab_feed(lab, c, b1, "ende_schritt", 900);
        }
        lab_feed(lab, MANY + 1, b1, "anfang", 900);
        lab_feed(lab, MANY + 1, b1, "anfang", 900);
        if (!at_once) {
            lab_open(lab);
            run_all(lab);
            lab_read(lab);
            (void)snprintf(id, sizeof id, "%s", one(lab, MANY + 1, "raised")->id);
        }
        const uint64_t b2 = lab_block(lab, 22000);
        if (!at_once) {
            run_all(lab);
        }
        lab_version(lab, FOUR, b2 + 1);
        lab_ack(lab, MANY + 1, lab_block(lab, 23000), id, "late");
        lab_feed(lab, 1, lab_block(lab, 24000), "antwort", 24000);
        if (at_once) {
            lab_open(lab);
        }
        run_all(lab);
        assert_string_equal(told(lab, "R3", MANY + 1, 1), "raised escalated withdrawn");
        for (uint64_t c = 1; c <= MANY; c++) {
            const struct lab_alert *a = one(lab, c, "escalated");
            assert_string_equal(a->time, "1970-01-01T00:00:22.000Z");
            assert_non_null(strstr(a->message, "Asked: BAMF."));
        }
        lab_free(&lab);
    }
}

#define CASES 24u
#define BLOCKS 40u
#define LATE_FROM 17u /* cases from here on may be late */

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

static void add_versions(struct lab *lab)
{
    lab_version(lab, FOUR, 15);
    lab_version(lab, FIVE, 28);
}

/* Steps, corrections and acknowledgements over three versions, judged block by block. */
static struct lab *live_log(void)
{
    struct lab *lab = lab_new(THREE, NULL);
    uint64_t seed = 11;
    add_versions(lab);
    lab_open(lab);
    for (uint64_t b = 1; b <= BLOCKS; b++) {
        const uint64_t h = lab_block(lab, (int64_t)(b * 3000));
        lab_live_block(lab, h, (int64_t)(b * 3000), CASES, &seed);
        run_all(lab);
    }
    return lab;
}

/* Feed what @live has, events of late cases that stand up to block @until behind all others up to
 * there. */
static void copy_feed(struct lab *lab, const struct lab *live, uint64_t until)
{
    uint64_t *now = calloc(live->feed.count + 1, sizeof *now);
    uint64_t count = 0;
    assert_non_null(now);
    for (int when = 0; when < 3; when++) {
        for (uint64_t i = 0; i < live->feed.count; i++) {
            const struct lab_event *e = &live->feed.events[i];
            if (when == (e->height > until ? 2 : e->case_no >= LATE_FROM ? 1 : 0)) {
                lab->feed.events[count] = *e;
                count++;
                now[i + 1] = count;
            }
        }
    }
    for (uint64_t i = 0; i < count; i++) {
        lab->feed.events[i].target = now[lab->feed.events[i].target];
    }
    free(now);
    lab->feed.count = count;
    lab->feed.cases = live->feed.cases;
    memcpy(lab->feed.case_events, live->feed.case_events, sizeof lab->feed.case_events);
    while (lab->height < BLOCKS) {
        lab_block(lab, live->time[lab->height + 1]);
    }
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

/* The log, and what would be told to the peers of it at the checkpoints behind both switches. */
static char *log_and_digests(struct lab *lab)
{
    static struct rg_alertdigest_list list[2];
    char hex[2][2 * RG_HASH_BYTES + 1];
    char *text = NULL;
    char *log = lab_digest(lab);
    _Static_assert(BLOCKS / RG_ALERTDIGEST_STEP == 2, "two checkpoints");
    assert_int_equal(rg_alertdigest_read(lab->monitor->kv, 2, 2, list), RG_OK);
    for (int i = 0; i < 2; i++) {
        rg_hex_format(list[1].at[i].b, RG_HASH_BYTES, hex[i]);
    }
    assert_string_not_equal(hex[0], hex[1]);
    assert_true(asprintf(&text, "%s%s %s\n", log, hex[0], hex[1]) > 0);
    free(log);
    return text;
}

static char *play(const struct lab *live, enum how how)
{
    const bool restarts = how == RESTARTS || how == LATE_RESTARTS;
    const uint64_t late = how == LATE_AT_END || how == LATE_RESTARTS ? BLOCKS
                          : how == LATE_BETWEEN                      ? 22
                                                                     : 0;
    struct lab *lab = lab_new(THREE, NULL);
    add_versions(lab);
    copy_feed(lab, live, late);
    lab->hook = how == HOST_DIES ? lab_kill_host : NULL;
    lab_open(lab);
    for (uint64_t h = how == AT_ONCE ? BLOCKS : 1; h <= BLOCKS; h++) {
        if (restarts) { /* stopped anywhere, with what was judged and not written */
            lab->feed.shown = shown_at(lab, h, late);
            rg_monitor_on_feed(lab->monitor, h, (uint64_t)lab->time[h]);
            for (uint64_t i = 0; i < h % 7; i++) {
                lab_step(lab, 20);
            }
            lab_close(lab);
            lab_open(lab);
        }
        lab_run(lab, shown_at(lab, h, late), h);
    }
    lab_close(lab); /* and a restart changes nothing */
    lab_open(lab);
    lab_run(lab, lab->feed.count, BLOCKS);
    char *digest = log_and_digests(lab);
    lab_free(&lab);
    return digest;
}

static void test_all_ways(void **state)
{
    (void)state;
    static const char *const states[] = {"acknowledged", "escalated", "withdrawn"};
    size_t in_state[3] = {0};
    struct lab *live = live_log();
    char *expected = log_and_digests(live);
    for (size_t i = 0; i < live->alert_count; i++) {
        for (size_t s = 0; s < 3; s++) {
            in_state[s] += strcmp(live->alerts[i].state, states[s]) == 0 ? 1 : 0;
        }
    }
    assert_true(in_state[0] > 20 && in_state[1] > 20 && in_state[2] > 10);
    for (enum how how = AT_ONCE; how < WAYS; how++) {
        char *got = play(live, how);
        if (strcmp(got, expected) != 0) {
            print_error("way %d differs\n", (int)how);
        }
        assert_string_equal(got, expected);
        free(got);
    }
    free(expected);
    lab_free(&live);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_due_before),
        cmocka_unit_test(test_all_ways),
    };
    assert_true(argc > 1);
    lab_program = argv[1];
    return cmocka_run_group_tests_name("monitor_switch", tests, NULL, NULL);
}
