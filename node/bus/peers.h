/* Gossip and sync with the other authorities: what the ledger thread sends and receives. Two XPUBs
 * (votes and bulk, so that bulk never delays votes), for each peer a SUB to either, one sync ROUTER
 * and a sync DEALER for each peer.
 *
 * A peer is named by its place among the nodes (ledger/genesis.h). On a SUB or DEALER it is known
 * by the server key that is pinned for it; on the ROUTER by the User-Id of the body, checked on
 * every message. What comes from anybody else, has a wrong number of frames or a topic that is not
 * ours is dropped and counted. Knows nothing of what messages say.
 *
 * Sync goes both ways over either connection: a message up to RG_FRAME_SYNC_MAX goes out on my
 * DEALER, a larger one (an answer) on my ROUTER to the peer's DEALER, because a bound socket
 * accepts small frames only. Nothing here waits: when a queue is full or the peer is away, the
 * message is dropped and counted; consensus asks again.
 *
 * Owner: the ledger thread. */
#ifndef RG_BUS_PEERS_H
#define RG_BUS_PEERS_H

#include "base/err.h"
#include "base/types.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include "node/core/core.h"

struct rg_peers; /* opaque */

/* Where a node listens, or where a peer is reached. */
struct rg_peers_address {
    uint16_t place; /* among the nodes of the ledger; of the own address it does not count */
    char host[RG_SOCKET_HOST_MAX + 1];
    uint16_t votes;
    uint16_t bulk;
    uint16_t sync;
};

struct rg_peers_config {
    const struct rg_genesis *genesis;     /* borrowed as long as the peers live */
    const struct rg_zap *zap;             /* borrowed; decides who may speak on the ROUTER */
    const struct rg_sign *own;            /* borrowed for the call */
    struct rg_peers_address listen;       /* a port of 0: the kernel picks */
    const struct rg_peers_address *peers; /* borrowed for the call; count of them */
    size_t peer_count;
    bool cluster;
};

struct rg_peers_counts {
    uint64_t frames;  /* application messages taken from authorities, without status beacons */
    uint64_t dropped; /* came in, but from no node, or not of our form */
    uint64_t unsent;  /* sync messages that found the peer away or its queue full */
};

/* Told one received message; @bytes are borrowed for the call. */
typedef void (*rg_peers_fn)(void *ctx, uint16_t peer, bool gossip, struct rg_bytes bytes);

/* Make all sockets and connect to the peers; binds nothing yet. Gives @out, freed with
 * rg_peers_destroy. @why: a sentence when it fails.
 * Errors: RG_ERR_INVALID  an address, or a node that the genesis does not have or twice;
 *         RG_ERR_NOMEM; RG_ERR_SYSTEM as rg_socket_new. */
RG_CHECKED rg_err rg_peers_new(const struct rg_peers_config *c, struct rg_peers **out,
                               char why[RG_SOCKET_WHY_MAX]);
/* Close all; takes *@p_p and nulls it; NULL is fine. */
void rg_peers_destroy(struct rg_peers **p_p);

/* Listen on votes, bulk and sync; when one fails none listens. Nothing when it listens already.
 * Errors: as rg_socket_bind, with a sentence in @why. */
RG_CHECKED rg_err rg_peers_bind(struct rg_peers *p, char why[RG_SOCKET_WHY_MAX]);
/* Stop listening and end accepted connections; nothing when it does not listen. */
void rg_peers_unbind(struct rg_peers *p);
/* Whether it listens. */
bool rg_peers_is_bound(const struct rg_peers *p);
/* The own address with the ports in use. */
const struct rg_peers_address *rg_peers_listen(const struct rg_peers *p);

/* For tests of broken networks (node/cut.h): let nothing pass to or from the peers whose places are
 * set in @cut, over no channel, and everything to and from the others. What comes from a peer that
 * is cut is dropped, what is to be sent to it too; what it subscribes to here it gets until it cuts
 * as well. The connections stay: ending one whose message is half read ends the process
 * (docs/bus.md, traps). */
void rg_peers_cut(struct rg_peers *p, const bool cut[RG_AUTHORITIES_MAX]);
/* Whether @peer is cut. */
bool rg_peers_is_cut(const struct rg_peers *p, uint16_t peer);

/* A message on its way out; a copy of its bytes, made when the core said it, released after the
 * sync of the journal. Zeroed: empty. */
struct rg_peers_out {
    _Alignas(8) uint8_t message[64]; /* a zmq_msg_t */
    bool full;
};
/* Copy @bytes into @out. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_peers_out_new(struct rg_bytes bytes, struct rg_peers_out *out);
/* Free what was not sent. */
void rg_peers_out_clear(struct rg_peers_out *out);

/* Publish @out, which is then empty. A subscriber that is behind loses it; repair heals that. */
void rg_peers_publish(struct rg_peers *p, enum rg_core_channel channel, enum rg_core_topic topic,
                      struct rg_peers_out *out);
/* Send @out to @peer over sync; it is then empty. */
void rg_peers_send(struct rg_peers *p, uint16_t peer, struct rg_peers_out *out);

/* One fair turn over the sockets that are @ready (by their place in rg_peers_sockets, as a poll
 * said; NULL: all): takes at most a fixed number of messages from each socket, votes of all peers
 * before sync and sync before bulk, and tells each to @fn. Returns how many it took, dropped ones
 * too; 0 means all queues were empty. */
size_t rg_peers_receive(struct rg_peers *p, const bool *ready, rg_peers_fn fn, void *ctx);

/* The zmq sockets to poll for reading: writes up to @cap pointers (for zmq_pollitem_t.socket) to
 * @out and returns how many there are. They stay the same until rg_peers_destroy. */
size_t rg_peers_sockets(const struct rg_peers *p, void **out, size_t cap);
/* An upper bound of rg_peers_sockets. */
#define RG_PEERS_SOCKETS_MAX (3 + 3 * (RG_AUTHORITIES_MAX - 1))

/* What was counted so far. */
struct rg_peers_counts rg_peers_get_counts(const struct rg_peers *p);

#endif /* RG_BUS_PEERS_H */
