/* What is told of the network: when it begins and when it is over, each once, held for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/agency/health.h"
#include <stdio.h>
#include <string.h>

#define NODES 4u
#define DAY (INT64_C(24) * 3600 * 1000)
#define NEWS_MAX 64u

struct world {
    struct rg_genesis genesis;
    struct rg_link_status status;
    struct rg_health *health;
    uint64_t now;
    uint64_t disk;
    size_t count;
    char news[NEWS_MAX][32]; /* code, place, + or - */
    char text[NEWS_MAX][512];
    bool full;
};

static bool on_news(void *ctx, const struct rg_monitor_news *n)
{
    struct world *w = ctx;
    if (w->full) {
        return false;
    }
    assert_true(w->count < NEWS_MAX);
    assert_true(strlen(n->text_de) > 10 && strlen(n->text_en) > 10);
    assert_int_equal(n->time_ms, w->now + 1000000);
    (void)snprintf(w->news[w->count], sizeof w->news[0], "%s %u%c", n->code, n->subject.data[1],
                   n->healed ? '-' : '+');
    (void)snprintf(w->text[w->count], sizeof w->text[0], "%s", n->text_en);
    w->count++;
    return true;
}

/* One look, all others heard just now unless @silent (a place). */
static void look(struct world *w, uint32_t silent)
{
    struct rg_core_status *c = &w->status.core;
    w->status.mono_ms = w->now;
    c->final_mono_ms = w->now;
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != silent) {
            c->peer[i].heard_ever = true;
            c->peer[i].heard_mono_ms = w->now;
        }
    }
    const struct rg_health_seen seen = {
        .status = &w->status, .mono_ms = w->now, .unix_ms = w->now + 1000000, .disk_free = w->disk};
    rg_health_step(w->health, &seen);
}

/* Look once a second for @seconds. */
static void pass(struct world *w, unsigned seconds, uint32_t silent)
{
    for (unsigned i = 0; i < seconds; i++) {
        w->now += 1000;
        look(w, silent);
    }
}

static void begin(struct world *w)
{
    struct rg_genesis *g = &w->genesis;
    memset(w, 0, sizeof *w);
    rg_genesis_default_parameters(&g->parameters);
    g->parameters.clock_drift_ms = 10000;
    g->agency_count = NODES;
    g->principal_count = NODES;
    g->authority_count = NODES;
    w->status.core.authority_count = NODES;
    w->status.core.node_count = NODES;
    w->status.core.quorum = 3;
    for (uint32_t i = 0; i < NODES; i++) {
        (void)snprintf(g->agency[i].name, sizeof g->agency[0].name, "AG%u", i);
        (void)snprintf(g->principal[i].name, sizeof g->principal[0].name, "node%u", i);
        g->principal[i].agency = i;
        g->principal[i].roles = RG_ROLE_NODE;
        g->authority[i] = i;
        w->status.core.place_of[i] = (uint16_t)i;
        w->status.core.peer[i].height = 1000;
    }
    w->status.core.height = 1000;
    w->status.core.best_height = 1000;
    w->now = 5000000;
    w->status.start_mono_ms = w->now;
    w->disk = UINT64_C(10) << 30;
    const struct rg_health_config c = {g, 0, 100 * DAY, on_news, w};
    assert_int_equal(rg_health_create(&c, &w->health), RG_OK);
    /* What may be open from before is over, once. */
    pass(w, 70, UINT32_MAX);
    assert_int_equal(w->count, 3 + 1 + 4 * 3);
    for (size_t i = 0; i < w->count; i++) {
        assert_int_equal(w->news[i][strlen(w->news[i]) - 1], '-');
    }
    w->count = 0;
}

static void end(struct world *w)
{
    rg_health_destroy(&w->health);
    assert_null(w->health);
}

static void assert_news(const struct world *w, size_t count, const char *last)
{
    assert_int_equal(w->count, count);
    if (count > 0) {
        assert_string_equal(w->news[count - 1], last);
    }
}

static void test_silent(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    pass(&w, 17, 2);
    assert_news(&w, 0, NULL);
    pass(&w, 17, 2);
    assert_news(&w, 1, "node-silent 2+");
    assert_non_null(strstr(w.text[0], "node2 of AG2 has not been heard for 18 s"));
    pass(&w, 2, UINT32_MAX);
    assert_news(&w, 2, "node-silent 2-");
    pass(&w, 100, UINT32_MAX);
    assert_news(&w, 2, "node-silent 2-");
    /* Stopped for a minute itself, it hears the others again soon. */
    w.now += 60000;
    pass(&w, 1, 2);
    pass(&w, 10, UINT32_MAX);
    assert_news(&w, 2, "node-silent 2-");
    end(&w);
}

