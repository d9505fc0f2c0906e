/* base/: readers and writers latch, numbers and times refuse what is not one, arenas stay in
 * bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/time.h"

static void bytes_round_trip(void **state)
{
    uint8_t mem[64];
    (void)state;
    struct rg_writer w = rg_bytes_writer(mem, sizeof mem);
    rg_bytes_put_u8(&w, 7);
    rg_bytes_put_u16(&w, 0x1234);
    rg_bytes_put_u32(&w, 0xdeadbeef);
    rg_bytes_put_u64(&w, UINT64_MAX - 1);
    rg_bytes_put_sized(&w, rg_bytes_str("abc"));
    assert_false(w.failed);
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){mem, w.len});
    assert_int_equal(rg_bytes_get_u8(&r), 7);
    assert_int_equal(rg_bytes_get_u16(&r), 0x1234);
    assert_int_equal(rg_bytes_get_u32(&r), 0xdeadbeef);
    assert_true(rg_bytes_get_u64(&r) == UINT64_MAX - 1);
    assert_true(rg_bytes_eq(rg_bytes_get_sized(&r, 3), rg_bytes_str("abc")));
    assert_true(rg_bytes_done(&r));
}

static void bytes_latch(void **state)
{
    uint8_t mem[4] = {9, 9, 9, 9};
    uint8_t out[4] = {1, 1, 1, 1};
    (void)state;
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){mem, 3});
    rg_bytes_get(&r, out, 4);
    assert_true(r.failed);
    assert_int_equal(out[0], 0);
    assert_int_equal(rg_bytes_get_u8(&r), 0);
    assert_false(rg_bytes_done(&r));
    assert_int_equal(rg_bytes_left(&r), 0);
    struct rg_writer w = rg_bytes_writer(mem, 3);
    rg_bytes_put_u32(&w, 1);
    rg_bytes_put_u8(&w, 1);
    assert_true(w.failed);
    assert_int_equal(w.len, 0);
    assert_int_equal(mem[0], 9);
    /* A length that claims more than is there, or more than allowed. */
    const uint8_t claim[] = {255, 255, 255, 255, 1};
    r = rg_bytes_reader((struct rg_bytes){claim, sizeof claim});
    assert_int_equal(rg_bytes_get_sized(&r, UINT32_MAX).len, 0);
    assert_true(r.failed);
}

static void hex_text(void **state)
{
    const uint8_t in[3] = {0x00, 0xab, 0xff};
    char text[7];
    uint8_t out[3];
    (void)state;
    rg_hex_format(in, 3, text);
    assert_string_equal(text, "00abff");
    assert_int_equal(rg_hex_parse("00ABff", out, 3), RG_OK);
    assert_memory_equal(in, out, 3);
    assert_int_equal(rg_hex_parse("00abf", out, 3), RG_ERR_INVALID);
    assert_int_equal(rg_hex_parse("00abfg", out, 3), RG_ERR_INVALID);
}

static void numbers(void **state)
{
    uint64_t v = 5;
    (void)state;
    assert_int_equal(rg_num_parse_u64(rg_bytes_str("18446744073709551615"), UINT64_MAX, &v), RG_OK);
    assert_true(v == UINT64_MAX);
    assert_int_equal(rg_num_parse_u64(rg_bytes_str("18446744073709551616"), UINT64_MAX, &v),
                     RG_ERR_INVALID);
    assert_int_equal(rg_num_parse_u64(rg_bytes_str(""), 9, &v), RG_ERR_INVALID);
    assert_int_equal(rg_num_parse_u64(rg_bytes_str("-1"), 9, &v), RG_ERR_INVALID);
    assert_int_equal(rg_num_parse_u64(rg_bytes_str("10"), 9, &v), RG_ERR_INVALID);
    assert_false(rg_num_add(UINT64_MAX, 1, &v));
}

static void check_time(const char *text, int64_t expected)
{
    int64_t ms = -1;
    assert_int_equal(rg_time_parse(rg_bytes_str(text), &ms), RG_OK);
    assert_true(ms == expected);
}

