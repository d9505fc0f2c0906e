#include "base/bytes.h"
#include "base/num.h"
#include "node/agency/api_priv.h"
#include "rules/definition.h"

#define EVENTS_BYTES (RG_CLIENT_PAGE_BYTES / 2)
#define ALERTS_BYTES (RG_CLIENT_PAGE_BYTES / 4)
#define OPEN_ALERTS_MAX 256u
#define TEXTS_BYTES (RG_CLIENT_PAGE_BYTES / 6) /* labels, messages and whose turn it is */

rg_err rg_api__find_case(struct rg_api *a, const struct rg_request *r, uint64_t *out)
{
    if (r->has_pseudonym) {
        return rg_pending_find_pseudonym(a->c.pending, &r->pseudonym, out);
    }
    if (r->file_number.len == 0) {
        return RG_ERR_INVALID;
    }
    return rg_pending_find_file(a->c.pending, r->file_number, out);
}

/* The answer to GetCase while it is built. */
struct view {
    struct rg_api *a;
    struct rg_answer_case *file;
    size_t bytes;
    size_t texts; /* bytes of labels, messages and names of agencies */
    size_t room;
    bool failed;
};

static rg_err add_event(void *ctx, const struct rg_feed_event *e)
{
    struct view *v = ctx;
    const struct rg_genesis *g = v->a->c.genesis;
    v->bytes += e->event_bytes.len + 200;
    if (v->bytes > EVENTS_BYTES || v->file->event_count >= v->room) {
        v->file->truncated = true;
        return RG_OK;
    }
    const struct rg_bytes event = rg_arena_copy(&v->a->build, e->event_bytes);
    if (event.len != e->event_bytes.len) {
        v->file->truncated = true;
        return RG_OK;
    }
    v->file->events[v->file->event_count++] = (struct rg_answer_case_event){
        .height = e->height,
        .submission = e->submission,
        .entry = e->entry,
        .event = event,
        .agency = rg_bytes_str(g->agency[e->writer].name),
        .member = rg_bytes_str(g->principal[e->member].name),
        .recorded_ms = e->time_ms,
        .standing = e->standing,
        .by_height = e->by_height,
        .by_submission = e->by_submission,
        .by_entry = e->by_entry,
    };
    return RG_OK;
}

static void add_alert(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    struct view *v = ctx;
    (void)logseq;
    (void)topic;
    const struct rg_bytes copy = rg_arena_copy(&v->a->build, json);
    if (v->file->alert_count >= OPEN_ALERTS_MAX || copy.len != json.len) {
        v->file->truncated = true;
        return;
    }
    v->file->alerts[v->file->alert_count++] = copy;
}

/* History of the case, newest RG_API_CASE_EVENTS_MAX events at most, in order. */
static rg_err add_history(struct view *v, uint64_t case_no, uint32_t event_count)
{
    const struct rg_feed_range range = {
        .case_no = case_no,
        .from = event_count > RG_API_CASE_EVENTS_MAX ? event_count - RG_API_CASE_EVENTS_MAX : 0,
        .max = RG_API_CASE_EVENTS_MAX,
        .through = UINT64_MAX,
        .as_recorded = true,
    };
    v->room = rg_num_min(event_count, RG_API_CASE_EVENTS_MAX);
    v->file->truncated = range.from > 0;
    v->file->events = rg_arena_take_array(&v->a->build, v->room + 1, sizeof *v->file->events);
    if (v->file->events == NULL) {
        return RG_ERR_NOMEM;
    }
    return rg_feed_read_case(v->a->c.feed, &range, add_event, v);
}

static rg_err add_alerts(struct view *v, uint64_t case_no)
{
    const struct rg_monitor_query q = {
        .max = OPEN_ALERTS_MAX, .max_bytes = ALERTS_BYTES, .case_no = case_no, .open_only = true};
    uint64_t next = 0;
    bool more = false;
    v->file->alerts = rg_arena_take_array(&v->a->build, OPEN_ALERTS_MAX, sizeof *v->file->alerts);
    if (v->file->alerts == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = rg_monitor_alerts(v->a->c.monitor, &q, add_alert, v, &next, &more);
    v->file->truncated = v->file->truncated || more;
    return err;
}

/* A text of the definition, unless there are too many. */
static struct rg_bytes text_of(struct view *v, const char *text)
{
    const struct rg_bytes b = rg_bytes_str(text);
    if (v->texts + b.len > TEXTS_BYTES) {
        v->file->truncated = true;
        return (struct rg_bytes){NULL, 0};
    }
    v->texts += b.len;
    return b;
}

/* Names of agencies, unless there are too many. Returns how many. */
static uint32_t names_of(struct view *v, const struct rg_bytes *names, uint32_t count)
{
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) {
        len += names[i].len;
    }
    if (v->texts + len > TEXTS_BYTES) {
        v->file->truncated = true;
        return 0;
    }
    v->texts += len;
    return count;
}

