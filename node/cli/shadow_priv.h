/* The inside of a shadow: the history it keeps, case by case (shadow_keep.c), a version's judging
 * of one case (shadow_judge.c), and what is told of it (shadow.c). */
#ifndef RG_CLI_SHADOW_PRIV_H
#define RG_CLI_SHADOW_PRIV_H

#include "node/cli/shadow.h"
#include "rules/hostmsg.h"

/* An event of the history. One block of memory, texts behind the fields. */
struct rg_shadow_kept {
    struct rg_shadow_kept *next; /* of its case */
    size_t bytes;                /* that the block counts for */
    bool is_void;
    int64_t recorded_ms;
    int64_t occurred_ms;
    struct rg_bytes agency;
    struct rg_bytes step;
    uint32_t field_count;
    struct rg_event_field fields[];
};

/* What was told of a case last. One block of memory, the numbers behind the differences. */
struct rg_shadow_told {
    size_t count;
    size_t number_count;
    struct rg_shadow_difference differences[];
};

struct rg_shadow_case {
    struct rg_bytes id; /* as it was named first; the key stands behind it */
    struct rg_bytes key;
    struct rg_shadow_kept *first; /* NULL: none yet */
    struct rg_shadow_kept *last;
    uint64_t counting;               /* events that are not void */
    int64_t latest_ms;               /* occurred_at of those; INT64_MIN: none */
    int64_t due_ms[RG_SHADOW_SIDES]; /* until then time alone changes nothing */
    bool changed;                    /* since it was judged */
    struct rg_shadow_told *told;     /* NULL: nothing */
};

struct rg_shadow_keep {
    struct rg_shadow_case *cases;
    size_t case_count;
    size_t case_cap;
    uint32_t *slots; /* open addressing by the key: index + 1; 0 is empty */
    size_t slot_cap;
    size_t recent; /* the case of the last event: the next one is often of the same */
    size_t event_count;
    size_t bytes;
};

/* One version with its engine. */
struct rg_shadow_engine {
    const struct rg_definition *def;
    struct rg_host *host;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    struct rg_hostmsg_buf live_out;
    struct rg_hostmsg_item verdict[RG_DEFINITION_RULES_MAX]; /* of the case; borrow from out */
    struct rg_hostmsg_item live[RG_DEFINITION_RULES_MAX];
};

/* Copy an event behind those of its case. Errors: RG_ERR_FULL; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow__keep(struct rg_shadow_keep *k, const struct rg_export_event *e);
/* Forget the events of @e's case, if it is known. */
void rg_shadow__forget(struct rg_shadow_keep *k, const struct rg_export_event *e);
/* Free all of it. */
void rg_shadow__keep_fini(struct rg_shadow_keep *k);
/* Room for @want items of @size in all; the list at *@list grows. Errors: RG_ERR_FULL over @max;
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow__grow(void **list, size_t *cap, size_t want, size_t max, size_t size);

/* Open a version. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  the rules refuse it. */
RG_CHECKED rg_err rg_shadow__open(struct rg_shadow_engine *g, const struct rg_shadow_version *v);
/* Free; half-open is fine. */
void rg_shadow__close(struct rg_shadow_engine *g);
/* Judge a case as of a time: @g->verdict has one verdict for each rule. Errors: RG_ERR_FULL  a
 * limit of the rules; RG_ERR_SYSTEM  the rules failed; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow__judge(struct rg_shadow_engine *g, const struct rg_shadow_kept *first,
                                   int64_t as_of_ms);
/* Of the case that was judged last: until when its verdicts hold if no event comes. Errors:
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_shadow__due(struct rg_shadow_engine *g, const struct rg_shadow_kept *first,
                                 int64_t as_of_ms, int64_t *out);

#endif /* RG_CLI_SHADOW_PRIV_H */
