/* What decodes as a Request encodes to the same bytes again. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "proto/client_codec.h"
#include "tests/fuzz/fuzz.h"

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena.data == NULL) {
        RG_ASSERT(rg_arena_init(&arena, RG_CLIENT_CODEC_ARENA) == RG_OK);
    }
    rg_arena_reset(&arena);
    const struct rg_bytes in = {.data = data, .len = size};
    struct rg_request r;
    struct rg_bytes again;
    if (rg_client_codec_decode_request(&arena, &ledger, in, &r) == RG_OK &&
        rg_client_codec_encode_request(&arena, &ledger, &r, &again) == RG_OK) {
        RG_ASSERT(rg_bytes_eq(in, again));
    }
    return 0;
}
