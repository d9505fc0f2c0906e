/* Templates about who acted and what was recorded: role, single_group, four_eyes, no_after_value.
 */
#include <string.h>

#include "rules/soll_rule.h"

#define DONE 1U
#define SEEN_A 2U
#define SEEN_B 4U
#define FORBIDDEN 8U

static bool is(struct rg_rules_text text, const char *name)
{
    const size_t len = strlen(name);
    return text.len == len && (len == 0 || memcmp(text.data, name, len) == 0);
}

static bool among(struct rg_rules_text text, const struct rg_definition_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (is(text, names->items[i])) {
            return true;
        }
    }
    return false;
}

/* Logs write EMPTY for what their source did not know. */
static bool is_known(struct rg_rules_text text)
{
    return text.len > 0 && text.len <= RG_FIELD_VALUE_MAX && !is(text, "EMPTY");
}

static struct rg_bytes bytes_of(struct rg_rules_text text)
{
    return (struct rg_bytes){(const uint8_t *)text.data, text.len};
}

static void role_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        return;
    }
    bool right = false;
    r->mem->activations++;
    if (r->def->agencies.count > 0) {
        right = among(ev->entry->agency, &r->def->agencies);
    } else {
        const struct rg_rules_text group = rg_soll__field(ev->entry, "group");
        right = is_known(group) && among(group, &r->def->groups);
    }
    if (!right) {
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_actor_role = {.entry = role_entry};

static void group_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_A) == 0) {
        return;
    }
    const struct rg_rules_text group = rg_soll__field(ev->entry, "group");
    r->mem->activations = 1;
    if (!is_known(group) || (r->mem->flags & DONE) != 0) {
        return;
    }
    if (r->mem->name_count == 0) {
        rg_soll__note(r, RG_SOLL_RULE_A, group);
    } else if (rg_soll_state_find_name(r->mem, bytes_of(group)) == NULL) {
        r->mem->flags |= DONE;
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    }
}

const struct rg_soll_template rg_soll_actor_group = {.entry = group_entry};

static void eyes_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_rule *m = r->mem;
    if (ev->sides == 0) {
        return;
    }
    m->flags |= (uint8_t)((ev->sides & RG_SOLL_RULE_A) != 0 ? SEEN_A : 0);
    m->flags |= (uint8_t)((ev->sides & RG_SOLL_RULE_B) != 0 ? SEEN_B : 0);
    m->activations = (m->flags & SEEN_A) != 0 && (m->flags & SEEN_B) != 0 ? 1 : 0;
    const struct rg_rules_text resource = rg_soll__field(ev->entry, "resource");
    if (!is_known(resource) || (m->flags & DONE) != 0) {
        return;
    }
    struct rg_soll_state_name *n = rg_soll_state_find_name(m, bytes_of(resource));
    const unsigned mask = (n == NULL ? 0U : n->mask) | ev->sides;
    if (mask == (RG_SOLL_RULE_A | RG_SOLL_RULE_B)) {
        m->flags |= DONE;
        rg_soll__forget(r);
        rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
    } else if (n == NULL) {
        rg_soll__note(r, (uint8_t)mask, resource);
    }
}

const struct rg_soll_template rg_soll_actor_eyes = {.entry = eyes_entry};

static void value_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_SOLL_RULE_A) != 0) {
        r->mem->activations++;
        if ((r->mem->flags & FORBIDDEN) != 0) {
            rg_soll__violate(r, ev->no, RG_RULES_NEVER, ev->entry->step);
        }
    }
    const struct rg_rules_text value = rg_soll__field(ev->entry, r->def->column);
    if (value.len > 0) {
        r->mem->flags = among(value, &r->def->values) ? FORBIDDEN : 0;
    }
}

const struct rg_soll_template rg_soll_actor_value = {.entry = value_entry};
