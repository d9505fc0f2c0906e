#include "node/monitor/evaluate.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/evaluate_priv.h"
#include "rules/definition.h"

#define REDO_EVENTS 512
#define DUE_SCAN_MAX 4096 /* due cases looked at in one go */

static rg_err read_cursor(struct rg_evaluate *e)
{
    struct rg_kv_txn *txn = NULL;
    rg_err err = rg_kv_begin_read(e->config.kv, &txn);
    if (err == RG_OK) {
        err = rg_alertstore_get(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_FEED),
                                &e->cursor);
    }
    if (err == RG_OK) {
        err = rg_alertstore_get(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_HEIGHT),
                                &e->height);
    }
    if (err == RG_OK) {
        err = rg_evaluate__read_version(e, txn);
    }
    rg_kv_abort(&txn);
    return err;
}

rg_err rg_evaluate_open(const struct rg_evaluate_config *c, struct rg_evaluate **out)
{
    struct rg_evaluate *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return RG_ERR_NOMEM;
    }
    e->config = *c;
    e->limit_ms = INT64_MAX;
    rg_hostmsg_buf_init(&e->msg, RG_HOSTMSG_BATCH_MAX);
    rg_err err = rg_opbatch_init(&e->batch);
    err = err == RG_OK ? read_cursor(e) : err;
    if (err == RG_OK && e->cursor > rg_feed_tip(c->feed)) {
        err = RG_ERR_CORRUPT;
    }
    if (err != RG_OK) {
        rg_evaluate_close(&e);
        return err;
    }
    *out = e;
    return RG_OK;
}

void rg_evaluate_close(struct rg_evaluate **e_p)
{
    if (*e_p == NULL) {
        return;
    }
    rg_opbatch_fini(&(*e_p)->batch);
    rg_hostmsg_buf_free(&(*e_p)->msg);
    free(*e_p);
    *e_p = NULL;
}

void rg_evaluate_set_clock(struct rg_evaluate *e, uint64_t mono_ms)
{
    e->clock_ms = mono_ms;
}

static bool drained(const struct rg_evaluate *e)
{
    return e->cursor >= e->follow_tip;
}

/* The ledger time up to which all events were judged. Blocks below that of the last event are
 * complete, since the feed holds the events of later blocks behind it; and a deadline before an
 * event's block time is judged before that event anyway. */
static int64_t judged_ms(const struct rg_evaluate *e)
{
    const int64_t ms = drained(e) || e->edge ? e->follow_ms : e->top_ms;
    return ms < e->limit_ms ? ms : e->limit_ms;
}

static bool due(const struct rg_evaluate *e)
{
    return e->ticks && rg_casestate_cache_due_floor(e->config.cases) < judged_ms(e);
}

/* Whether a critical alert may be due that nobody acknowledged. */
static bool unseen(const struct rg_evaluate *e)
{
    return rg_alertlog_due_floor(e->config.log) < judged_ms(e);
}

static void raise_height(struct rg_evaluate *e)
{
    const uint64_t h = drained(e) ? e->follow_height : e->top_height > 0 ? e->top_height - 1 : 0;
    if (h > e->height && !e->blocked && !due(e) && !unseen(e) && rg_evaluate__settled(e)) {
        e->height = h;
        if (!e->moved) {
            e->moved = true;
            e->moved_ms = e->clock_ms;
        }
    }
}

void rg_evaluate_on_feed(struct rg_evaluate *e, uint64_t height, uint64_t time_ms)
{
    e->follow_height = height;
    e->follow_ms = (int64_t)time_ms;
    e->follow_tip = rg_feed_tip(e->config.feed);
    if (e->kind == RG_EVALUATE_NOTHING && e->redo_count == 0) {
        raise_height(e);
    }
}

static rg_err note_height(void *ctx, const struct rg_feed_event *ev)
{
    *(uint64_t *)ctx = ev->height;
    return RG_OK;
}

uint64_t rg_evaluate_height(const struct rg_evaluate *e)
{
    uint64_t h = 0;
    uint64_t next = 0;
    if (e->cursor >= rg_feed_tip(e->config.feed)) {
        return rg_evaluate__limit_height(e, e->height);
    }
    /* What waits first may be late: an entry of an older block. */
    const struct rg_feed_span span = {.from = e->cursor + 1, .max = 1};
    if (rg_feed_read(e->config.feed, &span, note_height, &h, &next) != RG_OK || h == 0) {
        return 0;
    }
    return h - 1 < e->height ? h - 1 : e->height;
}

