#include "node/bus/socket.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include <czmq.h>
#include <stdio.h>

/* In zmq_draft.h only, but honoured by libzmq 4.3.4; czmq's setter for it does nothing
 * (docs/bus.md). */
#define ZAP_ENFORCE_DOMAIN 93

#define HANDSHAKE_IVL_MS 3000
#define HEARTBEAT_IVL_MS 2000
#define HEARTBEAT_TIMEOUT_MS 6000
#define HEARTBEAT_TTL_MS 8000
#define RECONNECT_IVL_MS 200
#define RECONNECT_IVL_CLUSTER_MS 100
#define RECONNECT_IVL_MAX_MS 2000
#define CONNECT_TIMEOUT_MS 5000
#define BACKLOG 1024

/* What a role is. Queues are counted in messages by the library: HWM x frame limit is the budget.
 */
struct role {
    const char *name;
    int type;
    bool binds;
    const char *domain;
    size_t frame_max; /* of what comes in */
    int send_hwm;
    int receive_hwm;
    int immediate; /* queue only for connections that stand */
    int linger_ms;
};

static const struct role roles[] = {
    [RG_SOCKET_NONE] = {.name = "none"},
    [RG_SOCKET_VOTES_PUB] = {"votes", ZMQ_XPUB, true, "peer", RG_FRAME_SUB_MAX, 2000, 100, 0, 0},
    [RG_SOCKET_BULK_PUB] = {"bulk", ZMQ_XPUB, true, "peer", RG_FRAME_SUB_MAX, 64, 100, 0, 0},
    [RG_SOCKET_VOTES_SUB] = {"votes subscriber", ZMQ_SUB, false, NULL, RG_SOCKET_VOTES_FRAME_MAX,
                             100, 2000, 0, 0},
    [RG_SOCKET_BULK_SUB] = {"bulk subscriber", ZMQ_SUB, false, NULL, RG_FRAME_PEER_MAX, 100, 64, 0,
                            0},
    [RG_SOCKET_SYNC_ROUTER] = {"sync", ZMQ_ROUTER, true, "peer", RG_FRAME_SYNC_MAX, 16, 256, 0, 0},
    [RG_SOCKET_SYNC_DEALER] = {"sync client", ZMQ_DEALER, false, NULL, RG_FRAME_PEER_MAX, 256, 16,
                               1, 0},
    [RG_SOCKET_API_ROUTER] = {"api", ZMQ_ROUTER, true, "api", RG_FRAME_API_MAX, 64, 32, 0, 200},
    [RG_SOCKET_EVENTS_PUB] = {"events", ZMQ_XPUB, true, "events", RG_FRAME_SUB_MAX, 8192, 100, 0,
                              200},
    [RG_SOCKET_CLIENT_DEALER] = {"api client", ZMQ_DEALER, false, NULL, RG_FRAME_PEER_MAX, 64, 64,
                                 1, 1000},
    [RG_SOCKET_CLIENT_SUB] = {"events subscriber", ZMQ_SUB, false, NULL, RG_SOCKET_EVENT_FRAME_MAX,
                              100, 8192, 0, 0},
    [RG_SOCKET_PROBE_ROUTER] = {"probe", ZMQ_ROUTER, true, "probe", RG_FRAME_SUB_MAX, 8, 8, 0, 0},
};

static const struct role *role_of(enum rg_socket_role role)
{
    RG_ASSERT((size_t)role < sizeof roles / sizeof roles[0]);
    return &roles[role];
}

size_t rg_socket_frame_max(enum rg_socket_role role)
{
    return role_of(role)->frame_max;
}

const char *rg_socket_role_text(enum rg_socket_role role)
{
    return role_of(role)->name;
}

static rg_err differs(char why[RG_SOCKET_WHY_MAX], const struct role *r, const char *option,
                      long long want)
{
    (void)snprintf(why, RG_SOCKET_WHY_MAX,
                   "the %s socket does not take option %s = %lld: this libzmq is not usable",
                   r->name, option, want);
    return RG_ERR_SYSTEM;
}

/* An option of type int. */
struct number {
    int option;
    const char *name;
    int value;
};

static rg_err set_number(void *handle, const struct role *r, const struct number *n,
                         char why[RG_SOCKET_WHY_MAX])
{
    int got = -1;
    size_t len = sizeof got;
    if (zmq_setsockopt(handle, n->option, &n->value, sizeof n->value) != 0 ||
        zmq_getsockopt(handle, n->option, &got, &len) != 0 || got != n->value) {
        return differs(why, r, n->name, n->value);
    }
    return RG_OK;
}

