/* node/cli: event logs as files. Mostly XES, since CSV has tests of its own; both give the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/logfile.h"
#include "node/cli/xes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define TIME "<date key=\"time:timestamp\" value=\"2011-10-11T13:45:40.276+02:00\"/>"
#define STEP "<string key=\"concept:name\" value=\"a\"/>"
#define CASE "<string key=\"concept:name\" value=\"c1\"/>"
#define ONE(x) "<log><trace>" CASE "<event>" STEP TIME x "</event></trace></log>"

static const char yaml[] = "process: p\nversion: 1\nclock: event\nreaders: all\n"
                           "steps:\n  - id: a\n  - id: b\n    by: [Y]\n"
                           "fields:\n  lifecycle: id\n  resource: id\n  group: id\n  due: date\n"
                           "ignore: [noise]\nrules: []\n";
static const char open_yaml[] = "process: p\nversion: 1\nsteps: any\nfields: any\nrules: []\n";
static char path[] = "/tmp/reigen-log.XXXXXX";
static struct rg_definition *def;
static struct rg_definition *any;
static struct rg_eventlog log_;

static int prepare(void **state)
{
    char text[RG_DEFINITION_ERROR_MAX];
    (void)state;
    const int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 &&
                   rg_definition_parse("d", rg_bytes_str(yaml), &def, text) == RG_OK &&
                   rg_definition_parse("d", rg_bytes_str(open_yaml), &any, text) == RG_OK
               ? 0
               : -1;
}

static int clean(void **state)
{
    (void)state;
    rg_definition_destroy(&def);
    rg_definition_destroy(&any);
    return unlink(path);
}

static void write_file(struct rg_bytes b, bool packed)
{
    gzFile f = gzopen(path, packed ? "wb9" : "wbT");
    assert_non_null(f);
    assert_int_equal(b.len == 0 ? 0 : gzwrite(f, b.data, (unsigned)b.len), (int)b.len);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Read the file: `case step time name=value;...` a line, then how it ended. */
static rg_err read_as(enum rg_logfile_format format, char *out, size_t cap)
{
    static struct rg_eventlog_row row;
    struct rg_logfile *f = NULL;
    size_t n = 0;
    out[0] = '\0';
    rg_err err = rg_logfile_open(path, format, NULL, &log_, &f);
    while (err == RG_OK && (err = rg_logfile_next(f, &row)) == RG_OK) {
        n += (size_t)snprintf(out + n, cap - n, "%.*s %.*s %lld", (int)row.file_number.len,
                              (const char *)row.file_number.data, (int)row.event.step.len,
                              (const char *)row.event.step.data, (long long)row.event.occurred_ms);
        for (uint32_t i = 0; i < row.event.field_count; i++) {
            const struct rg_event_field *e = &row.event.fields[i];
            n += (size_t)snprintf(out + n, cap - n, " %.*s=%.*s", (int)e->name.len,
                                  (const char *)e->name.data, (int)e->value.len,
                                  (const char *)e->value.data);
        }
        n += (size_t)snprintf(out + n, cap - n, "\n");
        assert_true(n < cap);
    }
    rg_logfile_close(&f);
    return err;
}

static rg_err read_text(const char *text, bool ignore_others, char *out, size_t cap)
{
    log_ = (struct rg_eventlog){.def = def, .agency = "X", .ignore_others = ignore_others};
    write_file(rg_bytes_str(text), false);
    return read_as(RG_LOGFILE_ANY, out, cap);
}

