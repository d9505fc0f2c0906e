/* Judging: which events and ticks go to the rules host next, and what its answers change. Knows no
 * process and no socket: gives whole messages and takes whole answers; at most one message is under
 * way. Everything an answer changes - states, due times, alerts, cursor - is collected in memory
 * and written in one transaction, so after a crash anywhere the same events give the same alerts,
 * once.
 *
 * Time, with `clock: ledger`: a deadline D is breached by the first block whose time is later than
 * D, and the alert carries that block's time, whenever and in whatever order this node came to
 * judge it. Before each event its case is told the event's block time; a case without a new event
 * is told the time up to which all events were judged, unless events of it are still waiting in the
 * feed.
 *
 * Versions: an event is judged by the definition that is in force at its block. When all before the
 * height of a new one is judged, deadlines too, every case is judged anew by it from its first
 * event, as of the time of the block at that height. A case whose key comes only then goes the same
 * way: back to the versions of its events, and forward again. So the log says the same whenever
 * keys come. At any time all is judged by one version, and the owner gives its host that one.
 *
 * Owner: the agency thread. */
#ifndef RG_MONITOR_EVALUATE_H
#define RG_MONITOR_EVALUATE_H

#include "base/err.h"
#include "base/types.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/casestate.h"
#include "node/monitor/events.h"

struct rg_evaluate; /* opaque */
struct rg_chain;

#define RG_EVALUATE_EVENTS_MAX 512  /* in one message */
#define RG_EVALUATE_TICKS_MAX 256   /* cases in one message */
#define RG_EVALUATE_ALERTS_MAX 2048 /* of one case in an answer, and 64 more an operation */
#define RG_EVALUATE_LAZY_MS 100     /* changes without alerts may wait so long to be written */
#define RG_EVALUATE_STATES_MAX ((size_t)2 * 1024 * 1024) /* bytes of states in one message */

/* All borrowed. */
struct rg_evaluate_config {
    const struct rg_genesis *genesis;
    const struct rg_definition *definition;
    struct rg_feed *feed;
    struct rg_chain *chain;
    struct rg_kv *kv;
    struct rg_casestates *cases;
    struct rg_alertlog *log;
    struct rg_backlog *backlog;
    struct rg_events *events;
    bool module; /* the host has a module, which may set deadlines that the definition lacks */
};

/* Start behind what the store says was judged.
 * Errors: RG_ERR_NOMEM; RG_ERR_CORRUPT  it says more than the feed holds; as rg_kv_get(). */
RG_CHECKED rg_err rg_evaluate_open(const struct rg_evaluate_config *c, struct rg_evaluate **out);
/* Free; what was not written is judged again next time; takes *@e_p and nulls it; NULL is fine. */
void rg_evaluate_close(struct rg_evaluate **e_p);
/* See rg_monitor_set_versions(). */
void rg_evaluate_set_versions(struct rg_evaluate *e, const struct rg_monitor_version *list,
                              size_t count);
/* The version, a place in that list, by which the next message is to be judged. Changes only in
 * rg_evaluate_next(), which then gives none; call rg_evaluate_use() before the next one. */
size_t rg_evaluate_version(const struct rg_evaluate *e);
/* Judge by @definition: that of the version, or one that stands in for it. Errors: as
 * rg_backlog_set_definition(). */
RG_CHECKED rg_err rg_evaluate_use(struct rg_evaluate *e, const struct rg_definition *definition);
/* See rg_monitor_on_feed(). */
void rg_evaluate_on_feed(struct rg_evaluate *e, uint64_t height, uint64_t time_ms);
/* Give the next message for the host, borrowed until its answer; empty when there is nothing to
 * judge. None may be under way.
 * Errors: as rg_feed_read(), rg_casestate_get(), rg_evaluate_flush(). */
RG_CHECKED rg_err rg_evaluate_next(struct rg_evaluate *e, struct rg_bytes *out);
/* Whether rg_evaluate_next() may have a message. */
bool rg_evaluate_wants(const struct rg_evaluate *e);
/* Take the answer to the message under way.
 * Errors: RG_ERR_INVALID  it is no answer to it: see rg_evaluate_failed(); RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_evaluate_answer(struct rg_evaluate *e, struct rg_bytes answer);
/* The message under way cannot be answered (again and again the host died of it, or refused it): it
 * is cut down to single events next, and a single one that fails is passed over with a system
 * alert. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_evaluate_failed(struct rg_evaluate *e);
/* Times that rules failed on a case, or it was over a limit, since this was opened. */
uint64_t rg_evaluate_faults(const struct rg_evaluate *e);
/* Whether what was judged should be written now. */
bool rg_evaluate_ripe(const struct rg_evaluate *e, uint64_t mono_ms);
/* When it will be; UINT64_MAX: nothing waits. */
uint64_t rg_evaluate_ripe_at(const struct rg_evaluate *e);
/* Write it durably, then publish its alerts. Nothing happens while that would tear apart what
 * belongs together. Errors: RG_ERR_DISK_FULL, RG_ERR_FULL  try again later; as rg_kv_commit(). */
RG_CHECKED rg_err rg_evaluate_flush(struct rg_evaluate *e);
/* Every event and due time up to this block is judged. */
uint64_t rg_evaluate_height(const struct rg_evaluate *e);
/* The height up to which all is judged and written, when nothing at all waits; else 0. What waits
 * for its key is not looked at. */
uint64_t rg_evaluate_complete(const struct rg_evaluate *e);
/* The clock for rg_evaluate_ripe(), told once a step. */
void rg_evaluate_set_clock(struct rg_evaluate *e, uint64_t mono_ms);

#endif /* RG_MONITOR_EVALUATE_H */
