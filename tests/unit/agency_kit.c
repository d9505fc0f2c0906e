#include "agency_world.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "ledger/state.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct rg_bytes world_keep(struct rg_bytes b)
{
    uint8_t *p = malloc(b.len + 1);
    assert_non_null(p);
    if (b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    return (struct rg_bytes){p, b.len};
}

struct rg_sign *world_admin(uint32_t agency)
{
    struct rg_sign *key = NULL;
    const uint8_t seed[32] = {(uint8_t)(100 + agency)};
    assert_int_equal(rg_sign_from_seed(seed, &key), RG_OK);
    return key;
}

void world_genesis(struct rg_genesis *g, uint32_t nodes, const char *yaml,
                   struct rg_sign **node_key, struct rg_sign **member_key)
{
    static const char *const agencies[] = {"BAMF", "LDS-SN", "AG3", "AG4"};
    memset(g, 0, sizeof *g);
    (void)snprintf(g->name, sizeof g->name, "test");
    memset(g->ledger_id.b, 7, sizeof g->ledger_id.b);
    g->time_ms = WORLD_START_MS;
    rg_genesis_default_parameters(&g->parameters);
    g->agency_count = nodes;
    g->principal_count = 2 * nodes;
    g->authority_count = nodes;
    for (uint32_t i = 0; i < 2 * nodes; i++) {
        uint8_t seed[32] = {0};
        struct rg_principal *p = &g->principal[i];
        struct rg_sign **key = i < nodes ? &node_key[i] : &member_key[i - nodes];
        seed[0] = (uint8_t)(i + 1);
        assert_int_equal(rg_sign_from_seed(seed, key), RG_OK);
        (void)snprintf(p->name, sizeof p->name, "%s%u", i < nodes ? "node" : "member",
                       i % nodes + 1);
        p->agency = i % nodes;
        p->roles = i < nodes
                       ? RG_ROLE_NODE
                       : RG_ROLE_CASE_SYSTEM | RG_ROLE_MONITOR | RG_ROLE_OPERATOR | RG_ROLE_OFFICER;
        p->sign_key = *rg_sign_pubkey(*key);
        p->curve_key = *rg_sign_curve_pubkey(*key);
    }
    for (uint32_t i = 0; i < nodes; i++) {
        struct rg_genesis_agency *a = &g->agency[i];
        (void)snprintf(a->name, sizeof a->name, "%s", agencies[i]);
        a->class = RG_AGENCY_LAND;
        struct rg_sign *admin = world_admin(i);
        a->admin_key = *rg_sign_pubkey(admin);
        rg_sign_destroy(&admin);
        g->authority[i] = i;
    }
    g->definition_len = (uint32_t)strlen(yaml);
    memcpy(g->definition, yaml, g->definition_len);
}

void world_request(const struct world_event *events, uint32_t count, struct rg_arena *arena,
                   struct rg_request *out)
{
    out->kind = RG_REQUEST_SUBMIT;
    out->count = count;
    out->events = rg_arena_take_array(arena, count, sizeof *out->events);
    out->cases = rg_arena_take_array(arena, count, sizeof *out->cases);
    assert_true(out->events != NULL && out->cases != NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct rg_event e = {.step = rg_bytes_str(events[i].step),
                             .occurred_ms = events[i].occurred_ms};
        out->cases[i] = rg_bytes_str(events[i].file);
        assert_int_equal(rg_ledger_codec_encode_event(arena, &e, &out->events[i]), RG_OK);
    }
}

void world_sign(const struct rg_genesis *g, const struct rg_sign *key, uint32_t member,
                struct rg_request *r)
{
    struct rg_merkle tree;
    struct rg_hash root;
    struct rg_hash digest;
    rg_merkle_init(&tree);
    for (uint32_t i = 0; i < r->count; i++) {
        struct rg_hash leaf;
        rg_merkle_leaf(r->events[i], &leaf);
        rg_merkle_add(&tree, &leaf);
    }
    rg_merkle_root(&tree, &root);
    rg_ledger_codec_request_digest(&g->ledger_id, member, &r->stream, r->first, r->count, &root,
                                   &digest);
    rg_sign(key, &digest, &r->signature);
}

void world_submission(const struct rg_genesis *g, const struct rg_sign *key, uint32_t signer,
                      struct rg_bytes entries, uint32_t entry_count, struct world_parcel *out)
{
    struct rg_arena arena;
    struct rg_bytes list[RG_SUBMISSION_ENTRIES_MAX];
    struct rg_submission s = {.signer = signer, .sequence = out->sequence, .ledger = g->ledger_id};
    struct rg_bytes head;
    struct rg_bytes bytes;
    struct rg_hash digest;
    struct rg_submission decoded;
    assert_int_equal(rg_arena_init(&arena, 4 * RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    struct rg_reader r = rg_bytes_reader(entries);
    for (uint32_t i = 0; i < entry_count; i++) {
        list[i] = rg_bytes_get_sized(&r, RG_BALLOT_MAX);
    }
    assert_true(rg_bytes_done(&r));
    s.entry_count = entry_count;
    s.expires_ms = UINT64_MAX / 2;
    rg_submission_root(list, entry_count, &s.entries_root);
    assert_int_equal(rg_ledger_codec_encode_head(&arena, &s, &head, &digest), RG_OK);
    rg_sign(key, &digest, &s.signature);
    assert_int_equal(
        rg_ledger_codec_encode_submission(&arena, head, &s.signature, list, entry_count, &bytes),
        RG_OK);
    assert_int_equal(rg_ledger_codec_decode_submission(&arena, bytes, &decoded), RG_OK);
    out->bytes = world_keep(bytes);
    out->hash = decoded.hash;
    out->entry_count = entry_count;
    rg_arena_fini(&arena);
}

void world_append(struct rg_chain *chain, const struct rg_genesis *g,
                  const struct world_block_of *b)
{
    struct rg_arena arena;
    struct rg_bytes list[RG_BLOCK_SUBMISSIONS_MAX];
    uint8_t result[RG_BLOCK_SUBMISSIONS_MAX];
    struct rg_hash hash;
    struct rg_bytes bytes;
    static struct rg_state state; /* who governs is looked at when the agency starts */
    static uint8_t state_bytes[RG_STATE_BYTES_MAX];
    const struct rg_header h = {.ledger = g->ledger_id,
                                .height = b->height,
                                .view = b->height,
                                .time_ms = b->time_ms,
                                .submission_count = (uint32_t)b->count};
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_BLOCK_ARENA), RG_OK);
    for (size_t i = 0; i < b->count; i++) {
        list[i] = b->parcels[i].bytes;
        result[i] = b->verdict;
    }
    assert_int_equal(rg_ledger_codec_encode_block(&arena, &h, list, &hash, &bytes), RG_OK);
    const struct rg_chain_block stored = {.height = b->height,
                                          .time_ms = (int64_t)b->time_ms,
                                          .hash = hash,
                                          .bytes = bytes,
                                          .result = {result, b->count}};
    rg_state_init(&state, g);
    const struct rg_bytes in_state = {state_bytes, rg_state_encode(&state, state_bytes)};
    assert_int_equal(rg_chain_append(chain, &stored, 1, in_state), RG_OK);
    rg_arena_fini(&arena);
}

void world_remove(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e = NULL;
    while (d != NULL && (e = readdir(d)) != NULL) {
        char path[600];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_type == DT_DIR) {
            char *inner = strdup(path);
            DIR *sub = opendir(inner);
            const struct dirent *f = NULL;
            while (sub != NULL && (f = readdir(sub)) != NULL) {
                (void)snprintf(path, sizeof path, "%s/%s", inner, f->d_name);
                (void)unlink(path);
            }
            if (sub != NULL) {
                (void)closedir(sub);
            }
            (void)rmdir(inner);
            free(inner);
        } else {
            (void)unlink(path);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    (void)rmdir(dir);
}

static bool file_holds(const char *path, const char *text)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    const size_t want = strlen(text);
    size_t cap = 1u << 20;
    size_t kept = 0;
    bool found = false;
    char *buffer = malloc(cap + want);
    assert_non_null(buffer);
    for (;;) {
        const size_t got = fread(buffer + kept, 1, cap, f);
        if (got == 0) {
            break;
        }
        found = found || memmem(buffer, kept + got, text, want) != NULL;
        const size_t all = kept + got;
        kept = all < want ? all : want;
        memmove(buffer, buffer + all - kept, kept);
    }
    free(buffer);
    (void)fclose(f);
    return found;
}

bool world_files_hold(const char *dir, const char *text)
{
    DIR *d = opendir(dir);
    const struct dirent *e = NULL;
    bool found = false;
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        found = found || file_holds(path, text);
    }
    (void)closedir(d);
    return found;
}
