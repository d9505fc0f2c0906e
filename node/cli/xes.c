#include "node/cli/xes.h"
#include "base/bytes.h"
#include "base/num.h"
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Small beside the cap on a token, since expat looks at an unfinished token anew with each piece.
 */
#define PIECE (16u * 1024)

struct rg_xes {
    XML_Parser parser;
    struct rg_unpack *file; /* borrowed */
    struct rg_bytes chunk;  /* what of it is not yet parsed */
    bool last;              /* the parser knows that nothing follows */
    bool suspended;
    bool touched;     /* a handler was called for the present piece */
    size_t untouched; /* bytes since the last one */
    rg_err fault;     /* found by a handler */
    unsigned depth;
    bool in_trace;
    bool in_event;
    bool ready;       /* `event` is complete */
    size_t trace_len; /* 0: the trace has no name yet */
    size_t used;
    struct rg_xes_event event;
    char why[RG_XES_WHY_MAX];
    uint8_t trace[RG_XES_TRACE_NAME_MAX];
    uint8_t text[RG_XES_EVENT_MAX]; /* keys and values of the event */
};

static rg_err __attribute__((format(printf, 3, 4)))
fail(struct rg_xes *x, rg_err err, const char *format, ...)
{
    char text[RG_XES_WHY_MAX - 64];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    (void)snprintf(x->why, sizeof x->why, "line %llu, column %llu: %s",
                   (unsigned long long)XML_GetCurrentLineNumber(x->parser),
                   (unsigned long long)XML_GetCurrentColumnNumber(x->parser) + 1, text);
    return err;
}

/* A handler found the file wrong. */
#define REFUSE(x, ...)                                                                             \
    do {                                                                                           \
        (x)->fault = fail((x), RG_ERR_INVALID, __VA_ARGS__);                                       \
        (void)XML_StopParser((x)->parser, XML_FALSE);                                              \
    } while (0)

/* The name without a namespace's prefix. */
static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

static const char *find(const char **pairs, const char *name)
{
    for (; pairs[0] != NULL; pairs += 2) {
        if (strcmp(pairs[0], name) == 0) {
            return pairs[1];
        }
    }
    return NULL;
}

/* Whether an element is an attribute; if so, its key, and its value unless it is a list. */
static bool attribute(struct rg_xes *x, const char *element, const char **pairs, const char **key,
                      const char **value)
{
    static const char *const kinds[] = {"string",  "date", "int",  "float",
                                        "boolean", "id",   "list", "container"};
    size_t kind = 0;
    while (kind < 8 && strcmp(kinds[kind], local(element)) != 0) {
        kind++;
    }
    *key = find(pairs, "key");
    *value = kind < 6 ? find(pairs, "value") : NULL;
    if (kind == 8) {
        REFUSE(x, "the element `%.64s` has no place here; traces hold events and attributes",
               element);
    } else if (*key == NULL || **key == '\0') {
        REFUSE(x, "this attribute has no key");
    } else if (kind < 6 && *value == NULL) {
        REFUSE(x, "the attribute `%.64s` has no value", *key);
    }
    return x->fault == RG_OK;
}

static struct rg_bytes keep(struct rg_xes *x, const char *text)
{
    const size_t len = strlen(text);
    if (len > sizeof x->text - x->used) {
        REFUSE(x, "the attributes of this event are longer than 64 KiB");
        return (struct rg_bytes){NULL, 0};
    }
    uint8_t *to = x->text + x->used;
    memcpy(to, text, len);
    x->used += len;
    return (struct rg_bytes){to, len};
}

static void event_attribute(struct rg_xes *x, const char *element, const char **pairs)
{
    const char *key = NULL;
    const char *value = NULL;
    struct rg_xes_event *e = &x->event;
    if (!attribute(x, element, pairs, &key, &value)) {
        return;
    }
    if (e->count == RG_XES_ATTRIBUTES_MAX) {
        REFUSE(x, "more than %d attributes in one event", RG_XES_ATTRIBUTES_MAX);
        return;
    }
    for (size_t i = 0; i < e->count; i++) {
        if (rg_bytes_eq(e->attributes[i].key, rg_bytes_str(key))) {
            REFUSE(x, "the attribute `%.64s` stands there twice", key);
            return;
        }
    }
    struct rg_xes_attribute *a = &e->attributes[e->count++];
    a->key = keep(x, key);
    a->value = value == NULL ? (struct rg_bytes){NULL, 0} : keep(x, value);
}

static void trace_attribute(struct rg_xes *x, const char *element, const char **pairs)
{
    const char *key = NULL;
    const char *value = NULL;
    if (!attribute(x, element, pairs, &key, &value) || strcmp(key, "concept:name") != 0) {
        return;
    }
    const size_t len = value == NULL ? 0 : strlen(value);
    if (x->trace_len != 0 || len == 0 || len > sizeof x->trace) {
        REFUSE(x,
               "the trace's concept:name, which is the case's file number, stands there twice, "
               "is empty, or is longer than %d bytes",
               RG_XES_TRACE_NAME_MAX);
        return;
    }
    memcpy(x->trace, value, len);
    x->trace_len = len;
}

static void begin_event(struct rg_xes *x)
{
    if (x->trace_len == 0) {
        REFUSE(x, "the trace has no concept:name before its first event; it is the case's file "
                  "number");
        return;
    }
    x->in_event = true;
    x->used = 0;
    x->event.count = 0;
    x->event.line = XML_GetCurrentLineNumber(x->parser);
    x->event.column = XML_GetCurrentColumnNumber(x->parser) + 1;
    x->event.trace = (struct rg_bytes){x->trace, x->trace_len};
}

