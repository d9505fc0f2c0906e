/* CSV (RFC 4180) with the header that `import` reads. */
#include "base/bytes.h"
#include "node/cli/eventlog.h"
#include "node/cli/export.h"
#include <stdlib.h>

static rg_err survey(struct rg_export *x, const struct rg_export_event *e)
{
    rg_err err = RG_OK;
    if (x->state == NULL) {
        x->state = calloc(1, sizeof(struct rg_export_names));
    }
    struct rg_export_names *columns = x->state;
    for (uint32_t i = 0; err == RG_OK && i < e->event->field_count; i++) {
        const struct rg_bytes name = e->event->fields[i].name;
        err = rg_export_check_field(x, e, name);
        if (err == RG_OK) {
            err = columns == NULL ? RG_ERR_NOMEM : rg_export_names_add(columns, name);
        }
    }
    if (err == RG_OK && columns != NULL && columns->count > RG_CSV_COLUMNS_MAX - 5) {
        return rg_export_fail(x, RG_ERR_FULL, e, "more than %d columns; use --format xes",
                              RG_CSV_COLUMNS_MAX);
    }
    return err;
}

static void put(struct rg_exportfile *out, struct rg_bytes text)
{
    bool plain = true;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        plain = plain && c != '"' && c != ',' && c != '\r' && c != '\n';
    }
    if (plain) {
        rg_exportfile_bytes(out, text);
        return;
    }
    size_t from = 0;
    rg_exportfile_text(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') {
            rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, i + 1 - from});
            from = i; /* once more */
        }
    }
    rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, text.len - from});
    rg_exportfile_text(out, "\"");
}

static int by_order(const void *a, const void *b)
{
    return rg_export_order(*(const struct rg_bytes *)a, *(const struct rg_bytes *)b);
}

static rg_err begin(struct rg_export *x)
{
    const struct rg_export_names *columns = x->state;
    rg_exportfile_text(x->out,
                       RG_EVENTLOG_CASE_ID "," RG_EVENTLOG_EVENT_NO "," RG_EVENTLOG_ACTIVITY
                                           "," RG_EVENTLOG_TIMESTAMP "," RG_EVENTLOG_AGENCY);
    if (columns != NULL && columns->count > 0) {
        qsort(columns->names, columns->count, sizeof *columns->names, by_order);
    }
    for (size_t i = 0; columns != NULL && i < columns->count; i++) {
        rg_exportfile_text(x->out, ",");
        put(x->out, columns->names[i]);
    }
    rg_exportfile_text(x->out, "\n");
    return RG_OK;
}

static rg_err event(struct rg_export *x, const struct rg_export_event *e)
{
    const struct rg_event_field *fields[RG_FIELDS_MAX];
    const struct rg_export_names *columns = x->state;
    uint32_t next = 0;
    rg_export_sort(e->event, fields);
    put(x->out, e->case_id);
    rg_exportfile_text(x->out, ",");
    rg_exportfile_number(x->out, e->event_no);
    rg_exportfile_text(x->out, ",");
    put(x->out, e->event->step);
    rg_exportfile_text(x->out, ",");
    rg_exportfile_time(x->out, e->event->occurred_ms);
    rg_exportfile_text(x->out, ",");
    put(x->out, e->agency);
    /* Columns and fields stand in the same order. */
    for (size_t i = 0; columns != NULL && i < columns->count; i++) {
        rg_exportfile_text(x->out, ",");
        if (next < e->event->field_count && rg_bytes_eq(fields[next]->name, columns->names[i])) {
            put(x->out, fields[next++]->value);
        }
    }
    rg_exportfile_text(x->out, "\n");
    return RG_OK;
}

static rg_err end(struct rg_export *x)
{
    (void)x;
    return RG_OK;
}

static void fini(struct rg_export *x)
{
    if (x->state != NULL) {
        rg_export_names_fini(x->state);
        free(x->state);
        x->state = NULL;
    }
}

const struct rg_export_format rg_export_csv = {"csv", survey, begin, event, end, fini};
