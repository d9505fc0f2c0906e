/* What the core writes into the journal: record types and their bytes. Owner: the core; the audit
 * reads them too. The journal's own framing (checksums, numbers) is storage/journal.h's. */
#ifndef RG_NODE_CORE_RECORD_H
#define RG_NODE_CORE_RECORD_H

#include "base/err.h"
#include "base/types.h"

enum rg_record_type {
    RG_RECORD_VOTE = 1,     /* an own vote: RG_VOTE_BYTES bytes, consensus/vote.h */
    RG_RECORD_CERT = 2,     /* a certificate: consensus/cert.h */
    RG_RECORD_BLOCK = 3,    /* a block's bytes */
    RG_RECORD_OWN = 4,      /* an own submission: struct rg_record_own */
    RG_RECORD_MUTE = 5,     /* the journal was lost once: this node does not vote; no bytes */
    RG_RECORD_EVIDENCE = 6, /* two contradicting votes of one signer, one after the other */
    RG_RECORD_FOLLOWED =
        7, /* own records up to this number (u64) are with the agency side for good */
};

struct rg_record_own {
    uint64_t sequence;
    struct rg_bytes submission;
    struct rg_bytes private_bytes;
};

/* Bytes of an own record's head: number and the two lengths. */
#define RG_RECORD_OWN_HEAD 16u

/* Write the record into @out, which has room for RG_RECORD_OWN_HEAD and both ranges; returns the
 * length. */
size_t rg_record_encode_own(const struct rg_record_own *r, uint8_t *out);
/* Read it; borrows @in. Errors: RG_ERR_CORRUPT  the lengths do not fit. */
RG_CHECKED rg_err rg_record_decode_own(struct rg_bytes in, struct rg_record_own *out);

#endif /* RG_NODE_CORE_RECORD_H */
