/* Authenticated encryption with associated data: XChaCha20-Poly1305 (IETF draft-irtf-cfrg-xchacha,
 * libsodium). A sealed text is the 24-byte random nonce, the ciphertext and the 16-byte tag. */
#ifndef RG_CRYPTO_SEAL_H
#define RG_CRYPTO_SEAL_H

#include "base/err.h"
#include "base/types.h"

#define RG_SEAL_EXTRA 40 /* sealed length = plain length + this */

/* Seal @plain under the 32-byte @key, bound to @ad, to @out (room for @plain.len + RG_SEAL_EXTRA).
 */
void rg_seal(const uint8_t key[static 32], struct rg_bytes ad, struct rg_bytes plain, uint8_t *out);
/* Open @sealed to @out (room for @sealed.len - RG_SEAL_EXTRA).
 * Errors: RG_ERR_SIGNATURE  wrong key, wrong @ad or changed bytes; @out is then zeroed. */
RG_CHECKED rg_err rg_seal_open(const uint8_t key[static 32], struct rg_bytes ad,
                               struct rg_bytes sealed, uint8_t *out);

#endif /* RG_CRYPTO_SEAL_H */
