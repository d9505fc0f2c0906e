#include "node/agency/blocks.h"
#include "proto/ledger_codec.h"
#include <stdlib.h>

rg_err rg_blocks_new(struct rg_chain *chain, struct rg_blocks **out)
{
    struct rg_blocks *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return RG_ERR_NOMEM;
    }
    b->chain = chain;
    for (size_t i = 0; i < RG_BLOCKS_KEPT; i++) {
        const rg_err err = rg_arena_init(&b->one[i].arena, RG_LEDGER_CODEC_BLOCK_ARENA);
        if (err != RG_OK) {
            rg_blocks_destroy(&b);
            return err;
        }
    }
    *out = b;
    return RG_OK;
}

void rg_blocks_destroy(struct rg_blocks **b_p)
{
    struct rg_blocks *b = b_p != NULL ? *b_p : NULL;
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < RG_BLOCKS_KEPT; i++) {
        rg_arena_fini(&b->one[i].arena);
    }
    free(b);
    *b_p = NULL;
}

/* The one at @height, or the one that was not asked for longest. */
static struct rg_blocks_one *pick(struct rg_blocks *b, uint64_t height)
{
    struct rg_blocks_one *oldest = &b->one[0];
    for (size_t i = 0; i < RG_BLOCKS_KEPT; i++) {
        struct rg_blocks_one *o = &b->one[i];
        if (o->height == height) {
            oldest = o;
            break;
        }
        if (o->used < oldest->used) {
            oldest = o;
        }
    }
    oldest->used = ++b->clock;
    return oldest;
}

rg_err rg_blocks_take(struct rg_blocks *b, const struct rg_chain_block *stored,
                      const struct rg_blocks_one **out)
{
    struct rg_blocks_one *o = pick(b, stored->height);
    if (stored->height != 0 && o->height == stored->height) {
        *out = o;
        return RG_OK;
    }
    o->height = 0;
    rg_arena_reset(&o->arena);
    const rg_err err = rg_ledger_codec_decode_block(&o->arena, stored->bytes, &o->block);
    if (err != RG_OK) {
        return err == RG_ERR_NOMEM ? err : RG_ERR_CORRUPT;
    }
    const uint32_t count = o->block.header.submission_count;
    if (stored->result.len != count || count > RG_BLOCK_SUBMISSIONS_MAX ||
        o->block.header.height != stored->height) {
        return RG_ERR_CORRUPT;
    }
    if (count > 0) {
        memcpy(o->result, stored->result.data, count);
    }
    o->height = stored->height;
    *out = o;
    return RG_OK;
}

rg_err rg_blocks_load(struct rg_blocks *b, uint64_t height, const struct rg_blocks_one **out)
{
    struct rg_chain_view *view = NULL;
    struct rg_chain_block stored;
    for (size_t i = 0; i < RG_BLOCKS_KEPT && height != 0; i++) {
        if (b->one[i].height == height) {
            *out = pick(b, height);
            return RG_OK;
        }
    }
    rg_err err = rg_chain_view_open(b->chain, &view);
    if (err != RG_OK) {
        return err;
    }
    err = rg_chain_view_block(view, height, &stored);
    if (err == RG_OK) {
        err = rg_blocks_take(b, &stored, out);
    }
    rg_chain_view_close(&view);
    return err == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : err;
}

rg_err rg_blocks_entry(struct rg_blocks *b, uint64_t height, uint32_t submission, uint32_t entry,
                       struct rg_blocks_entry *out)
{
    const struct rg_blocks_one *o = NULL;
    const rg_err err = rg_blocks_load(b, height, &o);
    if (err != RG_OK) {
        return err;
    }
    if (submission >= o->block.header.submission_count ||
        entry >= o->block.submissions[submission].entry_count) {
        return RG_ERR_CORRUPT;
    }
    out->submission = &o->block.submissions[submission];
    out->entry = &out->submission->entries[entry];
    out->time_ms = o->block.header.time_ms;
    out->accepted = o->result[submission] == RG_VERDICT_ACCEPTED;
    return RG_OK;
}
