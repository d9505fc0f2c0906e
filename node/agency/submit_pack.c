#include "base/bytes.h"
#include "base/panic.h"
#include "node/agency/submit_priv.h"
#include <stdlib.h>

/* Without head, signature and framing of a submission. */
#define SUBMISSION_ROOM (RG_SUBMISSION_MAX - 1024u)
#define BODY_EXTRA 128u /* fields of a CaseBody beside event and path */
#define HASH_FIELD 34u
#define ENTRY_EXTRA (40u + 76u) /* what sealing adds; fields of an Entry beside the sealed text */
#define PAD 64u

_Static_assert(RG_SUBMIT_EVENT_MAX + 4 + BODY_EXTRA + RG_CASE_PATH_MAX * HASH_FIELD + PAD +
                       ENTRY_EXTRA <
                   RG_ENTRY_MAX,
               "the largest event fits into an entry");

size_t rg_submit__entry_size(const struct rg_submit_request *r, uint32_t i)
{
    const size_t body = 4 + r->events[i].len + BODY_EXTRA + (r->tree.levels - 1) * HASH_FIELD;
    return (body + PAD - 1) / PAD * PAD + ENTRY_EXTRA;
}

/* What is packed so far. */
struct parcel {
    struct rg_pending_sub *sub;
    struct rg_submit_flight *flight;
    struct rg_writer w; /* u32 length and bytes of each entry */
    uint32_t request_cap;
};

static rg_err case_of(struct rg_submit *s, struct parcel *p, struct rg_submit_request *r,
                      uint32_t i, uint64_t *out)
{
    if (r->of_case != 0) {
        *out = r->of_case;
        return RG_OK;
    }
    rg_err err = rg_pending_find_file(s->c.pending, r->files[i], out);
    if (err != RG_ERR_NOT_FOUND) {
        return err;
    }
    if (r->has_link && rg_bytes_eq(r->files[i], r->files[0])) {
        *out = r->link_case;
        return rg_pending_link_file(s->c.pending, p->sub, r->files[i], r->link_case);
    }
    err = rg_pending_open_case(s->c.pending, p->sub, r->files[i], s->readers, out);
    r->result.cases_opened += err == RG_OK ? 1 : 0;
    return err;
}

static rg_err pack_event(struct rg_submit *s, struct parcel *p, struct rg_submit_request *r)
{
    const uint32_t i = r->next;
    const struct rg_hash *ledger = &s->c.genesis->ledger_id;
    const struct rg_vault_case *c = NULL;
    struct rg_hash commitment;
    struct rg_case_body body = {
        .event = r->events[i],
        .member = r->client.principal,
        .stream = r->stream,
        .first = r->first,
        .index = i,
        .count = r->count,
        .signature = r->signature,
    };
    uint64_t case_no = 0;
    uint32_t counter = 0;
    struct rg_bytes entry = {0};
    rg_arena_reset(&s->arena);
    body.path_count = rg_casebook_tree_path(&r->tree, i, body.path);
    rg_err err = case_of(s, p, r, i, &case_no);
    if (err == RG_OK) {
        err = rg_pending_entry(s->c.pending, p->sub, case_no, &counter);
    }
    if (err == RG_OK) {
        err = rg_pending_get_case(s->c.pending, case_no, &c);
    }
    if (err == RG_OK) {
        err = rg_pending_stream(s->c.pending, p->sub, &r->stream, r->first + i);
    }
    if (err != RG_OK) {
        return err;
    }
    const bool opens = counter == 0 && c->opener == s->agency;
    body.pseudonym = c->pseudonym;
    r->result.pseudonym = c->pseudonym;
    rg_casebook_commitment(ledger, c->opener, c->key, &commitment);
    const struct rg_casebook_place place = {.ledger = ledger,
                                            .writer = s->agency,
                                            .counter = counter,
                                            .readers = c->readers,
                                            .commitment = opens ? &commitment : NULL};
    err = rg_casebook_seal(&s->arena, &c->keys, &place, &body, &entry);
    if (err == RG_OK) {
        rg_bytes_put_sized(&p->w, entry);
        p->flight->entry_count++;
    }
    return err;
}

static rg_err note_request(struct parcel *p, struct rg_submit_request *r)
{
    struct rg_submit_flight *f = p->flight;
    if (f->request_count == p->request_cap) {
        const uint32_t cap = p->request_cap == 0 ? 64 : p->request_cap * 2;
        struct rg_submit_request **list = realloc(f->requests, cap * sizeof(*list));
        if (list == NULL) {
            return RG_ERR_NOMEM;
        }
        f->requests = list;
        p->request_cap = cap;
    }
    f->requests[f->request_count++] = r;
    r->untaken++;
    r->flying++;
    return RG_OK;
}

