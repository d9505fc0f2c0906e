/* Decoded blocks of the chain, the last few kept: who follows the chain decodes a block once, and
 * who reads the feed right behind finds it here. Entries are read in ledger order nearly always.
 * Owner: the agency thread. Verifies nothing: what is on the chain was. */
#ifndef RG_AGENCY_BLOCKS_H
#define RG_AGENCY_BLOCKS_H

#include "base/arena.h"
#include "ledger/block.h"
#include "storage/chain.h"

#define RG_BLOCKS_KEPT 4u

/* A decoded block; borrowed until RG_BLOCKS_KEPT others were asked for. */
struct rg_blocks_one {
    struct rg_arena arena;
    uint64_t height; /* 0: none */
    uint64_t used;   /* when it was asked for last */
    struct rg_block block;
    uint8_t result[RG_BLOCK_SUBMISSIONS_MAX];
};

struct rg_blocks {
    struct rg_chain *chain; /* borrowed */
    uint64_t clock;
    struct rg_blocks_one one[RG_BLOCKS_KEPT];
};

/* One entry with what surrounds it; borrowed like its block. */
struct rg_blocks_entry {
    const struct rg_entry *entry;
    const struct rg_submission *submission;
    uint64_t time_ms;
    bool accepted;
};

/* Make an empty set over @chain. Gives @out, freed with rg_blocks_destroy. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_blocks_new(struct rg_chain *chain, struct rg_blocks **out);
/* Free; takes *@b_p and nulls it; NULL is fine. */
void rg_blocks_destroy(struct rg_blocks **b_p);
/* Take a block as rg_chain_walk tells it. Errors: RG_ERR_CORRUPT it does not decode; RG_ERR_NOMEM.
 */
RG_CHECKED rg_err rg_blocks_take(struct rg_blocks *b, const struct rg_chain_block *stored,
                                 const struct rg_blocks_one **out);
/* Give block @height. Errors: RG_ERR_CORRUPT; RG_ERR_IO; as rg_chain_view_block(). */
RG_CHECKED rg_err rg_blocks_load(struct rg_blocks *b, uint64_t height,
                                 const struct rg_blocks_one **out);
/* Give an entry. Errors: RG_ERR_CORRUPT there is none at that place; as rg_blocks_load(). */
RG_CHECKED rg_err rg_blocks_entry(struct rg_blocks *b, uint64_t height, uint32_t submission,
                                  uint32_t entry, struct rg_blocks_entry *out);

#endif /* RG_AGENCY_BLOCKS_H */
