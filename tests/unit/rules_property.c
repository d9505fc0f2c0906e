/* Random traces under random rules, judged by soll and by a second program below that follows the
 * words of the semantics with loops over the whole trace and shares nothing with it. Seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "rules_bench.h"

#define EVENTS_MAX 14
#define RULES_MAX 40
#define WHOLE (-1)

/* An event of a trace: a step `a` to `e`, hours, and small numbers for its fields (0: none). */
struct event {
    char step;
    int64_t hour;
    unsigned group;
    unsigned resource;
    unsigned value;
};

struct trace {
    struct event e[EVENTS_MAX + 3];
    int n;
};

struct rule {
    const char *name;
    const char *a; /* sets of steps */
    const char *b;
    int n;
    int limit;
};

struct verdict {
    int activations;
    int pending;
    int events[EVENTS_MAX + 3];
    int count;
};

static bool on(const struct trace *t, int i, const char *set)
{
    return strchr(set, t->e[i].step) != NULL;
}

static int first(const struct trace *t, int from, int to, const char *set)
{
    for (int i = from; i < to; i++) {
        if (on(t, i, set)) {
            return i;
        }
    }
    return -1;
}

static int last(const struct trace *t, int before, const char *set)
{
    for (int i = before - 1; i >= 0; i--) {
        if (on(t, i, set)) {
            return i;
        }
    }
    return -1;
}

static int count(const struct trace *t, int to, const char *set)
{
    int n = 0;
    for (int i = 0; i < to; i++) {
        n += on(t, i, set) ? 1 : 0;
    }
    return n;
}

static void add(struct verdict *v, int event)
{
    v->events[v->count++] = event;
}

static bool is(const struct rule *r, const char *name)
{
    return strcmp(r->name, name) == 0;
}

/* Hours between two times that lie in no stretch from an `h` to the next `g`. */
static int64_t running(const struct trace *t, int64_t from, int64_t to)
{
    int64_t hours = 0;
    for (int64_t x = from; x < to; x++) {
        bool held = false;
        for (int i = 0; i < t->n; i++) {
            /* The hour after x belongs to what was recorded up to x. */
            if (t->e[i].hour <= x) {
                held = t->e[i].step == 'h' ? true : t->e[i].step == 'g' ? false : held;
            }
        }
        hours += held ? 0 : 1;
    }
    return hours;
}

/* Templates that ask something of every A after it. */
static void after_a(const struct rule *r, const struct trace *t, int64_t as_of, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        if (!on(t, i, r->a)) {
            continue;
        }
        const int b = first(t, i + 1, t->n, r->b);
        const int next = first(t, i + 1, t->n, r->a);
        v->activations++;
        if (is(r, "response_within") || is(r, "response_any_within")) {
            const int64_t spent = running(t, t->e[i].hour, b < 0 ? as_of : t->e[b].hour);
            if (spent > r->limit) {
                add(v, i);
            } else if (b < 0) {
                v->pending++;
            }
        } else if (is(r, "response") || is(r, "response_any")) {
            b < 0 ? add(v, i) : (void)0;
        } else if (is(r, "chain_response")) {
            b != i + 1 ? add(v, i) : (void)0;
        } else if (is(r, "alternate_response")) {
            b < 0 || (next >= 0 && next < b) ? add(v, i) : (void)0;
        } else if (is(r, "responded_existence")) {
            count(t, t->n, r->b) == 0 ? add(v, i) : (void)0;
        }
    }
}

/* Templates that ask something of every B before it. */
static void before_b(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        const int a = last(t, i, r->a);
        const int b = last(t, i, r->b);
        const bool delay = is(r, "max_delay") || is(r, "min_delay");
        if (!on(t, i, r->b) || (delay && a < 0)) {
            continue;
        }
        v->activations++;
        const int64_t took = delay ? t->e[i].hour - t->e[a].hour : 0;
        const bool bad = is(r, "max_delay")              ? took > r->limit
                         : is(r, "min_delay")            ? took < r->limit
                         : is(r, "chain_precedence")     ? a < 0 || a != i - 1
                         : is(r, "alternate_precedence") ? a < 0 || (b >= 0 && a < b)
                                                         : a < 0;
        bad ? add(v, i) : (void)0;
    }
}

static void not_after(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        const int a = last(t, i, r->a);
        v->activations += on(t, i, r->a) ? 1 : 0;
        if (on(t, i, r->b) && (is(r, "not_succession") ? a >= 0 : a >= 0 && a == i - 1)) {
            add(v, i);
        }
    }
}

