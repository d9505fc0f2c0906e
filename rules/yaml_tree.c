#include "rules/yaml_tree.h"
#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/panic.h"
#include "rules/utf8.h"

#define KEYS_MAX 1024 /* in one mapping, because duplicates are looked for pairwise */

/* A container that is open while events come in. */
struct level {
    struct rg_yaml_node *node;
    struct rg_yaml_node *last;
    const char *key; /* read, and waiting for its value */
    uint32_t key_line;
    uint32_t key_column;
};

struct builder {
    struct rg_yaml *doc;
    struct level levels[RG_YAML_DEPTH_MAX];
    size_t depth;
    size_t documents;
};

void rg_yaml_tree_error(struct rg_yaml *doc, struct rg_yaml_tree_place at, const char *text)
{
    const size_t room = sizeof(doc->errors) - doc->error_len;
    const int n = snprintf(doc->errors + doc->error_len, room, "%s%s:%u:%u: %s",
                           doc->error_len == 0 ? "" : "\n", doc->name, at.line, at.column, text);
    if (n < 0 || (size_t)n >= room) {
        /* No half line: the earlier ones say enough. The very first always fits. */
        doc->errors[doc->error_len] = '\0';
        return;
    }
    doc->error_len += (size_t)n;
}

__attribute__((format(printf, 3, 4))) static void
fail_at(struct rg_yaml *doc, struct rg_yaml_tree_place at, const char *format, ...)
{
    char text[RG_YAML_TREE_LINE_MAX] = "";
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rg_yaml_tree_error(doc, at, text);
}

static struct rg_yaml_tree_place place_of(struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    struct rg_yaml_tree_place at = {1, 1};
    if (mark != NULL && mark->line >= 0 && mark->column >= 0) {
        at.line = (uint32_t)mark->line + 1;
        at.column = (uint32_t)mark->column + 1;
    }
    /* The mark of a quoted text is behind its quote. */
    if (event->type == FYET_SCALAR && event->scalar.value != NULL && at.column > 1) {
        const enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
        at.column -= style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED ? 1 : 0;
    }
    return at;
}

/* Copy a scalar's text; NULL after a report. */
static const char *keep_text(struct rg_yaml *doc, struct fy_token *token,
                             struct rg_yaml_tree_place at)
{
    size_t len = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &len);
    if (text == NULL) {
        doc->nomem = true;
        return NULL;
    }
    if (len >= doc->text_cap - doc->text_len) {
        doc->full = true;
        fail_at(doc, at, "too much text; make the file shorter");
        return NULL;
    }
    if (len > 0 && memchr(text, 0, len) != NULL) {
        fail_at(doc, at, "a NUL byte in a text; remove it");
        return NULL;
    }
    char *copy = doc->text + doc->text_len;
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    doc->text_len += len + 1;
    return copy;
}

/* A new node below the open container, under its waiting key. */
static struct rg_yaml_node *add_node(struct builder *b, enum rg_yaml_kind kind,
                                     struct rg_yaml_tree_place at)
{
    struct rg_yaml *doc = b->doc;
    struct level *top = b->depth == 0 ? NULL : &b->levels[b->depth - 1];
    if (doc->node_count == doc->node_cap) {
        doc->full = true;
        fail_at(doc, at, "more than %zu values; make the file shorter", doc->node_cap);
        return NULL;
    }
    if (top != NULL && top->node->kind == RG_YAML_MAPPING && top->key == NULL) {
        fail_at(doc, at, "a key that is a list or mapping; use a plain name");
        return NULL;
    }
    struct rg_yaml_node *n = &doc->nodes[doc->node_count++];
    *n = (struct rg_yaml_node){.kind = kind, .line = at.line, .column = at.column};
    if (top == NULL) {
        return n;
    }
    n->key = top->key;
    n->key_line = top->key_line;
    n->key_column = top->key_column;
    top->key = NULL;
    if (top->last == NULL) {
        top->node->child = n;
    } else {
        top->last->next = n;
    }
    top->last = n;
    top->node->count++;
    return n;
}

