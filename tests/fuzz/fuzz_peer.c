/* What decodes as a PeerMessage encodes to the same bytes again. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "proto/peer_codec.h"
#include "tests/fuzz/fuzz.h"

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena.data == NULL) {
        RG_ASSERT(rg_arena_init(&arena, RG_PEER_CODEC_ARENA) == RG_OK);
    }
    rg_arena_reset(&arena);
    const struct rg_bytes in = {.data = data, .len = size};
    struct rg_peer_message m;
    struct rg_bytes again;
    if (rg_peer_codec_decode(&arena, &ledger, in, &m) == RG_OK &&
        rg_peer_codec_encode(&arena, &ledger, &m, &again) == RG_OK) {
        RG_ASSERT(rg_bytes_eq(in, again));
    }
    return 0;
}
