/* Folders, the lock between processes, kinds of file systems, a file that hits its limit. */
#include "storage/disk.h"
#include "tests/unit/storage_tmp.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void test_make_dir(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct stat st;
    const char *dir = tmp_path(&t, "data");
    assert_int_equal(rg_disk_make_dir(dir), RG_OK);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(rg_disk_make_dir(dir), RG_OK);
    assert_int_equal(rg_disk_make_dir(tmp_path(&t, "data/")), RG_OK);
    assert_int_equal(rg_disk_make_dir(tmp_path(&t, "no/data")), RG_ERR_NOT_FOUND);
    assert_int_equal(chmod(dir, 0750), 0);
    assert_int_equal(rg_disk_make_dir(dir), RG_ERR_DENIED);
    tmp_write(tmp_path(&t, "file"), (const uint8_t *)"x", 1);
    assert_int_equal(rg_disk_make_dir(tmp_path(&t, "file")), RG_ERR_DENIED);
    assert_int_equal(rg_disk_sync_dir(tmp_path(&t, "none")), RG_ERR_NOT_FOUND);
    tmp_remove(&t);
}

static void test_join(void **state)
{
    (void)state;
    char out[RG_DISK_PATH_MAX] = "same";
    char longest[RG_DISK_PATH_MAX];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(rg_disk_join(longest, "n", out), RG_ERR_INVALID);
    assert_int_equal(rg_disk_join("d", "", out), RG_ERR_INVALID);
    assert_string_equal(out, "same");
    longest[RG_DISK_PATH_MAX - 3] = '\0';
    assert_int_equal(rg_disk_join(longest, "n", out), RG_OK);
    assert_int_equal(strlen(out), RG_DISK_PATH_MAX - 1);
    assert_int_equal(rg_disk_join("d", "n", out), RG_OK);
    assert_string_equal(out, "d/n");
}

/* Try to lock in another process; gives the rg_err. */
static int lock_elsewhere(const char *dir)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rg_disk_lock *lock = NULL;
        _exit((int)rg_disk_lock(dir, &lock));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_lock(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct rg_disk_lock *lock = NULL;
    struct rg_disk_lock *second = NULL;
    int leaking = 0;
    assert_int_equal(rg_disk_lock(t.path, &lock), RG_OK);
    assert_int_equal(lock_elsewhere(t.path), RG_ERR_BUSY);
    assert_int_equal(rg_disk_lock(t.path, &second), RG_ERR_BUSY);
    assert_null(second);
    assert_int_equal(tmp_count_fds(t.path, &leaking), 1);
    assert_int_equal(leaking, 0);
    rg_disk_unlock(&lock);
    assert_null(lock);
    rg_disk_unlock(&lock);
    assert_int_equal(lock_elsewhere(t.path), RG_OK); /* ends with its process */
    assert_int_equal(rg_disk_lock(t.path, &lock), RG_OK);
    rg_disk_unlock(&lock);
    assert_int_equal(rg_disk_lock(tmp_path(&t, "none"), &lock), RG_ERR_NOT_FOUND);
    assert_int_equal(unlink(tmp_path(&t, "lock")), 0);
    assert_int_equal(symlink("/dev/null", tmp_path(&t, "lock")), 0);
    assert_int_equal(rg_disk_lock(t.path, &lock), RG_ERR_DENIED);
    tmp_remove(&t);
}

static void test_kind(void **state)
{
    (void)state;
    enum rg_disk_kind kind = RG_DISK_NONE;
    uint64_t bytes = 0;
    assert_int_equal(rg_disk_kind("/no/such/path", &kind), RG_ERR_NOT_FOUND);
    assert_int_equal(kind, RG_DISK_NONE);
    assert_int_equal(rg_disk_kind("/", &kind), RG_OK);
    assert_int_not_equal(kind, RG_DISK_NONE);
    if (access("/dev/shm", F_OK) == 0) {
        assert_int_equal(rg_disk_kind("/dev/shm", &kind), RG_OK);
        assert_int_equal(kind, RG_DISK_MEMORY);
    } else {
        print_message("no /dev/shm here: the memory kind is not tried\n");
    }
    assert_string_equal(rg_disk_kind_text(RG_DISK_MEMORY), "memory file system");
    assert_string_equal(rg_disk_kind_text(RG_DISK_NONE), "unknown file system");
    assert_int_equal(rg_disk_free_bytes("/tmp", &bytes), RG_OK);
    assert_true(bytes > 0);
    assert_int_equal(rg_disk_free_bytes("/no/such/path", &bytes), RG_ERR_NOT_FOUND);
}

static void test_whole_reads_and_writes(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    uint8_t out[8] = {0};
    const int fd = open(tmp_path(&t, "f"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(rg_disk_zero(fd, 0, 100000), RG_OK);
    assert_int_equal(lseek(fd, 0, SEEK_END), 100000);
    assert_int_equal(rg_disk_write(fd, (const uint8_t *)"12345678", 8, 99996), RG_OK);
    assert_int_equal(rg_disk_read(fd, out, 8, 99996), RG_OK);
    assert_memory_equal(out, "12345678", 8);
    assert_int_equal(rg_disk_read(fd, out, 8, 99997), RG_ERR_SHORT);
    assert_int_equal(rg_disk_write(fd, out, 8, UINT64_MAX - 2), RG_ERR_INVALID);
    /* A limit on file sizes stands for a full disk. */
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const struct rlimit small = {.rlim_cur = 150000, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(rg_disk_zero(fd, 100000, 200000), RG_ERR_DISK_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rg_disk_write(fd, out, 8, 0), RG_ERR_SYSTEM);
    assert_int_equal(rg_disk_err(EIO), RG_ERR_IO);
    assert_int_equal(rg_disk_err(EDQUOT), RG_ERR_DISK_FULL);
    tmp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_dir),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_whole_reads_and_writes),
    };
    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
