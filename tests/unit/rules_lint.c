/* The linter: what is valid and cannot be meant, each with its line and column; and nothing about
 * what ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/definition.h"
#include "rules_log.h"

/* Lines 1 to 8; rules begin in line 9. */
#define HEAD                                                                                       \
    "process: p\nversion: 1\nsteps:\n  - {id: a, by: [X]}\n  - {id: b, by: [X, Y]}\n  - c\n"       \
    "fields: any\nrules:\n"
#define RULE(id, rest) "  - {id: " id ", template: " rest "}\n"

struct finding {
    const char *rules;
    const char *want; /* NULL: nothing; else the first line begins so */
};

static const struct finding findings[] = {
    {RULE("r", "precedence, activities: [a, b]"), NULL},
    /* Steps out of reach. */
    {RULE("r", "precedence, activities: [a, b]") RULE("s", "precedence, activities: [b, a]"),
     "f.yaml:4:5: no case can reach the step 'a' without breaking the rule 's'"},
    {RULE("r", "precedence, activities: [a, a]"), "f.yaml:4:5: no case can reach the step 'a'"},
    {RULE("r", "absence, n: 1, activities: [c]") RULE("s", "precedence, activities: [c, b]"),
     "f.yaml:5:5: no case can reach the step 'b' without breaking the rule 's'"},
    {RULE("r", "absence, n: 1, activities: [c]") RULE("s", "precedence_any, activities: [a, c, b]"),
     "f.yaml:6:5: no case can reach the step 'c' without breaking the rule 'r'"},
    {RULE("r", "absence, n: 1, activities: [{step: c, where: {x: y}}]"), NULL},
    /* Contradictions. */
    {RULE("r", "init, activities: [a]") RULE("s", "init, activities: [b]"),
     "f.yaml:10:41: the rule 's' contradicts the rule 'r' (line 9)"},
    {RULE("r", "init, activities: [a, b]") RULE("s", "init, activities: [b]"), NULL},
    {RULE("r", "init, activities: [a]") RULE("s", "precedence, activities: [c, a]"),
     "f.yaml:10:47: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "exactly, n: 1, activities: [a]") RULE("s", "exactly, n: 2, activities: [a]"),
     "f.yaml:10:50: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "existence, n: 2, activities: [a]") RULE("s", "at_most, n: 1, activities: [a]"),
     "f.yaml:10:50: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "response, activities: [a, b]") RULE("s", "not_succession, activities: [a, b]"),
     "f.yaml:10:51: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "response, activities: [a, [b, c]]") RULE("s", "not_succession, activities: [a, b]"),
     NULL},
    {RULE("r", "not_coexistence, activities: [b, a]")
         RULE("s", "responded_existence, activities: [a, b]"),
     "f.yaml:10:56: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "precedence, activities: [a, b]") RULE("s", "not_succession, activities: [a, b]"),
     "f.yaml:10:51: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "chain_response, activities: [a, b]")
         RULE("s", "chain_response, activities: [a, c]"),
     "f.yaml:10:51: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "min_delay, at_least: P3D, activities: [a, b]")
         RULE("s", "response_within, within: P2D, activities: [a, b]"),
     "f.yaml:10:65: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "min_delay, at_least: P3D, activities: [a, b]")
         RULE("s", "max_delay, within: P3D, activities: [a, b]"),
     NULL},
    {RULE("r", "binding_of_duty, activities: [a, b]") RULE("s", "four_eyes, activities: [a, b]"),
     "f.yaml:10:46: the rule 's' contradicts the rule 'r'"},
    {RULE("r", "response, activities: [a, b], severity: none")
         RULE("s", "not_succession, activities: [a, b]"),
     NULL},
    /* Never fires. */
    {RULE("r", "role, agencies: [X, Y], activities: [a, b]"),
     "f.yaml:9:59: the rule 'r' can never fire: only those agencies may record the step"},
    {RULE("r", "role, agencies: [X], activities: [a, b]"), NULL},
    {RULE("r", "role, agencies: [X], activities: [c]"), NULL},
    {RULE("r", "absence, n: 2, activities: [{step: a, where: {x: {is: p, not: [p, q]}}}]"),
     "f.yaml:9:50: the rule 'r' can never fire: no case can reach"},
    {RULE("r", "absence, n: 2, activities: [{step: a, where: {x: {is: p, not: q}}}]"), NULL},
    {RULE("r", "response, activities: [a, b]") RULE("s", "response, activities: [a, b]"),
     "f.yaml:10:45: the rule 's' judges the same as the rule 'r' (line 9)"},
    {RULE("r", "response_within, within: P1D, hard: P2D, activities: [a, b]"), NULL},
    {RULE("r", "succession, activities: [a, b]"), NULL},
    {RULE("r", "co_existence, activities: [a, b]"), NULL},
};

