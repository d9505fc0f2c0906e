#include "crypto/lthash.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include <sodium.h>

#define BLOCK_BYTES 64 /* one BLAKE2b-512 output */
#define BLOCKS (RG_LTHASH_LANES * 2 / BLOCK_BYTES)

/* Expand a record to 2,048 bytes: BLAKE2b-512 of (block number), keyed by the record's hash. */
static void expand(struct rg_bytes key, struct rg_bytes value, uint8_t out[BLOCKS * BLOCK_BYTES])
{
    struct rg_hash_state s;
    struct rg_hash record;
    rg_hash_begin(&s, RG_DOMAIN_RECORD, NULL);
    rg_hash_add(&s, key);
    rg_hash_add(&s, value);
    rg_hash_end(&s, &record);
    for (size_t i = 0; i < BLOCKS; i++) {
        const uint8_t number = (uint8_t)i;
        RG_ASSERT(crypto_generichash(out + i * BLOCK_BYTES, BLOCK_BYTES, &number, 1, record.b,
                                     RG_HASH_BYTES) == 0);
    }
}

void rg_lthash_init(struct rg_lthash *h)
{
    *h = (struct rg_lthash){0};
}

void rg_lthash_add(struct rg_lthash *h, struct rg_bytes key, struct rg_bytes value)
{
    uint8_t b[BLOCKS * BLOCK_BYTES];
    expand(key, value, b);
    for (size_t i = 0; i < RG_LTHASH_LANES; i++) {
        h->lane[i] = (uint16_t)(h->lane[i] + (b[2 * i] | b[2 * i + 1] << 8));
    }
}

void rg_lthash_remove(struct rg_lthash *h, struct rg_bytes key, struct rg_bytes value)
{
    uint8_t b[BLOCKS * BLOCK_BYTES];
    expand(key, value, b);
    for (size_t i = 0; i < RG_LTHASH_LANES; i++) {
        h->lane[i] = (uint16_t)(h->lane[i] - (b[2 * i] | b[2 * i + 1] << 8));
    }
}

void rg_lthash_digest(const struct rg_lthash *h, struct rg_hash *out)
{
    uint8_t b[RG_LTHASH_LANES * 2];
    for (size_t i = 0; i < RG_LTHASH_LANES; i++) {
        b[2 * i] = (uint8_t)h->lane[i];
        b[2 * i + 1] = (uint8_t)(h->lane[i] >> 8);
    }
    rg_hash_one(RG_DOMAIN_RECORD, NULL, (struct rg_bytes){b, sizeof b}, out);
}
