#include "node/cli/exportfile.h"
#include "base/bytes.h"
#include "base/time.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER (256u * 1024)

struct rg_exportfile {
    gzFile file;      /* writes plain text too */
    int fd;           /* the same file, for the sync; -1: stdout */
    const char *path; /* borrowed; NULL: stdout */
    bool failed;
    int error; /* errno of the first failure */
};

static rg_err of_errno(int error)
{
    switch (error) {
    case EEXIST:
        return RG_ERR_EXISTS;
    case ENOENT:
    case ENOTDIR:
        return RG_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return RG_ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return RG_ERR_DISK_FULL;
    default:
        return RG_ERR_IO;
    }
}

static bool packs(const char *path)
{
    const size_t len = path == NULL ? 0 : strlen(path);
    return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

rg_err rg_exportfile_open(const char *path, struct rg_exportfile **out)
{
    struct rg_exportfile *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return RG_ERR_NOMEM;
    }
    f->path = path;
    f->fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const int fd = path != NULL && f->fd < 0 ? -1 : dup(path == NULL ? STDOUT_FILENO : f->fd);
    const int error = errno;
    f->file = fd < 0 ? NULL : gzdopen(fd, packs(path) ? "wb" : "wbT");
    if (f->file == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        if (path != NULL && f->fd >= 0) {
            (void)unlink(path);
            (void)close(f->fd);
        }
        free(f);
        return fd < 0 ? of_errno(error) : RG_ERR_NOMEM;
    }
    (void)gzbuffer(f->file, BUFFER);
    *out = f;
    return RG_OK;
}

static void fail(struct rg_exportfile *f)
{
    if (!f->failed) {
        f->failed = true;
        f->error = errno;
    }
}

void rg_exportfile_bytes(struct rg_exportfile *f, struct rg_bytes bytes)
{
    if (!f->failed && bytes.len > 0 &&
        gzwrite(f->file, bytes.data, (unsigned)bytes.len) != (int)bytes.len) {
        fail(f);
    }
}

void rg_exportfile_text(struct rg_exportfile *f, const char *text)
{
    rg_exportfile_bytes(f, rg_bytes_str(text));
}

void rg_exportfile_number(struct rg_exportfile *f, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    rg_exportfile_text(f, text);
}

void rg_exportfile_time(struct rg_exportfile *f, int64_t ms)
{
    char text[RG_TIME_TEXT_MAX];
    rg_time_format(ms, text);
    rg_exportfile_text(f, text);
}

rg_err rg_exportfile_finish(struct rg_exportfile **f_p)
{
    struct rg_exportfile *f = *f_p;
    if (gzclose_w(f->file) != Z_OK || (f->fd >= 0 && fsync(f->fd) != 0)) {
        fail(f);
    }
    if (f->fd >= 0 && close(f->fd) != 0) {
        fail(f);
    }
    const rg_err err = f->failed ? of_errno(f->error) : RG_OK;
    if (err != RG_OK && f->path != NULL) {
        (void)unlink(f->path);
    }
    free(f);
    *f_p = NULL;
    return err == RG_OK || err == RG_ERR_DISK_FULL ? err : RG_ERR_IO;
}

void rg_exportfile_discard(struct rg_exportfile **f_p)
{
    if (f_p == NULL || *f_p == NULL) {
        return;
    }
    struct rg_exportfile *f = *f_p;
    (void)gzclose_w(f->file);
    if (f->fd >= 0) {
        (void)close(f->fd);
        (void)unlink(f->path);
    }
    free(f);
    *f_p = NULL;
}
