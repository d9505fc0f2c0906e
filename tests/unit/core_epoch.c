/* How the authorities change: by votes of agencies, at a block that every node ends its epoch with,
 * across crashes, absence and restarts. */
#include "core_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/governance.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

struct motion {
    struct rg_hash id;
    uint8_t bytes[1024];
    size_t len;
};

/* Agency @agency's word on @m, handed in at node @via. */
static void vote(struct lab *l, uint16_t via, uint32_t agency, const struct motion *m, bool moves)
{
    static struct rg_arena arena;
    struct rg_ballot b = {.id = m->id, .agency = agency, .approve = true};
    struct rg_bytes entry = {0};
    if (arena.data == NULL) {
        assert_int_equal(rg_arena_init(&arena, 64 * 1024), RG_OK);
    }
    rg_arena_reset(&arena);
    rg_ledger_codec_ballot_digest(&l->genesis->ledger_id, &b, &b.digest);
    lab_sign(&l->genesis->agency[agency].admin_key, &b.digest, &b.signature);
    const struct rg_bytes motion = {m->bytes, moves ? m->len : 0};
    assert_int_equal(rg_ledger_codec_encode_ballot(&arena, &b, motion, &entry), RG_OK);
    const struct rg_core_submit s = {.token = 999, .entries = &entry, .count = 1};
    lab_do(l, via, rg_core_on_submit(l->node[via].core, &s, l->now));
}

static struct motion make_motion(struct lab *l, const uint16_t *set, uint16_t count)
{
    static uint8_t salt;
    struct rg_arena arena;
    struct rg_motion m = {.expires_ms = l->now.wall_ms + 3600000, .set = {.count = count}};
    struct motion out = {.len = 0};
    struct rg_bytes bytes = {0};
    memcpy(m.set.principal, set, count * sizeof *set);
    assert_int_equal(rg_arena_init(&arena, 64 * 1024), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_motion(&arena, &l->genesis->ledger_id, &m,
                                                   &(struct rg_id){{++salt}}, &bytes, &out.id),
                     RG_OK);
    memcpy(out.bytes, bytes.data, bytes.len);
    out.len = bytes.len;
    rg_arena_fini(&arena);
    return out;
}

/* Agencies 0.. carry @set as the next authorities; the words are handed in at @via. */
static void carry(struct lab *l, uint16_t via, const uint16_t *set, uint16_t count)
{
    const struct motion m = make_motion(l, set, count);
    const uint32_t q = rg_governance_quorum(l->genesis);
    for (uint32_t a = 0; a < q; a++) {
        vote(l, via, a, &m, a == 0);
        lab_run(l, 50, 10);
    }
}

static void work(struct lab *l, uint16_t from, int count)
{
    for (int k = 0; k < count; k++) {
        assert_true(lab_submit(l, from, 1, 100));
        lab_run(l, 60, 20);
    }
}

static void all_in_epoch(const struct lab *l, uint64_t epoch)
{
    for (uint16_t i = 0; i < l->n; i++) {
        if (!l->node[i].dead) {
            assert_int_equal(lab_status(l, i).epoch, epoch);
            assert_null(l->node[i].halt);
        }
    }
}

static void make(struct lab *l, uint16_t n, uint16_t authorities)
{
    lab_make(l, n, false, 0);
    l->genesis->authority_count = authorities;
    lab_start_all(l);
    lab_run(l, 2000, 50);
}

static void one_leaves_one_comes(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 5, 4);
    work(&l, 4, 3); /* who takes no turns hands in all the same */
    assert_int_equal(l.node[4].own_final, 3);
    assert_int_equal(l.node[4].votes_out, 0);
    carry(&l, 1, (const uint16_t[]){1, 2, 3, 4}, 4);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 2);
    const uint64_t votes = l.node[0].votes_out;
    work(&l, 0, 3);
    work(&l, 2, 3);
    lab_run(&l, 1000, 20);
    assert_int_equal(l.node[0].own_final, 3);
    assert_int_equal(l.node[2].own_final, 3);
    assert_int_equal(l.node[0].votes_out, votes);
    assert_true(l.node[4].votes_out > 0);
    assert_int_equal(lab_status(&l, 0).authority_count, 4);
    assert_int_equal(lab_status(&l, 0).place_of[3], 4);
    lab_same_tip(&l);
    lab_free(&l);
}

