#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/agency/vault_priv.h"

#define CASE_FORMAT 1u
#define OPENED 1u
#define BROKEN 2u

static struct rg_bytes number_key(uint64_t n, uint8_t out[static 8])
{
    rg_bytes_u64_be(out, n);
    return (struct rg_bytes){out, 8};
}

static size_t encode(const struct rg_vault *v, const struct rg_vault_case *c, uint8_t *out)
{
    struct rg_writer w = rg_bytes_writer(out, RG_VAULT_VALUE_MAX);
    rg_bytes_put_u8(&w, CASE_FORMAT);
    rg_bytes_put_u8(&w, (uint8_t)((c->opened ? OPENED : 0) | (c->broken ? BROKEN : 0)));
    rg_bytes_put(&w, c->pseudonym.b, RG_ID_BYTES);
    rg_bytes_put(&w, c->key, RG_KEY_BYTES);
    rg_bytes_put_u64(&w, c->readers);
    rg_bytes_put_u32(&w, c->opener);
    rg_bytes_put_u32(&w, c->event_count);
    rg_bytes_put_u64(&w, c->last_feed);
    rg_bytes_put_u8(&w, (uint8_t)v->agency_count);
    for (uint32_t a = 0; a < v->agency_count; a++) {
        rg_bytes_put_u32(&w, c->counter[a]);
    }
    RG_ASSERT(!w.failed);
    return w.len;
}

static rg_err decode(const struct rg_vault *v, struct rg_bytes plain, struct rg_vault_case *c)
{
    struct rg_reader r = rg_bytes_reader(plain);
    if (rg_bytes_get_u8(&r) != CASE_FORMAT) {
        return RG_ERR_VERSION;
    }
    const uint8_t flags = rg_bytes_get_u8(&r);
    c->opened = (flags & OPENED) != 0;
    c->broken = (flags & BROKEN) != 0;
    rg_bytes_get(&r, c->pseudonym.b, RG_ID_BYTES);
    rg_bytes_get(&r, c->key, RG_KEY_BYTES);
    c->readers = rg_bytes_get_u64(&r);
    c->opener = rg_bytes_get_u32(&r);
    c->event_count = rg_bytes_get_u32(&r);
    c->last_feed = rg_bytes_get_u64(&r);
    const uint32_t agencies = rg_bytes_get_u8(&r);
    if (agencies > v->agency_count || c->opener >= v->agency_count) {
        return RG_ERR_CORRUPT;
    }
    for (uint32_t a = 0; a < agencies; a++) {
        c->counter[a] = rg_bytes_get_u32(&r);
    }
    return rg_bytes_done(&r) ? RG_OK : RG_ERR_CORRUPT;
}

static rg_err store(struct rg_vault *v, const struct rg_vault_case *c)
{
    uint8_t key[8];
    uint8_t plain[RG_VAULT_VALUE_MAX];
    const size_t len = encode(v, c, plain);
    const rg_err err = rg_vault__put(v, RG_VAULT_CASES, number_key(c->case_no, key),
                                     (struct rg_bytes){plain, len});
    rg_rand_wipe(plain, len);
    return err;
}

static struct rg_vault_cached *slot_of(struct rg_vault *v, uint64_t case_no)
{
    return &v->cache[case_no & (RG_VAULT_CACHE - 1)];
}

/* Make room in a slot: a changed case goes to the store first. */
static rg_err evict(struct rg_vault *v, struct rg_vault_cached *s)
{
    if (s->dirty) {
        RG_ASSERT(v->writing);
        const rg_err err = store(v, &s->c);
        if (err != RG_OK) {
            return err;
        }
    }
    s->dirty = false;
    s->c.case_no = 0;
    return RG_OK;
}

rg_err rg_vault__flush_cases(struct rg_vault *v)
{
    for (size_t i = 0; i < RG_VAULT_CACHE; i++) {
        struct rg_vault_cached *s = &v->cache[i];
        if (s->dirty) {
            const rg_err err = store(v, &s->c);
            if (err != RG_OK) {
                return err;
            }
            s->dirty = false;
        }
    }
    return RG_OK;
}

uint64_t rg_vault_case_number(struct rg_vault *v)
{
    RG_ASSERT(v->meta.next_case < RG_VAULT_CASES_MAX);
    return v->meta.next_case++;
}

