/* What is valid and yet cannot be meant. Everything is judged from the rules alone; conditions on
 * fields make a rule weaker than it looks, so patterns with conditions are never evidence. */
#include "base/bytes.h"
#include "rules/definition_rule.h"

#define A RG_DEFINITION_A
#define B RG_DEFINITION_B

/* What is wrong with one rule. */
enum fault {
    FAULT_NONE = 0,
    FAULT_REACH,
    FAULT_ROLE,
    FAULT_KEPT,
};

/* Each site with rules of its own is looked at; wrong is what is so at all of them, since a profile
 * may well leave something out on purpose. */
struct lint {
    struct rg_definition_build *b;
    const struct rg_definition_rule *rules;
    size_t count;
    size_t site;                           /* looked at */
    bool reached[RG_DEFINITION_STEPS_MAX]; /* there */
    bool ever[RG_DEFINITION_STEPS_MAX];    /* reached at a site before */
    bool judged[RG_DEFINITION_RULES_MAX];
    enum fault fault[RG_DEFINITION_RULES_MAX]; /* at all sites so far that it judges */
};

static bool applies(const struct lint *l, size_t i)
{
    return rg_definition_rule_applies(&l->rules[i], l->site);
}

static const struct rg_yaml_node *place(const struct lint *l, size_t i)
{
    const struct rg_yaml_node *node = l->b->rule_nodes[i];
    const struct rg_yaml_node *list = rg_yaml_get(node, "activities");
    return list != NULL ? list : node;
}

static bool is_on(const struct rg_definition_pattern *p, unsigned side)
{
    return (p->sides & side) != 0;
}

/* Whether the side has this step for certain. */
static bool has(const struct rg_definition_rule *r, unsigned side, const char *step)
{
    for (size_t i = 0; i < r->pattern_count; i++) {
        const struct rg_definition_pattern *p = &r->patterns[i];
        if (is_on(p, side) && p->where.count == 0 &&
            (p->step == NULL || strcmp(p->step, step) == 0)) {
            return true;
        }
    }
    return false;
}

/* Whether all of one side is for certain on the other. */
static bool within(const struct rg_definition_rule *x, unsigned xs,
                   const struct rg_definition_rule *y, unsigned ys)
{
    size_t n = 0;
    for (size_t i = 0; i < x->pattern_count; i++) {
        const struct rg_definition_pattern *p = &x->patterns[i];
        if (!is_on(p, xs)) {
            continue;
        }
        if (p->step == NULL || !has(y, ys, p->step)) {
            return false;
        }
        n++;
    }
    return n > 0;
}

static bool meets(const struct rg_definition_rule *x, unsigned xs,
                  const struct rg_definition_rule *y, unsigned ys)
{
    for (size_t i = 0; i < x->pattern_count; i++) {
        const struct rg_definition_pattern *p = &x->patterns[i];
        if (is_on(p, xs) && p->step != NULL && has(y, ys, p->step)) {
            return true;
        }
    }
    return false;
}

static bool wants_after(const struct rg_definition_rule *r)
{
    return r->template == RG_DEFINITION_RESPONSE || r->template == RG_DEFINITION_RESPONSE_ANY ||
           r->template == RG_DEFINITION_RESPONSE_WITHIN ||
           r->template == RG_DEFINITION_RESPONSE_ANY_WITHIN ||
           r->template == RG_DEFINITION_ALTERNATE_RESPONSE ||
           r->template == RG_DEFINITION_CHAIN_RESPONSE;
}

static bool wants_before(const struct rg_definition_rule *r)
{
    return r->template == RG_DEFINITION_PRECEDENCE || r->template == RG_DEFINITION_PRECEDENCE_ANY ||
           r->template == RG_DEFINITION_ALTERNATE_PRECEDENCE ||
           r->template == RG_DEFINITION_CHAIN_PRECEDENCE;
}

static bool counts(const struct rg_definition_rule *r)
{
    return r->template == RG_DEFINITION_EXACTLY || r->template == RG_DEFINITION_ABSENCE ||
           r->template == RG_DEFINITION_EXISTENCE || r->template == RG_DEFINITION_AT_MOST ||
           r->template == RG_DEFINITION_BETWEEN || r->template == RG_DEFINITION_CHOICE;
}

/* Steps that a case can reach without breaking a rule. */

