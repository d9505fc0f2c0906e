#include "base/panic.h"
#include "storage/kv_priv.h"
#include <stdlib.h>

rg_err rg_kv_cursor_open(struct rg_kv_txn *txn, uint32_t table, struct rg_kv_cursor **out)
{
    RG_ASSERT(table < txn->kv->tables_count);
    if (rg_kv_failed(txn->kv)) {
        return RG_ERR_IO;
    }
    struct rg_kv_cursor *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return RG_ERR_NOMEM;
    }
    c->txn = txn;
    c->table = table;
    const rg_err e = rg_kv__err_at(txn, mdb_cursor_open(txn->txn, txn->kv->dbis[table], &c->cursor),
                                   table, (struct rg_bytes){0});
    if (e != RG_OK) {
        free(c);
        return e;
    }
    *out = c;
    return RG_OK;
}

void rg_kv_cursor_close(struct rg_kv_cursor **c)
{
    if (*c == NULL) {
        return;
    }
    mdb_cursor_close((*c)->cursor);
    free(*c);
    *c = NULL;
}

static rg_err move(struct rg_kv_cursor *c, struct rg_bytes key, MDB_cursor_op op,
                   struct rg_kv_item *out)
{
    if (rg_kv_failed(c->txn->kv)) {
        return RG_ERR_IO;
    }
    MDB_val k = rg_kv__val_of(key);
    MDB_val v = {0};
    struct rg_kv_item item = {0};
    const int rc = mdb_cursor_get(c->cursor, &k, &v, op);
    if (rc != 0) {
        return rg_kv__err_at(c->txn, rc, c->table, key);
    }
    item.key = (struct rg_bytes){k.mv_data, k.mv_size};
    if (item.key.len == 0 || item.key.len > RG_KV_KEY_MAX) {
        return rg_kv__note_damage(c->txn, c->table, (struct rg_bytes){0});
    }
    const rg_err e = rg_kv__unwrap(c->txn, c->table, item.key, &v, &item.value);
    if (e == RG_OK) {
        *out = item;
    }
    return e;
}

rg_err rg_kv_cursor_seek(struct rg_kv_cursor *c, struct rg_bytes key, struct rg_kv_item *out)
{
    if (key.len > RG_KV_KEY_MAX) {
        return RG_ERR_INVALID;
    }
    return key.len == 0 ? rg_kv_cursor_first(c, out) : move(c, key, MDB_SET_RANGE, out);
}

rg_err rg_kv_cursor_first(struct rg_kv_cursor *c, struct rg_kv_item *out)
{
    return move(c, (struct rg_bytes){0}, MDB_FIRST, out);
}

rg_err rg_kv_cursor_last(struct rg_kv_cursor *c, struct rg_kv_item *out)
{
    return move(c, (struct rg_bytes){0}, MDB_LAST, out);
}

rg_err rg_kv_cursor_next(struct rg_kv_cursor *c, struct rg_kv_item *out)
{
    return move(c, (struct rg_bytes){0}, MDB_NEXT, out);
}

rg_err rg_kv_cursor_prev(struct rg_kv_cursor *c, struct rg_kv_item *out)
{
    return move(c, (struct rg_bytes){0}, MDB_PREV, out);
}