static rg_err add_duties(struct view *v, const struct rg_answer_case *from)
{
    struct rg_answer_duty *copy = rg_arena_take_array(&v->a->build, from->duty_count, sizeof *copy);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < from->duty_count; i++) {
        copy[i] = from->duties[i];
        copy[i].by_count = names_of(v, copy[i].by, copy[i].by_count);
        const struct rg_definition_step *s =
            rg_definition_find_step(rg_monitor_definition(v->a->c.monitor), copy[i].step);
        if (s != NULL) {
            copy[i].label_de = text_of(v, s->label_de);
            copy[i].label_en = text_of(v, s->label_en);
        }
    }
    v->file->duties = copy;
    v->file->duty_count = from->duty_count;
    return RG_OK;
}

/* What the definition says of a rule that concerns the case. */
static void describe(struct view *v, struct rg_answer_rule *r)
{
    const struct rg_definition *d = rg_monitor_definition(v->a->c.monitor);
    for (size_t i = 0; i < d->rule_count; i++) {
        if (rg_definition_is(d->rules[i].id, r->rule)) {
            r->critical = d->rules[i].severity == RG_DEFINITION_CRITICAL;
            r->message_de = text_of(v, d->rules[i].message_de);
            r->message_en = text_of(v, d->rules[i].message_en);
            return;
        }
    }
}

static rg_err add_rules(struct view *v, uint64_t case_no, const struct rg_answer_case *from)
{
    bool more = false;
    struct rg_answer_rule *copy = rg_arena_take_array(&v->a->build, from->rule_count, sizeof *copy);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < from->rule_count; i++) {
        copy[i] = from->rules[i];
        copy[i].by_count = names_of(v, copy[i].by, copy[i].by_count);
        if (copy[i].state != RG_RULE_INACTIVE) {
            describe(v, &copy[i]);
        }
    }
    v->file->rules = copy;
    v->file->rule_count = from->rule_count;
    const rg_err err =
        rg_monitor_violations(v->a->c.monitor, case_no, copy, from->rule_count, &more);
    v->file->truncated = v->file->truncated || more;
    return err;
}

