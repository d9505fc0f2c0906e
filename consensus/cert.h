/* Certificates: q signatures under one statement. The one form below is both what travels and what
 * is stored, and one strict function checks it everywhere. A struct rg_cert borrows its signatures
 * (from the received bytes or from the consensus); it owns nothing. */
#ifndef RG_CONSENSUS_CERT_H
#define RG_CONSENSUS_CERT_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "consensus/members.h"
#include "consensus/vote.h"

/* The kind is the vote's kind: RG_VOTE_NOTARIZE makes Notar, RG_VOTE_NULLIFY makes Null and
 * RG_VOTE_FINALIZE makes Final. */
struct rg_cert {
    enum rg_vote_kind kind;
    uint16_t n;     /* size of the set it was made in */
    uint16_t count; /* signatures */
    uint64_t epoch;
    struct rg_cand cand;       /* Null: only the view, the rest is zero */
    uint64_t signers;          /* bit i: member i signed */
    const struct rg_sig *sigs; /* borrowed; count of them, in the order of the bits */
};

_Static_assert(RG_AUTHORITIES_MAX <= 64, "a set of signers is one 64-bit word");

/* Whether @c is a certificate of @m in @epoch: right n, no signer >= n, count exactly the number of
 * bits and at least q, form of the statement, and every signature. Nothing less is ever accepted.
 */
bool rg_cert_check(const struct rg_cert *c, const struct rg_hash *ledger,
                   const struct rg_members *m, uint64_t epoch, rg_verify_fn verify);
/* The vote of member @signer inside @c; false when it did not sign. */
bool rg_cert_vote(const struct rg_cert *c, uint16_t signer, struct rg_vote *out);
/* Bytes of the encoded form; at most RG_CERT_MAX. */
size_t rg_cert_size(const struct rg_cert *c);
/* Write @c: kind u8 | epoch u64 | view u64 | [pview u64 | hash 32, not for Null] | n u16 | bitmap
 * of ceil(n / 8) bytes | signatures. Gives the number of bytes. Errors: RG_ERR_FULL  @cap is less
 * than rg_cert_size. */
RG_CHECKED rg_err rg_cert_encode(const struct rg_cert *c, uint8_t *out, size_t cap,
                                 size_t *out_len);
/* The epoch of an encoded certificate, whose form nobody has checked yet; 0: none. */
uint64_t rg_cert_epoch(struct rg_bytes in);
/* Read a certificate; @out borrows @in. Checks the form only; follow with rg_cert_check.
 * Errors: RG_ERR_INVALID  unknown kind, n of 0 or over the limit, a bit >= n, a length that is not
 * exact, view 0, or a parent not below the view. */
RG_CHECKED rg_err rg_cert_decode(struct rg_bytes in, struct rg_cert *out);

#endif /* RG_CONSENSUS_CERT_H */
