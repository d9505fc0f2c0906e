/* node/core against what hostile or broken peers send: nothing asserts, nothing wrong gets in,
 * memory stays bounded, and the honest go on. Also random loss, crashes and restarts of a whole
 * network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "consensus/cert.h"
#include "core_lab.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

static struct rg_arena arena;

static struct rg_bytes encode(const struct lab *l, const struct rg_peer_message *m)
{
    struct rg_bytes out = {0};
    assert_int_equal(rg_peer_codec_encode(&arena, &l->genesis->ledger_id, m, &out), RG_OK);
    return out;
}

static void give(struct lab *l, uint16_t to, uint16_t from, bool gossip, struct rg_bytes b)
{
    lab_do(l, to, rg_core_on_message(l->node[to].core, from, gossip, b, l->now));
}

static void begin(struct lab *l, uint16_t n)
{
    if (arena.data == NULL) {
        assert_int_equal(rg_arena_init(&arena, 4 * RG_PEER_CODEC_ARENA), RG_OK);
    }
    rg_arena_reset(&arena);
    lab_make(l, n, false, 0);
    lab_start_all(l);
    lab_run(l, 2200, 50);
}

static void still_works(struct lab *l)
{
    const uint64_t before = l->node[0].own_final;
    assert_true(lab_submit(l, 0, 1, 100));
    lab_run(l, 6000, 50);
    assert_int_equal(l->node[0].own_final, before + 1);
    lab_same_tip(l);
}

static void random_bytes(void **state)
{
    static uint8_t buf[2000];
    struct lab l;
    struct rg_prng rng;
    (void)state;
    begin(&l, 4);
    rg_prng_init(&rng, 1);
    for (int i = 0; i < 3000; i++) {
        const size_t len = rg_prng_below(&rng, sizeof buf);
        for (size_t k = 0; k < len; k++) {
            buf[k] = (uint8_t)rg_prng_next(&rng);
        }
        give(&l, 1, (uint16_t)rg_prng_below(&rng, 6), i % 2 == 0, (struct rg_bytes){buf, len});
    }
    assert_true(lab_status(&l, 1).refused_messages > 1500);
    still_works(&l);
    lab_free(&l);
}

/* Every message of a living network with some bits changed, or of another ledger. */
static void changed_messages(void **state)
{
    struct lab l;
    struct rg_prng rng;
    uint64_t sent = 0;
    (void)state;
    begin(&l, 4);
    rg_prng_init(&rng, 2);
    for (int round = 0; round < 160; round++) {
        assert_true(lab_submit(&l, (uint16_t)(round % 4), 2, 100));
        for (int k = 0; k < 40 && l.first != NULL; k++) {
            const struct lab_message *m = l.first;
            uint8_t *copy = malloc(m->len);
            assert_non_null(copy);
            memcpy(copy, m->data, m->len);
            for (uint64_t flips = 1 + rg_prng_below(&rng, 3); flips > 0; flips--) {
                copy[rg_prng_below(&rng, m->len)] ^= (uint8_t)(1u << rg_prng_below(&rng, 8));
            }
            give(&l, m->to, (uint16_t)rg_prng_below(&rng, 4), m->gossip,
                 (struct rg_bytes){copy, m->len});
            free(copy);
            sent++;
            lab_deliver(&l, 1);
        }
        lab_run(&l, 20, 10);
    }
    lab_run(&l, 8000, 50);
    assert_true(sent > 1000);
    for (uint16_t i = 0; i < 4; i++) {
        assert_null(l.node[i].halt);
        assert_true(lab_status(&l, i).refused_messages > 0);
        assert_int_equal(l.node[i].own_final, 40);
    }
    lab_same_tip(&l);
    lab_free(&l);
}

