/* Acknowledgements and escalations at the monitor: what is told, at what time, once; what changes
 * nothing; the same however it comes, with crashes in between. */
#include "monitor_lab.h"

#include <signal.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"

/* R1 warns after 10 s, R2 is critical; R4 is critical after 10 s and can be healed. */
#define PROCESS                                                                                    \
    "process: lab\nversion: 3\nclock: ledger\nescalate_after: PT20S\nreaders: all\n"               \
    "steps: [anfang, antwort, ende_schritt]\n" LAB_RULES                                           \
    "  - id: R4\n    template: response_within\n    activities: [anfang, antwort]\n"               \
    "    within: PT10S\n    severity: critical\n    heal: true\n    to: [BAMF, LDS-SN]\n"          \
    "    message: {de: zu spaet, en: too late}\n"

/* The last alert of a rule on an event, or a failure. */
static const struct lab_alert *last_of(struct lab *lab, const char *rule, uint64_t case_no,
                                       int64_t event_no)
{
    const struct lab_alert *last = NULL;
    lab_read(lab);
    const struct lab_alert *first = lab_find(lab, rule, case_no, event_no);
    assert_non_null(first);
    for (size_t i = 0; i < lab->alert_count; i++) {
        last = strcmp(lab->alerts[i].alert, first->alert) == 0 ? &lab->alerts[i] : last;
    }
    return last;
}

static void assert_last(struct lab *lab, const char *rule, uint64_t case_no, const char *state,
                        size_t count)
{
    assert_string_equal(last_of(lab, rule, case_no, 0)->state, state);
    assert_int_equal(lab->alert_count, count);
}

static void id_of(struct lab *lab, const char *rule, uint64_t case_no, char out[static 65])
{
    lab_read(lab);
    const struct lab_alert *a = lab_find(lab, rule, case_no, 0);
    assert_non_null(a);
    (void)snprintf(out, 65, "%s", a->id);
}

/* Show all that was fed, up to the newest block. */
static void run_all(struct lab *lab)
{
    lab_run(lab, lab->feed.count, lab->height);
}

static struct rg_monitor_raised raised(struct lab *lab, const char *id)
{
    struct rg_monitor_raised r = {.case_no = 0};
    struct rg_hash h;
    assert_int_equal(rg_hex_parse(id, h.b, RG_HASH_BYTES), RG_OK);
    assert_int_equal(rg_monitor_find_raised(lab->monitor, &h, &r), RG_OK);
    return r;
}

static void count_one(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    assert_true(logseq > 0 && topic.len > 0 && json.len > 0);
    ++*(size_t *)ctx;
}

/* How many alerts a query gives. */
static size_t count(struct lab *lab, struct rg_monitor_query q)
{
    size_t n = 0;
    uint64_t next = 0;
    bool more = false;
    q.max = 1000;
    q.max_bytes = 1024 * 1024;
    assert_int_equal(rg_monitor_alerts(lab->monitor, &q, count_one, &n, &next, &more), RG_OK);
    assert_false(more);
    return n;
}

static size_t unacknowledged(struct lab *lab)
{
    return count(lab, (struct rg_monitor_query){.unacknowledged = true});
}

static void test_acknowledged(void **state)
{
    (void)state;
    char id[65];
    struct lab *lab = lab_new(PROCESS, NULL);
    lab_feed(lab, 1, lab_block(lab, 1000), "ende_schritt", 900); /* R2 */
    lab_open(lab);
    run_all(lab);
    id_of(lab, "R2", 1, id);
    assert_int_equal(unacknowledged(lab), 1);
    assert_true(raised(lab, id).open && !raised(lab, id).acknowledged);
    assert_int_equal(raised(lab, id).case_no, 1);
    lab_ack(lab, 1, lab_block(lab, 2000), id, "seen");
    run_all(lab);
    assert_last(lab, "R2", 1, "acknowledged", 2);
    const struct lab_alert *a = last_of(lab, "R2", 1, 0);
    assert_string_equal(a->time, "1970-01-01T00:00:02.000Z");
    assert_string_equal(a->severity, "critical");
    assert_string_equal(a->who, "LDS-SN desk seen");
    assert_string_not_equal(a->id, id);
    assert_true(raised(lab, id).open && raised(lab, id).acknowledged);
    assert_int_equal(unacknowledged(lab), 0);
    lab_read_open(lab, 1); /* it holds, and shows who has seen it */
    assert_int_equal(lab->alert_count, 1);
    assert_string_equal(lab->alerts[0].state, "acknowledged");
    /* Once; and not for another case; and nothing that is no raise. */
    lab_ack(lab, 1, lab_block(lab, 3000), id, "again");
    lab_feed(lab, 2, lab->height, "ende_schritt", 900);
    lab_ack(lab, 2, lab_block(lab, 4000), id, "other");
    char own[65];
    (void)snprintf(own, sizeof own, "%s", last_of(lab, "R2", 1, 0)->id);
    lab_ack(lab, 1, lab->height, own, "no_raise");
    memset(own, '5', 64);
    lab_ack(lab, 1, lab->height, own, "unknown");
    run_all(lab);
    assert_last(lab, "R2", 1, "acknowledged", 3);
    assert_last(lab, "R2", 2, "raised", 3);
    /* Steps after it have their numbers; what was seen in time is not escalated, the other is. */
    lab_feed(lab, 1, lab_block(lab, 30000), "ende_schritt", 30000);
    run_all(lab);
    assert_non_null(lab_find(lab, "R2", 1, 0));
    lab_read(lab);
    assert_non_null(lab_find(lab, "R2", 1, 5));
    assert_last(lab, "R2", 2, "escalated", 5);
    assert_string_equal(last_of(lab, "R2", 2, 0)->time, "1970-01-01T00:00:30.000Z");
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, lab->feed.count, lab_block(lab, 90000));
    assert_last(lab, "R2", 1, "acknowledged", 6); /* that on event 5 was escalated by now */
    lab_free(&lab);
}

