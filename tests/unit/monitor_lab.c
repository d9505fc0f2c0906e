#include "monitor_lab.h"

#include "node/monitor/monitor_priv.h"

#include "node/monitor/ruleshost.h"

#include <signal.h>

#include <jansson.h>
#include <time.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "crypto/sign.h"
#include "rules/definition.h"
#include "storage/chain.h"

const char *lab_program;

uint64_t lab_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct lab *lab_new(const char *yaml, const char *dir)
{
    struct lab *lab = calloc(1, sizeof *lab);
    char why[RG_DEFINITION_ERROR_MAX];
    assert_non_null(lab);
    assert_int_equal(rg_sign_start(), RG_OK);
    lab->own_tmp = dir == NULL;
    if (dir == NULL) {
        lab->tmp = tmp_make();
    } else {
        (void)snprintf(lab->tmp.path, sizeof lab->tmp.path, "%s", dir);
    }
    lab->genesis = calloc(1, sizeof *lab->genesis);
    lab->feed.events = calloc(LAB_EVENTS_MAX, sizeof *lab->feed.events);
    lab->alerts = calloc(LAB_ALERTS_MAX, sizeof *lab->alerts);
    assert_true(lab->genesis != NULL && lab->feed.events != NULL && lab->alerts != NULL);
    struct rg_genesis *g = lab->genesis;
    memset(g->ledger_id.b, 7, sizeof g->ledger_id.b);
    (void)snprintf(g->name, sizeof g->name, "lab");
    g->agency_count = 2;
    (void)snprintf(g->agency[0].name, sizeof g->agency[0].name, "BAMF");
    (void)snprintf(g->agency[1].name, sizeof g->agency[1].name, "LDS-SN");
    (void)snprintf(g->principal[0].name, sizeof g->principal[0].name, "desk");
    g->definition_len = (uint32_t)strlen(yaml);
    assert_true(g->definition_len <= sizeof g->definition);
    memcpy(g->definition, yaml, g->definition_len);
    const rg_err e = rg_definition_parse("lab", (struct rg_bytes){g->definition, g->definition_len},
                                         &lab->definition, why);
    if (e != RG_OK) {
        fail_msg("%s", why);
    }
    const struct rg_chain_options o = {
        .dir = tmp_path(&lab->tmp, "chain"), .ledger = g->ledger_id, .genesis_time_ms = 0};
    struct rg_chain_tip tip;
    assert_int_equal(rg_chain_open(&o, &lab->chain), RG_OK);
    assert_int_equal(rg_chain_tip(lab->chain, &tip), RG_OK);
    lab->chain_height = tip.height;
    const uint8_t seed[32] = {1};
    assert_int_equal(rg_sign_from_seed(seed, &lab->key), RG_OK);
    return lab;
}

void lab_free(struct lab **lab_p)
{
    struct lab *lab = *lab_p;
    lab_close(lab);
    rg_chain_close(&lab->chain);
    for (size_t i = 1; i < lab->version_count; i++) {
        struct rg_definition *def = (struct rg_definition *)(uintptr_t)lab->version[i].definition;
        rg_definition_destroy(&def);
    }
    rg_definition_destroy(&lab->definition);
    rg_sign_destroy(&lab->key);
    if (lab->own_tmp) {
        tmp_remove(&lab->tmp);
    }
    free(lab->genesis);
    free(lab->feed.events);
    free(lab->alerts);
    free(lab);
    *lab_p = NULL;
}

