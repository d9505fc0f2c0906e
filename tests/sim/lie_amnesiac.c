/* Loses its disk at every crash, and crashes: again and again; or again and again while somebody on
 * its line keeps the first answers it ever got, and hands them to every new run before any other;
 * or its line is dead towards its own turns, and it crashes when it has nullified ahead there, so
 * that nobody can tell it what it has forgotten. */
#include "sim_lie.h"

enum way {
    AGAIN,
    OLD_ANSWERS,
    DEAD_LINE,
    WAYS
};

static enum way way_of(const struct sim_node *node)
{
    return (enum way)(node->variant % WAYS);
}

static bool answers(const struct sim_node *node, const struct rg_peer_status *st)
{
    for (uint32_t i = 0; i < st->echo_count; i++) {
        if (st->echoes[i].authority == node->index) {
            return true;
        }
    }
    return false;
}

static void see(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    if (way_of(node) != OLD_ANSWERS || p->m->kind != RG_PEER_STATUS) {
        return;
    }
    if (p->from != node->index) {
        struct sim_buf **place = &node->kept[p->from];
        if (*place == NULL && answers(node, &p->m->status)) {
            *place = sim_buf_ref(p->buf);
        }
        return;
    }
    if (node->kept_count == node->life) {
        return;
    }
    node->kept_count = node->life; /* the first that this run says */
    for (uint16_t i = 0; i < s->n; i++) {
        if (node->kept[i] != NULL) {
            sim_post(s, (struct sim_event){.at_ms = s->now_ms,
                                           .kind = SIM_MESSAGE,
                                           .node = node->index,
                                           .from = i,
                                           .gossip = true,
                                           .buf = sim_buf_ref(node->kept[i])});
            s->stats.lies++;
        }
    }
}

static bool send(struct sim *s, struct sim_node *node, const struct sim_packet *p)
{
    struct rg_core_status st;
    if (way_of(node) != DEAD_LINE || p->m->kind == RG_PEER_STATUS) {
        return false;
    }
    rg_core_get_status(node->core, &st);
    const uint64_t turn = st.view + (s->n + node->index - (st.view - 1) % s->n) % s->n;
    if (st.view + 1 < turn) {
        return false;
    }
    if (p->vote != NULL && p->vote->kind == RG_VOTE_NULLIFY && p->vote->cand.view > turn) {
        sim_post(s, (struct sim_event){.at_ms = s->now_ms, .kind = SIM_CRASH, .node = node->index});
        s->stats.lies++;
    }
    return true;
}

static void crash(struct sim *s, struct sim_node *node)
{
    (void)s;
    sim_disk_wipe(node);
}

static void act(struct sim *s, struct sim_node *node)
{
    if (way_of(node) != DEAD_LINE) {
        sim_node_crash(s, node);
    }
}

const struct sim_liar sim_lie_amnesiac = {
    .name = "amnesiac", .period_ms = 1700, .send = send, .see = see, .act = act, .crash = crash};
