#include "storage/kv.h"
#include "base/failpoint.h"
#include "base/hex.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "storage/disk.h"
#include "storage/kv_priv.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define GROW_WAIT_MS 200u      /* for readers to end, while there is still room */
#define GROW_WAIT_MAX_MS 2000u /* when there is hardly any */
#define GATE (1 << 30)         /* set in txns_open: no new transaction, the map is to be moved */

/* The only map from LMDB's codes (and errno, which it hands on) to ours. Latches what must latch.
 */
rg_err rg_kv__err_of(struct rg_kv *kv, int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return RG_OK;
    case MDB_NOTFOUND:
        return RG_ERR_NOT_FOUND;
    case MDB_KEYEXIST:
        return RG_ERR_EXISTS;
    case MDB_MAP_FULL:
        atomic_store(&kv->grow_wanted, true);
        return RG_ERR_FULL;
    case MDB_TXN_FULL:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
        return RG_ERR_FULL;
    case MDB_READERS_FULL:
        return RG_ERR_BUSY;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return RG_ERR_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return RG_ERR_VERSION;
    case MDB_BAD_TXN:
        return RG_ERR_USAGE;
    case MDB_BAD_VALSIZE:
        return RG_ERR_INVALID;
    case MDB_PANIC:
    case EIO:
        atomic_store(&kv->failed, true);
        return RG_ERR_IO;
    default:
        return rc > 0 ? rg_disk_err(rc) : RG_ERR_SYSTEM;
    }
}

MDB_val rg_kv__val_of(struct rg_bytes b)
{
    /* LMDB takes void * but only reads keys and values handed in. */
    const uintptr_t address = (uintptr_t)b.data;
    return (MDB_val){.mv_size = b.len, .mv_data = (void *)address};
}

static void checksum(const struct rg_kv *kv, uint32_t table, struct rg_bytes key,
                     struct rg_bytes value, uint8_t out[static RG_KV_CHECKSUM_BYTES])
{
    const char *name = kv->names[table];
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin(&s, RG_DOMAIN_STORED_VALUE, NULL);
    rg_hash_add(&s, (struct rg_bytes){(const uint8_t *)name, strlen(name)});
    rg_hash_add(&s, key);
    rg_hash_add(&s, value);
    rg_hash_end(&s, &h);
    memcpy(out, h.b, RG_KV_CHECKSUM_BYTES);
}

rg_err rg_kv__note_damage(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key)
{
    txn->damaged = true;
    txn->damage_table = table;
    txn->damage_key_len = key.len <= RG_KV_KEY_MAX ? key.len : 0;
    memcpy(txn->damage_key, key.data != NULL ? key.data : (const uint8_t *)"", txn->damage_key_len);
    return RG_ERR_CORRUPT;
}

/* Map the result of a call about @key, and remember where damage was. */
rg_err rg_kv__err_at(struct rg_kv_txn *txn, int rc, uint32_t table, struct rg_bytes key)
{
    const rg_err e = rg_kv__err_of(txn->kv, rc);
    return e == RG_ERR_CORRUPT ? rg_kv__note_damage(txn, table, key) : e;
}

/* Take the checksum off a stored value and compare it. */
rg_err rg_kv__unwrap(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, const MDB_val *v,
                     struct rg_bytes *out)
{
    /* The upper bound also keeps a damaged length from walking out of the map. */
    if (v->mv_size < RG_KV_CHECKSUM_BYTES ||
        v->mv_size > (size_t)RG_KV_VALUE_MAX + RG_KV_CHECKSUM_BYTES) {
        return rg_kv__note_damage(txn, table, key);
    }
    const struct rg_bytes value = {v->mv_data, v->mv_size - RG_KV_CHECKSUM_BYTES};
    uint8_t sum[RG_KV_CHECKSUM_BYTES];
    checksum(txn->kv, table, key, value, sum);
    if (memcmp(sum, value.data + value.len, sizeof sum) != 0) {
        return rg_kv__note_damage(txn, table, key);
    }
    *out = value;
    return RG_OK;
}

void rg_kv_close(struct rg_kv **kv)
{
    if (*kv == NULL) {
        return;
    }
    RG_ASSERT(atomic_load(&(*kv)->txns_open) == 0);
    if ((*kv)->env != NULL) {
        mdb_env_close((*kv)->env);
    }
    free(*kv);
    *kv = NULL;
}

bool rg_kv_failed(const struct rg_kv *kv)
{
    return atomic_load(&kv->failed);
}

