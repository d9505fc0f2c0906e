#include "node/core/ownlog.h"

#include <stdlib.h>

static void free_item(struct rg_ownlog *o, struct rg_ownlog_item *i)
{
    o->bytes -= i->submission_len + i->private_len;
    if (i->restored) {
        o->restored--;
        o->restored_bytes -= i->submission_len + i->private_len;
    }
    free(i->submission);
    free(i->private_bytes);
}

void rg_ownlog_fini(struct rg_ownlog *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        free_item(o, &o->items[i]);
    }
    free(o->items);
    memset(o, 0, sizeof *o);
}

struct rg_ownlog_item *rg_ownlog_find(const struct rg_ownlog *o, uint64_t sequence)
{
    uint32_t lo = 0;
    uint32_t hi = o->count;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (o->items[mid].sequence < sequence) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < o->count && o->items[lo].sequence == sequence ? &o->items[lo] : NULL;
}

static uint8_t *copy_of(struct rg_bytes b)
{
    uint8_t *p = malloc(b.len > 0 ? b.len : 1);
    if (p != NULL && b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    return p;
}

static rg_err grow(struct rg_ownlog *o)
{
    if (o->count < o->cap) {
        return RG_OK;
    }
    const uint32_t cap = o->cap == 0 ? 32 : o->cap * 2;
    struct rg_ownlog_item *items = realloc(o->items, cap * sizeof *items);
    if (items == NULL) {
        return RG_ERR_NOMEM;
    }
    o->items = items;
    o->cap = cap;
    return RG_OK;
}

rg_err rg_ownlog_put(struct rg_ownlog *o, const struct rg_ownlog_item *head,
                     struct rg_bytes submission, struct rg_bytes private_bytes)
{
    struct rg_ownlog_item *old = rg_ownlog_find(o, head->sequence);
    if (old == NULL && o->count > 0 && head->sequence < o->items[o->count - 1].sequence) {
        return RG_ERR_INVALID;
    }
    struct rg_ownlog_item item = *head;
    item.submission = copy_of(submission);
    item.submission_len = submission.len;
    item.private_bytes = copy_of(private_bytes);
    item.private_len = private_bytes.len;
    if (item.submission == NULL || item.private_bytes == NULL ||
        (old == NULL && grow(o) != RG_OK)) {
        free(item.submission);
        free(item.private_bytes);
        return RG_ERR_NOMEM;
    }
    o->bytes += item.submission_len + item.private_len;
    if (old != NULL) {
        free_item(o, old);
        *old = item;
        return RG_OK;
    }
    o->items[o->count++] = item;
    o->open += item.height == 0;
    return RG_OK;
}

rg_err rg_ownlog_replace(struct rg_ownlog *o, struct rg_ownlog_item *item,
                         struct rg_bytes submission)
{
    uint8_t *copy = copy_of(submission);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    o->bytes -= item->submission_len;
    free(item->submission);
    item->submission = copy;
    item->submission_len = submission.len;
    o->bytes += submission.len;
    return RG_OK;
}

void rg_ownlog_final(struct rg_ownlog *o, struct rg_ownlog_item *item, uint64_t height)
{
    if (item->height == 0) {
        item->height = height;
        o->open--;
    }
}

void rg_ownlog_restored(struct rg_ownlog *o, struct rg_ownlog_item *item, uint64_t height)
{
    rg_ownlog_final(o, item, height);
    if (!item->restored) {
        item->restored = true;
        o->restored++;
        o->restored_bytes += item->submission_len + item->private_len;
    }
}

/* Forget the first @count items. */
static void drop_first(struct rg_ownlog *o, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free_item(o, &o->items[i]);
    }
    if (count > 0) {
        memmove(o->items, &o->items[count], (o->count - count) * sizeof *o->items);
        o->count -= count;
    }
}

uint64_t rg_ownlog_followed(struct rg_ownlog *o, uint64_t height)
{
    uint32_t gone = 0;
    while (gone < o->count && o->items[gone].height != 0 && o->items[gone].height <= height) {
        gone++;
    }
    const uint64_t last = gone > 0 ? o->items[gone - 1].sequence : 0;
    drop_first(o, gone);
    return last;
}

void rg_ownlog_forget(struct rg_ownlog *o, uint64_t sequence)
{
    uint32_t gone = 0;
    while (gone < o->count && o->items[gone].sequence <= sequence) {
        o->open -= o->items[gone].height == 0;
        gone++;
    }
    drop_first(o, gone);
}
