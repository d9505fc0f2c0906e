/* Its journal comes back from an old copy at every crash, and it crashes. */
#include "sim_lie.h"

static void crash(struct sim *s, struct sim_node *node)
{
    (void)s;
    if (node->has_backup) {
        sim_disk_restore(node);
    }
}

static void act(struct sim *s, struct sim_node *node)
{
    if (sim_below(s, 3) == 0 || !node->has_backup) {
        sim_disk_backup(node);
    } else {
        sim_node_crash(s, node);
    }
}

const struct sim_liar sim_lie_backup = {
    .name = "backup", .period_ms = 900, .crash = crash, .act = act};