/* A disk lost while it takes no turns, and a restart: it has its doubts when its turns come. */
static void doubt_waits_for_turns(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 5, 4);
    work(&l, 0, 3);
    lab_kill(&l, 4);
    lab_start(&l, 4, 0);
    work(&l, 0, 3);
    lab_kill(&l, 4);
    assert_true(l.node[4].journal.count > 1);
    lab_start(&l, 4, l.node[4].journal.count);
    lab_run(&l, 1000, 20);
    assert_null(l.node[4].alarm);
    carry(&l, 1, (const uint16_t[]){1, 2, 3, 4}, 4);
    lab_run(&l, 200, 20);
    assert_int_equal(lab_status(&l, 4).epoch, 2);
    assert_non_null(l.node[4].alarm);
    lab_free(&l);
}

static void all_are_replaced(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 7, 3);
    work(&l, 0, 2);
    carry(&l, 0, (const uint16_t[]){3, 4, 5, 6}, 4);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 2);
    for (uint16_t i = 0; i < 3; i++) {
        lab_kill(&l, i);
    }
    work(&l, 6, 3);
    lab_run(&l, 4000, 20);
    assert_int_equal(l.node[6].own_final, 3);
    lab_same_tip(&l);
    lab_free(&l);
}

static void down_to_one_and_up_again(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 4, 4);
    carry(&l, 3, (const uint16_t[]){2}, 1);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 2);
    assert_int_equal(lab_status(&l, 0).quorum, 1);
    work(&l, 0, 3);
    lab_run(&l, 500, 20);
    assert_int_equal(l.node[0].own_final, 3);
    carry(&l, 3, (const uint16_t[]){3, 2, 1, 0}, 4);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 3);
    work(&l, 1, 3);
    lab_kill(&l, 2);
    work(&l, 1, 3);
    lab_run(&l, 8000, 50);
    assert_int_equal(l.node[1].own_final, 6);
    lab_same_tip(&l);
    lab_free(&l);
}

/* Away while the authorities change twice: it comes back by blocks, epoch after epoch. */
static void away_over_two_epochs(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 5, 4);
    work(&l, 3, 2);
    lab_run(&l, 1000, 20);
    lab_kill(&l, 3);
    lab_run(&l, 6000, 100);
    work(&l, 0, 30);
    carry(&l, 1, (const uint16_t[]){0, 1, 2, 4}, 4);
    lab_run(&l, 4000, 20);
    work(&l, 4, 30);
    carry(&l, 1, (const uint16_t[]){4, 3, 2, 1, 0}, 5);
    lab_run(&l, 4000, 20);
    all_in_epoch(&l, 3);
    work(&l, 0, 30);
    lab_start(&l, 3, l.node[3].journal.count);
    lab_run(&l, 6000, 50);
    all_in_epoch(&l, 3);
    const uint64_t votes = l.node[3].votes_out;
    work(&l, 3, 5);
    lab_run(&l, 3000, 50);
    assert_int_equal(l.node[3].own_final, 7);
    assert_true(l.node[3].votes_out > votes);
    lab_same_tip(&l);
    lab_free(&l);
}

/* Everything crashes right after the change, before any archive has the last block of the epoch:
 * the journals alone lead into the next one. */
