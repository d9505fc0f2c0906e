/* This node's own submissions with what the agency side keeps beside them, from the moment they are
 * taken until the agency side has followed the block that holds them. Ascending numbers.
 * Owner: the core. Bounded in bytes. */
#ifndef RG_NODE_CORE_OWNLOG_H
#define RG_NODE_CORE_OWNLOG_H

#include "base/err.h"
#include "base/types.h"

#define RG_OWNLOG_COUNT_MAX 4096u

struct rg_ownlog_item {
    uint64_t sequence;
    uint64_t token;
    uint64_t height;     /* of the final block that holds it; 0: not final */
    uint64_t sent_ms;    /* monotonic; last sent to the peers; 0: not yet */
    uint64_t expires_ms; /* of the submission */
    struct rg_hash hash;
    bool restored; /* final before the last start: outside the budget */
    uint8_t *submission;
    size_t submission_len;
    uint8_t *private_bytes;
    size_t private_len;
};

struct rg_ownlog {
    struct rg_ownlog_item *items;
    uint32_t count;
    uint32_t cap;
    uint32_t open; /* how many are not final */
    size_t bytes;
    size_t restored_bytes;
    uint32_t restored;
};

/* Free all; a zeroed log is an empty one. */
void rg_ownlog_fini(struct rg_ownlog *o);
/* The item under @sequence; NULL when there is none. Valid until the next call that changes the
 * log. */
struct rg_ownlog_item *rg_ownlog_find(const struct rg_ownlog *o, uint64_t sequence);
/* Add an item of @head's numbers with copies of both ranges, or put it in the place of the one
 * under its number. A new number must be above the last one.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  it is not. */
RG_CHECKED rg_err rg_ownlog_put(struct rg_ownlog *o, const struct rg_ownlog_item *head,
                                struct rg_bytes submission, struct rg_bytes private_bytes);
/* Put a newly signed submission in the place of @item's. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_ownlog_replace(struct rg_ownlog *o, struct rg_ownlog_item *item,
                                    struct rg_bytes submission);
/* The submission under @sequence is final at @height. */
void rg_ownlog_final(struct rg_ownlog *o, struct rg_ownlog_item *item, uint64_t height);
/* @item was final before the start, at or below @height. */
void rg_ownlog_restored(struct rg_ownlog *o, struct rg_ownlog_item *item, uint64_t height);
/* Forget the leading items that are final at or below @height. Gives the number of the last one, or
 * 0 when none is forgotten. */
uint64_t rg_ownlog_followed(struct rg_ownlog *o, uint64_t height);
/* Forget all items up to number @sequence. */
void rg_ownlog_forget(struct rg_ownlog *o, uint64_t sequence);

#endif /* RG_NODE_CORE_OWNLOG_H */