static void test_stall(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.status.core.quorum = 4;
    pass(&w, 7, 3); /* silent for less than counts, or for less than is told */
    const size_t before = w.count;
    assert_int_equal(before, 0);
    pass(&w, 30, 3);
    assert_int_equal(w.count, 2);
    assert_true(strcmp(w.news[0], "stall 0+") == 0 || strcmp(w.news[1], "stall 0+") == 0);
    pass(&w, 2, UINT32_MAX);
    assert_int_equal(w.count, 4);
    end(&w);
}

static void test_behind(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.status.core.peer[1].height = 900;
    pass(&w, 15, UINT32_MAX);
    assert_news(&w, 0, NULL);
    pass(&w, 10, UINT32_MAX);
    assert_news(&w, 1, "node-behind 1+");
    assert_non_null(strstr(w.text[0], "lacks 100 blocks"));
    w.status.core.peer[1].height = 990; /* not yet */
    pass(&w, 10, UINT32_MAX);
    assert_news(&w, 1, "node-behind 1+");
    w.status.core.peer[1].height = 996;
    pass(&w, 1, UINT32_MAX);
    assert_news(&w, 2, "node-behind 1-");
    w.status.core.best_height = 2000; /* this one is */
    pass(&w, 20, UINT32_MAX);
    assert_news(&w, 3, "node-behind 0+");
    /* Shorter than it must hold: nothing. */
    w.status.core.peer[3].height = 0;
    pass(&w, 10, UINT32_MAX);
    w.status.core.peer[3].height = 1000;
    pass(&w, 10, UINT32_MAX);
    assert_news(&w, 3, "node-behind 0+");
    end(&w);
}

static void test_turns(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.status.core.peer[2].missed_turns = 2;
    pass(&w, 130, UINT32_MAX);
    assert_news(&w, 0, NULL);
    w.status.core.peer[2].missed_turns = 5;
    pass(&w, 1, UINT32_MAX);
    assert_news(&w, 1, "turns-missed 2+");
    pass(&w, 50, UINT32_MAX);
    assert_news(&w, 1, "turns-missed 2+");
    pass(&w, 130, UINT32_MAX);
    assert_news(&w, 2, "turns-missed 2-");
    w.status.core.peer[2].missed_turns = 0; /* a new epoch counts anew */
    pass(&w, 130, UINT32_MAX);
    assert_news(&w, 2, "turns-missed 2-");
    end(&w);
}

static void test_clock(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.status.core.peer[1].clock_offset_ms = -5000;
    pass(&w, 5, UINT32_MAX);
    assert_news(&w, 0, NULL);
    pass(&w, 2, UINT32_MAX);
    assert_news(&w, 1, "clock-offset 1+");
    assert_non_null(strstr(w.text[0], "by -5000 ms"));
    w.status.core.peer[1].clock_offset_ms = 3000;
    pass(&w, 10, UINT32_MAX);
    assert_news(&w, 1, "clock-offset 1+");
    /* Nothing is said of a clock that is not heard any more. */
    pass(&w, 30, 1);
    assert_news(&w, 2, "node-silent 1+");
    w.status.core.peer[1].clock_offset_ms = 2499;
    pass(&w, 2, UINT32_MAX);
    assert_news(&w, 4, "clock-offset 1-");
    w.status.core.peer[1].clock_offset_ms = INT64_MIN;
    pass(&w, 7, UINT32_MAX);
    assert_news(&w, 5, "clock-offset 1+");
    end(&w);
}

/* Thirty days ahead of the time they may have. */
static void test_keys(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.genesis.time_ms = w.now + 1000000;
    w.now += 70 * DAY - 2000;
    pass(&w, 1, UINT32_MAX);
    assert_news(&w, 0, NULL);
    pass(&w, 100, UINT32_MAX);
    assert_news(&w, 1, "keys-old 0+");
    assert_non_null(strstr(w.text[0], "are 70 days old, planned for are 100;"));
    end(&w);
}

static void test_disk(void **state)
{
    static struct world w;
    (void)state;
    begin(&w);
    w.disk = RG_HEALTH_DISK;
    pass(&w, 5, UINT32_MAX);
    assert_news(&w, 0, NULL);
    w.disk = (UINT64_C(100) << 20) + 5;
    w.full = true; /* no room in the log: it is told later */
    pass(&w, 5, UINT32_MAX);
    assert_news(&w, 0, NULL);
    w.full = false;
    pass(&w, 5, UINT32_MAX);
    assert_news(&w, 1, "disk-low 0+");
    assert_non_null(strstr(w.text[0], "100 MiB are free"));
    w.disk = UINT64_MAX; /* not known */
    pass(&w, 5, UINT32_MAX);
    w.disk = 2 * RG_HEALTH_DISK;
    pass(&w, 5, UINT32_MAX);
    assert_news(&w, 2, "disk-low 0-");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent), cmocka_unit_test(test_stall), cmocka_unit_test(test_behind),
        cmocka_unit_test(test_turns),  cmocka_unit_test(test_clock), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_disk),
    };
    return cmocka_run_group_tests_name("agency_health", tests, NULL, NULL);
}
