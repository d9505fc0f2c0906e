/* Its proposals arrive just around the moment at which the others give up. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (p->m->kind != RG_PEER_PROPOSE) {
        return false;
    }
    const struct rg_parameters *t = &s->genesis->parameters;
    const uint64_t at = node->variant % 2 == 0 ? t->leader_timeout_ms : t->view_timeout_ms;
    const uint64_t spread = s->latency_ms + s->jitter_ms + 4;
    for (uint16_t to = 0; to < s->n; to++) {
        sim_lie_later(s, node, to, at - sim_below(s, 2 * spread), p->buf);
    }
    return true;
}

const struct sim_liar sim_lie_late = {.name = "late", .send = send};
