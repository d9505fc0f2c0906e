/* The simulator's cryptography: fast stand-ins, or the real thing. */
#ifndef RG_SIM_CRYPTO_H
#define RG_SIM_CRYPTO_H

#include "base/types.h"
#include <stdbool.h>

/* Set before anything is hashed: BLAKE2b and Ed25519 as in the product. */
extern bool sim_crypto_real;

/* Owners are numbers from 1; @ctx points to the owner's (uint8_t). */
void sim_crypto_pubkey(uint8_t owner, struct rg_pubkey *out);
void sim_crypto_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out);
bool sim_crypto_verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                       const struct rg_sig *sig);
void sim_crypto_fini(void);

#endif /* RG_SIM_CRYPTO_H */
