#include "node/monitor/tally.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "crypto/rand.h"
#include "node/monitor/breakdown.h"

#define DAY_MS 86400000

/* The violations of one case by one rule: count numbers from start on. */
struct breach {
    uint64_t case_no;
    size_t start;
    size_t count;
    char file[129]; /* filled for the report; "": not known */
};

struct rule {
    uint64_t activations;
    uint64_t cases[RG_TALLY_JUDGEMENTS];
    int64_t since_s; /* of all that wait, by a rule `backlog`, added up */
    struct breach *breach;
    size_t breach_count;
    size_t breach_cap;
};

struct rg_tally {
    const struct rg_definition *def;
    struct rule *rule;
    int64_t *number;
    size_t number_count;
    size_t number_cap;
    size_t number_max;
};

rg_err rg_tally_create(const struct rg_definition *def, size_t numbers_max, struct rg_tally **out)
{
    struct rg_tally *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return RG_ERR_NOMEM;
    }
    t->def = def;
    t->number_max = numbers_max;
    t->rule = calloc(def->rule_count + 1, sizeof *t->rule);
    if (t->rule == NULL) {
        rg_tally_destroy(&t);
        return RG_ERR_NOMEM;
    }
    *out = t;
    return RG_OK;
}

void rg_tally_destroy(struct rg_tally **t_p)
{
    struct rg_tally *t = *t_p;
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; t->rule != NULL && i < t->def->rule_count; i++) {
        free(t->rule[i].breach);
    }
    free(t->rule);
    free(t->number);
    free(t);
    *t_p = NULL;
}