void lab_version(struct lab *lab, const char *yaml, uint64_t from)
{
    char why[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    struct rg_monitor_version *v = lab->version;
    if (lab->version_count == 0) {
        v[0].yaml = (struct rg_bytes){lab->genesis->definition, lab->genesis->definition_len};
        v[0].definition = lab->definition;
        lab->version_count = 1;
    }
    assert_true(lab->version_count < LAB_VERSIONS_MAX);
    v += lab->version_count++;
    const rg_err e = rg_definition_parse("lab", rg_bytes_str(yaml), &def, why);
    if (e != RG_OK) {
        fail_msg("%s", why);
    }
    *v = (struct rg_monitor_version){.from = from, .yaml = rg_bytes_str(yaml), .definition = def};
    v->hash.b[0] = (uint8_t)lab->version_count;
}

uint64_t lab_block(struct lab *lab, int64_t time_ms)
{
    static const uint8_t bytes[] = "block";
    struct rg_chain_block b = {.height = lab->height + 1,
                               .time_ms = time_ms,
                               .bytes = {bytes, sizeof bytes},
                               .result = {bytes, 1}};
    memcpy(b.hash.b, &b.height, sizeof b.height);
    if (lab->height >= lab->chain_height) {
        assert_int_equal(rg_chain_append(lab->chain, &b, 1, (struct rg_bytes){bytes, 1}), RG_OK);
    }
    lab->height++;
    lab->time[lab->height] = time_ms;
    return lab->height;
}

struct lab_event *lab_feed(struct lab *lab, uint64_t case_no, uint64_t height, const char *step,
                           int64_t occurred_ms)
{
    struct rg_feed *f = &lab->feed;
    assert_true(f->count < LAB_EVENTS_MAX && case_no < LAB_CASES_MAX && height <= lab->height);
    struct lab_event *e = &f->events[f->count];
    f->count++;
    *e = (struct lab_event){.case_no = case_no,
                            .event_no = f->case_events[case_no],
                            .height = height,
                            .time_ms = (uint64_t)lab->time[height],
                            .writer = (uint32_t)(case_no % 2),
                            .occurred_ms = occurred_ms};
    (void)snprintf(e->step, sizeof e->step, "%s", step);
    f->case_events[case_no]++;
    f->cases = case_no > f->cases ? case_no : f->cases;
    return e;
}

struct lab_event *lab_amend(struct lab *lab, uint64_t target, enum rg_about_kind kind,
                            uint64_t height, const char *step, int64_t occurred_ms)
{
    const uint64_t case_no = lab->feed.events[target - 1].case_no;
    struct lab_event *e = lab_feed(lab, case_no, height, step, occurred_ms);
    e->about = kind;
    e->target = target;
    return e;
}

struct lab_event *lab_ack(struct lab *lab, uint64_t case_no, uint64_t height, const char *id,
                          const char *note)
{
    struct lab_event *e = lab_feed(lab, case_no, height, "", lab->time[height]);
    e->about = RG_ABOUT_ACKNOWLEDGE;
    assert_int_equal(rg_hex_parse(id, e->alert.b, RG_HASH_BYTES), RG_OK);
    (void)snprintf(e->note, sizeof e->note, "%s", note);
    return e;
}

void lab_field(struct lab_event *e, const char *name, const char *value)
{
    (void)snprintf(e->name[e->field_count], sizeof e->name[0], "%s", name);
    (void)snprintf(e->value[e->field_count], sizeof e->value[0], "%s", value);
    e->field_count++;
}

void lab_synthetic(struct lab *lab, uint64_t cases, uint64_t blocks)
{
    uint64_t seed = 12345;
    for (uint64_t b = 1; b <= blocks; b++) {
        const uint64_t h = lab_block(lab, (int64_t)(b * 3000));
        for (uint64_t c = 1; c <= cases; c++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const uint64_t dice = (seed >> 33) % 100;
            if (dice < 12) {
                lab_feed(lab, c, h, "anfang", (int64_t)(b * 3000));
            } else if (dice < 24) {
                lab_feed(lab, c, h, "antwort", (int64_t)(b * 3000));
            } else if (dice < 30) {
                lab_feed(lab, c, h, "ende_schritt", (int64_t)(b * 3000));
            }
        }
    }
}

void lab_open(struct lab *lab)
{
    static const uint8_t vault_key[32] = {9};
    char why[256] = "";
    char dir[160];
    (void)snprintf(dir, sizeof dir, "%s/alerts", lab->tmp.path);
    const struct rg_monitor_config c = {.genesis = lab->genesis,
                                        .definition = lab->definition,
                                        .versions = lab->version_count > 0 ? lab->version : NULL,
                                        .version_count = lab->version_count,
                                        .key = lab->key,
                                        .feed = &lab->feed,
                                        .chain = lab->chain,
                                        .vault_key = vault_key,
                                        .data_dir = dir,
                                        .host = "127.0.0.1",
                                        .zap = lab->zap,
                                        .principal = lab->principal,
                                        .send = lab->send,
                                        .send_ctx = lab->send_ctx,
                                        .rules_program = lab_program,
                                        .cluster = true};
    const rg_err e = rg_monitor_open(&c, &lab->monitor, why, sizeof why);
    if (e != RG_OK) {
        fail_msg("%s (%s)", why, rg_err_text(e));
    }
}

void lab_close(struct lab *lab)
{
    rg_monitor_close(&lab->monitor);
}

void lab_step(struct lab *lab, int wait_ms)
{
    zmq_pollitem_t items[RG_MONITOR_POLL_MAX];
    const size_t n = rg_monitor_pollfds(lab->monitor, items);
    const uint64_t at = rg_monitor_deadline(lab->monitor);
    const uint64_t now = lab_now();
    long wait = at <= now ? 0 : (long)(at - now);
    wait = wait > wait_ms ? wait_ms : wait;
    (void)zmq_poll(items, (int)n, wait);
    if (lab->hook != NULL) {
        lab->hook(lab, lab->steps);
    }
    lab->steps++;
    assert_int_equal(rg_monitor_step(lab->monitor, items, n, lab_now()), RG_OK);
}

static bool judged(struct lab *lab, uint64_t height)
{
    struct rg_monitor_status s;
    rg_monitor_get_status(lab->monitor, &s);
    return s.rules_height >= height;
}

void lab_run(struct lab *lab, uint64_t shown, uint64_t height)
{
    const uint64_t until = lab_now() + 200000;
    lab->feed.shown = shown;
    lab->feed.height = height;
    if (lab->version_count > 0) {
        rg_monitor_set_versions(lab->monitor, lab->version, lab->version_count);
    }
    rg_monitor_on_feed(lab->monitor, height, (uint64_t)lab->time[height]);
    /* One step more, to write what was judged last. */
    while (!judged(lab, height)) {
        assert_true(lab_now() < until);
        lab_step(lab, 100);
    }
    lab_step(lab, 0);
}

static void copy_text(json_t *o, const char *key, char *out, size_t cap)
{
    const char *s = json_string_value(json_object_get(o, key));
    (void)snprintf(out, cap, "%s", s == NULL ? "" : s);
}

static void take_alert(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    struct lab *lab = ctx;
    json_t *o = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    assert_true(lab->alert_count < LAB_ALERTS_MAX && topic.len > 0);
    struct lab_alert *a = &lab->alerts[lab->alert_count];
    json_t *data = json_object_get(o, "data");
    *a = (struct lab_alert){.logseq = logseq, .event_no = -2};
    assert_true(lab->reads_open ||
                json_integer_value(json_object_get(o, "logseq")) == (json_int_t)logseq);
    const json_t *who = json_object_get(data, "acknowledged");
    if (who != NULL) {
        const char *note = json_string_value(json_object_get(who, "note"));
        (void)snprintf(a->who, sizeof a->who, "%s %s %s",
                       json_string_value(json_object_get(who, "agency")),
                       json_string_value(json_object_get(who, "member")), note ? note : "-");
    }
    copy_text(json_object_get(data, "message"), "en", a->message, sizeof a->message);
    copy_text(data, "since", a->since, sizeof a->since);
    copy_text(o, "id", a->id, sizeof a->id);
    copy_text(o, "time", a->time, sizeof a->time);
    copy_text(o, "subject", a->subject, sizeof a->subject);
    copy_text(data, "alert", a->alert, sizeof a->alert);
    copy_text(data, "severity", a->severity, sizeof a->severity);
    copy_text(data, "state", a->state, sizeof a->state);
    copy_text(data, "rule", a->rule, sizeof a->rule);
    copy_text(data, "due", a->due, sizeof a->due);
    copy_text(data, "entry", a->entry, sizeof a->entry);
    copy_text(data, "step", a->step, sizeof a->step);
    copy_text(data, "agency", a->agency, sizeof a->agency);
    if (json_object_get(data, "event_no") != NULL) {
        a->event_no = json_integer_value(json_object_get(data, "event_no"));
    }
    json_decref(o);
    lab->alert_count++;
}

static void read_query(struct lab *lab, struct rg_monitor_query q)
{
    bool more = true;
    lab->alert_count = 0;
    while (more) {
        uint64_t next = 0;
        assert_int_equal(rg_monitor_alerts(lab->monitor, &q, take_alert, lab, &next, &more), RG_OK);
        assert_true(next >= q.since);
        q.since = next;
    }
}

void lab_read(struct lab *lab)
{
    lab->reads_open = false;
    read_query(lab, (struct rg_monitor_query){.max = 100, .max_bytes = 64 * 1024});
}

void lab_read_open(struct lab *lab, uint64_t case_no)
{
    lab->reads_open = true;
    read_query(lab, (struct rg_monitor_query){
                        .max = 100, .max_bytes = 64 * 1024, .case_no = case_no, .open_only = true});
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *lab_digest(struct lab *lab)
{
    lab_read(lab);
    char **line = calloc(lab->alert_count + 1, sizeof *line);
    char *text = NULL;
    size_t len = 0;
    size_t n = 0;
    FILE *f = open_memstream(&text, &len);
    assert_true(line != NULL && f != NULL);
    for (size_t i = 0; i < lab->alert_count; i++) {
        const struct lab_alert *a = &lab->alerts[i];
        if (strcmp(a->severity, "system") != 0) {
            assert_true(asprintf(&line[n], "%s %s %s %s", a->id, a->time, a->entry, a->message) >
                        0);
            n++;
        }
    }
    qsort(line, n, sizeof *line, by_text);
    for (size_t i = 0; i < n; i++) {
        (void)fprintf(f, "%s\n", line[i]);
        free(line[i]);
    }
    (void)fclose(f);
    free(line);
    return text;
}

const struct lab_alert *lab_find(const struct lab *lab, const char *rule, uint64_t case_no,
                                 int64_t event_no)
{
    const struct rg_id id = lab_pseudonym(case_no);
    char subject[33];
    rg_hex_format(id.b, sizeof id.b, subject);
    for (size_t i = 0; i < lab->alert_count; i++) {
        const struct lab_alert *a = &lab->alerts[i];
        if (strcmp(a->rule, rule) == 0 && strcmp(a->subject, subject) == 0 &&
            a->event_no == event_no) {
            return a;
        }
    }
    return NULL;
}

void lab_kill_host(struct lab *lab, uint64_t step)
{
    const int pid = rg_ruleshost_pid(lab->monitor->host);
    if (pid > 0 && lab->kills < 10 && step % 11 == 5) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        lab->kills++;
    }
}

void lab_ack_some(struct lab *lab, uint64_t case_no, uint64_t height, uint64_t dice)
{
    const struct rg_id pseudonym = lab_pseudonym(case_no);
    char subject[33];
    rg_hex_format(pseudonym.b, sizeof pseudonym.b, subject);
    for (size_t n = 0, i = dice % lab->alert_count; n < lab->alert_count; n++) {
        const struct lab_alert *a = &lab->alerts[(i + n) % lab->alert_count];
        if (strcmp(a->subject, subject) == 0 && strcmp(a->state, "raised") == 0) {
            lab_ack(lab, case_no, height, a->id, "note");
            return;
        }
    }
}

void lab_live_block(struct lab *lab, uint64_t height, int64_t time_ms, uint64_t cases,
                    uint64_t *seed)
{
    static const char *const steps[] = {"anfang", "antwort", "ende_schritt"};
    lab_read(lab);
    for (uint64_t c = 1; c <= cases; c++) {
        *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
        const uint64_t dice = (*seed >> 33) % 100;
        const char *step = steps[(*seed >> 45) % 3];
        const uint64_t target = 1 + (*seed >> 21) % (lab->feed.count + 1);
        bool taken =
            target > lab->feed.count || lab->feed.events[target - 1].about != RG_ABOUT_NONE;
        for (uint64_t i = target; !taken && i < lab->feed.count; i++) {
            taken = lab->feed.events[i].target == target;
        }
        if (dice < 15) {
            lab_feed(lab, c, height, step, time_ms);
        } else if (dice < 25 && lab->alert_count > 0) {
            lab_ack_some(lab, c, height, *seed >> 20);
        } else if (dice < 29 && !taken) {
            lab_amend(lab, target, dice < 27 ? RG_ABOUT_CANCEL : RG_ABOUT_CORRECT, height, step,
                      time_ms);
        }
    }
}

void lab_on_conformance(void *ctx, uint64_t token, rg_err err, struct rg_bytes text)
{
    struct lab_conformance *r = ctx;
    assert_int_equal(token, LAB_TOKEN);
    r->calls++;
    r->err = err;
    free(r->text);
    r->text = strndup((const char *)text.data, text.len);
}

char *lab_conform(struct lab *lab, const char *rules, int64_t as_of_ms, uint32_t by, rg_err want)
{
    struct lab_conformance r = {0};
    const uint64_t until = lab_now() + 200000;
    const struct rg_monitor_conformance ask = {.rules = rules == NULL ? (struct rg_bytes){NULL, 0}
                                                                      : rg_bytes_str(rules),
                                               .as_of_ms = as_of_ms,
                                               .token = LAB_TOKEN,
                                               .fn = lab_on_conformance,
                                               .ctx = &r,
                                               .by = by};
    assert_int_equal(rg_monitor_conformance(lab->monitor, &ask), RG_OK);
    while (r.calls == 0) {
        assert_true(lab_now() < until);
        lab_step(lab, 100);
    }
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.err, want);
    assert_non_null(r.text);
    return r.text;
}
