/* The tree behind rules/yaml.h and the reading of libfyaml's events into it; the only place that
 * knows libfyaml. Private to rules/yaml.c. */
#ifndef RG_RULES_YAML_TREE_H
#define RG_RULES_YAML_TREE_H

#include "rules/yaml.h"

#define RG_YAML_TREE_NAME_MAX 256
#define RG_YAML_TREE_LINE_MAX 1024 /* of an error line, without its place */

struct rg_yaml {
    struct rg_yaml_node *nodes;
    size_t node_count;
    size_t node_cap;
    char *text; /* all keys and scalars, each with a NUL */
    size_t text_len;
    size_t text_cap;
    char name[RG_YAML_TREE_NAME_MAX];
    char errors[RG_YAML_ERROR_MAX];
    size_t error_len;
    bool full;
    bool nomem; /* the caps or the memory ended while reading */
};

/* A line and column, from 1. */
struct rg_yaml_tree_place {
    uint32_t line;
    uint32_t column;
};

/* Add an error line to the document; one that does not fit whole is dropped. */
void rg_yaml_tree_error(struct rg_yaml *doc, struct rg_yaml_tree_place at, const char *text);
/* Read @bytes into the empty tree of @doc; on failure its error lines say why.
 * Errors: as rg_yaml_parse */
RG_CHECKED rg_err rg_yaml_tree_read(struct rg_yaml *doc, struct rg_bytes bytes);

#endif /* RG_RULES_YAML_TREE_H */
