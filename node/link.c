#include "node/link.h"
#include "base/panic.h"
#include <czmq.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The library orders what is passed between threads by means that neither the C memory model nor a
 * race detector sees; a release and an acquire on this make the handing over explicit. */
static _Atomic uint64_t passed;

/* The frame that passes a message. The tag tells it from what czmq's actors say to each other over
 * the same kind of socket: an actor's end signal has 8 bytes, as many as an address. */
#define FRAME_TAG 0x52474c4eu

struct frame {
    uint64_t tag;
    struct rg_link_message *message;
};

rg_err rg_link_new(const struct rg_link_message *head, struct rg_bytes data, struct rg_bytes extra,
                   struct rg_link_message **out)
{
    struct rg_link_message *m = malloc(sizeof *m + data.len + extra.len);
    if (m == NULL) {
        return RG_ERR_NOMEM;
    }
    *m = *head;
    uint8_t *at = (uint8_t *)m + sizeof *m;
    m->data = (struct rg_bytes){.data = data.len > 0 ? at : NULL, .len = data.len};
    if (data.len > 0) {
        memcpy(at, data.data, data.len);
        at += data.len;
    }
    m->extra = (struct rg_bytes){.data = extra.len > 0 ? at : NULL, .len = extra.len};
    if (extra.len > 0) {
        memcpy(at, extra.data, extra.len);
    }
    *out = m;
    return RG_OK;
}

void rg_link_destroy(struct rg_link_message **m_p)
{
    if (m_p != NULL) {
        free(*m_p);
        *m_p = NULL;
    }
}

void rg_link_send(void *socket, struct rg_link_message **m_p)
{
    RG_ASSERT(m_p != NULL && *m_p != NULL);
    atomic_fetch_add_explicit(&passed, 1, memory_order_release);
    const struct frame f = {.tag = FRAME_TAG, .message = *m_p};
    /* DONTWAIT: the pair has no high-water mark; it refuses only when the other end is gone, which
     * happens at the end of the process, and then nobody waits for the message. */
    if (zmq_send(zsock_resolve(socket), &f, sizeof f, ZMQ_DONTWAIT) != (int)sizeof f) {
        rg_link_destroy(m_p);
    }
    *m_p = NULL;
}

struct rg_link_message *rg_link_receive(void *socket)
{
    struct frame f = {.tag = 0};
    for (;;) {
        const int got = zmq_recv(zsock_resolve(socket), &f, sizeof f, ZMQ_DONTWAIT);
        if (got == (int)sizeof f && f.tag == FRAME_TAG) {
            (void)atomic_load_explicit(&passed, memory_order_acquire);
            return f.message;
        }
        if (got < 0) {
            return NULL;
        }
        /* Some other frame: not a message. */
    }
}
