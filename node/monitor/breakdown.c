#include "node/monitor/breakdown.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/panic.h"
#include "base/time.h"
#include "node/monitor/tally.h"
#include "proto/ledger_codec.h"

#define NO_SITE UINT32_MAX
#define NO_MONTH UINT32_MAX
#define FITNESS_ONE 10000u /* four decimals */

struct row {
    uint64_t activations;
    uint64_t cases[RG_TALLY_JUDGEMENTS];
};

struct group {
    uint32_t site;  /* number among the values; NO_SITE; 0 when it is not asked for */
    uint32_t month; /* 12 * year + month, from 0; NO_MONTH; 0 when it is not asked for */
    uint64_t cases;
    uint64_t events;
    struct row *row; /* of every rule */
};

struct rg_breakdown {
    const struct rg_definition *def;
    uint32_t by;
    size_t cap;
    size_t count;
    struct group *group;                     /* in the order in which they came */
    uint16_t order[RG_BREAKDOWN_GROUPS_MAX]; /* their indices by site, then month */
};

rg_err rg_breakdown_create(const struct rg_definition *def, uint32_t by, struct rg_breakdown **out)
{
    RG_ASSERT(by > 0 && by <= RG_REQUEST_BY_ALL);
    if ((by & RG_REQUEST_BY_SITE) != 0 && def->site == NULL) {
        return RG_ERR_INVALID;
    }
    struct rg_breakdown *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return RG_ERR_NOMEM;
    }
    const size_t rows = def->rule_count > 0 ? def->rule_count : 1;
    b->def = def;
    b->by = by;
    b->cap = (size_t)rg_num_min(RG_BREAKDOWN_GROUPS_MAX, RG_BREAKDOWN_ROWS_MAX / rows);
    b->group = calloc(b->cap, sizeof *b->group);
    if (b->group == NULL) {
        rg_breakdown_destroy(&b);
        return RG_ERR_NOMEM;
    }
    *out = b;
    return RG_OK;
}

void rg_breakdown_destroy(struct rg_breakdown **b_p)
{
    struct rg_breakdown *b = *b_p;
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->count; i++) {
        free(b->group[i].row);
    }
    free(b->group);
    free(b);
    *b_p = NULL;
}

size_t rg_breakdown_cap(const struct rg_breakdown *b)
{
    return b->cap;
}

static uint32_t site_of(const struct rg_breakdown *b, const struct rg_breakdown_first *first)
{
    for (uint32_t i = 0; i < first->field_count; i++) {
        if (rg_definition_is(b->def->site->name, first->fields[i].name)) {
            const size_t no = rg_definition_find_site(b->def, first->fields[i].value);
            return no == RG_DEFINITION_NO_SITE ? NO_SITE : (uint32_t)no;
        }
    }
    return NO_SITE;
}

static uint32_t month_of(int64_t ms)
{
    char text[RG_TIME_TEXT_MAX]; /* YYYY-MM-... */
    rg_time_format(ms, text);
    uint32_t number[2] = {0, 0};
    for (size_t i = 0; i < 7; i++) {
        uint32_t *n = &number[i < 4 ? 0 : 1];
        *n = text[i] == '-' ? *n : 10 * *n + (uint32_t)(text[i] - '0');
    }
    return 12 * number[0] + number[1] - 1;
}

/* Where the group stands in the order, or belongs. */
static size_t place_of(const struct rg_breakdown *b, const struct group *g)
{
    size_t from = 0;
    size_t to = b->count;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        const struct group *m = &b->group[b->order[mid]];
        if (m->site < g->site || (m->site == g->site && m->month < g->month)) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return from;
}

