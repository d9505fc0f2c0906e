#include "node/monitor/duties.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "rules/definition.h"
#include "rules/hostmsg.h"
#include "rules/reigen_rules.h"
#include "rules/utf8.h"

_Static_assert(RG_CASE_RULES_MAX >= RG_DEFINITION_RULES_MAX, "every rule has a place");

struct question {
    uint64_t case_no;
    uint64_t token;
    rg_monitor_duties_fn fn;
    void *ctx;
};

struct rg_duties {
    struct rg_feed *feed;
    struct rg_casestates *cases;
    struct rg_hostmsg_buf msg;
    struct question queue[RG_MONITOR_PENDING_MAX]; /* a ring */
    size_t head;
    size_t count;
    struct rg_answer_duty duty[RG_MONITOR_DUTIES_MAX];
    struct rg_answer_rule rule[RG_CASE_RULES_MAX];
};

rg_err rg_duties_create(struct rg_feed *feed, struct rg_casestates *cases, struct rg_duties **out)
{
    struct rg_duties *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return RG_ERR_NOMEM;
    }
    d->feed = feed;
    d->cases = cases;
    rg_hostmsg_buf_init(&d->msg, RG_HOSTMSG_BATCH_MAX);
    *out = d;
    return RG_OK;
}

static void answer_first(struct rg_duties *d, rg_err err, uint32_t duties, uint32_t rules)
{
    const struct rg_answer_case c = {
        .duty_count = duties, .duties = d->duty, .rule_count = rules, .rules = d->rule};
    const struct question q = d->queue[d->head];
    d->head = (d->head + 1) % RG_MONITOR_PENDING_MAX;
    d->count--;
    q.fn(q.ctx, q.token, err, &c);
}

void rg_duties_fail(struct rg_duties *d, rg_err err)
{
    /* Not those that are asked from inside the answers. */
    for (size_t n = d->count; n > 0; n--) {
        answer_first(d, err, 0, 0);
    }
}

void rg_duties_destroy(struct rg_duties **d_p)
{
    if (*d_p == NULL) {
        return;
    }
    rg_duties_fail(*d_p, RG_ERR_CLOSED);
    rg_hostmsg_buf_free(&(*d_p)->msg);
    free(*d_p);
    *d_p = NULL;
}

rg_err rg_duties_ask(struct rg_duties *d, uint64_t case_no, uint64_t token, rg_monitor_duties_fn fn,
                     void *ctx)
{
    if (d->count == RG_MONITOR_PENDING_MAX) {
        return RG_ERR_FULL;
    }
    d->queue[(d->head + d->count) % RG_MONITOR_PENDING_MAX] =
        (struct question){case_no, token, fn, ctx};
    d->count++;
    return RG_OK;
}

bool rg_duties_waiting(const struct rg_duties *d)
{
    return d->count > 0;
}

rg_err rg_duties_next(struct rg_duties *d, struct rg_bytes *out)
{
    *out = (struct rg_bytes){NULL, 0};
    if (d->count == 0) {
        return RG_OK;
    }
    struct rg_feed_case c;
    struct rg_casestate *state = NULL;
    const uint64_t case_no = d->queue[d->head].case_no;
    rg_err err = rg_feed_get_case(d->feed, case_no, &c);
    if (err == RG_OK) {
        const struct rg_casestate_name name = {case_no, c.pseudonym, c.rest_key, c.readers};
        err = rg_casestate_get(d->cases, &name, &state);
        rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    }
    if (err == RG_ERR_NOT_FOUND || (err == RG_OK && state->event_count == 0)) {
        rg_casestate_release(d->cases);
        answer_first(d, RG_OK, 0, 0); /* nothing was judged yet: no duties */
        return RG_OK;
    }
    if (err != RG_OK) {
        return err;
    }
    const struct rg_hostmsg_case head = {.case_no = case_no, .state = state->state};
    const struct rg_hostmsg_op next = {.kind = RG_HOSTMSG_OP_NEXT};
    /* As of what was judged: a deadline passes when the case is told so, not by asking. */
    const struct rg_hostmsg_op stands = {.kind = RG_HOSTMSG_OP_FINISH};
    rg_hostmsg_batch_begin(&d->msg, 0);
    rg_hostmsg_case_begin(&d->msg, &head);
    rg_hostmsg_put_op(&d->msg, &next);
    rg_hostmsg_put_op(&d->msg, &stands);
    rg_hostmsg_case_end(&d->msg);
    rg_hostmsg_batch_end(&d->msg);
    rg_casestate_release(d->cases);
    if (d->msg.failed) {
        answer_first(d, RG_ERR_NOMEM, 0, 0);
        return RG_OK;
    }
    *out = (struct rg_bytes){d->msg.data, d->msg.len};
    return RG_OK;
}

