/* The journal: every record decodes, every signature holds, and the node's own votes do not
 * contradict each other. */
#include "node/audit_priv.h"

#include "base/bytes.h"
#include "crypto/verify.h"
#include "node/core/record.h"
#include "proto/ledger_codec.h"
#include "storage/journal.h"
#include <stdio.h>
#include <stdlib.h>

static bool verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                   const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

/* A fault at the record of the block @hash (NULL: of none). The scan goes on. */
static void fault(struct rg_audit *a, const struct rg_hash *hash, uint64_t height, const char *text)
{
    if (!a->journal_fault) {
        a->journal_fault = true;
        if (hash != NULL) {
            a->journal_fault_hash = *hash;
        }
        (void)rg_audit__fault(a, height, text);
    }
}

static rg_err keep_vote(struct rg_audit *a, const struct rg_vote *v)
{
    if (a->vote_count == a->vote_cap) {
        const size_t cap = a->vote_cap == 0 ? 256 : a->vote_cap * 2;
        struct rg_vote *votes = realloc(a->votes, cap * sizeof *votes);
        if (votes == NULL) {
            return RG_ERR_NOMEM;
        }
        a->votes = votes;
        a->vote_cap = cap;
    }
    a->votes[a->vote_count++] = *v;
    return RG_OK;
}

static rg_err check_vote(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_vote v;
    if (rg_vote_decode(payload, &v) != RG_OK || v.epoch != RG_AUDIT_EPOCH ||
        !rg_vote_check(&v, &a->genesis->ledger_id, &a->members, rg_verify)) {
        fault(a, NULL, 0, "a vote in the journal does not decode or is not signed by its signer");
        return RG_OK;
    }
    return keep_vote(a, &v);
}

static rg_err check_cert(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_cert cert;
    char text[RG_AUDIT_TEXT_MAX];
    a->report->certificates++;
    if (rg_cert_decode(payload, &cert) != RG_OK) {
        fault(a, NULL, 0, "a certificate in the journal does not decode");
        return RG_OK;
    }
    if (!rg_audit__cert_ok(a, &cert)) {
        (void)snprintf(text, sizeof text,
                       "the journal's certificate for view %llu is not signed by a quorum",
                       (unsigned long long)cert.cand.view);
        fault(a, &cert.cand.hash, 0, text);
        return RG_OK;
    }
    if (cert.kind != RG_VOTE_FINALIZE) {
        return RG_OK;
    }
    a->final_view = cert.cand.view > a->final_view ? cert.cand.view : a->final_view;
    return rg_audit__add_ref(&a->finals, &(struct rg_audit_ref){.hash = cert.cand.hash});
}

static rg_err check_block(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_block b;
    struct rg_hash root;
    rg_arena_reset(&a->arena);
    if (rg_ledger_codec_decode_block(&a->arena, payload, &b) != RG_OK) {
        fault(a, NULL, 0, "a block in the journal does not decode");
        return RG_OK;
    }
    rg_block_root(b.submissions, b.header.submission_count, &root);
    bool good = rg_hash_eq(&root, &b.header.submissions_root) &&
                rg_hash_eq(&b.header.ledger, &a->genesis->ledger_id);
    for (uint32_t i = 0; good && i < b.header.submission_count; i++) {
        good =
            rg_submission_check(&b.submissions[i], a->genesis, verify, NULL) == RG_VERDICT_ACCEPTED;
    }
    if (!good) {
        fault(a, &b.hash, b.header.height, "a block in the journal does not match its header");
    }
    const struct rg_audit_ref ref = {
        .hash = b.hash, .parent = b.header.parent, .height = b.header.height};
    return rg_audit__add_ref(&a->bodies, &ref);
}

static void check_own(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_record_own own;
    struct rg_submission s;
    rg_arena_reset(&a->arena);
    if (rg_record_decode_own(payload, &own) != RG_OK ||
        rg_ledger_codec_decode_submission(&a->arena, own.submission, &s) != RG_OK ||
        s.sequence != own.sequence ||
        rg_submission_check(&s, a->genesis, verify, NULL) != RG_VERDICT_ACCEPTED) {
        fault(a, NULL, 0, "an own submission in the journal does not decode or is not signed");
    }
}

static void check_evidence(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_vote v[2];
    bool good = payload.len == 2 * (size_t)RG_VOTE_BYTES;
    for (size_t i = 0; good && i < 2; i++) {
        const struct rg_bytes one = {payload.data + i * RG_VOTE_BYTES, RG_VOTE_BYTES};
        good = rg_vote_decode(one, &v[i]) == RG_OK &&
               rg_vote_check(&v[i], &a->genesis->ledger_id, &a->members, rg_verify);
    }
    if (!good || !rg_vote_conflicts(&v[0], &v[1])) {
        fault(a, NULL, 0, "evidence in the journal proves nothing");
    }
}

