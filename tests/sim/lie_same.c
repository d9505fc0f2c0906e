/* Whatever waits, it proposes its parent's block again: no block of its own ever. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_block b;
    struct rg_bytes list[SIM_LIE_LIST];
    if (!sim_lie_own_block(s, node, p, &b, list)) {
        return false;
    }
    struct rg_cand cand = p->vote->cand;
    cand.hash = b.header.parent;
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf = sim_lie_propose_raw(s, node, p->m, (struct rg_bytes){0}, cand);
    sim_lie_all(s, node, buf);
    sim_buf_drop(buf);
    return true;
}

const struct sim_liar sim_lie_same = {.name = "same", .send = send};
