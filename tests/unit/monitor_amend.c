/* Corrections and cancellations at the monitor: what is withdrawn, raised again, at what time,
 * once; the same however it comes, with crashes in between; and what is open in the end is what
 * would be open had the right thing been recorded at once. */
#include "monitor_lab.h"

#include <signal.h>

#include "base/bytes.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

/* The last alert of a rule on an event, or a failure. */
static const struct lab_alert *last_of(struct lab *lab, const char *rule, uint64_t case_no,
                                       int64_t event_no)
{
    const struct lab_alert *first = NULL;
    const struct lab_alert *last = NULL;
    lab_read(lab);
    first = lab_find(lab, rule, case_no, event_no);
    assert_non_null(first);
    for (size_t i = 0; i < lab->alert_count; i++) {
        last = strcmp(lab->alerts[i].alert, first->alert) == 0 ? &lab->alerts[i] : last;
    }
    return last;
}

static void assert_open(struct lab *lab, uint64_t case_no, size_t count)
{
    lab_read_open(lab, case_no);
    assert_int_equal(lab->alert_count, count);
}

static void test_cancelled(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "ende_schritt", 900); /* R2: no answer before */
    lab_feed(lab, 2, b1, "ende_schritt", 900);
    lab_open(lab);
    lab_run(lab, 2, b1);
    assert_open(lab, 1, 1);
    const uint64_t b2 = lab_block(lab, 2000);
    lab_amend(lab, 1, RG_ABOUT_CANCEL, b2, "ende_schritt", 2000);
    lab_run(lab, 3, b2);
    assert_open(lab, 1, 0);
    assert_open(lab, 2, 1);
    const struct lab_alert *a = last_of(lab, "R2", 1, 0);
    assert_int_equal(lab->alert_count, 3);
    assert_string_equal(a->state, "withdrawn");
    assert_string_equal(a->severity, "critical");
    assert_string_equal(a->time, "1970-01-01T00:00:02.000Z");
    assert_string_equal(a->entry, "1/0/100");
    assert_int_equal(a->logseq, 3);
    /* Once, also after a restart; a later step has a later number. */
    lab_close(lab);
    lab_open(lab);
    const uint64_t b3 = lab_block(lab, 3000);
    lab_feed(lab, 1, b3, "ende_schritt", 3000);
    lab_run(lab, 4, b3);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 4);
    assert_non_null(lab_find(lab, "R2", 1, 2));
    lab_free(&lab);
}

/* A deadline that passed, an answer that was recorded as something else, and back again. */
static void test_corrected_and_back(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    const uint64_t b2 = lab_block(lab, 3000);
    lab_feed(lab, 1, b2, "ende_schritt", 3000); /* should have been an answer */
    lab_open(lab);
    lab_run(lab, 2, b2);
    lab_run(lab, 2, lab_block(lab, 12000));
    assert_open(lab, 1, 2); /* R1 too late, R2 without an answer */
    const uint64_t b4 = lab_block(lab, 13000);
    lab_amend(lab, 2, RG_ABOUT_CORRECT, b4, "antwort", 3000);
    lab_run(lab, 3, b4);
    assert_open(lab, 1, 0);
    assert_string_equal(last_of(lab, "R1", 1, 0)->state, "withdrawn");
    assert_string_equal(last_of(lab, "R2", 1, 1)->state, "withdrawn");
    char first[65];
    char raised[65];
    memcpy(first, lab_find(lab, "R1", 1, 0)->id, sizeof first);
    /* The correction was wrong: all is raised once more, under new ids and the old names. */
    const uint64_t b5 = lab_block(lab, 14000);
    lab_amend(lab, 3, RG_ABOUT_CANCEL, b5, "antwort", 14000);
    lab_run(lab, 4, b5);
    assert_open(lab, 1, 1);
    const struct lab_alert *a = last_of(lab, "R1", 1, 0);
    assert_string_equal(a->state, "raised");
    assert_string_equal(a->time, "1970-01-01T00:00:14.000Z");
    assert_string_equal(a->due, "1970-01-01T00:00:11.000Z");
    assert_string_not_equal(a->id, first);
    memcpy(raised, a->id, sizeof raised);
    /* An unanswered start that is cancelled leaves nothing; the second withdrawal has its own id.
     */
    const uint64_t b6 = lab_block(lab, 15000);
    lab_amend(lab, 1, RG_ABOUT_CANCEL, b6, "anfang", 15000);
    lab_run(lab, 5, b6);
    assert_open(lab, 1, 0);
    a = last_of(lab, "R1", 1, 0);
    assert_string_equal(a->state, "withdrawn");
    size_t withdrawn = 0;
    for (size_t i = 0; i < lab->alert_count; i++) {
        const bool same = strcmp(lab->alerts[i].alert, a->alert) == 0;
        withdrawn += same && strcmp(lab->alerts[i].state, "withdrawn") == 0 ? 1 : 0;
        assert_true(i == 0 || strcmp(lab->alerts[i].id, lab->alerts[i - 1].id) != 0);
    }
    assert_int_equal(withdrawn, 2);
    lab_free(&lab);
}

