#include "storage/kv_priv.h"

rg_err rg_kv_check_readers(struct rg_kv *kv, uint32_t *out_freed)
{
    int dead = 0;
    if (rg_kv_failed(kv)) {
        return RG_ERR_IO;
    }
    const rg_err e = rg_kv__err_of(kv, mdb_reader_check(kv->env, &dead));
    if (e == RG_OK) {
        *out_freed = dead > 0 ? (uint32_t)dead : 0;
    }
    return e;
}

/* Whether @item comes after @last and a look-up finds the same bytes. */
static rg_err check_item(struct rg_kv_txn *txn, uint32_t table, const struct rg_kv_item *item,
                         struct rg_bytes last)
{
    const size_t common = item->key.len < last.len ? item->key.len : last.len;
    const int order = common > 0 ? memcmp(last.data, item->key.data, common) : 0;
    if (last.len > 0 && (order > 0 || (order == 0 && last.len >= item->key.len))) {
        return rg_kv__note_damage(txn, table, item->key);
    }
    MDB_val k = rg_kv__val_of(item->key);
    MDB_val v = {0};
    const int rc = mdb_get(txn->txn, txn->kv->dbis[table], &k, &v);
    if (rc == MDB_NOTFOUND || (rc == 0 && v.mv_data != item->value.data)) {
        return rg_kv__note_damage(txn, table, item->key);
    }
    return rg_kv__err_at(txn, rc, table, item->key);
}

rg_err rg_kv_check(struct rg_kv_txn *txn, uint32_t table, uint64_t *out_records)
{
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item = {0};
    struct rg_bytes last = {0};
    uint64_t expected = 0;
    uint64_t records = 0;
    rg_err e = rg_kv_count(txn, table, &expected);
    if (e == RG_OK) {
        e = rg_kv_cursor_open(txn, table, &c);
    }
    while (e == RG_OK && (e = rg_kv_cursor_next(c, &item)) == RG_OK) {
        e = check_item(txn, table, &item, last);
        last = item.key;
        /* A damaged tree may hold a loop. */
        if (e == RG_OK && ++records > expected) {
            e = rg_kv__note_damage(txn, table, item.key);
        }
    }
    rg_kv_cursor_close(&c);
    if (e != RG_ERR_NOT_FOUND) {
        return e;
    }
    if (records != expected) {
        return rg_kv__note_damage(txn, table, (struct rg_bytes){0});
    }
    *out_records = records;
    return RG_OK;
}
