#include "node/monitor/conform.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "node/monitor/opbatch.h"
#include "node/monitor/ruleshost.h"
#include "node/monitor/tally.h"
#include "rules/definition.h"

#define LOOK_MS 20 /* while blocks are waited for */
#define EVENTS_MAX 512u
#define FINISH_MAX 256u
#define STATES_MAX ((size_t)1024 * 1024) /* bytes of states in one message */
#define DEATHS_MAX 3u                    /* of one message */
#define DEATHS_ALL_MAX 32u

enum phase {
    PHASE_READ,
    PHASE_FINISH,
    PHASE_REPORT
};

/* A case between two messages; indexed by its number. */
struct held {
    uint8_t *state;
    uint32_t len;
    bool seen;
};

/* The request that is worked on. */
struct job {
    struct rg_ruleshost *host;
    struct rg_definition *def;
    struct rg_tally *tally;
    struct rg_tally_totals totals;
    enum phase phase;
    uint64_t tip;      /* of the feed when it began */
    uint64_t cursor;   /* last event judged */
    uint64_t next;     /* cursor after the message under way; PHASE_FINISH: last case in it */
    uint64_t finished; /* last case that was finished */
    struct held *held;
    uint64_t held_count; /* highest case number + 1 */
    uint64_t held_bytes;
    size_t message_states;
    uint32_t message_events; /* that count */
    uint32_t limit;          /* events or cases in a message */
    uint64_t batch_no;
    uint32_t deaths;
    bool asked;
    int64_t latest_ms; /* occurred_at of all events that count */
};

struct rg_conform {
    struct rg_conform_config config;
    struct rg_monitor_conformance queue[RG_CONFORM_WAITING_MAX]; /* the first is worked on */
    size_t count;
    bool running;
    uint64_t give_up_ms; /* the first is not waited for any longer; 0: it does not wait */
    struct job job;
    struct rg_opbatch batch;
    struct rg_hostmsg_buf msg;
};

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
    struct job *j = &c->job;
    rg_ruleshost_destroy(&j->host);
    rg_tally_destroy(&j->tally);
    rg_definition_destroy(&j->def);
    for (uint64_t i = 0; i < j->held_count; i++) {
        free(j->held[i].state);
    }
    free(j->held);
    *j = (struct job){0};
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
    struct job *j = &c->job;
    struct rg_feed_counts counts;
    *j = (struct job){.limit = EVENTS_MAX};
    c->running = true;
    rg_err e = rg_definition_parse("rules", r->rules, &j->def, why);
    if (e != RG_OK) {
        answer(c, e, why);
        return;
    }
    const struct rg_ruleshost_options o = {.program = c->config.program, .definition = r->rules};
    e = rg_ruleshost_create(&o, &j->host);
    e = e == RG_OK ? rg_tally_create(j->def, RG_CONFORM_NUMBERS_MAX, &j->tally) : e;
    e = e == RG_OK ? rg_opbatch_init(&c->batch) : e;
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

static rg_err hold(struct job *j, uint64_t case_no)
{
    if (case_no < j->held_count) {
        return RG_OK;
    }
    const uint64_t count = 2 * case_no + 1024;
    struct held *more = realloc(j->held, count * sizeof *more);
    if (more == NULL) {
        return RG_ERR_NOMEM;
    }
    memset(more + j->held_count, 0, (count - j->held_count) * sizeof *more);
    j->held = more;
    j->held_count = count;
    return RG_OK;
}

static rg_err take_event(void *ctx, const struct rg_feed_event *e)
{
    struct rg_conform *c = ctx;
    struct job *j = &c->job;
    if (e->feed_no > j->tip || !rg_opbatch_has_room(&c->batch, e)) {
        return RG_ERR_FULL;
    }
    const rg_err err = hold(j, e->case_no);
    if (err != RG_OK) {
        return err;
    }
    struct held *h = &j->held[e->case_no];
    if (rg_opbatch_find(&c->batch, e->case_no) == RG_OPBATCH_NONE) {
        if (c->batch.op_count > 0 && j->message_states + h->len > STATES_MAX) {
            return RG_ERR_FULL;
        }
        j->message_states += h->len;
    }
    if (e->standing == RG_STANDING_COUNTS) {
        j->message_events++;
        j->latest_ms = e->event->occurred_ms > j->latest_ms ? e->event->occurred_ms : j->latest_ms;
    }
    rg_opbatch_add_event(&c->batch, e);
    return RG_OK;
}

static void write_message(struct rg_conform *c)
{
    struct job *j = &c->job;
    j->batch_no++;
    rg_hostmsg_batch_begin(&c->msg, j->batch_no);
    for (uint32_t i = 0; i < c->batch.case_count; i++) {
        const struct held *h = &j->held[c->batch.cases[i].case_no];
        const struct rg_hostmsg_case head = {.case_no = c->batch.cases[i].case_no,
                                             .flags = RG_HOSTMSG_FULL,
                                             .state = {h->state, h->len}};
        rg_opbatch_write_case(&c->batch, i, c->config.genesis, &head, &c->msg);
    }
    rg_hostmsg_batch_end(&c->msg);
}

