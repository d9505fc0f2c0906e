/* Loses its disk at every crash, and crashes. */
#include "sim_lie.h"

static void crash(struct sim *s, struct sim_node *node)
{
    (void)s;
    sim_disk_wipe(node);
}

static void act(struct sim *s, struct sim_node *node)
{
    sim_node_crash(s, node);
}

const struct sim_liar sim_lie_amnesiac = {
    .name = "amnesiac", .period_ms = 1700, .crash = crash, .act = act};