static void wrong_signatures(void **state)
{
    struct lab l;
    uint8_t buf[RG_VOTE_BYTES];
    (void)state;
    begin(&l, 4);
    const uint64_t refused = lab_status(&l, 1).refused_messages;
    struct rg_vote v = {.kind = RG_VOTE_NULLIFY, .signer = 2, .epoch = 1};
    v.cand.view = lab_status(&l, 1).view;
    rg_vote_encode(&v, buf);
    give(&l, 1, 2, true,
         encode(&l, &(struct rg_peer_message){.kind = RG_PEER_VOTE, .bytes = {buf, sizeof buf}}));
    assert_int_equal(lab_status(&l, 1).refused_messages, refused + 1);
    /* A certificate of three made-up signatures. */
    struct rg_sig sigs[3];
    uint8_t cert_bytes[RG_CERT_MAX];
    size_t len = 0;
    memset(sigs, 5, sizeof sigs);
    struct rg_cert cert = {.kind = RG_VOTE_NULLIFY,
                           .n = 4,
                           .count = 3,
                           .epoch = 1,
                           .cand = {.view = v.cand.view + 3},
                           .signers = 7,
                           .sigs = sigs};
    assert_int_equal(rg_cert_encode(&cert, cert_bytes, sizeof cert_bytes, &len), RG_OK);
    give(&l, 1, 2, true,
         encode(&l, &(struct rg_peer_message){.kind = RG_PEER_CERT, .bytes = {cert_bytes, len}}));
    assert_int_equal(lab_status(&l, 1).refused_messages, refused + 2);
    assert_int_equal(lab_status(&l, 1).view, v.cand.view);
    /* A submission of node 3 that node 3 did not sign. */
    struct rg_bytes head = {0};
    struct rg_bytes entry = {0};
    struct rg_bytes sub = {0};
    struct rg_hash digest;
    const struct rg_entry e = {
        .kind = RG_ENTRY_CASE, .readers = 1, .schema = 1, .sealed = {(const uint8_t *)"x", 1}};
    assert_int_equal(rg_ledger_codec_encode_entry(&arena, &e, &entry), RG_OK);
    struct rg_submission s = {.ledger = l.genesis->ledger_id,
                              .signer = 3,
                              .sequence = 1,
                              .expires_ms = l.now.wall_ms + 5000,
                              .entry_count = 1};
    rg_submission_root(&entry, 1, &s.entries_root);
    assert_int_equal(rg_ledger_codec_encode_head(&arena, &s, &head, &digest), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_submission(&arena, head, &sigs[0], &entry, 1, &sub),
                     RG_OK);
    give(&l, 1, 3, true,
         encode(&l, &(struct rg_peer_message){.kind = RG_PEER_SUBMISSION, .bytes = sub}));
    assert_int_equal(lab_status(&l, 1).refused_messages, refused + 3);
    assert_int_equal(lab_status(&l, 1).mempool_count, 0);
    still_works(&l);
    lab_free(&l);
}

/* A signed status with a height that does not exist, and no blocks to show for it. */
static struct rg_bytes lying_status(const struct lab *l, uint16_t author, uint64_t number)
{
    struct rg_pubkey key = l->genesis->principal[author].sign_key;
    struct rg_hash digest;
    struct rg_peer_message m = {.kind = RG_PEER_STATUS};
    const struct rg_peer_status s = {.authority = author,
                                     .epoch = 1,
                                     .view = 1,
                                     .height = UINT64_MAX / 4,
                                     .min_height = 1,
                                     .wall_ms = l->now.wall_ms + 50 + number,
                                     .number = number,
                                     .instance = {{9}}};
    assert_int_equal(
        rg_peer_codec_encode_status(&arena, &l->genesis->ledger_id, &s, &m.status_bytes, &digest),
        RG_OK);
    lab_sign(&key, &digest, &m.signature);
    return encode(l, &m);
}

/* One peer claims to be far ahead and answers nothing, or rubbish: catching up with the others
 * works. */
static void lying_peer_does_not_stop_catch_up(void **state)
{
    struct lab l;
    (void)state;
    begin(&l, 4);
    lab_kill(&l, 3);
    for (int k = 0; k < 60; k++) {
        assert_true(lab_submit(&l, 0, 2, 100));
        lab_run(&l, 200, 20);
    }
    lab_run(&l, 8000, 50);
    assert_int_equal(l.node[0].own_final, 60);
    /* From now on the lab speaks for node 1: it lies to node 3. */
    lab_kill(&l, 1);
    lab_start(&l, 3, l.node[3].journal.count);
    for (uint64_t k = 1; k < 400; k++) {
        rg_arena_reset(&arena);
        if (k % 20 == 1) {
            give(&l, 3, 1, true, lying_status(&l, 1, k));
        }
        const struct rg_bytes junk = {(const uint8_t *)"junk", 4};
        struct rg_bytes list[1] = {junk};
        const struct rg_peer_message m = {
            .kind = RG_PEER_BLOCKS, .from = lab_status(&l, 3).height + 1, .count = 1, .list = list};
        give(&l, 3, 1, false, encode(&l, &m));
        lab_run(&l, 50, 25);
    }
    lab_same_tip(&l);
    assert_true(lab_status(&l, 3).height >= 60 / 4);
    assert_true(lab_status(&l, 3).best_height > 1000000);
    lab_free(&l);
}