static rg_err next_events(struct rg_conform *c)
{
    struct job *j = &c->job;
    uint64_t next = j->cursor + 1;
    const struct rg_feed_span span = {.from = j->cursor + 1, .max = j->limit, .as_of = j->tip};
    const rg_err e = rg_feed_read(c->config.feed, &span, take_event, c, &next);
    if (e != RG_OK && !(e == RG_ERR_FULL && c->batch.op_count > 0)) {
        return e;
    }
    j->next = next - 1;
    return RG_OK;
}

static void next_finish(struct rg_conform *c)
{
    struct job *j = &c->job;
    const uint32_t max = j->limit < FINISH_MAX ? j->limit : FINISH_MAX;
    uint64_t no = j->finished;
    while (no + 1 < j->held_count && c->batch.case_count < max) {
        const struct held *h = &j->held[no + 1];
        if (h->seen && c->batch.case_count > 0 && j->message_states + h->len > STATES_MAX) {
            break;
        }
        no++;
        if (h->seen) {
            const struct rg_feed_case name = {.case_no = no};
            j->message_states += h->len;
            rg_opbatch_add_op(&c->batch, &name, RG_HOSTMSG_OP_FINISH, j->totals.as_of_ms);
        }
    }
    j->next = no;
}

/* Give the host its next message, or go on to the next phase. */
static rg_err next(struct rg_conform *c)
{
    struct job *j = &c->job;
    rg_opbatch_reset(&c->batch);
    j->message_states = 0;
    j->message_events = 0;
    if (j->phase == PHASE_READ && j->cursor >= j->tip) {
        j->phase = PHASE_FINISH;
        if (j->totals.as_of_ms == -1) {
            j->totals.as_of_ms = j->latest_ms == INT64_MIN ? 0 : j->latest_ms;
        }
        j->limit = EVENTS_MAX;
    }
    if (j->phase == PHASE_READ) {
        const rg_err e = next_events(c);
        if (e != RG_OK) {
            return e;
        }
    } else if (j->phase == PHASE_FINISH) {
        next_finish(c);
    }
    if (c->batch.op_count == 0) {
        j->phase = PHASE_REPORT;
        return RG_OK;
    }
    write_message(c);
    if (c->msg.failed) {
        return RG_ERR_NOMEM;
    }
    rg_ruleshost_send(j->host, (struct rg_bytes){c->msg.data, c->msg.len});
    j->asked = true;
    return RG_OK;
}

/* Keep the state of a case until its next message; none after its end. */
static rg_err keep(struct job *j, const struct rg_hostmsg_answer *a)
{
    struct held *h = &j->held[a->case_no];
    if (!h->seen) {
        h->seen = true;
        j->totals.cases++;
    }
    const size_t len = j->phase == PHASE_FINISH ? 0 : a->state.len;
    uint8_t *copy = len > 0 ? malloc(len) : NULL;
    if (len > 0 && copy == NULL) {
        return RG_ERR_NOMEM;
    }
    if (len > 0) {
        memcpy(copy, a->state.data, len);
    }
    j->held_bytes += len;
    j->held_bytes -= h->len;
    free(h->state);
    h->state = copy;
    h->len = (uint32_t)len;
    return j->held_bytes > RG_CONFORM_STATES_MAX ? RG_ERR_FULL : RG_OK;
}

static rg_err apply(struct rg_conform *c, struct rg_bytes msg)
{
    struct job *j = &c->job;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    uint64_t no = 0;
    uint32_t i = 0;
    rg_err e = RG_OK;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (e == RG_OK && rg_hostmsg_next_answer(&r, &a)) {
        if (no != j->batch_no || i >= c->batch.case_count ||
            a.case_no != c->batch.cases[i].case_no || a.status != RG_HOSTMSG_OK) {
            return a.status == RG_HOSTMSG_LIMIT ? RG_ERR_FULL : RG_ERR_INVALID;
        }
        e = keep(j, &a);
        while (rg_hostmsg_next_item(&r, &item)) {
            if (e == RG_OK && item.kind == RG_HOSTMSG_VERDICT) {
                e = rg_tally_add(j->tally, a.case_no, &item);
            }
        }
        i++;
    }
    if (e == RG_OK && (!rg_bytes_done(&r) || i != c->batch.case_count)) {
        e = RG_ERR_INVALID;
    }
    if (e == RG_OK && j->phase == PHASE_READ) {
        j->totals.events += j->message_events;
        j->cursor = j->next;
    } else if (e == RG_OK) {
        j->finished = j->next;
    }
    return e;
}

static void fail(struct rg_conform *c, rg_err e)
{
    if (e == RG_ERR_FULL) {
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
    const rg_err e = apply(c, msg);
    if (e != RG_OK) {
        fail(c, e);
    }
}

static void report(struct rg_conform *c)
{
    char *text = NULL;
    const rg_err e = rg_tally_report(c->job.tally, c->config.feed, &c->job.totals, &text);
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
    if (c->job.phase == PHASE_REPORT) {
        report(c);
        return RG_OK;
    }
    const rg_err e = next(c);
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
