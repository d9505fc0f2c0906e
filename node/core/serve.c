/* Answers to peers that lack blocks. Bounded, never silent: over a limit the answer is cut or
 * empty. */
#include "node/core/core_priv.h"

#include "base/num.h"

/* What a BLOCKS message may carry beside its certificate. */
#define SERVE_BYTES_MAX (RG_BLOCK_MAX + 64u * 1024u)
#define SERVE_COUNT_MAX 256u

/* Count a request of @peer; false when it asks too often. */
static bool within_rate(struct rg_core *c, uint16_t peer)
{
    struct rg_core_peer *p = &c->peer[peer];
    if (c->now.mono_ms - p->requests_ms >= 1000) {
        p->requests_ms = c->now.mono_ms;
        p->requests = 0;
    }
    p->requests++;
    return p->requests <= RG_CORE_REQUESTS_PER_S;
}

/* The final block of @height that the archive does not have yet. */
static const struct rg_blocknode *final_at(const struct rg_core *c, uint64_t height)
{
    for (const struct rg_blocknode *n = c->tree.last; n != NULL; n = n->prev) {
        if (n->final && n->info.height == height) {
            return n;
        }
    }
    return NULL;
}

/* Answer from memory with blocks from @from on, up to the end of an epoch at most. The certificate
 * covers the last final block; who asked keeps what comes before it until it has it. */
static void from_memory(struct rg_core *c, uint16_t peer, uint64_t from, uint32_t max_bytes)
{
    struct rg_bytes list[SERVE_COUNT_MAX];
    uint8_t cert[RG_CERT_MAX];
    size_t cert_len = 0;
    size_t bytes = 0;
    struct rg_peer_message m = {.kind = RG_PEER_BLOCKS, .from = from, .list = list};
    const struct rg_cert *final = rg_cons_tip_final(c->cons);
    const struct rg_blocknode *n = final_at(c, from);
    bool ends = false;
    while (n != NULL && !ends && m.count < SERVE_COUNT_MAX &&
           (m.count == 0 || bytes + n->len <= max_bytes)) {
        list[m.count++] = (struct rg_bytes){n->bytes, n->len};
        bytes += n->len;
        ends = n->info.epoch_last;
        n = final_at(c, from + m.count);
    }
    if (m.count > 0 && from + m.count <= c->end.height + 1) {
        m.block = (struct rg_bytes){c->end.cert, c->end.cert_len};
    } else if (m.count > 0 && final != NULL &&
               rg_cert_encode(final, cert, sizeof cert, &cert_len) == RG_OK) {
        m.block = (struct rg_bytes){cert, cert_len};
    }
    rg_send__peer(c, peer, &m);
}

void rg_serve__blocks(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    const uint32_t max_bytes = (uint32_t)rg_num_min(m->max_bytes, SERVE_BYTES_MAX);
    if (RG_MUTANT_IS(RG_MUTANT_SILENT_LIMIT) && m->max_bytes >= RG_BLOCK_MAX) {
        return;
    }
    if (m->from == 0 || !within_rate(c, peer)) {
        const struct rg_peer_message none = {.kind = RG_PEER_BLOCKS, .from = m->from};
        rg_send__peer(c, peer, &none);
    } else if (m->from <= c->archived) {
        struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_SERVE);
        a->peer = peer;
        a->height = m->from;
        a->max_bytes = max_bytes;
    } else {
        from_memory(c, peer, m->from, max_bytes);
    }
}

void rg_serve__block(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    const struct rg_blocknode *n = rg_blocktree_find(&c->tree, &m->hash);
    if (!within_rate(c, peer)) {
        n = NULL;
    }
    if (n != NULL) {
        const struct rg_peer_message block = {.kind = RG_PEER_BLOCK, .bytes = {n->bytes, n->len}};
        rg_send__peer(c, peer, &block);
        return;
    }
    /* I do not have it. What I know as final shows the peer what to ask for instead. */
    const struct rg_cert *final = rg_cons_tip_final(c->cons);
    uint8_t cert[RG_CERT_MAX];
    size_t len = 0;
    if (final != NULL && rg_cert_encode(final, cert, sizeof cert, &len) == RG_OK) {
        const struct rg_peer_message answer = {.kind = RG_PEER_CERT, .bytes = {cert, len}};
        rg_send__peer(c, peer, &answer);
    }
}