/* At exactly its time an acknowledgement is in time; a block later than that escalates first. */
static void test_in_time(void **state)
{
    (void)state;
    char id[65];
    for (int late = 0; late < 2; late++) {
        for (int behind = 0; behind < 2; behind++) { /* judged as it comes, or all at once */
            struct lab *lab = lab_new(PROCESS, NULL);
            lab_feed(lab, 1, lab_block(lab, 1000), "ende_schritt", 900);
            lab_open(lab);
            run_all(lab);
            id_of(lab, "R2", 1, id);
            if (behind) {
                lab_close(lab);
            }
            lab_block(lab, 20999 + late);
            lab_ack(lab, 1, lab_block(lab, 21000 + late), id, "");
            if (behind) {
                lab_block(lab, 50000);
                lab_open(lab);
            }
            run_all(lab);
            assert_last(lab, "R2", 1, "acknowledged", late ? 3 : 2);
            assert_string_equal(last_of(lab, "R2", 1, 0)->who, "LDS-SN desk -");
            assert_string_equal(lab->alerts[1].state, late ? "escalated" : "acknowledged");
            if (late) {
                assert_string_equal(lab->alerts[1].time, "1970-01-01T00:00:21.001Z");
                assert_string_equal(lab->alerts[1].since, "1970-01-01T00:00:01.000Z");
            }
            lab_free(&lab);
        }
    }
}

static void test_escalated(void **state)
{
    (void)state;
    struct lab *lab = lab_new(PROCESS, NULL);
    lab_feed(lab, 1, lab_block(lab, 1000), "anfang", 1000); /* R1 and R4 after 10 s */
    lab_feed(lab, 2, lab->height, "anfang", 1000);
    lab_open(lab);
    run_all(lab);
    lab_run(lab, 2, lab_block(lab, 12000));
    lab_read(lab);
    assert_int_equal(lab->alert_count, 4);
    lab_feed(lab, 1, lab_block(lab, 20000), "antwort", 20000); /* heals it in time */
    lab_run(lab, 3, lab->height);
    lab_run(lab, 3, lab_block(lab, 32000)); /* exactly */
    assert_last(lab, "R4", 2, "raised", 5);
    lab_run(lab, 3, lab_block(lab, 32001));
    assert_last(lab, "R4", 2, "escalated", 6);
    const struct lab_alert *a = last_of(lab, "R4", 2, 0);
    assert_string_equal(a->message, "Nobody has acknowledged this critical alert since "
                                    "1970-01-01T00:00:12.000Z. Asked: BAMF, LDS-SN. Please look at "
                                    "it and acknowledge it. too late");
    assert_string_equal(a->due, "1970-01-01T00:00:11.000Z");
    assert_last(lab, "R4", 1, "healed", 6);
    /* Once, and it can still be healed; warnings are not escalated. */
    lab_close(lab);
    lab_open(lab);
    lab_run(lab, 3, lab_block(lab, 90000));
    assert_last(lab, "R1", 2, "raised", 6);
    lab_read_open(lab, 2);
    assert_int_equal(lab->alert_count, 2);
    lab_feed(lab, 2, lab_block(lab, 91000), "antwort", 91000);
    run_all(lab);
    assert_last(lab, "R4", 2, "healed", 7);
    lab_read_open(lab, 2);
    assert_int_equal(lab->alert_count, 1); /* R1 heals nothing */
    lab_free(&lab);
    /* With `clock: event` it is the ledger's time as well, whatever the entries say. */
    lab = lab_new("process: lab\nversion: 1\nclock: event\nescalate_after: PT20S\n"
                  "steps: [anfang, antwort, ende_schritt]\n" LAB_RULES,
                  NULL);
    lab_feed(lab, 1, lab_block(lab, 1000000), "ende_schritt", 900);
    lab_open(lab);
    run_all(lab);
    lab_run(lab, 1, lab_block(lab, 1020000));
    assert_last(lab, "R2", 1, "raised", 1);
    lab_run(lab, 1, lab_block(lab, 1020001));
    assert_last(lab, "R2", 1, "escalated", 2);
    assert_string_equal(last_of(lab, "R2", 1, 0)->time, "1970-01-01T00:17:00.001Z");
    lab_free(&lab);
    /* Without `escalate_after` nothing is. */
    lab = lab_new(LAB_PROCESS, NULL);
    lab_feed(lab, 1, lab_block(lab, 1000), "ende_schritt", 900);
    lab_open(lab);
    run_all(lab);
    lab_run(lab, 1, lab_block(lab, INT32_MAX));
    assert_last(lab, "R2", 1, "raised", 1);
    lab_free(&lab);
}

