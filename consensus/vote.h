/* Candidates and votes: what is signed, and the fixed 123 bytes a vote has on the wire and in the
 * journal. Plain values; no thread, no memory; decoding checks form, never signatures. */
#ifndef RG_CONSENSUS_VOTE_H
#define RG_CONSENSUS_VOTE_H

#include "base/err.h"
#include "base/types.h"
#include "consensus/members.h"
#include "crypto/verify.h"

/* A block in a view on top of a parent view. A NEW candidate brings a block made in that very view;
 * a SAME candidate proposes its parent's block again (hash equal to the parent candidate's). */
struct rg_cand {
    uint64_t view;  /* 1 or more; 0 only for the root of the epoch */
    uint64_t pview; /* less than view */
    struct rg_hash hash;
};

enum rg_vote_kind {
    RG_VOTE_NONE = 0,
    RG_VOTE_NOTARIZE = 1, /* this candidate is valid and justified */
    RG_VOTE_NULLIFY = 2,  /* I have given up on this view */
    RG_VOTE_FINALIZE = 3, /* I saw it notarized and never gave up on this view */
};

/* A signed statement. For NULLIFY only cand.view counts; pview and hash are zero. The leader's
 * proposal carries its NOTARIZE. */
struct rg_vote {
    enum rg_vote_kind kind;
    uint16_t signer; /* index in the epoch's members */
    uint64_t epoch;
    struct rg_cand cand;
    struct rg_sig sig;
};

/* kind u8 | signer u16 | epoch u64 | view u64 | pview u64 | hash 32 | signature 64 */
#define RG_VOTE_BYTES 123

/* Checks a signature: rg_verify, or the simulator's fast stand-in. */
typedef bool (*rg_verify_fn)(const struct rg_pubkey *key, const struct rg_hash *digest,
                             const struct rg_sig *sig);

/* Whether two candidates are the same statement: view, parent view and hash. */
static inline bool rg_cand_eq(const struct rg_cand *a, const struct rg_cand *b)
{
    return a->view == b->view && a->pview == b->pview && rg_hash_eq(&a->hash, &b->hash);
}

/* The digest that is signed: domain RG_DOMAIN_VOTE, ledger, epoch, set id, kind, view, pview, hash.
 */
void rg_vote_digest(const struct rg_hash *ledger, const struct rg_members *m, uint64_t epoch,
                    enum rg_vote_kind kind, const struct rg_cand *cand, struct rg_hash *out);
/* Whether the form is right: known kind, signer < n, view >= 1, pview < view, zeros for NULLIFY. */
bool rg_vote_well_formed(const struct rg_vote *v, const struct rg_members *m);
/* Whether @v is well formed and its signature is the signer's. The caller checks the epoch. */
bool rg_vote_check(const struct rg_vote *v, const struct rg_hash *ledger,
                   const struct rg_members *m, rg_verify_fn verify);
/* Whether one signer cannot honestly have signed both (same epoch, view and signer): two NOTARIZE
 * or two FINALIZE of different candidates, NULLIFY with FINALIZE, NOTARIZE(c) with FINALIZE(not c).
 */
bool rg_vote_conflicts(const struct rg_vote *a, const struct rg_vote *b);

/* Write @v in its one form. */
void rg_vote_encode(const struct rg_vote *v, uint8_t out[static RG_VOTE_BYTES]);
/* Read a vote. Errors: RG_ERR_INVALID  another length, an unknown kind, view 0, a parent not below
 * the view, or a NULLIFY with more than a view. */
RG_CHECKED rg_err rg_vote_decode(struct rg_bytes in, struct rg_vote *out);

#endif /* RG_CONSENSUS_VOTE_H */
