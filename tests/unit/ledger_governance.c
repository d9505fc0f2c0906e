/* ledger/: motions, ballots, the end of an epoch, evidence: every verdict by its cause, the clear
 * record, and states out of form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ledger/state.h"
#include "proto/ledger_codec.h"

#define AGENCIES 4u

static struct rg_genesis *g;

static void world(void)
{
    memset(g, 0, sizeof *g);
    g->ledger_id = (struct rg_hash){{7}};
    g->time_ms = 1000;
    g->agency_count = AGENCIES;
    g->principal_count = AGENCIES + 2;
    g->authority_count = 3;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        g->agency[i].admin_key.b[0] = (uint8_t)(i + 1);
        g->principal[i] = (struct rg_principal){.agency = i, .roles = RG_ROLE_NODE};
        g->principal[i].sign_key.b[0] = (uint8_t)(i + 1);
        g->authority[i] = i;
    }
    g->principal[4] = (struct rg_principal){.agency = 3, .roles = RG_ROLE_OFFICER};
    g->principal[5] = (struct rg_principal){.agency = 0, .roles = RG_ROLE_NODE};
}

static struct rg_ballot ballot(uint8_t motion, uint32_t agency, bool approve, bool moves)
{
    return (struct rg_ballot){
        .id = {{motion}},
        .agency = agency,
        .approve = approve,
        .moves = moves,
        .motion = {.expires_ms = 9000, .set = {.count = 1, .principal = {motion % 4}}}};
}

static const struct rg_ballot_place *at(uint64_t time_ms)
{
    static struct rg_ballot_place place;
    place = (struct rg_ballot_place){7, 1, time_ms};
    return &place;
}

static enum rg_verdict cast(struct rg_governance *v, uint8_t motion, uint32_t agency, bool approve,
                            bool moves)
{
    const struct rg_ballot b = ballot(motion, agency, approve, moves);
    return rg_governance_ballot(v, g, &b, at(5000));
}

static void motions(void **state)
{
    struct rg_governance v;
    (void)state;
    world();
    rg_governance_init(&v, g);
    assert_int_equal(rg_governance_quorum(g), 3);
    assert_int_equal(v.epoch, RG_EPOCH_FIRST);
    assert_int_equal(v.current.count, 3);
    assert_int_equal(cast(&v, 1, 0, true, false), RG_VERDICT_NO_MOTION);
    assert_int_equal(cast(&v, 1, 0, true, true), RG_VERDICT_ACCEPTED);
    assert_int_equal(cast(&v, 1, 0, true, false), RG_VERDICT_KNOWN);
    assert_int_equal(cast(&v, 1, 0, true, true), RG_VERDICT_KNOWN);
    assert_int_equal(cast(&v, 1, 1, true, true), RG_VERDICT_ACCEPTED); /* moves the same: a vote */
    assert_int_equal(v.motion_count, 1);
    assert_int_equal(cast(&v, 1, 2, false, false), RG_VERDICT_ACCEPTED);
    assert_int_equal(cast(&v, 1, 2, true, false), RG_VERDICT_KNOWN); /* no second thoughts */
    assert_int_equal(v.next.count, 0);
    assert_int_equal(cast(&v, 1, 3, true, false), RG_VERDICT_ACCEPTED);
    assert_int_equal(v.motion_count, 0);
    assert_int_equal(v.next.count, 1);
    assert_int_equal(v.next.principal[0], 1);
    assert_int_equal(cast(&v, 2, 0, true, true), RG_VERDICT_BUSY);
    rg_governance_end_epoch(&v);
    assert_int_equal(v.epoch, RG_EPOCH_FIRST + 1);
    assert_int_equal(v.previous.count, 3);
    assert_int_equal(v.current.count, 1);
    assert_int_equal(v.next.count, 0);
    assert_int_equal(cast(&v, 2, 0, true, true), RG_VERDICT_ACCEPTED);
}

