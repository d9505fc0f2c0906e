/* Recovery: journal and store, by value and not by position, into a machine that has not started.
 */
#include "consensus/cons_priv.h"

void rg_cons_recover_final(struct rg_cons *c, const struct rg_cert *final,
                           const struct rg_block_info *tip)
{
    RG_ASSERT(!c->started);
    RG_ASSERT(final->kind == RG_VOTE_FINALIZE && final->count <= c->members.n);
    if (final->cand.view <= c->lf || !rg_cons_slots__reach(c, final->cand.view)) {
        return;
    }
    c->lf = final->cand.view;
    c->lf_cand = final->cand;
    rg_cons_slots__keep(&c->lf_final, final);
    rg_cons_slots__set_tip(c, tip);
    c->base = rg_num_max(c->base, c->lf + 1);
    c->cur = rg_num_max(c->cur, c->lf + 1);
}

void rg_cons_recover_vote(struct rg_cons *c, const struct rg_vote *v)
{
    RG_ASSERT(!c->started);
    if (RG_MUTANT_IS(RG_MUTANT_FORGET_VOTES) || v->signer != c->me || v->epoch != c->epoch ||
        !rg_vote_well_formed(v, &c->members) || !rg_cons_slots__reach(c, v->cand.view)) {
        return;
    }
    c->voted_max = rg_num_max(c->voted_max, v->cand.view);
    /* "cur := max(entry cert + 1, any voted view)", but NULLIFY may have been cast ahead. */
    const bool maybe = v->kind == RG_VOTE_NULLIFY && !RG_MUTANT_IS(RG_MUTANT_RESTART_AHEAD);
    const uint64_t ahead = maybe ? c->members.down : 0;
    c->cur = rg_num_max(c->cur, v->cand.view - rg_num_min(v->cand.view, ahead));
    struct rg_slot *s = rg_cons_slots__get(c, v->cand.view);
    if (s == NULL || s->mine.has[v->kind]) {
        return;
    }
    s->mine.has[v->kind] = true;
    s->mine.cand[v->kind] = v->cand;
    s->mine.sig[v->kind] = v->sig;
    if (v->kind == RG_VOTE_NOTARIZE && rg_members_leader(&c->members, v->cand.view) == c->me) {
        s->prop = (struct rg_prop){.has = true, .cand = v->cand, .sig = v->sig};
    }
    rg_cons_pool__vote(c, v);
}

void rg_cons_recover_cert(struct rg_cons *c, const struct rg_cert *cert)
{
    RG_ASSERT(!c->started);
    rg_cons_pool__cert(c, cert);
}

void rg_cons_recover_block(struct rg_cons *c, const struct rg_block_info *b)
{
    RG_ASSERT(!c->started);
    struct rg_blk *blk = rg_cons_slots__put_block(c, b);
    if (blk != NULL) {
        blk->durable = true;
    }
}
