/* The inside of the follower, shared by follow.c and follow_entry.c. */
#ifndef RG_AGENCY_FOLLOW_PRIV_H
#define RG_AGENCY_FOLLOW_PRIV_H

#include "node/agency/blocks.h"
#include "node/agency/follow.h"

#define RG_FOLLOW_ARENA (128u * 1024u) /* for one opened entry */

struct rg_follow {
    struct rg_follow_config c;
    uint32_t agency;
    struct rg_arena arena; /* of one entry */
    uint64_t opened[RG_AGENCIES_MAX];
    uint64_t last; /* follow no further */
    uint64_t ballots;
};

/* An entry on its way into the feed. */
struct rg_follow_item {
    const struct rg_entry *entry;
    struct rg_vault_place place;
    uint64_t time_ms;
    uint32_t writer; /* agency */
    bool accepted;
    bool own; /* of this node: its member's signature was verified at the api */
};

/* Look at one entry of the chain. In a write transaction. Errors: as rg_follow_step(). */
rg_err rg_follow__entry(struct rg_follow *f, const struct rg_follow_item *item);
/* The entry that opens case @case_no. Errors: the same. */
rg_err rg_follow__opening(struct rg_follow *f, const struct rg_follow_item *item, uint64_t case_no);
/* Under what an entry of agency @writer is parked: nobody takes the place of another's entry by
 * copying its tag. */
void rg_follow__parked_id(const struct rg_follow *f, uint32_t writer, const struct rg_id *tag,
                          struct rg_id *out);
/* Raise an alarm about the entry at a place. */
void rg_follow__alarm(struct rg_follow *f, const struct rg_follow_item *item, const char *why);

#endif /* RG_AGENCY_FOLLOW_PRIV_H */