static void counts(const struct rule *r, const struct trace *t, struct verdict *v)
{
    const int all = count(t, t->n, r->a);
    const int most = is(r, "absence")                       ? r->n - 1
                     : is(r, "exactly") || is(r, "at_most") ? r->n
                                                            : 1000;
    const int least = is(r, "exactly") || is(r, "existence") ? r->n : 0;
    v->activations = t->n > 0 ? 1 : 0;
    if (t->n > 0 && all < least) {
        add(v, WHOLE);
    }
    for (int i = 0; i < t->n; i++) {
        on(t, i, r->a) && count(t, i + 1, r->a) > most ? add(v, i) : (void)0;
    }
}

/* Templates with at most one violating event, the first that makes it so. */
static void once(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n && v->count == 0; i++) {
        for (int k = 0; k <= i && v->count == 0; k++) {
            const struct event *x = &t->e[k];
            const struct event *y = &t->e[i];
            const bool ab =
                (on(t, k, r->a) && on(t, i, r->b)) || (on(t, k, r->b) && on(t, i, r->a));
            const bool aa = on(t, k, r->a) && on(t, i, r->a);
            if ((is(r, "not_coexistence") && ab) ||
                (is(r, "four_eyes") && ab && x->resource != 0 && x->resource == y->resource) ||
                (is(r, "single_group") && aa && x->group != 0 && y->group != 0 &&
                 x->group != y->group)) {
                add(v, i);
            }
        }
    }
    const bool a = count(t, t->n, r->a) > 0;
    const bool b = count(t, t->n, r->b) > 0;
    v->activations = is(r, "not_coexistence") ? a || b : is(r, "four_eyes") ? a && b : a;
}

/* Templates that look at each A alone, or at the case. */
static void alone(const struct rule *r, const struct trace *t, struct verdict *v)
{
    unsigned seen = 0;
    if (is(r, "init") || is(r, "case_duration")) {
        v->activations = t->n > 0 ? 1 : 0;
        if (is(r, "init") && t->n > 0 && !on(t, 0, r->a)) {
            add(v, 0);
        }
        if (is(r, "case_duration") && t->n > 0 && t->e[t->n - 1].hour - t->e[0].hour > r->limit) {
            add(v, WHOLE);
        }
        return;
    }
    int since = 0;
    for (int i = 0; i < t->n; i++) {
        if (on(t, i, r->a)) {
            v->activations++;
            since = is(r, "counter") && on(t, i, r->b) ? 1 : since + 1;
            if ((is(r, "role") && t->e[i].group != 1) || (is(r, "no_after_value") && seen == 2) ||
                (is(r, "counter") && since >= r->n)) {
                add(v, i);
            }
        } else if (on(t, i, r->b)) {
            since = 0;
        }
        seen = t->e[i].value != 0 ? t->e[i].value : seen;
    }
}

static struct verdict naive(const struct rule *r, const struct trace *t, int64_t as_of)
{
    struct verdict v = {0};
    if (strstr(r->name, "response") != NULL || is(r, "responded_existence")) {
        after_a(r, t, as_of, &v);
    } else if (strstr(r->name, "precedence") != NULL || strstr(r->name, "_delay") != NULL) {
        before_b(r, t, &v);
    } else if (strstr(r->name, "succession") != NULL) {
        not_after(r, t, &v);
    } else if (is(r, "exactly") || is(r, "absence") || is(r, "existence") || is(r, "at_most")) {
        counts(r, t, &v);
    } else if (is(r, "not_coexistence") || is(r, "four_eyes") || is(r, "single_group")) {
        once(r, t, &v);
    } else {
        alone(r, t, &v);
    }
    return v;
}

/* What it is made of: `1` one activity set, `2` two, `n` a number, `d` a limit, and the rest. */
static const struct {
    const char *name;
    const char *form;
    const char *rest;
} forms[] = {{"init", "1", ""},
             {"exactly", "1n", ""},
             {"absence", "1n", ""},
             {"existence", "1n", ""},
             {"at_most", "1n", ""},
             {"response", "2", ""},
             {"response_any", "2", ""},
             {"response_within", "2d", ", hold: h, resume: g"},
             {"response_any_within", "2d", ", hold: h, resume: g"},
             {"alternate_response", "2", ""},
             {"chain_response", "2", ""},
             {"responded_existence", "2", ""},
             {"precedence", "2", ""},
             {"precedence_any", "2", ""},
             {"alternate_precedence", "2", ""},
             {"chain_precedence", "2", ""},
             {"not_succession", "2", ""},
             {"not_chain_succession", "2", ""},
             {"not_coexistence", "2", ""},
             {"four_eyes", "2", ""},
             {"max_delay", "2d", ""},
             {"min_delay", "2d", ""},
             {"counter", "rn", ""},
             {"case_duration", "d", ""},
             {"single_group", "1", ""},
             {"role", "1", ", groups: [\"1\"]"},
             {"no_after_value", "1", ", column: v, values: [\"2\"]"}};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static const char *const sets[] = {"a", "b", "c", "ab", "bc", "cd", "de"};

