/* Templates where something must follow: response, response_any, their timed forms, stall,
 * chain_response, alternate_response, responded_existence.
 *
 * open: activations that wait, with their deadline as time. A live case without deadlines and
 * without `same` keeps their number only. time: since when a stopped clock stands. */
#include "rules/soll_rule.h"

#define HELD 4U /* beside the sides that were seen */

/* Whether activations are kept one by one. */
static bool listed(const struct rg_soll_rule *r)
{
    return rg_soll__full(r) || r->def->same != NULL ||
           (r->def->template != RG_DEFINITION_RESPONSE &&
            r->def->template != RG_DEFINITION_RESPONSE_ANY &&
            r->def->template != RG_DEFINITION_RESPONDED_EXISTENCE);
}

static bool open_duty(const struct rg_soll_rule *r)
{
    return r->mem->number + r->mem->open_count > 0;
}

/* All that is still open stays unanswered. */
static void open_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    if (rg_soll__excluded(r, RG_DEFINITION_B)) {
        return;
    }
    end->pending += r->mem->number; /* of a live case only */
    for (size_t i = 0; i < r->mem->open_count; i++) {
        rg_soll__unanswered(r, end, r->mem->open[i].event_no);
    }
}

static void activate(const struct rg_soll_rule *r, const struct rg_soll_event *ev, int64_t due_ms)
{
    r->mem->activations++;
    if (listed(r)) {
        /* A rule about any step remembers which it was. */
        const bool any = r->def->activities.count == 0;
        rg_soll__open(r, ev, due_ms, any ? ev->entry->step : rg_soll__key(r, ev));
    } else {
        r->mem->number++;
    }
}

/* The activations that @ev answers wait no more. */
static void answer(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    r->mem->number = 0;
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        if (rg_soll__matches(r, o, ev)) {
            if ((o->tag & RG_SOLL_RULE_LATE) != 0) {
                rg_soll__heal(r, o->event_no, rg_soll__step(r, o));
            }
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
}

/* The activations that match @ev, or all, can be answered no more. */
static void fail(const struct rg_soll_rule *r, const struct rg_soll_event *match)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        if (match == NULL || rg_soll__matches(r, o, match)) {
            rg_soll__violate(r, o->event_no, RG_RULES_NEVER, rg_soll__step(r, o));
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
}

static void later_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        answer(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        activate(r, ev, 0);
    }
}

const struct rg_soll_template rg_soll_respond_later = {
    .entry = later_entry, .finish = open_finish, .duty = open_duty};

/* With deadlines. */

/* What the rule's clock shows at @now_ms. */
static int64_t clock_of(const struct rg_soll_rule *r, int64_t now_ms)
{
    return (r->mem->flags & HELD) != 0 && r->mem->time_ms < now_ms ? r->mem->time_ms : now_ms;
}

/* Violate what is overdue at @now_ms and matches (NULL: everything). It is no longer followed, or
 * only to be healed. */
