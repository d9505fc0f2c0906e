#include "rules/host.h"
#include <stdlib.h>

#include "rules/soll.h"

#if RG_HOSTMSG_FULL != RG_RULES_FULL || RG_HOSTMSG_VOID != RG_RULES_VOID
#error "flags are passed on"
#endif
_Static_assert(RG_HOSTMSG_NEVER == RG_RULES_NEVER, "deadlines are passed on");
_Static_assert(RG_HOSTMSG_STATE_MAX >= RG_SOLL_STATE_MAX, "the state of soll fits");

struct rg_host {
    const struct rg_rules_module *module;
    void *instance; /* NULL: no definition is open */
    struct rg_rules_host table;
    struct rg_hostmsg_buf items; /* of the case under way */
    struct rg_hostmsg_buf state; /* its new state */
    /* The case and the operation under way. */
    struct rg_bytes old_state;
    int64_t due_ms;
    int64_t op_time_ms;
    uint32_t op;
    bool full;
};

static struct rg_bytes bytes_of(struct rg_rules_text t)
{
    return (struct rg_bytes){(const uint8_t *)t.data, t.len};
}

static struct rg_rules_text text_of(struct rg_bytes b)
{
    return (struct rg_rules_text){b.len == 0 ? "" : (const char *)b.data, b.len};
}

/* What the module may call. Whatever does not fit makes the item buffer fail, hence the case. */

static void on_emit(void *ctx, const struct rg_rules_alert *alert)
{
    struct rg_host *h = ctx;
    const struct rg_hostmsg_item item = {.kind = RG_HOSTMSG_ALERT,
                                         .op = h->op,
                                         .rule = alert->rule,
                                         .rule_id = bytes_of(alert->id),
                                         .severity = (uint8_t)alert->severity,
                                         .state = (uint8_t)alert->state,
                                         .event_no = alert->event_no,
                                         .time_ms = h->op_time_ms,
                                         .due_ms = alert->due_ms,
                                         .step = bytes_of(alert->step)};
    if (alert->severity < RG_RULES_WARNING || alert->severity > RG_RULES_SYSTEM ||
        alert->state < RG_RULES_RAISED || alert->state > RG_RULES_HEALED ||
        alert->event_no < RG_RULES_WHOLE_CASE) {
        h->items.failed = true;
    } else if (!h->full) {
        rg_hostmsg_put_item(&h->items, &item, NULL, 0);
    }
}

static void on_duty(void *ctx, const struct rg_rules_duty *duty)
{
    struct rg_host *h = ctx;
    const struct rg_hostmsg_item item = {.kind = RG_HOSTMSG_DUTY,
                                         .op = h->op,
                                         .rule = duty->rule,
                                         .rule_id = bytes_of(duty->id),
                                         .due_ms = duty->due_ms,
                                         .step = bytes_of(duty->step),
                                         .agencies = bytes_of(duty->agencies)};
    if (duty->agencies.len > RG_HOSTMSG_TEXT_MAX) {
        h->items.failed = true;
        return;
    }
    rg_hostmsg_put_item(&h->items, &item, NULL, 0);
}

static void on_verdict(void *ctx, const struct rg_rules_verdict *verdict)
{
    struct rg_host *h = ctx;
    const struct rg_hostmsg_item item = {.kind = RG_HOSTMSG_VERDICT,
                                         .op = h->op,
                                         .rule = verdict->rule,
                                         .rule_id = bytes_of(verdict->id),
                                         .judgement = (uint8_t)verdict->judgement,
                                         .settled = verdict->settled != 0,
                                         .due_ms = verdict->due_ms,
                                         .activations = verdict->activations,
                                         .pending = verdict->pending,
                                         .violation_count = verdict->violation_count};
    if (verdict->judgement > RG_RULES_VIOLATED) {
        h->items.failed = true;
        return;
    }
    rg_hostmsg_put_item(&h->items, &item, verdict->events, verdict->event_count);
}

static const uint8_t *on_state_get(void *ctx, size_t *len)
{
    const struct rg_host *h = ctx;
    *len = h->old_state.len;
    return h->old_state.data;
}