rg_err rg_vault_case_load(struct rg_vault *v, uint64_t case_no, struct rg_vault_case **out)
{
    struct rg_vault_cached *s = slot_of(v, case_no);
    if (case_no == 0) {
        return RG_ERR_NOT_FOUND;
    }
    if (s->c.case_no == case_no) {
        *out = &s->c;
        return RG_OK;
    }
    uint8_t key[8];
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    struct rg_vault_case c = {.case_no = case_no};
    rg_err err = rg_vault__get(v, RG_VAULT_CASES, number_key(case_no, key), plain, &len);
    if (err != RG_OK) {
        return err;
    }
    err = decode(v, (struct rg_bytes){plain, len}, &c);
    rg_rand_wipe(plain, len);
    if (err == RG_OK) {
        err = evict(v, s);
    }
    if (err == RG_OK) {
        rg_casebook_derive(&v->ledger, c.opener, c.key, &c.keys);
        s->c = c;
        *out = &s->c;
    }
    rg_rand_wipe(&c, sizeof c);
    return err;
}

void rg_vault_case_touch(struct rg_vault *v, struct rg_vault_case *c)
{
    struct rg_vault_cached *s = slot_of(v, c->case_no);
    RG_ASSERT(v->writing && c == &s->c);
    s->dirty = true;
}

rg_err rg_vault_case_add(struct rg_vault *v, const struct rg_vault_case *c)
{
    uint8_t key[8];
    struct rg_hash commitment;
    struct rg_bytes there = {0};
    RG_ASSERT(v->writing && c->case_no != 0);
    rg_casebook_commitment(&v->ledger, c->opener, c->key, &commitment);
    const struct rg_bytes name = {commitment.b, RG_HASH_BYTES};
    rg_err err = rg_kv_get(v->txn, RG_VAULT_COMMITMENTS, name, &there);
    if (err == RG_ERR_NOT_FOUND) {
        err = rg_kv_get(v->txn, RG_VAULT_CASES, number_key(c->case_no, key), &there);
    }
    if (err != RG_ERR_NOT_FOUND) {
        return err == RG_OK ? RG_ERR_EXISTS : err;
    }
    struct rg_vault_cached *s = slot_of(v, c->case_no);
    err = evict(v, s);
    if (err == RG_OK) {
        s->c = *c;
        rg_casebook_derive(&v->ledger, s->c.opener, s->c.key, &s->c.keys);
        err = store(v, &s->c);
    }
    if (err == RG_OK) {
        err = rg_kv_put(v->txn, RG_VAULT_COMMITMENTS, name, number_key(c->case_no, key));
    }
    return err;
}

/* Let @name lead to @case_no unless it leads elsewhere. */
static rg_err bind_name(struct rg_vault *v, const struct rg_id *name, uint64_t case_no)
{
    uint8_t key[8];
    struct rg_bytes there = {0};
    const struct rg_bytes k = {name->b, RG_ID_BYTES};
    const struct rg_bytes n = number_key(case_no, key);
    RG_ASSERT(v->writing);
    const rg_err err = rg_kv_get(v->txn, RG_VAULT_NAMES, k, &there);
    if (err == RG_OK) {
        return rg_bytes_eq(there, n) ? RG_OK : RG_ERR_EXISTS;
    }
    return err == RG_ERR_NOT_FOUND ? rg_kv_put(v->txn, RG_VAULT_NAMES, k, n) : err;
}

rg_err rg_vault_case_name_pseudonym(struct rg_vault *v, const struct rg_id *pseudonym,
                                    uint64_t case_no)
{
    struct rg_id name;
    rg_vault_name(v, "pseudonym", (struct rg_bytes){pseudonym->b, RG_ID_BYTES}, &name);
    return bind_name(v, &name, case_no);
}

rg_err rg_vault_case_name_file(struct rg_vault *v, struct rg_bytes file, uint64_t case_no)
{
    uint8_t key[8];
    struct rg_id name;
    rg_vault_name(v, "file", file, &name);
    const rg_err err = bind_name(v, &name, case_no);
    if (err != RG_OK) {
        return err;
    }
    return rg_vault__put(v, RG_VAULT_FILES, number_key(case_no, key), file);
}

static rg_err find_number(struct rg_vault *v, uint32_t table, struct rg_bytes key, uint64_t *out)
{
    bool mine = false;
    struct rg_bytes value = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = rg_kv_get(v->txn, table, key, &value);
    if (err == RG_OK && value.len != 8) {
        err = RG_ERR_CORRUPT;
    }
    if (err == RG_OK) {
        *out = rg_bytes_from_u64_be(value.data);
    }
    rg_vault__leave(v, mine);
    return err;
}

rg_err rg_vault_case_find_commitment(struct rg_vault *v, const struct rg_hash *commitment,
                                     uint64_t *out)
{
    return find_number(v, RG_VAULT_COMMITMENTS, (struct rg_bytes){commitment->b, RG_HASH_BYTES},
                       out);
}

