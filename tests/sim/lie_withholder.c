/* Sends everything to half of the others, or its proposals to f, to q - f, or to one. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    const uint64_t way = node->variant % 4;
    if (!p->gossip || (way != 0 && p->m->kind != RG_PEER_PROPOSE)) {
        return p->m->kind == RG_PEER_PROPOSE; /* nor does repair get it */
    }
    const size_t limits[] = {0, sim_lie_f(s), sim_lie_q(s) - sim_lie_f(s), 1};
    const uint16_t first = (uint16_t)sim_below(s, s->n);
    size_t sent = 0;
    for (uint16_t i = 0; i < s->n; i++) {
        const uint16_t to = (uint16_t)((first + i) % s->n);
        if (to != node->index && (way == 0 ? sim_below(s, 2) == 0 : sent < limits[way])) {
            sim_lie_one(s, node, to, p->buf);
            sent++;
        }
    }
    return true;
}

const struct sim_liar sim_lie_withholder = {.name = "withholder", .send = send};
