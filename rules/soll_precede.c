/* Templates where something must have come before: precedence, precedence_any,
 * alternate_precedence, chain_precedence. What is seen: A, of chain_precedence as the event before.
 * open: violations that a later A heals. */
#include "rules/soll_rule.h"

static void judge(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) == 0) {
        return;
    }
    r->mem->activations++;
    if ((rg_soll__seen(r, ev) & RG_DEFINITION_A) != 0 || rg_soll__excluded(r, RG_DEFINITION_A)) {
        return;
    }
    rg_soll__violate_by(r, ev);
    if (r->def->heal && !rg_soll__full(r)) {
        rg_soll__open(r, ev, ev->time_ms, rg_soll__key(r, ev));
    }
}

static void heal(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        if (rg_soll__matches(r, o, ev)) {
            rg_soll__heal(r, o->event_no, rg_soll__step(r, o));
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
}

static void ever_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    judge(r, ev);
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        rg_soll__see(r, ev, RG_DEFINITION_A);
        heal(r, ev);
    }
}

/* The A is there for every B to come. */
static bool ever_settled(const struct rg_soll_rule *r)
{
    return r->def->same == NULL && (r->mem->flags & RG_DEFINITION_A) != 0;
}

const struct rg_soll_template rg_soll_precede_ever = {.entry = ever_entry, .settled = ever_settled};

static void alternate_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    judge(r, ev);
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        rg_soll__unsee(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        rg_soll__see(r, ev, RG_DEFINITION_A);
    }
}

const struct rg_soll_template rg_soll_precede_alternate = {.entry = alternate_entry};

static void next_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    judge(r, ev);
    r->mem->flags &= RG_SOLL_RULE_OVER;
    rg_soll__forget(r);
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        rg_soll__see(r, ev, RG_DEFINITION_A);
    }
}

const struct rg_soll_template rg_soll_precede_next = {.entry = next_entry};
