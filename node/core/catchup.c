/* Catching up in bulk: blocks from my tip on, from one peer at a time. A peer's claims only say
 * whom to ask; what counts is a finalization with q signatures, the chain of hashes from it down to
 * my tip, and my own execution. A peer that lies or serves nothing is left alone for a while. An
 * answer that does not come in time may be the network's doing: the next one is asked for the same,
 * and what came so far stays. In time is a few times what the last answer took, and twice as long
 * after each that did not come, so that a slow line is not asked over and over. */
#include "node/core/core_priv.h"

#include "base/num.h"
#include "node/core/record.h"
#include <stdlib.h>

#define PATIENCE_MIN_MS 200u
#define PATIENCE_MAX_MS 8000u
#define PATIENCE_TIMES 4u /* what the last answer took */
#define BAD_MS 5000u      /* how long a peer that did not serve is left alone */
#define BEHIND_MS 1000u   /* a claim must stand this long, unless it is far ahead */
#define FAR_AHEAD 16u     /* blocks */
#define SEGMENT_BYTES_MAX ((size_t)24 * 1024 * 1024)

void rg_catchup__drop(struct rg_core *c)
{
    struct rg_core_catchup *k = &c->catchup;
    for (uint32_t i = 0; i < k->count; i++) {
        free(k->segment[i].bytes);
    }
    k->count = 0;
    k->bytes = 0;
    k->active = false;
    k->eager = false;
    k->mixed = false;
}

/* The asked peer did not help. */
static void give_up(struct rg_core *c)
{
    if (!RG_MUTANT_IS(RG_MUTANT_TRUSTED_HEIGHT)) {
        c->peer[c->catchup.peer].bad_until_ms = c->now.mono_ms + BAD_MS;
    }
    rg_catchup__drop(c);
}

/* No answer in time: somebody else, from where the segment ends. */
static void turn_to_next(struct rg_core *c)
{
    struct rg_core_catchup *k = &c->catchup;
    k->active = false;
    k->eager = true;
    k->peer = (uint16_t)((k->peer + 1u) % c->node_count);
    k->mixed = k->count > 0;
    k->patience_ms = rg_num_min(2 * k->patience_ms, PATIENCE_MAX_MS);
}

/* Blocks that do not continue the segment. Whose fault that is, nobody knows if others gave a part
 * of it. */
static void refuse_blocks(struct rg_core *c)
{
    c->refused++;
    if (c->catchup.mixed) {
        rg_catchup__drop(c);
    } else {
        give_up(c);
    }
}

static bool is_candidate(const struct rg_core *c, uint16_t i)
{
    const struct rg_core_peer *p = &c->peer[i];
    return rg_send__linked(c, i) && p->heard && p->status.height > c->tip.info.height &&
           p->bad_until_ms <= c->now.mono_ms;
}

/* Whether it is time to ask, as opposed to a block or two that come by themselves in a moment. */
static bool is_behind(struct rg_core *c)
{
    struct rg_core_catchup *k = &c->catchup;
    uint64_t best = 0;
    for (uint16_t i = 0; i < c->node_count; i++) {
        if (is_candidate(c, i)) {
            best = rg_num_max(best, c->peer[i].status.height);
        }
    }
    if (best <= c->tip.info.height) {
        k->behind_ms = 0;
        k->eager = false;
        return false;
    }
    if (k->behind_ms == 0) {
        k->behind_ms = c->now.mono_ms;
    }
    return k->eager || best - c->tip.info.height > FAR_AHEAD || rg_fetch__final_wanted(c) ||
           (c->now.mono_ms - k->behind_ms >= BEHIND_MS &&
            c->now.mono_ms - c->final_ms >= BEHIND_MS);
}

static void ask(struct rg_core *c)
{
    struct rg_core_catchup *k = &c->catchup;
    /* The same peer again while it serves, else the next one. */
    uint16_t start = k->eager && is_candidate(c, k->peer) ? k->peer : (uint16_t)(k->last + 1u);
    for (uint16_t i = 0; RG_MUTANT_IS(RG_MUTANT_TRUSTED_HEIGHT) && i < c->node_count; i++) {
        start = c->peer[i].status.height > c->peer[start % c->node_count].status.height ? i : start;
    }
    for (uint16_t i = 0; i < c->node_count; i++) {
        const uint16_t peer = (uint16_t)((start + i) % c->node_count);
        if (!is_candidate(c, peer)) {
            continue;
        }
        k->mixed = k->count > 0 && (k->mixed || peer != k->peer);
        k->patience_ms = rg_num_max(k->patience_ms, PATIENCE_MIN_MS);
        k->active = true;
        k->peer = peer;
        k->last = peer;
        k->sent_ms = c->now.mono_ms;
        k->from = c->tip.info.height + 1 + k->count;
        const struct rg_peer_message m = {
            .kind = RG_PEER_GET_BLOCKS, .from = k->from, .max_bytes = RG_BLOCK_MAX};
        rg_send__peer(c, peer, &m);
        return;
    }
}

