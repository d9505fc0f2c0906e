#include "node/cli/shadow.h"
#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/say.h"
#include "node/cli/shadow_priv.h"
#include "rules/reigen_rules.h"
#include <stdlib.h>

#define RULES_MAX (2u * RG_DEFINITION_RULES_MAX)
#define NONE SIZE_MAX

struct rg_shadow {
    struct rg_shadow_engine side[RG_SHADOW_SIDES];
    struct rg_shadow_rule rule[RULES_MAX];
    size_t index[RULES_MAX][RG_SHADOW_SIDES]; /* in each definition; NONE */
    size_t rule_count;
    struct rg_shadow_keep keep;
    int64_t as_of_ms[RG_SHADOW_SIDES]; /* of the judging before */
    struct rg_shadow_difference *news; /* of this judging */
    size_t news_count;
    size_t news_cap;
    size_t told_count; /* of all cases */
    size_t number_count;
    struct rg_bytes failed_case;
    uint64_t differ;
};

static size_t find_rule(const struct rg_definition *def, const char *id)
{
    for (size_t i = 0; i < def->rule_count; i++) {
        if (strcmp(def->rules[i].id, id) == 0) {
            return i;
        }
    }
    return NONE;
}

static void add_rule(struct rg_shadow *s, const char *id, size_t before, size_t after)
{
    struct rg_shadow_rule *r = &s->rule[s->rule_count];
    r->id = id;
    r->in[RG_SHADOW_BEFORE] = before != NONE;
    r->in[RG_SHADOW_AFTER] = after != NONE;
    s->index[s->rule_count][RG_SHADOW_BEFORE] = before;
    s->index[s->rule_count][RG_SHADOW_AFTER] = after;
    s->rule_count++;
}

rg_err rg_shadow_create(const struct rg_shadow_version before, const struct rg_shadow_version after,
                        struct rg_shadow **out)
{
    struct rg_shadow *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_err e = rg_shadow__open(&s->side[RG_SHADOW_BEFORE], &before);
    e = e == RG_OK ? rg_shadow__open(&s->side[RG_SHADOW_AFTER], &after) : e;
    if (e != RG_OK) {
        rg_shadow_destroy(&s);
        return e;
    }
    for (size_t i = 0; i < after.def->rule_count; i++) {
        const char *id = after.def->rules[i].id;
        add_rule(s, id, find_rule(before.def, id), i);
    }
    for (size_t i = 0; i < before.def->rule_count; i++) {
        const char *id = before.def->rules[i].id;
        if (find_rule(after.def, id) == NONE) {
            add_rule(s, id, i, NONE);
        }
    }
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        s->as_of_ms[i] = INT64_MIN;
    }
    *out = s;
    return RG_OK;
}

void rg_shadow_destroy(struct rg_shadow **s_p)
{
    struct rg_shadow *s = *s_p;
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        rg_shadow__close(&s->side[i]);
    }
    rg_shadow__keep_fini(&s->keep);
    free(s->news);
    free(s);
    *s_p = NULL;
}

rg_err rg_shadow_add(struct rg_shadow *s, const struct rg_export_event *e)
{
    return rg_shadow__keep(&s->keep, e);
}

void rg_shadow_renew(struct rg_shadow *s, const struct rg_export_event *e)
{
    rg_shadow__forget(&s->keep, e);
}

static int by_rule(const void *a, const void *b)
{
    const struct rg_shadow_difference *x = a;
    const struct rg_shadow_difference *y = b;
    const size_t n = (size_t)rg_num_min(x->case_id.len, y->case_id.len);
    int c = (x->rule > y->rule) - (x->rule < y->rule);
    c = c == 0 && n > 0 ? memcmp(x->case_id.data, y->case_id.data, n) : c;
    return c != 0 ? c : (x->case_id.len > y->case_id.len) - (x->case_id.len < y->case_id.len);
}

static bool same_events(const struct rg_hostmsg_item *a, const struct rg_hostmsg_item *b)
{
    const size_t count = rg_hostmsg_event_count(a);
    bool same = count == rg_hostmsg_event_count(b);
    for (size_t i = 0; same && i < count; i++) {
        same = rg_hostmsg_event(a, i) == rg_hostmsg_event(b, i);
    }
    return same;
}

/* What both say about rule @i and the case that was judged last. */
struct seen {
    const struct rg_hostmsg_item *verdict[RG_SHADOW_SIDES]; /* NULL: it lacks the rule */
    uint8_t judged[RG_SHADOW_SIDES];
    size_t event_count[RG_SHADOW_SIDES];
    bool differs;
    const struct rg_shadow_difference *before; /* told and still valid; NULL: not */
};

