/* The inside of the vault, shared by the files vault*.c. */
#ifndef RG_AGENCY_VAULT_PRIV_H
#define RG_AGENCY_VAULT_PRIV_H

#include "node/agency/u64map.h"
#include "node/agency/vault.h"
#include "storage/kv.h"

#define RG_VAULT_CACHE 4096u    /* case records kept in memory; a power of two */
#define RG_VAULT_VALUE_MAX 1024 /* plain bytes of any value */

enum {
    RG_VAULT_META,
    RG_VAULT_CASES,
    RG_VAULT_COMMITMENTS,
    RG_VAULT_NAMES, /* keyed hashes of file numbers and pseudonyms */
    RG_VAULT_FILES, /* case number -> file number */
    RG_VAULT_STREAMS,
    RG_VAULT_PARKED,
    RG_VAULT_MISSING,
    RG_VAULT_OWED,
    RG_VAULT_FEED,
    RG_VAULT_TABLES
};

struct rg_vault_cached {
    struct rg_vault_case c; /* case_no 0: free */
    bool dirty;
};

struct rg_vault {
    struct rg_kv *kv;
    struct rg_kv_txn *txn;
    bool writing;
    uint8_t *key; /* 32 bytes, left out of core dumps */
    struct rg_hash ledger;
    uint32_t agency_count;
    struct rg_vault_meta meta;
    uint64_t parked;
    uint64_t missing;
    uint64_t owed;
    struct rg_u64map tags;
    struct rg_vault_cached *cache;
};

/* Begin a read transaction unless one is open; @out_mine says whether it must be ended with leave.
 */
rg_err rg_vault__enter(struct rg_vault *v, bool *out_mine);
void rg_vault__leave(struct rg_vault *v, bool mine);
/* Put @plain, sealed and bound to table and key. Errors: as rg_kv_put(). */
rg_err rg_vault__put(struct rg_vault *v, uint32_t table, struct rg_bytes key,
                     struct rg_bytes plain);
/* Get and open a value into @out (RG_VAULT_VALUE_MAX bytes).
 * Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_SIGNATURE; RG_ERR_IO. */
rg_err rg_vault__get(struct rg_vault *v, uint32_t table, struct rg_bytes key, uint8_t *out,
                     size_t *out_len);
/* Open a value that was read already. */
rg_err rg_vault__open_value(struct rg_vault *v, uint32_t table, struct rg_bytes key,
                            struct rg_bytes value, uint8_t *out, size_t *out_len);
/* Store every changed case of the cache (write transaction). */
rg_err rg_vault__flush_cases(struct rg_vault *v);
/* Walk all cases and expect their tags; at open. */
rg_err rg_vault__rebuild_tags(struct rg_vault *v);

#endif /* RG_AGENCY_VAULT_PRIV_H */
