/* ledger/: genesis rules, submissions' verdicts, execution, block validity, the state's bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "crypto/verify.h"
#include "ledger/state.h"
#include "proto/genesis_codec.h"
#include "proto/ledger_codec.h"

struct world {
    struct rg_genesis *g;
    struct rg_sign *key[2];
    struct rg_arena arena;
    struct rg_state state;
};

static bool verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                   const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

static void fill_genesis(struct rg_genesis *g, struct rg_sign *const key[2])
{
    *g = (struct rg_genesis){.name = "test",
                             .time_ms = 1000,
                             .agency_count = 2,
                             .principal_count = 2,
                             .authority_count = 2,
                             .authority = {0, 1}};
    rg_genesis_default_parameters(&g->parameters);
    for (uint32_t i = 0; i < 2; i++) {
        (void)snprintf(g->agency[i].name, sizeof g->agency[i].name, "A%u", i);
        (void)snprintf(g->principal[i].name, sizeof g->principal[i].name, "node%u", i);
        g->agency[i].class = RG_AGENCY_LAND;
        g->principal[i].agency = i;
        g->principal[i].roles = RG_ROLE_NODE;
        g->principal[i].sign_key = *rg_sign_pubkey(key[i]);
        g->principal[i].curve_key = *rg_sign_curve_pubkey(key[i]);
    }
    memcpy(g->definition, "process: x\n", 11);
    g->definition_len = 11;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct rg_bytes bytes;
    struct rg_hash id;
    const char *why = NULL;
    assert_non_null(w);
    w->g = malloc(sizeof *w->g);
    assert_int_equal(rg_arena_init(&w->arena, RG_LEDGER_CODEC_BLOCK_ARENA), RG_OK);
    assert_int_equal(rg_sign_new(&w->key[0]), RG_OK);
    assert_int_equal(rg_sign_new(&w->key[1]), RG_OK);
    fill_genesis(w->g, w->key);
    assert_int_equal(rg_genesis_codec_encode(&w->arena, w->g, &id, &bytes), RG_OK);
    assert_int_equal(rg_genesis_codec_decode(bytes, w->g, &why), RG_OK);
    assert_true(rg_hash_eq(&id, &w->g->ledger_id));
    rg_state_init(&w->state, w->g);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    rg_sign_destroy(&w->key[0]);
    rg_sign_destroy(&w->key[1]);
    rg_arena_fini(&w->arena);
    free(w->g);
    free(w);
    return 0;
}

/* A signed submission with one case entry. */
static void submit(struct world *w, uint32_t signer, uint64_t sequence, uint64_t readers,
                   struct rg_submission *out)
{
    struct rg_entry e = {.kind = RG_ENTRY_CASE,
                         .readers = readers,
                         .schema = RG_SCHEMA_CASE,
                         .sealed = rg_bytes_str("sealed")};
    struct rg_submission s = {.signer = signer,
                              .sequence = sequence,
                              .expires_ms = 50000,
                              .ledger = w->g->ledger_id,
                              .entry_count = 1};
    struct rg_bytes entry;
    struct rg_bytes head;
    struct rg_bytes bytes;
    struct rg_hash digest;
    struct rg_sig sig;
    assert_int_equal(rg_ledger_codec_encode_entry(&w->arena, &e, &entry), RG_OK);
    rg_submission_root(&entry, 1, &s.entries_root);
    assert_int_equal(rg_ledger_codec_encode_head(&w->arena, &s, &head, &digest), RG_OK);
    rg_sign(w->key[signer % 2], &digest, &sig);
    assert_int_equal(rg_ledger_codec_encode_submission(&w->arena, head, &sig, &entry, 1, &bytes),
                     RG_OK);
    assert_int_equal(rg_ledger_codec_decode_submission(&w->arena, bytes, out), RG_OK);
}

