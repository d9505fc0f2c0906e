/* Conformance broken down by site and month, through the monitor: against figures worked out by
 * hand, at the ends of months, with entries that were cancelled or corrected, and at the limits. */
#include "monitor_lab.h"

#include <jansson.h>

#include "base/bytes.h"
#include "base/time.h"
#include "node/monitor/breakdown.h"
#include "rules/reigen_rules.h"

#define HEAD                                                                                       \
    "process: lab\nversion: 1\nclock: event\nreaders: all\nsteps: [a, b, c]\n"                     \
    "fields: {place: [Leipzig, Dresden, Chemnitz], note: id}\n"
#define SITE "site: place\n"
#define RULES                                                                                      \
    "rules:\n"                                                                                     \
    "  - {id: X1, template: response, activities: [a, b]}\n"                                       \
    "  - {id: X2, template: absence, activities: [c], n: 2}\n"

#define BY_NONE 0u
#define BY_SITE RG_REQUEST_BY_SITE
#define BY_MONTH RG_REQUEST_BY_MONTH
#define BY_BOTH RG_REQUEST_BY_ALL

static long long number(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return (long long)json_integer_value(json_object_get(o, key));
}

static long long sum(const json_t *groups, const char *key, size_t rule)
{
    long long n = 0;
    size_t i = 0;
    const json_t *g = NULL;
    json_array_foreach(groups, i, g)
    {
        n += rule == SIZE_MAX ? number(g, key)
                              : number(json_array_get(json_object_get(g, "rules"), rule), key);
    }
    return n;
}

/* The groups add up to the totals, and the totals are those of a request without groups. */
static void assert_sums(struct lab *lab, json_t *o)
{
    static const char *const keys[] = {"activations", "satisfied", "violated", "pending",
                                       "vacuous"};
    const json_t *groups = json_object_get(o, "groups");
    const json_t *rules = json_object_get(o, "rules");
    assert_int_equal(sum(groups, "cases", SIZE_MAX), number(o, "cases"));
    assert_int_equal(sum(groups, "events", SIZE_MAX), number(o, "events"));
    for (size_t i = 0; i < json_array_size(rules); i++) {
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            assert_int_equal(sum(groups, keys[k], i), number(json_array_get(rules, i), keys[k]));
        }
    }
    char *plain = lab_conform(lab, NULL, -1, BY_NONE, RG_OK);
    assert_null(strstr(plain, "groups"));
    assert_int_equal(json_object_del(o, "groups"), 0);
    char *rest = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(rest, plain);
    free(rest);
    free(plain);
}

/* A line for each group: site month cases events, then of each rule activations, satisfied,
 * violated, pending, vacuous, fitness. */
static void assert_groups(struct lab *lab, uint32_t by, const char *want)
{
    char got[4096] = "";
    size_t at = 0;
    size_t i = 0;
    size_t k = 0;
    const json_t *g = NULL;
    const json_t *r = NULL;
    char *text = lab_conform(lab, NULL, -1, by, RG_OK);
    char *again = lab_conform(lab, NULL, -1, by, RG_OK);
    assert_string_equal(text, again);
    free(again);
    json_t *o = json_loads(text, 0, NULL);
    free(text);
    json_array_foreach(json_object_get(o, "groups"), i, g)
    {
        const json_t *site = json_object_get(g, "site");
        const json_t *month = json_object_get(g, "month");
        assert_true((by & BY_SITE) != 0 ? json_is_null(site) || json_is_string(site)
                                        : site == NULL);
        assert_true((by & BY_MONTH) != 0 ? json_is_null(month) || json_is_string(month)
                                         : month == NULL);
        at += (size_t)snprintf(got + at, sizeof got - at, "%s %s %lld %lld",
                               json_is_string(site) ? json_string_value(site) : "-",
                               json_is_string(month) ? json_string_value(month) : "-",
                               number(g, "cases"), number(g, "events"));
        json_array_foreach(json_object_get(g, "rules"), k, r)
        {
            char *fitness = json_dumps(json_object_get(r, "fitness"),
                                       JSON_ENCODE_ANY | JSON_REAL_PRECISION(RG_BREAKDOWN_DIGITS));
            at += (size_t)snprintf(got + at, sizeof got - at, " | %lld %lld %lld %lld %lld %s",
                                   number(r, "activations"), number(r, "satisfied"),
                                   number(r, "violated"), number(r, "pending"),
                                   number(r, "vacuous"), fitness);
            free(fitness);
        }
        at += (size_t)snprintf(got + at, sizeof got - at, "\n");
    }
    assert_string_equal(got, want);
    assert_sums(lab, o);
    json_decref(o);
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(rg_time_parse(rg_bytes_str(text), &ms), RG_OK);
    return ms;
}

