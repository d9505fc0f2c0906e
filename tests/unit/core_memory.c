/* node/core: whose answers let a node vote again after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core_lab.h"
#include "proto/peer_codec.h"

#define ME 3

/* Node @from tells node 3 where the network is, and answers the question of run @instance. */
static void answer(struct lab *l, uint16_t from, struct rg_id instance, bool again, uint64_t number)
{
    struct rg_arena arena;
    struct rg_bytes bytes = {0};
    struct rg_hash digest;
    const struct rg_core_status at = lab_status(l, ME);
    struct rg_pubkey key = l->genesis->principal[from].sign_key;
    struct rg_peer_message m = {.kind = RG_PEER_STATUS};
    struct rg_echo echo = {.authority = ME, .instance = instance, .seen = 1, .again = again};
    const struct rg_peer_status s = {.authority = from,
                                     .epoch = at.epoch,
                                     .view = at.view,
                                     .height = at.height,
                                     .hash = at.hash,
                                     .min_height = 1,
                                     .wall_ms = l->now.wall_ms + number,
                                     .number = number,
                                     .instance = {{7}},
                                     .echo_count = 1,
                                     .echoes = &echo};
    assert_int_equal(rg_arena_init(&arena, RG_PEER_CODEC_ARENA), RG_OK);
    assert_int_equal(
        rg_peer_codec_encode_status(&arena, &l->genesis->ledger_id, &s, &m.status_bytes, &digest),
        RG_OK);
    lab_sign(&key, &digest, &m.signature);
    assert_int_equal(rg_peer_codec_encode(&arena, &l->genesis->ledger_id, &m, &bytes), RG_OK);
    lab_do(l, ME, rg_core_on_message(l->node[ME].core, from, true, bytes, l->now));
    rg_arena_fini(&arena);
}

/* What was said to an earlier run may be older than its last votes. */
static void only_answers_to_this_run_count(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2200, 50);
    assert_true(lab_submit(&l, 0, 1, 100));
    lab_run(&l, 1000, 50);
    assert_false(lab_status(&l, ME).mute);
    for (uint16_t i = 0; i < 4; i++) {
        lab_kill(&l, i);
    }
    lab_start(&l, ME, l.node[ME].journal.count);
    assert_true(lab_status(&l, ME).mute);
    const struct rg_id mine = l.node[ME].config.instance;
    struct rg_id earlier = mine;
    earlier.b[0] ^= 1;
    for (uint16_t i = 0; i < ME; i++) {
        answer(&l, i, earlier, false, 1);
    }
    assert_true(lab_status(&l, ME).mute);
    /* It listens first: a living copy of it would be heard. */
    answer(&l, 0, mine, false, 2);
    answer(&l, 1, mine, false, 2);
    lab_run(&l, l.genesis->parameters.status_ms - 50, 50);
    answer(&l, 0, mine, false, 1000);
    answer(&l, 1, mine, false, 1000);
    assert_true(lab_status(&l, ME).mute);
    lab_run(&l, 50, 50);
    answer(&l, 0, mine, false, 1001);
    answer(&l, 0, mine, false, 1002);
    assert_true(lab_status(&l, ME).mute);
    answer(&l, 1, mine, false, 1001);
    assert_false(lab_status(&l, ME).mute);
    lab_free(&l);
}

/* Started with an empty disk while nobody can answer, and started again: what the first start left
 * behind is not an intact journal. */
static void restart_does_not_end_the_doubt(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2200, 50);
    assert_false(lab_status(&l, ME).mute);
    for (uint16_t i = 0; i < 4; i++) {
        lab_kill(&l, i);
    }
    lab_start(&l, ME, 0);
    lab_kill(&l, ME);
    assert_true(l.node[ME].journal.count > 0);
    lab_start(&l, ME, l.node[ME].journal.count);
    answer(&l, 0, l.node[ME].config.instance, true, 1);
    answer(&l, 1, l.node[ME].config.instance, true, 1);
    assert_true(lab_status(&l, ME).mute);
    assert_non_null(l.node[ME].alarm);
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_answers_to_this_run_count),
                                       cmocka_unit_test(restart_does_not_end_the_doubt)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
