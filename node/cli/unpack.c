#include "node/cli/unpack.h"
#include "base/panic.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define RATIO_FROM (16ull * 1024 * 1024)

struct rg_unpack {
    gzFile file;
    struct rg_unpack_sums *sums;
    bool compare;
    size_t at;      /* chunks given */
    uint64_t total; /* bytes after inflating */
    bool kept;      /* the chunk was only looked at */
    size_t len;
    char why[RG_UNPACK_WHY_MAX];
    uint8_t chunk[RG_UNPACK_CHUNK];
};

static rg_err __attribute__((format(printf, 3, 4)))
fail(struct rg_unpack *u, rg_err err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(u->why, sizeof u->why, format, ap);
    va_end(ap);
    return err;
}

void rg_unpack_sums_fini(struct rg_unpack_sums *sums)
{
    free(sums->sum);
    *sums = (struct rg_unpack_sums){0};
}

rg_err rg_unpack_open(const char *path, struct rg_unpack_sums *sums, struct rg_unpack **out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? RG_ERR_NOT_FOUND
               : errno == EACCES                   ? RG_ERR_DENIED
                                                   : RG_ERR_IO;
    }
    struct rg_unpack *u = malloc(sizeof *u);
    gzFile file = u == NULL ? NULL : gzdopen(fd, "rb");
    if (file == NULL) {
        (void)close(fd);
        free(u);
        return RG_ERR_NOMEM;
    }
    /* So that a chunk is at least its two buffers, and zlib writes into it without a copy. */
    (void)gzbuffer(file, RG_UNPACK_CHUNK / 2);
    u->file = file;
    u->sums = sums;
    u->compare = sums != NULL && sums->whole;
    u->at = 0;
    u->total = 0;
    u->kept = false;
    u->len = 0;
    u->why[0] = '\0';
    *out = u;
    return RG_OK;
}

void rg_unpack_close(struct rg_unpack **u_p)
{
    if (u_p == NULL || *u_p == NULL) {
        return;
    }
    (void)gzclose_r((*u_p)->file);
    free(*u_p);
    *u_p = NULL;
}

const char *rg_unpack_why(const struct rg_unpack *u)
{
    return u->why;
}

/* Remember, or compare, the chunk just read; one of no bytes is the end. */
static rg_err check_sum(struct rg_unpack *u)
{
    struct rg_unpack_sums *s = u->sums;
    struct rg_hash sum;
    if (u->compare) {
        bool same = u->at < s->count ? u->len > 0 : u->len == 0;
        if (same && u->len > 0) {
            rg_hash_one(RG_DOMAIN_FILE, NULL, (struct rg_bytes){u->chunk, u->len}, &sum);
            same = rg_hash_eq(&sum, &s->sum[u->at]);
        }
        return same ? RG_OK
                    : fail(u, RG_ERR_CORRUPT, "its content differs from byte %llu on",
                           (unsigned long long)(u->at * RG_UNPACK_CHUNK));
    }
    if (u->len == 0) {
        s->whole = true;
        return RG_OK;
    }
    if (s->count == s->cap) {
        const size_t cap = s->cap == 0 ? 64 : s->cap * 2;
        struct rg_hash *grown = realloc(s->sum, cap * sizeof *grown);
        if (grown == NULL) {
            return fail(u, RG_ERR_NOMEM, "out of memory");
        }
        s->sum = grown;
        s->cap = cap;
    }
    rg_hash_one(RG_DOMAIN_FILE, NULL, (struct rg_bytes){u->chunk, u->len}, &s->sum[s->count++]);
    if (s->total != NULL) {
        rg_hash_add(s->total, (struct rg_bytes){u->chunk, u->len});
    }
    return RG_OK;
}

static rg_err fill(struct rg_unpack *u)
{
    const int n = gzread(u->file, u->chunk, RG_UNPACK_CHUNK);
    int zerr = Z_OK;
    const char *text = gzerror(u->file, &zerr);
    if (n < 0 || (zerr != Z_OK && zerr != Z_STREAM_END)) {
        if (zerr == Z_ERRNO) {
            return fail(u, RG_ERR_IO, "cannot read the file: %s", strerror(errno));
        }
        return fail(u, RG_ERR_INVALID, "the gzip data is %s; fetch or compress the file again",
                    zerr == Z_BUF_ERROR ? "cut off: the file ends too early" : text);
    }
    u->len = (size_t)n;
    u->total += (uint64_t)n;
    const z_off_t packed = gzoffset(u->file);
    if (u->total > RG_UNPACK_TOTAL_MAX || (u->total > RATIO_FROM && packed > 0 &&
                                           u->total / (uint64_t)packed > RG_UNPACK_RATIO_MAX)) {
        return fail(
            u, RG_ERR_INVALID,
            "the file inflates to more than is allowed (2 GiB, or %d times its size); split "
            "it",
            RG_UNPACK_RATIO_MAX);
    }
    const rg_err err = u->sums == NULL ? RG_OK : check_sum(u);
    if (err == RG_OK) {
        u->at++;
    }
    return err == RG_OK && u->len == 0 ? RG_ERR_CLOSED : err;
}

rg_err rg_unpack_next(struct rg_unpack *u, struct rg_bytes *out)
{
    const rg_err err = u->kept ? RG_OK : fill(u);
    u->kept = false;
    if (err == RG_OK) {
        *out = (struct rg_bytes){u->chunk, u->len};
    }
    return err;
}

rg_err rg_unpack_peek(struct rg_unpack *u, struct rg_bytes *out)
{
    RG_ASSERT(u->at == 0 || u->kept);
    const rg_err err = rg_unpack_next(u, out);
    u->kept = err == RG_OK;
    return err;
}
