#include "node/agency/pending.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "node/agency/pending_priv.h"
#include <stdlib.h>

#define MAP_MAX (1u << 20)

rg_err rg_pending_new(struct rg_vault *vault, uint32_t agency, struct rg_pending **out)
{
    struct rg_pending *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return RG_ERR_NOMEM;
    }
    p->vault = vault;
    p->agency = agency;
    p->last = &p->first;
    rg_u64map_init(&p->files, MAP_MAX);
    rg_u64map_init(&p->pseudonyms, MAP_MAX);
    rg_u64map_init(&p->commitments, MAP_MAX);
    rg_u64map_init(&p->slots, MAP_MAX);
    rg_u64map_init(&p->streams, MAP_MAX);
    *out = p;
    return RG_OK;
}

/* Free all blocks that a map points to. */
static void free_values(struct rg_u64map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].key != 0) {
            free((void *)(uintptr_t)m->slots[i].value);
        }
    }
    rg_u64map_fini(m);
}

void rg_pending_destroy(struct rg_pending **p_p)
{
    struct rg_pending *p = p_p != NULL ? *p_p : NULL;
    if (p == NULL) {
        return;
    }
    while (p->first != NULL) {
        struct rg_pending_sub *s = p->first;
        p->first = s->next;
        rg_pending__free(p, s);
    }
    free_values(&p->slots);
    free_values(&p->streams);
    rg_u64map_fini(&p->files);
    rg_u64map_fini(&p->pseudonyms);
    rg_u64map_fini(&p->commitments);
    free(p);
    *p_p = NULL;
}

uint64_t rg_pending__name(const struct rg_pending *p, const char *kind, struct rg_bytes text)
{
    struct rg_id name;
    rg_vault_name(p->vault, kind, text, &name);
    return rg_u64map_key(name.b);
}

struct rg_pending_slot *rg_pending__slot(struct rg_pending *p, uint64_t case_no, bool make)
{
    uint64_t value = 0;
    if (rg_u64map_get(&p->slots, case_no, &value)) {
        return (struct rg_pending_slot *)(uintptr_t)value;
    }
    if (!make) {
        return NULL;
    }
    struct rg_pending_slot *slot = calloc(1, sizeof *slot);
    if (slot != NULL && rg_u64map_put(&p->slots, case_no, (uint64_t)(uintptr_t)slot) != RG_OK) {
        free(slot);
        return NULL;
    }
    return slot;
}

rg_err rg_pending__index(struct rg_pending *p, struct rg_pending_case *c)
{
    struct rg_hash commitment;
    const struct rg_bytes id = {c->c.pseudonym.b, RG_ID_BYTES};
    const struct rg_bytes file = {(const uint8_t *)c->file, c->file_len};
    struct rg_pending_slot *slot = rg_pending__slot(p, c->c.case_no, true);
    if (slot == NULL) {
        return RG_ERR_NOMEM;
    }
    slot->fresh = c;
    rg_casebook_commitment(rg_vault_ledger(p->vault), c->c.opener, c->c.key, &commitment);
    rg_err err = rg_u64map_put(&p->files, rg_pending__name(p, "file", file), c->c.case_no);
    if (err == RG_OK) {
        err = rg_u64map_put(&p->pseudonyms, rg_pending__name(p, "pseudonym", id), c->c.case_no);
    }
    if (err == RG_OK) {
        err = rg_u64map_put(&p->commitments, rg_u64map_key(commitment.b), c->c.case_no);
    }
    return err;
}

rg_err rg_pending_find_file(struct rg_pending *p, struct rg_bytes file, uint64_t *out)
{
    if (rg_u64map_get(&p->files, rg_pending__name(p, "file", file), out)) {
        return RG_OK;
    }
    return rg_vault_case_find_file(p->vault, file, out);
}

rg_err rg_pending_find_pseudonym(struct rg_pending *p, const struct rg_id *pseudonym, uint64_t *out)
{
    const struct rg_bytes id = {pseudonym->b, RG_ID_BYTES};
    if (rg_u64map_get(&p->pseudonyms, rg_pending__name(p, "pseudonym", id), out)) {
        return RG_OK;
    }
    return rg_vault_case_find_pseudonym(p->vault, pseudonym, out);
}

rg_err rg_pending_find_commitment(struct rg_pending *p, const struct rg_hash *commitment,
                                  uint64_t *out)
{
    if (rg_u64map_get(&p->commitments, rg_u64map_key(commitment->b), out)) {
        return RG_OK;
    }
    return rg_vault_case_find_commitment(p->vault, commitment, out);
}

struct rg_pending_case *rg_pending_fresh(struct rg_pending *p, uint64_t case_no)
{
    const struct rg_pending_slot *slot = rg_pending__slot(p, case_no, false);
    return slot != NULL ? slot->fresh : NULL;
}

rg_err rg_pending_get_case(struct rg_pending *p, uint64_t case_no, const struct rg_vault_case **out)
{
    const struct rg_pending_case *fresh = rg_pending_fresh(p, case_no);
    struct rg_vault_case *c = NULL;
    if (fresh != NULL) {
        *out = &fresh->c;
        return RG_OK;
    }
    const rg_err err = rg_vault_case_load(p->vault, case_no, &c);
    if (err == RG_OK) {
        *out = c;
    }
    return err;
}

