/* The chain: final blocks with their certificates and results by height, and the clear state after
 * the last one, in one kv store. Blobs in, blobs out: what a block says, and whether its hash and
 * certificate are right, is checked by the caller.
 *
 * Heights are contiguous from 1; block 0 is genesis and is not stored: the tip of an empty chain
 * has height 0, the ledger's id as hash and the genesis time. Groups of blocks are appended in one
 * durable transaction together with the state after the last of them. A missing height at or below
 * the tip is damage (RG_ERR_CORRUPT), never RG_ERR_NOT_FOUND.
 *
 * Threads: open, close and append belong to one thread; views and the calls that take no view may
 * be used in any thread, each view by one at a time. Views should be short (see kv.h). */
#ifndef RG_STORAGE_CHAIN_H
#define RG_STORAGE_CHAIN_H

#include "base/err.h"
#include "base/types.h"

#define RG_CHAIN_FORMAT 1

struct rg_chain;      /* opaque */
struct rg_chain_view; /* a fixed view of the chain at one moment; opaque */

struct rg_chain_options {
    const char *dir;         /* made 0700 when missing, unless read_only */
    struct rg_hash ledger;   /* id of the ledger */
    int64_t genesis_time_ms; /* time of the tip of an empty chain */
    uint64_t map_bytes;      /* 0: RG_KV_MAP_DEFAULT */
    bool read_only;          /* writes nothing; the caller holds the data folder's lock */
};

struct rg_chain_tip {
    uint64_t height;
    int64_t time_ms;
    struct rg_hash hash;
};

/* A block and what belongs to it. Ranges are borrowed: going in, for the call; coming out, until
 * the view is closed or the callback returns. */
struct rg_chain_block {
    uint64_t height;
    int64_t time_ms;
    struct rg_hash hash;
    struct rg_bytes bytes;  /* exactly as received */
    struct rg_bytes cert;   /* of the finalization that stands at this height; len 0: none does */
    struct rg_bytes result; /* of its execution */
};

/* Where a check failed. */
struct rg_chain_fault {
    const char *table; /* "heads", "blocks", "certs", "results" or "meta"; static */
    uint64_t height;   /* the state: the one it is after; 0: not one height */
};

/* Told one block; an error stops the walk and is handed on. */
typedef rg_err (*rg_chain_fn)(void *ctx, const struct rg_chain_block *block);

/* Open the chain, or make an empty one.
 * With read_only damage is left for rg_chain_check() to name, as far as the store opens at all.
 * Errors: RG_ERR_INVALID  a chain of another ledger; RG_ERR_VERSION a newer format;
 *         RG_ERR_CORRUPT  damaged, or state and last block disagree; RG_ERR_NOT_FOUND read_only and
 * not there; otherwise as rg_kv_open(). */
RG_CHECKED rg_err rg_chain_open(const struct rg_chain_options *o, struct rg_chain **out);
/* Close and set *@c to NULL; NULL is accepted. Views must be closed before. */
void rg_chain_close(struct rg_chain **c);
/* Whether an error of the disk has latched. Thread: any. */
bool rg_chain_failed(const struct rg_chain *c);
/* Append @count >= 1 blocks, of heights tip + 1 on and times that never go back, and @state, the
 * clear state after the last; all of it is durable when this returns, or nothing is stored. Errors:
 * RG_ERR_INVALID  no blocks, a gap, a time that goes back, or something over RG_KV_VALUE_MAX;
 *         RG_ERR_USAGE    read_only; RG_ERR_FULL the map (try again: it then grows);
 *         RG_ERR_DISK_FULL; RG_ERR_IO (latches); RG_ERR_CORRUPT; RG_ERR_NOMEM; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_chain_append(struct rg_chain *c, const struct rg_chain_block *blocks,
                                  size_t count, struct rg_bytes state);
/* Free slots of dead readers; every minute or so, by the owner. Errors: as rg_kv_check_readers().
 */
RG_CHECKED rg_err rg_chain_check_readers(struct rg_chain *c);
/* Give the tip. Thread: any.
 * Errors: RG_ERR_CORRUPT; as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_chain_tip(struct rg_chain *c, struct rg_chain_tip *out);
/* Give the smallest height whose block time is later than @time_ms. Thread: any.
 * Errors: RG_ERR_NOT_FOUND none is; RG_ERR_CORRUPT; as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_chain_height_after(struct rg_chain *c, int64_t time_ms, uint64_t *out);
/* Tell @fn the blocks from height @from on (at least 1), each with its certificate and result,
 * until the bytes told (blocks and certificates) would pass @budget; the first one is told in any
 * case. Gives the next height to ask for: tip + 1 when all were told. @from above the tip tells
 * nothing. Thread: any. Errors: RG_ERR_CORRUPT; as rg_kv_begin_read(); any error of @fn; @out_next
 * is then untouched. */
RG_CHECKED rg_err rg_chain_walk(struct rg_chain *c, uint64_t from, uint64_t budget, rg_chain_fn fn,
                                void *ctx, uint64_t *out_next);

/* Open a view of the chain as it is now. Thread: any.
 * Errors: as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_chain_view_open(struct rg_chain *c, struct rg_chain_view **out);
/* Close it and set *@v to NULL; NULL is accepted. All that was borrowed from it ends. */
void rg_chain_view_close(struct rg_chain_view **v);
/* Give the tip.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_tip(struct rg_chain_view *v, struct rg_chain_tip *out);
/* Give height, time and hash of the block at @height; cheap, its bytes are not read. Height 0 is
 * genesis. Errors: RG_ERR_NOT_FOUND above the tip; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_head(struct rg_chain_view *v, uint64_t height,
                                     struct rg_chain_tip *out);
/* Give the number of stored blocks, which is the tip's height.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_count(struct rg_chain_view *v, uint64_t *out);
/* Give the clear state and the height it is after.
 * Errors: RG_ERR_NOT_FOUND the chain is empty; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_state(struct rg_chain_view *v, uint64_t *out_height,
                                      struct rg_bytes *out);
/* Give the block at @height with certificate and result.
 * Errors: RG_ERR_NOT_FOUND height 0 or above the tip; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_block(struct rg_chain_view *v, uint64_t height,
                                      struct rg_chain_block *out);
/* Where the last RG_ERR_CORRUPT of this view was; false when there was none, @out is then
 * untouched. */
bool rg_chain_view_fault(const struct rg_chain_view *v, struct rg_chain_fault *out);
/* Give the first certificate at or above @height, and its height.
 * Errors: RG_ERR_NOT_FOUND there is none; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_cert_from(struct rg_chain_view *v, uint64_t height,
                                          uint64_t *out_height, struct rg_bytes *out);
/* Give the smallest height whose block time is later than @time_ms.
 * Errors: RG_ERR_NOT_FOUND none is; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view_height_after(struct rg_chain_view *v, int64_t time_ms,
                                             uint64_t *out);

/* Check everything: every checksum, no gap, times in order, as many records as the tables say,
 * state and tip agree; tell @fn (may be NULL) each block in order, for the checks that need its
 * meaning.
 * @out_fault is filled on RG_ERR_CORRUPT only. For `verify`.
 * Errors: RG_ERR_CORRUPT; as rg_kv_begin_read(); any error of @fn. */
RG_CHECKED rg_err rg_chain_check(struct rg_chain *c, rg_chain_fn fn, void *ctx,
                                 struct rg_chain_fault *out_fault);

#endif /* RG_STORAGE_CHAIN_H */
