#include "rules/definition_rule.h"
#include <stdio.h>

#include "base/bytes.h"
#include "base/time.h"

#define DAY_MS INT64_C(86400000)
#define MESSAGE_MAX 192 /* of the text that stands in for a missing message */

static const struct rg_definition_shape shapes[RG_DEFINITION_TEMPLATES] = {
#define RG_TEMPLATE(id, name, sides, many, params, field, machine)                                 \
    [RG_DEFINITION_##id] = {name, sides, many, params, field},
#include "rules/templates.def"
#undef RG_TEMPLATE
};

const struct rg_definition_shape *rg_definition_rule_shape(enum rg_definition_template t)
{
    return &shapes[t];
}

const char *rg_definition_template_name(enum rg_definition_template t)
{
    return t > 0 && t < RG_DEFINITION_TEMPLATES ? shapes[t].name : "?";
}

static enum rg_definition_template read_template(struct rg_definition_build *b,
                                                 const struct rg_yaml_node *node)
{
    char known[1024];
    size_t len = 0;
    const char *name = rg_yaml_str(b->doc, node, "template", RG_NAME_MAX, true);
    if (name == NULL) {
        return RG_DEFINITION_NONE;
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
    return RG_DEFINITION_NONE;
}

void rg_definition_rule_need(struct rg_definition_build *b, const struct rg_yaml_node *node,
                             const char *field)
{
    if (!rg_definition_has_field(&b->pub, rg_bytes_str(field))) {
        rg_yaml_report(b->doc, node,
                       "the rule judges the field '%.64s', which is not among the fields; add it",
                       field);
    }
}

/* A field that holds dates. */
static const char *read_date_field(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                   const char *key, bool required)
{
    const char *name = rg_yaml_str(b->doc, node, key, RG_NAME_MAX, required);
    if (name == NULL) {
        return NULL;
    }
    const struct rg_yaml_node *at = rg_yaml_get(node, key);
    rg_definition_rule_need(b, at, name);
    for (size_t i = 0; i < b->pub.field_count; i++) {
        if (strcmp(b->pub.fields[i].name, name) == 0 &&
            b->pub.fields[i].kind == RG_DEFINITION_ENUM) {
            rg_yaml_report(b->doc, at, "the field '%.64s' holds no dates", name);
        }
    }
    return name;
}

static void read_calendar(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          struct rg_definition_rule *out)
{
    const char *name = rg_yaml_str(b->doc, node, "calendar", RG_NAME_MAX, false);
    if (name == NULL) {
        return;
    }
    for (size_t i = 0; i < b->pub.calendar_count; i++) {
        if (strcmp(b->pub.calendars[i].name, name) == 0) {
            out->calendar = &b->pub.calendars[i];
        }
    }
    if (out->calendar == NULL) {
        rg_yaml_report(b->doc, rg_yaml_get(node, "calendar"),
                       "the calendar '%.64s' is not among the calendars; add it", name);
    }
}

void rg_definition_rule_check_limit(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                    const struct rg_definition_rule *rule)
{
    if (rule->calendar != NULL &&
        (rule->limit_ms % DAY_MS != 0 || rule->limit_ms / DAY_MS > RG_DEFINITION_WORKDAYS_MAX)) {
        rg_yaml_report(b->doc, node, "with a calendar a limit is 0 to %d whole days",
                       RG_DEFINITION_WORKDAYS_MAX);
    }
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
                       rg_definition_template_name(out->template), given);
        return;
    }
    const struct rg_yaml_node *least = rg_yaml_get(node, "at_least");
    if (least != NULL && out->template != RG_DEFINITION_MIN_DELAY) {
        rg_yaml_report_key(b->doc, least, "'at_least' belongs to min_delay; write 'within'");
    }
    out->limit_ms = (int64_t)rg_yaml_u64(b->doc, node, "days", range, 0) * DAY_MS;
    out->limit_ms = rg_yaml_duration(b->doc, node, "at_least", out->limit_ms);
    out->limit_ms = rg_yaml_duration(b->doc, node, "within", out->limit_ms);
    rg_definition_rule_check_limit(b, node, out);
}

