/* What a template is to the engine, and what the engine offers to it. Private to rules/soll*.c.
 *
 * An entry reaches a rule as an event with the sides it is on (A, B, ... or none). Where a step is
 * both A and B, it first answers what came before and then activates. Rules with `same` match only
 * events whose field of that name has one and the same value; one without a known value is
 * neither A nor B. */
#ifndef RG_RULES_SOLL_RULE_H
#define RG_RULES_SOLL_RULE_H

#include "rules/definition.h"
#include "rules/reigen_rules.h"
#include "rules/soll_state.h"

/* In a rule's flags: the system alert about its budget was raised. */
#define RG_SOLL_RULE_OVER 0x80U
/* In an open entry's tag: its alert was raised, an answer heals it; and the activity it is. */
#define RG_SOLL_RULE_LATE 0x80U
#define RG_SOLL_RULE_INDEX 0x3FU

struct rg_soll_engine;

struct rg_soll_event {
    int64_t no;
    int64_t time_ms; /* on the definition's clock */
    unsigned sides;  /* RG_DEFINITION_A, ... */
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
    uint64_t pending; /* open activations that may still be answered */
};

/* When an event reaches a template. */
enum rg_soll_phase {
    RG_SOLL_NORMAL = 0,
    RG_SOLL_BEFORE, /* judges what the others say before this event */
    RG_SOLL_AFTER,  /* changes what the others say after it */
    RG_SOLL_PHASES,
};

struct rg_soll_template {
    enum rg_soll_phase phase;
    /* Judge an event; called for every entry of the case. */
    void (*entry)(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
    /* Deadlines before @now_ms have passed; live only. NULL: the template has none. */
    void (*sweep)(const struct rg_soll_rule *r, int64_t now_ms);
    /* The earliest deadline; RG_RULES_NEVER for none. NULL: the template has none. */
    int64_t (*due)(const struct rg_soll_rule *r);
    /* Conformance: since when the case is pending. NULL: nobody asks. */
    int64_t (*since)(const struct rg_soll_rule *r);
    /* The trace ends here: say what is open and what is violated by that. Must not change the
     * memory. NULL: nothing to add. */
    void (*finish)(const struct rg_soll_rule *r, struct rg_soll_end *end);
    /* Whether something is still to be done, and by when. NULL: never. On true every B is expected,
     * or every A for the templates that have no B. */
    bool (*duty)(const struct rg_soll_rule *r);
    /* Whether a case that keeps the rule keeps it whatever is recorded from now on. NULL: never. */
    bool (*settled)(const struct rg_soll_rule *r);
};

/* Count a permanent violation by @event_no (or RG_RULES_WHOLE_CASE): an alert when live, kept in
 * the list for conformance. @due_ms is the deadline that caused it or RG_RULES_NEVER; @step the
 * event's. */
void rg_soll__violate(const struct rg_soll_rule *r, int64_t event_no, int64_t due_ms,
                      struct rg_rules_text step);
/* The same by @ev, without a deadline. */
void rg_soll__violate_by(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
/* What was violated by @event_no is made good; live only. */
void rg_soll__heal(const struct rg_soll_rule *r, int64_t event_no, struct rg_rules_text step);
/* The case waits by @r since @since_ms, or (RG_RULES_NEVER) ceases to; live only. */
void rg_soll__waits(const struct rg_soll_rule *r, int64_t since_ms, struct rg_rules_text step);
/* Something is open at the end of the trace: a violation by @event_no for conformance, pending for
 * a live case. */
void rg_soll__unanswered(const struct rg_soll_rule *r, struct rg_soll_end *end, int64_t event_no);
/* A violation that only the end of the trace gives. */
void rg_soll__end_violation(const struct rg_soll_rule *r, int64_t event_no);
/* Whether lists of events are kept (conformance). */
bool rg_soll__full(const struct rg_soll_rule *r);
/* The definition the rule is of. */
const struct rg_definition *rg_soll__definition(const struct rg_soll_rule *r);
/* The latest time of the case on its clock. */
int64_t rg_soll__now(const struct rg_soll_rule *r);
/* Whether every step of these sides is excluded now, by a rule `exclude`. */
bool rg_soll__excluded(const struct rg_soll_rule *r, unsigned sides);
/* Whether another rule waits for a step that is an A of @r. */
bool rg_soll__awaited(const struct rg_soll_rule *r);

/* Remember @ev with a time and a key, which is cut; over the budget it is left out with a system
 * alert. */
void rg_soll__open(const struct rg_soll_rule *r, const struct rg_soll_event *ev, int64_t time_ms,
                   struct rg_rules_text key);
/* Mark an open entry; rg_soll__compact removes the marked ones. */
void rg_soll__drop(const struct rg_soll_rule *r, size_t i);
void rg_soll__compact(const struct rg_soll_rule *r);
/* Note a text with a mask; over the budget it is left out with a system alert. */
void rg_soll__note(const struct rg_soll_rule *r, uint8_t mask, struct rg_rules_text text);
/* Forget all texts. */
void rg_soll__forget(const struct rg_soll_rule *r);

/* rules/soll_match.c: fields, times, and what `same` asks for. */

/* The value of an entry's field; empty when it has none. */
struct rg_rules_text rg_soll__field(const struct rg_rules_entry *entry, const char *name);
/* Whether a value says something: not empty, and not the EMPTY that logs write for it. */
bool rg_soll__known(struct rg_rules_text text);
bool rg_soll__among(struct rg_rules_text text, const struct rg_definition_names *names);
struct rg_bytes rg_soll__bytes(struct rg_rules_text text);
struct rg_rules_text rg_soll__text(const char *s);
/* The date in a field, the end of it when it is a day alone. False when it holds none. */
bool rg_soll__date(const struct rg_rules_entry *entry, const char *field, int64_t *out_ms);
/* Compare two values: dates, days when one is a day alone, or whole numbers. False when they cannot
 * be compared or the comparison does not hold. IS and NOT compare the texts. */
bool rg_soll__compare(struct rg_rules_text a, enum rg_definition_test test, struct rg_rules_text b);
/* Whether all conditions hold for an entry. */
bool rg_soll__holds(const struct rg_definition_conditions *c, const struct rg_rules_entry *entry);
/* When a limit that begins at @base_ms has its end. */
int64_t rg_soll__due(const struct rg_soll_rule *r, int64_t base_ms);
/* The event's value of the rule's field `same`; empty without. */
struct rg_rules_text rg_soll__key(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
/* Whether an open entry and @ev belong together. */
bool rg_soll__matches(const struct rg_soll_rule *r, const struct rg_soll_state_open *open,
                      const struct rg_soll_event *ev);
/* Sets of the sides seen so far, of matching events: add, ask, take back. */
void rg_soll__see(const struct rg_soll_rule *r, const struct rg_soll_event *ev, unsigned sides);
unsigned rg_soll__seen(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
void rg_soll__unsee(const struct rg_soll_rule *r, const struct rg_soll_event *ev);
/* The step of the activity that an open entry is. */
struct rg_rules_text rg_soll__step(const struct rg_soll_rule *r,
                                   const struct rg_soll_state_open *open);

/* The machines of templates.def. */
#define RG_TEMPLATE(id, name, sides, many, params, field, machine)                                 \
    extern const struct rg_soll_template rg_soll_##machine;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "rules/templates.def"
#pragma GCC diagnostic pop
#undef RG_TEMPLATE

#endif /* RG_RULES_SOLL_RULE_H */
