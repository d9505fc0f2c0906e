/* My own blocks: submissions in the order of their numbers, taken off where the parent ends. What
 * an ancestor holds already has a number that the parent's state knows as used. */
#include "node/core/core_priv.h"

#include "base/num.h"

/* What the header, the block's framing and each submission's framing may take. */
#define FRAMING_BLOCK 2048u
#define FRAMING_SUBMISSION 8u
/* Tiny entries take more memory decoded than on the wire: this many fit into every decoder's arena.
 */
#define ENTRIES_MAX 8192u

struct selection {
    struct rg_bytes list[RG_BLOCK_SUBMISSIONS_MAX];
    struct rg_submission head[RG_BLOCK_SUBMISSIONS_MAX]; /* hash, signer and sequence only */
    uint32_t count;
    uint32_t entries;
    size_t bytes;
};

/* Whether principal @signer may sign at @time_ms; a rejected submission would only take room. */
static bool may_sign(const struct rg_genesis *g, uint32_t signer, uint64_t time_ms)
{
    const struct rg_principal *p = &g->principal[signer];
    return time_ms >= p->valid_from_ms && (p->valid_to_ms == 0 || time_ms < p->valid_to_ms);
}

/* Take what @signer has from number @sequence + 1 on; false when the block is full. */
static bool select_signer(const struct rg_core *c, struct selection *s, uint32_t signer,
                          uint64_t sequence, uint64_t time_ms)
{
    const struct rg_mempool_queue *q = &c->pool->queue[signer];
    const size_t max = c->block_max - FRAMING_BLOCK;
    uint32_t i = 0;
    while (i < q->count && q->items[i]->sequence <= sequence) {
        i++;
    }
    for (; i < q->count && q->items[i]->sequence == sequence + 1; i++, sequence++) {
        const struct rg_mempool_item *item = q->items[i];
        if (item->expires_ms <= time_ms) {
            return true;
        }
        if (s->count == RG_BLOCK_SUBMISSIONS_MAX || s->entries + item->entries > ENTRIES_MAX ||
            s->bytes + item->len + FRAMING_SUBMISSION > max) {
            return false;
        }
        s->list[s->count] = (struct rg_bytes){item->bytes, item->len};
        s->head[s->count] = (struct rg_submission){
            .hash = item->hash, .signer = item->signer, .sequence = item->sequence};
        s->count++;
        s->entries += item->entries;
        s->bytes += item->len + FRAMING_SUBMISSION;
    }
    return true;
}

/* Fill @s; the signer who comes first changes with the view, so that none is always last. */
static void select_all(const struct rg_core *c, struct selection *s, const struct rg_state *state,
                       uint64_t view, uint64_t time_ms)
{
    const uint32_t n = c->pool->signers;
    for (uint32_t k = 0; k < n; k++) {
        const uint32_t signer = (uint32_t)((view + k) % n);
        if (c->pool->queue[signer].count > 0 && may_sign(c->genesis, signer, time_ms) &&
            !select_signer(c, s, signer, state->sequence[signer], time_ms)) {
            return;
        }
    }
}

static struct rg_header header_of(const struct rg_core *c, const struct rg_core_job *job,
                                  const struct rg_state *parent, uint64_t time_ms)
{
    struct rg_header h = {.ledger = c->genesis->ledger_id,
                          .epoch = parent->governance.epoch,
                          .view = job->view,
                          .height = parent->height + 1,
                          .parent = job->hash,
                          .time_ms = time_ms,
                          .proposer = c->me};
    rg_state_digest(parent, &h.state_digest);
    rg_merkle_root(&parent->history, &h.history_root);
    h.epoch_last = parent->governance.next.count > 0;
    if (h.epoch_last) {
        rg_governance_set_id(&parent->governance.next, c->genesis, &h.next_set);
    }
    return h;
}

/* Make the block; NULL when it cannot be made. */
static struct rg_blocknode *make(struct rg_core *c, struct rg_header *h, const struct selection *s)
{
    struct rg_hash hash;
    struct rg_bytes bytes = {0};
    struct rg_blocknode *n = NULL;
    h->submission_count = s->count;
    rg_block_root(s->head, s->count, &h->submissions_root);
    rg_arena_reset(&c->encode_arena);
    if (rg_ledger_codec_encode_block(&c->encode_arena, h, s->list, &hash, &bytes) != RG_OK) {
        return NULL;
    }
    const struct rg_block *b = rg_core__decode(c, bytes, &hash);
    if (b == NULL || rg_blocktree_put(&c->tree, b, c->config.principal, &n) != RG_OK) {
        return NULL;
    }
    n->certified = true; /* my own: my clock is not asked, its time is never below the parent's */
    return rg_judge__run(c, n) && n->verdict == RG_BLOCKNODE_VALID ? n : NULL;
}

static void answer(struct rg_core *c, uint64_t view, enum rg_built result,
                   const struct rg_block_info *info)
{
    struct rg_cons_event ev = {
        .kind = RG_EVENT_BUILT, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
    ev.built.view = view;
    ev.built.result = result;
    ev.built.block = info;
    rg_drive__feed(c, &ev);
}

void rg_build__run(struct rg_core *c, const struct rg_core_job *job)
{
    const struct rg_state *parent = rg_judge__state(c, &job->hash);
    if (parent == NULL) {
        answer(c, job->view, RG_BUILT_FAILED, NULL);
        return;
    }
    const uint64_t time_ms = rg_num_max(c->now.wall_ms, parent->time_ms + 1);
    struct rg_header h = header_of(c, job, parent, time_ms);
    rg_arena_reset(&c->submission_arena);
    struct selection *s = rg_arena_take(&c->submission_arena, sizeof *s);
    if (s == NULL) {
        answer(c, job->view, RG_BUILT_FAILED, NULL);
        return;
    }
    s->count = 0;
    s->entries = 0;
    s->bytes = 0;
    if (c->tree.live_bytes <= c->tree_soft) {
        select_all(c, s, parent, job->view, time_ms);
    }
    /* A tick is due only once the parent is old enough: the tail may have brought one already. */
    const bool tick =
        job->allow_empty && time_ms - parent->time_ms >= c->genesis->parameters.tick_ms;
    if (s->count == 0 && !tick && !h.epoch_last) {
        answer(c, job->view, RG_BUILT_EMPTY, NULL);
        return;
    }
    const struct rg_blocknode *n = make(c, &h, s);
    answer(c, job->view, n != NULL ? RG_BUILT_BLOCK : RG_BUILT_FAILED, n != NULL ? &n->info : NULL);
}
