/* Submissions that are in no final block yet, checked, by signer and in the order of their numbers.
 * Bounded in bytes and count, with an equal share for each signer, so that one flooding node costs
 * the others nothing. When a signer's share is full its highest numbers give way to lower ones,
 * which come first anyway. Owner: the core. */
#ifndef RG_NODE_CORE_MEMPOOL_H
#define RG_NODE_CORE_MEMPOOL_H

#include "base/err.h"
#include "base/limits.h"
#include "ledger/submission.h"

#define RG_MEMPOOL_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RG_MEMPOOL_COUNT_MAX 32768u
/* How far ahead of a signer's last used number a submission may be. */
#define RG_MEMPOOL_AHEAD_MAX 4096u

struct rg_mempool_item {
    struct rg_hash hash;
    uint32_t signer;
    uint64_t sequence;
    uint64_t expires_ms;
    uint32_t entries;
    size_t len;
    uint8_t bytes[];
};

struct rg_mempool_queue {
    struct rg_mempool_item **items; /* ascending sequence */
    uint32_t count;
    uint32_t cap;
    size_t bytes;
};

struct rg_mempool {
    uint32_t signers; /* principals */
    uint32_t share_count;
    size_t share_bytes;
    size_t bytes;
    uint32_t count;
    uint64_t taken; /* how many were ever put: tells that something is new */
    struct rg_mempool_queue queue[RG_PRINCIPALS_MAX];
};

/* Begin an empty pool for @signers principals of which @shares share the room. */
void rg_mempool_init(struct rg_mempool *p, uint32_t signers, uint32_t shares);
/* Free all. */
void rg_mempool_fini(struct rg_mempool *p);
/* The submission of @signer under @sequence; NULL when there is none. Valid until it is removed. */
const struct rg_mempool_item *rg_mempool_find(const struct rg_mempool *p, uint32_t signer,
                                              uint64_t sequence);
/* Whether a submission of @len bytes fits, at need in the place of higher numbers. */
bool rg_mempool_room(const struct rg_mempool *p, uint32_t signer, uint64_t sequence, size_t len);
/* Take a copy of the checked submission @s, in the place of another one under its number.
 * Errors: RG_ERR_FULL  no room; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_mempool_put(struct rg_mempool *p, const struct rg_submission *s);
/* Remove what @signer has up to number @sequence. */
void rg_mempool_prune(struct rg_mempool *p, uint32_t signer, uint64_t sequence);
/* Remove what expired before @time_ms, but nothing of @keep_signer. */
void rg_mempool_expire(struct rg_mempool *p, uint64_t time_ms, uint32_t keep_signer);
/* Whether any signer's next number after @last (one for each principal) is here and not expired. */
bool rg_mempool_ready(const struct rg_mempool *p, const uint64_t *last, uint64_t time_ms);

#endif /* RG_NODE_CORE_MEMPOOL_H */
