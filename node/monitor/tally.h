/* Verdicts of cases added up by rule, and the report that comes of it. One thread. */
#ifndef RG_MONITOR_TALLY_H
#define RG_MONITOR_TALLY_H

#include "base/err.h"
#include "base/types.h"
#include "node/agency/feed.h"
#include "rules/definition.h"
#include "rules/hostmsg.h"
#include "rules/reigen_rules.h"

#define RG_TALLY_JUDGEMENTS 4u /* enum rg_rules_judgement */

struct rg_tally;     /* opaque */
struct rg_breakdown; /* node/monitor/breakdown.h */

struct rg_tally_totals {
    uint64_t height; /* the ledger was followed up to here */
    uint64_t cases;
    uint64_t events;
    uint64_t unreadable;
    int64_t as_of_ms;
};

/* Make an empty tally for the rules of @def (borrowed); at most @numbers_max violating events are
 * listed. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_tally_create(const struct rg_definition *def, size_t numbers_max,
                                  struct rg_tally **out);
/* Free; takes *@t_p and nulls it; NULL is fine. */
void rg_tally_destroy(struct rg_tally **t_p);
/* Add a VERDICT of a case.
 * Errors: RG_ERR_INVALID  no verdict on a rule of the definition; RG_ERR_FULL too many violations
 * to list; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_tally_add(struct rg_tally *t, uint64_t case_no,
                               const struct rg_hostmsg_item *item);
/* The report as JSON (free() it), with file numbers where this agency has them, and with the groups
 * of @breakdown, which may be NULL.
 * Errors: RG_ERR_NOMEM; as rg_feed_get_case(). */
RG_CHECKED rg_err rg_tally_report(struct rg_tally *t, struct rg_feed *feed,
                                  const struct rg_tally_totals *totals,
                                  const struct rg_breakdown *breakdown, char **out);

#endif /* RG_MONITOR_TALLY_H */
