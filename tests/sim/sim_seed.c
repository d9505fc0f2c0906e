/* One seed: a network with faults for some seconds, then without; after that all must agree, all
 * that was handed in must be on the chain, and silence must follow. */
#include "sim.h"
#include <stdio.h>
#include <string.h>

#ifndef RG_SIM_COMMIT
#define RG_SIM_COMMIT "unknown"
#endif

#define PATIENCE_MS 240000 /* after the faults end */
#define SETTLE_MS 7000     /* T_skip and two T_r */
#define QUIET_MS 4000

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
    if (!s->fat && sim_below(s, 60) == 0) {
        s->heal_ms += 40000; /* long enough for back-off */
    }
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

static void isolate(struct sim *s, size_t i, bool in, bool out)
{
    for (size_t j = 0; j < s->n; j++) {
        s->cut[i][j] = s->cut[i][j] || (out && i != j);
        s->cut[j][i] = s->cut[j][i] || (in && i != j);
    }
}

/* Who leads the view that most nodes are in. */
static size_t leader_now(const struct sim *s)
{
    uint64_t view = 1;
    for (size_t i = 0; i < s->n; i++) {
        struct rg_core_status st;
        if (s->node[i].core != NULL) {
            rg_core_get_status(s->node[i].core, &st);
            view = st.view > view ? st.view : view;
        }
    }
    return (size_t)((view > 0 ? view - 1 : 0) % s->n);
}

/* No side has a quorum, for the rest of the faults. */
static void split(struct sim *s)
{
    const size_t sides = s->n > 2 ? 3 : 2;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->n; j++) {
            s->cut[i][j] = s->cut[i][j] || i % sides != j % sides;
        }
    }
}

void sim_seed_campaign(struct sim *s, const struct sim_event *ev)
{
    struct sim_node *any = &s->node[sim_below(s, s->n)];
    uint64_t next = 100 + sim_below(s, 700);
    (void)ev;
    if (!s->faults) {
        return;
    }
    switch (s->campaign) {
    case SIM_ROLLING:
        sim_uncut(s);
        sim_partition(s);
        break;
    case SIM_QUORUMLESS:
        split(s);
        break;
    case SIM_HUNT_LEADER:
        sim_uncut(s);
        isolate(s, leader_now(s), sim_below(s, 2) == 0, true);
        break;
    case SIM_KILL_LEADER:
        sim_node_crash(s, &s->node[leader_now(s)]);
        break;
    case SIM_STORM:
        sim_node_crash(s, any);
        next = 20 + sim_below(s, 400);
        break;
    case SIM_STALL:
        any->stalled_ms = s->now_ms + sim_below(s, 5000);
        break;
    case SIM_CLOCKS:
        /* As many as may lie jump by an hour, the others by what clocks may differ. */
        any->skew_ms = any->index < (s->n - 1) / 3 && sim_below(s, 2) == 0
                           ? (int64_t)sim_below(s, 7200000) - 3600000
                           : (int64_t)sim_below(s, 5000) - 2500;
        break;
    case SIM_NO_CAMPAIGN:
    case SIM_JOIN_LATE:
    case SIM_CAMPAIGNS:
        return;
    }
    sim_post(s, (struct sim_event){.at_ms = s->now_ms + next, .kind = SIM_CAMPAIGN});
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
    s->campaign =
        sim_below(s, 2) == 0 ? SIM_NO_CAMPAIGN : (enum sim_campaign)sim_below(s, SIM_CAMPAIGNS);
    if (s->campaign == SIM_JOIN_LATE) {
        s->node[sim_below(s, s->n)].killed = true;
    }
    sim_post(s, (struct sim_event){.at_ms = sim_below(s, 1000), .kind = SIM_CAMPAIGN});
    if (s->n > 1 && !s->fat && sim_below(s, 3) == 0) {
        sim_epoch_plan(s);
    }
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

void sim_seed_heal(struct sim *s)
{
    s->faults = false;
    s->loss = 0;
    s->duplicate = 0;
    s->crash_per_million = 0;
    sim_uncut(s);
    for (uint16_t i = 0; i < s->n; i++) {
        s->node[i].killed = false;
        s->node[i].stalled_ms = 0;
        s->node[i].skew_ms %= 400;
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

/* Whether all honest nodes are up, level with each other and with what was ever final. */
static bool is_level(const struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct rg_core_status st;
        if (s->node[i].liar != NULL) {
            continue;
        }
        if (s->node[i].core == NULL || s->node[i].to_submit > 0 || s->node[i].held_count > 0) {
            return false;
        }
        rg_core_get_status(s->node[i].core, &st);
        if (st.height != s->oracle.height) {
            return false;
        }
    }
    return s->ballots_left == 0 && sim_oracle_all_done(s);
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
    if (!sim_run_until(s, s->heal_ms)) {
        return;
    }
    bool level = false;
    while (!level && s->now_ms < s->heal_ms + PATIENCE_MS) {
        if (!sim_run_until(s, s->now_ms + 250)) {
            return;
        }
        level = is_level(s);
    }
    if (!level) {
        sim_fail(s, "STUCK: not all is final on all nodes long after the faults ended");
        return;
    }
    s->stats.virtual_ms += s->now_ms;
    /* Nothing is wanted any more: no vote may be cast until the next tick is due, once the turn is
     * over that somebody gave up meanwhile, of a leader whom the others find to be silent after
     * T_skip. */
    const uint64_t height = s->oracle.height;
    if (!sim_run_until(s, s->now_ms + SETTLE_MS)) {
        return;
    }
    const uint64_t votes = s->oracle.votes;
    if (sim_run_until(s, s->now_ms + QUIET_MS) && height == s->oracle.height &&
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
    to->epochs += s->oracle.newest - 1;
    to->accused += s->oracle.accused;
}

static void report(const struct sim *s)
{
    printf("VIOLATION seed %llu nodes %zu at %llu ms: %s (%s)\n", (unsigned long long)s->seed, s->n,
           (unsigned long long)s->now_ms, s->oracle.broken,
           s->oracle.detail[0] != '\0' ? s->oracle.detail : "-");
    printf("replay: reigen-sim --seed %llu --seeds 1 --nodes %zu%s%s%s%s --verbose, of commit %s\n",
           (unsigned long long)s->seed, s->n, s->options.tight ? " --tight" : "",
           sim_crypto_real ? " --real-signatures" : "", s->options.lie != NULL ? " --lie " : "",
           s->options.lie != NULL ? s->options.lie->name : "", RG_SIM_COMMIT);
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
    struct sim *s = sim_new(seed, n, options);
    s->faults = true;
    for (uint16_t i = 0; i < n; i++) {
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
    } else if (options.verbose) {
        printf("seed %llu nodes %zu: %llu views, %llu nullified, %llu blocks, %llu ms\n",
               (unsigned long long)seed, n, (unsigned long long)s->oracle.max_view,
               (unsigned long long)s->oracle.nullified, (unsigned long long)s->stats.blocks,
               (unsigned long long)s->now_ms);
    }
    sim_free(s);
    return good;
}
