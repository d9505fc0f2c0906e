/* What an answer of the rules host changes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "base/time.h"
#include "ledger/genesis.h"
#include "node/monitor/blocktime.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/evaluate_priv.h"
#include "rules/definition.h"
#include "rules/reigen_rules.h"
#include "rules/utf8.h"
#include "storage/chain.h"

#define SUBJECT_BYTES 16
#define FAULTS_TOLD 100 /* in one run; from then on one a minute */
#define FAULTS_PAUSE_MS 60000

void rg_evaluate__end_batch(struct rg_evaluate *e)
{
    rg_opbatch_reset(&e->batch);
    rg_casestate_release(e->config.cases);
    e->kind = RG_EVALUATE_NOTHING;
}

static void moved(struct rg_evaluate *e)
{
    if (!e->moved) {
        e->moved = true;
        e->moved_ms = e->clock_ms;
    }
}

void rg_evaluate__fault(struct rg_evaluate *e, const char *code, uint32_t case_index,
                        const char *text)
{
    const struct rg_opbatch_case *c = &e->batch.cases[case_index];
    uint8_t subject[SUBJECT_BYTES];
    e->redo_failed = e->redo_failed || e->kind == RG_EVALUATE_REDO;
    for (uint32_t i = 0; e->levelling && i < e->redo_count; i++) {
        e->redo_bad[i] = e->redo_bad[i] || e->redo[i] == c->case_no;
    }
    e->faults++;
    if (e->faults > FAULTS_TOLD && e->clock_ms < e->fault_ms + FAULTS_PAUSE_MS) {
        return;
    }
    e->fault_ms = e->clock_ms;
    rg_bytes_u64_be(subject, c->case_no);
    rg_bytes_u64_be(subject + 8, e->batch.ops[c->last].feed_no);
    rg_alertlog_add_system(e->config.log, code, (struct rg_bytes){subject, sizeof subject}, text,
                           e->follow_ms);
}

uint64_t rg_evaluate_faults(const struct rg_evaluate *e)
{
    return e->faults;
}

static void note_top(struct rg_evaluate *e, const struct rg_opbatch_op *op)
{
    /* By time: what was corrected stands in a later block than it counts from. */
    if (op->time_ms > e->top_ms) {
        e->top_height = op->place.height;
        e->top_ms = op->time_ms;
    }
}

static rg_err count_events(struct rg_evaluate *e, uint32_t i)
{
    rg_err err = RG_OK;
    uint32_t at = e->batch.cases[i].first;
    while (err == RG_OK && at != RG_OPBATCH_NONE) {
        const struct rg_opbatch_op *op = &e->batch.ops[at];
        if (op->kind == RG_HOSTMSG_OP_ENTRY) {
            err = rg_casestate_add_event(e->config.cases, e->state[i], &op->place);
            note_top(e, op);
        }
        at = op->next;
    }
    return err;
}

rg_err rg_evaluate__acknowledge(struct rg_evaluate *e, uint32_t i)
{
    const struct rg_opbatch_op *op = &e->batch.ops[e->batch.cases[i].last];
    const bool redo = e->kind == RG_EVALUATE_REDO;
    e->redo_acks = redo && op->ack != NULL;
    if (op->ack == NULL || e->levelling) {
        return RG_OK; /* a new version judges what was acknowledged by then already */
    }
    struct rg_alertlog_ack a = {.c = e->state[i],
                                .raised = op->ack->raised,
                                .place = op->place,
                                .member = op->ack->member,
                                .note = op->ack->note,
                                .time_ms = op->time_ms};
    if (!redo) {
        return rg_alertlog_acknowledge(e->config.log, &a);
    }
    /* Behind what settles the case; the batch is gone by then. */
    RG_ASSERT(a.note.len <= sizeof e->redo_note);
    if (a.note.len > 0) {
        memcpy(e->redo_note, a.note.data, a.note.len);
    }
    a.note.data = (const uint8_t *)e->redo_note;
    e->redo_ack = a;
    return RG_OK;
}

