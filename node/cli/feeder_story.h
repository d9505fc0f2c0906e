/* The cases that simulated agencies work through: which agency records which step, in which order,
 * some of them with a deviation that a rule must notice at once. */
#ifndef RG_CLI_FEEDER_STORY_H
#define RG_CLI_FEEDER_STORY_H

#include "base/prng.h"

enum rg_feeder_story_who {
    RG_FEEDER_STORY_BAMF,
    RG_FEEDER_STORY_LDS
};

struct rg_feeder_story_step {
    enum rg_feeder_story_who who;
    const char *step;
    const char *field; /* name of a field; NULL: none */
    const char *value; /* its value; NULL: a day in the next weeks */
};

struct rg_feeder_story {
    const char *title;                        /* what is wrong with it, for people */
    const struct rg_feeder_story_step *steps; /* ends with a NULL step; the first is the LDS's */
    uint32_t weight;                          /* how often, of all */
};

/* The @n-th case of a run: the first ones show every deviation once, then they come by weight. */
const struct rg_feeder_story *rg_feeder_story_pick(struct rg_prng *prng, uint64_t n);

#endif /* RG_CLI_FEEDER_STORY_H */