/* A block of @count submissions on the world's state. */
static void build(struct world *w, const struct rg_submission *subs, uint32_t count,
                  struct rg_block *out)
{
    struct rg_header h = {.ledger = w->g->ledger_id,
                          .epoch = RG_EPOCH_FIRST,
                          .view = w->state.height + 1,
                          .height = w->state.height + 1,
                          .parent = w->state.block,
                          .time_ms = w->state.time_ms + 10,
                          .submission_count = count,
                          .proposer = (uint32_t)(w->state.height % 2)};
    struct rg_bytes list[8];
    struct rg_bytes bytes;
    struct rg_hash hash;
    rg_block_root(subs, count, &h.submissions_root);
    rg_state_digest(&w->state, &h.state_digest);
    rg_merkle_root(&w->state.history, &h.history_root);
    for (uint32_t i = 0; i < count; i++) {
        list[i] = subs[i].bytes;
    }
    assert_int_equal(rg_ledger_codec_encode_block(&w->arena, &h, list, &hash, &bytes), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_block(&w->arena, bytes, out), RG_OK);
    assert_true(rg_hash_eq(&hash, &out->hash));
}

static void genesis_rules(void **state)
{
    struct world *w = *state;
    struct rg_genesis *g = malloc(sizeof *g);
    const char *why = NULL;
    fill_genesis(g, w->key);
    assert_int_equal(rg_genesis_check(g, &why), RG_OK);
    g->principal[1].curve_key = g->principal[0].curve_key;
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    assert_string_equal(why, "two principals share a name or a key");
    fill_genesis(g, w->key);
    g->principal[1].agency = 0;
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    fill_genesis(g, w->key);
    g->authority[0] = 9;
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    fill_genesis(g, w->key);
    (void)snprintf(g->name, sizeof g->name, "a/b");
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    fill_genesis(g, w->key);
    g->parameters.status_ms = g->parameters.skip_ms;
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    fill_genesis(g, w->key);
    assert_int_equal(rg_genesis_find_principal(g, "node1"), 1);
    assert_int_equal(rg_genesis_find_agency(g, "none"), UINT32_MAX);
    assert_int_equal(rg_genesis_node_of(g, 1), 1);
    assert_int_equal(rg_genesis_authority_of(g, 1), 1);
    free(g);
}

static void submissions_are_judged(void **state)
{
    struct world *w = *state;
    struct rg_submission s;
    submit(w, 0, 1, 3, &s);
    assert_int_equal(rg_submission_check(&s, w->g, verify, NULL), RG_VERDICT_ACCEPTED);
    struct rg_submission bad = s;
    bad.signature.b[5] ^= 1;
    assert_int_equal(rg_submission_check(&bad, w->g, verify, NULL), RG_VERDICT_BAD_SIGNATURE);
    bad = s;
    bad.ledger.b[0] ^= 1;
    assert_int_equal(rg_submission_check(&bad, w->g, verify, NULL), RG_VERDICT_WRONG_LEDGER);
    bad = s;
    bad.entries_root.b[0] ^= 1;
    assert_int_equal(rg_submission_check(&bad, w->g, verify, NULL), RG_VERDICT_BAD_ENTRY);
    submit(w, 0, 1, 4, &bad); /* there is no third agency */
    assert_int_equal(rg_submission_check(&bad, w->g, verify, NULL), RG_VERDICT_BAD_ENTRY);
    submit(w, 2, 1, 3, &bad);
    assert_int_equal(rg_submission_check(&bad, w->g, verify, NULL), RG_VERDICT_UNKNOWN_SIGNER);
    submit(w, 0, 2, 3, &bad);
    assert_int_equal(rg_state_judge(&w->state, w->g, &bad, 2000), RG_VERDICT_FUTURE_SEQUENCE);
    assert_int_equal(rg_state_judge(&w->state, w->g, &s, 50001), RG_VERDICT_EXPIRED);
    assert_int_equal(rg_state_judge(&w->state, w->g, &s, 50000), RG_VERDICT_ACCEPTED);
    w->g->principal[0].valid_from_ms = 3000;
    assert_int_equal(rg_state_judge(&w->state, w->g, &s, 2000), RG_VERDICT_NOT_VALID_NOW);
    w->g->principal[0].valid_from_ms = 0;
}

