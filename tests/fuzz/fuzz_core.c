/* A node's core: journal records at its start, then messages and time. The input is a list of
 * operations: u8 what, u8 detail, u16 length, bytes. Authority 1 is this node, authority 4 lies:
 * every signature in its name counts as good, those of the others never do. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "consensus/vote.h"
#include "ledger/genesis.h"
#include "node/core/core.h"
#include "node/core/record.h"
#include "proto/peer_codec.h"
#include "tests/fuzz/fuzz.h"

#define NODES 4u
#define LIAR 3u
#define OPERATIONS_MAX 64

static struct rg_genesis genesis;
static struct rg_arena arena;

struct run {
    struct rg_core *core;
    struct rg_core_time now;
    uint64_t final;
};

static void sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    (void)ctx;
    memcpy(out->b, digest->b, RG_HASH_BYTES);
    memset(out->b + RG_HASH_BYTES, 0xa5, RG_SIG_BYTES - RG_HASH_BYTES);
}

static bool verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                   const struct rg_sig *sig)
{
    struct rg_sig own;
    (void)ctx;
    sign(NULL, digest, &own);
    return key->b[0] == LIAR + 1 || (key->b[0] == 1 && memcmp(&own, sig, sizeof own) == 0);
}

static void start(void)
{
    genesis.time_ms = UINT64_C(1700000000000);
    rg_genesis_default_parameters(&genesis.parameters);
    genesis.agency_count = NODES;
    genesis.principal_count = NODES;
    genesis.authority_count = NODES;
    genesis.ledger_id = (struct rg_hash){{7, 7, 7}};
    for (uint32_t i = 0; i < NODES; i++) {
        genesis.principal[i].agency = i;
        genesis.principal[i].roles = RG_ROLE_NODE;
        genesis.principal[i].sign_key.b[0] = (uint8_t)(i + 1);
        genesis.principal[i].curve_key.b[0] = (uint8_t)(i + 1);
        genesis.authority[i] = i;
    }
    RG_ASSERT(rg_arena_init(&arena, RG_PEER_CODEC_ARENA) == RG_OK);
}

/* Look at all that comes out; a sanitizer looks with us. */
static void look(struct run *r, struct rg_core_actions actions)
{
    static volatile uint8_t sink;
    uint8_t sum = 0;
    for (size_t i = 0; i < actions.count; i++) {
        const struct rg_core_action *a = &actions.list[i];
        RG_ASSERT(a->kind > RG_CORE_NONE && a->kind <= RG_CORE_HALT);
        RG_ASSERT(a->kind != RG_CORE_HALT);
        for (size_t k = 0; k < a->bytes.len; k++) {
            sum ^= a->bytes.data[k];
        }
        if (a->kind == RG_CORE_FINAL) {
            RG_ASSERT(a->block->height == r->final + 1);
            r->final = a->block->height;
        }
    }
    sink = sum;
    (void)sink;
}

/* Before the start: records of the journal. False: the journal is refused. */
static bool recover(struct run *r, struct rg_reader *in)
{
    const struct rg_core_tip tip = {.hash = genesis.ledger_id};
    RG_ASSERT(rg_core_recover_tip(r->core, &tip) == RG_OK);
    uint8_t count = rg_bytes_get_u8(in) % 4;
    for (; count > 0 && rg_bytes_left(in) > 0; count--) {
        const uint8_t type = rg_bytes_get_u8(in);
        const struct rg_bytes b = rg_bytes_get_range(in, rg_bytes_get_u16(in));
        if (in->failed || rg_core_recover_record(r->core, type, b) != RG_OK) {
            return false;
        }
    }
    return true;
}

/* The bytes inside a message that this ledger's nodes would read. */
static void message(struct run *r, enum rg_peer_kind kind, uint8_t detail, struct rg_bytes b)
{
    struct rg_peer_message m = {.kind = kind, .bytes = b};
    struct rg_bytes out;
    if (kind == RG_PEER_PROPOSE) {
        const size_t head = b.len < RG_VOTE_BYTES ? b.len : RG_VOTE_BYTES;
        m.bytes.len = head;
        m.block = (struct rg_bytes){b.data + head, b.len - head};
    }
    rg_arena_reset(&arena);
    if (rg_peer_codec_encode(&arena, &genesis.ledger_id, &m, &out) == RG_OK) {
        look(r, rg_core_on_message(r->core, (uint16_t)(1 + detail % (NODES - 1)), detail % 2 == 0,
                                   out, r->now));
    }
}

static void operation(struct run *r, struct rg_reader *in)
{
    static const enum rg_peer_kind kinds[] = {RG_PEER_VOTE, RG_PEER_CERT, RG_PEER_SUBMISSION,
                                              RG_PEER_BLOCK, RG_PEER_PROPOSE};
    const uint8_t what = rg_bytes_get_u8(in) % 8;
    const uint8_t detail = rg_bytes_get_u8(in);
    const struct rg_bytes b = rg_bytes_get_range(in, rg_bytes_get_u16(in));
    if (in->failed || (b.len == 0 && what <= 5)) {
        return;
    }
    if (what == 0) {
        look(r, rg_core_on_message(r->core, (uint16_t)(1 + detail % (NODES - 1)), detail % 2 == 0,
                                   b, r->now));
    } else if (what <= 5) {
        message(r, kinds[what - 1], detail, b);
    } else if (what == 6) {
        r->now.mono_ms += (uint64_t)detail * 100;
        r->now.wall_ms += (uint64_t)detail * 100;
        look(r, rg_core_on_tick(r->core, r->now));
    } else {
        const struct rg_core_submit s = {.entries = &b, .count = 1, .token = detail};
        look(r, b.len > 0 && b.len <= RG_ENTRY_MAX ? rg_core_on_submit(r->core, &s, r->now)
                                                   : (struct rg_core_actions){0});
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rg_core_config config = {
        .genesis = &genesis, .sign = sign, .verify = verify, .journal_bytes = 1u << 20};
    struct rg_reader in = rg_bytes_reader((struct rg_bytes){data, size});
    if (arena.data == NULL) {
        start();
    }
    struct run r = {.now = {.mono_ms = 1000, .wall_ms = genesis.time_ms + 1000}};
    RG_ASSERT(rg_core_new(&config, &r.core) == RG_OK);
    if (recover(&r, &in)) {
        look(&r, rg_core_start(r.core, true, r.now));
        for (int i = 0; i < OPERATIONS_MAX && rg_bytes_left(&in) > 0; i++) {
            operation(&r, &in);
        }
        RG_ASSERT(r.final == 0); /* two of four cannot finalize */
    }
    rg_core_destroy(&r.core);
    return 0;
}