static bool any_reached(const struct lint *l, const struct rg_definition_rule *r, unsigned side)
{
    for (size_t i = 0; i < r->pattern_count; i++) {
        const struct rg_definition_pattern *p = &r->patterns[i];
        if (!is_on(p, side)) {
            continue;
        }
        const struct rg_definition_step *s =
            p->step == NULL ? NULL : rg_definition_find_step(&l->b->pub, rg_bytes_str(p->step));
        if (s == NULL || l->reached[s - l->b->pub.steps]) {
            return true;
        }
    }
    return false;
}

/* The rule that keeps cases from this step, or the number of rules. */
static size_t barrier(const struct lint *l, const char *step)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct rg_definition_rule *r = &l->rules[i];
        if (applies(l, i) && ((counts(r) && r->max == 0 && has(r, A, step)) ||
                              (wants_before(r) && has(r, B, step) && !any_reached(l, r, A)))) {
            return i;
        }
    }
    return l->count;
}

static void reach(struct lint *l)
{
    const struct rg_definition *def = &l->b->pub;
    bool more = true;
    memset(l->reached, 0, sizeof l->reached);
    while (more) {
        more = false;
        for (size_t s = 0; s < def->step_count; s++) {
            if (!l->reached[s] && barrier(l, def->steps[s].id) == l->count) {
                l->reached[s] = true;
                l->ever[s] = true;
                more = true;
            }
        }
    }
}

static void report_steps(const struct lint *l)
{
    const struct rg_definition *def = &l->b->pub;
    const struct rg_yaml_node *node = rg_yaml_first(l->b->steps_node);
    for (size_t s = 0; s < def->step_count; s++, node = rg_yaml_next(node)) {
        if (!l->ever[s]) {
            rg_yaml_report(l->b->doc, node,
                           "no case can reach the step '%s' without breaking the rule '%s'; "
                           "change the rule or remove the step",
                           def->steps[s].id, l->rules[barrier(l, def->steps[s].id)].id);
        }
    }
}

/* Rules that can never fire. */

static bool condition_fails(const struct rg_definition_conditions *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct rg_definition_condition *x = &c->items[i];
        for (size_t k = 0; k < c->count; k++) {
            const struct rg_definition_condition *y = &c->items[k];
            bool all = x->test == RG_DEFINITION_TEST_IS && strcmp(x->field, y->field) == 0 &&
                       (y->test == RG_DEFINITION_TEST_NOT || y->test == RG_DEFINITION_TEST_UNKNOWN);
            for (size_t v = 0; all && y->test == RG_DEFINITION_TEST_NOT && v < x->values.count;
                 v++) {
                all = rg_definition__among(&y->values, rg_bytes_str(x->values.items[v]));
            }
            if (all) {
                return true;
            }
        }
    }
    return false;
}

static bool side_fails(const struct lint *l, const struct rg_definition_rule *r, unsigned side)
{
    size_t n = 0;
    size_t failing = 0;
    for (size_t i = 0; i < r->pattern_count; i++) {
        n += is_on(&r->patterns[i], side) ? 1 : 0;
        failing += is_on(&r->patterns[i], side) && condition_fails(&r->patterns[i].where) ? 1 : 0;
    }
    return n > 0 && (failing == n || !any_reached(l, r, side));
}

/* Every agency that may record the steps has the role anyway. */
static bool role_is_certain(const struct lint *l, const struct rg_definition_rule *r)
{
    if (r->template != RG_DEFINITION_ROLE || r->agencies.count == 0 || r->activities.count == 0) {
        return false;
    }
    for (size_t i = 0; i < r->activities.count; i++) {
        const struct rg_definition_step *s =
            rg_definition_find_step(&l->b->pub, rg_bytes_str(r->activities.items[i]));
        if (s == NULL || s->by.count == 0) {
            return false;
        }
        for (size_t k = 0; k < s->by.count; k++) {
            if (!rg_definition__among(&r->agencies, rg_bytes_str(s->by.items[k]))) {
                return false;
            }
        }
    }
    return true;
}

