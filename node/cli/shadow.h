/* A history judged by two versions of a process definition, and where they differ. The judging is
 * that of a rules host with full cases, as conformance does it (rules/host.h), in this process: the
 * node's own host is not asked.
 *
 * Give it all events, in the order of their case, then judge once. Owner: one thread. */
#ifndef RG_CLI_SHADOW_H
#define RG_CLI_SHADOW_H

#include "node/cli/export.h"
#include "rules/definition.h"

#define RG_SHADOW_JUDGEMENTS 4u /* enum rg_rules_judgement */
#define RG_SHADOW_ABSENT 4u     /* stands for the judgement of a version that lacks the rule */
/* Limits of one run; beyond is RG_ERR_FULL. */
#define RG_SHADOW_BLOCKS_MAX 1024u /* of history, a MiB each */
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
    uint64_t cases[RG_SHADOW_SIDES][RG_SHADOW_JUDGEMENTS];
    uint64_t differ; /* cases */
};

/* A case that one rule judges differently, or for other events. Where one version lacks the rule
 * (told as absent), a case differs when the other has it violated or pending: that nothing is wrong
 * by a rule which is new or gone is no news. */
struct rg_shadow_difference {
    uint32_t rule;    /* index in the result's rules */
    uint32_t case_no; /* in the order of the file numbers */
    struct rg_bytes case_id;
    uint8_t judged[RG_SHADOW_SIDES];
    const int64_t *events[RG_SHADOW_SIDES]; /* violating ones, ascending; -1: the case */
    size_t event_count[RG_SHADOW_SIDES];
};

/* Borrowed from the shadow. */
struct rg_shadow_result {
    const struct rg_shadow_rule *rules; /* of the later version in its order, then those removed */
    size_t rule_count;
    const struct rg_shadow_difference *differences; /* by rule, then by file number */
    size_t difference_count;
    uint64_t cases;
    uint64_t events;
    uint64_t differ;  /* cases that some rule judges differently */
    int64_t as_of_ms; /* the latest occurred_at */
};

struct rg_shadow; /* opaque */

/* Make it. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  the rules refuse a definition. */
RG_CHECKED rg_err rg_shadow_create(const struct rg_shadow_version before,
                                   const struct rg_shadow_version after, struct rg_shadow **out);
/* Free; takes *@s_p and nulls it; NULL is fine. */
void rg_shadow_destroy(struct rg_shadow **s_p);
/* Copy an event; those of a case come in their order. Errors: RG_ERR_FULL; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow_add(struct rg_shadow *s, const struct rg_export_event *e);
/* Judge all cases by both; once.
 * Errors: RG_ERR_FULL  a limit, of this run or of the rules for one case; RG_ERR_SYSTEM  the rules
 * failed; RG_ERR_CLOSED  the stop flag was set; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow_judge(struct rg_shadow *s, struct rg_shadow_result *out);
/* Which case the last failure was about; empty: none. */
struct rg_bytes rg_shadow_failed_case(const struct rg_shadow *s);

#endif /* RG_CLI_SHADOW_H */