static const char good[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!-- a log -->\n"
    "<log xes.version=\"1.0\" xmlns=\"http://www.xes-standard.org/\">\n"
    "<extension name=\"Concept\" prefix=\"concept\" uri=\"u\"/>\n"
    "<global scope=\"event\"><string key=\"x\" value=\"y\"/></global>\n"
    "<classifier name=\"A\" keys=\"concept:name\"/>\n"
    "<int key=\"n\" value=\"1\"><int key=\"m\" value=\"2\"/></int>\n"
    "<trace><date key=\"start\" value=\"2011-10-11\"/><string key=\"group\" value=\"G\"/>" CASE
    "<event>" TIME STEP "<string key=\"org:group\" value=\"G &lt;1&#x3e;\"/>"
    "<string key=\"lifecycle:transition\" value=\"complete\"/>"
    "<string key=\"concept:instance\" value=\"i\"/><string key=\"noise\" value=\"n\"/>"
    "<string key=\"reigen:agency\" value=\"BAMF\"/></event>\n"
    "<event>" STEP
    "<date key=\"due\" value=\"2011-10-12\"><string key=\"deep\" value=\"x\"/></date>"
    "<string key=\"org:resource\" value=\"\"/><string key=\"org:group\" value=\"G2\"/>" TIME
    "</event></trace>\n"
    "<trace>" CASE "</trace><trace><string key=\"concept:name\" value=\"c2\"/>"
    "<event>" STEP TIME "</event></trace></log>\n";
static const char good_rows[] = "c1 a 1318333540276 group=G <1> lifecycle=complete\n"
                                "c1 a 1318333540276 group=G2 due=2011-10-12\n"
                                "c2 a 1318333540276\n";

static void test_xes(void **state)
{
    char out[4096];
    (void)state;
    assert_int_equal(read_text(good, false, out, sizeof out), RG_ERR_CLOSED);
    assert_string_equal(out, good_rows);
    write_file(rg_bytes_str(good), true);
    assert_int_equal(read_as(RG_LOGFILE_XES, out, sizeof out), RG_ERR_CLOSED);
    assert_string_equal(out, good_rows);
    /* With `fields: any` nothing of an event is passed over. */
    log_ = (struct rg_eventlog){.def = any, .agency = "X"};
    write_file(rg_bytes_str(good), false);
    assert_int_equal(read_as(RG_LOGFILE_ANY, out, sizeof out), RG_ERR_CLOSED);
    assert_non_null(strstr(out, "concept:instance=i noise=n\n"));
    assert_null(strstr(out, "BAMF"));
}

static void test_csv_gives_the_same(void **state)
{
    char out[4096];
    (void)state;
    static const char csv[] = "\xef\xbb\xbf\"case_id\",group,activity,timestamp,lifecycle,due\r\n"
                              "c1,G <1>,a,2011-10-11T13:45:40.276+02:00,complete,\r\n"
                              "c1,G2,a,2011-10-11T13:45:40.276+02:00,,2011-10-12\r\n"
                              "c2,,a,2011-10-11T13:45:40.276+02:00,,\r\n";
    assert_int_equal(read_text(csv, false, out, sizeof out), RG_ERR_CLOSED);
    assert_string_equal(out, good_rows);
    assert_int_equal(read_text("case_id,activity,timestamp\nc1,a,soon\n", false, out, sizeof out),
                     RG_ERR_INVALID);
    assert_non_null(strstr(log_.why, "line 2, field `timestamp`"));
}

static void test_utf16(void **state)
{
    static uint8_t wide[8192];
    char out[4096];
    size_t n = 0;
    (void)state;
    static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" ONE("");
    wide[n++] = 0xff;
    wide[n++] = 0xfe;
    for (const char *c = text; *c != '\0'; c++) {
        wide[n++] = (uint8_t)*c;
        wide[n++] = 0;
    }
    log_ = (struct rg_eventlog){.def = def, .agency = "X"};
    write_file((struct rg_bytes){wide, n}, false);
    assert_int_equal(read_as(RG_LOGFILE_ANY, out, sizeof out), RG_ERR_CLOSED);
    assert_string_equal(out, "c1 a 1318333540276\n");
}

static void test_bad(void **state)
{
    static const char *const table[][2] = {
        {"<log><trace>" CASE "<event>" STEP TIME "</event>", "too early"},
        {"<log>\n <trace>\n  </log>", "line 3, column"},
        {"<dog/>", "outermost element is `dog`"},
        {"<log><event/></log>", "column 6: an event outside"},
        {"<log><trace><event>" STEP TIME "</event></trace></log>", "no concept:name"},
        {"<log><trace><event>" STEP TIME "</event>" CASE "</trace></log>", "no concept:name"},
        {"<log><trace>" CASE CASE "</trace></log>", "twice"},
        {"<log><trace><string key=\"concept:name\" value=\"\"/></trace></log>", "empty"},
        {"<log><trace><string key=\"concept:name\" value=\"&#10;\"/><event>" STEP TIME
         "</event></trace></log>",
         "case_id"},
        {"<log><trace>" CASE "\n<event>" TIME "</event></trace></log>",
         "line 2, column 1, field `activity`: the event has no concept:name"},
        {"<log><trace>" CASE "<event>" STEP "</event></trace></log>", "no time:timestamp"},
        {"<log><trace>" CASE "<event>" STEP "<date key=\"time:timestamp\" value=\"2011-02-30\"/>"
         "</event></trace></log>",
         "`2011-02-30` is no time"},
        {"<log><trace>" CASE "<event>" TIME "<string key=\"concept:name\" value=\"b\"/>"
         "</event></trace></log>",
         "may not record"},
        {ONE("<string key=\"shoes\" value=\"44\"/>"), "unknown column `shoes`"},
        {ONE("<string key=\"due\" value=\"soon\"/>"), "field `due`"},
        {ONE("<string key=\"group\" value=\"G\"/>"), "would be taken for"},
        {ONE("<string value=\"G\"/>"), "no key"},
        {ONE("<string key=\"due\"/>"), "no value"},
        {ONE("<list key=\"due\"/>"), "a list cannot be recorded"},
        {ONE("<blob key=\"due\" value=\"x\"/>"), "`blob` has no place"},
        {ONE("<string key=\"noise\" value=\"1\"/><string key=\"noise\" value=\"2\"/>"), "twice"},
        {ONE("<string key=\"noise\" value=\"&e;\"/>"), "undefined entity"},
        {"<!DOCTYPE log [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>" ONE(""), "DOCTYPE"},
        {"<!DOCTYPE log SYSTEM \"http://127.0.0.1/x.dtd\">" ONE(""), "DOCTYPE"},
        {"<?xml version=\"1.0\" encoding=\"EBCDIC\"?>" ONE(""), "encoding"},
        {"<log>\xff</log>", "line 1"},
        {" ", "line 1"},
        {"", "empty"},
    };
    char out[4096];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const rg_err err = read_text(table[i][0], false, out, sizeof out);
        if (err != RG_ERR_INVALID || strstr(log_.why, table[i][1]) == NULL) {
            fail_msg("%s: %s: %s", table[i][0], rg_err_text(err), log_.why);
        }
    }
}

