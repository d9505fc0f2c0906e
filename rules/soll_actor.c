/* Templates about who acted: role, single_group, binding_of_duty, four_eyes.
 * names: who was seen. */
#include "rules/soll_rule.h"

#define DONE 4U /* beside the sides */

/* The agencies that may record the event's step, of a role that names none itself. */
static bool may_write(const struct rg_soll_rule *r, const struct rg_rules_entry *entry)
{
    return rg_definition_may_write(rg_soll__definition(r), rg_soll__bytes(entry->step),
                                   rg_soll__bytes(entry->agency));
}

static void role_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        return;
    }
    bool right = false;
    r->mem->activations++;
    if (r->def->agencies.count > 0) {
        right = rg_soll__among(ev->entry->agency, &r->def->agencies);
    } else if (r->def->groups.count == 0) {
        right = may_write(r, ev->entry);
    } else {
        const struct rg_rules_text group = rg_soll__field(ev->entry, "group");
        right = rg_soll__known(group) && rg_soll__among(group, &r->def->groups);
    }
    if (!right) {
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_actor_role = {.entry = role_entry};

static void single_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    if ((ev->sides & RG_DEFINITION_A) == 0) {
        return;
    }
    const struct rg_rules_text who = rg_soll__field(ev->entry, r->def->column);
    r->mem->activations = 1;
    if (!rg_soll__known(who) || (r->mem->flags & DONE) != 0) {
        return;
    }
    if (r->mem->name_count == 0) {
        rg_soll__note(r, RG_DEFINITION_A, who);
    } else if (rg_soll_state_find_name(r->mem, rg_soll__bytes(who)) == NULL) {
        r->mem->flags |= DONE;
        rg_soll__violate_by(r, ev);
    }
}

const struct rg_soll_template rg_soll_actor_single = {.entry = single_entry};

static void eyes_entry(const struct rg_soll_rule *r, const struct rg_soll_event *ev)
{
    struct rg_soll_state_rule *m = r->mem;
    const unsigned both = RG_DEFINITION_A | RG_DEFINITION_B;
    if ((ev->sides & both) == 0) {
        return;
    }
    m->flags |= (uint8_t)(ev->sides & both);
    m->activations = (m->flags & both) == both ? 1 : 0;
    const struct rg_rules_text resource = rg_soll__field(ev->entry, r->def->column);
    if (!rg_soll__known(resource) || (m->flags & DONE) != 0) {
        return;
    }
    struct rg_soll_state_name *n = rg_soll_state_find_name(m, rg_soll__bytes(resource));
    const unsigned mask = (n == NULL ? 0U : n->mask) | (ev->sides & both);
    if (mask == both) {
        m->flags |= DONE;
        rg_soll__forget(r);
        rg_soll__violate_by(r, ev);
    } else if (n == NULL) {
        rg_soll__note(r, (uint8_t)mask, resource);
    }
}

const struct rg_soll_template rg_soll_actor_eyes = {.entry = eyes_entry};
