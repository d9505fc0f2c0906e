/* Gossip and sync: what peers.c and peers_receive.c share. Private to them. */
#ifndef RG_BUS_PEERS_PRIV_H
#define RG_BUS_PEERS_PRIV_H

#include "node/bus/peers.h"
#include <czmq.h>

#define RG_PEERS_ROUTE_MAX 16 /* bytes of a routing id; the library gives 5 */
#define RG_PEERS_SOCKETS_OWN 3

struct rg_peers_slot {
    bool connected; /* has sockets */
    bool cut;       /* by a test: nothing passes either way */
    zsock_t *votes;
    zsock_t *bulk;
    zsock_t *sync;
    size_t route_len; /* of its DEALER on my ROUTER; 0: it has not spoken */
    uint8_t route[RG_PEERS_ROUTE_MAX];
};

struct rg_peers {
    const struct rg_genesis *genesis;
    const struct rg_zap *zap;
    struct rg_peers_address listen;
    bool bound;
    zsock_t *votes;
    zsock_t *bulk;
    zsock_t *router;
    struct rg_peers_counts counts;
    struct rg_peers_slot slots[RG_AUTHORITIES_MAX];
};

/* The topics of one channel. */
struct rg_peers_channel {
    const enum rg_core_topic *list;
    size_t count;
};

/* peers.c: the channels, and the text of a topic. */
const struct rg_peers_channel *rg_peers__channel(bool votes);
const char *rg_peers__topic(enum rg_core_topic topic);

#endif /* RG_BUS_PEERS_PRIV_H */
