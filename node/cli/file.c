#include "node/cli/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static rg_err of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return RG_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return RG_ERR_DENIED;
    case EEXIST:
        return RG_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return RG_ERR_DISK_FULL;
    default:
        return RG_ERR_IO;
    }
}

static rg_err read_all(int fd, size_t max, uint8_t **out, size_t *out_len)
{
    size_t cap = 64 * 1024;
    size_t len = 0;
    uint8_t *data = malloc(cap + 1);
    while (data != NULL) {
        const ssize_t n = read(fd, data + len, cap - len);
        if (n == 0) {
            data[len] = 0;
            *out = data;
            *out_len = len;
            return RG_OK;
        }
        if (n < 0 && errno != EINTR) {
            free(data);
            return RG_ERR_IO;
        }
        len += n > 0 ? (size_t)n : 0;
        if (len > max) {
            free(data);
            return RG_ERR_FULL;
        }
        if (len == cap) {
            uint8_t *more = realloc(data, cap * 2 + 1);
            if (more == NULL) {
                break;
            }
            data = more;
            cap *= 2;
        }
    }
    free(data);
    return RG_ERR_NOMEM;
}

rg_err rg_file_read(const char *path, size_t max, uint8_t **out, size_t *out_len)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return of_errno();
    }
    const rg_err err = read_all(fd, max, out, out_len);
    (void)close(fd);
    return err;
}

static rg_err write_all(int fd, struct rg_bytes b)
{
    size_t done = 0;
    while (done < b.len) {
        const ssize_t n = write(fd, b.data + done, b.len - done);
        if (n < 0 && errno != EINTR) {
            return of_errno();
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0 ? RG_OK : RG_ERR_IO;
}

rg_err rg_file_create(const char *path, struct rg_bytes content, mode_t mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return of_errno();
    }
    rg_err err = write_all(fd, content);
    if (close(fd) != 0 && err == RG_OK) {
        err = RG_ERR_IO;
    }
    if (err != RG_OK) {
        (void)unlink(path);
    }
    return err;
}

rg_err rg_file_replace(const char *path, struct rg_bytes content, mode_t mode)
{
    char fresh[RG_CLI_PATH_MAX];
    const int n = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof fresh) {
        return RG_ERR_FULL;
    }
    (void)unlink(fresh);
    const rg_err err = rg_file_create(fresh, content, mode);
    if (err != RG_OK) {
        return err;
    }
    if (rename(fresh, path) != 0) {
        (void)unlink(fresh);
        return RG_ERR_IO;
    }
    return RG_OK;
}

rg_err rg_file_join(const char *dir, const char *name, char out[RG_CLI_PATH_MAX])
{
    const size_t d = strlen(dir);
    const size_t n = strlen(name);
    const bool slash = d == 0 || dir[d - 1] != '/';
    if (d + n + 2 > RG_CLI_PATH_MAX) {
        return RG_ERR_FULL;
    }
    memcpy(out, dir, d);
    if (slash) {
        out[d] = '/';
    }
    memcpy(out + d + (slash ? 1 : 0), name, n + 1);
    return RG_OK;
}