rg_err rg_vault_case_find_pseudonym(struct rg_vault *v, const struct rg_id *pseudonym,
                                    uint64_t *out)
{
    struct rg_id name;
    rg_vault_name(v, "pseudonym", (struct rg_bytes){pseudonym->b, RG_ID_BYTES}, &name);
    return find_number(v, RG_VAULT_NAMES, (struct rg_bytes){name.b, RG_ID_BYTES}, out);
}

rg_err rg_vault_case_find_file(struct rg_vault *v, struct rg_bytes file, uint64_t *out)
{
    struct rg_id name;
    rg_vault_name(v, "file", file, &name);
    return find_number(v, RG_VAULT_NAMES, (struct rg_bytes){name.b, RG_ID_BYTES}, out);
}

rg_err rg_vault_case_get_file(struct rg_vault *v, uint64_t case_no, char out[RG_FILE_NUMBER_MAX],
                              size_t *out_len)
{
    uint8_t key[8];
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    const rg_err err = rg_vault__get(v, RG_VAULT_FILES, number_key(case_no, key), plain, &len);
    if (err != RG_OK) {
        return err;
    }
    if (len == 0 || len > RG_FILE_NUMBER_MAX) {
        return RG_ERR_CORRUPT;
    }
    memcpy(out, plain, len);
    *out_len = len;
    return RG_OK;
}

rg_err rg_vault_case_next(struct rg_vault *v, uint64_t after, uint64_t *out)
{
    struct rg_vault_case *c = NULL;
    rg_err err = RG_ERR_NOT_FOUND;
    for (uint64_t n = after + 1; n < v->meta.next_case; n++) {
        err = rg_vault_case_load(v, n, &c);
        if (err == RG_OK && c->event_count > 0) {
            *out = n;
            return RG_OK;
        }
        if (err != RG_OK && err != RG_ERR_NOT_FOUND) {
            return err;
        }
    }
    return RG_ERR_NOT_FOUND;
}

rg_err rg_vault_case_expect(struct rg_vault *v, const struct rg_vault_case *c, uint32_t writer)
{
    struct rg_id tag;
    RG_ASSERT(writer < v->agency_count);
    rg_casebook_tag(&v->ledger, c->keys.tag, writer, c->counter[writer], &tag);
    return rg_u64map_put(&v->tags, rg_u64map_key(tag.b), c->case_no << 6 | writer);
}

rg_err rg_vault_case_expect_all(struct rg_vault *v, const struct rg_vault_case *c)
{
    for (uint32_t a = 0; a < v->agency_count; a++) {
        if ((c->readers >> a & 1) == 0) {
            continue;
        }
        const rg_err err = rg_vault_case_expect(v, c, a);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

bool rg_vault_case_match(struct rg_vault *v, const struct rg_id *tag, uint32_t writer,
                         uint64_t *out_case_no)
{
    uint64_t value = 0;
    if (!rg_u64map_get(&v->tags, rg_u64map_key(tag->b), &value) || (value & 63) != writer) {
        return false;
    }
    *out_case_no = value >> 6;
    return true;
}

void rg_vault_case_used(struct rg_vault *v, const struct rg_id *tag)
{
    rg_u64map_del(&v->tags, rg_u64map_key(tag->b));
}

rg_err rg_vault__rebuild_tags(struct rg_vault *v)
{
    struct rg_kv_cursor *cursor = NULL;
    struct rg_kv_item item = {0};
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    rg_err err = rg_kv_cursor_open(v->txn, RG_VAULT_CASES, &cursor);
    while (err == RG_OK) {
        err = rg_kv_cursor_next(cursor, &item);
        if (err != RG_OK) {
            break;
        }
        struct rg_vault_case c = {0};
        err = item.key.len == 8
                  ? rg_vault__open_value(v, RG_VAULT_CASES, item.key, item.value, plain, &len)
                  : RG_ERR_CORRUPT;
        if (err == RG_OK) {
            err = decode(v, (struct rg_bytes){plain, len}, &c);
        }
        if (err == RG_OK && c.opened) {
            c.case_no = rg_bytes_from_u64_be(item.key.data);
            rg_casebook_derive(&v->ledger, c.opener, c.key, &c.keys);
            err = rg_vault_case_expect_all(v, &c);
        }
        rg_rand_wipe(&c, sizeof c);
    }
    rg_rand_wipe(plain, sizeof plain);
    rg_kv_cursor_close(&cursor);
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}
