/* The rules R0, R2 and R3, and the loop that applies all rules until nothing changes. Each rule
 * says whether it changed something; each change uses up something finite (a view, a vote, a block,
 * a request), so the loop ends. */
#include "consensus/cons_priv.h"

/* Remember whether the turn that ends was used: leaders that miss their turns are skipped. */
static void note_turn(struct rg_cons *c)
{
    const uint16_t leader = rg_members_leader(&c->members, c->cur);
    struct rg_cand cand;
    if (!rg_cons_slots__nullified(c, c->cur) || rg_cons_slots__certified(c, c->cur, &cand)) {
        c->missed[leader] = 0;
        return;
    }
    if (c->missed[leader] == 0) {
        c->missed_from_ms[leader] = c->entered_ms;
    }
    c->missed[leader]++;
}

void rg_cons_rules__enter(struct rg_cons *c, uint64_t view)
{
    RG_ASSERT(view > c->cur);
    if (view == c->cur + 1) {
        note_turn(c);
    }
    c->cur = view;
    c->entered_ms = c->now_ms;
    c->armed = false;
    c->build = RG_BUILD_NONE;
}

/* The view that a certificate moves me to; cur: none does. @by: the certificate's view. */
static uint64_t way_on(const struct rg_cons *c, uint64_t *by)
{
    /* R0: "Notar or Final of a view w >= cur moves me to w + 1, whatever I voted." */
    if (c->cert_max >= c->cur) {
        *by = c->cert_max;
        return *by + 1;
    }
    *by = c->cur;
    if (rg_cons_slots__nullified(c, c->cur)) {
        return *by + 1;
    }
    /* R0: "Null(w) moves me to w + 1 from w, and else to w - (n - q) at most: who nullified w ahead
     * was there." Beyond that a view could be left that nobody can certify any more. */
    const uint64_t ahead = RG_MUTANT_IS(RG_MUTANT_NULL_JUMPS) ? 0 : c->members.down;
    if (c->null_max > c->cur + ahead) {
        *by = c->null_max;
        return *by - ahead + (ahead == 0 ? 1 : 0);
    }
    return c->cur;
}

/* R0: "I relay it once." Never waits for a body; never undone. */
static bool rule_enter(struct rg_cons *c)
{
    uint64_t by = 0;
    const uint64_t to = way_on(c, &by);
    if (to == c->cur) {
        return false;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, by);
    if (RG_MUTANT_IS(RG_MUTANT_CERT_DEAF)) {
        const struct rg_slot *here = rg_cons_slots__find(c, c->cur);
        if (here != NULL && here->mine.has[RG_VOTE_NULLIFY]) {
            return false;
        }
    }
    if (RG_MUTANT_IS(RG_MUTANT_NULL_AFTER_FINAL) && c->armed &&
        c->now_ms <= rg_cons_time__view_deadline(c)) {
        return false; /* without this the mutant's moment never comes: R0 is always first */
    }
    if (!rg_cons_slots__has_room(c, to)) {
        rg_cons_out__alarm(c, RG_ALARM_NO_ROOM, c->cur, NULL, NULL);
        return false;
    }
    const struct rg_cert *cert = NULL;
    if (s != NULL && s->certs[RG_VOTE_NOTARIZE].kind != RG_VOTE_NONE) {
        cert = &s->certs[RG_VOTE_NOTARIZE];
    } else if (s != NULL && s->certs[RG_VOTE_NULLIFY].kind != RG_VOTE_NONE) {
        cert = &s->certs[RG_VOTE_NULLIFY];
    }
    if (cert != NULL) { /* a Final was relayed when it came in */
        rg_cons_out__leave(c, RG_ACTION_BCAST_CERT)->cert = cert;
    }
    rg_cons_rules__enter(c, to);
    return true;
}

enum judgement {
    JUDGE_WAIT, /* something is missing */
    JUDGE_YES,
    JUDGE_BAD, /* no honest leader proposes this */
};

