/* Profiles: what is otherwise at some sites. A rule that a profile changes is read twice, once as
 * it stands, for all other sites, and once with the profile's keys in place of its own. */
#include <string.h>

#include "base/bytes.h"
#include "rules/definition_rule.h"

/* The sites in the list @node, a bit each; 0 after a report. */
static uint64_t sites_of(struct rg_definition_build *b, const struct rg_yaml_node *node)
{
    uint64_t sites = 0;
    const struct rg_definition_names names = rg_definition__names(b, node, "a site");
    for (size_t i = 0; i < names.count; i++) {
        const size_t site = rg_definition_find_site(&b->pub, rg_bytes_str(names.items[i]));
        if (site == RG_DEFINITION_NO_SITE) {
            rg_yaml_report(b->doc, node,
                           "'%s' is no site; sites are the values of the field that 'site' names",
                           names.items[i]);
            return 0;
        }
        sites |= UINT64_C(1) << site;
    }
    return sites;
}

void rg_definition_profile_sites(struct rg_definition_build *b, const struct rg_yaml_node *rule,
                                 struct rg_definition_rule *out)
{
    const struct rg_yaml_node *node = rg_yaml_get(rule, "sites");
    out->sites = node == NULL ? UINT64_MAX : sites_of(b, node);
    out->elsewhere = node == NULL;
}

static void read_profile(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_definition_profile *out)
{
    static const char *const keys[] = {"sites", "rules"};
    rg_yaml_only(b->doc, node, keys, 2);
    out->name = node->key;
    if (!rg_definition_is_name(rg_bytes_str(node->key))) {
        rg_yaml_report_key(b->doc, node, "the name of a profile must be a text of 1 to %d bytes",
                           RG_NAME_MAX);
    }
    const struct rg_yaml_node *sites = rg_yaml_get(node, "sites");
    if (sites != NULL) {
        out->sites = sites_of(b, sites);
    } else {
        const size_t site = rg_definition_find_site(&b->pub, rg_bytes_str(node->key));
        out->sites = site == RG_DEFINITION_NO_SITE ? 0 : UINT64_C(1) << site;
        if (out->sites == 0) {
            rg_yaml_report_key(b->doc, node, "'%.64s' is no site; list the profile's under 'sites'",
                               node->key);
        }
    }
    out->rules = rg_yaml_map(b->doc, node, "rules", true);
}

void rg_definition_profile_read(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const struct rg_yaml_node *map = rg_yaml_map(b->doc, root, "profiles", false);
    uint64_t taken = 0;
    if (map == NULL) {
        return;
    }
    if (map->count > RG_DEFINITION_PROFILES_MAX) {
        rg_yaml_report(b->doc, map, "more than %d profiles", RG_DEFINITION_PROFILES_MAX);
        return;
    }
    if (b->pub.site == NULL) {
        rg_yaml_report(b->doc, map, "profiles need 'site', the field that says a case's site");
        return;
    }
    for (const struct rg_yaml_node *n = rg_yaml_first(map); n != NULL; n = rg_yaml_next(n)) {
        struct rg_definition_profile *p = &b->profile[b->profile_count++];
        read_profile(b, n, p);
        if ((p->sites & taken) != 0) {
            rg_yaml_report_key(b->doc, n, "a site of '%.64s' is in another profile, too", p->name);
        }
        taken |= p->sites;
    }
}

/* The id of the rule @node; NULL when it has none that could be read. */
static const char *rule_id(const struct rg_yaml_node *node)
{
    const struct rg_yaml_node *id = rg_yaml_get(node, "id");
    return id == NULL ? NULL : id->text;
}

/* Whether an override may have the key. */
static bool may_change(const char *key)
{
    return strcmp(key, "id") != 0 && strcmp(key, "template") != 0 && strcmp(key, "sites") != 0;
}

