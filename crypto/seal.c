#include "crypto/seal.h"
#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define MAC_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
_Static_assert(NONCE_BYTES + MAC_BYTES == RG_SEAL_EXTRA, "nonce and tag");

void rg_seal(const uint8_t key[static 32], struct rg_bytes ad, struct rg_bytes plain, uint8_t *out)
{
    randombytes_buf(out, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, plain.data, plain.len,
                                                     ad.data, ad.len, NULL, out, key);
}

rg_err rg_seal_open(const uint8_t key[static 32], struct rg_bytes ad, struct rg_bytes sealed,
                    uint8_t *out)
{
    if (sealed.len < RG_SEAL_EXTRA) {
        return RG_ERR_SIGNATURE;
    }
    const size_t plain_len = sealed.len - RG_SEAL_EXTRA;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data + NONCE_BYTES,
                                                   sealed.len - NONCE_BYTES, ad.data, ad.len,
                                                   sealed.data, key) != 0) {
        sodium_memzero(out, plain_len);
        return RG_ERR_SIGNATURE;
    }
    return RG_OK;
}
