/* The alerts store: which tables the LMDB folder `alerts` has and what their keys are. All that the
 * monitor must remember changes in one transaction of this store, so that rules state, alerts and
 * cursors never disagree. Bodies are sealed by their writers (casestate.h, alertlog.h); numbers,
 * hashes and topics are in the clear. Owner: the agency thread. */
#ifndef RG_MONITOR_ALERTSTORE_H
#define RG_MONITOR_ALERTSTORE_H

#include "base/err.h"
#include "base/types.h"
#include "storage/kv.h"

/* 3: what became of an alert stands in the head of its raise; when it is escalated; digests.
 * 4: cases that wait. */
#define RG_ALERTSTORE_FORMAT 5

enum rg_alertstore_table {
    RG_ALERTSTORE_META,   /* name -> u64, or the ledger's id */
    RG_ALERTSTORE_STATE,  /* case (u64 BE) -> sealed state of the case */
    RG_ALERTSTORE_DUE,    /* due time, case (u64 BE each) -> nothing */
    RG_ALERTSTORE_LOG,    /* logseq (u64 BE) -> alert */
    RG_ALERTSTORE_CASE,   /* case, logseq (u64 BE each) -> nothing */
    RG_ALERTSTORE_IDS,    /* alert id (32 bytes) -> logseq */
    RG_ALERTSTORE_TOPIC,  /* topic -> the first sequence number that was never used */
    RG_ALERTSTORE_CURSOR, /* principal (u32 BE), name -> logseq acknowledged */
    RG_ALERTSTORE_UNSEEN, /* when to escalate, logseq (u64 BE each) -> nothing */
    RG_ALERTSTORE_DIGEST, /* checkpoint, agency (u64 BE each) -> see alertdigest.h */
    RG_ALERTSTORE_WAITS,  /* rule (RG_NAME_MAX bytes), case (u64 BE): see backlog.c */
    RG_ALERTSTORE_TABLES
};

#define RG_ALERTSTORE_FEED "feed"     /* number of the last event judged */
#define RG_ALERTSTORE_HEIGHT "height" /* judged up to this block */
#define RG_ALERTSTORE_LAST "logseq"   /* of the newest alert */
/* Of definitions, by the height from which they are in force; absent while only the first is. */
#define RG_ALERTSTORE_VERSION "version" /* by which is judged */
#define RG_ALERTSTORE_REACHED "reached" /* the latest by which was ever judged */
#define RG_ALERTSTORE_LEVEL "level"     /* cases below this number are judged by it; 0: all are */
#define RG_ALERTSTORE_LATE                                                                         \
    "late" /* from this case on some may be judged by an older one; 0: none */

/* Open the store of @ledger in @dir, or make it.
 * Errors: RG_ERR_INVALID  it is of another ledger; RG_ERR_VERSION  another format; as
 * rg_kv_open(). */
RG_CHECKED rg_err rg_alertstore_open(const char *dir, const struct rg_hash *ledger,
                                     struct rg_kv **out);
/* Read a number; 0 when there is none. Errors: RG_ERR_CORRUPT, RG_ERR_IO, RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_alertstore_get(struct rg_kv_txn *txn, enum rg_alertstore_table table,
                                    struct rg_bytes key, uint64_t *out);
/* Write a number. Errors: as rg_kv_put(). */
RG_CHECKED rg_err rg_alertstore_put(struct rg_kv_txn *txn, enum rg_alertstore_table table,
                                    struct rg_bytes key, uint64_t value);
/* The key made of two numbers. */
void rg_alertstore_pair(uint8_t out[static 16], uint64_t high, uint64_t low);

#endif /* RG_MONITOR_ALERTSTORE_H */