static void read_role(struct rg_definition_build *b, const struct rg_yaml_node *node,
                      struct rg_definition_rule *out)
{
    const struct rg_yaml_node *groups = rg_yaml_get(node, "groups");
    const struct rg_yaml_node *agencies = rg_yaml_get(node, "agencies");
    if (groups != NULL && agencies != NULL) {
        rg_yaml_report(b->doc, node,
                       "the template 'role' takes either groups or agencies; name one");
    } else if (groups != NULL) {
        out->groups = rg_definition__names(b, groups, "a group");
        rg_definition_rule_need(b, groups, "group");
    } else if (agencies != NULL) {
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
    rg_definition_rule_need(b, rg_yaml_get(node, "column"), out->column);
    for (size_t i = 0; i < out->values.count; i++) {
        if (rg_definition_check_field(&b->pub, rg_bytes_str(out->column),
                                      rg_bytes_str(out->values.items[i]), &why) == RG_ERR_INVALID) {
            rg_yaml_report(b->doc, values,
                           "the value '%.64s' can never be in the field '%.64s': %s",
                           out->values.items[i], out->column, why);
        }
    }
}

static void read_compare(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_definition_rule *out)
{
    static const char *const keys[] = {"a", "test", "b"};
    const struct rg_yaml_node *c = rg_yaml_map(b->doc, node, "compare", true);
    if (c == NULL) {
        return;
    }
    rg_yaml_only(b->doc, c, keys, 3);
    out->column = rg_yaml_str(b->doc, c, "a", RG_NAME_MAX, true);
    out->other = rg_yaml_str(b->doc, c, "b", RG_NAME_MAX, true);
    const char *test = rg_yaml_str(b->doc, c, "test", RG_NAME_MAX, true);
    if (out->column == NULL || out->other == NULL || test == NULL) {
        return;
    }
    rg_definition_rule_need(b, rg_yaml_get(c, "a"), out->column);
    rg_definition_rule_need(b, rg_yaml_get(c, "b"), out->other);
    out->test = rg_definition_pattern_test(test);
    if (out->test == 0) {
        rg_yaml_report(b->doc, rg_yaml_get(c, "test"),
                       "unknown test '%.64s'; known are is, not, less, at_most, more, at_least",
                       test);
    }
}

/* How often A is wanted and allowed. */
static void read_numbers(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_definition_rule *out)
{
    const struct rg_definition_shape *s = &shapes[out->template];
    const bool zero =
        out->template == RG_DEFINITION_EXACTLY || out->template == RG_DEFINITION_AT_MOST;
    const uint64_t range[2] = {zero ? 0 : 1, RG_DEFINITION_N_MAX};
    const uint64_t any[2] = {0, RG_DEFINITION_N_MAX};
    const uint32_t n =
        (s->params & P_N) != 0 ? (uint32_t)rg_yaml_u64(b->doc, node, "n", range, 1) : 1;
    const bool aged = rg_yaml_get(node, "mean_age") != NULL && rg_yaml_get(node, "n") == NULL;
    out->n = (s->params & P_N) != 0 && !aged ? n : 0;
    out->min = n;
    out->max = UINT32_MAX;
    if (out->template == RG_DEFINITION_EXACTLY) {
        out->max = n;
    } else if (out->template == RG_DEFINITION_ABSENCE || out->template == RG_DEFINITION_AT_MOST) {
        out->min = 0;
        out->max = out->template == RG_DEFINITION_ABSENCE ? n - 1 : n;
    } else if ((s->params & P_RANGE) != 0) {
        out->min = (uint32_t)rg_yaml_u64(b->doc, node, "min", any, 0);
        out->max = (uint32_t)rg_yaml_u64(b->doc, node, "max", any, RG_DEFINITION_N_MAX);
        if (out->min > out->max) {
            rg_yaml_report(b->doc, node, "'min' is above 'max'; no case can keep to that");
        }
    }
}

/* A parameter that the template does not take is a misunderstanding, so it is an error. */
static void refuse_params(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const struct rg_definition_shape *s)
{
    static const struct {
        const char *key;
        unsigned param;
    } params[] = {{"n", P_N},
                  {"min", P_RANGE},
                  {"max", P_RANGE},
                  {"within", P_LIMIT},
                  {"at_least", P_LIMIT},
                  {"days", P_LIMIT},
                  {"calendar", P_CALENDAR},
                  {"from", P_CLOCK},
                  {"hold", P_CLOCK},
                  {"resume", P_CLOCK},
                  {"extend", P_CLOCK},
                  {"hard", P_HARD},
                  {"hard_message", P_HARD},
                  {"heal", P_HEAL},
                  {"same", P_SAME},
                  {"groups", P_GROUPS},
                  {"agencies", P_GROUPS},
                  {"column", P_VALUES},
                  {"values", P_VALUES},
                  {"reset", P_RESET},
                  {"window", P_WINDOW},
                  {"include", P_INCLUDE},
                  {"require", P_REQUIRE},
                  {"compare", P_COMPARE},
                  {"field", P_FIELD},
                  {"mean_age", P_AGE},
                  {"due", P_DUE},
                  {"done", P_DUE}};
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
    } else if (s != NULL && strcmp(s, "none") == 0) {
        out->severity = RG_DEFINITION_SILENT;
    } else if (s != NULL && strcmp(s, "warning") != 0) {
        rg_yaml_report(b->doc, rg_yaml_get(node, "severity"),
                       "unknown severity '%s'; write warning or critical, or none", s);
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
                   rg_definition_template_name(out->template));
    out->message_de = text;
    out->message_en = text;
    rg_definition__texts(b, rg_yaml_map(b->doc, node, "message", false), &out->message_de,
                         &out->message_en);
}

