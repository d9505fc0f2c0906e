/* Templates about what was recorded: no_after_value, data, correlate, clash. */
#include "base/time.h"
#include "rules/soll_rule.h"

#define FORBIDDEN 1U

static void value_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_A) != 0) {
        r->mem->activations++;
        if ((r->mem->flags & FORBIDDEN) != 0) {
            rg_soll__violate_by(r, ev);
        }
    }
    const struct rg_rules_text value = rg_soll__field(ev->entry, r->def->column);
    if (value.len > 0) {
        r->mem->flags = rg_soll__among(value, &r->def->values) ? FORBIDDEN : 0;
    }
}

const struct rg_soll_template rg_soll_data_value = {.entry = value_entry};

static void require_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        return;
    }
    r->mem->activations++;
    if (!rg_soll__holds(&r->def->require, ev->entry)) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_data_require = {.entry = require_entry};

static struct rg_rules_text text_of(const struct rg_soll_state_open *o)
{
    return (struct rg_rules_text){(const char *)o->key, o->key_len};
}

/* Forget the entry whose time is @time_ms and remember @ev in its place. */
static void replace(const struct rg_soll_rule *r, const struct rg_soll_event *ev, int64_t time_ms,
                    struct rg_rules_text value)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        if (r->mem->open[i].time_ms == time_ms) {
            rg_soll__drop(r, i);
        }
    }
    rg_soll__compact(r);
    rg_soll__open(r, ev, time_ms, value);
}

/* The latest value of each side is kept as an open entry whose time is the side; NULL: none yet. */
static const struct rg_soll_state_open *latest(const struct rg_soll_rule *r, unsigned side)
{
    for (size_t i = 0; i < r->mem->open_count; i++) {
        if (r->mem->open[i].time_ms == (int64_t)side) {
            return &r->mem->open[i];
        }
    }
    return NULL;
}

static void correlate_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    bool fresh = false;
    for (unsigned side = RG_DEFINITION_A; side <= RG_DEFINITION_B; side++) {
        const char *field = side == RG_DEFINITION_A ? r->def->column : r->def->other;
        const struct rg_rules_text value = rg_soll__field(ev->entry, field);
        if ((ev->sides & side) != 0 && rg_soll__known(value)) {
            replace(r, ev, side, value);
            fresh = true;
        }
    }
    const struct rg_soll_state_open *a = latest(r, RG_DEFINITION_A);
    const struct rg_soll_state_open *b = latest(r, RG_DEFINITION_B);
    if (!fresh || a == NULL || b == NULL) {
        return;
    }
    r->mem->activations++;
    if (!rg_soll__compare(text_of(a), r->def->test, text_of(b))) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_data_correlate = {.entry = correlate_entry};

/* Twice the local day of a time, and one more in its second half; -1 of anything else. */
static int64_t half_day(struct rg_rules_text value)
{
    int64_t ms = 0;
    unsigned hour = 0;
    if (value.len <= 10 || rg_time_parse(rg_soll__bytes(value), &ms) != RG_OK) {
        return -1;
    }
    const int64_t day = rg_calendar_day(ms, &hour);
    return 2 * day + (hour >= 12 ? 1 : 0);
}

static int64_t activity_of(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    for (size_t i = 0; i < r->def->activities.count; i++) {
        if (rg_definition_is(r->def->activities.items[i], rg_soll__bytes(ev->entry->step))) {
            return (int64_t)i;
        }
    }
    return 0;
}

/* The latest date of each activity is kept as an open entry whose time is the activity. */
static void clash_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    bool clash = false;
    if ((ev->sides & RG_DEFINITION_RESET) != 0) {
        for (size_t i = 0; i < r->mem->open_count; i++) {
            rg_soll__drop(r, i);
        }
        rg_soll__compact(r);
    }
    const struct rg_rules_text value = rg_soll__field(ev->entry, r->def->column);
    const int64_t half = half_day(value);
    if ((ev->sides & RG_DEFINITION_A) == 0 || half < 0) {
        return;
    }
    const int64_t activity = activity_of(r, ev);
    for (size_t i = 0; i < r->mem->open_count; i++) {
        const struct rg_soll_state_open *o = &r->mem->open[i];
        clash = clash || (o->time_ms != activity && half_day(text_of(o)) == half);
    }
    r->mem->activations++;
    if (clash) {
        rg_soll__violate_by(r, ev);
    }
    replace(r, ev, activity, value);
}

const struct rg_soll_template rg_soll_data_clash = {.entry = clash_entry};
