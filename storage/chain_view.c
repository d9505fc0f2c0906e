#include "base/bytes.h"
#include "storage/chain_priv.h"
#include <stdlib.h>

rg_err rg_chain_view_open(struct rg_chain *c, struct rg_chain_view **out)
{
    struct rg_chain_view *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return RG_ERR_NOMEM;
    }
    v->chain = c;
    const rg_err e = rg_kv_begin_read(c->kv, &v->txn);
    if (e != RG_OK) {
        free(v);
        return e;
    }
    *out = v;
    return RG_OK;
}

void rg_chain_view_close(struct rg_chain_view **v)
{
    if (*v == NULL) {
        return;
    }
    rg_kv_abort(&(*v)->txn);
    free(*v);
    *v = NULL;
}

rg_err rg_chain_view__damage(struct rg_chain_view *v, uint32_t table, uint64_t height)
{
    v->faulty = true;
    v->fault = (struct rg_chain_fault){rg_chain_table_names[table], height};
    return RG_ERR_CORRUPT;
}

bool rg_chain_view_fault(const struct rg_chain_view *v, struct rg_chain_fault *out)
{
    if (v->faulty) {
        *out = v->fault;
    }
    return v->faulty;
}

rg_err rg_chain_view__get(struct rg_chain_view *v, uint32_t table, uint64_t height, bool must,
                          struct rg_bytes *out)
{
    uint8_t key[8];
    rg_bytes_u64_be(key, height);
    const rg_err e = rg_kv_get(v->txn, table, (struct rg_bytes){key, sizeof key}, out);
    if (e == RG_ERR_CORRUPT || (e == RG_ERR_NOT_FOUND && must)) {
        return rg_chain_view__damage(v, table, height);
    }
    return e;
}

/* Open a cursor; damage is remembered. */
static rg_err open_cursor(struct rg_chain_view *v, uint32_t table, struct rg_kv_cursor **out)
{
    const rg_err e = rg_kv_cursor_open(v->txn, table, out);
    return e == RG_ERR_CORRUPT ? rg_chain_view__damage(v, table, 0) : e;
}

/* Read the height from a cursor's result; damage is remembered. */
static rg_err height_of(struct rg_chain_view *v, uint32_t table, rg_err e,
                        const struct rg_kv_item *item, uint64_t *out)
{
    struct rg_kv_damage damage;
    if (e == RG_ERR_CORRUPT) {
        const bool known = rg_kv_damage(v->txn, &damage) && damage.key_len == 8;
        return rg_chain_view__damage(v, table, known ? rg_bytes_from_u64_be(damage.key) : 0);
    }
    if (e != RG_OK) {
        return e;
    }
    const uint64_t height = item->key.len == 8 ? rg_bytes_from_u64_be(item->key.data) : 0;
    if (height == 0) {
        return rg_chain_view__damage(v, table, 0);
    }
    *out = height;
    return RG_OK;
}

static rg_err read_head(struct rg_chain_view *v, uint64_t height, struct rg_bytes value,
                        struct rg_chain_tip *out)
{
    struct rg_reader r = rg_bytes_reader(value);
    struct rg_chain_tip tip = {.height = height, .time_ms = (int64_t)rg_bytes_get_u64(&r)};
    rg_bytes_get(&r, tip.hash.b, RG_HASH_BYTES);
    if (!rg_bytes_done(&r)) {
        return rg_chain_view__damage(v, RG_CHAIN_HEADS, height);
    }
    *out = tip;
    return RG_OK;
}

/* The height that meta says the state is after. */
static rg_err meta_height(struct rg_chain_view *v, uint64_t *out)
{
    struct rg_bytes value = {0};
    const rg_err e = rg_chain__get_meta(v->txn, "height", &value);
    struct rg_reader r = rg_bytes_reader(value);
    const uint64_t height = rg_bytes_get_u64(&r);
    if (e == RG_ERR_CORRUPT || e == RG_ERR_NOT_FOUND || (e == RG_OK && !rg_bytes_done(&r))) {
        return rg_chain_view__damage(v, RG_CHAIN_META, 0);
    }
    if (e == RG_OK) {
        *out = height;
    }
    return e;
}

rg_err rg_chain_view_tip(struct rg_chain_view *v, struct rg_chain_tip *out)
{
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item = {0};
    uint64_t height = 0;
    uint64_t expected = 0;
    rg_err e = meta_height(v, &expected);
    if (e == RG_OK) {
        e = open_cursor(v, RG_CHAIN_HEADS, &c);
    }
    if (e != RG_OK) {
        return e;
    }
    e = height_of(v, RG_CHAIN_HEADS, rg_kv_cursor_last(c, &item), &item, &height);
    rg_kv_cursor_close(&c);
    if (e != RG_OK && e != RG_ERR_NOT_FOUND) {
        return e;
    }
    /* Both were written in one transaction: a last page that damage hid shows here. */
    if (height != expected) {
        return rg_chain_view__damage(v, RG_CHAIN_HEADS, expected > height ? expected : height);
    }
    if (height == 0) {
        *out = v->chain->genesis;
        return RG_OK;
    }
    return read_head(v, height, item.value, out);
}

