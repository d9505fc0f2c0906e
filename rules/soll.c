#include "rules/soll.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "rules/definition.h"
#include "rules/soll_rule.h"

#define ENGINE_VERSION 1 /* of the judgement: a state of another one is not read */

struct rg_soll_engine {
    struct rg_definition *def;
    uint64_t tag;
    const char **symbols; /* every activity that a rule names, sorted */
    size_t symbol_count;
    uint8_t *sides; /* a row of symbol_count a rule */
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

static const struct rg_soll_template *const templates[RG_DEFINITION_TEMPLATES] = {
    [RG_DEFINITION_INIT] = &rg_soll_count_init,
    [RG_DEFINITION_EXACTLY] = &rg_soll_count_exactly,
    [RG_DEFINITION_ABSENCE] = &rg_soll_count_absence,
    [RG_DEFINITION_RESPONSE] = &rg_soll_respond_later,
    [RG_DEFINITION_RESPONSE_WITHIN] = &rg_soll_respond_within,
    [RG_DEFINITION_RESPONSE_ANY] = &rg_soll_respond_later,
    [RG_DEFINITION_RESPONSE_ANY_WITHIN] = &rg_soll_respond_within,
    [RG_DEFINITION_ALTERNATE_RESPONSE] = &rg_soll_respond_alternate,
    [RG_DEFINITION_CHAIN_RESPONSE] = &rg_soll_respond_next,
    [RG_DEFINITION_RESPONDED_EXISTENCE] = &rg_soll_respond_ever,
    [RG_DEFINITION_PRECEDENCE] = &rg_soll_precede_ever,
    [RG_DEFINITION_PRECEDENCE_ANY] = &rg_soll_precede_ever,
    [RG_DEFINITION_CHAIN_PRECEDENCE] = &rg_soll_precede_next,
    [RG_DEFINITION_NOT_SUCCESSION] = &rg_soll_exclude_after,
    [RG_DEFINITION_NOT_COEXISTENCE] = &rg_soll_exclude_both,
    [RG_DEFINITION_MAX_DELAY] = &rg_soll_time_delay,
    [RG_DEFINITION_MIN_DELAY] = &rg_soll_time_delay,
    [RG_DEFINITION_CASE_DURATION] = &rg_soll_time_duration,
    [RG_DEFINITION_ROLE] = &rg_soll_actor_role,
    [RG_DEFINITION_SINGLE_GROUP] = &rg_soll_actor_group,
    [RG_DEFINITION_FOUR_EYES] = &rg_soll_actor_eyes,
    [RG_DEFINITION_NO_AFTER_VALUE] = &rg_soll_actor_value,
};

static struct rg_rules_text text_of(const char *s)
{
    return (struct rg_rules_text){s, strlen(s)};
}

/* What templates may call. */

bool rg_soll__full(const struct rg_soll_rule *r)
{
    return r->engine->state.full;
}

int64_t rg_soll__events(const struct rg_soll_rule *r)
{
    return r->engine->state.event_count;
}

struct rg_rules_text rg_soll__first(const struct rg_soll_rule *r)
{
    return text_of(r->def->activities.count == 0 ? "" : r->def->activities.items[0]);
}

struct rg_rules_text rg_soll__field(const struct rg_rules_entry *entry, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < entry->field_count; i++) {
        const struct rg_rules_field *f = &entry->fields[i];
        if (f->name.len == len && memcmp(f->name.data, name, len) == 0) {
            return f->value;
        }
    }
    return text_of("");
}

static void emit(const struct rg_soll_rule *r, uint32_t severity, int64_t event_no, int64_t due_ms,
                 struct rg_rules_text step)
{
    const struct rg_rules_alert alert = {.rule = r->index,
                                         .id = text_of(r->def->id),
                                         .severity = severity,
                                         .event_no = event_no,
                                         .due_ms = due_ms,
                                         .step = step};
    r->engine->host->emit(r->engine->host->ctx, &alert);
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
    emit(r, r->def->severity == RG_DEFINITION_CRITICAL ? RG_RULES_CRITICAL : RG_RULES_WARNING,
         event_no, due_ms, step);
}

/* A list is at its limit. Conformance stops, since its answer would be wrong; live goes on without
 * this one and says so once. */
