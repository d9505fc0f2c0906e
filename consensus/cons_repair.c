/* R8: what makes lossy links and restarts harmless. Everything is bounded and goes only to who
 * asked or who is behind; there is no storm of re-broadcasts. */
#include "consensus/cons_priv.h"

#define RESEND_VOTES_MAX 24

bool rg_cons_repair__due(struct rg_cons *c, uint64_t last_ms)
{
    if (last_ms == 0 || c->now_ms >= last_ms + c->params.retransmit_ms) {
        return true;
    }
    c->retry_ms = rg_num_min(c->retry_ms, last_ms + c->params.retransmit_ms);
    return false;
}

static void get_certs(struct rg_cons *c, uint32_t peer, uint64_t from, uint64_t to)
{
    struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_SEND_GETCERTS);
    a->peer = peer;
    a->range.from = from;
    a->range.to = to;
}

/* "Missing cert => GETCERTS to the leader (then all), keep waiting." */
void rg_cons_repair__ask(struct rg_cons *c, struct rg_slot *s, uint64_t from)
{
    if (!rg_cons_repair__due(c, s->ask_ms) || !rg_cons_out__room(c)) {
        return;
    }
    const uint16_t leader = rg_members_leader(&c->members, s->view);
    get_certs(c, s->ask_ms == 0 && leader != c->me ? leader : RG_PEER_ALL, from, s->view - 1);
    s->ask_ms = c->now_ms + 1;
}

/* R8: "For missing certificates I ask." */
bool rg_cons_repair__rule_gaps(struct rg_cons *c)
{
    for (uint64_t view = rg_cons_slots__first(c); view < c->cur; view++) {
        struct rg_cand cand;
        if (rg_cons_slots__certified(c, view, &cand) || rg_cons_slots__nullified(c, view)) {
            continue;
        }
        if (rg_cons_repair__due(c, c->gaps_ms)) {
            c->gaps_ms = c->now_ms + 1;
            get_certs(c, RG_PEER_ALL, view, c->cur - 1);
        }
        return false;
    }
    return false;
}

static size_t send_held(struct rg_cons *c, uint32_t peer, uint64_t view, size_t room)
{
    static const enum rg_vote_kind order[] = {RG_VOTE_NOTARIZE, RG_VOTE_NULLIFY, RG_VOTE_FINALIZE};
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    size_t sent = 0;
    for (size_t i = 0; s != NULL && i < 3 && sent < room; i++) {
        if (s->certs[order[i]].kind == RG_VOTE_NONE) {
            continue;
        }
        struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_SEND_CERT);
        a->peer = peer;
        a->cert = &s->certs[order[i]];
        sent++;
    }
    return sent;
}

static size_t send_final(struct rg_cons *c, uint32_t peer)
{
    if (c->lf_final.cert.kind == RG_VOTE_NONE) {
        return 0;
    }
    struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_SEND_CERT);
    a->peer = peer;
    a->cert = &c->lf_final.cert;
    return 1;
}

/* Certificates of views @from..@to, oldest first, at most RG_ACTION_CERTS_MAX with the @sent ones.
 */
static void send_range(struct rg_cons *c, uint32_t peer, uint64_t from, uint64_t to, size_t sent)
{
    from = rg_num_max(from, rg_cons_slots__first(c));
    to = rg_num_min(to, rg_num_max(c->cur, c->null_max));
    for (uint64_t view = from; view <= to && sent < RG_ACTION_CERTS_MAX; view++) {
        sent += send_held(c, peer, view, RG_ACTION_CERTS_MAX - sent);
    }
}

void rg_cons_repair__getcerts(struct rg_cons *c, uint32_t peer, uint64_t from, uint64_t to)
{
    if (from > to || !c->started || RG_MUTANT_IS(RG_MUTANT_NO_REPAIR)) {
        return;
    }
    send_range(c, peer, from, to, from <= c->lf ? send_final(c, peer) : 0);
}

static bool is_resent(const struct rg_slot *s, enum rg_vote_kind kind, uint64_t from)
{
    /* "my own recorded N/L votes for w >= j.cur and F votes for w > j.lf"; these views are all > lf
     */
    return s->mine.has[kind] && (kind == RG_VOTE_FINALIZE || s->view >= from);
}

