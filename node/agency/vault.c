#include "node/agency/vault.h"
#include "base/bytes.h"
#include "base/failpoint.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "node/agency/vault_priv.h"
#include <stdlib.h>
#include <sys/mman.h>

#define FORMAT 1u
#define META_BYTES (1 + RG_HASH_BYTES + 8 * 8)

static const char *const tables[RG_VAULT_TABLES] = {"meta",  "cases",   "commitments", "names",
                                                    "files", "streams", "parked",      "missing",
                                                    "owed",  "feed"};

static const uint8_t meta_key_byte = 'm';

static struct rg_bytes meta_key(void)
{
    return (struct rg_bytes){&meta_key_byte, 1};
}

/* Keys and the cache of case keys: page-aligned, so that they can be left out of core dumps. */
static void *secret_pages(size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    (void)madvise(p, len, MADV_DONTDUMP);
    return p;
}

static void secret_free(void *p, size_t len)
{
    if (p != NULL) {
        rg_rand_wipe(p, len);
        (void)munmap(p, len);
    }
}

rg_err rg_vault__enter(struct rg_vault *v, bool *out_mine)
{
    *out_mine = false;
    if (v->txn != NULL) {
        return RG_OK;
    }
    const rg_err err = rg_kv_begin_read(v->kv, &v->txn);
    *out_mine = err == RG_OK;
    return err;
}

void rg_vault__leave(struct rg_vault *v, bool mine)
{
    if (mine) {
        rg_kv_abort(&v->txn);
    }
}

/* Associated data of a value: where it lies. */
static struct rg_bytes place_of(uint32_t table, struct rg_bytes key, uint8_t out[static 65])
{
    RG_ASSERT(key.len <= 64);
    out[0] = (uint8_t)table;
    memcpy(out + 1, key.data, key.len);
    return (struct rg_bytes){out, key.len + 1};
}

rg_err rg_vault__put(struct rg_vault *v, uint32_t table, struct rg_bytes key, struct rg_bytes plain)
{
    uint8_t ad[65];
    uint8_t sealed[RG_VAULT_VALUE_MAX + RG_SEAL_EXTRA];
    RG_ASSERT(v->writing && plain.len <= RG_VAULT_VALUE_MAX);
    rg_seal(v->key, place_of(table, key, ad), plain, sealed);
    return rg_kv_put(v->txn, table, key, (struct rg_bytes){sealed, plain.len + RG_SEAL_EXTRA});
}

rg_err rg_vault__open_value(struct rg_vault *v, uint32_t table, struct rg_bytes key,
                            struct rg_bytes value, uint8_t *out, size_t *out_len)
{
    uint8_t ad[65];
    if (value.len < RG_SEAL_EXTRA || value.len > RG_VAULT_VALUE_MAX + RG_SEAL_EXTRA) {
        return RG_ERR_CORRUPT;
    }
    const rg_err err = rg_seal_open(v->key, place_of(table, key, ad), value, out);
    if (err == RG_OK) {
        *out_len = value.len - RG_SEAL_EXTRA;
    }
    return err;
}

rg_err rg_vault__get(struct rg_vault *v, uint32_t table, struct rg_bytes key, uint8_t *out,
                     size_t *out_len)
{
    bool mine = false;
    struct rg_bytes value = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = rg_kv_get(v->txn, table, key, &value);
    if (err == RG_OK) {
        err = rg_vault__open_value(v, table, key, value, out, out_len);
    }
    rg_vault__leave(v, mine);
    return err;
}

static rg_err put_meta(struct rg_vault *v)
{
    uint8_t plain[META_BYTES];
    struct rg_writer w = rg_bytes_writer(plain, sizeof plain);
    const struct rg_vault_meta *m = &v->meta;
    rg_bytes_put_u8(&w, FORMAT);
    rg_bytes_put(&w, v->ledger.b, RG_HASH_BYTES);
    rg_bytes_put_u64(&w, m->height);
    rg_bytes_put_u64(&w, m->time_ms);
    rg_bytes_put_u64(&w, m->own_sequence);
    rg_bytes_put_u64(&w, m->feed_tip);
    rg_bytes_put_u64(&w, m->next_case);
    rg_bytes_put_u64(&w, m->cases);
    rg_bytes_put_u64(&w, m->unreadable);
    rg_bytes_put_u64(&w, 0); /* free; once the latest occurred_at */
    RG_ASSERT(!w.failed && w.len == sizeof plain);
    return rg_vault__put(v, RG_VAULT_META, meta_key(), (struct rg_bytes){plain, sizeof plain});
}

static rg_err get_meta(struct rg_vault *v)
{
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    struct rg_hash ledger;
    const rg_err err = rg_vault__get(v, RG_VAULT_META, meta_key(), plain, &len);
    if (err != RG_OK) {
        return err;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){plain, len});
    if (rg_bytes_get_u8(&r) != FORMAT) {
        return RG_ERR_VERSION;
    }
    rg_bytes_get(&r, ledger.b, RG_HASH_BYTES);
    v->meta.height = rg_bytes_get_u64(&r);
    v->meta.time_ms = rg_bytes_get_u64(&r);
    v->meta.own_sequence = rg_bytes_get_u64(&r);
    v->meta.feed_tip = rg_bytes_get_u64(&r);
    v->meta.next_case = rg_bytes_get_u64(&r);
    v->meta.cases = rg_bytes_get_u64(&r);
    v->meta.unreadable = rg_bytes_get_u64(&r);
    (void)rg_bytes_get_u64(&r);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    return rg_hash_eq(&ledger, &v->ledger) ? RG_OK : RG_ERR_INVALID;
}

