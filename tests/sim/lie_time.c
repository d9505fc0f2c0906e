/* Its blocks claim a time at the edge of what clocks allow, beyond it, or before their parent's. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_block b;
    struct rg_bytes list[SIM_LIE_LIST];
    if (!sim_lie_own_block(s, node, p, &b, list)) {
        return false;
    }
    const uint64_t wall = SIM_WALL_MS + s->now_ms;
    const uint64_t drift = s->genesis->parameters.clock_drift_ms;
    const uint64_t times[] = {wall + drift, wall + drift + 1, wall + 60000, 1, wall - 60000};
    struct rg_header h = b.header;
    h.time_ms = times[node->variant % 5];
    struct sim_buf *buf = sim_lie_propose(s, node, p->m, &h, list, p->vote->cand);
    sim_lie_all(s, node, buf);
    sim_buf_drop(buf);
    return true;
}

const struct sim_liar sim_lie_time = {.name = "time", .send = send};
