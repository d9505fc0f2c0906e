/* The one wrapper around libfyaml: reads a YAML document into a small tree of its own, under caps,
 * and collects errors as lines `FILE:LINE:COL: what; what to do`. Process definitions, the node's
 * configuration and the command line's profile are all read through it.
 *
 * Refused: more than RG_YAML_BYTES_MAX bytes, RG_YAML_DEPTH_MAX levels or RG_YAML_NODES_MAX nodes,
 * anchors, aliases, tags, duplicate keys, keys that are no scalars, more than one document, NUL
 * bytes inside a scalar. Scalars are text; nothing is guessed about their type.
 *
 * Owner: the caller of rg_yaml_parse; nodes and texts live as long as the document. One thread at a
 * time per document. Does not interpret what it reads. */
#ifndef RG_RULES_YAML_H
#define RG_RULES_YAML_H

#include "base/err.h"
#include "base/types.h"

#define RG_YAML_BYTES_MAX 262144
#define RG_YAML_DEPTH_MAX 16
#define RG_YAML_NODES_MAX 32768
#define RG_YAML_ERROR_MAX 4096 /* bytes of error text kept, with the final NUL */

enum rg_yaml_kind {
    RG_YAML_SCALAR = 1,
    RG_YAML_SEQUENCE,
    RG_YAML_MAPPING,
};

/* A node; read only. Walk with rg_yaml_first and rg_yaml_next, or rg_yaml_get by key. */
struct rg_yaml_node {
    enum rg_yaml_kind kind;
    uint32_t line; /* of the value, from 1 */
    uint32_t column;
    uint32_t key_line; /* of the key, from 1; 0 when there is none */
    uint32_t key_column;
    uint32_t count;   /* children */
    bool plain;       /* a scalar without quotes */
    const char *key;  /* inside a mapping, else NULL */
    const char *text; /* of a scalar, NUL-terminated; NULL otherwise */
    const struct rg_yaml_node *child;
    const struct rg_yaml_node *next;
};

struct rg_yaml;

/* Parse @bytes; @name stands for the file in error texts (copied). On failure *@out is NULL and
 * @err holds one or more error lines; on success @err is "". Errors: RG_ERR_INVALID  not YAML, or
 * something refused above RG_ERR_FULL     over a cap RG_ERR_NOMEM    */
RG_CHECKED rg_err rg_yaml_parse(const char *name, struct rg_bytes bytes, struct rg_yaml **out,
                                char err[RG_YAML_ERROR_MAX]);
/* The same for the file @path.
 * Errors: as rg_yaml_parse, RG_ERR_NOT_FOUND no such file, RG_ERR_DENIED not readable for us,
 *         RG_ERR_IO anything else about reading. */
RG_CHECKED rg_err rg_yaml_load(const char *path, struct rg_yaml **out, char err[RG_YAML_ERROR_MAX]);
/* Free the document and its nodes; sets *@doc to NULL, accepts NULL. */
void rg_yaml_destroy(struct rg_yaml **doc);

/* The top node. */
const struct rg_yaml_node *rg_yaml_root(const struct rg_yaml *doc);
/* The first child of @node, NULL if there is none or @node is NULL. */
const struct rg_yaml_node *rg_yaml_first(const struct rg_yaml_node *node);
/* The next child of the same parent, NULL after the last. */
const struct rg_yaml_node *rg_yaml_next(const struct rg_yaml_node *node);
/* The value of @key in the mapping @map; NULL when absent, or @map is NULL or no mapping. */
const struct rg_yaml_node *rg_yaml_get(const struct rg_yaml_node *map, const char *key);

/* Errors of the schema. They latch: every report adds a line (while there is room), reading goes on
 * with defaults, and the caller looks once, at the end. */

/* Add the line `FILE:LINE:COL: ...` for @node's value (the document's start when NULL). */
void rg_yaml_report(struct rg_yaml *doc, const struct rg_yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, at @node's key. */
void rg_yaml_report_key(struct rg_yaml *doc, const struct rg_yaml_node *node, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));
/* Whether anything was reported. */
bool rg_yaml_failed(const struct rg_yaml *doc);
/* The lines so far, each ended by a newline but the last; never NULL. */
const char *rg_yaml_errors(const struct rg_yaml *doc);

/* Report every key of @map that is not among the @count names in @keys. A node that is no mapping
 * is reported too. */
void rg_yaml_only(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *const *keys,
                  size_t count);
/* The scalar text at @key: 1 to @max bytes. Absent: NULL, and reported when @required. Wrong: NULL
 * and reported. */
const char *rg_yaml_str(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                        size_t max, bool required);
/* The whole number at @key, @min to @max; @fallback when absent or (reported) wrong. */
uint64_t rg_yaml_u64(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                     const uint64_t range[2], uint64_t fallback);
/* `true` or `false` at @key; @fallback when absent or (reported) wrong. */
bool rg_yaml_bool(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                  bool fallback);
/* The ISO 8601 duration at @key in milliseconds; @fallback when absent or (reported) wrong. */
int64_t rg_yaml_duration(struct rg_yaml *doc, const struct rg_yaml_node *map, const char *key,
                         int64_t fallback);
/* The mapping or sequence at @key. Absent: NULL, and reported when @required. Another kind: NULL
 * and reported. */
const struct rg_yaml_node *rg_yaml_map(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                       const char *key, bool required);
const struct rg_yaml_node *rg_yaml_list(struct rg_yaml *doc, const struct rg_yaml_node *map,
                                        const char *key, bool required);

#endif /* RG_RULES_YAML_H */
