/* What is wrong with the network as this node sees it, told when it begins and when it is over:
 *
 *   stall          nothing becomes final, though something waits or too few are heard
 *   node-silent    a node is not heard
 *   node-behind    a node that is heard lacks blocks; or this one does
 *   turns-missed   a node that is heard lets its turns pass
 *   clock-offset   a node's clock and this one's differ by half of what blocks may differ
 *   disk-low       little room is left where this node keeps its data
 *
 * Each must hold for a while before it is told, and is over a good way below its limit: a network
 * that breathes does not fill the alert log. Status in, news out; reads no clock. */
#ifndef RG_AGENCY_HEALTH_H
#define RG_AGENCY_HEALTH_H

#include "ledger/genesis.h"
#include "node/link.h"
#include "node/monitor/monitor.h"

#define RG_HEALTH_STALL_MS 2000u   /* for so long, on top of what `status` waits */
#define RG_HEALTH_SILENT_MS 15000u /* and three skip times at least */
/* On top of that: one that was stopped itself hears the others again in this time. */
#define RG_HEALTH_SILENT_HOLD_MS 3000u
#define RG_HEALTH_BEHIND_MS 15000u
#define RG_HEALTH_BEHIND 50u /* blocks; over at a tenth */
#define RG_HEALTH_CLOCK_MS 5000u
#define RG_HEALTH_TURNS 3u /* missed within a window; over when none is */
#define RG_HEALTH_TURNS_MS 60000u
#define RG_HEALTH_DISK (512ull << 20)                            /* bytes; over at twice */
#define RG_HEALTH_KEYS_AHEAD_MS (INT64_C(30) * 24 * 3600 * 1000) /* so long before their time */

struct rg_health; /* opaque */

struct rg_health_seen {
    const struct rg_link_status *status;
    uint64_t mono_ms;
    uint64_t unix_ms;
    uint64_t disk_free; /* bytes; UINT64_MAX: not known */
};

/* False: there is no room now; it is told again at the next step. */
typedef bool (*rg_health_fn)(void *ctx, const struct rg_monitor_news *news);

struct rg_health_config {
    const struct rg_genesis *genesis; /* borrowed */
    uint32_t self;                    /* this node, a principal */
    int64_t key_lifetime_ms;          /* of the keys, as old as the genesis; 0: any */
    rg_health_fn fn;
    void *ctx; /* borrowed */
};

/* Make it. What it tells is taken as not known: what is not so is told to be over once.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_health_create(const struct rg_health_config *c, struct rg_health **out);
/* Free; takes *@h_p and nulls it; NULL is fine. */
void rg_health_destroy(struct rg_health **h_p);
/* Look at what is seen now. */
void rg_health_step(struct rg_health *h, const struct rg_health_seen *seen);

#endif /* RG_AGENCY_HEALTH_H */