rg_err rg_evaluate__pass_over(struct rg_evaluate *e, uint32_t i)
{
    struct rg_casestate *c = e->state[i];
    rg_evaluate__judged(e, c);
    const rg_err err = count_events(e, i);
    if (err != RG_OK) {
        return err;
    }
    /* A copy: setting frees what it replaces. */
    const size_t len = c->state.len;
    uint8_t *copy = len > 0 ? malloc(len) : NULL;
    if (len > 0 && copy == NULL) {
        return RG_ERR_NOMEM;
    }
    if (len > 0) {
        memcpy(copy, c->state.data, len);
    }
    const rg_err set =
        rg_casestate_set(e->config.cases, c, (struct rg_bytes){copy, len}, RG_CASESTATE_NEVER);
    free(copy);
    return set == RG_OK ? rg_evaluate__acknowledge(e, i) : set;
}

/* The time of the first block after @due_ms: when that deadline was breached. */
static int64_t first_block_after(struct rg_evaluate *e, int64_t due_ms, int64_t otherwise)
{
    if (e->due_known && e->due_known_ms == due_ms) {
        return e->due_block_ms;
    }
    int64_t time = otherwise;
    if (rg_blocktime_after(e->config.chain, due_ms, &time) == RG_OK) {
        e->due_known = true;
        e->due_known_ms = due_ms;
        e->due_block_ms = time;
    }
    return time;
}

uint64_t rg_evaluate__height_of(struct rg_evaluate *e, int64_t time_ms)
{
    struct rg_chain_view *v = NULL;
    uint64_t height = e->follow_height;
    if (e->of_height > 0 && e->of_ms == time_ms) {
        return e->of_height;
    }
    if (time_ms > 0 && rg_chain_view_open(e->config.chain, &v) == RG_OK &&
        rg_chain_view_height_after(v, time_ms - 1, &height) == RG_OK) {
        e->of_ms = time_ms;
        e->of_height = height;
    }
    rg_chain_view_close(&v);
    return height;
}

static rg_err add_finding(struct rg_evaluate *e, uint32_t i, const struct rg_hostmsg_item *item)
{
    const struct rg_casestate *c = e->state[i];
    const struct rg_opbatch_op *op = rg_opbatch_op(&e->batch, i, item->op);
    RG_ASSERT(op != NULL); /* looked at by check_answer */
    if (item->severity != RG_CLOUDEVENT_SYSTEM && rg_backlog_is(e->config.backlog, item->rule)) {
        return rg_backlog_note(e->config.backlog, c->case_no, item->rule,
                               item->state == RG_RULES_HEALED ? RG_BACKLOG_NOT : item->due_ms);
    }
    struct rg_alertlog_finding f = {.c = c,
                                    .severity = item->severity,
                                    .state = item->state == RG_RULES_HEALED ? RG_CLOUDEVENT_HEALED
                                                                            : RG_CLOUDEVENT_RAISED,
                                    .rule = item->rule,
                                    .rule_id = item->rule_id,
                                    .step = item->step,
                                    .event_no = item->event_no,
                                    .time_ms = op->time_ms,
                                    .has_due = item->due_ms != RG_HOSTMSG_NEVER,
                                    .due_ms = item->due_ms};
    if (item->event_no >= 0 && item->event_no < (int64_t)c->place_count) {
        f.has_place = true;
        f.place = c->places[item->event_no];
    } else if (op->kind == RG_HOSTMSG_OP_ENTRY) {
        f.has_place = true;
        f.place = op->place;
    }
    f.again = e->kind == RG_EVALUATE_REDO;
    if (f.again && e->levelling) {
        f.time_ms = e->switch_ms;
    } else if (f.again && e->amend_case != 0) {
        f.time_ms = e->amend_ms;
    } else if (op->kind == RG_HOSTMSG_OP_TICK && f.has_due) {
        f.time_ms = first_block_after(e, item->due_ms, op->time_ms);
    }
    f.height = rg_evaluate__height_of(e, f.time_ms);
    return rg_alertlog_add(e->config.log, &f);
}

