/* How many cases wait, and how long on the mean, by the rules `backlog` of the definition: of those
 * that this agency may read. The rules host tells for each case since when it waits, and when it
 * ceases to; here is counted. Over a limit of the rule an alert of this node is raised, healed when
 * a tenth of the limit has gone again.
 *
 * Which cases wait, and since when, stands in the alerts store and changes in the same transaction
 * as their states; how many they are is counted from it at the start. Owner: the agency thread. */
#ifndef RG_MONITOR_BACKLOG_H
#define RG_MONITOR_BACKLOG_H

#include "base/err.h"
#include "base/types.h"
#include "storage/kv.h"

#define RG_BACKLOG_NOT INT64_MAX /* in place of a time: the case does not wait */

struct rg_alertlog;
struct rg_definition;
struct rg_backlog; /* opaque */

/* Make it; everything is borrowed. Without a definition it counts nothing. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_backlog_create(struct rg_kv *kv, struct rg_alertlog *log,
                                    struct rg_backlog **out);
/* Free; takes *@b_p and nulls it; NULL is fine. */
void rg_backlog_destroy(struct rg_backlog **b_p);
/* Count by @d (borrowed) from here on. Nothing may wait to be written. Errors: RG_ERR_NOMEM;
 * RG_ERR_CORRUPT; as rg_kv_begin_read(). */
RG_CHECKED rg_err rg_backlog_set_definition(struct rg_backlog *b, const struct rg_definition *d);
/* Whether rule @rule of the definition counts cases. */
bool rg_backlog_is(const struct rg_backlog *b, uint32_t rule);
/* Case @case_no waits by rule @rule since @since_ms, on the definition's clock, or RG_BACKLOG_NOT.
 * Written by the next write.
 * Errors: RG_ERR_FULL  too much waits to be written; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_backlog_note(struct rg_backlog *b, uint64_t case_no, uint32_t rule,
                                  int64_t since_ms);
/* The case is judged anew from its first event on: by no rule it waits any more. Errors: the same.
 */
RG_CHECKED rg_err rg_backlog_forget(struct rg_backlog *b, uint64_t case_no);
/* What was noted and waits to be written: at most RG_ALERTLOG_WAITING_MAX may be noted on top of
 * what is forgotten. */
size_t rg_backlog_waiting(const struct rg_backlog *b);
/* Whether what was noted may cross a limit, or the mean age does at ledger time @time_ms: then it
 * should be written soon. */
bool rg_backlog_urgent(const struct rg_backlog *b, int64_t time_ms);
/* Write what was noted; with @whole, which says that all cases are judged by the definition and
 * that it is the one in force, hand the log what is raised and healed by that, at ledger time
 * @time_ms. Then commit and call rg_backlog_written(), or abort: all waits again. Errors:
 * RG_ERR_CORRUPT; as rg_kv_put(). */
RG_CHECKED rg_err rg_backlog_write(struct rg_backlog *b, struct rg_kv_txn *txn, bool whole,
                                   int64_t time_ms);
void rg_backlog_written(struct rg_backlog *b);

#endif /* RG_MONITOR_BACKLOG_H */
