/* What may come next in a case (`continue`), and how each rule stands in it: questions to the rules
 * host on the states as they are, changing nothing. One question is one message between those of
 * judging. Owner: the agency thread.
 */
#ifndef RG_MONITOR_DUTIES_H
#define RG_MONITOR_DUTIES_H

#include "base/err.h"
#include "base/types.h"
#include "node/monitor/casestate.h"
#include "node/monitor/monitor.h"

struct rg_duties; /* opaque */

/* Make an empty queue; @feed and @cases are borrowed. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_duties_create(struct rg_feed *feed, struct rg_casestates *cases,
                                   struct rg_duties **out);
/* Answer what is under way with RG_ERR_CLOSED and free; takes *@d_p and nulls it; NULL is fine. */
void rg_duties_destroy(struct rg_duties **d_p);
/* Queue a question. Errors: RG_ERR_FULL. */
RG_CHECKED rg_err rg_duties_ask(struct rg_duties *d, uint64_t case_no, uint64_t token,
                                rg_monitor_duties_fn fn, void *ctx);
/* Whether questions wait. */
bool rg_duties_waiting(const struct rg_duties *d);
/* Give the message for the first question, borrowed until its answer; empty when it could be
 * answered without the host, or there is none. Errors: as rg_casestate_get(). */
RG_CHECKED rg_err rg_duties_next(struct rg_duties *d, struct rg_bytes *out);
/* Take the answer to it. */
void rg_duties_answer(struct rg_duties *d, struct rg_bytes answer);
/* The host is down: answer all questions with @err. */
void rg_duties_fail(struct rg_duties *d, rg_err err);

#endif /* RG_MONITOR_DUTIES_H */
