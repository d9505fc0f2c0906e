#include "node/cli/eventlog.h"
#include "base/bytes.h"
#include "base/time.h"
#include "proto/client_codec.h"
#include "rules/utf8.h"
#include <stdarg.h>
#include <stdio.h>

rg_err rg_eventlog_fail(struct rg_eventlog *log, const struct rg_csv_record *at, const char *field,
                        const char *format, ...)
{
    char text[RG_EVENTLOG_WHY_MAX - 160];
    char column[32] = "";
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (at->column != 0) {
        (void)snprintf(column, sizeof column, ", column %llu", (unsigned long long)at->column);
    }
    (void)snprintf(log->why, sizeof log->why, "line %llu%s%s%s%s: %s", (unsigned long long)at->line,
                   column, field == NULL ? "" : ", field `", field == NULL ? "" : field,
                   field == NULL ? "" : "`", text);
    return RG_ERR_INVALID;
}

static bool is(struct rg_bytes text, const char *word)
{
    return rg_bytes_eq(text, rg_bytes_str(word));
}

static enum rg_eventlog_role role_of(const struct rg_eventlog *log, struct rg_bytes name,
                                     bool *known)
{
    *known = true;
    if (is(name, RG_EVENTLOG_CASE_ID)) {
        return RG_EVENTLOG_CASE;
    }
    if (is(name, RG_EVENTLOG_ACTIVITY)) {
        return RG_EVENTLOG_STEP;
    }
    if (is(name, RG_EVENTLOG_TIMESTAMP)) {
        return RG_EVENTLOG_TIME;
    }
    /* `event_no` numbers the rows of a case; their order says the same. Who recorded an exported
     * event is not for the one who records it here to say. */
    if (is(name, RG_EVENTLOG_EVENT_NO) || is(name, RG_EVENTLOG_AGENCY) ||
        rg_definition_ignores(log->def, name)) {
        return RG_EVENTLOG_IGNORED;
    }
    if (rg_definition_has_field(log->def, name)) {
        return RG_EVENTLOG_FIELD;
    }
    *known = log->ignore_others;
    return RG_EVENTLOG_IGNORED;
}

rg_err rg_eventlog_column(struct rg_eventlog *log, const struct rg_csv_record *at,
                          struct rg_bytes name, size_t *out)
{
    bool known = false;
    const size_t i = log->columns;
    for (size_t j = 0; j < i; j++) {
        if (is(name, log->name[j])) {
            *out = j;
            return RG_OK;
        }
    }
    if (name.len == 0 || name.len > RG_NAME_MAX) {
        return rg_eventlog_fail(log, at, NULL,
                                "the name of a column or attribute has 1 to %d bytes", RG_NAME_MAX);
    }
    if (i == RG_CSV_COLUMNS_MAX) {
        return rg_eventlog_fail(log, at, NULL, "more than %d columns or attributes",
                                RG_CSV_COLUMNS_MAX);
    }
    (void)snprintf(log->name[i], sizeof log->name[i], "%.*s", (int)name.len,
                   (const char *)name.data);
    log->role[i] = role_of(log, name, &known);
    if (!known) {
        return rg_eventlog_fail(
            log, at, NULL,
            "unknown column `%s`: process `%s` has no such field; use --ignore-columns to "
            "leave it out, or list it under `fields:` or `ignore:`",
            log->name[i], log->def->process);
    }
    log->columns++;
    *out = i;
    return RG_OK;
}

rg_err rg_eventlog_header(struct rg_eventlog *log, const struct rg_csv_record *header)
{
    static const char *const needed[] = {RG_EVENTLOG_CASE_ID, RG_EVENTLOG_ACTIVITY,
                                         RG_EVENTLOG_TIMESTAMP};
    bool found[3] = {false, false, false};
    log->columns = 0;
    for (size_t i = 0; i < header->count; i++) {
        size_t at = 0;
        const rg_err err = rg_eventlog_column(log, header, header->fields[i], &at);
        if (err != RG_OK) {
            return err;
        }
        if (at != i) {
            return rg_eventlog_fail(log, header, NULL, "the column `%s` stands there twice",
                                    log->name[at]);
        }
        for (size_t n = 0; n < 3; n++) {
            found[n] = found[n] || is(header->fields[i], needed[n]);
        }
    }
    for (size_t n = 0; n < 3; n++) {
        if (!found[n]) {
            return rg_eventlog_fail(
                log, header, NULL,
                "the header has no column `%s`; it needs case_id, activity and timestamp, "
                "separated by commas",
                needed[n]);
        }
    }
    return RG_OK;
}