static rg_err check_record(void *ctx, const struct rg_journal_record *r)
{
    struct rg_audit *a = ctx;
    a->report->journal_records++;
    switch (r->type) {
    case RG_RECORD_VOTE:
        return check_vote(a, r->payload);
    case RG_RECORD_CERT:
        return check_cert(a, r->payload);
    case RG_RECORD_BLOCK:
        return check_block(a, r->payload);
    case RG_RECORD_OWN:
        check_own(a, r->payload);
        return RG_OK;
    case RG_RECORD_EVIDENCE:
        check_evidence(a, r->payload);
        return RG_OK;
    case RG_RECORD_MUTE:
        (void)snprintf(a->report->note, sizeof a->report->note,
                       "this node lost its journal once and does not vote");
        return RG_OK;
    case RG_RECORD_FOLLOWED:
        if (r->payload.len != 8) {
            fault(a, NULL, 0, "a mark in the journal does not decode");
        }
        return RG_OK;
    default:
        fault(a, NULL, 0, "the journal holds a record of an unknown type");
        return RG_OK;
    }
}

static int by_view(const void *x, const void *y)
{
    const struct rg_vote *a = x;
    const struct rg_vote *b = y;
    return a->cand.view < b->cand.view ? -1 : a->cand.view > b->cand.view;
}

/* All own votes come from one key, and no two contradict each other. */
static void check_votes(struct rg_audit *a)
{
    char text[RG_AUDIT_TEXT_MAX];
    if (a->vote_count > 1) {
        qsort(a->votes, a->vote_count, sizeof *a->votes, by_view);
    }
    for (size_t i = 0; i < a->vote_count; i++) {
        if (a->votes[i].signer != a->votes[0].signer) {
            fault(a, NULL, 0, "the journal holds votes of more than one node");
        }
        for (size_t k = i; k > 0 && a->votes[k - 1].cand.view == a->votes[i].cand.view; k--) {
            if (rg_vote_conflicts(&a->votes[k - 1], &a->votes[i])) {
                (void)snprintf(text, sizeof text,
                               "two votes of this node for view %llu contradict each other",
                               (unsigned long long)a->votes[i].cand.view);
                fault(a, &a->votes[i].cand.hash, 0, text);
            }
        }
    }
}

/* Whether the block of @hash and what it rests on, down to the chain, is on this disk. */
static bool is_held(const struct rg_audit *a, const struct rg_hash *hash, uint64_t *out_height)
{
    struct rg_hash at = *hash;
    for (;;) {
        if (rg_hash_eq(&at, &a->genesis->ledger_id) || rg_audit__find_ref(&a->chain, &at) != NULL) {
            return true;
        }
        const struct rg_audit_ref *body = rg_audit__find_ref(&a->bodies, &at);
        if (body == NULL) {
            return false;
        }
        if (body->height <= a->report->tip + 1) {
            *out_height = a->report->tip + 1;
            return true; /* it stands on a block that lost, or on the chain's last one */
        }
        *out_height = body->height - 1;
        at = body->parent;
    }
}

rg_err rg_audit__bodies(struct rg_audit *a)
{
    const uint64_t from = a->final_view > a->cert_view ? a->final_view : a->cert_view;
    for (size_t i = 0; i < a->vote_count; i++) {
        const struct rg_vote *v = &a->votes[i];
        uint64_t height = a->report->tip + 1;
        /* In the final view itself only what I finalized is kept: the leader may have made two. */
        const bool kept = (v->kind == RG_VOTE_FINALIZE && v->cand.view >= from) ||
                          (v->kind == RG_VOTE_NOTARIZE && v->cand.view > from);
        if (kept && !is_held(a, &v->cand.hash, &height)) {
            return rg_audit__fault(a, height,
                                   "a block that this node voted for is not in its journal");
        }
    }
    return RG_OK;
}

rg_err rg_audit__journal(struct rg_audit *a, const char *dir)
{
    struct rg_journal_info info;
    char text[RG_AUDIT_TEXT_MAX];
    memset(&info, 0, sizeof info);
    rg_err e = rg_journal_scan(dir, check_record, a, &info);
    if (e == RG_ERR_NOT_FOUND) {
        (void)snprintf(a->report->note, sizeof a->report->note, "there is no journal");
        return RG_OK;
    }
    if (e == RG_ERR_CORRUPT) {
        (void)snprintf(text, sizeof text, "the journal's file %c is damaged at offset %llu",
                       info.file != '\0' ? info.file : '-', (unsigned long long)info.bad_offset);
        fault(a, NULL, 0, text);
        return RG_ERR_CORRUPT;
    }
    if (e != RG_OK) {
        return e;
    }
    if (info.torn) {
        (void)snprintf(a->report->note, sizeof a->report->note,
                       "the journal's last record is torn: it was never sent");
    }
    check_votes(a);
    return a->journal_fault ? RG_ERR_CORRUPT : RG_OK;
}
