/* What conform.c and conform_judge.c share: the requests, and the job that is worked on. */
#ifndef RG_MONITOR_CONFORM_PRIV_H
#define RG_MONITOR_CONFORM_PRIV_H

#include "node/monitor/breakdown.h"
#include "node/monitor/conform.h"
#include "node/monitor/opbatch.h"
#include "node/monitor/ruleshost.h"
#include "node/monitor/tally.h"
#include "rules/definition.h"

#define RG_CONFORM_EVENTS_MAX 512u /* in a message, at first */

enum rg_conform_phase {
    RG_CONFORM_READ,
    RG_CONFORM_FINISH,
    RG_CONFORM_REPORT
};

/* A case between two messages; indexed by its number. */
struct rg_conform_held {
    uint8_t *state;
    uint32_t len;
    uint16_t group; /* of the breakdown; 0: no entry that counts was seen yet, or there is none */
    bool seen;
};

/* The request that is worked on. */
struct rg_conform_job {
    struct rg_ruleshost *host;
    struct rg_definition *def;
    struct rg_tally *tally;
    struct rg_breakdown *breakdown; /* NULL: not asked for */
    struct rg_tally_totals totals;
    enum rg_conform_phase phase;
    uint64_t tip;      /* of the feed when it began */
    uint64_t cursor;   /* last event judged */
    uint64_t next;     /* cursor after the message under way; RG_CONFORM_FINISH: last case in it */
    uint64_t finished; /* last case that was finished */
    struct rg_conform_held *held;
    uint64_t held_count; /* highest case number + 1 */
    uint64_t held_bytes;
    size_t message_states;
    uint32_t message_events; /* that count */
    uint32_t limit;          /* events or cases in a message */
    uint64_t batch_no;
    uint32_t deaths;
    bool asked;
    bool crowded;      /* more groups than the breakdown can hold */
    int64_t latest_ms; /* occurred_at of all events that count */
};

struct rg_conform {
    struct rg_conform_config config;
    struct rg_monitor_conformance queue[RG_CONFORM_WAITING_MAX]; /* the first is worked on */
    size_t count;
    bool running;
    uint64_t give_up_ms; /* the first is not waited for any longer; 0: it does not wait */
    struct rg_conform_job job;
    struct rg_opbatch batch;
    struct rg_hostmsg_buf msg;
};

/* Give the host its next message, or go on to the next phase.
 * Errors: as rg_feed_read(); RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_conform__next(struct rg_conform *c);
/* Take the host's answer @msg to the message under way.
 * Errors: RG_ERR_INVALID  it is no answer to it; RG_ERR_FULL over a limit; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_conform__apply(struct rg_conform *c, struct rg_bytes msg);

#endif /* RG_MONITOR_CONFORM_PRIV_H */
