/* What alertlog.c (writing) and alertlog_query.c (reading) share. */
#ifndef RG_MONITOR_ALERTLOG_PRIV_H
#define RG_MONITOR_ALERTLOG_PRIV_H

#include "base/limits.h"
#include "node/monitor/alertdigest.h"
#include "node/monitor/alertlog.h"

#define RG_ALERTLOG_FORMAT 1
#define RG_ALERTLOG_HEAD_BYTES (1 + 1 + 1 + 8) /* format, severity, state, case */
#define RG_ALERTLOG_HEAD_SEVERITY 1            /* where it stands in the head */
#define RG_ALERTLOG_HEAD_STATE 2
#define RG_ALERTLOG_AD_BYTES (RG_HASH_BYTES + 1 + 8)
#define RG_ALERTLOG_PLAIN_MAX ((size_t)32 * 1024)
#define RG_ALERTLOG_CODE_MAX 32

struct rg_alertlog_waiting {
    struct rg_alertlog_finding f; /* its ranges point to the members below */
    char rule_id[RG_NAME_MAX];
    char step[RG_NAME_MAX];
    bool settles; /* no finding: see rg_alertlog_settle() */
    bool keep;
};

struct rg_alertlog_system {
    char code[RG_ALERTLOG_CODE_MAX];
    char text_de[RG_ALERTLOG_TEXT_MAX];
    char text[RG_ALERTLOG_TEXT_MAX];
    struct rg_hash subject;
    bool ends;   /* what it says began earlier is over */
    bool begins; /* it may have been over before, and begins anew */
    int64_t time_ms;
};

struct rg_alertlog_ready {
    enum rg_events_topic topic;
    char *json;
};

struct rg_alertlog {
    struct rg_alertlog_config config;
    uint64_t last; /* durable */
    uint64_t next; /* to give, inside a write */
    struct rg_alertlog_waiting *waiting;
    size_t waiting_count;
    size_t waiting_cap;
    struct rg_alertlog_system system[RG_ALERTLOG_SYSTEM_MAX];
    size_t system_count;
    uint64_t system_lost;
    struct rg_alertlog_ready *ready; /* written, to be published after the commit */
    size_t ready_count;
    size_t ready_cap;
    struct rg_alertdigest digest; /* inside a write */
    uint8_t *plain;               /* RG_ALERTLOG_PLAIN_MAX */
    uint8_t *sealed;              /* head, RG_ALERTLOG_PLAIN_MAX + RG_SEAL_EXTRA */
};

/* How an alert stands: whether and for which time it was raised, where, and what became of that. */
struct rg_alertlog_stand {
    bool known;
    uint64_t occurrence;
    uint64_t logseq;
    uint8_t state; /* enum rg_cloudevent_state */
    bool is_new;   /* what was asked to be written is not in the log yet */
};

/* Look up how @alert stands. Errors: as rg_alertstore_get(), rg_alertlog__record(). */
rg_err rg_alertlog__look_up(struct rg_alertlog *l, struct rg_kv_txn *txn,
                            const struct rg_hash *alert, struct rg_alertlog_stand *out);
/* Let @a, which stood as @before, count or no longer count in the digests of those who read its
 * case. What is of the system, or of an agency's own rules, does not. Errors: as
 * rg_alertdigest_add(). */
rg_err rg_alertlog__count(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f,
                          const struct rg_alertlog_stand *before);
/* Render and store @a unless the log says so already. @f: the finding that it is; NULL: of the
 * system. @again: it was healed once, and is not by what is known now. Errors: as
 * rg_alertlog_write(). */
rg_err rg_alertlog__write_one(struct rg_alertlog *l, struct rg_kv_txn *txn,
                              struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f,
                              bool again);
/* Write an alert of the system. Errors: the same. */
rg_err rg_alertlog__write_system(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                 const struct rg_alertlog_system *s);
/* The name of a finding: what it is about, over all its states. */
void rg_alertlog__name(const struct rg_alertlog *l, struct rg_alertlog_waiting *w,
                       struct rg_hash *out);
/* Give record @logseq as it is stored: head and sealed text, of bounded length.
 * Errors: RG_ERR_CORRUPT  there is none, or not of that form; as rg_kv_get(). */
rg_err rg_alertlog__record(struct rg_kv_txn *txn, uint64_t logseq, struct rg_bytes *out);
/* Write a finding unless the log says so already. @again: an alert that was healed is raised anew.
 * Errors: as rg_alertlog_write(). */
rg_err rg_alertlog__write_finding(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                  struct rg_alertlog_waiting *w, bool again);
/* Write that the alert whose record is @raised (JSON) no longer holds by what @f tells. @a: its
 * name, severity and rule. Errors: the same. */
rg_err rg_alertlog__withdraw(struct rg_alertlog *l, struct rg_kv_txn *txn,
                             const struct rg_alertlog_finding *f, struct rg_bytes raised,
                             struct rg_cloudevent_alert *a);
/* Write what differs from the log in the findings before waiting[@at], which settles them.
 * Errors: the same. */
rg_err rg_alertlog__settle(struct rg_alertlog *l, struct rg_kv_txn *txn, size_t at);
/* What a record is bound to. */
struct rg_bytes rg_alertlog__ad(const struct rg_alertlog *l, uint64_t logseq,
                                uint8_t out[static RG_ALERTLOG_AD_BYTES]);

#endif /* RG_MONITOR_ALERTLOG_PRIV_H */
