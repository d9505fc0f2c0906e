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

/* How events are told. */
struct telling {
    uint64_t as_of;
    bool as_recorded;
    rg_feed_fn fn;
    void *ctx;
};

/* Open the entry at @p again; gives the parts of @e that are not its record. */
static rg_err reopen(struct rg_feed *f, const struct rg_casebook_keys *keys,
                     const struct rg_vault_place *p, struct rg_recent_event *e)
{
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

/* Say in @told who made the event of record @r void, if anybody up to @as_of did. */
static rg_err note_void(struct rg_feed *f, const struct rg_vault_feed *r, uint64_t as_of,
                        struct rg_feed_event *told)
{
    struct rg_vault_feed by;
    if (r->void_how == RG_ABOUT_NONE || r->void_by > as_of) {
        return RG_OK;
    }
    const rg_err err = rg_vault_list_get_feed(f->vault, r->void_by, &by);
    if (err == RG_OK) {
        told->standing =
            r->void_how == RG_ABOUT_CANCEL ? RG_STANDING_CANCELLED : RG_STANDING_CORRECTED;
        told->by_height = by.place.height;
        told->by_submission = by.place.submission;
        told->by_entry = by.place.entry;
    }
    return err;
}

/* What counts in place of the event in @e: corrections of it, and of them, up to @as_of. */
static rg_err amend(struct rg_feed *f, const struct rg_casebook_keys *keys, uint64_t as_of,
                    struct rg_recent_event *e, struct rg_event *event)
{
    struct rg_vault_feed r = e->record;
    bool corrected = false;
    while (r.void_how == RG_ABOUT_CORRECT && r.void_by <= as_of) { /* void_by only grows */
        struct rg_vault_feed by;
        const rg_err err = rg_vault_list_get_feed(f->vault, r.void_by, &by);
        if (err != RG_OK || by.case_no != r.case_no) {
            return err == RG_OK ? RG_ERR_CORRUPT : err;
        }
        r = by;
        corrected = true;
    }
    e->record.place = r.place;
    e->record.void_how = r.void_how;
    e->record.void_by = r.void_by;
    if (!corrected) {
        return RG_OK;
    }
    rg_arena_reset(&f->arena);
    const rg_err err = reopen(f, keys, &r.place, e);
    return err == RG_OK ? rg_ledger_codec_decode_event(&f->arena, e->event, event) : err;
}

/* Tell event @no, whose record is in @e; the rest of it too when @whole. */
static rg_err tell(struct rg_feed *f, uint64_t no, struct rg_recent_event *e, bool whole,
                   const struct telling *how)
{
    struct rg_vault_case *c = NULL;
    struct rg_event event;
    rg_err err = rg_vault_case_load(f->vault, e->record.case_no, &c);
    if (err != RG_OK) {
        return damage(err);
    }
    struct rg_casebook_keys keys = c->keys;
    struct rg_feed_event told = {.feed_no = no, .readers = c->readers, .rest_key = keys.rest};
    rg_arena_reset(&f->arena);
    err = whole ? RG_OK : reopen(f, &keys, &e->record.place, e);
    if (err == RG_OK) {
        err = rg_ledger_codec_decode_event(&f->arena, e->event, &event);
    }
    const bool about = err == RG_OK && event.about.kind != RG_ABOUT_NONE;
    if (err == RG_OK && !about && !how->as_recorded) {
        err = amend(f, &keys, how->as_of, e, &event);
    }
    told.standing = about ? RG_STANDING_ABOUT : RG_STANDING_COUNTS;
    if (err == RG_OK && (!about || how->as_recorded)) {
        err = note_void(f, &e->record, how->as_of, &told);
    }
    if (err == RG_OK) {
        told.case_no = e->record.case_no;
        told.event_no = e->record.event_no;
        told.pseudonym = e->pseudonym;
        told.height = e->record.place.height;
        told.submission = e->record.place.submission;
        told.entry = e->record.place.entry;
        told.time_ms = e->record.time_ms;
        told.writer = e->writer;
        told.member = e->member;
        told.event = &event;
        told.event_bytes = e->event;
        err = how->fn(how->ctx, &told);
    } else {
        err = damage(err);
    }
    rg_rand_wipe(&keys, sizeof keys);
    return err;
}

rg_err rg_feed_read(struct rg_feed *f, const struct rg_feed_span *span, rg_feed_fn fn, void *ctx,
                    uint64_t *out_next)
{
    RG_ASSERT(span->from >= 1);
    const struct telling how = {.as_of = span->as_of, .fn = fn, .ctx = ctx};
    const uint64_t tip = rg_feed_tip(f);
    const bool some = span->from <= tip && span->max > 0;
    uint64_t no = span->from;
    rg_err err = some ? rg_vault_begin_read(f->vault) : RG_OK;
    if (err != RG_OK) {
        *out_next = no;
        return err;
    }
    for (; no <= tip && no - span->from < span->max && err == RG_OK; no++) {
        struct rg_recent_event e = {.writer = 0};
        /* What was kept in memory does not know what came after it. */
        const bool whole = span->as_of <= no && rg_recent_get(f->recent, no, &e);
        err = whole ? RG_OK : rg_vault_list_get_feed(f->vault, no, &e.record);
        err = err == RG_OK ? tell(f, no, &e, whole, &how) : damage(err);
        if (err != RG_OK) {
            break;
        }
    }
    if (some) {
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
    const struct telling how = {
        .as_of = range->through, .as_recorded = range->as_recorded, .fn = fn, .ctx = ctx};
    err = walk_back(f, last, event_count, range, list, count);
    for (uint32_t i = 0; i < count && err == RG_OK && list[i] <= range->through; i++) {
        struct rg_recent_event e = {.writer = 0};
        err = rg_vault_list_get_feed(f->vault, list[i], &e.record);
        err = err == RG_OK ? tell(f, list[i], &e, false, &how) : damage(err);
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

rg_err rg_feed_next_changed(struct rg_feed *f, struct rg_feed_changes *c, uint64_t *out_case_no)
{
    const uint64_t end = rg_num_min(c->through, rg_feed_tip(f));
    rg_err err = RG_ERR_NOT_FOUND;
    if (c->after >= end) {
        c->next = rg_num_max(c->next, end + 1);
        return err;
    }
    c->next = rg_num_max(c->next, c->after + 1);
    rg_err read = rg_vault_begin_read(f->vault);
    if (read != RG_OK) {
        return read;
    }
    while (err == RG_ERR_NOT_FOUND && read == RG_OK && c->next <= end && c->left > 0) {
        struct rg_vault_feed record;
        c->left--;
        read = damage(rg_vault_list_get_feed(f->vault, c->next, &record));
        if (read == RG_OK && record.previous <= c->after) {
            *out_case_no = record.case_no;
            err = RG_OK;
        } else {
            c->next++;
        }
    }
    rg_vault_end(f->vault);
    return read == RG_OK ? err : read;
}
