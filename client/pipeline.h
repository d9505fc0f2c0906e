/* Recording events: signs requests, keeps a window of them under way, and sends again whatever a
 * lost connection, a restarted node or a full mempool swallowed, in order. The node knows events by
 * stream and number, so sending again changes nothing. Owner: the session's thread; while a
 * pipeline lives, the session serves nothing else. */
#ifndef RG_CLIENT_PIPELINE_H
#define RG_CLIENT_PIPELINE_H

#include "client/session.h"
#include <signal.h>

#define RG_PIPELINE_WINDOW_MAX 64
#define RG_PIPELINE_EVENTS_MAX 500                           /* in one request */
#define RG_PIPELINE_BYTES_MAX (RG_FRAME_API_MAX - 32 * 1024) /* events and file numbers of one */

struct rg_pipeline_config {
    struct rg_id stream;               /* the client's own; numbers of a stream only grow */
    uint32_t window;                   /* requests under way, 1..RG_PIPELINE_WINDOW_MAX */
    bool wait;                         /* answered when final, not when taken */
    int64_t stall_ms;                  /* give up after this long without any answer; 0: 60 s */
    const volatile sig_atomic_t *stop; /* not NULL: give up when it is set */
};

struct rg_pipeline_batch {
    const struct rg_bytes *events; /* each the bytes of an Event */
    const struct rg_bytes *cases;  /* file number of each */
    uint32_t count;                /* 1..RG_PIPELINE_EVENTS_MAX */
    const struct rg_id *link;      /* pseudonym that cases[0] stands for, or NULL */
};

struct rg_pipeline_totals {
    uint64_t sent;     /* events handed in */
    uint64_t answered; /* of those */
    uint64_t taken;    /* recorded by this pipeline */
    uint64_t known;    /* were recorded before it */
    uint64_t cases_opened;
    uint64_t first_height; /* 0: none is known to be final */
    uint64_t last_height;
    struct rg_hash submission; /* the last */
    struct rg_id pseudonym;    /* of the last event's case */
    uint64_t resent;           /* requests sent again */
};

struct rg_pipeline;

/* Make a pipeline over @s. Gives @out, freed with rg_pipeline_destroy. Errors: RG_ERR_NOMEM;
 * RG_ERR_USAGE  the window is out of range. */
RG_CHECKED rg_err rg_pipeline_new(struct rg_session *s, const struct rg_pipeline_config *config,
                                  struct rg_pipeline **out);
/* Free; takes *@p_p and nulls it; NULL is fine. What is under way may or may not be recorded. */
void rg_pipeline_destroy(struct rg_pipeline **p_p);
/* Number, sign and send @batch; waits while the window is full. Copies what it needs.
 * Errors: RG_ERR_INVALID  too large, or the node calls an earlier request wrong (65);
 * RG_ERR_DENIED (77); RG_ERR_AUTH  refused at the first contact; RG_ERR_UNREACHABLE  nobody
 * answered at the first contact; RG_ERR_BUSY  no progress for stall_ms (75); RG_ERR_CLOSED stopped;
 * RG_ERR_NOMEM. The sentence is at rg_session_why. */
RG_CHECKED rg_err rg_pipeline_push(struct rg_pipeline *p, const struct rg_pipeline_batch *batch);
/* Go on with what is under way for @timeout_ms. Errors: as rg_pipeline_push. */
RG_CHECKED rg_err rg_pipeline_pump(struct rg_pipeline *p, int64_t timeout_ms);
/* Wait until everything is answered. Errors: as rg_pipeline_push. */
RG_CHECKED rg_err rg_pipeline_finish(struct rg_pipeline *p);
/* What came of it so far; borrowed. */
const struct rg_pipeline_totals *rg_pipeline_totals(const struct rg_pipeline *p);

#endif /* RG_CLIENT_PIPELINE_H */
