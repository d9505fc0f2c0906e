#include "node/core/guilt.h"

bool rg_guilt_members(const struct rg_genesis *g, const struct rg_set *set, struct rg_members *out)
{
    struct rg_pubkey keys[RG_AUTHORITIES_MAX];
    if (!rg_governance_set_ok(g, set)) {
        return false;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        keys[i] = g->principal[set->principal[i]].sign_key;
    }
    return rg_members_init(out, keys, set->count, &g->ledger_id) == RG_OK;
}

bool rg_guilt_decode(struct rg_bytes pair, struct rg_vote out[static 2])
{
    return pair.len == 2 * (size_t)RG_VOTE_BYTES &&
           rg_vote_decode((struct rg_bytes){pair.data, RG_VOTE_BYTES}, &out[0]) == RG_OK &&
           rg_vote_decode((struct rg_bytes){pair.data + RG_VOTE_BYTES, RG_VOTE_BYTES}, &out[1]) ==
               RG_OK &&
           rg_vote_conflicts(&out[0], &out[1]);
}

static bool signed_by(const struct rg_guilt *k, const struct rg_members *m, const struct rg_vote *v)
{
    struct rg_hash digest;
    if (!rg_vote_well_formed(v, m)) {
        return false;
    }
    rg_vote_digest(&k->genesis->ledger_id, m, v->epoch, v->kind, &v->cand, &digest);
    return k->verify(k->verify_ctx, &m->keys[v->signer], &digest, &v->sig);
}

bool rg_guilt_check(void *ctx, const struct rg_governance *v, struct rg_bytes pair,
                    bool *out_previous, uint32_t *out_index)
{
    const struct rg_guilt *k = ctx;
    struct rg_vote two[2];
    struct rg_members m;
    if (!rg_guilt_decode(pair, two)) {
        return false;
    }
    const bool previous = two[0].epoch + 1 == v->epoch;
    if ((!previous && two[0].epoch != v->epoch) ||
        !rg_guilt_members(k->genesis, previous ? &v->previous : &v->current, &m) ||
        !signed_by(k, &m, &two[0]) || !signed_by(k, &m, &two[1])) {
        return false;
    }
    *out_previous = previous;
    *out_index = two[0].signer;
    return true;
}
