#include "rules/hostmsg.h"
#include "base/time.h"
#include <stdlib.h>

#include "base/panic.h"

#define HEAD 6 /* u32 length, u8 format, u8 kind */
#define MORE 1
#define END 0

void rg_hostmsg_buf_init(struct rg_hostmsg_buf *b, size_t max)
{
    *b = (struct rg_hostmsg_buf){.max = max};
}

void rg_hostmsg_buf_reset(struct rg_hostmsg_buf *b)
{
    b->len = 0;
    b->failed = false;
}

void rg_hostmsg_buf_free(struct rg_hostmsg_buf *b)
{
    free(b->data);
    *b = (struct rg_hostmsg_buf){0};
}

/* A writer over @need more bytes; a failed one when there is no room. Finish with took(). */
static struct rg_writer room(struct rg_hostmsg_buf *b, size_t need)
{
    struct rg_writer none = rg_bytes_writer(NULL, 0);
    none.failed = true;
    if (b->failed || need > b->max || b->len > b->max - need) {
        b->failed = true;
        return none;
    }
    if (b->cap - b->len < need) {
        size_t cap = b->cap < 4096 ? 4096 : b->cap;
        while (cap - b->len < need) {
            cap *= 2;
        }
        cap = cap < b->max ? cap : b->max;
        uint8_t *p = realloc(b->data, cap);
        if (p == NULL) {
            b->failed = true;
            return none;
        }
        b->data = p;
        b->cap = cap;
    }
    return rg_bytes_writer(b->data + b->len, need);
}

static void took(struct rg_hostmsg_buf *b, const struct rg_writer *w)
{
    b->failed = b->failed || w->failed;
    b->len += b->failed ? 0 : w->len;
}

static void put_u8(struct rg_hostmsg_buf *b, uint8_t v)
{
    struct rg_writer w = room(b, 1);
    rg_bytes_put_u8(&w, v);
    took(b, &w);
}

static void put_u32(struct rg_hostmsg_buf *b, uint32_t v)
{
    struct rg_writer w = room(b, 4);
    rg_bytes_put_u32(&w, v);
    took(b, &w);
}

static void put_u64(struct rg_hostmsg_buf *b, uint64_t v)
{
    struct rg_writer w = room(b, 8);
    rg_bytes_put_u64(&w, v);
    took(b, &w);
}

static void put_raw(struct rg_hostmsg_buf *b, struct rg_bytes bytes)
{
    struct rg_writer w = room(b, bytes.len);
    if (bytes.len > 0) {
        rg_bytes_put(&w, bytes.data, bytes.len);
    }
    took(b, &w);
}

static void put_sized(struct rg_hostmsg_buf *b, struct rg_bytes bytes)
{
    put_u32(b, (uint32_t)bytes.len);
    put_raw(b, bytes);
}

/* A name with one byte of length. */
static void put_name(struct rg_hostmsg_buf *b, struct rg_bytes name)
{
    if (name.len > RG_NAME_MAX) {
        b->failed = true;
        return;
    }
    put_u8(b, (uint8_t)name.len);
    put_raw(b, name);
}

static void start(struct rg_hostmsg_buf *b, enum rg_hostmsg_kind kind)
{
    rg_hostmsg_buf_reset(b);
    put_u32(b, 0);
    put_u8(b, RG_HOSTMSG_FORMAT);
    put_u8(b, (uint8_t)kind);
}

/* Fill in the length, which is known now. */
static void finish(struct rg_hostmsg_buf *b)
{
    if (!b->failed) {
        struct rg_writer w = rg_bytes_writer(b->data, 4);
        rg_bytes_put_u32(&w, (uint32_t)(b->len - 4));
    }
}

void rg_hostmsg_put_open(struct rg_hostmsg_buf *b, struct rg_bytes definition)
{
    start(b, RG_HOSTMSG_OPEN);
    put_sized(b, definition);
    finish(b);
}

void rg_hostmsg_batch_begin(struct rg_hostmsg_buf *b, uint64_t batch_no)
{
    start(b, RG_HOSTMSG_BATCH);
    put_u64(b, batch_no);
}

void rg_hostmsg_case_begin(struct rg_hostmsg_buf *b, const struct rg_hostmsg_case *c)
{
    put_u8(b, MORE);
    put_u64(b, c->case_no);
    put_u8(b, c->flags);
    put_sized(b, c->state);
}

