/* Templates where something must have come before: precedence, precedence_any, chain_precedence. */
#include "rules/soll_rule.h"

#define SEEN_A 1U /* ever; for chain_precedence: as the event before */

static void judge(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) == 0) {
        return;
    }
    r->mem->activations++;
    if ((r->mem->flags & SEEN_A) == 0) {
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

static void ever_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    judge(r, ev);
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        r->mem->flags |= SEEN_A;
    }
}

const struct rg_soll_template rg_soll_precede_ever = {.entry = ever_entry};

static void next_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    judge(r, ev);
    r->mem->flags = (ev->sides & RG_SOLL_RULE_A) != 0 ? SEEN_A : 0;
}

const struct rg_soll_template rg_soll_precede_next = {.entry = next_entry};