/* What moves or stops the clock of a deadline. */
static void read_clock(struct rg_definition_build *b, const struct rg_yaml_node *node,
                       struct rg_definition_rule *out)
{
    static const char *const keys[] = {"by", "to"};
    const bool hold = rg_definition_pattern_more(b, node, "hold", RG_DEFINITION_HOLD);
    const bool resume = rg_definition_pattern_more(b, node, "resume", RG_DEFINITION_RESUME);
    const struct rg_yaml_node *extend = rg_yaml_map(b->doc, node, "extend", false);
    if (hold != resume) {
        rg_yaml_report(b->doc, node, "'hold' and 'resume' belong together; name both");
    }
    out->from = read_date_field(b, node, "from", false);
    if (extend == NULL) {
        return;
    }
    rg_yaml_only(b->doc, extend, keys, 2);
    out->extend = read_date_field(b, extend, "to", true);
    if (!rg_definition_pattern_more(b, extend, "by", RG_DEFINITION_EXTEND)) {
        rg_yaml_report(b->doc, extend, "the key 'by' is missing; name the steps");
    }
}

static void read_case_fields(struct rg_definition_build *b, const struct rg_yaml_node *node,
                             const struct rg_definition_shape *s, struct rg_definition_rule *out)
{
    if ((s->params & P_DUE) != 0) {
        out->column = read_date_field(b, node, "due", true);
        out->other = read_date_field(b, node, "done", false);
    }
    if ((s->params & P_FIELD) != 0) {
        out->column = read_date_field(b, node, "field", true);
    }
    if ((s->params & P_SAME) != 0) {
        out->same = rg_yaml_str(b->doc, node, "same", RG_NAME_MAX, false);
        if (out->same != NULL) {
            rg_definition_rule_need(b, rg_yaml_get(node, "same"), out->same);
        }
    }
    if (s->field != NULL) {
        out->column = s->field;
        rg_definition_rule_need(b, node, s->field);
    }
}

