/* The inside of the alert log: alertlog.c (writing), alertlog_stand.c (what became of an alert),
 * alertlog_escalate.c, alertlog_settle.c, alertlog_system.c, alertlog_count.c (what counts in the
 * digests), alertlog_query.c (reading). */
#ifndef RG_MONITOR_ALERTLOG_PRIV_H
#define RG_MONITOR_ALERTLOG_PRIV_H

#include "base/limits.h"
#include "node/monitor/alertdigest.h"
#include "node/monitor/alertlog.h"

#define RG_ALERTLOG_FORMAT 2
/* Format, severity, state, case; then of a record that raises the newest record about the same
 * raise and when it is escalated, else 0 and never. The state is what a record tells; of one that
 * raises, what became of it. */
#define RG_ALERTLOG_HEAD_BYTES (1 + 1 + 1 + 8 + 8 + 8)
#define RG_ALERTLOG_HEAD_SEVERITY 1 /* where it stands in the head */
#define RG_ALERTLOG_HEAD_STATE 2
#define RG_ALERTLOG_HEAD_NEWEST 11
#define RG_ALERTLOG_AD_BYTES (RG_HASH_BYTES + 1 + 8)
#define RG_ALERTLOG_PLAIN_MAX ((size_t)32 * 1024)
#define RG_ALERTLOG_CODE_MAX (RG_NAME_MAX + 1)

struct rg_alertlog_waiting {
    struct rg_alertlog_finding f; /* its ranges point to the members below */
    char rule_id[RG_NAME_MAX];
    char step[RG_NAME_MAX];
    bool settles; /* no finding: see rg_alertlog_settle() */
    bool keep;
    bool acknowledges;     /* no finding: see rg_alertlog_acknowledge(); `step` is its note */
    struct rg_hash raised; /* ... of the alert raised under this id, by this principal */
    uint32_t member;
};

/* Under what records are sealed, and which case they are about. */
struct rg_alertlog_key {
    uint64_t case_no; /* 0: none */
    const uint8_t *key;
};

/* The head of a record. */
struct rg_alertlog_head {
    uint8_t severity; /* enum rg_cloudevent_severity */
    uint8_t state;    /* enum rg_cloudevent_state */
    uint64_t case_no;
    uint64_t newest; /* 0: it does not raise */
    int64_t escalate_ms;
};

/* How an alert stands: whether and for which time it was raised, where, and what became of that. */
struct rg_alertlog_stand {
    bool known;
    uint64_t occurrence;
    uint64_t logseq;
    struct rg_alertlog_head head;
};

struct rg_alertlog_system {
    uint8_t severity; /* enum rg_cloudevent_severity */
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
    const struct rg_alertlog_due *due; /* to be escalated by the next write; borrowed */
    size_t due_count;
    bool due_changed;             /* by the write under way */
    int64_t due_floor;            /* durable: the first time in the table UNSEEN */
    int64_t due_next;             /* after the write under way */
    struct rg_alertdigest digest; /* inside a write */
    uint8_t *plain;               /* RG_ALERTLOG_PLAIN_MAX */
    uint8_t *sealed;              /* head, RG_ALERTLOG_PLAIN_MAX + RG_SEAL_EXTRA */
};

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
/* Give record @logseq as it is stored: its head, and head and sealed text, of bounded length.
 * Errors: RG_ERR_CORRUPT  there is none, or not of that form; as rg_kv_get(). */
rg_err rg_alertlog__record(struct rg_kv_txn *txn, uint64_t logseq, struct rg_alertlog_head *out,
                           struct rg_bytes *out_bytes);
/* Read the head of a record. Errors: RG_ERR_CORRUPT. */
rg_err rg_alertlog__read_head(struct rg_bytes record, struct rg_alertlog_head *out);
/* Open the text of record @logseq under @key: gives topic and JSON, borrowed until the next record
 * is opened or stored. Errors: as rg_alertlog__record(). */
rg_err rg_alertlog__open(struct rg_alertlog *l, struct rg_kv_txn *txn, uint64_t logseq,
                         const uint8_t *key, struct rg_bytes *out_topic, struct rg_bytes *out_json);
/* Whether an alert in this state holds. */
bool rg_alertlog__holds(uint8_t state);
/* Look up how @alert stands. Errors: RG_ERR_CORRUPT; as rg_kv_get(). */
rg_err rg_alertlog__stand(const struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_hash *alert, struct rg_alertlog_stand *out);
/* Give @a its id and number, and note in the record that raised it what becomes of it. Gives how it
 * stood before. False in @out_new: the log says so already. @again: what was healed is raised anew.
 * Errors: as rg_alertlog_write(). */
rg_err rg_alertlog__place(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          struct rg_cloudevent_alert *a, bool again,
                          struct rg_alertlog_stand *out_before, bool *out_new);
/* Store @a as the next record; takes its text @json. Errors: the same. */
rg_err rg_alertlog__store(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_cloudevent_alert *a, const struct rg_alertlog_key *k,
                          char *json);
/* Tell the alert of record @raised, whose name and severity are in @a, again in the state of @a.
 * @f: what withdraws it, and @a has its rule; NULL: it counts as before. Errors: the same. */
rg_err rg_alertlog__again(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_alertlog_key *k, uint64_t raised,
                          struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f);
/* Write that an alert is acknowledged, if it is open and was not. Errors: the same. */
rg_err rg_alertlog__acknowledge(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                const struct rg_alertlog_waiting *w);
/* When @a is to be escalated, by the version that judges it now; RG_ALERTLOG_NEVER: it is not. */
int64_t rg_alertlog__escalate_at(const struct rg_alertlog *l, const struct rg_cloudevent_alert *a,
                                 const struct rg_alertlog_key *k);
/* Escalate an alert that is due. Errors: the same; as rg_feed_get_case(). */
rg_err rg_alertlog__escalate(struct rg_alertlog *l, struct rg_kv_txn *txn,
                             const struct rg_alertlog_due *d);
/* Something becomes of @alert at ledger time @ms: if it was due before, it is escalated first.
 * Errors: as rg_alertlog_write(). */
rg_err rg_alertlog__escalate_before(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                    const struct rg_alertlog_key *k, const struct rg_hash *alert,
                                    int64_t ms);
/* Read the earliest time in the table UNSEEN into due_next. Errors: as rg_kv_cursor_first(). */
rg_err rg_alertlog__read_floor(struct rg_alertlog *l, struct rg_kv_txn *txn);
/* Write a finding unless the log says so already. @again: an alert that was healed is raised anew.
 * Errors: as rg_alertlog_write(). */
rg_err rg_alertlog__write_finding(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                  struct rg_alertlog_waiting *w, bool again);
/* Write what differs from the log in the findings before waiting[@at], which settles them.
 * Errors: the same. */
rg_err rg_alertlog__settle(struct rg_alertlog *l, struct rg_kv_txn *txn, size_t at);
/* What a record is bound to. */
struct rg_bytes rg_alertlog__ad(const struct rg_alertlog *l, uint64_t logseq,
                                uint8_t out[static RG_ALERTLOG_AD_BYTES]);

#endif /* RG_MONITOR_ALERTLOG_PRIV_H */