void rg_hostmsg_put_op(struct rg_hostmsg_buf *b, const struct rg_hostmsg_op *op)
{
    put_u8(b, (uint8_t)op->kind);
    put_u64(b, (uint64_t)op->time_ms);
    if (op->kind != RG_HOSTMSG_OP_ENTRY) {
        return;
    }
    if ((op->step.len == 0 && (op->flags & RG_HOSTMSG_VOID) == 0) ||
        op->field_count > RG_FIELDS_MAX) {
        b->failed = true;
        return;
    }
    put_u64(b, (uint64_t)op->occurred_ms);
    put_u8(b, op->flags);
    put_name(b, op->step);
    put_name(b, op->agency);
    put_u8(b, (uint8_t)op->field_count);
    for (size_t i = 0; i < op->field_count; i++) {
        b->failed = b->failed || op->fields[i].name.len == 0;
        put_name(b, op->fields[i].name);
        put_name(b, op->fields[i].value);
    }
}

void rg_hostmsg_case_end(struct rg_hostmsg_buf *b)
{
    put_u8(b, END);
}

void rg_hostmsg_batch_end(struct rg_hostmsg_buf *b)
{
    put_u8(b, END);
    finish(b);
}

void rg_hostmsg_put_opened(struct rg_hostmsg_buf *b, const struct rg_hostmsg_opened *opened)
{
    start(b, RG_HOSTMSG_OPENED);
    put_u8(b, opened->ok ? 1 : 0);
    put_sized(b, opened->error);
    put_name(b, opened->process);
    put_u32(b, opened->version);
    put_u32(b, opened->rule_count);
    finish(b);
}

void rg_hostmsg_put_failed(struct rg_hostmsg_buf *b, uint64_t batch_no, const char *text)
{
    start(b, RG_HOSTMSG_FAILED);
    put_u64(b, batch_no);
    put_sized(b, rg_bytes_str(text));
    finish(b);
}

void rg_hostmsg_result_begin(struct rg_hostmsg_buf *b, uint64_t batch_no)
{
    start(b, RG_HOSTMSG_RESULT);
    put_u64(b, batch_no);
}

void rg_hostmsg_put_answer(struct rg_hostmsg_buf *b, const struct rg_hostmsg_answer *answer,
                           struct rg_bytes items)
{
    put_u8(b, MORE);
    put_u64(b, answer->case_no);
    put_u8(b, (uint8_t)answer->status);
    put_sized(b, answer->state);
    put_u64(b, (uint64_t)answer->due_ms);
    put_raw(b, items);
    put_u8(b, END);
}

void rg_hostmsg_put_item(struct rg_hostmsg_buf *items, const struct rg_hostmsg_item *item,
                         const int64_t *events, size_t event_count)
{
    put_u8(items, (uint8_t)item->kind);
    put_u32(items, item->op);
    put_u32(items, item->rule);
    put_name(items, item->rule_id);
    switch (item->kind) {
    case RG_HOSTMSG_ALERT:
        put_u8(items, item->severity);
        put_u8(items, item->state);
        put_u64(items, (uint64_t)item->event_no);
        put_u64(items, (uint64_t)item->time_ms);
        put_u64(items, (uint64_t)item->due_ms);
        put_name(items, item->step);
        break;
    case RG_HOSTMSG_DUTY:
        put_u64(items, (uint64_t)item->due_ms);
        put_name(items, item->step);
        put_sized(items, item->agencies);
        break;
    case RG_HOSTMSG_VERDICT:
        put_u8(items, item->judgement);
        put_u8(items, item->settled ? 1 : 0);
        put_u64(items, (uint64_t)item->due_ms);
        put_u64(items, item->activations);
        put_u64(items, item->pending);
        put_u64(items, item->violation_count);
        put_u32(items, (uint32_t)event_count);
        for (size_t i = 0; i < event_count; i++) {
            put_u64(items, (uint64_t)events[i]);
        }
        break;
    default:
        RG_ASSERT(false); /* an item of no kind */
    }
}

void rg_hostmsg_result_end(struct rg_hostmsg_buf *b)
{
    put_u8(b, END);
    finish(b);
}

/* Reading. */

