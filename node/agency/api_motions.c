/* Who takes turns, who could, and what is moved: as of the last status of the ledger thread. */
#include "base/bytes.h"
#include "node/agency/api_priv.h"

static bool fill_names(struct rg_api *a, struct rg_answer_motions *m)
{
    const struct rg_genesis *g = a->c.genesis;
    m->agency_count = g->agency_count;
    m->node_count = rg_genesis_node_count(g);
    m->agencies = rg_arena_take_array(&a->build, m->agency_count, sizeof *m->agencies);
    m->nodes = rg_arena_take_array(&a->build, m->node_count, sizeof *m->nodes);
    if (m->agencies == NULL || m->nodes == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < m->agency_count; i++) {
        m->agencies[i] = rg_bytes_str(g->agency[i].name);
    }
    for (uint32_t i = 0; i < m->node_count; i++) {
        const uint32_t p = rg_genesis_node_at(g, i);
        m->nodes[i] =
            (struct rg_answer_node){.principal = p,
                                    .name = rg_bytes_str(g->principal[p].name),
                                    .agency = rg_bytes_str(g->agency[g->principal[p].agency].name)};
    }
    return true;
}

rg_err rg_api__motions(struct rg_api *a, const struct rg_submit_client *client)
{
    struct rg_governance *v = &a->status.core.governance;
    struct rg_answer answer = {.kind = RG_ANSWER_MOTIONS, .id = client->request};
    struct rg_answer_motions *m = &answer.motions;
    if (!a->have_status) {
        rg_api__error(a, client, 75, "This node is still starting; try again.");
        return RG_OK;
    }
    m->height = a->status.core.height;
    m->time_ms = a->status.core.time_ms;
    m->epoch = v->epoch;
    m->quorum = rg_governance_quorum(a->c.genesis);
    m->agency = a->agency;
    m->admin_key = a->c.genesis->agency[a->agency].admin_key;
    m->current = v->current;
    m->next = v->next;
    m->motion_count = v->motion_count;
    m->motions = v->motion;
    m->published_count = v->published_count;
    m->published = v->published;
    if (!fill_names(a, m)) {
        return RG_ERR_NOMEM;
    }
    rg_api_answer(a, client, &answer);
    return RG_OK;
}