static const char *list(const char *set)
{
    static char text[4][32];
    static unsigned at;
    char *out = text[at++ % 4];
    size_t len = 0;
    for (const char *p = set; *p != '\0'; p++) {
        len += (size_t)snprintf(out + len, 32 - len, "%s%c", p == set ? "[" : ", ", *p);
    }
    (void)snprintf(out + len, 32 - len, "]");
    return out;
}

static void make_rules(struct rg_prng *p, struct rule rules[FORMS])
{
    char text[8192];
    size_t len = (size_t)snprintf(text, sizeof(text),
                                  "process: t\nversion: 1\nclock: event\nsteps: any\nfields: any\n"
                                  "rules:\n");
    for (size_t i = 0; i < FORMS; i++) {
        struct rule *r = &rules[i];
        const char *form = forms[i].form;
        *r = (struct rule){.name = forms[i].name, .a = "", .b = ""};
        r->a = form[0] == 'd' ? "" : sets[rg_prng_below(p, 7)];
        r->b = form[0] == '2' || form[0] == 'r' ? sets[rg_prng_below(p, 7)] : "";
        r->n = (int)rg_prng_below(p, 3) + 1;
        r->limit = (int)rg_prng_below(p, 7) + 1;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "  - {id: r%zu, template: %s%s", i,
                                r->name, forms[i].rest);
        if (form[0] == '2') {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", activities: [%s, %s]",
                                    list(r->a), list(r->b));
        } else if (form[0] != 'd') {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", activities: %s", list(r->a));
        }
        if (form[0] == 'r') {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", reset: %s", list(r->b));
        }
        if (strchr(form, 'n') != NULL) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", n: %d", r->n);
        }
        if (strchr(form, 'd') != NULL) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", within: PT%dH", r->limit);
        }
        len += (size_t)snprintf(text + len, sizeof(text) - len, "}\n");
        assert_true(len < sizeof(text) - 200);
    }
    bench_open(text);
}

/* Hours never go back, and often stand still. */
static void make_trace(struct rg_prng *p, struct trace *t)
{
    int64_t hour = 1;
    t->n = (int)rg_prng_below(p, EVENTS_MAX) + 1;
    for (int i = 0; i < t->n; i++) {
        hour += rg_prng_below(p, 3) == 0 ? 0 : (int64_t)rg_prng_below(p, 4);
        t->e[i] = (struct event){.step = "abcdeabcdehg"[rg_prng_below(p, 12)],
                                 .hour = hour,
                                 .group = (unsigned)rg_prng_below(p, 3),
                                 .resource = (unsigned)rg_prng_below(p, 4),
                                 .value = (unsigned)rg_prng_below(p, 3)};
    }
}

static void feed(uint8_t flags, const struct event *e)
{
    static const char digits[4][2] = {"", "1", "2", "3"};
    const char step[2] = {e->step, '\0'};
    const struct rg_hostmsg_op op = {
        .kind = RG_HOSTMSG_OP_ENTRY,
        .time_ms = e->hour * HOUR,
        .occurred_ms = e->hour * HOUR,
        .step = rg_bytes_str(step),
        .fields = {{rg_bytes_str("group"), rg_bytes_str(digits[e->group])},
                   {rg_bytes_str("resource"), rg_bytes_str(digits[e->resource])},
                   {rg_bytes_str("v"), rg_bytes_str(digits[e->value])}},
        .field_count = 3};
    assert_int_equal(bench_step(flags, &op), RG_HOSTMSG_OK);
}

static void explain(const struct rule *r, const struct trace *t, const struct verdict *v)
{
    print_message("%s a=%s b=%s n=%d limit=%d:", r->name, r->a, r->b, r->n, r->limit);
    for (int i = 0; i < t->n; i++) {
        print_message(" %c:%d/%u/%u/%u", t->e[i].step, (int)t->e[i].hour, t->e[i].group,
                      t->e[i].resource, t->e[i].value);
    }
    print_message("; wanted %d activations, %d pending, violations", v->activations, v->pending);
    for (int i = 0; i < v->count; i++) {
        print_message(" %d", v->events[i]);
    }
    print_message("\n");
}

