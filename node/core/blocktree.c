#include "node/core/blocktree.h"

#include <stdlib.h>

struct rg_block_info rg_blocktree_info(const struct rg_block *b)
{
    return (struct rg_block_info){.hash = b->hash,
                                  .parent = b->header.parent,
                                  .height = b->header.height,
                                  .view = b->header.view,
                                  .time_ms = b->header.time_ms,
                                  .has_entries = b->header.submission_count > 0,
                                  .epoch_last = b->header.epoch_last};
}

static size_t bucket_of(const struct rg_hash *hash)
{
    return ((size_t)hash->b[0] | (size_t)hash->b[1] << 8) % RG_BLOCKTREE_BUCKETS;
}

static void free_node(struct rg_blocknode *n)
{
    free(n->bytes);
    free(n->state);
    free(n->results);
    free(n->own);
    free(n);
}

void rg_blocktree_fini(struct rg_blocktree *t)
{
    struct rg_blocknode *n = t->first;
    while (n != NULL) {
        struct rg_blocknode *next = n->next;
        free_node(n);
        n = next;
    }
    memset(t, 0, sizeof *t);
}

struct rg_blocknode *rg_blocktree_find(const struct rg_blocktree *t, const struct rg_hash *hash)
{
    struct rg_blocknode *n = t->buckets[bucket_of(hash)];
    while (n != NULL && !rg_hash_eq(&n->info.hash, hash)) {
        n = n->bucket_next;
    }
    return n;
}

/* Note which submissions are @signer's. */
static rg_err note_own(struct rg_blocknode *n, const struct rg_block *b, uint32_t signer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        count += b->submissions[i].signer == signer;
    }
    if (count == 0) {
        return RG_OK;
    }
    n->own = calloc(count, sizeof *n->own);
    if (n->own == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        const struct rg_submission *s = &b->submissions[i];
        if (s->signer == signer) {
            n->own[n->own_count++] =
                (struct rg_blocknode_own){.index = i, .sequence = s->sequence, .hash = s->hash};
        }
    }
    return RG_OK;
}

rg_err rg_blocktree_put(struct rg_blocktree *t, const struct rg_block *b, uint32_t signer,
                        struct rg_blocknode **out)
{
    struct rg_blocknode *n = rg_blocktree_find(t, &b->hash);
    if (n != NULL) {
        *out = n;
        return RG_OK;
    }
    n = calloc(1, sizeof *n);
    if (n == NULL) {
        return RG_ERR_NOMEM;
    }
    n->bytes = malloc(b->bytes.len > 0 ? b->bytes.len : 1);
    if (n->bytes == NULL || note_own(n, b, signer) != RG_OK) {
        free_node(n);
        return RG_ERR_NOMEM;
    }
    memcpy(n->bytes, b->bytes.data, b->bytes.len);
    n->len = b->bytes.len;
    n->info = rg_blocktree_info(b);
    n->count = b->header.submission_count;
    struct rg_blocknode **bucket = &t->buckets[bucket_of(&b->hash)];
    n->bucket_next = *bucket;
    *bucket = n;
    n->prev = t->last;
    if (t->last != NULL) {
        t->last->next = n;
    } else {
        t->first = n;
    }
    t->last = n;
    t->live_bytes += n->len;
    t->live_count++;
    *out = n;
    return RG_OK;
}

void rg_blocktree_remove(struct rg_blocktree *t, struct rg_blocknode *n)
{
    struct rg_blocknode **p = &t->buckets[bucket_of(&n->info.hash)];
    while (*p != n) {
        p = &(*p)->bucket_next;
    }
    *p = n->bucket_next;
    if (n->prev != NULL) {
        n->prev->next = n->next;
    } else {
        t->first = n->next;
    }
    if (n->next != NULL) {
        n->next->prev = n->prev;
    } else {
        t->last = n->prev;
    }
    if (n->archived) {
        t->tail_bytes -= n->len;
        t->tail_count--;
    } else {
        t->live_bytes -= n->len;
        t->final_bytes -= n->final ? n->len : 0;
        t->live_count--;
    }
    free_node(n);
}

void rg_blocktree_finalize(struct rg_blocktree *t, struct rg_blocknode *n)
{
    if (!n->final) {
        n->final = true;
        t->final_bytes += n->len;
    }
}

void rg_blocktree_archive(struct rg_blocktree *t, struct rg_blocknode *n)
{
    if (n->archived) {
        return;
    }
    n->archived = true;
    t->live_bytes -= n->len;
    t->final_bytes -= n->len;
    t->live_count--;
    t->tail_bytes += n->len;
    t->tail_count++;
    struct rg_blocknode *at = t->first;
    while (at != NULL &&
           (t->tail_count > RG_BLOCKTREE_TAIL_COUNT || t->tail_bytes > RG_BLOCKTREE_TAIL_BYTES)) {
        struct rg_blocknode *next = at->next;
        if (at->archived) {
            rg_blocktree_remove(t, at);
        }
        at = next;
    }
}
