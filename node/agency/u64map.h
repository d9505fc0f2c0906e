/* A map from 64-bit keys to 64-bit values: open addressing, linear probing, no tombstones. The keys
 * must be pseudo-random already (prefixes of keyed hashes), so nobody outside can aim for
 * collisions. Holds expected tags, 16 bytes a slot. One owner, one thread. */
#ifndef RG_AGENCY_U64MAP_H
#define RG_AGENCY_U64MAP_H

#include "base/err.h"
#include "base/types.h"

struct rg_u64map_slot {
    uint64_t key; /* 0: free */
    uint64_t value;
};

struct rg_u64map {
    struct rg_u64map_slot *slots;
    size_t cap; /* a power of two */
    size_t count;
    size_t max; /* entries; over it RG_ERR_FULL */
};

/* Make an empty map for at most @max entries; it takes memory as it grows. */
void rg_u64map_init(struct rg_u64map *m, size_t max);
/* Free the memory; the map is then empty. */
void rg_u64map_fini(struct rg_u64map *m);
/* Set @key (0 counts as 1) to @value. Errors: RG_ERR_FULL; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_u64map_put(struct rg_u64map *m, uint64_t key, uint64_t value);
/* Whether @key is there; gives its value. */
bool rg_u64map_get(const struct rg_u64map *m, uint64_t key, uint64_t *out);
/* Remove @key; nothing when it is not there. */
void rg_u64map_del(struct rg_u64map *m, uint64_t key);
/* A key from the first 8 bytes of a hash or tag. */
uint64_t rg_u64map_key(const uint8_t b[static 8]);

#endif /* RG_AGENCY_U64MAP_H */
