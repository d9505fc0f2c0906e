/* node/cli: two versions of a definition over a history that goes on. What is told, taken together,
 * is at every moment what a shadow says that sees the whole history for the first time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/prng.h"
#include "node/cli/shadow.h"
#include <stdio.h>
#include <string.h>

#define HOUR INT64_C(3600000)
#define CASES 12
#define EVENTS_MAX 24
#define RULES 8
#define TEXT 256

#define HEAD(clock) "process: p\nversion: 1\nclock: " clock "\nsteps: any\nfields: any\nrules:\n"
#define RULES_OF(hours, times)                                                                     \
    "  - {id: due, template: response_within, activities: [a, b], within: PT" hours "H}\n"         \
    "  - {id: held, template: response_within, activities: [a, c], within: PT6H, hold: h, "        \
    "resume: r}\n"                                                                                 \
    "  - {id: still, template: stall, within: PT" hours "H}\n"                                     \
    "  - {id: twice, template: absence, activities: [b], n: " times "}\n"
#define TIMES(n) "  - {id: times, template: absence, activities: [a], n: " n "}\n"
#define CHAIN "  - {id: chain, template: chain_response, activities: [a, b]}\n"

struct entry {
    char step[2];
    int64_t occurred_ms;
    int64_t recorded_ms;
    bool is_void;
};

struct history {
    struct entry entry[CASES][EVENTS_MAX];
    size_t count[CASES];
};

struct lab {
    struct rg_definition *def[RG_SHADOW_SIDES];
    struct rg_bytes yaml[RG_SHADOW_SIDES];
    struct rg_shadow *shadow;
    struct rg_shadow_result result;
    char told[CASES][RULES][TEXT]; /* what was told last, "": nothing that differs */
};

static struct rg_shadow *make(const struct lab *l)
{
    struct rg_shadow *s = NULL;
    const struct rg_shadow_version v[RG_SHADOW_SIDES] = {{l->def[0], l->yaml[0]},
                                                         {l->def[1], l->yaml[1]}};
    assert_int_equal(rg_shadow_create(v[0], v[1], &s), RG_OK);
    return s;
}

static void open_lab(struct lab *l, const char *before, const char *after)
{
    char text[RG_DEFINITION_ERROR_MAX];
    *l = (struct lab){.yaml = {rg_bytes_str(before), rg_bytes_str(after)}};
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        assert_int_equal(rg_definition_parse("d", l->yaml[i], &l->def[i], text), RG_OK);
    }
    l->shadow = make(l);
}

static void close_lab(struct lab *l)
{
    rg_shadow_destroy(&l->shadow);
    rg_definition_destroy(&l->def[0]);
    rg_definition_destroy(&l->def[1]);
}

/* Give a case whole, as a node does. */
static void give(struct rg_shadow *s, const struct history *h, size_t no)
{
    char id[8];
    const uint8_t key[2] = {1, (uint8_t)no};
    (void)snprintf(id, sizeof id, "c%02zu", no);
    for (size_t i = 0; i < h->count[no]; i++) {
        const struct entry *from = &h->entry[no][i];
        const struct rg_event event = {.step = rg_bytes_str(from->step),
                                       .occurred_ms = from->occurred_ms};
        const struct rg_export_event e = {.case_id = rg_bytes_str(id),
                                          .key = {key, sizeof key},
                                          .event_no = (uint32_t)i,
                                          .agency = rg_bytes_str("X"),
                                          .recorded_ms = from->recorded_ms,
                                          .is_void = from->is_void,
                                          .event = &event};
        if (i == 0) {
            rg_shadow_renew(s, &e);
        }
        assert_int_equal(rg_shadow_add(s, &e), RG_OK);
    }
}

