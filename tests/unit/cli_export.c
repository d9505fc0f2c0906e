/* node/cli: what the formats of an export write, byte for byte, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/export.h"
#include "node/cli/logfile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static char text[64 * 1024];
static struct rg_export x;

#define T(s) rg_bytes_str(s)

/* Two events of one case and one of another, with whatever needs care. */
static const struct rg_event first = {
    .step = {(const uint8_t *)"a", 1},
    .occurred_ms = 1318333540276,
    .field_count = 3,
    .fields = {{{(const uint8_t *)"zone", 4}, {(const uint8_t *)"<&>", 3}},
               {{(const uint8_t *)"group", 5}, {(const uint8_t *)"x, \"y\"", 6}},
               {{(const uint8_t *)"resource", 8}, {(const uint8_t *)"\\", 1}}}};
static const struct rg_event second = {.step = {(const uint8_t *)"b", 1}, .occurred_ms = 1};

static rg_err each(rg_err (*fn)(struct rg_export *, const struct rg_export_event *),
                   const struct rg_event *one)
{
    const struct rg_export_event list[3] = {
        {.case_id = T("c \"1\""), .event_no = 0, .agency = T("BAMF"), .event = one},
        {.case_id = T("c \"1\""), .event_no = 1, .agency = T("LDS-SN"), .event = &second},
        {.case_id = T("c2"), .event_no = 0, .agency = T("BAMF"), .event = &second},
    };
    rg_err err = RG_OK;
    x.events = 0;
    x.cases = 0;
    for (size_t i = 0; err == RG_OK && i < 3; i++) {
        x.events++;
        x.cases += list[i].event_no == 0 ? 1 : 0;
        err = fn(&x, &list[i]);
    }
    return err;
}

/* Export the events, or none when @one is NULL, into `text`. */
static rg_err export_as(const struct rg_export_format *format, const struct rg_event *one)
{
    rg_err err = RG_OK;
    x = (struct rg_export){0};
    (void)snprintf(path, sizeof path, "/tmp/reigen-export.%d", (int)getpid());
    assert_int_equal(rg_exportfile_open(path, &x.out), RG_OK);
    if (one != NULL && format->survey != NULL) {
        err = each(format->survey, one);
    }
    err = err == RG_OK ? format->begin(&x) : err;
    if (err == RG_OK && one != NULL) {
        err = each(format->event, one);
    }
    err = err == RG_OK ? format->end(&x) : err;
    format->fini(&x);
    assert_null(x.state);
    if (err != RG_OK) {
        rg_exportfile_discard(&x.out);
        assert_int_equal(access(path, F_OK), -1);
        return err;
    }
    assert_int_equal(rg_exportfile_finish(&x.out), RG_OK);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    assert_int_equal(fclose(f), 0);
    return RG_OK;
}

