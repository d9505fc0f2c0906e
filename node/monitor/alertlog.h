/* The alert log: every alert once, numbered 1, 2, 3, ... (logseq, local to the node), kept as the
 * CloudEvent it was published as, sealed under the key of its case (what belongs to no case: under
 * the vault's). An alert is the hash of what it is about, so the same deviation has the same id on
 * every node and after every restart; an id that is in the log already is dropped.
 *
 * Adding collects in memory; the owner writes all of it in the transaction that also moves the
 * cursor, and publishes after the commit. Owner: the agency thread. */
#ifndef RG_MONITOR_ALERTLOG_H
#define RG_MONITOR_ALERTLOG_H

#include "base/err.h"
#include "base/types.h"
#include "node/agency/feed.h"
#include "node/monitor/casestate.h"
#include "node/monitor/events.h"
#include "node/monitor/monitor.h"
#include "storage/kv.h"

struct rg_alertlog; /* opaque */

#define RG_ALERTLOG_WAITING_MAX ((size_t)256 * 1024) /* findings that wait to be written */
#define RG_ALERTLOG_SYSTEM_MAX 64 /* system alerts that wait to be written; more are counted */
#define RG_ALERTLOG_LOOK_MAX 4096 /* records a query looks at */
#define RG_ALERTLOG_TEXT_MAX 1300 /* bytes of the text of an alert without a case, with its NUL */
#define RG_ALERTLOG_NEVER INT64_MAX

struct rg_alertlog_config {
    const struct rg_genesis *genesis;
    uint32_t principal;
    const struct rg_definition *definition;
    uint32_t first_version; /* of the genesis; part of an alert's name, whatever is in force */
    const uint8_t *vault_key;
    struct rg_feed *feed;
    struct rg_events *events;
    struct rg_kv *kv;
    struct rg_chain *chain; /* block times */
};

/* A deviation of a case. */
struct rg_alertlog_finding {
    const struct rg_casestate *c; /* unwritten: it stays where it is until both are written */
    uint8_t severity;             /* enum rg_cloudevent_severity */
    uint8_t state;                /* enum rg_cloudevent_state: raised or healed */
    bool again;              /* found when the case was judged anew: see rg_alertlog_settle() */
    uint32_t rule;           /* index in the definition */
    struct rg_bytes rule_id; /* copied; as is step */
    struct rg_bytes step;
    bool has_place;
    struct rg_place place;
    int64_t event_no;
    int64_t time_ms;
    uint64_t height; /* of the block of that time */
    bool has_due;
    int64_t due_ms;
};

/* Somebody acknowledges an alert. */
struct rg_alertlog_ack {
    const struct rg_casestate *c; /* unwritten, as in a finding */
    struct rg_hash raised;        /* the id under which it was raised */
    struct rg_place place;        /* of the entry that says so */
    uint32_t member;              /* principal */
    struct rg_bytes note;         /* copied */
    int64_t time_ms;
};

/* An alert that may be due to be escalated. */
struct rg_alertlog_due {
    int64_t due_ms;
    uint64_t logseq; /* where it was raised */
    uint64_t case_no;
};

/* Open the log of @c->kv; everything is borrowed. Errors: RG_ERR_NOMEM; RG_ERR_CORRUPT; RG_ERR_IO.
 */
RG_CHECKED rg_err rg_alertlog_open(const struct rg_alertlog_config *c, struct rg_alertlog **out);
/* Free; takes *@l_p and nulls it; NULL is fine. What was not written is dropped. */
void rg_alertlog_close(struct rg_alertlog **l_p);
/* Judged by @definition from now on; nothing may wait to be written. Borrowed. */
void rg_alertlog_set_definition(struct rg_alertlog *l, const struct rg_definition *definition);
/* Add a finding. Errors: RG_ERR_NOMEM; RG_ERR_FULL. */
RG_CHECKED rg_err rg_alertlog_add(struct rg_alertlog *l, const struct rg_alertlog_finding *f);
/* The case of @f (c, time_ms and place count) was judged anew from its first event: what was found
 * `again` is now all that holds of it. Where the log says otherwise an entry is added: what holds
 * and is not open is raised once more, what is open and does not hold is withdrawn (unless @keep:
 * not all could be judged). Errors: as rg_alertlog_add(). */
RG_CHECKED rg_err rg_alertlog_settle(struct rg_alertlog *l, const struct rg_alertlog_finding *f,
                                     bool keep);
/* Add an acknowledgement: it is written if the alert is in the log, is about this case, holds, and
 * was not acknowledged before; else nothing is. Errors: as rg_alertlog_add(). */
RG_CHECKED rg_err rg_alertlog_acknowledge(struct rg_alertlog *l, const struct rg_alertlog_ack *a);
/* No critical alert is due to be escalated before this ledger time; RG_ALERTLOG_NEVER: none is. */
int64_t rg_alertlog_due_floor(const struct rg_alertlog *l);
/* Write to @out up to @max alerts due before @before_ms, earliest first, leaving out the first
 * @skip; none may wait to be written. Gives how many. Errors: RG_ERR_CORRUPT; as
 * rg_kv_cursor_next(). */
RG_CHECKED rg_err rg_alertlog_due(struct rg_alertlog *l, int64_t before_ms, size_t skip,
                                  struct rg_alertlog_due *out, size_t max, size_t *out_count);
/* Let the next rg_alertlog_write() escalate @list, borrowed until then; 0 @count: nothing. */
void rg_alertlog_escalate(struct rg_alertlog *l, const struct rg_alertlog_due *list, size_t count);
/* Find the alert that was raised under @id, see rg_monitor_find_raised().
 * Errors: RG_ERR_NOT_FOUND; RG_ERR_CORRUPT; as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_alertlog_find_raised(struct rg_alertlog *l, const struct rg_hash *id,
                                          struct rg_monitor_raised *out);
/* Add a system alert, see rg_monitor_system_alert(). @time_ms: ledger time. */
void rg_alertlog_add_system(struct rg_alertlog *l, const char *code, struct rg_bytes subject,
                            const char *text, int64_t time_ms);
/* An alert of this node, about no case, that begins and ends. All is copied. False: too much waits
 * already, and it is only counted. */
bool rg_alertlog_add_news(struct rg_alertlog *l, const struct rg_monitor_news *n);
/* Whether the system alert of @code and @subject is open by what is durable.
 * Errors: RG_ERR_CORRUPT; RG_ERR_IO. */
RG_CHECKED rg_err rg_alertlog_is_open(struct rg_alertlog *l, const char *code,
                                      struct rg_bytes subject, bool *out);
/* Findings and system alerts that wait to be written. */
size_t rg_alertlog_waiting(const struct rg_alertlog *l);
/* Write all that waits in @txn. Then commit and call rg_alertlog_written(), or abort and call
 * rg_alertlog_unwritten(): all waits again.
 * Errors: RG_ERR_NOMEM; as rg_kv_put(). */
RG_CHECKED rg_err rg_alertlog_write(struct rg_alertlog *l, struct rg_kv_txn *txn);
void rg_alertlog_written(struct rg_alertlog *l);
void rg_alertlog_unwritten(struct rg_alertlog *l);
/* The newest logseq that is durable. */
uint64_t rg_alertlog_last(const struct rg_alertlog *l);
/* See rg_monitor_alerts(). */
RG_CHECKED rg_err rg_alertlog_query(struct rg_alertlog *l, const struct rg_monitor_query *q,
                                    rg_monitor_alert_fn fn, void *ctx, uint64_t *out_next,
                                    bool *out_more);

#endif /* RG_MONITOR_ALERTLOG_H */