enum rg_hostmsg_kind rg_hostmsg_kind_of(struct rg_bytes msg)
{
    struct rg_reader r = rg_bytes_reader(msg);
    const uint32_t len = rg_bytes_get_u32(&r);
    const uint8_t format = rg_bytes_get_u8(&r);
    const uint8_t kind = rg_bytes_get_u8(&r);
    if (r.failed || len != msg.len - 4 || format != RG_HOSTMSG_FORMAT || kind < RG_HOSTMSG_OPEN ||
        kind > RG_HOSTMSG_FAILED) {
        return 0;
    }
    return (enum rg_hostmsg_kind)kind;
}

/* A reader at the body of @msg; a failed one unless it is of @kind. */
static struct rg_reader body(struct rg_bytes msg, enum rg_hostmsg_kind kind)
{
    struct rg_reader r = rg_bytes_reader(msg);
    r.failed = rg_hostmsg_kind_of(msg) != kind;
    r.pos = r.failed ? 0 : HEAD;
    return r;
}

static struct rg_bytes get_name(struct rg_reader *r, size_t min)
{
    const uint8_t len = rg_bytes_get_u8(r);
    if (len > RG_NAME_MAX || len < min) {
        r->failed = true;
    }
    return rg_bytes_get_range(r, len);
}

static int64_t get_time(struct rg_reader *r)
{
    const uint64_t v = rg_bytes_get_u64(r);
    if (v > (uint64_t)RG_TIME_MAX) {
        r->failed = true;
        return 0;
    }
    return (int64_t)v;
}

static int64_t get_i64(struct rg_reader *r)
{
    const uint64_t v = rg_bytes_get_u64(r);
    int64_t out = 0;
    memcpy(&out, &v, sizeof(out));
    return out;
}

rg_err rg_hostmsg_get_open(struct rg_bytes msg, struct rg_bytes *definition)
{
    struct rg_reader r = body(msg, RG_HOSTMSG_OPEN);
    const struct rg_bytes d = rg_bytes_get_sized(&r, RG_HOSTMSG_BATCH_MAX);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_INVALID;
    }
    *definition = d;
    return RG_OK;
}

rg_err rg_hostmsg_get_opened(struct rg_bytes msg, struct rg_hostmsg_opened *out)
{
    struct rg_reader r = body(msg, RG_HOSTMSG_OPENED);
    struct rg_hostmsg_opened o = {0};
    const uint8_t ok = rg_bytes_get_u8(&r);
    o.ok = ok == 1;
    o.error = rg_bytes_get_sized(&r, RG_HOSTMSG_TEXT_MAX);
    o.process = get_name(&r, 0);
    o.version = rg_bytes_get_u32(&r);
    o.rule_count = rg_bytes_get_u32(&r);
    if (!rg_bytes_done(&r) || ok > 1) {
        return RG_ERR_INVALID;
    }
    *out = o;
    return RG_OK;
}

rg_err rg_hostmsg_get_failed(struct rg_bytes msg, uint64_t *batch_no, struct rg_bytes *text)
{
    struct rg_reader r = body(msg, RG_HOSTMSG_FAILED);
    const uint64_t no = rg_bytes_get_u64(&r);
    const struct rg_bytes t = rg_bytes_get_sized(&r, RG_HOSTMSG_TEXT_MAX);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_INVALID;
    }
    *batch_no = no;
    *text = t;
    return RG_OK;
}

struct rg_reader rg_hostmsg_result(struct rg_bytes msg, uint64_t *batch_no)
{
    struct rg_reader r = body(msg, RG_HOSTMSG_RESULT);
    *batch_no = rg_bytes_get_u64(&r);
    return r;
}

struct rg_reader rg_hostmsg_batch(struct rg_bytes msg, uint64_t *batch_no)
{
    struct rg_reader r = body(msg, RG_HOSTMSG_BATCH);
    *batch_no = rg_bytes_get_u64(&r);
    return r;
}

/* Whether another case follows. */
static bool more(struct rg_reader *r)
{
    const uint8_t mark = rg_bytes_get_u8(r);
    if (mark > MORE) {
        r->failed = true;
    }
    return !r->failed && mark == MORE;
}

bool rg_hostmsg_next_case(struct rg_reader *r, struct rg_hostmsg_case *out)
{
    if (!more(r)) {
        return false;
    }
    out->case_no = rg_bytes_get_u64(r);
    out->flags = rg_bytes_get_u8(r);
    out->state = rg_bytes_get_sized(r, RG_HOSTMSG_FULL_STATE_MAX);
    if (out->flags > RG_HOSTMSG_FULL) {
        r->failed = true;
    }
    return !r->failed;
}