static void on_start(void *ctx, const XML_Char *element, const XML_Char **pairs)
{
    struct rg_xes *x = ctx;
    const char *name = local(element);
    x->touched = true;
    if (x->fault != RG_OK) {
        return;
    }
    x->depth++;
    if (x->depth > RG_XES_DEPTH_MAX) {
        REFUSE(x, "elements stand more than %d deep in one another", RG_XES_DEPTH_MAX);
    } else if (x->depth == 1 && strcmp(name, "log") != 0) {
        REFUSE(x, "this is no XES file: its outermost element is `%.64s`, not `log`", element);
    } else if (x->depth == 2 && strcmp(name, "event") == 0) {
        REFUSE(x, "an event outside of a trace belongs to no case");
    } else if (x->depth == 2) {
        x->in_trace = strcmp(name, "trace") == 0;
        x->trace_len = 0;
    } else if (x->depth == 3 && x->in_trace && strcmp(name, "event") == 0) {
        begin_event(x);
    } else if (x->depth == 3 && x->in_trace) {
        trace_attribute(x, element, pairs);
    } else if (x->depth == 4 && x->in_event) {
        event_attribute(x, element, pairs);
    }
}

static void on_end(void *ctx, const XML_Char *element)
{
    struct rg_xes *x = ctx;
    (void)element;
    x->touched = true;
    if (x->fault != RG_OK) {
        return;
    }
    if (x->depth == 3 && x->in_event) {
        x->in_event = false;
        x->ready = true;
        (void)XML_StopParser(x->parser, XML_TRUE);
    }
    x->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct rg_xes *x = ctx;
    (void)text;
    (void)len;
    x->touched = true;
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int subset)
{
    struct rg_xes *x = ctx;
    (void)name;
    (void)system;
    (void)public;
    (void)subset;
    REFUSE(x, "a DOCTYPE is not allowed; XES needs none, remove it");
}

rg_err rg_xes_new(struct rg_unpack *file, struct rg_xes **out)
{
    struct rg_xes *x = malloc(sizeof *x);
    XML_Parser parser = x == NULL ? NULL : XML_ParserCreate(NULL);
    if (parser == NULL) {
        free(x);
        return RG_ERR_NOMEM;
    }
    memset(x, 0, offsetof(struct rg_xes, trace));
    x->parser = parser;
    x->file = file;
    XML_SetUserData(parser, x);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    /* Comments, declarations, instructions. */
    XML_SetDefaultHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    *out = x;
    return RG_OK;
}

void rg_xes_destroy(struct rg_xes **x_p)
{
    if (x_p == NULL || *x_p == NULL) {
        return;
    }
    XML_ParserFree((*x_p)->parser);
    free(*x_p);
    *x_p = NULL;
}

const char *rg_xes_why(const struct rg_xes *x)
{
    return x->why;
}

/* Hand the parser the next piece of the file, or its end. Gives its length. */
static rg_err feed(struct rg_xes *x, enum XML_Status *status, size_t *out_len)
{
    if (x->chunk.len == 0) {
        const rg_err err = rg_unpack_next(x->file, &x->chunk);
        if (err != RG_OK && err != RG_ERR_CLOSED) {
            return fail(x, err, "%s", rg_unpack_why(x->file));
        }
        x->last = err == RG_ERR_CLOSED;
    }
    const size_t len = x->last ? 0 : (size_t)rg_num_min(x->chunk.len, PIECE);
    void *room = XML_GetBuffer(x->parser, PIECE);
    if (room == NULL) {
        return fail(x, RG_ERR_NOMEM, "out of memory");
    }
    if (len > 0) {
        memcpy(room, x->chunk.data, len);
        x->chunk = (struct rg_bytes){x->chunk.data + len, x->chunk.len - len};
    }
    *status = XML_ParseBuffer(x->parser, (int)len, x->last);
    *out_len = len;
    return RG_OK;
}

static rg_err say_parser(struct rg_xes *x)
{
    const enum XML_Error code = XML_GetErrorCode(x->parser);
    if (code == XML_ERROR_NO_MEMORY) {
        return fail(x, RG_ERR_NOMEM, "out of memory");
    }
    return fail(x, RG_ERR_INVALID, "this is no well-formed XML: %s%s", XML_ErrorString(code),
                x->last ? "; the file ends too early, fetch it again" : "");
}

/* Parse until an event is complete, or the piece is at its end. */
static rg_err step(struct rg_xes *x)
{
    enum XML_Status status = XML_STATUS_OK;
    size_t len = 0;
    rg_err err = RG_OK;
    x->touched = false;
    if (x->suspended) {
        status = XML_ResumeParser(x->parser);
    } else if (x->last) {
        return RG_ERR_CLOSED;
    } else {
        err = feed(x, &status, &len);
    }
    if (err != RG_OK || x->fault != RG_OK) {
        return err != RG_OK ? err : x->fault;
    }
    x->suspended = status == XML_STATUS_SUSPENDED;
    if (status == XML_STATUS_ERROR) {
        return say_parser(x);
    }
    x->untouched = x->touched ? 0 : x->untouched + len;
    if (x->untouched > RG_XES_TOKEN_MAX) {
        return fail(x, RG_ERR_INVALID, "a tag or comment longer than 64 KiB begins here");
    }
    return RG_OK;
}

rg_err rg_xes_next(struct rg_xes *x, const struct rg_xes_event **out)
{
    rg_err err = RG_OK;
    x->ready = false;
    while (err == RG_OK && !x->ready) {
        err = step(x);
    }
    if (err == RG_OK) {
        *out = &x->event;
    }
    return err;
}
