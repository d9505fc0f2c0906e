/* OCEL 2.0 as JSON. Cases and agencies are objects; an event belongs to a case and to the agency
 * that recorded it. Events are written as they come, all else, which they tell, behind them. */
#include "base/bytes.h"
#include "node/cli/export.h"
#include <stdlib.h>

#define CASES_MAX 16000000u

struct ocel_case {
    struct rg_bytes id; /* malloc'ed */
    uint32_t opener;    /* place in `agencies` */
};

struct state {
    /* Event types, each followed by its attributes as `type 0x01 attribute`: no name holds a
     * control character, so that this is also their order. */
    struct rg_export_names types;
    struct rg_bytes *agencies; /* in the order of their coming, malloc'ed */
    uint32_t agency_count;
    struct ocel_case *cases;
    size_t case_count;
    size_t case_cap;
};

static void put(struct rg_exportfile *out, struct rg_bytes text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, i - from});
            rg_exportfile_text(out, "\\");
            from = i;
        }
    }
    rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, text.len - from});
}

/* `before`, the text, `after`. */
static void put3(struct rg_exportfile *out, const char *before, struct rg_bytes text,
                 const char *after)
{
    rg_exportfile_text(out, before);
    put(out, text);
    rg_exportfile_text(out, after);
}

static struct rg_bytes copy(struct rg_bytes b)
{
    uint8_t *data = malloc(b.len + 1);
    if (data == NULL) {
        return (struct rg_bytes){NULL, 0};
    }
    memcpy(data, b.data, b.len);
    return (struct rg_bytes){data, b.len};
}

static rg_err begin(struct rg_export *x)
{
    x->state = calloc(1, sizeof(struct state));
    rg_exportfile_text(x->out, "{\"events\":[");
    return x->state == NULL ? RG_ERR_NOMEM : RG_OK;
}

/* The place of an agency among those that came, added when it is new. */
static rg_err take_agency(struct state *s, struct rg_bytes name, uint32_t *out)
{
    for (uint32_t i = 0; i < s->agency_count; i++) {
        if (rg_bytes_eq(s->agencies[i], name)) {
            *out = i;
            return RG_OK;
        }
    }
    if (s->agency_count == RG_AGENCIES_MAX) {
        return RG_ERR_FULL;
    }
    if (s->agencies == NULL) {
        s->agencies = calloc(RG_AGENCIES_MAX, sizeof *s->agencies);
    }
    const struct rg_bytes kept = copy(name);
    if (s->agencies == NULL || kept.data == NULL) {
        free((void *)(uintptr_t)kept.data);
        return RG_ERR_NOMEM;
    }
    s->agencies[s->agency_count] = kept;
    *out = s->agency_count++;
    return RG_OK;
}

static rg_err take_case(struct state *s, struct rg_bytes id, uint32_t opener)
{
    if (s->case_count == CASES_MAX) {
        return RG_ERR_FULL;
    }
    if (s->case_count == s->case_cap) {
        const size_t cap = s->case_cap == 0 ? 1024 : s->case_cap * 2;
        struct ocel_case *grown = realloc(s->cases, cap * sizeof *grown);
        if (grown == NULL) {
            return RG_ERR_NOMEM;
        }
        s->cases = grown;
        s->case_cap = cap;
    }
    const struct rg_bytes kept = copy(id);
    if (kept.data == NULL) {
        return RG_ERR_NOMEM;
    }
    s->cases[s->case_count++] = (struct ocel_case){kept, opener};
    return RG_OK;
}

/* Note the event's type and attributes. */
static rg_err take_type(struct state *s, const struct rg_event *e)
{
    uint8_t name[2 * RG_NAME_MAX + 1];
    rg_err err = rg_export_names_add(&s->types, e->step);
    for (uint32_t i = 0; err == RG_OK && i < e->field_count; i++) {
        struct rg_writer w = rg_bytes_writer(name, sizeof name);
        rg_bytes_put(&w, e->step.data, e->step.len);
        rg_bytes_put_u8(&w, 1);
        rg_bytes_put(&w, e->fields[i].name.data, e->fields[i].name.len);
        err = rg_export_names_add(&s->types, (struct rg_bytes){name, w.len});
    }
    return err;
}