void rg_kv_usage(struct rg_kv *kv, uint64_t *out_used, uint64_t *out_map)
{
    MDB_envinfo info;
    MDB_stat st;
    RG_ASSERT(mdb_env_info(kv->env, &info) == 0 && mdb_env_stat(kv->env, &st) == 0);
    *out_used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
    *out_map = info.me_mapsize;
}

/* ---- transactions ---- */

static void nap(void)
{
    const struct timespec ms = {.tv_sec = 0, .tv_nsec = 1000000};
    (void)nanosleep(&ms, NULL);
}

/* Count a transaction in; waits while the map is to be moved. */
static void count_in(struct rg_kv *kv)
{
    int n = atomic_load(&kv->txns_open);
    for (;;) {
        if ((n & GATE) != 0) {
            nap();
            n = atomic_load(&kv->txns_open);
        } else if (atomic_compare_exchange_weak(&kv->txns_open, &n, n + 1)) {
            return;
        }
    }
}

static void count_out(struct rg_kv *kv)
{
    const int before = atomic_fetch_sub(&kv->txns_open, 1);
    RG_ASSERT((before & ~GATE) > 0);
}

/* Double the map when less than a quarter is free. mdb_env_set_mapsize() moves it, so no
 * transaction of this process may be open: the gate keeps new ones out while the open ones end.
 * Where one does not end in time it is tried again at the next write. */
static rg_err grow(struct rg_kv *kv)
{
    uint64_t used = 0;
    uint64_t map = 0;
    rg_kv_usage(kv, &used, &map);
    if (used < map - map / 4 && !atomic_load(&kv->grow_wanted)) {
        return RG_OK;
    }
    const bool urgent = atomic_load(&kv->grow_wanted) || used >= map - map / 16;
    const unsigned patience = urgent ? GROW_WAIT_MAX_MS : GROW_WAIT_MS;
    int rc = 0;
    (void)atomic_fetch_or(&kv->txns_open, GATE);
    for (unsigned ms = 0; atomic_load(&kv->txns_open) != GATE && ms < patience; ms++) {
        nap();
    }
    if (atomic_load(&kv->txns_open) == GATE) {
        rc = mdb_env_set_mapsize(kv->env, map * 2);
        if (rc == 0) {
            atomic_store(&kv->grow_wanted, false);
        } else {
            atomic_store(&kv->failed, true); /* the old map is gone, there is no new one */
        }
    }
    (void)atomic_fetch_and(&kv->txns_open, ~GATE);
    return rg_kv__err_of(kv, rc);
}

static rg_err begin(struct rg_kv *kv, bool write, struct rg_kv_txn **out)
{
    struct rg_kv_txn *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return RG_ERR_NOMEM;
    }
    t->kv = kv;
    t->write = write;
    count_in(kv);
    const rg_err e =
        rg_kv__err_of(kv, mdb_txn_begin(kv->env, NULL, write ? 0 : MDB_RDONLY, &t->txn));
    if (e != RG_OK) {
        count_out(kv);
        free(t);
        return e;
    }
    *out = t;
    return RG_OK;
}

rg_err rg_kv_begin_write(struct rg_kv *kv, struct rg_kv_txn **out)
{
    if (rg_kv_failed(kv)) {
        return RG_ERR_IO;
    }
    if (kv->read_only) {
        return RG_ERR_USAGE;
    }
    const rg_err e = grow(kv);
    return e == RG_OK ? begin(kv, true, out) : e;
}

rg_err rg_kv_begin_read(struct rg_kv *kv, struct rg_kv_txn **out)
{
    return rg_kv_failed(kv) ? RG_ERR_IO : begin(kv, false, out);
}

static void finish(struct rg_kv_txn **txn)
{
    count_out((*txn)->kv);
    free(*txn);
    *txn = NULL;
}

rg_err rg_kv_commit(struct rg_kv_txn **txn)
{
    RG_FAILPOINT("kv.commit");
    struct rg_kv_txn *t = *txn;
    rg_err e = RG_OK;
    if (!t->write) {
        mdb_txn_abort(t->txn);
    } else if (t->broken || rg_kv_failed(t->kv)) {
        e = t->broken ? RG_ERR_USAGE : RG_ERR_IO;
        mdb_txn_abort(t->txn);
    } else {
        e = rg_kv__err_of(t->kv, mdb_txn_commit(t->txn)); /* ends it also on failure */
    }
    finish(txn);
    return e;
}

