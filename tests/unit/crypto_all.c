/* crypto/: domains separate, Merkle proofs hold for every size, the lattice hash is a set hash,
 * seals notice every change, keys survive their file and files of others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "crypto/lthash.h"
#include "crypto/merkle.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/verify.h"

#define HASH_VECTOR "d3b7724559d1156d3aa8427f7a14cc7a93f65e89e01575a0ec6ce42e987661a1"

static void hashes_separate(void **state)
{
    struct rg_hash a;
    struct rg_hash b;
    struct rg_hash_state s;
    const struct rg_hash ledger = {{1}};
    (void)state;
    rg_hash_one("x", NULL, rg_bytes_str("abc"), &a);
    rg_hash_one("y", NULL, rg_bytes_str("abc"), &b);
    assert_false(rg_hash_eq(&a, &b));
    rg_hash_one("x", &ledger, rg_bytes_str("abc"), &b);
    assert_false(rg_hash_eq(&a, &b));
    /* The border between two fields counts. */
    rg_hash_begin(&s, "x", NULL);
    rg_hash_add(&s, rg_bytes_str("ab"));
    rg_hash_add(&s, rg_bytes_str("c"));
    rg_hash_end(&s, &a);
    rg_hash_begin(&s, "x", NULL);
    rg_hash_add(&s, rg_bytes_str("a"));
    rg_hash_add(&s, rg_bytes_str("bc"));
    rg_hash_end(&s, &b);
    assert_false(rg_hash_eq(&a, &b));
}

/* The preimage is documented; this value was computed from it with Python's hashlib.blake2b. */
static void hash_vector(void **state)
{
    struct rg_hash h;
    char text[65];
    (void)state;
    rg_hash_one("reigen/1/file", NULL, rg_bytes_str("abc"), &h);
    rg_hex_format(h.b, 32, text);
    assert_string_equal(text, HASH_VECTOR);
}

static void merkle_proofs(void **state)
{
    struct rg_hash leaf[70];
    struct rg_hash path[RG_MERKLE_DEPTH_MAX];
    struct rg_hash root;
    struct rg_merkle m;
    size_t len = 0;
    (void)state;
    rg_merkle_init(&m);
    for (size_t n = 1; n <= 70; n++) {
        const uint8_t byte = (uint8_t)n;
        rg_merkle_leaf((struct rg_bytes){&byte, 1}, &leaf[n - 1]);
        rg_merkle_add(&m, &leaf[n - 1]);
        rg_merkle_root(&m, &root);
        for (size_t i = 0; i < n; i++) {
            rg_merkle_path(leaf, n, i, path, &len);
            assert_true(rg_merkle_check(&root, n, i, &leaf[i], path, len));
            assert_false(rg_merkle_check(&root, n, i, &leaf[(i + 1) % 70], path, len) && n > 1);
            assert_false(rg_merkle_check(&root, n, n, &leaf[i], path, len));
            if (len > 0) {
                assert_false(rg_merkle_check(&root, n, i, &leaf[i], path, len - 1));
                path[0].b[0] ^= 1;
                assert_false(rg_merkle_check(&root, n, i, &leaf[i], path, len));
            }
        }
    }
}

static void lthash_is_a_set(void **state)
{
    struct rg_lthash a;
    struct rg_lthash b;
    struct rg_hash da;
    struct rg_hash db;
    (void)state;
    rg_lthash_init(&a);
    rg_lthash_init(&b);
    rg_lthash_add(&a, rg_bytes_str("k1"), rg_bytes_str("v1"));
    rg_lthash_add(&a, rg_bytes_str("k2"), rg_bytes_str("v2"));
    rg_lthash_add(&b, rg_bytes_str("k2"), rg_bytes_str("v2"));
    rg_lthash_add(&b, rg_bytes_str("k1"), rg_bytes_str("old"));
    rg_lthash_remove(&b, rg_bytes_str("k1"), rg_bytes_str("old"));
    rg_lthash_digest(&a, &da);
    rg_lthash_digest(&b, &db);
    assert_false(rg_hash_eq(&da, &db));
    rg_lthash_add(&b, rg_bytes_str("k1"), rg_bytes_str("v1"));
    rg_lthash_digest(&b, &db);
    assert_true(rg_hash_eq(&da, &db));
}

static void seals_notice(void **state)
{
    const uint8_t key[32] = {1};
    const uint8_t other[32] = {2};
    uint8_t sealed[5 + RG_SEAL_EXTRA];
    uint8_t plain[5];
    (void)state;
    rg_seal(key, rg_bytes_str("ad"), rg_bytes_str("hello"), sealed);
    const struct rg_bytes s = {sealed, sizeof sealed};
    assert_int_equal(rg_seal_open(key, rg_bytes_str("ad"), s, plain), RG_OK);
    assert_memory_equal(plain, "hello", 5);
    assert_int_equal(rg_seal_open(other, rg_bytes_str("ad"), s, plain), RG_ERR_SIGNATURE);
    assert_int_equal(rg_seal_open(key, rg_bytes_str("da"), s, plain), RG_ERR_SIGNATURE);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x10;
        assert_int_equal(rg_seal_open(key, rg_bytes_str("ad"), s, plain), RG_ERR_SIGNATURE);
        assert_int_equal(plain[0], 0);
        sealed[i] ^= 0x10;
    }
    assert_int_equal(rg_seal_open(key, rg_bytes_str("ad"), (struct rg_bytes){sealed, 39}, plain),
                     RG_ERR_SIGNATURE);
}

static void signatures(void **state)
{
    struct rg_sign *s = NULL;
    struct rg_hash digest = {{5}};
    struct rg_sig sig;
    (void)state;
    assert_int_equal(rg_sign_new(&s), RG_OK);
    rg_sign(s, &digest, &sig);
    assert_true(rg_verify(rg_sign_pubkey(s), &digest, &sig));
    digest.b[31] ^= 1;
    assert_false(rg_verify(rg_sign_pubkey(s), &digest, &sig));
    digest.b[31] ^= 1;
    sig.b[0] ^= 1;
    assert_false(rg_verify(rg_sign_pubkey(s), &digest, &sig));
    /* A key of small order signs nothing. */
    const struct rg_pubkey small = {{1}};
    assert_false(rg_verify(&small, &digest, &sig));
    rg_sign_destroy(&s);
    assert_null(s);
    rg_sign_destroy(&s);
}

static void key_files(void **state)
{
    char folder[] = "/tmp/reigen-test-XXXXXX";
    char path[64];
    struct rg_sign *a = NULL;
    struct rg_sign *b = NULL;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/key", folder);
    assert_int_equal(rg_sign_load(path, &b), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_sign_new(&a), RG_OK);
    assert_int_equal(rg_sign_save(a, path), RG_OK);
    assert_int_equal(rg_sign_save(a, path), RG_ERR_EXISTS);
    assert_int_equal(rg_sign_load(path, &b), RG_OK);
    assert_memory_equal(rg_sign_pubkey(a), rg_sign_pubkey(b), 32);
    assert_memory_equal(rg_sign_curve_pubkey(a), rg_sign_curve_pubkey(b), 32);
    rg_sign_destroy(&b);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(rg_sign_load(path, &b), RG_ERR_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(rg_sign_load(path, &b), RG_ERR_INVALID);
    assert_null(b);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    rg_sign_destroy(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_separate), cmocka_unit_test(hash_vector),
        cmocka_unit_test(merkle_proofs),   cmocka_unit_test(lthash_is_a_set),
        cmocka_unit_test(seals_notice),    cmocka_unit_test(signatures),
        cmocka_unit_test(key_files)};
    if (rg_sign_start() != RG_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
