#include "node/monitor/casestate.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "node/monitor/alertstore.h"
#include "rules/hostmsg.h"

#define BUCKETS 32768u /* a power of two */
_Static_assert(BUCKETS == 2 * RG_CASESTATE_CACHE_MAX, "half full at most");
#define NONE UINT32_MAX
#define FORMAT 1
#define FORMAT_FROM 2 /* judged by a definition later than the first */
#define HEAD_BYTES (1 + 8 + 4 + 8 + 4)
#define PLACE_BYTES 20
#define PLAIN_MAX (HEAD_BYTES + RG_CASESTATE_PLACES_MAX * PLACE_BYTES + 4 + RG_HOSTMSG_STATE_MAX)
#define AD_BYTES (RG_HASH_BYTES + 1 + 8)

struct rg_casestates {
    struct rg_kv *kv;
    struct rg_hash ledger;
    struct rg_casestate *slot; /* RG_CASESTATE_CACHE_MAX */
    uint32_t *bucket;          /* first slot of each bucket, or NONE */
    uint32_t hand;             /* of the clock that looks for a slot to reuse */
    uint32_t taken;            /* slots ever used */
    uint32_t *dirty_list;      /* slots of changed cases */
    size_t dirty;
    uint32_t *pinned_list; /* slots of given cases */
    size_t pinned;
    int64_t floor_ms;
    uint8_t *plain;  /* PLAIN_MAX */
    uint8_t *sealed; /* PLAIN_MAX + RG_SEAL_EXTRA */
};

rg_err rg_casestate_cache_create(struct rg_kv *kv, const struct rg_hash *ledger,
                                 struct rg_casestates **out)
{
    struct rg_casestates *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    s->kv = kv;
    s->ledger = *ledger;
    s->slot = calloc(RG_CASESTATE_CACHE_MAX, sizeof *s->slot);
    s->bucket = malloc(BUCKETS * sizeof *s->bucket);
    s->dirty_list = malloc(RG_CASESTATE_CACHE_MAX * sizeof *s->dirty_list);
    s->pinned_list = malloc(RG_CASESTATE_CACHE_MAX * sizeof *s->pinned_list);
    s->plain = malloc(PLAIN_MAX);
    s->sealed = malloc(PLAIN_MAX + RG_SEAL_EXTRA);
    if (s->slot == NULL || s->bucket == NULL || s->dirty_list == NULL || s->pinned_list == NULL ||
        s->plain == NULL || s->sealed == NULL) {
        rg_casestate_cache_destroy(&s);
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < BUCKETS; i++) {
        s->bucket[i] = NONE;
    }
    s->floor_ms = 0; /* nothing is known: look once */
    *out = s;
    return RG_OK;
}

static void free_slot(struct rg_casestate *c)
{
    uint8_t *state = (uint8_t *)(uintptr_t)c->state.data;
    free(state);
    free(c->places);
    rg_rand_wipe(c, sizeof *c);
}

void rg_casestate_cache_destroy(struct rg_casestates **s_p)
{
    struct rg_casestates *s = *s_p;
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; s->slot != NULL && i < s->taken; i++) {
        free_slot(&s->slot[i]);
    }
    if (s->plain != NULL) {
        rg_rand_wipe(s->plain, PLAIN_MAX);
    }
    free(s->slot);
    free(s->bucket);
    free(s->dirty_list);
    free(s->pinned_list);
    free(s->plain);
    free(s->sealed);
    free(s);
    *s_p = NULL;
}

static uint32_t *bucket_of(struct rg_casestates *s, uint64_t case_no)
{
    return &s->bucket[(case_no * 0x9e3779b97f4a7c15ull) >> 32 & (BUCKETS - 1)];
}

struct rg_casestate *rg_casestate_peek(struct rg_casestates *s, uint64_t case_no)
{
    for (uint32_t i = *bucket_of(s, case_no); i != NONE; i = s->slot[i].next) {
        if (s->slot[i].case_no == case_no) {
            return &s->slot[i];
        }
    }
    return NULL;
}

static void unlink_slot(struct rg_casestates *s, uint32_t at)
{
    uint32_t *link = bucket_of(s, s->slot[at].case_no);
    while (*link != at) {
        link = &s->slot[*link].next;
    }
    *link = s->slot[at].next;
}

