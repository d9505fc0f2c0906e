/* The inside of the store, shared by the files kv*.c and by nobody else: only they see lmdb.h. */
#ifndef RG_STORAGE_KV_PRIV_H
#define RG_STORAGE_KV_PRIV_H

#include "storage/kv.h"
#include <lmdb.h>
#include <stdatomic.h>

#define RG_KV_NAME_CAP 32u
#define RG_KV_READERS_MAX 126u

struct rg_kv {
    MDB_env *env;
    MDB_dbi dbis[RG_KV_TABLES_MAX];
    char names[RG_KV_TABLES_MAX][RG_KV_NAME_CAP];
    uint32_t tables_count;
    bool read_only;
    uint64_t map_bytes;   /* wanted at opening */
    atomic_int txns_open; /* and the gate, see kv.c */
    atomic_bool grow_wanted;
    atomic_bool failed;
};

struct rg_kv_txn {
    struct rg_kv *kv;
    MDB_txn *txn;
    bool write;
    bool broken; /* a write failed: LMDB may hold half of it */
    bool damaged;
    uint32_t damage_table;
    size_t damage_key_len;
    uint8_t damage_key[RG_KV_KEY_MAX];
};

struct rg_kv_cursor {
    struct rg_kv_txn *txn;
    MDB_cursor *cursor;
    uint32_t table;
};

/* Map an LMDB code, or the errno that LMDB hands on, to an error: the only place. Latches what must
 * latch. */
rg_err rg_kv__err_of(struct rg_kv *kv, int rc);
/* The same for a call about @key of @table; remembers where damage was. */
rg_err rg_kv__err_at(struct rg_kv_txn *txn, int rc, uint32_t table, struct rg_bytes key);
/* Remember damage; returns RG_ERR_CORRUPT. */
rg_err rg_kv__note_damage(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key);
/* A range as LMDB wants it. */
MDB_val rg_kv__val_of(struct rg_bytes b);
/* Take the checksum off a stored value and compare it.
 * Errors: RG_ERR_CORRUPT (remembered); @out is then untouched. */
rg_err rg_kv__unwrap(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, const MDB_val *v,
                     struct rg_bytes *out);

#endif /* RG_STORAGE_KV_PRIV_H */