static struct lab_event *feed(struct lab *lab, uint64_t case_no, const char *step, const char *time,
                              const char *site)
{
    struct lab_event *e = lab_feed(lab, case_no, 1, step, at(time));
    if (site != NULL) {
        lab_field(e, "note", "Dresden"); /* another field with the name of a site */
        lab_field(e, "place", site);
    }
    return e;
}

static struct lab *begin(const char *yaml)
{
    struct lab *lab = lab_new(yaml, NULL);
    assert_int_equal(lab_block(lab, at("2027-01-01")), 1);
    return lab;
}

static void judge(struct lab *lab)
{
    lab_open(lab);
    lab_run(lab, lab->feed.count, 1);
}

static void test_by_hand(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD SITE RULES);
    /* Interleaved; a site that is said later, or anew, does not count. */
    feed(lab, 1, "a", "2026-02-03", "Dresden");
    feed(lab, 2, "a", "2026-01-03", "Leipzig");
    feed(lab, 3, "a", "2026-02-04", "Dresden");
    feed(lab, 1, "b", "2026-03-03", "Leipzig");
    feed(lab, 4, "a", "2026-02-05", "Dresden");
    feed(lab, 4, "b", "2026-02-06", NULL);
    feed(lab, 5, "c", "2025-12-31", "Chemnitz");
    feed(lab, 5, "c", "2026-01-01", NULL);
    feed(lab, 6, "c", "2026-01-01", NULL);
    feed(lab, 6, "a", "2026-01-02", "Leipzig");
    feed(lab, 7, "b", "2026-01-07", "");
    feed(lab, 8, "b", "2026-02-07", "Pirna");
    feed(lab, 2, "a", "2026-01-04", "Leipzig");
    judge(lab);
    assert_groups(lab, BY_BOTH,
                  "Leipzig 2026-01 1 2 | 2 0 1 0 0 0.0 | 1 1 0 0 0 1.0\n"
                  "Dresden 2026-02 3 5 | 3 2 1 0 0 0.6667 | 3 3 0 0 0 1.0\n"
                  "Chemnitz 2025-12 1 2 | 0 0 0 0 1 null | 1 0 1 0 0 0.0\n"
                  "- 2026-01 2 3 | 1 0 1 0 1 0.0 | 2 2 0 0 0 1.0\n"
                  "- 2026-02 1 1 | 0 0 0 0 1 null | 1 1 0 0 0 1.0\n");
    assert_groups(lab, BY_SITE,
                  "Leipzig - 1 2 | 2 0 1 0 0 0.0 | 1 1 0 0 0 1.0\n"
                  "Dresden - 3 5 | 3 2 1 0 0 0.6667 | 3 3 0 0 0 1.0\n"
                  "Chemnitz - 1 2 | 0 0 0 0 1 null | 1 0 1 0 0 0.0\n"
                  "- - 3 4 | 1 0 1 0 2 0.0 | 3 3 0 0 0 1.0\n");
    assert_groups(lab, BY_MONTH,
                  "- 2025-12 1 2 | 0 0 0 0 1 null | 1 0 1 0 0 0.0\n"
                  "- 2026-01 3 5 | 3 0 2 0 1 0.0 | 3 3 0 0 0 1.0\n"
                  "- 2026-02 4 6 | 3 2 1 0 1 0.6667 | 4 4 0 0 0 1.0\n");
    lab_free(&lab);
}

static void test_ends_of_months(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD RULES);
    feed(lab, 1, "b", "2026-01-31T23:59:59.999Z", NULL);
    feed(lab, 2, "b", "2026-02-01T00:00:00.000Z", NULL);
    feed(lab, 3, "b", "2026-02-01T00:59:59+01:00", NULL); /* January in UTC */
    feed(lab, 4, "b", "2024-02-29T23:59:59.999Z", NULL);
    feed(lab, 5, "b", "2024-03-01", NULL);
    feed(lab, 6, "b", "9999-12-31T23:59:59.999Z", NULL);
    feed(lab, 7, "b", "1970-01-01", NULL);
    judge(lab);
#define NOTHING(n) " | 0 0 0 0 " #n " null | " #n " " #n " 0 0 0 1.0\n"
    assert_groups(
        lab, BY_MONTH,
        "- 1970-01 1 1" NOTHING(1) "- 2024-02 1 1" NOTHING(1) "- 2024-03 1 1" NOTHING(
            1) "- 2026-01 2 2" NOTHING(2) "- 2026-02 1 1" NOTHING(1) "- 9999-12 1 1" NOTHING(1));
    lab_free(&lab);
}