/* What is withdrawn and raised anew is to be acknowledged anew; the old word does not count. */
static void test_amended(void **state)
{
    (void)state;
    char id[65];
    char id2[65];
    struct lab *lab = lab_new(PROCESS, NULL);
    lab_feed(lab, 1, lab_block(lab, 1000), "ende_schritt", 1000);
    lab_open(lab);
    run_all(lab);
    id_of(lab, "R2", 1, id);
    lab_ack(lab, 1, lab_block(lab, 2000), id, "seen");
    lab_amend(lab, 1, RG_ABOUT_CORRECT, lab_block(lab, 3000), "antwort", 1000);
    run_all(lab);
    assert_last(lab, "R2", 1, "withdrawn", 3);
    assert_false(raised(lab, id).open);
    lab_amend(lab, 3, RG_ABOUT_CORRECT, lab_block(lab, 4000), "ende_schritt", 1000);
    run_all(lab);
    assert_last(lab, "R2", 1, "raised", 4);
    (void)snprintf(id2, sizeof id2, "%s", last_of(lab, "R2", 1, 0)->id);
    lab_ack(lab, 1, lab_block(lab, 5000), id, "old");
    run_all(lab);
    assert_last(lab, "R2", 1, "raised", 4);
    struct rg_hash alert;
    assert_int_equal(rg_hex_parse(last_of(lab, "R2", 1, 0)->alert, alert.b, RG_HASH_BYTES), RG_OK);
    assert_int_equal(count(lab, (struct rg_monitor_query){.alert = &alert}), 1);
    alert.b[0] ^= 1;
    assert_int_equal(count(lab, (struct rg_monitor_query){.alert = &alert}), 0);
    struct rg_monitor_raised r;
    assert_int_equal(rg_monitor_find_raised(lab->monitor, &alert, &r), RG_ERR_NOT_FOUND);
    lab_run(lab, lab->feed.count, lab_block(lab, 24001));
    assert_last(lab, "R2", 1, "escalated", 5);
    lab_ack(lab, 1, lab_block(lab, 25000), id2, "new");
    run_all(lab);
    assert_last(lab, "R2", 1, "acknowledged", 6);
    lab_free(&lab);
}

/* A case whose key came late: what is due by now may have been acknowledged in time. */
static void test_late_case(void **state)
{
    (void)state;
    char id[65];
    struct lab *lab = lab_new(PROCESS, NULL);
    const uint64_t b1 = lab_block(lab, 1000);
    lab_feed(lab, 1, b1, "ende_schritt", 900);
    lab_open(lab);
    run_all(lab);
    id_of(lab, "R2", 1, id);
    lab_free(&lab);
    lab = lab_new(PROCESS, NULL);
    lab_block(lab, 1000);
    lab_block(lab, 2000);
    lab_feed(lab, 2, lab_block(lab, 40000), "antwort", 40000);
    lab_open(lab);
    run_all(lab);
    char other[65];
    memset(other, '5', 64);
    other[64] = '\0';
    lab_feed(lab, 1, 1, "ende_schritt", 900);
    lab_ack(lab, 1, 2, other, "unknown"); /* and with it a message to the host ends */
    lab_ack(lab, 1, 2, id, "seen");
    run_all(lab);
    assert_last(lab, "R2", 1, "acknowledged", 2);
    lab_free(&lab);
}

#define OTHER_PROCESS PROCESS "  - {id: R5, template: absence, activities: [antwort], n: 9}\n"

/* The rules cannot read the state of a case any more, and what is acknowledged is raised by the
 * judging anew: its acknowledgement counts behind that. */
