#include "node/bus/peers.h"
#include "base/panic.h"
#include "node/bus/peers_priv.h"
#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(zmq_msg_t) <= sizeof(((struct rg_peers_out *)0)->message),
               "a zmq_msg_t fits into rg_peers_out");

static const char *const topics[] = {
    [RG_CORE_TOPIC_BLOCK] = "block",   [RG_CORE_TOPIC_VOTE] = "vote",
    [RG_CORE_TOPIC_CERT] = "cert",     [RG_CORE_TOPIC_TXS] = "txs",
    [RG_CORE_TOPIC_STATUS] = "status",
};

static const enum rg_core_topic votes_topics[] = {RG_CORE_TOPIC_VOTE, RG_CORE_TOPIC_CERT,
                                                  RG_CORE_TOPIC_STATUS};
static const enum rg_core_topic bulk_topics[] = {RG_CORE_TOPIC_BLOCK, RG_CORE_TOPIC_TXS};

static const struct rg_peers_channel votes_channel = {votes_topics, 3};
static const struct rg_peers_channel bulk_channel = {bulk_topics, 2};

const struct rg_peers_channel *rg_peers__channel(bool votes)
{
    return votes ? &votes_channel : &bulk_channel;
}

const char *rg_peers__topic(enum rg_core_topic topic)
{
    return topics[topic];
}

/* ---- making and ending ---- */

static rg_err make_socket(const struct rg_peers_config *c, enum rg_socket_role role,
                          const struct rg_pubkey *server, zsock_t **out,
                          char why[RG_SOCKET_WHY_MAX])
{
    const struct rg_socket_config config = {
        .role = role, .own = c->own, .server = server, .cluster = c->cluster};
    return rg_socket_new(&config, out, why);
}

static rg_err connect_to(zsock_t *s, const char *host, uint16_t port, char why[RG_SOCKET_WHY_MAX])
{
    const rg_err err = rg_socket_connect(s, host, port);
    if (err != RG_OK) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "cannot connect to %.160s port %u: no such address",
                       host, (unsigned)port);
    }
    return err;
}

static rg_err connect_sub(zsock_t *s, const struct rg_peers_channel *ch, const char *host,
                          uint16_t port, char why[RG_SOCKET_WHY_MAX])
{
    for (size_t i = 0; i < ch->count; i++) {
        const rg_err err = rg_socket_subscribe(s, topics[ch->list[i]]);
        if (err != RG_OK) {
            (void)snprintf(why, RG_SOCKET_WHY_MAX, "cannot subscribe to %s", topics[ch->list[i]]);
            return err;
        }
    }
    return connect_to(s, host, port, why);
}

static rg_err add_peer(struct rg_peers *p, const struct rg_peers_config *c,
                       const struct rg_peers_address *a, char why[RG_SOCKET_WHY_MAX])
{
    const uint32_t principal = rg_genesis_node_at(c->genesis, a->place);
    if (principal == UINT32_MAX || a->place >= RG_AUTHORITIES_MAX || p->slots[a->place].connected) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "peer %u is no node, or stands twice",
                       (unsigned)a->place + 1u);
        return RG_ERR_INVALID;
    }
    struct rg_peers_slot *s = &p->slots[a->place];
    const struct rg_pubkey *key = &c->genesis->principal[principal].curve_key;
    s->connected = true;
    rg_err err = make_socket(c, RG_SOCKET_VOTES_SUB, key, &s->votes, why);
    if (err == RG_OK) {
        err = make_socket(c, RG_SOCKET_BULK_SUB, key, &s->bulk, why);
    }
    if (err == RG_OK) {
        err = make_socket(c, RG_SOCKET_SYNC_DEALER, key, &s->sync, why);
    }
    if (err == RG_OK) {
        err = connect_sub(s->votes, &votes_channel, a->host, a->votes, why);
    }
    if (err == RG_OK) {
        err = connect_sub(s->bulk, &bulk_channel, a->host, a->bulk, why);
    }
    if (err == RG_OK) {
        err = connect_to(s->sync, a->host, a->sync, why);
    }
    return err;
}

