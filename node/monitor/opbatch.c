#include "node/monitor/opbatch.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"

#define BUCKETS 2048u /* a power of two */
_Static_assert(BUCKETS == 2 * RG_OPBATCH_CASES_MAX, "half full at most");

rg_err rg_opbatch_init(struct rg_opbatch *b)
{
    b->ops = calloc(RG_OPBATCH_OPS_MAX, sizeof *b->ops);
    b->cases = calloc(RG_OPBATCH_CASES_MAX, sizeof *b->cases);
    b->bucket = malloc(BUCKETS * sizeof *b->bucket);
    if (b->ops == NULL || b->cases == NULL || b->bucket == NULL ||
        rg_arena_init(&b->arena, RG_OPBATCH_TEXT_MAX) != RG_OK) {
        rg_opbatch_fini(b);
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < BUCKETS; i++) {
        b->bucket[i] = RG_OPBATCH_NONE;
    }
    return RG_OK;
}

void rg_opbatch_fini(struct rg_opbatch *b)
{
    if (b->cases != NULL) {
        rg_rand_wipe(b->cases, RG_OPBATCH_CASES_MAX * sizeof *b->cases);
    }
    free(b->ops);
    free(b->cases);
    free(b->bucket);
    rg_arena_fini(&b->arena);
    *b = (struct rg_opbatch){0};
}

static uint32_t bucket_at(const struct rg_opbatch *b, uint64_t case_no)
{
    uint32_t at = (uint32_t)((case_no * 0x9e3779b97f4a7c15ull) >> 32) & (BUCKETS - 1);
    while (b->bucket[at] != RG_OPBATCH_NONE && b->cases[b->bucket[at]].case_no != case_no) {
        at = (at + 1) & (BUCKETS - 1);
    }
    return at;
}

void rg_opbatch_reset(struct rg_opbatch *b)
{
    /* Back to front, so that no search passes over a hole made before. */
    while (b->case_count > 0) {
        b->case_count--;
        b->bucket[bucket_at(b, b->cases[b->case_count].case_no)] = RG_OPBATCH_NONE;
    }
    b->op_count = 0;
    rg_arena_reset(&b->arena);
}

uint32_t rg_opbatch_find(const struct rg_opbatch *b, uint64_t case_no)
{
    return b->bucket[bucket_at(b, case_no)];
}

/* What the copies of an event take, the arena's rounding included. */
static size_t text_bytes(const struct rg_event *ev)
{
    size_t n = ev->step.len + 16 + ev->field_count * (sizeof(struct rg_event_field) + 32) + 16;
    n += ev->about.kind == RG_ABOUT_ACKNOWLEDGE
             ? sizeof(struct rg_opbatch_ack) + ev->about.reason.len + 32
             : 0;
    for (uint32_t i = 0; i < ev->field_count; i++) {
        n += ev->fields[i].name.len + ev->fields[i].value.len;
    }
    return n;
}

bool rg_opbatch_has_room(const struct rg_opbatch *b, const struct rg_feed_event *e)
{
    return b->op_count + 2 <= RG_OPBATCH_OPS_MAX && b->case_count < RG_OPBATCH_CASES_MAX &&
           b->arena.used + text_bytes(e->event) <= b->arena.cap;
}

static struct rg_opbatch_op *add(struct rg_opbatch *b, uint64_t case_no,
                                 const struct rg_id *pseudonym, const uint8_t *rest_key)
{
    RG_ASSERT(b->op_count < RG_OPBATCH_OPS_MAX);
    const uint32_t bucket = bucket_at(b, case_no);
    const uint32_t at = b->op_count;
    struct rg_opbatch_case *c = NULL;
    b->op_count++;
    if (b->bucket[bucket] == RG_OPBATCH_NONE) {
        RG_ASSERT(b->case_count < RG_OPBATCH_CASES_MAX);
        b->bucket[bucket] = b->case_count;
        c = &b->cases[b->case_count];
        b->case_count++;
        *c = (struct rg_opbatch_case){.case_no = case_no, .pseudonym = *pseudonym, .first = at};
        memcpy(c->rest_key, rest_key, RG_KEY_BYTES);
    } else {
        c = &b->cases[b->bucket[bucket]];
        b->ops[c->last].next = at;
    }
    c->last = at;
    c->op_count++;
    b->ops[at] = (struct rg_opbatch_op){.next = RG_OPBATCH_NONE};
    return &b->ops[at];
}

