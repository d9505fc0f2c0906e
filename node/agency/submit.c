#include "node/agency/submit.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/panic.h"
#include "crypto/verify.h"
#include "ledger/verdict.h"
#include "node/agency/submit_priv.h"
#include <stdio.h>
#include <stdlib.h>

static uint64_t default_readers(const struct rg_submit_config *c, uint32_t agency)
{
    const struct rg_definition *d = c->definition;
    const uint32_t n = c->genesis->agency_count;
    if (d->readers_all) {
        return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
    }
    uint64_t bits = UINT64_C(1) << agency;
    for (size_t i = 0; i < d->readers.count; i++) {
        const uint32_t a = rg_genesis_find_agency(c->genesis, d->readers.items[i]);
        if (a < n) {
            bits |= UINT64_C(1) << a;
        }
    }
    return bits;
}

rg_err rg_submit_new(const struct rg_submit_config *c, struct rg_submit **out)
{
    struct rg_submit *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    s->c = *c;
    s->agency = c->genesis->principal[c->principal].agency;
    s->readers = default_readers(c, s->agency);
    s->tail = &s->head;
    const rg_err err = rg_arena_init(&s->arena, RG_SUBMIT_ARENA);
    if (err != RG_OK) {
        free(s);
        return err;
    }
    *out = s;
    return RG_OK;
}

void rg_submit__free(struct rg_submit *s, struct rg_submit_request *r)
{
    if (r->holds) {
        rg_pending_stream_release(s->c.pending, &r->stream);
    }
    s->bytes_total -= r->size;
    s->bytes_of[r->client.principal] -= r->size;
    s->waiting_of[r->client.principal]--;
    s->waiting--;
    free(r);
}

static void free_flight(struct rg_submit_flight *f)
{
    free(f->entries);
    free(f->private_bytes);
    free(f->requests);
    *f = (struct rg_submit_flight){0};
}

void rg_submit_destroy(struct rg_submit **s_p)
{
    struct rg_submit *s = s_p != NULL ? *s_p : NULL;
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX; i++) {
        struct rg_submit_flight *f = &s->flight[i];
        for (uint32_t j = 0; j < f->request_count; j++) {
            struct rg_submit_request *r = f->requests[j];
            if (--r->flying == 0 && !r->queued) {
                rg_submit__free(s, r);
            }
        }
        free_flight(f);
    }
    while (s->head != NULL) {
        struct rg_submit_request *r = s->head;
        s->head = r->next_request;
        rg_submit__free(s, r);
    }
    while (s->known != NULL) {
        struct rg_submit_request *r = s->known;
        s->known = r->next_known;
        rg_submit__free(s, r);
    }
    rg_arena_fini(&s->arena);
    free(s);
    *s_p = NULL;
}

void rg_submit__error(struct rg_submit *s, const struct rg_submit_client *client, uint32_t code,
                      const char *text)
{
    const struct rg_answer a = {.id = client->request, .code = code, .error = rg_bytes_str(text)};
    s->c.answer(s->c.ctx, client, &a);
}

static void answer_result(struct rg_submit *s, const struct rg_submit_request *r)
{
    if (r->verdict != RG_VERDICT_ACCEPTED) {
        char text[RG_SUBMIT_WHY_MAX];
        (void)snprintf(text, sizeof text, "The ledger rejected a submission with these events: %s.",
                       rg_verdict_text((enum rg_verdict)r->verdict));
        rg_submit__error(s, &r->client, 1, text);
        return;
    }
    const struct rg_answer a = {
        .kind = RG_ANSWER_SUBMITTED, .id = r->client.request, .submitted = r->result};
    s->c.answer(s->c.ctx, &r->client, &a);
}

void rg_submit__settle(struct rg_submit *s, struct rg_submit_request *r)
{
    const bool packed = !r->queued;
    if (!r->answered && packed && (r->wait ? r->flying == 0 : r->untaken == 0)) {
        r->answered = true;
        answer_result(s, r);
    }
    if (packed && r->flying == 0) {
        rg_submit__free(s, r);
    }
}

