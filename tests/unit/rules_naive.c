#include "rules_naive.h"

#include <string.h>

/* Without a known value an event takes no part in a rule that asks for the same one. */
static bool on(const struct rule *r, const struct trace *t, int i, const char *set)
{
    return strchr(set, t->e[i].step) != NULL && (!r->same || t->e[i].value != 0);
}

/* Whether events @i and @k belong together. */
static bool match(const struct rule *r, const struct trace *t, int i, int k)
{
    return !r->same || t->e[i].value == t->e[k].value;
}

/* The next and the last event of @set that belongs to event @i. */
static int first(const struct rule *r, const struct trace *t, int i, const char *set)
{
    for (int k = i + 1; k < t->n; k++) {
        if (on(r, t, k, set) && match(r, t, i, k)) {
            return k;
        }
    }
    return -1;
}

static int last(const struct rule *r, const struct trace *t, int i, const char *set)
{
    for (int k = i - 1; k >= 0; k--) {
        if (on(r, t, k, set) && match(r, t, i, k)) {
            return k;
        }
    }
    return -1;
}

static int count(const struct rule *r, const struct trace *t, int to, const char *set)
{
    int n = 0;
    for (int i = 0; i < to; i++) {
        n += on(r, t, i, set) ? 1 : 0;
    }
    return n;
}

void naive_add(struct verdict *v, int event)
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
        if (!on(r, t, i, r->a)) {
            continue;
        }
        const int b = first(r, t, i, r->b);
        const int next = first(r, t, i, r->a);
        v->activations++;
        if (is(r, "response_within") || is(r, "response_any_within")) {
            const int64_t spent = running(t, t->e[i].hour, b < 0 ? as_of : t->e[b].hour);
            if (spent > r->limit) {
                naive_add(v, i);
            } else if (b < 0) {
                v->pending++;
            }
        } else if (is(r, "response") || is(r, "response_any")) {
            b < 0 ? naive_add(v, i) : (void)0;
        } else if (is(r, "chain_response")) {
            b != i + 1 ? naive_add(v, i) : (void)0;
        } else if (is(r, "alternate_response")) {
            b < 0 || (next >= 0 && next < b) ? naive_add(v, i) : (void)0;
        } else if (is(r, "responded_existence")) {
            const bool self = on(r, t, i, r->b) && match(r, t, i, i);
            b < 0 && !self && last(r, t, i, r->b) < 0 ? naive_add(v, i) : (void)0;
        }
    }
}

/* Templates that ask something of every B before it. */
static void before_b(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        const int a = last(r, t, i, r->a);
        const int b = last(r, t, i, r->b);
        const bool delay = is(r, "max_delay") || is(r, "min_delay");
        if (!on(r, t, i, r->b) || (delay && a < 0)) {
            continue;
        }
        v->activations++;
        const int64_t took = delay ? t->e[i].hour - t->e[a].hour : 0;
        const bool bad = is(r, "max_delay")              ? took > r->limit
                         : is(r, "min_delay")            ? took < r->limit
                         : is(r, "chain_precedence")     ? a < 0 || a != i - 1
                         : is(r, "alternate_precedence") ? a < 0 || (b >= 0 && a < b)
                                                         : a < 0;
        bad ? naive_add(v, i) : (void)0;
    }
}

static void not_after(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        const int a = last(r, t, i, r->a);
        v->activations += on(r, t, i, r->a) ? 1 : 0;
        if (on(r, t, i, r->b) && (is(r, "not_succession") ? a >= 0 : a >= 0 && a == i - 1)) {
            naive_add(v, i);
        }
    }
}

static void counts(const struct rule *r, const struct trace *t, struct verdict *v)
{
    const int all = count(r, t, t->n, r->a);
    const int most = is(r, "absence")                       ? r->n - 1
                     : is(r, "exactly") || is(r, "at_most") ? r->n
                                                            : 1000;
    const int least = is(r, "exactly") || is(r, "existence") ? r->n : 0;
    v->activations = t->n > 0 ? 1 : 0;
    bool less = t->n > 0 && all < least;
    for (int i = 0; i < t->n; i++) {
        less = less || (t->e[i].step == 'e' && count(r, t, i + 1, r->a) < least);
    }
    less ? naive_add(v, WHOLE) : (void)0;
    for (int i = 0; i < t->n; i++) {
        on(r, t, i, r->a) && count(r, t, i + 1, r->a) > most ? naive_add(v, i) : (void)0;
    }
}

