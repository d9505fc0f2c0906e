#include "node/agency/casebook.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "crypto/verify.h"

#define PAD 64u
#define AD_BYTES (RG_HASH_BYTES + RG_ID_BYTES + 4 + 8 + 4)

/* A case key and who opened the case with it: neither means anything without the other. */
struct secret {
    const struct rg_hash *ledger;
    const uint8_t *key;
    uint32_t opener;
};

static void subkey(const struct secret *c, const char *domain, uint8_t out[static RG_KEY_BYTES])
{
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin_keyed(&s, domain, c->ledger, c->key);
    rg_hash_add_u64(&s, c->opener);
    rg_hash_end(&s, &h);
    memcpy(out, h.b, RG_KEY_BYTES);
    rg_rand_wipe(&h, sizeof h);
}

void rg_casebook_derive(const struct rg_hash *ledger, uint32_t opener,
                        const uint8_t key[static RG_KEY_BYTES], struct rg_casebook_keys *out)
{
    const struct secret c = {ledger, key, opener};
    subkey(&c, RG_DOMAIN_CASE_TAG, out->tag);
    subkey(&c, RG_DOMAIN_CASE_SEAL, out->seal);
    subkey(&c, RG_DOMAIN_CASE_REST, out->rest);
}

void rg_casebook_commitment(const struct rg_hash *ledger, uint32_t opener,
                            const uint8_t key[static RG_KEY_BYTES], struct rg_hash *out)
{
    struct rg_hash_state s;
    rg_hash_begin(&s, RG_DOMAIN_CASE_COMMIT, ledger);
    rg_hash_add_u64(&s, opener);
    rg_hash_add(&s, (struct rg_bytes){key, RG_KEY_BYTES});
    rg_hash_end(&s, out);
}

void rg_casebook_tag(const struct rg_hash *ledger, const uint8_t tag_key[static RG_KEY_BYTES],
                     uint32_t writer, uint64_t counter, struct rg_id *out)
{
    struct rg_hash_state s;
    struct rg_hash h;
    rg_hash_begin_keyed(&s, RG_DOMAIN_CASE_TAG, ledger, tag_key);
    rg_hash_add_u64(&s, writer);
    rg_hash_add_u64(&s, counter);
    rg_hash_end(&s, &h);
    memcpy(out->b, h.b, RG_ID_BYTES);
}

static void associate(uint8_t out[static AD_BYTES], const struct rg_hash *ledger, uint32_t writer,
                      const struct rg_entry *e)
{
    struct rg_writer w = rg_bytes_writer(out, AD_BYTES);
    rg_bytes_put(&w, ledger->b, RG_HASH_BYTES);
    rg_bytes_put(&w, e->tag.b, RG_ID_BYTES);
    rg_bytes_put_u32(&w, writer);
    rg_bytes_put_u64(&w, e->readers);
    rg_bytes_put_u32(&w, e->schema);
    RG_ASSERT(!w.failed && w.len == AD_BYTES);
}

rg_err rg_casebook_seal(struct rg_arena *arena, const struct rg_casebook_keys *keys,
                        const struct rg_casebook_place *place, const struct rg_case_body *body,
                        struct rg_bytes *out)
{
    struct rg_bytes text = {0};
    rg_err err = rg_ledger_codec_encode_body(arena, body, &text);
    if (err != RG_OK) {
        return err;
    }
    const size_t len = (4 + text.len + PAD - 1) / PAD * PAD;
    uint8_t *plain = rg_arena_take_array(arena, len, 1);
    uint8_t *sealed = rg_arena_take(arena, len + RG_SEAL_EXTRA);
    if (plain == NULL || sealed == NULL) {
        return RG_ERR_NOMEM;
    }
    struct rg_writer w = rg_bytes_writer(plain, len);
    rg_bytes_put_sized(&w, text);
    struct rg_entry e = {
        .kind = RG_ENTRY_CASE, .readers = place->readers, .schema = RG_SCHEMA_CASE};
    rg_casebook_tag(place->ledger, keys->tag, place->writer, place->counter, &e.tag);
    if (place->commitment != NULL) {
        e.opens = true;
        e.commitment = *place->commitment;
    }
    uint8_t ad[AD_BYTES];
    associate(ad, place->ledger, place->writer, &e);
    rg_seal(keys->seal, (struct rg_bytes){ad, sizeof ad}, (struct rg_bytes){plain, len}, sealed);
    e.sealed = (struct rg_bytes){sealed, len + RG_SEAL_EXTRA};
    return rg_ledger_codec_encode_entry(arena, &e, out);
}