static void test_ignored(void **state)
{
    char out[4096];
    (void)state;
    assert_int_equal(read_text(ONE("<string key=\"shoes\" value=\"44\"/><list key=\"due\"/>"
                                   "<string key=\"group\" value=\"G\"/>"),
                               true, out, sizeof out),
                     RG_ERR_CLOSED);
    assert_string_equal(out, "c1 a 1318333540276\n");
}

/* A file that repeats @middle between @head and @tail must be refused with @why. */
static void repeated(const char *head, const char *middle, size_t times, const char *tail,
                     const char *why)
{
    char out[4096];
    const size_t len = strlen(head) + times * strlen(middle) + strlen(tail);
    char *text = malloc(len + 1);
    assert_non_null(text);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++) {
        at = stpcpy(at, middle);
    }
    (void)stpcpy(at, tail);
    log_ = (struct rg_eventlog){.def = any, .agency = "X"};
    write_file((struct rg_bytes){(const uint8_t *)text, len}, len > (1u << 20));
    free(text);
    assert_int_equal(read_as(RG_LOGFILE_XES, out, sizeof out), RG_ERR_INVALID);
    if (strstr(log_.why, why) == NULL) {
        fail_msg("%s: %s", why, log_.why);
    }
}

static void test_caps(void **state)
{
    (void)state;
    repeated("<log>", "<int key=\"n\" value=\"1\">", 100, "", "deep");
    repeated("<log><trace><string key=\"concept:name\" value=\"", "x", 200000, "\"/></trace></log>",
             "longer than 64 KiB");
    repeated("<log><!--", "x", 200000, "--></log>", "longer than 64 KiB");
    repeated("<log><trace><string key=\"concept:name\" value=\"", "x", 2000, "\"/></trace></log>",
             "longer than 1024 bytes");
    repeated("<log><trace>" CASE "<event>" STEP TIME "<string key=\"f\" value=\"", "x", 65,
             "\"/></event></trace></log>", "field `f`");
    repeated("<log><trace>" CASE "<event>", "<string key=\"f\" value=\"x\"/>", 2, "", "twice");
    repeated("<log>", " ", 64u << 20, "</log>", "inflates");
}

static void test_many_attributes(void **state)
{
    char out[4096];
    static char text[64 * 1024];
    size_t n = (size_t)snprintf(text, sizeof text, "<log><trace>" CASE "<event>" STEP TIME);
    (void)state;
    for (unsigned i = 0; i < RG_XES_ATTRIBUTES_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "<int key=\"k%u\" value=\"1\"/>", i);
    }
    log_ = (struct rg_eventlog){.def = any, .agency = "X"};
    write_file((struct rg_bytes){(const uint8_t *)text, n}, false);
    assert_int_equal(read_as(RG_LOGFILE_ANY, out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(log_.why, "more than 128 attributes"));
}

static void test_cut_gzip(void **state)
{
    char out[4096];
    (void)state;
    log_ = (struct rg_eventlog){.def = def, .agency = "X"};
    write_file(rg_bytes_str(good), true);
    assert_int_equal(truncate(path, 300), 0);
    assert_int_equal(read_as(RG_LOGFILE_XES, out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(log_.why, "gzip data is cut off"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xes),
        cmocka_unit_test(test_csv_gives_the_same),
        cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_many_attributes),
        cmocka_unit_test(test_cut_gzip),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
