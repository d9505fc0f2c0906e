/* A history judged by two versions of a process definition, and where they differ. The judging is
 * that of a rules host with full cases, as conformance does it (rules/host.h), in this process: the
 * node's own host is not asked.
 *
 * Give it all events, in the order of their case, then judge. To follow a history that goes on,
 * renew the cases that changed and judge again: only those are judged, and those of which a
 * deadline has passed. Owner: one thread. */
#ifndef RG_CLI_SHADOW_H
#define RG_CLI_SHADOW_H

#include "node/cli/export.h"
#include "rules/definition.h"

#define RG_SHADOW_JUDGEMENTS 4u /* enum rg_rules_judgement */
#define RG_SHADOW_ABSENT 4u     /* stands for the judgement of a version that lacks the rule */
#define RG_SHADOW_ONCE (-1)     /* in place of the ledger's time: the history does not go on */
/* Limits of one run; beyond is RG_ERR_FULL. */
#define RG_SHADOW_BYTES_MAX ((size_t)1 << 30) /* of history */
#define RG_SHADOW_EVENTS_MAX ((size_t)8 << 20)
#define RG_SHADOW_DIFFERENCES_MAX ((size_t)4 << 20)
#define RG_SHADOW_NUMBERS_MAX ((size_t)16 << 20) /* violating events listed */

enum rg_shadow_side {
    RG_SHADOW_BEFORE,
    RG_SHADOW_AFTER,
    RG_SHADOW_SIDES
};

/* Borrowed as long as the shadow lives. */
struct rg_shadow_version {
    const struct rg_definition *def;
    struct rg_bytes yaml; /* what @def was read from */
};

/* A rule of either version, by its id. */
struct rg_shadow_rule {
    const char *id;
    bool in[RG_SHADOW_SIDES];
    uint64_t cases[RG_SHADOW_SIDES][RG_SHADOW_JUDGEMENTS]; /* of those judged this time */
    uint64_t differ;                                       /* cases of those */
};

/* A case that one rule judges differently, or for other events. Where one version lacks the rule
 * (told as absent), a case differs when the other has it violated or pending: that nothing is wrong
 * by a rule which is new or gone is no news. */
struct rg_shadow_difference {
    uint32_t rule;           /* index in the result's rules */
    bool differs;            /* false: it did when it was told last, and does no more */
    struct rg_bytes case_id; /* as the case was named when it came first */
    uint8_t judged[RG_SHADOW_SIDES];
    const int64_t *events[RG_SHADOW_SIDES]; /* violating ones, ascending; -1: the case */
    size_t event_count[RG_SHADOW_SIDES];
};

/* Borrowed from the shadow until it judges again. */
struct rg_shadow_result {
    const struct rg_shadow_rule *rules; /* of the later version in its order, then those removed */
    size_t rule_count;
    /* What was not told so before, by rule, then by file number. */
    const struct rg_shadow_difference *differences;
    size_t difference_count;
    uint64_t cases;
    uint64_t events;
    uint64_t differ;  /* cases of those judged this time that some rule judges differently */
    int64_t as_of_ms; /* by the later version's clock */
};

struct rg_shadow; /* opaque */

/* Make it. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  the rules refuse a definition. */
RG_CHECKED rg_err rg_shadow_create(const struct rg_shadow_version before,
                                   const struct rg_shadow_version after, struct rg_shadow **out);
/* Free; takes *@s_p and nulls it; NULL is fine. */
void rg_shadow_destroy(struct rg_shadow **s_p);
/* Copy an event; those of a case come in their order. Errors: RG_ERR_FULL; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow_add(struct rg_shadow *s, const struct rg_export_event *e);
/* Forget the events of @e's case: they come anew, the first of them is @e, which is not added. */
void rg_shadow_renew(struct rg_shadow *s, const struct rg_export_event *e);
/* Judge by both, the first time all cases, then those that changed or that time changes. Time is
 * the latest occurred_at of the history; for a version with `clock: ledger` it is @ledger_ms,
 * unless that is RG_SHADOW_ONCE: then nothing can be judged again. Errors: RG_ERR_FULL  a limit, of
 * this run or of the rules for one case; RG_ERR_SYSTEM  the rules failed; RG_ERR_CLOSED  the stop
 * flag was set; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow_judge(struct rg_shadow *s, int64_t ledger_ms,
                                  struct rg_shadow_result *out);
/* Which case the last failure was about; empty: none. */
struct rg_bytes rg_shadow_failed_case(const struct rg_shadow *s);

#endif /* RG_CLI_SHADOW_H */
