/* Templates that count. number: occurrences of A.
 *
 * init; a range of occurrences (exactly, absence, existence, at_most, between, choice); a counter
 * with reset and window, whose open entries are the occurrences inside the window; cases that wait.
 */
#include "rules/soll_rule.h"

#define DONE 1U

static void init_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if (r->mem->activations > 0) {
        return;
    }
    r->mem->activations = 1;
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        rg_soll__violate_by(r, ev);
    }
}

static bool init_duty(const struct rg_soll_rule *r)
{
    return r->mem->activations == 0;
}

/* There is only one first event. */
static bool init_settled(const struct rg_soll_rule *r)
{
    return r->mem->activations > 0;
}

const struct rg_soll_template rg_soll_count_init = {
    .entry = init_entry, .duty = init_duty, .settled = init_settled};

/* Whether there is too little of it, that could still come. */
static bool range_duty(const struct rg_soll_rule *r)
{
    return r->mem->number < r->def->min && (r->mem->flags & DONE) == 0 &&
           !rg_soll__excluded(r, RG_DEFINITION_A);
}

static void range_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    r->mem->activations = 1;
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->number++;
        if (r->mem->number > r->def->max) {
            rg_soll__violate_by(r, ev);
        }
    }
    if ((ev->sides & RG_DEFINITION_END) != 0 && range_duty(r)) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, RG_RULES_WHOLE_CASE, RG_RULES_NEVER, ev->entry->step);
    }
}

static void range_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    if (r->mem->activations > 0 && range_duty(r)) {
        rg_soll__unanswered(r, end, RG_RULES_WHOLE_CASE);
    }
}

/* Enough of it is there, and there cannot be too much. */
static bool range_settled(const struct rg_soll_rule *r)
{
    return r->def->max == UINT32_MAX && r->mem->number >= r->def->min;
}

const struct rg_soll_template rg_soll_count_range = {
    .entry = range_entry, .finish = range_finish, .duty = range_duty, .settled = range_settled};

/* How many there are with @ev, of which the window keeps no more than the limit needs. */
static uint64_t count_in_window(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_rule *m = r->mem;
    const int64_t from = ev->time_ms - r->def->window_ms;
    for (size_t i = 0; i < m->open_count; i++) {
        if (m->open[i].time_ms < from || m->open_count - i >= r->def->n) {
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
    rg_soll__open(r, ev, ev->time_ms, rg_soll__text(""));
    return m->open_count;
}

static void counter_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_rule *m = r->mem;
    if ((ev->sides & RG_DEFINITION_RESET) != 0) {
        m->number = 0;
        for (size_t i = 0; i < m->open_count; i++) {
            rg_soll__drop(r, i);
        }
        rg_soll__compact(r);
    }
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        return;
    }
    m->activations++;
    m->number++;
    const uint64_t count = r->def->window_ms > 0 ? count_in_window(r, ev) : m->number;
    if (count >= r->def->n) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_count_counter = {.entry = counter_entry};

/* flags: the case waits, from an A to a B; and that was told. time: of the first A since the last
 * B. Breaks nothing itself: who is told, or asks, counts the cases. */
#define TOLD RG_DEFINITION_B

static bool backlog_duty(const struct rg_soll_rule *r)
{
    return (r->mem->flags & RG_DEFINITION_A) != 0 && !rg_soll__excluded(r, RG_DEFINITION_B);
}

/* Live: the case begins to wait, or ceases to. */
static void tell(const struct rg_soll_rule *r, struct rg_rules_text step)
{
    const bool told = (r->mem->flags & TOLD) != 0;
    const bool waits = backlog_duty(r);
    if (waits != told && !rg_soll__full(r)) {
        rg_soll__waits(r, waits ? r->mem->time_ms : RG_RULES_NEVER, step);
        r->mem->flags ^= TOLD;
    }
}

/* What excludes the B, or brings them back, comes with other steps. */
static void backlog_sweep(const struct rg_soll_rule *r, int64_t now_ms)
{
    (void)now_ms;
    tell(r, rg_soll__text(""));
}

static void backlog_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        r->mem->flags &= (uint8_t)~RG_DEFINITION_A;
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->activations++;
        r->mem->time_ms = (r->mem->flags & RG_DEFINITION_A) != 0 ? r->mem->time_ms : ev->time_ms;
        r->mem->flags |= RG_DEFINITION_A;
    }
    tell(r, ev->entry->step);
}

static void backlog_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    end->pending += backlog_duty(r) ? 1 : 0;
}

static int64_t backlog_since(const struct rg_soll_rule *r)
{
    return r->mem->time_ms;
}

const struct rg_soll_template rg_soll_count_backlog = {.since = backlog_since,
                                                       .entry = backlog_entry,
                                                       .sweep = backlog_sweep,
                                                       .finish = backlog_finish,
                                                       .duty = backlog_duty};