/* Enter what a judging told into @told. Each is news. */
static void take(const struct rg_shadow_result *r, char told[CASES][RULES][TEXT])
{
    for (size_t i = 0; i < r->difference_count; i++) {
        const struct rg_shadow_difference *d = &r->differences[i];
        char text[TEXT] = "";
        size_t at = 0;
        const size_t no = (size_t)(d->case_id.data[1] - '0') * 10 + d->case_id.data[2] - '0';
        if (d->differs) {
            at = (size_t)snprintf(text, sizeof text, "%u>%u", d->judged[0], d->judged[1]);
        }
        for (size_t side = 0; d->differs && side < RG_SHADOW_SIDES; side++) {
            for (size_t k = 0; k < d->event_count[side]; k++) {
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", k == 0 ? " " : ",",
                                       (long long)d->events[side][k]);
            }
            at += (size_t)snprintf(text + at, sizeof text - at, ";");
        }
        assert_true(at < TEXT);
        assert_string_not_equal(told[no][d->rule], text);
        (void)snprintf(told[no][d->rule], TEXT, "%s", text);
    }
}

static void judge(struct lab *l, int64_t hour)
{
    assert_int_equal(rg_shadow_judge(l->shadow, hour * HOUR, &l->result), RG_OK);
    take(&l->result, l->told);
}

/* How many cases were judged the last time. */
static uint64_t judged(const struct lab *l)
{
    uint64_t n = 0;
    for (size_t i = 0; i < RG_SHADOW_JUDGEMENTS; i++) {
        n += l->result.rules[0].cases[RG_SHADOW_AFTER][i];
    }
    return n;
}

/* A shadow made anew tells the same. */
static void check(const struct lab *l, const struct history *h, int64_t hour)
{
    static char told[CASES][RULES][TEXT];
    struct rg_shadow_result r;
    struct rg_shadow *s = make(l);
    memset(told, 0, sizeof told);
    for (size_t i = 0; i < CASES; i++) {
        give(s, h, i);
    }
    assert_int_equal(rg_shadow_judge(s, hour * HOUR, &r), RG_OK);
    assert_int_equal(r.as_of_ms, l->result.as_of_ms);
    assert_int_equal(r.events, l->result.events);
    take(&r, told);
    for (size_t i = 0; i < CASES; i++) {
        for (size_t k = 0; k < RULES; k++) {
            assert_string_equal(l->told[i][k], told[i][k]);
        }
    }
    rg_shadow_destroy(&s);
}

static void append(struct history *h, size_t no, char step, int64_t occurred, int64_t recorded)
{
    if (h->count[no] < EVENTS_MAX) {
        h->entry[no][h->count[no]++] = (struct entry){
            .step = {step, '\0'}, .occurred_ms = occurred * HOUR, .recorded_ms = recorded * HOUR};
    }
}

/* Something happens in a case, or what happened did not. */
static void change(struct history *h, struct rg_prng *p, size_t no, int64_t hour)
{
    const size_t count = h->count[no];
    if (count > 0 && rg_prng_below(p, 4) == 0) {
        h->entry[no][rg_prng_below(p, count)].is_void = true;
        return;
    }
    append(h, no, "aaabchrx"[rg_prng_below(p, 8)], hour - (int64_t)rg_prng_below(p, 4), hour);
}

static void random_history(const char *before, const char *after, uint64_t seed)
{
    struct lab l;
    static struct history h;
    struct rg_prng p;
    int64_t hour = 1000;
    open_lab(&l, before, after);
    memset(&h, 0, sizeof h);
    rg_prng_init(&p, seed);
    for (int round = 0; round < 120; round++) {
        hour += (int64_t)rg_prng_below(&p, 3);
        for (uint64_t n = rg_prng_below(&p, 3); n > 0; n--) {
            const size_t no = (size_t)rg_prng_below(&p, CASES);
            change(&h, &p, no, hour);
            give(l.shadow, &h, no);
        }
        judge(&l, hour);
        check(&l, &h, hour);
    }
    close_lab(&l);
}

static void what_is_told_adds_up(void **state)
{
    static const char *const clocks[4][RG_SHADOW_SIDES] = {
        {HEAD("event") RULES_OF("4", "2") CHAIN, HEAD("event") RULES_OF("5", "3")},
        {HEAD("ledger") RULES_OF("4", "2"), HEAD("ledger") RULES_OF("5", "2") CHAIN},
        {HEAD("event") RULES_OF("4", "2"), HEAD("ledger") RULES_OF("4", "2")},
        {HEAD("ledger") RULES_OF("2", "2"), HEAD("event") RULES_OF("3", "2")}};
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        for (size_t i = 0; i < 4; i++) {
            random_history(clocks[i][0], clocks[i][1], seed * 4 + i);
        }
    }
}

