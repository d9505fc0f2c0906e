/* The store: records, cursors, checksums over every stored byte, growth, full disk, descriptors. */
#include "base/bytes.h"
#include "base/prng.h"
#include "storage/disk.h"
#include "storage/kv.h"
#include "tests/unit/storage_tmp.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *const names[] = {"alpha", "beta"};

static struct rg_kv *open_kv(const char *dir, uint64_t map, bool read_only)
{
    const struct rg_kv_options o = {dir, names, 2, map, read_only};
    struct rg_kv *kv = NULL;
    assert_int_equal(rg_kv_open(&o, &kv), RG_OK);
    return kv;
}

static void put(struct rg_kv *kv, uint32_t table, const char *key, struct rg_bytes value)
{
    struct rg_kv_txn *txn = NULL;
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_put(txn, table, rg_bytes_str(key), value), RG_OK);
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    assert_null(txn);
}

static void test_records(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "kv");
    struct rg_kv *kv = open_kv(dir, 0, false);
    struct rg_kv_txn *txn = NULL;
    struct rg_kv_txn *early = NULL;
    struct rg_bytes value = {0};
    uint8_t buf[8];
    size_t len = 0;
    uint64_t count = 0;
    put(kv, 0, "k", rg_bytes_str("one"));
    put(kv, 1, "k", (struct rg_bytes){0});
    assert_int_equal(rg_kv_begin_read(kv, &early), RG_OK);
    put(kv, 0, "k", rg_bytes_str("two"));
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_get(early, 0, rg_bytes_str("k"), &value), RG_OK);
    assert_true(rg_bytes_eq(value, rg_bytes_str("one"))); /* a view of its time */
    assert_int_equal(rg_kv_get(txn, 0, rg_bytes_str("k"), &value), RG_OK);
    assert_true(rg_bytes_eq(value, rg_bytes_str("two")));
    assert_int_equal(rg_kv_get(txn, 1, rg_bytes_str("k"), &value), RG_OK);
    assert_int_equal(value.len, 0);
    assert_int_equal(rg_kv_get(txn, 1, rg_bytes_str("q"), &value), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_get(txn, 1, (struct rg_bytes){0}, &value), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_get_copy(txn, 0, rg_bytes_str("k"), buf, 2, &len), RG_ERR_FULL);
    assert_int_equal(rg_kv_get_copy(txn, 0, rg_bytes_str("k"), buf, 3, &len), RG_OK);
    assert_int_equal(len, 3);
    assert_int_equal(rg_kv_put(txn, 0, rg_bytes_str("k"), value), RG_ERR_USAGE);
    assert_int_equal(rg_kv_del(txn, 0, rg_bytes_str("k")), RG_ERR_USAGE);
    rg_kv_abort(&early);
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    rg_kv_abort(&txn);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    static const uint8_t key[RG_KV_KEY_MAX + 1];
    assert_int_equal(rg_kv_put(txn, 0, (struct rg_bytes){key, sizeof key}, value), RG_ERR_INVALID);
    assert_int_equal(rg_kv_put(txn, 0, (struct rg_bytes){key, RG_KV_KEY_MAX}, value), RG_OK);
    assert_int_equal(
        rg_kv_put(txn, 0, rg_bytes_str("k"), (struct rg_bytes){key, RG_KV_VALUE_MAX + 1u}),
        RG_ERR_INVALID);
    assert_int_equal(rg_kv_append(txn, 0, rg_bytes_str("a"), value), RG_ERR_EXISTS);
    assert_int_equal(rg_kv_append(txn, 0, rg_bytes_str("z"), rg_bytes_str("last")), RG_OK);
    assert_int_equal(rg_kv_del(txn, 0, rg_bytes_str("k")), RG_OK);
    assert_int_equal(rg_kv_del(txn, 0, rg_bytes_str("k")), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_count(txn, 0, &count), RG_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    /* An aborted write leaves nothing. */
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_put(txn, 0, rg_bytes_str("gone"), rg_bytes_str("x")), RG_OK);
    rg_kv_abort(&txn);
    rg_kv_close(&kv);
    rg_kv_close(&kv);
    kv = open_kv(dir, 0, true);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_ERR_USAGE);
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_get(txn, 0, rg_bytes_str("gone"), &value), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_get(txn, 0, rg_bytes_str("z"), &value), RG_OK);
    rg_kv_abort(&txn);
    rg_kv_close(&kv);
    tmp_remove(&t);
}

