#include "rules/yaml.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "base/time.h"
#include "rules/yaml_tree.h"

static struct rg_yaml *new_doc(const char *name, size_t len)
{
    struct rg_yaml *doc = calloc(1, sizeof(*doc));
    if (doc == NULL) {
        return NULL;
    }
    doc->node_cap = len + 2 < RG_YAML_NODES_MAX ? len + 2 : RG_YAML_NODES_MAX;
    doc->text_cap = len * 2 + doc->node_cap + 16; /* an escape of 2 bytes may stand for 3 */
    doc->nodes = calloc(doc->node_cap, sizeof(*doc->nodes));
    doc->text = calloc(1, doc->text_cap);
    (void)snprintf(doc->name, sizeof(doc->name), "%s", name);
    if (doc->nodes == NULL || doc->text == NULL) {
        rg_yaml_destroy(&doc);
    }
    return doc;
}

rg_err rg_yaml_parse(const char *name, struct rg_bytes bytes, struct rg_yaml **out,
                     char err[RG_YAML_ERROR_MAX])
{
    *out = NULL;
    err[0] = '\0';
    if (bytes.len > RG_YAML_BYTES_MAX) {
        (void)snprintf(err, RG_YAML_ERROR_MAX, "%.200s:1:1: over %d bytes; make the file shorter",
                       name, RG_YAML_BYTES_MAX);
        return RG_ERR_FULL;
    }
    struct rg_yaml *doc = new_doc(name, bytes.len);
    rg_err e = RG_ERR_NOMEM;
    if (doc != NULL) {
        e = rg_yaml_tree_read(doc, bytes);
        memcpy(err, doc->errors, RG_YAML_ERROR_MAX);
    }
    if (e != RG_OK) {
        if (err[0] == '\0') {
            (void)snprintf(err, RG_YAML_ERROR_MAX, "%.200s:1:1: %s", name, rg_err_text(e));
        }
        rg_yaml_destroy(&doc);
        return e;
    }
    *out = doc;
    return RG_OK;
}

static rg_err read_file(int fd, uint8_t *buf, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        const ssize_t n = read(fd, buf + *len, cap - *len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return RG_ERR_IO;
        }
        if (n == 0) {
            break;
        }
        *len += (size_t)n;
    }
    return RG_OK;
}

