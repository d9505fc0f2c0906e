/* Alerts of a node: which, when, once; with a rules host that is killed, a process that is killed,
 * deadlines on the edge and cases that come late. */
#include "monitor_lab.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "node/monitor/evaluate_priv.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

static void test_exact(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    const uint64_t b2 = lab_block(lab, 5000);
    lab_feed(lab, 1, b1, "anfang", 900);
    lab_feed(lab, 2, b1, "anfang", 900);
    lab_feed(lab, 2, b2, "anfang", 4000);
    lab_feed(lab, 3, b2, "ende_schritt", 4500);
    lab_open(lab);
    lab_run(lab, 4, b2);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 2);
    const struct lab_alert *a = lab_find(lab, "R3", 2, 1);
    assert_non_null(a);
    assert_string_equal(a->severity, "warning");
    assert_string_equal(a->time, "1970-01-01T00:00:05.000Z");
    assert_string_equal(a->entry, "2/0/201");
    assert_string_equal(a->agency, "BAMF");
    assert_string_equal(a->step, "anfang");
    a = lab_find(lab, "R2", 3, 0);
    assert_non_null(a);
    assert_string_equal(a->severity, "critical");
    assert_string_equal(a->due, "");
    assert_int_equal(strlen(a->id), 64);
    assert_string_not_equal(a->id, a->alert);

    /* The same once more adds nothing, also after a restart. */
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, 4, b2);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 2);
    lab_free(&lab);
}

/* A deadline is breached by the first block later than it, and not by one at that very time. */
static void test_boundary(void **state)
{
    (void)state;
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    lab_feed(lab, 2, b1, "anfang", 1000);
    lab_feed(lab, 3, b1, "anfang", 1000);
    lab_open(lab);
    lab_run(lab, 3, b1);
    const uint64_t b2 = lab_block(lab, 11000);
    lab_feed(lab, 1, b2, "antwort", 11000);
    lab_run(lab, 4, b2);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 0);
    const uint64_t b3 = lab_block(lab, 11001);
    lab_feed(lab, 2, b3, "antwort", 11000);
    lab_run(lab, 5, b3);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 2);
    assert_null(lab_find(lab, "R1", 1, 0));
    for (uint64_t c = 2; c <= 3; c++) {
        const struct lab_alert *a = lab_find(lab, "R1", c, 0);
        assert_non_null(a);
        assert_string_equal(a->time, "1970-01-01T00:00:11.001Z");
        assert_string_equal(a->due, "1970-01-01T00:00:11.000Z");
        assert_string_equal(a->entry, c == 2 ? "1/0/200" : "1/0/300");
    }
    const uint64_t b4 = lab_block(lab, 99000);
    lab_run(lab, 5, b4);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 2);
    lab_free(&lab);
}

/* Run block by block, as a node follows its chain. */
static void run_blocks(struct lab *lab, uint64_t from)
{
    uint64_t shown = 0;
    for (uint64_t h = 1; h <= lab->height; h++) {
        while (shown < lab->feed.count && lab->feed.events[shown].height <= h) {
            shown++;
        }
        if (h >= from) {
            lab_run(lab, shown, h);
        }
    }
}

static char *undisturbed(uint64_t cases, uint64_t blocks, size_t *count)
{
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, cases, blocks);
    lab_open(lab);
    run_blocks(lab, 1);
    char *digest = lab_digest(lab);
    *count = lab->alert_count;
    lab_free(&lab);
    return digest;
}

static void kill_host(struct lab *lab, uint64_t step)
{
    const int pid = rg_ruleshost_pid(lab->monitor->host);
    if (pid > 0 && lab->kills < 20 && step % 7 == 3) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        lab->kills++;
    }
}

static void test_host_killed(void **state)
{
    (void)state;
    size_t count = 0;
    char *want = undisturbed(40, 40, &count);
    assert_true(count > 100);
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 40, 40);
    lab->hook = kill_host;
    lab_open(lab);
    run_blocks(lab, 1);
    char *got = lab_digest(lab);
    assert_int_equal(lab->kills, 20);
    assert_string_equal(got, want);
    /* Each end was told, as an alert of the system. */
    size_t system = 0;
    for (size_t i = 0; i < lab->alert_count; i++) {
        system += strcmp(lab->alerts[i].severity, "system") == 0 ? 1 : 0;
        assert_int_equal(lab->alerts[i].logseq, i + 1);
    }
    assert_in_range(system, 1, 20);
    lab_free(&lab);
    free(got);
    free(want);
}

