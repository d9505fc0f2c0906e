#include "ledger/block.h"
#include "crypto/merkle.h"
#include "ledger/genesis.h"
#include "ledger/state.h"

void rg_block_root(const struct rg_submission *submissions, size_t count, struct rg_hash *out)
{
    struct rg_merkle m;
    struct rg_hash leaf;
    rg_merkle_init(&m);
    for (size_t i = 0; i < count; i++) {
        rg_merkle_leaf((struct rg_bytes){submissions[i].hash.b, RG_HASH_BYTES}, &leaf);
        rg_merkle_add(&m, &leaf);
    }
    rg_merkle_root(&m, out);
}

/* An epoch ends with the first block after the one that carried a new set, and names that set. */
static bool ends_rightly(const struct rg_header *h, const struct rg_governance *v,
                         const struct rg_genesis *g)
{
    struct rg_hash id;
    if (v->next.count == 0) {
        return !h->epoch_last;
    }
    rg_governance_set_id(&v->next, g, &id);
    return h->epoch_last && rg_hash_eq(&h->next_set, &id);
}

static enum rg_block_fault check_header(const struct rg_block *b, const struct rg_state *parent,
                                        const struct rg_hash *parent_hash,
                                        const struct rg_genesis *g)
{
    const struct rg_header *h = &b->header;
    struct rg_hash expected;
    if (!rg_hash_eq(&h->ledger, &g->ledger_id)) {
        return RG_BLOCK_WRONG_LEDGER;
    }
    if (b->bytes.len > RG_BLOCK_MAX || h->submission_count > RG_BLOCK_SUBMISSIONS_MAX) {
        return RG_BLOCK_TOO_LARGE;
    }
    if (!rg_hash_eq(&h->parent, parent_hash) || h->height != parent->height + 1 ||
        h->epoch != parent->governance.epoch) {
        return RG_BLOCK_WRONG_PARENT;
    }
    if (h->view == 0 || h->proposer != (h->view - 1) % parent->governance.current.count) {
        return RG_BLOCK_WRONG_PROPOSER;
    }
    if (!ends_rightly(h, &parent->governance, g)) {
        return RG_BLOCK_WRONG_END;
    }
    if (h->time_ms <= parent->time_ms) {
        return RG_BLOCK_WRONG_TIME;
    }
    rg_state_digest(parent, &expected);
    if (!rg_hash_eq(&h->state_digest, &expected)) {
        return RG_BLOCK_WRONG_DIGEST;
    }
    rg_merkle_root(&parent->history, &expected);
    if (!rg_hash_eq(&h->history_root, &expected)) {
        return RG_BLOCK_WRONG_DIGEST;
    }
    rg_block_root(b->submissions, h->submission_count, &expected);
    return rg_hash_eq(&h->submissions_root, &expected) ? RG_BLOCK_VALID : RG_BLOCK_WRONG_ROOT;
}

/* Submissions of a signer stand in a block in order, one after the other, from its last one on. */
static bool in_sequence(const struct rg_block *b, const struct rg_state *parent, uint32_t index)
{
    const struct rg_submission *s = &b->submissions[index];
    for (uint32_t i = index; i > 0; i--) {
        const struct rg_submission *earlier = &b->submissions[i - 1];
        if (earlier->signer == s->signer) {
            return s->sequence == earlier->sequence + 1;
        }
    }
    return s->sequence == parent->sequence[s->signer] + 1;
}

enum rg_block_fault rg_block_check(const struct rg_block *b, const struct rg_state *parent,
                                   const struct rg_hash *parent_hash, const struct rg_genesis *g,
                                   rg_submission_verify_fn verify, void *verify_ctx)
{
    const enum rg_block_fault fault = check_header(b, parent, parent_hash, g);
    if (fault != RG_BLOCK_VALID) {
        return fault;
    }
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        if (rg_submission_check(&b->submissions[i], g, verify, verify_ctx) != RG_VERDICT_ACCEPTED ||
            !in_sequence(b, parent, i)) {
            return RG_BLOCK_BAD_SUBMISSION;
        }
    }
    return RG_BLOCK_VALID;
}

const char *rg_block_fault_text(enum rg_block_fault f)
{
    switch (f) {
    case RG_BLOCK_VALID:
        return "valid";
    case RG_BLOCK_WRONG_LEDGER:
        return "the block was made for another ledger";
    case RG_BLOCK_WRONG_PARENT:
        return "parent hash or height do not follow the parent";
    case RG_BLOCK_WRONG_TIME:
        return "the block's time is not after its parent's";
    case RG_BLOCK_WRONG_PROPOSER:
        return "the proposer was not the leader of the block's view";
    case RG_BLOCK_WRONG_DIGEST:
        return "state digest or history root differ from the executed ones";
    case RG_BLOCK_WRONG_ROOT:
        return "the submissions do not match the header's root";
    case RG_BLOCK_WRONG_END:
        return "the block ends its epoch where it may not, or does not where it must";
    case RG_BLOCK_BAD_SUBMISSION:
        return "a submission is not valid or out of sequence";
    case RG_BLOCK_TOO_LARGE:
        return "the block is over a size limit";
    }
    return "unknown fault";
}
