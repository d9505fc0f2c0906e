/* What a case entry is made of, and what is refused: seals, tags, signatures, events; the tag map.
 */
#include "agency_world.h"
#include "base/bytes.h"
#include "base/prng.h"
#include "crypto/merkle.h"
#include "node/agency/u64map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct kit {
    struct rg_genesis genesis;
    struct rg_sign *node_key[2];
    struct rg_sign *member_key[2];
    struct rg_arena arena;
    struct rg_arena decode;
    struct rg_casebook_keys keys;
    struct rg_hash commitment;
    struct rg_case_body body;
    struct rg_casebook_place place;
};

static void kit_open(struct kit *k)
{
    static const uint8_t key[RG_KEY_BYTES] = {9, 8, 7};
    struct rg_request r = {.first = 4};
    const struct world_event events[] = {{"A", "eingang", 1}, {"A", "anhoerung", 2}, {"B", "x", 3}};
    struct rg_casebook_tree tree;
    struct rg_hash room[16];
    memset(k, 0, sizeof *k);
    assert_int_equal(rg_sign_start(), RG_OK);
    world_genesis(&k->genesis, 2, "process: x\n", k->node_key, k->member_key);
    assert_int_equal(rg_arena_init(&k->arena, 1u << 20), RG_OK);
    assert_int_equal(rg_arena_init(&k->decode, 65536), RG_OK);
    memset(r.stream.b, 5, sizeof r.stream.b);
    world_request(events, 3, &k->arena, &r);
    world_sign(&k->genesis, k->member_key[1], 3, &r);
    rg_casebook_tree_build(&tree, r.events, 3, room);
    rg_casebook_derive(&k->genesis.ledger_id, 1, key, &k->keys);
    rg_casebook_commitment(&k->genesis.ledger_id, 1, key, &k->commitment);
    k->body = (struct rg_case_body){.event = r.events[1],
                                    .member = 3,
                                    .stream = r.stream,
                                    .first = 4,
                                    .index = 1,
                                    .count = 3,
                                    .signature = r.signature};
    memset(k->body.pseudonym.b, 1, RG_ID_BYTES);
    k->body.path_count = rg_casebook_tree_path(&tree, 1, k->body.path);
    k->place = (struct rg_casebook_place){.ledger = &k->genesis.ledger_id,
                                          .writer = 1,
                                          .counter = 6,
                                          .readers = 3,
                                          .commitment = &k->commitment};
}

static void kit_close(struct kit *k)
{
    for (int i = 0; i < 2; i++) {
        rg_sign_destroy(&k->node_key[i]);
        rg_sign_destroy(&k->member_key[i]);
    }
    rg_arena_fini(&k->arena);
    rg_arena_fini(&k->decode);
}

/* Seal, send through the codec, give the entry. */
static struct rg_entry sealed_entry(struct kit *k)
{
    struct rg_bytes bytes;
    struct world_parcel parcel = {.sequence = 1};
    struct rg_submission s;
    static uint8_t framed[RG_ENTRY_MAX + 4];
    struct rg_writer w = rg_bytes_writer(framed, sizeof framed);
    assert_int_equal(rg_casebook_seal(&k->arena, &k->keys, &k->place, &k->body, &bytes), RG_OK);
    rg_bytes_put_sized(&w, bytes);
    world_submission(&k->genesis, k->node_key[1], 1, (struct rg_bytes){framed, w.len}, 1, &parcel);
    assert_int_equal(rg_ledger_codec_decode_submission(&k->arena, parcel.bytes, &s), RG_OK);
    free((void *)(uintptr_t)parcel.bytes.data);
    return s.entries[0];
}

static rg_err open_it(struct kit *k, uint32_t writer, const struct rg_entry *e,
                      struct rg_case_body *out)
{
    return rg_casebook_open(&k->arena, &k->keys, &k->genesis.ledger_id, writer, e, out);
}

static void test_a_sealed_entry_opens_again(void **state)
{
    static struct kit k;
    struct rg_case_body body;
    struct rg_event event;
    static struct rg_casebook_verifier v;
    kit_open(&k);
    const struct rg_entry e = sealed_entry(&k);
    assert_true(e.opens);
    assert_int_equal(e.readers, 3);
    assert_int_equal((e.sealed.len - 40) % 64, 0);
    assert_int_equal(open_it(&k, 1, &e, &body), RG_OK);
    assert_memory_equal(body.pseudonym.b, k.body.pseudonym.b, RG_ID_BYTES);
    assert_true(rg_bytes_eq(body.event, k.body.event));
    rg_casebook_verifier_init(&v, &k.genesis);
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &body, &event), RG_OK);
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &body, &event), RG_OK); /* remembered */
    assert_true(rg_bytes_eq(event.step, rg_bytes_str("anhoerung")));
    kit_close(&k);
    (void)state;
}

