#include "rules/definition_rule.h"
#include <stdio.h>

#include "base/bytes.h"
#include "base/time.h"

#define DAY_MS INT64_C(86400000)
#define MESSAGE_MAX 192 /* of the text that stands in for a missing message */

/* Which parameters a template takes. */
#define P_N 1U
#define P_LIMIT 2U
#define P_GROUPS 4U
#define P_VALUES 8U

struct shape {
    const char *name;
    unsigned sides; /* 0: no activities, 1: A, 2: A and B */
    unsigned a_max; /* alternatives on each side */
    unsigned b_max;
    unsigned params;
    const char *field; /* the entry's field that is judged, or NULL */
};

#define MANY RG_DEFINITION_LIST_MAX

static const struct shape shapes[RG_DEFINITION_TEMPLATES] = {
    [RG_DEFINITION_INIT] = {"init", 1, MANY, 0, 0, NULL},
    [RG_DEFINITION_EXACTLY] = {"exactly", 1, MANY, 0, P_N, NULL},
    [RG_DEFINITION_ABSENCE] = {"absence", 1, MANY, 0, P_N, NULL},
    [RG_DEFINITION_RESPONSE] = {"response", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_RESPONSE_WITHIN] = {"response_within", 2, 1, 1, P_LIMIT, NULL},
    [RG_DEFINITION_RESPONSE_ANY] = {"response_any", 2, 1, MANY, 0, NULL},
    [RG_DEFINITION_RESPONSE_ANY_WITHIN] = {"response_any_within", 2, 1, MANY, P_LIMIT, NULL},
    [RG_DEFINITION_ALTERNATE_RESPONSE] = {"alternate_response", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_CHAIN_RESPONSE] = {"chain_response", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_RESPONDED_EXISTENCE] = {"responded_existence", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_PRECEDENCE] = {"precedence", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_PRECEDENCE_ANY] = {"precedence_any", 2, MANY, 1, 0, NULL},
    [RG_DEFINITION_CHAIN_PRECEDENCE] = {"chain_precedence", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_NOT_SUCCESSION] = {"not_succession", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_NOT_COEXISTENCE] = {"not_coexistence", 2, 1, 1, 0, NULL},
    [RG_DEFINITION_MAX_DELAY] = {"max_delay", 2, 1, 1, P_LIMIT, NULL},
    [RG_DEFINITION_MIN_DELAY] = {"min_delay", 2, 1, 1, P_LIMIT, NULL},
    [RG_DEFINITION_CASE_DURATION] = {"case_duration", 0, 0, 0, P_LIMIT, NULL},
    [RG_DEFINITION_ROLE] = {"role", 1, MANY, 0, P_GROUPS, NULL},
    [RG_DEFINITION_SINGLE_GROUP] = {"single_group", 1, MANY, 0, 0, "group"},
    [RG_DEFINITION_FOUR_EYES] = {"four_eyes", 2, 1, 1, 0, "resource"},
    [RG_DEFINITION_NO_AFTER_VALUE] = {"no_after_value", 1, MANY, 0, P_VALUES, NULL},
};

const char *rg_definition_rule_template(enum rg_definition_template t)
{
    return t > 0 && t < RG_DEFINITION_TEMPLATES ? shapes[t].name : "?";
}

static enum rg_definition_template read_template(struct rg_definition_build *b,
                                                 const struct rg_yaml_node *node)
{
    char known[512];
    size_t len = 0;
    const char *name = rg_yaml_str(b->doc, node, "template", RG_NAME_MAX, true);
    if (name == NULL) {
        return 0;
    }
    for (int t = 1; t < RG_DEFINITION_TEMPLATES; t++) {
        if (strcmp(shapes[t].name, name) == 0) {
            return (enum rg_definition_template)t;
        }
        const int n =
            snprintf(known + len, sizeof(known) - len, "%s%s", t == 1 ? "" : ", ", shapes[t].name);
        len += n > 0 && (size_t)n < sizeof(known) - len ? (size_t)n : 0;
    }
    rg_yaml_report(b->doc, rg_yaml_get(node, "template"), "unknown template '%s'; known are %s",
                   name, known);
    return 0;
}

/* One side, A or B: a name, or a list of names when it @may_many. */
static void take_side(struct rg_definition_build *b, const struct rg_yaml_node *node, bool may_many,
                      const char **out, size_t *count)
{
    const struct rg_definition_names names = rg_definition__names(b, node, "an activity");
    if (names.count > 1 && !may_many) {
        rg_yaml_report(b->doc, node, "this place takes a single activity, here are %zu",
                       names.count);
    }
    if (names.count > RG_DEFINITION_LIST_MAX - *count) {
        rg_yaml_report(b->doc, node, "more than %d activities in one rule", RG_DEFINITION_LIST_MAX);
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        out[(*count)++] = names.items[i];
    }
}

