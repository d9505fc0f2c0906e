/* ledger/ and proto/: every rule of a genesis broken once, and its bytes out of form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "ledger.pb-c.h"
#include "proto/genesis_codec.h"

#define TREE_BYTES (32u << 20)

static struct rg_genesis *g;
static struct rg_genesis *copy;
static struct rg_arena arena;
static struct rg_arena tree;

/* Three agencies, two authorities, one member. */
static void fill(void)
{
    memset(g, 0, sizeof *g);
    (void)snprintf(g->name, sizeof g->name, "test-1_a.B");
    g->time_ms = 1000;
    rg_genesis_default_parameters(&g->parameters);
    g->agency_count = 3;
    g->principal_count = 3;
    g->authority_count = 2;
    g->authority[1] = 1;
    for (uint32_t i = 0; i < 3; i++) {
        (void)snprintf(g->agency[i].name, sizeof g->agency[i].name, "A%u", i);
        (void)snprintf(g->principal[i].name, sizeof g->principal[i].name, "p%u", i);
        g->agency[i].class = i == 0 ? RG_AGENCY_BUND : RG_AGENCY_LAND;
        g->agency[i].admin_key.b[0] = (uint8_t)(i + 1);
        g->principal[i].agency = i;
        g->principal[i].roles = i < 2 ? RG_ROLE_NODE : RG_ROLE_ALL & ~RG_ROLE_NODE;
        g->principal[i].sign_key.b[0] = (uint8_t)(i + 11);
        g->principal[i].curve_key.b[0] = (uint8_t)(i + 21);
        g->principal[i].valid_from_ms = 5;
        g->principal[i].valid_to_ms = i == 0 ? 0 : 6;
    }
    memcpy(g->definition, "process: x\n", 11);
    g->definition_len = 11;
}

static void wrong(const char *sentence)
{
    const char *why = NULL;
    struct rg_hash id;
    struct rg_bytes bytes;
    assert_int_equal(rg_genesis_check(g, &why), RG_ERR_INVALID);
    assert_non_null(strstr(why, sentence));
    rg_arena_reset(&arena);
    assert_int_equal(rg_genesis_codec_encode(&arena, g, &id, &bytes), RG_ERR_INVALID);
}

#define WRONG(change, sentence)                                                                    \
    do {                                                                                           \
        fill();                                                                                    \
        change;                                                                                    \
        wrong(sentence);                                                                           \
    } while (0)
#define RIGHT(change)                                                                              \
    do {                                                                                           \
        const char *why = "";                                                                      \
        fill();                                                                                    \
        change;                                                                                    \
        assert_int_equal(rg_genesis_check(g, &why), RG_OK);                                        \
    } while (0)
#define DAY UINT64_C(86400000)

static void parameters(void **state)
{
    (void)state;
    RIGHT((void)0);
    WRONG(g->parameters.tick_ms = 99, "tick_ms");
    WRONG(g->parameters.tick_ms = DAY + 1, "tick_ms");
    WRONG(g->parameters.leader_timeout_ms = 9; g->parameters.empty_interval_ms = 1, "timeouts");
    WRONG(g->parameters.leader_timeout_ms = g->parameters.view_timeout_ms + 1, "timeouts");
    WRONG(g->parameters.view_timeout_ms = g->parameters.timeout_cap_ms + 1, "timeouts");
    WRONG(g->parameters.timeout_cap_ms = DAY + 1, "timeouts");
    WRONG(g->parameters.status_ms = 9, "status_ms");
    WRONG(g->parameters.status_ms = g->parameters.skip_ms, "status_ms");
    WRONG(g->parameters.skip_ms = DAY + 1, "status_ms");
    WRONG(g->parameters.empty_interval_ms = g->parameters.leader_timeout_ms + 1, "empty_interval");
    WRONG(g->parameters.clock_drift_ms = DAY + 1, "clock_drift");
    RIGHT(g->parameters.clock_drift_ms = DAY);
}

static void names_and_agencies(void **state)
{
    static const char *const bad[] = {"", "-a", ".a", "_a", "a/b", "a b", "\xc3\xa4", "a\n", "a:"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        WRONG((void)snprintf(g->name, sizeof g->name, "%s", bad[i]), "ledger's name");
        WRONG((void)snprintf(g->agency[2].name, sizeof g->name, "%s", bad[i]), "agency's name");
        WRONG((void)snprintf(g->principal[2].name, sizeof g->name, "%s", bad[i]), "name or agency");
    }
    WRONG(memset(g->name, 'a', sizeof g->name), "ledger's name"); /* never ends */
    RIGHT(memset(g->name, 'a', RG_NAME_MAX));
    WRONG(g->agency_count = 0, "1 to 64 agencies");
    WRONG(g->agency_count = RG_AGENCIES_MAX + 1, "1 to 64 agencies");
    WRONG(g->agency[1].class = RG_AGENCY_NONE, "neither Bund nor Land");
    WRONG(memcpy(g->agency[2].name, "A0", 3), "two agencies");
}