static void over_budget(const struct rg_soll_rule *r, rg_err e)
{
    if (e == RG_ERR_NOMEM || r->engine->state.full) {
        r->engine->fault = RG_RULES_LIMIT;
    } else if ((r->mem->flags & RG_SOLL_RULE_OVER) == 0) {
        r->mem->flags |= RG_SOLL_RULE_OVER;
        emit(r, RG_RULES_SYSTEM, RG_RULES_WHOLE_CASE, RG_RULES_NEVER, rg_soll__first(r));
    }
}

void rg_soll__open(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    const struct rg_soll_state_open open = {ev->no, ev->time_ms};
    const rg_err e = rg_soll_state_add_open(&r->engine->state, r->mem, open);
    if (e != RG_OK) {
        over_budget(r, e);
    }
}

void rg_soll__close(const struct rg_soll_rule *r, size_t keep)
{
    rg_soll_state_cut_open(&r->engine->state, r->mem, keep);
}

void rg_soll__note(const struct rg_soll_rule *r, uint8_t mask, struct rg_rules_text text)
{
    const struct rg_bytes bytes = {(const uint8_t *)text.data, text.len};
    const rg_err e = rg_soll_state_add_name(&r->engine->state, r->mem, mask, bytes);
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
    g->ends[g->end_count++] = event_no;
}

/* The definition. */

/* The order of strcmp, for a name that is not NUL-terminated and may hold any byte. */
static int compare_symbol(const char *symbol, const char *name, size_t len)
{
    const size_t own = strlen(symbol);
    const int c = memcmp(symbol, name, own < len ? own : len);
    return c != 0 ? c : own < len ? -1 : own > len ? 1 : 0;
}

static size_t find_symbol(const struct rg_soll_engine *g, const char *name, size_t len)
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
    return SIZE_MAX;
}

/* Insert a name into the sorted table unless it is there. No qsort: glibc's asks the system for its
 * memory, which the host's jail forbids. */
static void add_symbol(struct rg_soll_engine *g, const char *name)
{
    size_t at = g->symbol_count;
    if (find_symbol(g, name, strlen(name)) != SIZE_MAX) {
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
        total += def->rules[i].activities.count;
    }
    g->symbols = calloc(total + 1, sizeof(*g->symbols));
    if (g->symbols == NULL) {
        return false;
    }
    for (size_t i = 0; i < def->rule_count; i++) {
        for (size_t k = 0; k < def->rules[i].activities.count; k++) {
            add_symbol(g, def->rules[i].activities.items[k]);
        }
    }
    g->sides = calloc(def->rule_count * g->symbol_count + 1, 1);
    if (g->sides == NULL) {
        return false;
    }
    for (size_t i = 0; i < def->rule_count; i++) {
        const struct rg_definition_rule *r = &def->rules[i];
        for (size_t k = 0; k < r->activities.count; k++) {
            const char *name = r->activities.items[k];
            g->sides[i * g->symbol_count + find_symbol(g, name, strlen(name))] |=
                k < r->a_count ? RG_SOLL_RULE_A : RG_SOLL_RULE_B;
        }
    }
    return true;
}

static void soll_close(void *instance)
{
    struct rg_soll_engine *g = instance;
    if (g == NULL) {
        return;
    }
    rg_soll_state_free(&g->state);
    rg_definition_destroy(&g->def);
    free(g->symbols);
    free(g->sides);
    free(g->blob);
    free(g->ends);
    free(g);
}

static int soll_open(const uint8_t *definition, size_t len, void **instance, char *err)
{
    struct rg_soll_engine *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "out of memory");
        return RG_RULES_LIMIT;
    }
    const struct rg_bytes bytes = {definition, len};
    if (rg_definition_parse("definition", bytes, &g->def, err) != RG_OK) {
        soll_close(g);
        return RG_RULES_BAD_DEFINITION;
    }
    if (!make_symbols(g) || rg_soll_state_init(&g->state, g->def->rule_count) != RG_OK) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "out of memory");
        soll_close(g);
        return RG_RULES_LIMIT;
    }
    /* FNV-1a: tells definitions apart, protects nothing. */
    g->tag = UINT64_C(14695981039346656037) + ENGINE_VERSION;
    for (size_t i = 0; i < len; i++) {
        g->tag = (g->tag ^ definition[i]) * UINT64_C(1099511628211);
    }
    *instance = g;
    return RG_RULES_OK;
}

