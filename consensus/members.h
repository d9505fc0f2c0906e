/* The authorities of one epoch: an ordered list of signing keys with the numbers that follow from
 * its length. A plain value, fixed for the epoch; whoever holds it owns it. No thread, no memory.
 *
 *   f = floor((n - 1) / 3)        how many may lie
 *   q = ceil((n + f + 1) / 2)     how many signatures make a certificate
 *   n - q                         how many may be down
 *
 * n: 1 2 3 4 5 6 7 10 20 gives q: 1 2 2 3 4 4 5 7 14. Two certificates share at least 2q - n >= f +
 * 1 keys, one of them honest; q <= n - f, so the honest can always make one. */
#ifndef RG_CONSENSUS_MEMBERS_H
#define RG_CONSENSUS_MEMBERS_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"

/* No authority: an observer, or nobody yet. */
#define RG_MEMBERS_NONE UINT16_MAX

struct rg_members {
    uint16_t n; /* 1..RG_AUTHORITIES_MAX */
    uint16_t f;
    uint16_t q;
    uint16_t down;         /* n - q */
    struct rg_hash set_id; /* identifies list and ledger; part of every signed statement */
    struct rg_pubkey keys[RG_AUTHORITIES_MAX];
};

/* Make the set of @n @keys, in this order, for @ledger.
 * Errors: RG_ERR_INVALID  no key, more than RG_AUTHORITIES_MAX, or one key twice. */
RG_CHECKED rg_err rg_members_init(struct rg_members *out, const struct rg_pubkey *keys, size_t n,
                                  const struct rg_hash *ledger);
/* Whose turn @view (1 or more) is: keys[(view - 1) mod n]. */
uint16_t rg_members_leader(const struct rg_members *m, uint64_t view);
/* The index of @key, or RG_MEMBERS_NONE. */
uint16_t rg_members_find(const struct rg_members *m, const struct rg_pubkey *key);

#endif /* RG_CONSENSUS_MEMBERS_H */