/* The first entry that counts decides, and as it was corrected. */
static void test_amended(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD SITE RULES);
    feed(lab, 1, "a", "2026-01-01", "Leipzig");
    feed(lab, 1, "a", "2026-02-01", "Dresden");
    feed(lab, 2, "a", "2026-01-01", "Leipzig");
    feed(lab, 3, "b", "2026-01-01", "Leipzig");
    feed(lab, 4, "b", "2026-05-01", "Leipzig");
    lab_amend(lab, 1, RG_ABOUT_CANCEL, 1, "a", at("2026-06-01"));
    struct lab_event *e = lab_amend(lab, 3, RG_ABOUT_CORRECT, 1, "b", at("2026-03-01"));
    lab_field(e, "place", "Chemnitz");
    lab_amend(lab, 4, RG_ABOUT_CANCEL, 1, "b", at("2026-06-01")); /* nothing is left of case 3 */
    judge(lab);
    assert_groups(lab, BY_BOTH,
                  "Leipzig 2026-05 1 1 | 0 0 0 0 1 null | 1 1 0 0 0 1.0\n"
                  "Dresden 2026-02 1 1 | 1 0 1 0 0 0.0 | 1 1 0 0 0 1.0\n"
                  "Chemnitz 2026-03 1 1 | 0 0 0 0 1 null | 1 1 0 0 0 1.0\n"
                  "- - 1 0 | 0 0 0 0 1 null | 0 0 0 0 1 null\n");
    lab_free(&lab);
}

/* A case whose entries go to the rules host in several messages stays in its group. */
static void test_many_messages(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD SITE RULES);
    feed(lab, 1, "a", "2026-01-01", "Leipzig");
    for (int i = 0; i < 600; i++) {
        feed(lab, 2, "b", "2026-01-02", "Leipzig");
    }
    for (int i = 0; i < 600; i++) {
        feed(lab, 2, "b", "2026-03-02", "Dresden");
    }
    feed(lab, 1, "b", "2026-04-01", "Dresden");
    for (uint64_t i = 2; i <= 601; i++) {
        lab_amend(lab, i, RG_ABOUT_CANCEL, 1, "b", at("2026-06-01"));
    }
    judge(lab);
    assert_groups(lab, BY_BOTH,
                  "Leipzig 2026-01 1 2 | 1 1 0 0 0 1.0 | 1 1 0 0 0 1.0\n"
                  "Dresden 2026-03 1 600 | 0 0 0 0 1 null | 1 1 0 0 0 1.0\n");
    lab_free(&lab);
}

static void test_empty(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD SITE RULES);
    judge(lab);
    assert_groups(lab, BY_BOTH, "");
    lab_free(&lab);
}

static void test_refused(void **state)
{
    (void)state;
    struct lab *lab = begin(HEAD RULES);
    feed(lab, 1, "a", "2026-01-01", "Leipzig");
    judge(lab);
    for (uint32_t by = BY_SITE; by <= BY_BOTH; by += BY_MONTH) {
        char *text = lab_conform(lab, NULL, -1, by, RG_ERR_INVALID);
        assert_non_null(strstr(text, "add `site: FIELD`"));
        free(text);
    }
    /* The definition of the request decides. */
    char *text = lab_conform(lab, HEAD SITE RULES, -1, BY_SITE, RG_OK);
    assert_non_null(strstr(text, "\"site\":\"Leipzig\""));
    free(text);
    struct rg_monitor_conformance ask = {
        .as_of_ms = -1, .fn = lab_on_conformance, .by = BY_BOTH + 1};
    assert_int_equal(rg_monitor_conformance(lab->monitor, &ask), RG_ERR_INVALID);
    ask.by = UINT32_MAX;
    assert_int_equal(rg_monitor_conformance(lab->monitor, &ask), RG_ERR_INVALID);
    lab_free(&lab);
}

/* One more month than there is room for, with as many rules as there can be. */
static void test_too_many(void **state)
{
    (void)state;
    char yaml[16384] = HEAD SITE "rules:\n";
    for (int i = 0; i < RG_DEFINITION_RULES_MAX; i++) {
        const size_t len = strlen(yaml);
        (void)snprintf(yaml + len, sizeof yaml - len,
                       "  - {id: R%d, template: absence, activities: [c], n: 2}\n", i);
    }
    const uint64_t cap = RG_BREAKDOWN_ROWS_MAX / RG_DEFINITION_RULES_MAX;
    struct lab *lab = begin(yaml);
    for (uint64_t i = 0; i <= cap; i++) {
        char time[32];
        (void)snprintf(time, sizeof time, "%04u-%02u-15", 2000 + (unsigned)i / 12,
                       (unsigned)i % 12 + 1);
        feed(lab, i + 1, "b", time, "Leipzig");
    }
    lab_open(lab);
    lab_run(lab, cap, 1);
    char *text = lab_conform(lab, NULL, -1, BY_BOTH, RG_OK);
    json_t *o = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(o, "groups")), cap);
    assert_sums(lab, o);
    json_decref(o);
    free(text);
    lab_run(lab, cap + 1, 1);
    text = lab_conform(lab, NULL, -1, BY_BOTH, RG_ERR_INVALID);
    assert_non_null(strstr(text, "more than 512 sites and months"));
    free(text);
    text = lab_conform(lab, NULL, -1, BY_SITE, RG_OK); /* and the next request is answered */
    free(text);
    lab_free(&lab);
}

