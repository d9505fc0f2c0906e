/* Folders and files for the tests of storage: made below /tmp, removed at the end. */
#ifndef RG_TESTS_STORAGE_TMP_H
#define RG_TESTS_STORAGE_TMP_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct tmp {
    char path[64];
};

static inline struct tmp tmp_make(void)
{
    struct tmp t;
    (void)snprintf(t.path, sizeof t.path, "/tmp/rg-storage-XXXXXX");
    assert_non_null(mkdtemp(t.path));
    return t;
}

static inline int tmp_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void tmp_remove(const struct tmp *t)
{
    assert_int_equal(nftw(t->path, tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* "@t/@name" in one of a few turning buffers. */
static inline const char *tmp_path(const struct tmp *t, const char *name)
{
    static char paths[8][160];
    static unsigned next;
    char *out = paths[next++ % 8];
    (void)snprintf(out, sizeof paths[0], "%s/%s", t->path, name);
    return out;
}

/* Read a whole file into malloc'd memory. */
static inline uint8_t *tmp_read(const char *path, size_t *out_len)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    const size_t len = (size_t)st.st_size;
    uint8_t *data = malloc(len + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, len), (ssize_t)len);
    (void)close(fd);
    *out_len = len;
    return data;
}

/* Write a whole file. */
static inline void tmp_write(const char *path, const uint8_t *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

/* Overwrite some bytes of a file. */
static inline void tmp_patch(const char *path, const uint8_t *data, size_t len, size_t offset)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, (off_t)offset), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

/* How many open descriptors of this process lie below @dir, and how many of these are not
 * close-on-exec. */
static inline int tmp_count_fds(const char *dir, int *out_leaking)
{
    int below = 0;
    *out_leaking = 0;
    for (int fd = 0; fd < 256; fd++) {
        char link[64];
        char target[512];
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        const ssize_t n = readlink(link, target, sizeof target - 1);
        if (n <= 0) {
            continue;
        }
        target[n] = '\0';
        if (strncmp(target, dir, strlen(dir)) == 0) {
            below++;
            *out_leaking += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 ? 1 : 0;
        }
    }
    return below;
}

#endif /* RG_TESTS_STORAGE_TMP_H */