void rg_kv_abort(struct rg_kv_txn **txn)
{
    if (*txn == NULL) {
        return;
    }
    mdb_txn_abort((*txn)->txn);
    finish(txn);
}

/* ---- records ---- */

static bool key_is_valid(struct rg_bytes key)
{
    return key.len > 0 && key.len <= RG_KV_KEY_MAX;
}

rg_err rg_kv_get(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, struct rg_bytes *out)
{
    RG_ASSERT(table < txn->kv->tables_count);
    if (rg_kv_failed(txn->kv)) {
        return RG_ERR_IO;
    }
    if (!key_is_valid(key)) {
        return RG_ERR_NOT_FOUND;
    }
    MDB_val k = rg_kv__val_of(key);
    MDB_val v = {0};
    const int rc = mdb_get(txn->txn, txn->kv->dbis[table], &k, &v);
    return rc == 0 ? rg_kv__unwrap(txn, table, key, &v, out) : rg_kv__err_at(txn, rc, table, key);
}

rg_err rg_kv_get_copy(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, uint8_t *buf,
                      size_t cap, size_t *out_len)
{
    struct rg_bytes value = {0};
    const rg_err e = rg_kv_get(txn, table, key, &value);
    if (e != RG_OK) {
        return e;
    }
    if (value.len > cap) {
        return RG_ERR_FULL;
    }
    if (value.len > 0) {
        memcpy(buf, value.data, value.len);
    }
    *out_len = value.len;
    return RG_OK;
}

static rg_err put(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, struct rg_bytes value,
                  unsigned flags)
{
    RG_ASSERT(table < txn->kv->tables_count);
    if (rg_kv_failed(txn->kv)) {
        return RG_ERR_IO;
    }
    if (!txn->write || txn->broken) {
        return RG_ERR_USAGE;
    }
    if (!key_is_valid(key) || value.len > RG_KV_VALUE_MAX) {
        return RG_ERR_INVALID;
    }
    MDB_val k = rg_kv__val_of(key);
    MDB_val v = {.mv_size = value.len + RG_KV_CHECKSUM_BYTES, .mv_data = NULL};
    const int rc = mdb_put(txn->txn, txn->kv->dbis[table], &k, &v, flags | MDB_RESERVE);
    if (rc != 0) {
        /* Only this refusal is known to leave the transaction whole. */
        txn->broken = rc != MDB_KEYEXIST;
        return rg_kv__err_at(txn, rc, table, key);
    }
    uint8_t *room = v.mv_data;
    if (value.len > 0) {
        memcpy(room, value.data, value.len);
    }
    checksum(txn->kv, table, key, value, room + value.len);
    return RG_OK;
}

rg_err rg_kv_put(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key, struct rg_bytes value)
{
    return put(txn, table, key, value, 0);
}

rg_err rg_kv_append(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key,
                    struct rg_bytes value)
{
    return put(txn, table, key, value, MDB_APPEND);
}

rg_err rg_kv_del(struct rg_kv_txn *txn, uint32_t table, struct rg_bytes key)
{
    RG_ASSERT(table < txn->kv->tables_count);
    if (rg_kv_failed(txn->kv)) {
        return RG_ERR_IO;
    }
    if (!txn->write || txn->broken) {
        return RG_ERR_USAGE;
    }
    if (!key_is_valid(key)) {
        return RG_ERR_NOT_FOUND;
    }
    MDB_val k = rg_kv__val_of(key);
    const int rc = mdb_del(txn->txn, txn->kv->dbis[table], &k, NULL);
    txn->broken = rc != 0 && rc != MDB_NOTFOUND;
    return rg_kv__err_at(txn, rc, table, key);
}

rg_err rg_kv_count(struct rg_kv_txn *txn, uint32_t table, uint64_t *out)
{
    RG_ASSERT(table < txn->kv->tables_count);
    MDB_stat st;
    const rg_err e = rg_kv__err_at(txn, mdb_stat(txn->txn, txn->kv->dbis[table], &st), table,
                                   (struct rg_bytes){0});
    if (e == RG_OK) {
        *out = st.ms_entries;
    }
    return e;
}

bool rg_kv_damage(const struct rg_kv_txn *txn, struct rg_kv_damage *out)
{
    if (!txn->damaged) {
        return false;
    }
    out->table = txn->kv->names[txn->damage_table];
    out->key_len = txn->damage_key_len;
    memcpy(out->key, txn->damage_key, txn->damage_key_len);
    rg_hex_format(out->key, out->key_len, out->key_hex);
    return true;
}