static void members(void **state)
{
    (void)state;
    WRONG(g->principal_count = 0, "principals");
    WRONG(g->principal_count = RG_PRINCIPALS_MAX + 1, "principals");
    WRONG(g->principal[2].agency = 3, "name or agency");
    WRONG(g->principal[2].roles = 0, "roles");
    WRONG(g->principal[2].roles = 64, "roles");
    WRONG(g->principal[1].roles = RG_ROLE_NODE | RG_ROLE_MONITOR, "roles");
    WRONG(g->principal[1].valid_to_ms = 5, "validity");
    WRONG(memcpy(g->principal[2].name, "p0", 3), "share");
    WRONG(g->principal[2].sign_key = g->principal[0].sign_key, "share");
    WRONG(g->principal[2].curve_key = g->principal[0].curve_key, "share");
    WRONG(g->authority_count = 0, "authorities");
    WRONG(g->authority_count = RG_AUTHORITIES_MAX + 1, "authorities");
    WRONG(g->authority[0] = 3, "role node");
    WRONG(g->authority[0] = 2, "role node");
    WRONG(g->authority[1] = 0, "named twice");
    WRONG(g->principal[1].agency = g->principal[0].agency, "more than one node");
    WRONG(g->definition_len = 0, "definition");
    WRONG(g->definition_len = RG_DEFINITION_MAX + 1, "definition");
}

static void finding(void **state)
{
    const struct rg_pubkey none = {{99}};
    (void)state;
    fill();
    assert_int_equal(rg_genesis_find_principal(g, "p2"), 2);
    assert_int_equal(rg_genesis_find_principal(g, "p3"), UINT32_MAX);
    assert_int_equal(rg_genesis_find_agency(g, "A1"), 1);
    assert_int_equal(rg_genesis_find_agency(g, "A"), UINT32_MAX);
    assert_int_equal(rg_genesis_find_curve(g, &g->principal[1].curve_key), 1);
    assert_int_equal(rg_genesis_find_curve(g, &none), UINT32_MAX);
    assert_int_equal(rg_genesis_authority_of(g, 1), 1);
    assert_int_equal(rg_genesis_authority_of(g, 2), UINT32_MAX);
    assert_int_equal(rg_genesis_node_count(g), 2);
    assert_int_equal(rg_genesis_node_at(g, 1), 1);
    assert_int_equal(rg_genesis_node_at(g, 2), UINT32_MAX);
    assert_int_equal(rg_genesis_place_of(g, 1), 1);
    assert_int_equal(rg_genesis_place_of(g, 2), UINT32_MAX);
    assert_int_equal(rg_genesis_node_of(g, 1), 1);
    assert_int_equal(rg_genesis_node_of(g, 2), UINT32_MAX);
}

static void there_and_back(void **state)
{
    struct rg_hash id;
    struct rg_bytes bytes;
    const char *why = NULL;
    (void)state;
    fill();
    rg_arena_reset(&arena);
    assert_int_equal(rg_genesis_codec_encode(&arena, g, &id, &bytes), RG_OK);
    const size_t need = arena.used;
    assert_int_equal(rg_genesis_codec_decode(bytes, copy, &why), RG_OK);
    assert_true(rg_hash_eq(&id, &copy->ledger_id));
    g->ledger_id = id;
    assert_memory_equal(g, copy, sizeof *g);
    for (size_t i = 0; i < bytes.len; i++) {
        assert_int_not_equal(rg_genesis_codec_decode((struct rg_bytes){bytes.data, i}, copy, &why),
                             RG_OK);
        assert_non_null(why);
    }
    for (size_t cap = 0; cap < need; cap += need / 50 + 1) {
        struct rg_arena small;
        assert_int_equal(rg_arena_init(&small, cap + 1), RG_OK);
        small.cap = cap;
        assert_int_equal(rg_genesis_codec_encode(&small, g, &id, &bytes), RG_ERR_NOMEM);
        rg_arena_fini(&small);
    }
}

/* The largest genesis that obeys all rules fits into its file and into the decoder's memory. */
static void the_largest_fits(void **state)
{
    struct rg_hash id;
    struct rg_bytes bytes;
    const char *why = NULL;
    (void)state;
    fill();
    g->principal_count = RG_PRINCIPALS_MAX;
    g->definition_len = RG_DEFINITION_MAX;
    memset(g->definition, ' ', RG_DEFINITION_MAX);
    for (uint32_t i = 3; i < RG_PRINCIPALS_MAX; i++) {
        struct rg_principal *p = &g->principal[i];
        *p = (struct rg_principal){.roles = RG_ROLE_MONITOR, .valid_to_ms = UINT64_MAX};
        memset(p->name, 'n', RG_NAME_MAX);
        (void)snprintf(p->name, sizeof p->name, "m%u", i);
        p->name[strlen(p->name)] = 'n'; /* 64 bytes again */
        p->sign_key = (struct rg_pubkey){{9, (uint8_t)i, (uint8_t)(i >> 8)}};
        p->curve_key = p->sign_key;
        p->valid_from_ms = UINT64_MAX - 1;
    }
    rg_arena_reset(&arena);
    assert_int_equal(rg_genesis_codec_encode(&arena, g, &id, &bytes), RG_OK);
    assert_true(bytes.len <= RG_GENESIS_MAX && bytes.len > RG_GENESIS_MAX / 2);
    assert_int_equal(rg_genesis_codec_decode(bytes, copy, &why), RG_OK);
    assert_true(rg_hash_eq(&id, &copy->ledger_id));
}

