#include "node/monitor/cloudevent.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/limits.h"
#include "base/time.h"

#define PLACE_MAX 48

const char *rg_cloudevent_severity_text(enum rg_cloudevent_severity s)
{
    switch (s) {
    case RG_CLOUDEVENT_WARNING:
        return "warning";
    case RG_CLOUDEVENT_CRITICAL:
        return "critical";
    case RG_CLOUDEVENT_SYSTEM:
        return "system";
    }
    return "?";
}

static const char *state_text(enum rg_cloudevent_state s)
{
    switch (s) {
    case RG_CLOUDEVENT_RAISED:
        return "raised";
    case RG_CLOUDEVENT_HEALED:
        return "healed";
    case RG_CLOUDEVENT_ACKNOWLEDGED:
        return "acknowledged";
    case RG_CLOUDEVENT_WITHDRAWN:
        return "withdrawn";
    case RG_CLOUDEVENT_ESCALATED:
        return "escalated";
    }
    return "?";
}

/* Adding a value that could not be made fails the object: json_object_set_new says so. */
static int put_bytes(json_t *o, const char *key, struct rg_bytes text)
{
    json_t *s = text.len == 0 ? json_string("") : json_stringn((const char *)text.data, text.len);
    return json_object_set_new(o, key, s != NULL ? s : json_string("?"));
}

static int put_text(json_t *o, const char *key, const char *text)
{
    return put_bytes(o, key, (struct rg_bytes){(const uint8_t *)text, strlen(text)});
}

static int put_number(json_t *o, const char *key, int64_t v)
{
    return json_object_set_new(o, key, json_integer((json_int_t)v));
}

static int put_time(json_t *o, const char *key, int64_t ms)
{
    char text[RG_TIME_TEXT_MAX];
    rg_time_format(ms, text);
    return put_text(o, key, text);
}

static int put_hex(json_t *o, const char *key, const uint8_t *data, size_t len)
{
    char text[2 * RG_HASH_BYTES + 1];
    rg_hex_format(data, len, text);
    return put_text(o, key, text);
}

static int put_place(json_t *o, const char *key, const struct rg_place *p)
{
    char text[PLACE_MAX];
    (void)snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu32 "/%" PRIu32, p->height, p->submission,
                   p->entry);
    return put_text(o, key, text);
}

static int put_envelope(json_t *o, const char *ledger, const char *type, int64_t time_ms)
{
    char source[RG_NAME_MAX + 16];
    (void)snprintf(source, sizeof source, "reigen://%s", ledger);
    return put_text(o, "specversion", "1.0") | put_text(o, "source", source) |
           put_text(o, "type", type) | put_time(o, "time", time_ms) |
           put_text(o, "datacontenttype", "application/json");
}

/* Take @o and @data, give the text unless @bad says that something is missing in them. */
static char *finish(json_t *o, json_t *data, int bad)
{
    char *text = NULL;
    if (o != NULL && data != NULL && bad == 0 && json_object_set(o, "data", data) == 0) {
        text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    }
    json_decref(data);
    json_decref(o);
    return text;
}

static int put_case(json_t *o, json_t *data, const struct rg_cloudevent_alert *a)
{
    int bad = put_hex(o, "subject", a->pseudonym.b, sizeof a->pseudonym.b) |
              put_hex(data, "case", a->pseudonym.b, sizeof a->pseudonym.b) |
              put_number(data, "event_no", a->event_no);
    if (a->step.len > 0) {
        bad |= put_bytes(data, "step", a->step);
    }
    if (a->agency.len > 0) {
        bad |= put_bytes(data, "agency", a->agency);
    }
    if (a->has_place) {
        bad |= put_place(data, "entry", &a->place);
    }
    if (a->has_due) {
        bad |= put_time(data, "due", a->due_ms);
    }
    return bad;
}

char *rg_cloudevent_alert(const struct rg_cloudevent_alert *a)
{
    json_t *o = json_object();
    json_t *data = json_object();
    json_t *message = json_object();
    char type[64];
    const char *severity = rg_cloudevent_severity_text(a->severity);
    (void)snprintf(type, sizeof type, "de.reigen.alert.%s", severity);
    int bad =
        put_envelope(o, a->ledger, type, a->time_ms) | put_hex(o, "id", a->id.b, sizeof a->id.b) |
        put_number(o, "logseq", (int64_t)a->logseq) |
        put_hex(data, "alert", a->alert.b, sizeof a->alert.b) |
        put_text(data, "severity", severity) | put_text(data, "state", state_text(a->state)) |
        put_bytes(data, "rule", a->rule) | put_bytes(data, "process", a->process) |
        put_number(data, "version", a->version) | put_text(message, "de", a->message_de) |
        put_text(message, "en", a->message_en) | json_object_set_new(data, "message", message);
    if (a->has_case) {
        bad |= put_case(o, data, a);
    }
    return finish(o, data, bad);
}

