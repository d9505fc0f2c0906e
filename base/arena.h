/* Bounded bump memory: take pieces, then give all back at once. The capped allocator behind every
 * decoder, so that hostile input cannot make a node allocate more than its caller allowed. */
#ifndef RG_BASE_ARENA_H
#define RG_BASE_ARENA_H

#include "base/err.h"
#include "base/types.h"

struct rg_arena {
    uint8_t *data;
    size_t cap;
    size_t used;
    bool failed; /* a request did not fit since the last reset */
};

/* Allocate @cap bytes of memory for @a. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_arena_init(struct rg_arena *a, size_t cap);
/* Free the memory; @a is then empty; a zeroed arena is fine. */
void rg_arena_fini(struct rg_arena *a);
/* Take @len bytes aligned to 16, uninitialised; NULL when they do not fit. Borrowed until reset. */
void *rg_arena_take(struct rg_arena *a, size_t len);
/* Take @count items of @size zeroed bytes; NULL when they do not fit or the product overflows. */
void *rg_arena_take_array(struct rg_arena *a, size_t count, size_t size);
/* Copy @b into the arena; an empty range when it does not fit. */
struct rg_bytes rg_arena_copy(struct rg_arena *a, struct rg_bytes b);
/* Give everything back. */
void rg_arena_reset(struct rg_arena *a);

#endif /* RG_BASE_ARENA_H */
