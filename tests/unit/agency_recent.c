/* The ring of newest events: what is kept is exact, what was overwritten is never given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/agency/recent.h"

static uint8_t text[70000];

static void put(struct rg_recent *r, uint64_t no, size_t len)
{
    memset(text, (int)(no % 251), sizeof text);
    const struct rg_recent_event e = {.record = {.case_no = no * 3, .event_no = (uint32_t)no},
                                      .writer = (uint32_t)(no % 7),
                                      .event = {.data = text, .len = len}};
    rg_recent_put(r, no, &e);
}

/* Every number that is given has its own bytes; gives how many are kept. */
static size_t check(const struct rg_recent *r, uint64_t last, size_t len)
{
    struct rg_recent_event e;
    size_t kept = 0;
    for (uint64_t no = 1; no <= last + 1; no++) {
        if (!rg_recent_get(r, no, &e)) {
            continue;
        }
        kept++;
        assert_true(no <= last);
        assert_true(e.record.case_no == no * 3 && e.writer == no % 7);
        assert_int_equal(e.event.len, len);
        for (size_t i = 0; i < len; i += 7) {
            assert_int_equal(e.event.data[i], no % 251);
        }
    }
    return kept;
}

static void by_count(void **state)
{
    struct rg_recent *r = NULL;
    (void)state;
    assert_int_equal(rg_recent_new(&r), RG_OK);
    assert_int_equal(check(r, 10, 0), 0);
    for (uint64_t no = 1; no <= 10000; no++) {
        put(r, no, 20);
    }
    assert_int_equal(check(r, 10000, 20), RG_RECENT_COUNT);
    rg_recent_destroy(&r);
    assert_null(r);
}

static void by_bytes(void **state)
{
    struct rg_recent *r = NULL;
    (void)state;
    assert_int_equal(rg_recent_new(&r), RG_OK);
    for (uint64_t no = 1; no <= 500; no++) {
        put(r, no, 70000);
        const size_t kept = check(r, no, 70000);
        assert_true(kept >= 1 && kept <= RG_RECENT_BYTES / 70000);
    }
    rg_recent_destroy(&r);
}

/* A number that does not follow empties the ring: what was undone is not remembered. */
static void gap(void **state)
{
    struct rg_recent *r = NULL;
    struct rg_recent_event e;
    (void)state;
    assert_int_equal(rg_recent_new(&r), RG_OK);
    put(r, 1, 9);
    put(r, 2, 9);
    put(r, 3, 9);
    put(r, 2, 5);
    assert_false(rg_recent_get(r, 1, &e));
    assert_false(rg_recent_get(r, 3, &e));
    assert_true(rg_recent_get(r, 2, &e));
    assert_int_equal(e.event.len, 5);
    rg_recent_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_count), cmocka_unit_test(by_bytes),
                                       cmocka_unit_test(gap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