static uint64_t die_at;

static void die(struct lab *lab, uint64_t step)
{
    (void)lab;
    if (step == die_at) {
        (void)raise(SIGKILL);
    }
}

/* One life of the process: killed at its step @at, or done and its digest written. */
static void live(const char *dir, uint64_t at)
{
    struct lab *lab = lab_new(LAB_PROCESS, dir);
    lab_synthetic(lab, 25, 20);
    lab->hook = die;
    die_at = at;
    lab->feed.shown = lab->feed.count; /* the vault was there before the alerts */
    lab_open(lab);
    lab->monitor->evaluate->narrow = 1000; /* event by event: more places to die at */
    lab_run(lab, lab->feed.count, lab->height);
    char *digest = lab_digest(lab);
    FILE *f = fopen(tmp_path(&lab->tmp, "digest"), "w");
    assert_non_null(f);
    (void)fputs(digest, f);
    (void)fclose(f);
    lab_free(&lab);
    _exit(0);
}

/* The process dies after more and more steps; what the last life finds is what an undisturbed one
 * writes. */
static void test_process_killed(void **state)
{
    (void)state;
    size_t count = 0;
    const struct tmp t = tmp_make();
    int deaths = 0;
    int status = -1;
    for (uint64_t at = 1; at < 200 && status != 0; at++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            live(t.path, at);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        deaths += WIFSIGNALED(status) ? 1 : 0;
        assert_true(status == 0 || WTERMSIG(status) == SIGKILL);
    }
    assert_int_equal(status, 0);
    assert_true(deaths >= 10);
    /* Only now, since no socket may be open across a fork. */
    char *want = undisturbed(25, 20, &count);
    size_t len = 0;
    char *got = (char *)tmp_read(tmp_path(&t, "digest"), &len);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(got, want, len);
    free(got);
    free(want);
    tmp_remove(&t);
}

/* Cases whose key came late, event by event behind the others: same ids, same times. */
static void test_late(void **state)
{
    (void)state;
    size_t count = 0;
    char *want = undisturbed(30, 30, &count);
    struct lab *lab = lab_new(LAB_PROCESS, NULL);
    lab_synthetic(lab, 30, 30);
    struct lab_event *all = lab->feed.events;
    struct lab_event *sorted = calloc(LAB_EVENTS_MAX, sizeof *sorted);
    assert_non_null(sorted);
    uint64_t n = 0;
    for (int late = 0; late <= 1; late++) {
        for (uint64_t i = 0; i < lab->feed.count; i++) {
            if ((all[i].case_no % 3 == 0) == (late == 1)) {
                sorted[n] = all[i];
                n++;
            }
        }
    }
    lab->feed.events = sorted;
    lab_open(lab);
    uint64_t shown = 0;
    while (shown < n && sorted[shown].case_no % 3 != 0) {
        shown++;
    }
    lab_run(lab, shown, lab->height);
    const size_t before = (lab_read(lab), lab->alert_count);
    /* The late ones at once, as their keys bring them, but judged event by event: between two of a
     * case the ledger is far ahead of it. */
    struct rg_monitor_status s;
    lab->feed.shown = n;
    rg_monitor_on_feed(lab->monitor, lab->height, (uint64_t)lab->time[lab->height]);
    rg_monitor_get_status(lab->monitor, &s);
    assert_true(s.rules_height < lab->height);
    lab->monitor->evaluate->narrow = 1000;
    lab_run(lab, n, lab->height);
    char *got = lab_digest(lab);
    assert_true(lab->alert_count > before);
    assert_string_equal(got, want);
    lab->feed.events = all;
    free(sorted);
    lab_free(&lab);
    free(got);
    free(want);
}

