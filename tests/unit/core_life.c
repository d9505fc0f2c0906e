/* node/core with one node: from submission to final block, restarts at every record, turns of the
 * journal, the loss of the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core_lab.h"
#include "node/core/record.h"

#define JOURNAL_BYTES (4u * 1024 * 1024)

/* One call takes the submission, proposes, finalizes and answers. */
static void submit_is_final_at_once(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 1, false, 0);
    lab_start_all(&l);
    assert_true(lab_submit(&l, 0, 3, 100));
    assert_int_equal(l.node[0].own_final, 1);
    assert_int_equal(l.node[0].finals, 1);
    assert_true(l.node[0].chain[1].cert_len > 0);
    assert_int_equal(l.node[0].chain[1].results_len, 1);
    for (int i = 0; i < 50; i++) {
        assert_true(lab_submit(&l, 0, 1, 64));
    }
    assert_int_equal(l.node[0].own_final, 51);
    assert_int_equal(lab_status(&l, 0).mempool_count, 0);
    assert_int_equal(lab_status(&l, 0).quorum, 1);
    lab_free(&l);
}

/* Nothing but a status a second and a tick a minute; no busy loop. */
static void idle_is_silent(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 1, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2 * LAB_TICK_MS + 5000, 100);
    assert_in_range(l.node[0].finals, 2, 2);
    assert_true(l.node[0].broadcasts < 200);
    assert_true(l.node[0].votes_out <= 12);
    lab_free(&l);
}

/* Keep the first @k records of a run's journal and an archive of @archived blocks; nothing that was
 * final may change, and the node must go on. */
static void restart_at(const struct lab *run, const struct lab_log *journal, size_t k,
                       uint64_t archived)
{
    struct lab l;
    lab_make(&l, 1, false, 0);
    l.now = run->now;
    struct lab_node *x = &l.node[0];
    const struct lab_node *old = &run->node[0];
    for (size_t i = 0; i < k; i++) {
        struct lab_record r = journal->list[i];
        r.data = malloc(r.len + 1);
        assert_non_null(r.data);
        memcpy(r.data, journal->list[i].data, r.len);
        if (x->journal.count == x->journal.cap) {
            x->journal.cap = x->journal.cap == 0 ? 64 : 2 * x->journal.cap;
            x->journal.list = realloc(x->journal.list, x->journal.cap * sizeof *x->journal.list);
            assert_non_null(x->journal.list);
        }
        x->journal.list[x->journal.count++] = r;
    }
    for (uint64_t h = 1; h <= archived; h++) {
        struct lab_block *b = &x->chain[h];
        *b = old->chain[h];
        b->block = malloc(b->block_len + 1);
        b->cert = malloc(b->cert_len + 1);
        b->results = malloc(b->results_len + 1);
        b->state = malloc(b->state_len + 1);
        assert_true(b->block != NULL && b->cert != NULL && b->results != NULL && b->state != NULL);
        memcpy(b->block, old->chain[h].block, b->block_len);
        memcpy(b->cert, old->chain[h].cert, b->cert_len);
        memcpy(b->results, old->chain[h].results, b->results_len);
        memcpy(b->state, old->chain[h].state, b->state_len);
    }
    x->finals = archived;
    x->archived = archived;
    lab_start(&l, 0, k);
    assert_null(x->halt);
    lab_run(&l, 12000, 50);
    assert_null(x->halt);
    /* What the cut journal proves final is the same block as in the run. */
    const uint64_t common = x->finals < old->finals ? x->finals : old->finals;
    uint64_t certs = archived;
    for (size_t i = 0; i < k; i++) {
        certs += journal->list[i].type == RG_RECORD_CERT && journal->list[i].data[0] == 3;
    }
    (void)certs;
    for (uint64_t h = 1; h <= archived && h <= common; h++) {
        assert_true(rg_hash_eq(&x->chain[h].hash, &old->chain[h].hash));
    }
    const uint64_t before = x->own_final;
    assert_true(lab_submit(&l, 0, 1, 64));
    assert_true(x->own_final > before);
    assert_int_equal(lab_status(&l, 0).mempool_count, 0);
    lab_free(&l);
}

static void restart_at_every_record(void **state)
{
    struct lab run;
    (void)state;
    lab_make(&run, 1, false, 0);
    lab_start_all(&run);
    run.node[0].hold_archive = true;
    for (int i = 0; i < 6; i++) {
        assert_true(lab_submit(&run, 0, 2, 100));
        run.now.mono_ms += 3;
        run.now.wall_ms += 3;
    }
    const struct lab_log *journal = &run.node[0].journal;
    assert_true(journal->count > 20);
    assert_true(run.node[0].finals >= 6);
    for (size_t k = 0; k <= journal->count; k++) {
        restart_at(&run, journal, k, 0);
    }
    for (uint64_t archived = 1; archived <= run.node[0].finals; archived++) {
        restart_at(&run, journal, journal->count, archived);
    }
    lab_free(&run);
}

/* A long run turns the journal many times; the active file stays small and a restart from it works.
 */
