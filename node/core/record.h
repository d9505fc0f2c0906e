/* What the core writes into the journal: record types and their bytes. Owner: the core; the audit
 * reads them too. The journal's own framing (checksums, numbers) is storage/journal.h's. */
#ifndef RG_NODE_CORE_RECORD_H
#define RG_NODE_CORE_RECORD_H

#include "base/err.h"
#include "base/types.h"
#include "consensus/memory.h"

enum rg_record_type {
    RG_RECORD_VOTE = 1,   /* an own vote: RG_VOTE_BYTES bytes, consensus/vote.h */
    RG_RECORD_CERT = 2,   /* a certificate: consensus/cert.h */
    RG_RECORD_BLOCK = 3,  /* a block's bytes */
    RG_RECORD_OWN = 4,    /* an own submission: struct rg_record_own */
    RG_RECORD_MEMORY = 5, /* own votes may be forgotten: struct rg_record_memory; the last counts */
    RG_RECORD_EVIDENCE = 6, /* two contradicting votes of one signer, one after the other */
    RG_RECORD_FOLLOWED =
        7,             /* own records up to this number (u64) are with the agency side for good */
    RG_RECORD_MET = 8, /* the first run of a node that was answered: place u16, instance 16 */
};

struct rg_record_own {
    uint64_t sequence;
    struct rg_bytes submission;
    struct rg_bytes private_bytes;
};

/* What consensus/memory.h calls memory and mute, of one epoch. */
struct rg_record_memory {
    uint64_t epoch;
    uint64_t mute;
    enum rg_memory memory;
    struct rg_id first; /* of FRESH: the run that found the empty disk */
};

#define RG_RECORD_MEMORY_BYTES (17u + RG_ID_BYTES)
#define RG_RECORD_MET_BYTES (2u + RG_ID_BYTES)

/* Write the record. */
void rg_record_encode_memory(const struct rg_record_memory *r,
                             uint8_t out[static RG_RECORD_MEMORY_BYTES]);
/* Read it. Errors: RG_ERR_CORRUPT  another length, or no such memory. */
RG_CHECKED rg_err rg_record_decode_memory(struct rg_bytes in, struct rg_record_memory *out);

/* Bytes of an own record's head: number and the two lengths. */
#define RG_RECORD_OWN_HEAD 16u

/* Write the record into @out, which has room for RG_RECORD_OWN_HEAD and both ranges; returns the
 * length. */
size_t rg_record_encode_own(const struct rg_record_own *r, uint8_t *out);
/* Read it; borrows @in. Errors: RG_ERR_CORRUPT  the lengths do not fit. */
RG_CHECKED rg_err rg_record_decode_own(struct rg_bytes in, struct rg_record_own *out);

#endif /* RG_NODE_CORE_RECORD_H */
