/* Templates where one thing rules out another: not_succession, not_chain_succession,
 * not_coexistence, and the relations of DCR graphs: exclude (with include) and milestone. */
#include "rules/soll_rule.h"

static void after_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0 && (rg_soll__seen(r, ev) & RG_DEFINITION_A) != 0) {
        rg_soll__violate_by(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->activations++;
        rg_soll__see(r, ev, RG_DEFINITION_A);
    }
}

const struct rg_soll_template rg_soll_exclude_after = {.entry = after_entry};

static void next_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0 && (rg_soll__seen(r, ev) & RG_DEFINITION_A) != 0) {
        rg_soll__violate_by(r, ev);
    }
    r->mem->flags &= RG_SOLL_RULE_OVER;
    rg_soll__forget(r);
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->activations++;
        rg_soll__see(r, ev, RG_DEFINITION_A);
    }
}

const struct rg_soll_template rg_soll_exclude_next = {.entry = next_entry};

static void both_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    const unsigned both = RG_DEFINITION_A | RG_DEFINITION_B;
    if ((ev->sides & both) == 0) {
        return;
    }
    /* Without `same` one violation a case, with it one a value. */
    const bool before = (rg_soll__seen(r, ev) & both) == both;
    r->mem->activations = 1;
    rg_soll__see(r, ev, ev->sides & both);
    if (!before && (rg_soll__seen(r, ev) & both) == both) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_exclude_both = {.entry = both_entry};

/* flags: A while the B are excluded. */
static void while_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0 && (r->mem->flags & RG_DEFINITION_A) != 0) {
        rg_soll__violate_by(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->activations++;
        r->mem->flags |= RG_DEFINITION_A;
    }
    if ((ev->sides & RG_DEFINITION_RESET) != 0) {
        r->mem->flags &= RG_SOLL_RULE_OVER;
    }
}

const struct rg_soll_template rg_soll_exclude_while = {.phase = RG_SOLL_AFTER,
                                                       .entry = while_entry};

static void pending_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) == 0) {
        return;
    }
    r->mem->activations++;
    if (rg_soll__awaited(r)) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_exclude_pending = {.phase = RG_SOLL_BEFORE,
                                                         .entry = pending_entry};