rg_err rg_yaml_load(const char *path, struct rg_yaml **out, char err[RG_YAML_ERROR_MAX])
{
    *out = NULL;
    err[0] = '\0';
    rg_err e = RG_ERR_IO;
    size_t len = 0;
    uint8_t *buf = malloc(RG_YAML_BYTES_MAX + 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        e = errno == ENOENT ? RG_ERR_NOT_FOUND : errno == EACCES ? RG_ERR_DENIED : RG_ERR_IO;
    } else if (buf == NULL) {
        e = RG_ERR_NOMEM;
    } else {
        e = read_file(fd, buf, RG_YAML_BYTES_MAX + 1, &len);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (e == RG_OK) {
        e = rg_yaml_parse(path, (struct rg_bytes){buf, len}, out, err);
    } else {
        (void)snprintf(err, RG_YAML_ERROR_MAX, "%.200s: %s; check the path and its rights", path,
                       rg_err_text(e));
    }
    free(buf);
    return e;
}

void rg_yaml_destroy(struct rg_yaml **doc)
{
    if (doc == NULL || *doc == NULL) {
        return;
    }
    free((*doc)->nodes);
    free((*doc)->text);
    free(*doc);
    *doc = NULL;
}

const struct rg_yaml_node *rg_yaml_root(const struct rg_yaml *doc)
{
    return &doc->nodes[0];
}

void rg_yaml_report(struct rg_yaml *doc, const struct rg_yaml_node *node, const char *format, ...)
{
    char text[RG_YAML_TREE_LINE_MAX] = "";
    const struct rg_yaml_tree_place at = {node == NULL ? 1 : node->line,
                                          node == NULL ? 1 : node->column};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rg_yaml_tree_error(doc, at, text);
}

void rg_yaml_report_key(struct rg_yaml *doc, const struct rg_yaml_node *node, const char *format,
                        ...)
{
    char text[RG_YAML_TREE_LINE_MAX] = "";
    struct rg_yaml_tree_place at = {1, 1};
    va_list args;
    if (node != NULL) {
        at.line = node->key_line > 0 ? node->key_line : node->line;
        at.column = node->key_line > 0 ? node->key_column : node->column;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    rg_yaml_tree_error(doc, at, text);
}

bool rg_yaml_failed(const struct rg_yaml *doc)
{
    return doc->error_len > 0;
}

const char *rg_yaml_errors(const struct rg_yaml *doc)
{
    return doc->errors;
}

const struct rg_yaml_node *rg_yaml_first(const struct rg_yaml_node *node)
{
    return node == NULL ? NULL : node->child;
}

const struct rg_yaml_node *rg_yaml_next(const struct rg_yaml_node *node)
{
    return node->next;
}

const struct rg_yaml_node *rg_yaml_get(const struct rg_yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != RG_YAML_MAPPING) {
        return NULL;
    }
    for (const struct rg_yaml_node *n = map->child; n != NULL; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

void rg_yaml_only(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *const *keys,
                  size_t count)
{
    if (map == NULL || map->kind != RG_YAML_MAPPING) {
        rg_yaml_report(doc, map, "expected a mapping of keys and values");
        return;
    }
    for (const struct rg_yaml_node *n = map->child; n != NULL; n = n->next) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) {
            known = strcmp(n->key, keys[i]) == 0;
        }
        if (!known) {
            rg_yaml_report_key(doc, n, "unknown key '%.64s'; check the spelling or remove it",
                               n->key);
        }
    }
}

/* The scalar at @key; NULL when absent (reported when @required) or, reported, of another kind. */
static const struct rg_yaml_node *scalar(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                         const char *key, bool required)
{
    const struct rg_yaml_node *n = rg_yaml_get(map, key);
    if (n == NULL) {
        if (required) {
            rg_yaml_report(doc, map, "the key '%s' is missing; add it", key);
        }
        return NULL;
    }
    if (n->kind != RG_YAML_SCALAR) {
        rg_yaml_report(doc, n, "'%s' must be a single value", key);
        return NULL;
    }
    return n;
}

const char *rg_yaml_str(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                        size_t max, bool required)
{
    const struct rg_yaml_node *n = scalar(doc, map, key, required);
    if (n == NULL) {
        return NULL;
    }
    const size_t len = strlen(n->text);
    if (len == 0 || len > max) {
        rg_yaml_report(doc, n, "'%s' must have 1 to %zu bytes, it has %zu", key, max, len);
        return NULL;
    }
    return n->text;
}

uint64_t rg_yaml_u64(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                     const uint64_t range[2], uint64_t fallback)
{
    const struct rg_yaml_node *n = scalar(doc, map, key, false);
    if (n == NULL) {
        return fallback;
    }
    uint64_t v = 0;
    const struct rg_bytes text = {(const uint8_t *)n->text, strlen(n->text)};
    if (rg_num_parse_u64(text, range[1], &v) != RG_OK || v < range[0]) {
        rg_yaml_report(doc, n, "'%s' must be a whole number from %llu to %llu, not '%.64s'", key,
                       (unsigned long long)range[0], (unsigned long long)range[1], n->text);
        return fallback;
    }
    return v;
}

bool rg_yaml_bool(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                  bool fallback)
{
    const struct rg_yaml_node *n = scalar(doc, map, key, false);
    if (n == NULL) {
        return fallback;
    }
    if (strcmp(n->text, "true") == 0) {
        return true;
    }
    if (strcmp(n->text, "false") == 0) {
        return false;
    }
    rg_yaml_report(doc, n, "'%s' must be true or false, not '%.64s'", key, n->text);
    return fallback;
}

int64_t rg_yaml_duration(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                         int64_t fallback)
{
    const struct rg_yaml_node *n = scalar(doc, map, key, false);
    if (n == NULL) {
        return fallback;
    }
    int64_t ms = 0;
    const struct rg_bytes text = {(const uint8_t *)n->text, strlen(n->text)};
    if (rg_time_parse_duration(text, &ms) != RG_OK) {
        rg_yaml_report(doc, n, "'%s' must be a duration like P7D or PT30S, not '%.64s'", key,
                       n->text);
        return fallback;
    }
    return ms;
}

static const struct rg_yaml_node *container(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                            const char *key, enum rg_yaml_kind kind, bool required)
{
    const char *what = kind == RG_YAML_MAPPING ? "a mapping of keys and values" : "a list";
    const struct rg_yaml_node *n = rg_yaml_get(map, key);
    if (n == NULL) {
        if (required) {
            rg_yaml_report(doc, map, "the key '%s' is missing; add it, it is %s", key, what);
        }
        return NULL;
    }
    if (n->kind != kind) {
        rg_yaml_report(doc, n, "'%s' must be %s", key, what);
        return NULL;
    }
    return n;
}

const struct rg_yaml_node *rg_yaml_map(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                       const char *key, bool required)
{
    return container(doc, map, key, RG_YAML_MAPPING, required);
}

const struct rg_yaml_node *rg_yaml_list(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                        const char *key, bool required)
{
    return container(doc, map, key, RG_YAML_SEQUENCE, required);
}
