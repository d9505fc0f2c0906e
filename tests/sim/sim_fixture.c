#include "sim_fixture.h"
#include <string.h>

struct sim *sim_fixture_make(size_t n, uint32_t link_ms, uint64_t seed)
{
    struct sim *s = sim_new(seed, n, (struct sim_options){.verbose = false});
    s->latency_ms = link_ms;
    s->archive_ms = 1;
    for (size_t i = 0; i < n; i++) {
        sim_node_start(s, &s->node[i]);
    }
    return s;
}

bool sim_fixture_step(struct sim *s)
{
    return s->heap_count > 0 && sim_run_until(s, s->heap[0].at_ms);
}

bool sim_fixture_until(struct sim *s, sim_cond cond, void *ctx, uint64_t ms)
{
    const uint64_t until = s->now_ms + ms;
    while (!cond(s, ctx)) {
        if (s->heap_count == 0 || s->heap[0].at_ms > until || !sim_fixture_step(s)) {
            return false;
        }
    }
    return true;
}

bool sim_fixture_pass(struct sim *s, uint64_t ms)
{
    return sim_run_until(s, s->now_ms + ms);
}

void sim_fixture_cut(struct sim *s, size_t from, size_t to)
{
    s->cut[from][to] = true;
}

void sim_fixture_isolate(struct sim *s, size_t i)
{
    for (size_t j = 0; j < s->n; j++) {
        s->cut[i][j] = s->cut[j][i] = i != j;
    }
}

void sim_fixture_heal(struct sim *s)
{
    sim_uncut(s);
}

void sim_fixture_kill(struct sim *s, size_t i)
{
    s->node[i].killed = true;
    sim_node_crash(s, &s->node[i]);
}

void sim_fixture_revive(struct sim *s, size_t i)
{
    s->node[i].killed = false;
    sim_node_start(s, &s->node[i]);
}

void sim_fixture_disk(struct sim *s, size_t i, uint32_t slow_ms, uint64_t stall_ms)
{
    s->node[i].slow_ms = slow_ms;
    s->node[i].stalled_ms = s->now_ms + stall_ms;
}

void sim_fixture_skew(struct sim *s, size_t i, int64_t ms)
{
    s->node[i].skew_ms = ms;
}

void sim_fixture_lie(struct sim *s, size_t i, const char *name, uint64_t variant)
{
    s->node[i].liar = sim_lies_find(name);
    s->node[i].variant = variant;
    s->liars = true;
    s->faults = true; /* liars lie while faults last */
}

void sim_fixture_submit(struct sim *s, size_t i, size_t count)
{
    if (s->node[i].core != NULL) {
        sim_node_submit(s, &s->node[i], count);
    }
}

void sim_fixture_load(struct sim *s)
{
    if (s->load_ms == 0) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->node[i].to_submit = 0; /* what found no room is not tried again */
        sim_fixture_submit(s, i, s->load_entries);
    }
    sim_post(s, (struct sim_event){.at_ms = s->now_ms + s->load_ms, .kind = SIM_LOAD});
}

void sim_fixture_steady(struct sim *s, uint32_t every_ms, uint32_t entries)
{
    const bool running = s->load_ms != 0;
    s->load_ms = every_ms;
    s->load_entries = entries;
    if (!running && every_ms != 0) {
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + every_ms, .kind = SIM_LOAD});
    }
}

uint64_t sim_fixture_height(const struct sim *s, size_t i)
{
    struct rg_core_status st;
    if (s->node[i].core == NULL) {
        return 0;
    }
    rg_core_get_status(s->node[i].core, &st);
    return st.height;
}

uint64_t sim_fixture_view(const struct sim *s)
{
    uint64_t view = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct rg_core_status st;
        if (s->node[i].core != NULL) {
            rg_core_get_status(s->node[i].core, &st);
            view = st.view > view ? st.view : view;
        }
    }
    return view;
}

size_t sim_fixture_leader(const struct sim *s, uint64_t view)
{
    return (size_t)((view - 1) % s->n);
}
