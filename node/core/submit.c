/* Submissions: this node's own, from the moment the agency side hands them in, and those of others.
 */
#include "node/core/core_priv.h"

#include "base/num.h"
#include "node/core/record.h"

/* What the head, the signature and the framing of each entry may take in a submission. */
#define FRAMING_HEAD 512u
#define FRAMING_ENTRY 4u
/* Most bytes of own submissions sent again in one go. */
#define RESEND_BYTES_MAX ((size_t)1024 * 1024)

/* Sign @entries under number @sequence. Gives the bytes in the encode arena and the decoded form in
 * the submission arena. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  too large, or no valid entries. */
static rg_err sign_entries(struct rg_core *c, const struct rg_bytes *entries, size_t count,
                           uint64_t sequence, struct rg_submission *out)
{
    struct rg_submission s = {.ledger = c->genesis->ledger_id,
                              .signer = c->config.principal,
                              .sequence = sequence,
                              .expires_ms = rg_core__ledger_now(c) + RG_CORE_EXPIRY_MS,
                              .entry_count = (uint32_t)count};
    struct rg_bytes head = {0};
    struct rg_bytes bytes = {0};
    struct rg_hash digest;
    struct rg_sig sig;
    rg_submission_root(entries, count, &s.entries_root);
    rg_arena_reset(&c->encode_arena);
    rg_err e = rg_ledger_codec_encode_head(&c->encode_arena, &s, &head, &digest);
    if (e != RG_OK) {
        return e;
    }
    c->config.sign(c->config.sign_ctx, &digest, &sig);
    e = rg_ledger_codec_encode_submission(&c->encode_arena, head, &sig, entries, count, &bytes);
    if (e != RG_OK) {
        return e;
    }
    rg_arena_reset(&c->submission_arena);
    return rg_ledger_codec_decode_submission(&c->submission_arena, bytes, out);
}

static bool trust(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                  const struct rg_sig *sig)
{
    (void)ctx;
    (void)key;
    (void)digest;
    (void)sig;
    return true;
}

/* Publish @bytes of a submission to all peers. */
static void gossip(struct rg_core *c, struct rg_bytes bytes)
{
    const struct rg_peer_message m = {.kind = RG_PEER_SUBMISSION, .bytes = bytes};
    rg_send__bcast(c, RG_CORE_TOPIC_TXS, &m);
}

/* The number of the next own submission. */
static uint64_t next_sequence(const struct rg_core *c)
{
    const uint64_t used = c->tip.state->sequence[c->config.principal];
    return rg_num_max(used, c->own.count > 0 ? c->own.items[c->own.count - 1].sequence : 0) + 1;
}

/* Whether there is room for an own submission of @s's size. */
static bool has_room(const struct rg_core *c, const struct rg_core_submit *s)
{
    size_t bytes = FRAMING_HEAD;
    for (size_t i = 0; i < s->count; i++) {
        bytes += s->entries[i].len + FRAMING_ENTRY;
    }
    return c->own.count - c->own.restored < RG_OWNLOG_COUNT_MAX && bytes <= RG_SUBMISSION_MAX &&
           c->own.bytes - c->own.restored_bytes + bytes + s->private_bytes.len <= c->own_max &&
           rg_mempool_room(c->pool, c->config.principal, UINT64_MAX, bytes);
}

bool rg_submit__own(struct rg_core *c, const struct rg_core_submit *submit)
{
    struct rg_submission s;
    if (!c->started || c->halted || c->place == RG_MEMBERS_NONE || submit->count == 0 ||
        submit->count > RG_SUBMISSION_ENTRIES_MAX || !has_room(c, submit)) {
        return false;
    }
    if (sign_entries(c, submit->entries, submit->count, next_sequence(c), &s) != RG_OK ||
        rg_submission_check(&s, c->genesis, trust, NULL) != RG_VERDICT_ACCEPTED) {
        return false;
    }
    const struct rg_ownlog_item head = {.sequence = s.sequence,
                                        .token = submit->token,
                                        .sent_ms = c->now.mono_ms,
                                        .expires_ms = s.expires_ms,
                                        .hash = s.hash};
    if (rg_mempool_put(c->pool, &s) != RG_OK) {
        return false;
    }
    if (rg_ownlog_put(&c->own, &head, s.bytes, submit->private_bytes) != RG_OK) {
        c->out.failed = true;
        return false;
    }
    rg_turn__append_own(c, rg_ownlog_find(&c->own, s.sequence));
    rg_turn__barrier(c);
    if (submit->token != 0) {
        struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_OWN);
        a->sequence = s.sequence;
        a->token = submit->token;
        a->hash = s.hash;
    }
    gossip(c, s.bytes);
    return true;
}

