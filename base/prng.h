/* A seeded generator for simulation, jitter and tests (xoshiro256** after Blackman and Vigna 2018,
 * seeded by splitmix64). Never for keys: those come from crypto/rand.h. */
#ifndef RG_BASE_PRNG_H
#define RG_BASE_PRNG_H

#include "base/types.h"

struct rg_prng {
    uint64_t s[4];
};

/* Seed from one number; the same seed gives the same numbers on every machine. */
void rg_prng_init(struct rg_prng *p, uint64_t seed);
/* The next 64 random bits. */
uint64_t rg_prng_next(struct rg_prng *p);
/* A number in [0, @bound); 0 when @bound is 0. */
uint64_t rg_prng_below(struct rg_prng *p, uint64_t bound);

#endif /* RG_BASE_PRNG_H */