rg_err rg_peers_new(const struct rg_peers_config *c, struct rg_peers **out,
                    char why[RG_SOCKET_WHY_MAX])
{
    why[0] = '\0';
    struct rg_peers *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "out of memory");
        return RG_ERR_NOMEM;
    }
    p->genesis = c->genesis;
    p->zap = c->zap;
    p->listen = c->listen;
    rg_err err = make_socket(c, RG_SOCKET_VOTES_PUB, NULL, &p->votes, why);
    if (err == RG_OK) {
        err = make_socket(c, RG_SOCKET_BULK_PUB, NULL, &p->bulk, why);
    }
    if (err == RG_OK) {
        err = make_socket(c, RG_SOCKET_SYNC_ROUTER, NULL, &p->router, why);
    }
    for (size_t i = 0; err == RG_OK && i < c->peer_count; i++) {
        err = add_peer(p, c, &c->peers[i], why);
    }
    if (err != RG_OK) {
        rg_peers_destroy(&p);
        return err;
    }
    *out = p;
    return RG_OK;
}

void rg_peers_destroy(struct rg_peers **p_p)
{
    if (p_p == NULL || *p_p == NULL) {
        return;
    }
    struct rg_peers *p = *p_p;
    for (size_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        zsock_destroy(&p->slots[i].votes);
        zsock_destroy(&p->slots[i].bulk);
        zsock_destroy(&p->slots[i].sync);
    }
    zsock_destroy(&p->votes);
    zsock_destroy(&p->bulk);
    zsock_destroy(&p->router);
    free(p);
    *p_p = NULL;
}

static rg_err bind_one(zsock_t *s, const char *host, uint16_t *port, char why[RG_SOCKET_WHY_MAX])
{
    const rg_err err = rg_socket_bind(s, host, *port, port);
    if (err != RG_OK) {
        (void)snprintf(
            why, RG_SOCKET_WHY_MAX, "cannot listen on %.160s port %u: %s", host, (unsigned)*port,
            err == RG_ERR_EXISTS ? "the port is in use" : "no such address, or not allowed");
    }
    return err;
}

rg_err rg_peers_bind(struct rg_peers *p, char why[RG_SOCKET_WHY_MAX])
{
    why[0] = '\0';
    if (p->bound) {
        return RG_OK;
    }
    struct rg_peers_address *l = &p->listen;
    rg_err err = bind_one(p->votes, l->host, &l->votes, why);
    if (err != RG_OK) {
        return err;
    }
    err = bind_one(p->bulk, l->host, &l->bulk, why);
    if (err == RG_OK) {
        err = bind_one(p->router, l->host, &l->sync, why);
        if (err == RG_OK) {
            p->bound = true;
            return RG_OK;
        }
        RG_IGNORE(rg_socket_unbind(p->bulk, l->host, l->bulk), "the first error is told");
    }
    RG_IGNORE(rg_socket_unbind(p->votes, l->host, l->votes), "the first error is told");
    return err;
}

void rg_peers_unbind(struct rg_peers *p)
{
    if (!p->bound) {
        return;
    }
    const struct rg_peers_address *l = &p->listen;
    RG_IGNORE(rg_socket_unbind(p->votes, l->host, l->votes), "it was bound there");
    RG_IGNORE(rg_socket_unbind(p->bulk, l->host, l->bulk), "it was bound there");
    RG_IGNORE(rg_socket_unbind(p->router, l->host, l->sync), "it was bound there");
    p->bound = false;
}

bool rg_peers_is_bound(const struct rg_peers *p)
{
    return p->bound;
}

const struct rg_peers_address *rg_peers_listen(const struct rg_peers *p)
{
    return &p->listen;
}

/* ---- cutting ---- */

