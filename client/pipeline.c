#include "client/pipeline.h"
#include "client/session_priv.h"
#include "crypto/merkle.h"
#include "proto/ledger_codec.h"
#include <stdlib.h>

#define STALL_MS 60000
#define AGAIN_FIRST_MS 20
#define AGAIN_MAX_MS 1000
#define SILENT_MS 20000 /* a request without answer for so long is sent again */
#define FAULT_PAUSE_MS 2000

struct slot {
    uint64_t id;
    uint32_t count;
    bool sent;
    bool answered;
    bool resent; /* what it then finds recorded may be its own */
    int64_t sent_at;
    uint8_t *frame;
    size_t len;
};

struct rg_pipeline {
    struct rg_session *session;
    struct rg_pipeline_config config;
    uint64_t next;                             /* number of the next event */
    struct slot slots[RG_PIPELINE_WINDOW_MAX]; /* a ring: head is the oldest */
    uint32_t head;
    uint32_t used;
    int64_t progress_at;
    int64_t again_at; /* nothing is sent before this */
    int64_t again_ms; /* the next pause */
    int64_t reset_at; /* a refused connection is tried anew then; 0: not */
    struct rg_pipeline_totals totals;
};

rg_err rg_pipeline_new(struct rg_session *s, const struct rg_pipeline_config *config,
                       struct rg_pipeline **out)
{
    if (config->window == 0 || config->window > RG_PIPELINE_WINDOW_MAX) {
        return RG_ERR_USAGE;
    }
    struct rg_pipeline *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return RG_ERR_NOMEM;
    }
    p->session = s;
    p->config = *config;
    p->config.stall_ms = config->stall_ms > 0 ? config->stall_ms : STALL_MS;
    p->next = 1;
    p->progress_at = rg_line_now();
    p->again_ms = AGAIN_FIRST_MS;
    *out = p;
    return RG_OK;
}

void rg_pipeline_destroy(struct rg_pipeline **p_p)
{
    if (p_p == NULL || *p_p == NULL) {
        return;
    }
    struct rg_pipeline *p = *p_p;
    for (uint32_t i = 0; i < RG_PIPELINE_WINDOW_MAX; i++) {
        free(p->slots[i].frame);
    }
    free(p);
    *p_p = NULL;
}

const struct rg_pipeline_totals *rg_pipeline_totals(const struct rg_pipeline *p)
{
    return &p->totals;
}

static struct slot *slot_at(struct rg_pipeline *p, uint32_t i)
{
    return &p->slots[(p->head + i) % RG_PIPELINE_WINDOW_MAX];
}

/* From slot @from on everything unanswered goes out again, in order: the node must never see a
 * later number of the stream without the earlier ones. */
static void unsend(struct rg_pipeline *p, uint32_t from)
{
    for (uint32_t i = from; i < p->used; i++) {
        struct slot *slot = slot_at(p, i);
        if (slot->sent && !slot->answered) {
            slot->sent = false;
            slot->resent = true;
            p->totals.resent++;
        }
    }
}

static void send_due(struct rg_pipeline *p, int64_t now)
{
    if (!rg_line_is_up(p->session->wire) || now < p->again_at) {
        return;
    }
    for (uint32_t i = 0; i < p->used; i++) {
        struct slot *slot = slot_at(p, i);
        if (slot->sent || slot->answered) {
            continue;
        }
        const struct rg_bytes frame = {slot->frame, slot->len};
        if (rg_line_send(p->session->wire, frame) != RG_OK) {
            return;
        }
        slot->sent = true;
        slot->sent_at = now;
    }
}

static void release_head(struct rg_pipeline *p)
{
    while (p->used > 0 && p->slots[p->head].answered) {
        struct slot *slot = &p->slots[p->head];
        free(slot->frame);
        *slot = (struct slot){0};
        p->head = (p->head + 1) % RG_PIPELINE_WINDOW_MAX;
        p->used--;
    }
}