uint64_t rg_evaluate_complete(const struct rg_evaluate *e)
{
    const bool waits = e->kind != RG_EVALUATE_NOTHING || rg_evaluate_wants(e) || e->blocked ||
                       e->moved || rg_casestate_cache_dirty(e->config.cases) > 0 ||
                       rg_alertlog_waiting(e->config.log) > 0;
    return waits ? 0 : rg_evaluate_height(e);
}

bool rg_evaluate_wants(const struct rg_evaluate *e)
{
    return e->redo_count > 0 || e->cursor < rg_feed_tip(e->config.feed) ||
           ((due(e) || unseen(e)) && !e->blocked) || !rg_evaluate__settled(e);
}

/* Look up the state of a case that the batch meets for the first time. */
static rg_err begin_case(struct rg_evaluate *e, const struct rg_casestate_name *name)
{
    struct rg_casestate *c = NULL;
    const rg_err err = rg_casestate_get(e->config.cases, name, &c);
    if (err != RG_OK) {
        return err;
    }
    if (e->batch.op_count > 0 && e->state_bytes + c->state.len > RG_EVALUATE_STATES_MAX) {
        return RG_ERR_FULL;
    }
    e->state_bytes += c->state.len;
    e->state[e->batch.case_count] = c;
    return RG_OK;
}

static void add_tick(struct rg_evaluate *e, const struct rg_feed_event *ev)
{
    struct rg_feed_case c = {.case_no = ev->case_no, .pseudonym = ev->pseudonym};
    memcpy(c.rest_key, ev->rest_key, RG_KEY_BYTES);
    rg_opbatch_add_op(&e->batch, &c, RG_HOSTMSG_OP_TICK, (int64_t)ev->time_ms);
    rg_rand_wipe(c.rest_key, sizeof c.rest_key);
}

/* An entry cancels or corrects an earlier one. What came due before it is judged by what was known
 * then, all that was judged is written, and its case is judged anew, up to and with this entry.
 * FULL: the batch ends before it. */
static rg_err take_amend(struct rg_evaluate *e, const struct rg_feed_event *ev)
{
    if (e->batch.op_count > 0) {
        return RG_ERR_FULL;
    }
    const struct rg_casestate_name name = {ev->case_no, ev->pseudonym, ev->rest_key, ev->readers};
    const rg_err err = begin_case(e, &name);
    if (err != RG_OK) {
        return err;
    }
    if (e->ticks && e->state[0]->due_ms < (int64_t)ev->time_ms) {
        e->tick_ms = (int64_t)ev->time_ms;
        add_tick(e, ev);
        return RG_ERR_FULL;
    }
    e->amend_case = ev->case_no;
    e->amend_no = ev->feed_no;
    e->amend_place = (struct rg_place){ev->height, ev->submission, ev->entry, ev->writer};
    e->amend_ms = (int64_t)ev->time_ms;
    return RG_ERR_FULL;
}

/* After the time that its case must hear of before. */
rg_err rg_evaluate__take_event(void *ctx, const struct rg_feed_event *ev)
{
    struct rg_evaluate *e = ctx;
    struct rg_opbatch *b = &e->batch;
    const bool acknowledges = ev->event->about.kind == RG_ABOUT_ACKNOWLEDGE;
    if (e->redo_count == 0 && rg_evaluate__version_at(e, ev->height) != e->current) {
        e->other = true;
        return RG_ERR_FULL;
    }
    if (ev->event->about.kind != RG_ABOUT_NONE && !acknowledges && e->redo_count == 0) {
        return take_amend(e, ev);
    }
    const uint32_t known = rg_opbatch_find(b, ev->case_no);
    /* What acknowledges an alert is the last of its case, and counts after all that was found. */
    if (!rg_opbatch_has_room(b, ev) ||
        (known != RG_OPBATCH_NONE && b->ops[b->cases[known].last].ack != NULL)) {
        return RG_ERR_FULL;
    }
    bool tick = e->ticks;
    if (known == RG_OPBATCH_NONE) {
        const struct rg_casestate_name name = {ev->case_no, ev->pseudonym, ev->rest_key,
                                               ev->readers};
        const rg_err err = begin_case(e, &name);
        if (err != RG_OK) {
            return err;
        }
        tick = tick && e->state[b->case_count]->due_ms < (int64_t)ev->time_ms;
    } else {
        tick = tick && b->ops[b->cases[known].last].time_ms < (int64_t)ev->time_ms;
    }
    if (tick) {
        add_tick(e, ev);
    }
    rg_opbatch_add_event(b, ev);
    e->batch_events++;
    return RG_OK;
}

