#include "ledger/governance.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "ledger/genesis.h"

void rg_governance_init(struct rg_governance *v, const struct rg_genesis *g)
{
    memset(v, 0, sizeof *v);
    v->epoch = RG_EPOCH_FIRST;
    v->current.count = (uint16_t)g->authority_count;
    for (uint32_t i = 0; i < g->authority_count; i++) {
        v->current.principal[i] = (uint16_t)g->authority[i];
    }
}

uint32_t rg_governance_quorum(const struct rg_genesis *g)
{
    const uint32_t f = (g->agency_count - 1) / 3;
    return (g->agency_count + f + 2) / 2;
}

bool rg_governance_set_ok(const struct rg_genesis *g, const struct rg_set *set)
{
    if (set->count == 0 || set->count > RG_AUTHORITIES_MAX) {
        return false;
    }
    uint64_t agencies = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const uint32_t p = set->principal[i];
        if (p >= g->principal_count || g->principal[p].roles != RG_ROLE_NODE) {
            return false;
        }
        const uint64_t bit = UINT64_C(1) << g->principal[p].agency;
        if ((agencies & bit) != 0) {
            return false;
        }
        agencies |= bit;
    }
    return true;
}

static uint32_t count_bits(uint64_t set)
{
    uint32_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

static void drop(struct rg_governance *v, uint32_t i)
{
    v->motion_count--;
    memmove(&v->motion[i], &v->motion[i + 1], (v->motion_count - i) * sizeof v->motion[0]);
    memset(&v->motion[v->motion_count], 0, sizeof v->motion[0]);
}

static struct rg_open_motion *find(struct rg_governance *v, const struct rg_hash *id)
{
    for (uint32_t i = 0; i < v->motion_count; i++) {
        if (rg_hash_eq(&v->motion[i].id, id)) {
            return &v->motion[i];
        }
    }
    return NULL;
}

static bool is_definition(const struct rg_motion *m)
{
    return m->set.count == 0;
}

static uint32_t newest_version(const struct rg_governance *v)
{
    return v->published_count > 0 ? v->published[v->published_count - 1].version : 0;
}

/* Definition @p is carried by the block at @height. One that was carried for a later height than
 * this never comes into force; motions of older versions are over. */
static void publish(struct rg_governance *v, const struct rg_published *p, uint64_t height)
{
    struct rg_published new = *p;
    new.from = new.from > height ? new.from : height + 1;
    while (v->published_count > 0 && v->published[v->published_count - 1].from >= new.from) {
        v->published_count--;
        memset(&v->published[v->published_count], 0, sizeof v->published[0]);
    }
    RG_ASSERT(v->published_count < RG_DEFINITIONS_MAX);
    v->published[v->published_count++] = new;
    for (uint32_t i = v->motion_count; i > 0; i--) {
        const struct rg_motion *m = &v->motion[i - 1].motion;
        if (is_definition(m) && m->definition.version <= new.version) {
            drop(v, i - 1);
        }
    }
}

/* Carried, or no longer to be carried: the motion is over. */
static void settle(struct rg_governance *v, const struct rg_genesis *g, struct rg_open_motion *m,
                   uint64_t height)
{
    const uint32_t q = rg_governance_quorum(g);
    const struct rg_motion motion = m->motion;
    const bool carried = count_bits(m->yes) >= q;
    if (carried || count_bits(m->no) > g->agency_count - q) {
        drop(v, (uint32_t)(m - v->motion));
    }
    if (carried && is_definition(&motion)) {
        publish(v, &motion.definition, height);
    } else if (carried) {
        v->next = motion.set;
    }
}

/* What stands against opening the motion of @b. */
static enum rg_verdict may_open(const struct rg_governance *v, const struct rg_ballot *b)
{
    uint32_t definitions = v->published_count;
    if (v->motion_count == RG_MOTIONS_MAX) {
        return RG_VERDICT_BUSY;
    }
    if (!is_definition(&b->motion)) {
        return RG_VERDICT_ACCEPTED;
    }
    for (uint32_t i = 0; i < v->motion_count; i++) {
        definitions += is_definition(&v->motion[i].motion) ? 1 : 0;
    }
    if (b->motion.definition.version <= newest_version(v)) {
        return RG_VERDICT_OLD_VERSION;
    }
    return definitions < RG_DEFINITIONS_MAX ? RG_VERDICT_ACCEPTED : RG_VERDICT_LEDGER_FULL;
}

enum rg_verdict rg_governance_ballot(struct rg_governance *v, const struct rg_genesis *g,
                                     const struct rg_ballot *b, const struct rg_ballot_place *at)
{
    const uint64_t bit = UINT64_C(1) << b->agency;
    struct rg_open_motion *m = find(v, &b->id);
    if (v->next.count > 0) {
        return RG_VERDICT_BUSY;
    }
    if (b->moves && b->motion.expires_ms <= at->time_ms) {
        return RG_VERDICT_MOTION_EXPIRED;
    }
    if (b->moves && m == NULL) {
        const enum rg_verdict open = may_open(v, b);
        if (open != RG_VERDICT_ACCEPTED) {
            return open;
        }
        m = &v->motion[v->motion_count++];
        *m = (struct rg_open_motion){.id = b->id, .motion = b->motion};
        if (is_definition(&b->motion)) {
            m->motion.definition.height = at->height;
            m->motion.definition.submission = at->submission;
        }
    }
    if (m == NULL) {
        return RG_VERDICT_NO_MOTION;
    }
    if (m->motion.expires_ms <= at->time_ms) {
        return RG_VERDICT_MOTION_EXPIRED; /* it goes when this block is done */
    }
    if (((m->yes | m->no) & bit) != 0) {
        return RG_VERDICT_KNOWN;
    }
    if (b->approve) {
        m->yes |= bit;
    } else {
        m->no |= bit;
    }
    settle(v, g, m, at->height);
    return RG_VERDICT_ACCEPTED;
}

uint32_t rg_governance_published_at(const struct rg_governance *v, uint64_t height)
{
    uint32_t n = v->published_count;
    while (n > 0 && v->published[n - 1].from > height) {
        n--;
    }
    return n;
}

bool rg_governance_has_definitions(const struct rg_governance *v)
{
    bool any = v->published_count > 0;
    for (uint32_t i = 0; i < v->motion_count; i++) {
        any = any || is_definition(&v->motion[i].motion);
    }
    return any;
}

enum rg_verdict rg_governance_accuse(struct rg_governance *v, bool previous, uint32_t index)
{
    uint64_t *set = previous ? &v->guilty_previous : &v->guilty;
    const uint64_t bit = UINT64_C(1) << index;
    RG_ASSERT(index < (previous ? v->previous.count : v->current.count));
    if ((*set & bit) != 0) {
        return RG_VERDICT_KNOWN;
    }
    *set |= bit;
    return RG_VERDICT_ACCEPTED;
}

bool rg_governance_expire(struct rg_governance *v, uint64_t time_ms)
{
    bool any = false;
    for (uint32_t i = v->motion_count; i > 0; i--) {
        if (v->motion[i - 1].motion.expires_ms <= time_ms) {
            drop(v, i - 1);
            any = true;
        }
    }
    return any;
}

void rg_governance_end_epoch(struct rg_governance *v)
{
    RG_ASSERT(v->next.count > 0);
    v->epoch++;
    v->previous = v->current;
    v->guilty_previous = v->guilty;
    v->current = v->next;
    v->guilty = 0;
    memset(&v->next, 0, sizeof v->next);
}

void rg_governance_set_id(const struct rg_set *set, const struct rg_genesis *g, struct rg_hash *out)
{
    struct rg_pubkey keys[RG_AUTHORITIES_MAX];
    for (uint32_t i = 0; i < set->count; i++) {
        keys[i] = g->principal[set->principal[i]].sign_key;
    }
    rg_hash_authorities(&g->ledger_id, keys, set->count, out);
}

static void put_set(struct rg_writer *w, const struct rg_set *set)
{
    rg_bytes_put_u16(w, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        rg_bytes_put_u16(w, set->principal[i]);
    }
}

static void put_published(struct rg_writer *w, const struct rg_published *p)
{
    rg_bytes_put(w, p->hash.b, RG_HASH_BYTES);
    rg_bytes_put_u32(w, p->version);
    rg_bytes_put_u32(w, p->submission);
    rg_bytes_put_u64(w, p->height);
    rg_bytes_put_u64(w, p->from);
}

/* Behind all else, and only where there are some: a ledger that never moved one keeps the bytes,
 * and so the digests, that it always had. */
static void put_definitions(struct rg_writer *w, const struct rg_governance *v)
{
    if (!rg_governance_has_definitions(v)) {
        return;
    }
    rg_bytes_put_u32(w, v->published_count);
    for (uint32_t i = 0; i < v->published_count; i++) {
        put_published(w, &v->published[i]);
    }
    for (uint32_t i = 0; i < v->motion_count; i++) {
        if (is_definition(&v->motion[i].motion)) {
            put_published(w, &v->motion[i].motion.definition);
        }
    }
}

size_t rg_governance_encode(const struct rg_governance *v, uint8_t *out)
{
    struct rg_writer w = rg_bytes_writer(out, RG_GOVERNANCE_BYTES_MAX);
    rg_bytes_put_u64(&w, v->epoch);
    put_set(&w, &v->previous);
    put_set(&w, &v->current);
    put_set(&w, &v->next);
    rg_bytes_put_u64(&w, v->guilty);
    rg_bytes_put_u64(&w, v->guilty_previous);
    rg_bytes_put_u32(&w, v->motion_count);
    for (uint32_t i = 0; i < v->motion_count; i++) {
        const struct rg_open_motion *m = &v->motion[i];
        rg_bytes_put(&w, m->id.b, RG_HASH_BYTES);
        rg_bytes_put_u64(&w, m->motion.expires_ms);
        put_set(&w, &m->motion.set);
        rg_bytes_put_u64(&w, m->yes);
        rg_bytes_put_u64(&w, m->no);
    }
    put_definitions(&w, v);
    RG_ASSERT(!w.failed);
    return w.len;
}

static bool get_set(struct rg_reader *r, struct rg_set *out)
{
    out->count = rg_bytes_get_u16(r);
    if (out->count > RG_AUTHORITIES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        out->principal[i] = rg_bytes_get_u16(r);
        if (out->principal[i] >= RG_PRINCIPALS_MAX) {
            return false;
        }
    }
    return true;
}

static bool get_published(struct rg_reader *r, struct rg_published *out)
{
    rg_bytes_get(r, out->hash.b, RG_HASH_BYTES);
    out->version = rg_bytes_get_u32(r);
    out->submission = rg_bytes_get_u32(r);
    out->height = rg_bytes_get_u64(r);
    out->from = rg_bytes_get_u64(r);
    return out->version > 0 && out->height > 0;
}

static bool get_definitions(struct rg_reader *r, struct rg_governance *out)
{
    if (rg_bytes_done(r)) {
        return !rg_governance_has_definitions(out);
    }
    out->published_count = rg_bytes_get_u32(r);
    bool good = out->published_count <= RG_DEFINITIONS_MAX;
    for (uint32_t i = 0; good && i < out->published_count; i++) {
        struct rg_published *p = &out->published[i];
        good = get_published(r, p) && p->from > p->height &&
               (i == 0 || (p->version > p[-1].version && p->from > p[-1].from));
    }
    for (uint32_t i = 0; good && i < out->motion_count; i++) {
        struct rg_motion *m = &out->motion[i].motion;
        good = !is_definition(m) || get_published(r, &m->definition);
    }
    return good && rg_governance_has_definitions(out);
}

rg_err rg_governance_decode(struct rg_bytes bytes, struct rg_governance *out)
{
    struct rg_reader r = rg_bytes_reader(bytes);
    memset(out, 0, sizeof *out);
    out->epoch = rg_bytes_get_u64(&r);
    bool good = get_set(&r, &out->previous) && get_set(&r, &out->current) &&
                get_set(&r, &out->next) && out->current.count > 0 && out->epoch >= RG_EPOCH_FIRST;
    out->guilty = rg_bytes_get_u64(&r);
    out->guilty_previous = rg_bytes_get_u64(&r);
    out->motion_count = rg_bytes_get_u32(&r);
    good = good && out->motion_count <= RG_MOTIONS_MAX;
    for (uint32_t i = 0; good && i < out->motion_count; i++) {
        struct rg_open_motion *m = &out->motion[i];
        rg_bytes_get(&r, m->id.b, RG_HASH_BYTES);
        m->motion.expires_ms = rg_bytes_get_u64(&r);
        good = get_set(&r, &m->motion.set);
        m->yes = rg_bytes_get_u64(&r);
        m->no = rg_bytes_get_u64(&r);
    }
    good = good && get_definitions(&r, out);
    return good && rg_bytes_done(&r) ? RG_OK : RG_ERR_CORRUPT;
}