/* @next: how the rules see the case; NULL: they cannot be asked. */
static rg_err answer_case(struct rg_api *a, const struct rg_api_waiter *w,
                          const struct rg_answer_case *next)
{
    struct rg_answer answer = {.kind = RG_ANSWER_CASE, .id = w->client.request};
    struct view v = {.a = a, .file = &answer.case_file};
    const struct rg_vault_case *c = NULL;
    rg_arena_reset(&a->build);
    rg_err err = rg_pending_get_case(a->c.pending, w->case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    answer.case_file.pseudonym = c->pseudonym;
    const uint32_t event_count = c->event_count;
    if (event_count > 0) {
        err = add_history(&v, w->case_no, event_count);
        if (err == RG_OK) {
            err = add_alerts(&v, w->case_no);
        }
    }
    if (err == RG_OK && next != NULL) {
        err = add_duties(&v, next);
        err = err == RG_OK ? add_rules(&v, w->case_no, next) : err;
    }
    if (err == RG_OK) {
        rg_api_answer(a, &w->client, &answer);
    }
    return err;
}

static void on_duties(void *ctx, uint64_t token, rg_err err, const struct rg_answer_case *next)
{
    struct rg_api *a = ctx;
    struct rg_api_waiter *w = NULL;
    for (size_t i = 0; i < RG_API_PENDING_MAX && w == NULL; i++) {
        w = a->waiter[i].token == token ? &a->waiter[i] : NULL;
    }
    if (w == NULL || err == RG_ERR_CLOSED) {
        return;
    }
    /* Without the rules host the history is still worth showing. */
    const rg_err done = answer_case(a, w, err == RG_OK ? next : NULL);
    if (done != RG_OK) {
        rg_api__error(a, &w->client, 70, "The case cannot be read; see this node's log.");
    }
    w->token = 0;
}

rg_err rg_api__case(struct rg_api *a, const struct rg_submit_client *client,
                    const struct rg_request *r)
{
    uint64_t case_no = 0;
    rg_err err = rg_api__find_case(a, r, &case_no);
    if (err == RG_ERR_NOT_FOUND || err == RG_ERR_INVALID) {
        rg_api__error(a, client, err == RG_ERR_INVALID ? 65 : 1,
                      err == RG_ERR_INVALID
                          ? "Name a case by its file number or its pseudonym."
                          : "No case of that name is known at this node; check the file number.");
        return RG_OK;
    }
    if (err != RG_OK) {
        return err;
    }
    struct rg_api_waiter *w = rg_api__wait(a, client);
    if (w == NULL) {
        return RG_OK;
    }
    w->case_no = case_no;
    if (rg_pending_fresh(a->c.pending, case_no) != NULL) {
        err = answer_case(a, w, NULL); /* nothing of it is final yet */
        w->token = 0;
        return err;
    }
    err = rg_monitor_duties(a->c.monitor, case_no, w->token, on_duties, a);
    if (err != RG_OK && w->token != 0) {
        w->token = 0;
        rg_api__error(a, client, 75,
                      "Too many requests wait for the rules at this node; try again.");
    }
    return err == RG_ERR_CORRUPT || err == RG_ERR_IO ? err : RG_OK;
}

/* The answer to GetAlerts while it is built. */
struct listing {
    struct rg_api *a;
    struct rg_answer *answer;
    uint32_t max;
    bool cut;
};

static void list_alert(void *ctx, uint64_t logseq, struct rg_bytes topic, struct rg_bytes json)
{
    struct listing *l = ctx;
    const struct rg_bytes t = rg_arena_copy(&l->a->build, topic);
    const struct rg_bytes j = rg_arena_copy(&l->a->build, json);
    if (l->cut || l->answer->alert_count >= l->max || t.len != topic.len || j.len != json.len) {
        l->cut = true;
        return;
    }
    l->answer->alerts[l->answer->alert_count++] =
        (struct rg_answer_alert){.logseq = logseq, .topic = t, .event = j};
}

rg_err rg_api__alerts(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r)
{
    struct rg_monitor_status status;
    struct rg_answer answer = {.kind = RG_ANSWER_ALERTS, .id = client->request};
    struct listing l = {.a = a, .answer = &answer, .max = RG_API_ALERTS_MAX};
    struct rg_monitor_query q = {.since = r->since,
                                 .max_bytes = RG_CLIENT_PAGE_BYTES,
                                 .severity = r->severity,
                                 .unacknowledged = r->unacknowledged,
                                 .alert = r->has_alert ? &r->alert : NULL};
    uint64_t next = 0;
    rg_err err = RG_OK;
    if (r->file_number.len > 0 || r->has_pseudonym) {
        err = rg_api__find_case(a, r, &q.case_no);
        if (err == RG_ERR_NOT_FOUND) {
            rg_api__error(a, client, 1,
                          "No case of that name is known at this node; check the file number.");
            return RG_OK;
        }
        if (err != RG_OK) {
            return err;
        }
    }
    if (r->max > 0 && r->max < l.max) {
        l.max = r->max;
    }
    q.max = l.max;
    answer.alerts = rg_arena_take_array(&a->build, l.max, sizeof *answer.alerts);
    if (answer.alerts == NULL) {
        return RG_ERR_NOMEM;
    }
    err = rg_monitor_alerts(a->c.monitor, &q, list_alert, &l, &next, &answer.alerts_more);
    if (err == RG_ERR_INVALID) {
        rg_api__error(a, client, 65, "The severity must be warning, critical or system.");
        return RG_OK;
    }
    if (err != RG_OK) {
        return err;
    }
    rg_monitor_get_status(a->c.monitor, &status);
    /* When nothing matched in the part looked at, `last` is where to go on. */
    answer.alerts_more = answer.alerts_more || l.cut;
    answer.alerts_last =
        answer.alerts_more && answer.alert_count == 0 ? next : status.alerts_logseq;
    rg_api_answer(a, client, &answer);
    return RG_OK;
}