static struct seen look(const struct rg_shadow *s, const struct rg_shadow_case *c, size_t i)
{
    struct seen x = {.before = NULL};
    for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
        const size_t at = s->index[i][side];
        x.verdict[side] = at == NONE ? NULL : &s->side[side].verdict[at];
        x.judged[side] = at == NONE ? RG_SHADOW_ABSENT : x.verdict[side]->judgement;
        x.event_count[side] = at == NONE ? 0 : rg_hostmsg_event_count(x.verdict[side]);
    }
    const struct rg_hostmsg_item *a = x.verdict[RG_SHADOW_BEFORE];
    const struct rg_hostmsg_item *b = x.verdict[RG_SHADOW_AFTER];
    x.differs = a != NULL && b != NULL ? a->judgement != b->judgement || !same_events(a, b)
                                       : (a != NULL ? a : b)->judgement > RG_RULES_SATISFIED;
    for (size_t k = 0; c->told != NULL && k < c->told->count; k++) {
        const struct rg_shadow_difference *d = &c->told->differences[k];
        x.before = d->rule == i && d->differs ? d : x.before;
    }
    return x;
}

/* Whether @x was told in just this way before. */
static bool is_old(const struct seen *x)
{
    bool old = x->before != NULL && x->differs;
    for (size_t side = 0; old && side < RG_SHADOW_SIDES; side++) {
        old = x->before->judged[side] == x->judged[side] &&
              x->before->event_count[side] == x->event_count[side];
        for (size_t i = 0; old && i < x->event_count[side]; i++) {
            old = x->before->events[side][i] == rg_hostmsg_event(x->verdict[side], i);
        }
    }
    return old;
}

/* Room for what is to be told of the case: what differs, and what did. */
static rg_err make_told(struct rg_shadow *s, const struct rg_shadow_case *c,
                        struct rg_shadow_told **out)
{
    size_t count = 0;
    size_t numbers = 0;
    for (size_t i = 0; i < s->rule_count; i++) {
        const struct seen x = look(s, c, i);
        if (x.differs || x.before != NULL) {
            count++;
            numbers += x.event_count[RG_SHADOW_BEFORE] + x.event_count[RG_SHADOW_AFTER];
        }
    }
    s->told_count += count - (c->told == NULL ? 0 : c->told->count);
    s->number_count += numbers - (c->told == NULL ? 0 : c->told->number_count);
    if (s->told_count > RG_SHADOW_DIFFERENCES_MAX || s->number_count > RG_SHADOW_NUMBERS_MAX) {
        return RG_ERR_FULL;
    }
    if (count == 0) {
        return RG_OK;
    }
    struct rg_shadow_told *t =
        malloc(sizeof *t + count * sizeof t->differences[0] + numbers * sizeof(int64_t));
    if (t == NULL) {
        return RG_ERR_NOMEM;
    }
    *t = (struct rg_shadow_told){.count = count, .number_count = numbers};
    *out = t;
    return RG_OK;
}

/* Write down @x as @d, its numbers from @number on; gives where the next ones go. */
static int64_t *note(const struct seen *x, int64_t *number, struct rg_shadow_difference *d)
{
    for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
        d->judged[side] = x->judged[side];
        d->events[side] = number;
        d->event_count[side] = x->event_count[side];
        for (size_t i = 0; i < x->event_count[side]; i++) {
            *number++ = rg_hostmsg_event(x->verdict[side], i);
        }
    }
    return number;
}

/* Compare what both say about the case that was judged last, with each other and with what was
 * told before. */
static rg_err compare_case(struct rg_shadow *s, struct rg_shadow_case *c)
{
    struct rg_shadow_told *told = NULL;
    bool any = false;
    size_t n = 0;
    rg_err e = make_told(s, c, &told);
    int64_t *number = told == NULL ? NULL : (int64_t *)&told->differences[told->count];
    for (size_t i = 0; e == RG_OK && i < s->rule_count; i++) {
        const struct seen x = look(s, c, i);
        for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
            if (x.verdict[side] != NULL) {
                s->rule[i].cases[side][x.judged[side]]++;
            }
        }
        if (told == NULL || (!x.differs && x.before == NULL)) {
            continue;
        }
        struct rg_shadow_difference *d = &told->differences[n++];
        *d = (struct rg_shadow_difference){
            .rule = (uint32_t)i, .differs = x.differs, .case_id = c->id};
        number = note(&x, number, d);
        if (!is_old(&x)) {
            void *list = s->news;
            e = rg_shadow__grow(&list, &s->news_cap, s->news_count + 1, RG_SHADOW_DIFFERENCES_MAX,
                                sizeof *s->news);
            s->news = list;
            s->news_count += e == RG_OK ? 1 : 0;
        }
        if (e == RG_OK && !is_old(&x)) {
            s->news[s->news_count - 1] = *d;
        }
        s->rule[i].differ += x.differs ? 1 : 0;
        any = any || x.differs;
    }
    free(c->told);
    c->told = told;
    s->differ += any ? 1 : 0;
    return e;
}

