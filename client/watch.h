/* Alerts and other news of a node as they come. The alert feed is exact: every alert of the topics
 * asked for is given once, in the order of the node's alert log. Live frames are used while their
 * position (CloudEvent extension `logseq`) is the next one; what is missing - dropped by a slow
 * connection, sent while either side was down - is fetched over `api`. Other topics (`block.`,
 * `step.`) are live only. Owner: the caller's thread, which rg_watch_run keeps. */
#ifndef RG_CLIENT_WATCH_H
#define RG_CLIENT_WATCH_H

#include "client/session.h"
#include <signal.h>

struct rg_watch_item {
    struct rg_bytes topic; /* with its trailing dot */
    uint64_t logseq;       /* position in the node's alert log; 0: not an alert */
    struct rg_bytes event; /* CloudEvent JSON */
};

/* Called for every item; false ends the watch. */
typedef bool (*rg_watch_item_fn)(void *ctx, const struct rg_watch_item *item);
/* Called with a sentence when the connection is lost, found again, and the like. */
typedef void (*rg_watch_note_fn)(void *ctx, const char *sentence);

struct rg_watch_config {
    const char *const *topics; /* a missing trailing dot is added; none: all alerts */
    size_t topic_count;
    bool has_since;
    uint64_t since;      /* start after this position; without it and `durable`: from now on */
    const char *durable; /* the node keeps the position under this name; NULL: not */
    const volatile sig_atomic_t *stop; /* not NULL: end when it is set */
    rg_watch_item_fn on_item;
    rg_watch_note_fn on_note; /* may be NULL */
    void *ctx;
};

/* Watch until on_item says no or the stop flag is set (both RG_OK). A node that goes away is waited
 * for, for ever.
 * Errors: of the first contact only: RG_ERR_AUTH, RG_ERR_UNREACHABLE, RG_ERR_DENIED,
 * RG_ERR_INVALID; RG_ERR_USAGE  a topic is too long or too many; RG_ERR_NOMEM. Sentence:
 * rg_session_why. */
RG_CHECKED rg_err rg_watch_run(struct rg_session *s, const struct rg_watch_config *config);
/* Find the number after `"name":` in the JSON text @json, as written by a node (a name inside a
 * string has its quotes escaped, so it cannot match). False when there is none. */
bool rg_watch_number(struct rg_bytes json, const char *name, uint64_t *out);

#endif /* RG_CLIENT_WATCH_H */
