/* Patterns of a rule: which steps, under which conditions, on which sides. */
#include "base/bytes.h"
#include "rules/definition_rule.h"

static const struct {
    const char *name;
    enum rg_definition_test test;
} tests[] = {{"is", RG_DEFINITION_TEST_IS},
             {"not", RG_DEFINITION_TEST_NOT},
             {"known", RG_DEFINITION_TEST_KNOWN},
             {"less", RG_DEFINITION_TEST_LESS},
             {"at_most", RG_DEFINITION_TEST_AT_MOST},
             {"more", RG_DEFINITION_TEST_MORE},
             {"at_least", RG_DEFINITION_TEST_AT_LEAST}};

enum rg_definition_test rg_definition_pattern_test(const char *name)
{
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (strcmp(tests[i].name, name) == 0 && tests[i].test != RG_DEFINITION_TEST_KNOWN) {
            return tests[i].test;
        }
    }
    return 0;
}

static bool is_time(const char *name)
{
    return strcmp(name, "@occurred") == 0 || strcmp(name, "@recorded") == 0;
}

static void check_values(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         const struct rg_definition_condition *c)
{
    const char *why = NULL;
    for (size_t i = 0; i < c->values.count && !is_time(c->field); i++) {
        const char *v = c->values.items[i];
        if (rg_definition_check_field(&b->pub, rg_bytes_str(c->field), rg_bytes_str(v), &why) ==
            RG_ERR_INVALID) {
            rg_yaml_report(b->doc, node, "the value '%.64s' can never be in the field '%.64s': %s",
                           v, c->field, why);
        }
    }
}

/* `$name` is another field of the event, `@name` a time of it, anything else a value. */
static void read_operand(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_definition_condition *c)
{
    c->values = rg_definition__names(b, node, "a value");
    if (c->values.count == 0) {
        return;
    }
    const char *name = c->values.items[0];
    if (c->values.count > 1) {
        rg_yaml_report(b->doc, node, "a comparison takes one value, here are %zu", c->values.count);
    } else if (name[0] == '@' && !is_time(name)) {
        rg_yaml_report(b->doc, node, "unknown time '%.64s'; write @occurred or @recorded", name);
    } else if (name[0] == '$') {
        const char **field = rg_definition__alloc(b, 1, sizeof(*field));
        c->other_field = true;
        rg_definition_rule_need(b, node, name + 1);
        if (field != NULL) {
            *field = name + 1;
            c->values.items = field;
        }
    }
}

static void read_test(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      struct rg_definition_condition *c)
{
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        c->test = strcmp(tests[i].name, node->key) == 0 ? tests[i].test : c->test;
    }
    switch (c->test) {
    case RG_DEFINITION_TEST_IS:
    case RG_DEFINITION_TEST_NOT:
        c->values = rg_definition__names(b, node, "a value");
        check_values(b, node, c);
        break;
    case RG_DEFINITION_TEST_KNOWN:
        if (node->kind != RG_YAML_SCALAR ||
            (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0)) {
            rg_yaml_report(b->doc, node, "'known' must be true or false");
        } else if (node->text[0] == 'f') {
            c->test = RG_DEFINITION_TEST_UNKNOWN;
        }
        break;
    case RG_DEFINITION_TEST_LESS:
    case RG_DEFINITION_TEST_AT_MOST:
    case RG_DEFINITION_TEST_MORE:
    case RG_DEFINITION_TEST_AT_LEAST:
        read_operand(b, node, c);
        break;
    case RG_DEFINITION_TEST_UNKNOWN:
    default:
        rg_yaml_report_key(b->doc, node,
                           "unknown condition '%.64s'; known are is, not, known, less, at_most, "
                           "more, at_least",
                           node->key);
        break;
    }
}

struct rg_definition_conditions rg_definition_pattern_where(struct rg_definition_build *b,
                                                            const struct rg_yaml_node *node)
{
    struct rg_definition_conditions none = {NULL, 0};
    if (node->kind != RG_YAML_MAPPING || node->count == 0) {
        rg_yaml_report(b->doc, node, "expected conditions like {field: value}");
        return none;
    }
    size_t count = 0;
    for (const struct rg_yaml_node *n = rg_yaml_first(node); n != NULL; n = rg_yaml_next(n)) {
        count += n->kind == RG_YAML_MAPPING ? n->count : 1;
    }
    struct rg_definition_condition *items = rg_definition__alloc(b, count, sizeof(*items));
    if (items == NULL) {
        return none;
    }
    size_t i = 0;
    for (const struct rg_yaml_node *n = rg_yaml_first(node); n != NULL; n = rg_yaml_next(n)) {
        if (!is_time(n->key)) {
            rg_definition_rule_need(b, n, n->key);
        }
        if (n->kind != RG_YAML_MAPPING) {
            items[i] =
                (struct rg_definition_condition){.field = n->key, .test = RG_DEFINITION_TEST_IS};
            items[i].values = rg_definition__names(b, n, "a value");
            check_values(b, n, &items[i]);
            i++;
            continue;
        }
        for (const struct rg_yaml_node *t = rg_yaml_first(n); t != NULL; t = rg_yaml_next(t)) {
            items[i] = (struct rg_definition_condition){.field = n->key};
            read_test(b, t, &items[i]);
            i++;
        }
    }
    return (struct rg_definition_conditions){items, i};
}

