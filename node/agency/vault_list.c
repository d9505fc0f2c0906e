#include "base/bytes.h"
#include "base/panic.h"
#include "node/agency/vault_priv.h"

static void put_place(struct rg_writer *w, const struct rg_vault_place *p)
{
    rg_bytes_put_u64(w, p->height);
    rg_bytes_put_u32(w, p->submission);
    rg_bytes_put_u32(w, p->entry);
}

static struct rg_vault_place get_place(struct rg_reader *r)
{
    struct rg_vault_place p;
    p.height = rg_bytes_get_u64(r);
    p.submission = rg_bytes_get_u32(r);
    p.entry = rg_bytes_get_u32(r);
    return p;
}

static rg_err put_feed(struct rg_vault *v, uint64_t no, const struct rg_vault_feed *f)
{
    uint8_t key[8];
    uint8_t plain[64];
    struct rg_writer w = rg_bytes_writer(plain, sizeof plain);
    rg_bytes_put_u64(&w, f->case_no);
    rg_bytes_put_u64(&w, f->previous);
    rg_bytes_put_u32(&w, f->event_no);
    put_place(&w, &f->place);
    rg_bytes_put_u64(&w, f->time_ms);
    if (f->void_how != RG_ABOUT_NONE) {
        rg_bytes_put_u8(&w, (uint8_t)f->void_how);
        rg_bytes_put_u64(&w, f->void_by);
    }
    RG_ASSERT(!w.failed);
    rg_bytes_u64_be(key, no);
    return rg_vault__put(v, RG_VAULT_FEED, (struct rg_bytes){key, sizeof key},
                         (struct rg_bytes){plain, w.len});
}

rg_err rg_vault_list_feed(struct rg_vault *v, const struct rg_vault_feed *f, uint64_t *out_no)
{
    const uint64_t no = v->meta.feed_tip + 1;
    const rg_err err = put_feed(v, no, f);
    if (err == RG_OK) {
        v->meta.feed_tip = no;
        *out_no = no;
    }
    return err;
}

rg_err rg_vault_list_void(struct rg_vault *v, uint64_t feed_no, enum rg_about_kind how, uint64_t by)
{
    struct rg_vault_feed f;
    RG_ASSERT(how != RG_ABOUT_NONE && by > feed_no);
    const rg_err err = rg_vault_list_get_feed(v, feed_no, &f);
    if (err != RG_OK) {
        return err;
    }
    f.void_how = how;
    f.void_by = by;
    return put_feed(v, feed_no, &f);
}

rg_err rg_vault_list_get_feed(struct rg_vault *v, uint64_t feed_no, struct rg_vault_feed *out)
{
    uint8_t key[8];
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    rg_bytes_u64_be(key, feed_no);
    const rg_err err =
        rg_vault__get(v, RG_VAULT_FEED, (struct rg_bytes){key, sizeof key}, plain, &len);
    if (err != RG_OK) {
        return err;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){plain, len});
    struct rg_vault_feed f = {0};
    f.case_no = rg_bytes_get_u64(&r);
    f.previous = rg_bytes_get_u64(&r);
    f.event_no = rg_bytes_get_u32(&r);
    f.place = get_place(&r);
    f.time_ms = rg_bytes_get_u64(&r);
    if (rg_bytes_left(&r) > 0) {
        const uint8_t how = rg_bytes_get_u8(&r);
        f.void_by = rg_bytes_get_u64(&r);
        if ((how != RG_ABOUT_CANCEL && how != RG_ABOUT_CORRECT) || f.void_by <= feed_no) {
            return RG_ERR_CORRUPT;
        }
        f.void_how = (enum rg_about_kind)how;
    }
    if (!rg_bytes_done(&r) || f.previous >= feed_no) {
        return RG_ERR_CORRUPT;
    }
    *out = f;
    return RG_OK;
}

static struct rg_bytes stream_key(const struct rg_vault *v, const struct rg_id *stream,
                                  struct rg_id *room)
{
    rg_vault_name(v, "stream", (struct rg_bytes){stream->b, RG_ID_BYTES}, room);
    return (struct rg_bytes){room->b, RG_ID_BYTES};
}

rg_err rg_vault_list_get_stream(struct rg_vault *v, const struct rg_id *stream, uint64_t *out)
{
    struct rg_id room;
    uint8_t plain[RG_VAULT_VALUE_MAX];
    size_t len = 0;
    const rg_err err =
        rg_vault__get(v, RG_VAULT_STREAMS, stream_key(v, stream, &room), plain, &len);
    if (err == RG_ERR_NOT_FOUND) {
        *out = 0;
        return RG_OK;
    }
    if (err == RG_OK && len != 8) {
        return RG_ERR_CORRUPT;
    }
    if (err == RG_OK) {
        *out = rg_bytes_from_u64_be(plain);
    }
    return err;
}

