/* Calendars: feasts that move, the holidays of the Laender, summer time, working-day deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "rules/definition.h"
#include "rules_bench.h"
#include "rules_log.h"

#define DAY INT64_C(86400000)

static int64_t at(const char *text)
{
    int64_t ms = -1;
    assert_int_equal(rg_time_parse(rg_bytes_str(text), &ms), RG_OK);
    return ms;
}

static int64_t day(const char *text)
{
    return at(text) / DAY;
}

static struct rg_definition *load(const char *path)
{
    char err[RG_DEFINITION_ERROR_MAX];
    size_t len = 0;
    struct rg_definition *def = NULL;
    char *text = log_read_file(path, &len);
    assert_non_null(text);
    const rg_err e =
        rg_definition_parse(path, (struct rg_bytes){(const uint8_t *)text, len}, &def, err);
    if (e != RG_OK) {
        print_message("%s\n", err);
    }
    assert_int_equal(e, RG_OK);
    free(text);
    return def;
}

static const struct rg_calendar *calendar(const struct rg_definition *def, const char *name)
{
    for (size_t i = 0; i < def->calendar_count; i++) {
        if (strcmp(def->calendars[i].name, name) == 0) {
            return &def->calendars[i];
        }
    }
    fail_msg("no calendar %s", name);
    return NULL;
}

static void easter(void **state)
{
    static const char *const known[] = {"2020-04-12", "2021-04-04", "2022-04-17", "2023-04-09",
                                        "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28",
                                        "2028-04-16", "2029-04-01", "2030-04-21"};
    (void)state;
    for (int i = 0; i < 11; i++) {
        assert_int_equal(rg_calendar_easter(2020 + i), day(known[i]));
    }
    /* Early, late, and where older rules go wrong. */
    assert_int_equal(rg_calendar_easter(2008), day("2008-03-23"));
    assert_int_equal(rg_calendar_easter(2038), day("2038-04-25"));
    assert_int_equal(rg_calendar_easter(1981), day("1981-04-19"));
    assert_int_equal(rg_calendar_easter(2049), day("2049-04-18"));
    for (int64_t y = 1970; y < 2500; y++) {
        assert_int_equal((rg_calendar_easter(y) + 4) % 7, 0); /* a Sunday */
    }
}

static void feasts(void **state)
{
    static const char *const penance[] = {"2020-11-18", "2021-11-17", "2022-11-16", "2023-11-22",
                                          "2024-11-20", "2025-11-19", "2026-11-18", "2027-11-17",
                                          "2028-11-22", "2029-11-21", "2030-11-20"};
    static const struct {
        const char *land;
        const char *day;
        const char *name; /* NULL: none */
    } rows[] = {
        {"BE", "2020-05-08", "befreiung_2020"},
        {"BE", "2021-05-08", NULL},
        {"BE", "2018-03-08", NULL},
        {"BE", "2019-03-08", "frauentag_2019"},
        {"MV", "2022-03-08", NULL},
        {"MV", "2023-03-08", "frauentag_2023"},
        {"NI", "2016-10-31", NULL},
        {"NI", "2018-10-31", "reformation_2018"},
        {"BW", "2017-10-31", "reformation_2017"},
        {"BW", "2018-10-31", NULL},
        {"TH", "2018-09-20", NULL},
        {"TH", "2019-09-20", "weltkindertag"},
        {"SN", "2026-06-04", NULL},
        {"NW", "2026-06-04", "fronleichnam"},
        {"SN", "2024-05-09", "himmelfahrt"},
        {"SN", "2025-06-09", "pfingstmontag"},
        {"SN", "2027-03-26", "karfreitag"},
        {"SN", "2029-04-02", "ostermontag"},
        {"SL", "2025-08-15", "mariae_himmelfahrt"},
        {"BY", "2025-08-15", NULL},
        {"ST", "2026-01-06", "heilige_drei_koenige"},
    };
    (void)state;
    struct rg_definition *def = load("deploy/calendars/laender.yaml");
    for (int i = 0; i < 11; i++) {
        const struct rg_calendar_holiday *h =
            rg_calendar_holiday_on(calendar(def, "SN"), day(penance[i]));
        assert_non_null(h);
        assert_string_equal(h->name, "buss_und_bettag");
        assert_null(rg_calendar_holiday_on(calendar(def, "BW"), day(penance[i])));
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct rg_calendar_holiday *h =
            rg_calendar_holiday_on(calendar(def, rows[i].land), day(rows[i].day));
        assert_string_equal(h == NULL ? "" : h->name, rows[i].name == NULL ? "" : rows[i].name);
    }
    rg_definition_destroy(&def);
}

