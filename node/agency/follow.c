#include "node/agency/follow.h"
#include "base/bytes.h"
#include "base/failpoint.h"
#include "base/num.h"
#include "base/panic.h"
#include "ledger/verdict.h"
#include "node/agency/follow_priv.h"
#include <stdlib.h>

#define PARKED_MAX (1u << 22) /* entries collected for one group of keys */

rg_err rg_follow_new(const struct rg_follow_config *c, struct rg_follow **out)
{
    struct rg_follow *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return RG_ERR_NOMEM;
    }
    f->c = *c;
    f->agency = c->genesis->principal[c->principal].agency;
    const rg_err err = rg_arena_init(&f->arena, RG_FOLLOW_ARENA);
    if (err != RG_OK) {
        rg_follow_destroy(&f);
        return err;
    }
    *out = f;
    return RG_OK;
}

void rg_follow_destroy(struct rg_follow **f_p)
{
    struct rg_follow *f = f_p != NULL ? *f_p : NULL;
    if (f == NULL) {
        return;
    }
    rg_arena_fini(&f->arena);
    free(f);
    *f_p = NULL;
}

uint64_t rg_follow_ballots(const struct rg_follow *f)
{
    return f->ballots;
}

uint64_t rg_follow_opened(const struct rg_follow *f, uint32_t agency)
{
    return agency < RG_AGENCIES_MAX ? f->opened[agency] : 0;
}

/* Whether the number is not used up: the same entries come again under it, with their tags. Nothing
 * of this first coming may count, whoever brought it into a block. */
static bool comes_again(uint8_t verdict)
{
    return verdict == RG_VERDICT_EXPIRED || verdict == RG_VERDICT_FUTURE_SEQUENCE ||
           verdict == RG_VERDICT_STALE_SEQUENCE;
}

