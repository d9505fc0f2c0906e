#include "node/cli/csv.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct rg_csv {
    struct rg_unpack *file; /* borrowed */
    struct rg_bytes chunk;
    size_t chunk_pos;
    bool begun;
    bool at_end;
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

rg_err rg_csv_new(struct rg_unpack *file, struct rg_csv **out)
{
    struct rg_csv *c = malloc(sizeof *c);
    if (c == NULL) {
        return RG_ERR_NOMEM;
    }
    c->file = file;
    c->chunk = (struct rg_bytes){NULL, 0};
    c->chunk_pos = 0;
    c->begun = false;
    c->at_end = false;
    c->line = 1;
    c->record_len = 0;
    c->why[0] = '\0';
    *out = c;
    return RG_OK;
}

void rg_csv_destroy(struct rg_csv **c_p)
{
    if (c_p != NULL) {
        free(*c_p);
        *c_p = NULL;
    }
}

const char *rg_csv_why(const struct rg_csv *c)
{
    return c->why;
}

static rg_err refill(struct rg_csv *c)
{
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
    const rg_err err = rg_unpack_next(c->file, &c->chunk);
    if (err == RG_ERR_CLOSED) {
        c->at_end = true;
        return RG_OK;
    }
    if (err != RG_OK) {
        return fail(c, err, "line %llu: %s", (unsigned long long)c->line, rg_unpack_why(c->file));
    }
    c->chunk_pos = 0;
    /* A byte order mark belongs to no field, or a quotation mark behind it would stand inside one.
     */
    if (!c->begun && c->chunk.len >= sizeof mark && memcmp(c->chunk.data, mark, sizeof mark) == 0) {
        c->chunk_pos = sizeof mark;
    }
    c->begun = true;
    return RG_OK;
}

/* The next byte, or -1 at the end. */
static rg_err next_byte(struct rg_csv *c, int *out)
{
    while (c->chunk_pos == c->chunk.len && !c->at_end) {
        const rg_err err = refill(c);
        if (err != RG_OK) {
            return err;
        }
    }
    *out = c->at_end ? -1 : c->chunk.data[c->chunk_pos++];
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
static rg_err read_record(struct rg_csv *c, struct rg_csv_record *r)
{
    struct parse p = {FIELD_START, 0, false};
    c->record_len = 0;
    r->count = 0;
    r->line = c->line;
    r->column = 0;
    bool any = false;
    while (!p.done) {
        int byte = 0;
        rg_err err = next_byte(c, &byte);
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

rg_err rg_csv_next(struct rg_csv *c, struct rg_csv_record *out)
{
    rg_err err = RG_OK;
    do {
        err = read_record(c, out);
    } while (err == RG_OK && out->count == 1 && out->fields[0].len == 0);
    return err;
}
