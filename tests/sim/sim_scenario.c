/* Stories with figures. Each prints one line, with what it measured and what it must reach. Time is
 * the network's: processors cost nothing here, links and timers do. */
#include "sim_fixture.h"
#include "sim_lie.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEADER_MS 1000 /* the default leader timeout */
/* The turns of the dead are nullified together with the turn before: they cost no hop. */
#define DEAD_SHARE 90

static bool finish(struct sim *s, bool good)
{
    if (s->oracle.broken != NULL) {
        printf("  VIOLATION at %llu ms: %s (%s)\n", (unsigned long long)s->now_ms, s->oracle.broken,
               s->oracle.detail);
        good = false;
    }
    sim_free(s);
    return good;
}

static bool is_higher(const struct sim *s, void *ctx)
{
    const uint64_t *height = ctx;
    return s->oracle.height > *height;
}

static uint64_t window_ms(size_t n, uint32_t link_ms)
{
    const uint64_t ms = n >= 20 ? 2000 : n >= 7 ? 6000 : 12000;
    return ms * (link_ms > 5 ? 4 : 1);
}

/* Blocks in one window of time under steady load, with @down authorities dead. */
static double rate(size_t n, uint32_t link_ms, size_t down, double *out_entries, bool *good)
{
    struct sim *s = sim_fixture_make(n, link_ms, 7);
    const uint64_t window = window_ms(n, link_ms);
    sim_fixture_steady(s, link_ms > 5 ? 20 : 2, 1);
    *good = sim_fixture_pass(s, 2000) && *good;
    for (size_t i = 0; i < down; i++) {
        sim_fixture_kill(s, 1 + i * (n / down));
    }
    /* Two rotations with the dead in them. */
    const uint64_t view = sim_fixture_view(s) + 2 * n + 1;
    while (down > 0 && *good && sim_fixture_view(s) < view) {
        *good = sim_fixture_pass(s, 100);
    }
    const uint64_t before = s->oracle.height;
    const uint64_t executed = s->oracle.executed[0];
    *good = *good && sim_fixture_pass(s, window);
    *out_entries = (double)(s->oracle.executed[0] - executed) * 1000 / (double)window;
    const double r = (double)(s->oracle.height - before) * 1000 / (double)window;
    *good = finish(s, *good);
    return r;
}