void rg_opbatch_add_event(struct rg_opbatch *b, const struct rg_feed_event *e)
{
    const struct rg_event *ev = e->event;
    struct rg_opbatch_op *op = add(b, e->case_no, &e->pseudonym, e->rest_key);
    struct rg_event_field *fields = NULL;
    op->kind = RG_HOSTMSG_OP_ENTRY;
    op->time_ms = (int64_t)e->time_ms;
    op->occurred_ms = ev->occurred_ms;
    if (e->standing != RG_STANDING_COUNTS) {
        op->flags = RG_HOSTMSG_VOID;
    }
    op->feed_no = e->feed_no;
    op->event_no = e->event_no;
    op->place = (struct rg_place){e->height, e->submission, e->entry, e->writer};
    op->step = rg_arena_copy(&b->arena, ev->step);
    if (ev->field_count > 0) {
        fields = rg_arena_take_array(&b->arena, ev->field_count, sizeof *fields);
        RG_ASSERT(fields != NULL);
    }
    for (uint32_t i = 0; i < ev->field_count; i++) {
        fields[i].name = rg_arena_copy(&b->arena, ev->fields[i].name);
        fields[i].value = rg_arena_copy(&b->arena, ev->fields[i].value);
    }
    if (ev->about.kind == RG_ABOUT_ACKNOWLEDGE) {
        struct rg_opbatch_ack *ack = rg_arena_take_array(&b->arena, 1, sizeof *ack);
        RG_ASSERT(ack != NULL);
        *ack = (struct rg_opbatch_ack){ev->about.alert, e->member,
                                       rg_arena_copy(&b->arena, ev->about.reason)};
        op->ack = ack;
    }
    RG_ASSERT(!b->arena.failed);
    op->fields = fields;
    op->field_count = ev->field_count;
}

void rg_opbatch_add_op(struct rg_opbatch *b, const struct rg_feed_case *c,
                       enum rg_hostmsg_op_kind kind, int64_t time_ms)
{
    struct rg_opbatch_op *op = add(b, c->case_no, &c->pseudonym, c->rest_key);
    op->kind = kind;
    op->time_ms = time_ms;
}

void rg_opbatch_write_case(const struct rg_opbatch *b, uint32_t i, const struct rg_genesis *g,
                           const struct rg_hostmsg_case *head, struct rg_hostmsg_buf *out)
{
    rg_hostmsg_case_begin(out, head);
    for (uint32_t at = b->cases[i].first; at != RG_OPBATCH_NONE; at = b->ops[at].next) {
        const struct rg_opbatch_op *op = &b->ops[at];
        struct rg_hostmsg_op m = {.kind = op->kind,
                                  .time_ms = op->time_ms,
                                  .occurred_ms = op->occurred_ms,
                                  .flags = op->flags,
                                  .step = op->step,
                                  .field_count = op->field_count};
        if (op->kind == RG_HOSTMSG_OP_ENTRY && op->place.writer < g->agency_count) {
            m.agency = rg_bytes_str(g->agency[op->place.writer].name);
        }
        for (uint32_t f = 0; f < op->field_count; f++) {
            m.fields[f].name = op->fields[f].name;
            m.fields[f].value = op->fields[f].value;
        }
        rg_hostmsg_put_op(out, &m);
    }
    rg_hostmsg_case_end(out);
}

const struct rg_opbatch_op *rg_opbatch_op(const struct rg_opbatch *b, uint32_t i, uint32_t n)
{
    uint32_t at = b->cases[i].first;
    while (at != RG_OPBATCH_NONE && n > 0) {
        at = b->ops[at].next;
        n--;
    }
    return at == RG_OPBATCH_NONE ? NULL : &b->ops[at];
}
