/* The feed of a lab: the functions of node/agency/feed.h over arrays. */
#include "monitor_lab.h"

#include "base/bytes.h"

struct rg_id lab_pseudonym(uint64_t case_no)
{
    struct rg_id id = {{0xab}};
    id.b[14] = (uint8_t)(case_no >> 8);
    id.b[15] = (uint8_t)case_no;
    return id;
}

static void rest_key(uint64_t case_no, uint8_t out[static 32])
{
    memset(out, 0x42, 32);
    memcpy(out, &case_no, sizeof case_no);
}

/* The event that counts in place of event @no by what entries up to @as_of say. */
static const struct lab_event *in_force(const struct rg_feed *f, uint64_t no, uint64_t as_of,
                                        bool *cancelled)
{
    const struct lab_event *e = &f->events[no - 1];
    *cancelled = false;
    for (uint64_t i = no + 1; i <= as_of && i <= f->shown; i++) {
        const struct lab_event *by = &f->events[i - 1];
        if (by->about != RG_ABOUT_NONE && by->target == (uint64_t)(e - f->events) + 1) {
            *cancelled = by->about == RG_ABOUT_CANCEL;
            e = *cancelled ? e : by;
        }
    }
    return e;
}

static uint64_t readers_of(const struct rg_feed *f, uint64_t case_no)
{
    return f->readers[case_no] != 0 ? f->readers[case_no] : UINT64_MAX;
}

static rg_err tell(struct rg_feed *f, uint64_t no, uint64_t as_of, rg_feed_fn fn, void *ctx)
{
    const struct lab_event *e = &f->events[no - 1];
    bool cancelled = false;
    const bool about = e->about != RG_ABOUT_NONE;
    const struct lab_event *now = about ? e : in_force(f, no, as_of, &cancelled);
    struct rg_event ev = {
        .step = rg_bytes_str(now->step),
        .occurred_ms = now->occurred_ms,
        .field_count = now->field_count,
        .about = {.kind = now->about, .alert = now->alert, .reason = rg_bytes_str(now->note)}};
    uint8_t key[32];
    for (uint32_t i = 0; i < now->field_count; i++) {
        ev.fields[i].name = rg_bytes_str(now->name[i]);
        ev.fields[i].value = rg_bytes_str(now->value[i]);
    }
    rest_key(e->case_no, key);
    const struct rg_feed_event out = {.feed_no = no,
                                      .case_no = e->case_no,
                                      .event_no = e->event_no,
                                      .pseudonym = lab_pseudonym(e->case_no),
                                      .height = now->height,
                                      .entry = (uint32_t)(e->case_no * 100 + now->event_no),
                                      .time_ms = e->time_ms,
                                      .writer = e->writer,
                                      .readers = readers_of(f, e->case_no),
                                      .event = &ev,
                                      .rest_key = key,
                                      .standing = about       ? RG_STANDING_ABOUT
                                                  : cancelled ? RG_STANDING_CANCELLED
                                                              : RG_STANDING_COUNTS};
    return fn(ctx, &out);
}

rg_err rg_feed_read(struct rg_feed *f, const struct rg_feed_span *span, rg_feed_fn fn, void *ctx,
                    uint64_t *out_next)
{
    uint64_t no = span->from;
    rg_err e = RG_OK;
    while (no <= f->shown && no - span->from < span->max) {
        e = tell(f, no, span->as_of, fn, ctx);
        if (e != RG_OK) {
            break;
        }
        no++;
    }
    *out_next = no;
    return e;
}

rg_err rg_feed_read_case(struct rg_feed *f, const struct rg_feed_range *r, rg_feed_fn fn, void *ctx)
{
    uint32_t told = 0;
    rg_err e = RG_OK;
    for (uint64_t no = 1; e == RG_OK && no <= f->shown && no <= r->through && told < r->max; no++) {
        if (f->events[no - 1].case_no == r->case_no && f->events[no - 1].event_no >= r->from) {
            e = tell(f, no, r->through, fn, ctx);
            told++;
        }
    }
    return e;
}

uint64_t rg_feed_tip(const struct rg_feed *f)
{
    return f->shown;
}

void rg_feed_counts(const struct rg_feed *f, struct rg_feed_counts *out)
{
    *out = (struct rg_feed_counts){
        .tip = f->shown, .height = f->height, .cases = f->cases, .parked = f->parked};
}

rg_err rg_feed_get_case(struct rg_feed *f, uint64_t case_no, struct rg_feed_case *out)
{
    if (case_no == 0 || case_no > f->cases) {
        return RG_ERR_NOT_FOUND;
    }
    *out = (struct rg_feed_case){
        .case_no = case_no, .pseudonym = lab_pseudonym(case_no), .readers = readers_of(f, case_no)};
    rest_key(case_no, out->rest_key);
    for (uint64_t i = 0; i < f->shown; i++) {
        out->event_count += f->events[i].case_no == case_no ? 1 : 0;
    }
    out->file_len = strlen(f->file[case_no]);
    memcpy(out->file, f->file[case_no], out->file_len);
    return RG_OK;
}

rg_err rg_feed_next_case(struct rg_feed *f, uint64_t after, uint64_t *out)
{
    for (uint64_t no = after + 1; no <= f->cases; no++) {
        for (uint64_t i = 0; i < f->shown; i++) {
            if (f->events[i].case_no == no) {
                *out = no;
                return RG_OK;
            }
        }
    }
    return RG_ERR_NOT_FOUND;
}
