/* Disks that fail: this program brings its own pwrite, fdatasync and fsync, which the storage
 * library and LMDB then call, and lets the n-th call fail. After EIO everything must refuse to go
 * on. */
#include "base/bytes.h"
#include "storage/chain.h"
#include "storage/journal.h"
#include "storage/kv.h"
#include "tests/unit/storage_tmp.h"
#include <errno.h>
#include <sys/syscall.h>

enum call {
    CALL_NONE,
    CALL_WRITE,
    CALL_SYNC
};

static enum call fail_call;
static unsigned fail_at; /* 1: the next call */
static int fail_errno;
static unsigned writes;
static unsigned syncs;

static void plan(enum call call, unsigned at, int error)
{
    fail_call = call;
    fail_at = at;
    fail_errno = error;
    writes = 0;
    syncs = 0;
}

static bool fails(enum call call)
{
    unsigned *count = call == CALL_WRITE ? &writes : &syncs;
    (*count)++;
    if (call != fail_call || *count != fail_at) {
        return false;
    }
    errno = fail_errno;
    return true;
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    return fails(CALL_WRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, buf, n, offset);
}

int fdatasync(int fildes)
{
    return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fildes);
}

int fsync(int fd)
{
    return fails(CALL_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

static rg_err count_record(void *ctx, uint8_t type, struct rg_bytes payload)
{
    unsigned *n = ctx;
    (void)type;
    (void)payload;
    (*n)++;
    return RG_OK;
}

#define STEPS 12

/* Appends, syncs and turns; gives how many records were acknowledged before the first error. */
static unsigned work(struct rg_journal *j, rg_err *out_e)
{
    unsigned acked = 0;
    rg_err e = RG_OK;
    for (unsigned i = 0; e == RG_OK && i < STEPS; i++) {
        const struct rg_bytes part = rg_bytes_str("something");
        e = rg_journal_append(j, 1, &part, 1);
        e = e == RG_OK ? rg_journal_sync(j) : e;
        acked += e == RG_OK ? 1 : 0;
        if (e == RG_OK && i % 4 == 3) {
            e = rg_journal_turn_begin(j);
            for (unsigned k = 0; e == RG_OK && k <= i; k++) {
                e = rg_journal_append(j, 1, &part, 1);
            }
            e = e == RG_OK ? rg_journal_turn_end(j) : e;
        }
    }
    *out_e = e;
    return acked;
}

static void journal_fails(enum call call, unsigned *out_points)
{
    for (unsigned at = 1;; at++) {
        const struct tmp t = tmp_make();
        struct rg_journal *j = NULL;
        struct rg_journal_info info;
        const struct rg_bytes part = rg_bytes_str("more");
        rg_err e = RG_OK;
        unsigned n = 0;
        plan(CALL_NONE, 0, 0);
        assert_int_equal(
            rg_journal_open(tmp_path(&t, "j"), RG_JOURNAL_SIZE_MIN, count_record, &n, &info, &j),
            RG_OK);
        plan(call, at, EIO);
        const unsigned acked = work(j, &e);
        if (e == RG_OK) {
            *out_points = at - 1;
            plan(CALL_NONE, 0, 0);
            rg_journal_close(&j);
            tmp_remove(&t);
            return;
        }
        /* Latched: the disk works again, and still every call refuses, and writes nothing. */
        assert_int_equal(e, RG_ERR_IO);
        assert_true(rg_journal_failed(j));
        const unsigned writes_then = writes;
        const unsigned syncs_then = syncs;
        assert_int_equal(rg_journal_append(j, 1, &part, 1), RG_ERR_IO);
        assert_int_equal(rg_journal_sync(j), RG_ERR_IO);
        assert_int_equal(rg_journal_seal(j), RG_ERR_IO);
        assert_int_equal(rg_journal_turn_begin(j), RG_ERR_IO);
        assert_int_equal(rg_journal_turn_end(j), RG_ERR_IO);
        assert_int_equal(rg_journal_turn_abort(j), RG_ERR_IO);
        rg_journal_close(&j);
        assert_int_equal(writes, writes_then);
        assert_int_equal(syncs, syncs_then);
        plan(CALL_NONE, 0, 0);
        assert_int_equal(
            rg_journal_open(tmp_path(&t, "j"), RG_JOURNAL_SIZE_MIN, count_record, &n, &info, &j),
            RG_OK);
        assert_true(n >= acked && n <= STEPS);
        rg_journal_close(&j);
        tmp_remove(&t);
    }
}

static void test_journal(void **state)
{
    (void)state;
    unsigned write_points = 0;
    unsigned sync_points = 0;
    journal_fails(CALL_WRITE, &write_points);
    journal_fails(CALL_SYNC, &sync_points);
    print_message("journal: failed each of %u writes and %u syncs\n", write_points, sync_points);
    assert_int_equal(sync_points, STEPS + STEPS / 4); /* one a step and one a turn, no more */
    assert_true(write_points >= sync_points);
}

/* Creation that fails at any call leaves nothing that a second try stumbles over. */
static void test_journal_creation(void **state)
{
    (void)state;
    rg_err e = RG_ERR_IO;
    for (unsigned at = 1; e != RG_OK; at++) {
        const struct tmp t = tmp_make();
        struct rg_journal *j = NULL;
        struct rg_journal_info info;
        unsigned n = 0;
        int leaking = 0;
        assert_true(at < 40);
        plan(CALL_SYNC, at, EIO);
        e = rg_journal_open(tmp_path(&t, "j"), RG_JOURNAL_SIZE_MIN, count_record, &n, &info, &j);
        if (e != RG_OK) {
            assert_int_equal(e, RG_ERR_IO);
            assert_null(j);
            assert_int_equal(tmp_count_fds(t.path, &leaking), 0);
            plan(CALL_NONE, 0, 0);
            assert_int_equal(rg_journal_open(tmp_path(&t, "j"), RG_JOURNAL_SIZE_MIN, count_record,
                                             &n, &info, &j),
                             RG_OK);
        }
        rg_journal_close(&j);
        plan(CALL_WRITE, 1, ENOSPC);
        assert_int_equal(
            rg_journal_open(tmp_path(&t, "k"), RG_JOURNAL_SIZE_MIN, count_record, &n, &info, &j),
            RG_ERR_DISK_FULL);
        tmp_remove(&t);
    }
    plan(CALL_NONE, 0, 0);
}

static rg_err append_one(struct rg_chain *c, uint64_t height)
{
    const struct rg_chain_block b = {.height = height,
                                     .time_ms = (int64_t)height,
                                     .bytes = rg_bytes_str("body"),
                                     .cert = rg_bytes_str("cert"),
                                     .result = rg_bytes_str("result")};
    return rg_chain_append(c, &b, 1, rg_bytes_str("state"));
}

/* An EIO in any sync or in the write of the meta page ends the store for this process; what was
 * acknowledged is there afterwards. */
static void chain_fails(enum call call, unsigned *out_points)
{
    for (unsigned at = 1;; at++) {
        const struct tmp t = tmp_make();
        const struct rg_chain_options o = {.dir = tmp_path(&t, "c")};
        struct rg_chain *c = NULL;
        struct rg_chain_tip tip = {0};
        struct rg_chain_fault fault = {0};
        uint64_t height = 0;
        rg_err e = RG_OK;
        plan(CALL_NONE, 0, 0);
        assert_int_equal(rg_chain_open(&o, &c), RG_OK);
        plan(call, at, EIO);
        while (e == RG_OK && height < STEPS) {
            e = append_one(c, height + 1);
            height += e == RG_OK ? 1 : 0;
        }
        const bool ended = e == RG_OK;
        plan(CALL_NONE, 0, 0);
        if (!ended) {
            assert_int_equal(e, RG_ERR_IO);
            assert_true(rg_chain_failed(c));
            assert_int_equal(append_one(c, height + 1), RG_ERR_IO);
            assert_int_equal(rg_chain_tip(c, &tip), RG_ERR_IO);
        }
        rg_chain_close(&c);
        assert_int_equal(rg_chain_open(&o, &c), RG_OK);
        assert_int_equal(rg_chain_tip(c, &tip), RG_OK);
        assert_true(tip.height >= height && tip.height <= height + 1);
        assert_int_equal(rg_chain_check(c, NULL, NULL, &fault), RG_OK);
        rg_chain_close(&c);
        tmp_remove(&t);
        if (ended) {
            *out_points = at - 1;
            return;
        }
    }
}

static void test_chain(void **state)
{
    (void)state;
    unsigned write_points = 0;
    unsigned sync_points = 0;
    chain_fails(CALL_WRITE, &write_points);
    chain_fails(CALL_SYNC, &sync_points);
    print_message("chain: failed each of %u writes and %u syncs\n", write_points, sync_points);
    assert_int_equal(sync_points, STEPS); /* one a commit; the meta page goes through O_DSYNC */
    assert_true(write_points >= STEPS);
}

/* Every sync of a creation fails once (LMDB makes none of its own: these are ours, of file and
 * folders): the open is refused, and the next one makes a whole store of what is there. */
static void test_chain_creation(void **state)
{
    (void)state;
    unsigned points = 0;
    rg_err e = RG_ERR_IO;
    for (unsigned at = 1; e != RG_OK; at++) {
        const struct tmp t = tmp_make();
        const struct rg_chain_options o = {.dir = tmp_path(&t, "c")};
        struct rg_chain *c = NULL;
        int leaking = 0;
        assert_true(at < 40);
        plan(CALL_SYNC, at, EIO);
        e = rg_chain_open(&o, &c);
        points += e != RG_OK ? 1 : 0;
        plan(CALL_NONE, 0, 0);
        if (e != RG_OK) {
            assert_int_equal(e, RG_ERR_IO);
            assert_null(c);
            assert_int_equal(tmp_count_fds(t.path, &leaking), 0);
            assert_int_equal(rg_chain_open(&o, &c), RG_OK);
        }
        assert_int_equal(append_one(c, 1), RG_OK);
        rg_chain_close(&c);
        tmp_remove(&t);
    }
    print_message("chain creation: failed each of %u syncs\n", points);
    assert_true(points >= 5);
}

/* No space is no broken disk: the commit is refused and the store goes on. */
static void test_chain_no_space(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const struct rg_chain_options o = {.dir = tmp_path(&t, "c")};
    struct rg_chain *c = NULL;
    struct rg_chain_tip tip = {0};
    plan(CALL_NONE, 0, 0);
    assert_int_equal(rg_chain_open(&o, &c), RG_OK);
    assert_int_equal(append_one(c, 1), RG_OK);
    plan(CALL_SYNC, 1, ENOSPC);
    assert_int_equal(append_one(c, 2), RG_ERR_DISK_FULL);
    assert_false(rg_chain_failed(c));
    assert_int_equal(rg_chain_tip(c, &tip), RG_OK);
    assert_int_equal(tip.height, 1);
    assert_int_equal(append_one(c, 2), RG_OK);
    rg_chain_close(&c);
    tmp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal),        cmocka_unit_test(test_journal_creation),
        cmocka_unit_test(test_chain),          cmocka_unit_test(test_chain_creation),
        cmocka_unit_test(test_chain_no_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