static enum fault fault_of(const struct lint *l, const struct rg_definition_rule *r)
{
    const struct rg_definition_shape *s = rg_definition_rule_shape(r->template);
    /* One that asks for B can fire without it. */
    const bool b_needed = !wants_after(r) && r->template != RG_DEFINITION_RESPONDED_EXISTENCE;
    const bool a_needed = !wants_before(r);
    const bool asks = r->template == RG_DEFINITION_INIT || (counts(r) && r->min > 0);
    if (counts(r) && r->max == 0) {
        return FAULT_NONE; /* it is what keeps cases away */
    }
    if ((s->sides > 0 && !asks && a_needed && side_fails(l, r, A)) ||
        (s->sides > 1 && b_needed && side_fails(l, r, B))) {
        return FAULT_REACH;
    }
    if (role_is_certain(l, r)) {
        return FAULT_ROLE;
    }
    return asks && side_fails(l, r, A) ? FAULT_KEPT : FAULT_NONE;
}

static void look(struct lint *l)
{
    reach(l);
    for (size_t i = 0; i < l->count; i++) {
        if (applies(l, i) && (!l->judged[i] || l->fault[i] != FAULT_NONE)) {
            l->judged[i] = true;
            l->fault[i] = fault_of(l, &l->rules[i]);
        }
    }
}

/* Whether the rules at @site are those at the site before. */
static bool same_rules(const struct lint *l, size_t site)
{
    for (size_t i = 0; i < l->count; i++) {
        if (rg_definition_rule_applies(&l->rules[i], site) !=
            rg_definition_rule_applies(&l->rules[i], site - 1)) {
            return false;
        }
    }
    return true;
}

static void look_everywhere(struct lint *l)
{
    const struct rg_definition_field *site = l->b->pub.site;
    for (size_t i = 0; site != NULL && i < site->values.count; i++) {
        if (i == 0 || !same_rules(l, i)) {
            l->site = i;
            look(l);
        }
    }
    l->site = RG_DEFINITION_NO_SITE;
    look(l);
}

static void report_fault(const struct lint *l, size_t i)
{
    static const char *const why[] = {
        [FAULT_REACH] = "fire: no case can reach what it speaks about",
        [FAULT_ROLE] = "fire: only those agencies may record the step",
        [FAULT_KEPT] = "be kept: no case can reach what it asks for",
    };
    if (l->fault[i] != FAULT_NONE) {
        rg_yaml_report(l->b->doc, place(l, i), "the rule '%s' can never %s", l->rules[i].id,
                       why[l->fault[i]]);
    } else if (l->rules[i].sites == 0 && !l->rules[i].elsewhere) {
        rg_yaml_report(l->b->doc, place(l, i),
                       "the rule '%s' can never fire: at each of its sites a profile says it anew",
                       l->rules[i].id);
    }
}

/* Rules that contradict each other. */

static bool never_both(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    const bool apart = y->template == RG_DEFINITION_NOT_COEXISTENCE;
    const bool ab = meets(x, A, y, A) && within(x, B, y, B);
    const bool ba = meets(x, A, y, B) && within(x, B, y, A);
    if (y->same != NULL) {
        return false;
    }
    if (wants_after(x)) {
        return (apart && (ab || ba)) || (y->template == RG_DEFINITION_NOT_SUCCESSION && ab) ||
               (y->template == RG_DEFINITION_NOT_CHAIN_SUCCESSION &&
                x->template == RG_DEFINITION_CHAIN_RESPONSE && ab);
    }
    if (x->template == RG_DEFINITION_RESPONDED_EXISTENCE) {
        return apart && (ab || ba);
    }
    if (wants_before(x)) {
        const bool before = within(x, A, y, A) && meets(x, B, y, B);
        const bool turned = within(x, A, y, B) && meets(x, B, y, A);
        return (apart && (before || turned)) ||
               (y->template == RG_DEFINITION_NOT_SUCCESSION && before) ||
               (y->template == RG_DEFINITION_NOT_CHAIN_SUCCESSION &&
                x->template == RG_DEFINITION_CHAIN_PRECEDENCE && before);
    }
    return false;
}

static bool ranges_part(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    return counts(x) && counts(y) && x->min > y->max && within(x, A, y, A);
}

