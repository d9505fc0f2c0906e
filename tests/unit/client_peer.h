/* A node that only a test believes in: api and events sockets of its own in a thread, scripted. */
#ifndef RG_TESTS_CLIENT_PEER_H
#define RG_TESTS_CLIENT_PEER_H

#include "client/reigen.h"

#define CLIENT_PEER_LOG_MAX 256

/* What the peer does and saw; the thread owns it until client_peer_stop. */
struct client_peer {
    /* Script. */
    uint64_t drop_at;     /* swallow requests for this event number once, and cut the connection */
    uint64_t again_at;    /* answer 75 once to the request that begins with this number */
    uint32_t refuse_code; /* not 0: every request is answered with this code */
    uint64_t alerts;      /* length of the alert log at the start */
    uint64_t publish;     /* alerts published live, one every 5 ms */
    uint64_t skip_every;  /* of those every so many-th frame is not sent */
    uint64_t twice_every; /* and every so many-th is sent twice */
    /* What came of it. */
    uint64_t high; /* highest number of the stream, taken in order */
    uint64_t gaps; /* requests that began beyond high + 1 */
    uint64_t taken;
    uint64_t known;
    uint64_t requests;
    /* The rest is the peer's own. */
    struct rg_sign *node;
    struct rg_sign *member;
    struct rg_hash ledger;
    uint16_t api_port;
    uint16_t events_port;
    void *actor;
};

/* Start the peer with its script set. */
void client_peer_start(struct client_peer *p);
/* End it. */
void client_peer_stop(struct client_peer *p);
/* Open a session to it. */
struct rg_session *client_peer_session(struct client_peer *p);

#endif /* RG_TESTS_CLIENT_PEER_H */
