#include "node/cli/motions.h"
#include "base/num.h"
#include "base/time.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <stdio.h>

bool rg_motions_same(const struct rg_set *a, const struct rg_set *b)
{
    return a->count == b->count &&
           memcmp(a->principal, b->principal, a->count * sizeof a->principal[0]) == 0;
}

const struct rg_open_motion *rg_motions_find(const struct rg_answer_motions *m,
                                             const struct rg_hash *id)
{
    for (uint32_t i = 0; i < m->motion_count; i++) {
        if (rg_hash_eq(&m->motions[i].id, id)) {
            return &m->motions[i];
        }
    }
    return NULL;
}

enum rg_motions_state rg_motions_state(const struct rg_answer_motions *m, const struct rg_hash *id,
                                       const struct rg_motion *motion)
{
    const struct rg_set *set = &motion->set;
    if (rg_motions_find(m, id) != NULL) {
        return RG_MOTIONS_OPEN;
    }
    for (uint32_t i = 0; i < m->published_count; i++) {
        if (rg_hash_eq(&m->published[i].hash, &motion->definition.hash)) {
            return RG_MOTIONS_CARRIED;
        }
    }
    if (set->count == 0) {
        return RG_MOTIONS_CLOSED;
    }
    return rg_motions_same(&m->next, set) || rg_motions_same(&m->current, set) ? RG_MOTIONS_CARRIED
                                                                               : RG_MOTIONS_CLOSED;
}

const char *rg_motions_state_text(enum rg_motions_state state)
{
    static const char *const text[] = {"open", "carried", "closed"};
    return text[state];
}

uint32_t rg_motions_missing(const struct rg_answer_motions *m, const struct rg_open_motion *o)
{
    uint32_t yes = 0;
    for (uint64_t bits = o->yes; bits != 0; bits &= bits - 1) {
        yes++;
    }
    return m->quorum > yes ? m->quorum - yes : 0;
}

static const struct rg_answer_node *node_of(const struct rg_answer_motions *m, uint32_t principal)
{
    static const struct rg_answer_node unknown = {.name = {(const uint8_t *)"?", 1},
                                                  .agency = {(const uint8_t *)"?", 1}};
    for (uint32_t i = 0; i < m->node_count; i++) {
        if (m->nodes[i].principal == principal) {
            return &m->nodes[i];
        }
    }
    return &unknown;
}

void rg_motions_print_set(const struct rg_answer_motions *m, const struct rg_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rg_answer_node *n = node_of(m, set->principal[i]);
        (void)fputs(i == 0 ? "" : ", ", stdout);
        rg_say_text(n->agency);
        (void)fputs(" (", stdout);
        rg_say_text(n->name);
        (void)fputs(")", stdout);
    }
    (void)fputs(set->count == 0 ? "none\n" : "\n", stdout);
}

void rg_motions_print_agencies(const struct rg_answer_motions *m, uint64_t bits)
{
    bool any = false;
    for (uint32_t i = 0; i < m->agency_count; i++) {
        if ((bits >> i & 1) != 0) {
            (void)fputs(any ? ", " : "", stdout);
            rg_say_text(m->agencies[i]);
            any = true;
        }
    }
    (void)fputs(any ? "\n" : "none\n", stdout);
}

static json_t *set_json(const struct rg_answer_motions *m, const struct rg_set *set)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rg_answer_node *n = node_of(m, set->principal[i]);
        (void)json_array_append_new(list,
                                    json_pack("{s:o,s:o}", "name", rg_status_json_text(n->name),
                                              "agency", rg_status_json_text(n->agency)));
    }
    return list;
}

static json_t *agencies_json(const struct rg_answer_motions *m, uint64_t bits)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < m->agency_count; i++) {
        if ((bits >> i & 1) != 0) {
            (void)json_array_append_new(list, rg_status_json_text(m->agencies[i]));
        }
    }
    return list;
}

static json_t *definition_json(const struct rg_published *p)
{
    return json_pack("{s:I,s:o,s:I,s:I}", "version", (json_int_t)p->version, "hash",
                     rg_status_json_hex(p->hash.b, RG_HASH_BYTES), "height", (json_int_t)p->height,
                     "from_height", (json_int_t)rg_num_min(p->from, INT64_MAX));
}

static json_t *motion_json(const struct rg_answer_motions *m, const struct rg_open_motion *o)
{
    char expires[RG_TIME_TEXT_MAX];
    rg_time_format((int64_t)o->motion.expires_ms, expires);
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:i,s:s}", "id", rg_status_json_hex(o->id.b, RG_HASH_BYTES),
        "authorities", set_json(m, &o->motion.set), "definition",
        o->motion.definition.version > 0 ? definition_json(&o->motion.definition) : json_null(),
        "yes", agencies_json(m, o->yes), "no", agencies_json(m, o->no), "missing",
        (int)rg_motions_missing(m, o), "expires", expires);
}

json_t *rg_motions_json(const struct rg_answer_motions *m)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < m->motion_count; i++) {
        (void)json_array_append_new(list, motion_json(m, &m->motions[i]));
    }
    json_t *definitions = json_array();
    for (uint32_t i = 0; i < m->published_count; i++) {
        (void)json_array_append_new(definitions, definition_json(&m->published[i]));
    }
    return json_pack("{s:I,s:I,s:o,s:o,s:i,s:i,s:o,s:o}", "height", (json_int_t)m->height, "epoch",
                     (json_int_t)m->epoch, "authorities", set_json(m, &m->current), "next",
                     m->next.count > 0 ? set_json(m, &m->next) : json_null(), "quorum",
                     (int)m->quorum, "agencies", (int)m->agency_count, "definitions", definitions,
                     "motions", list);
}
