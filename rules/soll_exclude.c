/* Templates where one thing rules out another: not_succession, not_coexistence. */
#include "rules/soll_rule.h"

#define SEEN_A 1U
#define SEEN_B 2U
#define DONE 4U

static void after_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) != 0 && (r->mem->flags & SEEN_A) != 0) {
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        r->mem->activations++;
        r->mem->flags |= SEEN_A;
    }
}

const struct rg_soll_template rg_soll_exclude_after = {.entry = after_entry};

static void both_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if (ev->sides == 0) {
        return;
    }
    r->mem->activations = 1;
    r->mem->flags |= (uint8_t)((ev->sides & RG_SOLL_RULE_A) != 0 ? SEEN_A : 0);
    r->mem->flags |= (uint8_t)((ev->sides & RG_SOLL_RULE_B) != 0 ? SEEN_B : 0);
    if (r->mem->flags == (SEEN_A | SEEN_B)) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_exclude_both = {.entry = both_entry};