/* Whether the request's form is right, apart from its events. NULL, or what is wrong. */
static const char *fault_of(const struct rg_request *r)
{
    uint64_t last = 0;
    if (r->count == 0 || r->count > RG_CASEBOOK_REQUEST_MAX) {
        return "A request holds 1 to 8192 events; send more in several requests.";
    }
    if (r->first == 0 || !rg_num_add(r->first, r->count, &last)) {
        return "The numbers of a stream begin at 1 and stay below 2^64.";
    }
    return NULL;
}

/* Copy a request into one block. NULL: no memory. */
static struct rg_submit_request *copy_request(const struct rg_submit_client *client,
                                              const struct rg_request *r)
{
    const size_t hashes = rg_casebook_tree_size(r->count);
    size_t size = sizeof(struct rg_submit_request) + r->count * 2 * sizeof(struct rg_bytes) +
                  hashes * sizeof(struct rg_hash);
    for (uint32_t i = 0; i < r->count; i++) {
        size += r->events[i].len + r->cases[i].len;
    }
    struct rg_submit_request *q = calloc(1, size);
    if (q == NULL) {
        return NULL;
    }
    q->client = *client;
    q->stream = r->stream;
    q->first = r->first;
    q->count = r->count;
    q->wait = r->wait;
    q->signature = r->signature;
    q->size = size;
    q->events = (struct rg_bytes *)(void *)(q + 1);
    q->files = q->events + r->count;
    struct rg_hash *room = (struct rg_hash *)(void *)(q->files + r->count);
    uint8_t *at = (uint8_t *)(room + hashes);
    for (uint32_t i = 0; i < r->count; i++) {
        memcpy(at, r->events[i].data, r->events[i].len);
        q->events[i] = (struct rg_bytes){at, r->events[i].len};
        at += r->events[i].len;
        memcpy(at, r->cases[i].data, r->cases[i].len);
        q->files[i] = (struct rg_bytes){at, r->cases[i].len};
        at += r->cases[i].len;
    }
    rg_casebook_tree_build(&q->tree, q->events, q->count, room);
    return q;
}

static bool signature_is_good(struct rg_submit *s, const struct rg_submit_request *q)
{
    struct rg_hash digest;
    const uint32_t member = q->client.principal;
    rg_ledger_codec_request_digest(&s->c.genesis->ledger_id, member, &q->stream, q->first, q->count,
                                   rg_casebook_tree_root(&q->tree), &digest);
    return rg_verify(&s->c.genesis->principal[member].sign_key, &digest, &q->signature);
}