bool rg_hostmsg_next_answer(struct rg_reader *r, struct rg_hostmsg_answer *out)
{
    if (!more(r)) {
        return false;
    }
    out->case_no = rg_bytes_get_u64(r);
    const uint8_t status = rg_bytes_get_u8(r);
    out->state = rg_bytes_get_sized(r, RG_HOSTMSG_FULL_STATE_MAX);
    out->due_ms = get_i64(r);
    if (status > RG_HOSTMSG_FAULT || out->due_ms < 0) {
        r->failed = true;
    }
    out->status = r->failed ? RG_HOSTMSG_FAULT : (enum rg_hostmsg_status)status;
    return !r->failed;
}

bool rg_hostmsg_next_op(struct rg_reader *r, struct rg_hostmsg_op *out)
{
    const uint8_t kind = rg_bytes_get_u8(r);
    if (r->failed || kind == END) {
        return false;
    }
    if (kind > RG_HOSTMSG_OP_FINISH) {
        r->failed = true;
        return false;
    }
    out->kind = (enum rg_hostmsg_op_kind)kind;
    out->time_ms = get_time(r);
    out->field_count = 0;
    if (kind != RG_HOSTMSG_OP_ENTRY) {
        return !r->failed;
    }
    out->occurred_ms = get_time(r);
    out->flags = rg_bytes_get_u8(r);
    /* What acknowledges an alert has its number in the case and no step. */
    out->step = get_name(r, (out->flags & RG_HOSTMSG_VOID) != 0 ? 0 : 1);
    out->agency = get_name(r, 0);
    const uint8_t count = rg_bytes_get_u8(r);
    if (count > RG_FIELDS_MAX || out->flags > RG_HOSTMSG_VOID) {
        r->failed = true;
    }
    for (size_t i = 0; i < count && !r->failed; i++) {
        out->fields[i].name = get_name(r, 1);
        out->fields[i].value = get_name(r, 0);
        out->field_count++;
    }
    return !r->failed;
}

bool rg_hostmsg_next_item(struct rg_reader *r, struct rg_hostmsg_item *out)
{
    const uint8_t kind = rg_bytes_get_u8(r);
    if (r->failed || kind == END) {
        return false;
    }
    *out = (struct rg_hostmsg_item){.kind = (enum rg_hostmsg_item_kind)kind,
                                    .op = rg_bytes_get_u32(r),
                                    .rule = 0,
                                    .due_ms = RG_HOSTMSG_NEVER};
    out->rule = rg_bytes_get_u32(r);
    out->rule_id = get_name(r, 0);
    if (kind == RG_HOSTMSG_ALERT) {
        out->severity = rg_bytes_get_u8(r);
        out->state = rg_bytes_get_u8(r);
        out->event_no = get_i64(r);
        out->time_ms = get_time(r);
        out->due_ms = get_i64(r);
        out->step = get_name(r, 0);
        r->failed = r->failed || out->severity < 1 || out->severity > 3 || out->state < 1 ||
                    out->state > 2 || out->event_no < -1;
    } else if (kind == RG_HOSTMSG_DUTY) {
        out->due_ms = get_i64(r);
        out->step = get_name(r, 0);
        out->agencies = rg_bytes_get_sized(r, RG_HOSTMSG_TEXT_MAX);
    } else if (kind == RG_HOSTMSG_VERDICT) {
        out->judgement = rg_bytes_get_u8(r);
        const uint8_t settled = rg_bytes_get_u8(r);
        out->settled = settled == 1;
        out->due_ms = get_i64(r);
        out->activations = rg_bytes_get_u64(r);
        out->pending = rg_bytes_get_u64(r);
        out->violation_count = rg_bytes_get_u64(r);
        out->events = rg_bytes_get_range(r, (size_t)rg_bytes_get_u32(r) * 8);
        r->failed = r->failed || out->judgement > 3 || settled > 1;
    } else {
        r->failed = true;
    }
    return !r->failed;
}

size_t rg_hostmsg_event_count(const struct rg_hostmsg_item *verdict)
{
    return verdict->events.len / 8;
}

int64_t rg_hostmsg_event(const struct rg_hostmsg_item *verdict, size_t i)
{
    RG_ASSERT(i < verdict->events.len / 8);
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){verdict->events.data + i * 8, 8});
    return get_i64(&r);
}
