/* Templates about time: max_delay, min_delay, case_duration, case_deadline, lateness.
 * time: of the latest A, or of the first event. */
#include "rules/soll_rule.h"

#define SEEN 1U
#define DONE 2U

static void delay_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_B) != 0 && (r->mem->flags & SEEN) != 0) {
        const int64_t border = rg_soll__due(r, r->mem->time_ms);
        const bool at_most = r->def->template == RG_DEFINITION_MAX_DELAY;
        r->mem->activations++;
        if (at_most ? ev->time_ms > border : ev->time_ms < border) {
            rg_soll__violate(r, ev->no, at_most ? border : RG_RULES_NEVER, ev->entry->step);
        }
    }
    if ((ev->sides & RG_DEFINITION_A) != 0) {
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
    const int64_t due = rg_soll__due(r, r->mem->time_ms);
    if (ev->time_ms > due && (r->mem->flags & DONE) == 0) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, RG_RULES_WHOLE_CASE, due, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_time_duration = {.entry = duration_entry};

/* case_deadline: an attribute of the case is the first known value of its field, kept as an open
 * entry of this tag. */
#define DUE 1U
#define FINISHED 2U

static const struct rg_soll_state_open *attribute(const struct rg_soll_rule *r, uint8_t tag)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        if (r->mem->open[i].tag == tag) {
            return &r->mem->open[i];
        }
    }
    return NULL;
}

static void take(const struct rg_soll_rule *r, const struct rg_soll_event *ev, const char *field,
                 uint8_t tag)
{
    int64_t ms = 0;
    const size_t before = r->mem->open_count;
    if (attribute(r, tag) != NULL || !rg_soll__date(ev->entry, field, &ms)) {
        return;
    }
    rg_soll__open(r, ev, ms < RG_SOLL_STATE_TIME_MAX ? ms : RG_SOLL_STATE_TIME_MAX,
                  rg_soll__field(ev->entry, field));
    if (r->mem->open_count > before) {
        r->mem->open[before].tag = tag;
    }
}

static struct rg_rules_text text_of(const struct rg_soll_state_open *o)
{
    return (struct rg_rules_text){(const char *)o->key, o->key_len};
}

static void deadline_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    take(r, ev, r->def->column, DUE);
    if (r->def->other != NULL) {
        take(r, ev, r->def->other, FINISHED);
    }
    const struct rg_soll_state_open *due = attribute(r, DUE);
    const struct rg_soll_state_open *done = attribute(r, FINISHED);
    if (due == NULL || (r->def->other != NULL && done == NULL)) {
        return;
    }
    r->mem->activations = 1;
    const bool late = done == NULL
                          ? rg_soll__now(r) > due->time_ms
                          : rg_soll__compare(text_of(done), RG_DEFINITION_TEST_MORE, text_of(due));
    if (late && (r->mem->flags & DONE) == 0) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, RG_RULES_WHOLE_CASE, due->time_ms, ev->entry->step);
    }
}

/* The first known value of a field counts, and both are known. */
static bool deadline_settled(const struct rg_soll_rule *r)
{
    return r->def->other != NULL && attribute(r, DUE) != NULL && attribute(r, FINISHED) != NULL;
}

const struct rg_soll_template rg_soll_time_deadline = {.entry = deadline_entry,
                                                       .settled = deadline_settled};

static void lateness_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        const int64_t border = ev->entry->occurred_ms + r->def->limit_ms;
        r->mem->activations++;
        if (ev->entry->time_ms > border) {
            rg_soll__violate(r, ev->no, border, ev->entry->step);
        }
    }
}

const struct rg_soll_template rg_soll_time_lateness = {.entry = lateness_entry};