static struct lab *two_blocks(const char *yaml, const char *dir)
{
    struct lab *lab = lab_new(yaml, dir);
    const uint64_t b1 = lab_block(lab, 1000);
    for (uint64_t c = 1; c <= 5; c++) {
        lab_feed(lab, c, b1, "anfang", 1000);
    }
    const uint64_t b2 = lab_block(lab, 2000);
    for (uint64_t c = 1; c <= 5; c++) {
        lab_feed(lab, c, b2, "anfang", 2000);
    }
    (void)lab_block(lab, 50000);
    return lab;
}

/* A state that the rules cannot read any more, here of another version of them: the case is judged
 * anew from its first event, and nothing of it is missed. */
static void test_unreadable_state(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct lab *lab = two_blocks(LAB_PROCESS, t.path);
    lab_open(lab);
    lab_run(lab, 5, 1);
    lab_free(&lab);
    lab = two_blocks(
        "process: lab\nversion: 4\nclock: ledger\nreaders: all\nsteps: any\n" LAB_RULES, t.path);
    lab->feed.shown = 5;
    lab_open(lab);
    lab_run(lab, 10, 2);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 5);
    for (uint64_t c = 1; c <= 5; c++) {
        assert_non_null(lab_find(lab, "R3", c, 1));
    }
    lab_run(lab, 10, 3);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 15);
    for (uint64_t c = 1; c <= 5; c++) {
        assert_non_null(lab_find(lab, "R1", c, 0));
        assert_string_equal(lab_find(lab, "R1", c, 1)->due, "1970-01-01T00:00:12.000Z");
    }
    lab_free(&lab);
    tmp_remove(&t);
}

/* What comes late heals its alert: told under the same name and no longer open. */
static void test_healed(void **state)
{
    (void)state;
    struct lab *lab =
        lab_new("process: lab\nversion: 5\nclock: ledger\nsteps: [anfang, antwort]\nrules:\n"
                "  - {id: R1, template: response_within, activities: [anfang, antwort],\n"
                "     within: PT10S, hard: PT20S, heal: true}\n",
                NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "anfang", 1000);
    lab_feed(lab, 2, b1, "anfang", 1000);
    lab_open(lab);
    lab_run(lab, 2, b1);
    lab_run(lab, 2, lab_block(lab, 12000));
    lab_read_open(lab, 1);
    assert_int_equal(lab->alert_count, 1);
    assert_string_equal(lab->alerts[0].state, "raised");
    char alert[65];
    char id[65];
    memcpy(alert, lab->alerts[0].alert, sizeof alert);
    memcpy(id, lab->alerts[0].id, sizeof id);
    const uint64_t b3 = lab_block(lab, 13000);
    lab_feed(lab, 1, b3, "antwort", 13000);
    lab_run(lab, 3, b3);
    lab_read_open(lab, 1);
    assert_int_equal(lab->alert_count, 0);
    lab_read_open(lab, 2);
    assert_int_equal(lab->alert_count, 1);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 3);
    const struct lab_alert *a = &lab->alerts[2];
    assert_string_equal(a->state, "healed");
    assert_string_equal(a->severity, "warning");
    assert_string_equal(a->alert, alert);
    assert_string_not_equal(a->id, id);
    assert_int_equal(a->event_no, 0);
    assert_string_equal(a->time, "1970-01-01T00:00:13.000Z");
    /* The hard limit of the other is a critical alert of its own. */
    lab_run(lab, 3, lab_block(lab, 22000));
    lab_read_open(lab, 2);
    assert_int_equal(lab->alert_count, 2);
    assert_string_equal(lab->alerts[1].severity, "critical");
    assert_string_equal(lab->alerts[1].rule, "R1.hard");
    lab_read_open(lab, 1);
    assert_int_equal(lab->alert_count, 0);
    lab_free(&lab);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process_killed), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_boundary),       cmocka_unit_test(test_host_killed),
        cmocka_unit_test(test_late),           cmocka_unit_test(test_unreadable_state),
        cmocka_unit_test(test_healed),
    };
    return cmocka_run_group_tests_name("monitor_alerts", tests, NULL, NULL);
}