/* One status of another run may be left over; two that count on are of a living copy. */
static void twin_stops_the_node(void **state)
{
    struct lab l;
    (void)state;
    begin(&l, 4);
    give(&l, 2, 0, true, lying_status(&l, 2, 1));
    give(&l, 2, 0, true, lying_status(&l, 2, 1));
    assert_null(l.node[2].halt);
    give(&l, 2, 0, true, lying_status(&l, 2, 2));
    assert_non_null(l.node[2].halt);
    assert_non_null(strstr(l.node[2].halt, "uses this node's key"));
    lab_free(&l);
}

/* Requests over gossip, for blocks that do not exist, and too many of them. */
static void requests_are_bounded(void **state)
{
    struct lab l;
    (void)state;
    begin(&l, 4);
    for (int i = 0; i < 5; i++) {
        assert_true(lab_submit(&l, 0, 1, 100));
        lab_run(&l, 300, 20);
    }
    const struct rg_peer_message far = {
        .kind = RG_PEER_GET_BLOCKS, .from = 1u << 30, .max_bytes = UINT32_MAX};
    const struct rg_peer_message near = {
        .kind = RG_PEER_GET_BLOCKS, .from = 1, .max_bytes = UINT32_MAX};
    const struct rg_peer_message hash = {.kind = RG_PEER_GET_BLOCK, .hash = {{7}}};
    const struct rg_bytes far_bytes = encode(&l, &far);
    const struct rg_bytes near_bytes = encode(&l, &near);
    const struct rg_bytes hash_bytes = encode(&l, &hash);
    const uint64_t sends = l.node[1].sends;
    give(&l, 1, 0, true, near_bytes);
    assert_int_equal(l.node[1].served, 0);
    assert_int_equal(l.node[1].sends, sends);
    give(&l, 1, 0, false, far_bytes);
    give(&l, 1, 0, false, hash_bytes);
    assert_int_equal(l.node[1].sends, sends + 2);
    for (int i = 0; i < 1000; i++) {
        give(&l, 1, 0, false, near_bytes);
    }
    assert_in_range(l.node[1].served, 100, 300);
    assert_int_equal(l.node[1].sends + l.node[1].served, sends + 2 + 1000);
    still_works(&l);
    lab_free(&l);
}

/* Loss, crashes and restarts at random: nothing final is ever lost or different, all comes through.
 */
/* A block of almost the largest size for @view, whose submissions fit its header and nothing else:
 * what anybody can make up who leads that view. */