static void soll_about(void *instance, struct rg_rules_about *out)
{
    const struct rg_soll_engine *g = instance;
    out->process = text_of(g->def->process);
    out->version = g->def->version;
    out->rule_count = (uint32_t)g->def->rule_count;
}

/* One case. */

static struct rg_soll_rule rule_at(struct rg_soll_engine *g, size_t i)
{
    return (struct rg_soll_rule){
        .engine = g, .index = (uint32_t)i, .def = &g->def->rules[i], .mem = &g->state.rules[i]};
}

static int soll_begin(void *instance, const struct rg_rules_host *host, uint32_t flags)
{
    struct rg_soll_engine *g = instance;
    size_t len = 0;
    const uint8_t *data = host->state_get(host->ctx, &len);
    g->host = host;
    g->fault = RG_RULES_OK;
    rg_soll_state_reset(&g->state, (flags & RG_RULES_FULL) != 0, host->state_max);
    if (len == 0) {
        return RG_RULES_OK;
    }
    const rg_err e = rg_soll_state_read(&g->state, g->tag, (struct rg_bytes){data, len});
    return e == RG_OK ? RG_RULES_OK : e == RG_ERR_NOMEM ? RG_RULES_LIMIT : RG_RULES_BAD_STATE;
}

/* The clock went on: in live cases deadlines before now have passed. Conformance judges them from
 * the answers and the end of the trace alone. */
static void advance(struct rg_soll_engine *g, int64_t time_ms)
{
    if (time_ms <= g->state.now_ms) {
        return;
    }
    g->state.now_ms = time_ms;
    for (size_t i = 0; i < g->state.rule_count && !g->state.full; i++) {
        const struct rg_soll_rule r = rule_at(g, i);
        if (templates[r.def->template]->sweep != NULL) {
            templates[r.def->template]->sweep(&r, time_ms);
        }
    }
}

static int soll_entry(void *instance, const struct rg_rules_host *host,
                      const struct rg_rules_entry *entry)
{
    struct rg_soll_engine *g = instance;
    const bool ledger = g->def->clock == RG_DEFINITION_LEDGER;
    int64_t t = ledger ? entry->time_ms : entry->occurred_ms;
    g->host = host;
    if (t < 0 || t > RG_SOLL_STATE_TIME_MAX || g->state.event_count >= RG_SOLL_STATE_EVENTS_MAX) {
        g->fault = RG_RULES_LIMIT;
        return g->fault;
    }
    t = ledger && t < g->state.now_ms ? g->state.now_ms : t;
    advance(g, t);
    struct rg_soll_event ev = {.no = g->state.event_count, .time_ms = t, .entry = entry};
    const size_t symbol = find_symbol(g, entry->step.data, entry->step.len);
    for (size_t i = 0; i < g->state.rule_count && g->fault == RG_RULES_OK; i++) {
        const struct rg_soll_rule r = rule_at(g, i);
        ev.sides = symbol == SIZE_MAX ? 0 : g->sides[i * g->symbol_count + symbol];
        templates[r.def->template]->entry(&r, &ev);
    }
    g->state.event_count++;
    return g->fault;
}

static int soll_tick(void *instance, const struct rg_rules_host *host, int64_t time_ms)
{
    struct rg_soll_engine *g = instance;
    g->host = host;
    if (g->def->clock == RG_DEFINITION_LEDGER && time_ms <= RG_SOLL_STATE_TIME_MAX) {
        advance(g, time_ms);
    }
    return g->fault;
}

static int64_t due_of(const struct rg_soll_rule *r)
{
    const struct rg_soll_template *t = templates[r->def->template];
    return t->due == NULL ? RG_RULES_NEVER : t->due(r);
}

/* Who may record a step, joined by commas. */
static struct rg_rules_text agencies_of(struct rg_soll_engine *g, const char *step)
{
    const struct rg_bytes id = {(const uint8_t *)step, strlen(step)};
    const struct rg_definition_step *s = rg_definition_find_step(g->def, id);
    size_t len = 0;
    g->agencies[0] = '\0';
    for (size_t i = 0; s != NULL && i < s->by.count; i++) {
        const int n = snprintf(g->agencies + len, sizeof(g->agencies) - len, "%s%s",
                               i == 0 ? "" : ",", s->by.items[i]);
        len += n > 0 ? (size_t)n : 0;
    }
    return (struct rg_rules_text){g->agencies, len};
}