void rg_catchup__tick(struct rg_core *c)
{
    struct rg_core_catchup *k = &c->catchup;
    if (k->active && c->now.mono_ms - k->sent_ms >= k->patience_ms) {
        turn_to_next(c);
    }
    if (!k->active && c->tree.final_bytes < c->tree_soft && is_behind(c)) {
        ask(c);
    }
}

uint64_t rg_catchup__due(const struct rg_core *c)
{
    const struct rg_core_catchup *k = &c->catchup;
    if (k->active) {
        return k->sent_ms + k->patience_ms;
    }
    if (k->behind_ms == 0 || c->tree.final_bytes >= c->tree_soft) {
        return UINT64_MAX;
    }
    return rg_num_max(c->now.mono_ms + 1, rg_num_max(k->behind_ms, c->final_ms) + BEHIND_MS);
}

/* Append the message's blocks to the segment. False: they do not link to each other and my tip. */
static bool link_blocks(struct rg_core *c, const struct rg_peer_message *m)
{
    struct rg_core_catchup *k = &c->catchup;
    struct rg_hash parent = k->count > 0 ? k->segment[k->count - 1].hash : c->tip.info.hash;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct rg_block *b = rg_core__decode(c, m->list[i], NULL);
        if (b == NULL || !rg_judge__is_bound(c, b) || b->header.height != k->from + i ||
            !rg_hash_eq(&b->header.parent, &parent) || k->count == RG_CORE_SEGMENT_MAX ||
            k->bytes + m->list[i].len > SEGMENT_BYTES_MAX) {
            return false;
        }
        uint8_t *copy = malloc(m->list[i].len);
        if (copy == NULL) {
            return false;
        }
        memcpy(copy, m->list[i].data, m->list[i].len);
        k->segment[k->count++] =
            (struct rg_core_segment){.bytes = copy, .len = m->list[i].len, .hash = b->hash};
        k->bytes += m->list[i].len;
        parent = b->hash;
    }
    return true;
}

/* How many blocks of the segment @cert makes final; 0 when it names none of them. */
static uint32_t covered(const struct rg_core *c, const struct rg_cert *cert)
{
    for (uint32_t i = c->catchup.count; i > 0; i--) {
        if (rg_hash_eq(&c->catchup.segment[i - 1].hash, &cert->cand.hash)) {
            return i;
        }
    }
    return 0;
}

/* Commit the first @count blocks of the segment, which @cert makes final. */
static void commit_segment(struct rg_core *c, uint32_t count, const struct rg_cert *cert)
{
    struct rg_core_catchup *k = &c->catchup;
    rg_turn__append_cert(c, cert);
    for (uint32_t i = 0; i < count && !c->halted; i++) {
        struct rg_blocknode *n = NULL;
        const struct rg_bytes bytes = {k->segment[i].bytes, k->segment[i].len};
        const struct rg_block *b = rg_core__decode(c, bytes, &k->segment[i].hash);
        if (b == NULL || rg_blocktree_put(&c->tree, b, c->config.principal, &n) != RG_OK) {
            c->out.failed = true;
            return;
        }
        if (!n->journaled) {
            n->journaled = true;
            rg_turn__append(c, RG_RECORD_BLOCK, bytes);
        }
        rg_commit__block(c, n, cert);
    }
    rg_turn__barrier(c);
    if (c->halted) {
        return;
    }
    struct rg_cons_event ev = {
        .kind = RG_EVENT_ADOPT, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
    ev.adopt.cert = cert;
    ev.adopt.tip = &c->tip.info;
    rg_drive__feed(c, &ev);
}

/* Drop the first @count blocks of the segment. */
static void shift_segment(struct rg_core_catchup *k, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        k->bytes -= k->segment[i].len;
        free(k->segment[i].bytes);
    }
    memmove(k->segment, &k->segment[count], (k->count - count) * sizeof *k->segment);
    k->count -= count;
}

void rg_catchup__blocks(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    struct rg_core_catchup *k = &c->catchup;
    struct rg_cert cert;
    if (!k->active || peer != k->peer || m->from != k->from) {
        return; /* nobody asked, or too late */
    }
    k->active = false;
    k->patience_ms = rg_num_min(PATIENCE_TIMES * (c->now.mono_ms - k->sent_ms), PATIENCE_MAX_MS);
    if (c->tip.info.height + 1 + k->count != k->from) {
        rg_catchup__drop(c); /* the consensus was faster */
        return;
    }
    if (m->count == 0) {
        give_up(c);
        return;
    }
    if (!link_blocks(c, m)) {
        refuse_blocks(c);
        return;
    }
    k->eager = true;
    if (m->block.len == 0) {
        return; /* the certificate comes with a later part */
    }
    if (rg_cert_decode(m->block, &cert) != RG_OK || cert.kind != RG_VOTE_FINALIZE) {
        c->refused++;
        give_up(c);
        return;
    }
    const uint32_t count = covered(c, &cert);
    if (count == 0) {
        return;
    }
    if (!rg_core__cert_ok(c, &cert)) {
        c->refused++;
        give_up(c);
        return;
    }
    commit_segment(c, count, &cert);
    shift_segment(k, count);
    k->behind_ms = 0;
}
