/* Proposes two blocks (one to a single node, half to half, both to some) or one to each. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_block b;
    struct rg_bytes list[SIM_LIE_LIST];
    if (!p->gossip || !sim_lie_own_block(s, node, p, &b, list)) {
        return false;
    }
    const uint64_t way = node->variant % 4;
    const uint16_t lone = (uint16_t)sim_below(s, s->n);
    struct rg_header h = b.header;
    struct sim_buf *other = NULL;
    for (uint16_t to = 0; to < s->n; to++) {
        if (other == NULL || way == 2) {
            sim_buf_drop(other);
            h.time_ms++;
            other = sim_lie_propose(s, node, p->m, &h, list, p->vote->cand);
        }
        const uint64_t dice = sim_below(s, 5);
        if (way == 2 || (way == 0 && to == lone) || (way == 1 && to % 2 == lone % 2)) {
            sim_lie_one(s, node, to, other);
        } else if (way == 3) {
            sim_lie_one(s, node, to, dice <= 2 ? p->buf : other);
            sim_lie_one(s, node, to, dice == 0 ? other : NULL);
        } else {
            sim_lie_one(s, node, to, p->buf);
        }
    }
    sim_buf_drop(other);
    return true;
}

const struct sim_liar sim_lie_equivocator = {.name = "equivocator", .send = send};