static int soll_next(void *instance, const struct rg_rules_host *host)
{
    struct rg_soll_engine *g = instance;
    g->host = host;
    for (size_t i = 0; i < g->state.rule_count; i++) {
        const struct rg_soll_rule r = rule_at(g, i);
        const struct rg_soll_template *t = templates[r.def->template];
        if (t->duty == NULL || !t->duty(&r)) {
            continue;
        }
        const size_t count = r.def->activities.count;
        for (size_t k = r.def->a_count < count ? r.def->a_count : 0; k < count; k++) {
            const char *step = r.def->activities.items[k];
            const struct rg_rules_duty duty = {.rule = r.index,
                                               .id = text_of(r.def->id),
                                               .step = text_of(step),
                                               .agencies = agencies_of(g, step),
                                               .due_ms = due_of(&r)};
            host->duty(host->ctx, &duty);
        }
    }
    return g->fault;
}

static void give_verdict(struct rg_soll_engine *g, const struct rg_soll_rule *r, int64_t as_of_ms)
{
    const struct rg_soll_template *t = templates[r->def->template];
    struct rg_soll_end end = {.as_of_ms = as_of_ms};
    /* What is open at the end activated after all that is violated already, so the list ascends. */
    g->end_count = 0;
    for (size_t i = 0; i < r->mem->event_count && g->fault == RG_RULES_OK; i++) {
        rg_soll__end_violation(r, r->mem->events[i]);
    }
    const size_t listed = g->end_count;
    if (t->finish != NULL) {
        t->finish(r, &end);
    }
    const uint64_t violations = r->mem->violations + (g->end_count - listed) + end.unlisted;
    const struct rg_rules_verdict v = {.rule = r->index,
                                       .id = text_of(r->def->id),
                                       .judgement = violations > 0            ? RG_RULES_VIOLATED
                                                    : end.pending > 0         ? RG_RULES_PENDING
                                                    : r->mem->activations > 0 ? RG_RULES_SATISFIED
                                                                              : RG_RULES_VACUOUS,
                                       .activations = r->mem->activations,
                                       .pending = end.pending,
                                       .violation_count = violations,
                                       .events = g->ends,
                                       .event_count = g->end_count};
    if (g->fault == RG_RULES_OK) {
        g->host->verdict(g->host->ctx, &v);
    }
}

static int soll_finish(void *instance, const struct rg_rules_host *host, int64_t as_of_ms)
{
    struct rg_soll_engine *g = instance;
    g->host = host;
    if (g->def->clock == RG_DEFINITION_LEDGER && as_of_ms < g->state.now_ms) {
        as_of_ms = g->state.now_ms;
    }
    for (size_t i = 0; i < g->state.rule_count && g->fault == RG_RULES_OK; i++) {
        const struct rg_soll_rule r = rule_at(g, i);
        give_verdict(g, &r, as_of_ms);
    }
    return g->fault;
}

static int soll_end(void *instance, const struct rg_rules_host *host)
{
    struct rg_soll_engine *g = instance;
    g->host = host;
    if (g->blob_cap < host->state_max) {
        uint8_t *p = realloc(g->blob, host->state_max);
        if (p == NULL) {
            return RG_RULES_LIMIT;
        }
        g->blob = p;
        g->blob_cap = host->state_max;
    }
    struct rg_writer w = rg_bytes_writer(g->blob, host->state_max);
    rg_soll_state_write(&g->state, g->tag, &w);
    if (w.failed || host->state_put(host->ctx, g->blob, w.len) != 0) {
        return RG_RULES_LIMIT;
    }
    int64_t due = RG_RULES_NEVER;
    for (size_t i = 0; i < g->state.rule_count && g->def->clock == RG_DEFINITION_LEDGER; i++) {
        const struct rg_soll_rule r = rule_at(g, i);
        const int64_t d = due_of(&r);
        due = d < due ? d : due;
    }
    host->timer_set(host->ctx, due);
    return RG_RULES_OK;
}

const struct rg_rules_module *rg_soll_module(void)
{
    static const struct rg_rules_module module = {.abi = RG_RULES_ABI,
                                                  .name = "soll",
                                                  .open = soll_open,
                                                  .close = soll_close,
                                                  .about = soll_about,
                                                  .begin = soll_begin,
                                                  .entry = soll_entry,
                                                  .tick = soll_tick,
                                                  .next = soll_next,
                                                  .finish = soll_finish,
                                                  .end = soll_end};
    return &module;
}
