/* What goes out as JSON: alerts, steps and blocks as CloudEvents 1.0 (structured mode), and the
 * heartbeat. Keys are sorted and nothing depends on when or where it is written, so the same facts
 * give the same bytes. Pure; texts that are not UTF-8 are written as "?". */
#ifndef RG_MONITOR_CLOUDEVENT_H
#define RG_MONITOR_CLOUDEVENT_H

#include "base/err.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/types.h"

enum rg_cloudevent_severity {
    RG_CLOUDEVENT_WARNING = 1,
    RG_CLOUDEVENT_CRITICAL,
    RG_CLOUDEVENT_SYSTEM,
};

enum rg_cloudevent_state {
    RG_CLOUDEVENT_RAISED = 1,
    RG_CLOUDEVENT_HEALED,
    RG_CLOUDEVENT_ACKNOWLEDGED,
    RG_CLOUDEVENT_WITHDRAWN, /* the case was judged anew after a correction, and it does not hold */
    RG_CLOUDEVENT_ESCALATED, /* critical, and nobody acknowledged it in time */
};

/* Where an entry stands and who wrote it. */
struct rg_place {
    uint64_t height;
    uint32_t submission;
    uint32_t entry;
    uint32_t writer; /* agency */
};

struct rg_cloudevent_alert {
    const char *ledger;
    struct rg_hash id;
    struct rg_hash alert;
    enum rg_cloudevent_severity severity;
    enum rg_cloudevent_state state;
    uint64_t logseq;
    int64_t time_ms;
    struct rg_bytes rule;
    struct rg_bytes process;
    uint32_t version;
    const char *message_de;
    const char *message_en;
    bool has_case; /* the members below count */
    struct rg_id pseudonym;
    struct rg_bytes step;   /* empty: none */
    struct rg_bytes agency; /* empty: none */
    bool has_place;
    struct rg_place place;
    int64_t event_no; /* -1: the case as a whole */
    bool has_due;
    int64_t due_ms;
    struct rg_bytes member; /* who acknowledged, of `agency`, and the note */
    struct rg_bytes note;   /* empty: none */
};

/* What an alert's text says of itself. */
struct rg_cloudevent_said {
    struct rg_hash alert;
    char rule[RG_NAME_MAX + 1];
    char process[RG_NAME_MAX + 1];
    uint32_t version;
    char time[RG_TIME_TEXT_MAX];
};

struct rg_cloudevent_step {
    const char *ledger;
    struct rg_bytes process;
    struct rg_id pseudonym;
    struct rg_bytes step;
    struct rg_bytes agency;
    struct rg_place place;
    uint32_t event_no;
    int64_t occurred_ms;
    int64_t time_ms;
};

struct rg_cloudevent_block {
    const char *ledger;
    uint64_t height;
    struct rg_hash hash;
    int64_t time_ms;
    uint64_t entries;
};

/* Each gives a NUL-terminated text, to be freed with free(), or NULL when there is no memory. */
char *rg_cloudevent_alert(const struct rg_cloudevent_alert *a);
/* The alert @raised (JSON as rg_cloudevent_alert() writes it), told again in another state: with
 * id, logseq, state, time of @a, and its place as the entry that made it so. ACKNOWLEDGED: with
 * agency, member and note; ESCALATED: with the time of @raised, and the messages of @a before its
 * own. NULL also: @raised is no such text. */
char *rg_cloudevent_again(const struct rg_cloudevent_alert *a, struct rg_bytes raised);
/* Read what rg_cloudevent_alert() wrote. Errors: RG_ERR_INVALID  it is no such text. */
RG_CHECKED rg_err rg_cloudevent_read(struct rg_bytes json, struct rg_cloudevent_said *out);
char *rg_cloudevent_step(const struct rg_cloudevent_step *s);
char *rg_cloudevent_block(const struct rg_cloudevent_block *b);
char *rg_cloudevent_heartbeat(uint64_t logseq, uint64_t height);
/* `warning`, `critical`, `system`; "?" for anything else. */
const char *rg_cloudevent_severity_text(enum rg_cloudevent_severity s);

#endif /* RG_MONITOR_CLOUDEVENT_H */
