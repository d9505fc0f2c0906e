/* The monitor: rules and alerts of a node. Feeds the events of node/agency/feed.h to the rules host
 * process, keeps the state of every case, the alert log, due times and durable cursors in the
 * alerts store (one transaction a step: exactly once), publishes on the events socket, and answers
 * conformance.
 *
 * Owner and thread: the agency thread, from whose loop all of this is called. Nothing here blocks:
 * no call waits for the rules host or a subscriber, each does a bounded piece of work (a few
 * milliseconds) and returns. Answers that need the rules host come by callback from
 * rg_monitor_step, or from rg_monitor_close with RG_ERR_CLOSED: every accepted request is answered
 * exactly once. */
#ifndef RG_NODE_MONITOR_MONITOR_H
#define RG_NODE_MONITOR_MONITOR_H

#include "base/err.h"
#include "base/types.h"
#include "node/agency/feed.h"
#include "proto/client_codec.h"
#include <zmq.h>

struct rg_monitor; /* opaque */
struct rg_chain;
struct rg_definition;
struct rg_genesis;
struct rg_sign;
struct rg_peer_message; /* proto/peer_codec.h */
struct rg_zap;          /* node/bus/zap.h */

/* A process definition that is in force from a height on; until the next one's. Ordered by height;
 * the first is that of the genesis, from 0 on. Text and definition stay where they are while the
 * monitor lives; a version that is in force is never taken off the list. */
struct rg_monitor_version {
    uint64_t from;
    struct rg_hash hash; /* of its text */
    struct rg_bytes yaml;
    const struct rg_definition *definition;
};

#define RG_MONITOR_POLL_MAX 8
#define RG_MONITOR_DUTIES_MAX 128
#define RG_MONITOR_FOLLOW_MS 10000 /* a question waits so long for what was final when it came */
#define RG_MONITOR_PENDING_MAX 64  /* duties and conformance requests under way */

/* Send @bytes (a PeerMessage) to the node at place @peer over sync; it may be lost. */
typedef void (*rg_monitor_send_fn)(void *ctx, uint16_t peer, struct rg_bytes bytes);

/* All borrowed for the monitor's life. */
struct rg_monitor_config {
    const struct rg_genesis *genesis;
    uint32_t principal;                        /* this node */
    const struct rg_definition *definition;    /* the first one, parsed from genesis->definition */
    const struct rg_monitor_version *versions; /* see rg_monitor_set_versions(); NULL: the first
                                                  alone */
    size_t version_count;
    const struct rg_sign *key; /* transport key of the events socket */
    struct rg_feed *feed;
    struct rg_chain *chain;   /* only read: block times */
    const uint8_t *vault_key; /* 32 bytes: seals what belongs to no case */
    const char *data_dir;     /* the folder of the alerts store; made when missing */
    const char *host;         /* to bind the events socket (node/bus/socket.h) */
    uint16_t events_port;     /* 0: chosen by the kernel */
    struct rg_zap *zap;       /* while rg_zap_is_alive says no, the events socket is unbound */
    const char *rules_program;
    const char *rules_module; /* absolute path for it; NULL or empty: the bundled one alone */
    rg_monitor_send_fn send;  /* NULL: alerts are not compared with the peers' */
    void *send_ctx;
    bool cluster;
};

/* Open the alerts store, start the rules host, bind the events socket. Gives @out; on failure
 * writes a sentence to @why (at most @why_cap bytes with its NUL). Errors: as rg_kv_open();
 * RG_ERR_EXISTS the endpoint is in use; RG_ERR_NOT_FOUND no rules program; RG_ERR_NOMEM;
 * RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_monitor_open(const struct rg_monitor_config *c, struct rg_monitor **out,
                                  char *why, size_t why_cap);
/* Answer what is under way with RG_ERR_CLOSED, end the rules host, close; takes *@m_p and nulls it;
 * NULL is fine. */
void rg_monitor_close(struct rg_monitor **m_p);
/* The port of the events socket. */
uint16_t rg_monitor_events_port(const struct rg_monitor *m);