#define WITHIN(hours)                                                                              \
    "  - {id: due, template: response_within, activities: [a, b], within: PT" hours "H}\n"

static void time_passes(void **state)
{
    struct lab l;
    static struct history h;
    (void)state;
    open_lab(&l, HEAD("ledger") WITHIN("9"), HEAD("ledger") WITHIN("4"));
    memset(&h, 0, sizeof h);
    append(&h, 1, 'a', 10, 10);
    append(&h, 1, 'a', 12, 12);
    append(&h, 2, 'x', 11, 11);
    give(l.shadow, &h, 1);
    give(l.shadow, &h, 2);
    judge(&l, 12);
    assert_int_equal(judged(&l), 2);
    assert_string_equal(l.told[1][0], "");
    judge(&l, 14); /* a limit includes itself */
    assert_int_equal(judged(&l), 0);
    judge(&l, 15);
    assert_int_equal(judged(&l), 1);
    assert_string_equal(l.told[1][0], "2>3; 0;");
    /* One is overdue, another not yet: it is known when. */
    judge(&l, 16);
    assert_int_equal(judged(&l), 0);
    judge(&l, 17);
    assert_string_equal(l.told[1][0], "2>3; 0,1;");
    judge(&l, 21);
    assert_string_equal(l.told[1][0], "3>3 0; 0,1;");
    judge(&l, 22);
    assert_string_equal(l.told[1][0], "");
    assert_int_equal(l.result.difference_count, 1);
    assert_int_equal(l.result.differences[0].event_count[0], 2);
    judge(&l, 1000);
    assert_int_equal(judged(&l), 0);
    close_lab(&l);
}

static void time_goes_back(void **state)
{
    struct lab l;
    static struct history h;
    (void)state;
    open_lab(&l, HEAD("event") WITHIN("9"), HEAD("event") WITHIN("4"));
    memset(&h, 0, sizeof h);
    append(&h, 1, 'a', 10, 10);
    append(&h, 2, 'x', 15, 15);
    give(l.shadow, &h, 1);
    give(l.shadow, &h, 2);
    judge(&l, 0);
    assert_int_equal(l.result.as_of_ms, 15 * HOUR);
    assert_string_equal(l.told[1][0], "2>3; 0;");
    h.entry[2][0].is_void = true;
    give(l.shadow, &h, 2);
    judge(&l, 0);
    assert_int_equal(l.result.as_of_ms, 10 * HOUR);
    assert_string_equal(l.told[1][0], "");
    close_lab(&l);
}

/* A file number that comes later: the case is the same, and keeps the name it had. */
static void a_case_keeps_its_name(void **state)
{
    struct lab l;
    (void)state;
    open_lab(&l, HEAD("event") TIMES("3"), HEAD("event") TIMES("2"));
    const struct rg_event event = {.step = rg_bytes_str("a"), .occurred_ms = HOUR};
    struct rg_export_event e = {
        .case_id = rg_bytes_str("0101"), .key = rg_bytes_str("key"), .event = &event};
    assert_int_equal(rg_shadow_add(l.shadow, &e), RG_OK);
    assert_int_equal(rg_shadow_judge(l.shadow, 0, &l.result), RG_OK);
    assert_int_equal(l.result.difference_count, 0);
    e.case_id = rg_bytes_str("file");
    rg_shadow_renew(l.shadow, &e);
    assert_int_equal(rg_shadow_add(l.shadow, &e), RG_OK);
    assert_int_equal(rg_shadow_add(l.shadow, &e), RG_OK);
    assert_int_equal(rg_shadow_judge(l.shadow, 0, &l.result), RG_OK);
    assert_int_equal(l.result.cases, 1);
    assert_int_equal(l.result.events, 2);
    assert_int_equal(l.result.difference_count, 1);
    assert_true(rg_bytes_eq(l.result.differences[0].case_id, rg_bytes_str("0101")));
    close_lab(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_adds_up),
        cmocka_unit_test(time_passes),
        cmocka_unit_test(time_goes_back),
        cmocka_unit_test(a_case_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
