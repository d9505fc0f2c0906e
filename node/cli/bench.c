#include "node/cli/bench.h"
#include "base/bytes.h"
#include "crypto/rand.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ARENA (16u * 1024 * 1024)
#define LATENCIES_MAX (4u * 1024 * 1024)

/* What a client's thread works with. */
struct work {
    struct rg_bench_client *me;
    struct rg_session *session;
    struct rg_pipeline *pipe;
    struct rg_arena arena;
    uint64_t next; /* event of this client */
    uint32_t salt;
    int64_t sent_us[RG_PIPELINE_WINDOW_MAX]; /* when each request under way was handed in */
    uint64_t first;                          /* requests answered, requests sent */
    uint64_t last;
    struct rg_bytes events[RG_PIPELINE_EVENTS_MAX];
    struct rg_bytes cases[RG_PIPELINE_EVENTS_MAX];
};

static int64_t now_us(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void add_step(struct rg_bench_plan *p, const char *id)
{
    if (p->step_count < RG_BENCH_STEPS_MAX) {
        (void)snprintf(p->steps[p->step_count++], RG_NAME_MAX + 1, "%s", id);
    }
}

rg_err rg_bench_choose(struct rg_bytes yaml, const char *agency, struct rg_bench_plan *out)
{
    static const char *const wanted[RG_BENCH_STEPS_MAX] = {
        "Confirmation of receipt",
        "T02 Check confirmation of receipt",
        "T04 Determine confirmation of receipt",
        "T05 Print and send confirmation of receipt",
        "T06 Determine necessity of stop advice",
        "T10 Determine necessity to stop indication",
    };
    static const char *const fields[RG_BENCH_FIELDS_MAX] = {"resource", "group"};
    char text[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    const rg_err err = rg_definition_parse("definition", yaml, &def, text);
    if (err != RG_OK) {
        return err;
    }
    const struct rg_bytes who = rg_bytes_str(agency);
    for (size_t i = 0; i < RG_BENCH_STEPS_MAX; i++) {
        if (rg_definition_may_write(def, rg_bytes_str(wanted[i]), who)) {
            add_step(out, wanted[i]);
        }
    }
    for (size_t i = 0; out->step_count == 0 && i < def->step_count; i++) {
        if (rg_definition_may_write(def, rg_bytes_str(def->steps[i].id), who)) {
            add_step(out, def->steps[i].id);
            i = out->step_count == RG_BENCH_STEPS_MAX ? def->step_count : i;
        }
    }
    for (size_t i = 0; i < RG_BENCH_FIELDS_MAX; i++) {
        if (rg_definition_has_field(def, rg_bytes_str(fields[i]))) {
            out->fields[out->field_count++] = fields[i];
        }
    }
    rg_definition_destroy(&def);
    return out->step_count > 0 ? RG_OK : RG_ERR_INVALID;
}

static void keep_latency(struct rg_bench_client *c, int64_t us)
{
    if (c->latency_count == c->latency_cap) {
        const size_t cap = c->latency_cap == 0 ? 4096 : c->latency_cap * 2;
        uint32_t *more =
            cap > LATENCIES_MAX ? NULL : realloc(c->latencies, cap * sizeof *c->latencies);
        if (more == NULL) {
            return;
        }
        c->latencies = more;
        c->latency_cap = cap;
    }
    c->latencies[c->latency_count++] = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* Note the requests answered since the last look. All have the same size. */
static void note_answers(struct work *w)
{
    const uint64_t answered = rg_pipeline_totals(w->pipe)->answered / w->me->plan->batch;
    const int64_t now = now_us();
    while (w->first < answered && w->first < w->last) {
        keep_latency(w->me, now - w->sent_us[w->first % RG_PIPELINE_WINDOW_MAX]);
        w->first++;
    }
}

static rg_err make_event(struct work *w, uint32_t i, int64_t wall_ms)
{
    const struct rg_bench_plan *plan = w->me->plan;
    char number[64];
    char value[48];
    struct rg_event e = {.occurred_ms = wall_ms};
    const uint64_t case_no = w->next / RG_BENCH_STEPS_MAX;
    e.step = rg_bytes_str(plan->steps[w->next % plan->step_count]);
    (void)snprintf(number, sizeof number, "B%08x-%u-%llu", w->salt, w->me->number,
                   (unsigned long long)case_no);
    (void)snprintf(value, sizeof value, "desk %llu of the bench",
                   (unsigned long long)(w->next % 97));
    for (size_t f = 0; f < plan->field_count; f++) {
        e.fields[f] = (struct rg_event_field){rg_bytes_str(plan->fields[f]), rg_bytes_str(value)};
        e.field_count++;
    }
    w->next++;
    w->cases[i] = rg_arena_copy(&w->arena, rg_bytes_str(number));
    return rg_ledger_codec_encode_event(&w->arena, &e, &w->events[i]);
}

static rg_err send_batch(struct work *w)
{
    const struct rg_bench_plan *plan = w->me->plan;
    struct timespec wall = {0};
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    const int64_t wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    rg_arena_reset(&w->arena);
    for (uint32_t i = 0; i < plan->batch; i++) {
        const rg_err err = make_event(w, i, wall_ms);
        if (err != RG_OK) {
            return err;
        }
    }
    const struct rg_pipeline_batch batch = {w->events, w->cases, plan->batch, NULL};
    /* Wait for room first, so that a latency does not count the time before the request left. */
    while (w->last - w->first >= plan->window) {
        const rg_err err = rg_pipeline_pump(w->pipe, 1000);
        note_answers(w);
        if (err != RG_OK) {
            return err;
        }
    }
    w->sent_us[w->last % RG_PIPELINE_WINDOW_MAX] = now_us();
    w->last++;
    const rg_err err = rg_pipeline_push(w->pipe, &batch);
    note_answers(w);
    return err;
}

static rg_err work(struct work *w)
{
    rg_err err = RG_OK;
    while (err == RG_OK && rg_line_now() < w->me->plan->until) {
        err = send_batch(w);
    }
    while (err == RG_OK && w->first < w->last) {
        err = rg_pipeline_pump(w->pipe, 1000);
        note_answers(w);
    }
    return err;
}

void *rg_bench_run(void *arg)
{
    struct rg_bench_client *me = arg;
    struct work *w = calloc(1, sizeof *w);
    struct rg_pipeline_config config = {
        .window = me->plan->window, .wait = true, .stop = &rg_say_stop};
    me->code = RG_CLI_INTERNAL;
    if (w == NULL) {
        return NULL;
    }
    w->me = me;
    rg_rand(config.stream.b, RG_ID_BYTES);
    rg_rand((uint8_t *)&w->salt, sizeof w->salt);
    if (rg_arena_init(&w->arena, ARENA) == RG_OK &&
        rg_profile_session(me->profile, &w->session) == RG_CLI_OK &&
        rg_pipeline_new(w->session, &config, &w->pipe) == RG_OK) {
        const rg_err err = work(w);
        me->code = err == RG_OK ? RG_CLI_OK : (int)rg_session_code(w->session);
        (void)snprintf(me->why, sizeof me->why, "%.250s",
                       err == RG_OK ? "" : rg_session_why(w->session));
        me->events = rg_pipeline_totals(w->pipe)->answered;
        me->last_height = rg_pipeline_totals(w->pipe)->last_height;
    }
    rg_pipeline_destroy(&w->pipe);
    rg_session_close(&w->session);
    rg_arena_fini(&w->arena);
    free(w);
    return NULL;
}
