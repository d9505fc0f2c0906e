/* XES as IEEE 1849-2016 has it. What is declared global stands in every trace or event, and
 * classifiers use nothing else. */
#include "base/bytes.h"
#include "node/cli/eventlog.h"
#include "node/cli/export.h"
#include "node/cli/logfile.h"

#define EXTENSION(name, prefix)                                                                    \
    "\t<extension name=\"" name "\" prefix=\"" prefix                                              \
    "\" uri=\"http://www.xes-standard.org/" prefix ".xesext\"/>\n"

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<log xes.version=\"1849.2016\" xes.features=\"\" "
    "xmlns=\"http://www.xes-standard.org/\">\n" EXTENSION("Concept", "concept")
        EXTENSION("Lifecycle", "lifecycle") EXTENSION("Organizational", "org") EXTENSION(
            "Time",
            "time") "\t<global scope=\"trace\">\n"
                    "\t\t<string key=\"concept:name\" value=\"UNKNOWN\"/>\n"
                    "\t</global>\n"
                    "\t<global scope=\"event\">\n"
                    "\t\t<string key=\"concept:name\" value=\"UNKNOWN\"/>\n"
                    "\t\t<date key=\"time:timestamp\" value=\"1970-01-01T00:00:00.000Z\"/>\n"
                    "\t\t<string key=\"" RG_EVENTLOG_AGENCY "\" value=\"UNKNOWN\"/>\n"
                    "\t</global>\n"
                    "\t<classifier name=\"Activity\" scope=\"event\" keys=\"concept:name\"/>\n"
                    "\t<classifier name=\"Agency\" scope=\"event\" keys=\"" RG_EVENTLOG_AGENCY
                    "\"/>\n";

/* Text in an attribute. False when XML has no way to write it. */
static bool put(struct rg_exportfile *out, struct rg_bytes text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const char *name = c == '&'   ? "&amp;"
                           : c == '<' ? "&lt;"
                           : c == '>' ? "&gt;"
                           : c == '"' ? "&quot;"
                                      : NULL;
        if (name != NULL) {
            rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, i - from});
            rg_exportfile_text(out, name);
            from = i + 1;
        }
        /* U+FFFE and U+FFFF. */
        if (c == 0xef && text.len - i >= 3 && text.data[i + 1] == 0xbf &&
            text.data[i + 2] >= 0xbe) {
            return false;
        }
    }
    rg_exportfile_bytes(out, (struct rg_bytes){text.data + from, text.len - from});
    return true;
}

static bool put_string(struct rg_exportfile *out, struct rg_bytes key, struct rg_bytes value)
{
    rg_exportfile_text(out, "<string key=\"");
    bool good = put(out, key);
    rg_exportfile_text(out, "\" value=\"");
    good = put(out, value) && good;
    rg_exportfile_text(out, "\"/>\n");
    return good;
}

static rg_err begin(struct rg_export *x)
{
    rg_exportfile_text(x->out, head);
    return RG_OK;
}

static bool put_event(struct rg_export *x, const struct rg_export_event *e)
{
    const struct rg_event_field *fields[RG_FIELDS_MAX];
    rg_export_sort(e->event, fields);
    rg_exportfile_text(x->out, "\t\t<event>\n\t\t\t");
    bool good = put_string(x->out, rg_bytes_str("concept:name"), e->event->step);
    rg_exportfile_text(x->out, "\t\t\t<date key=\"time:timestamp\" value=\"");
    rg_exportfile_time(x->out, e->event->occurred_ms);
    rg_exportfile_text(x->out, "\"/>\n");
    for (uint32_t i = 0; i < e->event->field_count; i++) {
        const char *key = rg_logfile_xes_key(fields[i]->name);
        rg_exportfile_text(x->out, "\t\t\t");
        good = put_string(x->out, key == NULL ? fields[i]->name : rg_bytes_str(key),
                          fields[i]->value) &&
               good;
    }
    rg_exportfile_text(x->out, "\t\t\t");
    good = put_string(x->out, rg_bytes_str(RG_EVENTLOG_AGENCY), e->agency) && good;
    rg_exportfile_text(x->out, "\t\t</event>\n");
    return good;
}

static rg_err event(struct rg_export *x, const struct rg_export_event *e)
{
    bool good = true;
    for (uint32_t i = 0; i < e->event->field_count; i++) {
        const rg_err err = rg_export_check_field(x, e, e->event->fields[i].name);
        if (err != RG_OK) {
            return err;
        }
    }
    if (e->event_no == 0) {
        rg_exportfile_text(x->out,
                           x->cases > 1 ? "\t</trace>\n\t<trace>\n\t\t" : "\t<trace>\n\t\t");
        good = put_string(x->out, rg_bytes_str("concept:name"), e->case_id);
    }
    good = put_event(x, e) && good;
    return good ? RG_OK
                : rg_export_fail(x, RG_ERR_INVALID, e,
                                 "it holds U+FFFE or U+FFFF, which XML cannot; use --format csv");
}

static rg_err end(struct rg_export *x)
{
    rg_exportfile_text(x->out, x->cases > 0 ? "\t</trace>\n</log>\n" : "</log>\n");
    return RG_OK;
}

static void fini(struct rg_export *x)
{
    (void)x;
}

const struct rg_export_format rg_export_xes = {"xes", NULL, begin, event, end, fini};
