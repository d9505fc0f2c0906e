#include "node/core/outbox.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)256 * 1024)
#define ACTIONS_FIRST 128u

struct rg_outbox_chunk {
    struct rg_outbox_chunk *next;
    size_t cap;
    size_t used;
    _Alignas(16) uint8_t data[];
};

void rg_outbox_fini(struct rg_outbox *o)
{
    struct rg_outbox_chunk *c = o->chunks;
    while (c != NULL) {
        struct rg_outbox_chunk *next = c->next;
        free(c);
        c = next;
    }
    free(o->list);
    memset(o, 0, sizeof *o);
}

void rg_outbox_reset(struct rg_outbox *o)
{
    /* One chunk of the usual size stays; larger ones go back, a burst is not kept for ever. */
    struct rg_outbox_chunk *keep = NULL;
    struct rg_outbox_chunk *c = o->chunks;
    while (c != NULL) {
        struct rg_outbox_chunk *next = c->next;
        if (keep == NULL && c->cap == CHUNK_BYTES) {
            keep = c;
            keep->next = NULL;
            keep->used = 0;
        } else {
            free(c);
        }
        c = next;
    }
    o->chunks = keep;
    o->count = 0;
    o->failed = false;
}

struct rg_core_action *rg_outbox_add(struct rg_outbox *o, enum rg_core_action_kind kind)
{
    memset(&o->spare, 0, sizeof o->spare);
    o->spare.kind = kind;
    if (o->count == o->cap) {
        const size_t cap = o->cap == 0 ? ACTIONS_FIRST : o->cap * 2;
        struct rg_core_action *list = realloc(o->list, cap * sizeof *list);
        if (list == NULL) {
            o->failed = true;
            return &o->spare;
        }
        o->list = list;
        o->cap = cap;
    }
    o->list[o->count] = o->spare;
    return &o->list[o->count++];
}

void *rg_outbox_take(struct rg_outbox *o, size_t len)
{
    const size_t need = (len + 15u) & ~(size_t)15u;
    struct rg_outbox_chunk *c = o->chunks;
    if (c == NULL || c->cap - c->used < need) {
        const size_t cap = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        c = malloc(sizeof *c + cap);
        if (c == NULL) {
            o->failed = true;
            return NULL;
        }
        c->cap = cap;
        c->used = 0;
        c->next = o->chunks;
        o->chunks = c;
    }
    void *p = c->data + c->used;
    c->used += need;
    return p;
}

struct rg_bytes rg_outbox_copy(struct rg_outbox *o, struct rg_bytes b)
{
    if (b.len == 0) {
        return (struct rg_bytes){0};
    }
    uint8_t *p = rg_outbox_take(o, b.len);
    if (p == NULL) {
        return (struct rg_bytes){0};
    }
    memcpy(p, b.data, b.len);
    return (struct rg_bytes){p, b.len};
}

struct rg_core_actions rg_outbox_actions(struct rg_outbox *o)
{
    if (o->failed) {
        memset(&o->spare, 0, sizeof o->spare);
        o->spare.kind = RG_CORE_HALT;
        o->spare.text = "out of memory";
        return (struct rg_core_actions){&o->spare, 1};
    }
    return (struct rg_core_actions){o->list, o->count};
}
