/* The only place that signs. Every vote of mine, from whatever rule, comes through cast(): it
 * checks what I may sign, records it, asks for it to be made durable, and only then sends it. A
 * second call site cannot forget a check. */
#include "consensus/cons_priv.h"

bool rg_cons_cast__speaks(const struct rg_cons *c)
{
    return c->started && !c->halted && c->me != RG_MEMBERS_NONE;
}

/* R10: "Who is in doubt of its own votes signs nothing new". And nothing is left to vote on behind
 * a final block that ends the epoch. */
bool rg_cons_cast__can(const struct rg_cons *c, uint64_t view)
{
    return rg_cons_cast__speaks(c) && !rg_cons_asks(c) && view > c->mute && !rg_cons_ended(c);
}

struct rg_vote rg_cons_cast__mine(const struct rg_cons *c, const struct rg_slot *s,
                                  enum rg_vote_kind kind)
{
    RG_ASSERT(s->mine.has[kind]);
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    v.kind = kind;
    v.signer = c->me;
    v.epoch = c->epoch;
    v.cand = s->mine.cand[kind];
    v.sig = s->mine.sig[kind];
    return v;
}

/* I4: "N in cur, L there or at most n - q ahead of a vote there". */
static bool near_enough(const struct rg_cons *c, uint64_t view)
{
    const struct rg_slot *here = rg_cons_slots__find(c, c->cur);
    if (view == c->cur) {
        return true;
    }
    return view > c->cur && view - c->cur <= c->members.down && here != NULL &&
           (here->mine.has[RG_VOTE_NOTARIZE] || here->mine.has[RG_VOTE_NULLIFY]);
}

/* I1-I4. They cannot fail by any input: the rules have asked the same before. */
static void check(const struct rg_cons *c, const struct rg_slot *s, enum rg_vote_kind kind,
                  const struct rg_cand *cand)
{
    const struct rg_mine *m = &s->mine;
    RG_ASSERT(cand->view > c->lf && cand->view > c->mute);
    if (kind == RG_VOTE_NOTARIZE) {
        /* I1: "at most one N and one F a view". */
        RG_ASSERT(!m->has[RG_VOTE_NOTARIZE] || RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE));
        RG_ASSERT(!m->has[RG_VOTE_NULLIFY] && !m->has[RG_VOTE_FINALIZE]);
        RG_ASSERT(cand->view == c->cur);
        RG_ASSERT(cand->pview >= c->lf && cand->pview < cand->view);
        return;
    }
    if (kind == RG_VOTE_NULLIFY) {
        /* I2: "never L and F". */
        RG_ASSERT(!m->has[RG_VOTE_NULLIFY]);
        RG_ASSERT(!m->has[RG_VOTE_FINALIZE] || RG_MUTANT_IS(RG_MUTANT_NULL_AFTER_FINAL));
        RG_ASSERT(near_enough(c, cand->view));
        return;
    }
    /* I1, I2, and I3: "F only with Notar held and N empty or equal". */
    RG_ASSERT(kind == RG_VOTE_FINALIZE && !m->has[RG_VOTE_FINALIZE]);
    RG_ASSERT(!m->has[RG_VOTE_NULLIFY] || RG_MUTANT_IS(RG_MUTANT_FINALIZE_AFTER_NULLIFY));
    RG_ASSERT(s->certs[RG_VOTE_NOTARIZE].kind != RG_VOTE_NONE);
    RG_ASSERT(rg_cand_eq(&s->certs[RG_VOTE_NOTARIZE].cand, cand));
    RG_ASSERT(!m->has[RG_VOTE_NOTARIZE] || rg_cand_eq(&m->cand[RG_VOTE_NOTARIZE], cand) ||
              RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE) || RG_MUTANT_IS(RG_MUTANT_FINALIZE_OTHER));
}

static void cast(struct rg_cons *c, enum rg_vote_kind kind, const struct rg_cand *statement,
                 bool as_proposal)
{
    const struct rg_cand cand = *statement;
    RG_ASSERT(rg_cons_cast__can(c, cand.view));
    struct rg_slot *s = rg_cons_slots__get(c, cand.view);
    RG_ASSERT(s != NULL);
    check(c, s, kind, &cand);
    struct rg_hash digest;
    rg_vote_digest(&c->ledger, &c->members, c->epoch, kind, &cand, &digest);
    c->sign(c->sign_ctx, &digest, &s->mine.sig[kind]);
    s->mine.cand[kind] = cand;
    s->mine.has[kind] = true;
    c->voted_max = rg_num_max(c->voted_max, cand.view);
    /* R2: "Body and vote are durable before it is sent." The justification is in the
     * journal since its certificates came in. A finalizer keeps the body too. */
    struct rg_blk *b =
        kind == RG_VOTE_NULLIFY ? NULL : rg_cons_slots__block(c, &cand.hash, cand.view + 1);
    if (b != NULL && !RG_MUTANT_IS(RG_MUTANT_BODY_NOT_DURABLE)) {
        rg_cons_out__persist_block(c, b);
    }
    const struct rg_vote v = rg_cons_cast__mine(c, s, kind);
    rg_cons_out__persist(c, RG_ACTION_PERSIST_VOTE)->vote = v;
    if (as_proposal) {
        const bool led = rg_cons_out__proposal(c, RG_ACTION_BCAST_PROPOSE, RG_PEER_ALL);
        RG_ASSERT(led);
    } else {
        rg_cons_out__leave(c, RG_ACTION_BCAST_VOTE)->vote = v;
    }
    /* "Own votes enter the pool in the same step." */
    rg_cons_pool__vote(c, &v);
}

void rg_cons_cast__vote(struct rg_cons *c, enum rg_vote_kind kind, const struct rg_cand *cand)
{
    struct rg_cand statement = *cand;
    if (kind == RG_VOTE_NULLIFY) {
        statement = (struct rg_cand){.view = cand->view};
    }
    cast(c, kind, &statement, false);
}

void rg_cons_cast__propose(struct rg_cons *c, const struct rg_cand *cand)
{
    struct rg_slot *s = rg_cons_slots__get(c, cand->view);
    RG_ASSERT(s != NULL);
    s->prop = (struct rg_prop){.has = true, .cand = *cand};
    cast(c, RG_VOTE_NOTARIZE, cand, true);
    s->prop.sig = s->mine.sig[RG_VOTE_NOTARIZE];
}
