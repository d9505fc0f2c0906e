/* Whether two votes prove that an authority lied, for the ledger, which does not know what a vote
 * is. Pure; the same answer everywhere. */
#ifndef RG_NODE_CORE_GUILT_H
#define RG_NODE_CORE_GUILT_H

#include "consensus/vote.h"
#include "ledger/state.h"
#include "node/core/core.h"

/* What the check needs beside the state; borrowed. */
struct rg_guilt {
    const struct rg_genesis *genesis;
    rg_core_verify_fn verify;
    void *verify_ctx;
};

/* The authorities of a set of principals, as the consensus sees them. False: no such set. */
bool rg_guilt_members(const struct rg_genesis *g, const struct rg_set *set, struct rg_members *out);
/* Read two votes, one after the other. False: not two well-formed votes that contradict each other.
 */
bool rg_guilt_decode(struct rg_bytes pair, struct rg_vote out[static 2]);
/* A rg_state_guilty_fn; @ctx is a struct rg_guilt. */
bool rg_guilt_check(void *ctx, const struct rg_governance *v, struct rg_bytes pair,
                    bool *out_previous, uint32_t *out_index);

#endif /* RG_NODE_CORE_GUILT_H */
