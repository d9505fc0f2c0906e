#include "rules/soll_state.h"
#include <stdlib.h>

#include "base/panic.h"
#include "rules/definition.h"

#define FORMAT 3

/* Which members of a rule are there. */
#define HAS_FLAGS 0x01U
#define HAS_ACTIVATIONS 0x02U
#define HAS_VIOLATIONS 0x04U
#define HAS_NUMBER 0x08U
#define HAS_TIME 0x10U
#define HAS_OPEN 0x20U
#define HAS_EVENTS 0x40U
#define HAS_NAMES 0x80U

rg_err rg_soll_state_init(struct rg_soll_state *s, size_t rule_count)
{
    *s = (struct rg_soll_state){.rule_count = rule_count};
    s->rules = calloc(rule_count + 1, sizeof(*s->rules));
    return s->rules == NULL ? RG_ERR_NOMEM : RG_OK;
}

void rg_soll_state_free(struct rg_soll_state *s)
{
    for (size_t i = 0; s->rules != NULL && i < s->rule_count; i++) {
        free(s->rules[i].open);
        free(s->rules[i].events);
        free(s->rules[i].names);
    }
    free(s->rules);
    *s = (struct rg_soll_state){0};
}

void rg_soll_state_reset(struct rg_soll_state *s, bool full, size_t max)
{
    const size_t fixed = RG_SOLL_STATE_HEAD + s->rule_count * RG_SOLL_STATE_RULE;
    s->full = full;
    s->event_count = 0;
    s->now_ms = 0;
    s->site = 0;
    s->budget = max > fixed ? max - fixed : 0;
    for (size_t i = 0; i < s->rule_count; i++) {
        struct rg_soll_state_rule *r = &s->rules[i];
        r->flags = 0;
        r->activations = 0;
        r->violations = 0;
        r->number = 0;
        r->time_ms = 0;
        r->open_count = 0;
        r->event_count = 0;
        r->name_count = 0;
    }
}

/* Make room for one more entry in a list; the budget bounds the size. */
static rg_err grow(void **list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return RG_OK;
    }
    const size_t bigger = *cap == 0 ? 4 : *cap * 2;
    void *p = realloc(*list, bigger * size);
    if (p == NULL) {
        return RG_ERR_NOMEM;
    }
    *list = p;
    *cap = bigger;
    return RG_OK;
}

static size_t open_cost(const struct rg_soll_state_open *o)
{
    return RG_SOLL_STATE_OPEN_COST + o->key_len;
}

rg_err rg_soll_state_add_open(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                              const struct rg_soll_state_open *open)
{
    RG_ASSERT(open->key_len <= RG_FIELD_VALUE_MAX);
    if (s->budget < open_cost(open)) {
        return RG_ERR_FULL;
    }
    void *list = r->open;
    const rg_err e = grow(&list, r->open_count, &r->open_cap, sizeof(*r->open));
    r->open = list;
    if (e == RG_OK) {
        r->open[r->open_count++] = *open;
        s->budget -= open_cost(open);
    }
    return e;
}

rg_err rg_soll_state_add_event(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                               int64_t event_no)
{
    if (s->budget < RG_SOLL_STATE_EVENT_COST) {
        return RG_ERR_FULL;
    }
    void *list = r->events;
    const rg_err e = grow(&list, r->event_count, &r->event_cap, sizeof(*r->events));
    r->events = list;
    if (e == RG_OK) {
        size_t at = r->event_count++;
        while (at > 0 && r->events[at - 1] > event_no) {
            r->events[at] = r->events[at - 1];
            at--;
        }
        r->events[at] = event_no;
        s->budget -= RG_SOLL_STATE_EVENT_COST;
    }
    return e;
}

rg_err rg_soll_state_add_name(struct rg_soll_state *s, struct rg_soll_state_rule *r, uint8_t mask,
                              struct rg_bytes text)
{
    RG_ASSERT(text.len > 0 && text.len <= RG_FIELD_VALUE_MAX);
    const size_t cost = text.len + 2;
    if (s->budget < cost) {
        return RG_ERR_FULL;
    }
    void *list = r->names;
    const rg_err e = grow(&list, r->name_count, &r->name_cap, sizeof(*r->names));
    r->names = list;
    if (e == RG_OK) {
        struct rg_soll_state_name *n = &r->names[r->name_count++];
        n->mask = mask;
        n->len = (uint8_t)text.len;
        memcpy(n->text, text.data, text.len);
        s->budget -= cost;
    }
    return e;
}

struct rg_soll_state_name *rg_soll_state_find_name(struct rg_soll_state_rule *r,
                                                   struct rg_bytes text)
{
    for (size_t i = 0; i < r->name_count; i++) {
        if (r->names[i].len == text.len && memcmp(r->names[i].text, text.data, text.len) == 0) {
            return &r->names[i];
        }
    }
    return NULL;
}

