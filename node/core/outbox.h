/* The actions of one call and the bytes they point to. Everything lives until the next reset. When
 * memory runs out the whole output is replaced by one HALT: since then nothing has left and nothing
 * was promised, stopping is safe. */
#ifndef RG_NODE_CORE_OUTBOX_H
#define RG_NODE_CORE_OUTBOX_H

#include "node/core/core.h"

struct rg_outbox_chunk;

struct rg_outbox {
    struct rg_core_action *list;
    size_t count;
    size_t cap;
    struct rg_outbox_chunk *chunks;
    bool failed;
    struct rg_core_action spare; /* given out when memory has run out */
};

/* Free all; a zeroed box is an empty one. */
void rg_outbox_fini(struct rg_outbox *o);
/* Forget all actions and their bytes. */
void rg_outbox_reset(struct rg_outbox *o);
/* Add an action; never NULL (a spare one after a failure). Valid until the next add. */
struct rg_core_action *rg_outbox_add(struct rg_outbox *o, enum rg_core_action_kind kind);
/* Take @len bytes, aligned to 16; NULL after a failure. */
void *rg_outbox_take(struct rg_outbox *o, size_t len);
/* A copy of @b; empty after a failure. */
struct rg_bytes rg_outbox_copy(struct rg_outbox *o, struct rg_bytes b);
/* The list, or the one HALT after a failure. */
struct rg_core_actions rg_outbox_actions(struct rg_outbox *o);

#endif /* RG_NODE_CORE_OUTBOX_H */