/* A free slot, or one that was not asked for since the hand passed it. NONE: all must stay. */
static uint32_t take_slot(struct rg_casestates *s)
{
    if (s->taken < RG_CASESTATE_CACHE_MAX) {
        return s->taken++;
    }
    for (uint32_t n = 0; n < 2 * RG_CASESTATE_CACHE_MAX; n++) {
        const uint32_t at = s->hand;
        struct rg_casestate *c = &s->slot[at];
        s->hand = (s->hand + 1) % RG_CASESTATE_CACHE_MAX;
        if (!c->known) {
            return at;
        }
        if (c->dirty || c->pinned) {
            continue;
        }
        if (c->used) {
            c->used = false;
            continue;
        }
        unlink_slot(s, at);
        free_slot(c);
        return at;
    }
    return NONE;
}

static struct rg_bytes seal_ad(const struct rg_casestates *s, uint64_t case_no,
                               uint8_t out[static AD_BYTES])
{
    memcpy(out, s->ledger.b, RG_HASH_BYTES);
    out[RG_HASH_BYTES] = 's';
    rg_bytes_u64_be(out + RG_HASH_BYTES + 1, case_no);
    return (struct rg_bytes){out, AD_BYTES};
}

static rg_err set_state(struct rg_casestate *c, struct rg_bytes state)
{
    uint8_t *copy = NULL;
    if (state.len > 0) {
        copy = malloc(state.len);
        if (copy == NULL) {
            return RG_ERR_NOMEM;
        }
        memcpy(copy, state.data, state.len);
    }
    uint8_t *old = (uint8_t *)(uintptr_t)c->state.data;
    free(old);
    c->state = (struct rg_bytes){copy, state.len};
    return RG_OK;
}

static rg_err read_plain(struct rg_casestate *c, struct rg_bytes plain)
{
    struct rg_reader r = rg_bytes_reader(plain);
    const uint8_t format = rg_bytes_get_u8(&r);
    if (format != FORMAT && format != FORMAT_FROM) {
        return RG_ERR_CORRUPT;
    }
    c->from = format == FORMAT_FROM ? rg_bytes_get_u64(&r) : 0;
    c->event_count = rg_bytes_get_u32(&r);
    c->due_ms = (int64_t)rg_bytes_get_u64(&r);
    const uint32_t count = rg_bytes_get_u32(&r);
    if (r.failed || count > RG_CASESTATE_PLACES_MAX) {
        return RG_ERR_CORRUPT;
    }
    c->places = count > 0 ? calloc(count, sizeof *c->places) : NULL;
    if (count > 0 && c->places == NULL) {
        return RG_ERR_NOMEM;
    }
    c->place_count = count;
    c->place_cap = count;
    for (uint32_t i = 0; i < count; i++) {
        c->places[i].height = rg_bytes_get_u64(&r);
        c->places[i].submission = rg_bytes_get_u32(&r);
        c->places[i].entry = rg_bytes_get_u32(&r);
        c->places[i].writer = rg_bytes_get_u32(&r);
    }
    const struct rg_bytes state = rg_bytes_get_sized(&r, RG_HOSTMSG_STATE_MAX);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    c->due_stored_ms = c->due_ms;
    return set_state(c, state);
}

/* Fill @c from the store; a case that is not there stays new. */
static rg_err load(struct rg_casestates *s, struct rg_casestate *c)
{
    struct rg_kv_txn *txn = NULL;
    rg_err e = rg_kv_begin_read(s->kv, &txn);
    if (e != RG_OK) {
        return e;
    }
    uint8_t key[8];
    uint8_t ad[AD_BYTES];
    struct rg_bytes value;
    rg_bytes_u64_be(key, c->case_no);
    e = rg_kv_get(txn, RG_ALERTSTORE_STATE, (struct rg_bytes){key, sizeof key}, &value);
    if (e == RG_ERR_NOT_FOUND) {
        e = RG_OK;
    } else if (e == RG_OK && (value.len < RG_SEAL_EXTRA || value.len > PLAIN_MAX + RG_SEAL_EXTRA)) {
        e = RG_ERR_CORRUPT;
    } else if (e == RG_OK) {
        const size_t len = value.len - RG_SEAL_EXTRA;
        e = rg_seal_open(c->rest_key, seal_ad(s, c->case_no, ad), value, s->plain) == RG_OK
                ? read_plain(c, (struct rg_bytes){s->plain, len})
                : RG_ERR_CORRUPT;
    }
    rg_kv_abort(&txn);
    return e;
}