static void journal_turns(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 1, false, JOURNAL_BYTES);
    lab_start_all(&l);
    for (int i = 0; i < 1500; i++) {
        assert_true(lab_submit(&l, 0, 16, 1000));
        assert_true(l.node[0].journal_bytes <= JOURNAL_BYTES);
        if (i % 100 == 99) {
            lab_start(&l, 0, l.node[0].synced);
        }
    }
    assert_true(l.node[0].turns > 5);
    assert_int_equal(l.node[0].own_final, 1500);
    lab_free(&l);
}

/* While the archive does not keep up, no more is taken than memory and journal allow. */
static void backpressure(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 1, false, JOURNAL_BYTES);
    lab_start_all(&l);
    l.node[0].hold_archive = true;
    uint64_t taken = 0;
    for (int i = 0; i < 1000; i++) {
        taken += lab_submit(&l, 0, 32, 1000);
        assert_true(l.node[0].journal_bytes <= JOURNAL_BYTES);
    }
    assert_true(taken < 200 && l.node[0].refused > 0);
    l.node[0].hold_archive = false;
    lab_run(&l, 10000, 100);
    assert_int_equal(l.node[0].own_final, taken);
    assert_true(lab_submit(&l, 0, 1, 100));
    lab_free(&l);
}

/* A chain without its journal and nobody to ask: the node must not vote, also not after the next
 * restart. */
static void lost_journal_is_mute(void **state)
{
    struct lab l;
    (void)state;
    lab_make(&l, 1, false, 0);
    lab_start_all(&l);
    assert_true(lab_submit(&l, 0, 1, 64));
    const uint64_t height = l.node[0].finals;
    lab_kill(&l, 0);
    const uint64_t votes = l.node[0].votes_out;
    lab_start(&l, 0, 0);
    assert_true(lab_status(&l, 0).mute);
    assert_true(l.node[0].alarms > 0);
    lab_run(&l, 70000, 500);
    lab_kill(&l, 0);
    lab_start(&l, 0, l.node[0].journal.count);
    assert_true(lab_status(&l, 0).mute);
    lab_run(&l, 70000, 500);
    assert_int_equal(l.node[0].votes_out, votes);
    assert_int_equal(l.node[0].finals, height);
    lab_free(&l);
}

/* Whether a core takes all records of @x's journal and starts. */
static bool starts(const struct lab *l)
{
    const struct lab_node *x = &l->node[0];
    struct rg_core *core = NULL;
    bool good = true;
    assert_int_equal(rg_core_new(&x->config, &core), RG_OK);
    for (size_t k = 0; k < x->journal.count && good; k++) {
        const struct lab_record *r = &x->journal.list[k];
        good = rg_core_recover_record(core, r->type, (struct rg_bytes){r->data, r->len}) == RG_OK;
    }
    if (good) {
        const struct rg_core_actions a = rg_core_start(core, true, l->now);
        for (size_t i = 0; i < a.count; i++) {
            good = good && a.list[i].kind != RG_CORE_HALT;
        }
    }
    rg_core_destroy(&core);
    return good;
}

/* Damaged records and tips are refused. */
static void damage_is_refused(void **state)
{
    struct lab l;
    struct rg_core *core = NULL;
    unsigned refused = 0;
    (void)state;
    lab_make(&l, 1, false, 0);
    lab_start_all(&l);
    l.node[0].hold_archive = true;
    assert_true(lab_submit(&l, 0, 1, 64));
    const struct lab_node *x = &l.node[0];
    assert_true(starts(&l));
    for (size_t k = 0; k < x->journal.count; k++) {
        struct lab_record *r = &x->journal.list[k];
        for (size_t at = 0; at < r->len && r->type <= RG_RECORD_CERT; at += 5) {
            r->data[at] ^= 1;
            assert_false(starts(&l));
            r->data[at] ^= 1;
            refused++;
        }
    }
    assert_true(refused > 50);
    assert_true(starts(&l));
    const struct lab_block *b = &x->chain[1];
    struct rg_core_tip tip = {.height = 1,
                              .time_ms = b->time_ms,
                              .hash = b->hash,
                              .state = {b->state, b->state_len},
                              .block = {b->block, b->block_len},
                              .cert = {b->cert, b->cert_len}};
    b->cert[b->cert_len - 1] ^= 1;
    assert_int_equal(rg_core_new(&x->config, &core), RG_OK);
    assert_int_equal(rg_core_recover_tip(core, &tip), RG_ERR_CORRUPT);
    rg_core_destroy(&core);
    b->cert[b->cert_len - 1] ^= 1;
    tip.hash.b[0] ^= 1;
    assert_int_equal(rg_core_new(&x->config, &core), RG_OK);
    assert_int_equal(rg_core_recover_tip(core, &tip), RG_ERR_CORRUPT);
    rg_core_destroy(&core);
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submit_is_final_at_once),
        cmocka_unit_test(idle_is_silent),
        cmocka_unit_test(restart_at_every_record),
        cmocka_unit_test(journal_turns),
        cmocka_unit_test(backpressure),
        cmocka_unit_test(lost_journal_is_mute),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