struct rg_core_actions rg_core_on_submit(struct rg_core *c, const struct rg_core_submit *submit,
                                         struct rg_core_time now)
{
    rg_core__begin(c, now);
    if (c->started && !c->halted) {
        rg_turn__maybe(c);
    }
    if (!rg_submit__own(c, submit)) {
        rg_outbox_add(&c->out, RG_CORE_OWN)->token = submit->token;
    }
    return rg_core__end(c);
}

/* Sign @item anew under its number, with a later end. */
static void renew(struct rg_core *c, struct rg_ownlog_item *item)
{
    struct rg_submission old;
    struct rg_submission s;
    struct rg_bytes entries[RG_SUBMISSION_ENTRIES_MAX];
    rg_arena_reset(&c->block_arena);
    c->decoded_ok = false;
    if (rg_ledger_codec_decode_submission(&c->block_arena,
                                          (struct rg_bytes){item->submission, item->submission_len},
                                          &old) != RG_OK) {
        return;
    }
    for (uint32_t i = 0; i < old.entry_count; i++) {
        entries[i] = old.entries[i].bytes;
    }
    if (sign_entries(c, entries, old.entry_count, item->sequence, &s) != RG_OK) {
        return;
    }
    if (rg_ownlog_replace(&c->own, item, s.bytes) != RG_OK) {
        c->out.failed = true;
        return;
    }
    item->expires_ms = s.expires_ms;
    item->hash = s.hash;
    RG_IGNORE(rg_mempool_put(c->pool, &s), "a full pool takes it with the next sending");
    rg_turn__append_own(c, item);
    rg_turn__barrier(c);
}

void rg_submit__resend(struct rg_core *c)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < c->own.count && c->own.open > 0; i++) {
        struct rg_ownlog_item *item = &c->own.items[i];
        if (item->height != 0 || c->now.mono_ms - item->sent_ms < RG_CORE_RESEND_MS) {
            continue;
        }
        if (bytes > RESEND_BYTES_MAX) {
            break;
        }
        if (item->expires_ms <= rg_core__ledger_now(c)) {
            renew(c, item);
        }
        item->sent_ms = c->now.mono_ms;
        bytes += item->submission_len;
        gossip(c, (struct rg_bytes){item->submission, item->submission_len});
        if (rg_mempool_find(c->pool, c->config.principal, item->sequence) == NULL) {
            rg_submit__admit(c, (struct rg_bytes){item->submission, item->submission_len});
        }
    }
}

void rg_submit__restart(struct rg_core *c)
{
    const uint64_t used =
        c->place == RG_MEMBERS_NONE ? 0 : c->tip.state->sequence[c->config.principal];
    for (uint32_t i = 0; i < c->own.count; i++) {
        struct rg_ownlog_item *item = &c->own.items[i];
        if (item->height == 0 && item->sequence <= used) {
            /* Final before the stop; where exactly, the agency side finds in the chain. */
            rg_ownlog_restored(&c->own, item, c->own_after);
        } else if (item->height == 0) {
            rg_submit__admit(c, (struct rg_bytes){item->submission, item->submission_len});
            if (item->expires_ms <= rg_core__ledger_now(c)) {
                renew(c, item);
            }
            item->sent_ms = c->now.mono_ms;
            gossip(c, (struct rg_bytes){item->submission, item->submission_len});
        }
    }
}

uint64_t rg_submit__due(const struct rg_core *c)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < c->own.count && c->own.open > 0; i++) {
        if (c->own.items[i].height == 0) {
            due = rg_num_min(due, c->own.items[i].sent_ms + RG_CORE_RESEND_MS);
        }
    }
    return due;
}

/* Whether number @s->sequence of its signer may come in, in the place of nothing or of what
 * expired. */
static bool is_wanted(const struct rg_core *c, const struct rg_submission *s)
{
    if (s->signer >= c->genesis->principal_count) {
        return false;
    }
    const uint64_t used = c->tip.state->sequence[s->signer];
    if (s->sequence <= used || s->sequence - used > RG_MEMPOOL_AHEAD_MAX ||
        s->expires_ms <= c->tip.info.time_ms ||
        !rg_mempool_room(c->pool, s->signer, s->sequence, s->bytes.len)) {
        return false;
    }
    const struct rg_mempool_item *old = rg_mempool_find(c->pool, s->signer, s->sequence);
    return old == NULL ||
           (!rg_hash_eq(&old->hash, &s->hash) && old->expires_ms <= rg_core__ledger_now(c));
}

bool rg_submit__admit(struct rg_core *c, struct rg_bytes bytes)
{
    struct rg_submission s;
    rg_arena_reset(&c->submission_arena);
    if (rg_ledger_codec_decode_submission(&c->submission_arena, bytes, &s) != RG_OK) {
        c->refused++;
        return false;
    }
    if (!is_wanted(c, &s)) {
        return false;
    }
    if (rg_submission_check(&s, c->genesis, c->config.verify, c->config.verify_ctx) !=
        RG_VERDICT_ACCEPTED) {
        c->refused++;
        return false;
    }
    return rg_mempool_put(c->pool, &s) == RG_OK;
}
