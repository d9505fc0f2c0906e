#include "node/cli/logfile.h"
#include "base/bytes.h"
#include "node/cli/xes.h"
#include <stdio.h>
#include <stdlib.h>

struct rg_logfile {
    struct rg_unpack *file;
    struct rg_csv *csv; /* one of the two */
    struct rg_xes *xes;
    struct rg_eventlog *log;
    struct rg_csv_record record;
};

/* Where the first three columns of an XES file stand. */
enum {
    CASE_ID,
    ACTIVITY,
    TIMESTAMP
};

static const struct {
    const char *key;
    const char *column;
} named[] = {
    {"concept:name", RG_EVENTLOG_ACTIVITY},
    {"time:timestamp", RG_EVENTLOG_TIMESTAMP},
    {"lifecycle:transition", "lifecycle"},
    {"org:resource", "resource"},
    {"org:group", "group"},
};

#define NAMED (sizeof named / sizeof named[0])

static bool is(struct rg_bytes text, const char *word)
{
    return rg_bytes_eq(text, rg_bytes_str(word));
}

const char *rg_logfile_xes_key(struct rg_bytes column)
{
    for (size_t i = 0; i < NAMED; i++) {
        if (is(column, named[i].column)) {
            return named[i].key;
        }
    }
    return NULL;
}

/* Take over the sentence of a part. */
static rg_err say(struct rg_logfile *f, rg_err err, const char *why)
{
    (void)snprintf(f->log->why, sizeof f->log->why, "%s", why);
    return err;
}

/* Our name for the key of an XES attribute; an empty range when it is left out. */
static rg_err column_of(struct rg_logfile *f, struct rg_bytes key, struct rg_bytes *out)
{
    *out = key;
    for (size_t i = 0; i < NAMED; i++) {
        if (is(key, named[i].key)) {
            *out = rg_bytes_str(named[i].column);
            return RG_OK;
        }
    }
    /* These number the event, as event_no does. */
    const bool number = is(key, "concept:instance") || is(key, "identity:id");
    const bool taken = rg_logfile_xes_key(key) != NULL || is(key, RG_EVENTLOG_CASE_ID);
    if ((taken && f->log->ignore_others) ||
        (number && !rg_definition_has_field(f->log->def, key))) {
        out->len = 0;
    } else if (taken) {
        return rg_eventlog_fail(f->log, &f->record, NULL,
                                "the attribute `%.*s` would be taken for the column of that name; "
                                "use the standard's key, or --ignore-columns to leave it out",
                                (int)key.len, (const char *)key.data);
    }
    return RG_OK;
}

static rg_err put(struct rg_logfile *f, const struct rg_xes_attribute *a)
{
    struct rg_bytes name = {NULL, 0};
    size_t at = 0;
    rg_err err = column_of(f, a->key, &name);
    if (err != RG_OK || name.len == 0) {
        return err;
    }
    err = rg_eventlog_column(f->log, &f->record, name, &at);
    if (err != RG_OK) {
        return err;
    }
    if (a->value.data == NULL && f->log->role[at] == RG_EVENTLOG_FIELD && !f->log->ignore_others) {
        return rg_eventlog_fail(f->log, &f->record, f->log->name[at],
                                "a list cannot be recorded; use --ignore-columns to leave it out");
    }
    f->record.fields[at] = a->value;
    return RG_OK;
}

static rg_err next_event(struct rg_logfile *f)
{
    const struct rg_xes_event *e = NULL;
    rg_err err = rg_xes_next(f->xes, &e);
    if (err != RG_OK) {
        return err == RG_ERR_CLOSED ? err : say(f, err, rg_xes_why(f->xes));
    }
    memset(f->record.fields, 0, sizeof f->record.fields);
    f->record.line = e->line;
    f->record.column = e->column;
    f->record.fields[CASE_ID] = e->trace;
    for (size_t i = 0; err == RG_OK && i < e->count; i++) {
        err = put(f, &e->attributes[i]);
    }
    for (size_t i = ACTIVITY; err == RG_OK && i <= TIMESTAMP; i++) {
        if (f->record.fields[i].len == 0) {
            err = rg_eventlog_fail(f->log, &f->record, f->log->name[i], "the event has no %s",
                                   rg_logfile_xes_key(rg_bytes_str(f->log->name[i])));
        }
    }
    f->record.count = f->log->columns;
    return err;
}