/* (a) f authorities down, after two rotations: at least 90 % of the healthy rate. */
static bool dead(size_t n, uint32_t link_ms)
{
    bool good = true;
    const size_t f = (n - 1) / 3;
    double entries[2] = {0, 0};
    const double healthy = rate(n, link_ms, 0, &entries[0], &good);
    const double rest = rate(n, link_ms, f, &entries[1], &good);
    const double share = healthy > 0 ? 100 * rest / healthy : 0;
    printf("dead: n %zu, %u ms links: %.1f blocks/s healthy, %.1f with %zu down: %.1f %%; entries "
           "of one "
           "node %.1f/s and %.1f/s (>= 90 %%)\n",
           n, link_ms, healthy, rest, f, share, entries[0], entries[1]);
    return good && entries[1] >= 0.9 * entries[0] && share >= DEAD_SHARE;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* (b) The leader dies: the longest time without a new final block after it. */
static bool leader(size_t n, uint32_t link_ms)
{
    enum {
        RUNS = 100
    };
    uint64_t gap[RUNS];
    bool good = true;
    for (uint64_t r = 0; r < RUNS && good; r++) {
        struct sim *s = sim_fixture_make(n, link_ms, 100 + r);
        sim_fixture_steady(s, 25, 1);
        good = sim_fixture_pass(s, 400 + sim_below(s, 500));
        sim_fixture_kill(s, sim_fixture_leader(s, sim_fixture_view(s)));
        const uint64_t killed = s->now_ms;
        uint64_t last = killed;
        gap[r] = 0;
        while (good && s->now_ms < killed + 3 * LEADER_MS / 2) {
            uint64_t height = s->oracle.height;
            good = sim_fixture_until(s, is_higher, &height, 20 * LEADER_MS);
            gap[r] = s->now_ms - last > gap[r] ? s->now_ms - last : gap[r];
            last = s->now_ms;
        }
        good = finish(s, good);
    }
    qsort(gap, RUNS, sizeof gap[0], by_size);
    const uint64_t p99 = good ? gap[RUNS * 99 / 100] : UINT64_MAX;
    printf(
        "leader: n %zu, %u ms links, %d leaders killed: next final block after p50 %llu, p99 %llu "
        "ms (<= %d)\n",
        n, link_ms, RUNS, (unsigned long long)(good ? gap[RUNS / 2] : 0), (unsigned long long)p99,
        LEADER_MS * 12 / 10);
    return good && p99 <= LEADER_MS * 12 / 10;
}

static uint64_t first_final(struct sim *s, bool *good)
{
    const uint64_t from = s->now_ms;
    uint64_t height = s->oracle.height;
    *good = sim_fixture_until(s, is_higher, &height, 120000) && *good;
    return s->now_ms - from;
}

/* (c) No quorum for an hour, by power or by cuts, with work waiting; then all is back. */
static bool quorum(size_t n, uint32_t link_ms)
{
    bool good = true;
    uint64_t took[2] = {0, 0};
    for (size_t way = 0; way < 2; way++) {
        struct sim *s = sim_fixture_make(n, link_ms, 3 + way);
        const size_t down = n - sim_lie_q(s) + 1;
        sim_fixture_steady(s, 50, 1);
        good = sim_fixture_pass(s, 3000) && good;
        for (size_t i = 0; i < down; i++) {
            way == 0 ? sim_fixture_kill(s, i) : sim_fixture_isolate(s, i);
        }
        good = sim_fixture_pass(s, 2000) && good;
        sim_fixture_steady(s, 0, 0);
        good = sim_fixture_pass(s, 3600000) && good;
        for (size_t i = 0; i < down && way == 0; i++) {
            sim_fixture_revive(s, i);
        }
        sim_fixture_heal(s);
        took[way] = first_final(s, &good);
        good = finish(s, good);
    }
    const uint64_t most = took[0] > took[1] ? took[0] : took[1];
    printf(
        "quorum: n %zu, %u ms links, lost for 1 h: first final block %llu ms after power, %llu ms "
        "after links are back (<= %d)\n",
        n, link_ms, (unsigned long long)took[0], (unsigned long long)took[1], 2 * LEADER_MS);
    return good && most <= 2 * LEADER_MS;
}

/* (d) An idle hour: votes only near ticks. Then one entry while the next leader is dead. */
static bool idle(size_t n, uint32_t link_ms)
{
    struct sim *s = sim_fixture_make(n, link_ms, 5);
    sim_fixture_submit(s, 0, 1);
    bool good = sim_fixture_pass(s, 10000);
    uint64_t votes = s->oracle.votes;
    const uint64_t first = votes;
    uint64_t busy = 0;
    const uint64_t height = s->oracle.height;
    for (uint64_t second = 0; second < 3600 && good; second++) {
        good = sim_fixture_pass(s, 1000);
        busy += s->oracle.votes != votes;
        votes = s->oracle.votes;
    }
    const uint64_t ticks = s->oracle.height - height;
    const uint64_t cast = votes - first;
    const size_t next = sim_fixture_leader(s, sim_fixture_view(s));
    sim_fixture_kill(s, next);
    sim_fixture_submit(s, (next + 1) % n, 1);
    const uint64_t took = first_final(s, &good);
    const uint64_t limit = LEADER_MS + 10 * link_ms + 100;
    printf(
        "idle: n %zu, %u ms links, 1 h: %llu ticks, %llu votes, in %llu of 3600 seconds; one entry "
        "with the next leader dead: %llu ms (<= %llu)\n",
        n, link_ms, (unsigned long long)ticks, (unsigned long long)cast, (unsigned long long)busy,
        (unsigned long long)took, (unsigned long long)limit);
    good = good && ticks >= 59 && ticks <= 61 && busy <= 2 * ticks && cast <= ticks * n * 6;
    return finish(s, good && took <= limit);
}

static bool is_level(const struct sim *s, void *ctx)
{
    const size_t *i = ctx;
    return sim_fixture_height(s, *i) >= s->oracle.height;
}

/* (e) A node that missed 100,000 entries, with lost answers and a peer that serves lies. */
static bool catchup(size_t n, uint32_t link_ms)
{
    struct sim *s = sim_fixture_make(n, link_ms, 9);
    const uint64_t missed = 100000;
    size_t late = n - 1;
    bool good = sim_fixture_pass(s, 1000);
    sim_fixture_kill(s, late);
    sim_fixture_steady(s, link_ms > 5 ? 100 : 20, 20);
    const uint64_t begin = s->now_ms;
    const uint64_t each = missed / 20 / (n - 1);
    uint64_t height = s->oracle.height;
    while (good && s->oracle.executed[0] < each) {
        good = sim_fixture_pass(s, 100);
    }
    const uint64_t live = s->now_ms - begin;
    const uint64_t blocks = s->oracle.height - height;
    sim_fixture_steady(s, 0, 0);
    good = sim_fixture_pass(s, 3000) && good;
    s->loss = 100;
    if (n >= 4) {
        sim_fixture_lie(s, 0, "server", 2);
    }
    sim_fixture_revive(s, late);
    const uint64_t from = s->now_ms;
    good = sim_fixture_until(s, is_level, &late, 600000) && good;
    const uint64_t took = s->now_ms - from;
    printf("catchup: n %zu, %u ms links: %llu entries in %llu blocks made in %llu ms, caught up in "
           "%llu ms with 10 %% loss and a lying peer: %.0f times live speed (>= 20)\n",
           n, link_ms, (unsigned long long)missed, (unsigned long long)blocks,
           (unsigned long long)live, (unsigned long long)took,
           (double)live / (double)(took > 0 ? took : 1));
    return finish(s, good && took * 20 <= live);
}

/* How fast the simulator itself is: views of a steady network without faults, a second of
 * processor. */
static bool speed(size_t n, uint32_t link_ms)
{
    struct sim *s = sim_fixture_make(n, link_ms, 13);
    sim_fixture_steady(s, 20, 1);
    bool good = sim_fixture_pass(s, 1000);
    const uint64_t view = sim_fixture_view(s);
    const clock_t begin = clock();
    while (good && clock() - begin < 2 * CLOCKS_PER_SEC) {
        good = sim_fixture_pass(s, 100);
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("speed: n %zu, %u ms links: %.0f views a second of processor\n", n, link_ms,
           (double)(sim_fixture_view(s) - view) / seconds);
    return finish(s, good);
}

/* (g) All clocks are a minute ahead for a while, then right: ledger time is ahead of them all.
 */
static bool clocks(size_t n, uint32_t link_ms)
{
    struct sim *s = sim_fixture_make(n, link_ms, 11);
    for (size_t i = 0; i < n; i++) {
        sim_fixture_skew(s, i, 60000);
    }
    sim_fixture_steady(s, 50, 1);
    bool good = sim_fixture_pass(s, 3000);
    for (size_t i = 0; i < n; i++) {
        sim_fixture_skew(s, i, 0);
    }
    sim_fixture_steady(s, 0, 0);
    good = sim_fixture_pass(s, 500) && good;
    sim_fixture_submit(s, 0, 1);
    const uint64_t from = s->now_ms;
    uint64_t height = s->oracle.height;
    good = sim_fixture_until(s, is_higher, &height, 180000) && good;
    printf("clocks: n %zu, %u ms links: all clocks put right after running 60 s ahead: next block "
           "final after %llu ms (<= %d)\n",
           n, link_ms, (unsigned long long)(s->now_ms - from), 2 * LEADER_MS);
    good = good && s->now_ms - from <= 2 * LEADER_MS;
    return finish(s, good);
}

static const struct sim_scenario scenarios[] = {
    {"dead", dead},       {"leader", leader}, {"quorum", quorum}, {"idle", idle},
    {"catchup", catchup}, {"clocks", clocks}, {"speed", speed},
};

const struct sim_scenario *sim_scenario_find(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            return &scenarios[i];
        }
    }
    return NULL;
}