void rg_evaluate__begin_batch(struct rg_evaluate *e)
{
    rg_opbatch_reset(&e->batch);
    e->state_bytes = 0;
    e->batch_events = 0;
    e->batch_next = e->cursor;
}

void rg_evaluate__write_message(struct rg_evaluate *e, enum rg_evaluate_kind kind,
                                struct rg_bytes *out)
{
    e->kind = kind;
    e->batch_no++;
    rg_hostmsg_batch_begin(&e->msg, e->batch_no);
    for (uint32_t i = 0; i < e->batch.case_count; i++) {
        const struct rg_hostmsg_case head = {.case_no = e->batch.cases[i].case_no,
                                             .state = e->state[i]->state};
        rg_opbatch_write_case(&e->batch, i, e->config.genesis, &head, &e->msg);
    }
    rg_hostmsg_batch_end(&e->msg);
    *out = (struct rg_bytes){e->msg.data, e->msg.len};
}

/* The first case to judge anew is judged: what was found is all that holds of it now. */
static rg_err end_redo(struct rg_evaluate *e, const struct rg_casestate *c)
{
    struct rg_alertlog_finding f = {.c = c, .time_ms = e->follow_ms};
    if (e->amend_case != 0) {
        f.time_ms = e->amend_ms;
        f.has_place = true;
        f.place = e->amend_place;
    }
    f.height = rg_evaluate__height_of(e, f.time_ms);
    rg_err err = rg_alertlog_settle(e->config.log, &f, e->redo_failed);
    if (err == RG_OK && e->redo_acks) {
        e->redo_ack.c = c;
        err = rg_alertlog_acknowledge(e->config.log, &e->redo_ack);
    }
    if (err == RG_OK) {
        e->redo_count--;
        e->redo_reset = false;
        e->amend_case = 0;
    }
    return err;
}

