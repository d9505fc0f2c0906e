/* Follows everything, says nothing; in one variant it still sends its statuses, so that nobody
 * skips it as dead. */
#include "sim_lie.h"

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    (void)s;
    return node->variant % 2 == 0 || p->m->kind != RG_PEER_STATUS;
}

const struct sim_liar sim_lie_silent = {.name = "silent", .send = send};
