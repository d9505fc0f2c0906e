/* node/cli: did you mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/cli/cli.h"

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"status", "submit", "import", "cluster up", "watch"};
    const size_t n = sizeof names / sizeof names[0];
    assert_string_equal(rg_suggest_nearest("statsu", names, n), "status");
    assert_string_equal(rg_suggest_nearest("sumbit", names, n), "submit");
    assert_string_equal(rg_suggest_nearest("wacth", names, n), "watch");
    assert_string_equal(rg_suggest_nearest("cluster pu", names, n), "cluster up");
    assert_null(rg_suggest_nearest("frobnicate", names, n));
    assert_null(rg_suggest_nearest("", names, n));
    assert_null(rg_suggest_nearest("status", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
