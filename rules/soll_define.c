/* A definition made ready for judging: numbers for steps, sides of steps by rule, order of rules.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/soll_engine.h"

#define CONDITIONAL 0x80U /* in a row: the conditions of the patterns decide on more sides */

static const struct rg_soll_template *const machines[RG_DEFINITION_TEMPLATES] = {
#define RG_TEMPLATE(id, name, sides, many, params, field, machine)                                 \
    [RG_DEFINITION_##id] = &rg_soll_##machine,
#include "rules/templates.def"
#undef RG_TEMPLATE
};

/* Composite templates are gone once a definition is read. */
const struct rg_soll_template rg_soll_none = {.entry = NULL};

const struct rg_soll_template *rg_soll_define_machine(enum rg_definition_template t)
{
    return machines[t];
}

/* The order of strcmp, for a name that is not NUL-terminated and may hold any byte. */
static int compare_symbol(const char *symbol, const char *name, size_t len)
{
    const size_t own = strlen(symbol);
    const int c = memcmp(symbol, name, own < len ? own : len);
    return c != 0 ? c : own < len ? -1 : own > len ? 1 : 0;
}

size_t rg_soll_define_symbol(const struct rg_soll_engine *g, const char *name, size_t len)
{
    size_t low = 0;
    size_t high = g->symbol_count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int c = compare_symbol(g->symbols[mid], name, len);
        if (c == 0) {
            return mid;
        }
        low = c < 0 ? mid + 1 : low;
        high = c < 0 ? high : mid;
    }
    return g->symbol_count;
}

/* Insert a name into the sorted table unless it is there. No qsort: glibc's asks the system for its
 * memory, which the host's jail forbids. */
static void add_symbol(struct rg_soll_engine *g, const char *name)
{
    size_t at = g->symbol_count;
    if (rg_soll_define_symbol(g, name, strlen(name)) != g->symbol_count) {
        return;
    }
    while (at > 0 && strcmp(g->symbols[at - 1], name) > 0) {
        g->symbols[at] = g->symbols[at - 1];
        at--;
    }
    g->symbols[at] = name;
    g->symbol_count++;
}

static bool make_symbols(struct rg_soll_engine *g)
{
    const struct rg_definition *def = g->def;
    size_t total = 0;
    for (size_t i = 0; i < def->rule_count; i++) {
        total += def->rules[i].pattern_count;
    }
    g->symbols = calloc(total + 1, sizeof(*g->symbols));
    if (g->symbols == NULL) {
        return false;
    }
    for (size_t i = 0; i < def->rule_count; i++) {
        for (size_t k = 0; k < def->rules[i].pattern_count; k++) {
            if (def->rules[i].patterns[k].step != NULL) {
                add_symbol(g, def->rules[i].patterns[k].step);
            }
        }
    }
    return true;
}

static uint8_t *row_of(const struct rg_soll_engine *g, size_t i)
{
    return g->sides + i * (g->symbol_count + 1);
}

static void fill_row(const struct rg_soll_engine *g, size_t i)
{
    const struct rg_definition_rule *r = &g->def->rules[i];
    uint8_t *row = row_of(g, i);
    for (size_t k = 0; k < r->pattern_count; k++) {
        const struct rg_definition_pattern *p = &r->patterns[k];
        const uint8_t add = p->where.count > 0 ? CONDITIONAL : (uint8_t)p->sides;
        if (p->step != NULL) {
            row[rg_soll_define_symbol(g, p->step, strlen(p->step))] |= add;
        }
        for (size_t s = 0; p->step == NULL && s <= g->symbol_count; s++) {
            row[s] |= add;
        }
    }
}

static void make_order(struct rg_soll_engine *g)
{
    static const enum rg_soll_phase phases[RG_SOLL_PHASES] = {RG_SOLL_BEFORE, RG_SOLL_NORMAL,
                                                              RG_SOLL_AFTER};
    size_t n = 0;
    for (size_t p = 0; p < RG_SOLL_PHASES; p++) {
        for (size_t i = 0; i < g->def->rule_count; i++) {
            if (machines[g->def->rules[i].template]->phase == phases[p]) {
                g->order[n++] = (uint32_t)i;
            }
        }
    }
}

bool rg_soll_define(struct rg_soll_engine *g)
{
    if (!make_symbols(g)) {
        return false;
    }
    g->sides = calloc(g->def->rule_count * (g->symbol_count + 1) + 1, 1);
    g->excluded = calloc(g->symbol_count + 1, 1);
    if (g->sides == NULL || g->excluded == NULL) {
        return false;
    }
    for (size_t i = 0; i < g->def->rule_count; i++) {
        fill_row(g, i);
        g->excluders += g->def->rules[i].template == RG_DEFINITION_EXCLUDE ? 1 : 0;
    }
    make_order(g);
    return true;
}

unsigned rg_soll_define_sides(const struct rg_soll_engine *g, size_t i, size_t symbol,
                              const struct rg_rules_entry *entry)
{
    const struct rg_definition_rule *r = &g->def->rules[i];
    unsigned sides = row_of(g, i)[symbol];
    for (size_t k = 0; (sides & CONDITIONAL) != 0 && k < r->pattern_count; k++) {
        const struct rg_definition_pattern *p = &r->patterns[k];
        if (p->where.count > 0 &&
            (p->step == NULL || rg_definition_is(p->step, rg_soll__bytes(entry->step))) &&
            rg_soll__holds(&p->where, entry)) {
            sides |= p->sides;
        }
    }
    if (r->same != NULL && !rg_soll__known(rg_soll__field(entry, r->same))) {
        sides &= ~(RG_DEFINITION_A | RG_DEFINITION_B); /* belongs to no other event */
    }
    return sides & ~CONDITIONAL;
}
