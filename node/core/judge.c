/* Whether a block is valid, and the state after it. A block is judged once, against the state of
 * its parent, which is executed first. */
#include "base/bytes.h"
#include "node/core/core_priv.h"

#include "base/num.h"
#include "node/core/guilt.h"
#include <stdlib.h>

/* A block without submissions is always let in: it is what makes a full tail final. */
#define SMALL_BLOCK 4096u
#define LIVE_COUNT_MAX 8192u

const struct rg_state *rg_judge__state(const struct rg_core *c, const struct rg_hash *hash)
{
    if (rg_hash_eq(hash, &c->tip.info.hash)) {
        return c->tip.state;
    }
    const struct rg_blocknode *n = rg_blocktree_find(&c->tree, hash);
    return n != NULL && !n->final && n->verdict == RG_BLOCKNODE_VALID ? n->state : NULL;
}

bool rg_judge__has_room(const struct rg_core *c, size_t len, bool certified)
{
    const size_t max = certified ? (size_t)c->journal_cap : c->tree_hard;
    return (len <= SMALL_BLOCK && c->tree.live_count < LIVE_COUNT_MAX) ||
           c->tree.live_bytes + len <= max;
}

/* Whether the mempool holds exactly these bytes: form, root and signature were checked then. */
static bool is_pooled(const struct rg_core *c, const struct rg_submission *s)
{
    if (s->signer >= c->genesis->principal_count) {
        return false;
    }
    const struct rg_mempool_item *i = rg_mempool_find(c->pool, s->signer, s->sequence);
    return i != NULL && rg_hash_eq(&i->hash, &s->hash) &&
           rg_bytes_eq((struct rg_bytes){i->bytes, i->len}, s->bytes);
}

bool rg_judge__has_share(const struct rg_core *c, uint32_t leader, size_t len)
{
    const size_t share =
        (size_t)rg_num_max((uint64_t)2 * RG_BLOCK_MAX, c->tree_hard / c->members.n);
    size_t used = len;
    if (c->tree.live_bytes + len <= share) {
        return true; /* whoever holds it */
    }
    for (const struct rg_blocknode *n = c->tree.first; n != NULL; n = n->next) {
        if (!n->final && !n->certified && rg_members_leader(&c->members, n->info.view) == leader) {
            used += n->len;
        }
    }
    return used <= share;
}

bool rg_judge__is_bound(const struct rg_core *c, const struct rg_block *b)
{
    struct rg_hash root;
    rg_block_root(b->submissions, b->header.submission_count, &root);
    if (!rg_hash_eq(&root, &b->header.submissions_root)) {
        return false;
    }
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        const struct rg_submission *s = &b->submissions[i];
        struct rg_bytes entries[RG_SUBMISSION_ENTRIES_MAX];
        if (is_pooled(c, s)) {
            continue;
        }
        if (s->entry_count > RG_SUBMISSION_ENTRIES_MAX) {
            return false;
        }
        for (uint32_t k = 0; k < s->entry_count; k++) {
            entries[k] = s->entries[k].bytes;
        }
        rg_submission_root(entries, s->entry_count, &root);
        if (!rg_hash_eq(&root, &s->entries_root)) {
            return false;
        }
    }
    return true;
}

static bool trust(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                  const struct rg_sig *sig)
{
    (void)ctx;
    (void)key;
    (void)digest;
    (void)sig;
    return true; /* a quorum vouches for them */
}

