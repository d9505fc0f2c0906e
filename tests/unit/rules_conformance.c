/* Conformance of whole logs, through real messages: against independently computed results where
 * the public logs are at hand, and against counts worked out by hand for a small log that always
 * is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/definition.h"
#include "rules_log.h"

#define DATA "../shared/data/"

static void quote(FILE *f, const char *s)
{
    (void)fputc('"', f);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            (void)fputc('\\', f);
        }
        (void)fputc(*s, f);
    }
    (void)fputc('"', f);
}

/* A definition with every rule of the expected results. */
static char *definition_of(json_t *constraints, size_t *len)
{
    char *text = NULL;
    size_t i = 0;
    json_t *c = NULL;
    FILE *f = open_memstream(&text, len);
    assert_non_null(f);
    (void)fputs("process: log\nversion: 1\nclock: event\nsteps: any\nfields: any\nrules:\n", f);
    json_array_foreach(constraints, i, c)
    {
        size_t k = 0;
        json_t *a = NULL;
        (void)fprintf(f, "  - id: %s\n    template: %s\n    activities: [",
                      json_string_value(json_object_get(c, "id")),
                      json_string_value(json_object_get(c, "template")));
        json_array_foreach(json_object_get(c, "activities"), k, a)
        {
            (void)fputs(k == 0 ? "" : ", ", f);
            quote(f, json_string_value(a));
        }
        (void)fputs("]\n", f);
        if (json_object_get(c, "n") != NULL) {
            (void)fprintf(f, "    n: %lld\n",
                          (long long)json_integer_value(json_object_get(c, "n")));
        }
        if (json_object_get(c, "days") != NULL) {
            (void)fprintf(f, "    within: P%lldD\n",
                          (long long)json_integer_value(json_object_get(c, "days")));
        }
    }
    (void)fclose(f);
    return text;
}

static const struct log_case *case_by_id(const struct log *log, const char *id)
{
    for (size_t i = 0; i < log->count; i++) {
        if (strcmp(log->cases[i].id, id) == 0) {
            return &log->cases[i];
        }
    }
    return NULL;
}

static long long number(json_t *c, const char *key)
{
    return (long long)json_integer_value(json_object_get(c, key));
}

static void check_violations(json_t *c, const struct log *log, const struct log_verdict *v,
                             size_t rules, size_t rule)
{
    size_t i = 0;
    json_t *pair = NULL;
    json_array_foreach(json_object_get(c, "violations"), i, pair)
    {
        const struct log_case *lc = case_by_id(log, json_string_value(json_array_get(pair, 0)));
        assert_non_null(lc);
        const struct log_verdict *x = &v[(size_t)(lc - log->cases) * rules + rule];
        json_t *events = json_array_get(pair, 1);
        assert_int_equal(x->judgement, 3);
        assert_int_equal(x->event_count, json_array_size(events));
        for (size_t k = 0; k < x->event_count; k++) {
            assert_int_equal(x->events[k], json_integer_value(json_array_get(events, k)));
        }
    }
    json_array_foreach(json_object_get(c, "pending_cases"), i, pair)
    {
        const struct log_case *lc = case_by_id(log, json_string_value(pair));
        assert_non_null(lc);
        assert_int_equal(v[(size_t)(lc - log->cases) * rules + rule].judgement, 2);
    }
}

static void check_rule(json_t *c, const struct log *log, const struct log_verdict *v, size_t rules,
                       size_t rule)
{
    long long counts[4] = {0};
    long long activations = 0;
    long long events = 0;
    long long pending = 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct log_verdict *x = &v[i * rules + rule];
        counts[x->judgement]++;
        activations += (long long)x->activations;
        events += (long long)x->event_count;
        pending += (long long)x->pending;
    }
    print_message("%s %s: %lld activations, %lld violated\n",
                  json_string_value(json_object_get(c, "id")),
                  json_string_value(json_object_get(c, "template")), activations, counts[3]);
    assert_int_equal(activations, number(c, "activations"));
    assert_int_equal(counts[0], number(c, "vacuous"));
    assert_int_equal(counts[1], number(c, "satisfied"));
    assert_int_equal(counts[2], number(c, "pending"));
    assert_int_equal(counts[3], number(c, "violated"));
    assert_int_equal(events, number(c, "violating_events"));
    assert_int_equal(pending, number(c, "pending_events"));
    assert_int_equal(counts[3], json_array_size(json_object_get(c, "violations")));
    check_violations(c, log, v, rules, rule);
}

static json_t *load_expected(const char *path)
{
    size_t len = 0;
    char *text = log_read_file(path, &len);
    json_t *j = text == NULL ? NULL : json_loadb(text, len, 0, NULL);
    free(text);
    return j;
}

static void check_log(const char *name)
{
    char path[128];
    size_t len = 0;
    size_t rules = 0;
    size_t i = 0;
    json_t *c = NULL;
    (void)snprintf(path, sizeof(path), DATA "%s.csv.gz", name);
    struct log *log = log_load(path);
    (void)snprintf(path, sizeof(path), DATA "%s.expected.json.gz", name);
    json_t *expected = log == NULL ? NULL : load_expected(path);
    if (expected == NULL) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    json_t *constraints = json_object_get(expected, "constraints");
    assert_int_equal(log->count, number(expected, "cases"));
    assert_int_equal(log->events, number(expected, "events"));
    char *text = definition_of(constraints, &len);
    struct log_verdict *v = log_judge(log, (struct rg_bytes){(const uint8_t *)text, len}, &rules);
    assert_int_equal(rules, json_array_size(constraints));
    json_array_foreach(constraints, i, c)
    {
        check_rule(c, log, v, rules, i);
    }
    log_verdicts_free(v, log->count * rules);
    free(text);
    json_decref(expected);
    log_free(log);
}