static struct rg_bytes big_block(const struct lab *l, uint64_t view, struct rg_hash *out_hash)
{
    static uint8_t sealed[4000];
    struct rg_bytes entries[50];
    struct rg_bytes subs[5];
    struct rg_submission list[5];
    struct rg_bytes head = {0};
    struct rg_bytes out = {0};
    struct rg_hash digest;
    struct rg_sig sig;
    const struct rg_entry e = {
        .kind = RG_ENTRY_CASE, .readers = 1, .schema = 1, .sealed = {sealed, sizeof sealed}};
    struct rg_submission s = {.ledger = l->genesis->ledger_id, .signer = 1, .entry_count = 50};
    struct rg_header h = {.ledger = l->genesis->ledger_id,
                          .epoch = 1,
                          .view = view,
                          .height = 1000,
                          .parent = {{7}},
                          .time_ms = l->now.wall_ms,
                          .proposer = 1,
                          .submission_count = 5};
    memset(&sig, 5, sizeof sig);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(rg_ledger_codec_encode_entry(&arena, &e, &entries[i]), RG_OK);
    }
    rg_submission_root(entries, 50, &s.entries_root);
    for (size_t i = 0; i < 5; i++) {
        s.sequence = i + 1;
        s.expires_ms = l->now.wall_ms + 5000;
        assert_int_equal(rg_ledger_codec_encode_head(&arena, &s, &head, &digest), RG_OK);
        assert_int_equal(
            rg_ledger_codec_encode_submission(&arena, head, &sig, entries, 50, &subs[i]), RG_OK);
        struct rg_arena room;
        assert_int_equal(rg_arena_init(&room, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
        assert_int_equal(rg_ledger_codec_decode_submission(&room, subs[i], &list[i]), RG_OK);
        rg_arena_fini(&room);
    }
    rg_block_root(list, 5, &h.submissions_root);
    assert_int_equal(rg_ledger_codec_encode_block(&arena, &h, subs, out_hash, &out), RG_OK);
    return out;
}

/* One authority fills all views to come that it leads with made-up blocks: it has its own share of
 * the room, no more, and the others go on. */
static void a_leader_fills_only_its_share(void **state)
{
    struct lab l;
    struct rg_members members;
    struct rg_pubkey keys[4];
    uint8_t buf[RG_VOTE_BYTES];
    (void)state;
    begin(&l, 4);
    for (size_t i = 0; i < 4; i++) {
        keys[i] = l.genesis->principal[i].sign_key;
    }
    assert_int_equal(rg_members_init(&members, keys, 4, &l.genesis->ledger_id), RG_OK);
    lab_kill(&l, 1); /* the lab speaks for it */
    const uint64_t from = lab_status(&l, 0).view;
    for (uint64_t view = from + 1; view < from + RG_VIEW_WINDOW; view++) {
        if (rg_members_leader(&members, view) != 1) {
            continue;
        }
        struct rg_vote v = {.kind = RG_VOTE_NOTARIZE, .signer = 1, .epoch = 1};
        struct rg_hash digest;
        rg_arena_reset(&arena);
        v.cand = (struct rg_cand){.view = view, .pview = view - 1};
        const struct rg_bytes block = big_block(&l, view, &v.cand.hash);
        rg_vote_digest(&l.genesis->ledger_id, &members, 1, v.kind, &v.cand, &digest);
        lab_sign(&keys[1], &digest, &v.sig);
        rg_vote_encode(&v, buf);
        const struct rg_bytes m =
            encode(&l, &(struct rg_peer_message){
                           .kind = RG_PEER_PROPOSE, .bytes = {buf, sizeof buf}, .block = block});
        give(&l, 0, 1, true, m);
        give(&l, 2, 1, true, m);
        give(&l, 3, 1, true, m);
    }
    const uint64_t before = l.node[0].own_final;
    assert_int_equal(lab_status(&l, 0).refused_messages, 0);
    assert_true(lab_submit(&l, 0, 20, 3000));
    lab_run(&l, 8000, 50);
    assert_int_equal(l.node[0].own_final, before + 1);
    lab_free(&l);
}

static void chaos(uint64_t seed, bool line)
{
    struct lab l;
    struct rg_prng rng;
    uint64_t taken = 0;
    rg_prng_init(&rng, seed);
    lab_make(&l, 4, line, 4u * 1024 * 1024);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    for (int step = 0; step < 600; step++) {
        const uint16_t i = (uint16_t)rg_prng_below(&rng, 4);
        struct lab_node *x = &l.node[i];
        const uint64_t dice = rg_prng_below(&rng, 100);
        if (x->dead) {
            if (dice < 20) {
                lab_start(&l, i, x->journal.count);
            }
        } else if (dice < 3) {
            lab_kill(&l, i);
        } else if (dice < 60) {
            taken += lab_submit(&l, i, 1 + rg_prng_below(&rng, 5), 1 + rg_prng_below(&rng, 3000));
        } else if (dice < 65) {
            x->hold_archive = !x->hold_archive;
        }
        l.connected[i][(i + 1) % 4] = rg_prng_below(&rng, 10) > 0 && (!line || i < 3);
        if (i > 0) {
            l.connected[i][i - 1] = rg_prng_below(&rng, 10) > 0;
        }
        lab_deliver(&l, rg_prng_below(&rng, 300));
        lab_run(&l, 1 + rg_prng_below(&rng, 60), 10);
    }
    for (uint16_t i = 0; i < 4; i++) {
        for (uint16_t j = 0; j < 4; j++) {
            l.connected[i][j] = i != j && (!line || i + 1 == j || j + 1 == i);
        }
        l.node[i].hold_archive = false;
        if (l.node[i].dead) {
            lab_start(&l, i, l.node[i].journal.count);
        }
    }
    lab_run(&l, 90000, 50);
    lab_same_tip(&l);
    assert_true(taken > 50);
    for (uint16_t i = 0; i < 4; i++) {
        assert_int_equal(lab_status(&l, i).mempool_count, 0);
        const uint64_t common =
            l.node[i].finals < l.node[0].finals ? l.node[i].finals : l.node[0].finals;
        for (uint64_t h = 1; h <= common; h++) {
            assert_true(rg_hash_eq(&l.node[i].chain[h].hash, &l.node[0].chain[h].hash));
        }
    }
    lab_free(&l);
}

static void chaos_mesh(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        chaos(seed, false);
    }
}

static void chaos_line(void **state)
{
    (void)state;
    for (uint64_t seed = 101; seed <= 104; seed++) {
        chaos(seed, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(changed_messages),
        cmocka_unit_test(wrong_signatures),
        cmocka_unit_test(lying_peer_does_not_stop_catch_up),
        cmocka_unit_test(twin_stops_the_node),
        cmocka_unit_test(requests_are_bounded),
        cmocka_unit_test(a_leader_fills_only_its_share),
        cmocka_unit_test(chaos_mesh),
        cmocka_unit_test(chaos_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
