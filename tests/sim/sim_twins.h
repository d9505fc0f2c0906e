/* Twins (Bano and others, OPODIS 2021): one authority runs twice with one key; who hears whom is
 * enumerated view by view. */
#ifndef RG_SIM_TWINS_H
#define RG_SIM_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_twins {
    size_t n;      /* authorities, 4 */
    size_t rounds; /* views whose partition is enumerated */
    uint64_t part,
        parts;         /* every parts-th scenario; odd, else some places of the twin never come */
    uint64_t one;      /* UINT64_MAX, or only the scenario of this number */
    uint64_t violated; /* out */
    uint64_t done;     /* out: scenarios */
};

/* Run all canonical scenarios of the part; prints each violation, and a line at the end. */
bool sim_twins_run(struct sim_twins *t);

#endif /* RG_SIM_TWINS_H */
