#include "base/prng.h"

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

void rg_prng_init(struct rg_prng *p, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        p->s[i] = z ^ (z >> 31);
    }
}

uint64_t rg_prng_next(struct rg_prng *p)
{
    const uint64_t result = rotl(p->s[1] * 5, 7) * 9;
    const uint64_t t = p->s[1] << 17;
    p->s[2] ^= p->s[0];
    p->s[3] ^= p->s[1];
    p->s[1] ^= p->s[2];
    p->s[0] ^= p->s[3];
    p->s[2] ^= t;
    p->s[3] = rotl(p->s[3], 45);
    return result;
}

uint64_t rg_prng_below(struct rg_prng *p, uint64_t bound)
{
    /* Multiply-shift; the bias of 2^-64 * bound does not matter for simulation. */
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)(((u128)rg_prng_next(p) * bound) >> 64);
}
