/* The monitor's part in comparing alerts with the peers: when there is something to tell. */
#include "node/monitor/compare.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/monitor_priv.h"

rg_err rg_monitor__compare(struct rg_monitor *m)
{
    struct rg_feed_counts counts;
    const uint64_t height = rg_evaluate_complete(m->evaluate);
    if (!rg_compare_wants(m->compare, height)) {
        return RG_OK;
    }
    rg_feed_counts(m->config.feed, &counts);
    /* With a key still missing nobody can say what this node will alert. */
    return counts.parked > 0 ? RG_OK : rg_compare_tell(m->compare, height, m->follow_ms);
}

void rg_monitor_on_digests(struct rg_monitor *m, uint16_t peer, const struct rg_peer_message *msg)
{
    rg_compare_take(m->compare, peer, msg, m->follow_ms);
}

void rg_monitor_on_peer_up(struct rg_monitor *m, uint16_t peer)
{
    rg_compare_on_peer_up(m->compare, peer);
}