/* R2: "hold Null for every view between"; what is missing is asked for. */
static bool gaps_nullified(struct rg_cons *c, struct rg_slot *s, uint64_t pview)
{
    if (RG_MUTANT_IS(RG_MUTANT_NO_GAP_CHECK)) {
        return true;
    }
    for (uint64_t view = c->cur - 1; view > pview; view--) {
        if (!rg_cons_slots__nullified(c, view)) {
            rg_cons_repair__ask(c, s, pview);
            return false;
        }
    }
    return true;
}

static enum judgement judge_block(struct rg_cons *c, const struct rg_cand *cand,
                                  const struct rg_cand *parent)
{
    const struct rg_blk *b = rg_cons_slots__block(c, &cand->hash, rg_cons_slots__last(c) + 1);
    if (rg_hash_eq(&cand->hash, &parent->hash)) {
        /* SAME: always content-valid, once the parent is. */
    } else if (b != NULL &&
               (b->info.view != cand->view || !rg_hash_eq(&b->info.parent, &parent->hash))) {
        return JUDGE_BAD;
    }
    if (b == NULL) {
        return JUDGE_WAIT;
    }
    if (RG_MUTANT_IS(RG_MUTANT_NO_VERDICT)) {
        return JUDGE_YES;
    }
    if (b->state == RG_BLK_INVALID) {
        return JUDGE_BAD;
    }
    return b->state == RG_BLK_VALID ? JUDGE_YES : JUDGE_WAIT;
}

static enum judgement judge(struct rg_cons *c, struct rg_slot *s)
{
    const struct rg_cand *cand = &s->prop.cand;
    if (s->equivocated && !RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE)) {
        return JUDGE_BAD;
    }
    if (cand->pview < c->lf) {
        return JUDGE_BAD; /* it would pass over a final view */
    }
    struct rg_cand parent;
    if (!rg_cons_slots__certified(c, cand->pview, &parent)) {
        rg_cons_repair__ask(c, s, cand->pview);
        return JUDGE_WAIT;
    }
    if (!gaps_nullified(c, s, cand->pview)) {
        return JUDGE_WAIT;
    }
    return judge_block(c, cand, &parent);
}

static bool may_notarize(const struct rg_slot *s)
{
    if (RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE) && s->mine.has[RG_VOTE_NOTARIZE]) {
        return !s->mine.has[RG_VOTE_NULLIFY] && !s->mine.has[RG_VOTE_FINALIZE] &&
               !rg_cand_eq(&s->mine.cand[RG_VOTE_NOTARIZE], &s->prop.cand);
    }
    return !s->mine.has[RG_VOTE_NOTARIZE] && !s->mine.has[RG_VOTE_NULLIFY] &&
           !s->mine.has[RG_VOTE_FINALIZE];
}

/* R2: "In cur, once, the leader's first candidate, iff I have cast nothing in this view, hold Notar
 * or Final of its parent view pv >= lf, hold Null for every view between, and found the block and
 * its ancestors valid." */
static bool rule_notarize(struct rg_cons *c)
{
    struct rg_slot *s = rg_cons_slots__current(c);
    if (!rg_cons_cast__can(c, c->cur) || !s->prop.has || !may_notarize(s)) {
        return false;
    }
    if (judge(c, s) != JUDGE_YES) {
        return false;
    }
    const struct rg_cand cand = s->prop.cand;
    rg_cons_cast__vote(c, RG_VOTE_NOTARIZE, &cand);
    return true;
}

