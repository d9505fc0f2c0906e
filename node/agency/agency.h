/* The agency half of a node: what only this agency may do. Its members' requests (api), case keys
 * (vault), rules and alerts (node/monitor). It follows the chain on disk by its own cursor and
 * talks to the ledger thread only by the messages of node/link.h.
 *
 * Owner: the daemon. One thread, started and ended here; everything of it lives in that thread. It
 * never logs and never exits: when it cannot go on it sends RG_LINK_STOP by itself, with an exit
 * code.
 *
 * Order of things:
 *   1. rg_agency_start() - vault and alerts are open and the sockets bound when it returns RG_OK.
 *   2. the ledger thread sends every RG_LINK_OWN_RECORD of the journal, then RG_LINK_START, over
 *      rg_agency_link(); before START the thread serves nobody and follows nothing.
 *   3. afterwards: TAKEN, OWN_FINAL, CHAIN, PEER_MESSAGE, PEER_UP, STATUS (at least each second),
 * ALARM as they come; the thread sends SUBMIT, FOLLOWED, PEER_SEND.
 *   4. rg_agency_stop() ends it: answers under way are dropped, vault and alerts are closed; what
 * it had sent before can still be received from rg_agency_link() until the call returns.
 *
 * At most one SUBMIT is not yet answered by TAKEN at any time; the ledger thread answers each
 * exactly once (sequence 0: refused, the mempool is full). */
#ifndef RG_NODE_AGENCY_AGENCY_H
#define RG_NODE_AGENCY_AGENCY_H

#include "base/err.h"
#include "base/types.h"

struct rg_agency; /* opaque */
struct rg_chain;
struct rg_genesis;
struct rg_sign;
struct rg_zap;   /* node/bus/zap.h */
struct _zsock_t; /* zsock_t */

#define RG_AGENCY_WHY_MAX 512 /* bytes of an error sentence with its NUL */

/* Everything is borrowed and must outlive the agency; strings are copied. */
struct rg_agency_config {
    const struct rg_genesis *genesis;
    uint32_t principal; /* this node; its agency is the agency */
    const struct rg_sign
        *key;               /* signing key (the vault's key is derived from it) and transport key */
    struct rg_chain *chain; /* only read here: views */
    const char *data_dir;   /* exists; `vault` and `alerts` are made below it */
    const char *host;       /* to bind */
    uint16_t api_port;      /* 0: chosen by the kernel */
    uint16_t events_port;   /* the same for the events socket */
    const char *rules_program; /* path of reigen-rules */
    const char *rules_module;  /* absolute path for it; NULL or empty: the bundled one alone */
    int64_t key_lifetime_ms;   /* see rg_health_create() */
    bool cluster;              /* a test network on one machine */
    bool test_hooks;           /* answer TestHook requests */
    struct rg_zap *zap; /* names who sent a message; while it is dead api and events are unbound */
};

/* Start the thread. The ZAP handler must be running already. Gives @out, ended by rg_agency_stop;
 * on failure writes a sentence (what, where, what to do) to @why. Errors: RG_ERR_INVALID the
 * definition of the genesis cannot be read, or the vault is of another ledger; RG_ERR_EXISTS an
 * endpoint is in use; RG_ERR_CORRUPT, RG_ERR_IO, RG_ERR_DISK_FULL, RG_ERR_DENIED, RG_ERR_VERSION as
 * rg_kv_open(); RG_ERR_NOMEM; RG_ERR_SYSTEM. */
RG_CHECKED rg_err rg_agency_start(const struct rg_agency_config *config, struct rg_agency **out,
                                  char why[RG_AGENCY_WHY_MAX]);
/* The ledger thread's end of the pair of sockets that carries node/link messages: a zsock_t for
 * rg_link_send, rg_link_receive and polling. Borrowed; only one thread may use it.
 * RG_LINK_STOP on it means the thread ended by itself: result is the exit code for the process (74
 * disk, 70 anything else), data the sentence for the log; rg_agency_stop must still be called. */
struct _zsock_t *rg_agency_link(struct rg_agency *agency);
/* The ports that were bound. */
uint16_t rg_agency_api_port(const struct rg_agency *agency);
uint16_t rg_agency_events_port(const struct rg_agency *agency);
/* End the thread, wait for it, free all; takes *@agency_p and nulls it; NULL is fine. */
void rg_agency_stop(struct rg_agency **agency_p);

#endif /* RG_NODE_AGENCY_AGENCY_H */
