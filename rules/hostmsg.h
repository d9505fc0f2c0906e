/* Messages between a node and its rules host: written and read by both sides, over a stream socket
 * pair. A message is a u32 length (of what follows), u8 format, u8 kind, body; little-endian.
 *
 *   OPEN   definition                                    -> OPENED ok, error text, process, version
 *   BATCH  number, cases: {case, flags, state, ops}      -> RESULT number, cases: {case, status,
 * state, due, alerts, duties, verdicts} or FAILED number, text (a message that is not valid, or
 * results over the cap: send the cases in smaller batches)
 *
 * The host keeps nothing between messages but the open definition: the state of a case travels with
 * its operations and comes back. Cases of a RESULT stand in the order of the BATCH.
 *
 * Writing: a growing buffer that latches failures. Reading: cursors over the caller's bytes that
 * latch failures; every length is checked, texts are ranges of the message. No I/O (rules/hostio.h
 * does). */
#ifndef RG_RULES_HOSTMSG_H
#define RG_RULES_HOSTMSG_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"

#define RG_HOSTMSG_FORMAT 3
/* Bytes of an OPEN or BATCH, and of an answer, each with its length. */
#define RG_HOSTMSG_BATCH_MAX ((size_t)4 * 1024 * 1024)
#define RG_HOSTMSG_RESULT_MAX ((size_t)16 * 1024 * 1024)
/* Bytes of the state of a live case, and of one with RG_HOSTMSG_FULL. */
#define RG_HOSTMSG_STATE_MAX ((size_t)16 * 1024)
#define RG_HOSTMSG_FULL_STATE_MAX ((size_t)1024 * 1024)
#define RG_HOSTMSG_TEXT_MAX 4224   /* bytes of an error text, or of the agencies of a duty */
#define RG_HOSTMSG_NEVER INT64_MAX /* no deadline */

enum rg_hostmsg_kind {
    RG_HOSTMSG_OPEN = 1,
    RG_HOSTMSG_OPENED,
    RG_HOSTMSG_BATCH,
    RG_HOSTMSG_RESULT,
    RG_HOSTMSG_FAILED,
};

/* Flags of a case: RG_HOSTMSG_FULL is conformance (lists of violating events, no alerts, bigger
 * state); 0 is live. A state written with one is not read with the other. */
#define RG_HOSTMSG_FULL 1u
/* Flag of an ENTRY: it was cancelled, keeps its number in the case and is not judged. */
#define RG_HOSTMSG_VOID 1u

enum rg_hostmsg_op_kind {
    RG_HOSTMSG_OP_ENTRY = 1,
    RG_HOSTMSG_OP_TICK,   /* the ledger's time is now @time_ms */
    RG_HOSTMSG_OP_NEXT,   /* asks for the pending duties */
    RG_HOSTMSG_OP_FINISH, /* asks for the verdicts as of @time_ms */
};

enum rg_hostmsg_status {
    RG_HOSTMSG_OK = 0,
    RG_HOSTMSG_BAD_STATE, /* the state cannot be read: start the case anew from its entries */
    RG_HOSTMSG_LIMIT,     /* the case is over a limit of the module */
    RG_HOSTMSG_FAULT,     /* the module failed */
};

enum rg_hostmsg_item_kind {
    RG_HOSTMSG_ALERT = 1,
    RG_HOSTMSG_DUTY,
    RG_HOSTMSG_VERDICT,
};

/* A buffer that grows up to @max bytes. Set to zeros and call rg_hostmsg_buf_init. */
struct rg_hostmsg_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed; /* over max, or out of memory: nothing more is written */
};

struct rg_hostmsg_field {
    struct rg_bytes name;
    struct rg_bytes value;
};

/* An operation. Fields other than kind and time_ms are those of an ENTRY. */
struct rg_hostmsg_op {
    enum rg_hostmsg_op_kind kind;
    int64_t time_ms; /* ENTRY, TICK: block time; FINISH: as of */
    int64_t occurred_ms;
    uint8_t flags;          /* 0 or RG_HOSTMSG_VOID */
    struct rg_bytes step;   /* 1 to RG_NAME_MAX */
    struct rg_bytes agency; /* 0 to RG_NAME_MAX */
    struct rg_hostmsg_field fields[RG_FIELDS_MAX];
    size_t field_count;
};

struct rg_hostmsg_opened {
    bool ok;
    struct rg_bytes error;   /* when !ok: lines of text */
    struct rg_bytes process; /* when ok */
    uint32_t version;
    uint32_t rule_count;
};

/* A case of a BATCH. */
struct rg_hostmsg_case {
    uint64_t case_no; /* the node's number for it */
    uint8_t flags;
    struct rg_bytes state; /* empty for a new case */
};

/* A case of a RESULT. */
struct rg_hostmsg_answer {
    uint64_t case_no;
    enum rg_hostmsg_status status; /* unless OK: state is empty and there are no items */
    struct rg_bytes state;         /* empty after a FINISH of a FULL case */
    int64_t due_ms; /* send a TICK at the first block time after it; RG_HOSTMSG_NEVER for none */
};

