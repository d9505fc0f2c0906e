/* Templates about the time between events: max_delay, min_delay, case_duration.
 * time: of the latest A, or of the first event. */
#include "rules/soll_rule.h"

#define SEEN 1U
#define DONE 2U

static void delay_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) != 0 && (r->mem->flags & SEEN) != 0) {
        const int64_t border = r->mem->time_ms + r->def->limit_ms;
        const bool at_most = r->def->template == RG_DEFINITION_MAX_DELAY;
        r->mem->activations++;
        if (at_most ? ev->time_ms > border : ev->time_ms < border) {
            rg_soll__violate(r, ev->no, at_most ? border : RG_RULES_NEVER, ev->entry->step);
        }
    }
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        r->mem->flags |= SEEN;
        r->mem->time_ms = ev->time_ms;
    }
}

const struct rg_soll_template rg_soll_time_delay = {.entry = delay_entry};

static void duration_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((r->mem->flags & SEEN) == 0) {
        r->mem->flags |= SEEN;
        r->mem->time_ms = ev->time_ms;
        r->mem->activations = 1;
    }
    const int64_t due = r->mem->time_ms + r->def->limit_ms;
    if (ev->time_ms > due && (r->mem->flags & DONE) == 0) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, RG_RULES_WHOLE_CASE, due, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_time_duration = {.entry = duration_entry};
