/* Secret keys: an Ed25519 signing key and an X25519 (CURVE) transport key, kept in guarded memory
 * (sodium_malloc: guard pages, locked, left out of core dumps). Files hold both as hex lines; a
 * secret file must be 0600 and owned by this user. */
#ifndef RG_CRYPTO_SIGN_H
#define RG_CRYPTO_SIGN_H

#include "base/err.h"
#include "base/types.h"

struct rg_sign; /* a pair of secret keys; owned by who made it */

/* Prepare the library; call once before anything of crypto/.
 * Errors: RG_ERR_SYSTEM  libsodium could not start. */
RG_CHECKED rg_err rg_sign_start(void);
/* Make new random keys. Gives @out, to be freed with rg_sign_destroy.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_sign_new(struct rg_sign **out);
/* Make keys from a 32-byte seed: for tests and simulation only.
 * Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_sign_from_seed(const uint8_t seed[static 32], struct rg_sign **out);
/* Wipe and free; takes *@s_p and sets it to NULL; NULL is fine. */
void rg_sign_destroy(struct rg_sign **s_p);

/* The public halves. */
const struct rg_pubkey *rg_sign_pubkey(const struct rg_sign *s);
const struct rg_pubkey *rg_sign_curve_pubkey(const struct rg_sign *s);
/* The secret transport key, for the socket option; 32 bytes that live as long as @s. */
const uint8_t *rg_sign_curve_secret(const struct rg_sign *s);
/* Sign the 32 bytes of @digest (deterministic, RFC 8032). */
void rg_sign(const struct rg_sign *s, const struct rg_hash *digest, struct rg_sig *out);
/* Give 32 bytes derived from the signing key for @purpose (8 characters): the vault's key. Not for
 * anything that must outlive a change of the signing key. */
void rg_sign_derive(const struct rg_sign *s, const char purpose[static 8], uint8_t out[static 32]);

/* Write the keys to a new file, mode 0600, synced, with its folder.
 * Errors: RG_ERR_EXISTS  the file is there already; RG_ERR_IO  it cannot be written. */
RG_CHECKED rg_err rg_sign_save(const struct rg_sign *s, const char *path);
/* Read the keys. Errors: RG_ERR_NOT_FOUND; RG_ERR_DENIED  others may read the file or it is not
 * ours; RG_ERR_INVALID  it is no key file; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_sign_load(const char *path, struct rg_sign **out);

#endif /* RG_CRYPTO_SIGN_H */
