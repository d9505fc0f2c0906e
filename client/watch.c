#include "client/watch.h"
#include "base/bytes.h"
#include "base/num.h"
#include "client/session_priv.h"
#include <stdio.h>
#include <stdlib.h>

#define PAGE 500
#define SILENCE_MS 4000   /* heartbeats come every second */
#define RETRY_MS 1000     /* between attempts to close a gap */
#define RECONNECT_MS 2000 /* after a refusal of a connection that worked before */
#define ACKNOWLEDGE_MS 500

struct watch {
    struct rg_session *session;
    const struct rg_watch_config *config;
    struct rg_line *wire;
    char topics[RG_LINE_TOPICS_MAX][RG_LINE_TOPIC_MAX]; /* what the caller wants */
    size_t topic_count;
    uint64_t last;  /* everything up to here was given */
    uint64_t acked; /* and acknowledged up to here */
    int64_t ack_at;
    int64_t heard_at;
    int64_t reset_at; /* 0: not */
    int64_t repair_at;
    bool repair;
    bool backwards_told;
    bool lost_told;
    bool done;
};

bool rg_watch_number(struct rg_bytes json, const char *name, uint64_t *out)
{
    char key[64];
    const int n = snprintf(key, sizeof key, "\"%s\":", name);
    if (n <= 0 || (size_t)n >= sizeof key) {
        return false;
    }
    const uint8_t *at = json.data == NULL ? NULL : memmem(json.data, json.len, key, (size_t)n);
    if (at == NULL) {
        return false;
    }
    size_t i = (size_t)(at - json.data) + (size_t)n;
    while (i < json.len && (json.data[i] == ' ' || json.data[i] == '"')) {
        i++;
    }
    size_t end = i;
    while (end < json.len && json.data[end] >= '0' && json.data[end] <= '9') {
        end++;
    }
    return rg_num_parse_u64((struct rg_bytes){json.data + i, end - i}, UINT64_MAX, out) == RG_OK;
}

static void note(struct watch *w, const char *sentence)
{
    if (w->config->on_note != NULL) {
        w->config->on_note(w->config->ctx, sentence);
    }
}

static bool stopped(const struct watch *w)
{
    return w->done || (w->config->stop != NULL && *w->config->stop != 0);
}

