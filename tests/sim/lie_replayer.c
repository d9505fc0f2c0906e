/* Remembers what others sent and sends it again, long after. */
#include "sim_lie.h"

static void see(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (sim_below(s, 4) == 0) {
        struct sim_buf **place = &node->kept[node->kept_count++ % SIM_KEPT];
        sim_buf_drop(*place);
        *place = sim_buf_ref(p->buf);
    }
}

static void act(struct sim *s, struct sim_node *node)
{
    struct sim_buf *buf = node->kept[sim_below(s, SIM_KEPT)];
    const uint16_t to = (uint16_t)sim_below(s, s->n);
    if (buf != NULL) {
        sim_send(s, node->index, to, sim_below(s, 2) == 0, buf);
        s->stats.lies++;
    }
}

const struct sim_liar sim_lie_replayer = {
    .name = "replayer", .period_ms = 20, .see = see, .act = act};