static void receipt_all_rules(void **state)
{
    (void)state;
    check_log("receipt");
}

static void bpic15_all_rules(void **state)
{
    (void)state;
    check_log("bpic15_1");
}

/* The definitions that ship: the same results for the rules they hold. */
static void check_shipped(const char *name, const char *log_name)
{
    char path[128];
    char err[RG_DEFINITION_ERROR_MAX];
    size_t len = 0;
    size_t rules = 0;
    struct rg_definition *def = NULL;
    (void)snprintf(path, sizeof(path), "deploy/processes/%s.yaml", name);
    char *text = log_read_file(path, &len);
    assert_non_null(text);
    const struct rg_bytes bytes = {(const uint8_t *)text, len};
    assert_int_equal(rg_definition_parse(path, bytes, &def, err), RG_OK);
    (void)snprintf(path, sizeof(path), DATA "%s.csv.gz", log_name);
    struct log *log = log_load(path);
    (void)snprintf(path, sizeof(path), DATA "%s.expected.json.gz", log_name);
    json_t *expected = log == NULL ? NULL : load_expected(path);
    if (expected == NULL) {
        rg_definition_destroy(&def);
        free(text);
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    struct log_verdict *v = log_judge(log, bytes, &rules);
    assert_int_equal(rules, def->rule_count);
    for (size_t r = 0; r < rules; r++) {
        size_t i = 0;
        json_t *c = NULL;
        bool found = false;
        json_array_foreach(json_object_get(expected, "constraints"), i, c)
        {
            if (strcmp(json_string_value(json_object_get(c, "id")), def->rules[r].id) == 0) {
                check_rule(c, log, v, rules, r);
                found = true;
            }
        }
        assert_true(found);
    }
    for (size_t i = 0; i < log->count; i++) {
        for (size_t k = 0; k < log->cases[i].count; k++) {
            assert_true(rg_definition_has_step(def, rg_bytes_str(log->cases[i].events[k].step)));
        }
    }
    log_verdicts_free(v, log->count * rules);
    json_decref(expected);
    log_free(log);
    rg_definition_destroy(&def);
    free(text);
}

static void receipt_shipped(void **state)
{
    (void)state;
    check_shipped("receipt", "receipt");
}

static void bpic15_shipped(void **state)
{
    (void)state;
    check_shipped("bpic15", "bpic15_1");
}

static const char own_log[] = "case_id,event_no,activity,timestamp,resource,group\n"
                              "c1,0,a,2026-01-01T00:00:00Z,r1,g1\n"
                              "c1,1,b,2026-01-03T00:00:00Z,r2,g1\n"
                              "c2,0,a,2026-01-01T00:00:00Z,r1,g2\n"
                              "c2,1,\"x, y\",2026-01-03T00:00:00.001Z,r1,EMPTY\n"
                              "c2,2,b,2026-01-03T00:00:00.001Z,r1,\n"
                              "c3,0,b,2026-01-02T00:00:00Z,r3,g1\n"
                              "c4,0,a,2026-01-02T00:00:00Z,r3,g1\n"
                              "c5,0,a,2026-01-04T00:00:00Z,r3,g1\n"
                              "c6,0,z,2026-01-04T00:00:01Z,r3,g1\n";

static const char own_definition[] =
    "process: own\nversion: 1\nclock: event\nsteps: [a, b, 'x, y', z]\nrules:\n"
    "  - {id: init, template: init, activities: [a]}\n"
    "  - {id: within, template: response_within, activities: [a, b], within: P2D}\n"
    "  - {id: chain, template: chain_response, activities: [a, b]}\n"
    "  - {id: prec, template: precedence, activities: [a, b]}\n"
    "  - {id: role, template: role, activities: [b], groups: [g1]}\n"
    "  - {id: eyes, template: four_eyes, activities: [a, b]}\n";

static void own_log_always(void **state)
{
    /* Judgement of c1..c6: 0 vacuous, 1 satisfied, 2 pending, 3 violated. */
    static const unsigned want[6][6] = {
        {1, 1, 3, 1, 1, 3}, /* init */
        {1, 3, 0, 3, 2, 0}, /* within: c1 answers exactly at the limit, c2 one ms late */
        {1, 3, 0, 3, 3, 0}, /* chain */
        {1, 1, 3, 0, 0, 0}, /* prec */
        {1, 3, 1, 0, 0, 0}, /* role: an empty group is unknown */
        {1, 3, 0, 0, 0, 0}, /* eyes */
    };
    size_t rules = 0;
    (void)state;
    struct log *log = log_parse(own_log);
    struct log_verdict *v = log_judge(log, rg_bytes_str(own_definition), &rules);
    assert_int_equal(rules, 6);
    assert_int_equal(log->count, 6);
    for (size_t r = 0; r < rules; r++) {
        for (size_t i = 0; i < log->count; i++) {
            assert_int_equal(v[i * rules + r].judgement, want[r][i]);
        }
    }
    assert_int_equal(v[1 * rules + 5].events[0], 2);
    log_verdicts_free(v, log->count * rules);
    log_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_log_always),   cmocka_unit_test(receipt_all_rules),
        cmocka_unit_test(bpic15_all_rules), cmocka_unit_test(receipt_shipped),
        cmocka_unit_test(bpic15_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
