/* The inside of the agency thread, shared by agency.c (start and stop) and agency_loop.c. */
#ifndef RG_AGENCY_AGENCY_PRIV_H
#define RG_AGENCY_AGENCY_PRIV_H

#include "node/agency/agency.h"
#include "node/agency/api.h"
#include "node/agency/follow.h"
#include "node/agency/health.h"
#include "node/agency/keys.h"
#include "node/agency/submit.h"
#include "node/agency/versions.h"
#include "node/monitor/monitor.h"
#include "rules/definition.h"
#include "storage/disk.h"
#include <czmq.h>
#include <stdatomic.h>

/* Everything of the thread. Made and destroyed in it, but for the sockets of the pair. */
struct rg_agency {
    struct rg_agency_config c;
    uint32_t agency;
    zactor_t *actor;
    zsock_t *outside; /* the ledger thread's end of the link */
    zsock_t *link;    /* this thread's */
    zsock_t *pipe;    /* of the actor */
    zsock_t *api_socket;
    uint16_t api_port;
    uint16_t events_port;
    bool listening; /* the api is bound */
    /* The start is over: what it left in err, why and the ports is handed to the starter with it.
     */
    atomic_bool opened;
    rg_err err; /* of the start */
    char why[RG_AGENCY_WHY_MAX];
    char host[256];
    char rules_program[RG_DISK_PATH_MAX];
    char rules_module[RG_DISK_PATH_MAX];
    char vault_dir[RG_DISK_PATH_MAX];
    char alerts_dir[RG_DISK_PATH_MAX];
    uint8_t vault_key[RG_KEY_BYTES];
    uint16_t place_of[RG_AGENCIES_MAX];
    struct rg_definition *definition; /* of the genesis */
    struct rg_versions *versions;
    uint64_t told_ballots;                  /* followed when the versions were read last */
    const struct rg_definition *checked_by; /* what members hand in */
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_follow *follow;
    struct rg_blocks *blocks;
    struct rg_feed *feed;
    struct rg_monitor *monitor;
    struct rg_keys *keys;
    struct rg_submit *submit;
    struct rg_api *api;
    struct rg_health *health;
    uint64_t health_ms; /* not before this */
    struct rg_casebook_verifier verifier;
    bool started;           /* START came */
    bool stopping;          /* the actor's end was asked for */
    bool failed;            /* RG_LINK_STOP was sent */
    uint64_t chain_height;  /* the chain on disk holds blocks up to here */
    uint64_t told_followed; /* in the last FOLLOWED */
    uint64_t told_feed;     /* feed tip told to the monitor */
};

/* Serve until the actor's pipe says $TERM. */
void rg_agency__run(struct rg_agency *g);
/* Callbacks of submit, keys and api. @ctx is the agency. */
void rg_agency__send_package(void *ctx, const struct rg_submit_package *p);
void rg_agency__send_peer(void *ctx, uint16_t peer, struct rg_bytes bytes);
void rg_agency__send_client(void *ctx, const uint8_t *route, size_t route_len,
                            struct rg_bytes bytes);
void rg_agency__answer(void *ctx, const struct rg_submit_client *client,
                       const struct rg_answer *answer);
rg_err rg_agency__find_alert(void *ctx, const struct rg_hash *id, struct rg_submit_alert *out);
bool rg_agency__news(void *ctx, const struct rg_monitor_news *news);
void rg_agency__alarm(void *ctx, const char *code, struct rg_bytes subject, const char *text);
void rg_agency__digests(void *ctx, uint16_t peer, const struct rg_peer_message *m);
void rg_agency__kill_zap(void *ctx);
const char *rg_agency__fit(void *ctx, const struct rg_ballot *b, uint32_t *out_code);

#endif /* RG_AGENCY_AGENCY_PRIV_H */
