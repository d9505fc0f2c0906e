/* Evidence: kept, passed on once, put on the ledger by one of those who have it, checked there. */
#include "core_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/state.h"
#include "node/core/guilt.h"
#include "node/core/record.h"
#include "proto/peer_codec.h"

/* A vote of authority @signer (place and authority are the same here) in @view. */
static struct rg_vote sign(const struct lab *l, uint16_t signer, enum rg_vote_kind kind,
                           uint64_t view, uint8_t block)
{
    struct rg_members m;
    struct rg_governance v;
    struct rg_hash digest;
    rg_governance_init(&v, l->genesis);
    assert_true(rg_guilt_members(l->genesis, &v.current, &m));
    struct rg_vote vote = {.kind = kind, .signer = signer, .epoch = 1, .cand = {.view = view}};
    if (kind != RG_VOTE_NULLIFY) {
        vote.cand.hash.b[0] = block;
    }
    rg_vote_digest(&l->genesis->ledger_id, &m, 1, kind, &vote.cand, &digest);
    lab_sign(&l->genesis->principal[signer].sign_key, &digest, &vote.sig);
    return vote;
}

static struct rg_bytes pair_of(const struct rg_vote *a, const struct rg_vote *b,
                               uint8_t out[static 2 * RG_VOTE_BYTES])
{
    rg_vote_encode(a, out);
    rg_vote_encode(b, out + RG_VOTE_BYTES);
    return (struct rg_bytes){out, 2 * RG_VOTE_BYTES};
}

/* Give node @to an evidence message from @from. */
static void tell(struct lab *l, uint16_t from, uint16_t to, struct rg_bytes pair)
{
    struct rg_arena arena;
    struct rg_bytes bytes = {0};
    const struct rg_peer_message m = {.kind = RG_PEER_EVIDENCE, .bytes = pair};
    assert_int_equal(rg_arena_init(&arena, RG_PEER_CODEC_ARENA), RG_OK);
    assert_int_equal(rg_peer_codec_encode(&arena, &l->genesis->ledger_id, &m, &bytes), RG_OK);
    lab_do(l, to, rg_core_on_message(l->node[to].core, from, true, bytes, l->now));
    rg_arena_fini(&arena);
}

static size_t records(const struct lab_node *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->journal.count; i++) {
        n += x->journal.list[i].type == RG_RECORD_EVIDENCE;
    }
    return n;
}

static uint64_t guilty(const struct lab *l, uint16_t i)
{
    static struct rg_state s;
    const struct lab_node *x = &l->node[i];
    const struct lab_block *b = &x->chain[x->finals];
    assert_int_equal(rg_state_decode((struct rg_bytes){b->state, b->state_len}, &s), RG_OK);
    return s.governance.guilty;
}

static void proof_reaches_the_ledger(void **state)
{
    struct lab l;
    uint8_t buf[2 * RG_VOTE_BYTES];
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    const struct rg_vote a = sign(&l, 3, RG_VOTE_NULLIFY, 1, 0);
    const struct rg_vote b = sign(&l, 3, RG_VOTE_FINALIZE, 1, 7);
    tell(&l, 1, 0, pair_of(&a, &b, buf));
    lab_run(&l, 200, 20);
    for (uint16_t i = 0; i < 3; i++) {
        assert_non_null(l.node[i].alarm); /* passed on */
    }
    lab_run(&l, 9000, 100);
    for (uint16_t i = 0; i < 4; i++) {
        assert_int_equal(guilty(&l, i), 8);
    }
    assert_int_equal(lab_status(&l, 0).height, 1); /* one of three has told it, once */
    assert_int_equal(records(&l.node[0]), 1);
    /* A second pair against the same key tells nothing new. */
    const struct rg_vote c = sign(&l, 3, RG_VOTE_FINALIZE, 1, 9);
    tell(&l, 1, 0, pair_of(&b, &c, buf));
    lab_run(&l, 9000, 100);
    assert_int_equal(lab_status(&l, 0).height, 1);
    assert_int_equal(records(&l.node[0]), 1);
    /* It survives a restart, and is not told again. */
    lab_kill(&l, 0);
    lab_start(&l, 0, l.node[0].journal.count);
    lab_run(&l, 20000, 100);
    assert_int_equal(lab_status(&l, 0).height, 1);
    lab_same_tip(&l);
    lab_free(&l);
}

