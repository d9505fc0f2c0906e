#include "node/agency/feed.h"
#include "base/num.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "node/agency/blocks.h"
#include "node/agency/recent.h"
#include "node/agency/vault.h"
#include <stdlib.h>

#define ENTRY_ARENA (128u * 1024u)

struct rg_feed {
    struct rg_vault *vault;
    const struct rg_genesis *genesis;
    struct rg_blocks *blocks;
    struct rg_recent *recent;
    struct rg_arena arena;
};

rg_err rg_feed_new(struct rg_vault *vault, struct rg_blocks *blocks,
                   const struct rg_genesis *genesis, struct rg_feed **out)
{
    struct rg_feed *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return RG_ERR_NOMEM;
    }
    f->vault = vault;
    f->genesis = genesis;
    f->blocks = blocks;
    rg_err err = rg_arena_init(&f->arena, ENTRY_ARENA);
    if (err == RG_OK) {
        err = rg_recent_new(&f->recent);
    }
    if (err != RG_OK) {
        rg_feed_destroy(&f);
        return err;
    }
    *out = f;
    return RG_OK;
}

void rg_feed_destroy(struct rg_feed **f_p)
{
    struct rg_feed *f = f_p != NULL ? *f_p : NULL;
    if (f == NULL) {
        return;
    }
    rg_arena_fini(&f->arena);
    rg_recent_destroy(&f->recent);
    free(f);
    *f_p = NULL;
}

struct rg_recent *rg_feed_recent(struct rg_feed *f)
{
    return f->recent;
}

/* What was opened once opens again; anything else is damage. */
static rg_err damage(rg_err err)
{
    return err == RG_ERR_SIGNATURE || err == RG_ERR_INVALID || err == RG_ERR_NOT_FOUND ||
                   err == RG_ERR_VERSION
               ? RG_ERR_CORRUPT
               : err;
}

/* Open the entry of @e->record again; gives the rest of @e. */
static rg_err reopen(struct rg_feed *f, const struct rg_casebook_keys *keys,
                     struct rg_recent_event *e)
{
    const struct rg_vault_place *p = &e->record.place;
    struct rg_blocks_entry at;
    struct rg_case_body body;
    rg_err err = rg_blocks_entry(f->blocks, p->height, p->submission, p->entry, &at);
    if (err != RG_OK) {
        return err;
    }
    e->writer = f->genesis->principal[at.submission->signer].agency;
    err = rg_casebook_open(&f->arena, keys, &f->genesis->ledger_id, e->writer, at.entry, &body);
    if (err == RG_OK) {
        e->member = body.member;
        e->pseudonym = body.pseudonym;
        e->event = body.event;
    }
    return err;
}

/* Tell event @no, whose record is in @e; the rest of it too when @whole. */
static rg_err tell(struct rg_feed *f, uint64_t no, struct rg_recent_event *e, bool whole,
                   rg_feed_fn fn, void *ctx)
{
    struct rg_vault_case *c = NULL;
    struct rg_event event;
    rg_err err = rg_vault_case_load(f->vault, e->record.case_no, &c);
    if (err != RG_OK) {
        return damage(err);
    }
    struct rg_casebook_keys keys = c->keys;
    rg_arena_reset(&f->arena);
    err = whole ? RG_OK : reopen(f, &keys, e);
    if (err == RG_OK) {
        err = rg_ledger_codec_decode_event(&f->arena, e->event, &event);
    }
    if (err == RG_OK) {
        const struct rg_feed_event told = {
            .feed_no = no,
            .case_no = e->record.case_no,
            .event_no = e->record.event_no,
            .pseudonym = e->pseudonym,
            .height = e->record.place.height,
            .submission = e->record.place.submission,
            .entry = e->record.place.entry,
            .time_ms = e->record.time_ms,
            .writer = e->writer,
            .member = e->member,
            .readers = c->readers,
            .event = &event,
            .event_bytes = e->event,
            .rest_key = keys.rest,
        };
        err = fn(ctx, &told);
    } else {
        err = damage(err);
    }
    rg_rand_wipe(&keys, sizeof keys);
    return err;
}

rg_err rg_feed_read(struct rg_feed *f, uint64_t from, uint32_t max, rg_feed_fn fn, void *ctx,
                    uint64_t *out_next)
{
    RG_ASSERT(from >= 1);
    const uint64_t tip = rg_feed_tip(f);
    uint64_t no = from;
    rg_err err = from <= tip && max > 0 ? rg_vault_begin_read(f->vault) : RG_OK;
    if (err != RG_OK) {
        *out_next = from;
        return err;
    }
    for (; no <= tip && no - from < max && err == RG_OK; no++) {
        struct rg_recent_event e = {.writer = 0};
        const bool whole = rg_recent_get(f->recent, no, &e);
        err = whole ? RG_OK : rg_vault_list_get_feed(f->vault, no, &e.record);
        err = err == RG_OK ? tell(f, no, &e, whole, fn, ctx) : damage(err);
        if (err != RG_OK) {
            break;
        }
    }
    if (from <= tip && max > 0) {
        rg_vault_end(f->vault);
    }
    *out_next = no;
    return err;
}

