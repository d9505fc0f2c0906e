#include "rules/definition.h"
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/time.h"
#include "rules/definition_rule.h"
#include "rules/utf8.h"

#if RG_DEFINITION_ERROR_MAX != RG_YAML_ERROR_MAX
#error "one error buffer serves both"
#endif

struct block {
    struct block *next;
    max_align_t data[];
};

void *rg_definition__alloc(struct rg_definition_build *b, size_t count, size_t size)
{
    struct block *block = calloc(1, sizeof(*block) + (count + 1) * size);
    if (block == NULL) {
        b->nomem = true;
        return NULL;
    }
    block->next = b->blocks;
    b->blocks = block;
    return block->data;
}

bool rg_definition_is_name(struct rg_bytes text)
{
    return text.len > 0 && text.len <= RG_NAME_MAX && rg_utf8_is_text(text);
}

bool rg_definition_is(const char *name, struct rg_bytes text)
{
    return strlen(name) == text.len && (text.len == 0 || memcmp(name, text.data, text.len) == 0);
}

bool rg_definition__among(const struct rg_definition_names *names, struct rg_bytes text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (rg_definition_is(names->items[i], text)) {
            return true;
        }
    }
    return false;
}

const char *rg_definition__name(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                const char *what)
{
    if (node->kind != RG_YAML_SCALAR || !rg_definition_is_name(rg_bytes_str(node->text))) {
        rg_yaml_report(b->doc, node,
                       "%s must be a text of 1 to %d bytes without control characters", what,
                       RG_NAME_MAX);
        return NULL;
    }
    return node->text;
}

struct rg_definition_names rg_definition__names(struct rg_definition_build *b,
                                                const struct rg_yaml_node *node, const char *what)
{
    struct rg_definition_names names = {NULL, 0};
    const bool single = node->kind == RG_YAML_SCALAR;
    if (node->kind == RG_YAML_MAPPING || (!single && node->count == 0) ||
        node->count > RG_DEFINITION_LIST_MAX) {
        rg_yaml_report(b->doc, node, "expected a list of 1 to %d names", RG_DEFINITION_LIST_MAX);
        return names;
    }
    const char **items = rg_definition__alloc(b, single ? 1 : node->count, sizeof(*items));
    if (items == NULL) {
        return names;
    }
    names.items = items;
    const struct rg_yaml_node *n = single ? node : rg_yaml_first(node);
    for (; n != NULL; n = single ? NULL : rg_yaml_next(n)) {
        const char *name = rg_definition__name(b, n, what);
        if (name == NULL) {
            continue;
        }
        if (rg_definition__among(&names, rg_bytes_str(name))) {
            rg_yaml_report(b->doc, n, "'%s' stands in this list twice; remove one", name);
            continue;
        }
        items[names.count++] = name;
    }
    return names;
}

static void read_text(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      const char *key, const char **out)
{
    const char *s = rg_yaml_str(b->doc, node, key, RG_DEFINITION_TEXT_MAX, false);
    if (s != NULL && !rg_utf8_is_text(rg_bytes_str(s))) {
        rg_yaml_report(b->doc, rg_yaml_get(node, key), "'%s' has control characters; remove them",
                       key);
        return;
    }
    *out = s;
}

void rg_definition__texts(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const char **de, const char **en)
{
    static const char *const keys[] = {"de", "en"};
    const char *text[2] = {NULL, NULL};
    if (node == NULL) {
        return;
    }
    rg_yaml_only(b->doc, node, keys, 2);
    read_text(b, node, "de", &text[0]);
    read_text(b, node, "en", &text[1]);
    if (text[0] != NULL || text[1] != NULL) {
        *de = text[0] == NULL ? text[1] : text[0];
        *en = text[1] == NULL ? text[0] : text[1];
    }
}

static bool is_word(const struct rg_yaml_node *node, const char *word)
{
    return node != NULL && node->kind == RG_YAML_SCALAR && strcmp(node->text, word) == 0;
}