static rg_err take_step(struct rg_eventlog *log, const struct rg_csv_record *at, struct rg_bytes v)
{
    if (!rg_definition_has_step(log->def, v)) {
        return rg_eventlog_fail(log, at, RG_EVENTLOG_ACTIVITY, "process `%s` has no step `%.*s`",
                                log->def->process, v.len > 80 ? 80 : (int)v.len,
                                v.len == 0 ? "" : (const char *)v.data);
    }
    if (!rg_definition_may_write(log->def, v, rg_bytes_str(log->agency))) {
        return rg_eventlog_fail(log, at, RG_EVENTLOG_ACTIVITY,
                                "agency %s may not record the step `%.*s`", log->agency, (int)v.len,
                                (const char *)v.data);
    }
    return RG_OK;
}

static rg_err take_field(struct rg_eventlog *log, const struct rg_csv_record *at, size_t column,
                         struct rg_event *e)
{
    const char *why = "it is not right";
    const struct rg_bytes v = at->fields[column];
    if (v.len == 0) {
        return RG_OK;
    }
    const struct rg_bytes name = rg_bytes_str(log->name[column]);
    if (rg_definition_check_field(log->def, name, v, &why) != RG_OK) {
        return rg_eventlog_fail(log, at, log->name[column], "%s", why);
    }
    if (e->field_count == RG_FIELDS_MAX) {
        return rg_eventlog_fail(log, at, NULL, "more than %d fields that are not empty",
                                RG_FIELDS_MAX);
    }
    e->fields[e->field_count++] = (struct rg_event_field){name, v};
    return RG_OK;
}

static rg_err take_file_number(struct rg_eventlog *log, const struct rg_csv_record *at,
                               struct rg_bytes v)
{
    if (v.len == 0 || v.len > RG_FILE_NUMBER_MAX || !rg_utf8_is_text(v)) {
        return rg_eventlog_fail(
            log, at, RG_EVENTLOG_CASE_ID,
            "a file number has 1 to %d bytes of UTF-8 without control characters",
            RG_FILE_NUMBER_MAX);
    }
    return RG_OK;
}

static rg_err take_value(struct rg_eventlog *log, const struct rg_csv_record *at, size_t column,
                         struct rg_eventlog_row *row)
{
    const struct rg_bytes v = at->fields[column];
    switch (log->role[column]) {
    case RG_EVENTLOG_CASE:
        row->file_number = v;
        return take_file_number(log, at, v);
    case RG_EVENTLOG_STEP:
        row->event.step = v;
        return take_step(log, at, v);
    case RG_EVENTLOG_TIME:
        if (rg_time_parse(v, &row->event.occurred_ms) != RG_OK) {
            return rg_eventlog_fail(log, at, RG_EVENTLOG_TIMESTAMP,
                                    "`%.*s` is no time; write it like 2026-03-01T09:30:00Z",
                                    v.len > 40 ? 40 : (int)v.len,
                                    v.len == 0 ? "" : (const char *)v.data);
        }
        return RG_OK;
    case RG_EVENTLOG_FIELD:
        return take_field(log, at, column, &row->event);
    case RG_EVENTLOG_IGNORED:
        break;
    }
    return RG_OK;
}

rg_err rg_eventlog_row(struct rg_eventlog *log, const struct rg_csv_record *record,
                       struct rg_eventlog_row *out)
{
    if (record->count != log->columns) {
        return rg_eventlog_fail(log, record, NULL, "%zu fields where the header has %zu",
                                record->count, log->columns);
    }
    out->event.field_count = 0;
    rg_err err = RG_OK;
    for (size_t i = 0; err == RG_OK && i < record->count; i++) {
        err = take_value(log, record, i, out);
    }
    return err;
}
