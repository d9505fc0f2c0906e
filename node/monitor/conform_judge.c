/* The messages of a conformance check to its rules host, and what the answers add up to. */
#include <stdlib.h>

#include "base/bytes.h"
#include "node/monitor/conform_priv.h"

#define FINISH_MAX 256u
#define STATES_MAX ((size_t)1024 * 1024) /* bytes of states in one message */

static rg_err hold(struct rg_conform_job *j, uint64_t case_no)
{
    if (case_no < j->held_count) {
        return RG_OK;
    }
    const uint64_t count = 2 * case_no + 1024;
    struct rg_conform_held *more = realloc(j->held, count * sizeof *more);
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
    struct rg_conform_job *j = &c->job;
    if (e->feed_no > j->tip || !rg_opbatch_has_room(&c->batch, e)) {
        return RG_ERR_FULL;
    }
    const rg_err err = hold(j, e->case_no);
    if (err != RG_OK) {
        return err;
    }
    struct rg_conform_held *h = &j->held[e->case_no];
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
    struct rg_conform_job *j = &c->job;
    j->batch_no++;
    rg_hostmsg_batch_begin(&c->msg, j->batch_no);
    for (uint32_t i = 0; i < c->batch.case_count; i++) {
        const struct rg_conform_held *h = &j->held[c->batch.cases[i].case_no];
        const struct rg_hostmsg_case head = {.case_no = c->batch.cases[i].case_no,
                                             .flags = RG_HOSTMSG_FULL,
                                             .state = {h->state, h->len}};
        rg_opbatch_write_case(&c->batch, i, c->config.genesis, &head, &c->msg);
    }
    rg_hostmsg_batch_end(&c->msg);
}

static rg_err next_events(struct rg_conform *c)
{
    struct rg_conform_job *j = &c->job;
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
    struct rg_conform_job *j = &c->job;
    const uint32_t max = j->limit < FINISH_MAX ? j->limit : FINISH_MAX;
    uint64_t no = j->finished;
    while (no + 1 < j->held_count && c->batch.case_count < max) {
        const struct rg_conform_held *h = &j->held[no + 1];
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

rg_err rg_conform__next(struct rg_conform *c)
{
    struct rg_conform_job *j = &c->job;
    rg_opbatch_reset(&c->batch);
    j->message_states = 0;
    j->message_events = 0;
    if (j->phase == RG_CONFORM_READ && j->cursor >= j->tip) {
        j->phase = RG_CONFORM_FINISH;
        if (j->totals.as_of_ms == -1) {
            j->totals.as_of_ms = j->latest_ms == INT64_MIN ? 0 : j->latest_ms;
        }
        j->limit = RG_CONFORM_EVENTS_MAX;
    }
    if (j->phase == RG_CONFORM_READ) {
        const rg_err e = next_events(c);
        if (e != RG_OK) {
            return e;
        }
    } else if (j->phase == RG_CONFORM_FINISH) {
        next_finish(c);
    }
    if (c->batch.op_count == 0) {
        j->phase = RG_CONFORM_REPORT;
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

/* The group of a case; @first as for rg_breakdown_find(). */
static rg_err find_group(struct rg_conform_job *j, uint64_t case_no,
                         const struct rg_breakdown_first *first)
{
    const rg_err e = rg_breakdown_find(j->breakdown, first, &j->held[case_no].group);
    j->crowded = e == RG_ERR_FULL;
    return e;
}

/* Case @i of the message was judged: its first entry that counts says where it belongs. An entry
 * that was cancelled is void from the start, since the whole log is read as it stands at the tip.
 */
static rg_err group_entries(struct rg_conform *c, uint32_t i)
{
    struct rg_conform_job *j = &c->job;
    const struct rg_opbatch_case *bc = &c->batch.cases[i];
    uint64_t events = 0;
    for (uint32_t at = bc->first; at != RG_OPBATCH_NONE; at = c->batch.ops[at].next) {
        const struct rg_opbatch_op *op = &c->batch.ops[at];
        if ((op->flags & RG_HOSTMSG_VOID) != 0) {
            continue;
        }
        if (j->held[bc->case_no].group == 0) {
            const struct rg_breakdown_first first = {op->occurred_ms, op->fields, op->field_count};
            const rg_err e = find_group(j, bc->case_no, &first);
            if (e != RG_OK) {
                return e;
            }
        }
        events++;
    }
    if (events > 0) {
        rg_breakdown_count(j->breakdown, j->held[bc->case_no].group, 0, events);
    }
    return RG_OK;
}

/* Case @i of the message is at its end. */
static rg_err group_case(struct rg_conform *c, uint32_t i)
{
    struct rg_conform_job *j = &c->job;
    const uint64_t no = c->batch.cases[i].case_no;
    const rg_err e = j->held[no].group == 0 ? find_group(j, no, NULL) : RG_OK;
    if (e == RG_OK) {
        rg_breakdown_count(j->breakdown, j->held[no].group, 1, 0);
    }
    return e;
}

static rg_err add_verdict(struct rg_conform_job *j, uint64_t case_no,
                          const struct rg_hostmsg_item *item)
{
    if (j->phase != RG_CONFORM_FINISH) {
        return RG_ERR_INVALID; /* a verdict comes at the end of a case */
    }
    const rg_err e = rg_tally_add(j->tally, case_no, item);
    if (e == RG_OK && j->breakdown != NULL) {
        rg_breakdown_add(j->breakdown, j->held[case_no].group, item);
    }
    return e;
}

/* Keep the state of a case until its next message; none after its end. */
static rg_err keep(struct rg_conform_job *j, const struct rg_hostmsg_answer *a)
{
    struct rg_conform_held *h = &j->held[a->case_no];
    if (!h->seen) {
        h->seen = true;
        j->totals.cases++;
    }
    const size_t len = j->phase == RG_CONFORM_FINISH ? 0 : a->state.len;
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

rg_err rg_conform__apply(struct rg_conform *c, struct rg_bytes msg)
{
    struct rg_conform_job *j = &c->job;
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
        if (e == RG_OK && j->breakdown != NULL) {
            e = j->phase == RG_CONFORM_READ ? group_entries(c, i) : group_case(c, i);
        }
        while (rg_hostmsg_next_item(&r, &item)) {
            if (e == RG_OK && item.kind == RG_HOSTMSG_VERDICT) {
                e = add_verdict(j, a.case_no, &item);
            }
        }
        i++;
    }
    if (e == RG_OK && (!rg_bytes_done(&r) || i != c->batch.case_count)) {
        e = RG_ERR_INVALID;
    }
    if (e == RG_OK && j->phase == RG_CONFORM_READ) {
        j->totals.events += j->message_events;
        j->cursor = j->next;
    } else if (e == RG_OK) {
        j->finished = j->next;
    }
    return e;
}