/* Read what the store holds, or write the first record of a new one. */
static rg_err load(struct rg_vault *v)
{
    rg_err err = get_meta(v);
    if (err == RG_ERR_NOT_FOUND) {
        v->meta = (struct rg_vault_meta){.next_case = 1};
        err = rg_vault_begin_write(v);
        return err == RG_OK ? rg_vault_commit(v) : err;
    }
    if (err == RG_OK) {
        err = rg_vault_begin_read(v);
    }
    if (err != RG_OK) {
        return err;
    }
    err = rg_kv_count(v->txn, RG_VAULT_PARKED, &v->parked);
    if (err == RG_OK) {
        err = rg_kv_count(v->txn, RG_VAULT_MISSING, &v->missing);
    }
    if (err == RG_OK) {
        err = rg_kv_count(v->txn, RG_VAULT_OWED, &v->owed);
    }
    if (err == RG_OK) {
        err = rg_vault__rebuild_tags(v);
    }
    rg_vault_end(v);
    return err;
}

rg_err rg_vault_open(const struct rg_vault_options *o, struct rg_vault **out)
{
    RG_ASSERT(o->agency_count >= 1 && o->agency_count <= RG_AGENCIES_MAX);
    struct rg_vault *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return RG_ERR_NOMEM;
    }
    v->ledger = *o->ledger;
    v->agency_count = o->agency_count;
    rg_u64map_init(&v->tags, RG_VAULT_TAGS_MAX);
    v->key = secret_pages(RG_KEY_BYTES);
    v->cache = secret_pages(RG_VAULT_CACHE * sizeof *v->cache);
    rg_err err = v->key != NULL && v->cache != NULL ? RG_OK : RG_ERR_NOMEM;
    if (err == RG_OK) {
        memcpy(v->key, o->key, RG_KEY_BYTES);
        const struct rg_kv_options k = {
            .dir = o->dir, .tables = tables, .tables_count = RG_VAULT_TABLES};
        err = rg_kv_open(&k, &v->kv);
    }
    if (err == RG_OK) {
        err = load(v);
    }
    if (err != RG_OK) {
        rg_vault_close(&v);
        return err;
    }
    *out = v;
    return RG_OK;
}

void rg_vault_close(struct rg_vault **v_p)
{
    struct rg_vault *v = v_p != NULL ? *v_p : NULL;
    if (v == NULL) {
        return;
    }
    rg_kv_abort(&v->txn);
    rg_kv_close(&v->kv);
    rg_u64map_fini(&v->tags);
    secret_free(v->key, RG_KEY_BYTES);
    secret_free(v->cache, RG_VAULT_CACHE * sizeof *v->cache);
    free(v);
    *v_p = NULL;
}

rg_err rg_vault_begin_write(struct rg_vault *v)
{
    RG_ASSERT(v->txn == NULL);
    const rg_err err = rg_kv_begin_write(v->kv, &v->txn);
    v->writing = err == RG_OK;
    return err;
}

rg_err rg_vault_begin_read(struct rg_vault *v)
{
    RG_ASSERT(v->txn == NULL);
    return rg_kv_begin_read(v->kv, &v->txn);
}

rg_err rg_vault_commit(struct rg_vault *v)
{
    RG_ASSERT(v->writing);
    rg_err err = rg_vault__flush_cases(v);
    if (err == RG_OK) {
        err = put_meta(v);
    }
    if (err != RG_OK) {
        rg_vault_end(v);
        return err;
    }
    v->writing = false;
    RG_FAILPOINT("vault.commit");
    err = rg_kv_commit(&v->txn);
    RG_FAILPOINT("vault.committed");
    return err;
}

void rg_vault_end(struct rg_vault *v)
{
    v->writing = false;
    rg_kv_abort(&v->txn);
}

struct rg_vault_meta *rg_vault_get_meta(struct rg_vault *v)
{
    return &v->meta;
}

const struct rg_hash *rg_vault_ledger(const struct rg_vault *v)
{
    return &v->ledger;
}

void rg_vault_name(const struct rg_vault *v, const char *kind, struct rg_bytes text,
                   struct rg_id *out)
{
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin_keyed(&s, RG_DOMAIN_VAULT_NAME, &v->ledger, v->key);
    rg_hash_add(&s, rg_bytes_str(kind));
    rg_hash_add(&s, text);
    rg_hash_end(&s, &h);
    memcpy(out->b, h.b, RG_ID_BYTES);
}

void rg_vault_seal(const struct rg_vault *v, const char *what, struct rg_bytes plain, uint8_t *out)
{
    rg_seal(v->key, rg_bytes_str(what), plain, out);
}

rg_err rg_vault_unseal(const struct rg_vault *v, const char *what, struct rg_bytes sealed,
                       uint8_t *out)
{
    if (sealed.len < RG_SEAL_EXTRA) {
        return RG_ERR_SIGNATURE;
    }
    return rg_seal_open(v->key, rg_bytes_str(what), sealed, out);
}
