/* The ledger thread's state, shared by the files loop*.c only. */
#ifndef RG_NODE_LOOP_PRIV_H
#define RG_NODE_LOOP_PRIV_H

#include "base/arena.h"
#include "node/archive.h"
#include "node/bus/peers.h"
#include "node/link.h"
#include "node/log.h"
#include "node/loop.h"
#include "storage/journal.h"

/* Something that waits for the sync of the journal. */
enum rg_loop_wait_kind {
    RG_LOOP_BCAST,
    RG_LOOP_SEND,
    RG_LOOP_LINK,
    RG_LOOP_SERVE,
    RG_LOOP_FINAL
};

struct rg_loop_wait {
    enum rg_loop_wait_kind kind;
    enum rg_core_channel channel;    /* BCAST */
    enum rg_core_topic topic;        /* BCAST */
    uint16_t peer;                   /* SEND, SERVE */
    uint32_t max_bytes;              /* SERVE */
    uint64_t height;                 /* SERVE */
    struct rg_peers_out out;         /* BCAST, SEND */
    struct rg_archive_item *item;    /* FINAL */
    struct rg_link_message *message; /* LINK */
};

struct rg_loop {
    const struct rg_config *config;
    const struct rg_sign *key;
    struct rg_zap *zap;
    struct rg_chain *chain;
    bool test_hooks;
    struct rg_core *core;
    struct rg_journal *journal;
    struct rg_archive *archive;
    struct rg_peers *peers;
    struct _zsock_t *link;
    struct rg_arena arena; /* of answers with blocks */

    /* A turn's. */
    bool barrier;  /* what comes now waits for a sync */
    bool appended; /* the journal holds what is not synced */
    size_t wait_count;
    size_t wait_cap;
    struct rg_loop_wait *wait;

    uint64_t deadline_ms; /* of the core; UINT64_MAX: none */
    bool done;
    int exit_code;

    bool had_records; /* the journal held something */
    uint64_t tip_height;
    uint64_t last_append_ms;
    bool sealed;
    uint64_t zap_check_ms;
    bool zap_alive;
    uint64_t bind_try_ms;
    bool status_dirty;
    bool status_now;    /* a block became final: whoever is told so must see it in `status` */
    uint64_t status_ms; /* when it was last sent */
    uint64_t start_ms;  /* when the loop began to listen */
    bool peer_up[RG_AUTHORITIES_MAX];
    uint64_t alarm_count;
    struct rg_log_limit alarm_limit;
    bool was_full;
};

/* loop.c: the clocks. */
struct rg_core_time rg_loop__now(void);
/* loop.c: end with @exit_code, telling why; the first reason counts. */
void rg_loop__fail(struct rg_loop *l, int exit_code, const char *what, const char *why);
/* loop.c: hand a message to the agency side, now. */
void rg_loop__tell(struct rg_loop *l, const struct rg_link_message *head, struct rg_bytes data);

/* loop_act.c: perform @actions in order; what must wait is kept. */
void rg_loop_act__perform(struct rg_loop *l, const struct rg_core_actions *actions);
/* loop_act.c: sync when a barrier asks for it, then let go of all that waits. */
void rg_loop_act__release(struct rg_loop *l);
/* loop_act.c: forget what waits. */
void rg_loop_act__drop(struct rg_loop *l);

/* loop_serve.c: answer @peer with blocks of the chain from @height on. */
void rg_loop_serve__blocks(struct rg_loop *l, uint16_t peer, uint64_t height, uint32_t max_bytes);

/* loop_cut.c: in a test network, cut the connections that cut.yaml names, and no others. */
void rg_loop_cut__read(struct rg_loop *l);
/* loop_cut.c: which ones are cut, for the status. */
void rg_loop_cut__tell(const struct rg_loop *l, struct rg_link_status *s);

/* loop_start.c: bring the core to the chain's tip and through the journal. */
RG_CHECKED rg_err rg_loop_start__recover(struct rg_loop *l, int *out_exit,
                                         char why[RG_LOOP_WHY_MAX]);

#endif /* RG_NODE_LOOP_PRIV_H */
