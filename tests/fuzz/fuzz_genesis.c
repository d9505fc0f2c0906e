/* A genesis that decodes obeys every rule and encodes to the same bytes. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "proto/genesis_codec.h"
#include "tests/fuzz/fuzz.h"

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena.data == NULL) {
        RG_ASSERT(rg_arena_init(&arena, 8 * RG_GENESIS_MAX) == RG_OK);
    }
    rg_arena_reset(&arena);
    const struct rg_bytes in = {.data = data, .len = size};
    static struct rg_genesis g;
    struct rg_bytes again;
    struct rg_hash id;
    const char *why = NULL;
    (void)ledger;
    if (rg_genesis_codec_decode(in, &g, &why) == RG_OK) {
        RG_ASSERT(rg_genesis_codec_encode(&arena, &g, &id, &again) == RG_OK);
        RG_ASSERT(rg_bytes_eq(in, again) && rg_hash_eq(&id, &g.ledger_id));
    } else {
        RG_ASSERT(why != NULL);
    }
    return 0;
}