/* Whether a violating event so far has the value of event @i. */
static bool told(const struct trace *t, const struct verdict *v, int i)
{
    for (int k = 0; k < v->count; k++) {
        if (t->e[v->events[k]].value == t->e[i].value) {
            return true;
        }
    }
    return false;
}

/* Templates with at most one violating event (with `same` one a value), the first that makes it so.
 */
static void once(const struct rule *r, const struct trace *t, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        for (int k = 0; k <= i; k++) {
            if (r->same ? told(t, v, i) : v->count > 0) {
                break;
            }
            const struct event *x = &t->e[k];
            const struct event *y = &t->e[i];
            const bool ab = (on(r, t, k, r->a) && on(r, t, i, r->b)) ||
                            (on(r, t, k, r->b) && on(r, t, i, r->a));
            const bool aa = on(r, t, k, r->a) && on(r, t, i, r->a);
            if ((is(r, "not_coexistence") && ab && match(r, t, i, k)) ||
                (is(r, "four_eyes") && ab && x->resource != 0 && x->resource == y->resource) ||
                (is(r, "single_group") && aa && x->group != 0 && y->group != 0 &&
                 x->group != y->group)) {
                naive_add(v, i);
            }
        }
    }
    const bool a = count(r, t, t->n, r->a) > 0;
    const bool b = count(r, t, t->n, r->b) > 0;
    v->activations = is(r, "not_coexistence") ? a || b : is(r, "four_eyes") ? a && b : a;
}

/* Templates that look at each A alone, or at the case. */
static void alone(const struct rule *r, const struct trace *t, struct verdict *v)
{
    unsigned seen = 0;
    if (is(r, "init") || is(r, "case_duration")) {
        v->activations = t->n > 0 ? 1 : 0;
        if (is(r, "init") && t->n > 0 && !on(r, t, 0, r->a)) {
            naive_add(v, 0);
        }
        if (is(r, "case_duration") && t->n > 0 && t->e[t->n - 1].hour - t->e[0].hour > r->limit) {
            naive_add(v, WHOLE);
        }
        return;
    }
    int since = 0;
    for (int i = 0; i < t->n; i++) {
        if (on(r, t, i, r->a)) {
            v->activations++;
            since = 0;
            for (int k = i; k >= 0 && is(r, "counter"); k--) {
                const bool far = r->window > 0 && t->e[k].hour < t->e[i].hour - r->window;
                since += on(r, t, k, r->a) && !far ? 1 : 0;
                if (on(r, t, k, r->b)) {
                    break; /* reset, and counted itself when it is both */
                }
            }
            if ((is(r, "role") && t->e[i].group != 1) || (is(r, "no_after_value") && seen == 2) ||
                (is(r, "counter") && since >= r->n)) {
                naive_add(v, i);
            }
        }
        seen = t->e[i].value != 0 ? t->e[i].value : seen;
    }
}

/* Every event but those that end the case is followed by another in time. */
static void stall(const struct rule *r, const struct trace *t, int64_t as_of, struct verdict *v)
{
    for (int i = 0; i < t->n; i++) {
        if (t->e[i].step == 'e') {
            continue;
        }
        v->activations++;
        const int64_t until = i + 1 < t->n ? t->e[i + 1].hour : as_of;
        if (until - t->e[i].hour > r->limit) {
            naive_add(v, i);
        } else if (i + 1 == t->n) {
            v->pending++;
        }
    }
}

struct verdict naive(const struct rule *r, const struct trace *t, int64_t as_of)
{
    struct verdict v = {0};
    if (is(r, "stall")) {
        stall(r, t, as_of, &v);
    } else if (strstr(r->name, "response") != NULL || is(r, "responded_existence")) {
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
