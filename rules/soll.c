#include "rules/soll.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/definition.h"
#include "rules/soll_engine.h"

#define ENGINE_VERSION 4 /* of the judgement: a state of another one is not read */

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
    free(g->excluded);
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
    if (!rg_soll_define(g) || rg_soll_state_init(&g->state, g->def->rule_count) != RG_OK) {
        (void)snprintf(err, RG_RULES_ERROR_MAX, "out of memory");
        soll_close(g);
        return RG_RULES_LIMIT;
    }
    g->tag = rg_soll_tag(RG_SOLL_TAG + ENGINE_VERSION, definition, len);
    *instance = g;
    return RG_RULES_OK;
}

static void soll_about(void *instance, struct rg_rules_about *out)
{
    const struct rg_soll_engine *g = instance;
    out->process = rg_soll__text(g->def->process);
    out->version = g->def->version;
    out->rule_count = (uint32_t)g->def->rule_count;
}

/* One case. */

static int soll_begin(void *instance, const struct rg_rules_host *host, uint32_t flags)
{
    struct rg_soll_engine *g = instance;
    size_t len = 0;
    const uint8_t *data = host->state_get(host->ctx, &len);
    g->host = host;
    g->fault = RG_RULES_OK;
    rg_soll_state_reset(&g->state, (flags & RG_RULES_FULL) != 0, host->state_max);
    if (len == 0) {
        rg_soll_rule_mark_excluded(g);
        return RG_RULES_OK;
    }
    const rg_err e = rg_soll_state_read(&g->state, g->tag, (struct rg_bytes){data, len});
    rg_soll_rule_mark_excluded(g);
    return e == RG_OK ? RG_RULES_OK : e == RG_ERR_NOMEM ? RG_RULES_LIMIT : RG_RULES_BAD_STATE;
}

/* In live cases deadlines before now have passed. Conformance judges them from the answers and the
 * end of the trace alone. */
static void sweep(struct rg_soll_engine *g)
{
    for (size_t i = 0; i < g->state.rule_count && !g->state.full; i++) {
        const struct rg_soll_rule r = rg_soll_rule_at(g, i);
        const struct rg_soll_template *t = rg_soll_define_machine(r.def->template);
        if (t->sweep != NULL && rg_soll_rule_applies(g, i)) {
            t->sweep(&r, g->state.now_ms);
        }
    }
}

static void advance(struct rg_soll_engine *g, int64_t time_ms)
{
    if (time_ms > g->state.now_ms) {
        g->state.now_ms = time_ms;
        sweep(g);
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
    const bool judged = (entry->flags & RG_RULES_VOID) == 0;
    if (judged || ledger) {
        advance(g, t);
    }
    struct rg_soll_event ev = {.no = g->state.event_count, .time_ms = t, .entry = entry};
    const size_t symbol = rg_soll_define_symbol(g, entry->step.data, entry->step.len);
    if (judged) {
        rg_soll_rule_find_site(g, entry);
    }
    for (size_t n = 0; judged && n < g->state.rule_count && g->fault == RG_RULES_OK; n++) {
        if (!rg_soll_rule_applies(g, g->order[n])) {
            continue;
        }
        const struct rg_soll_rule r = rg_soll_rule_at(g, g->order[n]);
        ev.sides = rg_soll_define_sides(g, g->order[n], symbol, entry);
        rg_soll_define_machine(r.def->template)->entry(&r, &ev);
    }
    g->state.event_count++;
    if (g->excluders > 0) {
        rg_soll_rule_mark_excluded(g);
        sweep(g); /* what is back may be overdue */
    }
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
    const struct rg_soll_template *t = rg_soll_define_machine(r->def->template);
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

static bool is_excluded(const struct rg_soll_engine *g, const char *step)
{
    return g->excluders > 0 && g->excluded[rg_soll_define_symbol(g, step, strlen(step))] != 0;
}

/* Whether rule @i still wants something, unless its soft limit says so already. */
static bool has_duty(struct rg_soll_engine *g, size_t i)
{
    const struct rg_soll_rule r = rg_soll_rule_at(g, i);
    const struct rg_soll_template *t = rg_soll_define_machine(r.def->template);
    const bool wanted = t->duty != NULL && rg_soll_rule_applies(g, i) && t->duty(&r) &&
                        r.def->severity != RG_DEFINITION_SILENT;
    if (!wanted || !r.def->hard) {
        return wanted;
    }
    const struct rg_soll_rule soft = rg_soll_rule_at(g, i - 1);
    return !t->duty(&soft);
}

static int soll_next(void *instance, const struct rg_rules_host *host)
{
    struct rg_soll_engine *g = instance;
    g->host = host;
    for (size_t i = 0; i < g->state.rule_count; i++) {
        const struct rg_soll_rule r = rg_soll_rule_at(g, i);
        if (!has_duty(g, i)) {
            continue;
        }
        const size_t count = r.def->activities.count;
        for (size_t k = r.def->a_count < count ? r.def->a_count : 0; k < count; k++) {
            const char *step = r.def->activities.items[k];
            if (is_excluded(g, step)) {
                continue;
            }
            const struct rg_rules_duty duty = {.rule = r.index,
                                               .id = rg_soll__text(r.def->id),
                                               .step = rg_soll__text(step),
                                               .agencies = agencies_of(g, step),
                                               .due_ms = due_of(&r)};
            host->duty(host->ctx, &duty);
        }
    }
    return g->fault;
}

/* The deadline of a live case; of one at its end, since when it is pending. */
static int64_t verdict_due(const struct rg_soll_rule *r, const struct rg_soll_end *end)
{
    const struct rg_soll_template *t = rg_soll_define_machine(r->def->template);
    if (!r->engine->state.full) {
        return due_of(r);
    }
    return t->since != NULL && end->pending > 0 ? t->since(r) : RG_RULES_NEVER;
}

static void give_verdict(struct rg_soll_engine *g, const struct rg_soll_rule *r, int64_t as_of_ms)
{
    const struct rg_soll_template *t = rg_soll_define_machine(r->def->template);
    struct rg_soll_end end = {.as_of_ms = as_of_ms};
    g->end_count = 0;
    for (size_t i = 0; i < r->mem->event_count && g->fault == RG_RULES_OK; i++) {
        rg_soll__end_violation(r, r->mem->events[i]);
    }
    const size_t listed = g->end_count;
    if (t->finish != NULL) {
        t->finish(r, &end);
    }
    const uint64_t violations = r->mem->violations + (g->end_count - listed);
    const bool kept = violations == 0 && end.pending == 0 && r->mem->activations > 0;
    const bool live = !g->state.full;
    const struct rg_rules_verdict v = {.rule = r->index,
                                       .id = rg_soll__text(r->def->id),
                                       .judgement = violations > 0            ? RG_RULES_VIOLATED
                                                    : end.pending > 0         ? RG_RULES_PENDING
                                                    : r->mem->activations > 0 ? RG_RULES_SATISFIED
                                                                              : RG_RULES_VACUOUS,
                                       .settled =
                                           live && kept && t->settled != NULL && t->settled(r),
                                       .due_ms = verdict_due(r, &end),
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
        const struct rg_soll_rule r = rg_soll_rule_at(g, i);
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
        const struct rg_soll_rule r = rg_soll_rule_at(g, i);
        const int64_t d = due_of(&r);
        due = d < due ? d : due;
    }
    host->timer_set(host->ctx, due);
    return RG_RULES_OK;
}

uint64_t rg_soll_tag(uint64_t tag, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        tag = (tag ^ data[i]) * UINT64_C(1099511628211);
    }
    return tag;
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
