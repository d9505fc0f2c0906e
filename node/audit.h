/* `reigen verify --data`: everything a stopped node has on disk, checked again from the genesis on.
 * Not only checksums: form, hash chain, Merkle roots, signatures, certificates against the genesis'
 * authorities, and the execution of every block, so that a change is found even when every storage
 * checksum was computed anew after it. Reads the journal and the chain together; of the alerts and
 * vault stores, which are sealed, the checksums and order of all records.
 *
 * Never repairs and never writes (but the lock file, when it is missing). Thread: any; needs no
 * other part of a node. */
#ifndef RG_NODE_AUDIT_H
#define RG_NODE_AUDIT_H

#include "base/err.h"
#include "base/types.h"
#include "ledger/genesis.h"

#define RG_AUDIT_TEXT_MAX 240

struct rg_audit_report {
    bool ok;
    uint64_t height;               /* of the first fault; 0 when it is not about one block */
    char fault[RG_AUDIT_TEXT_MAX]; /* a sentence; empty when ok */
    char note[RG_AUDIT_TEXT_MAX];  /* what is no fault but worth knowing; empty when nothing is */
    uint64_t blocks;               /* checked and executed, from 1 on */
    uint64_t tip;                  /* height of the chain's last block */
    struct rg_hash tip_hash;
    struct rg_hash digest; /* of the recomputed state after it */
    uint64_t submissions;
    uint64_t entries;
    uint64_t certificates; /* in chain and journal */
    uint64_t journal_records;
    uint64_t store_records; /* in alerts and vault */
};

/* Check the data folder @data (the one that holds journal, chain, alerts and vault) of a node of
 * the ledger @g. Fills @out in every case. Errors: RG_ERR_BUSY       the node runs (its lock is
 * held); RG_ERR_CORRUPT    a fault was found: see @out; RG_ERR_NOT_FOUND  no such folder, or no
 * chain in it; RG_ERR_INVALID  a chain of another ledger; RG_ERR_VERSION    a newer format;
 *         RG_ERR_DENIED, RG_ERR_NOMEM, RG_ERR_IO, RG_ERR_SYSTEM  it could not be read to the end.
 */
RG_CHECKED rg_err rg_audit_run(const char *data, const struct rg_genesis *g,
                               struct rg_audit_report *out);

#endif /* RG_NODE_AUDIT_H */
