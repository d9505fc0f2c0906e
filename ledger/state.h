/* The clear state of a ledger after a block, and execution. Small (some 25 KiB), copied freely: a
 * block that is not final yet has a state of its own. Pure: the same blocks give the same bytes
 * everywhere. */
#ifndef RG_LEDGER_STATE_H
#define RG_LEDGER_STATE_H

#include "crypto/lthash.h"
#include "crypto/merkle.h"
#include "ledger/block.h"
#include "ledger/genesis.h"
#include "ledger/governance.h"

/* Upper bound of rg_state_encode. */
#define RG_STATE_BYTES_MAX                                                                         \
    (64 + RG_HASH_BYTES + RG_LTHASH_LANES * 2 + 8 + RG_MERKLE_DEPTH_MAX * 32 + 4 +                 \
     RG_PRINCIPALS_MAX * 12 + 8 + RG_GOVERNANCE_BYTES_MAX)

struct rg_state {
    uint64_t height;
    uint64_t time_ms;
    uint64_t entry_count;     /* accepted entries since genesis */
    struct rg_hash block;     /* hash of the block at @height; the ledger id at 0 */
    struct rg_merkle history; /* block hashes 1..height as leaves */
    struct rg_lthash records; /* over all clear records: members, sequences, governance */
    struct rg_governance governance;
    uint64_t sequence[RG_PRINCIPALS_MAX]; /* last used by each signer */
};

/* The state of the genesis. */
void rg_state_init(struct rg_state *s, const struct rg_genesis *g);
/* The state's digest, as it stands in the header of the next block. */
void rg_state_digest(const struct rg_state *s, struct rg_hash *out);
/* Whether @pair, the clear part of an evidence entry, holds two contradicting votes that one
 * authority of @s's current or previous epoch has signed. Gives which set and its place there. What
 * a vote is, the consensus knows and the ledger does not; the answer must be the same everywhere.
 */
typedef bool (*rg_state_guilty_fn)(void *ctx, const struct rg_governance *v, struct rg_bytes pair,
                                   bool *out_previous, uint32_t *out_index);
struct rg_state_guilty {
    rg_state_guilty_fn fn;
    void *ctx;
};

/* Execute @b on @s, the state after its parent: gives one verdict a submission to @out_results
 * (room for header.submission_count) and advances @s. Never fails: a submission that may not is
 * rejected. Signatures are not checked again: the block passed rg_block_check or is certified; but
 * @guilty checks those inside evidence (NULL: no evidence is ever good). */
void rg_state_apply(struct rg_state *s, const struct rg_genesis *g, const struct rg_block *b,
                    const struct rg_state_guilty *guilty, uint8_t *out_results);
/* The verdict that @sub would get now at ledger time @time_ms, its signature taken as good. */
enum rg_verdict rg_state_judge(const struct rg_state *s, const struct rg_genesis *g,
                               const struct rg_submission *sub, uint64_t time_ms);
/* Write the state's bytes (at most RG_STATE_BYTES_MAX) to @out; returns their length. */
size_t rg_state_encode(const struct rg_state *s, uint8_t *out);
/* Read a state. Errors: RG_ERR_CORRUPT  the bytes are no state; @out is then undefined. */
RG_CHECKED rg_err rg_state_decode(struct rg_bytes bytes, struct rg_state *out);

#endif /* RG_LEDGER_STATE_H */