static rg_err judge_case(struct rg_shadow *s, struct rg_shadow_case *c, bool once)
{
    for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
        struct rg_shadow_engine *g = &s->side[side];
        rg_err e = rg_shadow__judge(g, c->first, s->as_of_ms[side]);
        if (e == RG_OK && !once) {
            e = rg_shadow__due(g, c->first, s->as_of_ms[side], &c->due_ms[side]);
        }
        if (e != RG_OK) {
            return e;
        }
    }
    c->changed = false;
    return compare_case(s, c);
}

/* Set the time that each version judges by. True: it went back, since an event was cancelled; then
 * deadlines that have passed are to come again. */
static bool set_time(struct rg_shadow *s, int64_t ledger_ms, int64_t latest_ms)
{
    bool back = false;
    for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
        const bool ledger =
            s->side[side].def->clock == RG_DEFINITION_LEDGER && ledger_ms != RG_SHADOW_ONCE;
        const int64_t now = ledger ? ledger_ms : latest_ms;
        back = back || now < s->as_of_ms[side];
        s->as_of_ms[side] = now;
    }
    return back;
}

static bool is_due(const struct rg_shadow *s, const struct rg_shadow_case *c)
{
    return c->changed || s->as_of_ms[RG_SHADOW_BEFORE] > c->due_ms[RG_SHADOW_BEFORE] ||
           s->as_of_ms[RG_SHADOW_AFTER] > c->due_ms[RG_SHADOW_AFTER];
}

static void begin(struct rg_shadow *s, struct rg_shadow_result *r, int64_t *latest_ms)
{
    s->news_count = 0;
    s->differ = 0;
    *latest_ms = INT64_MIN;
    for (size_t i = 0; i < s->rule_count; i++) {
        memset(s->rule[i].cases, 0, sizeof s->rule[i].cases);
        s->rule[i].differ = 0;
    }
    for (size_t i = 0; i < s->keep.case_count; i++) {
        const struct rg_shadow_case *c = &s->keep.cases[i];
        r->events += c->counting;
        *latest_ms = c->latest_ms > *latest_ms ? c->latest_ms : *latest_ms;
    }
    *latest_ms = r->events == 0 ? 0 : *latest_ms;
}

rg_err rg_shadow_judge(struct rg_shadow *s, int64_t ledger_ms, struct rg_shadow_result *out)
{
    struct rg_shadow_result r = {.rules = s->rule, .rule_count = s->rule_count};
    int64_t latest_ms = 0;
    rg_err e = RG_OK;
    begin(s, &r, &latest_ms);
    r.cases = s->keep.case_count;
    const bool all = set_time(s, ledger_ms, latest_ms);
    for (size_t i = 0; e == RG_OK && i < s->keep.case_count; i++) {
        struct rg_shadow_case *c = &s->keep.cases[i];
        if (c->first == NULL || (!all && !is_due(s, c))) {
            continue;
        }
        e = judge_case(s, c, ledger_ms == RG_SHADOW_ONCE);
        s->failed_case = e == RG_OK ? (struct rg_bytes){0} : c->id;
        rg_say_progress("cases", i + 1, s->keep.case_count);
        e = e == RG_OK && rg_say_stop != 0 ? RG_ERR_CLOSED : e;
    }
    rg_say_progress_end();
    if (e != RG_OK) {
        return e;
    }
    if (s->news_count > 0) {
        qsort(s->news, s->news_count, sizeof *s->news, by_rule);
    }
    r.differences = s->news;
    r.difference_count = s->news_count;
    r.differ = s->differ;
    r.as_of_ms = s->as_of_ms[RG_SHADOW_AFTER];
    *out = r;
    return RG_OK;
}

struct rg_bytes rg_shadow_failed_case(const struct rg_shadow *s)
{
    return s->failed_case;
}
