/* node/agency/versions: what is published becomes the list that is judged and checked by; what
 * cannot be used is left out and told once; what waits may be replaced. */
#include "agency_world.h"
#include "base/bytes.h"
#include "ledger/state.h"
#include "node/agency/versions.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT(process, version) "process: " process "\nversion: " version "\nsteps: [eingang]\n"

struct lab {
    struct rg_genesis genesis;
    struct rg_sign *node_key[WORLD_NODES_MAX];
    struct rg_sign *member_key[WORLD_NODES_MAX];
    char dir[64];
    struct rg_definition *definition;
    struct rg_chain *chain;
    struct rg_blocks *blocks;
    struct rg_versions *versions;
    struct rg_state state; /* of the tip */
    uint64_t height;
    uint32_t alarms;
    char alarm[600]; /* the last one */
};

static void open_versions(struct lab *l)
{
    const struct rg_versions_config c = {&l->genesis, l->definition, l->chain, l->blocks};
    assert_int_equal(rg_versions_new(&c, &l->versions), RG_OK);
}

static struct lab *lab_open(void)
{
    struct lab *l = calloc(1, sizeof *l);
    char text[RG_DEFINITION_ERROR_MAX];
    assert_non_null(l);
    assert_int_equal(rg_sign_start(), RG_OK);
    (void)snprintf(l->dir, sizeof l->dir, "/tmp/rg-versions-XXXXXX");
    assert_non_null(mkdtemp(l->dir));
    world_genesis(&l->genesis, 2, TEXT("p", "3"), l->node_key, l->member_key);
    const struct rg_bytes yaml = {l->genesis.definition, l->genesis.definition_len};
    assert_int_equal(rg_definition_parse("genesis", yaml, &l->definition, text), RG_OK);
    const struct rg_chain_options o = {.dir = l->dir,
                                       .ledger = l->genesis.ledger_id,
                                       .genesis_time_ms = (int64_t)l->genesis.time_ms,
                                       .map_bytes = 1u << 26};
    assert_int_equal(rg_chain_open(&o, &l->chain), RG_OK);
    assert_int_equal(rg_blocks_new(l->chain, &l->blocks), RG_OK);
    rg_state_init(&l->state, &l->genesis);
    open_versions(l);
    return l;
}

static void lab_close(struct lab *l)
{
    rg_versions_destroy(&l->versions);
    rg_versions_destroy(&l->versions);
    rg_blocks_destroy(&l->blocks);
    rg_chain_close(&l->chain);
    rg_definition_destroy(&l->definition);
    for (uint32_t i = 0; i < 2; i++) {
        rg_sign_destroy(&l->node_key[i]);
        rg_sign_destroy(&l->member_key[i]);
    }
    world_remove(l->dir);
    free(l);
}

/* Append a block that holds the ballot with @text, carried as @version by then, from @from on. */
static void publish(struct lab *l, const char *text, uint32_t version, uint64_t from)
{
    static uint8_t state_bytes[RG_STATE_BYTES_MAX];
    struct rg_arena arena;
    struct rg_ballot b = {.approve = true, .text = rg_bytes_str(text)};
    struct rg_bytes motion = {0};
    struct rg_bytes entry = {0};
    struct rg_bytes block = {0};
    struct rg_bytes framed = {0};
    struct rg_hash hash;
    uint8_t result = 0;
    struct world_parcel parcel = {.sequence = l->height + 1};
    b.motion.definition.version = version;
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_BLOCK_ARENA), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_publication(&arena, &l->genesis.ledger_id, &b,
                                                        &(struct rg_id){{1}}, &motion),
                     RG_OK);
    assert_int_equal(rg_ledger_codec_encode_ballot(&arena, &b, motion, &entry), RG_OK);
    uint8_t *room = rg_arena_take(&arena, 4 + entry.len);
    struct rg_writer w = rg_bytes_writer(room, 4 + entry.len);
    rg_bytes_put_sized(&w, entry);
    framed = (struct rg_bytes){room, w.len};
    world_submission(&l->genesis, l->node_key[0], 0, framed, 1, &parcel);
    const struct rg_header h = {.ledger = l->genesis.ledger_id,
                                .height = ++l->height,
                                .view = l->height,
                                .time_ms = l->genesis.time_ms + l->height,
                                .submission_count = 1};
    assert_int_equal(rg_ledger_codec_encode_block(&arena, &h, &parcel.bytes, &hash, &block), RG_OK);
    struct rg_governance *v = &l->state.governance;
    v->published[v->published_count++] = (struct rg_published){
        .hash = b.motion.definition.hash, .version = version, .height = l->height, .from = from};
    l->state.height = l->height;
    l->state.history.count = l->height;
    const struct rg_chain_block stored = {.height = l->height,
                                          .time_ms = (int64_t)h.time_ms,
                                          .hash = hash,
                                          .bytes = block,
                                          .result = {&result, 1}};
    const struct rg_bytes state = {state_bytes, rg_state_encode(&l->state, state_bytes)};
    assert_int_equal(rg_chain_append(l->chain, &stored, 1, state), RG_OK);
    free((void *)(uintptr_t)parcel.bytes.data);
    rg_arena_fini(&arena);
}