static void blocks_execute(void **state)
{
    struct world *w = *state;
    struct rg_submission subs[3];
    struct rg_block b;
    struct rg_hash before;
    struct rg_hash after;
    uint8_t results[3];
    submit(w, 0, 1, 3, &subs[0]);
    submit(w, 1, 1, 1, &subs[1]);
    submit(w, 0, 2, 2, &subs[2]);
    build(w, subs, 3, &b);
    const struct rg_hash parent = w->state.block;
    assert_int_equal(rg_block_check(&b, &w->state, &parent, w->g, verify, NULL), RG_BLOCK_VALID);
    rg_state_digest(&w->state, &before);
    rg_state_apply(&w->state, w->g, &b, NULL, results);
    rg_state_digest(&w->state, &after);
    assert_int_equal(results[0] + results[1] + results[2], 0);
    assert_false(rg_hash_eq(&before, &after));
    assert_true(w->state.sequence[0] == 2 && w->state.sequence[1] == 1);
    assert_true(w->state.entry_count == 3 && w->state.height == 1);
    assert_true(rg_hash_eq(&w->state.block, &b.hash));
    /* The same block once more: not a child of itself; its submissions are used up. */
    assert_int_equal(rg_block_check(&b, &w->state, &w->state.block, w->g, verify, NULL),
                     RG_BLOCK_WRONG_PARENT);
    build(w, subs, 1, &b);
    assert_int_equal(rg_block_check(&b, &w->state, &w->state.block, w->g, verify, NULL),
                     RG_BLOCK_BAD_SUBMISSION);
    /* An empty one is fine. */
    build(w, subs, 0, &b);
    assert_int_equal(rg_block_check(&b, &w->state, &w->state.block, w->g, verify, NULL),
                     RG_BLOCK_VALID);
}

static void block_faults(void **state)
{
    struct world *w = *state;
    struct rg_submission sub;
    struct rg_block b;
    submit(w, 0, 1, 3, &sub);
    build(w, &sub, 1, &b);
    const struct rg_hash parent = w->state.block;
    const struct rg_header good = b.header;
#define FAULT(change, expected)                                                                    \
    do {                                                                                           \
        b.header = good;                                                                           \
        change;                                                                                    \
        assert_int_equal(rg_block_check(&b, &w->state, &parent, w->g, verify, NULL), expected);    \
    } while (0)
    FAULT(b.header.ledger.b[0] ^= 1, RG_BLOCK_WRONG_LEDGER);
    FAULT(b.header.height = 2, RG_BLOCK_WRONG_PARENT);
    FAULT(b.header.parent.b[3] ^= 1, RG_BLOCK_WRONG_PARENT);
    FAULT(b.header.proposer = 1, RG_BLOCK_WRONG_PROPOSER);
    FAULT(b.header.view = 0, RG_BLOCK_WRONG_PROPOSER);
    FAULT(b.header.time_ms = w->state.time_ms, RG_BLOCK_WRONG_TIME);
    FAULT(b.header.state_digest.b[0] ^= 1, RG_BLOCK_WRONG_DIGEST);
    FAULT(b.header.history_root.b[0] ^= 1, RG_BLOCK_WRONG_DIGEST);
    FAULT(b.header.submissions_root.b[0] ^= 1, RG_BLOCK_WRONG_ROOT);
    FAULT((void)0, RG_BLOCK_VALID);
#undef FAULT
}

static void state_bytes(void **state)
{
    struct world *w = *state;
    static uint8_t bytes[RG_STATE_BYTES_MAX];
    struct rg_state *copy = malloc(sizeof *copy);
    struct rg_submission sub;
    struct rg_block b;
    uint8_t result = 9;
    submit(w, 0, 1, 3, &sub);
    build(w, &sub, 1, &b);
    rg_state_apply(&w->state, w->g, &b, NULL, &result);
    const size_t len = rg_state_encode(&w->state, bytes);
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len}, copy), RG_OK);
    assert_memory_equal(copy, &w->state, sizeof *copy);
    for (size_t cut = 0; cut < len; cut += 13) {
        assert_int_equal(rg_state_decode((struct rg_bytes){bytes, cut}, copy), RG_ERR_CORRUPT);
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(genesis_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(submissions_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_execute, setup, teardown),
        cmocka_unit_test_setup_teardown(block_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(state_bytes, setup, teardown)};
    if (rg_sign_start() != RG_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
