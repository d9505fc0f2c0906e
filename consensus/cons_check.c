/* The invariants that must hold after every step, in every build: a replica that breaks one stops
 * before anything leaves. No input, however hostile, can break them. */
#include "consensus/cons_priv.h"

#define RECENT_VIEWS 16

static void check_slot(const struct rg_slot *s)
{
    const struct rg_mine *m = &s->mine;
    const bool f = m->has[RG_VOTE_FINALIZE];
    /* I2: "never L and F". */
    RG_ASSERT(!(m->has[RG_VOTE_NULLIFY] && f) || RG_MUTANT_IS(RG_MUTANT_FINALIZE_AFTER_NULLIFY) ||
              RG_MUTANT_IS(RG_MUTANT_NULL_AFTER_FINAL));
    /* I3: "F only with Notar held and N empty or equal". */
    RG_ASSERT(!f || !m->has[RG_VOTE_NOTARIZE] ||
              rg_cand_eq(&m->cand[RG_VOTE_NOTARIZE], &m->cand[RG_VOTE_FINALIZE]) ||
              RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE) || RG_MUTANT_IS(RG_MUTANT_FINALIZE_OTHER));
}

void rg_cons_check__state(const struct rg_cons *c)
{
    /* I6: "cur and lf never fall, lf < cur". */
    RG_ASSERT(c->cur >= c->seen_cur);
    RG_ASSERT(c->lf >= c->seen_lf);
    RG_ASSERT(c->lf < c->cur);
    RG_ASSERT(c->lf_cand.view == c->lf);
    RG_ASSERT(rg_hash_eq(&c->lf_cand.hash, &c->tip.info.hash) || c->want.cert.cand.view > c->lf);
    /* "I13 sizes within bounds": the ring reaches from first to cur + W. */
    RG_ASSERT(c->base >= 1 && rg_cons_slots__has_room(c, c->cur));
    const uint64_t first = rg_cons_slots__first(c);
    for (uint64_t i = 0; i < RECENT_VIEWS && c->cur >= first + i; i++) {
        const struct rg_slot *s = rg_cons_slots__find(c, c->cur - i);
        if (s != NULL) {
            check_slot(s);
        }
    }
}