rg_err rg_casebook_open(struct rg_arena *arena, const struct rg_casebook_keys *keys,
                        const struct rg_hash *ledger, uint32_t writer, const struct rg_entry *e,
                        struct rg_case_body *out)
{
    if (e->kind != RG_ENTRY_CASE || e->schema != RG_SCHEMA_CASE ||
        e->sealed.len < PAD + RG_SEAL_EXTRA || (e->sealed.len - RG_SEAL_EXTRA) % PAD != 0) {
        return RG_ERR_INVALID;
    }
    const size_t len = e->sealed.len - RG_SEAL_EXTRA;
    uint8_t *plain = rg_arena_take(arena, len);
    if (plain == NULL) {
        return RG_ERR_NOMEM;
    }
    uint8_t ad[AD_BYTES];
    associate(ad, ledger, writer, e);
    const rg_err err = rg_seal_open(keys->seal, (struct rg_bytes){ad, sizeof ad}, e->sealed, plain);
    if (err != RG_OK) {
        return err;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){plain, len});
    const struct rg_bytes text = rg_bytes_get_sized(&r, len);
    const size_t rest = rg_bytes_left(&r);
    if (r.failed || rest >= PAD) {
        return RG_ERR_INVALID;
    }
    const struct rg_bytes zeros = rg_bytes_get_range(&r, rest);
    for (size_t i = 0; i < zeros.len; i++) {
        if (zeros.data[i] != 0) {
            return RG_ERR_INVALID;
        }
    }
    return rg_ledger_codec_decode_body(arena, text, out);
}

void rg_casebook_verifier_init(struct rg_casebook_verifier *v, const struct rg_genesis *genesis)
{
    memset(v, 0, sizeof *v);
    v->genesis = genesis;
}

/* What stands for "this digest with this signature was good"; never zero in practice. */
static void name_of(const struct rg_casebook_verifier *v, const struct rg_hash *digest,
                    const struct rg_sig *sig, struct rg_hash *out)
{
    struct rg_hash_state s;
    rg_hash_begin(&s, RG_DOMAIN_REQUEST, &v->genesis->ledger_id);
    rg_hash_add(&s, (struct rg_bytes){digest->b, RG_HASH_BYTES});
    rg_hash_add(&s, (struct rg_bytes){sig->b, RG_SIG_BYTES});
    rg_hash_end(&s, out);
}

static struct rg_hash *slot_of(struct rg_casebook_verifier *v, const struct rg_hash *name)
{
    const size_t i = (size_t)name->b[0] | (size_t)name->b[1] << 8;
    return &v->seen[i % RG_CASEBOOK_VERIFIED_MAX];
}

/* The way from a leaf to the root, level by level. */
struct climb {
    struct rg_casebook_pair pair[RG_CASEBOOK_LEVELS_MAX]; /* those on the way */
    size_t levels;                                        /* climbed */
    bool met;                                             /* a node that is known already */
    struct rg_hash top;
};

static bool is_last_request(const struct rg_casebook_verifier *v, const struct rg_case_body *b)
{
    return v->count == b->count && v->member == b->member && v->first == b->first &&
           rg_id_eq(&v->stream, &b->stream) &&
           memcmp(v->signature.b, b->signature.b, RG_SIG_BYTES) == 0;
}

/* Climb until a known node of the same request is met, or to the root. False: the path does not
 * have the length that index and count ask for. An odd last node has no sibling and goes up
 * unchanged. */
static bool climb_path(const struct rg_casebook_verifier *v, const struct rg_case_body *b,
                       struct climb *c)
{
    const bool same = is_last_request(v, b);
    uint64_t index = b->index;
    uint64_t width = b->count;
    uint32_t used = 0;
    if (index >= width) {
        return false;
    }
    rg_merkle_leaf(b->event, &c->top);
    for (c->levels = 0; width > 1; c->levels++) {
        if (c->levels == RG_CASEBOOK_LEVELS_MAX) {
            return false;
        }
        struct rg_casebook_pair *p = &c->pair[c->levels];
        const struct rg_casebook_pair *k = &v->pair[c->levels];
        c->met = c->met || (same && k->known && k->index == index / 2 &&
                            rg_hash_eq(&k->node[index & 1], &c->top));
        *p = (struct rg_casebook_pair){.index = index / 2, .known = !c->met};
        if ((index ^ 1) < width) {
            if (used == b->path_count) {
                return false;
            }
            if (!c->met) {
                p->node[index & 1] = c->top;
                p->node[(index & 1) ^ 1] = b->path[used];
                rg_merkle_node(&p->node[0], &p->node[1], &c->top);
            }
            used++;
        } else {
            p->known = false;
        }
        index /= 2;
        width = (width + 1) / 2;
    }
    return used == b->path_count;
}