static void count(struct rg_pipeline *p, struct slot *slot, const struct rg_answer_submitted *s)
{
    struct rg_pipeline_totals *t = &p->totals;
    slot->answered = true;
    t->answered += slot->count;
    t->taken += s->events + (slot->resent ? s->known : 0);
    t->known += slot->resent ? 0 : s->known;
    t->cases_opened += s->cases_opened;
    if (s->first_height > 0 && (t->first_height == 0 || s->first_height < t->first_height)) {
        t->first_height = s->first_height;
    }
    if (s->last_height > t->last_height) {
        t->last_height = s->last_height;
    }
    if (!rg_hash_is_zero(&s->submission)) {
        t->submission = s->submission;
    }
    t->pseudonym = s->pseudonym;
    p->progress_at = rg_line_now();
    p->again_ms = AGAIN_FIRST_MS;
    release_head(p);
}

static rg_err take_answer(struct rg_pipeline *p)
{
    struct rg_session *s = p->session;
    struct rg_answer a = {0};
    rg_arena_reset(&s->in);
    const rg_err err = rg_client_codec_decode_answer(&s->in, rg_line_frame(s->wire, 0), &a);
    if (err != RG_OK) {
        return rg_session__fail(s, err, RG_SESSION_INTERNAL,
                                "the node at %s sent something that is no answer (%s)", s->api,
                                rg_err_text(err));
    }
    uint32_t i = 0;
    while (i < p->used && slot_at(p, i)->id != a.id) {
        i++;
    }
    if (i == p->used || slot_at(p, i)->answered) {
        return a.id == 0 && a.code != 0 ? rg_session__fail_answer(s, &a) : RG_OK;
    }
    if (a.code == 0 && a.kind == RG_ANSWER_SUBMITTED) {
        count(p, slot_at(p, i), &a.submitted);
        return RG_OK;
    }
    if (a.code == RG_SESSION_AGAIN || a.code == RG_SESSION_UNAVAILABLE) {
        RG_IGNORE(rg_session__fail_answer(s, &a), "kept as the reason if it never gets better");
        unsend(p, i);
        p->again_at = rg_line_now() + p->again_ms;
        p->again_ms = p->again_ms * 2 > AGAIN_MAX_MS ? AGAIN_MAX_MS : p->again_ms * 2;
        return RG_OK;
    }
    return rg_session__fail_answer(s, &a);
}

/* One piece of news. */
static rg_err step(struct rg_pipeline *p, int64_t timeout_ms)
{
    struct rg_session *s = p->session;
    switch (rg_line_poll(s->wire, timeout_ms)) {
    case RG_LINE_MESSAGE:
        return rg_line_frames(s->wire) == 1 ? take_answer(p) : RG_OK;
    case RG_LINE_DOWN:
        unsend(p, 0);
        return rg_line_reset(s->wire);
    case RG_LINE_FAULT:
        if (!rg_line_was_up(s->wire)) {
            return rg_session__fail_wire(s, s->wire, s->api);
        }
        p->reset_at = rg_line_now() + FAULT_PAUSE_MS;
        return RG_OK;
    case RG_LINE_UP:
        p->reset_at = 0;
        return RG_OK;
    case RG_LINE_NOTHING:
        break;
    }
    return RG_OK;
}

static rg_err check_patience(struct rg_pipeline *p, int64_t now)
{
    struct rg_session *s = p->session;
    if (p->config.stop != NULL && *p->config.stop != 0) {
        return rg_session__fail(s, RG_ERR_CLOSED, RG_SESSION_AGAIN,
                                "stopped; run the same command again to go on where it ended");
    }
    if (p->reset_at != 0 && now >= p->reset_at) {
        p->reset_at = 0;
        return rg_line_reset(s->wire);
    }
    if (p->used == 0) {
        p->progress_at = now;
        return RG_OK;
    }
    if (!rg_line_was_up(s->wire) && now - p->progress_at > RG_SESSION_CONNECT_MS) {
        return rg_session__fail_wire(s, s->wire, s->api);
    }
    if (now - p->progress_at > p->config.stall_ms) {
        char reason[300];
        memcpy(reason, s->why, sizeof reason - 1);
        reason[sizeof reason - 1] = '\0';
        return rg_session__fail(s, RG_ERR_BUSY, RG_SESSION_AGAIN,
                                "no progress for %lld s, %llu events are without answer%s%s; see "
                                "`reigen status`, then run the same command again",
                                (long long)(p->config.stall_ms / 1000),
                                (unsigned long long)(p->totals.sent - p->totals.answered),
                                reason[0] != '\0' ? ": " : "", reason);
    }
    const struct slot *oldest = slot_at(p, 0);
    if (oldest->sent && now - oldest->sent_at > SILENT_MS) {
        unsend(p, 0);
    }
    return RG_OK;
}

