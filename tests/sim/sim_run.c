/* One run: a network with faults for some seconds, then without; after that all must agree, all
 * that was handed in must be on the chain, and silence must follow. */
#include "proto/ledger_codec.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 240000 /* after the faults end */
#define QUIET_MS 4000
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
}

/* What kind of trouble this seed brings. */
static void choose_faults(struct sim *s)
{
    const bool gentle = sim_below(s, 8) == 0;
    s->latency_ms = 1 + (uint32_t)sim_below(s, 20);
    s->jitter_ms = (uint32_t)sim_below(s, gentle ? 5 : 60);
    s->loss = gentle ? 0 : (uint32_t)sim_below(s, 200);
    s->duplicate = (uint32_t)sim_below(s, 50);
    s->sync_ms = 1 + (uint32_t)sim_below(s, 6);
    s->archive_ms = 1 + (uint32_t)sim_below(s, 400);
    s->crash_per_million = gentle ? 0 : (uint32_t)sim_below(s, 1500 / (uint32_t)s->n + 40);
    /* Fat entries and a small journal: it turns. */
    s->fat = s->n <= 7 && sim_below(s, s->options.tight ? 12 : 40) == 0;
    s->journal_bytes = (uint64_t)(!s->fat ? 32 : s->options.tight ? 3 : 6) * 1024 * 1024;
    s->heal_ms = 3000 + sim_below(s, 9000);
    const size_t f = (s->n - 1) / 3;
    const size_t liars = f > 0 ? sim_below(s, f + 1 + (f == 1)) : 0;
    for (size_t i = 0; i < liars && i < f; i++) {
        struct sim_node *node = &s->node[sim_below(s, s->n)];
        node->liar = sim_lies_get(sim_below(s, sim_lies_count()));
        node->variant = sim_below(s, 1000);
        if (s->options.lie != NULL) {
            node->liar = s->options.lie;
        }
        s->liars = true;
    }
}

static void plan(struct sim *s)
{
    const uint64_t blackouts = sim_below(s, 3) == 0 ? 1 + sim_below(s, 8) : 0;
    const uint64_t partitions = sim_below(s, 6);
    for (uint64_t i = 0; i < blackouts; i++) {
        sim_post(s, (struct sim_event){.at_ms = sim_below(s, s->heal_ms), .kind = SIM_BLACKOUT});
    }
    for (uint64_t i = 0; i < partitions; i++) {
        sim_post(s, (struct sim_event){.at_ms = sim_below(s, s->heal_ms),
                                       .kind = SIM_PARTITION,
                                       .arg = 100 + sim_below(s, 3000)});
    }
    sim_post(s, (struct sim_event){.at_ms = s->heal_ms, .kind = SIM_HEAL});
    uint32_t each = (uint32_t)(s->n <= 5 ? 12 : s->n <= 10 ? 5 : 2);
    if (!s->fat && sim_below(s, 6) == 0) {
        each *= 6;
    }
    for (uint16_t i = 0; i < s->n; i++) {
        s->node[i].to_submit = each;
        for (uint32_t k = 0; k < each; k++) {
            sim_post(s, (struct sim_event){.at_ms = sim_below(s, s->heal_ms + 500),
                                           .kind = SIM_SUBMIT,
                                           .node = i});
        }
        sim_post(s, (struct sim_event){.at_ms = sim_below(s, 50), .kind = SIM_RESTART, .node = i});
    }
}

static void heal(struct sim *s)
{
    s->faults = false;
    s->loss = 0;
    s->duplicate = 0;
    s->crash_per_million = 0;
    sim_uncut(s);
    for (uint16_t i = 0; i < s->n; i++) {
        s->node[i].skew_ms /= 4;
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + 100 + sim_below(s, 200),
                                       .kind = SIM_RESTART,
                                       .node = i});
        /* What could not be handed in while the node was down. */
        for (uint32_t k = 0; k < s->node[i].to_submit; k++) {
            sim_post(s, (struct sim_event){.at_ms = s->now_ms + 1000 + sim_below(s, 1000),
                                           .kind = SIM_SUBMIT,
                                           .node = i});
        }
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
    case SIM_CRASH:
        sim_node_crash(s, node);
        return;
    case SIM_RESTART:
        if (node->core == NULL) {
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
        heal(s);
        return;
    case SIM_LIE:
        sim_lies_act(s, ev);
        return;
    }
}

/* Whether all honest nodes are up, level with each other and with what was ever final. */
static bool is_level(const struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct rg_core_status st;
        if (s->node[i].liar != NULL) {
            continue;
        }
        if (s->node[i].core == NULL || s->node[i].to_submit > 0) {
            return false;
        }
        rg_core_get_status(s->node[i].core, &st);
        if (st.height != s->oracle.height) {
            return false;
        }
    }
    return sim_oracle_all_done(s);
}