/* The next events of the first case to judge anew; when there are none it is done. */
static rg_err next_redo(struct rg_evaluate *e, struct rg_bytes *out)
{
    while (e->redo_count > 0) {
        struct rg_feed_case c;
        struct rg_casestate *state = NULL;
        const uint64_t case_no = e->redo[e->redo_count - 1];
        rg_evaluate__begin_batch(e);
        rg_err err = rg_feed_get_case(e->config.feed, case_no, &c);
        if (err != RG_OK) {
            return err;
        }
        const struct rg_casestate_name name = {case_no, c.pseudonym, c.rest_key, c.readers};
        err = rg_casestate_get(e->config.cases, &name, &state);
        rg_rand_wipe(c.rest_key, sizeof c.rest_key);
        if (err != RG_OK) {
            return err;
        }
        if (!e->redo_reset) {
            rg_casestate_reset(e->config.cases, state);
            err = rg_backlog_forget(e->config.backlog, case_no);
            if (err != RG_OK) {
                return err;
            }
            e->redo_reset = true;
            e->redo_failed = false;
            e->redo_acks = false;
        }
        const struct rg_feed_range range = {.case_no = case_no,
                                            .from = state->event_count,
                                            .max = REDO_EVENTS,
                                            .through = e->cursor};
        err = rg_feed_read_case(e->config.feed, &range, rg_evaluate__take_event, e);
        if (err != RG_OK && !(err == RG_ERR_FULL && e->batch_events > 0)) {
            return err;
        }
        if (e->batch_events > 0) {
            rg_evaluate__write_message(e, RG_EVALUATE_REDO, out);
            return RG_OK;
        }
        err = end_redo(e, state);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

/* Judge a case anew because of an entry, as far as that entry. What was judged before is written
 * first: so a crash comes back to the same place, and the log says all that was told. */
static rg_err start_amend(struct rg_evaluate *e, struct rg_bytes *out)
{
    rg_casestate_release(e->config.cases);
    const rg_err err = rg_evaluate_flush(e);
    if (err != RG_OK) {
        e->amend_case = 0;
        return err;
    }
    e->cursor = e->amend_no;
    e->moved = true;
    e->moved_ms = e->clock_ms;
    e->redo[0] = e->amend_case;
    e->redo_count = 1;
    return next_redo(e, out);
}

static rg_err next_events(struct rg_evaluate *e, struct rg_bytes *out)
{
    uint64_t next = e->cursor + 1;
    const uint32_t max = e->narrow > 0 ? 1 : RG_EVALUATE_EVENTS_MAX;
    const struct rg_feed_span span = {.from = e->cursor + 1, .max = max};
    e->other = false;
    const rg_err err = rg_feed_read(e->config.feed, &span, rg_evaluate__take_event, e, &next);
    if (err == RG_ERR_FULL && e->amend_case != 0) {
        return start_amend(e, out);
    }
    if (err == RG_ERR_FULL && e->other && e->batch.op_count == 0) {
        return RG_OK; /* for another version */
    }
    if (err != RG_OK && !(err == RG_ERR_FULL && e->batch.op_count > 0)) {
        return err;
    }
    if (e->batch_events > 0) {
        e->batch_next = next - 1;
        rg_evaluate__write_message(e, RG_EVALUATE_EVENTS, out);
    } else if (e->batch.op_count > 0) {
        rg_evaluate__write_message(e, RG_EVALUATE_TICKS, out);
    }
    return RG_OK;
}

/* Add a tick for a due case, unless events of it wait in the feed: they bring the time along. */
static rg_err take_tick(struct rg_evaluate *e, uint64_t case_no)
{
    struct rg_feed_case c;
    rg_err err = rg_feed_get_case(e->config.feed, case_no, &c);
    if (err != RG_OK) {
        return err == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : err;
    }
    const struct rg_casestate_name name = {case_no, c.pseudonym, c.rest_key, c.readers};
    err = begin_case(e, &name);
    const bool waits =
        err == RG_OK && !e->edge && e->state[e->batch.case_count]->event_count < c.event_count;
    if (waits) {
        e->blocked = true;
    } else if (err == RG_OK) {
        rg_opbatch_add_op(&e->batch, &c, RG_HOSTMSG_OP_TICK, e->tick_ms);
    }
    rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    return err;
}

static rg_err next_ticks(struct rg_evaluate *e, struct rg_bytes *out)
{
    uint64_t found[RG_EVALUATE_TICKS_MAX];
    const uint32_t max = e->narrow > 0 ? 1 : RG_EVALUATE_TICKS_MAX;
    rg_err err = rg_evaluate_flush(e);
    e->tick_ms = judged_ms(e);
    e->blocked = false;
    for (size_t skip = 0; err == RG_OK && skip < DUE_SCAN_MAX && e->batch.case_count == 0;) {
        size_t count = 0;
        err = rg_casestate_cache_due(e->config.cases, e->tick_ms, skip, found, max, &count);
        for (size_t i = 0; err == RG_OK && i < count; i++) {
            err = take_tick(e, found[i]);
        }
        skip += count;
        if (count < max) {
            break;
        }
    }
    if (err == RG_ERR_FULL && e->batch.case_count > 0) {
        err = RG_OK;
    }
    if (err == RG_OK && e->batch.case_count > 0) {
        rg_evaluate__write_message(e, RG_EVALUATE_TICKS, out);
    } else {
        rg_casestate_release(e->config.cases);
    }
    return err;
}

rg_err rg_evaluate_next(struct rg_evaluate *e, struct rg_bytes *out)
{
    RG_ASSERT(e->kind == RG_EVALUATE_NOTHING);
    rg_err err = rg_evaluate__find_times(e);
    *out = (struct rg_bytes){NULL, 0};
    if (err == RG_OK && e->redo_count > 0) {
        err = e->levelling ? rg_evaluate__next_group(e, out) : next_redo(e, out);
        if (err != RG_OK || out->len > 0) {
            return err;
        }
    }
    if (err == RG_OK && e->level != 0) {
        err = rg_evaluate__next_level(e);
        return err == RG_OK && e->redo_count > 0 ? rg_evaluate__next_group(e, out) : err;
    }
    if (err != RG_OK) {
        return err;
    }
    rg_evaluate__begin_batch(e);
    if (due(e)) {
        err = next_ticks(e, out);
        if (err != RG_OK || out->len > 0) {
            return err;
        }
        rg_evaluate__begin_batch(e);
    } else {
        e->blocked = false;
    }
    if (unseen(e)) {
        err = rg_evaluate__escalate(e, judged_ms(e));
        if (err != RG_OK) {
            return err;
        }
    }
    raise_height(e);
    if (e->cursor < rg_feed_tip(e->config.feed)) {
        err = next_events(e, out);
        if (err == RG_ERR_FULL) {
            /* All that is in memory waits to be written. */
            err = rg_evaluate_flush(e);
        }
    }
    if (out->len == 0) {
        rg_casestate_release(e->config.cases);
        const bool told = e->blocked || (!due(e) && !unseen(e));
        err = err == RG_OK && told ? rg_evaluate__next_version(e) : err;
    }
    return err;
}