static void read_step(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      struct rg_definition_step *out)
{
    static const char *const keys[] = {"id", "label", "by", "description"};
    const struct rg_yaml_node *id = node;
    if (node->kind != RG_YAML_SCALAR) {
        rg_yaml_only(b->doc, node, keys, sizeof(keys) / sizeof(keys[0]));
        id = rg_yaml_get(node, "id");
    }
    if (id == NULL) {
        rg_yaml_report(b->doc, node, "the key 'id' is missing; name the step");
        return;
    }
    out->id = rg_definition__name(b, id, "a step id");
    out->label_de = out->id;
    out->label_en = out->id;
    rg_definition__texts(b, rg_yaml_map(b->doc, node, "label", false), &out->label_de,
                         &out->label_en);
    (void)rg_yaml_str(b->doc, node, "description", RG_DEFINITION_TEXT_MAX, false);
    if (rg_yaml_get(node, "by") != NULL) {
        out->by = rg_definition__names(b, rg_yaml_get(node, "by"), "an agency");
    }
}

/* Put step @index into the sorted list; report a second step of the same id. */
static void sort_step(struct rg_definition_build *b, const struct rg_definition_step *steps,
                      uint16_t index, const struct rg_yaml_node *node)
{
    size_t i = index;
    while (i > 0 && strcmp(steps[b->sorted[i - 1]].id, steps[index].id) > 0) {
        b->sorted[i] = b->sorted[i - 1];
        i--;
    }
    if (i > 0 && strcmp(steps[b->sorted[i - 1]].id, steps[index].id) == 0) {
        rg_yaml_report(b->doc, node, "the step '%s' stands here twice; remove one",
                       steps[index].id);
    }
    b->sorted[i] = index;
}

static void read_steps(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    if (is_word(rg_yaml_get(root, "steps"), "any")) {
        b->pub.steps_any = true;
        return;
    }
    const struct rg_yaml_node *list = rg_yaml_list(b->doc, root, "steps", true);
    if (list == NULL) {
        return;
    }
    if (list->count == 0 || list->count > RG_DEFINITION_STEPS_MAX) {
        rg_yaml_report(b->doc, list, "expected 1 to %d steps, or the word any",
                       RG_DEFINITION_STEPS_MAX);
        return;
    }
    struct rg_definition_step *steps = rg_definition__alloc(b, list->count, sizeof(*steps));
    b->sorted = rg_definition__alloc(b, list->count, sizeof(*b->sorted));
    if (steps == NULL || b->sorted == NULL) {
        return;
    }
    b->pub.steps = steps;
    b->steps_node = list;
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n)) {
        struct rg_definition_step *s = &steps[b->pub.step_count];
        *s = (struct rg_definition_step){0};
        read_step(b, n, s);
        if (s->id != NULL) {
            sort_step(b, steps, (uint16_t)b->pub.step_count, n);
            b->pub.step_count++;
        }
    }
}

static void read_field(struct rg_definition_build *b, const struct rg_yaml_node *node,
                       struct rg_definition_field *out)
{
    static const char *const keys[] = {"enum"};
    const struct rg_yaml_node *values = node;
    out->name = node->key;
    if (!rg_definition_is_name(rg_bytes_str(node->key))) {
        rg_yaml_report_key(b->doc, node, "a field name must be a text of 1 to %d bytes",
                           RG_NAME_MAX);
    }
    if (is_word(node, "date") || is_word(node, "id")) {
        out->kind = is_word(node, "date") ? RG_DEFINITION_DATE : RG_DEFINITION_ID;
        return;
    }
    if (node->kind == RG_YAML_MAPPING) {
        rg_yaml_only(b->doc, node, keys, 1);
        values = rg_yaml_list(b->doc, node, "enum", true);
    }
    if (values == NULL || values->kind != RG_YAML_SEQUENCE) {
        rg_yaml_report(b->doc, node, "the field '%.64s' must be date, id, or a list of values",
                       node->key);
        return;
    }
    out->kind = RG_DEFINITION_ENUM;
    out->values = rg_definition__names(b, values, "a value");
}