/* R3's list of reasons to give up on the current view. */
static bool should_nullify(struct rg_cons *c, struct rg_slot *s)
{
    /* R3: "at once if the leader is known to be silent, proposed something invalid or two things,
     * or nullified itself" */
    const uint16_t leader = rg_members_leader(&c->members, c->cur);
    if (s->equivocated || s->pool[RG_VOTE_NULLIFY][leader].has) {
        return true;
    }
    if (s->prop.has && !s->mine.has[RG_VOTE_NOTARIZE] && judge(c, s) == JUDGE_BAD) {
        return true;
    }
    /* R3: "or somebody nullified it and its leader is known to be silent": that vote would be sent
     * again and again while nothing else is wanted. */
    const bool given_up = c->armed || rg_cons_pool__count(c, c->cur, RG_VOTE_NULLIFY) > 0;
    if (!s->prop.has && given_up && rg_cons_time__silent(c, c->cur)) {
        return true;
    }
    if (!c->armed) {
        return false;
    }
    if (rg_cons_lead__impossible(c)) {
        return true;
    }
    /* R3: "after T_l without a proposal, after T_a" */
    if (!s->prop.has && c->now_ms >= rg_cons_time__leader_deadline(c)) {
        return true;
    }
    return c->now_ms >= rg_cons_time__view_deadline(c);
}

/* R3: "In cur, unless I finalized", for the reasons above. R3: "Allowed after N, never after F.
 * After L: no N and no F in that view, ever." */
static bool rule_nullify(struct rg_cons *c)
{
    struct rg_slot *s = rg_cons_slots__current(c);
    const bool final = s->mine.has[RG_VOTE_FINALIZE] && !RG_MUTANT_IS(RG_MUTANT_NULL_AFTER_FINAL);
    if (!rg_cons_cast__can(c, c->cur) || s->mine.has[RG_VOTE_NULLIFY] || final ||
        !should_nullify(c, s)) {
        return false;
    }
    rg_cons_cast__vote(c, RG_VOTE_NULLIFY, &(struct rg_cand){.view = c->cur});
    return true;
}

/* R3: "Who has notarized or nullified cur nullifies ahead each of the next views whose leader is
 * known to be silent, up to the first whose leader is not, n - q of them at most." So the turns of
 * the dead end together with the one before them, and cost no time. */
static bool rule_ahead(struct rg_cons *c)
{
    const struct rg_slot *here = rg_cons_slots__current(c);
    if (!here->mine.has[RG_VOTE_NOTARIZE] && !here->mine.has[RG_VOTE_NULLIFY]) {
        return false;
    }
    for (uint64_t view = c->cur + 1; view <= c->cur + c->members.down; view++) {
        const struct rg_slot *s = rg_cons_slots__get(c, view);
        if (!rg_cons_cast__can(c, view) || !rg_cons_time__silent(c, view) || s == NULL ||
            s->mine.has[RG_VOTE_FINALIZE]) {
            return false;
        }
        if (!s->mine.has[RG_VOTE_NULLIFY] && !rg_cons_slots__nullified(c, view)) {
            rg_cons_cast__vote(c, RG_VOTE_NULLIFY, &(struct rg_cand){.view = view});
            return true;
        }
    }
    return false;
}

static bool run_once(struct rg_cons *c)
{
    static bool (*const rules[])(struct rg_cons *) = {
        rule_enter,
        rg_cons_final__rule_commit,
        rg_cons_memory__rule_trust,
        rg_cons_final__rule_verify,
        rg_cons_final__rule_fetch,
        rg_cons_final__rule_finalize,
        rg_cons_time__rule_arm,
        rule_notarize,
        rg_cons_lead__rule_propose,
        rule_nullify,
        rule_ahead,
        rg_cons_time__rule_wake,
        rg_cons_repair__rule_gaps,
    };
    c->retry_ms = UINT64_MAX;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (c->halted || !rg_cons_out__room(c)) {
            return false;
        }
        if (rules[i](c)) {
            return true;
        }
    }
    return false;
}

void rg_cons_rules__run(struct rg_cons *c)
{
    /* Per view at most: enter, three votes, two blocks asked for and judged, one committed, a few
     * requests and timers. The room for actions ends it far earlier. */
    uint64_t left = 16 * (uint64_t)c->params.ring;
    while (run_once(c)) {
        RG_ASSERT(left > 0);
        left--;
    }
}