static rg_err set_numbers(void *handle, const struct role *r, bool cluster,
                          char why[RG_SOCKET_WHY_MAX])
{
    const struct number list[] = {
        {ZMQ_SNDHWM, "SNDHWM", r->send_hwm},
        {ZMQ_RCVHWM, "RCVHWM", r->receive_hwm},
        {ZMQ_LINGER, "LINGER", r->linger_ms},
        {ZMQ_IPV6, "IPV6", 1},
        {ZMQ_IMMEDIATE, "IMMEDIATE", r->immediate},
        {ZMQ_BACKLOG, "BACKLOG", BACKLOG},
        {ZMQ_HANDSHAKE_IVL, "HANDSHAKE_IVL", HANDSHAKE_IVL_MS},
        {ZMQ_HEARTBEAT_IVL, "HEARTBEAT_IVL", HEARTBEAT_IVL_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, "HEARTBEAT_TIMEOUT", HEARTBEAT_TIMEOUT_MS},
        {ZMQ_HEARTBEAT_TTL, "HEARTBEAT_TTL", HEARTBEAT_TTL_MS},
        {ZMQ_RECONNECT_IVL, "RECONNECT_IVL", cluster ? RECONNECT_IVL_CLUSTER_MS : RECONNECT_IVL_MS},
        {ZMQ_RECONNECT_IVL_MAX, "RECONNECT_IVL_MAX", RECONNECT_IVL_MAX_MS},
        {ZMQ_CONNECT_TIMEOUT, "CONNECT_TIMEOUT", CONNECT_TIMEOUT_MS},
        {ZMQ_TCP_KEEPALIVE, "TCP_KEEPALIVE", 1},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        const rg_err err = set_number(handle, r, &list[i], why);
        if (err != RG_OK) {
            return err;
        }
    }
    const int64_t max = (int64_t)r->frame_max;
    int64_t got = -1;
    size_t len = sizeof got;
    if (zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 ||
        zmq_getsockopt(handle, ZMQ_MAXMSGSIZE, &got, &len) != 0 || got != max) {
        return differs(why, r, "MAXMSGSIZE", max);
    }
    return RG_OK;
}

/* Set a 32-byte key and see that the library holds it. */
static bool set_key(void *handle, int option, const uint8_t *key)
{
    uint8_t got[RG_KEY_BYTES] = {0};
    size_t len = sizeof got;
    const bool good = zmq_setsockopt(handle, option, key, RG_KEY_BYTES) == 0 &&
                      zmq_getsockopt(handle, option, got, &len) == 0 && len == sizeof got &&
                      memcmp(got, key, sizeof got) == 0;
    rg_rand_wipe(got, sizeof got);
    return good;
}

/* The CURVE server's side: domain and its enforcement before the mechanism. */
static rg_err set_server(void *handle, const struct role *r, char why[RG_SOCKET_WHY_MAX])
{
    char got[32] = "";
    size_t len = sizeof got;
    if (zmq_setsockopt(handle, ZMQ_ZAP_DOMAIN, r->domain, strlen(r->domain)) != 0 ||
        zmq_getsockopt(handle, ZMQ_ZAP_DOMAIN, got, &len) != 0 || strcmp(got, r->domain) != 0) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "the %s socket does not take option ZAP_DOMAIN = %s",
                       r->name, r->domain);
        return RG_ERR_SYSTEM;
    }
    const struct number list[] = {
        {ZAP_ENFORCE_DOMAIN, "ZAP_ENFORCE_DOMAIN", 1},
        {ZMQ_CURVE_SERVER, "CURVE_SERVER", 1},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        const rg_err err = set_number(handle, r, &list[i], why);
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

static rg_err set_curve(void *handle, const struct role *r, const struct rg_socket_config *c,
                        char why[RG_SOCKET_WHY_MAX])
{
    if (r->binds) {
        const rg_err err = set_server(handle, r, why);
        if (err != RG_OK) {
            return err;
        }
    }
    if (!set_key(handle, ZMQ_CURVE_PUBLICKEY, rg_sign_curve_pubkey(c->own)->b)) {
        return differs(why, r, "CURVE_PUBLICKEY", 0);
    }
    if (!set_key(handle, ZMQ_CURVE_SECRETKEY, rg_sign_curve_secret(c->own))) {
        return differs(why, r, "CURVE_SECRETKEY", 0);
    }
    if (!r->binds && !set_key(handle, ZMQ_CURVE_SERVERKEY, c->server->b)) {
        return differs(why, r, "CURVE_SERVERKEY", 0);
    }
    int mechanism = -1;
    size_t len = sizeof mechanism;
    if (zmq_getsockopt(handle, ZMQ_MECHANISM, &mechanism, &len) != 0 || mechanism != ZMQ_CURVE) {
        return differs(why, r, "MECHANISM", ZMQ_CURVE);
    }
    return RG_OK;
}

/* ROUTER_MANDATORY cannot be read; an address that nobody has must be unreachable. */
static rg_err set_mandatory(void *handle, const struct role *r, char why[RG_SOCKET_WHY_MAX])
{
    const int one = 1;
    if (zmq_setsockopt(handle, ZMQ_ROUTER_MANDATORY, &one, sizeof one) != 0 ||
        zmq_send(handle, "nobody", 6, ZMQ_SNDMORE | ZMQ_DONTWAIT) != -1 ||
        zmq_errno() != EHOSTUNREACH) {
        return differs(why, r, "ROUTER_MANDATORY", 1);
    }
    return RG_OK;
}

rg_err rg_socket_new(const struct rg_socket_config *c, struct _zsock_t **out,
                     char why[RG_SOCKET_WHY_MAX])
{
    const struct role *r = role_of(c->role);
    why[0] = '\0';
    if (c->role == RG_SOCKET_NONE || c->own == NULL || r->binds != (c->server == NULL)) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "a %s socket was asked for with the wrong keys",
                       r->name);
        return RG_ERR_USAGE;
    }
    zsock_t *s = zsock_new(r->type);
    if (s == NULL) {
        (void)snprintf(why, RG_SOCKET_WHY_MAX, "no more sockets for %s: %s", r->name,
                       zmq_strerror(zmq_errno()));
        return RG_ERR_SYSTEM;
    }
    void *handle = zsock_resolve(s);
    rg_err err = set_numbers(handle, r, c->cluster, why);
    if (err == RG_OK) {
        err = set_curve(handle, r, c, why);
    }
    if (err == RG_OK && r->type == ZMQ_ROUTER) {
        err = set_mandatory(handle, r, why);
    }
    if (err != RG_OK) {
        zsock_destroy(&s);
        return err;
    }
    *out = s;
    return RG_OK;
}

