#include "node/monitor/alertdigest.h"

#include "base/bytes.h"
#include "node/monitor/alertstore.h"

#define BYTES (8u * RG_ALERTDIGEST_LANES)
#define ALL 0 /* the row of an agency that is the sum of all */

_Static_assert(BYTES == RG_HASH_BYTES, "a digest is as long as a hash");

static void read_lanes(const uint8_t *from, uint64_t out[static RG_ALERTDIGEST_LANES])
{
    for (size_t i = 0; i < RG_ALERTDIGEST_LANES; i++) {
        out[i] = rg_bytes_from_u64_be(from + 8 * i);
    }
}

static void write_lanes(const uint64_t from[static RG_ALERTDIGEST_LANES], uint8_t *out)
{
    for (size_t i = 0; i < RG_ALERTDIGEST_LANES; i++) {
        rg_bytes_u64_be(out + 8 * i, from[i]);
    }
}

/* Add @sum to the row of @agency at @checkpoint. */
static rg_err add_row(struct rg_kv_txn *txn, uint64_t checkpoint, uint32_t agency,
                      const uint64_t sum[static RG_ALERTDIGEST_LANES])
{
    uint8_t key[16];
    uint8_t value[BYTES];
    uint64_t lane[RG_ALERTDIGEST_LANES] = {0};
    struct rg_bytes found;
    rg_alertstore_pair(key, checkpoint, agency);
    const struct rg_bytes k = {key, sizeof key};
    const rg_err e = rg_kv_get(txn, RG_ALERTSTORE_DIGEST, k, &found);
    if (e == RG_OK && found.len != BYTES) {
        return RG_ERR_CORRUPT;
    }
    if (e != RG_OK && e != RG_ERR_NOT_FOUND) {
        return e;
    }
    if (e == RG_OK) {
        read_lanes(found.data, lane);
    }
    for (size_t i = 0; i < RG_ALERTDIGEST_LANES; i++) {
        lane[i] += sum[i];
    }
    write_lanes(lane, value);
    return rg_kv_put(txn, RG_ALERTSTORE_DIGEST, k, (struct rg_bytes){value, sizeof value});
}

/* Give the first row behind the sums of all; NOT_FOUND: there is none. */
static rg_err first_row(struct rg_kv_txn *txn, uint64_t *out_checkpoint, uint64_t *out_agency)
{
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item;
    uint8_t key[16];
    rg_alertstore_pair(key, ALL + 1, 0);
    rg_err e = rg_kv_cursor_open(txn, RG_ALERTSTORE_DIGEST, &c);
    e = e == RG_OK ? rg_kv_cursor_seek(c, (struct rg_bytes){key, sizeof key}, &item) : e;
    if (e == RG_OK && item.key.len != sizeof key) {
        e = RG_ERR_CORRUPT;
    }
    if (e == RG_OK) {
        *out_checkpoint = rg_bytes_from_u64_be(item.key.data);
        *out_agency = rg_bytes_from_u64_be(item.key.data + 8);
    }
    rg_kv_cursor_close(&c);
    return e;
}

/* Rows that no digest needs: those more than KEPT checkpoints behind @newest. All alerts up to the
 * checkpoint before it may be written by now, and that one's digests reach KEPT - 1 back. */
