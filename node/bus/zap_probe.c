/* The self-probe of the ZAP handler: a real server socket, a real client with a key that nobody
 * knows, and the library's own word that the handshake was refused. */
#include "crypto/sign.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include <czmq.h>

#define PROBE_MS 3000
#define MONITOR_ENDPOINT "inproc://reigen-zap-probe"

/* Wait for the handshake's outcome. */
static rg_err wait_for_refusal(void *monitor)
{
    const int64_t end = zclock_mono() + PROBE_MS;
    for (;;) {
        const int64_t left = end - zclock_mono();
        zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
        if (left <= 0 || zmq_poll(&item, 1, (long)left) <= 0) {
            return RG_ERR_DENIED;
        }
        uint8_t event[6] = {0};
        char address[8];
        uint16_t kind = 0;
        if (zmq_recv(monitor, event, sizeof event, 0) < (int)sizeof event ||
            zmq_recv(monitor, address, sizeof address, 0) < 0) {
            return RG_ERR_SYSTEM;
        }
        memcpy(&kind, event, sizeof kind);
        if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            return RG_OK;
        }
        if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            return RG_ERR_DENIED;
        }
    }
}

static rg_err probe_with(zsock_t *server, zsock_t *client, zsock_t *monitor)
{
    uint16_t port = 0;
    void *handle = zsock_resolve(client);
    if (zmq_socket_monitor(handle, MONITOR_ENDPOINT,
                           ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0 ||
        zmq_connect(zsock_resolve(monitor), MONITOR_ENDPOINT) != 0 ||
        rg_socket_bind(server, "127.0.0.1", 0, &port) != RG_OK ||
        rg_socket_connect(client, "127.0.0.1", port) != RG_OK) {
        return RG_ERR_SYSTEM;
    }
    return wait_for_refusal(zsock_resolve(monitor));
}

rg_err rg_zap_probe(void)
{
    char why[RG_SOCKET_WHY_MAX];
    struct rg_sign *server_key = NULL;
    struct rg_sign *client_key = NULL;
    zsock_t *server = NULL;
    zsock_t *client = NULL;
    zsock_t *monitor = NULL;
    rg_err err = rg_sign_new(&server_key);
    if (err == RG_OK) {
        err = rg_sign_new(&client_key);
    }
    if (err == RG_OK) {
        const struct rg_socket_config c = {.role = RG_SOCKET_PROBE_ROUTER, .own = server_key};
        err = rg_socket_new(&c, &server, why);
    }
    if (err == RG_OK) {
        const struct rg_socket_config c = {.role = RG_SOCKET_CLIENT_DEALER,
                                           .own = client_key,
                                           .server = rg_sign_curve_pubkey(server_key)};
        err = rg_socket_new(&c, &client, why);
    }
    if (err == RG_OK) {
        monitor = zsock_new(ZMQ_PAIR);
        err = monitor != NULL ? probe_with(server, client, monitor) : RG_ERR_SYSTEM;
    }
    if (client != NULL) {
        (void)zmq_socket_monitor(zsock_resolve(client), NULL, 0);
        zsock_set_linger(client, 0);
    }
    zsock_destroy(&client);
    zsock_destroy(&monitor);
    zsock_destroy(&server);
    rg_sign_destroy(&client_key);
    rg_sign_destroy(&server_key);
    return err;
}