static void test_csv(void **state)
{
    (void)state;
    assert_int_equal(export_as(&rg_export_csv, &first), RG_OK);
    assert_string_equal(
        text, "case_id,event_no,activity,timestamp,reigen:agency,resource,group,zone\n"
              "\"c \"\"1\"\"\",0,a,2011-10-11T11:45:40.276Z,BAMF,\\,\"x, \"\"y\"\"\",<&>\n"
              "\"c \"\"1\"\"\",1,b,1970-01-01T00:00:00.001Z,LDS-SN,,,\n"
              "c2,0,b,1970-01-01T00:00:00.001Z,BAMF,,,\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(export_as(&rg_export_csv, NULL), RG_OK);
    assert_string_equal(text, "case_id,event_no,activity,timestamp,reigen:agency\n");
    assert_int_equal(unlink(path), 0);
}

static void test_xes(void **state)
{
    (void)state;
    assert_int_equal(export_as(&rg_export_xes, &first), RG_OK);
    assert_non_null(strstr(text, "\t<trace>\n"
                                 "\t\t<string key=\"concept:name\" value=\"c &quot;1&quot;\"/>\n"
                                 "\t\t<event>\n"
                                 "\t\t\t<string key=\"concept:name\" value=\"a\"/>\n"
                                 "\t\t\t<date key=\"time:timestamp\" "
                                 "value=\"2011-10-11T11:45:40.276Z\"/>\n"
                                 "\t\t\t<string key=\"org:resource\" value=\"\\\"/>\n"
                                 "\t\t\t<string key=\"org:group\" value=\"x, &quot;y&quot;\"/>\n"
                                 "\t\t\t<string key=\"zone\" value=\"&lt;&amp;&gt;\"/>\n"
                                 "\t\t\t<string key=\"reigen:agency\" value=\"BAMF\"/>\n"
                                 "\t\t</event>\n"));
    assert_non_null(strstr(text, "\t\t</event>\n\t</trace>\n\t<trace>\n"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(export_as(&rg_export_xes, NULL), RG_OK);
    assert_non_null(strstr(text, "keys=\"reigen:agency\"/>\n</log>\n"));
    assert_int_equal(unlink(path), 0);
}

static void test_ocel(void **state)
{
    (void)state;
    assert_int_equal(export_as(&rg_export_ocel, &first), RG_OK);
    assert_string_equal(
        text,
        "{\"events\":[\n"
        "{\"id\":\"event:c \\\"1\\\"/0\",\"type\":\"a\",\"time\":\"2011-10-11T11:45:40.276Z\","
        "\"attributes\":[{\"name\":\"resource\",\"value\":\"\\\\\"},"
        "{\"name\":\"group\",\"value\":\"x, \\\"y\\\"\"},{\"name\":\"zone\",\"value\":\"<&>\"}],"
        "\"relationships\":[{\"objectId\":\"case:c \\\"1\\\"\",\"qualifier\":\"case\"},"
        "{\"objectId\":\"agency:BAMF\",\"qualifier\":\"recorded by\"}]},\n"
        "{\"id\":\"event:c \\\"1\\\"/1\",\"type\":\"b\",\"time\":\"1970-01-01T00:00:00.001Z\","
        "\"attributes\":[],\"relationships\":[{\"objectId\":\"case:c \\\"1\\\"\","
        "\"qualifier\":\"case\"},{\"objectId\":\"agency:LDS-SN\",\"qualifier\":\"recorded "
        "by\"}]},\n"
        "{\"id\":\"event:c2/0\",\"type\":\"b\",\"time\":\"1970-01-01T00:00:00.001Z\","
        "\"attributes\":[],\"relationships\":[{\"objectId\":\"case:c2\",\"qualifier\":\"case\"},"
        "{\"objectId\":\"agency:BAMF\",\"qualifier\":\"recorded by\"}]}],\n"
        "\"objects\":[\n"
        "{\"id\":\"agency:BAMF\",\"type\":\"agency\",\"attributes\":[],\"relationships\":[]},\n"
        "{\"id\":\"agency:LDS-SN\",\"type\":\"agency\",\"attributes\":[],\"relationships\":[]},\n"
        "{\"id\":\"case:c \\\"1\\\"\",\"type\":\"case\",\"attributes\":[],\"relationships\":"
        "[{\"objectId\":\"agency:BAMF\",\"qualifier\":\"opened by\"}]},\n"
        "{\"id\":\"case:c2\",\"type\":\"case\",\"attributes\":[],\"relationships\":"
        "[{\"objectId\":\"agency:BAMF\",\"qualifier\":\"opened by\"}]}],\n"
        "\"objectTypes\":[{\"name\":\"agency\",\"attributes\":[]},"
        "{\"name\":\"case\",\"attributes\":[]}],\n"
        "\"eventTypes\":[\n"
        "{\"name\":\"a\",\"attributes\":[{\"name\":\"group\",\"type\":\"string\"},"
        "{\"name\":\"resource\",\"type\":\"string\"},{\"name\":\"zone\",\"type\":\"string\"}]},\n"
        "{\"name\":\"b\",\"attributes\":[]}]}\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(export_as(&rg_export_ocel, NULL), RG_OK);
    assert_string_equal(text, "{\"events\":[],\n\"objects\":[],\n\"objectTypes\":[{\"name\":"
                              "\"agency\",\"attributes\":[]},{\"name\":\"case\",\"attributes\":[]}"
                              "],\n\"eventTypes\":[]}\n");
    assert_int_equal(unlink(path), 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct rg_event e = second;
    e.field_count = 1;
    e.fields[0] = (struct rg_event_field){T("org:group"), T("x")};
    assert_int_equal(export_as(&rg_export_csv, &e), RG_ERR_INVALID);
    assert_non_null(strstr(x.why, "case c \"1\", event 0: a field `org:group`"));
    assert_int_equal(export_as(&rg_export_xes, &e), RG_ERR_INVALID);
    assert_int_equal(export_as(&rg_export_ocel, &e), RG_OK);
    assert_int_equal(unlink(path), 0);
    e.fields[0] = (struct rg_event_field){T("f"), T("\xef\xbf\xbf")};
    assert_int_equal(export_as(&rg_export_xes, &e), RG_ERR_INVALID);
    assert_non_null(strstr(x.why, "U+FFFF"));
    assert_int_equal(export_as(&rg_export_csv, &e), RG_OK);
    assert_int_equal(unlink(path), 0);
}

static void test_files(void **state)
{
    struct stat st;
    (void)state;
    struct rg_exportfile *f = NULL;
    assert_int_equal(rg_exportfile_open(path, &f), RG_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct rg_exportfile *again = NULL;
    assert_int_equal(rg_exportfile_open(path, &again), RG_ERR_EXISTS);
    rg_exportfile_discard(&f);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rg_exportfile_open("/nonexistent/x", &f), RG_ERR_NOT_FOUND);
    rg_exportfile_discard(&f);
}

static void test_names(void **state)
{
    struct rg_export_names set = {0};
    char name[16];
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        (void)snprintf(name, sizeof name, "%u", i * 7919 % 1000);
        assert_int_equal(rg_export_names_add(&set, rg_bytes_str(name)), RG_OK);
    }
    assert_int_equal(set.count, 1000);
    for (size_t i = 1; i < set.count; i++) {
        assert_true(rg_export_order(set.names[i - 1], set.names[i]) < 0);
    }
    rg_export_names_fini(&set);
    assert_true(rg_export_order(T("lifecycle"), T("a")) < 0);
    assert_true(rg_export_order(T("group"), T("resource")) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),     cmocka_unit_test(test_xes),   cmocka_unit_test(test_ocel),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_files), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