/* Pack from the head of the queue while it fits. */
static rg_err fill(struct rg_submit *s, struct parcel *p)
{
    size_t used = 0;
    while (s->head != NULL) {
        struct rg_submit_request *r = s->head;
        bool noted = false;
        while (r->next < r->count) {
            const size_t size = rg_submit__entry_size(r, r->next);
            if (used + size > SUBMISSION_ROOM ||
                p->flight->entry_count == RG_SUBMISSION_ENTRIES_MAX) {
                return RG_OK;
            }
            rg_err err = noted ? RG_OK : note_request(p, r);
            noted = true;
            if (err == RG_OK) {
                err = pack_event(s, p, r);
            }
            if (err != RG_OK) {
                return err;
            }
            used += size;
            s->queued_bytes -= size;
            s->queued_events--;
            r->next++;
            r->result.events++;
        }
        r->queued = false;
        s->head = r->next_request;
        if (s->head == NULL) {
            s->tail = &s->head;
        }
    }
    return RG_OK;
}

void rg_submit__send(struct rg_submit *s, const struct rg_submit_flight *f,
                     const struct rg_pending_sub *sub)
{
    const struct rg_submit_package package = {
        .token = f->token,
        .entry_count = f->entry_count,
        .entries = {f->entries, f->entries_len},
        .private_bytes = {f->private_bytes, f->private_len},
        .sub = sub,
    };
    s->c.send(s->c.ctx, &package);
}

/* Make and send one submission. An error here is the vault's or the memory's: the node must end. */
static rg_err launch(struct rg_submit *s)
{
    struct parcel p = {0};
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX && p.flight == NULL; i++) {
        p.flight = s->flight[i].token == 0 ? &s->flight[i] : NULL;
    }
    RG_ASSERT(p.flight != NULL);
    uint8_t *room = malloc(RG_SUBMISSION_MAX);
    rg_err err = room != NULL ? rg_pending_begin(s->c.pending, &p.sub) : RG_ERR_NOMEM;
    if (err != RG_OK) {
        free(room);
        return err;
    }
    p.flight->token = ++s->last_token;
    p.flight->entries = room;
    s->flights++;
    p.w = rg_bytes_writer(room, RG_SUBMISSION_MAX);
    err = fill(s, &p);
    if (err == RG_OK) {
        err = rg_pending_encode(s->c.pending, p.sub, &p.flight->private_bytes,
                                &p.flight->private_len);
    }
    if (err != RG_OK) {
        rg_pending_drop(s->c.pending, &p.sub);
        return err;
    }
    RG_ASSERT(!p.w.failed && p.flight->entry_count > 0);
    p.flight->entries_len = p.w.len;
    rg_pending_commit(s->c.pending, p.sub, p.flight->token);
    rg_submit__send(s, p.flight, p.sub);
    return RG_OK;
}

/* The submission that has no number yet, or NULL. */
static struct rg_submit_flight *untaken(struct rg_submit *s)
{
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX; i++) {
        if (s->flight[i].token != 0 && !s->flight[i].taken) {
            return &s->flight[i];
        }
    }
    return NULL;
}

rg_err rg_submit_pack(struct rg_submit *s, uint64_t mono_ms)
{
    struct rg_submit_flight *f = untaken(s);
    if (f != NULL) {
        if (f->retry_ms != 0 && mono_ms >= f->retry_ms) {
            f->retry_ms = 0;
            rg_submit__send(s, f, NULL);
        }
        return RG_OK;
    }
    bool sent = false;
    const rg_err err = rg_submit__launch_ballot(s, &sent);
    if (err != RG_OK || sent) {
        return err;
    }
    const bool is_full =
        s->queued_bytes >= SUBMISSION_ROOM || s->queued_events >= RG_SUBMISSION_ENTRIES_MAX;
    const uint32_t allowed = is_full ? RG_SUBMIT_FLIGHTS_MAX : RG_SUBMIT_PARTIAL_MAX;
    if (s->head == NULL || s->flights >= allowed ||
        rg_pending_count(s->c.pending) >= RG_PENDING_SUBS_MAX) {
        return RG_OK;
    }
    return launch(s);
}

uint64_t rg_submit_deadline(const struct rg_submit *s)
{
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX; i++) {
        const struct rg_submit_flight *f = &s->flight[i];
        if (f->token != 0 && !f->taken && f->retry_ms != 0) {
            return f->retry_ms;
        }
    }
    return UINT64_MAX;
}
