/* Blocks, submissions, events, bodies and states: nothing is read out of bounds, what decodes stays
 * in its limits. */
#include "base/arena.h"
#include "base/panic.h"
#include "ledger/state.h"
#include "proto/ledger_codec.h"
#include "tests/fuzz/fuzz.h"

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena.data == NULL) {
        RG_ASSERT(rg_arena_init(&arena, RG_LEDGER_CODEC_BLOCK_ARENA) == RG_OK);
    }
    rg_arena_reset(&arena);
    const struct rg_bytes in = {.data = data, .len = size};
    struct rg_block b;
    struct rg_submission s;
    struct rg_event e;
    struct rg_case_body body;
    static struct rg_state state;
    (void)ledger;
    if (rg_ledger_codec_decode_block(&arena, in, &b) == RG_OK) {
        RG_ASSERT(b.header.submission_count <= RG_BLOCK_SUBMISSIONS_MAX);
    }
    rg_arena_reset(&arena);
    if (rg_ledger_codec_decode_submission(&arena, in, &s) == RG_OK) {
        RG_ASSERT(s.entry_count <= RG_SUBMISSION_ENTRIES_MAX);
    }
    rg_arena_reset(&arena);
    if (rg_ledger_codec_decode_event(&arena, in, &e) == RG_OK) {
        RG_ASSERT(e.field_count <= RG_FIELDS_MAX && e.step.len > 0);
    }
    rg_arena_reset(&arena);
    if (rg_ledger_codec_decode_body(&arena, in, &body) == RG_OK) {
        RG_ASSERT(body.index < body.count && body.path_count <= RG_CASE_PATH_MAX);
    }
    if (rg_state_decode(in, &state) == RG_OK) {
        RG_ASSERT(state.history.count == state.height);
    }
    return 0;
}
