/* What a case entry is made of: subkeys of a case key, tags, the sealed body, and who signed what.
 * Keys in, bytes out; no storage, no clock, no socket. See docs/case-entries.md.
 *
 *   subkey(domain) = keyed BLAKE2b(case key; domain, ledger)          tag, seal and rest
 *   tag            = first 16 bytes of keyed BLAKE2b(tag key; writer agency, counter)
 *   sealed         = XChaCha20-Poly1305(seal key; ad = ledger | tag | writer | readers | schema;
 *                    u32 length | CaseBody | zeros up to a multiple of 64)
 *   commitment     = BLAKE2b(case key)
 *
 * Thread: any; a verifier belongs to one thread. */
#ifndef RG_AGENCY_CASEBOOK_H
#define RG_AGENCY_CASEBOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "ledger/genesis.h"
#include "proto/ledger_codec.h"

/* Events in one request: what a Merkle path of RG_CASE_PATH_MAX can prove, and no more than a frame
 * holds. */
#define RG_CASEBOOK_REQUEST_MAX 8192u
#define RG_CASEBOOK_LEVELS_MAX (RG_CASE_PATH_MAX + 1)
#define RG_CASEBOOK_VERIFIED_MAX 512u

/* Subkeys of one case. Secret. */
struct rg_casebook_keys {
    uint8_t tag[RG_KEY_BYTES];
    uint8_t seal[RG_KEY_BYTES];
    uint8_t rest[RG_KEY_BYTES];
};

/* Derive the subkeys of @key. They are bound to the agency @opener that opened the case: another
 * reader who opens one with the same key opens another case. */
void rg_casebook_derive(const struct rg_hash *ledger, uint32_t opener,
                        const uint8_t key[static RG_KEY_BYTES], struct rg_casebook_keys *out);
/* The commitment that the opening entry carries; bound to its writer in the same way. */
void rg_casebook_commitment(const struct rg_hash *ledger, uint32_t opener,
                            const uint8_t key[static RG_KEY_BYTES], struct rg_hash *out);
/* The tag of entry number @counter (from 0) that agency @writer adds to the case. */
void rg_casebook_tag(const struct rg_hash *ledger, const uint8_t tag_key[static RG_KEY_BYTES],
                     uint32_t writer, uint64_t counter, struct rg_id *out);

/* What the clear part of an entry says, and who wrote it. */
struct rg_casebook_place {
    const struct rg_hash *ledger;
    uint32_t writer; /* agency */
    uint64_t counter;
    uint64_t readers;
    const struct rg_hash *commitment; /* only in the entry that opens the case; else NULL */
};

/* Make the bytes of an entry that holds @body. Gives @out in @arena.
 * Errors: RG_ERR_NOMEM the arena is full; RG_ERR_INVALID the entry would pass RG_ENTRY_MAX. */
RG_CHECKED rg_err rg_casebook_seal(struct rg_arena *arena, const struct rg_casebook_keys *keys,
                                   const struct rg_casebook_place *place,
                                   const struct rg_case_body *body, struct rg_bytes *out);
/* Open entry @e, written by agency @writer. Gives @out, borrowing from @arena.
 * Errors: RG_ERR_SIGNATURE wrong key or changed bytes; RG_ERR_INVALID the plain text is no padded
 * CaseBody; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_casebook_open(struct rg_arena *arena, const struct rg_casebook_keys *keys,
                                   const struct rg_hash *ledger, uint32_t writer,
                                   const struct rg_entry *e, struct rg_case_body *out);

/* Two neighbours of a level of a request's Merkle tree, known to belong to it. */
struct rg_casebook_pair {
    uint64_t index; /* of the pair in its level */
    bool known;
    struct rg_hash node[2];
};

/* Remembers the requests whose signature was found good, so that the 500 entries of one request
 * cost one verification, and of the last request the nodes of its tree next to the last path, so
 * that an entry costs two hashes instead of a whole path. */
struct rg_casebook_verifier {
    const struct rg_genesis *genesis;
    struct rg_hash seen[RG_CASEBOOK_VERIFIED_MAX];
    /* The last request, as its bodies name it. */
    uint32_t member;
    uint32_t count; /* 0: none */
    uint64_t first;
    struct rg_id stream;
    struct rg_sig signature;
    struct rg_casebook_pair pair[RG_CASEBOOK_LEVELS_MAX];
};

/* Start with nothing remembered. Borrows @genesis. */
void rg_casebook_verifier_init(struct rg_casebook_verifier *v, const struct rg_genesis *genesis);
/* Whether the body is what a member of agency @writer signed: member and role, place in the
 * request, Merkle path, signature. Gives the event, borrowing from @arena. Errors: RG_ERR_DENIED
 * the member is not of that agency or may not record; RG_ERR_SIGNATURE path or signature do not
 * fit; RG_ERR_INVALID the event is malformed; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_casebook_verify(struct rg_casebook_verifier *v, struct rg_arena *arena,
                                     uint32_t writer, const struct rg_case_body *body,
                                     struct rg_event *out);
/* The Merkle tree over the events of a request, all levels, for many paths. */
struct rg_casebook_tree {
    size_t levels;
    size_t count[RG_CASEBOOK_LEVELS_MAX];
    struct rg_hash *level[RG_CASEBOOK_LEVELS_MAX]; /* level[0]: leaf hashes */
};

/* How many hashes the tree of @count leaves takes. */
size_t rg_casebook_tree_size(size_t count);
/* Build the tree over @events[0..@count) in @room (rg_casebook_tree_size hashes); 1 <= @count <=
 * RG_CASEBOOK_REQUEST_MAX. */
void rg_casebook_tree_build(struct rg_casebook_tree *t, const struct rg_bytes *events, size_t count,
                            struct rg_hash *room);
/* The root. */
const struct rg_hash *rg_casebook_tree_root(const struct rg_casebook_tree *t);
/* Write the path of leaf @index; returns its length. */
uint32_t rg_casebook_tree_path(const struct rg_casebook_tree *t, size_t index,
                               struct rg_hash path[static RG_CASE_PATH_MAX]);

#endif /* RG_AGENCY_CASEBOOK_H */