/* A correction may raise, at its own time, naming the entry that holds what is wrong; and a
 * deadline that passed before it came is told before it takes it back. */
static void test_raised(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    const uint64_t b2 = lab_block(lab, 2000);
    lab_feed(lab, 1, b2, "antwort", 2000);
    lab_feed(lab, 2, b2, "anfang", 2000);
    lab_open(lab);
    lab_run(lab, 3, b2);
    const uint64_t b3 = lab_block(lab, 13000);
    lab_amend(lab, 2, RG_ABOUT_CORRECT, b3, "anfang", 2000); /* now two starts, none answered */
    lab_amend(lab, 3, RG_ABOUT_CANCEL, b3, "anfang", 13000);
    lab_run(lab, 5, b3);
    assert_open(lab, 1, 3);
    const struct lab_alert *a = last_of(lab, "R3", 1, 1);
    assert_string_equal(a->time, "1970-01-01T00:00:13.000Z");
    assert_string_equal(a->entry, "3/0/102");
    a = last_of(lab, "R1", 1, 1);
    assert_string_equal(a->due, "1970-01-01T00:00:12.000Z");
    assert_open(lab, 2, 0);
    a = last_of(lab, "R1", 2, 0);
    assert_string_equal(a->state, "withdrawn");
    const struct lab_alert *before = lab_find(lab, "R1", 2, 0);
    assert_string_equal(before->state, "raised");
    assert_string_equal(before->time, "1970-01-01T00:00:13.000Z");
    lab_free(&lab);
}

