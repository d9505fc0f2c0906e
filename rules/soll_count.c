/* Templates that count: init, exactly, absence. number: occurrences of A. */
#include "rules/soll_rule.h"

static void init_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if (ev->no != 0) {
        return;
    }
    r->mem->activations = 1;
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        rg_soll__violate(r, 0, RG_RULES_NEVER, ev->entry->step);
    }
}

static bool init_duty(const struct rg_soll_rule *r)
{
    return rg_soll__events(r) == 0;
}

const struct rg_soll_template rg_soll_count_init = {.entry = init_entry, .duty = init_duty};

static void exactly_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    r->mem->activations = 1;
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        return;
    }
    r->mem->number++;
    if (r->mem->number > r->def->n) {
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

static void exactly_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    (void)end;
    if (r->mem->activations > 0 && r->mem->number < r->def->n) {
        rg_soll__end_violation(r, RG_RULES_WHOLE_CASE);
    }
}

static bool exactly_duty(const struct rg_soll_rule *r)
{
    return r->mem->number < r->def->n;
}

const struct rg_soll_template rg_soll_count_exactly = {
    .entry = exactly_entry, .finish = exactly_finish, .duty = exactly_duty};

static void absence_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    r->mem->activations = 1;
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        return;
    }
    r->mem->number++;
    if (r->mem->number >= r->def->n) {
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_count_absence = {.entry = absence_entry};
