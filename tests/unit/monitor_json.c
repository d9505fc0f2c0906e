/* The JSON that goes out, byte by byte: subscribers and other nodes rely on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/bytes.h"
#include "node/monitor/cloudevent.h"

static struct rg_cloudevent_alert example(void)
{
    struct rg_cloudevent_alert a = {.ledger = "anker-dresden",
                                    .severity = RG_CLOUDEVENT_CRITICAL,
                                    .state = RG_CLOUDEVENT_RAISED,
                                    .logseq = 7,
                                    .time_ms = 1700000000123,
                                    .rule = rg_bytes_str("R02H"),
                                    .process = rg_bytes_str("anker-dresden"),
                                    .version = 1,
                                    .message_de = "ID-Check fehlt. Prüfung durch Sachbearbeitung.",
                                    .message_en = "Identity check missing.",
                                    .has_case = true,
                                    .step = rg_bytes_str("registrierung_abgeschlossen"),
                                    .agency = rg_bytes_str("LDS-SN"),
                                    .has_place = true,
                                    .place = {12, 3, 45, 1},
                                    .event_no = 2,
                                    .has_due = true,
                                    .due_ms = 1699999999000};
    memset(a.id.b, 0x11, sizeof a.id.b);
    memset(a.alert.b, 0x22, sizeof a.alert.b);
    memset(a.pseudonym.b, 0x33, sizeof a.pseudonym.b);
    return a;
}

#define H32 "1111111111111111111111111111111111111111111111111111111111111111"
#define A32 "2222222222222222222222222222222222222222222222222222222222222222"
#define P16 "33333333333333333333333333333333"

static void test_alert(void **state)
{
    (void)state;
    const struct rg_cloudevent_alert a = example();
    char *text = rg_cloudevent_alert(&a);
    assert_string_equal(
        text, "{\"data\":{\"agency\":\"LDS-SN\",\"alert\":\"" A32 "\",\"case\":\"" P16
              "\",\"due\":\"2023-11-14T22:13:19.000Z\",\"entry\":\"12/3/45\",\"event_no\":2,"
              "\"message\":{\"de\":\"ID-Check fehlt. Prüfung durch Sachbearbeitung.\","
              "\"en\":\"Identity check missing.\"},\"process\":\"anker-dresden\",\"rule\":\"R02H\","
              "\"severity\":\"critical\",\"state\":\"raised\","
              "\"step\":\"registrierung_abgeschlossen\",\"version\":1},"
              "\"datacontenttype\":\"application/json\",\"id\":\"" H32 "\",\"logseq\":7,"
              "\"source\":\"reigen://anker-dresden\",\"specversion\":\"1.0\",\"subject\":\"" P16
              "\",\"time\":\"2023-11-14T22:13:20.123Z\",\"type\":\"de.reigen.alert.critical\"}");
    free(text);
}

/* The same alert in a later state: what it says stays, the rest is that of the state. */
static void test_again(void **state)
{
    (void)state;
    struct rg_cloudevent_alert a = example();
    struct rg_cloudevent_said said;
    char *raised = rg_cloudevent_alert(&a);
    const struct rg_bytes json = rg_bytes_str(raised);
    assert_int_equal(rg_cloudevent_read(json, &said), RG_OK);
    assert_true(rg_hash_eq(&said.alert, &a.alert) && said.version == 1);
    assert_string_equal(said.rule, "R02H");
    assert_string_equal(said.process, "anker-dresden");
    assert_string_equal(said.time, "2023-11-14T22:13:20.123Z");
    assert_int_equal(rg_cloudevent_read(rg_bytes_str("{}"), &said), RG_ERR_INVALID);
    assert_int_equal(rg_cloudevent_read(rg_bytes_str("["), &said), RG_ERR_INVALID);
    a.logseq = 8;
    a.time_ms += 1000;
    a.state = RG_CLOUDEVENT_ACKNOWLEDGED;
    a.place = (struct rg_place){13, 0, 1, 0};
    a.agency = rg_bytes_str("BAMF");
    a.member = rg_bytes_str("desk-7");
    a.note = rg_bytes_str("in_progress");
    char *text = rg_cloudevent_again(&a, json);
    assert_string_equal(
        text, "{\"data\":{\"acknowledged\":{\"agency\":\"BAMF\",\"member\":\"desk-7\",\"note\":"
              "\"in_progress\"},\"agency\":\"LDS-SN\",\"alert\":\"" A32
              "\",\"by\":\"13/0/1\",\"case\":\"" P16
              "\",\"due\":\"2023-11-14T22:13:19.000Z\",\"entry\":\"12/3/45\",\"event_no\":2,"
              "\"message\":{\"de\":\"ID-Check fehlt. Prüfung durch Sachbearbeitung.\","
              "\"en\":\"Identity check missing.\"},\"process\":\"anker-dresden\",\"rule\":\"R02H\","
              "\"severity\":\"critical\",\"state\":\"acknowledged\","
              "\"step\":\"registrierung_abgeschlossen\",\"version\":1},"
              "\"datacontenttype\":\"application/json\",\"id\":\"" H32 "\",\"logseq\":8,"
              "\"source\":\"reigen://anker-dresden\",\"specversion\":\"1.0\",\"subject\":\"" P16
              "\",\"time\":\"2023-11-14T22:13:21.123Z\",\"type\":\"de.reigen.alert.critical\"}");
    free(text);
    a.state = RG_CLOUDEVENT_ESCALATED;
    a.has_place = false;
    a.message_de = "Niemand.";
    a.message_en = "Nobody.";
    text = rg_cloudevent_again(&a, json);
    assert_string_equal(
        text, "{\"data\":{\"agency\":\"LDS-SN\",\"alert\":\"" A32 "\",\"case\":\"" P16
              "\",\"due\":\"2023-11-14T22:13:19.000Z\",\"entry\":\"12/3/45\",\"event_no\":2,"
              "\"message\":{\"de\":\"Niemand. ID-Check fehlt. Prüfung durch Sachbearbeitung.\","
              "\"en\":\"Nobody. Identity check missing.\"},\"process\":\"anker-dresden\","
              "\"rule\":\"R02H\",\"severity\":\"critical\",\"since\":\"2023-11-14T22:13:20.123Z\","
              "\"state\":\"escalated\",\"step\":\"registrierung_abgeschlossen\",\"version\":1},"
              "\"datacontenttype\":\"application/json\",\"id\":\"" H32 "\",\"logseq\":8,"
              "\"source\":\"reigen://anker-dresden\",\"specversion\":\"1.0\",\"subject\":\"" P16
              "\",\"time\":\"2023-11-14T22:13:21.123Z\",\"type\":\"de.reigen.alert.critical\"}");
    free(text);
    assert_null(rg_cloudevent_again(&a, rg_bytes_str("{")));
    free(raised);
}