rg_err rg_vault_list_put_stream(struct rg_vault *v, const struct rg_id *stream, uint64_t number)
{
    struct rg_id room;
    uint8_t plain[8];
    uint64_t have = 0;
    const rg_err err = rg_vault_list_get_stream(v, stream, &have);
    if (err != RG_OK || have >= number) {
        return err;
    }
    rg_bytes_u64_be(plain, number);
    return rg_vault__put(v, RG_VAULT_STREAMS, stream_key(v, stream, &room),
                         (struct rg_bytes){plain, sizeof plain});
}

static rg_err decode_place(struct rg_bytes value, struct rg_vault_place *out)
{
    struct rg_reader r = rg_bytes_reader(value);
    const struct rg_vault_place p = get_place(&r);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    *out = p;
    return RG_OK;
}

/* Tags and places of parked entries are on the ledger for all to see: they need no seal. */
rg_err rg_vault_list_park(struct rg_vault *v, const struct rg_id *tag,
                          const struct rg_vault_place *place)
{
    uint8_t value[16];
    struct rg_writer w = rg_bytes_writer(value, sizeof value);
    struct rg_bytes there = {0};
    const struct rg_bytes key = {tag->b, RG_ID_BYTES};
    RG_ASSERT(v->writing);
    rg_err err = rg_kv_get(v->txn, RG_VAULT_PARKED, key, &there);
    if (err != RG_ERR_NOT_FOUND) {
        return err == RG_OK ? RG_ERR_EXISTS : err;
    }
    put_place(&w, place);
    err = rg_kv_put(v->txn, RG_VAULT_PARKED, key, (struct rg_bytes){value, w.len});
    v->parked += err == RG_OK ? 1 : 0;
    return err;
}

rg_err rg_vault_list_get_parked(struct rg_vault *v, const struct rg_id *tag,
                                struct rg_vault_place *out)
{
    bool mine = false;
    struct rg_bytes value = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = rg_kv_get(v->txn, RG_VAULT_PARKED, (struct rg_bytes){tag->b, RG_ID_BYTES}, &value);
    if (err == RG_OK) {
        err = decode_place(value, out);
    }
    rg_vault__leave(v, mine);
    return err;
}

rg_err rg_vault_list_unpark(struct rg_vault *v, const struct rg_id *tag)
{
    const rg_err err = rg_kv_del(v->txn, RG_VAULT_PARKED, (struct rg_bytes){tag->b, RG_ID_BYTES});
    v->parked -= err == RG_OK ? 1 : 0;
    return err;
}

/* The first record of @table at or above @from; borrowed until the transaction ends. */
static rg_err first_from(struct rg_vault *v, uint32_t table, struct rg_bytes from,
                         struct rg_kv_item *out)
{
    struct rg_kv_cursor *cursor = NULL;
    rg_err err = rg_kv_cursor_open(v->txn, table, &cursor);
    if (err == RG_OK) {
        err = from.len > 0 ? rg_kv_cursor_seek(cursor, from, out) : rg_kv_cursor_first(cursor, out);
    }
    rg_kv_cursor_close(&cursor);
    return err;
}

rg_err rg_vault_list_any_parked(struct rg_vault *v, struct rg_id *out_tag,
                                struct rg_vault_place *out)
{
    bool mine = false;
    struct rg_kv_item item = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = first_from(v, RG_VAULT_PARKED, (struct rg_bytes){0}, &item);
    if (err == RG_OK && item.key.len != RG_ID_BYTES) {
        err = RG_ERR_CORRUPT;
    }
    if (err == RG_OK) {
        err = decode_place(item.value, out);
    }
    if (err == RG_OK) {
        memcpy(out_tag->b, item.key.data, RG_ID_BYTES);
    }
    rg_vault__leave(v, mine);
    return err;
}

uint64_t rg_vault_list_parked_count(const struct rg_vault *v)
{
    return v->parked;
}

rg_err rg_vault_list_miss(struct rg_vault *v, const struct rg_vault_missing *m)
{
    uint8_t value[32];
    struct rg_writer w = rg_bytes_writer(value, sizeof value);
    put_place(&w, &m->place);
    rg_bytes_put_u64(&w, m->readers);
    rg_bytes_put_u32(&w, m->opener);
    RG_ASSERT(!w.failed && v->writing);
    const rg_err err =
        rg_kv_put(v->txn, RG_VAULT_MISSING, (struct rg_bytes){m->commitment.b, RG_HASH_BYTES},
                  (struct rg_bytes){value, w.len});
    v->missing += err == RG_OK ? 1 : 0;
    return err;
}

