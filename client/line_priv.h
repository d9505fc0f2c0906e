/* The inside of a line, shared by line.c (sockets) and line_news.c (polling, monitor). */
#ifndef RG_CLIENT_LINE_PRIV_H
#define RG_CLIENT_LINE_PRIV_H

#include "client/line.h"
#include <czmq.h>

#define LINE_FRAMES_MAX 4

struct rg_line {
    enum rg_line_kind kind;
    char endpoint[RG_LINE_ENDPOINT_MAX];
    struct rg_pubkey server_key;
    const struct rg_sign *key;
    size_t topic_count;
    char topics[RG_LINE_TOPICS_MAX][RG_LINE_TOPIC_MAX];
    zsock_t *socket;
    zsock_t *monitor;
    bool up;
    bool was_up;
    enum rg_line_fault fault;
    uint32_t broken;      /* handshakes that ended without detail, in a row */
    int64_t broken_since; /* when the first of them did */
    zframe_t *frames[LINE_FRAMES_MAX];
    size_t frame_count;
};

/* Drop the frames of the last message. */
void rg_line__forget(struct rg_line *w);

#endif /* RG_CLIENT_LINE_PRIV_H */
