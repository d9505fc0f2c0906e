/* node/cli: two versions of a definition over one history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/say.h"
#include "node/cli/shadow.h"
#include <stdio.h>
#include <string.h>

#define HOUR INT64_C(3600000)
#define HEAD "process: p\nversion: 1\nclock: event\nsteps: any\nfields: any\nrules:\n"
#define WITHIN(hours)                                                                              \
    "  - {id: due, template: response_within, activities: [a, b], within: PT" hours "H}\n"
#define CHAIN "  - {id: chain, template: chain_response, activities: [a, b]}\n"
#define ONCE "  - {id: twice, template: absence, activities: [b], n: 1}\n"
#define TWICE "  - {id: twice, template: absence, activities: [b], n: 2}\n"

struct lab {
    struct rg_definition *def[RG_SHADOW_SIDES];
    struct rg_shadow *shadow;
    struct rg_shadow_result result;
};

static void open_lab(struct lab *l, const char *before, const char *after)
{
    const char *const yaml[RG_SHADOW_SIDES] = {before, after};
    struct rg_shadow_version v[RG_SHADOW_SIDES];
    char text[RG_DEFINITION_ERROR_MAX];
    *l = (struct lab){0};
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        assert_int_equal(rg_definition_parse("d", rg_bytes_str(yaml[i]), &l->def[i], text), RG_OK);
        v[i] = (struct rg_shadow_version){l->def[i], rg_bytes_str(yaml[i])};
    }
    assert_int_equal(rg_shadow_create(v[0], v[1], &l->shadow), RG_OK);
}

static void close_lab(struct lab *l)
{
    rg_shadow_destroy(&l->shadow);
    rg_definition_destroy(&l->def[0]);
    rg_definition_destroy(&l->def[1]);
}

static rg_err add(struct lab *l, const char *id, const char *step, int64_t hour)
{
    const struct rg_event event = {.step = rg_bytes_str(step), .occurred_ms = hour * HOUR};
    const struct rg_export_event e = {.case_id = rg_bytes_str(id),
                                      .agency = rg_bytes_str("X"),
                                      .recorded_ms = hour * HOUR,
                                      .event = &event};
    return rg_shadow_add(l->shadow, &e);
}

/* Cases out of order and interleaved: c2 answers after 5 hours, c1 after 2, c3 not yet at hour 9,
 * c4 twice, c5 has nothing to judge. */
static void story(struct lab *l)
{
    static const struct {
        const char *id;
        const char *step;
        int64_t hour;
    } events[] = {{"c2", "a", 0}, {"c1", "a", 0}, {"c1", "b", 2}, {"c2", "b", 5}, {"c4", "a", 1},
                  {"c3", "a", 4}, {"c4", "x", 2}, {"c4", "b", 2}, {"c4", "b", 4}, {"c5", "x", 9}};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_int_equal(add(l, events[i].id, events[i].step, events[i].hour), RG_OK);
    }
    assert_int_equal(rg_shadow_judge(l->shadow, RG_SHADOW_ONCE, &l->result), RG_OK);
    assert_int_equal(l->result.cases, 5);
    assert_int_equal(l->result.events, 10);
    assert_int_equal(l->result.as_of_ms, 9 * HOUR);
}

/* The differences as text: `rule case before>after events>events; ...`. */
static const char *told(const struct lab *l)
{
    static char text[2048];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < l->result.difference_count; i++) {
        const struct rg_shadow_difference *d = &l->result.differences[i];
        at += (size_t)snprintf(text + at, sizeof text - at, "%s %.*s %u>%u",
                               l->result.rules[d->rule].id, (int)d->case_id.len,
                               (const char *)d->case_id.data, d->judged[0], d->judged[1]);
        for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
            at += (size_t)snprintf(text + at, sizeof text - at, side == 0 ? " " : ">");
            for (size_t k = 0; k < d->event_count[side]; k++) {
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", k == 0 ? "" : ",",
                                       (long long)d->events[side][k]);
            }
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "; ");
    }
    return text;
}

static void expect(const char *before, const char *after, const char *want, uint64_t differ)
{
    struct lab l;
    open_lab(&l, before, after);
    story(&l);
    assert_string_equal(told(&l), want);
    assert_int_equal(l.result.differ, differ);
    close_lab(&l);
}

static void no_difference(void **state)
{
    (void)state;
    expect(HEAD WITHIN("3") CHAIN, HEAD CHAIN WITHIN("3"), "", 0);
}

