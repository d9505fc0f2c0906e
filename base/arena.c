#include "base/arena.h"
#include <stdlib.h>

rg_err rg_arena_init(struct rg_arena *a, size_t cap)
{
    uint8_t *data = malloc(cap);
    if (data == NULL) {
        return RG_ERR_NOMEM;
    }
    *a = (struct rg_arena){.data = data, .cap = cap};
    return RG_OK;
}

void rg_arena_fini(struct rg_arena *a)
{
    free(a->data);
    *a = (struct rg_arena){0};
}

void *rg_arena_take(struct rg_arena *a, size_t len)
{
    const size_t start = (a->used + 15) & ~(size_t)15;
    if (start > a->cap || len > a->cap - start) {
        a->failed = true;
        return NULL;
    }
    a->used = start + len;
    return a->data + start;
}

void *rg_arena_take_array(struct rg_arena *a, size_t count, size_t size)
{
    size_t len = 0;
    if (__builtin_mul_overflow(count, size, &len)) {
        a->failed = true;
        return NULL;
    }
    void *p = rg_arena_take(a, len);
    if (p != NULL && len > 0) {
        memset(p, 0, len);
    }
    return p;
}

struct rg_bytes rg_arena_copy(struct rg_arena *a, struct rg_bytes b)
{
    uint8_t *p = rg_arena_take(a, b.len);
    if (p == NULL) {
        return (struct rg_bytes){0};
    }
    if (b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    return (struct rg_bytes){.data = p, .len = b.len};
}

void rg_arena_reset(struct rg_arena *a)
{
    a->used = 0;
    a->failed = false;
}
