/* The network: each message on its own takes its time, gets lost, comes twice, or meets a cut. */
#include "crypto/hash.h"
#include "sim.h"
#include <string.h>

static void deliver(struct sim *s, uint16_t from, uint16_t to, bool gossip, struct sim_buf *buf)
{
    const uint64_t at = s->now_ms + s->latency_ms + sim_below(s, s->jitter_ms + 1);
    sim_post(s, (struct sim_event){.at_ms = at,
                                   .kind = SIM_MESSAGE,
                                   .node = to,
                                   .from = from,
                                   .gossip = gossip,
                                   .buf = sim_buf_ref(buf)});
    s->stats.messages++;
}

/* A running hash over who sends what to whom, when. The bytes are hashed once, however many get
 * them. */
static void note(struct sim *s, uint16_t from, uint16_t to, struct sim_buf *buf)
{
    if (buf->digest == 0) {
        struct rg_hash h;
        rg_hash_one(RG_DOMAIN_RECORD, NULL, sim_buf_bytes(buf), &h);
        memcpy(&buf->digest, h.b, sizeof buf->digest);
    }
    const uint64_t x = s->trace ^ buf->digest ^ (s->now_ms << 16 | (uint64_t)from << 8 | to);
    s->trace = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

void sim_send(struct sim *s, uint16_t from, uint16_t to, bool gossip, struct sim_buf *buf)
{
    if (from == to) {
        return;
    }
    note(s, from, to, buf);
    if (s->cut[from][to] || sim_below(s, 1000) < s->loss) {
        s->stats.drops++;
        return;
    }
    deliver(s, from, to, gossip, buf);
    if (sim_below(s, 1000) < s->duplicate) {
        s->stats.duplicates++;
        deliver(s, from, to, gossip, buf);
    }
}

/* Two sides, one node alone, or a cut in one direction only. */
void sim_partition(struct sim *s)
{
    const uint64_t what = sim_below(s, 4);
    const uint16_t alone = (uint16_t)sim_below(s, s->n);
    bool side[SIM_NODES_MAX];
    for (size_t i = 0; i < s->n; i++) {
        side[i] = what == 0 ? i == alone : sim_below(s, 2) == 0;
    }
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->n; j++) {
            const bool apart = what == 3 ? (i == alone && j != alone) : side[i] != side[j];
            s->cut[i][j] = s->cut[i][j] || apart;
        }
    }
    s->stats.partitions++;
}

void sim_uncut(struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->n; j++) {
            s->cut[i][j] = false;
        }
    }
}
