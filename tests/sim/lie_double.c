/* Votes for everything: when it notarizes it also nullifies and finalizes, to some. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (p->m->kind != RG_PEER_VOTE || p->vote == NULL || p->vote->kind != RG_VOTE_NOTARIZE) {
        return false;
    }
    for (uint16_t to = 0; to < s->n; to++) {
        if (sim_below(s, 2) == 0) {
            sim_lie_send_vote(s, node, to, RG_VOTE_NULLIFY,
                              (struct rg_cand){.view = p->vote->cand.view});
        }
        if (sim_below(s, 2) == 0) {
            sim_lie_send_vote(s, node, to, RG_VOTE_FINALIZE, p->vote->cand);
        }
    }
    return false;
}

const struct sim_liar sim_lie_double = {.name = "double", .send = send};