rg_err rg_casestate_get(struct rg_casestates *s, const struct rg_casestate_name *name,
                        struct rg_casestate **out)
{
    struct rg_casestate *c = rg_casestate_peek(s, name->case_no);
    if (c == NULL) {
        const uint32_t at = take_slot(s);
        if (at == NONE) {
            return RG_ERR_FULL;
        }
        c = &s->slot[at];
        *c = (struct rg_casestate){.case_no = name->case_no,
                                   .pseudonym = name->pseudonym,
                                   .due_ms = RG_CASESTATE_NEVER,
                                   .due_stored_ms = RG_CASESTATE_NEVER};
        memcpy(c->rest_key, name->rest_key, RG_KEY_BYTES);
        const rg_err e = load(s, c);
        if (e != RG_OK) {
            free_slot(c); /* not known: the clock's hand finds it */
            return e;
        }
        uint32_t *bucket = bucket_of(s, c->case_no);
        c->known = true;
        c->next = *bucket;
        *bucket = at;
    }
    c->used = true;
    c->readers = name->readers;
    if (!c->pinned) {
        c->pinned = true;
        s->pinned_list[s->pinned] = (uint32_t)(c - s->slot);
        s->pinned++;
    }
    *out = c;
    return RG_OK;
}

static void mark(struct rg_casestates *s, struct rg_casestate *c)
{
    if (!c->dirty) {
        c->dirty = true;
        s->dirty_list[s->dirty] = (uint32_t)(c - s->slot);
        s->dirty++;
    }
}

rg_err rg_casestate_set(struct rg_casestates *s, struct rg_casestate *c, struct rg_bytes state,
                        int64_t due_ms)
{
    if (state.len > RG_HOSTMSG_STATE_MAX) {
        return RG_ERR_NOMEM;
    }
    const rg_err e = set_state(c, state);
    if (e != RG_OK) {
        return e;
    }
    /* The table of due times has no times before 1970. */
    c->due_ms = due_ms < 0 ? 0 : due_ms;
    if (c->due_ms < s->floor_ms) {
        s->floor_ms = c->due_ms;
    }
    mark(s, c);
    return RG_OK;
}

void rg_casestate_set_from(struct rg_casestates *s, struct rg_casestate *c, uint64_t from)
{
    if (c->from != from) {
        c->from = from;
        mark(s, c);
    }
}