/* Re-send my recorded votes, newest views first; to all with RG_PEER_ALL. My own proposal goes as a
 * proposal. */
static void resend(struct rg_cons *c, uint32_t peer, uint64_t from, uint64_t final_from)
{
    const bool all = peer == RG_PEER_ALL;
    size_t sent = 0;
    for (uint64_t view = c->cur + c->members.down; view >= rg_cons_slots__first(c); view--) {
        const struct rg_slot *s = rg_cons_slots__find(c, view);
        for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; s != NULL && kind <= RG_VOTE_FINALIZE;
             kind++) {
            if (!is_resent(s, kind, from) || (kind == RG_VOTE_FINALIZE && view < final_from)) {
                continue;
            }
            if (sent++ == RESEND_VOTES_MAX) {
                return;
            }
            struct rg_action *a =
                rg_cons_out__leave(c, all ? RG_ACTION_BCAST_VOTE : RG_ACTION_SEND_VOTE);
            a->peer = peer;
            a->vote = rg_cons_cast__mine(c, s, kind);
        }
    }
}

void rg_cons_repair__restart(struct rg_cons *c)
{
    /* R8: "A restarted node sends recorded votes again, never suppresses and never decides anew."
     */
    if (!rg_cons_cast__speaks(c) || RG_MUTANT_IS(RG_MUTANT_NO_RESEND)) {
        return;
    }
    rg_cons_out__proposal(c, RG_ACTION_BCAST_PROPOSE, RG_PEER_ALL);
    resend(c, RG_PEER_ALL, c->cur, 0);
}

/* R10: "Who asks is sent the votes of its own that I know": if it has forgotten them, they prove
 * it. */
static void remind(struct rg_cons *c, uint32_t peer, uint64_t lf)
{
    size_t sent = 0;
    if (peer >= c->members.n) {
        return;
    }
    const uint64_t first = rg_num_max(rg_cons_slots__first(c), lf < UINT64_MAX ? lf + 1 : lf);
    for (uint64_t view = c->seen_view[peer]; view >= first; view--) {
        const struct rg_slot *s = rg_cons_slots__find(c, view);
        for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; s != NULL && kind <= RG_VOTE_FINALIZE;
             kind++) {
            if (!s->pool[kind][peer].has) {
                continue;
            }
            if (sent++ == RESEND_VOTES_MAX || !rg_cons_out__room(c)) {
                return;
            }
            struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_SEND_VOTE);
            a->peer = peer;
            a->vote = rg_cons_pool__get(c, s, kind, (uint16_t)peer);
        }
    }
}

/* Whether the peer at @cur may lack my proposal for the current view. */
static bool lacks_proposal(const struct rg_cons *c, uint32_t peer, uint64_t cur)
{
    if (cur > c->cur) {
        return false;
    }
    return peer >= c->members.n || !rg_cons_pool__has(c, c->cur, RG_VOTE_NOTARIZE, (uint16_t)peer);
}

/* R8: "On a peer's status I send what it lacks: the last Final, certificates from its view on (at
 * most 32), my recorded votes, my proposal." */
void rg_cons_repair__status(struct rg_cons *c, uint32_t peer, const struct rg_cons_status *s)
{
    if (!c->started || peer == c->me) {
        return;
    }
    rg_cons_time__heard(c, peer);
    if (!RG_MUTANT_IS(RG_MUTANT_NO_REPAIR)) {
        const size_t sent = s->lf < c->lf ? send_final(c, peer) : 0;
        send_range(c, peer, s->cur, c->cur, sent);
    }
    if (s->asks) {
        remind(c, peer, s->lf);
    }
    rg_cons_memory__echo(c, peer, s);
    if (RG_MUTANT_IS(RG_MUTANT_NO_RESEND) || !rg_cons_cast__speaks(c)) {
        return;
    }
    resend(c, peer, s->cur, s->lf < UINT64_MAX ? s->lf + 1 : s->lf);
    if (lacks_proposal(c, peer, s->cur)) {
        rg_cons_out__proposal(c, RG_ACTION_SEND_PROPOSE, peer);
    }
}
