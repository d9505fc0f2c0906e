/* Serves blocks badly: nothing, much too late, damaged, from the wrong height, or with another
 * block's certificate. */
#include "sim_lie.h"
#include <stdlib.h>
#include <string.h>

static bool serve(struct sim *s, struct sim_node *node, const struct rg_core_action *a)
{
    const uint64_t way = node->variant % 5;
    if (way == 0 || a->height == 0 || a->height + 1 >= node->chain_durable) {
        return true;
    }
    const struct sim_block *b = &node->chain[a->height - 1];
    const struct sim_block *last = &node->chain[node->chain_durable - 1];
    uint8_t *damaged = malloc(b->block->len);
    memcpy(damaged, b->block->data, b->block->len);
    struct rg_bytes list[1] = {sim_buf_bytes(b->block)};
    struct rg_peer_message m = {
        .kind = RG_PEER_BLOCKS, .from = a->height, .count = 1, .list = list};
    m.block = sim_buf_bytes(b->cert != NULL ? b->cert : last->cert);
    if (way == 2) {
        damaged[b->block->len - 1 - sim_below(s, b->block->len / 2)] ^= 1;
        list[0].data = damaged;
    } else if (way == 3) {
        list[0] = sim_buf_bytes(last->block);
    } else if (way == 4) {
        m.block = sim_buf_bytes(last->cert);
    }
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf = sim_lie_encode(s, &m);
    if (buf != NULL) {
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + (way == 1 ? 3000 : 1),
                                       .kind = SIM_LIE,
                                       .node = node->index,
                                       .sync = true,
                                       .arg = (uint64_t)a->peer + 1,
                                       .buf = buf});
    }
    free(damaged);
    return true;
}

const struct sim_liar sim_lie_server = {.name = "server", .serve = serve};
