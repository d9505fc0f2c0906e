/* Wakes whoever leads, all the time, with nothing to offer; asks for certificates and blocks beyond
 * all need. */
#include "sim_lie.h"

static void act(struct sim *s, struct sim_node *node)
{
    struct rg_core_status st = {.view = 1};
    if (node->core != NULL) {
        rg_core_get_status(node->core, &st);
    }
    const struct rg_peer_message asks[] = {
        {.kind = RG_PEER_WAKE, .epoch = 1, .from = st.view},
        {.kind = RG_PEER_WAKE, .epoch = 1, .from = st.view + sim_below(s, 9)},
        {.kind = RG_PEER_GET_CERTS, .epoch = 1, .from = 1, .to = UINT64_MAX},
        {.kind = RG_PEER_GET_BLOCKS, .from = 1 + sim_below(s, 4), .max_bytes = UINT32_MAX}};
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        rg_arena_reset(&s->out_arena);
        struct sim_buf *buf = sim_lie_encode(s, &asks[i]);
        for (uint16_t to = 0; buf != NULL && to < s->n; to++) {
            sim_send(s, node->index, to, false, buf);
        }
        sim_buf_drop(buf);
    }
}

const struct sim_liar sim_lie_wake = {.name = "wake", .period_ms = 100, .act = act};
