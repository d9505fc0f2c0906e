#include "consensus/members.h"
#include "consensus/mutant.h"
#include "crypto/hash.h"

rg_err rg_members_init(struct rg_members *out, const struct rg_pubkey *keys, size_t n,
                       const struct rg_hash *ledger)
{
    if (n == 0 || n > RG_AUTHORITIES_MAX) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 1; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(keys[i].b, keys[j].b, RG_KEY_BYTES) == 0) {
                return RG_ERR_INVALID;
            }
        }
    }
    memset(out, 0, sizeof *out);
    out->n = (uint16_t)n;
    out->f = (uint16_t)((n - 1) / 3);
    out->q = (uint16_t)((n + out->f + 2) / 2 - (RG_MUTANT_IS(RG_MUTANT_SMALL_QUORUM) ? 1 : 0));
    out->down = (uint16_t)(n - out->q);
    memcpy(out->keys, keys, n * sizeof *keys);
    rg_hash_authorities(ledger, keys, n, &out->set_id);
    return RG_OK;
}

uint16_t rg_members_leader(const struct rg_members *m, uint64_t view)
{
    if (view == 0) {
        return 0;
    }
    return (uint16_t)((view - 1) % m->n);
}

uint16_t rg_members_find(const struct rg_members *m, const struct rg_pubkey *key)
{
    for (uint16_t i = 0; i < m->n; i++) {
        if (memcmp(m->keys[i].b, key->b, RG_KEY_BYTES) == 0) {
            return i;
        }
    }
    return RG_MEMBERS_NONE;
}
