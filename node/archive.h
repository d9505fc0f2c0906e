/* The archive thread: writes final blocks to the chain in groups. What queued while the last group
 * was written makes the next one, so that a slow disk makes larger groups, not a longer queue. A
 * group ends at a block with a certificate, so the chain's tip always has one.
 *
 * The queue is bounded in bytes: the caller looks at rg_archive_is_full and takes nothing more from
 * the network until it is not. Any error of the chain is final and told; the process must end.
 *
 * Owner: the ledger thread. The chain is lent: between start and stop only this thread appends. */
#ifndef RG_NODE_ARCHIVE_H
#define RG_NODE_ARCHIVE_H

#include "base/err.h"
#include "base/types.h"
#include "node/core/core.h"
#include "storage/chain.h"

struct rg_archive;      /* opaque */
struct rg_archive_item; /* a copied final block; opaque */
struct _zsock_t;        /* zsock_t */

#define RG_ARCHIVE_BYTES_MAX (32u * 1024u * 1024u) /* queued; then it is full */

/* How far the chain is. */
struct rg_archive_report {
    uint64_t height; /* blocks up to here are durable in the chain */
    uint64_t time_ms;
    rg_err err; /* not RG_OK: nothing more will be written */
};

/* Start the thread on @chain (borrowed). Gives @out, ended by rg_archive_stop.
 * Errors: RG_ERR_NOMEM; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_archive_start(struct rg_chain *chain, struct rg_archive **out);
/* Write what is queued and certified, end the thread; takes *@a_p and nulls it; NULL is fine. */
void rg_archive_stop(struct rg_archive **a_p);
/* Copy a final block. Gives @out, for rg_archive_put or rg_archive_item_destroy.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_archive_item_new(const struct rg_core_final *block,
                                      struct rg_archive_item **out);
/* Free; takes *@item_p and nulls it; NULL is fine. */
void rg_archive_item_destroy(struct rg_archive_item **item_p);
/* Queue the next final block; takes *@item_p and nulls it. Blocks come in order of height. */
void rg_archive_put(struct rg_archive *a, struct rg_archive_item **item_p);
/* Whether too much is queued. */
bool rg_archive_is_full(const struct rg_archive *a);
/* Take the next report. False: none. */
bool rg_archive_next_report(struct rg_archive *a, struct rg_archive_report *out);
/* The socket that becomes readable when there is a report. */
struct _zsock_t *rg_archive_socket(struct rg_archive *a);

#endif /* RG_NODE_ARCHIVE_H */