/* An item of a case's answer; which members are set depends on the kind. */
struct rg_hostmsg_item {
    enum rg_hostmsg_item_kind kind;
    uint32_t op;   /* index of the operation that gave it */
    uint32_t rule; /* index in the definition */
    struct rg_bytes rule_id;
    /* ALERT; step and due_ms DUTY too, due_ms VERDICT too */
    uint8_t severity; /* enum rg_rules_severity: 1 warning, 2 critical, 3 system */
    uint8_t state;    /* enum rg_rules_state: 1 raised, 2 healed */
    int64_t event_no; /* -1: the case as a whole */
    int64_t time_ms;  /* block time of the operation */
    int64_t due_ms;
    struct rg_bytes step;
    /* DUTY */
    struct rg_bytes agencies; /* joined by commas; empty: any */
    /* VERDICT */
    uint8_t judgement; /* enum rg_rules_judgement: 0 vacuous, 1 satisfied, 2 pending, 3 violated */
    bool settled;      /* nothing to come can break it */
    uint64_t activations;
    uint64_t pending;
    uint64_t violation_count;
    struct rg_bytes events; /* see rg_hostmsg_event_count */
};

/* Prepare an empty buffer; frees nothing. */
void rg_hostmsg_buf_init(struct rg_hostmsg_buf *b, size_t max);
/* Empty it, keeping its memory; clears the failure. */
void rg_hostmsg_buf_reset(struct rg_hostmsg_buf *b);
/* Free its memory; it may be used again after rg_hostmsg_buf_init. */
void rg_hostmsg_buf_free(struct rg_hostmsg_buf *b);

/* The node's side, writing. A message starts with put_open or batch_begin and replaces what the
 * buffer held. A batch is batch_begin, then for each case case_begin, ops, case_end, then
 * batch_end. Look at
 * @b->failed before sending; b->data, b->len are the whole message with its length. */
void rg_hostmsg_put_open(struct rg_hostmsg_buf *b, struct rg_bytes definition);
void rg_hostmsg_batch_begin(struct rg_hostmsg_buf *b, uint64_t batch_no);
void rg_hostmsg_case_begin(struct rg_hostmsg_buf *b, const struct rg_hostmsg_case *c);
void rg_hostmsg_put_op(struct rg_hostmsg_buf *b, const struct rg_hostmsg_op *op);
void rg_hostmsg_case_end(struct rg_hostmsg_buf *b);
void rg_hostmsg_batch_end(struct rg_hostmsg_buf *b);

/* Reading, both sides. @msg is a whole message with its length (as rg_hostio_recv gives it). */

/* The kind of @msg; 0 when it is no message: wrong length, format or kind. */
enum rg_hostmsg_kind rg_hostmsg_kind_of(struct rg_bytes msg);
/* Read an OPENED.
 * Errors: RG_ERR_INVALID  not one */
RG_CHECKED rg_err rg_hostmsg_get_opened(struct rg_bytes msg, struct rg_hostmsg_opened *out);
/* Read a FAILED.
 * Errors: RG_ERR_INVALID  not one */
RG_CHECKED rg_err rg_hostmsg_get_failed(struct rg_bytes msg, uint64_t *batch_no,
                                        struct rg_bytes *text);
/* Read an OPEN.
 * Errors: RG_ERR_INVALID  not one */
RG_CHECKED rg_err rg_hostmsg_get_open(struct rg_bytes msg, struct rg_bytes *definition);
/* Start reading a RESULT or a BATCH at its first case; a message of another kind gives a reader
 * that has failed. Then: while next_answer/next_case { while next_item/next_op { } }, then
 * rg_bytes_done. */
struct rg_reader rg_hostmsg_result(struct rg_bytes msg, uint64_t *batch_no);
struct rg_reader rg_hostmsg_batch(struct rg_bytes msg, uint64_t *batch_no);
/* The next case; false at the end or after a failure (rg_bytes_done tells them apart). */
bool rg_hostmsg_next_answer(struct rg_reader *r, struct rg_hostmsg_answer *out);
bool rg_hostmsg_next_case(struct rg_reader *r, struct rg_hostmsg_case *out);
/* The next item or operation of the case; false after its last one or after a failure. All must be
 * read before the next case. */
bool rg_hostmsg_next_item(struct rg_reader *r, struct rg_hostmsg_item *out);
bool rg_hostmsg_next_op(struct rg_reader *r, struct rg_hostmsg_op *out);
/* How many violating events a VERDICT lists, and the one at @i (below the count). */
size_t rg_hostmsg_event_count(const struct rg_hostmsg_item *verdict);
int64_t rg_hostmsg_event(const struct rg_hostmsg_item *verdict, size_t i);

/* The host's side, writing. */
void rg_hostmsg_put_opened(struct rg_hostmsg_buf *b, const struct rg_hostmsg_opened *opened);
void rg_hostmsg_put_failed(struct rg_hostmsg_buf *b, uint64_t batch_no, const char *text);
void rg_hostmsg_result_begin(struct rg_hostmsg_buf *b, uint64_t batch_no);
/* Write an answer with its items, which @items holds as put_item wrote them. */
void rg_hostmsg_put_answer(struct rg_hostmsg_buf *b, const struct rg_hostmsg_answer *answer,
                           struct rg_bytes items);
void rg_hostmsg_put_item(struct rg_hostmsg_buf *items, const struct rg_hostmsg_item *item,
                         const int64_t *events, size_t event_count);
void rg_hostmsg_result_end(struct rg_hostmsg_buf *b);

#endif /* RG_RULES_HOSTMSG_H */
