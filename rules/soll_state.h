/* What the engine remembers about one case, and its canonical binary form. Private to
 * rules/soll*.c.
 *
 * Every list is charged against a budget from which the written form is known to fit, so that a
 * case of any length has a bounded state. Reading accepts only what writing can give: minimal
 * numbers, no zero members, ascending lists, nothing left over. */
#ifndef RG_RULES_SOLL_STATE_H
#define RG_RULES_SOLL_STATE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/time.h"

#define RG_SOLL_STATE_HEAD 64      /* most bytes of the head */
#define RG_SOLL_STATE_RULE 48      /* most bytes of a rule without its lists */
#define RG_SOLL_STATE_OPEN_COST 14 /* of an open activation without its key */
#define RG_SOLL_STATE_DROPPED (-2) /* event number of what compact removes */
#define RG_SOLL_STATE_EVENT_COST 5 /* of a violating event */
#define RG_SOLL_STATE_TIME_MAX RG_TIME_MAX
#define RG_SOLL_STATE_SITE_MAX (RG_DEFINITION_LIST_MAX + 1)
#define RG_SOLL_STATE_EVENTS_MAX (INT64_C(1) << 32) /* entries of a case */

/* An event that is remembered, mostly an activation that waits for its answer. What time, tag and
 * key mean is the template's business. */
struct rg_soll_state_open {
    int64_t event_no;
    int64_t time_ms;
    uint8_t tag;
    uint8_t key_len;
    uint8_t key[RG_FIELD_VALUE_MAX];
};

/* A text that was seen, with what it was seen at. */
struct rg_soll_state_name {
    uint8_t mask;
    uint8_t len;
    uint8_t text[RG_FIELD_VALUE_MAX];
};

/* One rule in one case. What flags, number and time mean is the template's business. */
struct rg_soll_state_rule {
    uint8_t flags;
    uint64_t activations;
    uint64_t violations;
    uint64_t number;
    int64_t time_ms;
    struct rg_soll_state_open *open; /* by event number */
    size_t open_count;
    size_t open_cap;
    int64_t *events; /* violating ones, kept for conformance only */
    size_t event_count;
    size_t event_cap;
    struct rg_soll_state_name *names;
    size_t name_count;
    size_t name_cap;
};

struct rg_soll_state {
    bool full;           /* conformance */
    int64_t event_count; /* entries so far */
    int64_t now_ms;      /* latest time on the definition's clock */
    uint8_t site;        /* rules/soll_rule.c says what; at most RG_SOLL_STATE_SITE_MAX */
    size_t budget;       /* bytes left for lists */
    struct rg_soll_state_rule *rules;
    size_t rule_count;
};

/* A state for @rule_count rules.
 * Errors: RG_ERR_NOMEM */
RG_CHECKED rg_err rg_soll_state_init(struct rg_soll_state *s, size_t rule_count);
/* Free what it holds. */
void rg_soll_state_free(struct rg_soll_state *s);
/* Make it that of a new case, which may take up to @max bytes when written. */
void rg_soll_state_reset(struct rg_soll_state *s, bool full, size_t max);

/* Append to a list of @r, which is one of @s's rules; events are kept ascending.
 * Errors: RG_ERR_FULL   the budget is used up
 *         RG_ERR_NOMEM  */
RG_CHECKED rg_err rg_soll_state_add_open(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                                         const struct rg_soll_state_open *open);
RG_CHECKED rg_err rg_soll_state_add_event(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                                          int64_t event_no);
/* The same for a name; @text has 1 to RG_FIELD_VALUE_MAX bytes. */
RG_CHECKED rg_err rg_soll_state_add_name(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                                         uint8_t mask, struct rg_bytes text);
/* The name equal to @text, or NULL. */
struct rg_soll_state_name *rg_soll_state_find_name(struct rg_soll_state_rule *r,
                                                   struct rg_bytes text);
/* Remove the open entries whose event number is RG_SOLL_STATE_DROPPED, or all names; gives the
 * budget back. */
void rg_soll_state_compact_open(struct rg_soll_state *s, struct rg_soll_state_rule *r);
void rg_soll_state_cut_names(struct rg_soll_state *s, struct rg_soll_state_rule *r);

/* Write the state; @tag names the definition. The writer fails when it has too little room. */
void rg_soll_state_write(const struct rg_soll_state *s, uint64_t tag, struct rg_writer *w);
/* Read a state that was written with @tag into @s, which was reset for the same mode and size.
 * Errors: RG_ERR_INVALID  not canonical, of another mode, definition or version
 *         RG_ERR_NOMEM    */
RG_CHECKED rg_err rg_soll_state_read(struct rg_soll_state *s, uint64_t tag, struct rg_bytes bytes);

#endif /* RG_RULES_SOLL_STATE_H */
