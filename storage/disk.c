#include "storage/disk.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ZERO_CHUNK 65536u

/* Not in linux/magic.h of Debian 12. */
#define MAGIC_FUSE 0x65735546ul
#define MAGIC_CIFS 0xFF534D42ul
#define MAGIC_SMB2 0xFE534D42ul
#define MAGIC_CEPH 0x00C36400ul

struct rg_disk_lock {
    int fd;
};

rg_err rg_disk_err(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RG_ERR_DISK_FULL;
    case EIO:
        return RG_ERR_IO;
    case ENOMEM:
        return RG_ERR_NOMEM;
    case ENOENT:
        return RG_ERR_NOT_FOUND;
    case EEXIST:
        return RG_ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return RG_ERR_DENIED;
    case EAGAIN:
    case EBUSY:
        return RG_ERR_BUSY;
    default:
        return RG_ERR_SYSTEM;
    }
}

rg_err rg_disk_join(const char *dir, const char *name, char out[RG_DISK_PATH_MAX])
{
    char path[RG_DISK_PATH_MAX];
    if (dir[0] == '\0' || name[0] == '\0') {
        return RG_ERR_INVALID;
    }
    const int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return RG_ERR_INVALID;
    }
    memcpy(out, path, (size_t)n + 1);
    return RG_OK;
}

rg_err rg_disk_sync_dir(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return rg_disk_err(errno);
    }
    const rg_err e = fsync(fd) == 0 ? RG_OK : rg_disk_err(errno);
    (void)close(fd);
    return e;
}

/* Sync the folder that holds @path. */
static rg_err sync_parent(const char *path)
{
    char parent[RG_DISK_PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof parent) {
        return RG_ERR_INVALID;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len == 0) {
        return rg_disk_sync_dir(".");
    }
    memcpy(parent, path, len);
    parent[len] = '\0';
    return rg_disk_sync_dir(parent);
}

rg_err rg_disk_make_dir(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return rg_disk_err(errno);
    }
    struct stat st;
    if (stat(path, &st) != 0) {
        return rg_disk_err(errno);
    }
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
        return RG_ERR_DENIED;
    }
    /* Also when it was there: a run that died between mkdir and this must not leave it unsynced. */
    return sync_parent(path);
}

rg_err rg_disk_lock(const char *dir, struct rg_disk_lock **out)
{
    char path[RG_DISK_PATH_MAX];
    rg_err e = rg_disk_join(dir, "lock", path);
    if (e != RG_OK) {
        return e;
    }
    struct rg_disk_lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL) {
        return RG_ERR_NOMEM;
    }
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0) {
        e = rg_disk_err(errno);
        free(lock);
        return e;
    }
    struct stat st;
    if (fstat(lock->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        e = RG_ERR_DENIED;
    } else if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
        e = errno == EWOULDBLOCK ? RG_ERR_BUSY : rg_disk_err(errno);
    }
    if (e != RG_OK) {
        (void)close(lock->fd);
        free(lock);
        return e;
    }
    *out = lock;
    return RG_OK;
}

void rg_disk_unlock(struct rg_disk_lock **lock)
{
    if (*lock == NULL) {
        return;
    }
    /* The file stays: removing it would let two processes lock two different files. */
    (void)close((*lock)->fd);
    free(*lock);
    *lock = NULL;
}

rg_err rg_disk_kind(const char *path, enum rg_disk_kind *out)
{
    struct statfs st;
    if (statfs(path, &st) != 0) {
        return rg_disk_err(errno);
    }
    switch ((unsigned long)st.f_type & 0xFFFFFFFFul) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
        *out = RG_DISK_MEMORY;
        break;
    case OVERLAYFS_SUPER_MAGIC:
        *out = RG_DISK_OVERLAY;
        break;
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case V9FS_MAGIC:
    case MAGIC_CIFS:
    case MAGIC_SMB2:
    case MAGIC_CEPH:
        *out = RG_DISK_NETWORK;
        break;
    case MAGIC_FUSE:
        *out = RG_DISK_FUSE;
        break;
    default:
        *out = RG_DISK_LOCAL;
        break;
    }
    return RG_OK;
}

const char *rg_disk_kind_text(enum rg_disk_kind kind)
{
    switch (kind) {
    case RG_DISK_LOCAL:
        return "local disk";
    case RG_DISK_MEMORY:
        return "memory file system";
    case RG_DISK_OVERLAY:
        return "overlay of a container";
    case RG_DISK_NETWORK:
        return "network file system";
    case RG_DISK_FUSE:
        return "FUSE file system";
    case RG_DISK_NONE:
        break;
    }
    return "unknown file system";
}

rg_err rg_disk_free_bytes(const char *path, uint64_t *out)
{
    struct statvfs st;
    if (statvfs(path, &st) != 0) {
        return rg_disk_err(errno);
    }
    uint64_t bytes = 0;
    if (__builtin_mul_overflow((uint64_t)st.f_bavail, (uint64_t)st.f_frsize, &bytes)) {
        bytes = UINT64_MAX;
    }
    *out = bytes;
    return RG_OK;
}

rg_err rg_disk_zero(int fd, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[ZERO_CHUNK];
    while (from < to) {
        const uint64_t left = to - from;
        const size_t n = left < ZERO_CHUNK ? (size_t)left : ZERO_CHUNK;
        const rg_err e = rg_disk_write(fd, zeros, n, from);
        if (e != RG_OK) {
            return e;
        }
        from += n;
    }
    return fdatasync(fd) == 0 ? RG_OK : rg_disk_err(errno);
}

rg_err rg_disk_write(int fd, const uint8_t *data, size_t len, uint64_t offset)
{
    if (offset > INT64_MAX - len) {
        return RG_ERR_INVALID;
    }
    while (len > 0) {
        const ssize_t n = pwrite(fd, data, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return rg_disk_err(errno);
        }
        if (n == 0) {
            return RG_ERR_IO;
        }
        data += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return RG_OK;
}

rg_err rg_disk_read(int fd, uint8_t *out, size_t len, uint64_t offset)
{
    if (offset > INT64_MAX - len) {
        return RG_ERR_INVALID;
    }
    while (len > 0) {
        const ssize_t n = pread(fd, out, len, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return rg_disk_err(errno);
        }
        if (n == 0) {
            return RG_ERR_SHORT;
        }
        out += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return RG_OK;
}
