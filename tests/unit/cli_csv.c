/* node/cli: CSV records from plain and gzip files, under caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "node/cli/csv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char path[] = "/tmp/reigen-csv.XXXXXX";

static int prepare(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_plain(const char *text, size_t len)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Read the file: fields with `|`, records with `/`, then the error's name. */
static rg_err read_as(char *out, size_t cap)
{
    static struct rg_csv_record r;
    struct rg_unpack *u = NULL;
    struct rg_csv *c = NULL;
    size_t n = 0;
    rg_err err = rg_unpack_open(path, NULL, &u);
    assert_int_equal(err, RG_OK);
    assert_int_equal(rg_csv_new(u, &c), RG_OK);
    while ((err = rg_csv_next(c, &r)) == RG_OK) {
        for (size_t i = 0; i < r.count; i++) {
            n += (size_t)snprintf(out + n, cap - n, "%.*s%s", (int)r.fields[i].len,
                                  (const char *)r.fields[i].data, i + 1 < r.count ? "|" : "/");
            assert_true(n < cap);
        }
    }
    if (err != RG_ERR_CLOSED) {
        (void)snprintf(out + n, cap - n, "%s", rg_csv_why(c));
    }
    rg_csv_destroy(&c);
    rg_unpack_close(&u);
    return err;
}

static void test_good(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\r\n1,2\r\n", "a|b/1|2/"},
        {"a,b\n1,2", "a|b/1|2/"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b/"},
        {"\xef\xbb\xbf\"a\",\"b\"\n\"1\",2\n", "a|b/1|2/"},
        {"\xef\xbb\xbf", ""},
        {"\"a,b\",\"c\"\"d\"\n", "a,b|c\"d/"},
        {"\"a\nb\",c\n", "a\nb|c/"},
        {"a,,\n,,\n", "a||/||/"},
        {"\n\na,b\n\n", "a|b/"},
        {"\"a\",\"\"\r\n", "a|/"},
        {"", ""},
    };
    char out[256];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        out[0] = '\0';
        write_plain(table[i][0], strlen(table[i][0]));
        assert_int_equal(read_as(out, sizeof out), RG_ERR_CLOSED);
        assert_string_equal(out, table[i][1]);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"a\n\"b\n", "line 2, field 1"},
        {"a\nb,\"c\"d\n", "line 2, field 2"},
        {"a\nb\"c\n", "line 2, field 1"},
    };
    char out[1024];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        write_plain(table[i][0], strlen(table[i][0]));
        assert_int_equal(read_as(out, sizeof out), RG_ERR_INVALID);
        assert_non_null(strstr(out, table[i][1]));
    }
    write_plain("a\nb\0c\n", 6);
    assert_int_equal(read_as(out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(out, "zero byte"));
}

static void test_long_line(void **state)
{
    (void)state;
    char out[1024];
    char *text = malloc(200000);
    assert_non_null(text);
    memset(text, 'x', 200000);
    memcpy(text, "a\n", 2);
    write_plain(text, 200000);
    free(text);
    assert_int_equal(read_as(out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(out, "line 2"));
}

static void write_gzip(const char *text, size_t len, int times)
{
    gzFile f = gzopen(path, "wb9");
    assert_non_null(f);
    for (int i = 0; i < times; i++) {
        assert_int_equal(gzwrite(f, text, (unsigned)len), (int)len);
    }
    assert_int_equal(gzclose(f), Z_OK);
}

static void test_gzip(void **state)
{
    (void)state;
    char out[4096];
    write_gzip("a,b\n", 4, 100);
    assert_int_equal(read_as(out, sizeof out), RG_ERR_CLOSED);
    assert_int_equal(strlen(out), 400);
    /* The same cut off. */
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(read_as(out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(out, "gzip"));
}

static void test_bomb(void **state)
{
    (void)state;
    char out[1024];
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    memset(text, '\n', 1 << 20);
    write_gzip(text, 1 << 20, 64);
    free(text);
    assert_int_equal(read_as(out, sizeof out), RG_ERR_INVALID);
    assert_non_null(strstr(out, "inflates"));
}

/* Read the whole file through @sums; gives the error at its end. */
static rg_err drain(struct rg_unpack_sums *sums)
{
    struct rg_unpack *u = NULL;
    struct rg_bytes chunk;
    rg_err err = rg_unpack_open(path, sums, &u);
    assert_int_equal(err, RG_OK);
    while ((err = rg_unpack_next(u, &chunk)) == RG_OK) {
        assert_true(chunk.len > 0 && chunk.len <= RG_UNPACK_CHUNK);
    }
    if (err == RG_ERR_CORRUPT) {
        assert_non_null(strstr(rg_unpack_why(u), "differs"));
    }
    rg_unpack_close(&u);
    return err;
}

static void test_hash_ignores_packing(void **state)
{
    (void)state;
    struct rg_hash sums[2];
    for (int i = 0; i < 2; i++) {
        struct rg_hash_state h;
        struct rg_unpack_sums seen = {.total = &h};
        if (i == 0) {
            write_plain("a,b\nc,d\n", 8);
        } else {
            write_gzip("a,b\nc,d\n", 8, 1);
        }
        rg_hash_begin(&h, RG_DOMAIN_FILE, NULL);
        assert_int_equal(drain(&seen), RG_ERR_CLOSED);
        rg_hash_end(&h, &sums[i]);
        rg_unpack_sums_fini(&seen);
    }
    assert_true(rg_hash_eq(&sums[0], &sums[1]));
}

/* A second reading must see what the first one saw, chunk by chunk. */
static void test_second_reading(void **state)
{
    (void)state;
    const size_t len = 3 * RG_UNPACK_CHUNK + 100;
    struct rg_unpack_sums sums = {0};
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, 'x', len + 1);
    write_plain(text, len);
    assert_int_equal(drain(&sums), RG_ERR_CLOSED);
    assert_true(sums.whole && sums.count == 4);
    assert_int_equal(drain(&sums), RG_ERR_CLOSED);
    write_plain(text, len - 1);
    assert_int_equal(drain(&sums), RG_ERR_CORRUPT);
    write_plain(text, len - 100);
    assert_int_equal(drain(&sums), RG_ERR_CORRUPT);
    write_plain(text, len + 1);
    assert_int_equal(drain(&sums), RG_ERR_CORRUPT);
    text[2 * RG_UNPACK_CHUNK] = 'y';
    write_plain(text, len);
    assert_int_equal(drain(&sums), RG_ERR_CORRUPT);
    text[2 * RG_UNPACK_CHUNK] = 'x';
    write_gzip(text, len, 1);
    assert_int_equal(drain(&sums), RG_ERR_CLOSED);
    free(text);
    rg_unpack_sums_fini(&sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long_line),      cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_bomb),           cmocka_unit_test(test_hash_ignores_packing),
        cmocka_unit_test(test_second_reading),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