static bool same(const struct rg_hostmsg_item *x, const struct verdict *v)
{
    const unsigned judgement = v->count > 0 ? 3 : v->pending > 0 ? 2 : v->activations > 0 ? 1 : 0;
    bool ok = x->judgement == judgement && x->activations == (uint64_t)v->activations &&
              x->pending == (uint64_t)v->pending && rg_hostmsg_event_count(x) == (size_t)v->count;
    for (int i = 0; ok && i < v->count; i++) {
        ok = rg_hostmsg_event(x, (size_t)i) == v->events[i];
    }
    return ok;
}

static bool among(const struct verdict *v, int event)
{
    for (int i = 0; i < v->count; i++) {
        if (v->events[i] == event) {
            return true;
        }
    }
    return false;
}

/* Whether no event could make @event good any more: not one of these, at once, up to three times.
 */
static bool permanent(const struct rule *r, const struct trace *t, int event)
{
    for (const char *p = "abcde"; *p != '\0'; p++) {
        struct trace more = *t;
        for (int i = 1; i <= 3; i++) {
            more.e[more.n++] = (struct event){.step = *p, .hour = t->e[t->n - 1].hour, .group = 1};
            const struct verdict v = naive(r, &more, t->e[t->n - 1].hour);
            if (!among(&v, event)) {
                return false;
            }
        }
    }
    return true;
}

/* Alerts of the live case: those of all its events are the permanent violations, each once. */
static int check_live(const struct rule rules[FORMS], const struct trace *t)
{
    struct verdict got[FORMS] = {{0}};
    int wrong = 0;
    bench.state_len = 0;
    for (int i = 0; i < t->n; i++) {
        feed(0, &t->e[i]);
        for (size_t k = 0; k < bench.item_count; k++) {
            assert_true(bench.items[k].rule < FORMS && bench.items[k].state == 1);
            assert_true(got[bench.items[k].rule].count < EVENTS_MAX);
            add(&got[bench.items[k].rule], (int)bench.items[k].event_no);
        }
    }
    for (size_t k = 0; k < FORMS; k++) {
        const struct verdict v = naive(&rules[k], t, t->e[t->n - 1].hour);
        int want = 0;
        bool ok = true;
        for (int i = 0; i < v.count; i++) {
            if (permanent(&rules[k], t, v.events[i])) {
                want++;
                ok = ok && among(&got[k], v.events[i]);
            }
        }
        if (!ok || want != got[k].count) {
            explain(&rules[k], t, &v);
            explain(&rules[k], t, &got[k]);
            wrong++;
        }
    }
    return wrong;
}

static int check_full(const struct rule rules[FORMS], const struct trace *t, int64_t as_of)
{
    int wrong = 0;
    bench.state_len = 0;
    for (int i = 0; i < t->n; i++) {
        feed(RG_HOSTMSG_FULL, &t->e[i]);
    }
    assert_int_equal(bench_time(RG_HOSTMSG_FULL, RG_HOSTMSG_OP_FINISH, as_of * HOUR),
                     RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, FORMS);
    for (size_t k = 0; k < FORMS; k++) {
        const struct verdict v = naive(&rules[k], t, as_of);
        if (!same(&bench.items[k], &v)) {
            explain(&rules[k], t, &v);
            wrong++;
        }
    }
    return wrong;
}

static void random_traces(void **state)
{
    struct rule rules[FORMS];
    struct trace t;
    struct rg_prng prng;
    int wrong = 0;
    int violated = 0;
    (void)state;
    rg_prng_init(&prng, 20261129);
    for (int i = 0; i < 60; i++) {
        make_rules(&prng, rules);
        for (int k = 0; k < 40 && wrong < 5; k++) {
            make_trace(&prng, &t);
            const int64_t as_of = t.e[t.n - 1].hour + (int64_t)rg_prng_below(&prng, 9);
            wrong += check_full(rules, &t, as_of);
            for (size_t x = 0; x < FORMS; x++) {
                violated += bench.items[x].judgement == 3 ? 1 : 0;
            }
            wrong += check_live(rules, &t);
        }
    }
    print_message("%d of %d verdicts are violations\n", violated, (int)(60 * 40 * FORMS));
    assert_true(violated > 1000);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_traces)};
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
