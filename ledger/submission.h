/* Entries and submissions as the ledger sees them. Plain data that borrows from decoded memory (an
 * arena of the decoder); proto/ledger_codec.h makes and reads the bytes. */
#ifndef RG_LEDGER_SUBMISSION_H
#define RG_LEDGER_SUBMISSION_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "ledger/governance.h"
#include "ledger/verdict.h"

#define RG_ENTRY_CASE 1u
#define RG_ENTRY_BALLOT 2u   /* an agency moves something, or votes on a motion */
#define RG_ENTRY_EVIDENCE 3u /* two contradicting votes of one authority */
#define RG_SCHEMA_CASE 1u

struct rg_entry {
    uint32_t kind;
    struct rg_id tag;
    uint64_t readers; /* bit i: agency i */
    uint32_t schema;
    bool opens;                /* it opens a case: commitment is set */
    struct rg_hash commitment; /* to the case key */
    struct rg_bytes sealed;
    struct rg_bytes clear;    /* of kinds other than case */
    struct rg_ballot *ballot; /* of RG_ENTRY_BALLOT; in the arena */
    struct rg_bytes bytes;    /* the Entry exactly as received */
};

struct rg_submission {
    uint32_t signer; /* principal */
    uint64_t sequence;
    uint64_t expires_ms;
    struct rg_hash ledger;
    struct rg_hash entries_root;
    struct rg_sig signature;
    struct rg_hash hash; /* of (head, signature): the submission's name and its leaf in the block */
    struct rg_hash digest; /* of the head: what the signature is over */
    struct rg_bytes head;  /* exact bytes */
    struct rg_bytes bytes; /* the Submission exactly as received */
    uint32_t entry_count;
    struct rg_entry *entries;
    bool checked; /* set by a caller that knows: rg_submission_check accepted these very bytes */
};

struct rg_genesis;
typedef bool (*rg_submission_verify_fn)(void *ctx, const struct rg_pubkey *key,
                                        const struct rg_hash *digest, const struct rg_sig *sig);

/* What of a submission can be judged without any state but the membership: ledger, signer, entries'
 * form, root, signature. The signature is checked last. ACCEPTED means: worth keeping and relaying.
 * An entry that is not a case entry stands alone in its submission. */
enum rg_verdict rg_submission_check(const struct rg_submission *s, const struct rg_genesis *g,
                                    rg_submission_verify_fn verify, void *verify_ctx);
/* What of a ballot's entry can be judged without any state but the membership: form, set, and the
 * signature of the agency's admin key. ACCEPTED, BAD_ENTRY or BAD_SIGNATURE. */
enum rg_verdict rg_submission_check_ballot(const struct rg_entry *e, const struct rg_genesis *g,
                                           rg_submission_verify_fn verify, void *verify_ctx);
/* The Merkle root over the bytes of @entries[0..@count). */
void rg_submission_root(const struct rg_bytes *entries, size_t count, struct rg_hash *out);

#endif /* RG_LEDGER_SUBMISSION_H */