/* A deadline that a correction moved on is breached when it comes, again. */
static void test_healed(void **state)
{
    (void)state;
    struct lab *lab =
        lab_new("process: lab\nversion: 5\nclock: ledger\nsteps: [anfang, antwort, frei]\nrules:\n"
                "  - {id: R1, template: response_within, activities: [anfang, antwort],\n"
                "     within: PT10S, heal: true}\n",
                NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    lab_open(lab);
    lab_run(lab, 1, b1);
    const uint64_t b2 = lab_block(lab, 12000);
    lab_feed(lab, 1, b2, "antwort", 12000);
    lab_run(lab, 2, b2);
    assert_string_equal(last_of(lab, "R1", 1, 0)->state, "healed");
    const uint64_t b3 = lab_block(lab, 13000);
    lab_amend(lab, 2, RG_ABOUT_CORRECT, b3, "frei", 12000); /* no answer after all */
    lab_run(lab, 3, b3);
    assert_open(lab, 1, 1);
    assert_string_equal(last_of(lab, "R1", 1, 0)->state, "raised");
    assert_int_equal(lab->alert_count, 3);
    const uint64_t b4 = lab_block(lab, 14000);
    lab_amend(lab, 3, RG_ABOUT_CORRECT, b4, "antwort", 12000);
    lab_run(lab, 4, b4);
    assert_open(lab, 1, 0);
    assert_string_equal(last_of(lab, "R1", 1, 0)->state, "healed");
    assert_int_equal(lab->alert_count, 4);
    lab_free(&lab);
}

/* A log with amendments of every kind: some hit what was amended already, and lab_feed numbers tell
 * what is in force. */
static void amended_log(struct lab *lab, uint64_t cases, uint64_t blocks)
{
    static const char *const steps[] = {"anfang", "antwort", "ende_schritt"};
    uint64_t seed = 99;
    for (uint64_t b = 1; b <= blocks; b++) {
        const uint64_t h = lab_block(lab, (int64_t)(b * 3000));
        for (uint64_t c = 1; c <= cases; c++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const uint64_t dice = (seed >> 33) % 100;
            const char *step = steps[(seed >> 45) % 3];
            if (dice < 25) {
                lab_feed(lab, c, h, step, (int64_t)(b * 3000));
                continue;
            }
            if (dice >= 35 || lab->feed.count == 0) {
                continue;
            }
            const uint64_t target = 1 + (seed >> 21) % lab->feed.count;
            bool taken = lab->feed.events[target - 1].about == RG_ABOUT_CANCEL;
            for (uint64_t i = target; i < lab->feed.count; i++) {
                const struct lab_event *e = &lab->feed.events[i];
                taken = taken || (e->about != RG_ABOUT_NONE && e->target == target);
            }
            if (!taken) {
                lab_amend(lab, target, dice < 29 ? RG_ABOUT_CANCEL : RG_ABOUT_CORRECT, h, step,
                          (int64_t)(b * 3000));
            }
        }
    }
}

static uint64_t shown_at(const struct lab *lab, uint64_t height)
{
    uint64_t shown = 0;
    while (shown < lab->feed.count && lab->feed.events[shown].height <= height) {
        shown++;
    }
    return shown;
}

#define CASES 40u
#define BLOCKS 40u

static void test_same_however_it_comes(void **state)
{
    (void)state;
    char *digest[4] = {NULL};
    for (int way = 0; way < 4; way++) {
        struct lab *lab = lab_new(LAB_PROCESS, NULL);
        amended_log(lab, CASES, BLOCKS);
        lab->hook = way == 2 ? lab_kill_host : NULL;
        lab_open(lab);
        for (uint64_t h = way == 1 ? BLOCKS : 1; h <= BLOCKS; h++) {
            if (way == 3) { /* stopped anywhere, with what was judged and not written */
                lab->feed.shown = shown_at(lab, h);
                rg_monitor_on_feed(lab->monitor, h, (uint64_t)lab->time[h]);
                for (uint64_t i = 0; i < h % 7; i++) {
                    lab_step(lab, 20);
                }
                lab_close(lab);
                lab_open(lab);
            }
            lab_run(lab, shown_at(lab, h), h);
        }
        digest[way] = lab_digest(lab);
        assert_true(lab->alert_count > 200);
        lab_free(&lab);
    }
    for (int way = 1; way < 4; way++) {
        assert_string_equal(digest[0], digest[way]);
    }
    for (int way = 0; way < 4; way++) {
        free(digest[way]);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of what is open, sorted. */
static char *open_names(struct lab *lab)
{
    const char *name[512];
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    for (uint64_t c = 1; c <= CASES; c++) {
        lab_read_open(lab, c);
        assert_true(lab->alert_count <= 512);
        for (size_t i = 0; i < lab->alert_count; i++) {
            name[i] = lab->alerts[i].alert;
        }
        qsort(name, lab->alert_count, sizeof name[0], by_text);
        for (size_t i = 0; i < lab->alert_count; i++) {
            (void)fprintf(f, "%s\n", name[i]);
        }
    }
    (void)fclose(f);
    return text;
}

/* Write the feed as if all had been right from the start; entries about others say nothing. */
static void put_right(struct rg_feed *f)
{
    for (uint64_t i = 0; i < f->count; i++) {
        struct lab_event *e = &f->events[i];
        const struct lab_event *now = e;
        for (uint64_t k = i + 1; e->about == RG_ABOUT_NONE && k < f->count; k++) {
            const struct lab_event *by = &f->events[k];
            if (by->about != RG_ABOUT_NONE && by->target == (uint64_t)(now - f->events) + 1) {
                now = by;
            }
        }
        const bool gone = e->about != RG_ABOUT_NONE || now->about == RG_ABOUT_CANCEL;
        char step[64];
        (void)snprintf(step, sizeof step, "%s", gone ? "nichts" : now->step);
        memcpy(e->step, step, sizeof step);
        e->occurred_ms = now->occurred_ms;
    }
    for (uint64_t i = 0; i < f->count; i++) {
        f->events[i].about = RG_ABOUT_NONE;
    }
}

static void test_as_if_it_had_been_right(void **state)
{
    (void)state;
    char *names[2];
    for (int right = 0; right < 2; right++) {
        struct lab *lab = lab_new(LAB_PROCESS, NULL);
        amended_log(lab, CASES, BLOCKS);
        if (right == 1) {
            put_right(&lab->feed);
        }
        lab_open(lab);
        lab_run(lab, lab->feed.count, BLOCKS);
        names[right] = open_names(lab);
        lab_free(&lab);
    }
    assert_true(strlen(names[0]) > 50 * 65u);
    assert_string_equal(names[0], names[1]);
    free(names[0]);
    free(names[1]);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_corrected_and_back),
        cmocka_unit_test(test_raised),
        cmocka_unit_test(test_healed),
        cmocka_unit_test(test_same_however_it_comes),
        cmocka_unit_test(test_as_if_it_had_been_right),
    };
    return cmocka_run_group_tests_name("monitor_amend", tests, NULL, NULL);
}