/* The path was good: its nodes are the ones to meet next. */
static void learn(struct rg_casebook_verifier *v, const struct rg_case_body *b,
                  const struct climb *c)
{
    if (!c->met) {
        memset(v->pair, 0, sizeof v->pair);
        v->member = b->member;
        v->count = b->count;
        v->first = b->first;
        v->stream = b->stream;
        v->signature = b->signature;
    }
    for (size_t i = 0; i < c->levels; i++) {
        if (c->pair[i].known) {
            v->pair[i] = c->pair[i];
        }
    }
}

/* Whether the member signed the request whose root this is. */
static bool root_is_signed(struct rg_casebook_verifier *v, const struct rg_case_body *body,
                           const struct rg_hash *root)
{
    const struct rg_genesis *g = v->genesis;
    struct rg_hash digest;
    struct rg_hash name;
    rg_ledger_codec_request_digest(&g->ledger_id, body->member, &body->stream, body->first,
                                   body->count, root, &digest);
    name_of(v, &digest, &body->signature, &name);
    struct rg_hash *slot = slot_of(v, &name);
    if (rg_hash_eq(slot, &name)) {
        return true;
    }
    if (!rg_verify(&g->principal[body->member].sign_key, &digest, &body->signature)) {
        return false;
    }
    *slot = name;
    return true;
}

rg_err rg_casebook_verify(struct rg_casebook_verifier *v, struct rg_arena *arena, uint32_t writer,
                          const struct rg_case_body *body, struct rg_event *out)
{
    const struct rg_genesis *g = v->genesis;
    struct climb c = {.met = false};
    if (body->member >= g->principal_count || g->principal[body->member].agency != writer ||
        (g->principal[body->member].roles & (RG_ROLE_CASE_SYSTEM | RG_ROLE_OFFICER)) == 0) {
        return RG_ERR_DENIED;
    }
    if (!climb_path(v, body, &c) || (!c.met && !root_is_signed(v, body, &c.top))) {
        return RG_ERR_SIGNATURE;
    }
    learn(v, body, &c);
    return rg_ledger_codec_decode_event(arena, body->event, out);
}

size_t rg_casebook_tree_size(size_t count)
{
    size_t sum = count;
    while (count > 1) {
        count = (count + 1) / 2;
        sum += count;
    }
    return sum;
}

/* Level by level with the odd last node handed up unchanged: the same shape as RFC 9162 §2.1, whose
 * split at the largest power of two leaves exactly the right edge incomplete. */
void rg_casebook_tree_build(struct rg_casebook_tree *t, const struct rg_bytes *events, size_t count,
                            struct rg_hash *room)
{
    RG_ASSERT(count >= 1 && count <= RG_CASEBOOK_REQUEST_MAX);
    t->levels = 1;
    t->count[0] = count;
    t->level[0] = room;
    for (size_t i = 0; i < count; i++) {
        rg_merkle_leaf(events[i], &room[i]);
    }
    while (count > 1) {
        const struct rg_hash *below = t->level[t->levels - 1];
        struct rg_hash *here = t->level[t->levels - 1] + count;
        const size_t half = (count + 1) / 2;
        for (size_t i = 0; i < half; i++) {
            if (2 * i + 1 < count) {
                rg_merkle_node(&below[2 * i], &below[2 * i + 1], &here[i]);
            } else {
                here[i] = below[2 * i];
            }
        }
        RG_ASSERT(t->levels < RG_CASEBOOK_LEVELS_MAX);
        t->level[t->levels] = here;
        t->count[t->levels++] = half;
        count = half;
    }
}

const struct rg_hash *rg_casebook_tree_root(const struct rg_casebook_tree *t)
{
    return t->level[t->levels - 1];
}

uint32_t rg_casebook_tree_path(const struct rg_casebook_tree *t, size_t index,
                               struct rg_hash path[static RG_CASE_PATH_MAX])
{
    uint32_t len = 0;
    RG_ASSERT(index < t->count[0]);
    for (size_t level = 0; level + 1 < t->levels; level++) {
        const size_t sibling = index ^ 1u;
        if (sibling < t->count[level]) {
            path[len++] = t->level[level][sibling];
        }
        index /= 2;
    }
    return len;
}
