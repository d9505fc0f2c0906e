/* The engine itself: a definition made ready for judging, and the case under way. Private to
 * rules/soll*.c. */
#ifndef RG_RULES_SOLL_ENGINE_H
#define RG_RULES_SOLL_ENGINE_H

#include "rules/soll_rule.h"

struct rg_soll_engine {
    struct rg_definition *def;
    uint64_t tag;
    const char **symbols; /* every step that a rule names, sorted */
    size_t symbol_count;
    uint8_t *sides;    /* a row a rule: of each symbol, and last of any other step */
    uint8_t *excluded; /* by symbol: now excluded by a rule */
    size_t excluders;  /* how many rules do that */
    uint32_t order[RG_DEFINITION_RULES_MAX]; /* the rules by phase */
    struct rg_soll_state state;
    const struct rg_rules_host *host; /* of the call under way */
    uint8_t *blob;                    /* room for a written state */
    size_t blob_cap;
    int fault;     /* of the case under way; RG_RULES_OK or why it cannot go on */
    int64_t *ends; /* violating events of one verdict */
    size_t end_count;
    size_t end_cap;
    char agencies[RG_DEFINITION_LIST_MAX * (RG_NAME_MAX + 1)];
};

/* rules/soll_define.c */

/* Make the tables of @g->def; false when there is no memory. */
bool rg_soll_define(struct rg_soll_engine *g);
/* The machine of a template. */
const struct rg_soll_template *rg_soll_define_machine(enum rg_definition_template t);
/* The number of a step that some rule names, else the number of symbols. */
size_t rg_soll_define_symbol(const struct rg_soll_engine *g, const char *name, size_t len);
/* The sides of rule @i that an entry is on. */
unsigned rg_soll_define_sides(const struct rg_soll_engine *g, size_t i, size_t symbol,
                              const struct rg_rules_entry *entry);

/* rules/soll_rule.c */

/* Whether rule @i judges the case under way, by its site. */
bool rg_soll_rule_applies(const struct rg_soll_engine *g, size_t i);
/* The first entry that counts says the site of the case. */
void rg_soll_rule_find_site(struct rg_soll_engine *g, const struct rg_rules_entry *entry);
/* Rule @i at work. */
struct rg_soll_rule rg_soll_rule_at(struct rg_soll_engine *g, size_t i);
/* Look which steps are excluded now. */
void rg_soll_rule_mark_excluded(struct rg_soll_engine *g);

#endif /* RG_RULES_SOLL_ENGINE_H */
