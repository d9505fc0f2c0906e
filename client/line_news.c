#include "client/line.h"
#include "client/line_priv.h"
#include <time.h>

/* A wrong server key breaks a handshake every 100 to 200 ms; a node that dies breaks one, and a
 * stopped one one every three seconds. So several in a short time are the key. */
#define BROKEN_MAX 4
#define BROKEN_WITHIN_MS 3000

void rg_line__forget(struct rg_line *w)
{
    for (size_t i = 0; i < w->frame_count; i++) {
        zframe_destroy(&w->frames[i]);
    }
    w->frame_count = 0;
}

/* Receive what is there; false when there is nothing, or only what is dropped. */
static bool receive(struct rg_line *w)
{
    zmq_msg_t part;
    bool more = true;
    bool too_many = false;
    rg_line__forget(w);
    while (more) {
        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, zsock_resolve(w->socket), ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&part);
            break;
        }
        more = zmq_msg_more(&part) != 0;
        if (w->frame_count < LINE_FRAMES_MAX) {
            zframe_t *frame = zframe_new(zmq_msg_data(&part), zmq_msg_size(&part));
            w->frames[w->frame_count] = frame;
            w->frame_count += frame != NULL ? 1 : 0;
        } else {
            too_many = true;
        }
        (void)zmq_msg_close(&part);
    }
    if (too_many) {
        rg_line__forget(w);
    }
    return w->frame_count > 0;
}

static enum rg_line_news fault(struct rg_line *w, enum rg_line_fault what)
{
    if (w->fault == what) {
        return RG_LINE_NOTHING;
    }
    w->fault = what;
    return RG_LINE_FAULT;
}

static enum rg_line_news broken(struct rg_line *w)
{
    const int64_t now = rg_line_now();
    if (w->broken == 0 || now - w->broken_since > BROKEN_WITHIN_MS) {
        w->broken = 0;
        w->broken_since = now;
    }
    w->broken++;
    if (w->broken >= BROKEN_MAX && !w->was_up) {
        return fault(w, RG_LINE_SERVER_KEY);
    }
    return RG_LINE_NOTHING;
}

/* Read one monitor event: a frame of u16 event and u32 value, then one with the endpoint. */
static enum rg_line_news event(struct rg_line *w)
{
    void *raw = zsock_resolve(w->monitor);
    uint8_t head[8] = {0};
    const int n = zmq_recv(raw, head, sizeof head, ZMQ_DONTWAIT);
    if (n < 0) {
        return RG_LINE_NOTHING;
    }
    char endpoint[RG_LINE_ENDPOINT_MAX];
    (void)zmq_recv(raw, endpoint, sizeof endpoint, ZMQ_DONTWAIT);
    uint16_t what = 0;
    uint32_t value = 0;
    memcpy(&what, head, sizeof what);
    memcpy(&value, head + sizeof what, sizeof value);
    switch (what) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        w->up = true;
        w->was_up = true;
        w->broken = 0;
        w->fault = RG_LINE_FINE;
        return RG_LINE_UP;
    case ZMQ_EVENT_DISCONNECTED:
        if (!w->up) {
            return RG_LINE_NOTHING;
        }
        w->up = false;
        return RG_LINE_DOWN;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return value == 500 ? broken(w) : fault(w, RG_LINE_KEY);
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return fault(w, RG_LINE_PROTOCOL);
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return broken(w);
    default:
        return RG_LINE_NOTHING;
    }
}

enum rg_line_news rg_line_poll(struct rg_line *w, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + (timeout_ms < 0 ? 0 : timeout_ms);
    rg_line__forget(w);
    if (w->socket == NULL && rg_line_reset(w) != RG_OK) {
        const struct timespec pause = {0, 50 * 1000000};
        (void)nanosleep(&pause, NULL);
        return RG_LINE_NOTHING;
    }
    for (;;) {
        const int64_t left = end - rg_line_now();
        zmq_pollitem_t items[2] = {
            {zsock_resolve(w->monitor), 0, ZMQ_POLLIN, 0},
            {zsock_resolve(w->socket), 0, ZMQ_POLLIN, 0},
        };
        const int n = zmq_poll(items, 2, left < 0 ? 0 : left);
        if (n < 0) {
            return RG_LINE_NOTHING; /* a signal: the caller looks at its stop flag */
        }
        /* Messages first: what came before a loss is still good. */
        if ((items[1].revents & ZMQ_POLLIN) != 0 && receive(w)) {
            return RG_LINE_MESSAGE;
        }
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            const enum rg_line_news news = event(w);
            if (news != RG_LINE_NOTHING) {
                return news;
            }
        }
        if (n == 0 || left <= 0) {
            return RG_LINE_NOTHING;
        }
    }
}