static void test_judged_anew(void **state)
{
    (void)state;
    char id[65];
    struct tmp tmp = tmp_make();
    struct lab *lab = lab_new(PROCESS, NULL);
    lab_feed(lab, 1, lab_block(lab, 1000), "anfang", 1000);
    lab_open(lab);
    lab_run(lab, 1, lab_block(lab, 12000));
    id_of(lab, "R4", 1, id);
    lab_free(&lab);
    lab = lab_new(PROCESS, tmp.path);
    lab_feed(lab, 1, lab_block(lab, 1000), "anfang", 1000);
    lab_open(lab);
    run_all(lab);
    lab_free(&lab);
    lab = lab_new(OTHER_PROCESS, tmp.path);
    lab_feed(lab, 1, lab_block(lab, 1000), "anfang", 1000);
    lab_block(lab, 12000);
    lab_ack(lab, 1, lab_block(lab, 13000), id, "seen");
    lab->feed.shown = 1; /* as judged before */
    lab_open(lab);
    run_all(lab);
    assert_last(lab, "R4", 1, "acknowledged", 3); /* and R1 */
    assert_string_equal(last_of(lab, "R4", 1, 0)->who, "LDS-SN desk seen");
    lab_run(lab, 2, lab_block(lab, 90000));
    assert_last(lab, "R4", 1, "acknowledged", 3);
    lab_free(&lab);
    tmp_remove(&tmp);
}

#define CASES 30u
#define BLOCKS 40u

static uint64_t shown_at(const struct lab *lab, uint64_t height)
{
    uint64_t shown = 0;
    while (shown < lab->feed.count && lab->feed.events[shown].height <= height) {
        shown++;
    }
    return shown;
}

/* Steps, corrections and acknowledgements, judged block by block. */
static void live_log(struct lab *lab)
{
    uint64_t seed = 7;
    lab_open(lab);
    for (uint64_t b = 1; b <= BLOCKS; b++) {
        const uint64_t h = lab_block(lab, (int64_t)(b * 3000));
        lab_live_block(lab, h, (int64_t)(b * 3000), CASES, &seed);
        run_all(lab);
    }
}

static void test_same_however_it_comes(void **state)
{
    (void)state;
    struct lab *live = lab_new(PROCESS, NULL);
    live_log(live);
    char *want = lab_digest(live);
    size_t in_state[3] = {0};
    static const char *const states[] = {"acknowledged", "escalated", "withdrawn"};
    for (size_t i = 0; i < live->alert_count; i++) {
        for (size_t s = 0; s < 3; s++) {
            in_state[s] += strcmp(live->alerts[i].state, states[s]) == 0 ? 1 : 0;
        }
    }
    assert_true(in_state[0] > 30 && in_state[1] > 30 && in_state[2] > 5);
    for (int way = 1; way < 4; way++) {
        struct lab *lab = lab_new(PROCESS, NULL);
        memcpy(lab->feed.events, live->feed.events, live->feed.count * sizeof *lab->feed.events);
        lab->feed.count = live->feed.count;
        lab->feed.cases = live->feed.cases;
        memcpy(lab->feed.case_events, live->feed.case_events, sizeof lab->feed.case_events);
        while (lab->height < BLOCKS) {
            lab_block(lab, live->time[lab->height + 1]);
        }
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
        char *digest = lab_digest(lab);
        assert_string_equal(want, digest);
        free(digest);
        lab_free(&lab);
    }
    free(want);
    lab_free(&live);
}

/* A store of another format is named, not read. */
static void test_other_format(void **state)
{
    (void)state;
    struct lab *lab = lab_new(PROCESS, NULL);
    struct rg_kv *kv = NULL;
    struct rg_kv_txn *txn = NULL;
    char dir[160];
    lab_block(lab, 1000);
    lab_open(lab);
    lab_close(lab);
    (void)snprintf(dir, sizeof dir, "%s/alerts", lab->tmp.path);
    assert_int_equal(rg_alertstore_open(dir, &lab->genesis->ledger_id, &kv), RG_OK);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    assert_int_equal(rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str("format"), 1), RG_OK);
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    rg_kv_close(&kv);
    assert_int_equal(rg_alertstore_open(dir, &lab->genesis->ledger_id, &kv), RG_ERR_VERSION);
    lab_free(&lab);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledged),
        cmocka_unit_test(test_in_time),
        cmocka_unit_test(test_escalated),
        cmocka_unit_test(test_amended),
        cmocka_unit_test(test_late_case),
        cmocka_unit_test(test_judged_anew),
        cmocka_unit_test(test_same_however_it_comes),
        cmocka_unit_test(test_other_format),
    };
    assert_true(argc > 1);
    lab_program = argv[1];
    return cmocka_run_group_tests_name("monitor_acknowledge", tests, NULL, NULL);
}
