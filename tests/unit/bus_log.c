/* Lines of the log: their form, and that nothing from outside can break it. */
#include "node/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static char captured[8192];

/* Write one line with stderr in a pipe and keep it. */
static void capture(const char *text, const struct rg_log_field *fields, size_t count)
{
    int ends[2];
    const int before = dup(STDERR_FILENO);
    assert_true(before >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    rg_log_fields(RG_LOG_WARNING, text, fields, count);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[1]);
    const ssize_t len = read(ends[0], captured, sizeof captured - 1);
    (void)close(ends[0]);
    assert_true(len >= 0);
    captured[len] = '\0';
}

static void plain_lines(void **state)
{
    (void)state;
    rg_log_open("anker", "node1", false, RG_LOG_INFO);
    const struct rg_log_field fields[] = {RG_LOG_NUMBER("height", 7), RG_LOG_TEXT("word", "abc"),
                                          RG_LOG_TEXT("text", "a \"b\"\n2026 error [x/y] forged"),
                                          RG_LOG_TEXT("empty", "")};
    capture("a\nline", fields, 4);
    assert_non_null(strstr(captured, " warning [anker/node1] a line height=7 word=abc text=\"a "
                                     "\\\"b\\\"?2026 error [x/y] forged\" empty=\"\"\n"));
    assert_ptr_equal(strchr(captured, '\n'), captured + strlen(captured) - 1);
}

static void json_lines(void **state)
{
    (void)state;
    rg_log_open("anker", "node1", true, RG_LOG_INFO);
    const struct rg_log_field fields[] = {RG_LOG_NUMBER("height", 7),
                                          RG_LOG_TEXT("text", "a \"b\"\\\n")};
    capture("line", fields, 2);
    assert_non_null(strstr(captured,
                           "\"level\":\"warning\",\"ledger\":\"anker\",\"node\":\"node1\","
                           "\"text\":\"line\",\"height\":7,\"text\":\"a \\\"b\\\"\\\\?\"}\n"));
    rg_log_open("anker", "node1", false, RG_LOG_INFO);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    static char big[5000];
    memset(big, '"', sizeof big - 1);
    for (int json = 0; json < 2; json++) {
        rg_log_open("anker", "node1", json == 1, RG_LOG_INFO);
        const struct rg_log_field fields[] = {RG_LOG_TEXT("a", big), RG_LOG_TEXT("b", big),
                                              RG_LOG_TEXT("c", big)};
        capture(big, fields, 3);
        const size_t len = strlen(captured);
        assert_true(len > 1000 && len <= 2048);
        assert_int_equal(captured[len - 1], '\n');
        assert_true(json == 0 || captured[len - 2] == '}');
    }
    rg_log_open("anker", "node1", false, RG_LOG_INFO);
}

static void levels_below_are_not_shown(void **state)
{
    (void)state;
    rg_log_open("anker", "node1", false, RG_LOG_ERROR);
    capture("line", NULL, 0);
    assert_string_equal(captured, "");
    rg_log_open("anker", "node1", false, RG_LOG_INFO);
}

static void limits_hold_back_and_tell(void **state)
{
    (void)state;
    struct rg_log_limit l = {.second = 0};
    uint64_t suppressed = 99;
    for (int i = 0; i < 5; i++) {
        assert_true(rg_log_limit_allows(&l, 5000, 5, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    for (int i = 0; i < 7; i++) {
        assert_false(rg_log_limit_allows(&l, 5999, 5, &suppressed));
    }
    assert_true(rg_log_limit_allows(&l, 6000, 5, &suppressed));
    assert_int_equal(suppressed, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(levels_below_are_not_shown),
        cmocka_unit_test(limits_hold_back_and_tell),
    };
    return cmocka_run_group_tests_name("bus_log", tests, NULL, NULL);
}
