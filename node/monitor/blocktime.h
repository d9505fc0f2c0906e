/* When a moment of ledger time passed: with the first block whose time is later. The same on every
 * node, whenever it asks. */
#ifndef RG_MONITOR_BLOCKTIME_H
#define RG_MONITOR_BLOCKTIME_H

#include "base/err.h"
#include "base/types.h"

struct rg_chain;

/* Give the time of the first block of @chain that is later than @ms.
 * Errors: RG_ERR_NOT_FOUND  there is none yet; as rg_chain_view_open(), rg_chain_view_block(). */
RG_CHECKED rg_err rg_blocktime_after(struct rg_chain *chain, int64_t ms, int64_t *out);

#endif /* RG_MONITOR_BLOCKTIME_H */
