/* Fields, times, conditions, and which events of a rule belong together. */
#include <string.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/time.h"
#include "rules/soll_rule.h"

#define DAY_MS INT64_C(86400000)
#define DATE_ALONE 10 /* bytes of 2026-11-23 */

struct rg_rules_text rg_soll__text(const char *s)
{
    return (struct rg_rules_text){s, strlen(s)};
}

struct rg_bytes rg_soll__bytes(struct rg_rules_text text)
{
    return (struct rg_bytes){(const uint8_t *)text.data, text.len};
}

struct rg_rules_text rg_soll__field(const struct rg_rules_entry *entry, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < entry->field_count; i++) {
        const struct rg_rules_field *f = &entry->fields[i];
        if (f->name.len == len && memcmp(f->name.data, name, len) == 0) {
            return f->value;
        }
    }
    return rg_soll__text("");
}

bool rg_soll__among(struct rg_rules_text text, const struct rg_definition_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (rg_definition_is(names->items[i], rg_soll__bytes(text))) {
            return true;
        }
    }
    return false;
}

bool rg_soll__known(struct rg_rules_text text)
{
    return text.len > 0 && text.len <= RG_FIELD_VALUE_MAX &&
           !rg_definition_is("EMPTY", rg_soll__bytes(text));
}

bool rg_soll__date(const struct rg_rules_entry *entry, const char *field, int64_t *out_ms)
{
    const struct rg_rules_text t = rg_soll__field(entry, field);
    int64_t ms = 0;
    if (rg_time_parse(rg_soll__bytes(t), &ms) != RG_OK) {
        return false;
    }
    *out_ms = t.len == DATE_ALONE ? rg_calendar_day_end(ms / DAY_MS) : ms;
    return true;
}

/* Something to compare: a time, or the text of a value. */
struct operand {
    struct rg_rules_text text;
    int64_t ms;
    bool is_time;
};

static struct operand operand_of(const struct rg_rules_entry *entry, const char *name,
                                 bool is_field)
{
    struct operand o = {.text = rg_soll__text(""), .is_time = name[0] == '@'};
    if (o.is_time) {
        o.ms = strcmp(name, "@occurred") == 0 ? entry->occurred_ms : entry->time_ms;
    } else {
        o.text = is_field ? rg_soll__field(entry, name) : rg_soll__text(name);
    }
    return o;
}

/* The value as a number that can be compared with others of its kind: 1 time, 2 day, 3 number. */
static int kind_of(const struct operand *o, int64_t *out)
{
    uint64_t n = 0;
    *out = o->ms;
    if (o->is_time) {
        return 1;
    }
    if (rg_time_parse(rg_soll__bytes(o->text), out) == RG_OK) {
        return o->text.len == DATE_ALONE ? 2 : 1;
    }
    if (rg_num_parse_u64(rg_soll__bytes(o->text), INT64_MAX, &n) == RG_OK) {
        *out = (int64_t)n;
        return 3;
    }
    return 0;
}

static int64_t day_of(int kind, int64_t v)
{
    unsigned hour = 0;
    return kind == 2 ? v / DAY_MS : rg_calendar_day(v, &hour);
}

static bool compare(const struct operand *a, enum rg_definition_test test, const struct operand *b)
{
    int64_t x = 0;
    int64_t y = 0;
    const int ka = kind_of(a, &x);
    const int kb = kind_of(b, &y);
    if (ka == 0 || kb == 0 || (ka == 3) != (kb == 3)) {
        return false;
    }
    if (ka == 2 || kb == 2) {
        x = day_of(ka, x);
        y = day_of(kb, y);
    }
    return test == RG_DEFINITION_TEST_LESS      ? x < y
           : test == RG_DEFINITION_TEST_AT_MOST ? x <= y
           : test == RG_DEFINITION_TEST_MORE    ? x > y
                                                : x >= y;
}

bool rg_soll__compare(struct rg_rules_text a, enum rg_definition_test test, struct rg_rules_text b)
{
    const struct operand x = {.text = a};
    const struct operand y = {.text = b};
    if (test == RG_DEFINITION_TEST_IS || test == RG_DEFINITION_TEST_NOT) {
        return rg_bytes_eq(rg_soll__bytes(a), rg_soll__bytes(b)) == (test == RG_DEFINITION_TEST_IS);
    }
    return compare(&x, test, &y);
}

