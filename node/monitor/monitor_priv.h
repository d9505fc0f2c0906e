/* What monitor.c and monitor_blocks.c share. */
#ifndef RG_MONITOR_MONITOR_PRIV_H
#define RG_MONITOR_MONITOR_PRIV_H

#include "base/arena.h"
#include "base/limits.h"
#include "node/monitor/monitor.h"

enum rg_monitor_asked {
    RG_MONITOR_NOTHING,
    RG_MONITOR_JUDGE,
    RG_MONITOR_DUTY
};

struct rg_monitor {
    struct rg_monitor_config config;
    struct rg_kv *kv;
    struct rg_events *events;
    struct rg_casestates *cases;
    struct rg_alertlog *log;
    struct rg_backlog *backlog;
    struct rg_evaluate *evaluate;
    struct rg_duties *duties;
    struct rg_conform *conform;
    struct rg_compare *compare;
    struct rg_ruleshost *host;
    enum rg_monitor_asked asked; /* whose message the host has */
    bool refused;                /* the host does not take the definition */
    struct rg_monitor_version first;
    const struct rg_monitor_version *versions; /* `first` when none were told */
    size_t version_count;
    size_t loaded;                         /* the version that the host has */
    bool opened;                           /* ... and takes: nothing is sent before */
    bool unusable[1 + RG_DEFINITIONS_MAX]; /* refused by the host: the one before stands in */
    uint64_t now_ms;
    uint64_t heartbeat_ms;
    uint64_t store_at_ms; /* the store was full: not before */
    uint64_t follow_height;
    int64_t follow_ms;
    uint64_t deaths;
    uint64_t death_told_ms;
    bool unsteady; /* it was told that one question got two answers */
    bool block_known;
    uint64_t block_next; /* to publish */
    uint64_t block_last;
    struct rg_arena arena; /* for decoding blocks; made when somebody listens */
};

/* Make the host for the version that is to be judged by, and judge by it. */
rg_err rg_monitor__load(struct rg_monitor *m);
/* The text of the version that is in force after the last block. */
struct rg_bytes rg_monitor__text_next(const struct rg_monitor *m);
/* Load another version when the evaluation has come to it. */
rg_err rg_monitor__follow_version(struct rg_monitor *m);
/* The host refuses the version it was to load. True: another one stands in for it. */
bool rg_monitor__refuse_version(struct rg_monitor *m);
/* Compare the alerts with the peers' when there is a new checkpoint.
 * Errors: as rg_compare_tell(). */
rg_err rg_monitor__compare(struct rg_monitor *m);
/* Publish a bounded number of blocks on the topic `block`. */
void rg_monitor__publish_blocks(struct rg_monitor *m);
void rg_monitor__blocks_fini(struct rg_monitor *m);

#endif /* RG_MONITOR_MONITOR_PRIV_H */
