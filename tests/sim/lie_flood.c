/* Votes and proposals for views to come: the last one that is admitted, the first that is not, and
 * the end of numbers. */
#include "sim_lie.h"

static void act(struct sim *s, struct sim_node *node)
{
    struct rg_core_status st = {.view = 1};
    if (node->core != NULL) {
        rg_core_get_status(node->core, &st);
    }
    const uint64_t views[] = {st.view + 1,
                              st.view + RG_VIEW_WINDOW,
                              st.view + RG_VIEW_WINDOW + 1,
                              st.view + sim_below(s, RG_VIEW_WINDOW),
                              UINT64_C(1) << 63,
                              UINT64_MAX};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct rg_cand cand = {.view = views[i], .pview = views[i] - 1};
        cand.hash.b[0] = (uint8_t)sim_below(s, 256);
        sim_lie_send_vote(s, node, SIM_LIE_ALL, RG_VOTE_NOTARIZE, cand);
        sim_lie_send_vote(s, node, SIM_LIE_ALL, RG_VOTE_FINALIZE, cand);
        sim_lie_send_vote(s, node, SIM_LIE_ALL, RG_VOTE_NULLIFY,
                          (struct rg_cand){.view = views[i]});
    }
}

const struct sim_liar sim_lie_flood = {.name = "flood", .period_ms = 250, .act = act};
