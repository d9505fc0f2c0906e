/* Proposes valid blocks that pass over a view as if it had never been: without its nullification,
 * with a forged one, or with a nullification of another view. */
#include "proto/ledger_codec.h"
#include "sim_lie.h"
#include <string.h>

/* "Null(view)" of q copies of one signature, or of too few signers. */
static struct rg_bytes forge(struct sim *s, struct sim_node *node, uint64_t view, bool few,
                             uint8_t out[RG_CERT_MAX])
{
    struct rg_sig sigs[SIM_NODES_MAX];
    struct rg_cert c;
    size_t len = 0;
    const struct rg_cand cand = {.view = view};
    const struct rg_vote v = sim_lie_vote(s, node, RG_VOTE_NULLIFY, cand);
    memset(&c, 0, sizeof c);
    c.kind = RG_VOTE_NULLIFY;
    c.n = (uint16_t)s->n;
    c.epoch = 1;
    c.cand = cand;
    c.count = few ? 1 : (uint16_t)sim_lie_q(s);
    c.signers = few ? UINT64_C(1) << node->index : (UINT64_C(1) << c.count) - 1;
    for (size_t i = 0; i < c.count; i++) {
        sigs[i] = v.sig;
    }
    c.sigs = sigs;
    if (rg_cert_encode(&c, out, RG_CERT_MAX, &len) != RG_OK) {
        len = 0;
    }
    return (struct rg_bytes){out, len};
}

/* The proposal of view v is on its way: whoever leads v + 1 puts its own block on the same parent.
 */
static void see(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_block b;
    uint8_t forged[RG_CERT_MAX];
    struct rg_bytes justify[2];
    if (p->m->kind != RG_PEER_PROPOSE || p->vote == NULL) {
        return;
    }
    const uint64_t view = p->vote->cand.view + 1;
    if ((view - 1) % s->n != node->index || node->skip_view == view ||
        !sim_lie_block(s, p->m->block, &b)) {
        return;
    }
    struct rg_header h = b.header;
    h.view = view;
    h.proposer = node->index;
    h.time_ms++;
    h.submission_count = 0;
    rg_block_root(NULL, 0, &h.submissions_root);
    const struct rg_cand cand = {.view = view, .pview = p->vote->cand.pview};
    struct rg_peer_message own = *p->m;
    own.count = own.count > 1 ? 1 : own.count; /* the parent's certificate only */
    if (node->variant % 4 != 0) {
        const bool other = node->variant % 4 == 3 && view > 2;
        memcpy(justify, own.list, own.count * sizeof justify[0]);
        justify[own.count++] =
            forge(s, node, other ? view - 2 : view - 1, node->variant % 4 == 1, forged);
        own.list = justify;
    }
    struct sim_buf *buf = sim_lie_propose(s, node, &own, &h, NULL, cand);
    node->skip_view = view;
    for (uint64_t i = 1; i <= 4; i++) {
        sim_lie_later(s, node, SIM_LIE_ALL, i * (s->latency_ms + s->jitter_ms / 2 + 1), buf);
    }
    sim_buf_drop(buf);
}

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    (void)s;
    return p->m->kind == RG_PEER_PROPOSE && p->vote != NULL &&
           p->vote->cand.view == node->skip_view;
}

const struct sim_liar sim_lie_skipper = {.name = "skipper", .send = send, .see = see};
