/* Its votes of one kind, or of all, reach a single honest node; certificates it keeps to itself. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (p->m->kind == RG_PEER_CERT) {
        return true;
    }
    if (p->m->kind != RG_PEER_VOTE || p->vote == NULL) {
        return false;
    }
    const uint64_t kind = node->variant % 4;
    if (kind != 0 && kind != (uint64_t)p->vote->kind) {
        return false;
    }
    const uint64_t lone = node->variant / 4 % 2 == 0 ? node->variant : p->vote->cand.view;
    sim_lie_one(s, node, (uint16_t)(lone % s->n), p->buf);
    return true;
}

const struct sim_liar sim_lie_voteone = {.name = "voteone", .send = send};