static bool orders_part(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    if (x->template == RG_DEFINITION_INIT && y->template == RG_DEFINITION_INIT) {
        return !meets(x, A, y, A) && !meets(y, A, x, A);
    }
    if (x->template == RG_DEFINITION_INIT && wants_before(y)) {
        return within(x, A, y, B);
    }
    if (x->template == RG_DEFINITION_CHAIN_RESPONSE && y->template == x->template) {
        return meets(x, A, y, A) && !meets(x, B, y, B) && !meets(y, B, x, B);
    }
    if (x->template == RG_DEFINITION_CHAIN_PRECEDENCE && y->template == x->template) {
        return meets(x, B, y, B) && !meets(x, A, y, A) && !meets(y, A, x, A);
    }
    return false;
}

static bool times_part(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    const bool limit =
        y->template == RG_DEFINITION_MAX_DELAY || y->template == RG_DEFINITION_RESPONSE_WITHIN;
    return x->template == RG_DEFINITION_MIN_DELAY && limit && y->calendar == NULL &&
           y->from == NULL && x->limit_ms > y->limit_ms && meets(x, A, y, A) && within(y, B, x, B);
}

static bool people_part(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    return x->template == RG_DEFINITION_FOUR_EYES && y->template == RG_DEFINITION_BINDING_OF_DUTY &&
           within(x, A, y, A) && within(x, B, y, A);
}

static bool names_equal(const struct rg_definition_names *x, const struct rg_definition_names *y)
{
    for (size_t i = 0; i < x->count && x->count == y->count; i++) {
        if (strcmp(x->items[i], y->items[i]) != 0) {
            return false;
        }
    }
    return x->count == y->count;
}

static bool text_equal(const char *x, const char *y)
{
    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

static bool plain(const struct rg_definition_rule *r)
{
    for (size_t i = 0; i < r->pattern_count; i++) {
        if (r->patterns[i].where.count > 0) {
            return false;
        }
    }
    return r->require.count == 0;
}

/* The same judgement twice. */
static bool is_double(const struct rg_definition_rule *x, const struct rg_definition_rule *y)
{
    return x->template == y->template && plain(x) && plain(y) && x->limit_ms == y->limit_ms &&
           x->min == y->min && x->max == y->max && x->calendar == y->calendar &&
           x->window_ms == y->window_ms && x->a_count == y->a_count &&
           x->pattern_count == y->pattern_count && x->test == y->test &&
           names_equal(&x->activities, &y->activities) && names_equal(&x->groups, &y->groups) &&
           names_equal(&x->agencies, &y->agencies) && names_equal(&x->values, &y->values) &&
           text_equal(x->column, y->column) && text_equal(x->other, y->other) &&
           text_equal(x->same, y->same) && text_equal(x->from, y->from);
}

static void check_pair(const struct lint *l, size_t i, size_t k)
{
    const struct rg_definition_rule *x = &l->rules[i];
    const struct rg_definition_rule *y = &l->rules[k];
    const bool apart = (x->sites & y->sites) == 0 && !(x->elsewhere && y->elsewhere);
    if (apart || x->severity == RG_DEFINITION_SILENT || y->severity == RG_DEFINITION_SILENT) {
        return; /* of different sites, or for statistics, which ask nothing */
    }
    const bool parts = never_both(x, y) || ranges_part(x, y) || orders_part(x, y) ||
                       times_part(x, y) || people_part(x, y);
    const bool turned = never_both(y, x) || ranges_part(y, x) || orders_part(y, x) ||
                        times_part(y, x) || people_part(y, x);
    if (parts || turned) {
        rg_yaml_report(l->b->doc, place(l, k),
                       "the rule '%s' contradicts the rule '%s' (line %u): no case can keep both",
                       y->id, x->id, (unsigned)l->b->rule_nodes[i]->line);
    } else if (is_double(x, y)) {
        rg_yaml_report(l->b->doc, place(l, k),
                       "the rule '%s' judges the same as the rule '%s' (line %u); remove one",
                       y->id, x->id, (unsigned)l->b->rule_nodes[i]->line);
    }
}

void rg_definition_lint(struct rg_definition *def, char out[RG_DEFINITION_ERROR_MAX])
{
    struct lint l = {
        .b = (struct rg_definition_build *)def, .rules = def->rules, .count = def->rule_count};
    look_everywhere(&l);
    report_steps(&l);
    for (size_t i = 0; i < l.count; i++) {
        report_fault(&l, i);
        for (size_t k = i + 1; k < l.count; k++) {
            check_pair(&l, i, k);
        }
    }
    const char *text = rg_yaml_errors(l.b->doc);
    memcpy(out, text, strlen(text) + 1);
}