static void test_cursor(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct rg_kv *kv = open_kv(tmp_path(&t, "kv"), 0, false);
    struct rg_kv_txn *txn = NULL;
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item = {0};
    uint64_t records = 0;
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_cursor_open(txn, 1, &c), RG_OK);
    assert_int_equal(rg_kv_cursor_first(c, &item), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_cursor_last(c, &item), RG_ERR_NOT_FOUND);
    rg_kv_cursor_close(&c);
    rg_kv_cursor_close(&c);
    rg_kv_abort(&txn);
    put(kv, 1, "b", rg_bytes_str("B"));
    put(kv, 1, "d", rg_bytes_str("D"));
    put(kv, 1, "da", rg_bytes_str("DA"));
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_cursor_open(txn, 1, &c), RG_OK);
    assert_int_equal(rg_kv_cursor_next(c, &item), RG_OK);
    assert_true(rg_bytes_eq(item.key, rg_bytes_str("b")));
    assert_int_equal(rg_kv_cursor_next(c, &item), RG_OK);
    assert_int_equal(rg_kv_cursor_next(c, &item), RG_OK);
    assert_true(rg_bytes_eq(item.value, rg_bytes_str("DA")));
    assert_int_equal(rg_kv_cursor_next(c, &item), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_cursor_seek(c, rg_bytes_str("c"), &item), RG_OK);
    assert_true(rg_bytes_eq(item.key, rg_bytes_str("d")));
    assert_int_equal(rg_kv_cursor_prev(c, &item), RG_OK);
    assert_true(rg_bytes_eq(item.key, rg_bytes_str("b")));
    assert_int_equal(rg_kv_cursor_prev(c, &item), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_cursor_last(c, &item), RG_OK);
    assert_true(rg_bytes_eq(item.key, rg_bytes_str("da")));
    assert_int_equal(rg_kv_cursor_seek(c, rg_bytes_str("db"), &item), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_kv_cursor_seek(c, (struct rg_bytes){0}, &item), RG_OK);
    assert_true(rg_bytes_eq(item.key, rg_bytes_str("b")));
    rg_kv_cursor_close(&c);
    assert_int_equal(rg_kv_check(txn, 1, &records), RG_OK);
    assert_int_equal(records, 3);
    rg_kv_abort(&txn);
    rg_kv_close(&kv);
    tmp_remove(&t);
}

#define VALUES 60
static uint8_t values[VALUES][6000];

static size_t value_len(size_t i)
{
    return i % 10 == 9 ? 5000 + i : 24 + i; /* some on pages of their own */
}

/* Look for record @i in every way; each must see the damage or, when @ok, none. */
static void look(struct rg_kv *kv, size_t i, bool ok)
{
    struct rg_kv_txn *txn = NULL;
    struct rg_kv_damage damage;
    struct rg_bytes value = {0};
    uint8_t key[8];
    uint64_t records = 0;
    rg_bytes_u64_be(key, i);
    const struct rg_bytes k = {key, sizeof key};
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_get(txn, 0, k, &value), ok ? RG_OK : RG_ERR_CORRUPT);
    assert_int_equal(rg_kv_damage(txn, &damage), !ok);
    if (!ok) {
        assert_string_equal(damage.table, "alpha");
        assert_memory_equal(damage.key, key, sizeof key);
        assert_int_equal(strlen(damage.key_hex), 16);
        if (i % 7 == 0) {
            assert_int_equal(rg_kv_check(txn, 0, &records), RG_ERR_CORRUPT);
        }
    }
    rg_kv_abort(&txn);
}

/* Every byte of every value and its checksum, one bit each, in every copy that the file holds. */
static void test_every_value_byte(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "kv");
    const char *file = tmp_path(&t, "kv/data.mdb");
    struct rg_prng prng;
    struct rg_kv *kv = open_kv(dir, 0, false);
    struct rg_kv_txn *txn = NULL;
    size_t len = 0;
    uint64_t flips = 0;
    rg_prng_init(&prng, 7);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    for (size_t i = 0; i < VALUES; i++) {
        uint8_t key[8];
        rg_bytes_u64_be(key, i);
        for (size_t b = 0; b < value_len(i); b++) {
            values[i][b] = (uint8_t)rg_prng_next(&prng);
        }
        assert_int_equal(rg_kv_append(txn, 0, (struct rg_bytes){key, sizeof key},
                                      (struct rg_bytes){values[i], value_len(i)}),
                         RG_OK);
    }
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    rg_kv_close(&kv);
    uint8_t *image = tmp_read(file, &len);
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    kv = open_kv(dir, 0, true); /* its map shows what is written to the file */
    for (size_t i = 0; i < VALUES; i++) {
        const uint8_t *at = memmem(image, len, values[i], value_len(i));
        assert_non_null(at);
        const size_t from = (size_t)(at - image);
        assert_null(memmem(at + 1, len - from - 1, values[i], value_len(i)));
        const size_t step = value_len(i) > 4096 ? 31 : 1;
        look(kv, i, true);
        for (size_t b = 0; b < value_len(i) + RG_KV_CHECKSUM_BYTES; b += step) {
            const uint8_t wrong = (uint8_t)(at[b] ^ (1u << (b % 8)));
            assert_int_equal(pwrite(fd, &wrong, 1, (off_t)(from + b)), 1);
            look(kv, i, false);
            assert_int_equal(pwrite(fd, &at[b], 1, (off_t)(from + b)), 1);
            flips++;
        }
        look(kv, i, true);
    }
    print_message("%u flips, all detected\n", (unsigned)flips);
    (void)close(fd);
    rg_kv_close(&kv);
    free(image);
    tmp_remove(&t);
}

