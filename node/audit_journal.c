/* The journal: every record decodes, every signature holds, and the node's own votes do not
 * contradict each other. */
#include "node/audit_priv.h"

#include "base/bytes.h"
#include "crypto/verify.h"
#include "node/core/guilt.h"
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
    if (rg_vote_decode(payload, &v) != RG_OK) {
        fault(a, NULL, 0, "a vote in the journal does not decode");
        return RG_OK;
    }
    return keep_vote(a, &v);
}

static rg_err keep_cert(struct rg_audit *a, struct rg_bytes payload)
{
    if (a->cert_count == a->cert_cap) {
        const size_t cap = a->cert_cap == 0 ? 256 : a->cert_cap * 2;
        struct rg_bytes *certs = realloc(a->certs, cap * sizeof *certs);
        if (certs == NULL) {
            return RG_ERR_NOMEM;
        }
        a->certs = certs;
        a->cert_cap = cap;
    }
    uint8_t *copy = malloc(payload.len);
    if (copy == NULL) {
        return RG_ERR_NOMEM;
    }
    memcpy(copy, payload.data, payload.len);
    a->certs[a->cert_count++] = (struct rg_bytes){copy, payload.len};
    return RG_OK;
}

static rg_err check_cert(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_cert cert;
    a->report->certificates++;
    if (rg_cert_decode(payload, &cert) != RG_OK) {
        fault(a, NULL, 0, "a certificate in the journal does not decode");
        return RG_OK;
    }
    const rg_err e = keep_cert(a, payload);
    if (e != RG_OK || cert.kind != RG_VOTE_FINALIZE) {
        return e;
    }
    if (cert.epoch > a->final_epoch) {
        a->final_epoch = cert.epoch;
        a->final_view = 0;
    }
    if (cert.epoch == a->final_epoch && cert.cand.view > a->final_view) {
        a->final_view = cert.cand.view;
    }
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
    if (b.header.epoch_last && b.header.epoch > a->end_epoch) {
        a->end_epoch = b.header.epoch;
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

static rg_err check_evidence(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_vote v[2];
    if (!rg_guilt_decode(payload, v)) {
        fault(a, NULL, 0, "evidence in the journal proves nothing");
        return RG_OK;
    }
    struct rg_vote(*pairs)[2] = realloc(a->pairs, (a->pair_count + 1) * sizeof *pairs);
    if (pairs == NULL) {
        return RG_ERR_NOMEM;
    }
    a->pairs = pairs;
    memcpy(a->pairs[a->pair_count++], v, sizeof v);
    return RG_OK;
}

static void check_memory(struct rg_audit *a, struct rg_bytes payload)
{
    struct rg_record_memory m;
    if (rg_record_decode_memory(payload, &m) != RG_OK) {
        fault(a, NULL, 0, "the journal's mark about forgotten votes does not decode");
    } else if (m.memory == RG_MEMORY_LOST || m.mute > 0) {
        (void)snprintf(a->report->note, sizeof a->report->note,
                       "this node may have forgotten votes once and asked others before it voted");
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
        return check_evidence(a, r->payload);
    case RG_RECORD_MEMORY:
        check_memory(a, r->payload);
        return RG_OK;
    case RG_RECORD_MET:
        if (r->payload.len != RG_RECORD_MET_BYTES) {
            fault(a, NULL, 0, "a mark in the journal does not decode");
        }
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
    if (a->epoch != b->epoch) {
        return a->epoch < b->epoch ? -1 : 1;
    }
    return a->cand.view < b->cand.view ? -1 : a->cand.view > b->cand.view;
}

/* The authorities of @epoch; NULL when the chain has not reached it. */
static const struct rg_members *members_of(const struct rg_audit *a, uint64_t epoch)
{
    for (size_t i = 0; i < a->set_count; i++) {
        if (a->sets[i].epoch == epoch) {
            return &a->sets[i].members;
        }
    }
    return NULL;
}

/* All own votes come from one key, and no two contradict each other. */
static void check_votes(struct rg_audit *a, const struct rg_members *const *sets)
{
    char text[RG_AUDIT_TEXT_MAX];
    const struct rg_pubkey *own = NULL;
    for (size_t i = 0; i < a->vote_count; i++) {
        const struct rg_vote *v = &a->votes[i];
        if (sets[i] != NULL) {
            const struct rg_pubkey *key = &sets[i]->keys[v->signer];
            if (own != NULL && memcmp(own->b, key->b, RG_KEY_BYTES) != 0) {
                fault(a, NULL, 0, "the journal holds votes of more than one node");
            }
            own = key;
        }
        for (size_t k = i; k > 0 && by_view(&a->votes[k - 1], v) == 0; k--) {
            if (rg_vote_conflicts(&a->votes[k - 1], v)) {
                (void)snprintf(text, sizeof text,
                               "two votes of this node for view %llu contradict each other",
                               (unsigned long long)v->cand.view);
                fault(a, &v->cand.hash, 0, text);
            }
        }
    }
}

/* Something signed in an epoch that the chain has not reached: right only when the journal holds
 * the block that ends the epoch before, which the archive has not taken yet. */
static void note_unknown(struct rg_audit *a, uint64_t epoch, size_t *unknown)
{
    (*unknown)++;
    if (epoch != a->end_epoch + 1 || epoch != a->sets[a->set_count - 1].epoch + 1) {
        fault(a, NULL, 0, "the journal holds a vote or certificate of an epoch that never began");
    }
}

static void check_certs(struct rg_audit *a, size_t *unknown)
{
    char text[RG_AUDIT_TEXT_MAX];
    for (size_t i = 0; i < a->cert_count; i++) {
        struct rg_cert cert;
        RG_IGNORE(rg_cert_decode(a->certs[i], &cert), "it decoded before");
        const struct rg_members *m = members_of(a, cert.epoch);
        if (m == NULL) {
            note_unknown(a, cert.epoch, unknown);
        } else if (!rg_cert_check(&cert, &a->genesis->ledger_id, m, cert.epoch, rg_verify)) {
            (void)snprintf(text, sizeof text,
                           "the journal's certificate for view %llu is not signed by a quorum",
                           (unsigned long long)cert.cand.view);
            fault(a, &cert.cand.hash, 0, text);
        }
    }
}

static void check_pairs(struct rg_audit *a)
{
    for (size_t i = 0; i < a->pair_count; i++) {
        const struct rg_vote *pair = a->pairs[i];
        const struct rg_members *m = members_of(a, pair[0].epoch);
        if (m != NULL && (!rg_vote_check(&pair[0], &a->genesis->ledger_id, m, rg_verify) ||
                          !rg_vote_check(&pair[1], &a->genesis->ledger_id, m, rg_verify))) {
            fault(a, NULL, 0, "evidence in the journal proves nothing");
        }
    }
}

rg_err rg_audit__signatures(struct rg_audit *a)
{
    size_t unknown = 0;
    const struct rg_members **sets = calloc(a->vote_count + 1, sizeof(void *));
    if (sets == NULL) {
        return RG_ERR_NOMEM;
    }
    if (a->vote_count > 1) {
        qsort(a->votes, a->vote_count, sizeof *a->votes, by_view);
    }
    for (size_t i = 0; i < a->vote_count; i++) {
        const struct rg_vote *v = &a->votes[i];
        sets[i] = members_of(a, v->epoch);
        if (sets[i] == NULL) {
            note_unknown(a, v->epoch, &unknown);
        } else if (!rg_vote_check(v, &a->genesis->ledger_id, sets[i], rg_verify)) {
            fault(a, &v->cand.hash, 0, "a vote in the journal is not signed by its signer");
            sets[i] = NULL;
        }
    }
    check_certs(a, &unknown);
    check_pairs(a);
    check_votes(a, sets);
    free(sets);
    if (unknown > 0) {
        (void)snprintf(a->report->note, sizeof a->report->note,
                       "%zu votes and certificates are of an epoch that the chain has not reached",
                       unknown);
    }
    return a->journal_fault ? RG_ERR_CORRUPT : RG_OK;
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
    const uint64_t epoch = a->sets[a->set_count - 1].epoch;
    const uint64_t final_view = a->final_epoch == epoch ? a->final_view : 0;
    const uint64_t from = final_view > a->cert_view ? final_view : a->cert_view;
    for (size_t i = 0; i < a->vote_count; i++) {
        const struct rg_vote *v = &a->votes[i];
        if (v->epoch != epoch) {
            continue; /* an epoch that is over, or one whose beginning is not on the chain yet */
        }
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
    return a->journal_fault ? RG_ERR_CORRUPT : RG_OK;
}
