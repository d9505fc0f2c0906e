/* Templates where something must follow: response, response_any, their timed forms, chain_response,
 * alternate_response, responded_existence.
 * number: open activations (response, existence), or 1 + the event that waits (chain, alternate).
 */
#include "rules/soll_rule.h"

#define SEEN_B 1U

static bool number_duty(const struct rg_soll_rule *r)
{
    return r->mem->number > 0;
}

/* All that is still open stays unanswered. */
static void open_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        rg_soll__end_violation(r, r->mem->open[i].event_no);
    }
    /* Live keeps their number only. */
    if (r->mem->number > r->mem->open_count) {
        end->unlisted = r->mem->number - r->mem->open_count;
    }
}

static void activate(const struct rg_soll_rule *r, const struct rg_soll_event *ev, bool listed)
{
    r->mem->activations++;
    r->mem->number++;
    if (listed || rg_soll__full(r)) {
        rg_soll__open(r, ev);
    }
}

static void answer_all(const struct rg_soll_rule *r)
{
    r->mem->number = 0;
    rg_soll__close(r, 0);
}

static void later_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) != 0) {
        answer_all(r);
    }
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        activate(r, ev, false);
    }
}

const struct rg_soll_template rg_soll_respond_later = {
    .entry = later_entry, .finish = open_finish, .duty = number_duty};

static void within_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    const struct rg_soll_state_rule *m = r->mem;
    if ((ev->sides & RG_SOLL_RULE_B) != 0) {
        for (size_t i = 0; i < m->open_count; i++) {
            const int64_t due = m->open[i].time_ms + r->def->limit_ms;
            if (ev->time_ms > due) {
                rg_soll__violate(r, m->open[i].event_no, due, rg_soll__first(r));
            }
        }
        answer_all(r);
    }
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        activate(r, ev, true);
    }
}

/* What is overdue is violated for good and no longer followed. */
static void within_sweep(const struct rg_soll_rule *r, int64_t now_ms)
{
    struct rg_soll_state_rule *m = r->mem;
    size_t keep = 0;
    for (size_t i = 0; i < m->open_count; i++) {
        const int64_t due = m->open[i].time_ms + r->def->limit_ms;
        if (now_ms > due) {
            rg_soll__violate(r, m->open[i].event_no, due, rg_soll__first(r));
            m->number -= m->number > 0 ? 1 : 0;
        } else {
            m->open[keep++] = m->open[i];
        }
    }
    rg_soll__close(r, keep);
}

static int64_t within_due(const struct rg_soll_rule *r)
{
    int64_t due = RG_RULES_NEVER;
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const int64_t d = r->mem->open[i].time_ms + r->def->limit_ms;
        due = d < due ? d : due;
    }
    return due;
}

static void within_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        if (end->as_of_ms > r->mem->open[i].time_ms + r->def->limit_ms) {
            rg_soll__end_violation(r, r->mem->open[i].event_no);
        } else {
            end->pending++;
        }
    }
}

const struct rg_soll_template rg_soll_respond_within = {.entry = within_entry,
                                                        .sweep = within_sweep,
                                                        .due = within_due,
                                                        .finish = within_finish,
                                                        .duty = number_duty};

static void waiting_violated(const struct rg_soll_rule *r)
{
    rg_soll__violate(r, (int64_t)r->mem->number - 1, RG_RULES_NEVER, rg_soll__first(r));
}

static void waiting_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    (void)end;
    if (r->mem->number > 0) {
        rg_soll__end_violation(r, (int64_t)r->mem->number - 1);
    }
}

static void next_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if (r->mem->number > 0 && (ev->sides & RG_SOLL_RULE_B) == 0) {
        waiting_violated(r);
    }
    r->mem->number = 0;
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        r->mem->activations++;
        r->mem->number = (uint64_t)ev->no + 1;
    }
}

const struct rg_soll_template rg_soll_respond_next = {
    .entry = next_entry, .finish = waiting_finish, .duty = number_duty};

static void alternate_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) != 0) {
        r->mem->number = 0;
    }
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        if (r->mem->number > 0) {
            waiting_violated(r);
        }
        r->mem->activations++;
        r->mem->number = (uint64_t)ev->no + 1;
    }
}

const struct rg_soll_template rg_soll_respond_alternate = {
    .entry = alternate_entry, .finish = waiting_finish, .duty = number_duty};

static void ever_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_B) != 0) {
        r->mem->flags |= SEEN_B;
        answer_all(r);
    }
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        return;
    }
    if ((r->mem->flags & SEEN_B) != 0) {
        r->mem->activations++;
    } else {
        activate(r, ev, false);
    }
}

const struct rg_soll_template rg_soll_respond_ever = {
    .entry = ever_entry, .finish = open_finish, .duty = number_duty};