static void a_deadline(void **state)
{
    (void)state;
    /* 0 vacuous, 1 satisfied, 2 pending, 3 violated, 4 absent. c2: 5 hours; c3: 5 hours so far, and
     * a limit includes itself. */
    expect(HEAD WITHIN("4"), HEAD WITHIN("5"), "due c2 3>1 0>; due c3 3>2 0>; ", 2);
    expect(HEAD WITHIN("5"), HEAD WITHIN("4"), "due c2 1>3 >0; due c3 2>3 >0; ", 2);
    expect(HEAD WITHIN("1"), HEAD WITHIN("2"), "due c1 3>1 0>; ", 1);
}

static void other_events(void **state)
{
    (void)state;
    expect(HEAD TWICE, HEAD ONCE, "twice c1 1>3 >1; twice c2 1>3 >1; twice c4 3>3 3>2,3; ", 3);
}

static void added_and_removed(void **state)
{
    (void)state;
    expect(HEAD CHAIN, HEAD CHAIN TWICE, "twice c4 4>3 >3; ", 1);
    expect(HEAD TWICE CHAIN, HEAD TWICE, "chain c3 3>4 0>; chain c4 3>4 0>; ", 2);
    expect(HEAD WITHIN("5") CHAIN, HEAD CHAIN, "due c3 2>4 >; ", 1);
}

static void counts(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD WITHIN("4") TWICE, HEAD CHAIN WITHIN("5"));
    story(&l);
    assert_int_equal(l.result.rule_count, 3);
    const struct rg_shadow_rule *r = l.result.rules;
    static const uint64_t want[3][RG_SHADOW_SIDES][RG_SHADOW_JUDGEMENTS] = {
        {{0}, {1, 2, 0, 2}}, {{1, 2, 0, 2}, {1, 3, 1, 0}}, {{0, 4, 0, 1}, {0}}};
    static const char *const ids[3] = {"chain", "due", "twice"};
    static const uint64_t differ[3] = {2, 2, 1};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(r[i].id, ids[i]);
        assert_memory_equal(r[i].cases, want[i], sizeof want[i]);
        assert_int_equal(r[i].differ, differ[i]);
        assert_int_equal(r[i].in[RG_SHADOW_BEFORE], i != 0);
        assert_int_equal(r[i].in[RG_SHADOW_AFTER], i != 2);
    }
    close_lab(&l);
}

static void nothing(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD CHAIN, HEAD TWICE);
    assert_int_equal(rg_shadow_judge(l.shadow, RG_SHADOW_ONCE, &l.result), RG_OK);
    assert_int_equal(l.result.cases, 0);
    assert_int_equal(l.result.difference_count, 0);
    assert_int_equal(l.result.rule_count, 2);
    close_lab(&l);
}

static void add_many(struct lab *l, size_t count)
{
    assert_int_equal(add(l, "short", "a", 0), RG_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(add(l, "long", "b", (int64_t)i), RG_OK);
    }
}

/* A case of several messages: its events keep their numbers. */
static void long_case(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD "  - {id: twice, template: absence, activities: [b], n: 100001}\n",
             HEAD "  - {id: twice, template: absence, activities: [b], n: 100000}\n");
    add_many(&l, 100000);
    assert_int_equal(rg_shadow_judge(l.shadow, RG_SHADOW_ONCE, &l.result), RG_OK);
    assert_string_equal(told(&l), "twice long 1>3 >99999; ");
    close_lab(&l);
}

static void over_a_limit(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD TWICE, HEAD ONCE);
    add_many(&l, 400000);
    assert_int_equal(rg_shadow_judge(l.shadow, RG_SHADOW_ONCE, &l.result), RG_ERR_FULL);
    assert_true(rg_bytes_eq(rg_shadow_failed_case(l.shadow), rg_bytes_str("long")));
    close_lab(&l);
}

static void stopped(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD TWICE, HEAD ONCE);
    add_many(&l, 1);
    rg_say_stop = 1;
    assert_int_equal(rg_shadow_judge(l.shadow, RG_SHADOW_ONCE, &l.result), RG_ERR_CLOSED);
    rg_say_stop = 0;
    close_lab(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_difference), cmocka_unit_test(a_deadline),
        cmocka_unit_test(other_events),  cmocka_unit_test(added_and_removed),
        cmocka_unit_test(counts),        cmocka_unit_test(nothing),
        cmocka_unit_test(long_case),     cmocka_unit_test(over_a_limit),
        cmocka_unit_test(stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