/* Run events up to @until_ms; false when something broke. */
static bool run_until(struct sim *s, uint64_t until_ms)
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

static bool has_liar(const struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->node[i].liar != NULL) {
            return true;
        }
    }
    return false;
}

static void story(struct sim *s)
{
    if (!run_until(s, s->heal_ms)) {
        return;
    }
    bool level = false;
    while (!level && s->now_ms < s->heal_ms + PATIENCE_MS) {
        if (!run_until(s, s->now_ms + 250)) {
            return;
        }
        level = is_level(s);
    }
    if (!level) {
        sim_fail(s, "STUCK: not all is final on all nodes long after the faults ended");
        return;
    }
    s->stats.virtual_ms += s->now_ms;
    /* Nothing is wanted any more: no vote may be cast until the next tick is due. */
    const uint64_t height = s->oracle.height;
    if (!run_until(s, s->now_ms + 1500)) {
        return;
    }
    const uint64_t votes = s->oracle.votes;
    if (run_until(s, s->now_ms + QUIET_MS) && height == s->oracle.height &&
        votes != s->oracle.votes && !has_liar(s)) {
        sim_fail(s, "an idle network votes");
    }
}

static void add(struct sim_stats *to, const struct sim *s)
{
    const struct sim_stats *f = &s->stats;
    to->views += s->oracle.max_view;
    to->nullified += s->oracle.nullified;
    to->blocks += f->blocks;
    to->submissions += f->submissions;
    to->messages += f->messages;
    to->drops += f->drops;
    to->duplicates += f->duplicates;
    to->partitions += f->partitions;
    to->crashes += f->crashes;
    to->blackouts += f->blackouts;
    to->restarts += f->restarts;
    to->lies += f->lies;
    to->virtual_ms += f->virtual_ms;
    to->turns += f->turns;
}

static void report(const struct sim *s)
{
    printf("VIOLATION seed %llu nodes %zu at %llu ms: %s (%s)\n", (unsigned long long)s->seed, s->n,
           (unsigned long long)s->now_ms, s->oracle.broken,
           s->oracle.detail[0] != '\0' ? s->oracle.detail : "-");
    printf("replay: reigen-sim --seed %llu --seeds 1 --nodes %zu%s --verbose\n",
           (unsigned long long)s->seed, s->n, s->options.tight ? " --tight" : "");
    for (size_t i = 0; i < s->n && s->options.verbose; i++) {
        struct rg_core_status st;
        memset(&st, 0, sizeof st);
        if (s->node[i].core != NULL) {
            rg_core_get_status(s->node[i].core, &st);
        }
        printf("  %c %s %s/%llu height %llu view %llu taken %llu executed %llu left %u%s\n",
               (char)('A' + i), s->node[i].core != NULL ? "up" : "down",
               s->node[i].liar != NULL ? s->node[i].liar->name : "honest",
               (unsigned long long)s->node[i].variant, (unsigned long long)st.height,
               (unsigned long long)st.view, (unsigned long long)s->oracle.taken[i],
               (unsigned long long)s->oracle.executed[i], s->node[i].to_submit,
               st.mute ? " mute" : "");
    }
}

bool sim_run(uint64_t seed, size_t n, struct sim_options options, struct sim_stats *total,
             uint64_t *out_trace)
{
    const bool verbose = options.verbose;
    struct sim *s = calloc(1, sizeof *s);
    struct sim_event ev;
    s->seed = seed;
    s->n = n;
    s->options = options;
    s->faults = true;
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
        s->node[i].skew_ms = (int64_t)sim_below(s, 3000) - 1500;
    }
    choose_faults(s);
    plan(s);
    sim_lies_begin(s);
    story(s);
    add(total, s);
    *out_trace = s->trace;
    const bool good = s->oracle.broken == NULL;
    if (!good) {
        report(s);
    } else if (verbose) {
        printf("seed %llu nodes %zu: %llu views, %llu nullified, %llu blocks, %llu ms\n",
               (unsigned long long)seed, n, (unsigned long long)s->oracle.max_view,
               (unsigned long long)s->oracle.nullified, (unsigned long long)s->stats.blocks,
               (unsigned long long)s->now_ms);
    }
    for (size_t i = 0; i < n; i++) {
        rg_core_destroy(&s->node[i].core);
        sim_disk_free(&s->node[i]);
    }
    while (sim_next(s, &ev)) {
        sim_buf_drop(ev.buf);
    }
    sim_oracle_fini(&s->oracle);
    sim_decode_reset();
    rg_arena_fini(&s->arena);
    rg_arena_fini(&s->out_arena);
    rg_arena_fini(&s->block_arena);
    free(s->heap);
    free(s->genesis);
    free(s);
    return good;
}