static void test_any_change_is_noticed(void **state)
{
    static struct kit k;
    struct rg_case_body body;
    kit_open(&k);
    struct rg_entry e = sealed_entry(&k);
    struct rg_entry bad = e;
    assert_int_equal(open_it(&k, 0, &e, &body), RG_ERR_SIGNATURE); /* another writer */
    bad.readers = 1;
    assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_SIGNATURE);
    bad = e;
    bad.tag.b[15] ^= 1;
    assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_SIGNATURE);
    bad = e;
    bad.schema = 2;
    assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_INVALID);
    struct rg_hash other = k.genesis.ledger_id;
    other.b[0] ^= 1;
    assert_int_equal(rg_casebook_open(&k.arena, &k.keys, &other, 1, &e, &body), RG_ERR_SIGNATURE);
    uint8_t *copy = malloc(e.sealed.len);
    assert_non_null(copy);
    for (size_t i = 0; i < e.sealed.len; i++) {
        memcpy(copy, e.sealed.data, e.sealed.len);
        copy[i] ^= 0x40;
        bad = e;
        bad.sealed.data = copy;
        rg_arena_reset(&k.arena);
        assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_SIGNATURE);
    }
    bad.sealed = (struct rg_bytes){copy, e.sealed.len - 64};
    assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_SIGNATURE);
    bad.sealed.len = 39;
    assert_int_equal(open_it(&k, 1, &bad, &body), RG_ERR_INVALID);
    free(copy);
    kit_close(&k);
    (void)state;
}

static void test_a_body_must_be_what_its_member_signed(void **state)
{
    static struct kit k;
    static struct rg_casebook_verifier v;
    struct rg_event event;
    kit_open(&k);
    rg_casebook_verifier_init(&v, &k.genesis);
    struct rg_case_body b = k.body;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 0, &b, &event), RG_ERR_DENIED);
    b.member = 1; /* the node is no case system */
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_DENIED);
    b.member = 4000;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_DENIED);
    b = k.body;
    b.index = 0;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_SIGNATURE);
    b = k.body;
    b.first = 5;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_SIGNATURE);
    b = k.body;
    b.count = 4;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_SIGNATURE);
    b = k.body;
    b.signature.b[0] ^= 1;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_SIGNATURE);
    b = k.body;
    b.path_count--;
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &b, &event), RG_ERR_SIGNATURE);
    assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &k.body, &event), RG_OK);
    kit_close(&k);
    (void)state;
}

/* Entries in any order, each right one accepted and each forged one refused, whatever was met
 * before. */
static void test_known_nodes_open_no_door(void **state)
{
    enum {
        N = 37
    };
    static struct kit k;
    static struct rg_casebook_verifier v;
    struct world_event events[N];
    char steps[N][8];
    struct rg_request r = {.first = 1};
    struct rg_casebook_tree tree;
    static struct rg_hash room[3 * N];
    struct rg_event event;
    struct rg_prng p;
    kit_open(&k);
    rg_prng_init(&p, 7);
    rg_casebook_verifier_init(&v, &k.genesis);
    for (uint32_t i = 0; i < N; i++) {
        (void)snprintf(steps[i], sizeof steps[i], "s%u", i);
        events[i] = (struct world_event){"A", steps[i], (int64_t)i};
    }
    world_request(events, N, &k.arena, &r);
    world_sign(&k.genesis, k.member_key[1], 3, &r);
    rg_casebook_tree_build(&tree, r.events, N, room);
    for (uint32_t round = 0; round < 500; round++) {
        const uint32_t i = round < N ? round : (uint32_t)rg_prng_below(&p, N);
        struct rg_case_body b = {.event = r.events[i],
                                 .member = 3,
                                 .stream = r.stream,
                                 .first = 1,
                                 .index = i,
                                 .count = N,
                                 .signature = r.signature};
        b.path_count = rg_casebook_tree_path(&tree, i, b.path);
        struct rg_case_body bad = b;
        bad.event = r.events[(i + 1) % N]; /* another event in this place */
        assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &bad, &event), RG_ERR_SIGNATURE);
        bad = b;
        bad.index = (i + 1) % N;
        assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &bad, &event), RG_ERR_SIGNATURE);
        bad = b;
        bad.path_count = b.path_count - 1;
        assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &bad, &event), RG_ERR_SIGNATURE);
        bad = b;
        bad.first = 2;
        assert_int_equal(rg_casebook_verify(&v, &k.arena, 1, &bad, &event), RG_ERR_SIGNATURE);
        rg_arena_reset(&k.decode);
        assert_int_equal(rg_casebook_verify(&v, &k.decode, 1, &b, &event), RG_OK);
        assert_true(rg_bytes_eq(event.step, rg_bytes_str(steps[i])));
    }
    kit_close(&k);
    (void)state;
}

