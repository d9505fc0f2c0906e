#include "node/monitor/events.h"
#include "base/failpoint.h"

#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include "node/monitor/alertstore.h"

#define TOPIC_MAX (RG_NAME_MAX + 32)
#define RESERVE (1u << 20)
#define RESERVE_LOW (1u << 18)
#define PREFIXES_MAX 256
#define PREFIX_MAX (TOPIC_MAX - 1) /* a longer one matches no topic of ours */
#define DRAIN_MAX 256              /* subscriptions read in one go */

struct prefix {
    uint8_t len;
    char text[PREFIX_MAX];
};

struct topic {
    char text[TOPIC_MAX];
    uint64_t next;
    uint64_t reserved; /* numbers below it are ours */
    uint64_t asked;    /* written, not yet committed */
};

struct rg_events {
    struct _zsock_t *socket;
    const char *host;
    struct rg_zap *zap;
    uint16_t port;
    bool bound;
    struct topic topic[RG_EVENTS_TOPICS];
    struct prefix prefix[PREFIXES_MAX];
    size_t prefix_count;
    bool prefix_over; /* more than fit: everything counts as wanted */
    uint64_t frames;
};

static void name_topics(struct rg_events *e, const char *process)
{
    (void)snprintf(e->topic[RG_EVENTS_WARNING].text, TOPIC_MAX, "alert.warning.%s.", process);
    (void)snprintf(e->topic[RG_EVENTS_CRITICAL].text, TOPIC_MAX, "alert.critical.%s.", process);
    (void)snprintf(e->topic[RG_EVENTS_SYSTEM].text, TOPIC_MAX, "alert.system.");
    (void)snprintf(e->topic[RG_EVENTS_STEP].text, TOPIC_MAX, "step.%s.", process);
    (void)snprintf(e->topic[RG_EVENTS_BLOCK].text, TOPIC_MAX, "block.");
    (void)snprintf(e->topic[RG_EVENTS_HEARTBEAT].text, TOPIC_MAX, "heartbeat.");
}

static rg_err bind_socket(struct rg_events *e, const struct rg_events_config *c, char *why,
                          size_t why_cap)
{
    char text[RG_SOCKET_WHY_MAX] = "";
    const struct rg_socket_config sc = {
        .role = RG_SOCKET_EVENTS_PUB, .own = c->key, .cluster = c->cluster};
    e->host = c->host;
    e->zap = c->zap;
    rg_err err = rg_socket_new(&sc, &e->socket, text);
    if (err != RG_OK) {
        (void)snprintf(why, why_cap, "events socket: %s", text);
        return err;
    }
    err = rg_socket_bind(e->socket, c->host, c->port, &e->port);
    if (err != RG_OK) {
        (void)snprintf(why, why_cap, "events socket on %s port %u: %s", c->host, c->port,
                       err == RG_ERR_EXISTS ? "the port is in use" : rg_err_text(err));
        return err;
    }
    e->bound = true;
    return RG_OK;
}

void rg_events_watch(struct rg_events *e)
{
    const bool alive = e->zap == NULL || rg_zap_is_alive(e->zap);
    if (alive == e->bound) {
        return;
    }
    if (e->bound) {
        RG_IGNORE(rg_socket_unbind(e->socket, e->host, e->port), "it was bound there");
        e->bound = false;
        return;
    }
    uint16_t port = 0;
    e->bound = rg_socket_bind(e->socket, e->host, e->port, &port) == RG_OK;
}