static bool holds(const struct rg_definition_condition *c, const struct rg_rules_entry *entry)
{
    const struct operand a = operand_of(entry, c->field, true);
    switch (c->test) {
    case RG_DEFINITION_TEST_IS:
        return rg_soll__among(a.text, &c->values);
    case RG_DEFINITION_TEST_NOT:
        return !rg_soll__among(a.text, &c->values);
    case RG_DEFINITION_TEST_KNOWN:
        return a.is_time || rg_soll__known(a.text);
    case RG_DEFINITION_TEST_UNKNOWN:
        return !a.is_time && !rg_soll__known(a.text);
    case RG_DEFINITION_TEST_LESS:
    case RG_DEFINITION_TEST_AT_MOST:
    case RG_DEFINITION_TEST_MORE:
    case RG_DEFINITION_TEST_AT_LEAST: {
        const struct operand b = operand_of(entry, c->values.items[0], c->other_field);
        return compare(&a, c->test, &b);
    }
    default:
        return false;
    }
}

bool rg_soll__holds(const struct rg_definition_conditions *c, const struct rg_rules_entry *entry)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!holds(&c->items[i], entry)) {
            return false;
        }
    }
    return true;
}

int64_t rg_soll__due(const struct rg_soll_rule *r, int64_t base_ms)
{
    const struct rg_calendar *cal = r->def->calendar;
    const int64_t due = cal != NULL ? rg_calendar_due(cal, base_ms, r->def->limit_ms / DAY_MS)
                                    : base_ms + r->def->limit_ms;
    return due < RG_SOLL_STATE_TIME_MAX ? due : RG_SOLL_STATE_TIME_MAX;
}

struct rg_rules_text rg_soll__key(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    return r->def->same == NULL ? rg_soll__text("") : rg_soll__field(ev->entry, r->def->same);
}

bool rg_soll__matches(const struct rg_soll_rule *r, const struct rg_soll_state_open *open,
                      const struct rg_soll_event *ev)
{
    return r->def->same == NULL || rg_bytes_eq((struct rg_bytes){open->key, open->key_len},
                                               rg_soll__bytes(rg_soll__key(r, ev)));
}

/* What was seen of the event's value; NULL without `same`, or when nothing was. */
static struct rg_soll_state_name *seen_name(const struct rg_soll_rule *r,
                                            const struct rg_soll_event *ev)
{
    return r->def->same == NULL
               ? NULL
               : rg_soll_state_find_name(r->mem, rg_soll__bytes(rg_soll__key(r, ev)));
}

void rg_soll__see(const struct rg_soll_rule *r, const struct rg_soll_event *ev, unsigned sides)
{
    struct rg_soll_state_name *n = seen_name(r, ev);
    if (r->def->same == NULL) {
        r->mem->flags |= (uint8_t)sides;
    } else if (n != NULL) {
        n->mask |= (uint8_t)sides;
    } else {
        rg_soll__note(r, (uint8_t)sides, rg_soll__key(r, ev));
    }
}

unsigned rg_soll__seen(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    const struct rg_soll_state_name *n = seen_name(r, ev);
    if (r->def->same == NULL) {
        return r->mem->flags & ~RG_SOLL_RULE_OVER;
    }
    return n == NULL ? 0 : n->mask;
}

void rg_soll__unsee(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_name *n = seen_name(r, ev);
    if (r->def->same == NULL) {
        r->mem->flags &= RG_SOLL_RULE_OVER;
    } else if (n != NULL) {
        n->mask = 0;
    }
}

struct rg_rules_text rg_soll__step(const struct rg_soll_rule *r,
                                   const struct rg_soll_state_open *open)
{
    const size_t i = open->tag & RG_SOLL_RULE_INDEX;
    if (r->def->activities.count == 0) {
        return (struct rg_rules_text){(const char *)open->key, open->key_len};
    }
    return rg_soll__text(i < r->def->activities.count ? r->def->activities.items[i] : "");
}
