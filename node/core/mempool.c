#include "node/core/mempool.h"

#include "base/panic.h"
#include <stdlib.h>

void rg_mempool_init(struct rg_mempool *p, uint32_t signers, uint32_t shares)
{
    RG_ASSERT(signers <= RG_PRINCIPALS_MAX && shares > 0);
    memset(p, 0, sizeof *p);
    p->signers = signers;
    p->share_bytes = RG_MEMPOOL_BYTES_MAX / shares;
    p->share_count = RG_MEMPOOL_COUNT_MAX / shares;
}

void rg_mempool_fini(struct rg_mempool *p)
{
    for (uint32_t s = 0; s < p->signers; s++) {
        rg_mempool_prune(p, s, UINT64_MAX);
        free(p->queue[s].items);
    }
    memset(p, 0, sizeof *p);
}

/* The place of the first item with a number of at least @sequence. */
static uint32_t lower_bound(const struct rg_mempool_queue *q, uint64_t sequence)
{
    uint32_t lo = 0;
    uint32_t hi = q->count;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (q->items[mid]->sequence < sequence) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

const struct rg_mempool_item *rg_mempool_find(const struct rg_mempool *p, uint32_t signer,
                                              uint64_t sequence)
{
    if (signer >= p->signers) {
        return NULL;
    }
    const struct rg_mempool_queue *q = &p->queue[signer];
    const uint32_t at = lower_bound(q, sequence);
    if (at == q->count || q->items[at]->sequence != sequence) {
        return NULL;
    }
    return q->items[at];
}

/* Whether @len more bytes are within the share. */
static bool fits(const struct rg_mempool *p, const struct rg_mempool_queue *q, size_t len)
{
    return q->count < p->share_count && len <= p->share_bytes && q->bytes <= p->share_bytes - len;
}

bool rg_mempool_room(const struct rg_mempool *p, uint32_t signer, uint64_t sequence, size_t len)
{
    if (signer >= p->signers || len > p->share_bytes) {
        return false;
    }
    const struct rg_mempool_queue *q = &p->queue[signer];
    if (fits(p, q, len)) {
        return true;
    }
    return q->count > 0 && q->items[q->count - 1]->sequence > sequence;
}

/* Remove the items [@from, @to) of a queue. */
static void cut(struct rg_mempool *p, struct rg_mempool_queue *q, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        q->bytes -= q->items[i]->len;
        p->bytes -= q->items[i]->len;
        free(q->items[i]);
    }
    memmove(&q->items[from], &q->items[to], (q->count - to) * sizeof *q->items);
    q->count -= to - from;
    p->count -= to - from;
}

/* Room for one more pointer. */
static rg_err grow(struct rg_mempool_queue *q)
{
    if (q->count < q->cap) {
        return RG_OK;
    }
    const uint32_t cap = q->cap == 0 ? 64 : q->cap * 2;
    struct rg_mempool_item **items = realloc(q->items, cap * sizeof *items);
    if (items == NULL) {
        return RG_ERR_NOMEM;
    }
    q->items = items;
    q->cap = cap;
    return RG_OK;
}

rg_err rg_mempool_put(struct rg_mempool *p, const struct rg_submission *s)
{
    if (!rg_mempool_room(p, s->signer, s->sequence, s->bytes.len)) {
        return RG_ERR_FULL;
    }
    struct rg_mempool_queue *q = &p->queue[s->signer];
    struct rg_mempool_item *item = malloc(sizeof *item + s->bytes.len);
    if (item == NULL || grow(q) != RG_OK) {
        free(item);
        return RG_ERR_NOMEM;
    }
    uint32_t at = lower_bound(q, s->sequence);
    if (at < q->count && q->items[at]->sequence == s->sequence) {
        cut(p, q, at, at + 1);
    }
    while (!fits(p, q, s->bytes.len) && q->count > at) {
        cut(p, q, q->count - 1, q->count);
    }
    if (!fits(p, q, s->bytes.len)) {
        free(item);
        return RG_ERR_FULL;
    }
    item->hash = s->hash;
    item->signer = s->signer;
    item->sequence = s->sequence;
    item->expires_ms = s->expires_ms;
    item->entries = s->entry_count;
    item->len = s->bytes.len;
    memcpy(item->bytes, s->bytes.data, s->bytes.len);
    memmove(&q->items[at + 1], &q->items[at], (q->count - at) * sizeof(struct rg_mempool_item *));
    q->items[at] = item;
    q->count++;
    q->bytes += item->len;
    p->count++;
    p->taken++;
    p->bytes += item->len;
    return RG_OK;
}

void rg_mempool_prune(struct rg_mempool *p, uint32_t signer, uint64_t sequence)
{
    if (signer >= p->signers || p->queue[signer].count == 0) {
        return;
    }
    struct rg_mempool_queue *q = &p->queue[signer];
    uint32_t to = 0;
    while (to < q->count && q->items[to]->sequence <= sequence) {
        to++;
    }
    cut(p, q, 0, to);
}

void rg_mempool_expire(struct rg_mempool *p, uint64_t time_ms, uint32_t keep_signer)
{
    for (uint32_t s = 0; s < p->signers; s++) {
        struct rg_mempool_queue *q = &p->queue[s];
        if (s == keep_signer) {
            continue;
        }
        for (uint32_t i = q->count; i-- > 0;) {
            if (q->items[i]->expires_ms <= time_ms) {
                cut(p, q, i, i + 1);
            }
        }
    }
}

bool rg_mempool_ready(const struct rg_mempool *p, const uint64_t *last, uint64_t time_ms)
{
    if (p->count == 0) {
        return false;
    }
    for (uint32_t s = 0; s < p->signers; s++) {
        const struct rg_mempool_queue *q = &p->queue[s];
        if (q->count > 0 && q->items[0]->sequence == last[s] + 1 &&
            q->items[0]->expires_ms > time_ms) {
            return true;
        }
    }
    return false;
}