static void check_step(struct rg_definition_build *b, const struct rg_yaml_node *node,
                       const char *name)
{
    if (!b->pub.steps_any && rg_definition_find_step(&b->pub, rg_bytes_str(name)) == NULL) {
        rg_yaml_report(b->doc, node,
                       "the step '%.64s' is not among the steps; correct it or add the step", name);
    }
}

/* A step, or `{step: S, where: {...}}`. */
static void read_pattern(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         unsigned sides)
{
    static const char *const keys[] = {"step", "where"};
    const struct rg_yaml_node *step = node;
    struct rg_definition_pattern p = {.sides = sides};
    if (node->kind == RG_YAML_MAPPING) {
        rg_yaml_only(b->doc, node, keys, 2);
        step = rg_yaml_get(node, "step");
        if (step == NULL) {
            rg_yaml_report(b->doc, node, "the key 'step' is missing; name the step");
            return;
        }
        if (rg_yaml_get(node, "where") != NULL) {
            p.where = rg_definition_pattern_where(b, rg_yaml_get(node, "where"));
        }
    }
    p.step = rg_definition__name(b, step, "an activity");
    if (p.step == NULL) {
        return;
    }
    check_step(b, step, p.step);
    for (size_t i = 0; i < b->scratch_count; i++) {
        const struct rg_definition_pattern *q = &b->scratch[i];
        if (q->sides == sides && q->where.count == 0 && p.where.count == 0 &&
            strcmp(q->step, p.step) == 0) {
            rg_yaml_report(b->doc, step, "'%s' stands in this list twice; remove one", p.step);
        }
    }
    if (b->scratch_count == RG_DEFINITION_PATTERNS_MAX) {
        rg_yaml_report(b->doc, node, "more than %d steps in one rule", RG_DEFINITION_PATTERNS_MAX);
        return;
    }
    b->scratch[b->scratch_count++] = p;
}

/* A pattern, or a list of alternatives. */
static void read_side(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      unsigned sides)
{
    if (node->kind != RG_YAML_SEQUENCE) {
        read_pattern(b, node, sides);
        return;
    }
    if (node->count == 0 || node->count > RG_DEFINITION_LIST_MAX) {
        rg_yaml_report(b->doc, node, "expected a list of 1 to %d names", RG_DEFINITION_LIST_MAX);
    }
    for (const struct rg_yaml_node *n = rg_yaml_first(node); n != NULL; n = rg_yaml_next(n)) {
        read_pattern(b, n, sides);
    }
}

/* The patterns so far are the activities: keep their names. */
static void name_activities(struct rg_definition_build *b, const struct rg_yaml_node *list,
                            struct rg_definition_rule *out)
{
    const char **names = rg_definition__alloc(b, b->scratch_count, sizeof(*names));
    if (b->scratch_count > RG_DEFINITION_LIST_MAX) {
        rg_yaml_report(b->doc, list, "more than %d activities in one rule", RG_DEFINITION_LIST_MAX);
        return;
    }
    for (size_t i = 0; i < b->scratch_count && names != NULL; i++) {
        names[i] = b->scratch[i].step;
        out->a_count += (b->scratch[i].sides & RG_DEFINITION_A) != 0 ? 1 : 0;
    }
    out->activities = (struct rg_definition_names){names, names == NULL ? 0 : b->scratch_count};
}

void rg_definition_pattern_activities(struct rg_definition_build *b,
                                      const struct rg_yaml_node *rule,
                                      const struct rg_definition_shape *s,
                                      struct rg_definition_rule *out)
{
    const struct rg_yaml_node *any = rg_yaml_get(rule, "activities");
    b->scratch_count = 0;
    if (s->sides == 1 && any != NULL && any->kind == RG_YAML_SCALAR &&
        strcmp(any->text, "any") == 0) {
        b->scratch[b->scratch_count++] =
            (struct rg_definition_pattern){.step = NULL, .sides = RG_DEFINITION_A};
        return;
    }
    const struct rg_yaml_node *list = rg_yaml_list(b->doc, rule, "activities", true);
    if (list == NULL) {
        return;
    }
    const size_t entries = list->count;
    if (entries == 0 || entries > RG_DEFINITION_LIST_MAX || (s->sides == 2 && entries < 2) ||
        (s->sides == 2 && s->many == MANY_NONE && entries > 2)) {
        rg_yaml_report(b->doc, list, "the template '%s' takes %s, here are %zu", s->name,
                       s->sides == 1 ? "one or more activities" : "two activities, A and B",
                       entries);
        return;
    }
    const size_t a_entries = s->sides == 1 ? entries : s->many == MANY_A ? entries - 1 : 1;
    size_t i = 0;
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n), i++) {
        read_side(b, n, i < a_entries ? RG_DEFINITION_A : RG_DEFINITION_B);
    }
    name_activities(b, list, out);
}

bool rg_definition_pattern_more(struct rg_definition_build *b, const struct rg_yaml_node *rule,
                                const char *key, unsigned sides)
{
    const struct rg_yaml_node *node = rg_yaml_get(rule, key);
    if (node != NULL) {
        read_side(b, node, sides);
    }
    return node != NULL;
}

void rg_definition_pattern_end(struct rg_definition_build *b, struct rg_definition_rule *out)
{
    struct rg_definition_pattern *p = rg_definition__alloc(b, b->scratch_count, sizeof(*p));
    if (p != NULL && b->scratch_count > 0) {
        memcpy(p, b->scratch, b->scratch_count * sizeof(*p));
    }
    out->patterns = p;
    out->pattern_count = p == NULL ? 0 : b->scratch_count;
}
