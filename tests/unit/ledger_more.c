/* ledger/: every verdict and every fault of a block by its cause, and states out of form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ledger/state.h"

static struct rg_genesis *g;
static struct rg_entry entries[RG_SUBMISSION_ENTRIES_MAX + 1];

static bool yes(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                const struct rg_sig *sig)
{
    (void)ctx;
    (void)key;
    (void)digest;
    return sig->b[0] == 0;
}

static void world(void)
{
    memset(g, 0, sizeof *g);
    g->ledger_id = (struct rg_hash){{7}};
    g->time_ms = 1000;
    g->agency_count = 2;
    g->principal_count = 3;
    g->authority_count = 2;
    g->authority[1] = 1;
    g->principal[0] = (struct rg_principal){.agency = 0, .roles = RG_ROLE_NODE};
    g->principal[1] = (struct rg_principal){.agency = 1, .roles = RG_ROLE_NODE};
    g->principal[2] = (struct rg_principal){.agency = 1, .roles = RG_ROLE_OFFICER};
}

static struct rg_submission submission(uint32_t signer, uint64_t sequence)
{
    struct rg_bytes bytes = rg_bytes_str("entry");
    struct rg_submission s = {.signer = signer,
                              .sequence = sequence,
                              .expires_ms = 5000,
                              .ledger = g->ledger_id,
                              .hash = {{(uint8_t)signer, (uint8_t)sequence}},
                              .entry_count = 1,
                              .entries = entries};
    entries[0] = (struct rg_entry){.kind = RG_ENTRY_CASE,
                                   .schema = RG_SCHEMA_CASE,
                                   .readers = 3,
                                   .sealed = bytes,
                                   .bytes = bytes};
    rg_submission_root(&bytes, 1, &s.entries_root);
    return s;
}

#define VERDICT(change, want)                                                                      \
    do {                                                                                           \
        struct rg_submission s = submission(0, 1);                                                 \
        change;                                                                                    \
        assert_int_equal(rg_submission_check(&s, g, yes, NULL), RG_VERDICT_##want);                \
    } while (0)

static void submissions(void **state)
{
    (void)state;
    world();
    VERDICT((void)0, ACCEPTED);
    VERDICT(s.ledger.b[0] = 8, WRONG_LEDGER);
    VERDICT(s.signer = 3, UNKNOWN_SIGNER);
    VERDICT(s.signer = 2, UNKNOWN_SIGNER);
    VERDICT(s.entry_count = 0, BAD_ENTRY);
    VERDICT(s.entry_count = RG_SUBMISSION_ENTRIES_MAX + 1, BAD_ENTRY);
    VERDICT(entries[0].kind = 2, BAD_ENTRY);
    VERDICT(entries[0].schema = 2, BAD_ENTRY);
    VERDICT(entries[0].readers = 0, BAD_ENTRY);
    VERDICT(entries[0].readers = 4, BAD_ENTRY);
    VERDICT(entries[0].sealed.len = 0, BAD_ENTRY);
    VERDICT(entries[0].bytes.len = RG_ENTRY_MAX + 1, BAD_ENTRY);
    VERDICT(s.entries_root.b[0] ^= 1, BAD_ENTRY);
    VERDICT(s.signature.b[0] = 1, BAD_SIGNATURE);
    g->agency_count = 64;
    VERDICT(entries[0].readers = UINT64_MAX, ACCEPTED);
}

#define JUDGE(change, want)                                                                        \
    do {                                                                                           \
        struct rg_submission s = submission(0, 3);                                                 \
        uint64_t now = 2000;                                                                       \
        world();                                                                                   \
        rg_state_init(st, g);                                                                      \
        st->sequence[0] = 2;                                                                       \
        change;                                                                                    \
        assert_int_equal(rg_state_judge(st, g, &s, now), RG_VERDICT_##want);                       \
    } while (0)

static void judging(void **state)
{
    struct rg_state *st = calloc(1, sizeof *st);
    (void)state;
    assert_non_null(st);
    JUDGE(now = 2000, ACCEPTED);
    JUDGE(now = 5000, ACCEPTED);
    JUDGE(now = 5001, EXPIRED);
    JUDGE(s.ledger.b[0] = 8, WRONG_LEDGER);
    JUDGE(s.signer = 3, UNKNOWN_SIGNER);
    JUDGE(s.signer = 2, UNKNOWN_SIGNER);
    JUDGE(g->principal[0].valid_from_ms = 2001, NOT_VALID_NOW);
    JUDGE(g->principal[0].valid_from_ms = 2000, ACCEPTED);
    JUDGE(g->principal[0].valid_to_ms = 2000, NOT_VALID_NOW);
    JUDGE(g->principal[0].valid_to_ms = 2001, ACCEPTED);
    JUDGE(s.sequence = 2, STALE_SEQUENCE);
    JUDGE(s.sequence = 4, FUTURE_SEQUENCE);
    free(st);
}

static void texts(void **state)
{
    (void)state;
    for (unsigned v = 0; v <= RG_VERDICT_WRONG_LEDGER; v++) {
        const char *text = rg_verdict_text((enum rg_verdict)v);
        assert_true(strlen(text) > 0 && strcmp(text, "unknown verdict") != 0);
        assert_true(v == 0 || strcmp(text, rg_verdict_text((enum rg_verdict)(v - 1))) != 0);
    }
    assert_string_equal(rg_verdict_text((enum rg_verdict)99), "unknown verdict");
    for (unsigned f = 0; f <= RG_BLOCK_TOO_LARGE; f++) {
        const char *text = rg_block_fault_text((enum rg_block_fault)f);
        assert_true(strlen(text) > 0 && strcmp(text, "unknown fault") != 0);
    }
    assert_string_equal(rg_block_fault_text((enum rg_block_fault)99), "unknown fault");
}

static struct rg_block block(const struct rg_state *st, struct rg_submission *subs, uint32_t count)
{
    struct rg_block b = {.header = {.ledger = g->ledger_id,
                                    .view = 1,
                                    .height = st->height + 1,
                                    .parent = st->block,
                                    .epoch = RG_EPOCH_FIRST,
                                    .time_ms = st->time_ms + 1,
                                    .submission_count = count},
                         .hash = {{9}},
                         .submissions = subs};
    rg_block_root(subs, count, &b.header.submissions_root);
    rg_state_digest(st, &b.header.state_digest);
    rg_merkle_root(&st->history, &b.header.history_root);
    return b;
}

static enum rg_block_fault check(const struct rg_block *b, const struct rg_state *st)
{
    return rg_block_check(b, st, &st->block, g, yes, NULL);
}

static void blocks(void **state)
{
    struct rg_state *st = calloc(1, sizeof *st);
    (void)state;
    assert_non_null(st);
    world();
    rg_state_init(st, g);
    struct rg_submission subs[3] = {submission(0, 1), submission(1, 1), submission(0, 2)};
    struct rg_block b = block(st, subs, 3);
    assert_int_equal(check(&b, st), RG_BLOCK_VALID);
    b.bytes.len = RG_BLOCK_MAX + 1;
    assert_int_equal(check(&b, st), RG_BLOCK_TOO_LARGE);
    b = block(st, subs, 3);
    b.header.submission_count = RG_BLOCK_SUBMISSIONS_MAX + 1;
    assert_int_equal(check(&b, st), RG_BLOCK_TOO_LARGE);
    /* Out of sequence: a gap inside the block, a gap to the state, the same twice. */
    subs[2] = submission(0, 3);
    b = block(st, subs, 3);
    assert_int_equal(check(&b, st), RG_BLOCK_BAD_SUBMISSION);
    subs[2] = submission(0, 1);
    b = block(st, subs, 3);
    assert_int_equal(check(&b, st), RG_BLOCK_BAD_SUBMISSION);
    subs[0] = submission(0, 2);
    b = block(st, subs, 1);
    assert_int_equal(check(&b, st), RG_BLOCK_BAD_SUBMISSION);
    subs[0] = submission(0, 1);
    subs[0].signature.b[0] = 1;
    b = block(st, subs, 1);
    assert_int_equal(check(&b, st), RG_BLOCK_BAD_SUBMISSION);
    free(st);
}