rg_err rg_casestate_add_event(struct rg_casestates *s, struct rg_casestate *c,
                              const struct rg_place *place)
{
    mark(s, c);
    const uint32_t event = c->event_count;
    c->event_count++;
    if (event != c->place_count || event >= RG_CASESTATE_PLACES_MAX) {
        return RG_OK;
    }
    if (c->place_count == c->place_cap) {
        const uint32_t cap = c->place_cap < 8 ? 8 : 2 * c->place_cap;
        struct rg_place *more = realloc(c->places, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        c->places = more;
        c->place_cap = cap;
    }
    c->places[c->place_count] = *place;
    c->place_count++;
    return RG_OK;
}

void rg_casestate_reset(struct rg_casestates *s, struct rg_casestate *c)
{
    RG_IGNORE(set_state(c, (struct rg_bytes){NULL, 0}), "an empty state needs no memory");
    c->event_count = 0;
    c->place_count = 0;
    c->due_ms = RG_CASESTATE_NEVER;
    mark(s, c);
}

void rg_casestate_release(struct rg_casestates *s)
{
    for (size_t i = 0; i < s->pinned; i++) {
        s->slot[s->pinned_list[i]].pinned = false;
    }
    s->pinned = 0;
}

size_t rg_casestate_cache_dirty(const struct rg_casestates *s)
{
    return s->dirty;
}

static rg_err write_state(struct rg_casestates *s, struct rg_kv_txn *txn,
                          const struct rg_casestate *c, struct rg_bytes key)
{
    struct rg_writer w = rg_bytes_writer(s->plain, PLAIN_MAX);
    rg_bytes_put_u8(&w, c->from > 0 ? FORMAT_FROM : FORMAT);
    if (c->from > 0) {
        rg_bytes_put_u64(&w, c->from);
    }
    rg_bytes_put_u32(&w, c->event_count);
    rg_bytes_put_u64(&w, (uint64_t)c->due_ms);
    rg_bytes_put_u32(&w, c->place_count);
    for (uint32_t i = 0; i < c->place_count; i++) {
        rg_bytes_put_u64(&w, c->places[i].height);
        rg_bytes_put_u32(&w, c->places[i].submission);
        rg_bytes_put_u32(&w, c->places[i].entry);
        rg_bytes_put_u32(&w, c->places[i].writer);
    }
    rg_bytes_put_sized(&w, c->state);
    RG_ASSERT(!w.failed);
    uint8_t ad[AD_BYTES];
    rg_seal(c->rest_key, seal_ad(s, c->case_no, ad), (struct rg_bytes){s->plain, w.len}, s->sealed);
    return rg_kv_put(txn, RG_ALERTSTORE_STATE, key,
                     (struct rg_bytes){s->sealed, w.len + RG_SEAL_EXTRA});
}

static rg_err write_due(struct rg_kv_txn *txn, const struct rg_casestate *c)
{
    uint8_t key[16];
    rg_err e = RG_OK;
    if (c->due_stored_ms == c->due_ms) {
        return RG_OK;
    }
    if (c->due_stored_ms != RG_CASESTATE_NEVER) {
        rg_alertstore_pair(key, (uint64_t)c->due_stored_ms, c->case_no);
        e = rg_kv_del(txn, RG_ALERTSTORE_DUE, (struct rg_bytes){key, sizeof key});
        e = e == RG_ERR_NOT_FOUND ? RG_OK : e;
    }
    if (e == RG_OK && c->due_ms != RG_CASESTATE_NEVER) {
        rg_alertstore_pair(key, (uint64_t)c->due_ms, c->case_no);
        e = rg_kv_put(txn, RG_ALERTSTORE_DUE, (struct rg_bytes){key, sizeof key},
                      (struct rg_bytes){NULL, 0});
    }
    return e;
}

rg_err rg_casestate_cache_write(struct rg_casestates *s, struct rg_kv_txn *txn)
{
    rg_err e = RG_OK;
    for (size_t i = 0; e == RG_OK && i < s->dirty; i++) {
        const struct rg_casestate *c = &s->slot[s->dirty_list[i]];
        uint8_t key[8];
        rg_bytes_u64_be(key, c->case_no);
        e = write_state(s, txn, c, (struct rg_bytes){key, sizeof key});
        e = e == RG_OK ? write_due(txn, c) : e;
    }
    return e;
}

void rg_casestate_cache_written(struct rg_casestates *s)
{
    for (size_t i = 0; i < s->dirty; i++) {
        struct rg_casestate *c = &s->slot[s->dirty_list[i]];
        c->dirty = false;
        c->due_stored_ms = c->due_ms;
    }
    s->dirty = 0;
}

int64_t rg_casestate_cache_due_floor(const struct rg_casestates *s)
{
    return s->floor_ms;
}

/* What rg_casestate_cache_due() looks for, and found so far. */
struct due_scan {
    int64_t before_ms;
    size_t skip;
    uint64_t *out;
    size_t max;
    size_t count;
};

static rg_err collect_due(struct rg_casestates *s, struct rg_kv_cursor *c, struct due_scan *scan)
{
    struct rg_kv_item item;
    size_t seen = 0;
    rg_err e = rg_kv_cursor_first(c, &item);
    s->floor_ms = RG_CASESTATE_NEVER;
    while (e == RG_OK) {
        if (item.key.len != 16) {
            return RG_ERR_CORRUPT;
        }
        const int64_t due = (int64_t)rg_bytes_from_u64_be(item.key.data);
        if (seen == 0) {
            s->floor_ms = due;
        }
        if (due >= scan->before_ms || scan->count == scan->max) {
            break;
        }
        if (seen >= scan->skip) {
            scan->out[scan->count] = rg_bytes_from_u64_be(item.key.data + 8);
            scan->count++;
        }
        seen++;
        e = rg_kv_cursor_next(c, &item);
    }
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_casestate_cache_due(struct rg_casestates *s, int64_t before_ms, size_t skip,
                              uint64_t *out, size_t max, size_t *out_count)
{
    RG_ASSERT(s->dirty == 0);
    struct due_scan scan = {.before_ms = before_ms, .skip = skip, .out = out, .max = max};
    struct rg_kv_txn *txn = NULL;
    struct rg_kv_cursor *c = NULL;
    rg_err e = rg_kv_begin_read(s->kv, &txn);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_cursor_open(txn, RG_ALERTSTORE_DUE, &c);
    if (e == RG_OK) {
        e = collect_due(s, c, &scan);
        rg_kv_cursor_close(&c);
    }
    rg_kv_abort(&txn);
    if (e == RG_OK) {
        *out_count = scan.count;
    }
    return e;
}