/* How many holidays each Land has by law in a year. */
static void counts(void **state)
{
    static const struct {
        const char *land;
        int y2020;
        int y2026;
    } rows[] = {{"BW", 12, 12}, {"BY", 12, 12}, {"BE", 11, 10}, {"BB", 12, 12},
                {"HB", 10, 10}, {"HH", 10, 10}, {"HE", 10, 10}, {"MV", 10, 11},
                {"NI", 10, 10}, {"NW", 11, 11}, {"RP", 11, 11}, {"SL", 12, 12},
                {"SN", 11, 11}, {"ST", 11, 11}, {"SH", 10, 10}, {"TH", 11, 11}};
    (void)state;
    struct rg_definition *def = load("deploy/calendars/laender.yaml");
    assert_int_equal(def->calendar_count, 16);
    for (size_t i = 0; i < 16; i++) {
        int n[2] = {0, 0};
        for (int64_t d = 0; d < 366; d++) {
            const struct rg_calendar *c = calendar(def, rows[i].land);
            n[0] += rg_calendar_holiday_on(c, day("2020-01-01") + d) != NULL ? 1 : 0;
            n[1] += d < 365 && rg_calendar_holiday_on(c, day("2026-01-01") + d) != NULL ? 1 : 0;
        }
        assert_int_equal(n[0], rows[i].y2020);
        assert_int_equal(n[1], rows[i].y2026);
    }
    rg_definition_destroy(&def);
}

static void summer_time(void **state)
{
    unsigned hour = 0;
    (void)state;
    assert_int_equal(rg_calendar_day(at("2026-01-31T22:59:59.999Z"), &hour), day("2026-01-31"));
    assert_int_equal(hour, 23);
    assert_int_equal(rg_calendar_day(at("2026-01-31T23:00:00Z"), &hour), day("2026-02-01"));
    assert_int_equal(hour, 0);
    assert_int_equal(rg_calendar_day(at("2026-07-01T22:00:00Z"), &hour), day("2026-07-02"));
    (void)rg_calendar_day(at("2026-03-29T00:59:59Z"), &hour);
    assert_int_equal(hour, 1);
    (void)rg_calendar_day(at("2026-03-29T01:00:00Z"), &hour);
    assert_int_equal(hour, 3);
    (void)rg_calendar_day(at("2026-10-25T00:59:59Z"), &hour);
    assert_int_equal(hour, 2);
    (void)rg_calendar_day(at("2026-10-25T01:00:00Z"), &hour);
    assert_int_equal(hour, 2);
    assert_int_equal(rg_calendar_day_end(day("2026-03-28")), at("2026-03-28T22:59:59.999Z"));
    assert_int_equal(rg_calendar_day_end(day("2026-03-29")), at("2026-03-29T21:59:59.999Z"));
    assert_int_equal(rg_calendar_day_end(day("2026-10-24")), at("2026-10-24T21:59:59.999Z"));
    assert_int_equal(rg_calendar_day_end(day("2026-10-25")), at("2026-10-25T22:59:59.999Z"));
    for (int64_t d = 0; d < 40000; d++) {
        const int64_t end = rg_calendar_day_end(d);
        assert_int_equal(rg_calendar_day(end, &hour), d);
        assert_int_equal(hour, 23);
        assert_int_equal(rg_calendar_day(end + 1, &hour), d + 1);
        assert_int_equal(hour, 0);
    }
}

