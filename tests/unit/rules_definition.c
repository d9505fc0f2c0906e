/* The YAML wrapper and the definition linter: what is refused, with which line and text; the
 * questions a definition answers; the definitions that ship. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "rules/definition.h"
#include "rules/yaml.h"
#include "rules_log.h"

#define HEAD "process: p\nversion: 1\nsteps: [a, b]\n" /* 3 lines */

#define WITHIN "rules:\n  - {id: r, template: response_within, activities: [a, b], "

#define SITES HEAD "fields: {x: [n, s]}\nsite: x\n"                     /* 5 lines */
#define ONE "rules:\n  - {id: r, template: absence, activities: [a]}\n" /* 2 lines */

struct refusal {
    const char *text;
    const char *line; /* `:LINE:COLUMN: ` and the start of the message */
};

static const struct refusal refusals[] = {
    {"", "f.yaml:1:1: "},
    {"process: [", "f.yaml:2:1: not YAML: flow sequence without a closing bracket"},
    {"a: 1\na: 2\n", "f.yaml:2:1: the key 'a' stands here twice (first in line 1)"},
    {"a: &x 1\nb: *x\n", "f.yaml:1:7: anchors and aliases are not allowed"},
    {"a: *x\n", "f.yaml:1:"},
    {"a: !!int 1\n", "tags are not allowed; remove it"},
    {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document"},
    {"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "nested deeper than 16 levels"},
    {"? [a, b]\n: 1\n", "a key that is a list or mapping"},
    {"a: \"x\\0y\"\n", "f.yaml:1:4: a NUL byte in a text"},
    {"a: 1\n%YAML 1.2\n", "f.yaml:2:1: a directive; remove the line"},
    {"a: 1\nb: \xFF\n", "f.yaml:2:1: not UTF-8"},
    {"a: 1\r\nb: x\x01\n", "f.yaml:2:1: not UTF-8, or a control character"},
    {"a: \xE2\x80\xA8%\n", "f.yaml:1:1: not UTF-8, or"},
    {"- 1\n", "f.yaml:1:1: expected a mapping"},
    {"version: 1\nsteps: any\n", "the key 'process' is missing"},
    {"process: p\nsteps: any\n", "the key 'version' is missing"},
    {"process: p\nversion: 1\n", "the key 'steps' is missing"},
    {"process: p\nversion: x\nsteps: any\n",
     "f.yaml:2:10: 'version' must be a whole number from 1"},
    {"process: p\nversion: 0\nsteps: any\n", "f.yaml:2:10: 'version' must be"},
    {HEAD "colour: red\n", "f.yaml:4:1: unknown key 'colour'"},
    {HEAD "escalate_after: 4h\n", "f.yaml:4:17: 'escalate_after' must be a duration like P7D"},
    {HEAD "escalate_after: PT0S\n", "f.yaml:4:17: 'escalate_after' must be a duration longer"},
    {HEAD "clock: sun\n", "f.yaml:4:8: unknown clock 'sun'; write ledger or event"},
    {"process: p\nversion: 1\nsteps: []\n", "f.yaml:3:8: expected 1 to 1024 steps"},
    {"process: p\nversion: 1\nsteps: [a, a]\n", "f.yaml:3:12: the step 'a' stands here twice"},
    {"process: p\nversion: 1\nsteps:\n  - id: a\n    bye: [X]\n", "f.yaml:5:5: unknown key 'bye'"},
    {"process: p\nversion: 1\nsteps:\n  - label: {de: x}\n", "f.yaml:4:5: the key 'id' is missing"},
    {"process: p\nversion: 1\nsteps: [\"a\\tb\"]\n", "f.yaml:3:9: a step id must be a text"},
    {HEAD "fields: {x: text}\n", "f.yaml:4:13: the field 'x' must be date, id, or a list"},
    {HEAD "fields: {x: id}\nignore: [x]\n", "f.yaml:5:9: 'x' is a field and ignored as well"},
    {HEAD "rules:\n  - {id: r, template: respond, activities: [a, b]}\n",
     "f.yaml:5:23: unknown template 'respond'; known are init, exactly, absence, existence, "},
    {HEAD "rules:\n  - {id: r, template: response, activities: [a, c]}\n",
     "f.yaml:5:49: the step 'c' is not among the steps"},
    {HEAD "rules:\n  - {id: r, template: response, activities: [a]}\n",
     "f.yaml:5:45: the template 'response' takes two activities, A and B, here are 1"},
    {HEAD "rules:\n  - {id: r, template: response}\n",
     "f.yaml:5:5: the key 'activities' is missing"},
    {HEAD "rules:\n  - {template: init, activities: [a]}\n", "f.yaml:5:5: the key 'id' is missing"},
    {HEAD "rules:\n  - {id: r, template: init, activities: [a]}\n  - {id: r, template: init, "
          "activities: [b]}\n",
     "f.yaml:6:5: the rule 'r' stands here twice"},
    {HEAD "rules:\n  - {id: r, template: response_within, activities: [a, b]}\n",
     "f.yaml:5:5: the template 'response_within' takes one duration"},
    {HEAD "rules:\n  - {id: r, template: response_within, activities: [a, b], within: 7d}\n",
     "f.yaml:5:68: 'within' must be a duration like P7D or PT30S, not '7d'"},
    {HEAD "rules:\n  - {id: r, template: response, activities: [a, b], within: P1D}\n",
     "f.yaml:5:53: the template 'response' has no parameter 'within'"},
    {HEAD "rules:\n  - {id: r, template: absence, activities: [a], n: 0}\n",
     "f.yaml:5:52: 'n' must be a whole number from 1 to 1000000, not '0'"},
    {HEAD "rules:\n  - {id: r, template: init, activities: [a], severity: grave}\n",
     "unknown severity 'grave'; write warning or critical"},
    {HEAD "rules:\n  - {id: r, template: role, activities: [a], groups: [g], agencies: [X]}\n",
     "takes either groups or agencies"},
    {HEAD "fields: {x: id}\nrules:\n  - {id: r, template: four_eyes, activities: [a, b]}\n",
     "judges the field 'resource', which is not among the fields"},
    {HEAD "fields: {x: [y, n]}\nrules:\n  - {id: r, template: no_after_value, activities: [a], "
          "column: x, values: [z]}\n",
     "the value 'z' can never be in the field 'x'"},
    {HEAD "rules:\n  - {id: r, template: case_duration, activities: [a], within: P1D}\n",
     "takes no activities"},
    {HEAD "site: x\n", "f.yaml:4:7: the field 'x' lists no sites; add it to the fields"},
    {HEAD "fields: {x: id}\nsite: x\n", "f.yaml:5:7: the field 'x' lists no sites"},
    {HEAD "profiles: {n: {rules: {}}}\n", "f.yaml:4:11: profiles need 'site', the field that says"},
    {SITES "profiles: {w: {rules: {}}}\n", "f.yaml:6:12: 'w' is no site; list the profile's"},
    {SITES "profiles: {w: {sites: [n, v], rules: {}}}\n",
     "f.yaml:6:23: 'v' is no site; sites are the values of the field"},
    {SITES "profiles: {n: {}}\n", "f.yaml:6:15: the key 'rules' is missing"},
    {SITES "profiles: {n: {rules: {}}, w: {sites: [s, n], rules: {}}}\n",
     "f.yaml:6:28: a site of 'w' is in another profile"},
    {SITES "profiles: {n: {rules: {q: {n: 2}}}}\n" ONE,
     "f.yaml:6:24: the rule 'q' is not among the rules"},
    {SITES "profiles: {n: {rules: {r: {n: 2}}}}\n",
     "f.yaml:6:24: the rule 'r' is not among the rules"},
    {SITES "profiles: {n: {rules: {r: 2}}}\n" ONE, "f.yaml:6:27: expected what is otherwise, like"},
    {SITES "profiles: {n: {rules: {r: {template: init}}}}\n" ONE,
     "f.yaml:6:28: a profile cannot change 'template' of a rule"},
    {SITES "profiles: {n: {rules: {r: {n: 0}}}}\n" ONE,
     "f.yaml:6:31: 'n' must be a whole number from 1"},
    {SITES "profiles: {n: {rules: {r: {min: 2}}}}\n" ONE,
     "f.yaml:6:28: the template 'absence' has no parameter 'min'"},
    {SITES "rules:\n  - {id: r, template: init, activities: [a], sites: [w]}\n",
     "f.yaml:7:53: 'w' is no site"},
    {SITES "profiles: {n: {rules: {r: {on: true}}}}\n"
           "rules:\n  - {id: r, template: init, activities: [a], sites: [s]}\n",
     "f.yaml:6:24: the rule is not judged at all sites of 'n'"},
    {SITES "profiles: {n: {rules: {r: {n: 2}}}}\n" ONE
           "  - {id: r.n, template: init, activities: [a]}\n",
     "f.yaml:9:5: the rule 'r.n' stands here twice"},
    {HEAD "rules:\n  - {id: r, template: backlog, activities: [a, b], mean_age: PT0S}\n",
     "f.yaml:5:62: 'mean_age' must be a duration longer than nothing"},
    {HEAD "rules:\n  - {id: r, template: absence, activities: [a], mean_age: P1D}\n",
     "f.yaml:5:49: the template 'absence' has no parameter 'mean_age'"},
    {HEAD "ends: [c]\n", "f.yaml:4:7: the step 'c' is not among the steps"},
    {HEAD "holidays: {x: {day: 02-30}}\n", "f.yaml:4:21: expected month and day like 05-01"},
    {HEAD "holidays: {x: {easter: 999}}\n", "'easter' must be a number of days from -180 to 180"},
    {HEAD "holidays: {x: {before: 11-23}}\n", "a holiday takes one of day: MM-DD, easter: DAYS"},
    {HEAD "calendars: {S: [x]}\n", "the holiday 'x' is not among the holidays"},
    {HEAD WITHIN "within: P1D, calendar: S}\n", "the calendar 'S' is not among the calendars"},
    {HEAD "calendars: {S: x}\nholidays: {x: {day: 01-01}}\n" WITHIN "within: PT5H, calendar: S}\n",
     "with a calendar a limit is 0 to 366 whole days"},
    {HEAD WITHIN "within: P2D, hard: P1D}\n", "the hard limit is not above the soft one"},
    {HEAD WITHIN "within: P2D, hard: P3D, severity: critical}\n", "a hard limit follows a warning"},
    {HEAD WITHIN "within: P2D, hold: a}\n", "'hold' and 'resume' belong together"},
    {HEAD WITHIN "within: P2D, extend: {to: group}}\n", "the key 'by' is missing; name the steps"},
    {HEAD "fields: {x: [y, n]}\n" WITHIN "within: P2D, from: x}\n", "the field 'x' holds no dates"},
    {HEAD WITHIN "within: P2D, same: colour}\n", "judges the field 'colour', which is not among"},
    {HEAD "rules:\n  - {id: r, template: between, activities: [a], min: 3, max: 2}\n",
     "'min' is above 'max'"},
    {HEAD "rules:\n  - {id: r, template: counter, activities: [a], n: 65, window: P1D}\n",
     "with a window 'n' is at most 64"},
    {HEAD "rules:\n  - {id: r, template: counter, activities: [a], window: PT0S}\n",
     "f.yaml:5:57: 'window' must be longer than nothing"},
    {HEAD "rules:\n  - {id: r, template: data, activities: [a]}\n", "the key 'require' is missing"},
    {HEAD "rules:\n  - {id: r, template: data, activities: [a], require: {group: {like: x}}}\n",
     "f.yaml:5:64: unknown condition 'like'; known are is, not, known, less"},
    {HEAD "rules:\n  - {id: r, template: data, activities: [a], require: {group: {less: @x}}}\n",
     "f.yaml:"},
    {HEAD
     "rules:\n  - {id: r, template: data, activities: [a], require: {group: {less: '@now'}}}\n",
     "unknown time '@now'; write @occurred or @recorded"},
    {HEAD "rules:\n  - {id: r, template: init, activities: [{step: a, wher: x}]}\n",
     "unknown key 'wher'"},
    {HEAD "rules:\n  - {id: r, template: correlate, activities: [a, b], compare: {a: group, test: "
          "eq, b: "
          "group}}\n",
     "unknown test 'eq'"},
    {HEAD "rules:\n  - {id: r, template: stall, activities: [a], within: P1D}\n",
     "takes no activities"},
    {HEAD "rules:\n  - {id: r, template: precedence, activities: [a, b], calendar: S}\n",
     "the template 'precedence' has no parameter 'calendar'"},
};

static void refused(void **state)
{
    char err[RG_DEFINITION_ERROR_MAX];
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct rg_definition *def = NULL;
        const rg_err e = rg_definition_parse("f.yaml", rg_bytes_str(refusals[i].text), &def, err);
        if (strstr(err, refusals[i].line) == NULL) {
            print_message("text: %s\nwanted: %s\ngot: %s\n", refusals[i].text, refusals[i].line,
                          err);
            wrong++;
        }
        assert_true(e == RG_ERR_INVALID || e == RG_ERR_FULL);
        assert_null(def);
        assert_non_null(strstr(err, "f.yaml:"));
    }
    assert_int_equal(wrong, 0);
}

static void all_errors_at_once(void **state)
{
    char err[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    (void)state;
    assert_int_equal(rg_definition_parse("f.yaml",
                                         rg_bytes_str(HEAD "x: 1\nrules:\n"
                                                           "  - {id: r, template: q}\n"
                                                           "  - {id: s, template: init, "
                                                           "activities: [c]}\n"),
                                         &def, err),
                     RG_ERR_INVALID);
    assert_non_null(strstr(err, "f.yaml:4:1: "));
    assert_non_null(strstr(err, "\nf.yaml:6:23: "));
    assert_non_null(strstr(err, "\nf.yaml:7:"));
}

static void caps(void **state)
{
    char err[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    (void)state;
    char *big = malloc(RG_YAML_BYTES_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', RG_YAML_BYTES_MAX + 1);
    const struct rg_bytes bytes = {(const uint8_t *)big, RG_DEFINITION_MAX + 1};
    assert_int_equal(rg_definition_parse("f.yaml", bytes, &def, err), RG_ERR_FULL);
    assert_non_null(strstr(err, "over 65536 bytes"));
    /* More nodes than there may be. */
    struct rg_yaml *doc = NULL;
    big[0] = '[';
    for (size_t i = 1; i < RG_YAML_BYTES_MAX - 1; i += 2) {
        big[i] = '1';
        big[i + 1] = ',';
    }
    big[RG_YAML_BYTES_MAX - 1] = ']';
    assert_int_equal(
        rg_yaml_parse("f.yaml", (struct rg_bytes){(uint8_t *)big, RG_YAML_BYTES_MAX}, &doc, err),
        RG_ERR_FULL);
    assert_null(doc);
    assert_non_null(strstr(err, "more than 32768 values"));
    free(big);
}

static struct rg_definition *shipped(const char *name, char **text)
{
    char path[64];
    char err[RG_DEFINITION_ERROR_MAX];
    size_t len = 0;
    struct rg_definition *def = NULL;
    (void)snprintf(path, sizeof(path), "deploy/processes/%s.yaml", name);
    *text = log_read_file(path, &len);
    assert_non_null(*text);
    const struct rg_bytes bytes = {(const uint8_t *)*text, len};
    const rg_err e = rg_definition_parse(path, bytes, &def, err);
    if (e != RG_OK) {
        print_message("%s\n", err);
    }
    assert_int_equal(e, RG_OK);
    assert_string_equal(err, "");
    assert_string_equal(def->process, name);
    return def;
}

static void anker_dresden(void **state)
{
    const char *why = "";
    char *text = NULL;
    (void)state;
    struct rg_definition *def = shipped("anker-dresden", &text);
    assert_int_equal(def->clock, RG_DEFINITION_LEDGER);
    assert_int_equal(def->escalate_ms, 86400000);
    assert_int_equal(def->step_count, 23);
    assert_int_equal(def->rule_count, 43); /* thirty, some in parts or with a hard limit */
    assert_string_equal(def->rules[2].id, "R02");
    assert_string_equal(def->rules[3].id, "R02.hard");
    assert_int_equal(def->rules[3].limit_ms, INT64_C(3) * 86400000);
    assert_int_equal(def->rules[3].severity, RG_DEFINITION_CRITICAL);
    assert_non_null(def->rules[3].calendar);
    assert_string_not_equal(def->rules[2].message_de, def->rules[3].message_de);
    assert_false(def->readers_all);
    assert_int_equal(def->readers.count, 2);
    assert_string_equal(def->readers.items[1], "LDS-SN");
    const struct rg_bytes registration = rg_bytes_str("registrierung_abgeschlossen");
    assert_string_equal(rg_definition_find_step(def, registration)->label_en,
                        "Registration completed");
    assert_true(rg_definition_may_write(def, registration, rg_bytes_str("LDS-SN")));
    assert_false(rg_definition_may_write(def, registration, rg_bytes_str("BAMF")));
    assert_false(rg_definition_may_write(def, rg_bytes_str("registrierung"), rg_bytes_str("BAMF")));
    assert_false(rg_definition_has_step(def, rg_bytes_str("unknown")));
    for (size_t i = 0; i < def->step_count; i++) {
        assert_ptr_equal(rg_definition_find_step(def, rg_bytes_str(def->steps[i].id)),
                         &def->steps[i]);
    }
    const struct rg_bytes grund = rg_bytes_str("grund");
    const struct rg_bytes termin = rg_bytes_str("termin");
    assert_int_equal(rg_definition_check_field(def, grund, rg_bytes_str("entschuldigt"), &why),
                     RG_OK);
    assert_int_equal(rg_definition_check_field(def, grund, rg_bytes_str(""), &why), RG_OK);
    assert_int_equal(rg_definition_check_field(def, grund, rg_bytes_str("krank"), &why),
                     RG_ERR_INVALID);
    assert_non_null(strstr(why, "not among the values"));
    assert_int_equal(rg_definition_check_field(def, termin, rg_bytes_str("2026-11-23"), NULL),
                     RG_OK);
    assert_int_equal(rg_definition_check_field(def, termin, rg_bytes_str("tomorrow"), &why),
                     RG_ERR_INVALID);
    assert_int_equal(rg_definition_check_field(def, rg_bytes_str("name"), termin, &why),
                     RG_ERR_NOT_FOUND);
    rg_definition_destroy(&def);
    assert_null(def);
    free(text);
}

static void other_shipped(void **state)
{
    const char *why = "";
    char *text = NULL;
    char long_value[66];
    (void)state;
    struct rg_definition *def = shipped("receipt", &text);
    assert_int_equal(def->rule_count, 20);
    assert_int_equal(def->step_count, 27);
    assert_int_equal(def->clock, RG_DEFINITION_EVENT);
    assert_true(def->readers_all);
    rg_definition_destroy(&def);
    free(text);
    def = shipped("bpic15", &text);
    assert_int_equal(def->rule_count, 12);
    assert_true(def->steps_any);
    assert_true(rg_definition_ignores(def, rg_bytes_str("activityNameNL")));
    assert_false(rg_definition_ignores(def, rg_bytes_str("resource")));
    assert_false(rg_definition_has_field(def, rg_bytes_str("dueDate")));
    rg_definition_destroy(&def);
    free(text);
    def = shipped("open", &text);
    assert_true(def->steps_any && def->fields_any);
    assert_int_equal(def->rule_count, 0);
    assert_true(rg_definition_may_write(def, rg_bytes_str("anything at all"), rg_bytes_str("X")));
    assert_false(rg_definition_has_step(def, rg_bytes_str("with\nnewline")));
    assert_false(rg_definition_has_step(def, rg_bytes_str("\xC3\x28")));
    assert_false(rg_definition_has_step(def, rg_bytes_str("")));
    memset(long_value, 'x', sizeof(long_value));
    long_value[64] = '\0';
    assert_int_equal(
        rg_definition_check_field(def, rg_bytes_str("f"), rg_bytes_str(long_value), &why), RG_OK);
    long_value[64] = 'x';
    long_value[65] = '\0';
    assert_int_equal(
        rg_definition_check_field(def, rg_bytes_str("f"), rg_bytes_str(long_value), &why),
        RG_ERR_INVALID);
    rg_definition_destroy(&def);
    free(text);
}

static void defaults(void **state)
{
    char err[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    (void)state;
    assert_int_equal(
        rg_definition_parse("f",
                            rg_bytes_str(HEAD "rules:\n  - {id: r, template: four_eyes, "
                                              "activities: [a, b]}\n"),
                            &def, err),
        RG_OK);
    assert_int_equal(def->clock, RG_DEFINITION_LEDGER);
    assert_true(def->readers_all);
    assert_true(rg_definition_has_field(def, rg_bytes_str("group")));
    assert_false(rg_definition_has_field(def, rg_bytes_str("colour")));
    assert_int_equal(def->rules[0].severity, RG_DEFINITION_WARNING);
    assert_string_equal(def->rules[0].message_en, "r (four_eyes)");
    assert_string_equal(def->steps[1].label_de, "b");
    rg_definition_destroy(&def);
    rg_definition_destroy(&def);
}

static void yaml_getters(void **state)
{
    static const char *const keys[] = {"name", "port", "on", "every", "list", "map"};
    static const uint64_t range[2] = {1, 65535};
    char err[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    (void)state;
    assert_int_equal(rg_yaml_parse("c.yaml",
                                   rg_bytes_str("name: n1\nport: 70000\non: true\nevery: PT30S\n"
                                                "list: [1, 'two']\nmap:\n  x: y\nextra: 1\n"),
                                   &doc, err),
                     RG_OK);
    const struct rg_yaml_node *root = rg_yaml_root(doc);
    assert_string_equal(rg_yaml_str(doc, root, "name", 8, true), "n1");
    assert_true(rg_yaml_bool(doc, root, "on", false));
    assert_int_equal(rg_yaml_duration(doc, root, "every", 0), 30000);
    const struct rg_yaml_node *list = rg_yaml_list(doc, root, "list", true);
    assert_int_equal(list->count, 2);
    assert_true(rg_yaml_first(list)->plain);
    assert_string_equal(rg_yaml_next(rg_yaml_first(list))->text, "two");
    assert_false(rg_yaml_next(rg_yaml_first(list))->plain);
    assert_string_equal(rg_yaml_get(rg_yaml_map(doc, root, "map", true), "x")->text, "y");
    assert_false(rg_yaml_failed(doc));
    assert_int_equal(rg_yaml_u64(doc, root, "port", range, 5), 5);
    assert_string_equal(rg_yaml_errors(doc), "c.yaml:2:7: 'port' must be a whole number from 1 to "
                                             "65535, not '70000'");
    rg_yaml_only(doc, root, keys, 6);
    assert_non_null(strstr(rg_yaml_errors(doc), "\nc.yaml:8:1: unknown key 'extra'"));
    assert_null(rg_yaml_str(doc, root, "missing", 8, true));
    assert_null(rg_yaml_str(doc, root, "name", 1, false));
    assert_null(rg_yaml_list(doc, root, "name", false));
    /* Errors without end leave the first lines whole. */
    for (int i = 0; i < 1000; i++) {
        rg_yaml_report(doc, root, "again and again, number %d", i);
    }
    assert_true(strlen(rg_yaml_errors(doc)) < RG_YAML_ERROR_MAX);
    rg_yaml_destroy(&doc);
    assert_null(doc);
}

static void yaml_files(void **state)
{
    char err[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    (void)state;
    assert_int_equal(rg_yaml_load("deploy/processes/open.yaml", &doc, err), RG_OK);
    rg_yaml_destroy(&doc);
    assert_int_equal(rg_yaml_load("deploy/processes/none.yaml", &doc, err), RG_ERR_NOT_FOUND);
    assert_non_null(strstr(err, "deploy/processes/none.yaml: "));
    assert_int_equal(rg_yaml_load("deploy", &doc, err), RG_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),       cmocka_unit_test(all_errors_at_once),
        cmocka_unit_test(caps),          cmocka_unit_test(anker_dresden),
        cmocka_unit_test(other_shipped), cmocka_unit_test(defaults),
        cmocka_unit_test(yaml_getters),  cmocka_unit_test(yaml_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
