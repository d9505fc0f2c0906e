#include "node/cli/cli.h"
#include "node/cli/import.h"
#include "node/cli/say.h"
#include <stdio.h>
#include <stdlib.h>

#define WINDOW 8
#define ARENA (16u * 1024 * 1024) /* touched only as far as used */
#define ROW_BYTES 48              /* room for what encoding adds to an event */

/* A request under construction. */
struct filling {
    struct rg_arena arena;
    uint32_t count;
    size_t bytes;
    struct rg_bytes events[RG_PIPELINE_EVENTS_MAX];
    struct rg_bytes cases[RG_PIPELINE_EVENTS_MAX];
};

struct sending {
    struct rg_import *im;
    struct rg_session *session;
    struct rg_pipeline *pipe;
    int64_t start;
    struct filling filling;
};

/* Wait until the rate allows the events handed in so far. */
static rg_err keep_rate(struct sending *w)
{
    const uint64_t rate = w->im->rate;
    rg_err err = RG_OK;
    while (rate > 0 && err == RG_OK) {
        const uint64_t sent = rg_pipeline_totals(w->pipe)->sent;
        const int64_t due = w->start + (int64_t)(sent * 1000 / rate);
        const int64_t left = due - rg_line_now();
        if (left <= 0) {
            break;
        }
        err = rg_pipeline_pump(w->pipe, left);
    }
    return err;
}

static rg_err flush(struct sending *w)
{
    struct filling *f = &w->filling;
    if (f->count == 0) {
        return RG_OK;
    }
    const struct rg_pipeline_batch batch = {f->events, f->cases, f->count, NULL};
    rg_err err = rg_pipeline_push(w->pipe, &batch);
    f->count = 0;
    f->bytes = 0;
    rg_arena_reset(&f->arena);
    rg_say_progress("events", rg_pipeline_totals(w->pipe)->answered, w->im->events);
    if (err == RG_OK) {
        err = keep_rate(w);
    }
    return err;
}

static rg_err add(struct sending *w, const struct rg_eventlog_row *row)
{
    struct filling *f = &w->filling;
    struct rg_bytes event = {NULL, 0};
    rg_err err = rg_ledger_codec_encode_event(&f->arena, &row->event, &event);
    if (err != RG_OK) {
        return err;
    }
    f->events[f->count] = event;
    f->cases[f->count] = rg_arena_copy(&f->arena, row->file_number);
    if (f->cases[f->count].len != row->file_number.len) {
        return RG_ERR_NOMEM;
    }
    f->bytes += event.len + row->file_number.len + ROW_BYTES;
    f->count++;
    /* The next row is at most an event of the largest size. */
    if (f->count == w->im->batch || f->bytes + 8 * 1024 > RG_PIPELINE_BYTES_MAX) {
        err = flush(w);
    }
    return err;
}

/* An error of the pipeline or of the codec, said. */
static int say_failed(const struct sending *w, rg_err err)
{
    if (rg_session_code(w->session) != 0) {
        return rg_say_session(w->session);
    }
    rg_say_error("%s: a row cannot be encoded: %s", w->im->path, rg_err_text(err));
    return RG_CLI_INTERNAL;
}

/* The second pass found the file wrong; @sent rows of what the first one judged are under way. */
static int changed(const struct sending *w, rg_err err, uint64_t sent)
{
    if (err == RG_ERR_NOMEM || err == RG_ERR_IO) {
        rg_say_error("%s: %s; run the import again", w->im->path, w->im->log.why);
        return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : RG_CLI_DISK;
    }
    rg_say_error("%s: the file was changed or exchanged during the import: %s; of its former "
                 "content %llu of %llu events were sent, of its present content none; leave the "
                 "file alone and run the import again",
                 w->im->path, w->im->log.why, (unsigned long long)sent,
                 (unsigned long long)w->im->events);
    return RG_CLI_INPUT;
}

static int send_rows(struct sending *w, struct rg_logfile *file)
{
    static struct rg_eventlog_row row;
    uint64_t rows = 0;
    rg_err err = RG_OK;
    while ((err = rg_logfile_next(file, &row)) == RG_OK) {
        rows++;
        const rg_err sent = add(w, &row);
        if (sent != RG_OK) {
            return say_failed(w, sent);
        }
    }
    const rg_err end = err;
    err = flush(w);
    while (err == RG_OK &&
           rg_pipeline_totals(w->pipe)->answered < rg_pipeline_totals(w->pipe)->sent) {
        err = rg_pipeline_pump(w->pipe, 200);
        rg_say_progress("events", rg_pipeline_totals(w->pipe)->answered, w->im->events);
    }
    if (err != RG_OK) {
        return say_failed(w, err);
    }
    return end == RG_ERR_CLOSED ? RG_CLI_OK : changed(w, end, rows);
}

int rg_import_send(struct rg_import *im, struct rg_session *s, struct rg_pipeline_totals *out)
{
    static struct sending w;
    struct rg_logfile *file = NULL;
    const struct rg_pipeline_config config = {
        .stream = im->stream, .window = WINDOW, .wait = im->wait, .stop = &rg_say_stop};
    int code = RG_CLI_INTERNAL;
    w = (struct sending){.im = im, .session = s, .start = rg_line_now()};
    const rg_err err = rg_logfile_open(im->path, im->format, &im->sums, &im->log, &file);
    if (err != RG_OK) {
        return changed(&w, err, 0);
    }
    if (rg_arena_init(&w.filling.arena, ARENA) == RG_OK &&
        rg_pipeline_new(s, &config, &w.pipe) == RG_OK) {
        code = send_rows(&w, file);
        *out = *rg_pipeline_totals(w.pipe);
    } else {
        rg_say_error("out of memory");
    }
    rg_say_progress_end();
    rg_pipeline_destroy(&w.pipe);
    rg_arena_fini(&w.filling.arena);
    rg_logfile_close(&file);
    return code;
}