static void motions_end(void **state)
{
    struct rg_governance v;
    (void)state;
    world();
    rg_governance_init(&v, g);
    for (uint8_t m = 1; m <= RG_MOTIONS_MAX; m++) {
        assert_int_equal(cast(&v, m, 0, true, true), RG_VERDICT_ACCEPTED);
    }
    assert_int_equal(cast(&v, 99, 0, true, true), RG_VERDICT_BUSY);
    /* Two of four against: it cannot be carried any more. */
    assert_int_equal(cast(&v, 3, 1, false, false), RG_VERDICT_ACCEPTED);
    assert_int_equal(v.motion_count, RG_MOTIONS_MAX);
    assert_int_equal(cast(&v, 3, 2, false, false), RG_VERDICT_ACCEPTED);
    assert_int_equal(v.motion_count, RG_MOTIONS_MAX - 1);
    assert_int_equal(cast(&v, 3, 3, true, false), RG_VERDICT_NO_MOTION);
    /* It ends at its time, not only with the first block from then on. */
    const struct rg_ballot yes = ballot(1, 1, true, false);
    assert_int_equal(rg_governance_ballot(&v, g, &yes, at(9000)), RG_VERDICT_MOTION_EXPIRED);
    assert_int_equal(rg_governance_ballot(&v, g, &yes, at(8999)), RG_VERDICT_ACCEPTED);
    assert_false(rg_governance_expire(&v, 8999));
    assert_true(rg_governance_expire(&v, 9000));
    assert_int_equal(v.motion_count, 0);
    const struct rg_ballot late = ballot(5, 0, true, true);
    assert_int_equal(rg_governance_ballot(&v, g, &late, at(9000)), RG_VERDICT_MOTION_EXPIRED);
}

static void sets(void **state)
{
    (void)state;
    world();
    struct rg_set set = {.count = 2, .principal = {3, 0}};
    assert_true(rg_governance_set_ok(g, &set));
    set.principal[1] = 5;
    assert_true(rg_governance_set_ok(g, &set)); /* another node of agency 0 */
    set.count = 3;
    set.principal[2] = 0;
    assert_false(rg_governance_set_ok(g, &set)); /* two of one agency */
    set.principal[2] = 4;
    assert_false(rg_governance_set_ok(g, &set)); /* no node */
    set.principal[2] = 77;
    assert_false(rg_governance_set_ok(g, &set));
    set.count = 0;
    assert_false(rg_governance_set_ok(g, &set));
    set.count = RG_AUTHORITIES_MAX + 1;
    assert_false(rg_governance_set_ok(g, &set));
}

static void bytes_back_and_forth(void **state)
{
    static uint8_t bytes[RG_GOVERNANCE_BYTES_MAX];
    struct rg_governance v;
    struct rg_governance back;
    (void)state;
    world();
    rg_governance_init(&v, g);
    assert_int_equal(cast(&v, 1, 0, true, true), RG_VERDICT_ACCEPTED);
    assert_int_equal(cast(&v, 2, 1, true, true), RG_VERDICT_ACCEPTED);
    assert_int_equal(rg_governance_accuse(&v, false, 2), RG_VERDICT_ACCEPTED);
    const size_t len = rg_governance_encode(&v, bytes);
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, &back), RG_OK);
    assert_memory_equal(&v, &back, sizeof v);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, cut}, &back),
                         RG_ERR_CORRUPT);
    }
    bytes[0] = 0; /* epoch 0 */
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, &back), RG_ERR_CORRUPT);
    bytes[0] = 1;
    bytes[9] = 0xff; /* too many in the previous set */
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, &back), RG_ERR_CORRUPT);
    bytes[9] = 0;
    bytes[13] = 0xff; /* no such principal */
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, &back), RG_ERR_CORRUPT);
}

static bool by_first_byte(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                          const struct rg_sig *sig)
{
    (void)ctx;
    (void)digest;
    return sig->b[0] == key->b[0];
}

static bool guilty_two(void *ctx, const struct rg_governance *v, struct rg_bytes pair,
                       bool *out_previous, uint32_t *out_index)
{
    (void)ctx;
    (void)v;
    *out_previous = false;
    *out_index = 2;
    return pair.len == 3;
}

/* A block at the height after @s with @subs. */
static struct rg_block block(const struct rg_state *s, struct rg_submission *subs, uint32_t count)
{
    struct rg_block b = {.header = {.ledger = g->ledger_id,
                                    .epoch = s->governance.epoch,
                                    .view = 1,
                                    .height = s->height + 1,
                                    .parent = s->block,
                                    .time_ms = s->time_ms + 1,
                                    .submission_count = count},
                         .hash = {{(uint8_t)(s->height + 50)}},
                         .submissions = subs};
    rg_block_root(subs, count, &b.header.submissions_root);
    rg_state_digest(s, &b.header.state_digest);
    rg_merkle_root(&s->history, &b.header.history_root);
    return b;
}

static struct rg_submission with(struct rg_entry *e, uint64_t sequence)
{
    struct rg_submission s = {.signer = 0,
                              .sequence = sequence,
                              .expires_ms = 5000,
                              .ledger = g->ledger_id,
                              .hash = {{(uint8_t)sequence}},
                              .signature = {{1}},
                              .entry_count = 1,
                              .entries = e};
    rg_submission_root(&e->bytes, 1, &s.entries_root);
    return s;
}

