/* The events socket: what members of the own agency may hear at once. Frames: topic (with its last
 * dot), sequence number of that topic (8 bytes, big-endian), JSON. Sending never waits: a slow
 * subscriber loses frames, sees the gap in the sequence, and asks the api for what it lacks.
 *
 * Sequence numbers are never used twice, also not after a crash: they are reserved in the store in
 * large blocks before use, so a restart leaves a gap. Frames are counted whether somebody listens
 * or not, but steps and blocks are only written as JSON when somebody does.
 *
 * Owner: the agency thread. Knows nothing of alerts. */
#ifndef RG_MONITOR_EVENTS_H
#define RG_MONITOR_EVENTS_H

#include "base/err.h"
#include "base/types.h"
#include "storage/kv.h"

enum rg_events_topic {
    RG_EVENTS_WARNING, /* alert.warning.<process>. */
    RG_EVENTS_CRITICAL,
    RG_EVENTS_SYSTEM,
    RG_EVENTS_STEP, /* step.<process>. */
    RG_EVENTS_BLOCK,
    RG_EVENTS_HEARTBEAT,
    RG_EVENTS_TOPICS
};

struct rg_events; /* opaque */
struct rg_sign;
struct rg_zap;

struct rg_events_config {
    const char *host;    /* to bind; borrowed for the life of the socket */
    uint16_t port;       /* 0: the kernel picks */
    struct rg_zap *zap;  /* NULL: not watched */
    const char *process; /* of the topics */
    const struct rg_sign *key;
    bool cluster;
    struct rg_kv *kv; /* the alerts store; borrowed */
};

/* Make and bind the socket, and reserve sequence numbers. @why as in rg_monitor_open().
 * Errors: as rg_socket_new(), rg_socket_bind(), rg_kv_commit(); RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_events_open(const struct rg_events_config *c, struct rg_events **out,
                                 char *why, size_t why_cap);
/* Close; takes *@e_p and nulls it; NULL is fine. */
void rg_events_close(struct rg_events **e_p);
/* The port it is or was bound to. */
uint16_t rg_events_port(const struct rg_events *e);
/* Stop listening while the ZAP handler is not alive, listen again (on the same port) when it is. */
void rg_events_watch(struct rg_events *e);
/* The socket to poll for input (a zmq socket). */
void *rg_events_socket(const struct rg_events *e);
/* The text of a topic, with its last dot; borrowed. */
const char *rg_events_topic_text(const struct rg_events *e, enum rg_events_topic t);
/* Whether somebody listens to the topic (or to so much that it was not all noted). */
bool rg_events_wanted(const struct rg_events *e, enum rg_events_topic t);
/* Publish @json under the topic's next number; NULL: only count one. */
void rg_events_publish(struct rg_events *e, enum rg_events_topic t, const char *json);
/* Read subscriptions that came in, a bounded number of them. */
void rg_events_drain(struct rg_events *e);
/* Frames received so far. */
uint64_t rg_events_frames(const struct rg_events *e);
/* Whether numbers run low; then call reserve inside the next write transaction. */
bool rg_events_low(const struct rg_events *e);
/* Reserve more numbers in @txn; they count from rg_events_reserved() on, after the commit.
 * Errors: as rg_kv_put(). */
RG_CHECKED rg_err rg_events_reserve(struct rg_events *e, struct rg_kv_txn *txn);
void rg_events_reserved(struct rg_events *e);

#endif /* RG_MONITOR_EVENTS_H */
