#include "consensus/cert.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "consensus/mutant.h"

/* A struct of bytes only, so that received bytes can be seen as signatures without a copy. */
_Static_assert(sizeof(struct rg_sig) == RG_SIG_BYTES, "no padding");
_Static_assert(_Alignof(struct rg_sig) == 1, "any address will do");

#define HEAD_BYTES (1 + 8 + 8)
#define CAND_BYTES (8 + RG_HASH_BYTES)

static uint16_t count_bits(uint64_t set)
{
    uint16_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

static bool bits_below(uint64_t set, uint16_t n)
{
    return n >= 64 || (set >> n) == 0;
}

bool rg_cert_check(const struct rg_cert *c, const struct rg_hash *ledger,
                   const struct rg_members *m, uint64_t epoch, rg_verify_fn verify)
{
    if (c->epoch != epoch || c->n != m->n || !bits_below(c->signers, m->n)) {
        return false;
    }
    /* "Reject unless popcount >= q, no bit >= n, exact length." */
    if (!RG_MUTANT_IS(RG_MUTANT_CERT_UNCOUNTED) &&
        (c->count < m->q || c->count != count_bits(c->signers))) {
        return false;
    }
    struct rg_vote v;
    for (uint16_t i = 0; i < m->n; i++) {
        if (rg_cert_vote(c, i, &v) && !rg_vote_well_formed(&v, m)) {
            return false;
        }
    }
    struct rg_hash digest;
    rg_vote_digest(ledger, m, epoch, c->kind, &c->cand, &digest);
    for (uint16_t i = 0; i < m->n; i++) {
        if (rg_cert_vote(c, i, &v) && !verify(&m->keys[i], &digest, &v.sig)) {
            return false;
        }
    }
    return true;
}

bool rg_cert_vote(const struct rg_cert *c, uint16_t signer, struct rg_vote *out)
{
    if (signer >= 64 || (c->signers >> signer & 1) == 0) {
        return false;
    }
    const uint16_t at = count_bits(c->signers & ((UINT64_C(1) << signer) - 1));
    if (at >= c->count) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->kind = c->kind;
    out->signer = signer;
    out->epoch = c->epoch;
    out->cand = c->cand;
    out->sig = c->sigs[at];
    return true;
}

size_t rg_cert_size(const struct rg_cert *c)
{
    const size_t cand = c->kind == RG_VOTE_NULLIFY ? 0 : CAND_BYTES;
    return HEAD_BYTES + cand + 2 + (c->n + 7u) / 8u + (size_t)c->count * RG_SIG_BYTES;
}

rg_err rg_cert_encode(const struct rg_cert *c, uint8_t *out, size_t cap, size_t *out_len)
{
    RG_ASSERT(c->n >= 1 && c->n <= RG_AUTHORITIES_MAX);
    RG_ASSERT(c->count == count_bits(c->signers));
    if (cap < rg_cert_size(c)) {
        return RG_ERR_FULL;
    }
    struct rg_writer w = rg_bytes_writer(out, cap);
    rg_bytes_put_u8(&w, (uint8_t)c->kind);
    rg_bytes_put_u64(&w, c->epoch);
    rg_bytes_put_u64(&w, c->cand.view);
    if (c->kind != RG_VOTE_NULLIFY) {
        rg_bytes_put_u64(&w, c->cand.pview);
        rg_bytes_put(&w, c->cand.hash.b, RG_HASH_BYTES);
    }
    rg_bytes_put_u16(&w, c->n);
    for (uint16_t i = 0; i < (c->n + 7u) / 8u; i++) {
        rg_bytes_put_u8(&w, (uint8_t)(c->signers >> (8u * i)));
    }
    rg_bytes_put(&w, (const uint8_t *)c->sigs, (size_t)c->count * RG_SIG_BYTES);
    RG_ASSERT(!w.failed);
    *out_len = w.len;
    return RG_OK;
}

uint64_t rg_cert_epoch(struct rg_bytes in)
{
    struct rg_reader r = rg_bytes_reader(in);
    (void)rg_bytes_get_u8(&r);
    return rg_bytes_get_u64(&r);
}

rg_err rg_cert_decode(struct rg_bytes in, struct rg_cert *out)
{
    struct rg_reader r = rg_bytes_reader(in);
    struct rg_cert c;
    memset(&c, 0, sizeof c);
    const uint8_t kind = rg_bytes_get_u8(&r);
    if (kind < RG_VOTE_NOTARIZE || kind > RG_VOTE_FINALIZE) {
        return RG_ERR_INVALID;
    }
    c.kind = (enum rg_vote_kind)kind;
    c.epoch = rg_bytes_get_u64(&r);
    c.cand.view = rg_bytes_get_u64(&r);
    if (c.kind != RG_VOTE_NULLIFY) {
        c.cand.pview = rg_bytes_get_u64(&r);
        rg_bytes_get(&r, c.cand.hash.b, RG_HASH_BYTES);
    }
    c.n = rg_bytes_get_u16(&r);
    if (c.n == 0 || c.n > RG_AUTHORITIES_MAX) {
        return RG_ERR_INVALID;
    }
    for (uint16_t i = 0; i < (c.n + 7u) / 8u; i++) {
        c.signers |= (uint64_t)rg_bytes_get_u8(&r) << (8u * i);
    }
    c.count = count_bits(c.signers);
    const struct rg_bytes sigs = rg_bytes_get_range(&r, (size_t)c.count * RG_SIG_BYTES);
    c.sigs = (const struct rg_sig *)sigs.data;
    if (!rg_bytes_done(&r) || !bits_below(c.signers, c.n)) {
        return RG_ERR_INVALID;
    }
    if (c.cand.view == 0 || c.cand.pview >= c.cand.view) {
        return RG_ERR_INVALID;
    }
    *out = c;
    return RG_OK;
}
