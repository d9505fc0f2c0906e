/* Ed25519 verification (RFC 8032, strict: libsodium rejects non-canonical S and small-order keys).
 */
#ifndef RG_CRYPTO_VERIFY_H
#define RG_CRYPTO_VERIFY_H

#include "base/types.h"

/* Whether @sig is @key's signature over the 32 bytes of @digest. Everything in Reigen is signed by
 * its domain-separated hash (crypto/hash.h). */
bool rg_verify(const struct rg_pubkey *key, const struct rg_hash *digest, const struct rg_sig *sig);

#endif /* RG_CRYPTO_VERIFY_H */