rg_err rg_breakdown_find(struct rg_breakdown *b, const struct rg_breakdown_first *first,
                         uint16_t *out_group)
{
    struct group g = {0};
    if ((b->by & RG_REQUEST_BY_SITE) != 0) {
        g.site = first == NULL ? NO_SITE : site_of(b, first);
    }
    if ((b->by & RG_REQUEST_BY_MONTH) != 0) {
        g.month = first == NULL ? NO_MONTH : month_of(first->occurred_ms);
    }
    const size_t at = place_of(b, &g);
    const struct group *there = at < b->count ? &b->group[b->order[at]] : NULL;
    if (there != NULL && there->site == g.site && there->month == g.month) {
        *out_group = (uint16_t)(b->order[at] + 1u);
        return RG_OK;
    }
    if (b->count == b->cap) {
        return RG_ERR_FULL;
    }
    g.row = calloc(b->def->rule_count + 1, sizeof *g.row);
    if (g.row == NULL) {
        return RG_ERR_NOMEM;
    }
    memmove(b->order + at + 1, b->order + at, (b->count - at) * sizeof b->order[0]);
    b->order[at] = (uint16_t)b->count;
    b->group[b->count] = g;
    b->count++;
    *out_group = (uint16_t)b->count;
    return RG_OK;
}

void rg_breakdown_count(struct rg_breakdown *b, uint16_t group, uint64_t cases, uint64_t events)
{
    RG_ASSERT(group > 0 && group <= b->count);
    b->group[group - 1].cases += cases;
    b->group[group - 1].events += events;
}

void rg_breakdown_add(struct rg_breakdown *b, uint16_t group, const struct rg_hostmsg_item *item)
{
    RG_ASSERT(group > 0 && group <= b->count);
    RG_ASSERT(item->rule < b->def->rule_count && item->judgement < RG_TALLY_JUDGEMENTS);
    struct row *r = &b->group[group - 1].row[item->rule];
    r->activations += item->activations;
    r->cases[item->judgement]++;
}

/* Rounded, but 1 only when nothing is violated and 0 only when nothing is satisfied. */
static json_t *fitness_of(const struct row *r)
{
    const uint64_t good = r->cases[RG_RULES_SATISFIED];
    const uint64_t all = good + r->cases[RG_RULES_VIOLATED];
    if (all == 0) {
        return json_null();
    }
    uint64_t parts = (good * FITNESS_ONE + all / 2) / all;
    if (good > 0 && good < all) {
        parts = parts == 0 ? 1 : rg_num_min(parts, FITNESS_ONE - 1);
    }
    return json_real((double)parts / FITNESS_ONE);
}

static int put(json_t *o, const char *key, uint64_t value)
{
    return json_object_set_new(o, key, json_integer((json_int_t)value));
}

static json_t *rows_of(const struct rg_breakdown *b, const struct group *g)
{
    int bad = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < b->def->rule_count && bad == 0; i++) {
        const struct row *r = &g->row[i];
        json_t *o = json_object();
        bad = json_object_set_new(o, "id", json_string(b->def->rules[i].id)) |
              put(o, "activations", r->activations) |
              put(o, "satisfied", r->cases[RG_RULES_SATISFIED]) |
              put(o, "violated", r->cases[RG_RULES_VIOLATED]) |
              put(o, "pending", r->cases[RG_RULES_PENDING]) |
              put(o, "vacuous", r->cases[RG_RULES_VACUOUS]) |
              json_object_set_new(o, "fitness", fitness_of(r));
        bad |= json_array_append_new(list, o);
    }
    if (bad != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *month_text(uint32_t month)
{
    return month == NO_MONTH ? json_null() : json_sprintf("%04u-%02u", month / 12, month % 12 + 1);
}

rg_err rg_breakdown_report(const struct rg_breakdown *b, struct json_t **out)
{
    int bad = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < b->count && bad == 0; i++) {
        const struct group *g = &b->group[b->order[i]];
        json_t *o = json_object();
        if ((b->by & RG_REQUEST_BY_SITE) != 0) {
            bad |= json_object_set_new(o, "site",
                                       g->site == NO_SITE
                                           ? json_null()
                                           : json_string(b->def->site->values.items[g->site]));
        }
        if ((b->by & RG_REQUEST_BY_MONTH) != 0) {
            bad |= json_object_set_new(o, "month", month_text(g->month));
        }
        bad |= put(o, "cases", g->cases) | put(o, "events", g->events) |
               json_object_set_new(o, "rules", rows_of(b, g));
        bad |= json_array_append_new(list, o);
    }
    if (bad != 0 || list == NULL) {
        json_decref(list);
        return RG_ERR_NOMEM;
    }
    *out = list;
    return RG_OK;
}
