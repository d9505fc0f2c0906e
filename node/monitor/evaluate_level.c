/* A new version of the process definition: cases judged by an older one are judged anew from their
 * first event, many in a message, until all are level. */
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/evaluate_priv.h"

#define LOOK_MAX 256u /* cases looked at in one go */
#define GROUP_MAX 64u /* judged anew together, and then written */
_Static_assert(GROUP_MAX <= RG_OPBATCH_CASES_MAX, "a group fits into a message");

static rg_err get_case(struct rg_evaluate *e, uint64_t case_no, struct rg_feed_case *out,
                       struct rg_casestate **out_state)
{
    const rg_err err = rg_feed_get_case(e->config.feed, case_no, out);
    if (err != RG_OK) {
        return err == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : err;
    }
    const struct rg_casestate_name name = {case_no, out->pseudonym, out->rest_key, out->readers};
    return rg_casestate_get(e->config.cases, &name, out_state);
}

/* Take case @case_no into the group if an older version judged it. */
static rg_err take_behind(struct rg_evaluate *e, uint64_t case_no)
{
    struct rg_feed_case c;
    struct rg_casestate *state = NULL;
    rg_err err = get_case(e, case_no, &c, &state);
    rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    if (err == RG_OK && state->event_count > 0 && state->from < e->from) {
        err = rg_backlog_forget(e->config.backlog, case_no);
        if (err != RG_OK) {
            return err;
        }
        rg_casestate_reset(e->config.cases, state);
        e->redo_bad[e->redo_count] = false;
        e->redo[e->redo_count++] = case_no;
    }
    return err;
}

rg_err rg_evaluate__next_level(struct rg_evaluate *e)
{
    rg_err err = RG_OK;
    rg_casestate_release(e->config.cases);
    for (uint32_t n = 0; n < LOOK_MAX && e->redo_count < GROUP_MAX; n++) {
        uint64_t case_no = 0;
        err = rg_feed_next_case(e->config.feed, e->level - 1, &case_no);
        err = err == RG_OK ? take_behind(e, case_no) : err;
        if (err != RG_OK) {
            break;
        }
        e->level = case_no + 1;
    }
    e->levelling = e->redo_count > 0;
    if (err == RG_ERR_FULL) {
        /* All that is in memory waits to be written. */
        return e->levelling ? RG_OK : rg_evaluate_flush(e);
    }
    if (err == RG_ERR_NOT_FOUND && !e->levelling) {
        e->level = 0;
        e->late = e->from == e->reached ? 0 : e->late;
        e->moved = true;
        e->moved_ms = e->clock_ms;
    }
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

/* Add what is still to be told of case redo[@i]: its next events, or at last when the version came
 * into force, if that matters. Nothing in @out_done: it is judged. FULL: not in this message. */
static rg_err add_case(struct rg_evaluate *e, uint32_t i, struct rg_casestate **out_done)
{
    struct rg_feed_case c;
    struct rg_casestate *state = NULL;
    const uint32_t before = e->batch_events;
    rg_err err = get_case(e, e->redo[i], &c, &state);
    if (err == RG_OK) {
        const struct rg_feed_range range = {.case_no = c.case_no,
                                            .from = state->event_count,
                                            .max = RG_EVALUATE_EVENTS_MAX,
                                            .through = e->cursor};
        err = rg_feed_read_case(e->config.feed, &range, rg_evaluate__take_event, e);
        err = err == RG_ERR_FULL && e->batch_events > before ? RG_OK : err;
    }
    *out_done = NULL;
    if (err == RG_OK && e->batch_events == before) {
        if (!e->ticks || state->due_ms >= e->switch_ms) {
            *out_done = state;
        } else if (e->batch.op_count == RG_OPBATCH_OPS_MAX) {
            err = RG_ERR_FULL;
        } else {
            e->state[e->batch.case_count] = state;
            rg_opbatch_add_op(&e->batch, &c, RG_HOSTMSG_OP_TICK, e->switch_ms);
        }
    }
    rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    return err;
}

/* Case redo[@i] is judged: what was found is all that holds of it now. */
static rg_err end_case(struct rg_evaluate *e, uint32_t i, const struct rg_casestate *state)
{
    const struct rg_alertlog_finding f = {
        .c = state, .time_ms = e->switch_ms, .height = rg_evaluate__height_of(e, e->switch_ms)};
    const rg_err err = rg_alertlog_settle(e->config.log, &f, e->redo_bad[i]);
    if (err == RG_OK) {
        e->redo_count--;
        e->redo[i] = e->redo[e->redo_count];
        e->redo_bad[i] = e->redo_bad[e->redo_count];
    }
    return err;
}

/* One round over the group, from its end. While messages are taken apart, one case in each. */
static rg_err fill(struct rg_evaluate *e)
{
    rg_err err = RG_OK;
    for (uint32_t i = e->redo_count; err == RG_OK && i > 0; i--) {
        struct rg_casestate *done = NULL;
        if (e->narrow > 0 && e->batch.op_count > 0) {
            break;
        }
        err = add_case(e, i - 1, &done);
        if (err == RG_OK && done != NULL) {
            err = end_case(e, i - 1, done);
        }
    }
    return err == RG_ERR_FULL && e->batch.op_count > 0 ? RG_OK : err;
}

rg_err rg_evaluate__next_group(struct rg_evaluate *e, struct rg_bytes *out)
{
    RG_ASSERT(e->levelling && e->redo_count > 0);
    while (e->redo_count > 0) {
        rg_evaluate__begin_batch(e);
        const rg_err err = fill(e);
        if (err != RG_OK) {
            return err;
        }
        if (e->batch.op_count > 0) {
            rg_evaluate__write_message(e, RG_EVALUATE_REDO, out);
            return RG_OK;
        }
    }
    e->levelling = false;
    rg_casestate_release(e->config.cases);
    return RG_OK;
}