static void read_fields(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    static const struct rg_definition_field standard[] = {
        {"lifecycle", RG_DEFINITION_ID, {NULL, 0}},
        {"resource", RG_DEFINITION_ID, {NULL, 0}},
        {"group", RG_DEFINITION_ID, {NULL, 0}},
    };
    const struct rg_yaml_node *node = rg_yaml_get(root, "fields");
    if (is_word(node, "any")) {
        b->pub.fields_any = true;
        return;
    }
    if (node == NULL) {
        b->pub.fields = standard;
        b->pub.field_count = sizeof(standard) / sizeof(standard[0]);
        return;
    }
    if (node->kind != RG_YAML_MAPPING || node->count > RG_DEFINITION_FIELDS_MAX) {
        rg_yaml_report(b->doc, node,
                       "'fields' must be the word any, or up to %d names with date, id "
                       "or a list of values",
                       RG_DEFINITION_FIELDS_MAX);
        return;
    }
    struct rg_definition_field *fields = rg_definition__alloc(b, node->count, sizeof(*fields));
    if (fields == NULL) {
        return;
    }
    b->pub.fields = fields;
    for (const struct rg_yaml_node *n = rg_yaml_first(node); n != NULL; n = rg_yaml_next(n)) {
        read_field(b, n, &fields[b->pub.field_count++]);
    }
}

static void read_site(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const char *name = rg_yaml_str(b->doc, root, "site", RG_NAME_MAX, false);
    for (size_t i = 0; name != NULL && i < b->pub.field_count; i++) {
        const struct rg_definition_field *f = &b->pub.fields[i];
        if (strcmp(f->name, name) == 0 && f->kind == RG_DEFINITION_ENUM) {
            b->pub.site = f;
        }
    }
    if (name != NULL && b->pub.site == NULL) {
        rg_yaml_report(b->doc, rg_yaml_get(root, "site"),
                       "the field '%.64s' lists no sites; add it to the fields, with its values",
                       name);
    }
}

static void read_ignore(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const struct rg_yaml_node *node = rg_yaml_get(root, "ignore");
    if (node == NULL) {
        return;
    }
    b->pub.ignore = rg_definition__names(b, node, "a column");
    for (size_t i = 0; i < b->pub.ignore.count && !b->pub.fields_any; i++) {
        if (rg_definition_has_field(&b->pub, rg_bytes_str(b->pub.ignore.items[i]))) {
            rg_yaml_report(b->doc, node, "'%s' is a field and ignored as well; decide on one",
                           b->pub.ignore.items[i]);
        }
    }
}

void rg_definition__add(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        const struct rg_definition_rule *rule)
{
    if (b->pub.rule_count == RG_DEFINITION_RULES_MAX) {
        if (!b->full) {
            rg_yaml_report(b->doc, node,
                           "more than %d rules, each hard limit and each rule of a profile counted "
                           "as one",
                           RG_DEFINITION_RULES_MAX);
        }
        b->full = true;
        return;
    }
    for (size_t i = 0; rule->id != NULL && i < b->pub.rule_count; i++) {
        if (b->rules[i].id != NULL && strcmp(b->rules[i].id, rule->id) == 0) {
            rg_yaml_report(b->doc, node, "the rule '%s' stands here twice; rename one", rule->id);
        }
    }
    b->rules[b->pub.rule_count] = *rule;
    b->rule_nodes[b->pub.rule_count] = node;
    b->pub.rule_count++;
}

/* The steps that end a case. */
static void read_ends(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const struct rg_yaml_node *node = rg_yaml_get(root, "ends");
    if (node == NULL) {
        return;
    }
    b->pub.ends = rg_definition__names(b, node, "a step");
    for (size_t i = 0; i < b->pub.ends.count; i++) {
        if (!rg_definition_has_step(&b->pub, rg_bytes_str(b->pub.ends.items[i]))) {
            rg_yaml_report(b->doc, node, "the step '%s' is not among the steps; correct it",
                           b->pub.ends.items[i]);
        }
    }
}

static void read_rules(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const struct rg_yaml_node *list = rg_yaml_list(b->doc, root, "rules", false);
    if (list == NULL) {
        rg_definition_profile_check(b, NULL);
        return;
    }
    if (list->count > RG_DEFINITION_RULES_MAX) {
        rg_yaml_report(b->doc, list, "more than %d rules", RG_DEFINITION_RULES_MAX);
        return;
    }
    const size_t most = (size_t)rg_num_min(2 * (uint64_t)list->count * (1 + b->profile_count),
                                           RG_DEFINITION_RULES_MAX);
    b->rules = rg_definition__alloc(b, most, sizeof(*b->rules));
    b->rule_nodes = rg_definition__alloc(b, most, sizeof(*b->rule_nodes));
    if (b->rules == NULL || b->rule_nodes == NULL) {
        return;
    }
    b->pub.rules = b->rules;
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n)) {
        rg_definition_profile_rule(b, n);
    }
    rg_definition_profile_check(b, list);
}