static bool starts_with(struct rg_bytes text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool wanted(const struct watch *w, struct rg_bytes topic)
{
    for (size_t i = 0; i < w->topic_count; i++) {
        if (starts_with(topic, w->topics[i])) {
            return true;
        }
    }
    return false;
}

static void give(struct watch *w, struct rg_bytes topic, uint64_t logseq, struct rg_bytes event)
{
    const struct rg_watch_item item = {topic, logseq, event};
    if (wanted(w, topic) && !w->config->on_item(w->config->ctx, &item)) {
        w->done = true;
    }
    if (logseq > w->last) {
        w->last = logseq;
    }
}

/* Fetch everything after `last`. */
static void close_gap(struct watch *w)
{
    bool more = true;
    w->repair = false;
    while (more && !stopped(w)) {
        const struct rg_session_alerts query = {.since = w->last, .max = PAGE};
        struct rg_answer a = {0};
        const rg_err err = rg_session_alerts(w->session, &query, &a);
        if (err != RG_OK) {
            w->repair = true;
            w->repair_at = rg_line_now() + RETRY_MS;
            return;
        }
        const uint64_t before = w->last;
        for (uint32_t i = 0; i < a.alert_count && !stopped(w); i++) {
            const struct rg_answer_alert *alert = &a.alerts[i];
            if (alert->logseq > w->last) {
                give(w, alert->topic, alert->logseq, alert->event);
            }
        }
        more = a.alerts_more && w->last > before;
    }
}

/* Whether the log ends before what was read. A heartbeat may have waited in the connection while a
 * gap was closed past it: so the node is asked. */
static bool went_back(struct watch *w)
{
    struct rg_answer a = {0};
    const struct rg_session_alerts query = {.since = UINT64_MAX, .max = 1};
    return rg_session_alerts(w->session, &query, &a) == RG_OK && a.alerts_last < w->last;
}

static void take_heartbeat(struct watch *w, struct rg_bytes json)
{
    uint64_t logseq = 0;
    if (!rg_watch_number(json, "logseq", &logseq)) {
        return;
    }
    if (logseq > w->last) {
        close_gap(w);
    } else if (logseq < w->last && !w->backwards_told && went_back(w)) {
        w->backwards_told = true;
        note(w, "the node's alert log is shorter than what was read before: its data was replaced; "
                "start again with --since 0 to read all of it");
    }
}

static void take_message(struct watch *w)
{
    w->heard_at = rg_line_now();
    if (rg_line_frames(w->wire) != 3) {
        return;
    }
    const struct rg_bytes topic = rg_line_frame(w->wire, 0);
    const struct rg_bytes event = rg_line_frame(w->wire, 2);
    if (starts_with(topic, "heartbeat.")) {
        take_heartbeat(w, event);
        if (wanted(w, topic)) {
            give(w, topic, 0, event);
        }
        return;
    }
    if (!starts_with(topic, "alert.")) {
        give(w, topic, 0, event);
        return;
    }
    uint64_t logseq = 0;
    if (!rg_watch_number(event, "logseq", &logseq) || logseq > w->last + 1) {
        close_gap(w);
    } else if (logseq == w->last + 1) {
        give(w, topic, logseq, event);
    }
}

static void acknowledge(struct watch *w, bool now)
{
    if (w->config->durable == NULL || w->last == w->acked || (!now && rg_line_now() < w->ack_at)) {
        return;
    }
    uint64_t got = 0;
    w->ack_at = rg_line_now() + ACKNOWLEDGE_MS;
    if (rg_session_cursor(w->session, w->config->durable, w->last, &got) == RG_OK) {
        w->acked = w->last;
    }
}

static bool add_topic(struct watch *w, const char *topic)
{
    const size_t len = strlen(topic);
    if (w->topic_count >= RG_LINE_TOPICS_MAX - 2 || len + 2 > RG_LINE_TOPIC_MAX) {
        return false;
    }
    const bool dot = len > 0 && topic[len - 1] == '.';
    (void)snprintf(w->topics[w->topic_count], RG_LINE_TOPIC_MAX, "%s%s", topic,
                   dot || len == 0 ? "" : ".");
    w->topic_count++;
    return true;
}

static rg_err read_topics(struct watch *w)
{
    for (size_t i = 0; i < w->config->topic_count; i++) {
        if (!add_topic(w, w->config->topics[i])) {
            return rg_session__fail(w->session, RG_ERR_USAGE, RG_SESSION_USAGE,
                                    "topic %zu is too long, or there are too many", i + 1);
        }
    }
    return w->topic_count > 0 || add_topic(w, "alert.") ? RG_OK : RG_ERR_USAGE;
}

/* Where to begin: --since, the durable cursor, or the log's present end. */
static rg_err find_start(struct watch *w)
{
    struct rg_answer a = {0};
    const struct rg_session_alerts query = {.since = UINT64_MAX, .max = 1};
    rg_err err = RG_OK;
    if (w->config->durable != NULL) {
        err = rg_session_cursor(w->session, w->config->durable, 0, &w->acked);
        w->last = w->config->has_since ? w->config->since : w->acked;
        w->repair = true;
        return err;
    }
    err = rg_session_alerts(w->session, &query, &a);
    if (err == RG_OK) {
        w->last = w->config->has_since ? w->config->since : a.alerts_last;
        w->repair = w->last < a.alerts_last;
    }
    return err;
}

/* All alerts are subscribed, whatever of them is wanted: only so are positions contiguous. */
static rg_err subscribe(struct watch *w)
{
    const char *list[RG_LINE_TOPICS_MAX];
    size_t n = 0;
    list[n++] = "alert.";
    list[n++] = "heartbeat.";
    for (size_t i = 0; i < w->topic_count; i++) {
        if (strncmp(w->topics[i], "alert.", 6) != 0 && strcmp(w->topics[i], "heartbeat.") != 0) {
            list[n++] = w->topics[i];
        }
    }
    const struct rg_line_config config = {
        .kind = RG_LINE_SUB,
        .endpoint = w->session->events,
        .server_key = w->session->server_key,
        .key = w->session->key,
        .topics = list,
        .topic_count = n,
    };
    const rg_err err = rg_line_open(&config, &w->wire);
    if (err != RG_OK) {
        return rg_session__fail(w->session, err, RG_SESSION_CONFIG,
                                "cannot subscribe at `%s`: %s; check `events` in the profile",
                                w->session->events, rg_err_text(err));
    }
    return RG_OK;
}

static void lost(struct watch *w)
{
    if (!w->lost_told) {
        w->lost_told = true;
        note(w, "the node is silent or gone; waiting for it");
    }
    if (rg_line_reset(w->wire) != RG_OK) {
        w->reset_at = rg_line_now() + RECONNECT_MS;
    }
    w->heard_at = rg_line_now();
}

static rg_err step(struct watch *w)
{
    const int64_t pause = w->repair ? 100 : 250;
    switch (rg_line_poll(w->wire, pause)) {
    case RG_LINE_MESSAGE:
        take_message(w);
        break;
    case RG_LINE_UP:
        w->heard_at = rg_line_now();
        w->reset_at = 0;
        if (w->lost_told) {
            w->lost_told = false;
            note(w, "the node is back");
        }
        close_gap(w);
        break;
    case RG_LINE_DOWN:
        lost(w);
        break;
    case RG_LINE_FAULT:
        if (!rg_line_was_up(w->wire)) {
            return rg_session__fail_wire(w->session, w->wire, w->session->events);
        }
        w->reset_at = rg_line_now() + RECONNECT_MS;
        break;
    case RG_LINE_NOTHING:
        break;
    }
    const int64_t now = rg_line_now();
    if ((w->reset_at != 0 && now >= w->reset_at) ||
        (rg_line_is_up(w->wire) && now - w->heard_at > SILENCE_MS)) {
        w->reset_at = 0;
        lost(w);
    }
    if (w->repair && now >= w->repair_at) {
        close_gap(w);
    }
    acknowledge(w, false);
    return RG_OK;
}

rg_err rg_watch_run(struct rg_session *s, const struct rg_watch_config *config)
{
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return RG_ERR_NOMEM;
    }
    w->session = s;
    w->config = config;
    rg_err err = read_topics(w);
    if (err == RG_OK) {
        err = find_start(w);
    }
    if (err == RG_OK) {
        err = subscribe(w);
    }
    w->heard_at = rg_line_now();
    if (err == RG_OK) {
        char sentence[96];
        (void)snprintf(sentence, sizeof sentence, "watching after position %llu of the alert log",
                       (unsigned long long)w->last);
        note(w, sentence);
    }
    while (err == RG_OK && !stopped(w)) {
        err = step(w);
    }
    if (err == RG_OK) {
        acknowledge(w, true);
    }
    rg_line_close(&w->wire);
    free(w);
    return err;
}