static rg_err event(struct rg_export *x, const struct rg_export_event *e)
{
    const struct rg_event_field *fields[RG_FIELDS_MAX];
    struct state *s = x->state;
    uint32_t agency = 0;
    rg_err err = take_agency(s, e->agency, &agency);
    if (err == RG_OK && e->event_no == 0) {
        err = take_case(s, e->case_id, agency);
    }
    if (err == RG_OK) {
        err = take_type(s, e->event);
    }
    if (err != RG_OK) {
        return err == RG_ERR_FULL
                   ? rg_export_fail(x, err, e, "too many cases, agencies or kinds of events")
                   : err;
    }
    put3(x->out, x->events > 1 ? ",\n{\"id\":\"event:" : "\n{\"id\":\"event:", e->case_id, "/");
    rg_exportfile_number(x->out, e->event_no);
    put3(x->out, "\",\"type\":\"", e->event->step, "\",\"time\":\"");
    rg_exportfile_time(x->out, e->event->occurred_ms);
    rg_exportfile_text(x->out, "\",\"attributes\":[");
    rg_export_sort(e->event, fields);
    for (uint32_t i = 0; i < e->event->field_count; i++) {
        put3(x->out, i > 0 ? ",{\"name\":\"" : "{\"name\":\"", fields[i]->name, "\"");
        put3(x->out, ",\"value\":\"", fields[i]->value, "\"}");
    }
    put3(x->out, "],\"relationships\":[{\"objectId\":\"case:", e->case_id,
         "\",\"qualifier\":\"case\"}");
    put3(x->out, ",{\"objectId\":\"agency:", e->agency, "\",\"qualifier\":\"recorded by\"}]}");
    return RG_OK;
}

static void put_objects(struct rg_export *x)
{
    const struct state *s = x->state;
    for (uint32_t i = 0; i < s->agency_count; i++) {
        put3(x->out, i > 0 ? ",\n{\"id\":\"agency:" : "\n{\"id\":\"agency:", s->agencies[i],
             "\",\"type\":\"agency\",\"attributes\":[],\"relationships\":[]}");
    }
    for (size_t i = 0; i < s->case_count; i++) {
        put3(x->out, ",\n{\"id\":\"case:", s->cases[i].id,
             "\",\"type\":\"case\",\"attributes\":[]");
        put3(x->out, ",\"relationships\":[{\"objectId\":\"agency:", s->agencies[s->cases[i].opener],
             "\",\"qualifier\":\"opened by\"}]}");
    }
}

static void put_types(struct rg_export *x)
{
    const struct rg_export_names *t = &((const struct state *)x->state)->types;
    bool first = true; /* attribute of its type */
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *mark = memchr(t->names[i].data, 1, t->names[i].len);
        if (mark == NULL) {
            put3(x->out, i > 0 ? "]},\n{\"name\":\"" : "\n{\"name\":\"", t->names[i],
                 "\",\"attributes\":[");
            first = true;
            continue;
        }
        const size_t skip = (size_t)(mark + 1 - t->names[i].data);
        put3(x->out, first ? "{\"name\":\"" : ",{\"name\":\"",
             (struct rg_bytes){mark + 1, t->names[i].len - skip}, "\",\"type\":\"string\"}");
        first = false;
    }
    rg_exportfile_text(x->out, t->count > 0 ? "]}" : "");
}

static rg_err end(struct rg_export *x)
{
    rg_exportfile_text(x->out, "],\n\"objects\":[");
    put_objects(x);
    rg_exportfile_text(x->out, "],\n\"objectTypes\":[{\"name\":\"agency\",\"attributes\":[]},"
                               "{\"name\":\"case\",\"attributes\":[]}],\n\"eventTypes\":[");
    put_types(x);
    rg_exportfile_text(x->out, "]}\n");
    return RG_OK;
}

static void fini(struct rg_export *x)
{
    struct state *s = x->state;
    if (s == NULL) {
        return;
    }
    rg_export_names_fini(&s->types);
    for (uint32_t i = 0; i < s->agency_count; i++) {
        free((void *)(uintptr_t)s->agencies[i].data);
    }
    free(s->agencies);
    for (size_t i = 0; i < s->case_count; i++) {
        free((void *)(uintptr_t)s->cases[i].id.data);
    }
    free(s->cases);
    free(s);
    x->state = NULL;
}

const struct rg_export_format rg_export_ocel = {"ocel", NULL, begin, event, end, fini};