static void due(void **state)
{
    (void)state;
    struct rg_definition *def = load("deploy/calendars/laender.yaml");
    const struct rg_calendar *sn = calendar(def, "SN");
    const struct rg_calendar *bw = calendar(def, "BW");
    /* Maundy Thursday: Friday to Monday are free. */
    assert_int_equal(rg_calendar_due(sn, at("2026-04-02T08:00:00Z"), 1),
                     at("2026-04-07T21:59:59.999Z"));
    assert_int_equal(rg_calendar_due(sn, at("2026-04-02T08:00:00Z"), 3),
                     at("2026-04-09T21:59:59.999Z"));
    assert_int_equal(rg_calendar_due(sn, at("2026-04-04T08:00:00Z"), 0),
                     at("2026-04-07T21:59:59.999Z"));
    assert_int_equal(rg_calendar_due(sn, at("2026-11-17T08:00:00Z"), 1),
                     at("2026-11-19T22:59:59.999Z"));
    assert_int_equal(rg_calendar_due(bw, at("2026-11-17T08:00:00Z"), 1),
                     at("2026-11-18T22:59:59.999Z"));
    /* Sunday night UTC is Monday here already. */
    assert_int_equal(rg_calendar_due(sn, at("2026-11-22T22:59:00Z"), 1),
                     at("2026-11-23T22:59:59.999Z"));
    assert_int_equal(rg_calendar_due(sn, at("2026-11-22T23:01:00Z"), 1),
                     at("2026-11-24T22:59:59.999Z"));
    assert_int_equal(rg_calendar_due(sn, at("2025-12-30T09:00:00Z"), 2),
                     at("2026-01-02T22:59:59.999Z"));
    rg_definition_destroy(&def);
}

#define CAL                                                                                        \
    "holidays:\n  kf: {easter: -2}\n  om: {easter: 1}\n  bb: {before: 11-23, weekday: 3}\n"        \
    "calendars:\n  SN: [kf, om, bb]\n"

static void deadlines(void **state)
{
    const int64_t friday = at("2026-03-27T10:00:00Z");
    const int64_t end = at("2026-04-07T21:59:59.999Z");
    (void)state;
    bench_open_rule("ledger", CAL,
                    "template: response_within, within: P5D, calendar: SN, activities: [a, b]");
    bench_entry("a", friday, 0);
    assert_int_equal(bench.due_ms, end); /* four days, then Tuesday */
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, end), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 0);
    assert_int_equal(bench_time(0, RG_HOSTMSG_OP_TICK, end + 1), RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    assert_int_equal(bench.items[0].due_ms, end);
    /* A clock that stood for a week ends on a working day again. */
    bench_open_rule("ledger", CAL,
                    "template: response_within, within: P1D, calendar: SN, activities: [a, b], "
                    "hold: h, resume: g");
    bench_entry("a", friday, 0);
    assert_int_equal(bench.due_ms, at("2026-03-30T21:59:59.999Z"));
    bench_entry("h", friday + HOUR, 0);
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER);
    bench_entry("g", friday + HOUR + 4 * DAY, 0);
    assert_int_equal(bench.due_ms, end);
    /* From a date in the entry, a day alone: the first working day after it. */
    bench_open_rule("ledger", CAL,
                    "template: response_within, within: P1D, calendar: SN, from: d, "
                    "activities: [a, b]");
    const struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                                     .time_ms = friday,
                                     .occurred_ms = friday,
                                     .step = rg_bytes_str("a"),
                                     .fields = {{rg_bytes_str("d"), rg_bytes_str("2026-11-17")}},
                                     .field_count = 1};
    assert_int_equal(bench_step(0, &op), RG_HOSTMSG_OK);
    assert_int_equal(bench.due_ms, at("2026-11-19T22:59:59.999Z"));
}

/* The process of Dresden carries the calendar of Saxony as it stands in the file. */
static void dresden(void **state)
{
    (void)state;
    struct rg_definition *laender = load("deploy/calendars/laender.yaml");
    struct rg_definition *anker = load("deploy/processes/anker-dresden.yaml");
    for (int64_t d = day("2020-01-01"); d < day("2031-01-01"); d++) {
        const struct rg_calendar_holiday *x = rg_calendar_holiday_on(calendar(laender, "SN"), d);
        const struct rg_calendar_holiday *y = rg_calendar_holiday_on(calendar(anker, "SN"), d);
        assert_string_equal(x == NULL ? "" : x->name, y == NULL ? "" : y->name);
    }
    rg_definition_destroy(&laender);
    rg_definition_destroy(&anker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(easter),      cmocka_unit_test(feasts), cmocka_unit_test(counts),
        cmocka_unit_test(summer_time), cmocka_unit_test(due),    cmocka_unit_test(deadlines),
        cmocka_unit_test(dresden),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