static rg_err follow_submission(struct rg_follow *f, const struct rg_blocks_one *b, uint32_t index)
{
    const struct rg_submission *s = &b->block.submissions[index];
    const struct rg_genesis *g = f->c.genesis;
    struct rg_vault_meta *meta = rg_vault_get_meta(f->c.vault);
    if (s->signer >= g->principal_count) {
        return RG_ERR_CORRUPT; /* such a block is never valid */
    }
    if (comes_again(b->result[index])) {
        return RG_OK;
    }
    if (s->entries[0].kind != RG_ENTRY_CASE) {
        f->ballots += b->result[index] == RG_VERDICT_ACCEPTED ? 1 : 0;
        if (s->signer == f->c.principal && s->sequence > meta->own_sequence) {
            meta->own_sequence = s->sequence;
        }
        return RG_OK; /* about the federation, not about a case */
    }
    struct rg_follow_item item = {
        .place = {.height = b->height, .submission = index},
        .time_ms = b->block.header.time_ms,
        .writer = g->principal[s->signer].agency,
        .accepted = b->result[index] == RG_VERDICT_ACCEPTED,
    };
    if (s->signer == f->c.principal) {
        const struct rg_pending_absorb a = {
            .sequence = s->sequence, .accepted = item.accepted, .place_of = f->c.place_of};
        const rg_err err = rg_pending_absorb(f->c.pending, &a, &item.own);
        if (err != RG_OK) {
            return err;
        }
        if (s->sequence > meta->own_sequence) {
            meta->own_sequence = s->sequence;
        }
    }
    for (uint32_t i = 0; i < s->entry_count; i++) {
        item.entry = &s->entries[i];
        item.place.entry = i;
        const rg_err err = rg_follow__entry(f, &item);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

static rg_err follow_block(void *ctx, const struct rg_chain_block *stored)
{
    struct rg_follow *f = ctx;
    struct rg_vault_meta *meta = rg_vault_get_meta(f->c.vault);
    if (stored->height > f->last) {
        return RG_OK;
    }
    if (stored->height != meta->height + 1) {
        return RG_ERR_CORRUPT;
    }
    const struct rg_blocks_one *b = NULL;
    rg_err err = rg_blocks_take(f->c.blocks, stored, &b);
    for (uint32_t i = 0; err == RG_OK && i < b->block.header.submission_count; i++) {
        err = follow_submission(f, b, i);
    }
    if (err == RG_OK) {
        meta->height = stored->height;
        meta->time_ms = b->block.header.time_ms;
    }
    return err;
}

rg_err rg_follow_step(struct rg_follow *f, uint64_t last, uint64_t budget, bool *out_more)
{
    struct rg_chain_tip tip;
    uint64_t next = 0;
    const uint64_t from = rg_vault_get_meta(f->c.vault)->height + 1;
    rg_err err = rg_chain_tip(f->c.chain, &tip);
    if (err != RG_OK) {
        return err;
    }
    *out_more = false;
    if (tip.height + 1 < from) {
        return RG_ERR_CORRUPT; /* the vault is ahead of the chain */
    }
    if (rg_num_min(tip.height, last) < from) {
        return RG_OK;
    }
    f->last = last;
    err = rg_vault_begin_write(f->c.vault);
    if (err != RG_OK) {
        return err;
    }
    err = rg_chain_walk(f->c.chain, from, budget, follow_block, f, &next);
    if (err != RG_OK) {
        rg_vault_end(f->c.vault);
        return err;
    }
    *out_more = true;
    RG_FAILPOINT("agency.follow");
    return rg_vault_commit(f->c.vault);
}

void rg_follow__parked_id(const struct rg_follow *f, uint32_t writer, const struct rg_id *tag,
                          struct rg_id *out)
{
    uint8_t text[4 + RG_ID_BYTES];
    struct rg_writer w = rg_bytes_writer(text, sizeof text);
    rg_bytes_put_u32(&w, writer);
    rg_bytes_put(&w, tag->b, RG_ID_BYTES);
    rg_vault_name(f->c.vault, "parked", (struct rg_bytes){text, w.len}, out);
}

/* A parked entry whose case is known now. */
struct found {
    struct rg_vault_place place;
    struct rg_id id; /* under which it is parked */
    uint64_t opens;  /* case number, when it opens that case; else 0 */
};

struct found_list {
    struct found *items;
    size_t count;
    size_t cap;
};

static rg_err push(struct found_list *l, const struct found *item)
{
    if (l->count == l->cap) {
        const size_t cap = l->cap == 0 ? 256 : l->cap * 2;
        struct found *items = cap <= PARKED_MAX ? realloc(l->items, cap * sizeof *items) : NULL;
        if (items == NULL) {
            return RG_ERR_NOMEM;
        }
        l->items = items;
        l->cap = cap;
    }
    l->items[l->count++] = *item;
    return RG_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct rg_vault_place *x = &((const struct found *)a)->place;
    const struct rg_vault_place *y = &((const struct found *)b)->place;
    if (x->height != y->height) {
        return x->height < y->height ? -1 : 1;
    }
    if (x->submission != y->submission) {
        return x->submission < y->submission ? -1 : 1;
    }
    return x->entry < y->entry ? -1 : x->entry > y->entry ? 1 : 0;
}

/* Find the entry that agency @writer has written under its @counter. */
static rg_err find_parked(struct rg_follow *f, const struct rg_vault_case *c, uint32_t writer,
                          uint64_t counter, struct found *out)
{
    struct rg_id tag;
    rg_casebook_tag(&f->c.genesis->ledger_id, c->keys.tag, writer, counter, &tag);
    rg_follow__parked_id(f, writer, &tag, &out->id);
    return rg_vault_list_get_parked(f->c.vault, &out->id, &out->place);
}

/* The parked entries of one writer, found by their tags alone. */
static rg_err collect_writer(struct rg_follow *f, const struct rg_vault_case *c, uint32_t writer,
                             uint64_t counter, struct found_list *l)
{
    rg_err err = RG_OK;
    while (err == RG_OK) {
        struct found item = {.opens = 0};
        err = find_parked(f, c, writer, counter++, &item);
        if (err == RG_OK) {
            err = push(l, &item);
        }
    }
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

/* Everybody sees a commitment before it is on the ledger and may have used it first; the case is
 * opened by the entry that carries the opener's tag. */
static rg_err collect(struct rg_follow *f, uint64_t case_no, struct found_list *l)
{
    struct rg_vault_case *c = NULL;
    struct rg_hash commitment;
    struct rg_vault_missing m;
    struct found opening = {.opens = case_no};
    rg_err err = rg_vault_case_load(f->c.vault, case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    rg_casebook_commitment(&f->c.genesis->ledger_id, c->opener, c->key, &commitment);
    err = rg_vault_list_get_missing(f->c.vault, &commitment, &m);
    if (err == RG_OK) {
        err = rg_vault_list_found(f->c.vault, &commitment);
    }
    if (err == RG_OK) {
        err = find_parked(f, c, c->opener, 0, &opening);
    }
    if (err == RG_OK) {
        err = push(l, &opening);
    }
    for (uint32_t a = 0; a < f->c.genesis->agency_count && err == RG_OK; a++) {
        err = collect_writer(f, c, a, a == c->opener ? 1 : 0, l);
    }
    return err == RG_ERR_NOT_FOUND ? RG_OK : err; /* its opening entry is still to come */
}

static rg_err settle(struct rg_follow *f, const struct found *it)
{
    struct rg_blocks_entry at;
    rg_err err =
        rg_blocks_entry(f->c.blocks, it->place.height, it->place.submission, it->place.entry, &at);
    if (err != RG_OK) {
        return err;
    }
    const struct rg_follow_item item = {
        .entry = at.entry,
        .place = it->place,
        .time_ms = at.time_ms,
        .writer = f->c.genesis->principal[at.submission->signer].agency,
        .accepted = at.accepted,
    };
    err = rg_vault_list_unpark(f->c.vault, &it->id);
    if (err != RG_OK && err != RG_ERR_NOT_FOUND) {
        return err;
    }
    return it->opens != 0 ? rg_follow__opening(f, &item, it->opens) : rg_follow__entry(f, &item);
}

/* With no key missing, what is still parked can never be opened. */
static rg_err give_up_rest(struct rg_follow *f)
{
    struct rg_id tag;
    struct rg_follow_item item = {0};
    struct rg_blocks_entry at;
    while (rg_vault_list_missing_count(f->c.vault) == 0 &&
           rg_vault_list_parked_count(f->c.vault) > 0) {
        rg_err err = rg_vault_list_any_parked(f->c.vault, &tag, &item.place);
        if (err == RG_OK) {
            err = rg_blocks_entry(f->c.blocks, item.place.height, item.place.submission,
                                  item.place.entry, &at);
        }
        if (err == RG_OK) {
            item.writer = f->c.genesis->principal[at.submission->signer].agency;
            rg_follow__alarm(f, &item, "it belongs to no case that is known here");
            err = rg_vault_list_unpark(f->c.vault, &tag);
        }
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

rg_err rg_follow_unpark(struct rg_follow *f, const uint64_t *case_nos, size_t count)
{
    struct found_list l = {0};
    rg_err err = RG_OK;
    for (size_t i = 0; i < count && err == RG_OK; i++) {
        err = collect(f, case_nos[i], &l);
    }
    if (l.count > 0) {
        qsort(l.items, l.count, sizeof *l.items, by_place);
    }
    for (size_t i = 0; i < l.count && err == RG_OK; i++) {
        err = settle(f, &l.items[i]);
    }
    if (err == RG_OK) {
        err = give_up_rest(f);
    }
    free(l.items);
    return err;
}
