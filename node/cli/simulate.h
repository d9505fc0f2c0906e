/* Two simulated agencies at work: hands the steps of made-up cases (story.h) to the agencies' nodes
 * in the order of simulated time. Each case belongs to who records its first step; the other one
 * binds a file number of its own to it as soon as its node knows the case. One thread. */
#ifndef RG_CLI_SIMULATE_H
#define RG_CLI_SIMULATE_H

#include "node/cli/profile.h"
#include "node/cli/story.h"

#define RG_SIMULATE_PER_DAY_MAX 500

struct rg_simulate_plan {
    uint64_t seed;
    uint64_t cases;   /* begin no more than so many */
    uint64_t per_day; /* on a working day, on average; 1 to RG_SIMULATE_PER_DAY_MAX */
    uint64_t percent; /* of the cases have a deviation */
    uint64_t speed; /* simulated time runs so many times faster; 0: as fast as the nodes take it */
    int64_t end_ms; /* when to begin no more cases (rg_line_now), and to hurry; INT64_MAX: never */
    bool event_clock; /* steps bear simulated times; else those of now, and dates from now on */
    const struct rg_calendar *calendar; /* days on which the agencies work; borrowed */
};

struct rg_simulate_result {
    uint64_t cases;
    uint64_t elsewhere;
    uint64_t events;
    uint64_t days; /* simulated */
    uint64_t last_height;
    uint64_t deviations[RG_STORY_DEVIATIONS]; /* cases of each kind; 0: of none */
};

/* Play until every case that was begun is at its end, or rg_say_stop is set (then 75). @profiles by
 * enum rg_story_who. Returns 0 or an exit code, said on stderr: 73 when the cases of this seed are
 * on the ledger already; the codes of libreigen. */
int rg_simulate_run(const struct rg_simulate_plan *plan, const struct rg_profile profiles[2],
                    struct rg_simulate_result *out);

#endif /* RG_CLI_SIMULATE_H */
