/* The process of the AnKER Dresden: a case as it should be raises nothing, and each of the thirty
 * rules fires on a case of its own. Live, on the ledger's clock, from a Monday morning on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/definition.h"
#include "rules_bench.h"
#include "rules_log.h"

#define MONDAY INT64_C(1618214400000) /* 2021-04-12T08:00:00Z */

static const char *const steps[18] = {"",
                                      "weiterleitung",
                                      "registrierung_abgeschlossen",
                                      "id_check_abgeschlossen",
                                      "easy_abverteilung",
                                      "avb_angebot",
                                      "avb1_termin_geplant",
                                      "avb2_termin_geplant",
                                      "avb_abgeschlossen",
                                      "bereit_fuer_aktenanlage",
                                      "aktenanlage_termin_geplant",
                                      "aktenanlage_erfolgt",
                                      "aktenanlage_nicht_erfolgt",
                                      "anhoerung_termin_geplant",
                                      "anhoerung_erfolgt",
                                      "anhoerung_nicht_erfolgt",
                                      "anhoerung_erledigt",
                                      "termin_abgesagt"};

/* Events are `number of the step:hours from Monday[/field=value]`, `0` is time that passes; `L:` in
 * front: recorded by the LDS, else by whom it belongs to. Wanted are rules in the order in which
 * they speak, with a plus when healed. */
struct story {
    const char *trace;
    const char *want;
};

#define OPEN "2:0 3:1 5:2 9:3 "
#define FILE_OPEN OPEN "10:4/termin=2021-04-13T08:00:00Z 11:24 "

