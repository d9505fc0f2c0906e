#include "node/cli/export.h"
#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/logfile.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool is(struct rg_bytes text, const char *word)
{
    return rg_bytes_eq(text, rg_bytes_str(word));
}

rg_err rg_export_fail(struct rg_export *x, rg_err err, const struct rg_export_event *e,
                      const char *format, ...)
{
    char text[RG_EXPORT_WHY_MAX - 200];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    (void)snprintf(x->why, sizeof x->why, "case %.*s, event %u: %s", (int)e->case_id.len,
                   (const char *)e->case_id.data, e->event_no, text);
    return err;
}

rg_err rg_export_check_field(struct rg_export *x, const struct rg_export_event *e,
                             struct rg_bytes name)
{
    static const char *const taken[] = {
        RG_EVENTLOG_CASE_ID, RG_EVENTLOG_EVENT_NO, RG_EVENTLOG_ACTIVITY, RG_EVENTLOG_TIMESTAMP,
        RG_EVENTLOG_AGENCY,  "concept:name",       "time:timestamp",     "lifecycle:transition",
        "org:resource",      "org:group",
    };
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (is(name, taken[i])) {
            return rg_export_fail(x, RG_ERR_INVALID, e,
                                  "a field `%s` cannot be told from the column or key of that "
                                  "name; use --format ocel",
                                  taken[i]);
        }
    }
    return RG_OK;
}

static int rank(struct rg_bytes name)
{
    return is(name, "lifecycle") ? 0 : is(name, "resource") ? 1 : is(name, "group") ? 2 : 3;
}

static int compare(struct rg_bytes a, struct rg_bytes b)
{
    const size_t len = (size_t)rg_num_min(a.len, b.len);
    const int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int rg_export_order(struct rg_bytes a, struct rg_bytes b)
{
    const int order = rank(a) - rank(b);
    return order != 0 ? order : compare(a, b);
}

void rg_export_sort(const struct rg_event *e, const struct rg_event_field *out[RG_FIELDS_MAX])
{
    for (uint32_t i = 0; i < e->field_count; i++) {
        uint32_t at = i;
        while (at > 0 && rg_export_order(out[at - 1]->name, e->fields[i].name) > 0) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = &e->fields[i];
    }
}

rg_err rg_export_names_add(struct rg_export_names *set, struct rg_bytes name)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(set->names[middle], name);
        if (order == 0) {
            return RG_OK;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    if (set->count == RG_EXPORT_NAMES_MAX) {
        return RG_ERR_FULL;
    }
    if (set->count == set->cap) {
        const size_t cap = set->cap == 0 ? 32 : set->cap * 2;
        struct rg_bytes *grown = realloc(set->names, cap * sizeof *grown);
        if (grown == NULL) {
            return RG_ERR_NOMEM;
        }
        set->names = grown;
        set->cap = cap;
    }
    uint8_t *copy = malloc(name.len + 1);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    memcpy(copy, name.data, name.len);
    memmove(set->names + low + 1, set->names + low, (set->count - low) * sizeof *set->names);
    set->names[low] = (struct rg_bytes){copy, name.len};
    set->count++;
    return RG_OK;
}

void rg_export_names_fini(struct rg_export_names *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free((void *)(uintptr_t)set->names[i].data);
    }
    free(set->names);
    *set = (struct rg_export_names){0};
}