/* Without the monitor: the room, and the rounding. */
static void test_room_and_fitness(void **state)
{
    (void)state;
    char why[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    struct rg_breakdown *b = NULL;
    uint16_t group = 0;
    assert_int_equal(rg_definition_parse("p", rg_bytes_str(HEAD RULES), &def, why), RG_OK);
    assert_int_equal(rg_breakdown_create(def, BY_SITE, &b), RG_ERR_INVALID);
    assert_int_equal(rg_breakdown_create(def, BY_MONTH, &b), RG_OK);
    assert_int_equal(rg_breakdown_cap(b), RG_BREAKDOWN_GROUPS_MAX);
    for (uint64_t i = 0; i < RG_BREAKDOWN_GROUPS_MAX; i++) {
        /* Each more than a month behind the other, out of order. */
        const uint64_t k = i * 1223 % RG_BREAKDOWN_GROUPS_MAX;
        const struct rg_breakdown_first first = {.occurred_ms = (int64_t)k * 32 * 86400000};
        assert_int_equal(rg_breakdown_find(b, &first, &group), RG_OK);
        assert_int_equal(group, i + 1);
    }
    assert_int_equal(rg_breakdown_find(b, NULL, &group), RG_ERR_FULL);
    const struct rg_breakdown_first known = {.occurred_ms = INT64_C(1223) * 32 * 86400000};
    assert_int_equal(rg_breakdown_find(b, &known, &group), RG_OK);
    assert_int_equal(group, 2);
    const struct rg_breakdown_first early = {.occurred_ms = INT64_MIN};
    assert_int_equal(rg_breakdown_find(b, &early, &group), RG_OK);
    assert_int_equal(group, 1);
    const struct rg_breakdown_first late = {.occurred_ms = INT64_MAX};
    assert_int_equal(rg_breakdown_find(b, &late, &group), RG_ERR_FULL);

    struct rg_hostmsg_item item = {.judgement = RG_RULES_SATISFIED, .activations = 1};
    for (int i = 0; i < 30000; i++) {
        rg_breakdown_add(b, 1, &item);
    }
    item.judgement = RG_RULES_VIOLATED;
    rg_breakdown_add(b, 1, &item);
    item.rule = 1;
    for (int i = 0; i < 30000; i++) {
        rg_breakdown_add(b, 1, &item);
    }
    item.judgement = RG_RULES_SATISFIED;
    rg_breakdown_add(b, 1, &item);
    json_t *list = NULL;
    assert_int_equal(rg_breakdown_report(b, &list), RG_OK);
    assert_int_equal(json_array_size(list), RG_BREAKDOWN_GROUPS_MAX);
    const char *before = "";
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *month = json_string_value(json_object_get(json_array_get(list, i), "month"));
        assert_true(strcmp(before, month) < 0);
        before = month;
    }
    char *text = json_dumps(json_array_get(list, 0), JSON_COMPACT | JSON_SORT_KEYS |
                                                         JSON_REAL_PRECISION(RG_BREAKDOWN_DIGITS));
    assert_string_equal(text,
                        "{\"cases\":0,\"events\":0,\"month\":\"1970-01\",\"rules\":["
                        "{\"activations\":30001,\"fitness\":0.9999,\"id\":\"X1\",\"pending\":0,"
                        "\"satisfied\":30000,\"vacuous\":0,\"violated\":1},"
                        "{\"activations\":30001,\"fitness\":0.0001,\"id\":\"X2\",\"pending\":0,"
                        "\"satisfied\":1,\"vacuous\":0,\"violated\":30000}]}");
    free(text);
    json_decref(list);
    rg_breakdown_destroy(&b);
    rg_breakdown_destroy(&b);
    rg_definition_destroy(&def);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),  cmocka_unit_test(test_ends_of_months),
        cmocka_unit_test(test_amended),  cmocka_unit_test(test_many_messages),
        cmocka_unit_test(test_empty),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_room_and_fitness),
    };
    return cmocka_run_group_tests_name("monitor_breakdown", tests, NULL, NULL);
}