/* An alert of the system names no case; text that is no UTF-8 does not spoil the whole. */
static void test_system(void **state)
{
    (void)state;
    struct rg_cloudevent_alert a = example();
    a.severity = RG_CLOUDEVENT_SYSTEM;
    a.has_case = false;
    a.message_de = "a\xff";
    a.message_en = "b";
    char *text = rg_cloudevent_alert(&a);
    assert_string_equal(
        text, "{\"data\":{\"alert\":\"" A32 "\",\"message\":{\"de\":\"?\",\"en\":\"b\"},"
              "\"process\":\"anker-dresden\",\"rule\":\"R02H\",\"severity\":\"system\","
              "\"state\":\"raised\",\"version\":1},\"datacontenttype\":\"application/json\","
              "\"id\":\"" H32 "\",\"logseq\":7,\"source\":\"reigen://anker-dresden\","
              "\"specversion\":\"1.0\",\"time\":\"2023-11-14T22:13:20.123Z\","
              "\"type\":\"de.reigen.alert.system\"}");
    free(text);
}

static void test_others(void **state)
{
    (void)state;
    struct rg_cloudevent_step s = {.ledger = "l",
                                   .process = rg_bytes_str("p"),
                                   .step = rg_bytes_str("s"),
                                   .agency = rg_bytes_str("BAMF"),
                                   .place = {1, 2, 3, 0},
                                   .event_no = 4,
                                   .occurred_ms = 1000,
                                   .time_ms = 2000};
    memset(s.pseudonym.b, 0x33, sizeof s.pseudonym.b);
    char *text = rg_cloudevent_step(&s);
    assert_string_equal(text, "{\"data\":{\"agency\":\"BAMF\",\"case\":\"" P16
                              "\",\"entry\":\"1/2/3\",\"event_no\":4,"
                              "\"occurred_at\":\"1970-01-01T00:00:01.000Z\",\"process\":\"p\","
                              "\"step\":\"s\"},\"datacontenttype\":\"application/json\","
                              "\"id\":\"1/2/3\",\"source\":\"reigen://l\",\"specversion\":\"1.0\","
                              "\"subject\":\"" P16 "\",\"time\":\"1970-01-01T00:00:02.000Z\","
                              "\"type\":\"de.reigen.step\"}");
    free(text);
    struct rg_cloudevent_block b = {.ledger = "l", .height = 9, .time_ms = 2000, .entries = 5};
    memset(b.hash.b, 0x11, sizeof b.hash.b);
    text = rg_cloudevent_block(&b);
    assert_string_equal(text,
                        "{\"data\":{\"entries\":5,\"hash\":\"" H32
                        "\",\"height\":9,\"time\":\"1970-01-01T00:00:02.000Z\"},"
                        "\"datacontenttype\":\"application/json\",\"id\":\"" H32
                        "\",\"source\":\"reigen://l\",\"specversion\":\"1.0\","
                        "\"time\":\"1970-01-01T00:00:02.000Z\",\"type\":\"de.reigen.block\"}");
    free(text);
    text = rg_cloudevent_heartbeat(3, 4);
    assert_string_equal(text, "{\"height\":4,\"logseq\":3}");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests_name("monitor_json", tests, NULL, NULL);
}
