/* Reading one rule of a process definition. Private to rules/definition.c, which owns the memory.
 */
#ifndef RG_RULES_DEFINITION_RULE_H
#define RG_RULES_DEFINITION_RULE_H

#include "rules/definition.h"
#include "rules/yaml.h"

/* A definition while it is read, and what belongs to it. Errors latch in @doc. */
struct rg_definition_build {
    struct rg_definition pub; /* first: the public view is the whole */
    struct rg_yaml *doc;      /* owns the texts that @pub points to */
    void *blocks;             /* linked memory */
    bool nomem;
    uint16_t *sorted; /* step indexes in the order of their ids */
};

/* Zeroed memory that lives as long as the definition; NULL (and latched) when there is none. */
void *rg_definition__alloc(struct rg_definition_build *b, size_t count, size_t size);
/* The names in the list @node (a single name counts as a list of one); empty after a report. */
struct rg_definition_names rg_definition__names(struct rg_definition_build *b,
                                                const struct rg_yaml_node *node, const char *what);
/* The scalar name @node; NULL after a report. */
const char *rg_definition__name(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                const char *what);
/* The texts `de` and `en` of the mapping @node, one standing in for the other; untouched when
 * absent. */
void rg_definition__texts(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const char **de, const char **en);

/* Read the rule @node into @out; steps and fields are read already. */
void rg_definition_rule_read(struct rg_definition_build *b, const struct rg_yaml_node *node,
                             struct rg_definition_rule *out);
/* The name of a template; "?" when there is none. */
const char *rg_definition_rule_template(enum rg_definition_template t);

#endif /* RG_RULES_DEFINITION_RULE_H */
