/* A case entry as a reader of the case opens it. Even first byte: the sealed bytes are the input's.
 * Odd: whoever has the case key sealed the input, so that the plain text is what is judged. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "node/agency/casebook.h"
#include "tests/fuzz/fuzz.h"

#define PLAIN_MAX 8192u
#define AD_BYTES (RG_HASH_BYTES + RG_ID_BYTES + 4 + 8 + 4)

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_casebook_keys keys;
static struct rg_casebook_verifier verifier;
static struct rg_genesis genesis;
static struct rg_arena arena;

static void start(void)
{
    RG_ASSERT(rg_sign_start() == RG_OK && rg_arena_init(&arena, 256u * 1024) == RG_OK);
    memset(keys.seal, 3, sizeof keys.seal);
    genesis.ledger_id = ledger;
    genesis.agency_count = 2;
    genesis.principal_count = 2;
    genesis.principal[1].roles = RG_ROLE_CASE_SYSTEM;
}

/* As in docs/case-entries.md: what the seal binds of the clear part. */
static void seal(struct rg_entry *e, const uint8_t *data, size_t size)
{
    static uint8_t plain[PLAIN_MAX];
    static uint8_t sealed[PLAIN_MAX + RG_SEAL_EXTRA];
    uint8_t ad[AD_BYTES];
    struct rg_writer w = rg_bytes_writer(ad, sizeof ad);
    const size_t len = (size + 63) / 64 * 64;
    rg_bytes_put(&w, ledger.b, RG_HASH_BYTES);
    rg_bytes_put(&w, e->tag.b, RG_ID_BYTES);
    rg_bytes_put_u32(&w, 0);
    rg_bytes_put_u64(&w, e->readers);
    rg_bytes_put_u32(&w, e->schema);
    RG_ASSERT(!w.failed && w.len == sizeof ad);
    memset(plain, 0, sizeof plain);
    memcpy(plain, data, size);
    rg_seal(keys.seal, (struct rg_bytes){ad, sizeof ad}, (struct rg_bytes){plain, len}, sealed);
    e->sealed = (struct rg_bytes){sealed, len + RG_SEAL_EXTRA};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rg_entry e = {.kind = RG_ENTRY_CASE, .readers = 3, .schema = RG_SCHEMA_CASE};
    struct rg_case_body body;
    struct rg_event event;
    if (arena.data == NULL) {
        start();
    }
    if (size < 2 || size - 1 > PLAIN_MAX) {
        return 0;
    }
    if (data[0] % 2 == 0) {
        e.sealed = (struct rg_bytes){data + 1, size - 1};
    } else {
        seal(&e, data + 1, size - 1);
    }
    rg_arena_reset(&arena);
    const rg_err err = rg_casebook_open(&arena, &keys, &ledger, 0, &e, &body);
    RG_ASSERT(data[0] % 2 == 1 ? err != RG_ERR_SIGNATURE : err != RG_OK);
    if (err == RG_OK) {
        RG_ASSERT(body.index < body.count && body.path_count <= RG_CASE_PATH_MAX);
        rg_casebook_verifier_init(&verifier, &genesis);
        /* Nobody can sign for the member: its key is no point of the curve. */
        RG_ASSERT(rg_casebook_verify(&verifier, &arena, 0, &body, &event) != RG_OK);
    }
    return 0;
}