static rg_err decode_missing(struct rg_bytes key, struct rg_bytes value,
                             struct rg_vault_missing *out)
{
    struct rg_reader r = rg_bytes_reader(value);
    struct rg_vault_missing m = {0};
    if (key.len != RG_HASH_BYTES) {
        return RG_ERR_CORRUPT;
    }
    memcpy(m.commitment.b, key.data, RG_HASH_BYTES);
    m.place = get_place(&r);
    m.readers = rg_bytes_get_u64(&r);
    m.opener = rg_bytes_get_u32(&r);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    *out = m;
    return RG_OK;
}

rg_err rg_vault_list_get_missing(struct rg_vault *v, const struct rg_hash *commitment,
                                 struct rg_vault_missing *out)
{
    bool mine = false;
    struct rg_bytes value = {0};
    const struct rg_bytes key = {commitment->b, RG_HASH_BYTES};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = rg_kv_get(v->txn, RG_VAULT_MISSING, key, &value);
    if (err == RG_OK) {
        err = decode_missing(key, value, out);
    }
    rg_vault__leave(v, mine);
    return err;
}

rg_err rg_vault_list_found(struct rg_vault *v, const struct rg_hash *commitment)
{
    const rg_err err =
        rg_kv_del(v->txn, RG_VAULT_MISSING, (struct rg_bytes){commitment->b, RG_HASH_BYTES});
    v->missing -= err == RG_OK ? 1 : 0;
    return err;
}

rg_err rg_vault_list_next_missing(struct rg_vault *v, const struct rg_hash *after,
                                  struct rg_vault_missing *out)
{
    bool mine = false;
    uint8_t from[RG_HASH_BYTES + 1] = {0}; /* one byte longer: the smallest key above */
    struct rg_kv_item item = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    if (after != NULL) {
        memcpy(from, after->b, RG_HASH_BYTES);
    }
    err = first_from(v, RG_VAULT_MISSING, (struct rg_bytes){from, after != NULL ? sizeof from : 0},
                     &item);
    if (err == RG_OK) {
        err = decode_missing(item.key, item.value, out);
    }
    rg_vault__leave(v, mine);
    return err;
}

uint64_t rg_vault_list_missing_count(const struct rg_vault *v)
{
    return v->missing;
}

static struct rg_bytes owed_key(uint16_t peer, uint64_t case_no, uint8_t out[static 10])
{
    out[0] = (uint8_t)(peer >> 8);
    out[1] = (uint8_t)(peer & 0xff);
    rg_bytes_u64_be(out + 2, case_no);
    return (struct rg_bytes){out, 10};
}

rg_err rg_vault_list_owe(struct rg_vault *v, uint16_t peer, uint64_t case_no)
{
    uint8_t key[10];
    static const uint8_t one = 1;
    RG_ASSERT(v->writing);
    const rg_err err =
        rg_kv_put(v->txn, RG_VAULT_OWED, owed_key(peer, case_no, key), (struct rg_bytes){&one, 1});
    v->owed += err == RG_OK ? 1 : 0;
    return err;
}

rg_err rg_vault_list_paid(struct rg_vault *v, uint16_t peer, uint64_t case_no)
{
    uint8_t key[10];
    RG_ASSERT(v->writing);
    const rg_err err = rg_kv_del(v->txn, RG_VAULT_OWED, owed_key(peer, case_no, key));
    v->owed -= err == RG_OK ? 1 : 0;
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

rg_err rg_vault_list_next_owed(struct rg_vault *v, uint16_t peer, uint64_t after,
                               uint64_t *out_case_no)
{
    bool mine = false;
    uint8_t key[10];
    struct rg_kv_item item = {0};
    rg_err err = rg_vault__enter(v, &mine);
    if (err != RG_OK) {
        return err;
    }
    err = first_from(v, RG_VAULT_OWED, owed_key(peer, after + 1, key), &item);
    if (err == RG_OK && item.key.len != sizeof key) {
        err = RG_ERR_CORRUPT;
    }
    if (err == RG_OK && memcmp(item.key.data, key, 2) != 0) {
        err = RG_ERR_NOT_FOUND;
    }
    if (err == RG_OK) {
        *out_case_no = rg_bytes_from_u64_be(item.key.data + 2);
    }
    rg_vault__leave(v, mine);
    return err;
}

uint64_t rg_vault_list_owed_count(const struct rg_vault *v)
{
    return v->owed;
}