rg_err rg_chain_view_count(struct rg_chain_view *v, uint64_t *out)
{
    struct rg_chain_tip tip = {0};
    const rg_err e = rg_chain_view_tip(v, &tip);
    if (e == RG_OK) {
        *out = tip.height;
    }
    return e;
}

rg_err rg_chain_view_head(struct rg_chain_view *v, uint64_t height, struct rg_chain_tip *out)
{
    struct rg_bytes value = {0};
    uint64_t tip = 0;
    if (height == 0) {
        *out = v->chain->genesis;
        return RG_OK;
    }
    rg_err e = meta_height(v, &tip);
    if (e == RG_OK && height > tip) {
        e = RG_ERR_NOT_FOUND;
    }
    if (e == RG_OK) {
        e = rg_chain_view__get(v, RG_CHAIN_HEADS, height, true, &value);
    }
    return e == RG_OK ? read_head(v, height, value, out) : e;
}

rg_err rg_chain_view_state(struct rg_chain_view *v, uint64_t *out_height, struct rg_bytes *out)
{
    struct rg_chain_tip tip = {0};
    struct rg_bytes state = {0};
    rg_err e = rg_chain_view_tip(v, &tip); /* compares with the state's height */
    if (e == RG_OK && tip.height == 0) {
        e = RG_ERR_NOT_FOUND;
    }
    if (e != RG_OK) {
        return e;
    }
    e = rg_chain__get_meta(v->txn, "state", &state);
    if (e == RG_ERR_CORRUPT || e == RG_ERR_NOT_FOUND) {
        return rg_chain_view__damage(v, RG_CHAIN_META, tip.height);
    }
    if (e == RG_OK) {
        *out_height = tip.height;
        *out = state;
    }
    return e;
}

rg_err rg_chain_view_block(struct rg_chain_view *v, uint64_t height, struct rg_chain_block *out)
{
    struct rg_chain_block block = {.height = height};
    struct rg_chain_tip head = {0};
    rg_err e = height == 0 ? RG_ERR_NOT_FOUND : rg_chain_view_head(v, height, &head);
    if (e == RG_OK) {
        e = rg_chain_view__get(v, RG_CHAIN_BLOCKS, height, true, &block.bytes);
    }
    if (e == RG_OK) {
        e = rg_chain_view__get(v, RG_CHAIN_RESULTS, height, true, &block.result);
    }
    if (e == RG_OK) {
        e = rg_chain_view__get(v, RG_CHAIN_CERTS, height, false, &block.cert);
        e = e == RG_ERR_NOT_FOUND ? RG_OK : e;
    }
    if (e != RG_OK) {
        return e;
    }
    block.time_ms = head.time_ms;
    block.hash = head.hash;
    *out = block;
    return RG_OK;
}

rg_err rg_chain_view_cert_from(struct rg_chain_view *v, uint64_t height, uint64_t *out_height,
                               struct rg_bytes *out)
{
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item = {0};
    uint64_t found = 0;
    uint8_t key[8];
    rg_bytes_u64_be(key, height);
    rg_err e = open_cursor(v, RG_CHAIN_CERTS, &c);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_cursor_seek(c, (struct rg_bytes){key, sizeof key}, &item);
    e = height_of(v, RG_CHAIN_CERTS, e, &item, &found);
    rg_kv_cursor_close(&c);
    if (e == RG_OK) {
        *out_height = found;
        *out = item.value;
    }
    return e;
}

rg_err rg_chain_view_height_after(struct rg_chain_view *v, int64_t time_ms, uint64_t *out)
{
    struct rg_chain_tip tip = {0};
    rg_err e = rg_chain_view_tip(v, &tip);
    if (e == RG_OK && (tip.height == 0 || tip.time_ms <= time_ms)) {
        e = RG_ERR_NOT_FOUND;
    }
    /* Block times never go back: the answer lies in [low, high], and high's time is later. */
    uint64_t low = 1;
    uint64_t high = tip.height;
    while (e == RG_OK && low < high) {
        const uint64_t middle = low + (high - low) / 2;
        struct rg_chain_tip head = {0};
        e = rg_chain_view_head(v, middle, &head);
        if (head.time_ms > time_ms) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (e == RG_OK) {
        *out = low;
    }
    return e;
}
