/* The blocks that the core holds in memory: proposed, certified or final, until the archive has
 * them, and a short tail of archived ones for peers that ask by hash. A block that was executed
 * carries the state after it (the overlay of its children) and its results. Owner: the core.
 * Bounded by what the core admits (see rg_judge__has_room). */
#ifndef RG_NODE_CORE_BLOCKTREE_H
#define RG_NODE_CORE_BLOCKTREE_H

#include "base/err.h"
#include "consensus/blockinfo.h"
#include "ledger/block.h"
#include "ledger/state.h"

#define RG_BLOCKTREE_BUCKETS 512u
/* Archived blocks that are kept for a while. */
#define RG_BLOCKTREE_TAIL_COUNT 64u
#define RG_BLOCKTREE_TAIL_BYTES ((size_t)4 * 1024 * 1024)

enum rg_blocknode_verdict {
    RG_BLOCKNODE_UNJUDGED,
    RG_BLOCKNODE_VALID,
    RG_BLOCKNODE_INVALID
};

/* A submission of this node inside a block. */
struct rg_blocknode_own {
    uint32_t index;
    uint64_t sequence;
    struct rg_hash hash;
};

struct rg_blocknode {
    struct rg_block_info info;
    uint8_t *bytes;
    size_t len;
    struct rg_state *state; /* after it; NULL before execution and once a descendant is final */
    uint8_t *results;       /* of `count` submissions, once executed */
    uint32_t count;
    struct rg_blocknode_own *own;
    uint32_t own_count;
    enum rg_blocknode_verdict verdict;
    bool wanted;    /* the consensus waits for a verdict */
    bool certified; /* a quorum vouches for it: my clock is not asked */
    bool journaled;
    bool final;
    bool archived;
    struct rg_blocknode *bucket_next;
    struct rg_blocknode *prev; /* all nodes, in the order they came in */
    struct rg_blocknode *next;
};

struct rg_blocktree {
    struct rg_blocknode *buckets[RG_BLOCKTREE_BUCKETS];
    struct rg_blocknode *first;
    struct rg_blocknode *last;
    size_t live_bytes;  /* of all that is not archived */
    size_t final_bytes; /* of these, of the final ones */
    size_t tail_bytes;  /* of archived ones */
    uint32_t live_count;
    uint32_t tail_count;
};

/* What the consensus knows of block @b. */
struct rg_block_info rg_blocktree_info(const struct rg_block *b);
/* Free all nodes; a zeroed tree is an empty one. */
void rg_blocktree_fini(struct rg_blocktree *t);
/* The node of @hash; NULL when it is not here. */
struct rg_blocknode *rg_blocktree_find(const struct rg_blocktree *t, const struct rg_hash *hash);
/* Take a copy of @b's bytes; @signer is whose submissions are noted as own. Gives the node, also
 * one that was here already. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_blocktree_put(struct rg_blocktree *t, const struct rg_block *b,
                                   uint32_t signer, struct rg_blocknode **out);
/* Forget @n. */
void rg_blocktree_remove(struct rg_blocktree *t, struct rg_blocknode *n);
/* @n is final. */
void rg_blocktree_finalize(struct rg_blocktree *t, struct rg_blocknode *n);
/* @n, which is final, is in the archive: it moves to the tail, whose oldest ones are forgotten. */
void rg_blocktree_archive(struct rg_blocktree *t, struct rg_blocknode *n);

#endif /* RG_NODE_CORE_BLOCKTREE_H */