/* The same bytes under another key or table have another checksum. */
static void test_values_are_bound(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *file = tmp_path(&t, "kv/data.mdb");
    const char *dir = tmp_path(&t, "kv");
    struct rg_kv *kv = open_kv(dir, 0, false);
    struct rg_kv_txn *txn = NULL;
    struct rg_bytes value = {0};
    size_t len = 0;
    put(kv, 0, "first-key", rg_bytes_str("the very same value of both"));
    rg_kv_close(&kv);
    uint8_t *image = tmp_read(file, &len);
    uint8_t *at = image;
    /* Rename the key inside the page. */
    while ((at = memmem(at, len - (size_t)(at - image), "first-key", 9)) != NULL) {
        tmp_patch(file, (const uint8_t *)"first-kez", 9, (size_t)(at - image));
        at++;
    }
    free(image);
    kv = open_kv(dir, 0, true);
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_get(txn, 0, rg_bytes_str("first-kez"), &value), RG_ERR_CORRUPT);
    rg_kv_abort(&txn);
    rg_kv_close(&kv);
    tmp_remove(&t);
}

/* A cut file, an emptied one, one that is no store: refused before the first read. */
static void test_cut_files(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "kv");
    const char *file = tmp_path(&t, "kv/data.mdb");
    const struct rg_kv_options o = {dir, names, 2, 0, false};
    const struct rg_kv_options r = {dir, names, 2, 0, true};
    struct rg_kv *kv = NULL;
    size_t len = 0;
    assert_int_equal(rg_kv_open(&r, &kv), RG_ERR_NOT_FOUND);
    kv = open_kv(dir, 0, false);
    static const uint8_t big[40000];
    put(kv, 0, "k", (struct rg_bytes){big, sizeof big});
    rg_kv_close(&kv);
    uint8_t *image = tmp_read(file, &len);
    for (size_t cut = 0; cut < len; cut += 4096) {
        tmp_write(file, image, cut);
        assert_int_equal(rg_kv_open(&r, &kv), RG_ERR_CORRUPT);
        assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_CORRUPT);
        assert_null(kv);
    }
    memset(image, 'x', len);
    tmp_write(file, image, len);
    assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_CORRUPT);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_CORRUPT);
    free(image);
    tmp_remove(&t);
}