rg_err rg_events_reserve(struct rg_events *e, struct rg_kv_txn *txn)
{
    for (size_t i = 0; i < RG_EVENTS_TOPICS; i++) {
        struct topic *t = &e->topic[i];
        t->asked = t->next + RESERVE;
        const rg_err err =
            rg_alertstore_put(txn, RG_ALERTSTORE_TOPIC, rg_bytes_str(t->text), t->asked);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

void rg_events_reserved(struct rg_events *e)
{
    for (size_t i = 0; i < RG_EVENTS_TOPICS; i++) {
        e->topic[i].reserved = e->topic[i].asked;
    }
}

bool rg_events_low(const struct rg_events *e)
{
    for (size_t i = 0; i < RG_EVENTS_TOPICS; i++) {
        if (e->topic[i].next + RESERVE_LOW > e->topic[i].reserved) {
            return true;
        }
    }
    return false;
}

/* Go on behind all numbers that an earlier run may have used. */
static rg_err resume(struct rg_events *e, struct rg_kv *kv)
{
    struct rg_kv_txn *txn = NULL;
    rg_err err = rg_kv_begin_write(kv, &txn);
    for (size_t i = 0; err == RG_OK && i < RG_EVENTS_TOPICS; i++) {
        struct topic *t = &e->topic[i];
        err = rg_alertstore_get(txn, RG_ALERTSTORE_TOPIC, rg_bytes_str(t->text), &t->next);
        if (t->next == 0) {
            t->next = 1;
        }
    }
    if (err == RG_OK) {
        err = rg_events_reserve(e, txn);
    }
    if (err == RG_OK) {
        RG_FAILPOINT("events.commit");
        err = rg_kv_commit(&txn);
        RG_FAILPOINT("events.committed");
    }
    rg_kv_abort(&txn);
    if (err == RG_OK) {
        rg_events_reserved(e);
    }
    return err;
}

rg_err rg_events_open(const struct rg_events_config *c, struct rg_events **out, char *why,
                      size_t why_cap)
{
    struct rg_events *e = calloc(1, sizeof *e);
    if (e == NULL) {
        (void)snprintf(why, why_cap, "out of memory");
        return RG_ERR_NOMEM;
    }
    name_topics(e, c->process);
    rg_err err = bind_socket(e, c, why, why_cap);
    if (err == RG_OK) {
        err = resume(e, c->kv);
        if (err != RG_OK) {
            (void)snprintf(why, why_cap, "alerts store: %s", rg_err_text(err));
        }
    }
    if (err != RG_OK) {
        rg_events_close(&e);
        return err;
    }
    *out = e;
    return RG_OK;
}

void rg_events_close(struct rg_events **e_p)
{
    if (*e_p == NULL) {
        return;
    }
    rg_socket_destroy(&(*e_p)->socket);
    free(*e_p);
    *e_p = NULL;
}

uint16_t rg_events_port(const struct rg_events *e)
{
    return e->port;
}

void *rg_events_socket(const struct rg_events *e)
{
    return zsock_resolve(e->socket);
}

const char *rg_events_topic_text(const struct rg_events *e, enum rg_events_topic t)
{
    return e->topic[t].text;
}

uint64_t rg_events_frames(const struct rg_events *e)
{
    return e->frames;
}

bool rg_events_wanted(const struct rg_events *e, enum rg_events_topic t)
{
    if (e->prefix_over) {
        return true;
    }
    for (size_t i = 0; i < e->prefix_count; i++) {
        const struct prefix *p = &e->prefix[i];
        if (p->len <= strlen(e->topic[t].text) && memcmp(p->text, e->topic[t].text, p->len) == 0) {
            return true;
        }
    }
    return false;
}

/* The number is used up whether or not all frames go out: a gap is what tells of a loss. */
void rg_events_publish(struct rg_events *e, enum rg_events_topic t, const char *json)
{
    struct topic *topic = &e->topic[t];
    if (topic->next >= topic->reserved) {
        return; /* cannot be stored: better silent than a number twice */
    }
    uint8_t number[8];
    rg_bytes_u64_be(number, topic->next);
    topic->next++;
    if (json == NULL) {
        return;
    }
    void *s = zsock_resolve(e->socket);
    if (zmq_send(s, topic->text, strlen(topic->text), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        return;
    }
    if (zmq_send(s, number, sizeof number, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0) {
        zmq_send(s, json, strlen(json), ZMQ_DONTWAIT);
    }
}

/* XPUB tells the first subscription to a prefix and the end of the last one. */
static void note(struct rg_events *e, const uint8_t *frame, size_t len)
{
    const size_t n = len - 1;
    if (n > PREFIX_MAX) {
        return;
    }
    size_t at = 0;
    while (at < e->prefix_count &&
           (e->prefix[at].len != n || memcmp(e->prefix[at].text, frame + 1, n) != 0)) {
        at++;
    }
    if (frame[0] == 0) {
        if (at < e->prefix_count) {
            e->prefix_count--;
            e->prefix[at] = e->prefix[e->prefix_count];
        }
        return;
    }
    if (at < e->prefix_count) {
        return;
    }
    if (e->prefix_count == PREFIXES_MAX) {
        e->prefix_over = true;
        return;
    }
    e->prefix[at].len = (uint8_t)n;
    memcpy(e->prefix[at].text, frame + 1, n);
    e->prefix_count++;
}

void rg_events_drain(struct rg_events *e)
{
    uint8_t frame[RG_FRAME_SUB_MAX];
    for (int i = 0; i < DRAIN_MAX; i++) {
        const int n = zmq_recv(zsock_resolve(e->socket), frame, sizeof frame, ZMQ_DONTWAIT);
        if (n < 0) {
            return;
        }
        e->frames++;
        /* A longer one was cut by the call; and a first byte above 1 is a message, not for us. */
        if (n > 0 && (size_t)n <= sizeof frame && frame[0] <= 1) {
            note(e, frame, (size_t)n);
        }
    }
}
