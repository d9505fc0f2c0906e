/* LtHash: an additive lattice hash of a set of records (Bellare and Micciancio 1997; Lewi, Kim,
 * Maykov and Weis 2019), 1,024 lanes of 16 bits expanded with BLAKE2b. Adding and removing a record
 * costs the same whatever the set's size, and the order does not matter. */
#ifndef RG_CRYPTO_LTHASH_H
#define RG_CRYPTO_LTHASH_H

#include "base/types.h"

#define RG_LTHASH_LANES 1024

struct rg_lthash {
    uint16_t lane[RG_LTHASH_LANES];
};

/* The digest of no records. */
void rg_lthash_init(struct rg_lthash *h);
/* Add a record (@key, @value) that is not in the set. */
void rg_lthash_add(struct rg_lthash *h, struct rg_bytes key, struct rg_bytes value);
/* Remove a record that is in the set. */
void rg_lthash_remove(struct rg_lthash *h, struct rg_bytes key, struct rg_bytes value);
/* The 32-byte digest of the lanes. */
void rg_lthash_digest(const struct rg_lthash *h, struct rg_hash *out);

#endif /* RG_CRYPTO_LTHASH_H */
