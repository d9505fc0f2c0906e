#include "base/bytes.h"
#include "storage/chain_priv.h"

/* Count how many records a table says it has. */
static rg_err expect_count(struct rg_chain_view *v, uint32_t table, uint64_t expected)
{
    uint64_t count = 0;
    const rg_err e = rg_kv_count(v->txn, table, &count);
    if (e == RG_ERR_CORRUPT || (e == RG_OK && count != expected)) {
        return rg_chain_view__damage(v, table, 0);
    }
    return e;
}

/* Format and ledger are read at opening too, but a read-only open leaves damage to this. */
static rg_err check_meta(struct rg_chain_view *v)
{
    static const char *const keys[] = {"format", "ledger", "height"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct rg_bytes value = {0};
        const rg_err e = rg_chain__get_meta(v->txn, keys[i], &value);
        if (e == RG_ERR_CORRUPT || e == RG_ERR_NOT_FOUND) {
            return rg_chain_view__damage(v, RG_CHAIN_META, 0);
        }
        if (e != RG_OK) {
            return e;
        }
    }
    return RG_OK;
}

/* The table's own walk over the certificates, one ahead of the blocks. */
struct certs {
    struct rg_kv_cursor *cursor;
    uint64_t next; /* height of the next one; 0: no more */
};

static rg_err next_cert(struct rg_chain_view *v, struct certs *c, uint64_t height)
{
    struct rg_kv_item item = {0};
    struct rg_kv_damage damage;
    const uint64_t before = c->next;
    const rg_err e = rg_kv_cursor_next(c->cursor, &item);
    c->next = 0;
    if (e == RG_OK && item.key.len == 8) {
        c->next = rg_bytes_from_u64_be(item.key.data);
    }
    if (e == RG_ERR_CORRUPT && rg_kv_damage(v->txn, &damage) && damage.key_len == 8) {
        return rg_chain_view__damage(v, RG_CHAIN_CERTS, rg_bytes_from_u64_be(damage.key));
    }
    if (e == RG_ERR_CORRUPT || (e == RG_OK && c->next <= before)) {
        return rg_chain_view__damage(v, RG_CHAIN_CERTS, height);
    }
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

/* A certificate that a look-up cannot find must not pass for none. */
static rg_err check_cert(struct rg_chain_view *v, struct certs *c,
                         const struct rg_chain_block *block)
{
    const bool stands = c->next == block->height;
    if (stands != (block->cert.len > 0)) {
        return rg_chain_view__damage(v, RG_CHAIN_CERTS, block->height);
    }
    return stands ? next_cert(v, c, block->height) : RG_OK;
}

static rg_err check_block(struct rg_chain_view *v, uint64_t height, int64_t *time_ms,
                          struct certs *certs, const struct rg_chain_walker *walker)
{
    struct rg_chain_block block;
    rg_err e = rg_chain_view_block(v, height, &block);
    if (e == RG_OK && block.time_ms < *time_ms) {
        e = rg_chain_view__damage(v, RG_CHAIN_HEADS, height);
    }
    if (e == RG_OK) {
        *time_ms = block.time_ms;
        e = check_cert(v, certs, &block);
    }
    if (e == RG_OK && walker->fn != NULL) {
        e = walker->fn(walker->ctx, &block);
    }
    return e;
}

static rg_err check_blocks(struct rg_chain_view *v, uint64_t tip,
                           const struct rg_chain_walker *walker)
{
    struct certs certs = {0};
    int64_t time_ms = INT64_MIN;
    rg_err e = rg_kv_cursor_open(v->txn, RG_CHAIN_CERTS, &certs.cursor);
    if (e != RG_OK) {
        return e == RG_ERR_CORRUPT ? rg_chain_view__damage(v, RG_CHAIN_CERTS, 0) : e;
    }
    e = next_cert(v, &certs, 0);
    for (uint64_t height = 1; e == RG_OK && height <= tip; height++) {
        e = check_block(v, height, &time_ms, &certs, walker);
    }
    if (e == RG_OK && certs.next != 0) {
        e = rg_chain_view__damage(v, RG_CHAIN_CERTS, certs.next);
    }
    rg_kv_cursor_close(&certs.cursor);
    return e;
}

rg_err rg_chain_check(struct rg_chain *c, rg_chain_fn fn, void *ctx,
                      struct rg_chain_fault *out_fault)
{
    const struct rg_chain_walker walker = {fn, ctx};
    struct rg_chain_view *v = NULL;
    struct rg_chain_tip tip = {0};
    struct rg_bytes state = {0};
    uint64_t height = 0;
    rg_err e = rg_chain_view_open(c, &v);
    if (e != RG_OK) {
        return e;
    }
    e = check_meta(v);
    if (e == RG_OK) {
        e = rg_chain_view_tip(v, &tip);
    }
    if (e == RG_OK) {
        e = check_blocks(v, tip.height, &walker);
    }
    if (e == RG_OK && tip.height > 0) {
        e = rg_chain_view_state(v, &height, &state);
    }
    for (uint32_t table = RG_CHAIN_HEADS; e == RG_OK && table <= RG_CHAIN_RESULTS; table++) {
        e = table != RG_CHAIN_CERTS ? expect_count(v, table, tip.height) : RG_OK;
    }
    if (e == RG_ERR_CORRUPT) {
        /* An error of @fn's own with this code has no place in the store. */
        struct rg_chain_fault fault = {"blocks", 0};
        (void)rg_chain_view_fault(v, &fault);
        *out_fault = fault;
    }
    rg_chain_view_close(&v);
    return e;
}
