#include "node/cli/csv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK (64u * 1024)
#define RATIO_FROM (16ull * 1024 * 1024)

struct rg_csv {
    gzFile file;
    uint8_t chunk[CHUNK];
    size_t chunk_len;
    size_t chunk_pos;
    bool at_end;
    uint64_t total; /* bytes after inflating */
    uint64_t line;
    uint8_t record[RG_CSV_RECORD_MAX];
    size_t record_len;
    char why[RG_CSV_WHY_MAX];
};

static rg_err __attribute__((format(printf, 3, 4)))
fail(struct rg_csv *c, rg_err err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(c->why, sizeof c->why, format, ap);
    va_end(ap);
    return err;
}

rg_err rg_csv_open(const char *path, struct rg_csv **out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? RG_ERR_NOT_FOUND
               : errno == EACCES                   ? RG_ERR_DENIED
                                                   : RG_ERR_IO;
    }
    struct rg_csv *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)close(fd);
        return RG_ERR_NOMEM;
    }
    c->file = gzdopen(fd, "rb");
    if (c->file == NULL) {
        (void)close(fd);
        free(c);
        return RG_ERR_NOMEM;
    }
    (void)gzbuffer(c->file, CHUNK);
    c->line = 1;
    *out = c;
    return RG_OK;
}

void rg_csv_close(struct rg_csv **c_p)
{
    if (c_p == NULL || *c_p == NULL) {
        return;
    }
    (void)gzclose_r((*c_p)->file);
    free(*c_p);
    *c_p = NULL;
}

const char *rg_csv_why(const struct rg_csv *c)
{
    return c->why;
}

static rg_err refill(struct rg_csv *c, struct rg_hash_state *hash)
{
    const int n = gzread(c->file, c->chunk, CHUNK);
    int zerr = Z_OK;
    const char *text = gzerror(c->file, &zerr);
    if (n < 0 || (zerr != Z_OK && zerr != Z_STREAM_END)) {
        if (zerr == Z_ERRNO) {
            return fail(c, RG_ERR_IO, "line %llu: cannot read the file: %s",
                        (unsigned long long)c->line, strerror(errno));
        }
        return fail(c, RG_ERR_INVALID,
                    "line %llu: the gzip data is %s; fetch or compress the file again",
                    (unsigned long long)c->line,
                    zerr == Z_BUF_ERROR ? "cut off: the file ends too early" : text);
    }
    c->chunk_len = (size_t)n;
    c->chunk_pos = 0;
    c->at_end = n == 0;
    c->total += (uint64_t)n;
    if (hash != NULL && n > 0) {
        rg_hash_add(hash, (struct rg_bytes){c->chunk, (size_t)n});
    }
    const z_off_t packed = gzoffset(c->file);
    if (c->total > RG_CSV_TOTAL_MAX ||
        (c->total > RATIO_FROM && packed > 0 && c->total / (uint64_t)packed > RG_CSV_RATIO_MAX)) {
        return fail(c, RG_ERR_INVALID,
                    "line %llu: the file inflates to more than is allowed (2 GiB, or %d times its "
                    "size); split it",
                    (unsigned long long)c->line, RG_CSV_RATIO_MAX);
    }
    return RG_OK;
}

/* The next byte, or -1 at the end. */
static rg_err next_byte(struct rg_csv *c, struct rg_hash_state *hash, int *out)
{
    if (c->chunk_pos == c->chunk_len && !c->at_end) {
        const rg_err err = refill(c, hash);
        if (err != RG_OK) {
            return err;
        }
    }
    *out = c->at_end ? -1 : c->chunk[c->chunk_pos++];
    return RG_OK;
}

enum where {
    FIELD_START,
    PLAIN,
    QUOTED,
    QUOTE_IN_QUOTED
};

/* What one byte does to a record under way. */
struct parse {
    enum where where;
    size_t start; /* of the field, in record */
    bool done;    /* the record is complete */
};

static rg_err put(struct rg_csv *c, const struct rg_csv_record *r, int byte)
{
    if (c->record_len == RG_CSV_RECORD_MAX) {
        return fail(c, RG_ERR_INVALID, "line %llu: the line is longer than 64 KiB",
                    (unsigned long long)r->line);
    }
    c->record[c->record_len++] = (uint8_t)byte;
    return RG_OK;
}

