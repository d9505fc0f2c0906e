/* Merkle trees in the shape of RFC 9162 §2.1 (leaf prefix 0x00, node prefix 0x01, split at the
 * largest power of two below n) over BLAKE2b-256. The root of no leaves is the hash of nothing.
 * Whoever signs a root signs the number of leaves beside it. */
#ifndef RG_CRYPTO_MERKLE_H
#define RG_CRYPTO_MERKLE_H

#include "base/err.h"
#include "base/types.h"

#define RG_MERKLE_DEPTH_MAX 64

/* The right edge of a tree under construction: root and append in O(log n) time and space. */
struct rg_merkle {
    uint64_t count;
    struct rg_hash edge[RG_MERKLE_DEPTH_MAX]; /* edge[i] is set when bit i of count is set */
};

/* The hash of one leaf. */
void rg_merkle_leaf(struct rg_bytes data, struct rg_hash *out);
/* Start an empty tree. */
void rg_merkle_init(struct rg_merkle *m);
/* Append a leaf's hash (from rg_merkle_leaf). */
void rg_merkle_add(struct rg_merkle *m, const struct rg_hash *leaf);
/* Give the root over all leaves so far. */
void rg_merkle_root(const struct rg_merkle *m, struct rg_hash *out);
/* Write the inclusion proof of leaf @index among @leaves[0..@count) (leaf hashes) to @path, lowest
 * node first, and its length to @path_len (at most RG_MERKLE_DEPTH_MAX). @index < @count. Uses O(n)
 * time and O(log n) stack. */
void rg_merkle_path(const struct rg_hash *leaves, size_t count, size_t index,
                    struct rg_hash path[static RG_MERKLE_DEPTH_MAX], size_t *path_len);
/* The hash of an inner node; @out may be one of the inputs. */
void rg_merkle_node(const struct rg_hash *left, const struct rg_hash *right, struct rg_hash *out);
/* Give the root that @path leads to from @leaf, number @index of @count. False when the path has a
 * wrong length; @out_root is then untouched. */
bool rg_merkle_climb(uint64_t count, uint64_t index, const struct rg_hash *leaf,
                     const struct rg_hash *path, size_t path_len, struct rg_hash *out_root);
/* Whether @path proves that @leaf is number @index of @count under @root (RFC 9162 §2.1.3.2). */
bool rg_merkle_check(const struct rg_hash *root, uint64_t count, uint64_t index,
                     const struct rg_hash *leaf, const struct rg_hash *path, size_t path_len);

#endif /* RG_CRYPTO_MERKLE_H */
