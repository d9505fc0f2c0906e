#include "node/monitor/alertstore.h"

#include "base/bytes.h"

static const char *const TABLES[RG_ALERTSTORE_TABLES] = {
    "meta", "state", "due", "log", "case", "ids", "topic", "cursor", "unseen", "digest", "waits"};

void rg_alertstore_pair(uint8_t out[static 16], uint64_t high, uint64_t low)
{
    rg_bytes_u64_be(out, high);
    rg_bytes_u64_be(out + 8, low);
}

rg_err rg_alertstore_get(struct rg_kv_txn *txn, enum rg_alertstore_table table, struct rg_bytes key,
                         uint64_t *out)
{
    struct rg_bytes value;
    const rg_err e = rg_kv_get(txn, (uint32_t)table, key, &value);
    if (e == RG_ERR_NOT_FOUND) {
        *out = 0;
        return RG_OK;
    }
    if (e != RG_OK) {
        return e;
    }
    if (value.len != 8) {
        return RG_ERR_CORRUPT;
    }
    *out = rg_bytes_from_u64_be(value.data);
    return RG_OK;
}

rg_err rg_alertstore_put(struct rg_kv_txn *txn, enum rg_alertstore_table table, struct rg_bytes key,
                         uint64_t value)
{
    uint8_t be[8];
    rg_bytes_u64_be(be, value);
    return rg_kv_put(txn, (uint32_t)table, key, (struct rg_bytes){be, sizeof be});
}

/* The first opening writes ledger and format, later ones compare. */
static rg_err claim(struct rg_kv *kv, const struct rg_hash *ledger)
{
    struct rg_kv_txn *txn = NULL;
    rg_err e = rg_kv_begin_write(kv, &txn);
    if (e != RG_OK) {
        return e;
    }
    const struct rg_bytes id = {ledger->b, sizeof ledger->b};
    struct rg_bytes found;
    uint64_t format = 0;
    e = rg_kv_get(txn, RG_ALERTSTORE_META, rg_bytes_str("ledger"), &found);
    if (e == RG_ERR_NOT_FOUND) {
        e = rg_kv_put(txn, RG_ALERTSTORE_META, rg_bytes_str("ledger"), id);
        if (e == RG_OK) {
            e = rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str("format"),
                                  RG_ALERTSTORE_FORMAT);
        }
        if (e == RG_OK) {
            return rg_kv_commit(&txn);
        }
    } else if (e == RG_OK && !rg_bytes_eq(found, id)) {
        e = RG_ERR_INVALID;
    } else if (e == RG_OK) {
        e = rg_alertstore_get(txn, RG_ALERTSTORE_META, rg_bytes_str("format"), &format);
        if (e == RG_OK && format != RG_ALERTSTORE_FORMAT) {
            e = RG_ERR_VERSION;
        }
    }
    rg_kv_abort(&txn);
    return e;
}

rg_err rg_alertstore_open(const char *dir, const struct rg_hash *ledger, struct rg_kv **out)
{
    const struct rg_kv_options o = {
        .dir = dir, .tables = TABLES, .tables_count = RG_ALERTSTORE_TABLES};
    struct rg_kv *kv = NULL;
    rg_err e = rg_kv_open(&o, &kv);
    if (e != RG_OK) {
        return e;
    }
    e = claim(kv, ledger);
    if (e != RG_OK) {
        rg_kv_close(&kv);
        return e;
    }
    *out = kv;
    return RG_OK;
}
