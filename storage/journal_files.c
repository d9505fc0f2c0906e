#include "base/panic.h"
#include "crypto/rand.h"
#include "storage/disk.h"
#include "storage/journal_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[2] = {"journal.a", "journal.b"};
static const char *const new_names[2] = {"journal.a.new", "journal.b.new"};

/* Open one file; -1 when it is not there. */
static rg_err open_one(const char *dir, const char *name, int flags, int *out_fd)
{
    char path[RG_DISK_PATH_MAX];
    const rg_err e = rg_disk_join(dir, name, path);
    if (e != RG_OK) {
        return e;
    }
    const int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno != ENOENT) {
        return rg_disk_err(errno);
    }
    *out_fd = fd;
    return RG_OK;
}

static rg_err read_one(struct rg_journal_files *f, int i)
{
    struct stat st;
    if (fstat(f->fds[i], &st) != 0) {
        return rg_disk_err(errno);
    }
    const uint64_t size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    if (!S_ISREG(st.st_mode) || size < RG_JOURNAL_SIZE_MIN || size > RG_JOURNAL_SIZE_MAX ||
        size % RG_JOURNAL_IMAGE_ALIGN != 0 || (i == 1 && f->data[0] != NULL && size != f->size)) {
        return RG_ERR_CORRUPT;
    }
    f->size = size;
    f->data[i] = malloc((size_t)size);
    if (f->data[i] == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err e = rg_disk_read(f->fds[i], f->data[i], (size_t)size, 0);
    return e == RG_ERR_SHORT ? RG_ERR_CORRUPT : e;
}

static bool holds_anything(const struct rg_journal_files *f, int i)
{
    for (uint64_t at = 0; at < f->size; at++) {
        if (f->data[i][at] != 0) {
            return true;
        }
    }
    return false;
}

/* With one file missing: an unfinished creation leaves an empty `b`; all else is a loss. */
static rg_err judge_missing(struct rg_journal_files *f, struct rg_journal_info *info)
{
    if (f->fds[0] < 0 && f->fds[1] < 0) {
        return RG_ERR_NOT_FOUND;
    }
    if (f->fds[0] < 0) {
        const rg_err e = read_one(f, 1);
        if (e == RG_OK && !holds_anything(f, 1)) {
            return RG_ERR_NOT_FOUND;
        }
        if (e != RG_OK && e != RG_ERR_CORRUPT) {
            return e;
        }
    }
    info->file = f->fds[0] < 0 ? 'a' : 'b';
    return RG_ERR_CORRUPT;
}

rg_err rg_journal_files__open(const char *dir, bool writable, struct rg_journal_info *info,
                              struct rg_journal_files *out)
{
    struct rg_journal_files *f = out;
    rg_err e = RG_OK;
    *f = (struct rg_journal_files){.fds = {-1, -1}};
    for (int i = 0; e == RG_OK && i < 2; i++) {
        e = open_one(dir, names[i], writable ? O_RDWR : O_RDONLY, &f->fds[i]);
    }
    if (e == RG_OK && (f->fds[0] < 0 || f->fds[1] < 0)) {
        e = judge_missing(f, info);
    } else {
        for (int i = 0; e == RG_OK && i < 2; i++) {
            e = read_one(f, i);
            info->file = i == 0 ? 'a' : 'b';
        }
    }
    if (e != RG_OK) {
        return e;
    }
    rg_journal_image_inspect(rg_journal_files__bytes(f, 0), rg_journal_files__bytes(f, 1),
                             f->images);
    return rg_journal_image_choose(f->images, info, &f->chosen);
}

static rg_err create_one(const char *dir, int i, uint64_t size, const struct rg_hash *salt)
{
    uint8_t head[256] = {0};
    int fd = -1;
    rg_err e = open_one(dir, new_names[i], O_RDWR | O_CREAT | O_TRUNC, &fd);
    if (e != RG_OK || fd < 0) {
        return e != RG_OK ? e : RG_ERR_NOT_FOUND;
    }
    e = rg_disk_zero(fd, 0, size);
    if (e == RG_OK && i == 0) {
        const uint64_t begin = rg_journal_image_encode_begin(salt, 1, size, head);
        const struct rg_journal_head end = {
            .generation = 1, .offset = (uint32_t)begin, .number = 1, .type = RG_JOURNAL_IMAGE_END};
        RG_ASSERT(begin + rg_journal_image_cost(0) <= sizeof head);
        rg_journal_image_encode(salt, &end, NULL, 0, head + begin);
        e = rg_disk_write(fd, head, sizeof head, 0);
    }
    if (e == RG_OK && fsync(fd) != 0) {
        e = rg_disk_err(errno);
    }
    (void)close(fd);
    return e;
}

/* Give the finished file its name, durably. */
static rg_err name_one(const char *dir, int i)
{
    char from[RG_DISK_PATH_MAX];
    char to[RG_DISK_PATH_MAX];
    rg_err e = rg_disk_join(dir, new_names[i], from);
    if (e == RG_OK) {
        e = rg_disk_join(dir, names[i], to);
    }
    if (e != RG_OK) {
        return e;
    }
    return rename(from, to) == 0 ? rg_disk_sync_dir(dir) : rg_disk_err(errno);
}

rg_err rg_journal_files__create(const char *dir, uint64_t size)
{
    struct rg_hash salt;
    rg_err e = RG_OK;
    rg_rand(salt.b, sizeof salt.b);
    for (int i = 1; e == RG_OK && i >= 0; i--) {
        e = create_one(dir, i, size, &salt);
    }
    for (int i = 1; e == RG_OK && i >= 0; i--) {
        e = name_one(dir, i);
    }
    return e;
}

void rg_journal_files__close(struct rg_journal_files *f)
{
    for (int i = 0; i < 2; i++) {
        free(f->data[i]);
        f->data[i] = NULL;
        if (f->fds[i] >= 0) {
            (void)close(f->fds[i]);
        }
        f->fds[i] = -1;
    }
}

struct rg_bytes rg_journal_files__bytes(const struct rg_journal_files *f, int index)
{
    return (struct rg_bytes){f->data[index], (size_t)f->size};
}