static void form_of_entries(void **state)
{
    struct rg_ballot b = ballot(1, 2, true, true);
    struct rg_entry e = {.kind = RG_ENTRY_BALLOT,
                         .clear = rg_bytes_str("clear"),
                         .ballot = &b,
                         .bytes = rg_bytes_str("entry")};
    (void)state;
    world();
    b.signature.b[0] = 3;
    struct rg_submission s = with(&e, 1);
#define CHECK(want) assert_int_equal(rg_submission_check(&s, g, by_first_byte, NULL), want)
    CHECK(RG_VERDICT_ACCEPTED);
    b.signature.b[0] = 4;
    CHECK(RG_VERDICT_BAD_SIGNATURE);
    b.signature.b[0] = 3;
    b.agency = AGENCIES;
    CHECK(RG_VERDICT_BAD_ENTRY);
    b.agency = 2;
    b.approve = false; /* moves, and is against it */
    CHECK(RG_VERDICT_BAD_ENTRY);
    b.approve = true;
    b.motion.set.count = 0;
    CHECK(RG_VERDICT_BAD_ENTRY);
    b.motion.set.count = 1;
    e.ballot = NULL;
    CHECK(RG_VERDICT_BAD_ENTRY);
    e.kind = RG_ENTRY_EVIDENCE;
    CHECK(RG_VERDICT_ACCEPTED);
    assert_int_equal(rg_submission_check_ballot(&e, g, by_first_byte, NULL), RG_VERDICT_BAD_ENTRY);
    e.clear.len = 0;
    CHECK(RG_VERDICT_BAD_ENTRY);
    e.clear.len = 5;
    /* Such an entry stands alone. */
    struct rg_entry two[2] = {e, e};
    const struct rg_bytes both[2] = {e.bytes, e.bytes};
    s.entries = two;
    s.entry_count = 2;
    rg_submission_root(both, 2, &s.entries_root);
    CHECK(RG_VERDICT_BAD_ENTRY);
}

/* From the ballots in a block to the block that ends the epoch. */
static void epoch_ends(void **state)
{
    struct rg_state *s = calloc(1, sizeof *s);
    struct rg_ballot words[3] = {ballot(1, 0, true, true), ballot(1, 1, true, false),
                                 ballot(1, 2, true, false)};
    struct rg_entry e[3];
    struct rg_submission subs[3];
    uint8_t results[3];
    struct rg_hash before;
    struct rg_hash after;
    (void)state;
    assert_non_null(s);
    world();
    rg_state_init(s, g);
    for (uint32_t i = 0; i < 3; i++) {
        words[i].signature.b[0] = (uint8_t)(i + 1);
        e[i] = (struct rg_entry){.kind = RG_ENTRY_BALLOT,
                                 .clear = rg_bytes_str("clear"),
                                 .ballot = &words[i],
                                 .bytes = rg_bytes_str("entry")};
        subs[i] = with(&e[i], i + 1);
    }
    struct rg_block b = block(s, subs, 3);
    rg_state_digest(s, &before);
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_VALID);
    rg_state_apply(s, g, &b, NULL, results);
    rg_state_digest(s, &after);
    assert_int_equal(results[0] + results[1] + results[2], 0);
    assert_false(rg_hash_eq(&before, &after));
    assert_int_equal(s->governance.next.count, 1);
    /* The next block has to end the epoch, and to name the set. */
    b = block(s, NULL, 0);
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_WRONG_END);
    b.header.epoch_last = true;
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_WRONG_END);
    rg_governance_set_id(&s->governance.next, g, &b.header.next_set);
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_VALID);
    rg_state_apply(s, g, &b, NULL, results);
    assert_int_equal(s->governance.epoch, 2);
    assert_int_equal(s->governance.current.principal[0], 1);
    /* In the next one: its own epoch, its own leader, and no end. */
    b = block(s, NULL, 0);
    b.header.view = 9;
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_VALID);
    b.header.epoch = 1;
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL),
                     RG_BLOCK_WRONG_PARENT);
    b.header.epoch = 2;
    b.header.epoch_last = true;
    assert_int_equal(rg_block_check(&b, s, &s->block, g, by_first_byte, NULL), RG_BLOCK_WRONG_END);
    free(s);
}

