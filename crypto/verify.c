#include "crypto/verify.h"
#include <sodium.h>

bool rg_verify(const struct rg_pubkey *key, const struct rg_hash *digest, const struct rg_sig *sig)
{
    return crypto_sign_ed25519_verify_detached(sig->b, digest->b, RG_HASH_BYTES, key->b) == 0;
}
