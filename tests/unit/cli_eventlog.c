/* node/cli: columns and rows of a log under a process definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/eventlog.h"
#include <string.h>

static const char yaml[] = "process: p\nversion: 1\nclock: event\nreaders: all\n"
                           "steps:\n  - id: a\n    by: [X]\n  - id: b\n    by: [Y]\n"
                           "fields:\n  resource: id\n  due: date\nignore: [noise]\nrules: []\n";
static struct rg_definition *def;
static struct rg_eventlog event_log;
static struct rg_csv_record record;
static struct rg_eventlog_row row;

static int prepare(void **state)
{
    char text[RG_DEFINITION_ERROR_MAX];
    (void)state;
    return rg_definition_parse("d", rg_bytes_str(yaml), &def, text) == RG_OK ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    rg_definition_destroy(&def);
    return 0;
}

/* Split @line at commas into the record. */
static void fields(const char *line, uint64_t number)
{
    record.line = number;
    record.count = 0;
    const char *at = line;
    for (;;) {
        const size_t len = strcspn(at, ",");
        record.fields[record.count++] = (struct rg_bytes){(const uint8_t *)at, len};
        if (at[len] == '\0') {
            return;
        }
        at += len + 1;
    }
}

static rg_err header(const char *line, bool ignore_others)
{
    event_log = (struct rg_eventlog){.def = def, .agency = "X", .ignore_others = ignore_others};
    fields(line, 1);
    return rg_eventlog_header(&event_log, &record);
}

static rg_err read_row(const char *line)
{
    fields(line, 7);
    return rg_eventlog_row(&event_log, &record, &row);
}

static void test_header(void **state)
{
    (void)state;
    assert_int_equal(header("case_id,event_no,activity,timestamp,resource,noise", false), RG_OK);
    assert_int_equal(header("case_id,activity,timestamp,shoes", false), RG_ERR_INVALID);
    assert_non_null(strstr(event_log.why, "`shoes`"));
    assert_int_equal(header("case_id,activity,timestamp,shoes", true), RG_OK);
    assert_int_equal(header("case_id,activity", true), RG_ERR_INVALID);
    assert_non_null(strstr(event_log.why, "`timestamp`"));
    assert_int_equal(header("case_id,activity,timestamp,activity", false), RG_ERR_INVALID);
    assert_int_equal(header("case_id,activity,timestamp,", true), RG_ERR_INVALID);
}

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(header("case_id,activity,timestamp,resource,due,noise", false), RG_OK);
    assert_int_equal(read_row("1,a,2011-10-11T13:45:40.276+02:00,R1,2026-01-02,x"), RG_OK);
    assert_true(rg_bytes_eq(row.file_number, rg_bytes_str("1")));
    assert_int_equal(row.event.field_count, 2);
    assert_int_equal(row.event.occurred_ms, 1318333540276);
    /* Empty values are not recorded. */
    assert_int_equal(read_row("1,a,2011-10-11,,,x"), RG_OK);
    assert_int_equal(row.event.field_count, 0);
}

static void test_bad_rows(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"1,a,2011-10-11,R1,2026-01-02", "5 fields"},
        {",a,2011-10-11,R1,,", "case_id"},
        {"1,c,2011-10-11,R1,,", "no step `c`"},
        {"1,b,2011-10-11,R1,,", "may not record"},
        {"1,a,yesterday,R1,,", "timestamp"},
        {"1,a,2011-13-11,R1,,", "timestamp"},
        {"1,a,,R1,,", "timestamp"},
        {"1,a,2011-10-11,R\x01,,", "resource"},
        {"1,a,2011-10-11,R1,soon,", "due"},
        {"1\xff,a,2011-10-11,R1,,", "case_id"},
    };
    assert_int_equal(header("case_id,activity,timestamp,resource,due,noise", false), RG_OK);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(read_row(table[i][0]), RG_ERR_INVALID);
        assert_non_null(strstr(event_log.why, "line 7"));
        assert_non_null(strstr(event_log.why, table[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bad_rows),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
