/* A network: made, driven by its events, taken down. */
#include "proto/ledger_codec.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STANDING_MAX 50000 /* events of one millisecond */

uint64_t sim_below(struct sim *s, uint64_t bound)
{
    return rg_prng_below(&s->prng, bound);
}

void sim_fail(struct sim *s, const char *what)
{
    if (s->oracle.broken == NULL) {
        s->oracle.broken = what;
    }
}

static void make_genesis(struct sim *s)
{
    struct rg_pubkey keys[SIM_NODES_MAX];
    struct rg_genesis *g = calloc(1, sizeof *g);
    memset(g->ledger_id.b, 0x5a, RG_HASH_BYTES);
    g->time_ms = SIM_WALL_MS - 1000;
    rg_genesis_default_parameters(&g->parameters);
    g->agency_count = (uint32_t)s->n;
    g->principal_count = (uint32_t)s->n;
    g->authority_count = (uint32_t)s->n;
    for (uint32_t i = 0; i < s->n; i++) {
        snprintf(g->agency[i].name, sizeof g->agency[i].name, "agency%u", i + 1);
        g->agency[i].class = RG_AGENCY_LAND;
        sim_crypto_pubkey((uint8_t)(100 + i), &g->agency[i].admin_key);
        snprintf(g->principal[i].name, sizeof g->principal[i].name, "node%u", i + 1);
        g->principal[i].agency = i;
        g->principal[i].roles = RG_ROLE_NODE;
        sim_crypto_pubkey((uint8_t)(i + 1), &g->principal[i].sign_key);
        g->principal[i].curve_key.b[0] = (uint8_t)(i + 1);
        g->authority[i] = i;
        keys[i] = g->principal[i].sign_key;
    }
    s->genesis = g;
    RG_IGNORE(rg_members_init(&s->members, keys, s->n, &g->ledger_id), "a good set");
    s->oracle.newest = 1;
    s->oracle.epoch[1].count = (uint16_t)s->n;
    for (uint16_t i = 0; i < s->n; i++) {
        s->oracle.epoch[1].node[i] = i;
    }
}

static void dispatch(struct sim *s, struct sim_event *ev)
{
    struct sim_node *node = &s->node[ev->node];
    switch (ev->kind) {
    case SIM_MESSAGE:
    case SIM_TICK:
    case SIM_SYNCED:
    case SIM_ARCHIVED:
    case SIM_SUBMIT:
        sim_node_event(s, node, ev);
        return;
    case SIM_BALLOT:
        sim_epoch_ballot(s, node, ev);
        return;
    case SIM_CRASH:
        sim_node_crash(s, node);
        return;
    case SIM_RESTART:
        if (node->core == NULL && !node->killed) {
            s->stats.restarts++;
            sim_node_start(s, node);
        }
        return;
    case SIM_BLACKOUT:
        s->stats.blackouts++;
        for (size_t i = 0; i < s->n; i++) {
            sim_node_crash(s, &s->node[i]);
        }
        return;
    case SIM_PARTITION:
        if (s->faults) {
            sim_partition(s);
            sim_post(s, (struct sim_event){.at_ms = s->now_ms + ev->arg, .kind = SIM_UNCUT});
        }
        return;
    case SIM_UNCUT:
        sim_uncut(s);
        return;
    case SIM_HEAL:
        sim_seed_heal(s);
        return;
    case SIM_CAMPAIGN:
        sim_seed_campaign(s, ev);
        return;
    case SIM_LOAD:
        sim_fixture_load(s);
        return;
    case SIM_LIE:
        sim_lies_act(s, ev);
        return;
    }
}

bool sim_run_until(struct sim *s, uint64_t until_ms)
{
    struct sim_event ev;
    while (s->oracle.broken == NULL && s->heap_count > 0 && s->heap[0].at_ms <= until_ms) {
        sim_next(s, &ev);
        s->standing = ev.at_ms == s->now_ms ? s->standing + 1 : 0;
        s->now_ms = ev.at_ms;
        if (s->standing > STANDING_MAX) {
            sim_fail(s, "LIVELOCK: time stands still");
        }
        dispatch(s, &ev);
        sim_buf_drop(ev.buf);
    }
    s->now_ms = until_ms > s->now_ms ? until_ms : s->now_ms;
    return s->oracle.broken == NULL;
}

struct sim *sim_new(uint64_t seed, size_t n, struct sim_options options)
{
    struct sim *s = calloc(1, sizeof *s);
    s->seed = seed;
    s->n = n;
    s->options = options;
    rg_prng_init(&s->prng, seed * 1000003 + n);
    make_genesis(s);
    if (rg_arena_init(&s->arena, RG_PEER_CODEC_ARENA) != RG_OK ||
        rg_arena_init(&s->out_arena, RG_PEER_CODEC_ARENA) != RG_OK ||
        rg_arena_init(&s->block_arena, RG_LEDGER_CODEC_BLOCK_ARENA) != RG_OK) {
        abort();
    }
    for (uint16_t i = 0; i < n; i++) {
        s->node[i].index = i;
        s->node[i].key = (uint8_t)(i + 1);
    }
    return s;
}

void sim_free(struct sim *s)
{
    struct sim_event ev;
    for (size_t i = 0; i < s->n; i++) {
        rg_core_destroy(&s->node[i].core);
        sim_disk_free(&s->node[i]);
    }
    while (sim_next(s, &ev)) {
        sim_buf_drop(ev.buf);
    }
    sim_epoch_fini(s);
    sim_oracle_fini(&s->oracle);
    sim_decode_reset();
    rg_arena_fini(&s->arena);
    rg_arena_fini(&s->out_arena);
    rg_arena_fini(&s->block_arena);
    free(s->heap);
    free(s->genesis);
    free(s);
}
