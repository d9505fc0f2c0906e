#include "node/cli/caseset.h"
#include "crypto/hash.h"
#include <stdlib.h>

static bool insert(uint64_t *slots, size_t cap, uint64_t key)
{
    size_t i = (size_t)(key & (cap - 1));
    while (slots[i] != 0 && slots[i] != key) {
        i = (i + 1) & (cap - 1);
    }
    const bool fresh = slots[i] == 0;
    slots[i] = key;
    return fresh;
}

static rg_err grow(struct rg_caseset *set)
{
    const size_t cap = set->cap == 0 ? 4096 : set->cap * 2;
    uint64_t *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < set->cap; i++) {
        if (set->slots[i] != 0) {
            (void)insert(slots, cap, set->slots[i]);
        }
    }
    free(set->slots);
    set->slots = slots;
    set->cap = cap;
    return RG_OK;
}

rg_err rg_caseset_add(struct rg_caseset *set, struct rg_bytes file_number)
{
    uint8_t sum[16];
    uint64_t key = 0;
    if (set->count * 2 >= set->cap && grow(set) != RG_OK) {
        return RG_ERR_NOMEM;
    }
    rg_hash_checksum(file_number, sum);
    memcpy(&key, sum, sizeof key);
    set->count += insert(set->slots, set->cap, key | 1) ? 1 : 0;
    return RG_OK;
}

void rg_caseset_fini(struct rg_caseset *set)
{
    free(set->slots);
    *set = (struct rg_caseset){0};
}
