#include "storage/chain.h"
#include "base/bytes.h"
#include "base/failpoint.h"
#include "storage/chain_priv.h"
#include <stdlib.h>

const char *const rg_chain_table_names[RG_CHAIN_TABLES] = {"heads", "blocks", "certs", "results",
                                                           "meta"};

rg_err rg_chain__get_meta(struct rg_kv_txn *txn, const char *key, struct rg_bytes *out)
{
    return rg_kv_get(txn, RG_CHAIN_META, rg_bytes_str(key), out);
}

/* Write what a new chain begins with. */
static rg_err found(struct rg_chain *c)
{
    struct rg_kv_txn *txn = NULL;
    uint8_t format[4];
    uint8_t height[8] = {0};
    struct rg_writer w = rg_bytes_writer(format, sizeof format);
    rg_bytes_put_u32(&w, RG_CHAIN_FORMAT);
    rg_err e = rg_kv_begin_write(c->kv, &txn);
    if (e == RG_OK) {
        e = rg_kv_put(txn, RG_CHAIN_META, rg_bytes_str("format"),
                      (struct rg_bytes){format, sizeof format});
    }
    if (e == RG_OK) {
        e = rg_kv_put(txn, RG_CHAIN_META, rg_bytes_str("ledger"),
                      (struct rg_bytes){c->genesis.hash.b, RG_HASH_BYTES});
    }
    if (e == RG_OK) {
        e = rg_kv_put(txn, RG_CHAIN_META, rg_bytes_str("height"),
                      (struct rg_bytes){height, sizeof height});
    }
    if (e == RG_OK) {
        return rg_kv_commit(&txn);
    }
    rg_kv_abort(&txn);
    return e;
}

/* Compare format and ledger. RG_ERR_NOT_FOUND: nothing was ever written. */
static rg_err check_meta(struct rg_chain *c, struct rg_kv_txn *txn)
{
    struct rg_bytes value = {0};
    uint64_t heads = 0;
    rg_err e = rg_kv_count(txn, RG_CHAIN_HEADS, &heads);
    if (e == RG_OK) {
        e = rg_chain__get_meta(txn, "format", &value);
    }
    if (e != RG_OK) {
        return e == RG_ERR_NOT_FOUND && heads > 0 ? RG_ERR_CORRUPT : e;
    }
    struct rg_reader r = rg_bytes_reader(value);
    const uint32_t format = rg_bytes_get_u32(&r);
    if (!rg_bytes_done(&r) || format == 0) {
        return RG_ERR_CORRUPT;
    }
    if (format > RG_CHAIN_FORMAT) {
        return RG_ERR_VERSION;
    }
    e = rg_chain__get_meta(txn, "ledger", &value);
    if (e != RG_OK) {
        return e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
    }
    const bool same = rg_bytes_eq(value, (struct rg_bytes){c->genesis.hash.b, RG_HASH_BYTES});
    return same ? RG_OK : RG_ERR_INVALID;
}

/* Take over the tip; the state must be the one after it. */
static rg_err load_tip(struct rg_chain *c)
{
    struct rg_chain_view *v = NULL;
    struct rg_chain_block block;
    struct rg_bytes state = {0};
    uint64_t height = 0;
    rg_err e = rg_chain_view_open(c, &v);
    if (e == RG_OK) {
        e = rg_chain_view_tip(v, &c->tip);
    }
    if (e == RG_OK && c->tip.height > 0) {
        e = rg_chain_view_block(v, c->tip.height, &block);
        if (e == RG_OK) {
            e = rg_chain_view_state(v, &height, &state);
        }
        e = e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
    }
    rg_chain_view_close(&v);
    return e;
}

static rg_err start(struct rg_chain *c)
{
    struct rg_kv_txn *txn = NULL;
    rg_err e = rg_kv_begin_read(c->kv, &txn);
    if (e != RG_OK) {
        return e;
    }
    e = check_meta(c, txn);
    rg_kv_abort(&txn);
    if (c->read_only) {
        return e == RG_ERR_CORRUPT ? RG_OK : e;
    }
    if (e == RG_ERR_NOT_FOUND) {
        e = found(c);
    }
    return e == RG_OK ? load_tip(c) : e;
}

rg_err rg_chain_open(const struct rg_chain_options *o, struct rg_chain **out)
{
    struct rg_chain *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return RG_ERR_NOMEM;
    }
    const struct rg_kv_options kv = {
        .dir = o->dir,
        .tables = rg_chain_table_names,
        .tables_count = RG_CHAIN_TABLES,
        .map_bytes = o->map_bytes,
        .read_only = o->read_only,
    };
    c->read_only = o->read_only;
    c->genesis = (struct rg_chain_tip){.time_ms = o->genesis_time_ms, .hash = o->ledger};
    rg_err e = rg_kv_open(&kv, &c->kv);
    if (e == RG_OK) {
        e = start(c);
    }
    if (e != RG_OK) {
        rg_chain_close(&c);
        return e;
    }
    *out = c;
    return RG_OK;
}

void rg_chain_close(struct rg_chain **c)
{
    if (*c == NULL) {
        return;
    }
    rg_kv_close(&(*c)->kv);
    free(*c);
    *c = NULL;
}

bool rg_chain_failed(const struct rg_chain *c)
{
    return rg_kv_failed(c->kv);
}

