/* Blocks: the header whose hash is the block's, and its submissions. */
#ifndef RG_LEDGER_BLOCK_H
#define RG_LEDGER_BLOCK_H

#include "ledger/submission.h"

struct rg_header {
    struct rg_hash ledger;
    uint64_t epoch;
    uint64_t view;
    uint64_t height;
    struct rg_hash parent;
    uint64_t time_ms;
    uint32_t proposer; /* place in the authority set */
    struct rg_hash submissions_root;
    uint32_t submission_count;
    struct rg_hash state_digest; /* of the state after the parent */
    struct rg_hash history_root; /* over the block hashes up to the parent */
    bool epoch_last;
    struct rg_hash next_set; /* only when epoch_last */
};

struct rg_block {
    struct rg_header header;
    struct rg_hash hash; /* of the header's bytes */
    struct rg_bytes header_bytes;
    struct rg_bytes bytes;             /* the Block exactly as received */
    struct rg_submission *submissions; /* header.submission_count of them, decoded */
};

/* The Merkle root over the hashes of @submissions[0..@count). */
void rg_block_root(const struct rg_submission *submissions, size_t count, struct rg_hash *out);

struct rg_state; /* ledger/state.h */
struct rg_genesis;

/* Why a block is not valid after its parent. VALID otherwise. Deterministic; reads no clock. */
enum rg_block_fault {
    RG_BLOCK_VALID,
    RG_BLOCK_WRONG_LEDGER,
    RG_BLOCK_WRONG_PARENT,   /* parent hash, height or epoch */
    RG_BLOCK_WRONG_TIME,     /* not after the parent's */
    RG_BLOCK_WRONG_PROPOSER, /* not the leader of its view */
    RG_BLOCK_WRONG_DIGEST,   /* state digest or history root differ from mine */
    RG_BLOCK_WRONG_END,      /* epoch_last or next_set do not fit the parent's state */
    RG_BLOCK_WRONG_ROOT,     /* submissions do not match the header */
    RG_BLOCK_BAD_SUBMISSION, /* one fails rg_submission_check, or is out of sequence for its signer
                              */
    RG_BLOCK_TOO_LARGE
};

/* Judge @b as the child of @parent_hash whose state is @parent. @verify is asked for each
 * submission's signature; it may answer from memory of what it has checked before. */
enum rg_block_fault rg_block_check(const struct rg_block *b, const struct rg_state *parent,
                                   const struct rg_hash *parent_hash, const struct rg_genesis *g,
                                   rg_submission_verify_fn verify, void *verify_ctx);
/* Return the static English text of @f; never NULL. */
const char *rg_block_fault_text(enum rg_block_fault f);

#endif /* RG_LEDGER_BLOCK_H */
