#include "ledger/submission.h"
#include "crypto/merkle.h"
#include "ledger/genesis.h"

void rg_submission_root(const struct rg_bytes *entries, size_t count, struct rg_hash *out)
{
    struct rg_merkle m;
    struct rg_hash leaf;
    rg_merkle_init(&m);
    for (size_t i = 0; i < count; i++) {
        rg_merkle_leaf(entries[i], &leaf);
        rg_merkle_add(&m, &leaf);
    }
    rg_merkle_root(&m, out);
}

static bool good_ballot(const struct rg_ballot *b, const struct rg_genesis *g)
{
    return b->agency < g->agency_count && (!b->moves || b->approve) &&
           (!b->moves || b->motion.definition.version > 0 ||
            rg_governance_set_ok(g, &b->motion.set));
}

/* Only a ballot that brings a definition may be longer than other entries. */
static size_t length_max(const struct rg_entry *e)
{
    return e->ballot != NULL && e->ballot->text.len > 0 ? RG_BALLOT_MAX : RG_ENTRY_MAX;
}

static bool good_entry(const struct rg_entry *e, const struct rg_genesis *g)
{
    if (e->kind == RG_ENTRY_BALLOT || e->kind == RG_ENTRY_EVIDENCE) {
        return e->clear.len > 0 && e->bytes.len <= length_max(e) &&
               (e->kind == RG_ENTRY_BALLOT) == (e->ballot != NULL);
    }
    const uint64_t agencies =
        g->agency_count == 64 ? UINT64_MAX : (UINT64_C(1) << g->agency_count) - 1;
    return e->kind == RG_ENTRY_CASE && e->schema == RG_SCHEMA_CASE && e->readers != 0 &&
           (e->readers & ~agencies) == 0 && e->bytes.len <= RG_ENTRY_MAX && e->sealed.len > 0;
}

enum rg_verdict rg_submission_check_ballot(const struct rg_entry *e, const struct rg_genesis *g,
                                           rg_submission_verify_fn verify, void *verify_ctx)
{
    if (e->kind != RG_ENTRY_BALLOT || !good_entry(e, g) || !good_ballot(e->ballot, g)) {
        return RG_VERDICT_BAD_ENTRY;
    }
    return verify(verify_ctx, &g->agency[e->ballot->agency].admin_key, &e->ballot->digest,
                  &e->ballot->signature)
               ? RG_VERDICT_ACCEPTED
               : RG_VERDICT_BAD_SIGNATURE;
}

static bool good_root(const struct rg_submission *s)
{
    struct rg_merkle m;
    struct rg_hash h;
    rg_merkle_init(&m);
    for (uint32_t i = 0; i < s->entry_count; i++) {
        rg_merkle_leaf(s->entries[i].bytes, &h);
        rg_merkle_add(&m, &h);
    }
    rg_merkle_root(&m, &h);
    return rg_hash_eq(&h, &s->entries_root);
}

enum rg_verdict rg_submission_check(const struct rg_submission *s, const struct rg_genesis *g,
                                    rg_submission_verify_fn verify, void *verify_ctx)
{
    if (s->checked) {
        return RG_VERDICT_ACCEPTED;
    }
    if (!rg_hash_eq(&s->ledger, &g->ledger_id)) {
        return RG_VERDICT_WRONG_LEDGER;
    }
    if (s->signer >= g->principal_count || g->principal[s->signer].roles != RG_ROLE_NODE) {
        return RG_VERDICT_UNKNOWN_SIGNER;
    }
    if (s->entry_count == 0 || s->entry_count > RG_SUBMISSION_ENTRIES_MAX) {
        return RG_VERDICT_BAD_ENTRY;
    }
    for (uint32_t i = 0; i < s->entry_count; i++) {
        if (!good_entry(&s->entries[i], g) ||
            (s->entries[i].kind != RG_ENTRY_CASE && s->entry_count != 1)) {
            return RG_VERDICT_BAD_ENTRY;
        }
    }
    if (!good_root(s)) {
        return RG_VERDICT_BAD_ENTRY;
    }
    if (!verify(verify_ctx, &g->principal[s->signer].sign_key, &s->digest, &s->signature)) {
        return RG_VERDICT_BAD_SIGNATURE;
    }
    /* What only the admin key's signature can say is checked where the node's is. */
    return s->entries[0].kind == RG_ENTRY_BALLOT
               ? rg_submission_check_ballot(&s->entries[0], g, verify, verify_ctx)
               : RG_VERDICT_ACCEPTED;
}
