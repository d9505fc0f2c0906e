/* Operations on their way to the rules host: events in the order of the feed, gathered by case,
 * with ticks between them where the caller says so. Keeps copies, so it can be written again to
 * another process, and so that answers can be matched with what caused them. Fixed room; full is an
 * answer, not growth. One thread. */
#ifndef RG_MONITOR_OPBATCH_H
#define RG_MONITOR_OPBATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/types.h"
#include "ledger/genesis.h"
#include "node/agency/feed.h"
#include "node/monitor/cloudevent.h"
#include "rules/hostmsg.h"

#define RG_OPBATCH_OPS_MAX 2048u
#define RG_OPBATCH_CASES_MAX 1024u
#define RG_OPBATCH_TEXT_MAX ((size_t)512 * 1024) /* bytes of the copies */
#define RG_OPBATCH_NONE UINT32_MAX

/* What an event that acknowledges an alert says. */
struct rg_opbatch_ack {
    struct rg_hash raised; /* the id under which it was raised */
    uint32_t member;
    struct rg_bytes note;
};

struct rg_opbatch_op {
    enum rg_hostmsg_op_kind kind;
    int64_t time_ms;
    int64_t occurred_ms;
    uint8_t flags;    /* RG_HOSTMSG_VOID */
    uint64_t feed_no; /* of an ENTRY */
    uint32_t event_no;
    struct rg_place place;
    struct rg_bytes step;
    const struct rg_event_field *fields;
    uint32_t field_count;
    const struct rg_opbatch_ack *ack; /* NULL: it acknowledges nothing */
    uint32_t next;                    /* of its case */
};

struct rg_opbatch_case {
    uint64_t case_no;
    struct rg_id pseudonym;
    uint8_t rest_key[RG_KEY_BYTES];
    uint32_t first;
    uint32_t last;
    uint32_t op_count;
};

struct rg_opbatch {
    struct rg_opbatch_op *ops;
    uint32_t op_count;
    struct rg_opbatch_case *cases; /* in the order of their first operation */
    uint32_t case_count;
    uint32_t *bucket; /* case_no -> case, open addressing */
    struct rg_arena arena;
};

/* Make room. @b: zeroed. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_opbatch_init(struct rg_opbatch *b);
/* Free the room and wipe keys; a zeroed one is fine. */
void rg_opbatch_fini(struct rg_opbatch *b);
/* Forget all operations. */
void rg_opbatch_reset(struct rg_opbatch *b);
/* The case's index, or RG_OPBATCH_NONE. */
uint32_t rg_opbatch_find(const struct rg_opbatch *b, uint64_t case_no);
/* Whether an event can be added, with a tick before it. */
bool rg_opbatch_has_room(const struct rg_opbatch *b, const struct rg_feed_event *e);
/* Add an ENTRY for @e; there must be room. */
void rg_opbatch_add_event(struct rg_opbatch *b, const struct rg_feed_event *e);
/* Add an operation without event; there must be room. */
void rg_opbatch_add_op(struct rg_opbatch *b, const struct rg_feed_case *c,
                       enum rg_hostmsg_op_kind kind, int64_t time_ms);
/* Write case @i with its operations and @state into the batch message @out. */
void rg_opbatch_write_case(const struct rg_opbatch *b, uint32_t i, const struct rg_genesis *g,
                           const struct rg_hostmsg_case *head, struct rg_hostmsg_buf *out);
/* The operation number @n of case @i; NULL when there are fewer. */
const struct rg_opbatch_op *rg_opbatch_op(const struct rg_opbatch *b, uint32_t i, uint32_t n);

#endif /* RG_MONITOR_OPBATCH_H */