/* Judge and execute @n on @parent. */
static void execute(struct rg_core *c, struct rg_blocknode *n, const struct rg_state *parent)
{
    const struct rg_block *b =
        rg_core__decode(c, (struct rg_bytes){n->bytes, n->len}, &n->info.hash);
    n->verdict = RG_BLOCKNODE_INVALID;
    if (b == NULL) {
        return;
    }
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        b->submissions[i].checked = is_pooled(c, &b->submissions[i]);
    }
    if (rg_block_check(b, parent, &n->info.parent, c->genesis, n->final ? trust : c->config.verify,
                       c->config.verify_ctx) != RG_BLOCK_VALID ||
        !rg_hash_eq(&parent->block, &n->info.parent)) {
        return;
    }
    struct rg_state *state = malloc(sizeof *state);
    uint8_t *results = malloc(n->count > 0 ? n->count : 1);
    if (state == NULL || results == NULL) {
        free(state);
        free(results);
        c->out.failed = true;
        n->verdict = RG_BLOCKNODE_UNJUDGED;
        return;
    }
    *state = *parent;
    struct rg_guilt guilt = {c->genesis, c->config.verify, c->config.verify_ctx};
    const struct rg_state_guilty guilty = {rg_guilt_check, &guilt};
    rg_state_apply(state, c->genesis, b, &guilty, results);
    free(n->state);
    free(n->results);
    n->state = state;
    n->results = results;
    n->verdict = RG_BLOCKNODE_VALID;
}

/* "timestamp > wall + drift: wait", unless a quorum accepted the block already, or its time is the
 * least that its parent allows: when clocks were ahead and were set back, the ledger goes on by
 * milliseconds until they have caught up with it. */
static bool too_early(struct rg_core *c, const struct rg_blocknode *n,
                      const struct rg_state *parent)
{
    const uint64_t limit = c->now.wall_ms + c->genesis->parameters.clock_drift_ms;
    const bool trusted = (n->certified || n->final) && !RG_MUTANT_IS(RG_MUTANT_CLOCK_JUDGES);
    if (trusted || n->info.time_ms <= limit || n->info.time_ms == parent->time_ms + 1) {
        return false;
    }
    uint64_t due = c->now.mono_ms + (n->info.time_ms - limit);
    if (n->info.time_ms - limit > UINT32_MAX) {
        due = c->now.mono_ms + UINT32_MAX;
    }
    if (c->wait_due_ms == 0 || due < c->wait_due_ms) {
        c->wait_due_ms = due;
    }
    return true;
}

/* The lowest block below @n, itself included, that is not judged and whose parent is. NULL:
 * something is missing. */
static struct rg_blocknode *next_to_judge(struct rg_core *c, struct rg_blocknode *n)
{
    struct rg_blocknode *at = n;
    while (rg_judge__state(c, &at->info.parent) == NULL) {
        struct rg_blocknode *parent = rg_blocktree_find(&c->tree, &at->info.parent);
        if (parent == NULL || parent->final || parent->info.height >= at->info.height) {
            return NULL;
        }
        if (parent->verdict == RG_BLOCKNODE_INVALID) {
            at->verdict = RG_BLOCKNODE_INVALID;
            return at;
        }
        at = parent;
    }
    return at;
}

bool rg_judge__run(struct rg_core *c, struct rg_blocknode *n)
{
    while (n->verdict == RG_BLOCKNODE_UNJUDGED && !c->out.failed) {
        struct rg_blocknode *at = next_to_judge(c, n);
        if (at == NULL) {
            return false;
        }
        if (at->verdict == RG_BLOCKNODE_UNJUDGED) {
            const struct rg_state *parent = rg_judge__state(c, &at->info.parent);
            if (too_early(c, at, parent)) {
                return false;
            }
            execute(c, at, parent);
        }
    }
    return !c->out.failed;
}

bool rg_judge__pending(struct rg_core *c)
{
    for (struct rg_blocknode *n = c->wanted > 0 ? c->tree.last : NULL; n != NULL; n = n->prev) {
        if (!n->wanted || !rg_judge__run(c, n)) {
            continue;
        }
        n->wanted = false;
        c->wanted--;
        struct rg_cons_event ev = {
            .kind = RG_EVENT_VERDICT, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
        ev.verdict.hash = n->info.hash;
        ev.verdict.valid = n->verdict == RG_BLOCKNODE_VALID;
        rg_drive__feed(c, &ev);
        return true;
    }
    return false;
}
