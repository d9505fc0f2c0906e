#include "node/cli/history.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"

static int give_case(struct rg_arena *arena, const struct rg_answer_case_events *c,
                     rg_history_fn fn, void *ctx)
{
    char pseudonym[2 * RG_ID_BYTES + 1];
    rg_hex_format(c->pseudonym.b, RG_ID_BYTES, pseudonym);
    struct rg_export_event told = {.case_id = c->file_number.len > 0 ? c->file_number
                                                                     : rg_bytes_str(pseudonym),
                                   .key = {c->pseudonym.b, RG_ID_BYTES}};
    int code = RG_CLI_OK;
    for (uint32_t i = 0; code == RG_CLI_OK && i < c->event_count; i++) {
        struct rg_event event = {0};
        rg_arena_reset(arena);
        if (rg_ledger_codec_decode_event(arena, c->events[i].event, &event) != RG_OK) {
            rg_say_error("the node gave an event that is none; do its version and this program's "
                         "fit?");
            return RG_CLI_INTERNAL;
        }
        told.event_no = c->first + i;
        told.agency = c->events[i].agency;
        told.recorded_ms = (int64_t)c->events[i].recorded_ms;
        told.is_void = c->events[i].standing != RG_STANDING_COUNTS;
        told.event = &event;
        code = fn(ctx, &told);
    }
    return code;
}

int rg_history_try(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                   void *ctx, rg_err *out_err)
{
    struct rg_answer answer = {0};
    struct rg_arena arena = {0};
    uint64_t events = 0;
    int code = RG_CLI_OK;
    *out_err = RG_OK;
    if (rg_arena_init(&arena, RG_CLIENT_CODEC_ARENA) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    do {
        *out_err = rg_session_events(s, place, &answer);
        for (uint32_t i = 0; *out_err == RG_OK && code == RG_CLI_OK && i < answer.case_count; i++) {
            code = give_case(&arena, &answer.cases[i], fn, ctx);
            events += answer.cases[i].event_count;
        }
        if (place->after == 0) {
            rg_say_progress("events", events, place->through);
        }
        *out_err = *out_err == RG_OK && rg_say_stop != 0 ? RG_ERR_CLOSED : *out_err;
    } while (*out_err == RG_OK && code == RG_CLI_OK && place->next_case != 0);
    rg_arena_fini(&arena);
    return code;
}

int rg_history_walk(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                    void *ctx)
{
    rg_err err = RG_OK;
    const int code = rg_history_try(s, place, fn, ctx, &err);
    if (code != RG_CLI_OK || err == RG_OK) {
        return code;
    }
    if (err != RG_ERR_CLOSED) {
        return rg_say_session(s);
    }
    rg_say_error("stopped; not all events were read");
    return RG_CLI_AGAIN;
}