static void lint(const char *name, const char *text, char out[RG_DEFINITION_ERROR_MAX])
{
    struct rg_definition *def = NULL;
    const rg_err e = rg_definition_parse(name, rg_bytes_str(text), &def, out);
    if (e != RG_OK) {
        print_message("%s\n%s\n", text, out);
    }
    assert_int_equal(e, RG_OK);
    rg_definition_lint(def, out);
    rg_definition_destroy(&def);
}

static void found(void **state)
{
    char text[1024];
    char out[RG_DEFINITION_ERROR_MAX];
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++) {
        const struct finding *f = &findings[i];
        (void)snprintf(text, sizeof(text), HEAD "%s", f->rules);
        lint("f.yaml", text, out);
        if (f->want == NULL ? out[0] != '\0' : strncmp(out, f->want, strlen(f->want)) != 0) {
            print_message("%s-> %s\nwanted %s\n", f->rules, out, f->want == NULL ? "" : f->want);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Lines 1 to 9. */
#define SITES "process: p\nversion: 1\nsteps: [a, b, c]\nfields: {x: [n, s, e]}\nsite: x\n"
#define PROFILE(rules) "profiles:\n  w:\n    sites: [s, e]\n    rules: {" rules "}\nrules:\n"

/* What is so at one site alone may be meant; what is so at all is not. */
static void at_sites(void **state)
{
    static const struct finding rows[] = {
        /* At two sites nothing is asked before b. */
        {SITES PROFILE("r: {on: false}") RULE("r", "precedence, activities: [a, b]"), NULL},
        /* Two limits of one rule do not contradict each other. */
        {SITES PROFILE("r: {n: 3}") RULE("r", "exactly, n: 2, activities: [a]"), NULL},
        {SITES PROFILE("r: {n: 1}") RULE("r", "exactly, n: 2, activities: [a]")
             RULE("q", "exactly, n: 2, sites: n, activities: [b]")
                 RULE("t", "at_most, n: 1, activities: [b], sites: [e]"),
         NULL},
        {SITES PROFILE("r: {n: 3}") RULE("r", "exactly, n: 2, activities: [a]")
             RULE("t", "at_most, n: 2, activities: [a], sites: [e]"),
         "f.yaml:12:50: the rule 't' contradicts the rule 'r.w' (line 9)"},
        /* A step that is out of reach at some sites. */
        {SITES PROFILE("r: {on: true}") RULE("r", "absence, n: 1, activities: [c], on: false")
             RULE("q", "response, activities: [c, a]"),
         NULL},
        {SITES PROFILE("r: {n: 2}") RULE("r", "absence, n: 1, activities: [c], on: true")
             RULE("q", "response, sites: n, activities: [c, a]"),
         "f.yaml:12:55: the rule 'q' can never fire: no case can reach what it speaks about"},
        {SITES "rules:\n" RULE("r", "absence, n: 1, activities: [c]"),
         "f.yaml:3:15: no case can reach the step 'c' without breaking the rule 'r'"},
    };
    char out[RG_DEFINITION_ERROR_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *want = rows[i].want == NULL ? "" : rows[i].want;
        lint("f.yaml", rows[i].rules, out);
        print_message("%s-> %s\n", rows[i].rules, out);
        assert_memory_equal(out, want, strlen(want) + (want[0] == '\0' ? 1 : 0));
    }
}

static void several(void **state)
{
    char out[RG_DEFINITION_ERROR_MAX];
    (void)state;
    lint("f.yaml",
         HEAD RULE("r", "absence, n: 1, activities: [c]") RULE("s", "response, activities: [a, c]")
             RULE("t", "not_succession, activities: [a, c]") RULE("u", "exactly, activities: [c]"),
         out);
    assert_non_null(strstr(out, "f.yaml:6:5: no case can reach the step 'c'"));
    assert_non_null(strstr(out, "\nf.yaml:11:51: the rule 't' can never fire"));
    assert_non_null(strstr(out, "\nf.yaml:12:44: the rule 'u' can never be kept"));
    assert_non_null(strstr(out, "\nf.yaml:11:51: the rule 't' contradicts the rule 's' (line 10)"));
}

static void shipped(void **state)
{
    static const char *const files[] = {
        "deploy/processes/anker-dresden.yaml", "deploy/processes/receipt.yaml",
        "deploy/processes/bpic15.yaml",        "deploy/processes/open.yaml",
        "deploy/calendars/laender.yaml",       "tests/fuzz/all_keys.yaml"};
    char out[RG_DEFINITION_ERROR_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t len = 0;
        char *text = log_read_file(files[i], &len);
        assert_non_null(text);
        lint(files[i], text, out);
        assert_string_equal(out, "");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(at_sites),
        cmocka_unit_test(several),
        cmocka_unit_test(shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
