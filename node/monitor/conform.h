/* Conformance: all cases judged anew by any rules, in a rules host of its own, a piece at a time so
 * that nothing else waits for it. One request is worked on, one more may wait. The result is one
 * JSON object (docs/alerts.md, "Conformance").
 *
 * Owner: the agency thread. Reads the feed from its start; holds the states of all cases in memory
 * until the end, up to RG_CONFORM_STATES_MAX. */
#ifndef RG_MONITOR_CONFORM_H
#define RG_MONITOR_CONFORM_H

#include "base/err.h"
#include "base/types.h"
#include "node/monitor/monitor.h"

struct rg_conform; /* opaque */

#define RG_CONFORM_WAITING_MAX 4 /* requests, with the one under way */
#define RG_CONFORM_FOLLOW_MS RG_MONITOR_FOLLOW_MS
#define RG_CONFORM_STATES_MAX (1024ull << 20)    /* bytes */
#define RG_CONFORM_NUMBERS_MAX ((size_t)4 << 20) /* violating events listed, all rules together */
#define RG_CONFORM_TEXT_MAX (RG_DEFINITION_MAX)

struct rg_conform_config {
    const struct rg_genesis *genesis;
    struct rg_feed *feed;
    const char *program; /* reigen-rules */
};

/* Make it; everything is borrowed. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_conform_create(const struct rg_conform_config *c, struct rg_conform **out);
/* Answer all with RG_ERR_CLOSED, end the host, free; takes *@c_p and nulls it; NULL is fine. */
void rg_conform_destroy(struct rg_conform **c_p);
/* Queue a request. Errors: as rg_monitor_conformance(). */
RG_CHECKED rg_err rg_conform_ask(struct rg_conform *c, const struct rg_monitor_conformance *r);
/* What to poll; -1: nothing. */
int rg_conform_fd(const struct rg_conform *c, short *events);
/* As rg_ruleshost_wait_ms(). */
int rg_conform_wait_ms(const struct rg_conform *c, uint64_t mono_ms);
/* Do a piece of work. Errors: as rg_feed_read() when the vault cannot be trusted. */
RG_CHECKED rg_err rg_conform_step(struct rg_conform *c, uint64_t mono_ms);

#endif /* RG_MONITOR_CONFORM_H */