static rg_err end_field(struct rg_csv *c, struct rg_csv_record *r, struct parse *p)
{
    if (r->count == RG_CSV_COLUMNS_MAX) {
        return fail(c, RG_ERR_INVALID, "line %llu: more than %d columns",
                    (unsigned long long)r->line, RG_CSV_COLUMNS_MAX);
    }
    r->fields[r->count++] = (struct rg_bytes){c->record + p->start, c->record_len - p->start};
    p->start = c->record_len;
    p->where = FIELD_START;
    return RG_OK;
}

static rg_err end_record(struct rg_csv *c, struct rg_csv_record *r, struct parse *p)
{
    /* `\r\n`: the carriage return came as the last byte of a plain field. */
    if (p->where == PLAIN && c->record_len > p->start && c->record[c->record_len - 1] == '\r') {
        c->record_len--;
    }
    p->done = true;
    return end_field(c, r, p);
}

static rg_err in_quotes(struct rg_csv *c, struct rg_csv_record *r, struct parse *p, int byte)
{
    if (byte < 0) {
        return fail(c, RG_ERR_INVALID, "line %llu, field %zu: the quotation mark is never closed",
                    (unsigned long long)r->line, r->count + 1);
    }
    if (byte == '"') {
        p->where = QUOTE_IN_QUOTED;
        return RG_OK;
    }
    return put(c, r, byte);
}

static rg_err after_quote(struct rg_csv *c, struct rg_csv_record *r, struct parse *p, int byte)
{
    switch (byte) {
    case '"':
        p->where = QUOTED;
        return put(c, r, byte);
    case ',':
        return end_field(c, r, p);
    case '\r':
        return RG_OK;
    case '\n':
    case -1:
        return end_record(c, r, p);
    default:
        return fail(c, RG_ERR_INVALID,
                    "line %llu, field %zu: text after a closing quotation mark; write a quotation "
                    "mark inside quotes twice",
                    (unsigned long long)r->line, r->count + 1);
    }
}

static rg_err plain(struct rg_csv *c, struct rg_csv_record *r, struct parse *p, int byte)
{
    if (byte == ',') {
        return end_field(c, r, p);
    }
    if (byte == '\n' || byte < 0) {
        return end_record(c, r, p);
    }
    if (byte == '"') {
        if (p->where == FIELD_START) {
            p->where = QUOTED;
            return RG_OK;
        }
        return fail(c, RG_ERR_INVALID,
                    "line %llu, field %zu: a quotation mark inside a field without quotes",
                    (unsigned long long)r->line, r->count + 1);
    }
    if (byte == 0) {
        return fail(c, RG_ERR_INVALID, "line %llu, field %zu: a zero byte; this is no text file",
                    (unsigned long long)r->line, r->count + 1);
    }
    p->where = PLAIN;
    return put(c, r, byte);
}

static rg_err take(struct rg_csv *c, struct rg_csv_record *r, struct parse *p, int byte)
{
    switch (p->where) {
    case QUOTED:
        return in_quotes(c, r, p, byte);
    case QUOTE_IN_QUOTED:
        return after_quote(c, r, p, byte);
    case FIELD_START:
    case PLAIN:
        break;
    }
    return plain(c, r, p, byte);
}

/* Read one record; an empty line gives one empty field. */
static rg_err read_record(struct rg_csv *c, struct rg_hash_state *hash, struct rg_csv_record *r)
{
    struct parse p = {FIELD_START, 0, false};
    c->record_len = 0;
    r->count = 0;
    r->line = c->line;
    bool any = false;
    while (!p.done) {
        int byte = 0;
        rg_err err = next_byte(c, hash, &byte);
        if (err == RG_OK && byte < 0 && !any) {
            return RG_ERR_CLOSED;
        }
        any = true;
        c->line += byte == '\n' ? 1 : 0;
        if (err == RG_OK) {
            err = take(c, r, &p, byte);
        }
        if (err != RG_OK) {
            return err;
        }
    }
    return RG_OK;
}

rg_err rg_csv_next(struct rg_csv *c, struct rg_hash_state *hash, struct rg_csv_record *out)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
    for (;;) {
        const bool first = c->line == 1 && c->total == 0;
        const rg_err err = read_record(c, hash, out);
        if (err != RG_OK) {
            return err;
        }
        struct rg_bytes *f = &out->fields[0];
        if (first && f->len >= 3 && memcmp(f->data, mark, 3) == 0) {
            *f = (struct rg_bytes){f->data + 3, f->len - 3};
        }
        if (out->count > 1 || f->len > 0) {
            return RG_OK;
        }
    }
}
