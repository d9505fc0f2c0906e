/* BLAKE2b-256 with a domain tag, the ledger's id and length prefixes (RFC 7693): no two different
 * tuples of fields ever give the same preimage, and nothing hashed or signed for one purpose or one
 * ledger is valid for another.
 *
 * Preimage: u8 length and bytes of the domain | 32 bytes of the ledger id | per field: u64 length
 * and bytes. Integers are fields of 8 bytes, little-endian. */
#ifndef RG_CRYPTO_HASH_H
#define RG_CRYPTO_HASH_H

#include "base/types.h"

/* Domains. One name a purpose; never reuse one. */
#define RG_DOMAIN_GENESIS "reigen/1/genesis"
#define RG_DOMAIN_SUBMISSION "reigen/1/submission"
#define RG_DOMAIN_REQUEST "reigen/1/request"
#define RG_DOMAIN_HEADER "reigen/1/header"
#define RG_DOMAIN_AUTHORITY_SET "reigen/1/authority-set"
#define RG_DOMAIN_MOTION "reigen/1/motion"
#define RG_DOMAIN_BALLOT "reigen/1/ballot"
#define RG_DOMAIN_DEFINITION "reigen/1/definition"
#define RG_DOMAIN_VOTE "reigen/1/rra-vote"
#define RG_DOMAIN_STATUS "reigen/1/status"
#define RG_DOMAIN_RECORD "reigen/1/state-record"
#define RG_DOMAIN_CASE_TAG "reigen/1/case-tag"
#define RG_DOMAIN_CASE_SEAL "reigen/1/case-seal"
#define RG_DOMAIN_CASE_REST "reigen/1/case-rest"
#define RG_DOMAIN_CASE_COMMIT "reigen/1/case-commit"
#define RG_DOMAIN_ALERT "reigen/1/alert"
#define RG_DOMAIN_VAULT_NAME "reigen/1/vault-name"
#define RG_DOMAIN_FILE "reigen/1/file"
#define RG_DOMAIN_STORED_VALUE "reigen/1/stored-value"
#define RG_DOMAIN_JOURNAL "reigen/1/journal"

/* A hash under way. Opaque; about 400 bytes; no resource to free. */
struct rg_hash_state {
    _Alignas(64) uint8_t opaque[384];
};

/* Begin a hash for @domain (at most 255 characters) of ledger @ledger (NULL: no ledger yet). */
void rg_hash_begin(struct rg_hash_state *s, const char *domain, const struct rg_hash *ledger);
/* Begin a keyed hash: a MAC under the 32-byte @key. */
void rg_hash_begin_keyed(struct rg_hash_state *s, const char *domain, const struct rg_hash *ledger,
                         const uint8_t key[static RG_KEY_BYTES]);
/* Add one field. */
void rg_hash_add(struct rg_hash_state *s, struct rg_bytes field);
/* Add one integer field. */
void rg_hash_add_u64(struct rg_hash_state *s, uint64_t v);
/* Give the hash and wipe @s. */
void rg_hash_end(struct rg_hash_state *s, struct rg_hash *out);
/* The hash of a single field. */
void rg_hash_one(const char *domain, const struct rg_hash *ledger, struct rg_bytes field,
                 struct rg_hash *out);
/* The identity of an ordered set of authorities, part of every vote and of the last header of an
 * epoch. */
void rg_hash_authorities(const struct rg_hash *ledger, const struct rg_pubkey *keys, size_t n,
                         struct rg_hash *out);
/* BLAKE2b-128 of raw bytes without domain: a checksum of stored values, not an identity. */
void rg_hash_checksum(struct rg_bytes data, uint8_t out[static 16]);

#endif /* RG_CRYPTO_HASH_H */