static int put_acknowledged(json_t *data, const struct rg_cloudevent_alert *a)
{
    json_t *who = json_object();
    int bad = put_bytes(who, "agency", a->agency) | put_bytes(who, "member", a->member);
    if (a->note.len > 0) {
        bad |= put_bytes(who, "note", a->note);
    }
    return bad | json_object_set_new(data, "acknowledged", who);
}

/* Put @text before the message in language @key. */
static int put_before(json_t *message, const char *key, const char *text)
{
    const char *there = json_string_value(json_object_get(message, key));
    return json_object_set_new(message, key,
                               json_sprintf("%s %s", text, there != NULL ? there : ""));
}

static int put_escalated(json_t *data, const struct rg_cloudevent_alert *a, const json_t *o)
{
    json_t *message = json_object_get(data, "message");
    return put_before(message, "de", a->message_de) | put_before(message, "en", a->message_en) |
           json_object_set(data, "since", json_object_get(o, "time"));
}

char *rg_cloudevent_again(const struct rg_cloudevent_alert *a, struct rg_bytes raised)
{
    json_t *o = json_loadb((const char *)raised.data, raised.len, 0, NULL);
    json_t *data = json_incref(json_object_get(o, "data"));
    int bad = 0;
    if (a->state == RG_CLOUDEVENT_ESCALATED) {
        bad = put_escalated(data, a, o); /* before its time is written over */
    } else if (a->state == RG_CLOUDEVENT_ACKNOWLEDGED) {
        bad = put_acknowledged(data, a);
    }
    bad |= put_time(o, "time", a->time_ms) | put_hex(o, "id", a->id.b, sizeof a->id.b) |
           put_number(o, "logseq", (int64_t)a->logseq) |
           put_text(data, "state", state_text(a->state));
    if (a->has_place) {
        bad |= put_place(data, "by", &a->place);
    }
    return finish(o, data, bad);
}

static bool read_text(const json_t *o, const char *key, char *out, size_t cap)
{
    const char *s = json_string_value(json_object_get(o, key));
    const int n = s != NULL ? snprintf(out, cap, "%s", s) : -1;
    return n >= 0 && (size_t)n < cap;
}

rg_err rg_cloudevent_read(struct rg_bytes json, struct rg_cloudevent_said *out)
{
    struct rg_cloudevent_said said = {.version = 0};
    char alert[2 * RG_HASH_BYTES + 1];
    json_t *o = json_loadb((const char *)json.data, json.len, 0, NULL);
    const json_t *data = json_object_get(o, "data");
    const bool ok = read_text(o, "time", said.time, sizeof said.time) &&
                    read_text(data, "alert", alert, sizeof alert) &&
                    rg_hex_parse(alert, said.alert.b, RG_HASH_BYTES) == RG_OK &&
                    read_text(data, "rule", said.rule, sizeof said.rule) &&
                    read_text(data, "process", said.process, sizeof said.process);
    said.version = (uint32_t)json_integer_value(json_object_get(data, "version"));
    json_decref(o);
    if (!ok) {
        return RG_ERR_INVALID;
    }
    *out = said;
    return RG_OK;
}

char *rg_cloudevent_step(const struct rg_cloudevent_step *s)
{
    json_t *o = json_object();
    json_t *data = json_object();
    const int bad =
        put_envelope(o, s->ledger, "de.reigen.step", s->time_ms) | put_place(o, "id", &s->place) |
        put_hex(o, "subject", s->pseudonym.b, sizeof s->pseudonym.b) |
        put_hex(data, "case", s->pseudonym.b, sizeof s->pseudonym.b) |
        put_bytes(data, "process", s->process) | put_bytes(data, "step", s->step) |
        put_bytes(data, "agency", s->agency) | put_time(data, "occurred_at", s->occurred_ms) |
        put_place(data, "entry", &s->place) | put_number(data, "event_no", s->event_no);
    return finish(o, data, bad);
}

char *rg_cloudevent_block(const struct rg_cloudevent_block *b)
{
    json_t *o = json_object();
    json_t *data = json_object();
    const int bad = put_envelope(o, b->ledger, "de.reigen.block", b->time_ms) |
                    put_hex(o, "id", b->hash.b, sizeof b->hash.b) |
                    put_number(data, "height", (int64_t)b->height) |
                    put_hex(data, "hash", b->hash.b, sizeof b->hash.b) |
                    put_time(data, "time", b->time_ms) |
                    put_number(data, "entries", (int64_t)b->entries);
    return finish(o, data, bad);
}

char *rg_cloudevent_heartbeat(uint64_t logseq, uint64_t height)
{
    json_t *o = json_object();
    char *text = NULL;
    if (o != NULL && put_number(o, "logseq", (int64_t)logseq) == 0 &&
        put_number(o, "height", (int64_t)height) == 0) {
        text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    }
    json_decref(o);
    return text;
}
