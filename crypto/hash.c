#include "crypto/hash.h"
#include "base/bytes.h"
#include "base/panic.h"
#include <sodium.h>

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(((struct rg_hash_state *)0)->opaque),
               "the opaque state has room");

static crypto_generichash_state *state_of(struct rg_hash_state *s)
{
    return (crypto_generichash_state *)(void *)s->opaque;
}

static void begin(struct rg_hash_state *s, const char *domain, const struct rg_hash *ledger,
                  const uint8_t *key)
{
    static const struct rg_hash no_ledger;
    const size_t len = strlen(domain);
    RG_ASSERT(len > 0 && len <= UINT8_MAX);
    const uint8_t len8 = (uint8_t)len;
    RG_ASSERT(crypto_generichash_init(state_of(s), key, key != NULL ? RG_KEY_BYTES : 0,
                                      RG_HASH_BYTES) == 0);
    (void)crypto_generichash_update(state_of(s), &len8, 1);
    (void)crypto_generichash_update(state_of(s), (const uint8_t *)domain, len);
    (void)crypto_generichash_update(state_of(s), (ledger != NULL ? ledger : &no_ledger)->b,
                                    RG_HASH_BYTES);
}

void rg_hash_begin(struct rg_hash_state *s, const char *domain, const struct rg_hash *ledger)
{
    begin(s, domain, ledger, NULL);
}

void rg_hash_begin_keyed(struct rg_hash_state *s, const char *domain, const struct rg_hash *ledger,
                         const uint8_t key[static RG_KEY_BYTES])
{
    begin(s, domain, ledger, key);
}

static void put_u64(struct rg_hash_state *s, uint64_t v)
{
    uint8_t b[8];
    for (size_t i = 0; i < 8; i++) {
        b[i] = (uint8_t)(v >> (8 * i));
    }
    (void)crypto_generichash_update(state_of(s), b, sizeof b);
}

void rg_hash_add(struct rg_hash_state *s, struct rg_bytes field)
{
    put_u64(s, field.len);
    if (field.len > 0) {
        (void)crypto_generichash_update(state_of(s), field.data, field.len);
    }
}

void rg_hash_add_u64(struct rg_hash_state *s, uint64_t v)
{
    put_u64(s, 8);
    put_u64(s, v);
}

void rg_hash_end(struct rg_hash_state *s, struct rg_hash *out)
{
    (void)crypto_generichash_final(state_of(s), out->b, RG_HASH_BYTES);
    sodium_memzero(s, sizeof *s);
}

void rg_hash_one(const char *domain, const struct rg_hash *ledger, struct rg_bytes field,
                 struct rg_hash *out)
{
    struct rg_hash_state s;
    rg_hash_begin(&s, domain, ledger);
    rg_hash_add(&s, field);
    rg_hash_end(&s, out);
}

void rg_hash_authorities(const struct rg_hash *ledger, const struct rg_pubkey *keys, size_t n,
                         struct rg_hash *out)
{
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_AUTHORITY_SET, ledger);
    rg_hash_add_u64(&h, n);
    for (size_t i = 0; i < n; i++) {
        rg_hash_add(&h, (struct rg_bytes){keys[i].b, RG_KEY_BYTES});
    }
    rg_hash_end(&h, out);
}

void rg_hash_checksum(struct rg_bytes data, uint8_t out[static 16])
{
    static const uint8_t none;
    RG_ASSERT(crypto_generichash(out, 16, data.len > 0 ? data.data : &none, data.len, NULL, 0) ==
              0);
}