static void *take(void *a, size_t len)
{
    return rg_arena_take(a, len);
}

static void give(void *a, void *pointer)
{
    (void)a;
    (void)pointer;
}

static rg_err decode_tree(const Reigen__Ledger__Genesis *m, const char **why)
{
    const size_t len = reigen__ledger__genesis__get_packed_size(m);
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    assert_int_equal(reigen__ledger__genesis__pack(m, bytes), len);
    const rg_err err = rg_genesis_codec_decode((struct rg_bytes){bytes, len}, copy, why);
    free(bytes);
    return err;
}

static Reigen__Ledger__Genesis *open_tree(void)
{
    static ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = &tree};
    struct rg_hash id;
    struct rg_bytes bytes;
    fill();
    rg_arena_reset(&arena);
    rg_arena_reset(&tree);
    assert_int_equal(rg_genesis_codec_encode(&arena, g, &id, &bytes), RG_OK);
    Reigen__Ledger__Genesis *m = reigen__ledger__genesis__unpack(&allocator, bytes.len, bytes.data);
    assert_non_null(m);
    return m;
}

static void *many(size_t count, void *item)
{
    void **list = rg_arena_take_array(&tree, count, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        list[i] = item;
    }
    return list;
}

#define FORM(change, sentence)                                                                     \
    do {                                                                                           \
        const char *why = NULL;                                                                    \
        Reigen__Ledger__Genesis *m = open_tree();                                                  \
        change;                                                                                    \
        assert_int_equal(decode_tree(m, &why), RG_ERR_INVALID);                                    \
        assert_non_null(strstr(why, sentence));                                                    \
    } while (0)

static void out_of_form(void **state)
{
    static char long_name[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
    static char control[] = "a\x01";
    static uint32_t authorities[RG_AUTHORITIES_MAX + 1];
    static uint8_t large[RG_DEFINITION_MAX + 1];
    (void)state;
    FORM(m->format = 2, "out of form");
    FORM(m->parameters = NULL, "out of form");
    FORM(m->name = long_name, "out of form");
    FORM(m->name = control, "out of form");
    FORM(m->agencies[1]->name = control, "out of form");
    FORM(m->agencies[1]->class_ = 3, "out of form");
    FORM(m->agencies[1]->class_ = 0, "neither Bund nor Land");
    FORM(m->agencies[1]->admin_key.len = 31, "out of form");
    FORM(m->principals[1]->name = long_name, "out of form");
    FORM(m->principals[1]->sign_key.len = 31, "out of form");
    FORM(m->principals[1]->curve_key.len = 0, "out of form");
    FORM(m->definition.len = 0, "definition is missing");
    FORM(m->definition = ((ProtobufCBinaryData){.len = sizeof large, .data = large}),
         "out of form");
    FORM(m->agencies = many(RG_AGENCIES_MAX + 1, m->agencies[0]);
         m->n_agencies = RG_AGENCIES_MAX + 1, "out of form");
    FORM(m->principals = many(RG_PRINCIPALS_MAX + 1, m->principals[0]);
         m->n_principals = RG_PRINCIPALS_MAX + 1, "out of form");
    FORM(m->authorities = authorities; m->n_authorities = RG_AUTHORITIES_MAX + 1, "out of form");
    FORM(m->n_principals = 0, "1 to 1024");
}

/* Bytes that unpack to more than the decoder's memory. */
static void amplified(void **state)
{
    const char *why = NULL;
    Reigen__Ledger__Principal empty;
    (void)state;
    reigen__ledger__principal__init(&empty);
    Reigen__Ledger__Genesis *m = open_tree();
    m->n_principals = 100000;
    m->principals = many(m->n_principals, &empty);
    assert_int_equal(decode_tree(m, &why), RG_ERR_NOMEM);
    assert_non_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),     cmocka_unit_test(names_and_agencies),
        cmocka_unit_test(members),        cmocka_unit_test(finding),
        cmocka_unit_test(there_and_back), cmocka_unit_test(the_largest_fits),
        cmocka_unit_test(out_of_form),    cmocka_unit_test(amplified)};
    g = calloc(1, sizeof *g);
    copy = calloc(1, sizeof *copy);
    if (g == NULL || copy == NULL || rg_sign_start() != RG_OK ||
        rg_arena_init(&arena, 4u << 20) != RG_OK || rg_arena_init(&tree, TREE_BYTES) != RG_OK) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rg_arena_fini(&arena);
    rg_arena_fini(&tree);
    free(g);
    free(copy);
    return failed;
}