/* What may not run is rejected on execution, and changes nothing but the results. */
static void rejected_on_execution(void **state)
{
    struct rg_state *st = calloc(1, sizeof *st);
    uint8_t results[3] = {99, 99, 99};
    (void)state;
    assert_non_null(st);
    world();
    rg_state_init(st, g);
    struct rg_submission subs[3] = {submission(0, 1), submission(0, 1), submission(1, 2)};
    struct rg_block b = block(st, subs, 3);
    rg_state_apply(st, g, &b, NULL, results);
    assert_int_equal(results[0], RG_VERDICT_ACCEPTED);
    assert_int_equal(results[1], RG_VERDICT_STALE_SEQUENCE);
    assert_int_equal(results[2], RG_VERDICT_FUTURE_SEQUENCE);
    assert_true(st->sequence[0] == 1 && st->sequence[1] == 0 && st->entry_count == 1);
    /* The second one replaces the record of the first. */
    subs[0] = submission(0, 2);
    b = block(st, subs, 1);
    b.hash.b[0] = 10;
    rg_state_apply(st, g, &b, NULL, results);
    assert_true(st->sequence[0] == 2 && st->height == 2);
    free(st);
}

static void states_out_of_form(void **state)
{
    static uint8_t bytes[RG_STATE_BYTES_MAX + 1];
    struct rg_state *st = calloc(1, sizeof *st);
    struct rg_state *back = calloc(1, sizeof *back);
    uint8_t results[2];
    (void)state;
    assert_true(st != NULL && back != NULL);
    world();
    rg_state_init(st, g);
    struct rg_submission subs[2] = {submission(0, 1), submission(1, 1)};
    const struct rg_block b = block(st, subs, 2);
    rg_state_apply(st, g, &b, NULL, results);
    const size_t len = rg_state_encode(st, bytes);
    const struct rg_bytes all = {bytes, len};
    /* Before the governance: principal u32, sequence u64; before them their count. */
    const size_t governance = 4 + rg_governance_encode(&st->governance, bytes);
    const size_t list = len - governance - 2 * 12;
    assert_int_equal(rg_state_encode(st, bytes), len);
    assert_int_equal(rg_state_decode(all, back), RG_OK);
    assert_memory_equal(st, back, sizeof *st);
    const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 1},             /* format */
                   {4, 9},             /* height: not the history's count */
                   {list - 3, 0xff},   /* more signers than there can be */
                   {list - 4, 1},      /* fewer signers than there are */
                   {len - 4, 9},       /* more motions than there can be */
                   {list, 1},          /* the first signer is not below the second */
                   {list + 4, 0},      /* sequence 0 */
                   {list + 13, 0xff}}; /* no such principal */
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const uint8_t old = bytes[changes[i].at];
        bytes[changes[i].at] = changes[i].value;
        assert_int_equal(rg_state_decode(all, back), RG_ERR_CORRUPT);
        bytes[changes[i].at] = old;
    }
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len + 1}, back), RG_ERR_CORRUPT);
    for (size_t cut = 0; cut < len; cut += cut < 200 || cut > len - 40 ? 1 : 61) {
        assert_int_equal(rg_state_decode((struct rg_bytes){bytes, cut}, back), RG_ERR_CORRUPT);
    }
    assert_int_equal(rg_state_decode(all, back), RG_OK);
    free(st);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(submissions),
                                       cmocka_unit_test(judging),
                                       cmocka_unit_test(texts),
                                       cmocka_unit_test(blocks),
                                       cmocka_unit_test(rejected_on_execution),
                                       cmocka_unit_test(states_out_of_form)};
    g = calloc(1, sizeof *g);
    if (g == NULL) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(g);
    return failed;
}