/* Remember a mapping's key until its value comes. */
static bool take_key(struct builder *b, const char *key, struct rg_yaml_tree_place at)
{
    struct level *top = &b->levels[b->depth - 1];
    if (top->node->count >= KEYS_MAX) {
        b->doc->full = true;
        fail_at(b->doc, at, "more than %d keys in one mapping", KEYS_MAX);
        return false;
    }
    for (const struct rg_yaml_node *n = top->node->child; n != NULL; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            fail_at(b->doc, at, "the key '%.64s' stands here twice (first in line %u); remove one",
                    key, n->key_line);
            return false;
        }
    }
    top->key = key;
    top->key_line = at.line;
    top->key_column = at.column;
    return true;
}

static bool on_scalar(struct builder *b, struct fy_event *event)
{
    const struct rg_yaml_tree_place at = place_of(event);
    const struct level *top = b->depth == 0 ? NULL : &b->levels[b->depth - 1];
    const char *text = keep_text(b->doc, event->scalar.value, at);
    if (text == NULL) {
        return false;
    }
    if (top != NULL && top->node->kind == RG_YAML_MAPPING && top->key == NULL) {
        return take_key(b, text, at);
    }
    struct rg_yaml_node *n = add_node(b, RG_YAML_SCALAR, at);
    if (n == NULL) {
        return false;
    }
    n->text = text;
    n->plain =
        event->scalar.value == NULL || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    return true;
}

static bool on_open(struct builder *b, struct fy_event *event, enum rg_yaml_kind kind)
{
    const struct rg_yaml_tree_place at = place_of(event);
    if (b->depth == RG_YAML_DEPTH_MAX) {
        b->doc->full = true;
        fail_at(b->doc, at, "nested deeper than %d levels", RG_YAML_DEPTH_MAX);
        return false;
    }
    struct rg_yaml_node *n = add_node(b, kind, at);
    if (n == NULL) {
        return false;
    }
    b->levels[b->depth++] = (struct level){.node = n};
    return true;
}

/* Take one event; false ends the reading after a report. */
static bool on_event(struct builder *b, struct fy_event *event)
{
    if (fy_event_get_anchor_token(event) != NULL || event->type == FYET_ALIAS) {
        fail_at(b->doc, place_of(event), "anchors and aliases are not allowed; write it out");
        return false;
    }
    if (fy_event_get_tag_token(event) != NULL) {
        fail_at(b->doc, place_of(event), "tags are not allowed; remove it");
        return false;
    }
    switch (event->type) {
    case FYET_SCALAR:
        return on_scalar(b, event);
    case FYET_MAPPING_START:
        return on_open(b, event, RG_YAML_MAPPING);
    case FYET_SEQUENCE_START:
        return on_open(b, event, RG_YAML_SEQUENCE);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        RG_ASSERT(b->depth > 0);
        b->depth--;
        return true;
    case FYET_DOCUMENT_START:
        if (b->documents++ > 0) {
            fail_at(b->doc, place_of(event), "a second document; one file holds one");
            return false;
        }
        return true;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
    case FYET_ALIAS:
    default:
        return true;
    }
}

/* libfyaml would print to stderr without a function of ours. */
static void swallow(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
    (void)diag;
    (void)user;
    (void)buf;
    (void)len;
}

/* The parser's own errors become lines of ours. */
static void take_diag(struct rg_yaml *doc, struct fy_diag *diag)
{
    void *prev = NULL;
    const struct fy_diag_error *e = NULL;
    while ((e = fy_diag_errors_iterate(diag, &prev)) != NULL) {
        const struct rg_yaml_tree_place at = {e->line > 0 ? (uint32_t)e->line : 1,
                                              e->column > 0 ? (uint32_t)e->column : 1};
        fail_at(doc, at, "not YAML: %s", e->msg == NULL ? "?" : e->msg);
    }
    if (doc->error_len == 0 && !doc->nomem) {
        fail_at(doc, (struct rg_yaml_tree_place){1, 1}, "not YAML, or nothing in it");
    }
}

