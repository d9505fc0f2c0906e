/* Reading one rule of a process definition. Private to rules/definition.c, which owns the memory.
 */
#ifndef RG_RULES_DEFINITION_RULE_H
#define RG_RULES_DEFINITION_RULE_H

#include "rules/definition.h"
#include "rules/yaml.h"

/* What a template takes beside its activities. */
#define P_N 0x1u          /* n */
#define P_RANGE 0x2u      /* min, max */
#define P_LIMIT 0x4u      /* within, at_least, days */
#define P_CALENDAR 0x8u   /* calendar */
#define P_CLOCK 0x10u     /* from, hold, resume, extend */
#define P_HARD 0x20u      /* hard */
#define P_HEAL 0x40u      /* heal */
#define P_SAME 0x80u      /* same */
#define P_GROUPS 0x100u   /* groups, agencies */
#define P_VALUES 0x200u   /* column, values */
#define P_RESET 0x400u    /* reset */
#define P_WINDOW 0x800u   /* window */
#define P_INCLUDE 0x1000u /* include */
#define P_REQUIRE 0x2000u /* require */
#define P_COMPARE 0x4000u /* compare */
#define P_FIELD 0x8000u   /* field */
#define P_DUE 0x10000u    /* due, done */
#define P_ENDS 0x20000u   /* the definition's ends */
#define P_AGE 0x40000u    /* mean_age */
#define P_DEADLINE (P_LIMIT | P_CALENDAR | P_CLOCK | P_HARD | P_HEAL | P_SAME)

/* Which side further names of a flat list of activities belong to. */
enum rg_definition_many {
    MANY_NONE = 0,
    MANY_A,
    MANY_B,
};

/* A row of templates.def, for reading. */
struct rg_definition_shape {
    const char *name;
    unsigned sides; /* 0: no activities, 1: A, 2: A and B */
    enum rg_definition_many many;
    unsigned params;
    const char *field;
};

/* What is otherwise at some sites; texts and nodes are the document's. */
struct rg_definition_profile {
    const char *name;
    uint64_t sites;                   /* a bit each */
    const struct rg_yaml_node *rules; /* by the id of the rule; NULL after a report */
};

/* A definition while it is read, and what belongs to it. Errors latch in @doc. */
struct rg_definition_build {
    struct rg_definition pub; /* first: the public view is the whole */
    struct rg_yaml *doc;      /* owns the texts that @pub points to */
    void *blocks;             /* linked memory */
    bool nomem;
    uint16_t *sorted;                       /* step indexes in the order of their ids */
    struct rg_definition_rule *rules;       /* those of @pub */
    bool full;                              /* more rules than there may be were reported */
    const struct rg_yaml_node **rule_nodes; /* where each rule stands, for the linter */
    const struct rg_yaml_node *steps_node;
    struct rg_definition_profile profile[RG_DEFINITION_PROFILES_MAX];
    size_t profile_count;
    /* Patterns of the rule that is read. */
    struct rg_definition_pattern scratch[RG_DEFINITION_PATTERNS_MAX];
    size_t scratch_count;
};

/* Zeroed memory that lives as long as the definition; NULL (and latched) when there is none. */
void *rg_definition__alloc(struct rg_definition_build *b, size_t count, size_t size);
/* The names in the list @node (a single name counts as a list of one); empty after a report. */
struct rg_definition_names rg_definition__names(struct rg_definition_build *b,
                                                const struct rg_yaml_node *node, const char *what);
/* Whether @text is among the names. */
bool rg_definition__among(const struct rg_definition_names *names, struct rg_bytes text);
/* The scalar name @node; NULL after a report. */
const char *rg_definition__name(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                const char *what);
/* The texts `de` and `en` of the mapping @node, one standing in for the other; untouched when
 * absent. */
void rg_definition__texts(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const char **de, const char **en);

/* Count the rule, read at @node, among those of the definition; over the limit it is reported. */
void rg_definition__add(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        const struct rg_definition_rule *rule);

/* Read the rule @node; steps, fields and calendars are read already. @profile, when not NULL, is
 * put behind the id. Gives how many rules it makes, 0 (switched off) to 2 (with a hard limit, or
 * composite). */
size_t rg_definition_rule_read(struct rg_definition_build *b, const struct rg_yaml_node *node,
                               const char *profile, struct rg_definition_rule out[2]);
/* The row of a template that is one. */
const struct rg_definition_shape *rg_definition_rule_shape(enum rg_definition_template t);
/* Report unless @field is a field. */
void rg_definition_rule_need(struct rg_definition_build *b, const struct rg_yaml_node *node,
                             const char *field);

/* rules/definition_expand.c: make the rule that was read into the one or two that are judged. */
size_t rg_definition_expand(struct rg_definition_build *b, const struct rg_yaml_node *node,
                            struct rg_definition_rule out[2]);
/* @id with @suffix behind it; @id after a report that it is too long. */
const char *rg_definition_expand_id(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                    const char *id, const char *suffix);
/* Report a limit that the rule's calendar cannot count. */
void rg_definition_rule_check_limit(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                    const struct rg_definition_rule *rule);

/* rules/definition_pattern.c */

/* Read `activities` into patterns and names of @out. */
void rg_definition_pattern_activities(struct rg_definition_build *b,
                                      const struct rg_yaml_node *rule,
                                      const struct rg_definition_shape *s,
                                      struct rg_definition_rule *out);
/* Read the patterns at @key, when there, as @sides. Gives whether there were any. */
bool rg_definition_pattern_more(struct rg_definition_build *b, const struct rg_yaml_node *rule,
                                const char *key, unsigned sides);
/* Give the patterns that were read to @out. */
void rg_definition_pattern_end(struct rg_definition_build *b, struct rg_definition_rule *out);
/* Read the conditions in the mapping @node. */
struct rg_definition_conditions rg_definition_pattern_where(struct rg_definition_build *b,
                                                            const struct rg_yaml_node *node);
/* The comparison of this name; 0 when there is none. */
enum rg_definition_test rg_definition_pattern_test(const char *name);

/* rules/definition_profile.c */

/* Read `profiles`; fields and `site` are read already. */
void rg_definition_profile_read(struct rg_definition_build *b, const struct rg_yaml_node *root);
/* Read the rule @node for all sites, each by its profile, and add what it makes. */
void rg_definition_profile_rule(struct rg_definition_build *b, const struct rg_yaml_node *node);
/* Read the key `sites` of a rule. */
void rg_definition_profile_sites(struct rg_definition_build *b, const struct rg_yaml_node *rule,
                                 struct rg_definition_rule *out);
/* Report what profiles say about rules that are not in @list; NULL: there are no rules. */
void rg_definition_profile_check(struct rg_definition_build *b, const struct rg_yaml_node *list);

/* rules/definition_calendar.c: read `holidays` and `calendars`. */
void rg_definition_calendar_read(struct rg_definition_build *b, const struct rg_yaml_node *root);

#endif /* RG_RULES_DEFINITION_RULE_H */
