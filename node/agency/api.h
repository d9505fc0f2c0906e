/* What members ask of their node: one request, one or more answers, each one frame. Decodes with a
 * capped arena, checks the ledger, the role for each kind of request, and answers from vault, feed,
 * monitor and the last status of the ledger thread. Who asks was authenticated by the socket.
 *
 * No socket in here: frames come in, frames go out by callback. Owner: the agency thread. */
#ifndef RG_AGENCY_API_H
#define RG_AGENCY_API_H

#include "ledger/genesis.h"
#include "node/agency/feed.h"
#include "node/agency/keys.h"
#include "node/agency/submit.h"
#include "node/agency/versions.h"
#include "node/link.h"
#include "node/monitor/monitor.h"

#define RG_API_PAGES_MAX 8u                /* results kept for GetPage */
#define RG_API_PAGES_BYTES_MAX (64u << 20) /* of all of them */
#define RG_API_PAGE_KEEP_MS 120000u
#define RG_API_PENDING_MAX RG_MONITOR_PENDING_MAX
#define RG_API_PARKED_MAX 32u        /* listings of events that wait for blocks */
#define RG_API_CASE_EVENTS_MAX 1000u /* shown in one answer, the newest */
#define RG_API_ALERTS_MAX 1000u      /* in one answer */
#define RG_API_EVENTS_MAX 1000u      /* of all cases, in one answer */

struct rg_api; /* opaque */

/* Send @bytes to the client behind @route; gone clients are ignored. */
typedef void (*rg_api_send_fn)(void *ctx, const uint8_t *route, size_t route_len,
                               struct rg_bytes bytes);

struct rg_api_config {
    const struct rg_genesis *genesis;
    uint32_t principal; /* this node */
    struct rg_versions *versions;
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_submit *submit;
    struct rg_keys *keys;
    struct rg_feed *feed;
    struct rg_monitor *monitor;
    bool test_hooks;
    void (*kill_zap)(void *ctx); /* test hook */
    rg_api_send_fn send;
    void *ctx;
};

struct rg_api_now {
    uint64_t mono_ms;
    uint64_t wall_ms;
};

/* Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_api_new(const struct rg_api_config *c, struct rg_api **out);
/* Free; nobody is answered any more. The monitor must be closed before. */
void rg_api_destroy(struct rg_api **a_p);
/* A frame came from @client (its request number is not set yet). Errors: RG_ERR_CORRUPT, RG_ERR_IO
 * of vault, chain or alerts: the node must end. */
RG_CHECKED rg_err rg_api_on_frame(struct rg_api *a, struct rg_submit_client *client,
                                  struct rg_bytes frame, struct rg_api_now now);
/* Answer what waited for blocks, now that the agency side has followed some or time has passed.
 * Errors: as rg_api_on_frame(). */
RG_CHECKED rg_err rg_api_step(struct rg_api *a, struct rg_api_now now);
/* The ledger thread's status. */
void rg_api_on_status(struct rg_api *a, const struct rg_link_status *s);
/* The ledger stands at @height at least: a client was told. */
void rg_api_on_height(struct rg_api *a, uint64_t height);
/* What stands against a yes of this agency to @b: a definition that no node could use. A sentence,
 * borrowed until the next call, and its exit code; NULL: nothing. */
const char *rg_api_fit(struct rg_api *a, const struct rg_ballot *b, uint32_t *out_code);
/* Encode and send an answer (also for the submit queue). */
void rg_api_answer(struct rg_api *a, const struct rg_submit_client *client,
                   const struct rg_answer *answer);
/* Requests received here that were meant for this ledger, but for GetStatus. */
uint64_t rg_api_frames(const struct rg_api *a);

/* What `status` says of stalling: "" or one sentence that names who is missing since when and what
 * to do (api_status.c). */
void rg_api_stalled(const struct rg_genesis *g, uint32_t self, const struct rg_link_status *s,
                    uint64_t mono_ms, char *out, size_t cap);
/* What a network of @n authorities does not survive; "" from four on. */
const char *rg_api_warning(uint32_t n);

#endif /* RG_AGENCY_API_H */
