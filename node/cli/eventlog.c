#include "node/cli/eventlog.h"
#include "base/bytes.h"
#include "base/time.h"
#include "proto/client_codec.h"
#include "rules/utf8.h"
#include <stdarg.h>
#include <stdio.h>

static rg_err __attribute__((format(printf, 2, 3)))
fail(struct rg_eventlog *log, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(log->why, sizeof log->why, format, ap);
    va_end(ap);
    return RG_ERR_INVALID;
}

static bool is(struct rg_bytes text, const char *word)
{
    return rg_bytes_eq(text, rg_bytes_str(word));
}

static enum rg_eventlog_role role_of(const struct rg_eventlog *log, struct rg_bytes name,
                                     bool ignore_others, bool *known)
{
    *known = true;
    if (is(name, "case_id")) {
        return RG_EVENTLOG_CASE;
    }
    if (is(name, "activity")) {
        return RG_EVENTLOG_STEP;
    }
    if (is(name, "timestamp")) {
        return RG_EVENTLOG_TIME;
    }
    /* `event_no` numbers the rows of a case; their order says the same. */
    if (is(name, "event_no") || rg_definition_ignores(log->def, name)) {
        return RG_EVENTLOG_IGNORED;
    }
    if (rg_definition_has_field(log->def, name)) {
        return RG_EVENTLOG_FIELD;
    }
    *known = ignore_others;
    return RG_EVENTLOG_IGNORED;
}

static rg_err check_needed(struct rg_eventlog *log)
{
    static const struct {
        enum rg_eventlog_role role;
        const char *name;
    } needed[] = {{RG_EVENTLOG_CASE, "case_id"},
                  {RG_EVENTLOG_STEP, "activity"},
                  {RG_EVENTLOG_TIME, "timestamp"}};
    for (size_t n = 0; n < sizeof needed / sizeof needed[0]; n++) {
        bool found = false;
        for (size_t i = 0; i < log->columns; i++) {
            found = found || log->role[i] == needed[n].role;
        }
        if (!found) {
            return fail(log,
                        "line 1: the header has no column `%s`; it needs case_id, activity and "
                        "timestamp, separated by commas",
                        needed[n].name);
        }
    }
    return RG_OK;
}

rg_err rg_eventlog_header(struct rg_eventlog *log, const struct rg_csv_record *header,
                          bool ignore_others)
{
    log->columns = header->count;
    for (size_t i = 0; i < header->count; i++) {
        const struct rg_bytes name = header->fields[i];
        bool known = false;
        if (name.len == 0 || name.len > RG_NAME_MAX) {
            return fail(log, "line 1, field %zu: a column's name has 1 to %d bytes", i + 1,
                        RG_NAME_MAX);
        }
        (void)snprintf(log->name[i], sizeof log->name[i], "%.*s", (int)name.len,
                       (const char *)name.data);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(log->name[i], log->name[j]) == 0) {
                return fail(log, "line 1: the column `%s` stands there twice", log->name[i]);
            }
        }
        log->role[i] = role_of(log, name, ignore_others, &known);
        if (!known) {
            return fail(log,
                        "line 1: unknown column `%s`: process `%s` has no such field; use "
                        "--ignore-columns to leave it out, or list it under `fields:` or `ignore:`",
                        log->name[i], log->def->process);
        }
    }
    return check_needed(log);
}

static rg_err take_step(struct rg_eventlog *log, uint64_t line, struct rg_bytes v)
{
    if (!rg_definition_has_step(log->def, v)) {
        return fail(log, "line %llu, field `activity`: process `%s` has no step `%.*s`",
                    (unsigned long long)line, log->def->process, v.len > 80 ? 80 : (int)v.len,
                    (const char *)v.data);
    }
    if (!rg_definition_may_write(log->def, v, rg_bytes_str(log->agency))) {
        return fail(log, "line %llu, field `activity`: agency %s may not record the step `%.*s`",
                    (unsigned long long)line, log->agency, (int)v.len, (const char *)v.data);
    }
    return RG_OK;
}

static rg_err take_field(struct rg_eventlog *log, uint64_t line, size_t column, struct rg_bytes v,
                         struct rg_event *e)
{
    const char *why = "it is not right";
    if (v.len == 0) {
        return RG_OK;
    }
    const struct rg_bytes name = rg_bytes_str(log->name[column]);
    if (rg_definition_check_field(log->def, name, v, &why) != RG_OK) {
        return fail(log, "line %llu, field `%s`: %s", (unsigned long long)line, log->name[column],
                    why);
    }
    if (e->field_count == RG_FIELDS_MAX) {
        return fail(log, "line %llu: more than %d fields that are not empty",
                    (unsigned long long)line, RG_FIELDS_MAX);
    }
    e->fields[e->field_count++] = (struct rg_event_field){name, v};
    return RG_OK;
}

static rg_err take_file_number(struct rg_eventlog *log, uint64_t line, struct rg_bytes v)
{
    if (v.len == 0 || v.len > RG_FILE_NUMBER_MAX || !rg_utf8_is_text(v)) {
        return fail(log,
                    "line %llu, field `case_id`: a file number has 1 to %d bytes of UTF-8 without "
                    "control characters",
                    (unsigned long long)line, RG_FILE_NUMBER_MAX);
    }
    return RG_OK;
}

static rg_err take_value(struct rg_eventlog *log, uint64_t line, size_t column, struct rg_bytes v,
                         struct rg_eventlog_row *row)
{
    switch (log->role[column]) {
    case RG_EVENTLOG_CASE:
        row->file_number = v;
        return take_file_number(log, line, v);
    case RG_EVENTLOG_STEP:
        row->event.step = v;
        return take_step(log, line, v);
    case RG_EVENTLOG_TIME:
        if (rg_time_parse(v, &row->event.occurred_ms) != RG_OK) {
            return fail(log,
                        "line %llu, field `timestamp`: `%.*s` is no time; write it like "
                        "2026-03-01T09:30:00Z",
                        (unsigned long long)line, v.len > 40 ? 40 : (int)v.len,
                        v.len == 0 ? "" : (const char *)v.data);
        }
        return RG_OK;
    case RG_EVENTLOG_FIELD:
        return take_field(log, line, column, v, &row->event);
    case RG_EVENTLOG_IGNORED:
        break;
    }
    return RG_OK;
}

rg_err rg_eventlog_row(struct rg_eventlog *log, const struct rg_csv_record *record,
                       struct rg_eventlog_row *out)
{
    if (record->count != log->columns) {
        return fail(log, "line %llu: %zu fields where the header has %zu",
                    (unsigned long long)record->line, record->count, log->columns);
    }
    out->event.field_count = 0;
    rg_err err = RG_OK;
    for (size_t i = 0; err == RG_OK && i < record->count; i++) {
        err = take_value(log, record->line, i, record->fields[i], out);
    }
    return err;
}
