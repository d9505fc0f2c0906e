/* The topic `block`: what became final, as it is followed. */
#include <stdlib.h>

#include "ledger/genesis.h"
#include "node/monitor/cloudevent.h"
#include "node/monitor/events.h"
#include "node/monitor/monitor_priv.h"
#include "proto/ledger_codec.h"
#include "storage/chain.h"

#define READ_MAX 16    /* blocks read in one go */
#define COUNT_MAX 4096 /* blocks only counted */

/* How many entries stand in the block; 0 when that cannot be found out now. */
static uint64_t count_entries(struct rg_monitor *m, struct rg_bytes bytes)
{
    struct rg_block block;
    uint64_t n = 0;
    if (m->arena.data == NULL && rg_arena_init(&m->arena, RG_LEDGER_CODEC_BLOCK_ARENA) != RG_OK) {
        return 0;
    }
    rg_arena_reset(&m->arena);
    if (rg_ledger_codec_decode_block(&m->arena, bytes, &block) != RG_OK) {
        return 0;
    }
    for (uint32_t i = 0; i < block.header.submission_count; i++) {
        n += block.submissions[i].entry_count;
    }
    return n;
}

static void publish(struct rg_monitor *m, struct rg_chain_view *v, uint64_t height)
{
    struct rg_chain_block b;
    char *json = NULL;
    if (rg_chain_view_block(v, height, &b) == RG_OK) {
        const struct rg_cloudevent_block e = {.ledger = m->config.genesis->name,
                                              .height = height,
                                              .hash = b.hash,
                                              .time_ms = b.time_ms,
                                              .entries = count_entries(m, b.bytes)};
        json = rg_cloudevent_block(&e);
    }
    rg_events_publish(m->events, RG_EVENTS_BLOCK, json);
    free(json);
}

void rg_monitor__publish_blocks(struct rg_monitor *m)
{
    struct rg_chain_view *v = NULL;
    const bool wanted = rg_events_wanted(m->events, RG_EVENTS_BLOCK);
    if (!m->block_known || m->block_next > m->block_last) {
        return;
    }
    if (wanted && rg_chain_view_open(m->config.chain, &v) != RG_OK) {
        return;
    }
    for (int n = wanted ? READ_MAX : COUNT_MAX; n > 0 && m->block_next <= m->block_last; n--) {
        if (wanted) {
            publish(m, v, m->block_next);
        } else {
            rg_events_publish(m->events, RG_EVENTS_BLOCK, NULL);
        }
        m->block_next++;
    }
    rg_chain_view_close(&v);
}

void rg_monitor__blocks_fini(struct rg_monitor *m)
{
    rg_arena_fini(&m->arena);
}