void rg_soll_state_compact_open(struct rg_soll_state *s, struct rg_soll_state_rule *r)
{
    size_t keep = 0;
    for (size_t i = 0; i < r->open_count; i++) {
        if (r->open[i].event_no == RG_SOLL_STATE_DROPPED) {
            s->budget += open_cost(&r->open[i]);
        } else if (keep == i) {
            keep++;
        } else {
            r->open[keep++] = r->open[i];
        }
    }
    r->open_count = keep;
}

void rg_soll_state_cut_names(struct rg_soll_state *s, struct rg_soll_state_rule *r)
{
    for (size_t i = 0; i < r->name_count; i++) {
        s->budget += (size_t)r->names[i].len + 2;
    }
    r->name_count = 0;
}

/* Numbers of 7 bits a byte, least first, the high bit says that more follow. */
static void put_number(struct rg_writer *w, uint64_t v)
{
    while (v >= 0x80) {
        rg_bytes_put_u8(w, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    rg_bytes_put_u8(w, (uint8_t)v);
}

static uint64_t get_number(struct rg_reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t b = rg_bytes_get_u8(r);
        if ((shift == 63 && b > 1) || (shift > 0 && b == 0)) {
            break;
        }
        v |= (uint64_t)(b & 0x7F) << shift;
        if ((b & 0x80) == 0) {
            return v;
        }
    }
    r->failed = true;
    return 0;
}

/* A number from @min to @max. */
static uint64_t get_between(struct rg_reader *r, uint64_t min, uint64_t max)
{
    const uint64_t v = get_number(r);
    if (v < min || v > max) {
        r->failed = true;
        return 0;
    }
    return r->failed ? 0 : v;
}

static unsigned members(const struct rg_soll_state_rule *r)
{
    return (r->flags != 0 ? HAS_FLAGS : 0) | (r->activations != 0 ? HAS_ACTIVATIONS : 0) |
           (r->violations != 0 ? HAS_VIOLATIONS : 0) | (r->number != 0 ? HAS_NUMBER : 0) |
           (r->time_ms != 0 ? HAS_TIME : 0) | (r->open_count != 0 ? HAS_OPEN : 0) |
           (r->event_count != 0 ? HAS_EVENTS : 0) | (r->name_count != 0 ? HAS_NAMES : 0);
}

static void write_lists(const struct rg_soll_state_rule *r, struct rg_writer *w)
{
    int64_t last = 0;
    if (r->open_count != 0) {
        put_number(w, r->open_count);
    }
    for (size_t i = 0; i < r->open_count; i++) {
        put_number(w, (uint64_t)(r->open[i].event_no - last));
        put_number(w, (uint64_t)r->open[i].time_ms);
        rg_bytes_put_u8(w, r->open[i].tag);
        rg_bytes_put_u8(w, r->open[i].key_len);
        rg_bytes_put(w, r->open[i].key, r->open[i].key_len);
        last = r->open[i].event_no;
    }
    if (r->event_count != 0) {
        put_number(w, r->event_count);
    }
    for (size_t i = 0; i < r->event_count; i++) {
        put_number(w, (uint64_t)(r->events[i] + 1));
    }
    if (r->name_count != 0) {
        put_number(w, r->name_count);
    }
    for (size_t i = 0; i < r->name_count; i++) {
        rg_bytes_put_u8(w, r->names[i].mask);
        rg_bytes_put_u8(w, r->names[i].len);
        rg_bytes_put(w, r->names[i].text, r->names[i].len);
    }
}

void rg_soll_state_write(const struct rg_soll_state *s, uint64_t tag, struct rg_writer *w)
{
    rg_bytes_put_u8(w, FORMAT);
    rg_bytes_put_u8(w, s->full ? 1 : 0);
    rg_bytes_put_u64(w, tag);
    put_number(w, (uint64_t)s->event_count);
    put_number(w, (uint64_t)s->now_ms);
    rg_bytes_put_u8(w, s->site);
    for (size_t i = 0; i < s->rule_count; i++) {
        const struct rg_soll_state_rule *r = &s->rules[i];
        const unsigned has = members(r);
        rg_bytes_put_u8(w, (uint8_t)has);
        if ((has & HAS_FLAGS) != 0) {
            rg_bytes_put_u8(w, r->flags);
        }
        if ((has & HAS_ACTIVATIONS) != 0) {
            put_number(w, r->activations);
        }
        if ((has & HAS_VIOLATIONS) != 0) {
            put_number(w, r->violations);
        }
        if ((has & HAS_NUMBER) != 0) {
            put_number(w, r->number);
        }
        if ((has & HAS_TIME) != 0) {
            put_number(w, (uint64_t)r->time_ms);
        }
        write_lists(r, w);
    }
}

static rg_err read_open(struct rg_soll_state *s, struct rg_soll_state_rule *r, struct rg_reader *in)
{
    int64_t last = 0;
    rg_err e = RG_OK;
    const uint64_t count = get_between(in, 1, s->event_count > 0 ? SIZE_MAX : 0);
    for (uint64_t i = 0; i < count && !in->failed && e == RG_OK; i++) {
        const uint64_t step = get_between(in, 0, (uint64_t)(s->event_count - 1 - last));
        last += (int64_t)step;
        struct rg_soll_state_open o = {.event_no = last};
        o.time_ms = (int64_t)get_between(in, 0, RG_SOLL_STATE_TIME_MAX);
        o.tag = rg_bytes_get_u8(in);
        o.key_len = rg_bytes_get_u8(in);
        const struct rg_bytes key = rg_bytes_get_range(in, o.key_len);
        in->failed = in->failed || o.key_len > RG_FIELD_VALUE_MAX;
        if (!in->failed && key.len > 0) {
            memcpy(o.key, key.data, key.len);
        }
        if (!in->failed) {
            e = rg_soll_state_add_open(s, r, &o);
        }
    }
    return e;
}

static rg_err read_events(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                          struct rg_reader *in)
{
    rg_err e = RG_OK;
    uint64_t next = 0;
    const uint64_t count = get_between(in, 1, SIZE_MAX);
    for (uint64_t i = 0; i < count && !in->failed && e == RG_OK; i++) {
        const uint64_t v = get_between(in, next, (uint64_t)s->event_count);
        next = v + 1;
        if (!in->failed) {
            e = rg_soll_state_add_event(s, r, (int64_t)v - 1);
        }
    }
    return e;
}

static rg_err read_names(struct rg_soll_state *s, struct rg_soll_state_rule *r,
                         struct rg_reader *in)
{
    rg_err e = RG_OK;
    const uint64_t count = get_between(in, 1, SIZE_MAX);
    for (uint64_t i = 0; i < count && !in->failed && e == RG_OK; i++) {
        const uint8_t mask = rg_bytes_get_u8(in);
        const uint8_t len = rg_bytes_get_u8(in);
        const struct rg_bytes text = rg_bytes_get_range(in, len);
        if (in->failed || len == 0 || len > RG_FIELD_VALUE_MAX ||
            rg_soll_state_find_name(r, text) != NULL) {
            return RG_ERR_INVALID;
        }
        e = rg_soll_state_add_name(s, r, mask, text);
    }
    return e;
}

static rg_err read_rule(struct rg_soll_state *s, struct rg_soll_state_rule *r, struct rg_reader *in)
{
    const uint64_t events = (uint64_t)s->event_count;
    const unsigned has = rg_bytes_get_u8(in);
    rg_err e = RG_OK;
    if ((has & HAS_FLAGS) != 0) {
        r->flags = rg_bytes_get_u8(in);
        in->failed = in->failed || r->flags == 0;
    }
    if ((has & HAS_ACTIVATIONS) != 0) {
        r->activations = get_between(in, 1, events);
    }
    if ((has & HAS_VIOLATIONS) != 0) {
        r->violations = get_between(in, 1, events);
    }
    if ((has & HAS_NUMBER) != 0) {
        r->number = get_between(in, 1, events);
    }
    if ((has & HAS_TIME) != 0) {
        r->time_ms = (int64_t)get_between(in, 1, RG_SOLL_STATE_TIME_MAX);
    }
    if ((has & HAS_OPEN) != 0) {
        e = read_open(s, r, in);
    }
    if (e == RG_OK && (has & HAS_EVENTS) != 0) {
        e = s->full ? read_events(s, r, in) : RG_ERR_INVALID;
    }
    if (e == RG_OK && (has & HAS_NAMES) != 0) {
        e = read_names(s, r, in);
    }
    return e;
}

rg_err rg_soll_state_read(struct rg_soll_state *s, uint64_t tag, struct rg_bytes bytes)
{
    struct rg_reader in = rg_bytes_reader(bytes);
    rg_err e = RG_OK;
    const uint8_t format = rg_bytes_get_u8(&in);
    const uint8_t mode = rg_bytes_get_u8(&in);
    if (format != FORMAT || mode != (s->full ? 1 : 0) || rg_bytes_get_u64(&in) != tag) {
        return RG_ERR_INVALID;
    }
    s->event_count = (int64_t)get_between(&in, 0, RG_SOLL_STATE_EVENTS_MAX);
    s->now_ms = (int64_t)get_between(&in, 0, RG_SOLL_STATE_TIME_MAX);
    s->site = rg_bytes_get_u8(&in);
    in.failed = in.failed || s->site > RG_SOLL_STATE_SITE_MAX;
    for (size_t i = 0; i < s->rule_count && !in.failed && e == RG_OK; i++) {
        e = read_rule(s, &s->rules[i], &in);
    }
    if (e == RG_ERR_NOMEM) {
        return e;
    }
    return e == RG_OK && rg_bytes_done(&in) ? RG_OK : RG_ERR_INVALID;
}