/* Whether @blocks follow the tip without a gap and never go back in time. */
static bool is_next_group(const struct rg_chain *c, const struct rg_chain_block *blocks,
                          size_t count)
{
    uint64_t height = c->tip.height;
    int64_t time_ms = c->tip.height > 0 ? c->tip.time_ms : INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].height != height + 1 || blocks[i].time_ms < time_ms) {
            return false;
        }
        height++;
        time_ms = blocks[i].time_ms;
    }
    return count > 0;
}

static rg_err put_block(struct rg_kv_txn *txn, const struct rg_chain_block *b)
{
    uint8_t key_bytes[8];
    uint8_t head[RG_CHAIN_HEAD_BYTES];
    rg_bytes_u64_be(key_bytes, b->height);
    const struct rg_bytes key = {key_bytes, sizeof key_bytes};
    struct rg_writer w = rg_bytes_writer(head, sizeof head);
    rg_bytes_put_u64(&w, (uint64_t)b->time_ms);
    rg_bytes_put(&w, b->hash.b, RG_HASH_BYTES);
    rg_err e = rg_kv_append(txn, RG_CHAIN_HEADS, key, (struct rg_bytes){head, w.len});
    if (e == RG_OK) {
        e = rg_kv_append(txn, RG_CHAIN_BLOCKS, key, b->bytes);
    }
    if (e == RG_OK) {
        e = rg_kv_append(txn, RG_CHAIN_RESULTS, key, b->result);
    }
    if (e == RG_OK && b->cert.len > 0) {
        e = rg_kv_append(txn, RG_CHAIN_CERTS, key, b->cert);
    }
    /* A height above the tip is there already: the store is not what it was when opened. */
    return e == RG_ERR_EXISTS ? RG_ERR_CORRUPT : e;
}

rg_err rg_chain_append(struct rg_chain *c, const struct rg_chain_block *blocks, size_t count,
                       struct rg_bytes state)
{
    struct rg_kv_txn *txn = NULL;
    uint8_t height[8];
    if (c->read_only) {
        return RG_ERR_USAGE;
    }
    if (!is_next_group(c, blocks, count)) {
        return RG_ERR_INVALID;
    }
    rg_err e = rg_kv_begin_write(c->kv, &txn);
    for (size_t i = 0; e == RG_OK && i < count; i++) {
        e = put_block(txn, &blocks[i]);
    }
    const struct rg_chain_block *last = &blocks[count - 1];
    struct rg_writer w = rg_bytes_writer(height, sizeof height);
    rg_bytes_put_u64(&w, last->height);
    if (e == RG_OK) {
        e = rg_kv_put(txn, RG_CHAIN_META, rg_bytes_str("height"),
                      (struct rg_bytes){height, sizeof height});
    }
    if (e == RG_OK) {
        e = rg_kv_put(txn, RG_CHAIN_META, rg_bytes_str("state"), state);
    }
    RG_FAILPOINT("chain.commit");
    if (e == RG_OK) {
        e = rg_kv_commit(&txn);
    }
    RG_FAILPOINT("chain.committed");
    rg_kv_abort(&txn);
    if (e == RG_OK) {
        c->tip = (struct rg_chain_tip){last->height, last->time_ms, last->hash};
    }
    return e;
}

rg_err rg_chain_check_readers(struct rg_chain *c)
{
    uint32_t freed = 0;
    return rg_kv_check_readers(c->kv, &freed);
}

rg_err rg_chain_tip(struct rg_chain *c, struct rg_chain_tip *out)
{
    struct rg_chain_view *v = NULL;
    rg_err e = rg_chain_view_open(c, &v);
    if (e == RG_OK) {
        e = rg_chain_view_tip(v, out);
    }
    rg_chain_view_close(&v);
    return e;
}

rg_err rg_chain_height_after(struct rg_chain *c, int64_t time_ms, uint64_t *out)
{
    struct rg_chain_view *v = NULL;
    rg_err e = rg_chain_view_open(c, &v);
    if (e == RG_OK) {
        e = rg_chain_view_height_after(v, time_ms, out);
    }
    rg_chain_view_close(&v);
    return e;
}

/* Tell the blocks from @at to @tip until the budget is used up. */
static rg_err walk(struct rg_chain_view *v, uint64_t *at, uint64_t tip, uint64_t budget,
                   const struct rg_chain_walker *walker)
{
    uint64_t told = 0;
    for (bool first = true; *at <= tip; first = false, (*at)++) {
        struct rg_chain_block block;
        rg_err e = rg_chain_view_block(v, *at, &block);
        if (e != RG_OK) {
            return e;
        }
        const uint64_t cost = (uint64_t)block.bytes.len + block.cert.len;
        if (!first && (told > budget || cost > budget - told)) {
            return RG_OK;
        }
        told += cost;
        e = walker->fn(walker->ctx, &block);
        if (e != RG_OK) {
            return e;
        }
    }
    return RG_OK;
}

rg_err rg_chain_walk(struct rg_chain *c, uint64_t from, uint64_t budget, rg_chain_fn fn, void *ctx,
                     uint64_t *out_next)
{
    const struct rg_chain_walker walker = {fn, ctx};
    struct rg_chain_view *v = NULL;
    struct rg_chain_tip tip = {0};
    uint64_t at = from > 0 ? from : 1;
    rg_err e = rg_chain_view_open(c, &v);
    if (e == RG_OK) {
        e = rg_chain_view_tip(v, &tip);
    }
    if (e == RG_OK) {
        e = walk(v, &at, tip.height, budget, &walker);
    }
    rg_chain_view_close(&v);
    if (e == RG_OK) {
        *out_next = at;
    }
    return e;
}