/* What may not is rejected, uses its number up, and the block stays valid. */
static void rejected_words(void **state)
{
    struct rg_state *s = calloc(1, sizeof *s);
    struct rg_ballot word = ballot(1, 0, true, false);
    struct rg_entry e[3] = {{.kind = RG_ENTRY_BALLOT, .ballot = &word},
                            {.kind = RG_ENTRY_EVIDENCE, .clear = rg_bytes_str("abc")},
                            {.kind = RG_ENTRY_EVIDENCE, .clear = rg_bytes_str("abc")}};
    struct rg_submission subs[3] = {with(&e[0], 1), with(&e[1], 2), with(&e[2], 3)};
    uint8_t results[3];
    const struct rg_state_guilty guilty = {guilty_two, NULL};
    (void)state;
    assert_non_null(s);
    world();
    for (uint32_t i = 0; i < 3; i++) {
        subs[i].ledger = g->ledger_id;
    }
    rg_state_init(s, g);
    const struct rg_block b = block(s, subs, 3);
    rg_state_apply(s, g, &b, &guilty, results);
    assert_int_equal(results[0], RG_VERDICT_NO_MOTION);
    assert_int_equal(results[1], RG_VERDICT_ACCEPTED);
    assert_int_equal(results[2], RG_VERDICT_KNOWN);
    assert_int_equal(s->governance.guilty, 4);
    assert_int_equal(s->sequence[0], 3);
    assert_int_equal(s->entry_count, 1);
    e[0] = (struct rg_entry){.kind = RG_ENTRY_EVIDENCE, .clear = rg_bytes_str("abcd")};
    subs[0].sequence = 4;
    const struct rg_block c = block(s, subs, 1);
    rg_state_apply(s, g, &c, &guilty, results);
    assert_int_equal(results[0], RG_VERDICT_BAD_EVIDENCE);
    assert_true(rg_verdict_uses_number(RG_VERDICT_BAD_EVIDENCE));
    assert_false(rg_verdict_uses_number(RG_VERDICT_EXPIRED));
    assert_false(rg_verdict_uses_number(RG_VERDICT_WRONG_LEDGER));
    free(s);
}

/* The bytes of a ballot, as they travel. */
static void ballots_travel(void **state)
{
    struct rg_arena arena;
    struct rg_bytes motion = {0};
    struct rg_bytes entry = {0};
    struct rg_bytes head = {0};
    struct rg_bytes sub = {0};
    struct rg_hash digest;
    struct rg_submission out;
    (void)state;
    world();
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    struct rg_ballot b = ballot(0, 3, true, true);
    const struct rg_motion m = {.expires_ms = 77, .set = {.count = 2, .principal = {3, 0}}};
    assert_int_equal(rg_ledger_codec_encode_motion(&arena, &g->ledger_id, &m, &(struct rg_id){{5}},
                                                   &motion, &b.id),
                     RG_OK);
    for (int what = 0; what < 3; what++) {
        b.id.b[0] ^= what == 2 ? 1 : 0; /* not the hash of its motion */
        assert_int_equal(rg_ledger_codec_encode_ballot(
                             &arena, &b, what == 1 ? (struct rg_bytes){0} : motion, &entry),
                         RG_OK);
        struct rg_submission s = {
            .ledger = g->ledger_id, .sequence = 1, .expires_ms = 9, .entry_count = 1};
        rg_submission_root(&entry, 1, &s.entries_root);
        assert_int_equal(rg_ledger_codec_encode_head(&arena, &s, &head, &digest), RG_OK);
        assert_int_equal(
            rg_ledger_codec_encode_submission(&arena, head, &(struct rg_sig){{0}}, &entry, 1, &sub),
            RG_OK);
        const rg_err e = rg_ledger_codec_decode_submission(&arena, sub, &out);
        if (what == 2) {
            assert_int_equal(e, RG_ERR_INVALID);
            continue;
        }
        assert_int_equal(e, RG_OK);
        const struct rg_ballot *got = out.entries[0].ballot;
        assert_non_null(got);
        assert_true(got->approve && got->agency == 3 && got->moves == (what == 0));
        assert_true(rg_hash_eq(&got->id, &b.id));
        rg_ledger_codec_ballot_digest(&g->ledger_id, &b, &digest);
        assert_true(rg_hash_eq(&got->digest, &digest));
        if (what == 0) {
            assert_memory_equal(&got->motion, &m, sizeof m);
        }
    }
    rg_arena_fini(&arena);
}

static int take_genesis(void **state)
{
    (void)state;
    g = calloc(1, sizeof *g);
    return g == NULL;
}

static int free_genesis(void **state)
{
    (void)state;
    free(g);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motions),
        cmocka_unit_test(motions_end),
        cmocka_unit_test(sets),
        cmocka_unit_test(bytes_back_and_forth),
        cmocka_unit_test(form_of_entries),
        cmocka_unit_test(epoch_ends),
        cmocka_unit_test(rejected_words),
        cmocka_unit_test(ballots_travel),
    };
    return cmocka_run_group_tests(tests, take_genesis, free_genesis);
}
