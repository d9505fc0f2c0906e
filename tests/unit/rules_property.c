/* Random traces under random rules, judged by soll and by a second, naive program. Seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "rules_bench.h"
#include "rules_naive.h"

/* What it is made of: `1` one activity set, `2` two, `r` one with reset, `n` a number, `d` a limit,
 * `w` a window, `s` the same value, and the rest. */
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
             {"no_after_value", "1", ", column: v, values: [\"2\"]"},
             {"response", "2s", ""},
             {"response_within", "2ds", ", hold: h, resume: g"},
             {"alternate_response", "2s", ""},
             {"chain_response", "2s", ""},
             {"responded_existence", "2s", ""},
             {"precedence", "2s", ""},
             {"alternate_precedence", "2s", ""},
             {"chain_precedence", "2s", ""},
             {"not_succession", "2s", ""},
             {"not_chain_succession", "2s", ""},
             {"not_coexistence", "2s", ""},
             {"counter", "rnw", ""},
             {"stall", "d", ""}};

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
                                  "ends: [e]\n"
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
        r->same = strchr(form, 's') != NULL;
        r->window = strchr(form, 'w') != NULL ? (int)rg_prng_below(p, 6) + 1 : 0;
        if (r->same) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", same: v");
        }
        if (r->window > 0) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, ", window: PT%dH", r->window);
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
    print_message("%s%s a=%s b=%s n=%d limit=%d window=%d:", r->name, r->same ? " same" : "", r->a,
                  r->b, r->n, r->limit, r->window);
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
    for (int x = 0; x < 15; x++) {
        struct trace more = *t;
        for (int i = 1; i <= 3; i++) {
            more.e[more.n++] = (struct event){.step = "abcde"[x % 5],
                                              .hour = t->e[t->n - 1].hour,
                                              .group = 1,
                                              .value = (unsigned)x / 5};
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
            naive_add(&got[bench.items[k].rule], (int)bench.items[k].event_no);
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

/* @not names templates that are not looked at. */
static int check_full(const struct rule rules[FORMS], const struct trace *t, int64_t as_of,
                      const char * not )
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
        if (strstr(not, rules[k].name) == NULL && !same(&bench.items[k], &v)) {
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
            wrong += check_full(rules, &t, as_of, "");
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

/* Times that go back, as late records have them: conformance compares the times of two events
 * whatever stands between, and live states stay readable. */
static void times_that_go_back(void **state)
{
    struct rule rules[FORMS];
    struct trace t;
    struct rg_prng prng;
    int wrong = 0;
    (void)state;
    rg_prng_init(&prng, 42);
    for (int i = 0; i < 1500 && wrong < 5; i++) {
        if (i % 50 == 0) {
            make_rules(&prng, rules);
        }
        make_trace(&prng, &t);
        int64_t as_of = 0;
        for (int k = 0; k < t.n; k++) {
            t.e[k].hour = (int64_t)rg_prng_below(&prng, 20) + 1;
            t.e[k].step = strchr("hg", t.e[k].step) != NULL ? 'a' : t.e[k].step;
            as_of = t.e[k].hour > as_of ? t.e[k].hour : as_of;
        }
        bench.state_len = 0;
        for (int k = 0; k < t.n; k++) {
            feed(0, &t.e[k]);
        }
        /* Of these three the words speak of an order of times. */
        wrong += check_full(rules, &t, as_of + 3, "case_duration counter stall");
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_traces),
                                       cmocka_unit_test(times_that_go_back)};
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
