/* What a template is to the engine, and what the engine offers to it. Private to rules/soll*.c.
 *
 * An entry reaches a rule as an event with the sides it is on (A, B, both or neither). Where a step
 * is both A and B, it first answers what came before and then activates. */
#ifndef RG_RULES_SOLL_RULE_H
#define RG_RULES_SOLL_RULE_H

#include "rules/definition.h"
#include "rules/reigen_rules.h"
#include "rules/soll_state.h"

#define RG_SOLL_RULE_A 1U
#define RG_SOLL_RULE_B 2U
#define RG_SOLL_RULE_OVER                                                                          \
    0x80U /* in a rule's flags: the system alert about its budget was raised */

struct rg_soll_engine;

struct rg_soll_event {
    int64_t no;
    int64_t time_ms; /* on the definition's clock */
    unsigned sides;
    const struct rg_rules_entry *entry;
};

/* A rule at work: its definition, its memory of the case, and the engine for the functions below.
 */
struct rg_soll_rule {
    struct rg_soll_engine *engine;
    uint32_t index;
    const struct rg_definition_rule *def;
    struct rg_soll_state_rule *mem;
};

/* What a rule says at the end of the trace, on top of what is in its memory already. */
struct rg_soll_end {
    int64_t as_of_ms;
    uint64_t pending;  /* open activations whose deadline has not passed */
    uint64_t unlisted; /* violations whose event is not remembered */
};

struct rg_soll_template {
    /* Judge an event; called for every entry of the case. */
    void (*entry)(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
    /* Deadlines before @now_ms have passed; live only. NULL: the template has none. */
    void (*sweep)(const struct rg_soll_rule *r, int64_t now_ms);
    /* The earliest deadline; RG_RULES_NEVER for none. NULL: the template has none. */
    int64_t (*due)(const struct rg_soll_rule *r);
    /* The trace ends here: call rg_soll__end_violation for what is violated by that. Must not
     * change the memory. NULL: nothing to add. */
    void (*finish)(const struct rg_soll_rule *r, struct rg_soll_end *end);
    /* Whether something is still to be done, and by when. NULL: never. On true every B is expected,
     * or every A for the templates that have no B. */
    bool (*duty)(const struct rg_soll_rule *r);
};

/* Count a permanent violation by @event_no (or RG_RULES_WHOLE_CASE): an alert when live, kept in
 * the list for conformance. @due_ms is the deadline that caused it or RG_RULES_NEVER; @step the
 * event's. */
void rg_soll__violate(const struct rg_soll_rule *r, int64_t event_no, int64_t due_ms,
                      struct rg_rules_text step);
/* Follow an activation until it is answered; over the budget it is left out with a system alert. */
void rg_soll__open(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
/* Forget all open activations but the first @keep. */
void rg_soll__close(const struct rg_soll_rule *r, size_t keep);
/* Note a text with a mask; over the budget it is left out with a system alert. */
void rg_soll__note(const struct rg_soll_rule *r, uint8_t mask, struct rg_rules_text text);
/* Forget all texts. */
void rg_soll__forget(const struct rg_soll_rule *r);
/* A violation that only the end of the trace gives. */
void rg_soll__end_violation(const struct rg_soll_rule *r, int64_t event_no);
/* Whether lists of events are kept (conformance). */
bool rg_soll__full(const struct rg_soll_rule *r);
/* How many entries the case has. */
int64_t rg_soll__events(const struct rg_soll_rule *r);
/* The first activity of the rule, as text; empty when it has none. */
struct rg_rules_text rg_soll__first(const struct rg_soll_rule *r);
/* The value of an entry's field; empty when it has none. */
struct rg_rules_text rg_soll__field(const struct rg_rules_entry *entry, const char *name);

/* The templates, by file. */
extern const struct rg_soll_template rg_soll_count_init;
extern const struct rg_soll_template rg_soll_count_exactly;
extern const struct rg_soll_template rg_soll_count_absence;
extern const struct rg_soll_template rg_soll_respond_later; /* response, response_any */
extern const struct rg_soll_template
    rg_soll_respond_within; /* response_within, response_any_within */
extern const struct rg_soll_template rg_soll_respond_next; /* chain_response */
extern const struct rg_soll_template rg_soll_respond_alternate;
extern const struct rg_soll_template rg_soll_respond_ever;  /* responded_existence */
extern const struct rg_soll_template rg_soll_precede_ever;  /* precedence, precedence_any */
extern const struct rg_soll_template rg_soll_precede_next;  /* chain_precedence */
extern const struct rg_soll_template rg_soll_exclude_after; /* not_succession */
extern const struct rg_soll_template rg_soll_exclude_both;  /* not_coexistence */
extern const struct rg_soll_template rg_soll_time_delay;    /* max_delay, min_delay */
extern const struct rg_soll_template rg_soll_time_duration; /* case_duration */
extern const struct rg_soll_template rg_soll_actor_role;
extern const struct rg_soll_template rg_soll_actor_group; /* single_group */
extern const struct rg_soll_template rg_soll_actor_eyes;  /* four_eyes */
extern const struct rg_soll_template rg_soll_actor_value; /* no_after_value */

#endif /* RG_RULES_SOLL_RULE_H */