static void read_head(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    static const char *const keys[] = {"process",        "version", "clock",    "description",
                                       "steps",          "readers", "fields",   "ignore",
                                       "ends",           "rules",   "holidays", "calendars",
                                       "escalate_after", "site",    "profiles"};
    static const uint64_t versions[2] = {1, UINT32_MAX};
    rg_yaml_only(b->doc, root, keys, sizeof(keys) / sizeof(keys[0]));
    const struct rg_yaml_node *process = rg_yaml_get(root, "process");
    if (process == NULL) {
        rg_yaml_report(b->doc, root, "the key 'process' is missing; name the process");
    } else {
        b->pub.process = rg_definition__name(b, process, "the process");
    }
    if (rg_yaml_get(root, "version") == NULL) {
        rg_yaml_report(b->doc, root, "the key 'version' is missing; start with 1");
    }
    b->pub.version = (uint32_t)rg_yaml_u64(b->doc, root, "version", versions, 1);
    const char *clock = rg_yaml_str(b->doc, root, "clock", RG_NAME_MAX, false);
    b->pub.clock = RG_DEFINITION_LEDGER;
    if (clock != NULL && strcmp(clock, "event") == 0) {
        b->pub.clock = RG_DEFINITION_EVENT;
    } else if (clock != NULL && strcmp(clock, "ledger") != 0) {
        rg_yaml_report(b->doc, rg_yaml_get(root, "clock"),
                       "unknown clock '%s'; write ledger or event", clock);
    }
    b->pub.escalate_ms = rg_yaml_duration(b->doc, root, "escalate_after", 0);
    if (b->pub.escalate_ms == 0 && rg_yaml_get(root, "escalate_after") != NULL) {
        rg_yaml_report(b->doc, rg_yaml_get(root, "escalate_after"),
                       "'escalate_after' must be a duration longer than nothing; leave it out "
                       "and no alert is escalated");
    }
    (void)rg_yaml_str(b->doc, root, "description", RG_DEFINITION_TEXT_MAX, false);
    const struct rg_yaml_node *readers = rg_yaml_get(root, "readers");
    b->pub.readers_all = readers == NULL || is_word(readers, "all");
    if (!b->pub.readers_all) {
        b->pub.readers = rg_definition__names(b, readers, "an agency");
    }
}

rg_err rg_definition_parse(const char *name, struct rg_bytes bytes, struct rg_definition **out,
                           char err[RG_DEFINITION_ERROR_MAX])
{
    *out = NULL;
    err[0] = '\0';
    if (bytes.len > RG_DEFINITION_MAX) {
        (void)snprintf(err, RG_DEFINITION_ERROR_MAX, "%.200s:1:1: over %d bytes; make it shorter",
                       name, RG_DEFINITION_MAX);
        return RG_ERR_FULL;
    }
    struct rg_definition_build *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        (void)snprintf(err, RG_DEFINITION_ERROR_MAX, "%.200s: out of memory", name);
        return RG_ERR_NOMEM;
    }
    struct rg_definition *def = &b->pub;
    rg_err e = rg_yaml_parse(name, bytes, &b->doc, err);
    if (e == RG_OK) {
        const struct rg_yaml_node *root = rg_yaml_root(b->doc);
        read_head(b, root);
        read_steps(b, root);
        read_fields(b, root);
        read_site(b, root);
        read_ignore(b, root);
        read_ends(b, root);
        rg_definition_calendar_read(b, root);
        rg_definition_profile_read(b, root);
        read_rules(b, root);
        memcpy(err, rg_yaml_errors(b->doc), strlen(rg_yaml_errors(b->doc)) + 1);
        e = b->nomem ? RG_ERR_NOMEM : rg_yaml_failed(b->doc) ? RG_ERR_INVALID : RG_OK;
    }
    if (e != RG_OK) {
        rg_definition_destroy(&def);
        return e;
    }
    *out = def;
    return RG_OK;
}

void rg_definition_destroy(struct rg_definition **def)
{
    if (def == NULL || *def == NULL) {
        return;
    }
    struct rg_definition_build *b = (struct rg_definition_build *)*def;
    for (struct block *block = b->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    rg_yaml_destroy(&b->doc);
    free(b);
    *def = NULL;
}
