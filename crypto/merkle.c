#include "crypto/merkle.h"
#include "base/panic.h"
#include <sodium.h>

static void hash_prefixed(uint8_t prefix, struct rg_bytes a, struct rg_bytes b, struct rg_hash *out)
{
    crypto_generichash_state s;
    RG_ASSERT(crypto_generichash_init(&s, NULL, 0, RG_HASH_BYTES) == 0);
    (void)crypto_generichash_update(&s, &prefix, 1);
    if (a.len > 0) {
        (void)crypto_generichash_update(&s, a.data, a.len);
    }
    if (b.len > 0) {
        (void)crypto_generichash_update(&s, b.data, b.len);
    }
    (void)crypto_generichash_final(&s, out->b, RG_HASH_BYTES);
}

static void node(const struct rg_hash *left, const struct rg_hash *right, struct rg_hash *out)
{
    hash_prefixed(1, (struct rg_bytes){left->b, RG_HASH_BYTES},
                  (struct rg_bytes){right->b, RG_HASH_BYTES}, out);
}

void rg_merkle_leaf(struct rg_bytes data, struct rg_hash *out)
{
    hash_prefixed(0, data, (struct rg_bytes){0}, out);
}

void rg_merkle_init(struct rg_merkle *m)
{
    *m = (struct rg_merkle){0};
}

void rg_merkle_add(struct rg_merkle *m, const struct rg_hash *leaf)
{
    struct rg_hash h = *leaf;
    unsigned level = 0;
    for (uint64_t c = m->count; (c & 1) != 0; c >>= 1) {
        node(&m->edge[level], &h, &h);
        level++;
    }
    RG_ASSERT(level < RG_MERKLE_DEPTH_MAX && m->count < UINT64_MAX);
    m->edge[level] = h;
    m->count++;
}

void rg_merkle_root(const struct rg_merkle *m, struct rg_hash *out)
{
    bool have = false;
    if (m->count == 0) {
        RG_ASSERT(crypto_generichash(out->b, RG_HASH_BYTES, NULL, 0, NULL, 0) == 0);
        return;
    }
    for (unsigned level = 0; level < RG_MERKLE_DEPTH_MAX; level++) {
        if ((m->count >> level & 1) == 0) {
            continue;
        }
        if (have) {
            node(&m->edge[level], out, out);
        } else {
            *out = m->edge[level];
            have = true;
        }
    }
}

static void root_of(const struct rg_hash *leaves, size_t count, struct rg_hash *out)
{
    struct rg_merkle m;
    rg_merkle_init(&m);
    for (size_t i = 0; i < count; i++) {
        rg_merkle_add(&m, &leaves[i]);
    }
    rg_merkle_root(&m, out);
}

void rg_merkle_path(const struct rg_hash *leaves, size_t count, size_t index,
                    struct rg_hash path[static RG_MERKLE_DEPTH_MAX], size_t *path_len)
{
    struct rg_hash down[RG_MERKLE_DEPTH_MAX]; /* from the root's children downwards */
    size_t len = 0;
    RG_ASSERT(index < count);
    while (count > 1) {
        size_t split = 1;
        while (split < count - split) {
            split *= 2;
        }
        RG_ASSERT(len < RG_MERKLE_DEPTH_MAX);
        if (index < split) {
            root_of(leaves + split, count - split, &down[len++]);
            count = split;
        } else {
            root_of(leaves, split, &down[len++]);
            leaves += split;
            index -= split;
            count -= split;
        }
    }
    for (size_t i = 0; i < len; i++) {
        path[i] = down[len - 1 - i];
    }
    *path_len = len;
}

void rg_merkle_node(const struct rg_hash *left, const struct rg_hash *right, struct rg_hash *out)
{
    node(left, right, out);
}

bool rg_merkle_climb(uint64_t count, uint64_t index, const struct rg_hash *leaf,
                     const struct rg_hash *path, size_t path_len, struct rg_hash *out_root)
{
    if (index >= count || path_len > RG_MERKLE_DEPTH_MAX) {
        return false;
    }
    uint64_t fn = index;
    uint64_t sn = count - 1;
    struct rg_hash r = *leaf;
    for (size_t i = 0; i < path_len; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            node(&path[i], &r, &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            node(&r, &path[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) {
        return false;
    }
    *out_root = r;
    return true;
}

bool rg_merkle_check(const struct rg_hash *root, uint64_t count, uint64_t index,
                     const struct rg_hash *leaf, const struct rg_hash *path, size_t path_len)
{
    struct rg_hash r;
    return rg_merkle_climb(count, index, leaf, path, path_len, &r) && rg_hash_eq(&r, root);
}