void rg_peers_cut(struct rg_peers *p, const bool cut[RG_AUTHORITIES_MAX])
{
    for (size_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        p->slots[i].cut = cut[i];
    }
}

bool rg_peers_is_cut(const struct rg_peers *p, uint16_t peer)
{
    return peer < RG_AUTHORITIES_MAX && p->slots[peer].cut;
}

/* ---- sending ---- */

static zmq_msg_t *message_of(struct rg_peers_out *out)
{
    return (zmq_msg_t *)(void *)out->message;
}

rg_err rg_peers_out_new(struct rg_bytes bytes, struct rg_peers_out *out)
{
    zmq_msg_t *m = message_of(out);
    if (zmq_msg_init_size(m, bytes.len) != 0) {
        return RG_ERR_NOMEM;
    }
    if (bytes.len > 0) {
        memcpy(zmq_msg_data(m), bytes.data, bytes.len);
    }
    out->full = true;
    return RG_OK;
}

void rg_peers_out_clear(struct rg_peers_out *out)
{
    if (out->full) {
        (void)zmq_msg_close(message_of(out));
        out->full = false;
    }
}

/* Hand @out to the library; true when it took it. */
static bool pass(zsock_t *s, struct rg_peers_out *out)
{
    if (zmq_msg_send(message_of(out), zsock_resolve(s), ZMQ_DONTWAIT) < 0) {
        return false;
    }
    out->full = false;
    return true;
}

void rg_peers_publish(struct rg_peers *p, enum rg_core_channel channel, enum rg_core_topic topic,
                      struct rg_peers_out *out)
{
    RG_ASSERT((size_t)topic < sizeof topics / sizeof topics[0]);
    RG_ASSERT(out->full);
    zsock_t *s = channel == RG_CORE_VOTES ? p->votes : p->bulk;
    const char *name = topics[topic];
    if (zmq_send(zsock_resolve(s), name, strlen(name), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        !pass(s, out)) {
        rg_peers_out_clear(out); /* an XPUB never refuses; be it so */
    }
}

/* Over my ROUTER to the DEALER by which @s is connected to me. */
static bool send_back(struct rg_peers *p, struct rg_peers_slot *s, struct rg_peers_out *out)
{
    if (s->route_len == 0) {
        return false;
    }
    if (zmq_send(zsock_resolve(p->router), s->route, s->route_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
        0) {
        if (zmq_errno() == EHOSTUNREACH) {
            s->route_len = 0;
        }
        return false;
    }
    return pass(p->router, out);
}

void rg_peers_send(struct rg_peers *p, uint16_t peer, struct rg_peers_out *out)
{
    RG_ASSERT(out->full);
    if (peer < RG_AUTHORITIES_MAX && !p->slots[peer].cut) {
        struct rg_peers_slot *s = &p->slots[peer];
        const bool small = zmq_msg_size(message_of(out)) <= RG_FRAME_SYNC_MAX;
        if ((small && s->sync != NULL && pass(s->sync, out)) || send_back(p, s, out)) {
            return;
        }
    }
    p->counts.unsent++;
    rg_peers_out_clear(out);
}

static size_t put_socket(void **out, size_t cap, size_t count, zsock_t *s)
{
    if (s == NULL) {
        return count;
    }
    if (count < cap) {
        out[count] = zsock_resolve(s);
    }
    return count + 1;
}

size_t rg_peers_sockets(const struct rg_peers *p, void **out, size_t cap)
{
    size_t count = 0;
    count = put_socket(out, cap, count, p->votes);
    count = put_socket(out, cap, count, p->bulk);
    count = put_socket(out, cap, count, p->router);
    for (size_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        count = put_socket(out, cap, count, p->slots[i].votes);
        count = put_socket(out, cap, count, p->slots[i].bulk);
        count = put_socket(out, cap, count, p->slots[i].sync);
    }
    return count;
}

struct rg_peers_counts rg_peers_get_counts(const struct rg_peers *p)
{
    return p->counts;
}