/* Whether libfyaml may see these bytes: UTF-8 text in lines. No directives, because libfyaml 0.7.12
 * never returns from some of them, and no other character that it might take for the start of a
 * line. */
static bool is_plain(struct rg_yaml *doc, struct rg_bytes bytes)
{
    struct rg_yaml_tree_place at = {1, 1};
    for (size_t i = 0; i < bytes.len; at.line++) {
        const size_t start = i;
        if (bytes.data[i] == '%') {
            fail_at(doc, at, "a directive; remove the line, they are not allowed");
            return false;
        }
        while (i < bytes.len && bytes.data[i] != '\n' && bytes.data[i] != '\r') {
            const size_t word = i;
            while (i < bytes.len && bytes.data[i] != '\n' && bytes.data[i] != '\r' &&
                   bytes.data[i] != '\t') {
                i++;
            }
            if (!rg_utf8_is_text((struct rg_bytes){bytes.data + word, i - word})) {
                at.column = (uint32_t)(word - start) + 1;
                fail_at(doc, at, "not UTF-8, or a control character; save the file as UTF-8 text");
                return false;
            }
            i += i < bytes.len && bytes.data[i] == '\t' ? 1 : 0;
        }
        if (i < bytes.len) {
            i += bytes.data[i] == '\r' && i + 1 < bytes.len && bytes.data[i + 1] == '\n' ? 2 : 1;
        }
    }
    return true;
}

static rg_err read_events(struct rg_yaml *doc, struct fy_diag *diag, const char *bytes, size_t len)
{
    const struct fy_parse_cfg cfg = {.search_path = "",
                                     .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE |
                                              FYPCF_DEFAULT_VERSION_1_2,
                                     .diag = diag};
    struct builder b = {.doc = doc};
    struct fy_parser *parser = fy_parser_create(&cfg);
    if (parser == NULL || fy_parser_set_string(parser, bytes, len) != 0) {
        fy_parser_destroy(parser);
        return RG_ERR_NOMEM;
    }
    bool going = true;
    bool ended = false;
    while (going && !ended) {
        struct fy_event *event = fy_parser_parse(parser);
        if (event == NULL) {
            break;
        }
        ended = event->type == FYET_STREAM_END;
        going = on_event(&b, event);
        fy_parser_event_free(parser, event);
    }
    if (!ended || !going || fy_parser_get_stream_error(parser) || doc->node_count == 0) {
        take_diag(doc, diag);
    }
    fy_parser_destroy(parser);
    if (doc->nomem) {
        return RG_ERR_NOMEM;
    }
    return doc->full ? RG_ERR_FULL : doc->error_len > 0 ? RG_ERR_INVALID : RG_OK;
}

rg_err rg_yaml_tree_read(struct rg_yaml *doc, struct rg_bytes bytes)
{
    const struct fy_diag_cfg cfg = {.output_fn = swallow, .level = FYET_ERROR, .module_mask = ~0U};
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* some editors begin a file with it */
    if (bytes.len >= sizeof(mark) && memcmp(bytes.data, mark, sizeof(mark)) == 0) {
        bytes.data += sizeof(mark);
        bytes.len -= sizeof(mark);
    }
    if (!is_plain(doc, bytes)) {
        return RG_ERR_INVALID;
    }
    struct fy_diag *diag = fy_diag_create(&cfg);
    if (diag == NULL) {
        return RG_ERR_NOMEM;
    }
    fy_diag_set_collect_errors(diag, true);
    const rg_err e =
        read_events(doc, diag, bytes.len == 0 ? "" : (const char *)bytes.data, bytes.len);
    fy_diag_destroy(diag);
    return e;
}
