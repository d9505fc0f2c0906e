/* Nullifies every view: instead of all else, or beside its finalize. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (p->vote == NULL) {
        return false;
    }
    const struct rg_cand cand = {.view = p->vote->cand.view};
    if (node->variant % 2 == 0) {
        sim_lie_send_vote(s, node, SIM_LIE_ALL, RG_VOTE_NULLIFY, cand);
        return true;
    }
    if (p->vote->kind == RG_VOTE_FINALIZE) {
        sim_lie_send_vote(s, node, SIM_LIE_ALL, RG_VOTE_NULLIFY, cand);
    }
    return false;
}

const struct sim_liar sim_lie_nuller = {.name = "nuller", .send = send};