static const struct story stories[] = {
    {"1:0 2:1 3:2 5:3/stufe=1 6:4/termin=2021-04-13T08:00:00Z 8:25/ergebnis=teilgenommen 9:26 "
     "10:27/termin=2021-04-15T08:00:00Z 11:73 13:74/termin=2021-04-20T08:00:00Z 14:193 16:194 "
     "0:900",
     ""},
    {"2:0 4:1 0:900", ""},
    {"2:0 3:1 5:2 8:3/ergebnis=nicht_erschienen 4:4", ""}, /* R07 is for statistics */
    {"1:0 0:120 0:121 0:168 0:169 2:170 3:170 4:170", "R01 R01.hard +R01 +R01.hard"},
    {"2:0 5:0 9:0 10:0/termin=2021-04-30T08:00:00Z 0:37 0:38 0:85 0:86 3:87", "R02 R02.hard +R02 "
                                                                              "+R02.hard"},
    {"2:0 5:1 9:2 10:3/termin=2021-04-13T08:00:00Z 11:24 3:25", "R03 +R03"},
    {"2:0 3:1 9:2 10:3/termin=2021-05-13T08:00:00Z 0:61 0:62 5:63", "R04 +R04"},
    {"2:0 3:1 9:2 10:3/termin=2021-04-13T08:00:00Z 11:24 5:25 16:26", "R05 +R05"},
    {OPEN "6:4/termin=2021-04-15T08:00:00Z 10:5/termin=2021-04-14T08:00:00Z 4:6", "R06"},
    {"2:0 3:1 5:1 0:85 0:86 0:349 0:350 9:351 4:352",
     "R08 R19 R19.hard R29 R08.hard +R08 +R08.hard +R29 +R19 +R19.hard"},
    {"9:0 2:1 4:2", "R09a +R09a"},
    {"10:0/termin=2021-04-13T08:00:00Z 2:1 9:2 4:3", "R09b R11 +R09b +R11"},
    {"3:0 5:1 9:2 10:3/termin=2021-04-13T08:00:00Z 11:24 16:25", "R09a R09b R10"},
    {"2:0 3:0 5:0 10:1/termin=2021-04-13T08:00:00Z 9:2 4:3", "R11 +R11"},
    {OPEN "0:85 0:86 10:87/termin=2021-05-20T08:00:00Z 4:88", "R12 +R12"},
    {OPEN "11:4 10:5/termin=2021-04-13T08:00:00Z 16:6", "R13 +R13"},
    {OPEN "10:4/termin=2021-04-13 0:61 0:62 11:63 16:64", "R14 +R14"},
    {OPEN "10:4/termin=2021-04-13T08:00:00Z 12:24/grund=entschuldigt 0:205 0:206 10:207"
          "/termin=2021-05-05T08:00:00Z 4:208",
     "R15 +R15"},
    {OPEN "10:4/termin=2021-04-13T08:00:00Z 12:24/grund=nicht_erschienen "
          "10:25/termin=2021-04-14T08:00:00Z 12:48/grund=nicht_erschienen 4:49",
     "R16 R16 R16.hard"},
    {FILE_OPEN "11:25 16:26", "R17a"},
    {"2:0 2:1 4:2", "R17b"},
    {FILE_OPEN "4:25", "R18a"},
    {"2:0 4:1 9:2", "R25 R18b"},
    {"2:0/ankunftsnachweis_am=2021-04-05 3:1 5:2 9:3 10:4/termin=2021-04-20T08:00:00Z 0:192 0:193 "
     "11:194 16:195",
     "R19 R19.hard +R19 +R19.hard"},
    {FILE_OPEN "0:192 0:193 13:194/termin=2021-05-05T08:00:00Z 16:195", "R20 +R20"},
    {"2:0 13:1/termin=2021-05-05T08:00:00Z 4:2", "R21a"},
    {"2:0 13:1/termin=2021-04-13T08:00:00Z 14:25 4:26", "R21a R21b"},
    {FILE_OPEN "14:25 16:26", "R22a"},
    {FILE_OPEN "13:25/termin=2021-04-20 0:229 0:230 14:231 16:232", "R22b +R22b"},
    {FILE_OPEN "13:25/termin=2021-04-14T08:00:00Z 15:48/grund=nicht_erschienen "
               "13:49/termin=2021-04-15T08:00:00Z 15:73/grund=nicht_erschienen 16:74",
     "R23 R23 R23.hard"},
    {FILE_OPEN "13:25/termin=2021-04-14T08:00:00Z 15:48/grund=behoerdlich 0:229 0:230 16:231",
     "R24 +R24"},
    {"2:0 4:1 3:2", "R25"},
    {"L:1:0 2:1 4:2", "R26"},
    {OPEN "10:4/termin=2021-04-09T08:00:00Z 11:5 16:6", "R27a"},
    {OPEN "10:4/termin=2021-04-13T08:00:00Z 10:5/termin=2021-04-14T08:00:00Z 11:24 16:25", "R27b"},
    {FILE_OPEN "13:25/termin=2021-04-20T08:00:00Z 13:26/termin=2021-04-21T08:00:00Z 16:27", "R27c"},
    {"2:0/occurred=-25 4:1", "R28"},
    {FILE_OPEN "13:25/termin=2021-06-01T08:00:00Z 0:361 0:362 16:363", "R29 +R29"},
    {OPEN "6:4/termin=2021-04-14T06:00:00Z 10:5/termin=2021-04-14T07:00:00Z 4:6", "R30"},
};

static char *load(struct rg_definition **def)
{
    char err[RG_DEFINITION_ERROR_MAX];
    size_t len = 0;
    char *text = log_read_file("deploy/processes/anker-dresden.yaml", &len);
    assert_non_null(text);
    assert_int_equal(
        rg_definition_parse("a", (struct rg_bytes){(const uint8_t *)text, len}, def, err), RG_OK);
    return text;
}

static void take_alerts(char *got, size_t cap)
{
    for (size_t i = 0; i < bench.item_count; i++) {
        const size_t len = strlen(got);
        assert_int_equal(bench.items[i].kind, RG_HOSTMSG_ALERT);
        (void)snprintf(got + len, cap - len, "%s%s%.*s", len == 0 ? "" : " ",
                       bench.items[i].state == 2 ? "+" : "", (int)bench.items[i].rule_id.len,
                       (const char *)bench.items[i].rule_id.data);
    }
}