/* Write what to poll for (at most RG_MONITOR_POLL_MAX) to @out; returns how many. Asked before
 * every poll. */
size_t rg_monitor_pollfds(struct rg_monitor *m, zmq_pollitem_t out[static RG_MONITOR_POLL_MAX]);
/* When rg_monitor_step wants to be called at the latest, in monotonic milliseconds; 0: now. */
uint64_t rg_monitor_deadline(const struct rg_monitor *m);
/* Do a bounded piece of work: called after every poll, whatever is ready. @items are those of
 * rg_monitor_pollfds with their revents.
 * Errors: RG_ERR_IO, RG_ERR_CORRUPT the alerts store cannot be trusted: the node must end. */
RG_CHECKED rg_err rg_monitor_step(struct rg_monitor *m, const zmq_pollitem_t *items, size_t count,
                                  uint64_t mono_ms);
/* The definitions are these now: called before rg_monitor_on_feed() tells of a height from which a
 * new one is in force. @list is borrowed until the next call. Events are judged by the version of
 * their block. At the height of a new one every case is judged anew by it, from its first event:
 * what no longer holds is withdrawn, what holds anew is raised, what stays is not told again. */
void rg_monitor_set_versions(struct rg_monitor *m, const struct rg_monitor_version *list,
                             size_t count);
/* The definition by which cases are judged now. Borrowed; it stays. */
const struct rg_definition *rg_monitor_definition(const struct rg_monitor *m);
/* The chain was followed up to @height, whose block time is @time_ms; the feed (rg_feed_tip) holds
 * all that could be opened up to there. Called after every group of blocks, and once at start. Also
 * called with the same height when late entries were appended. */
void rg_monitor_on_feed(struct rg_monitor *m, uint64_t height, uint64_t time_ms);

struct rg_monitor_status {
    uint64_t rules_height; /* every feed entry and due time up to this block is judged and logged */
    uint64_t alerts_logseq;   /* of the newest alert */
    uint64_t frames;          /* received on the events socket (subscriptions) */
    uint64_t compared_height; /* the newest at which alerts were compared with a peer's; 0: none */
    uint64_t differ;          /* bit i: the node at place i comes to other alerts */
};
void rg_monitor_get_status(const struct rg_monitor *m, struct rg_monitor_status *out);

/* What to list. */
struct rg_monitor_query {
    uint64_t since; /* logseq: later ones */
    uint32_t max;   /* alerts; the callee also stops before @max_bytes of JSON and topics */
    size_t max_bytes;
    struct rg_bytes severity;    /* empty: any; else `warning`, `critical`, `system` */
    uint64_t case_no;            /* 0: any */
    bool open_only;              /* what holds: neither healed nor withdrawn (GetCase) */
    bool unacknowledged;         /* ... of a case, and nobody has acknowledged it */
    const struct rg_hash *alert; /* NULL: any; else only its last raise, whatever came of that */
};
/* Told one alert; everything borrowed for the call. */
typedef void (*rg_monitor_alert_fn)(void *ctx, uint64_t logseq, struct rg_bytes topic,
                                    struct rg_bytes json);
/* Tell @fn the alerts of @q in order of logseq; those that hold as they were told last, under the
 * logseq of their raise. Gives whether there are more behind the last one
 * told. Synchronous; looks at a bounded number of records: when that is used up @out_more is set,
 * and
 * @out_next is the `since` to go on with.
 * Errors: RG_ERR_INVALID the severity; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_monitor_alerts(struct rg_monitor *m, const struct rg_monitor_query *q,
                                    rg_monitor_alert_fn fn, void *ctx, uint64_t *out_next,
                                    bool *out_more);

/* How the alert that was raised under an id stands. */
struct rg_monitor_raised {
    uint64_t case_no; /* 0: it is about no case */
    bool open;        /* neither healed nor withdrawn */
    bool acknowledged;
};
/* Find it. Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_monitor_find_raised(struct rg_monitor *m, const struct rg_hash *id,
                                         struct rg_monitor_raised *out);

/* How a case stands: duties and rules of @c, the rest of it is empty; borrowed for the call. @err:
 * RG_OK; RG_ERR_BUSY the host is being restarted; RG_ERR_CLOSED; then there is nothing in @c. */
