/* Stand-ins for what costs most in a simulated network and is not what it tries: BLAKE2b gives way
 * to a fast hash without secrets, Ed25519 to a MAC. The linker's --wrap puts them in the place of
 * libsodium's under the production code; with sim_crypto_real all is done for real. */
#include "sim_crypto.h"
#include "base/panic.h"
#include "crypto/sign.h"
#include "crypto/verify.h"
#include <sodium.h>
#include <string.h>

bool sim_crypto_real;

#define BUFFER 336

/* Lies in a crypto_generichash_state. */
struct fast {
    uint64_t a, b;
    uint64_t total;
    uint32_t used;
    uint8_t buf[BUFFER];
};
_Static_assert(sizeof(struct fast) <= sizeof(crypto_generichash_state), "the state has room");

int __real_crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *in,
                              unsigned long long inlen, const unsigned char *key, size_t keylen);
int __real_crypto_generichash_init(crypto_generichash_state *s, const unsigned char *key,
                                   size_t keylen, size_t outlen);
int __real_crypto_generichash_update(crypto_generichash_state *s, const unsigned char *in,
                                     unsigned long long inlen);
int __real_crypto_generichash_final(crypto_generichash_state *s, unsigned char *out, size_t outlen);
int __wrap_crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *in,
                              unsigned long long inlen, const unsigned char *key, size_t keylen);
int __wrap_crypto_generichash_init(crypto_generichash_state *s, const unsigned char *key,
                                   size_t keylen, size_t outlen);
int __wrap_crypto_generichash_update(crypto_generichash_state *s, const unsigned char *in,
                                     unsigned long long inlen);
int __wrap_crypto_generichash_final(crypto_generichash_state *s, unsigned char *out, size_t outlen);

/* 64 by 64 bits, folded (after wyhash, Wang Yi). */
static uint64_t fold(uint64_t x, uint64_t y)
{
    __extension__ typedef unsigned __int128 wide;
    const wide p = (wide)x * y;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static void absorb(struct fast *f, const uint8_t *at, size_t len)
{
    uint64_t a = f->a;
    uint64_t b = f->b;
    uint64_t w[2];
    for (; len >= 16; len -= 16, at += 16) {
        memcpy(w, at, 16);
        a = fold(a ^ w[0] ^ UINT64_C(0xa0761d6478bd642f), w[1] ^ UINT64_C(0xe7037ed1a0b428db));
        b = fold(b ^ w[1] ^ UINT64_C(0x8ebc6af09c88c6e3), w[0] ^ UINT64_C(0x589965cc75374cc3)) + a;
    }
    f->a = a;
    f->b = b;
}

static void begin(struct fast *f, const unsigned char *key, size_t keylen, size_t outlen)
{
    f->a = outlen;
    f->b = keylen;
    f->total = 0;
    f->used = 0;
    if (keylen > 0) {
        RG_ASSERT(keylen % 16 == 0);
        absorb(f, key, keylen);
    }
}

static void add(struct fast *f, const unsigned char *in, size_t len)
{
    f->total += len;
    while (len > 0) {
        const size_t n = len < BUFFER - f->used ? len : BUFFER - f->used;
        memcpy(f->buf + f->used, in, n);
        f->used += (uint32_t)n;
        in += n;
        len -= n;
        if (f->used == BUFFER) {
            absorb(f, f->buf, BUFFER);
            f->used = 0;
        }
    }
}

static void end(struct fast *f, unsigned char *out, size_t outlen)
{
    const size_t padded = (f->used + (size_t)15) & ~(size_t)15;
    memset(f->buf + f->used, 0, padded - f->used);
    absorb(f, f->buf, padded);
    uint64_t x = fold(f->a ^ f->total, UINT64_C(0x1d8e4e27c47d124f)) ^ f->b;
    uint64_t y = f->b;
    for (size_t i = 0; i < outlen; i += 16) {
        uint64_t w[2];
        x += UINT64_C(0x9e3779b97f4a7c15);
        w[0] = fold(x, x ^ UINT64_C(0xe7037ed1a0b428db)) ^ y;
        y = fold(y ^ x, UINT64_C(0x8ebc6af09c88c6e3)) + x;
        w[1] = y;
        memcpy(out + i, w, outlen - i < 16 ? outlen - i : 16);
    }
}

int __wrap_crypto_generichash_init(crypto_generichash_state *s, const unsigned char *key,
                                   size_t keylen, size_t outlen)
{
    if (sim_crypto_real) {
        return __real_crypto_generichash_init(s, key, keylen, outlen);
    }
    begin((struct fast *)(void *)s, key, keylen, outlen);
    return 0;
}

int __wrap_crypto_generichash_update(crypto_generichash_state *s, const unsigned char *in,
                                     unsigned long long inlen)
{
    if (sim_crypto_real) {
        return __real_crypto_generichash_update(s, in, inlen);
    }
    add((struct fast *)(void *)s, in, (size_t)inlen);
    return 0;
}

int __wrap_crypto_generichash_final(crypto_generichash_state *s, unsigned char *out, size_t outlen)
{
    if (sim_crypto_real) {
        return __real_crypto_generichash_final(s, out, outlen);
    }
    end((struct fast *)(void *)s, out, outlen);
    return 0;
}

int __wrap_crypto_generichash(unsigned char *out, size_t outlen, const unsigned char *in,
                              unsigned long long inlen, const unsigned char *key, size_t keylen)
{
    struct fast f;
    if (sim_crypto_real) {
        return __real_crypto_generichash(out, outlen, in, inlen, key, keylen);
    }
    begin(&f, key, keylen, outlen);
    if (inlen > 0) {
        add(&f, in, (size_t)inlen);
    }
    end(&f, out, outlen);
    return 0;
}

/* Keys: the first byte names the owner, from 1; with real signatures made from it. */
static struct rg_sign *secrets[UINT8_MAX + 1];

static const struct rg_sign *secret(uint8_t owner)
{
    uint8_t seed[32];
    if (secrets[owner] == NULL) {
        memset(seed, owner, sizeof seed);
        RG_ASSERT(rg_sign_from_seed(seed, &secrets[owner]) == RG_OK);
    }
    return secrets[owner];
}

void sim_crypto_fini(void)
{
    for (size_t i = 0; i <= UINT8_MAX; i++) {
        rg_sign_destroy(&secrets[i]);
    }
}

void sim_crypto_pubkey(uint8_t owner, struct rg_pubkey *out)
{
    memset(out, 0, sizeof *out);
    out->b[0] = owner;
    if (sim_crypto_real) {
        *out = *rg_sign_pubkey(secret(owner));
    }
}

void sim_crypto_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    const uint8_t *owner = ctx;
    if (sim_crypto_real) {
        rg_sign(secret(*owner), digest, out);
        return;
    }
    memset(out->b, *owner, RG_SIG_BYTES);
    memcpy(out->b, digest->b, RG_HASH_BYTES);
}

bool sim_crypto_verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                       const struct rg_sig *sig)
{
    struct rg_sig good;
    uint8_t owner = key->b[0];
    (void)ctx;
    if (sim_crypto_real) {
        return rg_verify(key, digest, sig);
    }
    sim_crypto_sign(&owner, digest, &good);
    return memcmp(good.b, sig->b, RG_SIG_BYTES) == 0;
}
