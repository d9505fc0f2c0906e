#include "node/cli/history.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include <time.h>

#define SETTLE_MS 10000

int rg_history_settle(struct rg_session *s)
{
    const int64_t end = rg_line_now() + SETTLE_MS;
    uint64_t height = 0;
    for (;;) {
        struct rg_answer a = {0};
        if (rg_session_status(s, &a) != RG_OK) {
            return rg_say_session(s);
        }
        height = height == 0 ? a.status.height : height;
        if (a.status.rules_height >= height) {
            return RG_CLI_OK;
        }
        if (rg_line_now() > end || rg_say_stop != 0) {
            rg_say_note("note: the node has judged up to height %llu of %llu; what is later may be "
                        "missing, try again when it has",
                        (unsigned long long)a.status.rules_height, (unsigned long long)height);
            return RG_CLI_OK;
        }
        const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
        (void)nanosleep(&pause, NULL);
    }
}

static int give_case(struct rg_arena *arena, const struct rg_answer_case_events *c,
                     rg_history_fn fn, void *ctx)
{
    char pseudonym[2 * RG_ID_BYTES + 1];
    rg_hex_format(c->pseudonym.b, RG_ID_BYTES, pseudonym);
    struct rg_export_event told = {.case_id = c->file_number.len > 0 ? c->file_number
                                                                     : rg_bytes_str(pseudonym)};
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

int rg_history_walk(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                    void *ctx)
{
    struct rg_answer answer = {0};
    struct rg_arena arena = {0};
    uint64_t events = 0;
    int code = RG_CLI_OK;
    if (rg_arena_init(&arena, RG_CLIENT_CODEC_ARENA) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    do {
        if (rg_session_events(s, place, &answer) != RG_OK) {
            code = rg_say_session(s);
            break;
        }
        for (uint32_t i = 0; code == RG_CLI_OK && i < answer.case_count; i++) {
            code = give_case(&arena, &answer.cases[i], fn, ctx);
            events += answer.cases[i].event_count;
        }
        rg_say_progress("events", events, place->through);
        if (code == RG_CLI_OK && rg_say_stop != 0) {
            rg_say_error("stopped; not all events were read");
            code = RG_CLI_AGAIN;
        }
    } while (code == RG_CLI_OK && place->next_case != 0);
    rg_arena_fini(&arena);
    return code;
}
