/* The process definitions of the ledger: that of the genesis and those published since, with their
 * texts, which stand in the blocks that moved them. A published one that cannot be used here (it
 * does not parse, is of another process, or says another version of itself) is left out: the one
 * before stays in force, and an alarm says so. All nodes read texts in the same way, so all leave
 * out the same ones. Owner: the agency thread. */
#ifndef RG_AGENCY_VERSIONS_H
#define RG_AGENCY_VERSIONS_H

#include "ledger/governance.h"
#include "node/agency/blocks.h"
#include "node/agency/follow.h"
#include "node/monitor/monitor.h"

struct rg_versions; /* opaque */

/* All borrowed. */
struct rg_versions_config {
    const struct rg_genesis *genesis;
    const struct rg_definition *definition; /* parsed from that of the genesis */
    struct rg_chain *chain;
    struct rg_blocks *blocks; /* over the same chain */
};

/* With the genesis' one alone. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_versions_new(const struct rg_versions_config *c, struct rg_versions **out);
/* Free; takes *@v_p and nulls it; NULL is fine. */
void rg_versions_destroy(struct rg_versions **v_p);
/* Read what is published from the chain's state: at the start, and when ballots were followed.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_versions_refresh(struct rg_versions *v);
/* Raise the alarms of those left out. */
void rg_versions_tell(struct rg_versions *v, rg_follow_alarm_fn alarm, void *ctx);
/* Those that can be used, as rg_monitor_set_versions() wants them; borrowed, they stay where they
 * are. */
const struct rg_monitor_version *rg_versions_list(const struct rg_versions *v, size_t *out_count);
/* The one that is in force for what is recorded after block @height. */
const struct rg_monitor_version *rg_versions_after(const struct rg_versions *v, uint64_t height);
/* Give the text of @p, borrowed until other blocks are asked for.
 * Errors: RG_ERR_BUSY  its block is not in the chain yet; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_versions_text(struct rg_versions *v, const struct rg_published *p,
                                   struct rg_bytes *out);
/* Give what stands against @text as version @version of this ledger's process: a sentence,
 * borrowed until the next call; NULL: nothing. Errors: RG_ERR_NOMEM  it could not be read. */
RG_CHECKED rg_err rg_versions_fault(struct rg_versions *v, struct rg_bytes text, uint32_t version,
                                    const char **out);

#endif /* RG_AGENCY_VERSIONS_H */