static bool play(const struct rg_definition *def, const struct story *s)
{
    char got[512] = "";
    char text[256];
    struct rg_hostmsg_op op;
    bench.state_len = 0;
    const char *p = s->trace;
    for (;;) {
        while (*p == ' ') {
            p++;
        }
        const bool lds = strncmp(p, "L:", 2) == 0;
        p += lds ? 2 : 0;
        if (!bench_event(&p, text, &op)) {
            break;
        }
        const long number = strtol((const char *)op.step.data, NULL, 10);
        assert_in_range(number, 0, 17);
        op.time_ms += MONDAY;
        op.occurred_ms = op.time_ms;
        if (number == 0) {
            assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, op.time_ms), RG_HOSTMSG_OK);
            take_alerts(got, sizeof(got));
            continue;
        }
        op.step = rg_bytes_str(steps[number]);
        op.agency =
            rg_bytes_str(lds ? "LDS-SN" : rg_definition_find_step(def, op.step)->by.items[0]);
        if (op.field_count > 0 && rg_bytes_eq(op.fields[0].name, rg_bytes_str("occurred"))) {
            op.occurred_ms += strtol((const char *)op.fields[0].value.data, NULL, 10) * HOUR;
            op.field_count = 0;
        }
        assert_int_equal(bench_step(0, &op), RG_HOSTMSG_OK);
        take_alerts(got, sizeof(got));
    }
    if (strcmp(got, s->want) != 0) {
        print_message("%s\n  got    %s\n  wanted %s\n", s->trace, got, s->want);
        return false;
    }
    return true;
}

static void every_rule(void **state)
{
    int wrong = 0;
    struct rg_definition *def = NULL;
    (void)state;
    char *text = load(&def);
    bench_open(text);
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        wrong += play(def, &stories[i]) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
    rg_definition_destroy(&def);
    free(text);
}

/* R01 to R30, each with a story of its own but R07, which never alerts. */
static void all_thirty(void **state)
{
    struct rg_definition *def = NULL;
    (void)state;
    char *text = load(&def);
    assert_non_null(strstr(text, "NOT current law"));
    for (int n = 1; n <= 30; n++) {
        char id[8];
        bool defined = false;
        bool told = n == 7;
        (void)snprintf(id, sizeof(id), "R%02d", n);
        for (size_t i = 0; i < def->rule_count; i++) {
            const struct rg_definition_rule *r = &def->rules[i];
            defined = defined || strncmp(r->id, id, 3) == 0;
            assert_true(strlen(r->message_de) > 40 && strlen(r->message_en) > 40);
            assert_true(r->to.count > 0);
        }
        for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
            told = told || strstr(stories[i].want, id) != NULL;
        }
        if (!defined || !told) {
            print_message("%s\n", id);
        }
        assert_true(defined && told);
    }
    rg_definition_destroy(&def);
    free(text);
}

/* Whose turn it is after the registration. */
static void next_steps(void **state)
{
    char got[512] = "";
    struct rg_definition *def = NULL;
    (void)state;
    char *text = load(&def);
    bench_open(text);
    assert_true(play(def, &(struct story){"2:0 3:1 5:2", ""}));
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_NEXT, 0), RG_HOSTMSG_OK);
    for (size_t i = 0; i < bench.item_count; i++) {
        const size_t len = strlen(got);
        const struct rg_hostmsg_item *d = &bench.items[i];
        (void)snprintf(got + len, sizeof(got) - len, "%.*s %.*s %.*s, ", (int)d->rule_id.len,
                       (const char *)d->rule_id.data, (int)d->step.len, (const char *)d->step.data,
                       (int)d->agencies.len, (const char *)d->agencies.data);
    }
    assert_string_equal(got, "R08 bereit_fuer_aktenanlage LDS-SN, R08 easy_abverteilung LDS-SN, "
                             "R19 aktenanlage_erfolgt BAMF, R19 easy_abverteilung LDS-SN, ");
    rg_definition_destroy(&def);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule),
        cmocka_unit_test(all_thirty),
        cmocka_unit_test(next_steps),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
