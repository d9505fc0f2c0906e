/* One CurveZMQ connection of a client, and what becomes of it: the socket, its options (set and
 * read back by one function), and a monitor that says why a handshake failed. Owner: one thread.
 * Knows no message of Reigen. Facts about libzmq 4.3.4 behind this file: a key refused with ZAP
 * status 400 is never retried by the socket; a wrong server key shows only as a handshake that ends
 * without detail; a monitor that nobody drains blocks the I/O thread, so it has no high-water mark
 * and is read on every poll. */
#ifndef RG_CLIENT_LINE_H
#define RG_CLIENT_LINE_H

#include "base/err.h"
#include "base/types.h"
#include "crypto/sign.h"

#define RG_LINE_ENDPOINT_MAX 256
#define RG_LINE_TOPICS_MAX 32
#define RG_LINE_TOPIC_MAX 200

enum rg_line_kind {
    RG_LINE_DEALER = 1,
    RG_LINE_SUB
};

/* Why there is no connection. */
enum rg_line_fault {
    RG_LINE_FINE,       /* nothing known against it; perhaps nobody listens */
    RG_LINE_KEY,        /* the node refuses our key */
    RG_LINE_SERVER_KEY, /* handshakes end without a reason: the node's key is another one */
    RG_LINE_PROTOCOL    /* what answers does not speak CurveZMQ */
};

enum rg_line_news {
    RG_LINE_NOTHING, /* the time is over, or a signal came */
    RG_LINE_MESSAGE, /* rg_line_frame gives its frames until the next poll */
    RG_LINE_UP,      /* a handshake succeeded */
    RG_LINE_DOWN,    /* the connection was lost; what was sent may be lost too */
    RG_LINE_FAULT    /* rg_line_fault changed */
};

struct rg_line_config {
    enum rg_line_kind kind;
    const char *endpoint; /* tcp://host:port */
    struct rg_pubkey server_key;
    const struct rg_sign *key; /* borrowed, must outlive the wire */
    const char *const *topics; /* SUB only; prefixes, copied */
    size_t topic_count;
};

struct rg_line;

/* Make the socket and begin to connect. Gives @out, freed with rg_line_close.
 * Errors: RG_ERR_INVALID  the endpoint is no address; RG_ERR_NOMEM; RG_ERR_SYSTEM  the library
 * could not make the socket or an option did not take. */
RG_CHECKED rg_err rg_line_open(const struct rg_line_config *config, struct rg_line **out);
/* Close; takes *@w_p and nulls it; NULL is fine. */
void rg_line_close(struct rg_line **w_p);
/* Throw the socket away with all it holds and connect anew. Errors: as rg_line_open. */
RG_CHECKED rg_err rg_line_reset(struct rg_line *w);
/* Whether a handshake succeeded and the connection was not lost since. */
bool rg_line_is_up(const struct rg_line *w);
/* Whether there ever was a connection. */
bool rg_line_was_up(const struct rg_line *w);
/* What is known against the connection. */
enum rg_line_fault rg_line_fault(const struct rg_line *w);
/* Send one frame without waiting. Errors: RG_ERR_BUSY  it cannot be taken now. */
RG_CHECKED rg_err rg_line_send(struct rg_line *w, struct rg_bytes frame);
/* Wait up to @timeout_ms for one piece of news. */
enum rg_line_news rg_line_poll(struct rg_line *w, int64_t timeout_ms);
/* How many frames the last message has (at most 4; longer ones are dropped). */
size_t rg_line_frames(const struct rg_line *w);
/* Frame @i of the last message; borrowed until the next poll. */
struct rg_bytes rg_line_frame(const struct rg_line *w, size_t i);
/* Milliseconds of a clock that only goes forward. */
int64_t rg_line_now(void);

#endif /* RG_CLIENT_LINE_H */