static struct rg_pending_held *held_of(const struct rg_pending *p, uint64_t key)
{
    uint64_t value = 0;
    return rg_u64map_get(&p->streams, key, &value) ? (struct rg_pending_held *)(uintptr_t)value
                                                   : NULL;
}

rg_err rg_pending_stream_high(struct rg_pending *p, const struct rg_id *stream, uint64_t *out)
{
    const uint64_t key = rg_pending__name(p, "stream", (struct rg_bytes){stream->b, RG_ID_BYTES});
    const struct rg_pending_held *held = held_of(p, key);
    uint64_t stored = 0;
    const rg_err err = rg_vault_list_get_stream(p->vault, stream, &stored);
    if (err == RG_OK) {
        *out = held != NULL && held->high > stored ? held->high : stored;
    }
    return err;
}

rg_err rg_pending_stream_hold(struct rg_pending *p, const struct rg_id *stream, uint64_t number)
{
    const uint64_t key = rg_pending__name(p, "stream", (struct rg_bytes){stream->b, RG_ID_BYTES});
    struct rg_pending_held *held = held_of(p, key);
    if (held == NULL) {
        held = calloc(1, sizeof *held);
        if (held == NULL) {
            return RG_ERR_NOMEM;
        }
        const rg_err err = rg_u64map_put(&p->streams, key, (uint64_t)(uintptr_t)held);
        if (err != RG_OK) {
            free(held);
            return err;
        }
    }
    held->refs++;
    held->high = number > held->high ? number : held->high;
    return RG_OK;
}

bool rg_pending_stream_is_held(struct rg_pending *p, const struct rg_id *stream)
{
    return held_of(p, rg_pending__name(p, "stream", (struct rg_bytes){stream->b, RG_ID_BYTES})) !=
           NULL;
}

void rg_pending_stream_release(struct rg_pending *p, const struct rg_id *stream)
{
    const uint64_t key = rg_pending__name(p, "stream", (struct rg_bytes){stream->b, RG_ID_BYTES});
    struct rg_pending_held *held = held_of(p, key);
    if (held != NULL && --held->refs == 0) {
        rg_u64map_del(&p->streams, key);
        free(held);
    }
}

void rg_pending_drop(struct rg_pending *p, struct rg_pending_sub **s)
{
    rg_pending__free(p, *s);
    *s = NULL;
}

void rg_pending_commit(struct rg_pending *p, struct rg_pending_sub *s, uint64_t token)
{
    s->token = token;
    s->next = NULL;
    *p->last = s;
    p->last = &s->next;
    p->count++;
}

void rg_pending_taken(struct rg_pending *p, uint64_t token, uint64_t sequence)
{
    for (struct rg_pending_sub *s = p->first; s != NULL; s = s->next) {
        if (s->token == token && s->sequence == 0) {
            s->sequence = sequence;
            return;
        }
    }
}

uint32_t rg_pending_count(const struct rg_pending *p)
{
    return p->count;
}

const struct rg_pending_sub *rg_pending_first(const struct rg_pending *p)
{
    return p->first;
}

/* Move what one submission brought into the vault. */
static rg_err store(struct rg_pending *p, const struct rg_pending_sub *s,
                    const struct rg_pending_absorb *a)
{
    rg_err err = RG_OK;
    for (const struct rg_pending_case *c = s->cases; c != NULL && err == RG_OK; c = c->next) {
        err = rg_vault_case_add(p->vault, &c->c);
        if (err == RG_OK) {
            err = rg_vault_case_name_file(
                p->vault, (struct rg_bytes){(const uint8_t *)c->file, c->file_len}, c->c.case_no);
        }
        for (uint32_t g = 0; g < RG_AGENCIES_MAX && err == RG_OK; g++) {
            const uint16_t peer = a->place_of[g];
            if ((c->c.readers >> g & 1) != 0 && g != p->agency && peer != UINT16_MAX &&
                (c->acked >> peer & 1) == 0) {
                err = rg_vault_list_owe(p->vault, peer, c->c.case_no);
            }
        }
    }
    for (const struct rg_pending_link *l = s->links; l != NULL && err == RG_OK; l = l->next) {
        err = rg_vault_case_name_file(
            p->vault, (struct rg_bytes){(const uint8_t *)l->file, l->file_len}, l->case_no);
        if (err == RG_ERR_EXISTS) {
            err = RG_OK; /* the first name stays */
        }
    }
    for (const struct rg_pending_stream *t = s->streams; t != NULL && err == RG_OK && a->accepted;
         t = t->next) {
        err = rg_vault_list_put_stream(p->vault, &t->stream, t->number);
    }
    return err;
}

rg_err rg_pending_absorb(struct rg_pending *p, const struct rg_pending_absorb *a, bool *out_known)
{
    struct rg_pending_sub **at = &p->first;
    while (*at != NULL && (*at)->sequence != a->sequence) {
        at = &(*at)->next;
    }
    struct rg_pending_sub *s = *at;
    if (s == NULL) {
        *out_known = false;
        return RG_OK;
    }
    const rg_err err = store(p, s, a);
    if (err != RG_OK) {
        return err;
    }
    *at = s->next;
    if (p->last == &s->next) {
        p->last = at;
    }
    p->count--;
    rg_pending__free(p, s);
    *out_known = true;
    return RG_OK;
}