static void check_steps(struct rg_definition_build *b, const struct rg_yaml_node *node)
{
    if (b->pub.steps_any) {
        return;
    }
    for (const struct rg_yaml_node *n = rg_yaml_first(node); n != NULL; n = rg_yaml_next(n)) {
        const struct rg_yaml_node *i = n->kind == RG_YAML_SEQUENCE ? rg_yaml_first(n) : n;
        for (; i != NULL; i = i == n ? NULL : rg_yaml_next(i)) {
            if (i->kind == RG_YAML_SCALAR &&
                rg_definition_find_step(&b->pub, rg_bytes_str(i->text)) == NULL) {
                rg_yaml_report(
                    b->doc, i,
                    "the step '%.64s' is not among the steps; correct it or add the step", i->text);
            }
        }
    }
}

/* `activities: [A, B]`; a set of alternatives is a list in the place of the name, or, where only
 * one side can have several, the names beside it. */
static void read_activities(struct rg_definition_build *b, const struct rg_yaml_node *node,
                            const struct shape *s, struct rg_definition_rule *out)
{
    const struct rg_yaml_node *list = rg_yaml_list(b->doc, node, "activities", true);
    if (list == NULL) {
        return;
    }
    const size_t entries = list->count;
    const size_t sides = s->sides;
    if (entries == 0 || entries > MANY || (sides == 2 && entries < 2) ||
        (sides == 2 && s->a_max == 1 && s->b_max == 1 && entries > 2)) {
        rg_yaml_report(b->doc, list, "the template '%s' takes %s, here are %zu", s->name,
                       sides == 1 ? "one or more activities" : "two activities, A and B", entries);
        return;
    }
    const char **names = rg_definition__alloc(b, MANY, sizeof(*names));
    if (names == NULL) {
        return;
    }
    size_t count = 0;
    size_t i = 0;
    const size_t a_entries = sides == 1 ? entries : s->a_max > 1 ? entries - 1 : 1;
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n), i++) {
        take_side(b, n, (i < a_entries ? s->a_max : s->b_max) > 1, names, &count);
        out->a_count = i + 1 == a_entries ? count : out->a_count;
    }
    out->activities = (struct rg_definition_names){names, count};
    check_steps(b, list);
}

static void read_limit(struct rg_definition_build *b, const struct rg_yaml_node *node,
                       struct rg_definition_rule *out)
{
    const uint64_t range[2] = {0, 36525};
    const char *const keys[] = {"within", "at_least", "days"};
    size_t given = 0;
    for (size_t i = 0; i < 3; i++) {
        given += rg_yaml_get(node, keys[i]) != NULL;
    }
    if (given != 1) {
        rg_yaml_report(b->doc, node,
                       "the template '%s' takes one duration: within (at_least for "
                       "min_delay) like P7D, or days; here are %zu",
                       rg_definition_rule_template(out->template), given);
        return;
    }
    const struct rg_yaml_node *least = rg_yaml_get(node, "at_least");
    if (least != NULL && out->template != RG_DEFINITION_MIN_DELAY) {
        rg_yaml_report_key(b->doc, least, "'at_least' belongs to min_delay; write 'within'");
    }
    out->limit_ms = (int64_t)rg_yaml_u64(b->doc, node, "days", range, 0) * DAY_MS;
    out->limit_ms = rg_yaml_duration(b->doc, node, "at_least", out->limit_ms);
    out->limit_ms = rg_yaml_duration(b->doc, node, "within", out->limit_ms);
}

static void need_field(struct rg_definition_build *b, const struct rg_yaml_node *node,
                       const struct rg_definition_rule *rule, const char *field)
{
    if (!rg_definition_has_field(&b->pub, rg_bytes_str(field))) {
        rg_yaml_report(b->doc, node,
                       "the template '%s' judges the field '%.64s', which is not among "
                       "the fields; add it",
                       rg_definition_rule_template(rule->template), field);
    }
}

static void read_role(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      struct rg_definition_rule *out)
{
    const struct rg_yaml_node *groups = rg_yaml_get(node, "groups");
    const struct rg_yaml_node *agencies = rg_yaml_get(node, "agencies");
    if ((groups == NULL) == (agencies == NULL)) {
        rg_yaml_report(b->doc, node,
                       "the template 'role' takes either groups or agencies; name one");
        return;
    }
    if (groups != NULL) {
        out->groups = rg_definition__names(b, groups, "a group");
        need_field(b, groups, out, "group");
    } else {
        out->agencies = rg_definition__names(b, agencies, "an agency");
    }
}