static void overdue(const struct rg_soll_rule *r, int64_t now_ms, const struct rg_soll_event *match)
{
    struct rg_soll_state_rule *m = r->mem;
    const int64_t now = clock_of(r, now_ms);
    for (size_t i = 0; i < m->open_count; i++) {
        struct rg_soll_state_open *o = &m->open[i];
        if (now <= o->time_ms || (o->tag & RG_SOLL_RULE_LATE) != 0 ||
            (match != NULL && !rg_soll__matches(r, o, match))) {
            continue;
        }
        rg_soll__violate(r, o->event_no, o->time_ms, rg_soll__step(r, o));
        if (r->def->heal && !rg_soll__full(r)) {
            o->tag |= RG_SOLL_RULE_LATE;
        } else {
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
}

static void hold(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_rule *m = r->mem;
    if ((ev->sides & RG_DEFINITION_RESUME) != 0 && (m->flags & HELD) != 0) {
        const int64_t stood = ev->time_ms > m->time_ms ? ev->time_ms - m->time_ms : 0;
        for (size_t i = 0; i < m->open_count; i++) {
            const int64_t due = m->open[i].time_ms + stood;
            m->open[i].time_ms = due >= RG_SOLL_STATE_TIME_MAX ? RG_SOLL_STATE_TIME_MAX
                                 : r->def->calendar != NULL
                                     ? rg_calendar_round(r->def->calendar, due)
                                     : due;
        }
        m->flags &= (uint8_t)~HELD;
        m->time_ms = 0;
    }
    if ((ev->sides & RG_DEFINITION_HOLD) != 0 && (m->flags & HELD) == 0) {
        m->flags |= HELD;
        m->time_ms = ev->time_ms;
    }
}

static void extend(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    int64_t to = 0;
    if ((ev->sides & RG_DEFINITION_EXTEND) == 0 || !rg_soll__date(ev->entry, r->def->extend, &to)) {
        return;
    }
    /* One that has passed is no longer open: live, its alert was raised. */
    const int64_t now = clock_of(r, ev->time_ms);
    for (size_t i = 0; i < r->mem->open_count; i++) {
        struct rg_soll_state_open *o = &r->mem->open[i];
        const bool moves = now <= o->time_ms && o->time_ms < to && to <= RG_SOLL_STATE_TIME_MAX;
        o->time_ms = moves ? to : o->time_ms;
    }
}

static bool waits(const struct rg_soll_rule *r)
{
    return (r->mem->flags & HELD) == 0 && !rg_soll__excluded(r, RG_DEFINITION_B);
}

static void within_sweep(const struct rg_soll_rule *r, int64_t now_ms)
{
    if (waits(r)) {
        overdue(r, now_ms, NULL);
    }
}

static void within_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        overdue(r, ev->time_ms, ev);
        answer(r, ev);
    }
    extend(r, ev);
    hold(r, ev);
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        int64_t base = ev->time_ms;
        if (r->def->from != NULL) {
            (void)rg_soll__date(ev->entry, r->def->from, &base);
        }
        /* A clock that stands gives back on resuming what passed before this activation. */
        const int64_t due = rg_soll__due(r, base) - (ev->time_ms - clock_of(r, ev->time_ms));
        activate(r, ev, due > 0 ? due : 0);
        if (!rg_soll__full(r)) {
            within_sweep(r, ev->time_ms); /* it may count from a date long ago */
        }
    }
}

static int64_t within_due(const struct rg_soll_rule *r)
{
    int64_t due = RG_RULES_NEVER;
    for (size_t i = 0; i < r->mem->open_count && waits(r); i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        due = (o->tag & RG_SOLL_RULE_LATE) == 0 && o->time_ms < due ? o->time_ms : due;
    }
    return due;
}

static void within_finish(const struct rg_soll_rule *r, struct rg_soll_end *end)
{
    if (rg_soll__excluded(r, RG_DEFINITION_B)) {
        return;
    }
    const int64_t now = clock_of(r, end->as_of_ms);
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        if ((o->tag & RG_SOLL_RULE_LATE) != 0) {
            continue; /* counted when it was raised */
        }
        if (now > o->time_ms) {
            rg_soll__end_violation(r, o->event_no);
        } else {
            end->pending++;
        }
    }
}

const struct rg_soll_template rg_soll_respond_within = {.entry = within_entry,
                                                        .sweep = within_sweep,
                                                        .due = within_due,
                                                        .finish = within_finish,
                                                        .duty = open_duty};

/* Every event must be followed by another within the limit, but for those that end the case. */
static void stall_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_event any = *ev;
    any.sides =
        (ev->sides & RG_DEFINITION_END) != 0 ? RG_DEFINITION_B : RG_DEFINITION_A | RG_DEFINITION_B;
    within_entry(r, &any);
}

const struct rg_soll_template rg_soll_respond_stall = {
    .entry = stall_entry, .sweep = within_sweep, .due = within_due, .finish = within_finish};

/* Without deadlines, but with an end. */

static void next_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        answer(r, ev);
    }
    fail(r, NULL);
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        activate(r, ev, 0);
    }
}

const struct rg_soll_template rg_soll_respond_next = {
    .entry = next_entry, .finish = open_finish, .duty = open_duty};

static void alternate_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        answer(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        fail(r, ev);
        activate(r, ev, 0);
    }
}

const struct rg_soll_template rg_soll_respond_alternate = {
    .entry = alternate_entry, .finish = open_finish, .duty = open_duty};

static void ever_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0) {
        rg_soll__see(r, ev, RG_DEFINITION_B);
        answer(r, ev);
    }
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        return;
    }
    if ((rg_soll__seen(r, ev) & RG_DEFINITION_B) != 0) {
        r->mem->activations++;
    } else {
        activate(r, ev, 0);
    }
}

/* The B is there for every A to come. */
static bool ever_settled(const struct rg_soll_rule *r)
{
    return r->def->same == NULL && (r->mem->flags & RG_DEFINITION_B) != 0;
}

const struct rg_soll_template rg_soll_respond_ever = {
    .entry = ever_entry, .finish = open_finish, .duty = open_duty, .settled = ever_settled};
