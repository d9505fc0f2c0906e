/* The one place where a ZeroMQ socket is made. A role decides type, ZAP domain and every option;
 * each option is set and then read back, and a socket whose library took something else is not
 * given out. CURVE always: a bound socket is a CURVE server whose clients the ZAP handler
 * (node/bus/zap.h) must allow, a connecting one pins the server's key.
 *
 * Owner: the thread that made the socket; one socket, one thread. The type is czmq's zsock_t under
 * its struct name, so that this header needs no czmq. Knows nothing of what the frames carry.
 *
 * High-water marks count messages in the library, so each is chosen as a budget of bytes over the
 * role's frame limit; docs/bus.md has the table. */
#ifndef RG_BUS_SOCKET_H
#define RG_BUS_SOCKET_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "crypto/sign.h"

struct _zsock_t; /* zsock_t */

#define RG_SOCKET_WHY_MAX 256      /* bytes of an error sentence with its NUL */
#define RG_SOCKET_HOST_MAX 255     /* characters of a host name */
#define RG_SOCKET_ENDPOINT_MAX 288 /* bytes of an endpoint with its NUL */
/* Frames on the votes channel: certificates and votes, never bodies. */
#define RG_SOCKET_VOTES_FRAME_MAX (16u * 1024u)
/* A frame of the events socket: one CloudEvent. */
#define RG_SOCKET_EVENT_FRAME_MAX (64u * 1024u)

enum rg_socket_role {
    RG_SOCKET_NONE,
    RG_SOCKET_VOTES_PUB,     /* XPUB, binds, domain peer */
    RG_SOCKET_BULK_PUB,      /* XPUB, binds, domain peer */
    RG_SOCKET_VOTES_SUB,     /* SUB, connects to one peer's votes */
    RG_SOCKET_BULK_SUB,      /* SUB, connects to one peer's bulk */
    RG_SOCKET_SYNC_ROUTER,   /* ROUTER, binds, domain peer */
    RG_SOCKET_SYNC_DEALER,   /* DEALER, connects to one peer's sync */
    RG_SOCKET_API_ROUTER,    /* ROUTER, binds, domain api */
    RG_SOCKET_EVENTS_PUB,    /* XPUB, binds, domain events */
    RG_SOCKET_CLIENT_DEALER, /* DEALER of the command line and of libreigen, connects to api */
    RG_SOCKET_CLIENT_SUB,    /* SUB of the same, connects to events */
    RG_SOCKET_PROBE_ROUTER   /* ROUTER of the self-probe, binds, domain probe: refuses everybody */
};

struct rg_socket_config {
    enum rg_socket_role role;
    const struct rg_sign *own;      /* borrowed for the call; the library keeps a copy of the key */
    const struct rg_pubkey *server; /* connecting roles: the pinned X25519 key; else NULL */
    bool cluster;                   /* a test network on one machine: reconnect after 100 ms */
};

/* Make a socket, neither bound nor connected. Gives @out, freed with rg_socket_destroy. @why: a
 * sentence naming option and value when it fails, else "".
 * Errors: RG_ERR_USAGE   a connecting role without @server or the other way round;
 *         RG_ERR_SYSTEM  an option was refused or read back differently, or no socket is left. */
RG_CHECKED rg_err rg_socket_new(const struct rg_socket_config *c, struct _zsock_t **out,
                                char why[RG_SOCKET_WHY_MAX]);
/* Destroy at once; takes *@s_p and nulls it; NULL is fine. What was not sent within the role's
 * linger time is lost. */
void rg_socket_destroy(struct _zsock_t **s_p);

/* Write `tcp://host:port` (an IPv6 address in brackets) to @out; port 0 becomes `*`.
 * Errors: RG_ERR_INVALID  @host is empty, too long or has characters no host has. */
RG_CHECKED rg_err rg_socket_endpoint(const char *host, uint16_t port,
                                     char out[RG_SOCKET_ENDPOINT_MAX]);
/* Bind to @host and @port (0: the kernel picks). Gives the port, also to be used for unbind.
 * Errors: RG_ERR_INVALID  as rg_socket_endpoint; RG_ERR_EXISTS  the address is in use;
 *         RG_ERR_SYSTEM   anything else (no such address, not permitted). */
RG_CHECKED rg_err rg_socket_bind(struct _zsock_t *s, const char *host, uint16_t port,
                                 uint16_t *out_port);
/* Stop listening and end what was accepted there.
 * Errors: RG_ERR_INVALID; RG_ERR_NOT_FOUND  it was not bound there. */
RG_CHECKED rg_err rg_socket_unbind(struct _zsock_t *s, const char *host, uint16_t port);
/* Connect; returns before the connection stands and is renewed by itself.
 * Errors: RG_ERR_INVALID. */
RG_CHECKED rg_err rg_socket_connect(struct _zsock_t *s, const char *host, uint16_t port);
/* The same for an endpoint `tcp://host:port` as a profile holds it.
 * Errors: RG_ERR_INVALID  not of that form. */
RG_CHECKED rg_err rg_socket_connect_to(struct _zsock_t *s, const char *endpoint);
/* Subscribe a SUB to the prefix @topic. Errors: RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_socket_subscribe(struct _zsock_t *s, const char *topic);

/* The largest frame that the role accepts. */
size_t rg_socket_frame_max(enum rg_socket_role role);
/* Return the English name of @role ("votes", "sync", ...); never NULL. */
const char *rg_socket_role_text(enum rg_socket_role role);

#endif /* RG_BUS_SOCKET_H */
