#include "node/agency/u64map.h"
#include <stdlib.h>

#define FIRST_CAP 1024u

void rg_u64map_init(struct rg_u64map *m, size_t max)
{
    *m = (struct rg_u64map){.max = max};
}

void rg_u64map_fini(struct rg_u64map *m)
{
    free(m->slots);
    *m = (struct rg_u64map){.max = m->max};
}

uint64_t rg_u64map_key(const uint8_t b[static 8])
{
    uint64_t k = 0;
    memcpy(&k, b, sizeof k);
    return k;
}

static uint64_t usable(uint64_t key)
{
    return key == 0 ? 1 : key;
}

/* The slot of @key, or the free one where it belongs. */
static size_t place(const struct rg_u64map_slot *slots, size_t cap, uint64_t key)
{
    size_t i = (size_t)key & (cap - 1);
    while (slots[i].key != 0 && slots[i].key != key) {
        i = (i + 1) & (cap - 1);
    }
    return i;
}

static rg_err grow(struct rg_u64map *m)
{
    const size_t cap = m->cap == 0 ? FIRST_CAP : m->cap * 2;
    struct rg_u64map_slot *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].key != 0) {
            slots[place(slots, cap, m->slots[i].key)] = m->slots[i];
        }
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return RG_OK;
}

rg_err rg_u64map_put(struct rg_u64map *m, uint64_t key, uint64_t value)
{
    key = usable(key);
    if (m->cap == 0 || m->count >= m->cap / 4 * 3) {
        const rg_err err = grow(m);
        if (err != RG_OK) {
            return err;
        }
    }
    const size_t i = place(m->slots, m->cap, key);
    if (m->slots[i].key == 0) {
        if (m->count >= m->max) {
            return RG_ERR_FULL;
        }
        m->count++;
    }
    m->slots[i] = (struct rg_u64map_slot){key, value};
    return RG_OK;
}

bool rg_u64map_get(const struct rg_u64map *m, uint64_t key, uint64_t *out)
{
    if (m->cap == 0) {
        return false;
    }
    key = usable(key);
    const size_t i = place(m->slots, m->cap, key);
    if (m->slots[i].key == 0) {
        return false;
    }
    *out = m->slots[i].value;
    return true;
}

void rg_u64map_del(struct rg_u64map *m, uint64_t key)
{
    if (m->cap == 0) {
        return;
    }
    const size_t mask = m->cap - 1;
    size_t hole = place(m->slots, m->cap, usable(key));
    if (m->slots[hole].key == 0) {
        return;
    }
    /* Move back whatever would no longer be reached over the hole (Knuth, vol. 3, 6.4 R). */
    for (size_t i = (hole + 1) & mask; m->slots[i].key != 0; i = (i + 1) & mask) {
        const size_t home = (size_t)m->slots[i].key & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct rg_u64map_slot){0};
    m->count--;
}
