/* R7: demand, timers and back-off. Nothing here reads a clock: time is what the events say. */
#include "consensus/cons_priv.h"

#define MISSED_TURNS 2

/* "Notar'd unfinalized tail above lf": a SAME over the final block is none. */
static bool has_tail(const struct rg_cons *c)
{
    for (uint64_t view = rg_cons_slots__first(c); view <= c->cert_max; view++) {
        struct rg_cand cand;
        if (rg_cons_slots__certified(c, view, &cand) &&
            !rg_hash_eq(&cand.hash, &c->tip.info.hash)) {
            return true;
        }
    }
    return false;
}

bool rg_cons_time__demand(const struct rg_cons *c)
{
    /* R7: "Something is wanted when submissions wait, a tick is due, a notarized block is not yet
     * final, a proposal for cur is here, more than f nullified cur, or a peer woke me as leader or
     * nullified my turn." */
    if (c->has_work || c->tick_due || RG_MUTANT_IS(RG_MUTANT_ALWAYS_DEMAND)) {
        return true;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, c->cur);
    if (s != NULL && s->prop.has) {
        return true;
    }
    const size_t nullified = rg_cons_pool__count(c, c->cur, RG_VOTE_NULLIFY);
    if (nullified > c->members.f) {
        return true;
    }
    if ((c->woken_view == c->cur || nullified > 0) &&
        rg_members_leader(&c->members, c->cur) == c->me) {
        return true;
    }
    return has_tail(c);
}

/* m = min(2^k, cap / T_l) with k = max(0, (cur - 1 - lf) - (f + 2)). Computed afresh from lf every
 * time, so that back-off follows finality down while a view is armed. */
uint64_t rg_cons_time__backoff(const struct rg_cons *c)
{
    const uint64_t behind = c->cur - 1 - c->lf;
    const uint64_t free_views = (uint64_t)c->members.f + 2;
    const uint64_t k = behind > free_views ? rg_num_min(behind - free_views, 20) : 0;
    const uint64_t most = rg_num_max(1, c->params.cap_ms / c->params.leader_ms);
    return rg_num_min(UINT64_C(1) << k, most);
}

uint64_t rg_cons_time__leader_deadline(const struct rg_cons *c)
{
    return c->armed_ms + c->params.leader_ms * rg_cons_time__backoff(c);
}

uint64_t rg_cons_time__view_deadline(const struct rg_cons *c)
{
    return c->armed_ms + c->params.view_ms * rg_cons_time__backoff(c);
}

uint64_t rg_cons_time__give_up(const struct rg_cons *c)
{
    return c->armed_ms + c->params.leader_ms * rg_cons_time__backoff(c) / 2;
}

void rg_cons_time__heard(struct rg_cons *c, uint32_t who)
{
    if (who < c->members.n) {
        c->heard_ms[who] = c->now_ms;
    }
}

uint64_t rg_cons_time__heard_set(const struct rg_cons *c, uint64_t now_ms)
{
    uint64_t set = 0;
    for (uint16_t i = 0; i < c->members.n; i++) {
        if (i == c->me || now_ms - rg_num_min(c->heard_ms[i], now_ms) <= c->params.skip_ms) {
            set |= UINT64_C(1) << i;
        }
    }
    return set;
}

bool rg_cons_time__silent(const struct rg_cons *c, uint64_t view)
{
    const uint16_t leader = rg_members_leader(&c->members, view);
    if (leader == c->me) {
        return false;
    }
    /* "if leader silent > T_skip while >= q authorities (me included) were heard => D_l = D_a =
     * now": whoever hears too few must not conclude anything from silence. */
    const uint64_t heard = rg_cons_time__heard_set(c, c->now_ms);
    uint16_t count = 0;
    for (uint64_t set = heard; set != 0; set &= set - 1) {
        count++;
    }
    if (count < c->members.q) {
        return false;
    }
    if ((heard >> leader & 1) == 0) {
        return true;
    }
    /* "... or through its last two turns" */
    return c->missed[leader] >= MISSED_TURNS && c->heard_ms[leader] < c->missed_from_ms[leader];
}

static bool voted(const struct rg_slot *s)
{
    return s != NULL && (s->mine.has[RG_VOTE_NOTARIZE] || s->mine.has[RG_VOTE_NULLIFY] ||
                         s->mine.has[RG_VOTE_FINALIZE]);
}

/* R7: "Only then timers run; when nothing is wanted any more they stop." Not, though, in a view in
 * which I have voted. */
bool rg_cons_time__rule_arm(struct rg_cons *c)
{
    if (!rg_cons_cast__can(c, c->cur)) {
        return false;
    }
    const bool demand = rg_cons_time__demand(c);
    if (demand && !c->armed) {
        c->armed = true;
        c->armed_ms = c->now_ms;
        return true;
    }
    if (!demand && c->armed && !voted(rg_cons_slots__find(c, c->cur))) {
        c->armed = false;
        return true;
    }
    return false;
}

static bool wants_to_wake(const struct rg_cons *c)
{
    const struct rg_slot *s = rg_cons_slots__find(c, c->cur);
    return c->armed && c->has_work && c->wake_sent_view != c->cur &&
           rg_members_leader(&c->members, c->cur) != c->me && (s == NULL || !s->prop.has) &&
           !voted(s);
}

/* R7: "Who has submissions and sees no proposal wakes the leader." After B_min
 * without a proposal, since a leader that got the submissions by gossip needs no waking. */
bool rg_cons_time__rule_wake(struct rg_cons *c)
{
    if (!rg_cons_cast__can(c, c->cur) || !wants_to_wake(c) ||
        c->now_ms < c->armed_ms + c->params.empty_gap_ms) {
        return false;
    }
    c->wake_sent_view = c->cur;
    struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_BCAST_WAKE);
    a->peer = rg_members_leader(&c->members, c->cur);
    a->wake_view = c->cur;
    return true;
}

static void sooner(const struct rg_cons *c, uint64_t *next, uint64_t at_ms)
{
    if (at_ms > c->now_ms && at_ms < *next) {
        *next = at_ms;
    }
}

uint64_t rg_cons_time__next(const struct rg_cons *c)
{
    if (c->more) {
        return c->now_ms;
    }
    uint64_t next = UINT64_MAX;
    sooner(c, &next, c->retry_ms);
    if (!c->armed || !rg_cons_cast__can(c, c->cur)) {
        return next;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, c->cur);
    if (s != NULL && s->mine.has[RG_VOTE_NULLIFY]) {
        return next; /* given up already: only a certificate moves me on */
    }
    const uint16_t leader = rg_members_leader(&c->members, c->cur);
    sooner(c, &next, rg_cons_time__view_deadline(c));
    if (s == NULL || !s->prop.has) {
        sooner(c, &next, rg_cons_time__leader_deadline(c));
        if (leader == c->me) {
            sooner(c, &next, c->entered_ms + c->params.empty_gap_ms);
            sooner(c, &next, rg_cons_time__give_up(c));
        } else {
            sooner(c, &next, c->heard_ms[leader] + c->params.skip_ms + 1);
        }
    }
    if (wants_to_wake(c)) {
        sooner(c, &next, c->armed_ms + c->params.empty_gap_ms);
    }
    return next;
}