void rg_socket_destroy(struct _zsock_t **s_p)
{
    zsock_destroy(s_p);
}

rg_err rg_socket_endpoint(const char *host, uint16_t port, char out[RG_SOCKET_ENDPOINT_MAX])
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:*%";
    const size_t len = strnlen(host, RG_SOCKET_HOST_MAX + 1);
    if (len == 0 || len > RG_SOCKET_HOST_MAX || strspn(host, allowed) != len) {
        return RG_ERR_INVALID;
    }
    const bool six = strchr(host, ':') != NULL;
    char number[8] = "*";
    if (port != 0) {
        (void)snprintf(number, sizeof number, "%u", (unsigned)port);
    }
    (void)snprintf(out, RG_SOCKET_ENDPOINT_MAX, "tcp://%s%s%s:%s", six ? "[" : "", host,
                   six ? "]" : "", number);
    return RG_OK;
}

/* The port of the endpoint that was bound last. */
static rg_err last_port(void *handle, uint16_t *out)
{
    char endpoint[RG_SOCKET_ENDPOINT_MAX] = "";
    size_t len = sizeof endpoint;
    uint64_t port = 0;
    if (zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, endpoint, &len) != 0) {
        return RG_ERR_SYSTEM;
    }
    const char *colon = strrchr(endpoint, ':');
    if (colon == NULL || rg_num_parse_u64(rg_bytes_str(colon + 1), UINT16_MAX, &port) != RG_OK) {
        return RG_ERR_SYSTEM;
    }
    *out = (uint16_t)port;
    return RG_OK;
}

rg_err rg_socket_bind(struct _zsock_t *s, const char *host, uint16_t port, uint16_t *out_port)
{
    char endpoint[RG_SOCKET_ENDPOINT_MAX];
    const rg_err err = rg_socket_endpoint(host, port, endpoint);
    if (err != RG_OK) {
        return err;
    }
    if (zmq_bind(zsock_resolve(s), endpoint) != 0) {
        return zmq_errno() == EADDRINUSE ? RG_ERR_EXISTS : RG_ERR_SYSTEM;
    }
    return last_port(zsock_resolve(s), out_port);
}

rg_err rg_socket_unbind(struct _zsock_t *s, const char *host, uint16_t port)
{
    char endpoint[RG_SOCKET_ENDPOINT_MAX];
    const rg_err err = rg_socket_endpoint(host, port, endpoint);
    if (err != RG_OK) {
        return err;
    }
    return zmq_unbind(zsock_resolve(s), endpoint) == 0 ? RG_OK : RG_ERR_NOT_FOUND;
}

rg_err rg_socket_connect(struct _zsock_t *s, const char *host, uint16_t port)
{
    char endpoint[RG_SOCKET_ENDPOINT_MAX];
    const rg_err err = port != 0 ? rg_socket_endpoint(host, port, endpoint) : RG_ERR_INVALID;
    if (err != RG_OK) {
        return err;
    }
    return zmq_connect(zsock_resolve(s), endpoint) == 0 ? RG_OK : RG_ERR_INVALID;
}

rg_err rg_socket_connect_to(struct _zsock_t *s, const char *endpoint)
{
    if (strncmp(endpoint, "tcp://", 6) != 0 ||
        strnlen(endpoint, RG_SOCKET_ENDPOINT_MAX) >= RG_SOCKET_ENDPOINT_MAX) {
        return RG_ERR_INVALID;
    }
    return zmq_connect(zsock_resolve(s), endpoint) == 0 ? RG_OK : RG_ERR_INVALID;
}

rg_err rg_socket_subscribe(struct _zsock_t *s, const char *topic)
{
    return zmq_setsockopt(zsock_resolve(s), ZMQ_SUBSCRIBE, topic, strlen(topic)) == 0
               ? RG_OK
               : RG_ERR_SYSTEM;
}
