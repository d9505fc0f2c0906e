#include "client/line.h"
#include "base/limits.h"
#include "client/line_priv.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MONITORED                                                                                  \
    (ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |    \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

struct int_option {
    int name;
    int value;
};

int64_t rg_line_now(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Set an option of type int and read it back. */
static bool set_int(void *raw, int name, int value)
{
    int got = -1;
    size_t len = sizeof got;
    return zmq_setsockopt(raw, name, &value, sizeof value) == 0 &&
           zmq_getsockopt(raw, name, &got, &len) == 0 && got == value;
}

static bool set_key(void *raw, int name, const uint8_t key[static RG_KEY_BYTES])
{
    uint8_t got[RG_KEY_BYTES] = {0};
    size_t len = sizeof got;
    const bool ok = zmq_setsockopt(raw, name, key, RG_KEY_BYTES) == 0 &&
                    zmq_getsockopt(raw, name, got, &len) == 0 && memcmp(got, key, len) == 0;
    memset(got, 0, sizeof got);
    return ok;
}

/* Every option of the socket, in one place. */
static bool set_options(const struct rg_line *w, void *raw)
{
    static const struct int_option common[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_HANDSHAKE_IVL, 3000},
        {ZMQ_HEARTBEAT_IVL, 2000},
        {ZMQ_HEARTBEAT_TTL, 8000},
        {ZMQ_HEARTBEAT_TIMEOUT, 6000},
        {ZMQ_RECONNECT_IVL, 100},
        {ZMQ_SNDHWM, 1000},
        {ZMQ_RECONNECT_IVL_MAX, 1000},
        {ZMQ_RCVHWM, 10000},
        {ZMQ_IPV6, 1},
    };
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
        if (!set_int(raw, common[i].name, common[i].value)) {
            return false;
        }
    }
    if (w->kind == RG_LINE_DEALER && !set_int(raw, ZMQ_IMMEDIATE, 1)) {
        return false;
    }
    const int64_t limit = RG_FRAME_API_MAX;
    int64_t got = 0;
    size_t len = sizeof got;
    if (zmq_setsockopt(raw, ZMQ_MAXMSGSIZE, &limit, sizeof limit) != 0 ||
        zmq_getsockopt(raw, ZMQ_MAXMSGSIZE, &got, &len) != 0 || got != limit) {
        return false;
    }
    return set_key(raw, ZMQ_CURVE_SERVERKEY, w->server_key.b) &&
           set_key(raw, ZMQ_CURVE_PUBLICKEY, rg_sign_curve_pubkey(w->key)->b) &&
           set_key(raw, ZMQ_CURVE_SECRETKEY, rg_sign_curve_secret(w->key));
}

static bool watch_socket(struct rg_line *w, void *raw)
{
    /* Never used twice in a process: libzmq gives up a name only after its socket is reaped, and a
     * new line may lie where an old one lay. */
    static atomic_uint number;
    char name[64];
    (void)snprintf(name, sizeof name, "inproc://reigen-line-%u", atomic_fetch_add(&number, 1));
    if (zmq_socket_monitor(raw, name, MONITORED) != 0) {
        return false;
    }
    w->monitor = zsock_new(ZMQ_PAIR);
    if (w->monitor == NULL) {
        return false;
    }
    return set_int(zsock_resolve(w->monitor), ZMQ_RCVHWM, 0) &&
           set_int(zsock_resolve(w->monitor), ZMQ_LINGER, 0) &&
           zsock_connect(w->monitor, "%s", name) == 0;
}

static void close_sockets(struct rg_line *w)
{
    rg_line__forget(w);
    if (w->socket != NULL) {
        (void)zmq_socket_monitor(zsock_resolve(w->socket), NULL, 0);
    }
    zsock_destroy(&w->monitor);
    zsock_destroy(&w->socket);
    w->up = false;
    w->broken = 0;
}

static rg_err open_sockets(struct rg_line *w)
{
    w->socket = zsock_new(w->kind == RG_LINE_SUB ? ZMQ_SUB : ZMQ_DEALER);
    if (w->socket == NULL) {
        return RG_ERR_SYSTEM;
    }
    void *raw = zsock_resolve(w->socket);
    if (!set_options(w, raw) || !watch_socket(w, raw)) {
        close_sockets(w);
        return RG_ERR_SYSTEM;
    }
    for (size_t i = 0; i < w->topic_count; i++) {
        const char *topic = w->topics[i];
        if (zmq_setsockopt(raw, ZMQ_SUBSCRIBE, topic, strlen(topic)) != 0) {
            close_sockets(w);
            return RG_ERR_SYSTEM;
        }
    }
    if (zmq_connect(raw, w->endpoint) != 0) {
        close_sockets(w);
        return RG_ERR_INVALID;
    }
    return RG_OK;
}

rg_err rg_line_open(const struct rg_line_config *config, struct rg_line **out)
{
    const size_t len = strlen(config->endpoint);
    if (len == 0 || len >= RG_LINE_ENDPOINT_MAX || config->topic_count > RG_LINE_TOPICS_MAX) {
        return RG_ERR_INVALID;
    }
    struct rg_line *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return RG_ERR_NOMEM;
    }
    w->kind = config->kind;
    w->server_key = config->server_key;
    w->key = config->key;
    memcpy(w->endpoint, config->endpoint, len + 1);
    for (size_t i = 0; i < config->topic_count; i++) {
        if (strlen(config->topics[i]) >= RG_LINE_TOPIC_MAX) {
            free(w);
            return RG_ERR_INVALID;
        }
        memcpy(w->topics[i], config->topics[i], strlen(config->topics[i]) + 1);
        w->topic_count++;
    }
    const rg_err err = open_sockets(w);
    if (err != RG_OK) {
        free(w);
        return err;
    }
    *out = w;
    return RG_OK;
}

void rg_line_close(struct rg_line **w_p)
{
    if (w_p == NULL || *w_p == NULL) {
        return;
    }
    close_sockets(*w_p);
    free(*w_p);
    *w_p = NULL;
}

rg_err rg_line_reset(struct rg_line *w)
{
    close_sockets(w);
    w->fault = RG_LINE_FINE;
    return open_sockets(w);
}

bool rg_line_is_up(const struct rg_line *w)
{
    return w->up;
}

bool rg_line_was_up(const struct rg_line *w)
{
    return w->was_up;
}

enum rg_line_fault rg_line_fault(const struct rg_line *w)
{
    return w->fault;
}

rg_err rg_line_send(struct rg_line *w, struct rg_bytes frame)
{
    if (w->socket == NULL || !w->up) {
        return RG_ERR_BUSY;
    }
    const int n = zmq_send(zsock_resolve(w->socket), frame.data, frame.len, ZMQ_DONTWAIT);
    return n < 0 ? RG_ERR_BUSY : RG_OK;
}

size_t rg_line_frames(const struct rg_line *w)
{
    return w->frame_count;
}

struct rg_bytes rg_line_frame(const struct rg_line *w, size_t i)
{
    if (i >= w->frame_count) {
        return (struct rg_bytes){NULL, 0};
    }
    return (struct rg_bytes){zframe_data(w->frames[i]), zframe_size(w->frames[i])};
}
