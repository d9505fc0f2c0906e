#include "node/monitor/conform.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "node/monitor/conform_priv.h"

#define LOOK_MS 20    /* while blocks are waited for */
#define DEATHS_MAX 3u /* of one message */
#define DEATHS_ALL_MAX 32u

rg_err rg_conform_create(const struct rg_conform_config *c, struct rg_conform **out)
{
    struct rg_conform *cf = calloc(1, sizeof *cf);
    if (cf == NULL) {
        return RG_ERR_NOMEM;
    }
    cf->config = *c;
    rg_hostmsg_buf_init(&cf->msg, RG_HOSTMSG_BATCH_MAX);
    *out = cf;
    return RG_OK;
}

static void end_job(struct rg_conform *c)
{
    struct rg_conform_job *j = &c->job;
    rg_ruleshost_destroy(&j->host);
    rg_tally_destroy(&j->tally);
    rg_breakdown_destroy(&j->breakdown);
    rg_definition_destroy(&j->def);
    for (uint64_t i = 0; i < j->held_count; i++) {
        free(j->held[i].state);
    }
    free(j->held);
    *j = (struct rg_conform_job){0};
    rg_opbatch_fini(&c->batch);
    rg_hostmsg_buf_free(&c->msg);
    rg_hostmsg_buf_init(&c->msg, RG_HOSTMSG_BATCH_MAX);
    c->running = false;
}

/* End the first request with this answer; the callback may ask again. */
static void answer(struct rg_conform *c, rg_err err, const char *text)
{
    const struct rg_monitor_conformance r = c->queue[0];
    r.fn(r.ctx, r.token, err, rg_bytes_str(text)); /* the text may be the host's */
    end_job(c);
    c->count--;
    memmove(c->queue, c->queue + 1, c->count * sizeof c->queue[0]);
    uint8_t *rules = (uint8_t *)(uintptr_t)r.rules.data;
    free(rules);
}

void rg_conform_destroy(struct rg_conform **c_p)
{
    if (*c_p == NULL) {
        return;
    }
    while ((*c_p)->count > 0) {
        answer(*c_p, RG_ERR_CLOSED, "the node is being stopped; ask again later");
    }
    end_job(*c_p);
    rg_hostmsg_buf_free(&(*c_p)->msg);
    free(*c_p);
    *c_p = NULL;
}

rg_err rg_conform_ask(struct rg_conform *c, const struct rg_monitor_conformance *r)
{
    if (r->by > RG_REQUEST_BY_ALL) {
        return RG_ERR_INVALID;
    }
    if (c->count == RG_CONFORM_WAITING_MAX || r->rules.len > RG_CONFORM_TEXT_MAX) {
        return RG_ERR_FULL;
    }
    uint8_t *copy = malloc(r->rules.len + 1);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    if (r->rules.len > 0) {
        memcpy(copy, r->rules.data, r->rules.len);
    }
    c->queue[c->count] = *r;
    c->queue[c->count].rules.data = copy;
    c->count++;
    return RG_OK;
}

int rg_conform_fd(const struct rg_conform *c, short *events)
{
    *events = 0;
    return c->running ? rg_ruleshost_fd(c->job.host, events) : -1;
}

/* Whether the first request's blocks were followed: a result that lacks what somebody was told is
 * final would be a wrong one. */
static bool followed(const struct rg_conform *c)
{
    struct rg_feed_counts counts;
    rg_feed_counts(c->config.feed, &counts);
    return counts.height >= c->queue[0].height;
}

int rg_conform_wait_ms(const struct rg_conform *c, uint64_t mono_ms)
{
    if (c->count == 0) {
        return -1;
    }
    if (!c->running) {
        return followed(c) ? 0 : LOOK_MS;
    }
    if (!c->job.asked && rg_ruleshost_idle(c->job.host)) {
        return 0;
    }
    return rg_ruleshost_wait_ms(c->job.host, mono_ms);
}

static void start(struct rg_conform *c)
{
    char why[RG_DEFINITION_ERROR_MAX];
    const struct rg_monitor_conformance *r = &c->queue[0];
    struct rg_conform_job *j = &c->job;
    struct rg_feed_counts counts;
    *j = (struct rg_conform_job){.limit = RG_CONFORM_EVENTS_MAX};
    c->running = true;
    rg_err e = rg_definition_parse("rules", r->rules, &j->def, why);
    if (e != RG_OK) {
        answer(c, e, why);
        return;
    }
    if ((r->by & RG_REQUEST_BY_SITE) != 0 && j->def->site == NULL) {
        answer(c, RG_ERR_INVALID,
               "the process definition names no field for the site of a case; add `site: FIELD` "
               "to it, or ask by month alone");
        return;
    }
    const struct rg_ruleshost_options o = {.program = c->config.program, .definition = r->rules};
    e = rg_ruleshost_create(&o, &j->host);
    e = e == RG_OK ? rg_tally_create(j->def, RG_CONFORM_NUMBERS_MAX, &j->tally) : e;
    e = e == RG_OK ? rg_opbatch_init(&c->batch) : e;
    e = e == RG_OK && r->by != 0 ? rg_breakdown_create(j->def, r->by, &j->breakdown) : e;
    if (e != RG_OK) {
        answer(c, e, "out of memory for a conformance check");
        return;
    }
    rg_feed_counts(c->config.feed, &counts);
    j->tip = counts.tip;
    j->totals.height = counts.height;
    j->totals.unreadable = counts.parked;
    j->totals.as_of_ms = r->as_of_ms;
    j->latest_ms = INT64_MIN;
}