static rg_err prune(struct rg_kv_txn *txn, uint64_t newest)
{
    rg_err e = RG_OK;
    while (e == RG_OK) {
        uint8_t key[16];
        uint64_t checkpoint = 0;
        uint64_t agency = 0;
        e = first_row(txn, &checkpoint, &agency);
        if (e != RG_OK || checkpoint + RG_ALERTDIGEST_KEPT >= newest) {
            break;
        }
        rg_alertstore_pair(key, checkpoint, agency);
        e = rg_kv_del(txn, RG_ALERTSTORE_DIGEST, (struct rg_bytes){key, sizeof key});
    }
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_alertdigest_write(struct rg_alertdigest *d, struct rg_kv_txn *txn)
{
    rg_err e = RG_OK;
    for (uint32_t a = 0; e == RG_OK && a < RG_AGENCIES_MAX; a++) {
        if ((d->touched >> a & 1) != 0) {
            e = add_row(txn, d->checkpoint, a, d->sum[a]);
            e = e == RG_OK ? add_row(txn, ALL, a, d->sum[a]) : e;
        }
    }
    if (e == RG_OK && d->touched != 0) {
        e = prune(txn, d->checkpoint);
    }
    *d = (struct rg_alertdigest){.checkpoint = 0};
    return e;
}

rg_err rg_alertdigest_add(struct rg_alertdigest *d, struct rg_kv_txn *txn,
                          const struct rg_alertdigest_change *c)
{
    /* The checkpoint at or behind the block; what stands in the genesis would count at the first.
     */
    const uint64_t behind = c->height > 0 ? c->height : 1;
    const uint64_t at = (behind - 1) / RG_ALERTDIGEST_STEP + 1;
    rg_err e = RG_OK;
    if (d->checkpoint != at) {
        e = rg_alertdigest_write(d, txn);
        d->checkpoint = at;
    }
    uint64_t lane[RG_ALERTDIGEST_LANES];
    read_lanes(c->hash.b, lane);
    d->touched |= c->readers;
    for (uint32_t a = 0; a < RG_AGENCIES_MAX; a++) {
        for (size_t i = 0; (c->readers >> a & 1) != 0 && i < RG_ALERTDIGEST_LANES; i++) {
            d->sum[a][i] += c->minus ? 0 - lane[i] : lane[i];
        }
    }
    return e;
}

/* Subtract the row @value of @checkpoint where the digest is of before it. */
static void leave_out(struct rg_alertdigest_list *l, uint64_t newest, uint64_t checkpoint,
                      struct rg_bytes value)
{
    uint64_t row[RG_ALERTDIGEST_LANES];
    read_lanes(value.data, row);
    for (uint64_t k = 0; k < RG_ALERTDIGEST_KEPT && k < newest; k++) {
        if (newest - k < checkpoint) {
            uint64_t lane[RG_ALERTDIGEST_LANES];
            read_lanes(l->at[k].b, lane);
            for (size_t i = 0; i < RG_ALERTDIGEST_LANES; i++) {
                lane[i] -= row[i];
            }
            write_lanes(lane, l->at[k].b);
        }
    }
}

/* Take one row into account: first come the sums of all, then the checkpoints in order. */
static rg_err take_row(const struct rg_kv_item *item, uint64_t newest, uint32_t count,
                       struct rg_alertdigest_list *out)
{
    if (item->key.len != 16 || item->value.len != BYTES) {
        return RG_ERR_CORRUPT;
    }
    const uint64_t checkpoint = rg_bytes_from_u64_be(item->key.data);
    const uint64_t agency = rg_bytes_from_u64_be(item->key.data + 8);
    if (agency >= count) {
        return RG_OK;
    }
    if (checkpoint != ALL) {
        leave_out(&out[agency], newest, checkpoint, item->value);
        return RG_OK;
    }
    for (size_t k = 0; k < RG_ALERTDIGEST_KEPT; k++) {
        memcpy(out[agency].at[k].b, item->value.data, BYTES);
    }
    return RG_OK;
}

rg_err rg_alertdigest_read(struct rg_kv *kv, uint64_t checkpoint, uint32_t count,
                           struct rg_alertdigest_list out[static 1])
{
    struct rg_kv_txn *txn = NULL;
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item;
    memset(out, 0, count * sizeof *out);
    rg_err e = rg_kv_begin_read(kv, &txn);
    e = e == RG_OK ? rg_kv_cursor_open(txn, RG_ALERTSTORE_DIGEST, &c) : e;
    e = e == RG_OK ? rg_kv_cursor_first(c, &item) : e;
    while (e == RG_OK) {
        e = take_row(&item, checkpoint, count, out);
        e = e == RG_OK ? rg_kv_cursor_next(c, &item) : e;
    }
    rg_kv_cursor_close(&c);
    rg_kv_abort(&txn);
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}