static void test_tags_tell_nothing(void **state)
{
    static struct kit k;
    static const uint8_t key2[RG_KEY_BYTES] = {9, 8, 6};
    struct rg_casebook_keys other;
    struct rg_id tags[64];
    kit_open(&k);
    rg_casebook_derive(&k.genesis.ledger_id, 1, key2, &other);
    for (uint32_t i = 0; i < 64; i++) {
        const uint8_t *key = i % 2 == 0 ? k.keys.tag : other.tag;
        rg_casebook_tag(&k.genesis.ledger_id, key, i / 32, i / 2 % 16, &tags[i]);
        for (uint32_t j = 0; j < i; j++) {
            assert_false(rg_id_eq(&tags[i], &tags[j]));
        }
    }
    /* Half of all bits differ between any two, give or take: 128 +- 6 sigma over 63 pairs. */
    uint32_t differ = 0;
    for (uint32_t i = 1; i < 64; i++) {
        for (uint32_t b = 0; b < RG_ID_BYTES; b++) {
            differ += (uint32_t)__builtin_popcount((unsigned)(tags[i].b[b] ^ tags[i - 1].b[b]));
        }
    }
    assert_in_range(differ, 63 * 64 - 270, 63 * 64 + 270);
    kit_close(&k);
    (void)state;
}

static void test_the_tree_is_the_one_of_the_ledger(void **state)
{
    static uint8_t text[70];
    struct rg_bytes events[70];
    struct rg_hash leaves[70];
    struct rg_hash room[256];
    for (uint32_t i = 0; i < 70; i++) {
        text[i] = (uint8_t)i;
        events[i] = (struct rg_bytes){&text[i], 1};
        rg_merkle_leaf(events[i], &leaves[i]);
    }
    for (size_t n = 1; n <= 70; n++) {
        struct rg_casebook_tree t;
        struct rg_merkle m;
        struct rg_hash root;
        assert_true(rg_casebook_tree_size(n) <= 256);
        rg_casebook_tree_build(&t, events, n, room);
        rg_merkle_init(&m);
        for (size_t i = 0; i < n; i++) {
            rg_merkle_add(&m, &leaves[i]);
        }
        rg_merkle_root(&m, &root);
        assert_true(rg_hash_eq(&root, rg_casebook_tree_root(&t)));
        for (size_t i = 0; i < n; i++) {
            struct rg_hash path[RG_CASE_PATH_MAX];
            struct rg_hash climbed;
            const uint32_t len = rg_casebook_tree_path(&t, i, path);
            assert_true(rg_merkle_check(&root, n, i, &leaves[i], path, len));
            assert_true(rg_merkle_climb(n, i, &leaves[i], path, len, &climbed));
            assert_true(rg_hash_eq(&climbed, &root));
        }
    }
    (void)state;
}

static void test_the_map_keeps_what_it_was_given(void **state)
{
    enum {
        N = 5000
    };
    static uint64_t key[N];
    static bool there[N];
    struct rg_u64map m;
    struct rg_prng p;
    uint64_t value = 0;
    size_t count = 0;
    rg_prng_init(&p, 42);
    rg_u64map_init(&m, N);
    for (size_t i = 0; i < N; i++) {
        key[i] = rg_prng_next(&p) & ~UINT64_C(0xfff0); /* many share a place */
    }
    for (uint32_t step = 0; step < 40000; step++) {
        const size_t i = (size_t)rg_prng_below(&p, N);
        if (there[i]) {
            rg_u64map_del(&m, key[i]);
        } else {
            assert_int_equal(rg_u64map_put(&m, key[i], i), RG_OK);
        }
        count += there[i] ? (size_t)-1 : 1;
        there[i] = !there[i];
    }
    assert_int_equal(m.count, count);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(rg_u64map_get(&m, key[i], &value), there[i]);
        assert_true(!there[i] || value == i);
    }
    rg_u64map_fini(&m);
    rg_u64map_init(&m, 2);
    assert_int_equal(rg_u64map_put(&m, 0, 1), RG_OK);
    assert_int_equal(rg_u64map_put(&m, 2, 1), RG_OK);
    assert_int_equal(rg_u64map_put(&m, 2, 7), RG_OK);
    assert_int_equal(rg_u64map_put(&m, 3, 1), RG_ERR_FULL);
    assert_true(rg_u64map_get(&m, 0, &value));
    rg_u64map_fini(&m);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sealed_entry_opens_again),
        cmocka_unit_test(test_any_change_is_noticed),
        cmocka_unit_test(test_a_body_must_be_what_its_member_signed),
        cmocka_unit_test(test_known_nodes_open_no_door),
        cmocka_unit_test(test_tags_tell_nothing),
        cmocka_unit_test(test_the_tree_is_the_one_of_the_ledger),
        cmocka_unit_test(test_the_map_keeps_what_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