static int on_state_put(void *ctx, const uint8_t *data, size_t len)
{
    struct rg_host *h = ctx;
    if (len > h->table.state_max) {
        return -1;
    }
    rg_hostmsg_buf_reset(&h->state);
    if (h->state.cap < len) {
        uint8_t *p = realloc(h->state.data, len);
        if (p == NULL) {
            return -1;
        }
        h->state.data = p;
        h->state.cap = len;
    }
    if (len > 0) {
        memcpy(h->state.data, data, len);
    }
    h->state.len = len;
    return 0;
}

static void on_timer_set(void *ctx, int64_t due_ms)
{
    struct rg_host *h = ctx;
    h->due_ms = due_ms < 0 ? 0 : due_ms;
}

rg_err rg_host_create(const struct rg_rules_module *module, struct rg_host **out)
{
    const struct rg_rules_module *m = module == NULL ? rg_soll_module() : module;
    if (m->abi != RG_RULES_ABI) {
        return RG_ERR_VERSION;
    }
    struct rg_host *h = calloc(1, sizeof(*h));
    if (h == NULL) {
        return RG_ERR_NOMEM;
    }
    h->module = m;
    h->table = (struct rg_rules_host){.abi = RG_RULES_ABI,
                                      .ctx = h,
                                      .emit = on_emit,
                                      .duty = on_duty,
                                      .verdict = on_verdict,
                                      .state_get = on_state_get,
                                      .state_put = on_state_put,
                                      .timer_set = on_timer_set};
    rg_hostmsg_buf_init(&h->items, RG_HOSTMSG_RESULT_MAX);
    rg_hostmsg_buf_init(&h->state, RG_HOSTMSG_FULL_STATE_MAX);
    *out = h;
    return RG_OK;
}

static void close_definition(struct rg_host *h)
{
    if (h->instance != NULL) {
        h->module->close(h->instance);
        h->instance = NULL;
    }
}

void rg_host_destroy(struct rg_host **host)
{
    if (host == NULL || *host == NULL) {
        return;
    }
    close_definition(*host);
    rg_hostmsg_buf_free(&(*host)->items);
    rg_hostmsg_buf_free(&(*host)->state);
    free(*host);
    *host = NULL;
}

static void handle_open(struct rg_host *h, struct rg_bytes msg, struct rg_hostmsg_buf *out)
{
    char err[RG_RULES_ERROR_MAX] = "";
    struct rg_bytes definition = {NULL, 0};
    struct rg_hostmsg_opened opened = {0};
    if (rg_hostmsg_get_open(msg, &definition) != RG_OK) {
        rg_hostmsg_put_failed(out, 0, "not a valid message");
        return;
    }
    close_definition(h);
    void *instance = NULL;
    const int rc = h->module->open(definition.data, definition.len, &instance, err);
    if (rc == RG_RULES_OK) {
        struct rg_rules_about about = {{"", 0}, 0, 0};
        h->instance = instance;
        h->module->about(instance, &about);
        opened.ok = true;
        opened.process = bytes_of(about.process);
        opened.version = about.version;
        opened.rule_count = about.rule_count;
    } else {
        err[sizeof(err) - 1] = '\0';
        opened.error = rg_bytes_str(err);
    }
    rg_hostmsg_put_opened(out, &opened);
}

static int do_entry(struct rg_host *h, const struct rg_hostmsg_op *op)
{
    struct rg_rules_field fields[RG_FIELDS_MAX];
    for (size_t i = 0; i < op->field_count; i++) {
        fields[i].name = text_of(op->fields[i].name);
        fields[i].value = text_of(op->fields[i].value);
    }
    const struct rg_rules_entry entry = {.time_ms = op->time_ms,
                                         .occurred_ms = op->occurred_ms,
                                         .flags = op->flags,
                                         .step = text_of(op->step),
                                         .agency = text_of(op->agency),
                                         .fields = fields,
                                         .field_count = op->field_count};
    return h->module->entry(h->instance, &h->table, &entry);
}

