#include "consensus/vote.h"
#include "base/bytes.h"
#include "consensus/mutant.h"
#include "crypto/hash.h"

void rg_vote_digest(const struct rg_hash *ledger, const struct rg_members *m, uint64_t epoch,
                    enum rg_vote_kind kind, const struct rg_cand *cand, struct rg_hash *out)
{
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_VOTE, ledger);
    rg_hash_add_u64(&h, epoch);
    rg_hash_add(&h, (struct rg_bytes){m->set_id.b, RG_HASH_BYTES});
    rg_hash_add_u64(&h, (uint64_t)kind);
    rg_hash_add_u64(&h, cand->view);
    rg_hash_add_u64(&h, cand->pview);
    rg_hash_add(&h, (struct rg_bytes){cand->hash.b, RG_HASH_BYTES});
    rg_hash_end(&h, out);
}

/* What holds of every statement, whoever signs it. */
static bool statement_ok(enum rg_vote_kind kind, const struct rg_cand *cand)
{
    if (cand->view == 0) {
        return false;
    }
    if (kind == RG_VOTE_NULLIFY) {
        return cand->pview == 0 && rg_hash_is_zero(&cand->hash);
    }
    if (kind != RG_VOTE_NOTARIZE && kind != RG_VOTE_FINALIZE) {
        return false;
    }
    return cand->pview < cand->view;
}

bool rg_vote_well_formed(const struct rg_vote *v, const struct rg_members *m)
{
    return v->signer < m->n && statement_ok(v->kind, &v->cand);
}

bool rg_vote_check(const struct rg_vote *v, const struct rg_hash *ledger,
                   const struct rg_members *m, rg_verify_fn verify)
{
    if (!rg_vote_well_formed(v, m)) {
        return false;
    }
    struct rg_hash digest;
    rg_vote_digest(ledger, m, v->epoch, v->kind, &v->cand, &digest);
    return verify(&m->keys[v->signer], &digest, &v->sig);
}

bool rg_vote_conflicts(const struct rg_vote *a, const struct rg_vote *b)
{
    if (a->epoch != b->epoch || a->signer != b->signer || a->cand.view != b->cand.view) {
        return false;
    }
    const bool null_a = a->kind == RG_VOTE_NULLIFY;
    const bool null_b = b->kind == RG_VOTE_NULLIFY;
    if (null_a || null_b) {
        /* "E2 NULLIFY+FINALIZE"; to nullify after notarizing is allowed. */
        return (null_a && b->kind == RG_VOTE_FINALIZE) || (null_b && a->kind == RG_VOTE_FINALIZE) ||
               (RG_MUTANT_IS(RG_MUTANT_ACCUSE_HONEST) && null_a != null_b);
    }
    /* "E1 two NOTARIZE of different c, E3 two FINALIZE of different c, E5 NOTARIZE(c)+FINALIZE(c')"
     */
    return !rg_cand_eq(&a->cand, &b->cand);
}

void rg_vote_encode(const struct rg_vote *v, uint8_t out[static RG_VOTE_BYTES])
{
    struct rg_writer w = rg_bytes_writer(out, RG_VOTE_BYTES);
    rg_bytes_put_u8(&w, (uint8_t)v->kind);
    rg_bytes_put_u16(&w, v->signer);
    rg_bytes_put_u64(&w, v->epoch);
    rg_bytes_put_u64(&w, v->cand.view);
    rg_bytes_put_u64(&w, v->cand.pview);
    rg_bytes_put(&w, v->cand.hash.b, RG_HASH_BYTES);
    rg_bytes_put(&w, v->sig.b, RG_SIG_BYTES);
}

rg_err rg_vote_decode(struct rg_bytes in, struct rg_vote *out)
{
    struct rg_reader r = rg_bytes_reader(in);
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    v.kind = (enum rg_vote_kind)rg_bytes_get_u8(&r);
    v.signer = rg_bytes_get_u16(&r);
    v.epoch = rg_bytes_get_u64(&r);
    v.cand.view = rg_bytes_get_u64(&r);
    v.cand.pview = rg_bytes_get_u64(&r);
    rg_bytes_get(&r, v.cand.hash.b, RG_HASH_BYTES);
    rg_bytes_get(&r, v.sig.b, RG_SIG_BYTES);
    if (!rg_bytes_done(&r) || !statement_ok(v.kind, &v.cand)) {
        return RG_ERR_INVALID;
    }
    *out = v;
    return RG_OK;
}