/* The feed numbers of a case's events @from.. , found by walking back from its newest. Gives a list
 * of
 * @count numbers for events @from, @from + 1, ... */
static rg_err walk_back(struct rg_feed *f, uint64_t last, uint32_t event_count,
                        const struct rg_feed_range *range, uint64_t *list, uint32_t count)
{
    uint64_t no = last;
    for (uint32_t event_no = event_count; event_no > range->from; event_no--) {
        struct rg_vault_feed record;
        const rg_err err = rg_vault_list_get_feed(f->vault, no, &record);
        if (err != RG_OK) {
            return damage(err);
        }
        if (record.case_no != range->case_no || record.event_no != event_no - 1) {
            return RG_ERR_CORRUPT;
        }
        if (event_no - 1 - range->from < count) {
            list[event_no - 1 - range->from] = no;
        }
        no = record.previous;
    }
    return RG_OK;
}

static rg_err tell_case(struct rg_feed *f, const struct rg_feed_range *range, rg_feed_fn fn,
                        void *ctx)
{
    struct rg_vault_case *c = NULL;
    rg_err err = rg_vault_case_load(f->vault, range->case_no, &c);
    if (err != RG_OK) {
        return err == RG_ERR_NOT_FOUND ? err : damage(err);
    }
    const uint64_t last = c->last_feed;
    const uint32_t event_count = c->event_count;
    const uint32_t count =
        event_count > range->from ? (uint32_t)rg_num_min(event_count - range->from, range->max) : 0;
    if (count == 0) {
        return RG_OK;
    }
    uint64_t *list = calloc(count, sizeof *list);
    if (list == NULL) {
        return RG_ERR_NOMEM;
    }
    err = walk_back(f, last, event_count, range, list, count);
    for (uint32_t i = 0; i < count && err == RG_OK && list[i] <= range->through; i++) {
        struct rg_recent_event e = {.writer = 0};
        err = rg_vault_list_get_feed(f->vault, list[i], &e.record);
        err = err == RG_OK ? tell(f, list[i], &e, false, fn, ctx) : damage(err);
    }
    free(list);
    return err;
}

rg_err rg_feed_read_case(struct rg_feed *f, const struct rg_feed_range *range, rg_feed_fn fn,
                         void *ctx)
{
    rg_err err = rg_vault_begin_read(f->vault);
    if (err == RG_OK) {
        err = tell_case(f, range, fn, ctx);
        rg_vault_end(f->vault);
    }
    return err;
}

uint64_t rg_feed_tip(const struct rg_feed *f)
{
    return rg_vault_get_meta(f->vault)->feed_tip;
}

void rg_feed_counts(const struct rg_feed *f, struct rg_feed_counts *out)
{
    const struct rg_vault_meta *m = rg_vault_get_meta(f->vault);
    *out = (struct rg_feed_counts){
        .tip = m->feed_tip,
        .height = m->height,
        .time_ms = m->time_ms,
        .cases = m->cases,
        .parked = rg_vault_list_parked_count(f->vault),
        .unreadable = m->unreadable,
        .occurred_max_ms = m->occurred_max_ms,
    };
}

rg_err rg_feed_get_case(struct rg_feed *f, uint64_t case_no, struct rg_feed_case *out)
{
    struct rg_vault_case *c = NULL;
    rg_err err = rg_vault_case_load(f->vault, case_no, &c);
    if (err != RG_OK) {
        return err == RG_ERR_NOT_FOUND ? err : damage(err);
    }
    memset(out, 0, sizeof *out);
    out->case_no = case_no;
    out->pseudonym = c->pseudonym;
    memcpy(out->rest_key, c->keys.rest, RG_KEY_BYTES);
    out->readers = c->readers;
    out->opener = c->opener;
    out->event_count = c->event_count;
    err = rg_vault_case_get_file(f->vault, case_no, out->file, &out->file_len);
    return err == RG_ERR_NOT_FOUND ? RG_OK : damage(err);
}

rg_err rg_feed_next_case(struct rg_feed *f, uint64_t after, uint64_t *out_case_no)
{
    const rg_err err = rg_vault_case_next(f->vault, after, out_case_no);
    return err == RG_ERR_NOT_FOUND ? err : damage(err);
}