static void all_crash_at_the_change(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 5, 4);
    work(&l, 0, 3);
    for (uint16_t i = 0; i < 5; i++) {
        l.node[i].hold_archive = true;
    }
    carry(&l, 2, (const uint16_t[]){1, 2, 3, 4}, 4);
    lab_run(&l, 2000, 20);
    work(&l, 1, 2);
    all_in_epoch(&l, 2);
    const uint64_t height = lab_status(&l, 1).height;
    for (uint16_t i = 0; i < 5; i++) {
        lab_kill(&l, i);
    }
    for (uint16_t i = 0; i < 5; i++) {
        l.node[i].hold_archive = false;
    }
    lab_start_all(&l);
    lab_run(&l, 5000, 20);
    all_in_epoch(&l, 2);
    assert_true(lab_status(&l, 1).height >= height);
    work(&l, 0, 2);
    lab_run(&l, 2000, 20);
    assert_int_equal(l.node[0].own_final, 5);
    /* And once more, with the archive at the very end of an epoch. */
    for (uint16_t i = 0; i < 5; i++) {
        lab_kill(&l, i);
    }
    lab_start_all(&l);
    lab_run(&l, 5000, 20);
    all_in_epoch(&l, 2);
    lab_same_tip(&l);
    lab_free(&l);
}

/* The leader is woken without work: it proposes the root of the new epoch once more, and that is
 * final. Restarted, it is still in that epoch, and knows its votes. */
static void root_final_once_more(void **state)
{
    struct lab l;
    struct rg_arena arena;
    struct rg_bytes wake = {0};
    (void)state;
    make(&l, 4, 4);
    work(&l, 0, 1);
    carry(&l, 3, (const uint16_t[]){2}, 1);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 2);
    const struct rg_core_status before = lab_status(&l, 2);
    const struct rg_peer_message m = {.kind = RG_PEER_WAKE, .epoch = 2, .from = before.view};
    assert_int_equal(rg_arena_init(&arena, 64 * 1024), RG_OK);
    assert_int_equal(rg_peer_codec_encode(&arena, &l.genesis->ledger_id, &m, &wake), RG_OK);
    lab_do(&l, 2, rg_core_on_message(l.node[2].core, 0, false, wake, l.now));
    lab_run(&l, 1000, 20);
    rg_arena_fini(&arena);
    assert_int_equal(lab_status(&l, 2).height, before.height);
    assert_true(lab_status(&l, 2).view > before.view);
    lab_kill(&l, 2);
    lab_start(&l, 2, l.node[2].journal.count);
    lab_run(&l, 2000, 20);
    all_in_epoch(&l, 2);
    work(&l, 0, 2);
    lab_run(&l, 1000, 20);
    assert_null(l.node[2].alarm);
    assert_int_equal(l.node[0].own_final, 3);
    lab_same_tip(&l);
    lab_free(&l);
}

/* Cut off at the moment of the change: it hears of the end from whoever has gone on. */
static void one_misses_the_end(void **state)
{
    struct lab l;
    (void)state;
    make(&l, 4, 4);
    work(&l, 0, 2);
    const struct motion m = make_motion(&l, (const uint16_t[]){3, 0, 1}, 3);
    vote(&l, 0, 0, &m, true);
    vote(&l, 0, 1, &m, false);
    lab_run(&l, 1000, 20);
    for (uint16_t i = 0; i < 3; i++) {
        l.connected[i][3] = false;
        l.connected[3][i] = false;
    }
    vote(&l, 0, 2, &m, false);
    lab_run(&l, 3000, 20);
    assert_int_equal(lab_status(&l, 0).epoch, 2);
    assert_int_equal(lab_status(&l, 3).epoch, 1);
    for (uint16_t i = 0; i < 3; i++) {
        l.connected[i][3] = true;
        l.connected[3][i] = true;
    }
    lab_run(&l, 4000, 20);
    all_in_epoch(&l, 2);
    lab_kill(&l, 0);
    work(&l, 2, 2);
    lab_run(&l, 8000, 50);
    assert_int_equal(l.node[2].own_final, 2);
    lab_same_tip(&l);
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_leaves_one_comes), cmocka_unit_test(doubt_waits_for_turns),
        cmocka_unit_test(all_are_replaced),     cmocka_unit_test(down_to_one_and_up_again),
        cmocka_unit_test(away_over_two_epochs), cmocka_unit_test(all_crash_at_the_change),
        cmocka_unit_test(one_misses_the_end),   cmocka_unit_test(root_final_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