static void test_descriptors(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct rg_kv *kv = open_kv(tmp_path(&t, "kv"), 0, false);
    struct stat st;
    int leaking = -1;
    uint32_t freed = 1;
    assert_true(tmp_count_fds(t.path, &leaking) >= 2);
    assert_int_equal(leaking, 0);
    assert_int_equal(stat(tmp_path(&t, "kv/data.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(rg_kv_check_readers(kv, &freed), RG_OK);
    assert_int_equal(freed, 0);
    rg_kv_close(&kv);
    tmp_remove(&t);
}

struct reading {
    struct rg_kv *kv;
    atomic_bool stop;
    atomic_uint reads;
};

static void *read_on(void *arg)
{
    struct reading *r = arg;
    while (!atomic_load(&r->stop)) {
        struct rg_kv_txn *txn = NULL;
        struct rg_bytes value = {0};
        if (rg_kv_begin_read(r->kv, &txn) != RG_OK ||
            rg_kv_get(txn, 0, rg_bytes_str("0"), &value) != RG_OK || value.len != 9000) {
            abort();
        }
        rg_kv_abort(&txn);
        atomic_fetch_add(&r->reads, 1);
    }
    return NULL;
}

/* A map of 256 KiB takes 8 MiB: it grows between transactions, under readers in other threads. */
static void test_growth(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "kv");
    static const uint8_t value[9000];
    struct reading r = {.kv = open_kv(dir, 256u << 10, false)};
    pthread_t threads[2];
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t records = 0;
    struct rg_kv_txn *txn = NULL;
    put(r.kv, 0, "0", (struct rg_bytes){value, sizeof value});
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
    }
    for (unsigned i = 1; i < 700; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        put(r.kv, 0, key, (struct rg_bytes){value, sizeof value});
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    rg_kv_usage(r.kv, &used, &map);
    assert_true(used > (6u << 20) && map > used);
    /* One transaction larger than the map: refused as a whole; the next one finds a larger map. */
    unsigned tries = 0;
    for (rg_err e = RG_ERR_FULL; e == RG_ERR_FULL; tries++) {
        assert_true(tries < 8);
        assert_int_equal(rg_kv_begin_write(r.kv, &txn), RG_OK);
        e = RG_OK;
        for (unsigned i = 0; e == RG_OK && i < 4000; i++) {
            uint8_t key[8];
            rg_bytes_u64_be(key, i);
            e = rg_kv_append(txn, 1, (struct rg_bytes){key, 8}, (struct rg_bytes){value, 9000});
        }
        if (e != RG_OK) {
            assert_int_equal(rg_kv_commit(&txn), RG_ERR_USAGE);
        } else {
            e = rg_kv_commit(&txn);
            assert_int_equal(e, RG_OK);
        }
    }
    assert_true(tries > 1);
    assert_int_equal(rg_kv_begin_read(r.kv, &txn), RG_OK);
    assert_int_equal(rg_kv_check(txn, 0, &records), RG_OK);
    assert_int_equal(records, 700);
    assert_int_equal(rg_kv_check(txn, 1, &records), RG_OK);
    assert_int_equal(records, 4000);
    rg_kv_abort(&txn);
    rg_kv_close(&r.kv);
    struct rg_kv *kv = open_kv(dir, 256u << 10, false); /* smaller than the file: taken as it is */
    put(kv, 0, "after", rg_bytes_str("x"));
    rg_kv_close(&kv);
    print_message("%u reads beside the writer\n", atomic_load(&r.reads));
    tmp_remove(&t);
}

/* A limit on file sizes stands for a full disk: commits fail, what was acknowledged stays, and the
 * store goes on when there is room again. */
static void test_disk_full(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    static const uint8_t value[4000];
    struct rg_kv *kv = open_kv(tmp_path(&t, "kv"), 0, false);
    struct rlimit old;
    uint64_t records = 0;
    unsigned acked = 0;
    struct rg_kv_txn *txn = NULL;
    rg_err e = RG_OK;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const struct rlimit small = {.rlim_cur = 1048576, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (unsigned i = 0; e == RG_OK; i++) {
        uint8_t key[8];
        rg_bytes_u64_be(key, i);
        assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
        assert_int_equal(
            rg_kv_append(txn, 0, (struct rg_bytes){key, 8}, (struct rg_bytes){value, sizeof value}),
            RG_OK);
        e = rg_kv_commit(&txn);
        acked += e == RG_OK ? 1 : 0;
        assert_true(i < 1000);
    }
    assert_int_equal(e, RG_ERR_DISK_FULL);
    assert_false(rg_kv_failed(kv));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rg_kv_begin_read(kv, &txn), RG_OK);
    assert_int_equal(rg_kv_check(txn, 0, &records), RG_OK);
    assert_int_equal(records, acked);
    rg_kv_abort(&txn);
    put(kv, 1, "room", rg_bytes_str("again"));
    rg_kv_close(&kv);
    tmp_remove(&t);
}

static void test_wrong_options(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "kv");
    static const char *const other[] = {"alpha", "gamma"};
    struct rg_kv_options o = {dir, names, 0, 0, false};
    struct rg_kv *kv = NULL;
    assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_INVALID);
    o.tables_count = RG_KV_TABLES_MAX + 1;
    assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_INVALID);
    kv = open_kv(dir, 0, false);
    rg_kv_close(&kv);
    o = (struct rg_kv_options){dir, other, 2, 0, true};
    assert_int_equal(rg_kv_open(&o, &kv), RG_ERR_INVALID);
    tmp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),          cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_every_value_byte), cmocka_unit_test(test_values_are_bound),
        cmocka_unit_test(test_cut_files),        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_growth),           cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_wrong_options),
    };
    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