static void count_alarm(void *ctx, const char *code, struct rg_bytes subject, const char *text)
{
    struct lab *l = ctx;
    assert_string_equal(code, "definition-unusable");
    assert_int_equal(subject.len, RG_HASH_BYTES);
    l->alarms++;
    (void)snprintf(l->alarm, sizeof l->alarm, "%s", text);
}

static size_t refresh(struct lab *l)
{
    size_t count = 0;
    assert_int_equal(rg_versions_refresh(l->versions), RG_OK);
    rg_versions_tell(l->versions, count_alarm, l);
    (void)rg_versions_list(l->versions, &count);
    return count;
}

static uint32_t after(const struct lab *l, uint64_t height)
{
    return rg_versions_after(l->versions, height)->definition->version;
}

static void test_in_force(void **state)
{
    struct lab *l = lab_open();
    struct rg_bytes text;
    (void)state;
    assert_int_equal(refresh(l), 1);
    assert_int_equal(after(l, 1000), 3);
    publish(l, TEXT("p", "4"), 4, 7);
    assert_int_equal(refresh(l), 2);
    assert_int_equal(after(l, 5), 3); /* what is recorded next stands in block 6 */
    assert_int_equal(after(l, 6), 4);
    const struct rg_monitor_version *v = rg_versions_after(l->versions, 6);
    assert_int_equal(v->from, 7);
    assert_true(rg_bytes_eq(v->yaml, rg_bytes_str(TEXT("p", "4"))));
    assert_true(rg_hash_eq(&v->hash, &l->state.governance.published[0].hash));
    struct rg_published p = l->state.governance.published[0];
    assert_int_equal(rg_versions_text(l->versions, &p, &text), RG_OK);
    assert_true(rg_bytes_eq(text, v->yaml));
    p.hash.b[0] ^= 1;
    assert_int_equal(rg_versions_text(l->versions, &p, &text), RG_ERR_CORRUPT);
    p.height = l->height + 1;
    assert_int_equal(rg_versions_text(l->versions, &p, &text), RG_ERR_BUSY);
    /* After a restart the same; and again nothing new is the same list. */
    rg_versions_destroy(&l->versions);
    open_versions(l);
    assert_int_equal(refresh(l), 2);
    v = rg_versions_after(l->versions, 6);
    assert_int_equal(refresh(l), 2);
    assert_ptr_equal(rg_versions_after(l->versions, 6)->definition, v->definition);
    assert_int_equal(l->alarms, 0);
    lab_close(l);
}

static const char *fault(struct lab *l, const char *text, uint32_t version)
{
    const char *why = NULL;
    assert_int_equal(rg_versions_fault(l->versions, rg_bytes_str(text), version, &why), RG_OK);
    return why;
}

/* All nodes leave the same ones out. */
static void test_unusable(void **state)
{
    struct lab *l = lab_open();
    (void)state;
    publish(l, TEXT("p", "3"), 3, 2); /* no later than that of the genesis */
    assert_int_equal(refresh(l), 1);
    assert_int_equal(l->alarms, 1);
    publish(l, "process: p\nversion: 4\nsteps: [eingang]\nrules: [{id: R, template: no}]\n", 4, 3);
    publish(l, TEXT("q", "5"), 5, 4);
    publish(l, TEXT("p", "7"), 6, 5);
    assert_int_equal(refresh(l), 1);
    assert_int_equal(l->alarms, 4);
    assert_non_null(strstr(l->alarm, "moved as version 6, says 7"));
    assert_int_equal(after(l, 100), 3);
    publish(l, TEXT("p", "8"), 8, 6);
    assert_int_equal(refresh(l), 2);
    assert_int_equal(l->alarms, 4);
    assert_int_equal(after(l, 4), 3);
    assert_int_equal(after(l, 5), 8);
    /* What stands against a text, before anybody votes for it. */
    const char *why = fault(l, "process: p\nversion: x\n", 9);
    assert_non_null(why);
    assert_non_null(strstr(why, "definition:2:10: "));
    assert_non_null(fault(l, TEXT("q", "9"), 9));
    assert_non_null(fault(l, TEXT("p", "9"), 10));
    assert_null(fault(l, TEXT("p", "9"), 9));
    lab_close(l);
}

/* One that was carried for later and never comes into force leaves the list; those before stay. */
static void test_replaced(void **state)
{
    struct lab *l = lab_open();
    struct rg_governance *v = &l->state.governance;
    (void)state;
    publish(l, TEXT("p", "4"), 4, 2);
    publish(l, TEXT("p", "5"), 5, 50);
    assert_int_equal(refresh(l), 3);
    const struct rg_definition *four = rg_versions_after(l->versions, 1)->definition;
    memset(&v->published[1], 0, sizeof v->published[1]);
    v->published_count = 1;
    publish(l, TEXT("p", "6"), 6, 40);
    assert_int_equal(refresh(l), 3);
    assert_ptr_equal(rg_versions_after(l->versions, 38)->definition, four);
    assert_int_equal(after(l, 39), 6);
    assert_int_equal(after(l, 60), 6);
    lab_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_force),
        cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