rg_err rg_pipeline_pump(struct rg_pipeline *p, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + timeout_ms;
    for (;;) {
        const int64_t now = rg_line_now();
        rg_err err = check_patience(p, now);
        if (err != RG_OK) {
            return err;
        }
        send_due(p, now);
        int64_t left = end - now;
        if (p->again_at > now && p->again_at - now < left) {
            left = p->again_at - now;
        }
        const uint64_t before = p->totals.answered;
        err = step(p, left < 0 ? 0 : (left > 200 ? 200 : left));
        if (err != RG_OK || p->totals.answered != before || rg_line_now() >= end) {
            return err;
        }
    }
}

/* Sign and encode @batch into the session's arena. */
static rg_err encode(struct rg_pipeline *p, const struct rg_pipeline_batch *b, uint64_t id,
                     struct rg_bytes *out)
{
    struct rg_session *s = p->session;
    struct rg_merkle tree;
    struct rg_hash leaf;
    struct rg_hash root;
    struct rg_hash digest;
    rg_arena_reset(&s->out);
    struct rg_bytes *events = rg_arena_take_array(&s->out, b->count, sizeof *events);
    struct rg_bytes *cases = rg_arena_take_array(&s->out, b->count, sizeof *cases);
    if (events == NULL || cases == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_merkle_init(&tree);
    for (uint32_t i = 0; i < b->count; i++) {
        events[i] = b->events[i];
        cases[i] = b->cases[i];
        rg_merkle_leaf(b->events[i], &leaf);
        rg_merkle_add(&tree, &leaf);
    }
    rg_merkle_root(&tree, &root);
    rg_ledger_codec_request_digest(&s->ledger, s->member, &p->config.stream, p->next, b->count,
                                   &root, &digest);
    struct rg_request r = {
        .kind = RG_REQUEST_SUBMIT,
        .id = id,
        .stream = p->config.stream,
        .first = p->next,
        .count = b->count,
        .events = events,
        .cases = cases,
        .wait = p->config.wait,
    };
    rg_sign(s->key, &digest, &r.signature);
    if (b->link != NULL) {
        r.has_link = true;
        r.link = *b->link;
    }
    return rg_client_codec_encode_request(&s->out, &s->ledger, &r, out);
}

rg_err rg_pipeline_push(struct rg_pipeline *p, const struct rg_pipeline_batch *batch)
{
    struct rg_session *s = p->session;
    struct rg_bytes frame = {NULL, 0};
    rg_err err = RG_OK;
    while (err == RG_OK && p->used >= p->config.window) {
        err = rg_pipeline_pump(p, 1000);
    }
    if (err != RG_OK) {
        return err;
    }
    const uint64_t id = ++s->last_id;
    err = encode(p, batch, id, &frame);
    if (err != RG_OK) {
        return rg_session__fail(s, err, RG_SESSION_INPUT, "a request of %u events: %s",
                                batch->count, rg_err_text(err));
    }
    uint8_t *copy = malloc(frame.len);
    if (copy == NULL) {
        return rg_session__fail(s, RG_ERR_NOMEM, RG_SESSION_INTERNAL, "out of memory");
    }
    memcpy(copy, frame.data, frame.len);
    if (p->used == 0) {
        p->progress_at = rg_line_now();
    }
    *slot_at(p, p->used) =
        (struct slot){.id = id, .count = batch->count, .frame = copy, .len = frame.len};
    p->used++;
    p->next += batch->count;
    p->totals.sent += batch->count;
    return rg_pipeline_pump(p, 0);
}

rg_err rg_pipeline_finish(struct rg_pipeline *p)
{
    rg_err err = RG_OK;
    while (err == RG_OK && p->used > 0) {
        err = rg_pipeline_pump(p, 1000);
    }
    return err;
}
