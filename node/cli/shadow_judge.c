#include "node/cli/shadow_priv.h"
#include "rules/host.h"
#include "rules/reigen_rules.h"

#define MESSAGE_BYTES (RG_HOSTMSG_BATCH_MAX / 4) /* of events; the state comes on top */

/* A case on its way through the host. */
struct pass {
    const struct rg_shadow_kept *next; /* event to send */
    uint8_t flags;
    int64_t as_of_ms;
    struct rg_hostmsg_buf *out;
    struct rg_hostmsg_item *verdict;
    struct rg_bytes state; /* borrows from out */
    size_t verdict_count;
};

rg_err rg_shadow__open(struct rg_shadow_engine *g, const struct rg_shadow_version *v)
{
    struct rg_hostmsg_opened opened;
    g->def = v->def;
    rg_hostmsg_buf_init(&g->in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&g->out, RG_HOSTMSG_RESULT_MAX);
    rg_hostmsg_buf_init(&g->live_out, RG_HOSTMSG_RESULT_MAX);
    rg_err e = rg_host_create(NULL, &g->host);
    if (e != RG_OK) {
        return e;
    }
    rg_hostmsg_put_open(&g->in, v->yaml);
    if (g->in.failed) {
        return RG_ERR_NOMEM;
    }
    e = rg_host_handle(g->host, (struct rg_bytes){g->in.data, g->in.len}, &g->out);
    if (e == RG_OK) {
        e = rg_hostmsg_get_opened((struct rg_bytes){g->out.data, g->out.len}, &opened);
    }
    return e == RG_OK && (!opened.ok || opened.rule_count != v->def->rule_count) ? RG_ERR_INVALID
                                                                                 : e;
}

void rg_shadow__close(struct rg_shadow_engine *g)
{
    rg_host_destroy(&g->host);
    rg_hostmsg_buf_free(&g->in);
    rg_hostmsg_buf_free(&g->out);
    rg_hostmsg_buf_free(&g->live_out);
}

static void put_event(const struct rg_shadow_kept *k, struct rg_hostmsg_buf *out)
{
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                               .time_ms = k->recorded_ms,
                               .occurred_ms = k->occurred_ms,
                               .flags = k->is_void ? RG_HOSTMSG_VOID : 0,
                               .step = k->step,
                               .agency = k->agency,
                               .field_count = k->field_count};
    for (uint32_t i = 0; i < k->field_count; i++) {
        op.fields[i] = (struct rg_hostmsg_field){k->fields[i].name, k->fields[i].value};
    }
    rg_hostmsg_put_op(out, &op);
}

/* Write the next part of the case; the last one ends it. */
static void write_message(struct rg_shadow_engine *g, struct pass *p)
{
    const struct rg_hostmsg_case head = {.case_no = 1, .flags = p->flags, .state = p->state};
    rg_hostmsg_batch_begin(&g->in, 1);
    rg_hostmsg_case_begin(&g->in, &head);
    const size_t start = g->in.len;
    while (p->next != NULL && g->in.len - start < MESSAGE_BYTES) {
        put_event(p->next, &g->in);
        p->next = p->next->next;
    }
    if (p->next == NULL) {
        const struct rg_hostmsg_op tick = {.kind = RG_HOSTMSG_OP_TICK, .time_ms = p->as_of_ms};
        const struct rg_hostmsg_op end = {.kind = RG_HOSTMSG_OP_FINISH, .time_ms = p->as_of_ms};
        if ((p->flags & RG_HOSTMSG_FULL) == 0) {
            rg_hostmsg_put_op(&g->in, &tick);
        }
        rg_hostmsg_put_op(&g->in, &end);
    }
    rg_hostmsg_case_end(&g->in);
    rg_hostmsg_batch_end(&g->in);
}

static rg_err take_answer(const struct rg_shadow_engine *g, struct pass *p)
{
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    uint64_t no = 0;
    p->verdict_count = 0;
    struct rg_reader r = rg_hostmsg_result((struct rg_bytes){p->out->data, p->out->len}, &no);
    if (!rg_hostmsg_next_answer(&r, &a)) {
        return RG_ERR_FULL; /* FAILED: the results of one case are over the cap */
    }
    if (a.status != RG_HOSTMSG_OK) {
        return a.status == RG_HOSTMSG_LIMIT ? RG_ERR_FULL : RG_ERR_SYSTEM;
    }
    p->state = a.state;
    while (rg_hostmsg_next_item(&r, &item)) {
        if (item.kind == RG_HOSTMSG_VERDICT && item.rule < g->def->rule_count &&
            item.judgement < RG_SHADOW_JUDGEMENTS) {
            p->verdict[item.rule] = item;
            p->verdict_count++;
        }
    }
    return !rg_hostmsg_next_answer(&r, &a) && rg_bytes_done(&r) ? RG_OK : RG_ERR_SYSTEM;
}

static rg_err run(struct rg_shadow_engine *g, struct pass *p)
{
    rg_err e = RG_OK;
    while (e == RG_OK && p->next != NULL) {
        write_message(g, p);
        if (g->in.failed) {
            return RG_ERR_NOMEM;
        }
        e = rg_host_handle(g->host, (struct rg_bytes){g->in.data, g->in.len}, p->out);
        e = e == RG_OK ? take_answer(g, p) : e;
    }
    return e == RG_OK && p->verdict_count != g->def->rule_count ? RG_ERR_SYSTEM : e;
}

rg_err rg_shadow__judge(struct rg_shadow_engine *g, const struct rg_shadow_kept *first,
                        int64_t as_of_ms)
{
    struct pass p = {.next = first,
                     .flags = RG_HOSTMSG_FULL,
                     .as_of_ms = as_of_ms,
                     .out = &g->out,
                     .verdict = g->verdict};
    return run(g, &p);
}

/* Only the verdict of a live case has a deadline, and its engine forgets those that have passed.
 * What it cannot say for sure (a list over its limits; with `clock: event` an earlier deadline of
 * the same rule that has passed already) is looked at again whenever time goes on. */
rg_err rg_shadow__due(struct rg_shadow_engine *g, const struct rg_shadow_kept *first,
                      int64_t as_of_ms, int64_t *out)
{
    bool waits = false;
    int64_t due = RG_HOSTMSG_NEVER;
    for (size_t i = 0; i < g->def->rule_count; i++) {
        waits = waits || g->verdict[i].pending > 0;
    }
    if (waits) {
        struct pass p = {
            .next = first, .as_of_ms = as_of_ms, .out = &g->live_out, .verdict = g->live};
        const rg_err e = run(g, &p);
        if (e == RG_ERR_NOMEM) {
            return e;
        }
        due = e == RG_OK ? due : as_of_ms;
    }
    for (size_t i = 0; due > as_of_ms && waits && i < g->def->rule_count; i++) {
        const struct rg_hostmsg_item *full = &g->verdict[i];
        const struct rg_hostmsg_item *live = &g->live[i];
        if (full->pending > 0) {
            const bool sure = live->pending >= full->pending && live->due_ms >= as_of_ms;
            const int64_t at = sure ? live->due_ms : as_of_ms;
            due = at < due ? at : due;
        }
    }
    *out = due;
    return RG_OK;
}