/* The rule @base with the keys of @over in place of its own. NULL after a report. */
static const struct rg_yaml_node *merge(struct rg_definition_build *b,
                                        const struct rg_yaml_node *base,
                                        const struct rg_yaml_node *over)
{
    const struct rg_yaml_node *const from[] = {base, over};
    struct rg_yaml_node *all =
        rg_definition__alloc(b, (size_t)base->count + over->count + 1, sizeof *all);
    size_t count = 0;
    if (all == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        for (const struct rg_yaml_node *n = rg_yaml_first(from[i]); n != NULL;
             n = rg_yaml_next(n)) {
            if (i == 1 && !may_change(n->key)) {
                rg_yaml_report_key(b->doc, n, "a profile cannot change '%s' of a rule; remove it",
                                   n->key);
                return NULL;
            }
            if (i == 1 || rg_yaml_get(over, n->key) == NULL) {
                count++;
                all[count] = *n;
                all[count].next = NULL;
                all[count - 1].next = count > 1 ? &all[count] : NULL;
            }
        }
    }
    all[0] = *base;
    all[0].line = over->key_line;
    all[0].column = over->key_column;
    all[0].count = (uint32_t)count;
    all[0].child = count == 0 ? NULL : &all[1];
    all[0].next = NULL;
    return all;
}

/* Add what profile @p makes of the rule @node by @over. */
static void add_variant(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        const struct rg_definition_profile *p, const struct rg_yaml_node *over)
{
    struct rg_definition_rule variant[2] = {{0}};
    if (over->kind != RG_YAML_MAPPING) {
        rg_yaml_report(b->doc, over, "expected what is otherwise, like {within: P2D}");
        return;
    }
    const struct rg_yaml_node *merged = merge(b, node, over);
    if (merged == NULL) {
        return;
    }
    const size_t made = rg_definition_rule_read(b, merged, p->name, variant);
    for (size_t i = 0; i < made; i++) {
        if ((variant[i].sites & p->sites) != p->sites) {
            rg_yaml_report_key(b->doc, over, "the rule is not judged at all sites of '%s'",
                               p->name);
        }
        variant[i].sites = p->sites;
        variant[i].elsewhere = false;
        rg_definition__add(b, merged, &variant[i]);
    }
}

void rg_definition_profile_rule(struct rg_definition_build *b, const struct rg_yaml_node *node)
{
    struct rg_definition_rule base[2] = {{0}};
    const size_t made = rg_definition_rule_read(b, node, NULL, base);
    const struct rg_yaml_node *over[RG_DEFINITION_PROFILES_MAX] = {NULL};
    const char *id = rule_id(node);
    uint64_t changed = 0;
    for (size_t i = 0; id != NULL && i < b->profile_count; i++) {
        over[i] = rg_yaml_get(b->profile[i].rules, id);
        changed |= over[i] != NULL ? b->profile[i].sites : 0;
    }
    for (size_t i = 0; i < made; i++) {
        base[i].sites &= ~changed;
        rg_definition__add(b, node, &base[i]);
    }
    /* What is wrong with the rule itself is told once. */
    for (size_t i = 0; i < b->profile_count && !rg_yaml_failed(b->doc); i++) {
        if (over[i] != NULL) {
            add_variant(b, node, &b->profile[i], over[i]);
        }
    }
}

/* Whether a rule of the list has this id. */
static bool is_rule(const struct rg_yaml_node *list, const char *id)
{
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n)) {
        const char *own = rule_id(n);
        if (own != NULL && strcmp(own, id) == 0) {
            return true;
        }
    }
    return false;
}

void rg_definition_profile_check(struct rg_definition_build *b, const struct rg_yaml_node *list)
{
    for (size_t i = 0; i < b->profile_count; i++) {
        const struct rg_yaml_node *rules = b->profile[i].rules;
        for (const struct rg_yaml_node *n = rg_yaml_first(rules); n != NULL; n = rg_yaml_next(n)) {
            if (!is_rule(list, n->key)) {
                rg_yaml_report_key(b->doc, n, "the rule '%.64s' is not among the rules; correct it",
                                   n->key);
            }
        }
    }
}
