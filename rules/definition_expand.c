/* Composite templates and hard limits: one rule of the file, two that are judged. */
#include <string.h>

#include "rules/definition_rule.h"

/* What a composite template is read as. */
static const struct {
    enum rg_definition_template template;
    enum rg_definition_template first;
    enum rg_definition_template second;
    const char *suffix; /* of the ids */
    const char *second_suffix;
    bool swap; /* the second with B and A */
    bool join; /* the first with A and B as one set */
} composites[] = {
    {RG_DEFINITION_SUCCESSION, RG_DEFINITION_RESPONSE, RG_DEFINITION_PRECEDENCE, ".response",
     ".precedence", false, false},
    {RG_DEFINITION_ALTERNATE_SUCCESSION, RG_DEFINITION_ALTERNATE_RESPONSE,
     RG_DEFINITION_ALTERNATE_PRECEDENCE, ".response", ".precedence", false, false},
    {RG_DEFINITION_CHAIN_SUCCESSION, RG_DEFINITION_CHAIN_RESPONSE, RG_DEFINITION_CHAIN_PRECEDENCE,
     ".response", ".precedence", false, false},
    {RG_DEFINITION_CO_EXISTENCE, RG_DEFINITION_RESPONDED_EXISTENCE,
     RG_DEFINITION_RESPONDED_EXISTENCE, ".with", ".back", true, false},
    {RG_DEFINITION_EXCLUSIVE_CHOICE, RG_DEFINITION_CHOICE, RG_DEFINITION_NOT_COEXISTENCE, ".one",
     ".only", false, true},
};

const char *rg_definition_expand_id(struct rg_definition_build *b, const struct rg_yaml_node *node,
                                    const char *id, const char *suffix)
{
    char *text = rg_definition__alloc(b, 1, RG_NAME_MAX + 1);
    if (text == NULL || id == NULL) {
        return id;
    }
    const size_t len = strlen(id);
    if (len + strlen(suffix) > RG_NAME_MAX) {
        rg_yaml_report(b->doc, node, "the id is too long to carry '%s'; shorten it", suffix);
        return id;
    }
    memcpy(text, id, len);
    memcpy(text + len, suffix, strlen(suffix) + 1);
    return text;
}

/* B and A of a rule changed for each other (@swap), or both made A. */
static void turn_sides(struct rg_definition_build *b, struct rg_definition_rule *r, bool swap)
{
    const size_t count = r->activities.count;
    struct rg_definition_pattern *p = rg_definition__alloc(b, r->pattern_count, sizeof(*p));
    const char **names = rg_definition__alloc(b, count, sizeof(*names));
    if (p == NULL || names == NULL) {
        return;
    }
    const size_t shift = swap ? r->a_count : 0;
    for (size_t i = 0; i < r->pattern_count; i++) {
        p[i] = r->patterns[i < count ? (i + shift) % count : i];
        if (i < count) {
            p[i].sides = !swap || i < count - r->a_count ? RG_DEFINITION_A : RG_DEFINITION_B;
            names[i] = p[i].step;
        }
    }
    r->patterns = p;
    r->activities.items = names;
    r->a_count = swap ? count - r->a_count : count;
}

static size_t split(struct rg_definition_build *b, const struct rg_yaml_node *node,
                    struct rg_definition_rule out[2])
{
    for (size_t i = 0; i < sizeof(composites) / sizeof(composites[0]); i++) {
        if (composites[i].template != out[0].template) {
            continue;
        }
        out[1] = out[0];
        out[0].template = composites[i].first;
        out[1].template = composites[i].second;
        out[1].id = rg_definition_expand_id(b, node, out[0].id, composites[i].second_suffix);
        out[0].id = rg_definition_expand_id(b, node, out[0].id, composites[i].suffix);
        if (composites[i].join) {
            turn_sides(b, &out[0], false);
        }
        if (composites[i].swap) {
            turn_sides(b, &out[1], true);
        }
        return 2;
    }
    return 1;
}

/* The hard limit is a rule of its own, so that each has its alert. */
static size_t harden(struct rg_definition_build *b, const struct rg_yaml_node *node,
                     struct rg_definition_rule out[2])
{
    const struct rg_yaml_node *hard = rg_yaml_get(node, "hard");
    const uint64_t range[2] = {(uint64_t)out[0].n + 1, RG_DEFINITION_N_MAX};
    if (hard == NULL) {
        return 1;
    }
    out[1] = out[0];
    out[1].id = rg_definition_expand_id(b, node, out[0].id, ".hard");
    out[1].severity = RG_DEFINITION_CRITICAL;
    out[1].hard = true;
    if (out[0].severity != RG_DEFINITION_WARNING) {
        rg_yaml_report(b->doc, hard, "a hard limit follows a warning; leave the severity out");
    }
    if (out[0].template == RG_DEFINITION_COUNTER) {
        out[1].n = (uint32_t)rg_yaml_u64(b->doc, node, "hard", range, range[0]);
        out[1].min = out[1].n;
    } else {
        out[1].limit_ms = rg_yaml_duration(b->doc, node, "hard", out[0].limit_ms + 1);
        rg_definition_rule_check_limit(b, hard, &out[1]);
        if (out[1].limit_ms <= out[0].limit_ms) {
            rg_yaml_report(b->doc, hard, "the hard limit is not above the soft one");
        }
    }
    rg_definition__texts(b, rg_yaml_map(b->doc, node, "hard_message", false), &out[1].message_de,
                         &out[1].message_en);
    return 2;
}

size_t rg_definition_expand(struct rg_definition_build *b, const struct rg_yaml_node *node,
                            struct rg_definition_rule out[2])
{
    const size_t parts = split(b, node, out);
    return parts == 2 ? 2 : harden(b, node, out);
}