/* The pseudonym of the last event's case, when there is one already. */
static rg_err note_last_case(struct rg_submit *s, struct rg_submit_request *q)
{
    uint64_t case_no = 0;
    const struct rg_vault_case *c = NULL;
    rg_err err = RG_OK;
    if (q->of_case != 0) {
        case_no = q->of_case;
    } else {
        err = rg_pending_find_file(s->c.pending, q->files[q->count - 1], &case_no);
    }
    if (err == RG_OK) {
        err = rg_pending_get_case(s->c.pending, case_no, &c);
    }
    if (err == RG_OK) {
        q->result.pseudonym = c->pseudonym;
    }
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

/* Whether an event waits to be packed that will make the number of @q stand for something else. */
static bool is_contested(const struct rg_submit *s, const struct rg_submit_request *q)
{
    const struct rg_bytes file = q->files[0];
    for (const struct rg_submit_request *r = s->head; r != NULL; r = r->next_request) {
        const bool same =
            r->has_link && r->link_case == q->link_case && rg_bytes_eq(r->files[0], file);
        for (uint32_t i = r->next; i < r->count && !same; i++) {
            if (rg_bytes_eq(r->files[i], file)) {
                return true;
            }
        }
    }
    return false;
}

/* Resolve `link`. NULL in @out_why when it may stand, else the answer with its code. */
static rg_err check_link(struct rg_submit *s, struct rg_submit_request *q,
                         const struct rg_request *r, const char **out_why, uint32_t *out_code)
{
    uint64_t named = 0;
    *out_why = NULL;
    *out_code = 65;
    if (!r->has_link) {
        return RG_OK;
    }
    rg_err err = rg_pending_find_pseudonym(s->c.pending, &r->link, &q->link_case);
    if (err == RG_ERR_NOT_FOUND) {
        *out_why =
            "No case with this pseudonym is known at this node yet; check it, or try again once "
            "its key has arrived.";
        return RG_OK;
    }
    if (err == RG_OK) {
        err = rg_pending_find_file(s->c.pending, q->files[0], &named);
    }
    if (err == RG_OK && named != q->link_case) {
        *out_why = "The file number stands for another case already; use another one.";
    } else if (err == RG_ERR_NOT_FOUND && is_contested(s, q)) {
        *out_why = "Another event for this file number is being recorded; try again.";
        *out_code = 75;
    }
    q->has_link = true;
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

/* Queue @q, or answer it when there is nothing to do. Takes @q. */
static rg_err enqueue(struct rg_submit *s, struct rg_submit_request *q)
{
    uint64_t high = 0;
    rg_err err = rg_pending_stream_high(s->c.pending, &q->stream, &high);
    const bool held = rg_pending_stream_is_held(s->c.pending, &q->stream);
    if (err == RG_OK) {
        err = note_last_case(s, q);
    }
    if (err == RG_OK && q->first > high + 1) {
        /* Taking it would make the missing ones `known` when they come: they would be lost. */
        rg_submit__error(s, &q->client, 75,
                         "An earlier request of this stream has not arrived; send it first.");
        free(q);
        return RG_OK;
    }
    const uint64_t known = high >= q->first ? rg_num_min(high - q->first + 1, q->count) : 0;
    if (err == RG_OK && known < q->count) {
        err = rg_pending_stream_hold(s->c.pending, &q->stream, q->first + q->count - 1);
        q->holds = err == RG_OK;
    }
    if (err != RG_OK) {
        rg_submit__error(s, &q->client, 75, "This node is short of memory; try again.");
        free(q);
        return err == RG_ERR_NOMEM || err == RG_ERR_FULL ? RG_OK : err;
    }
    q->known = q->next = (uint32_t)known;
    q->result.known = q->known;
    s->bytes_total += q->size;
    s->bytes_of[q->client.principal] += q->size;
    s->waiting_of[q->client.principal]++;
    s->waiting++;
    if (q->known < q->count) {
        q->queued = true;
        *s->tail = q;
        s->tail = &q->next_request;
        for (uint32_t i = q->next; i < q->count; i++) {
            s->queued_bytes += rg_submit__entry_size(q, i);
        }
        s->queued_events += q->count - q->next;
    } else if (q->wait && held) {
        q->next_known = s->known;
        s->known = q;
    } else {
        rg_submit__settle(s, q);
    }
    return RG_OK;
}

/* The alert was acknowledged before, by whomever. Takes @q. */
static void answer_acknowledged(struct rg_submit *s, struct rg_submit_request *q)
{
    q->result.known = q->count;
    answer_result(s, q);
    free(q);
}

rg_err rg_submit_take(struct rg_submit *s, const struct rg_submit_client *client,
                      const struct rg_request *r, uint64_t wall_ms)
{
    char why[RG_SUBMIT_WHY_MAX];
    const struct rg_submit_check check = {s->c.genesis, s->c.definition, s->agency, wall_ms};
    const uint32_t p = client->principal;
    RG_ASSERT(p < RG_PRINCIPALS_MAX);
    struct rg_submit_about about = {.ok = false};
    const char *fault = fault_of(r);
    if (fault == NULL && !rg_submit_check_events(&check, &s->arena, r, why, sizeof why)) {
        fault = why;
    }
    if (fault == NULL) {
        const rg_err err = rg_submit__check_about(s, r, &about, why, sizeof why);
        if (err != RG_OK) {
            rg_submit__error(s, client, 70, "The vault cannot be read.");
            return err;
        }
        fault = about.ok ? NULL : why;
    }
    if (fault != NULL) {
        rg_submit__error(s, client, 65, fault);
        return RG_OK;
    }
    struct rg_submit_request *q = copy_request(client, r);
    if (q == NULL || s->waiting_of[p] >= RG_SUBMIT_WAITING_MAX ||
        s->bytes_of[p] + q->size > RG_SUBMIT_BYTES_MAX ||
        s->bytes_total + q->size > RG_SUBMIT_BYTES_TOTAL_MAX) {
        rg_submit__error(
            s, client, 75,
            "Too many events wait at this node already; try again when some are final.");
        free(q);
        return RG_OK;
    }
    if (!signature_is_good(s, q)) {
        rg_submit__error(
            s, client, 77,
            "The signature over the events is not this member's; sign with the key that the "
            "ledger knows.");
        free(q);
        return RG_OK;
    }
    q->of_case = about.of_case;
    if (about.known) {
        answer_acknowledged(s, q);
        return RG_OK;
    }
    const char *link_fault = NULL;
    uint32_t code = 0;
    const rg_err err = check_link(s, q, r, &link_fault, &code);
    if (err != RG_OK || link_fault != NULL) {
        rg_submit__error(s, client, link_fault != NULL ? code : 70,
                         link_fault != NULL ? link_fault : "The vault cannot be read.");
        free(q);
        return err;
    }
    return enqueue(s, q);
}

/* The flight under @token, or NULL. */
static struct rg_submit_flight *find_flight(struct rg_submit *s, uint64_t token)
{
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX && token != 0; i++) {
        if (s->flight[i].token == token) {
            return &s->flight[i];
        }
    }
    return NULL;
}

void rg_submit_on_taken(struct rg_submit *s, uint64_t token, uint64_t sequence,
                        const struct rg_hash *hash, uint64_t mono_ms)
{
    struct rg_submit_flight *f = find_flight(s, token);
    if (f == NULL || f->taken) {
        return;
    }
    if (sequence == 0) {
        f->retry_ms = mono_ms + RG_SUBMIT_RETRY_MS;
        return;
    }
    f->taken = true;
    rg_pending_taken(s->c.pending, token, sequence);
    free(f->entries);
    free(f->private_bytes);
    f->entries = NULL;
    f->private_bytes = NULL;
    if (f->ballot != NULL) {
        rg_submit__ballot_taken(s, f->ballot, hash);
    }
    for (uint32_t i = 0; i < f->request_count; i++) {
        struct rg_submit_request *r = f->requests[i];
        r->untaken--;
        r->result.submission = *hash;
        rg_submit__settle(s, r);
    }
}

void rg_submit_on_final(struct rg_submit *s, uint64_t token, uint64_t height, uint8_t verdict,
                        const struct rg_hash *hash)
{
    struct rg_submit_flight *f = find_flight(s, token);
    if (f == NULL) {
        return;
    }
    if (f->ballot != NULL) {
        rg_submit__ballot_final(f->ballot, height, verdict, hash);
    }
    for (uint32_t i = 0; i < f->request_count; i++) {
        struct rg_submit_request *r = f->requests[i];
        r->untaken -= f->taken ? 0 : 1;
        r->flying--;
        r->result.submission = *hash;
        r->result.first_height =
            r->result.first_height == 0 ? height : rg_num_min(r->result.first_height, height);
        r->result.last_height = rg_num_max(r->result.last_height, height);
        if (verdict != RG_VERDICT_ACCEPTED && r->verdict == RG_VERDICT_ACCEPTED) {
            r->verdict = verdict;
        }
        rg_submit__settle(s, r);
    }
    free_flight(f);
    s->flights--;
}

rg_err rg_submit_on_followed(struct rg_submit *s)
{
    struct rg_submit_request **at = &s->known;
    while (*at != NULL) {
        struct rg_submit_request *r = *at;
        uint64_t stored = 0;
        const rg_err err = rg_vault_list_get_stream(s->c.vault, &r->stream, &stored);
        if (err != RG_OK) {
            return err;
        }
        if (stored >= r->first + r->count - 1) {
            *at = r->next_known;
            rg_submit__settle(s, r);
            continue;
        }
        if (!rg_pending_stream_is_held(s->c.pending, &r->stream)) {
            *at = r->next_known;
            r->answered = true;
            rg_submit__error(
                s, &r->client, 75,
                "These events were handed in before but not recorded; hand them in again.");
            rg_submit__settle(s, r);
            continue;
        }
        at = &r->next_known;
    }
    return RG_OK;
}

uint32_t rg_submit_waiting(const struct rg_submit *s)
{
    return s->waiting;
}