static rg_err add_numbers(struct rg_tally *t, const struct rg_hostmsg_item *item, size_t count)
{
    if (count > t->number_max - t->number_count) {
        return RG_ERR_FULL;
    }
    if (t->number_count + count > t->number_cap) {
        const size_t cap = 2 * (t->number_count + count) + 256;
        int64_t *more = realloc(t->number, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        t->number = more;
        t->number_cap = cap;
    }
    for (size_t i = 0; i < count; i++) {
        t->number[t->number_count + i] = rg_hostmsg_event(item, i);
    }
    t->number_count += count;
    return RG_OK;
}

static rg_err add_breach(struct rg_tally *t, struct rule *r, uint64_t case_no,
                         const struct rg_hostmsg_item *item)
{
    if (r->breach_count == r->breach_cap) {
        const size_t cap = r->breach_cap == 0 ? 64 : 2 * r->breach_cap;
        struct breach *more = realloc(r->breach, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        r->breach = more;
        r->breach_cap = cap;
    }
    const size_t start = t->number_count;
    const size_t count = rg_hostmsg_event_count(item);
    const rg_err e = add_numbers(t, item, count);
    if (e != RG_OK) {
        return e;
    }
    r->breach[r->breach_count] =
        (struct breach){.case_no = case_no, .start = start, .count = count};
    r->breach_count++;
    return RG_OK;
}

rg_err rg_tally_add(struct rg_tally *t, uint64_t case_no, const struct rg_hostmsg_item *item)
{
    if (item->kind != RG_HOSTMSG_VERDICT || item->rule >= t->def->rule_count ||
        item->judgement >= RG_TALLY_JUDGEMENTS) {
        return RG_ERR_INVALID;
    }
    struct rule *r = &t->rule[item->rule];
    if (item->judgement == RG_RULES_VIOLATED) {
        const rg_err e = add_breach(t, r, case_no, item);
        if (e != RG_OK) {
            return e;
        }
    }
    if (t->def->rules[item->rule].template == RG_DEFINITION_BACKLOG &&
        item->judgement == RG_RULES_PENDING) {
        if (item->due_ms < 0 || item->due_ms > RG_TIME_MAX) {
            return RG_ERR_INVALID;
        }
        r->since_s += item->due_ms / 1000;
    }
    r->activations += item->activations;
    r->cases[item->judgement]++;
    return RG_OK;
}

/* Look up the file numbers of all cases with violations. Gives whether any is known. */
static rg_err name_cases(struct rg_tally *t, struct rg_feed *feed, bool *out_any)
{
    *out_any = false;
    for (size_t i = 0; i < t->def->rule_count; i++) {
        for (size_t k = 0; k < t->rule[i].breach_count; k++) {
            struct breach *b = &t->rule[i].breach[k];
            struct rg_feed_case c;
            const rg_err e = rg_feed_get_case(feed, b->case_no, &c);
            if (e == RG_ERR_NOT_FOUND) {
                continue; /* gone in the meantime */
            }
            if (e != RG_OK) {
                return e;
            }
            rg_rand_wipe(c.rest_key, sizeof c.rest_key);
            const size_t n = c.file_len < sizeof b->file ? c.file_len : sizeof b->file - 1;
            memcpy(b->file, c.file, n);
            b->file[n] = '\0';
            *out_any = *out_any || n > 0;
        }
    }
    return RG_OK;
}

static int by_file(const void *a, const void *b)
{
    return strcmp(((const struct breach *)a)->file, ((const struct breach *)b)->file);
}

static int add_list(json_t *list, json_t *value)
{
    return json_array_append_new(list, value);
}

static json_t *names(const struct rg_definition_names *n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n->count; i++) {
        add_list(list, json_string(n->items[i]));
    }
    return list;
}

static json_t *duration(int64_t ms)
{
    char text[32];
    if (ms % DAY_MS == 0) {
        (void)snprintf(text, sizeof text, "P%lldD", (long long)(ms / DAY_MS));
    } else {
        (void)snprintf(text, sizeof text, "PT%lldS", (long long)(ms / 1000));
    }
    return json_string(text);
}

/* How many cases wait, how long on the mean, and whether one of the two is over the rule's limit.
 */
static int put_backlog(json_t *o, const struct rg_definition_rule *def, const struct rule *r,
                       int64_t as_of_ms)
{
    const uint64_t waiting = r->cases[RG_RULES_PENDING];
    const int64_t age = waiting == 0 ? 0 : as_of_ms / 1000 - r->since_s / (int64_t)waiting;
    const bool over = (def->n > 0 && waiting > def->n) ||
                      (def->limit_ms > 0 && waiting > 0 && age * 1000 > def->limit_ms);
    return json_object_set_new(o, "backlog", json_integer((json_int_t)waiting)) |
           json_object_set_new(o, "mean_age", waiting == 0 ? json_null() : duration(age * 1000)) |
           json_object_set_new(o, "exceeded", json_boolean(over));
}

/* The two lists, of the cases whose file number this agency has; the rest is a number. */
static int put_lists(json_t *o, const struct rg_tally *t, struct rule *r)
{
    json_t *cases = json_array();
    json_t *violations = json_array();
    uint64_t unnamed = 0;
    int bad = 0;
    if (r->breach_count > 0) {
        qsort(r->breach, r->breach_count, sizeof *r->breach, by_file);
    }
    for (size_t i = 0; i < r->breach_count; i++) {
        const struct breach *b = &r->breach[i];
        if (b->file[0] == '\0') {
            unnamed++;
            continue;
        }
        json_t *events = json_array();
        json_t *pair = json_array();
        for (size_t k = 0; k < b->count; k++) {
            bad |= add_list(events, json_integer((json_int_t)t->number[b->start + k]));
        }
        bad |= add_list(pair, json_string(b->file)) | add_list(pair, events) |
               add_list(violations, pair) | add_list(cases, json_string(b->file));
    }
    bad |= json_object_set_new(o, "violating_cases", cases) |
           json_object_set_new(o, "violations", violations);
    if (unnamed > 0) {
        bad |= json_object_set_new(o, "unnamed", json_integer((json_int_t)unnamed));
    }
    return bad;
}

static json_t *rule_report(const struct rg_tally *t, size_t i, bool named, int64_t as_of_ms)
{
    const struct rg_definition_rule *def = &t->def->rules[i];
    struct rule *r = &t->rule[i];
    json_t *o = json_object();
    int bad = json_object_set_new(o, "id", json_string(def->id)) |
              json_object_set_new(o, "template",
                                  json_string(rg_definition_template_name(def->template))) |
              json_object_set_new(o, "activities", names(&def->activities)) |
              json_object_set_new(o, "activations", json_integer((json_int_t)r->activations));
    static const char *const keys[RG_TALLY_JUDGEMENTS] = {"vacuous", "satisfied", "pending",
                                                          "violated"};
    for (size_t k = 0; k < RG_TALLY_JUDGEMENTS; k++) {
        bad |= json_object_set_new(o, keys[k], json_integer((json_int_t)r->cases[k]));
    }
    if (def->n > 0) {
        bad |= json_object_set_new(o, "n", json_integer((json_int_t)def->n));
    }
    if (def->limit_ms > 0) {
        bad |= json_object_set_new(o, "within", duration(def->limit_ms));
    }
    if (def->calendar != NULL) {
        bad |= json_object_set_new(o, "calendar", json_string(def->calendar->name));
    }
    if (def->template == RG_DEFINITION_BACKLOG) {
        bad |= put_backlog(o, def, r, as_of_ms);
    }
    if (named || r->breach_count == 0) {
        bad |= put_lists(o, t, r);
    }
    if (bad != 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

rg_err rg_tally_report(struct rg_tally *t, struct rg_feed *feed,
                       const struct rg_tally_totals *totals, const struct rg_breakdown *breakdown,
                       char **out)
{
    bool named = false;
    char as_of[RG_TIME_TEXT_MAX];
    const rg_err e = name_cases(t, feed, &named);
    if (e != RG_OK) {
        return e;
    }
    rg_time_format(totals->as_of_ms, as_of);
    json_t *o = json_object();
    json_t *rules = json_array();
    int bad = 0;
    for (size_t i = 0; i < t->def->rule_count; i++) {
        bad |= add_list(rules, rule_report(t, i, named, totals->as_of_ms));
    }
    bad |= json_object_set_new(o, "process", json_string(t->def->process)) |
           json_object_set_new(o, "version", json_integer((json_int_t)t->def->version)) |
           json_object_set_new(o, "as_of", json_string(as_of)) |
           json_object_set_new(o, "height", json_integer((json_int_t)totals->height)) |
           json_object_set_new(o, "cases", json_integer((json_int_t)totals->cases)) |
           json_object_set_new(o, "events", json_integer((json_int_t)totals->events)) |
           json_object_set_new(o, "unreadable", json_integer((json_int_t)totals->unreadable)) |
           json_object_set_new(o, "rules", rules);
    json_t *groups = NULL;
    if (breakdown != NULL) {
        bad |= rg_breakdown_report(breakdown, &groups) != RG_OK ||
               json_object_set_new(o, "groups", groups) != 0;
    }
    const size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(RG_BREAKDOWN_DIGITS);
    char *text = bad == 0 ? json_dumps(o, flags) : NULL;
    json_decref(o);
    if (text == NULL) {
        return RG_ERR_NOMEM;
    }
    *out = text;
    return RG_OK;
}