static void read_values(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        struct rg_definition_rule *out)
{
    const char *why = NULL;
    const struct rg_yaml_node *values = rg_yaml_get(node, "values");
    out->column = rg_yaml_str(b->doc, node, "column", RG_NAME_MAX, true);
    if (values == NULL) {
        rg_yaml_report(b->doc, node, "the key 'values' is missing; list the values");
        return;
    }
    out->values = rg_definition__names(b, values, "a value");
    if (out->column == NULL) {
        return;
    }
    need_field(b, rg_yaml_get(node, "column"), out, out->column);
    for (size_t i = 0; i < out->values.count; i++) {
        if (rg_definition_check_field(&b->pub, rg_bytes_str(out->column),
                                      rg_bytes_str(out->values.items[i]), &why) == RG_ERR_INVALID) {
            rg_yaml_report(b->doc, values,
                           "the value '%.64s' can never be in the field '%.64s': %s",
                           out->values.items[i], out->column, why);
        }
    }
}

/* A parameter that the template does not take is a misunderstanding, so it is an error. */
static void refuse_params(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const struct shape *s)
{
    static const struct {
        const char *key;
        unsigned param;
    } params[] = {{"n", P_N},           {"within", P_LIMIT},  {"at_least", P_LIMIT},
                  {"days", P_LIMIT},    {"groups", P_GROUPS}, {"agencies", P_GROUPS},
                  {"column", P_VALUES}, {"values", P_VALUES}};
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        const struct rg_yaml_node *n = rg_yaml_get(node, params[i].key);
        if (n != NULL && (s->params & params[i].param) == 0) {
            rg_yaml_report_key(b->doc, n, "the template '%s' has no parameter '%s'; remove it",
                               s->name, params[i].key);
        }
    }
    const struct rg_yaml_node *n = rg_yaml_get(node, "activities");
    if (n != NULL && s->sides == 0) {
        rg_yaml_report_key(b->doc, n, "the template '%s' takes no activities; remove them",
                           s->name);
    }
}

static void read_severity(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          struct rg_definition_rule *out)
{
    const char *s = rg_yaml_str(b->doc, node, "severity", RG_NAME_MAX, false);
    out->severity = RG_DEFINITION_WARNING;
    if (s != NULL && strcmp(s, "critical") == 0) {
        out->severity = RG_DEFINITION_CRITICAL;
    } else if (s != NULL && strcmp(s, "warning") != 0) {
        rg_yaml_report(b->doc, rg_yaml_get(node, "severity"),
                       "unknown severity '%s'; write warning or critical", s);
    }
}

static void read_message(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_definition_rule *out)
{
    char *text = rg_definition__alloc(b, 1, MESSAGE_MAX);
    if (text == NULL) {
        return;
    }
    (void)snprintf(text, MESSAGE_MAX, "%s (%s)", out->id == NULL ? "?" : out->id,
                   rg_definition_rule_template(out->template));
    out->message_de = text;
    out->message_en = text;
    rg_definition__texts(b, rg_yaml_map(b->doc, node, "message", false), &out->message_de,
                         &out->message_en);
}

static void read_params(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        struct rg_definition_rule *out)
{
    const struct shape *s = &shapes[out->template];
    refuse_params(b, node, s);
    if (s->sides > 0) {
        read_activities(b, node, s, out);
    }
    if ((s->params & P_N) != 0) {
        const uint64_t range[2] = {out->template == RG_DEFINITION_ABSENCE ? 1 : 0,
                                   RG_DEFINITION_N_MAX};
        out->n = (uint32_t)rg_yaml_u64(b->doc, node, "n", range, 1);
    }
    if ((s->params & P_LIMIT) != 0) {
        read_limit(b, node, out);
    }
    if ((s->params & P_GROUPS) != 0) {
        read_role(b, node, out);
    }
    if ((s->params & P_VALUES) != 0) {
        read_values(b, node, out);
    }
    if (s->field != NULL) {
        need_field(b, node, out, s->field);
    }
}

void rg_definition_rule_read(struct rg_definition_build *b, const struct rg_yaml_node *node,
                             struct rg_definition_rule *out)
{
    static const char *const keys[] = {"id",       "template", "activities", "n",
                                       "within",   "days",     "at_least",   "groups",
                                       "agencies", "column",   "values",     "severity",
                                       "to",       "message",  "description"};
    rg_yaml_only(b->doc, node, keys, sizeof(keys) / sizeof(keys[0]));
    if (node->kind != RG_YAML_MAPPING) {
        return;
    }
    const struct rg_yaml_node *id = rg_yaml_get(node, "id");
    if (id == NULL) {
        rg_yaml_report(b->doc, node, "the key 'id' is missing; give the rule a name of its own");
    } else {
        out->id = rg_definition__name(b, id, "a rule id");
    }
    out->template = read_template(b, node);
    if (out->template != 0) {
        read_params(b, node, out);
    }
    read_severity(b, node, out);
    if (rg_yaml_get(node, "to") != NULL) {
        out->to = rg_definition__names(b, rg_yaml_get(node, "to"), "an agency");
    }
    read_message(b, node, out);
    (void)rg_yaml_str(b->doc, node, "description", RG_DEFINITION_TEXT_MAX, false);
}
