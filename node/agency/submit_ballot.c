/* Ballots on their way to the ledger: each alone in its submission, ahead of the events that wait.
 */
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/verify.h"
#include "node/agency/submit_priv.h"
#include "proto/ledger_codec.h"
#include <stdlib.h>

static bool verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                   const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

/* What is wrong with the ballot; NULL: nothing. It is judged here as on the ledger: once it has
 * this node's next number, whoever refuses it refuses all that comes behind it. */
static const char *fault_of(struct rg_submit *s, struct rg_bytes bytes, uint32_t *out_code)
{
    struct rg_entry e = {0};
    *out_code = 65;
    rg_arena_reset(&s->arena);
    if (rg_ledger_codec_decode_entry(&s->arena, &s->c.genesis->ledger_id, bytes, &e) != RG_OK ||
        e.kind != RG_ENTRY_BALLOT) {
        return "The ballot is malformed; make it with `reigen propose` or `reigen vote`.";
    }
    const enum rg_verdict v = rg_submission_check_ballot(&e, s->c.genesis, verify, NULL);
    if (v == RG_VERDICT_BAD_ENTRY) {
        return "The ballot names an agency or a set of authorities that cannot be; see `reigen "
               "motions` for the nodes of this ledger.";
    }
    *out_code = 77;
    if (e.ballot->agency != s->agency) {
        return "The ballot is another agency's; hand it in at that agency's node.";
    }
    if (v != RG_VERDICT_ACCEPTED) {
        return "The ballot is not signed with this agency's admin key; use the key that the "
               "genesis names.";
    }
    *out_code = 65;
    return e.ballot->approve && s->c.fit != NULL ? s->c.fit(s->c.ctx, e.ballot, out_code) : NULL;
}

static void answer(struct rg_submit *s, struct rg_submit_ballot *b)
{
    const struct rg_answer a = {
        .kind = RG_ANSWER_SUBMITTED, .id = b->client.request, .submitted = b->result};
    b->answered = true;
    s->c.answer(s->c.ctx, &b->client, &a);
}

/* A place for these bytes: where they are already, else a free one; NULL: all are taken. */
static struct rg_submit_ballot *place_for(struct rg_submit *s, struct rg_bytes bytes)
{
    struct rg_submit_ballot *found = NULL;
    for (uint32_t i = 0; i < RG_SUBMIT_BALLOTS_MAX; i++) {
        struct rg_submit_ballot *b = &s->ballot[i];
        if (b->len > 0 && rg_bytes_eq((struct rg_bytes){b->entry, b->len}, bytes)) {
            return b;
        }
        found = b->len == 0 ? b : found;
    }
    return found;
}

void rg_submit_take_ballot(struct rg_submit *s, const struct rg_submit_client *client,
                           const struct rg_request *r)
{
    uint32_t code = 0;
    RG_ASSERT(r->entry.len > 0 && r->entry.len <= RG_BALLOT_MAX);
    const char *fault = fault_of(s, r->entry, &code);
    if (fault != NULL) {
        rg_submit__error(s, client, code, fault);
        return;
    }
    struct rg_submit_ballot *b = place_for(s, r->entry);
    if (b == NULL) {
        rg_submit__error(s, client, 75,
                         "Too many ballots wait at this node; try again when some are final.");
        return;
    }
    if (b->len == 0) {
        *b = (struct rg_submit_ballot){.len = r->entry.len};
        memcpy(b->entry, r->entry.data, r->entry.len);
    }
    /* The same again: its client has lost the connection, or asks once more. */
    b->client = *client;
    b->wait = r->wait;
    b->answered = false;
    if (!b->wait && b->taken) {
        answer(s, b);
    }
}

rg_err rg_submit__launch_ballot(struct rg_submit *s, bool *out_sent)
{
    struct rg_submit_ballot *b = NULL;
    struct rg_submit_flight *f = NULL;
    for (uint32_t i = 0; i < RG_SUBMIT_BALLOTS_MAX && b == NULL; i++) {
        b = s->ballot[i].len > 0 && !s->ballot[i].launched ? &s->ballot[i] : NULL;
    }
    for (uint32_t i = 0; i < RG_SUBMIT_FLIGHTS_MAX && f == NULL; i++) {
        f = s->flight[i].token == 0 ? &s->flight[i] : NULL;
    }
    *out_sent = false;
    if (b == NULL || f == NULL) {
        return RG_OK;
    }
    const size_t size = 4 + b->len;
    uint8_t *room = malloc(size);
    if (room == NULL) {
        return RG_ERR_NOMEM;
    }
    struct rg_writer w = rg_bytes_writer(room, size);
    rg_bytes_put_sized(&w, (struct rg_bytes){b->entry, b->len});
    RG_ASSERT(!w.failed);
    *f = (struct rg_submit_flight){.token = ++s->last_token,
                                   .entries = room,
                                   .entries_len = w.len,
                                   .entry_count = 1,
                                   .ballot = b};
    s->flights++;
    b->launched = true;
    *out_sent = true;
    rg_submit__send(s, f, NULL);
    return RG_OK;
}

void rg_submit__ballot_taken(struct rg_submit *s, struct rg_submit_ballot *b,
                             const struct rg_hash *hash)
{
    b->taken = true;
    b->result.submission = *hash;
    if (!b->wait && !b->answered) {
        answer(s, b);
    }
}

void rg_submit__ballot_final(struct rg_submit_ballot *b, uint64_t height, uint8_t verdict,
                             const struct rg_hash *hash)
{
    b->taken = true;
    b->result.submission = *hash;
    b->result.first_height = b->result.last_height = height;
    b->result.verdict = verdict;
}

void rg_submit_on_status(struct rg_submit *s, uint64_t height)
{
    for (uint32_t i = 0; i < RG_SUBMIT_BALLOTS_MAX; i++) {
        struct rg_submit_ballot *b = &s->ballot[i];
        if (b->len == 0 || b->result.last_height == 0 || b->result.last_height > height) {
            continue;
        }
        if (!b->answered) {
            answer(s, b);
        }
        *b = (struct rg_submit_ballot){0};
    }
}