static int do_op(struct rg_host *h, const struct rg_hostmsg_op *op)
{
    h->op_time_ms = op->time_ms;
    switch (op->kind) {
    case RG_HOSTMSG_OP_ENTRY:
        return do_entry(h, op);
    case RG_HOSTMSG_OP_TICK:
        return h->module->tick(h->instance, &h->table, op->time_ms);
    case RG_HOSTMSG_OP_NEXT:
        return h->module->next(h->instance, &h->table);
    case RG_HOSTMSG_OP_FINISH:
        return h->module->finish(h->instance, &h->table, op->time_ms);
    default:
        return RG_RULES_OK;
    }
}

static enum rg_hostmsg_status status_of(int rc)
{
    return rc == RG_RULES_OK          ? RG_HOSTMSG_OK
           : rc == RG_RULES_BAD_STATE ? RG_HOSTMSG_BAD_STATE
           : rc == RG_RULES_LIMIT     ? RG_HOSTMSG_LIMIT
                                      : RG_HOSTMSG_FAULT;
}

static void handle_case(struct rg_host *h, const struct rg_hostmsg_case *c, struct rg_reader *r,
                        struct rg_hostmsg_buf *out)
{
    struct rg_hostmsg_op op = {0};
    bool finished = false;
    h->full = (c->flags & RG_HOSTMSG_FULL) != 0;
    h->table.state_max = h->full ? RG_HOSTMSG_FULL_STATE_MAX : RG_HOSTMSG_STATE_MAX;
    h->old_state = c->state;
    h->due_ms = RG_RULES_NEVER;
    h->op = 0;
    rg_hostmsg_buf_reset(&h->items);
    rg_hostmsg_buf_reset(&h->state);
    int rc = h->module->begin(h->instance, &h->table, c->flags);
    while (rg_hostmsg_next_op(r, &op)) {
        rc = rc == RG_RULES_OK ? do_op(h, &op) : rc;
        finished = op.kind == RG_HOSTMSG_OP_FINISH;
        h->op++;
    }
    if (rc == RG_RULES_OK && !(h->full && finished)) {
        rc = h->module->end(h->instance, &h->table);
    }
    struct rg_hostmsg_answer answer = {.case_no = c->case_no,
                                       .status = status_of(rc),
                                       .state = {h->state.data, h->state.len},
                                       .due_ms = h->due_ms};
    struct rg_bytes items = {h->items.data, h->items.len};
    if (h->items.failed) {
        answer.status = RG_HOSTMSG_LIMIT;
    }
    if (answer.status != RG_HOSTMSG_OK) {
        answer.state.len = 0;
        answer.due_ms = RG_HOSTMSG_NEVER;
        items.len = 0;
    }
    rg_hostmsg_put_answer(out, &answer, items);
}

static void handle_batch(struct rg_host *h, struct rg_bytes msg, struct rg_hostmsg_buf *out)
{
    uint64_t no = 0;
    struct rg_hostmsg_case c = {0};
    struct rg_reader r = rg_hostmsg_batch(msg, &no);
    if (h->instance == NULL) {
        rg_hostmsg_put_failed(out, no, "no definition is open");
        return;
    }
    rg_hostmsg_result_begin(out, no);
    while (rg_hostmsg_next_case(&r, &c)) {
        handle_case(h, &c, &r, out);
    }
    rg_hostmsg_result_end(out);
    if (!rg_bytes_done(&r)) {
        rg_hostmsg_put_failed(out, no, "not a valid message");
    } else if (out->failed) {
        rg_hostmsg_put_failed(out, no, "the results are too large; send smaller batches");
    }
}

rg_err rg_host_handle(struct rg_host *host, struct rg_bytes msg, struct rg_hostmsg_buf *out)
{
    switch (rg_hostmsg_kind_of(msg)) {
    case RG_HOSTMSG_OPEN:
        handle_open(host, msg, out);
        break;
    case RG_HOSTMSG_BATCH:
        handle_batch(host, msg, out);
        break;
    case RG_HOSTMSG_OPENED:
    case RG_HOSTMSG_RESULT:
    case RG_HOSTMSG_FAILED:
    default:
        rg_hostmsg_put_failed(out, 0, "not a valid message");
        break;
    }
    return out->failed ? RG_ERR_NOMEM : RG_OK;
}
