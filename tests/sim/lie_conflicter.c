/* For every candidate that anyone votes for it also votes for another one: a hash nobody knows, or
 * the same block on another parent view. */
#include "sim_lie.h"

static void see(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (p->m->kind != RG_PEER_VOTE || p->vote == NULL || p->vote->kind == RG_VOTE_NULLIFY ||
        p->from == node->index || sim_below(s, 3) != 0) {
        return;
    }
    struct rg_cand cand = p->vote->cand;
    if (node->variant % 2 == 0 || cand.pview == 0) {
        cand.hash.b[sim_below(s, RG_HASH_BYTES)] ^= 1;
    } else {
        cand.pview--;
    }
    sim_lie_send_vote(s, node, (uint16_t)sim_below(s, s->n), p->vote->kind, cand);
}

const struct sim_liar sim_lie_conflicter = {.name = "conflicter", .see = see};
