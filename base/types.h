/* Fixed-size byte types that everybody shares, and byte ranges. No functions but inline helpers. */
#ifndef RG_BASE_TYPES_H
#define RG_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RG_HASH_BYTES 32
#define RG_SIG_BYTES 64
#define RG_KEY_BYTES 32
#define RG_ID_BYTES 16

struct rg_hash {
    uint8_t b[RG_HASH_BYTES];
};

struct rg_sig {
    uint8_t b[RG_SIG_BYTES];
};

/* An Ed25519 or X25519 public key; which one, the field's name says. */
struct rg_pubkey {
    uint8_t b[RG_KEY_BYTES];
};

/* 16 bytes: a case pseudonym, an entry's tag, a request stream. */
struct rg_id {
    uint8_t b[RG_ID_BYTES];
};

/* Who asked, as whom, and what was seen of it: part of a status (proto/peer.proto). */
struct rg_echo {
    uint32_t authority;
    struct rg_id instance;
    uint64_t seen;
    bool again;
};

/* A borrowed range of bytes. @data may be NULL only when @len is 0. */
struct rg_bytes {
    const uint8_t *data;
    size_t len;
};

/* Whether two hashes are equal. Not for secrets. */
static inline bool rg_hash_eq(const struct rg_hash *a, const struct rg_hash *b)
{
    return memcmp(a->b, b->b, RG_HASH_BYTES) == 0;
}

/* Whether a hash is all zero, which stands for "none". */
static inline bool rg_hash_is_zero(const struct rg_hash *a)
{
    static const struct rg_hash zero;
    return rg_hash_eq(a, &zero);
}

/* Whether two 16-byte ids are equal. Not for secrets. */
static inline bool rg_id_eq(const struct rg_id *a, const struct rg_id *b)
{
    return memcmp(a->b, b->b, RG_ID_BYTES) == 0;
}

#endif /* RG_BASE_TYPES_H */
