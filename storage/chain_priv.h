/* The inside of the chain, shared by the files chain*.c and by nobody else. */
#ifndef RG_STORAGE_CHAIN_PRIV_H
#define RG_STORAGE_CHAIN_PRIV_H

#include "storage/chain.h"
#include "storage/kv.h"

/* Tables; keys of all but meta are the height, big-endian. */
#define RG_CHAIN_HEADS 0u   /* i64 time | hash */
#define RG_CHAIN_BLOCKS 1u  /* the block's bytes */
#define RG_CHAIN_CERTS 2u   /* a certificate, where one stands */
#define RG_CHAIN_RESULTS 3u /* the result's bytes */
#define RG_CHAIN_META 4u    /* "format" u32, "ledger" hash, "height" u64, "state" bytes */
#define RG_CHAIN_TABLES 5u
#define RG_CHAIN_HEAD_BYTES 40u

extern const char *const rg_chain_table_names[RG_CHAIN_TABLES];

struct rg_chain {
    struct rg_kv *kv;
    struct rg_chain_tip genesis;
    struct rg_chain_tip tip; /* the writer's own copy */
    bool read_only;
};

struct rg_chain_view {
    struct rg_chain *chain;
    struct rg_kv_txn *txn;
    bool faulty;
    struct rg_chain_fault fault;
};

/* Who is told blocks. */
struct rg_chain_walker {
    rg_chain_fn fn;
    void *ctx;
};

/* Get a record of a meta key.
 * Errors: as rg_kv_get(). */
RG_CHECKED rg_err rg_chain__get_meta(struct rg_kv_txn *txn, const char *key, struct rg_bytes *out);
/* Remember where damage is; returns RG_ERR_CORRUPT. */
rg_err rg_chain_view__damage(struct rg_chain_view *v, uint32_t table, uint64_t height);
/* Get the value of @height in @table. @must: a missing one is damage.
 * Errors: RG_ERR_NOT_FOUND unless @must; RG_ERR_CORRUPT (remembered); RG_ERR_IO. */
RG_CHECKED rg_err rg_chain_view__get(struct rg_chain_view *v, uint32_t table, uint64_t height,
                                     bool must, struct rg_bytes *out);

#endif /* RG_STORAGE_CHAIN_PRIV_H */