/* More groups than there is room for: asking again does not help. */
static void answer_crowded(struct rg_conform *c)
{
    char text[160];
    (void)snprintf(text, sizeof text,
                   "the cases are of more than %zu sites and months; ask by site or by month alone",
                   rg_breakdown_cap(c->job.breakdown));
    answer(c, RG_ERR_INVALID, text);
}

static void fail(struct rg_conform *c, rg_err e)
{
    if (e == RG_ERR_FULL && c->job.crowded) {
        answer_crowded(c);
    } else if (e == RG_ERR_FULL) {
        answer(c, e, "the conformance check is over a limit: too many cases or violations");
    } else if (e == RG_ERR_NOMEM) {
        answer(c, e, "out of memory for a conformance check");
    } else {
        answer(c, RG_ERR_SYSTEM, "the rules host failed on a conformance check; try again");
    }
}

/* The host refused the message: smaller ones. */
static void shrink(struct rg_conform *c)
{
    if (c->job.limit == 1) {
        fail(c, RG_ERR_FULL);
        return;
    }
    c->job.limit = c->job.limit > 8 ? c->job.limit / 8 : 1;
    c->job.asked = false;
}

static void on_answer(struct rg_conform *c)
{
    const struct rg_bytes msg = rg_ruleshost_answer(c->job.host);
    c->job.asked = false;
    if (rg_hostmsg_kind_of(msg) == RG_HOSTMSG_FAILED) {
        shrink(c);
        return;
    }
    const rg_err e = rg_conform__apply(c, msg);
    if (e != RG_OK) {
        fail(c, e);
    }
}

static void report(struct rg_conform *c)
{
    char *text = NULL;
    const rg_err e =
        rg_tally_report(c->job.tally, c->config.feed, &c->job.totals, c->job.breakdown, &text);
    if (e != RG_OK) {
        fail(c, e);
        return;
    }
    answer(c, RG_OK, text);
    free(text);
}

static void on_news(struct rg_conform *c, enum rg_ruleshost_news news)
{
    switch (news) {
    case RG_RULESHOST_ANSWER:
        on_answer(c);
        break;
    case RG_RULESHOST_REFUSED:
        answer(c, RG_ERR_INVALID, rg_ruleshost_text(c->job.host));
        break;
    case RG_RULESHOST_DIED:
        c->job.deaths++;
        if (rg_ruleshost_death(c->job.host).deaths_in_message >= DEATHS_MAX ||
            c->job.deaths >= DEATHS_ALL_MAX) {
            fail(c, RG_ERR_SYSTEM);
        }
        break;
    case RG_RULESHOST_OPENED:
    case RG_RULESHOST_NONE:
        break;
    }
}

/* Begin the first request when its blocks are there. */
static void begin(struct rg_conform *c, uint64_t mono_ms)
{
    if (followed(c)) {
        c->give_up_ms = 0;
        start(c);
    } else if (c->give_up_ms == 0) {
        c->give_up_ms = mono_ms + RG_CONFORM_FOLLOW_MS;
    } else if (mono_ms >= c->give_up_ms) {
        c->give_up_ms = 0;
        answer(c, RG_ERR_BUSY, "this node has not followed the ledger yet; see `reigen status`");
    }
}

rg_err rg_conform_step(struct rg_conform *c, uint64_t mono_ms)
{
    if (c->count == 0) {
        return RG_OK;
    }
    if (!c->running) {
        begin(c, mono_ms);
        return RG_OK;
    }
    const enum rg_ruleshost_news news = rg_ruleshost_step(c->job.host, mono_ms);
    on_news(c, news);
    if (!c->running || c->job.asked) {
        return RG_OK;
    }
    if (c->job.phase == RG_CONFORM_REPORT) {
        report(c);
        return RG_OK;
    }
    const rg_err e = rg_conform__next(c);
    if (e == RG_ERR_CORRUPT || e == RG_ERR_IO) {
        return e;
    }
    if (e != RG_OK) {
        fail(c, e);
    } else if (c->running && c->job.asked) {
        /* Hand it over at once. */
        on_news(c, rg_ruleshost_step(c->job.host, mono_ms));
    }
    return RG_OK;
}
