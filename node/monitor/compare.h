/* Comparing what this node alerts with what its peers do (node/monitor/alertdigest.h). At each
 * checkpoint up to which all is judged and written, and no entry waits for its key, a node sends
 * every peer the digests over the cases that both may read, over the encrypted connection of sync:
 * a peer learns nothing about a case that it does not read, and nobody else learns anything. Both
 * compare the newest checkpoint that both have. Whoever is late keeps what it was told until then.
 *
 * A difference is an alert of the system, one for each peer, healed when a later checkpoint agrees;
 * whether it is open stands in the log. Each height is compared once with a peer, and from the
 * fifth difference of a peer on one an hour is told, so that a peer that tells now this, now that
 * does not fill the log. Nothing of the ledger depends on any of this.
 *
 * Owner: the agency thread. */
#ifndef RG_MONITOR_COMPARE_H
#define RG_MONITOR_COMPARE_H

#include "base/err.h"
#include "base/types.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/monitor.h"

struct rg_compare; /* opaque */

/* All borrowed. */
struct rg_compare_config {
    const struct rg_genesis *genesis;
    uint32_t principal;
    struct rg_kv *kv;
    struct rg_alertlog *log;
    rg_monitor_send_fn send; /* NULL: nothing is told or wanted */
    void *send_ctx;
};

/* Begin with what is open in the log.
 * Errors: RG_ERR_NOMEM; as rg_alertlog_is_open(). */
RG_CHECKED rg_err rg_compare_create(const struct rg_compare_config *c, struct rg_compare **out);
/* Free; takes *@c_p and nulls it; NULL is fine. */
void rg_compare_destroy(struct rg_compare **c_p);
/* Whether there is a checkpoint at or below @height that was not told yet. */
bool rg_compare_wants(const struct rg_compare *c, uint64_t height);
/* All alerts up to @height are written: tell the peers the digests, and compare with what they
 * told.
 * @time_ms: ledger time, for alerts. Errors: as rg_alertdigest_read(). */
RG_CHECKED rg_err rg_compare_tell(struct rg_compare *c, uint64_t height, int64_t time_ms);
/* The node at place @peer told its digests (a PeerMessage ALERT_DIGESTS, decoded). What cannot be
 * is dropped. */
void rg_compare_take(struct rg_compare *c, uint16_t peer, const struct rg_peer_message *m,
                     int64_t time_ms);
/* The node at place @peer was heard again: tell it once more. */
void rg_compare_on_peer_up(struct rg_compare *c, uint16_t peer);
/* The newest height that was compared with some peer; 0: none. */
uint64_t rg_compare_height(const struct rg_compare *c);
/* Who differs: bit i: the node at place i. */
uint64_t rg_compare_differ(const struct rg_compare *c);

#endif /* RG_MONITOR_COMPARE_H */
