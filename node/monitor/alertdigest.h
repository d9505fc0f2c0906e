/* Digests of the alert set, to be compared between nodes (node/monitor/compare.h). What a node
 * alerts by the process definition is a function of the ledger and of the cases that its agency may
 * read. So for each other agency there is one digest, over the alerts of exactly those cases that
 * both may read: two nodes that judge alike have the same two.
 *
 * A digest is the sum of keyless hashes, one for each alert that was raised or healed and not
 * withdrawn; in which order a node came to judge them does not show. Each alert counts from the
 * height of the block that made it so. Kept are the sum of all, and what the last checkpoints
 * added; the digest at a checkpoint is the difference. They are rows of the table DIGEST, changed
 * in the transaction that writes the alerts: a restart finds what the log says.
 *
 * It finds faults, it proves nothing: who wants to lie repeats what it is told. Owner: the agency
 * thread. */
#ifndef RG_MONITOR_ALERTDIGEST_H
#define RG_MONITOR_ALERTDIGEST_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "storage/kv.h"

#define RG_ALERTDIGEST_STEP                                                                        \
    16 /* blocks from one checkpoint to the next; checkpoint 1 is block 16 */
#define RG_ALERTDIGEST_KEPT 16 /* checkpoints back for which there are digests */
#define RG_ALERTDIGEST_LANES 4 /* a digest: four sums of 64 bits */

/* What one write of the log adds. Set to zeros before the first. */
struct rg_alertdigest {
    uint64_t checkpoint; /* to which the sums belong; 0: nothing was added */
    uint64_t touched;    /* agencies with a sum */
    uint64_t sum[RG_AGENCIES_MAX][RG_ALERTDIGEST_LANES];
};

/* One alert that begins or ends to count. */
struct rg_alertdigest_change {
    struct rg_hash hash; /* of the alert and how it stands */
    uint64_t height;
    uint64_t readers; /* of its case: bit i: agency i */
    bool minus;
};

/* Add a change; sums of another checkpoint are written first. Errors: as rg_kv_put(). */
RG_CHECKED rg_err rg_alertdigest_add(struct rg_alertdigest *d, struct rg_kv_txn *txn,
                                     const struct rg_alertdigest_change *c);
/* Write what was added, and drop rows that are no longer needed. Errors: as rg_kv_put(). */
RG_CHECKED rg_err rg_alertdigest_write(struct rg_alertdigest *d, struct rg_kv_txn *txn);

/* The digests of one agency; the first is that at the checkpoint asked for, each next one is a
 * checkpoint earlier. */
struct rg_alertdigest_list {
    struct rg_hash at[RG_ALERTDIGEST_KEPT];
};
/* Give the digests of agencies 0 to @count - 1 at @checkpoint and before. True only while no alert
 * up to there can still come. Errors: RG_ERR_CORRUPT; as rg_kv_cursor_seek(). */
RG_CHECKED rg_err rg_alertdigest_read(struct rg_kv *kv, uint64_t checkpoint, uint32_t count,
                                      struct rg_alertdigest_list out[static 1]);

#endif /* RG_MONITOR_ALERTDIGEST_H */
