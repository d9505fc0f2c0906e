/* R1: what the leader of a view does. */
#include "consensus/cons_priv.h"

enum parent_result {
    PARENT_OK,
    PARENT_WAIT, /* a certificate, a body or a verdict is missing */
};

/* R1: "the parent is the highest view below with Notar or Final whose block and ancestors I found
 * valid, with Null held for every view between". */
static enum parent_result find_parent(struct rg_cons *c, struct rg_cand *out, struct rg_blk **out_b)
{
    for (uint64_t view = c->cur - 1;; view--) {
        RG_ASSERT(view >= c->lf); /* where the tip is, which is certified and valid */
        if (rg_cons_slots__certified(c, view, out)) {
            *out_b = rg_cons_slots__block(c, &out->hash, view + 1);
            if (*out_b != NULL && (*out_b)->state == RG_BLK_VALID) {
                return PARENT_OK;
            }
        }
        if (!rg_cons_slots__nullified(c, view)) {
            return PARENT_WAIT;
        }
    }
}

static bool is_my_turn(const struct rg_cons *c, const struct rg_slot *s)
{
    /* F can be there too: a certified view that there is no room to leave. */
    return rg_members_leader(&c->members, c->cur) == c->me && !s->mine.has[RG_VOTE_NOTARIZE] &&
           !s->mine.has[RG_VOTE_NULLIFY] && !s->mine.has[RG_VOTE_FINALIZE];
}

bool rg_cons_lead__impossible(struct rg_cons *c)
{
    if (!is_my_turn(c, rg_cons_slots__current(c))) {
        return false;
    }
    if (c->build == RG_BUILD_FAILED) {
        return true;
    }
    struct rg_cand parent;
    struct rg_blk *b = NULL;
    if (c->build == RG_BUILD_ASKED || find_parent(c, &parent, &b) == PARENT_OK) {
        return false;
    }
    /* R1: "If I cannot propose, I nullify, and so give my turn back." Who is far behind what it
     * knows to be final gives its turn back at once. Else bodies and verdicts are often a moment
     * away: wait half of T_l for them. */
    const bool far_behind = c->want.cert.cand.view > c->lf && rg_cons_time__backoff(c) > 1;
    return far_behind || c->now_ms >= rg_cons_time__give_up(c);
}

static void ask_build(struct rg_cons *c, const struct rg_cand *parent, const struct rg_blk *b)
{
    c->build = RG_BUILD_ASKED;
    c->build_parent = *parent;
    struct rg_action *a = rg_cons_out__work(c, RG_ACTION_BUILD);
    a->build.view = c->cur;
    a->build.parent = b->info;
    a->build.allow_empty = c->tick_due;
}

/* R1: "If I lead cur, have not voted in it, and something is wanted". R1: "With submissions, a NEW
 * block, at once. Without, SAME (or an empty NEW block when a tick is due), not before B_min." */
bool rg_cons_lead__rule_propose(struct rg_cons *c)
{
    const struct rg_slot *s = rg_cons_slots__current(c);
    if (!rg_cons_cast__can(c, c->cur) || !c->armed || !is_my_turn(c, s)) {
        return false;
    }
    if (c->build == RG_BUILD_ASKED || c->build == RG_BUILD_FAILED) {
        return false;
    }
    struct rg_cand parent;
    struct rg_blk *b = NULL;
    if (find_parent(c, &parent, &b) != PARENT_OK) {
        return false;
    }
    const bool gate_open = c->now_ms >= c->entered_ms + c->params.empty_gap_ms;
    if (c->build == RG_BUILD_NONE && !b->info.epoch_last &&
        (c->has_work || (c->tick_due && gate_open))) {
        ask_build(c, &parent, b);
        return true;
    }
    if (!gate_open) {
        return false;
    }
    const struct rg_cand same = {.view = c->cur, .pview = parent.view, .hash = parent.hash};
    rg_cons_cast__propose(c, &same);
    return true;
}

static bool fits(const struct rg_cons *c, const struct rg_block_info *info)
{
    return info != NULL && info->view == c->cur &&
           rg_hash_eq(&info->parent, &c->build_parent.hash) && c->build_parent.view >= c->lf;
}

void rg_cons_lead__built(struct rg_cons *c, const struct rg_cons_event *ev)
{
    if (!rg_cons_cast__can(c, c->cur) || ev->built.view != c->cur || c->build != RG_BUILD_ASKED ||
        !is_my_turn(c, rg_cons_slots__current(c))) {
        return; /* the view has moved on meanwhile */
    }
    if (ev->built.result == RG_BUILT_EMPTY) {
        c->build = RG_BUILD_EMPTY;
        return;
    }
    if (ev->built.result != RG_BUILT_BLOCK || !fits(c, ev->built.block)) {
        c->build = RG_BUILD_FAILED;
        return;
    }
    /* What I built on an executed parent is valid. */
    struct rg_blk *b = rg_cons_slots__put_block(c, ev->built.block);
    if (b == NULL || b->state == RG_BLK_INVALID) {
        c->build = RG_BUILD_FAILED;
        return;
    }
    b->state = RG_BLK_VALID;
    const struct rg_cand cand = {
        .view = c->cur, .pview = c->build_parent.view, .hash = ev->built.block->hash};
    rg_cons_cast__propose(c, &cand);
}