rg_err rg_logfile_next(struct rg_logfile *f, struct rg_eventlog_row *out)
{
    rg_err err = RG_OK;
    if (f->xes != NULL) {
        err = next_event(f);
    } else {
        err = rg_csv_next(f->csv, &f->record);
        if (err != RG_OK && err != RG_ERR_CLOSED) {
            (void)say(f, err, rg_csv_why(f->csv));
        }
    }
    return err == RG_OK ? rg_eventlog_row(f->log, &f->record, out) : err;
}

static bool ends_in(const char *path, const char *end)
{
    const size_t len = strlen(path);
    const size_t n = strlen(end);
    return len >= n && strcmp(path + len - n, end) == 0;
}

static rg_err is_xes(struct rg_logfile *f, const char *path, enum rg_logfile_format format,
                     bool *out)
{
    struct rg_bytes start = {NULL, 0};
    const rg_err err = rg_unpack_peek(f->file, &start);
    if (err == RG_ERR_CLOSED) {
        return say(f, RG_ERR_INVALID, "the file is empty; it needs a header and rows, or a log");
    }
    if (err != RG_OK) {
        (void)snprintf(f->log->why, sizeof f->log->why, "line 1: %s", rg_unpack_why(f->file));
        return err;
    }
    size_t i = start.len >= 3 && memcmp(start.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < start.len && memchr(" \t\r\n", start.data[i], 4) != NULL) {
        i++;
    }
    /* A mark of UTF-16 cannot begin a CSV file of ours either. */
    const bool looks = i < start.len && (start.data[i] == '<' || start.data[i] >= 0xfe);
    *out =
        format == RG_LOGFILE_XES ||
        (format == RG_LOGFILE_ANY && (looks || ends_in(path, ".xes") || ends_in(path, ".xes.gz")));
    return RG_OK;
}

static rg_err begin_csv(struct rg_logfile *f)
{
    rg_err err = rg_csv_new(f->file, &f->csv);
    if (err != RG_OK) {
        return say(f, err, rg_err_text(err));
    }
    err = rg_csv_next(f->csv, &f->record);
    if (err != RG_OK) {
        return say(f, err == RG_ERR_CLOSED ? RG_ERR_INVALID : err,
                   err == RG_ERR_CLOSED ? "the file is empty; it needs a header and rows"
                                        : rg_csv_why(f->csv));
    }
    return rg_eventlog_header(f->log, &f->record);
}

static rg_err begin_xes(struct rg_logfile *f)
{
    static const char *const first[] = {RG_EVENTLOG_CASE_ID, RG_EVENTLOG_ACTIVITY,
                                        RG_EVENTLOG_TIMESTAMP};
    size_t at = 0;
    rg_err err = rg_xes_new(f->file, &f->xes);
    if (err != RG_OK) {
        return say(f, err, rg_err_text(err));
    }
    f->log->columns = 0;
    for (size_t i = CASE_ID; err == RG_OK && i <= TIMESTAMP; i++) {
        err = rg_eventlog_column(f->log, &f->record, rg_bytes_str(first[i]), &at);
    }
    return err;
}

rg_err rg_logfile_open(const char *path, enum rg_logfile_format format, struct rg_unpack_sums *sums,
                       struct rg_eventlog *log, struct rg_logfile **out)
{
    bool xes = false;
    struct rg_logfile *f = calloc(1, sizeof *f);
    if (f == NULL) {
        (void)snprintf(log->why, sizeof log->why, "out of memory");
        return RG_ERR_NOMEM;
    }
    f->log = log;
    rg_err err = rg_unpack_open(path, sums, &f->file);
    if (err != RG_OK) {
        (void)say(f, err, rg_err_text(err));
    } else {
        err = is_xes(f, path, format, &xes);
    }
    if (err == RG_OK) {
        err = xes ? begin_xes(f) : begin_csv(f);
    }
    if (err != RG_OK) {
        rg_logfile_close(&f);
        return err;
    }
    *out = f;
    return RG_OK;
}

void rg_logfile_close(struct rg_logfile **f_p)
{
    if (f_p == NULL || *f_p == NULL) {
        return;
    }
    rg_xes_destroy(&(*f_p)->xes);
    rg_csv_destroy(&(*f_p)->csv);
    rg_unpack_close(&(*f_p)->file);
    free(*f_p);
    *f_p = NULL;
}