/* Split a list of names joined by commas. */
static uint32_t split(struct rg_bytes list, struct rg_bytes out[static RG_DUTY_BY_MAX])
{
    uint32_t n = 0;
    size_t from = 0;
    for (size_t i = 0; i <= list.len && n < RG_DUTY_BY_MAX; i++) {
        if (i == list.len || list.data[i] == ',') {
            if (i > from) {
                out[n] = (struct rg_bytes){list.data + from, i - from};
                n++;
            }
            from = i + 1;
        }
    }
    return n;
}

/* Keep a duty; false: it is over a cap, or no text. */
static bool take_duty(struct rg_duties *d, uint32_t at, const struct rg_hostmsg_item *item)
{
    if (at == RG_MONITOR_DUTIES_MAX || !rg_utf8_is_text(item->rule_id) ||
        !rg_utf8_is_text(item->step) || !rg_utf8_is_text(item->agencies)) {
        return false;
    }
    struct rg_answer_duty *out = &d->duty[at];
    *out = (struct rg_answer_duty){.rule = item->rule_id, .step = item->step};
    out->by_count = split(item->agencies, out->by);
    out->due_ms = item->due_ms == RG_HOSTMSG_NEVER || item->due_ms < 0 ? 0 : (uint64_t)item->due_ms;
    return true;
}

static enum rg_rule_state state_of(const struct rg_hostmsg_item *item)
{
    switch ((enum rg_rules_judgement)item->judgement) {
    case RG_RULES_VACUOUS:
        break;
    case RG_RULES_SATISFIED:
        return item->settled ? RG_RULE_SETTLED : RG_RULE_SATISFIED;
    case RG_RULES_PENDING:
        return RG_RULE_PENDING;
    case RG_RULES_VIOLATED:
        return RG_RULE_VIOLATED;
    }
    return RG_RULE_INACTIVE;
}

/* Keep how a rule of the definition stands; a script gives no verdicts. */
static bool take_rule(struct rg_duties *d, uint32_t at, const struct rg_hostmsg_item *item)
{
    if (at == RG_CASE_RULES_MAX || !rg_utf8_is_text(item->rule_id)) {
        return false;
    }
    struct rg_answer_rule *out = &d->rule[at];
    *out = (struct rg_answer_rule){
        .rule = item->rule_id, .state = state_of(item), .violations = item->violation_count};
    if (out->state == RG_RULE_PENDING && item->due_ms != RG_HOSTMSG_NEVER && item->due_ms > 0) {
        out->due_ms = (uint64_t)item->due_ms;
    }
    return true;
}

/* Whether duty @id is one of rule @rule: its own, or that of its soft limit, which speaks for both.
 */
static bool is_duty_of(struct rg_bytes id, struct rg_bytes rule)
{
    static const char hard[] = ".hard";
    return rg_bytes_eq(id, rule) ||
           (rule.len == id.len + sizeof hard - 1 && memcmp(rule.data, id.data, id.len) == 0 &&
            memcmp(rule.data + id.len, hard, sizeof hard - 1) == 0);
}

/* Add whose turn @duty is to @rule, each agency once. */
static void add_turn(struct rg_answer_rule *rule, const struct rg_answer_duty *duty)
{
    for (uint32_t i = 0; i < duty->by_count; i++) {
        uint32_t k = 0;
        while (k < rule->by_count && !rg_bytes_eq(rule->by[k], duty->by[i])) {
            k++;
        }
        if (k == rule->by_count && k < RG_DUTY_BY_MAX) {
            rule->by[rule->by_count++] = duty->by[i];
        }
    }
}

static void add_turns(struct rg_duties *d, uint32_t duties, uint32_t rules)
{
    for (uint32_t r = 0; r < rules; r++) {
        for (uint32_t i = 0; d->rule[r].state == RG_RULE_PENDING && i < duties; i++) {
            if (is_duty_of(d->duty[i].rule, d->rule[r].rule)) {
                add_turn(&d->rule[r], &d->duty[i]);
            }
        }
    }
}

void rg_duties_answer(struct rg_duties *d, struct rg_bytes answer)
{
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    uint64_t no = 0;
    uint32_t duties = 0;
    uint32_t rules = 0;
    rg_err err = RG_OK;
    RG_ASSERT(d->count > 0);
    struct rg_reader r = rg_hostmsg_result(answer, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        err = a.status == RG_HOSTMSG_OK ? RG_OK : RG_ERR_INVALID;
        while (rg_hostmsg_next_item(&r, &item)) {
            if (item.kind == RG_HOSTMSG_DUTY) {
                duties += take_duty(d, duties, &item) ? 1 : 0;
            } else if (item.kind == RG_HOSTMSG_VERDICT) {
                rules += take_rule(d, rules, &item) ? 1 : 0;
            }
        }
    }
    if (!rg_bytes_done(&r)) {
        err = RG_ERR_INVALID;
    }
    add_turns(d, duties, rules);
    answer_first(d, err, err == RG_OK ? duties : 0, err == RG_OK ? rules : 0);
}
