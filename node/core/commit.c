/* A block became final: results, state, what is told, what is forgotten. */
#include "node/core/core_priv.h"

#include <stdlib.h>

/* Hand the block to the archive. */
static void tell_final(struct rg_core *c, const struct rg_blocknode *n, const struct rg_cert *final)
{
    struct rg_core_final *f = rg_outbox_take(&c->out, sizeof *f);
    uint8_t *state = rg_outbox_take(&c->out, RG_STATE_BYTES_MAX);
    if (f == NULL || state == NULL) {
        return;
    }
    memset(f, 0, sizeof *f);
    f->height = n->info.height;
    f->time_ms = n->info.time_ms;
    f->hash = n->info.hash;
    f->block = rg_outbox_copy(&c->out, (struct rg_bytes){n->bytes, n->len});
    f->results = rg_outbox_copy(&c->out, (struct rg_bytes){n->results, n->count});
    f->state = (struct rg_bytes){state, rg_state_encode(n->state, state)};
    if (final != NULL && rg_hash_eq(&final->cand.hash, &n->info.hash)) {
        const size_t cap = rg_cert_size(final);
        uint8_t *p = rg_outbox_take(&c->out, cap);
        size_t len = 0;
        if (p != NULL && rg_cert_encode(final, p, cap, &len) == RG_OK) {
            f->cert = (struct rg_bytes){p, len};
        }
    }
    rg_outbox_add(&c->out, RG_CORE_FINAL)->block = f;
}

/* Tell the agency side about its submissions in @n. An expired one, or one behind a gap, is not
 * over: it goes out again. */
static void tell_own(struct rg_core *c, const struct rg_blocknode *n)
{
    for (uint32_t i = 0; i < n->own_count; i++) {
        const struct rg_blocknode_own *o = &n->own[i];
        const uint8_t result = n->results[o->index];
        struct rg_ownlog_item *item = rg_ownlog_find(&c->own, o->sequence);
        if (item == NULL || item->height != 0 || result == RG_VERDICT_EXPIRED ||
            result == RG_VERDICT_FUTURE_SEQUENCE || result == RG_VERDICT_STALE_SEQUENCE) {
            continue;
        }
        rg_ownlog_final(&c->own, item, n->info.height);
        rg_turn__barrier(c); /* final for a client: the certificate is in the journal */
        struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_OWN_FINAL);
        a->sequence = o->sequence;
        a->token = item->token;
        a->height = n->info.height;
        a->index = o->index;
        a->result = result;
        a->hash = o->hash;
    }
}

void rg_commit__block(struct rg_core *c, struct rg_blocknode *n, const struct rg_cert *final)
{
    if (!rg_hash_eq(&n->info.parent, &c->tip.info.hash) ||
        n->info.height != c->tip.info.height + 1) {
        rg_core__halt(c, "a final block does not follow the last final block");
        return;
    }
    const bool was_final = n->final;
    rg_blocktree_finalize(&c->tree, n);
    if (n->verdict != RG_BLOCKNODE_VALID) {
        n->verdict = RG_BLOCKNODE_UNJUDGED;
    }
    if (was_final || !rg_judge__run(c, n) || n->verdict != RG_BLOCKNODE_VALID) {
        rg_core__halt(c,
                      "a final block is not valid here: this node's state differs from its peers'");
        return;
    }
    tell_final(c, n, final);
    *c->tip.state = *n->state;
    c->tip.info = n->info;
    c->final_ms = c->now.mono_ms;
    c->demand_ms = 0;
    free(n->state);
    n->state = NULL;
    for (uint32_t s = 0; s < c->genesis->principal_count; s++) {
        rg_mempool_prune(c->pool, s, c->tip.state->sequence[s]);
    }
    tell_own(c, n);
    free(n->results);
    n->results = NULL;
    rg_fetch__done(c, &n->info.hash);
}

void rg_commit__prune(struct rg_core *c)
{
    /* Only when the consensus has told all that it knows as final. */
    if (c->halted || !rg_hash_eq(&rg_cons_tip(c->cons)->hash, &c->tip.info.hash)) {
        return;
    }
    const uint64_t lf = rg_cons_final_view(c->cons);
    if (lf == c->pruned_view && c->tip.info.height == c->pruned_height) {
        return;
    }
    c->pruned_view = lf;
    c->pruned_height = c->tip.info.height;
    struct rg_blocknode *n = c->tree.first;
    while (n != NULL) {
        struct rg_blocknode *next = n->next;
        if (!n->final && (n->info.view <= lf || n->info.height <= c->tip.info.height)) {
            c->wanted -= n->wanted;
            rg_blocktree_remove(&c->tree, n);
        }
        n = next;
    }
}
