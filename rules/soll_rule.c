/* What the engine offers to templates. */
#include "rules/soll_rule.h"
#include <stdlib.h>
#include <string.h>

#include "rules/soll_engine.h"

struct rg_soll_rule rg_soll_rule_at(struct rg_soll_engine *g, size_t i)
{
    return (struct rg_soll_rule){
        .engine = g, .index = (uint32_t)i, .def = &g->def->rules[i], .mem = &g->state.rules[i]};
}

/* state.site: 0 while nothing counted, 1 for no known site, then the number of the site. */
#define NO_SITE 1U
#define FIRST_SITE 2U

bool rg_soll_rule_applies(const struct rg_soll_engine *g, size_t i)
{
    const size_t site =
        g->state.site < FIRST_SITE ? RG_DEFINITION_NO_SITE : (size_t)g->state.site - FIRST_SITE;
    return rg_definition_rule_applies(&g->def->rules[i], site);
}

void rg_soll_rule_find_site(struct rg_soll_engine *g, const struct rg_rules_entry *entry)
{
    if (g->def->site == NULL || g->state.site != 0) {
        return;
    }
    const struct rg_bytes value = rg_soll__bytes(rg_soll__field(entry, g->def->site->name));
    const size_t site = rg_definition_find_site(g->def, value);
    g->state.site = site == RG_DEFINITION_NO_SITE ? NO_SITE : (uint8_t)(site + FIRST_SITE);
}

bool rg_soll__full(const struct rg_soll_rule *r)
{
    return r->engine->state.full;
}

const struct rg_definition *rg_soll__definition(const struct rg_soll_rule *r)
{
    return r->engine->def;
}

int64_t rg_soll__now(const struct rg_soll_rule *r)
{
    return r->engine->state.now_ms;
}

void rg_soll_rule_mark_excluded(struct rg_soll_engine *g)
{
    if (g->excluders == 0) {
        return;
    }
    memset(g->excluded, 0, g->symbol_count);
    for (size_t i = 0; i < g->def->rule_count; i++) {
        const struct rg_definition_rule *r = &g->def->rules[i];
        const bool on = r->template == RG_DEFINITION_EXCLUDE &&
                        (g->state.rules[i].flags & RG_DEFINITION_A) != 0;
        for (size_t k = 0; on && k < r->pattern_count; k++) {
            const struct rg_definition_pattern *p = &r->patterns[k];
            if ((p->sides & RG_DEFINITION_B) != 0 && p->where.count == 0) {
                g->excluded[rg_soll_define_symbol(g, p->step, strlen(p->step))] = 1;
            }
        }
    }
}

bool rg_soll__excluded(const struct rg_soll_rule *r, unsigned sides)
{
    const struct rg_soll_engine *g = r->engine;
    bool any = false;
    for (size_t k = 0; g->excluders > 0 && k < r->def->pattern_count; k++) {
        const struct rg_definition_pattern *p = &r->def->patterns[k];
        if ((p->sides & sides) == 0) {
            continue;
        }
        if (p->step == NULL ||
            g->excluded[rg_soll_define_symbol(g, p->step, strlen(p->step))] == 0) {
            return false;
        }
        any = true;
    }
    return any;
}

/* Whether rule @i waits for the step. */
static bool waits_for(struct rg_soll_engine *g, size_t i, const char *step)
{
    const struct rg_soll_rule other = rg_soll_rule_at(g, i);
    const struct rg_soll_template *t = rg_soll_define_machine(other.def->template);
    if (!rg_soll_rule_applies(g, i)) {
        return false;
    }
    for (size_t k = 0; t->duty != NULL && k < other.def->pattern_count; k++) {
        const struct rg_definition_pattern *p = &other.def->patterns[k];
        if ((p->sides & RG_DEFINITION_B) != 0 && p->step != NULL && strcmp(p->step, step) == 0) {
            return t->duty(&other) && !rg_soll__excluded(&other, RG_DEFINITION_B);
        }
    }
    return false;
}

bool rg_soll__awaited(const struct rg_soll_rule *r)
{
    for (size_t k = 0; k < r->def->a_count; k++) {
        for (size_t i = 0; i < r->engine->def->rule_count; i++) {
            if (waits_for(r->engine, i, r->def->activities.items[k])) {
                return true;
            }
        }
    }
    return false;
}

static void emit(const struct rg_soll_rule *r, uint32_t state, uint32_t severity, int64_t event_no,
                 int64_t due_ms, struct rg_rules_text step)
{
    const struct rg_rules_alert alert = {.rule = r->index,
                                         .state = state,
                                         .id = rg_soll__text(r->def->id),
                                         .severity = severity,
                                         .event_no = event_no,
                                         .due_ms = due_ms,
                                         .step = step};
    r->engine->host->emit(r->engine->host->ctx, &alert);
}