static void times(void **state)
{
    static const char *const bad[] = {"",
                                      "2011",
                                      "2011-13-01",
                                      "2011-02-29",
                                      "2011-10-11T25:00:00Z",
                                      "2011-10-11T13:45",
                                      "1969-12-31",
                                      "2011-10-11T13:45:40.Z",
                                      "2011-10-11T13:45:40+02",
                                      "x",
                                      "2011-10-11T13:45:40ZZ"};
    char text[RG_TIME_TEXT_MAX];
    int64_t ms = 0;
    (void)state;
    check_time("2011-10-11T13:45:40.276+02:00", INT64_C(1318333540276));
    check_time("2011-10-11 11:45:40.276999Z", INT64_C(1318333540276));
    check_time("1970-01-01", 0);
    check_time("2024-02-29T00:00:00Z", INT64_C(1709164800000));
    check_time("9999-12-31T23:59:59.999Z", INT64_C(253402300799999));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rg_time_parse(rg_bytes_str(bad[i]), &ms), RG_ERR_INVALID);
    }
    rg_time_format(INT64_C(1318333540276), text);
    assert_string_equal(text, "2011-10-11T11:45:40.276Z");
    rg_time_format(INT64_C(253402300799999), text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    /* Parsing undoes formatting, over leap years and centuries. */
    for (int64_t at = 0; at < INT64_C(253402300799999); at += INT64_C(86399999 * 97)) {
        rg_time_format(at, text);
        assert_int_equal(rg_time_parse(rg_bytes_str(text), &ms), RG_OK);
        assert_true(ms == at);
    }
}

static void durations(void **state)
{
    static const char *const bad[] = {"P",  "7D",   "PT",   "P1M",   "P1Y",     "P1D2W", "PT1S1M",
                                      "P7", "P1DT", "P-1D", "P1.5D", "P40000D", "PT1D"};
    int64_t ms = 0;
    (void)state;
    assert_int_equal(rg_time_parse_duration(rg_bytes_str("P7D"), &ms), RG_OK);
    assert_true(ms == INT64_C(604800000));
    assert_int_equal(rg_time_parse_duration(rg_bytes_str("P1W1DT2H3M4S"), &ms), RG_OK);
    assert_true(ms == INT64_C(698584000));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rg_time_parse_duration(rg_bytes_str(bad[i]), &ms), RG_ERR_INVALID);
    }
}

static void arena_bounds(void **state)
{
    struct rg_arena a;
    (void)state;
    assert_int_equal(rg_arena_init(&a, 64), RG_OK);
    assert_non_null(rg_arena_take(&a, 40));
    assert_null(rg_arena_take(&a, 40));
    assert_true(a.failed);
    rg_arena_reset(&a);
    assert_non_null(rg_arena_take(&a, 64));
    assert_null(rg_arena_take_array(&a, SIZE_MAX, 16));
    rg_arena_fini(&a);
}

static void random_is_seeded(void **state)
{
    struct rg_prng a;
    struct rg_prng b;
    (void)state;
    rg_prng_init(&a, 81);
    rg_prng_init(&b, 81);
    for (int i = 0; i < 1000; i++) {
        assert_true(rg_prng_next(&a) == rg_prng_next(&b));
        assert_true(rg_prng_below(&a, 7) < 7);
        (void)rg_prng_below(&b, 7);
    }
    rg_prng_init(&b, 82);
    assert_false(rg_prng_next(&a) == rg_prng_next(&b));
}

static void errors_have_texts(void **state)
{
    (void)state;
    assert_string_equal(rg_err_text(RG_OK), "ok");
    assert_string_equal(rg_err_text(RG_ERR_CORRUPT), "stored data is damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_round_trip),
                                       cmocka_unit_test(bytes_latch),
                                       cmocka_unit_test(hex_text),
                                       cmocka_unit_test(numbers),
                                       cmocka_unit_test(times),
                                       cmocka_unit_test(durations),
                                       cmocka_unit_test(arena_bounds),
                                       cmocka_unit_test(random_is_seeded),
                                       cmocka_unit_test(errors_have_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
