/* A network to tell stories with: make it, step it, cut, kill, slow and skew what you like, look,
 * assert. No chance but what the story asks for; link times are exact; the oracle watches. */
#ifndef RG_SIM_FIXTURE_H
#define RG_SIM_FIXTURE_H

#include "sim.h"

/* A network of @n honest nodes, all up; a message takes @link_ms. */
struct sim *sim_fixture_make(size_t n, uint32_t link_ms, uint64_t seed);
/* The next event; false when none is left or something broke. */
bool sim_fixture_step(struct sim *s);
/* Steps until @cond holds, at most @ms milliseconds; whether it holds. */
typedef bool (*sim_cond)(const struct sim *s, void *ctx);
bool sim_fixture_until(struct sim *s, sim_cond cond, void *ctx, uint64_t ms);
/* Let time pass; false when something broke. */
bool sim_fixture_pass(struct sim *s, uint64_t ms);

void sim_fixture_cut(struct sim *s, size_t from, size_t to); /* one way */
void sim_fixture_isolate(struct sim *s, size_t i);
void sim_fixture_heal(struct sim *s);
void sim_fixture_kill(struct sim *s, size_t i); /* power loss; stays down */
void sim_fixture_revive(struct sim *s, size_t i);
void sim_fixture_disk(struct sim *s, size_t i, uint32_t slow_ms, uint64_t stall_ms);
void sim_fixture_skew(struct sim *s, size_t i, int64_t ms);
void sim_fixture_lie(struct sim *s, size_t i, const char *name, uint64_t variant);
/* @count entries in one submission; and from now on, each node every @every_ms (0: no more). */
void sim_fixture_submit(struct sim *s, size_t i, size_t count);
void sim_fixture_steady(struct sim *s, uint32_t every_ms, uint32_t entries);

uint64_t sim_fixture_height(const struct sim *s, size_t i); /* 0 when it is down */
uint64_t sim_fixture_view(const struct sim *s);             /* the highest of all */
size_t sim_fixture_leader(const struct sim *s, uint64_t view);

/* A scenario prints one line and says whether its figure was reached. */
struct sim_scenario {
    const char *name;
    bool (*run)(size_t n, uint32_t link_ms);
};
const struct sim_scenario *sim_scenario_find(const char *name);

#endif /* RG_SIM_FIXTURE_H */