static uint32_t severity_of(const struct rg_soll_rule *r)
{
    return r->def->severity == RG_DEFINITION_CRITICAL ? RG_RULES_CRITICAL : RG_RULES_WARNING;
}

void rg_soll__violate(const struct rg_soll_rule *r, int64_t event_no, int64_t due_ms,
                      struct rg_rules_text step)
{
    r->mem->violations++;
    if (r->engine->state.full) {
        if (rg_soll_state_add_event(&r->engine->state, r->mem, event_no) != RG_OK) {
            r->engine->fault = RG_RULES_LIMIT;
        }
        return;
    }
    if (r->def->severity != RG_DEFINITION_SILENT) {
        emit(r, RG_RULES_RAISED, severity_of(r), event_no, due_ms, step);
    }
}

void rg_soll__violate_by(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
}

void rg_soll__heal(const struct rg_soll_rule *r, int64_t event_no, struct rg_rules_text step)
{
    if (r->def->severity != RG_DEFINITION_SILENT) {
        emit(r, RG_RULES_HEALED, severity_of(r), event_no, RG_RULES_NEVER, step);
    }
}

void rg_soll__waits(const struct rg_soll_rule *r, int64_t since_ms, struct rg_rules_text step)
{
    if (r->def->severity != RG_DEFINITION_SILENT) {
        const uint32_t state = since_ms == RG_RULES_NEVER ? RG_RULES_HEALED : RG_RULES_RAISED;
        emit(r, state, severity_of(r), RG_RULES_WHOLE_CASE, since_ms, step);
    }
}

/* A list is at its limit. Conformance stops, since its answer would be wrong; live goes on without
 * this one and says so once. */
static void over_budget(const struct rg_soll_rule *r, rg_err e)
{
    if (e == RG_ERR_NOMEM || r->engine->state.full) {
        r->engine->fault = RG_RULES_LIMIT;
    } else if ((r->mem->flags & RG_SOLL_RULE_OVER) == 0) {
        r->mem->flags |= RG_SOLL_RULE_OVER;
        emit(r, RG_RULES_RAISED, RG_RULES_SYSTEM, RG_RULES_WHOLE_CASE, RG_RULES_NEVER,
             rg_soll__text(r->def->activities.count == 0 ? "" : r->def->activities.items[0]));
    }
}

void rg_soll__open(const struct rg_soll_rule *r, const struct rg_soll_event *ev, int64_t time_ms,
                   struct rg_rules_text key)
{
    struct rg_soll_state_open open = {.event_no = ev->no, .time_ms = time_ms};
    for (size_t i = 0; i < r->def->activities.count; i++) {
        if (rg_definition_is(r->def->activities.items[i], rg_soll__bytes(ev->entry->step))) {
            open.tag = (uint8_t)i;
            break;
        }
    }
    open.key_len = (uint8_t)(key.len < RG_FIELD_VALUE_MAX ? key.len : RG_FIELD_VALUE_MAX);
    if (open.key_len > 0) {
        memcpy(open.key, key.data, open.key_len);
    }
    const rg_err e = rg_soll_state_add_open(&r->engine->state, r->mem, &open);
    if (e != RG_OK) {
        over_budget(r, e);
    }
}

void rg_soll__drop(const struct rg_soll_rule *r, size_t i)
{
    r->mem->open[i].event_no = RG_SOLL_STATE_DROPPED;
}

void rg_soll__compact(const struct rg_soll_rule *r)
{
    rg_soll_state_compact_open(&r->engine->state, r->mem);
}

void rg_soll__note(const struct rg_soll_rule *r, uint8_t mask, struct rg_rules_text text)
{
    const rg_err e = rg_soll_state_add_name(&r->engine->state, r->mem, mask, rg_soll__bytes(text));
    if (e != RG_OK) {
        over_budget(r, e);
    }
}

void rg_soll__forget(const struct rg_soll_rule *r)
{
    rg_soll_state_cut_names(&r->engine->state, r->mem);
}

void rg_soll__end_violation(const struct rg_soll_rule *r, int64_t event_no)
{
    struct rg_soll_engine *g = r->engine;
    if (g->end_count == g->end_cap) {
        const size_t bigger = g->end_cap == 0 ? 64 : g->end_cap * 2;
        int64_t *p = realloc(g->ends, bigger * sizeof(*p));
        if (p == NULL) {
            g->fault = RG_RULES_LIMIT;
            return;
        }
        g->ends = p;
        g->end_cap = bigger;
    }
    size_t at = g->end_count++;
    while (at > 0 && g->ends[at - 1] > event_no) {
        g->ends[at] = g->ends[at - 1];
        at--;
    }
    g->ends[at] = event_no;
}

void rg_soll__unanswered(const struct rg_soll_rule *r, struct rg_soll_end *end, int64_t event_no)
{
    if (r->engine->state.full) {
        rg_soll__end_violation(r, event_no);
    } else {
        end->pending++;
    }
}