static void what_proves_nothing(void **state)
{
    struct lab l;
    uint8_t buf[2 * RG_VOTE_BYTES];
    (void)state;
    lab_make(&l, 4, false, 0);
    lab_start_all(&l);
    lab_run(&l, 2000, 50);
    const struct rg_vote null = sign(&l, 3, RG_VOTE_NULLIFY, 1, 0);
    const struct rg_vote notar = sign(&l, 3, RG_VOTE_NOTARIZE, 1, 7);
    const struct rg_vote other = sign(&l, 2, RG_VOTE_FINALIZE, 1, 8);
    struct rg_vote forged = sign(&l, 3, RG_VOTE_FINALIZE, 1, 8);
    const uint64_t before = lab_status(&l, 0).refused_messages;
    tell(&l, 1, 0, pair_of(&null, &notar, buf)); /* to nullify after notarizing is right */
    tell(&l, 1, 0, pair_of(&null, &other, buf)); /* two keys */
    tell(&l, 1, 0, pair_of(&notar, &notar, buf));
    forged.sig.b[3] ^= 1;
    tell(&l, 1, 0, pair_of(&null, &forged, buf));
    tell(&l, 1, 0, (struct rg_bytes){buf, 100});
    forged = sign(&l, 3, RG_VOTE_FINALIZE, 1, 8);
    forged.epoch = 5;
    struct rg_vote late = null;
    late.epoch = 5;
    tell(&l, 1, 0, pair_of(&late, &forged, buf)); /* not of this epoch: nothing to say about it */
    assert_int_equal(lab_status(&l, 0).refused_messages, before + 5);
    lab_run(&l, 20000, 100);
    assert_null(l.node[0].alarm);
    assert_int_equal(lab_status(&l, 0).height, 0);
    lab_free(&l);
}

/* The ledger's own check. */
static void ledger_checks_again(void **state)
{
    struct lab l;
    uint8_t buf[2 * RG_VOTE_BYTES];
    struct rg_governance v;
    bool previous = false;
    uint32_t index = 99;
    (void)state;
    lab_make(&l, 4, false, 0);
    struct rg_guilt k = {l.genesis, lab_verify, NULL};
    rg_governance_init(&v, l.genesis);
    const struct rg_vote a = sign(&l, 2, RG_VOTE_NOTARIZE, 5, 1);
    const struct rg_vote b = sign(&l, 2, RG_VOTE_NOTARIZE, 5, 2);
    assert_true(rg_guilt_check(&k, &v, pair_of(&a, &b, buf), &previous, &index));
    assert_true(!previous && index == 2);
    v.next = v.current;
    rg_governance_end_epoch(&v); /* the same keys: it is evidence of the epoch before now */
    assert_true(rg_guilt_check(&k, &v, pair_of(&a, &b, buf), &previous, &index));
    assert_true(previous && index == 2);
    assert_int_equal(rg_governance_accuse(&v, previous, index), RG_VERDICT_ACCEPTED);
    assert_int_equal(rg_governance_accuse(&v, previous, index), RG_VERDICT_KNOWN);
    v.next = v.current;
    rg_governance_end_epoch(&v);
    assert_false(rg_guilt_check(&k, &v, pair_of(&a, &b, buf), &previous, &index)); /* too old */
    rg_governance_init(&v, l.genesis);
    buf[2 * RG_VOTE_BYTES - 1] ^= 1;
    assert_false(rg_guilt_check(&k, &v, (struct rg_bytes){buf, sizeof buf}, &previous, &index));
    assert_false(rg_guilt_check(&k, &v, (struct rg_bytes){buf, 9}, &previous, &index));
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_reaches_the_ledger),
        cmocka_unit_test(what_proves_nothing),
        cmocka_unit_test(ledger_checks_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