static bool check_item(const struct rg_evaluate *e, uint32_t i, const struct rg_hostmsg_item *item)
{
    const uint64_t ops = e->batch.cases[i].op_count;
    return item->kind != RG_HOSTMSG_ALERT ||
           (item->op < ops && item->due_ms >= 0 &&
            (item->due_ms <= RG_TIME_MAX || item->due_ms == RG_HOSTMSG_NEVER) &&
            item->event_no < (int64_t)(e->state[i]->event_count + ops) &&
            item->severity >= RG_CLOUDEVENT_WARNING && item->severity <= RG_CLOUDEVENT_SYSTEM &&
            item->rule_id.len > 0 && rg_utf8_is_text(item->rule_id) && rg_utf8_is_text(item->step));
}

/* The whole answer is looked at before anything of it counts. */
static bool check_answer(const struct rg_evaluate *e, struct rg_bytes answer)
{
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    uint64_t no = 0;
    uint32_t i = 0;
    uint64_t alerts = 0; /* of the case */
    uint64_t waiting = rg_alertlog_waiting(e->config.log) + rg_backlog_waiting(e->config.backlog);
    bool ok = true;
    struct rg_reader r = rg_hostmsg_result(answer, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        ok = ok && i < e->batch.case_count && a.case_no == e->batch.cases[i].case_no &&
             a.state.len <= RG_HOSTMSG_STATE_MAX;
        alerts = 0;
        while (rg_hostmsg_next_item(&r, &item)) {
            ok = ok && check_item(e, i, &item);
            alerts += item.kind == RG_HOSTMSG_ALERT ? 1 : 0;
        }
        waiting += alerts;
        waiting += ok && e->batch.ops[e->batch.cases[i].last].ack != NULL ? 1 : 0;
        ok = ok && waiting <= RG_ALERTLOG_WAITING_MAX &&
             alerts <= RG_EVALUATE_ALERTS_MAX + 64 * (uint64_t)e->batch.cases[i].op_count;
        i++;
    }
    return ok && rg_bytes_done(&r) && no == e->batch_no && i == e->batch.case_count;
}

static void publish_steps(struct rg_evaluate *e, uint32_t i)
{
    const struct rg_genesis *g = e->config.genesis;
    const struct rg_opbatch_case *c = &e->batch.cases[i];
    for (uint32_t at = c->first; at != RG_OPBATCH_NONE; at = e->batch.ops[at].next) {
        const struct rg_opbatch_op *op = &e->batch.ops[at];
        if (op->kind != RG_HOSTMSG_OP_ENTRY || op->ack != NULL) {
            continue;
        }
        char *json = NULL;
        if (rg_events_wanted(e->config.events, RG_EVENTS_STEP)) {
            const char *agency =
                op->place.writer < g->agency_count ? g->agency[op->place.writer].name : "";
            const struct rg_cloudevent_step s = {.ledger = g->name,
                                                 .process =
                                                     rg_bytes_str(e->config.definition->process),
                                                 .pseudonym = c->pseudonym,
                                                 .step = op->step,
                                                 .agency = rg_bytes_str(agency),
                                                 .place = op->place,
                                                 .event_no = op->event_no,
                                                 .occurred_ms = op->occurred_ms,
                                                 .time_ms = op->time_ms};
            json = rg_cloudevent_step(&s);
        }
        rg_events_publish(e->config.events, RG_EVENTS_STEP, json);
        free(json);
    }
}