typedef void (*rg_monitor_duties_fn)(void *ctx, uint64_t token, rg_err err,
                                     const struct rg_answer_case *c);
/* Ask for duties and rules of @case_no as of what was judged so far.
 * Errors: RG_ERR_FULL RG_MONITOR_PENDING_MAX requests are under way. */
RG_CHECKED rg_err rg_monitor_duties(struct rg_monitor *m, uint64_t case_no, uint64_t token,
                                    rg_monitor_duties_fn fn, void *ctx);

/* Write to @rules the events by which they are violated, as far as alerts of the case tell (raised
 * and not withdrawn), from the first on. Gives whether there are more alerts than were looked at.
 * Errors: as rg_monitor_alerts(). */
RG_CHECKED rg_err rg_monitor_violations(struct rg_monitor *m, uint64_t case_no,
                                        struct rg_answer_rule *rules, uint32_t count,
                                        bool *out_more);

/* The result of conformance: @json (one object, see docs) when @err is RG_OK, else a sentence.
 * Borrowed for the call. */
typedef void (*rg_monitor_conformance_fn)(void *ctx, uint64_t token, rg_err err,
                                          struct rg_bytes json_or_text);

struct rg_monitor_conformance {
    struct rg_bytes rules; /* YAML; empty: the definition in force next; copied */
    int64_t as_of_ms;      /* -1: latest occurred_at */
    uint64_t height;       /* of the ledger now: this agency must have followed it so far first */
    uint64_t token;
    rg_monitor_conformance_fn fn;
    void *ctx;
    uint32_t by; /* RG_REQUEST_BY_SITE and RG_REQUEST_BY_MONTH: broken down by these; 0: not */
};

/* Judge all cases anew. Errors: RG_ERR_INVALID  `by` has other bits; RG_ERR_FULL one or more are
 * under way already; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_monitor_conformance(struct rg_monitor *m,
                                         const struct rg_monitor_conformance *r);

/* Read (@acknowledge 0) or move forward the durable cursor @name of @principal; gives where it is.
 * Errors: RG_ERR_FULL too many names; RG_ERR_INVALID the name, or beyond the newest logseq;
 * RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_monitor_cursor(struct rg_monitor *m, uint32_t principal, struct rg_bytes name,
                                    uint64_t acknowledge, uint64_t *out);

/* The digests of the node at place @peer came, decoded; see node/monitor/compare.h. */
void rg_monitor_on_digests(struct rg_monitor *m, uint16_t peer, const struct rg_peer_message *msg);
/* The node at place @peer was heard again. */
void rg_monitor_on_peer_up(struct rg_monitor *m, uint16_t peer);

/* Log and publish an alert.system of this node. @code: a short stable word (`unreadable-entry`),
 * @text: a sentence without case data. The same (code, subject) is raised once; @subject tells
 * apart what it is about (a position, a peer), may be empty. Never fails: bounded, what is over it
 * is counted. */
void rg_monitor_system_alert(struct rg_monitor *m, const char *code, struct rg_bytes subject,
                             const char *text);

/* An alert of this node, about no case, that begins and is over. All is copied. */
struct rg_monitor_news {
    const char *code;
    uint8_t severity; /* enum rg_cloudevent_severity; 0: of the system */
    struct rg_bytes subject;
    bool healed; /* it is over: told only when it is open. Else it begins: told only when it is not
                  */
    const char *text_de;
    const char *text_en;
    int64_t time_ms;
};
/* Log and publish it. False: there is no room now. */
bool rg_monitor_tell(struct rg_monitor *m, const struct rg_monitor_news *n);

#endif /* RG_NODE_MONITOR_MONITOR_H */