static void read_params(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        struct rg_definition_rule *out)
{
    const struct rg_definition_shape *s = &shapes[out->template];
    refuse_params(b, node, s);
    b->scratch_count = 0;
    if (s->sides > 0) {
        rg_definition_pattern_activities(b, node, s, out);
    }
    read_numbers(b, node, out);
    if ((s->params & P_CALENDAR) != 0) {
        read_calendar(b, node, out);
    }
    if ((s->params & P_LIMIT) != 0) {
        read_limit(b, node, out);
    }
    if ((s->params & P_AGE) != 0) {
        out->limit_ms = rg_yaml_duration(b->doc, node, "mean_age", 0);
        if (out->limit_ms == 0 && rg_yaml_get(node, "mean_age") != NULL) {
            rg_yaml_report(b->doc, rg_yaml_get(node, "mean_age"),
                           "'mean_age' must be a duration longer than nothing");
        }
    }
    if ((s->params & P_CLOCK) != 0) {
        read_clock(b, node, out);
    }
    if ((s->params & P_GROUPS) != 0) {
        read_role(b, node, out);
    }
    if ((s->params & P_VALUES) != 0) {
        read_values(b, node, out);
    }
    if ((s->params & P_COMPARE) != 0) {
        read_compare(b, node, out);
    }
    const struct rg_yaml_node *require = rg_yaml_map(b->doc, node, "require", false);
    if ((s->params & P_REQUIRE) != 0 && require == NULL) {
        rg_yaml_report(b->doc, node, "the key 'require' is missing; say what must hold");
    } else if (require != NULL) {
        out->require = rg_definition_pattern_where(b, require);
    }
    read_case_fields(b, node, s, out);
    (void)rg_definition_pattern_more(b, node, "reset", RG_DEFINITION_RESET);
    (void)rg_definition_pattern_more(b, node, "include", RG_DEFINITION_RESET);
    out->window_ms = rg_yaml_duration(b->doc, node, "window", 0);
    out->heal = rg_yaml_bool(b->doc, node, "heal", false);
    if (rg_yaml_get(node, "window") != NULL && out->window_ms == 0) {
        rg_yaml_report(b->doc, rg_yaml_get(node, "window"), "'window' must be longer than nothing");
    }
    if (out->window_ms > 0 && out->n > RG_DEFINITION_WINDOW_N_MAX) {
        rg_yaml_report(b->doc, node, "with a window 'n' is at most %d", RG_DEFINITION_WINDOW_N_MAX);
    }
    for (size_t i = 0; (s->params & P_ENDS) != 0 && i < b->pub.ends.count &&
                       b->scratch_count < RG_DEFINITION_PATTERNS_MAX;
         i++) {
        b->scratch[b->scratch_count++] = (struct rg_definition_pattern){
            .step = b->pub.ends.items[i], .sides = RG_DEFINITION_END};
    }
    rg_definition_pattern_end(b, out);
}

size_t rg_definition_rule_read(struct rg_definition_build *b, const struct rg_yaml_node *node,
                               const char *profile, struct rg_definition_rule out[2])
{
    static const char *const keys[] = {
        "id",     "template", "activities", "n",        "min",          "max",      "within",
        "days",   "at_least", "calendar",   "from",     "hold",         "resume",   "extend",
        "hard",   "heal",     "same",       "groups",   "hard_message", "agencies", "column",
        "values", "reset",    "window",     "include",  "require",      "compare",  "field",
        "due",    "done",     "on",         "severity", "to",           "message",  "description",
        "sites",  "mean_age"};
    rg_yaml_only(b->doc, node, keys, sizeof(keys) / sizeof(keys[0]));
    if (node->kind != RG_YAML_MAPPING) {
        return 0;
    }
    const struct rg_yaml_node *id = rg_yaml_get(node, "id");
    if (id == NULL) {
        rg_yaml_report(b->doc, node, "the key 'id' is missing; give the rule a name of its own");
    } else {
        out[0].id = rg_definition__name(b, id, "a rule id");
    }
    if (out[0].id != NULL && profile != NULL) {
        out[0].id = rg_definition_expand_id(b, node, out[0].id, ".");
        out[0].id = rg_definition_expand_id(b, node, out[0].id, profile);
    }
    rg_definition_profile_sites(b, node, &out[0]);
    out[0].template = read_template(b, node);
    if (out[0].template != RG_DEFINITION_NONE) {
        read_params(b, node, &out[0]);
    }
    read_severity(b, node, &out[0]);
    if (rg_yaml_get(node, "to") != NULL) {
        out[0].to = rg_definition__names(b, rg_yaml_get(node, "to"), "an agency");
    }
    read_message(b, node, &out[0]);
    (void)rg_yaml_str(b->doc, node, "description", RG_DEFINITION_TEXT_MAX, false);
    if (!rg_yaml_bool(b->doc, node, "on", true) || out[0].template == RG_DEFINITION_NONE) {
        return 0;
    }
    return rg_definition_expand(b, node, out);
}