static rg_err apply_bad(struct rg_evaluate *e, uint32_t i, enum rg_hostmsg_status status)
{
    const bool again = status == RG_HOSTMSG_BAD_STATE && e->kind != RG_EVALUATE_REDO &&
                       e->state[i]->state.len > 0 && e->redo_count < RG_OPBATCH_CASES_MAX;
    if (again) {
        e->redo[e->redo_count] = e->batch.cases[i].case_no;
        e->redo_count++;
        return RG_OK;
    }
    if (status == RG_HOSTMSG_LIMIT) {
        rg_evaluate__fault(e, "rules-limit", i,
                           "A case is over a limit of the rules; what came last is not judged.");
    } else {
        rg_evaluate__fault(e, "rules-fault", i, "The rules failed on an entry; it is not judged.");
    }
    return rg_evaluate__pass_over(e, i);
}

static rg_err apply_case(struct rg_evaluate *e, uint32_t i, const struct rg_hostmsg_answer *a,
                         struct rg_reader *r)
{
    struct rg_hostmsg_item item;
    int64_t due = a->due_ms;
    rg_err err = RG_OK;
    if (a->status != RG_HOSTMSG_OK) {
        while (rg_hostmsg_next_item(r, &item)) {
        }
        return apply_bad(e, i, a->status);
    }
    const struct rg_opbatch_op *last = &e->batch.ops[e->batch.cases[i].last];
    if (last->kind == RG_HOSTMSG_OP_TICK && due < last->time_ms) {
        due = last->time_ms; /* it was told this time already: not again before the next block */
    }
    rg_evaluate__judged(e, e->state[i]);
    err = count_events(e, i);
    if (err == RG_OK) {
        err = rg_casestate_set(e->config.cases, e->state[i], a->state, due);
    }
    while (rg_hostmsg_next_item(r, &item)) {
        if (err == RG_OK && item.kind == RG_HOSTMSG_ALERT) {
            err = add_finding(e, i, &item);
        }
    }
    return err == RG_OK ? rg_evaluate__acknowledge(e, i) : err;
}

static void finish(struct rg_evaluate *e)
{
    const enum rg_evaluate_kind kind = e->kind;
    for (uint32_t i = 0; kind == RG_EVALUATE_EVENTS && i < e->batch.case_count; i++) {
        publish_steps(e, i);
    }
    if (kind == RG_EVALUATE_EVENTS) {
        e->cursor = e->batch_next;
    }
    if (e->narrow > 0) {
        const uint32_t done = e->batch_events > 0 ? e->batch_events : 1;
        e->narrow -= done < e->narrow ? done : e->narrow;
    }
    moved(e);
    rg_evaluate__end_batch(e);
}

rg_err rg_evaluate_answer(struct rg_evaluate *e, struct rg_bytes answer)
{
    struct rg_hostmsg_answer a;
    uint64_t no = 0;
    uint32_t i = 0;
    rg_err err = RG_OK;
    RG_ASSERT(e->kind != RG_EVALUATE_NOTHING);
    if (!check_answer(e, answer)) {
        return RG_ERR_INVALID;
    }
    struct rg_reader r = rg_hostmsg_result(answer, &no);
    while (err == RG_OK && rg_hostmsg_next_answer(&r, &a)) {
        err = apply_case(e, i, &a, &r);
        i++;
    }
    if (err == RG_OK) {
        finish(e);
    }
    return err;
}

rg_err rg_evaluate_failed(struct rg_evaluate *e)
{
    RG_ASSERT(e->kind != RG_EVALUATE_NOTHING);
    const bool single =
        e->batch.case_count == 1 && (e->batch_events <= 1 || e->kind == RG_EVALUATE_REDO);
    if (!single) {
        e->narrow = e->batch_events > 0 ? e->batch_events : e->batch.case_count;
        rg_evaluate__end_batch(e);
        return RG_OK;
    }
    rg_evaluate__fault(e, "rules-fault", 0, "The rules failed on an entry; it is not judged.");
    const rg_err err = rg_evaluate__pass_over(e, 0);
    if (err == RG_OK) {
        finish(e);
    }
    return err;
}
