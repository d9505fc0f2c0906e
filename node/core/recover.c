/* From the archive's tip and the journal's records back to exactly where the node was. */
#include "node/core/core_priv.h"

#include "base/bytes.h"
#include "node/core/guilt.h"
#include "node/core/record.h"
#include <stdlib.h>

/* A copy of @b on the heap, as a range; its memory is freed by rg_core_destroy. */
static rg_err keep(struct rg_bytes b, struct rg_bytes *out)
{
    uint8_t *p = malloc(b.len > 0 ? b.len : 1);
    if (p == NULL) {
        return RG_ERR_NOMEM;
    }
    if (b.len > 0) {
        memcpy(p, b.data, b.len);
    }
    *out = (struct rg_bytes){p, b.len};
    return RG_OK;
}

/* The certificate of the tip on my disk: its signatures are checked again. The last block of an
 * epoch has that of the authorities before. */
static rg_err check_cert(struct rg_core *c, struct rg_bytes bytes, bool ended, struct rg_cert *out)
{
    struct rg_members m = c->members;
    if (ended && !rg_guilt_members(c->genesis, &c->tip.state->governance.previous, &m)) {
        return RG_ERR_CORRUPT;
    }
    if (rg_cert_decode(bytes, out) != RG_OK ||
        !rg_core__cert_ok_in(c, ended ? c->epoch - 1 : c->epoch, &m, out)) {
        return RG_ERR_CORRUPT;
    }
    return RG_OK;
}

rg_err rg_core_recover_tip(struct rg_core *c, const struct rg_core_tip *tip)
{
    struct rg_cert cert;
    struct rg_blocknode *n = NULL;
    if (tip->height == 0) {
        return RG_OK;
    }
    const struct rg_block *b = rg_core__decode(c, tip->block, &tip->hash);
    if (b == NULL || b->header.height != tip->height || b->header.time_ms != tip->time_ms ||
        rg_state_decode(tip->state, c->tip.state) != RG_OK || c->tip.state->height != tip->height ||
        c->tip.state->time_ms != tip->time_ms || !rg_hash_eq(&c->tip.state->block, &tip->hash)) {
        return RG_ERR_CORRUPT;
    }
    rg_epoch__take(c);
    if (c->halted) {
        return RG_ERR_CORRUPT;
    }
    if (tip->cert.len > 0) {
        if (check_cert(c, tip->cert, b->header.epoch_last, &cert) != RG_OK ||
            cert.kind != RG_VOTE_FINALIZE || !rg_hash_eq(&cert.cand.hash, &tip->hash)) {
            return RG_ERR_CORRUPT;
        }
        const rg_err e = keep(tip->cert, &c->recovered.tip_cert);
        if (e != RG_OK) {
            return e;
        }
    }
    const rg_err e = rg_blocktree_put(&c->tree, b, c->config.principal, &n);
    if (e != RG_OK) {
        return e;
    }
    rg_blocktree_finalize(&c->tree, n);
    n->verdict = RG_BLOCKNODE_VALID;
    rg_blocktree_archive(&c->tree, n);
    c->tip.info = n->info;
    c->archived = tip->height;
    c->own_after = tip->height;
    return RG_OK;
}

static rg_err recover_cert(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_core_recovered *r = &c->recovered;
    struct rg_cert cert;
    if (rg_cert_decode(payload, &cert) != RG_OK || cert.epoch < RG_EPOCH_FIRST) {
        return RG_ERR_CORRUPT;
    }
    if (r->cert_count == r->cert_cap) {
        const uint32_t cap = r->cert_cap == 0 ? 256 : r->cert_cap * 2;
        struct rg_bytes *certs = realloc(r->certs, cap * sizeof *certs);
        if (certs == NULL) {
            return RG_ERR_NOMEM;
        }
        r->certs = certs;
        r->cert_cap = cap;
    }
    const rg_err e = keep(payload, &r->certs[r->cert_count]);
    r->cert_count += e == RG_OK;
    return e;
}

static rg_err recover_block(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_blocknode *n = NULL;
    const struct rg_block *b = rg_core__decode(c, payload, NULL);
    if (b == NULL) {
        return RG_ERR_CORRUPT;
    }
    if (b->header.height <= c->tip.info.height) {
        return RG_OK; /* the archive has it */
    }
    if (!rg_judge__is_bound(c, b)) {
        return RG_ERR_CORRUPT;
    }
    const rg_err e = rg_blocktree_put(&c->tree, b, c->config.principal, &n);
    if (e == RG_OK) {
        n->journaled = true;
        n->certified = true; /* judged before the stop: the clock is not asked again */
    }
    return e;
}

static rg_err recover_own(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_record_own own;
    struct rg_submission s;
    rg_err e = rg_record_decode_own(payload, &own);
    if (e != RG_OK) {
        return e;
    }
    rg_arena_reset(&c->submission_arena);
    if (rg_ledger_codec_decode_submission(&c->submission_arena, own.submission, &s) != RG_OK ||
        s.sequence != own.sequence || s.signer != c->config.principal) {
        return RG_ERR_CORRUPT;
    }
    const struct rg_ownlog_item head = {
        .sequence = own.sequence, .expires_ms = s.expires_ms, .hash = s.hash};
    e = rg_ownlog_put(&c->own, &head, own.submission, own.private_bytes);
    return e == RG_ERR_INVALID ? RG_ERR_CORRUPT : e;
}

static rg_err recover_followed(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_reader r = rg_bytes_reader(payload);
    const uint64_t sequence = rg_bytes_get_u64(&r);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    rg_ownlog_forget(&c->own, sequence);
    return RG_OK;
}

static rg_err recover_met(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_reader r = rg_bytes_reader(payload);
    struct rg_id instance;
    const uint16_t place = rg_bytes_get_u16(&r);
    rg_bytes_get(&r, instance.b, RG_ID_BYTES);
    if (!rg_bytes_done(&r) || place >= c->node_count) {
        return RG_ERR_CORRUPT;
    }
    c->peer[place].met = true;
    c->peer[place].first = instance;
    return RG_OK;
}

static rg_err recover_memory(struct rg_core *c, struct rg_bytes payload)
{
    const rg_err e = rg_record_decode_memory(payload, &c->memory);
    if (e == RG_OK) {
        c->has_memory = true;
        c->first = c->memory.memory == RG_MEMORY_FRESH ? c->memory.first : c->config.instance;
    }
    return e;
}

static rg_err recover_evidence(struct rg_core *c, struct rg_bytes payload)
{
    struct rg_vote pair[2];
    if (!rg_guilt_decode(payload, pair)) {
        return RG_ERR_CORRUPT;
    }
    rg_evidence__recover(c, pair);
    return RG_OK;
}

rg_err rg_core_recover_record(struct rg_core *c, uint8_t type, struct rg_bytes payload)
{
    struct rg_vote v;
    c->journal_used += payload.len + RG_CORE_RECORD_COST;
    switch (type) {
    case RG_RECORD_VOTE:
        if (rg_vote_decode(payload, &v) != RG_OK || v.epoch < RG_EPOCH_FIRST) {
            return RG_ERR_CORRUPT;
        }
        return rg_turn__keep_vote(c, &v);
    case RG_RECORD_CERT:
        return recover_cert(c, payload);
    case RG_RECORD_BLOCK:
        return recover_block(c, payload);
    case RG_RECORD_OWN:
        return recover_own(c, payload);
    case RG_RECORD_MEMORY:
        c->has_memory = true;
        return recover_memory(c, payload);
    case RG_RECORD_MET:
        return recover_met(c, payload);
    case RG_RECORD_FOLLOWED:
        return recover_followed(c, payload);
    case RG_RECORD_EVIDENCE:
        return recover_evidence(c, payload);
    default:
        return RG_ERR_CORRUPT;
    }
}

/* Whether all blocks from @hash down to my tip are here; marks them. */
static bool path_is_complete(struct rg_core *c, const struct rg_hash *hash, uint32_t *out_count)
{
    struct rg_hash at = *hash;
    uint32_t count = 0;
    while (!rg_hash_eq(&at, &c->tip.info.hash)) {
        const struct rg_blocknode *n = rg_blocktree_find(&c->tree, &at);
        if (n == NULL || n->final || n->info.height <= c->tip.info.height) {
            return false;
        }
        at = n->info.parent;
        count++;
    }
    *out_count = count;
    return true;
}

/* The newest finalization of this epoch in the journal whose blocks are all here; false when there
 * is none. The latest stand at the end; only signatures that count are checked, for there may be
 * tens of thousands. */
static bool newest_final(struct rg_core *c, struct rg_cert *out, uint32_t *out_count)
{
    bool found = false;
    for (uint32_t i = c->recovered.cert_count; i > 0; i--) {
        struct rg_cert cert;
        uint32_t count = 0;
        if (rg_cert_decode(c->recovered.certs[i - 1], &cert) == RG_OK &&
            cert.kind == RG_VOTE_FINALIZE && cert.epoch == c->epoch &&
            (!found || cert.cand.view > out->cand.view) &&
            path_is_complete(c, &cert.cand.hash, &count) && rg_core__cert_ok(c, &cert)) {
            found = true;
            *out = cert;
            *out_count = count;
        }
    }
    return found;
}

/* Make final again what the journal proves and the archive lacks: @count blocks up to @final's. */
static void replay_final(struct rg_core *c, const struct rg_cert *final, uint32_t count)
{
    struct rg_blocknode **path = calloc((size_t)count + 1, sizeof(struct rg_blocknode *));
    if (path == NULL) {
        c->out.failed = true;
        return;
    }
    struct rg_hash at = final->cand.hash;
    for (uint32_t i = count; i > 0; i--) {
        path[i] = rg_blocktree_find(&c->tree, &at);
        at = path[i]->info.parent;
    }
    for (uint32_t i = 1; i <= count && !c->halted; i++) {
        rg_commit__block(c, path[i], final);
    }
    free(path);
}

/* Give the consensus the journal's votes and certificates from the last final view on. What came
 * through the journal's checksums and still is not signed by its signer was never written by this
 * node: it must not sign on top of that. */
static void hand_over_signed(struct rg_core *c, uint64_t lf)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->vote_count; i++) {
        const struct rg_vote v = c->votes[i];
        if (v.epoch > c->epoch) {
            rg_core__halt(c,
                          "the journal holds votes of an epoch whose beginning it does not hold");
            return;
        }
        if (v.epoch < c->epoch || v.cand.view < lf) {
            continue;
        }
        if (v.signer != c->me || !rg_core__vote_ok(c, &v)) {
            rg_core__halt(c, "a vote in the journal is not signed by this node");
            return;
        }
        c->votes[kept++] = v;
        rg_cons_recover_vote(c->cons, &v);
    }
    c->vote_count = kept;
    for (uint32_t i = 0; i < c->recovered.cert_count; i++) {
        struct rg_cert cert;
        RG_IGNORE(rg_cert_decode(c->recovered.certs[i], &cert), "it decoded before");
        if (cert.epoch < c->epoch || (cert.epoch == c->epoch && cert.cand.view < lf)) {
            continue;
        }
        if (!rg_core__cert_ok(c, &cert)) {
            rg_core__halt(c,
                          "a certificate in the journal is not signed by a quorum of this epoch");
            return;
        }
        rg_cons_recover_cert(c->cons, &cert);
    }
}

/* Give the consensus what the journal holds. */
static void hand_over(struct rg_core *c, const struct rg_cert *final, bool had_records)
{
    if (!rg_epoch__make(c, final, rg_epoch__memory(c, had_records))) {
        return;
    }
    hand_over_signed(c, final != NULL ? final->cand.view : 0);
    for (const struct rg_blocknode *n = c->tree.first; n != NULL; n = n->next) {
        if (!n->final) {
            rg_cons_recover_block(c->cons, &n->info);
        }
    }
}

/* The certificate at the archive's tip, if it is of this epoch. */
static bool archived_final(const struct rg_core *c, struct rg_cert *out)
{
    return c->recovered.tip_cert.len > 0 && rg_cert_decode(c->recovered.tip_cert, out) == RG_OK &&
           out->epoch == c->epoch;
}

/* Bring the finalization that counts: the journal's newest one, or the archive's; epoch by epoch.
 */
static void recover_final(struct rg_core *c, bool had_records)
{
    struct rg_cert final;
    struct rg_cert archived;
    uint32_t count = 0;
    bool found = archived_final(c, &archived);
    bool whole = found || c->tip.info.height == 0 || c->tip.info.epoch_last;
    if (found) {
        final = archived;
    } else if (c->tip.info.epoch_last && c->recovered.tip_cert.len > 0 &&
               rg_cert_decode(c->recovered.tip_cert, &archived) == RG_OK) {
        rg_epoch__note_end(c, &archived);
    }
    struct rg_cert newer;
    while (newest_final(c, &newer, &count) &&
           (count > 0 || !found || newer.cand.view > final.cand.view)) {
        replay_final(c, &newer, count);
        if (c->halted) {
            return;
        }
        final = newer;
        found = true;
        whole = true;
        if (count == 0) {
            break; /* the tip once more; at the root of an epoch too, in its first views */
        }
        if (c->tip.info.epoch_last) {
            rg_epoch__note_end(c, &final);
            rg_epoch__take(c);
            found = false;
        }
    }
    if (!whole) {
        rg_core__halt(c, "the chain's last block has no finalization and the journal has none");
        return;
    }
    hand_over(c, found ? &final : NULL, had_records);
}

/* Whoever takes no turns now may later: its journal must not look intact by then. */
static void mark_doubt(struct rg_core *c)
{
    const bool known = c->has_memory && c->memory.memory == c->doubt;
    if (c->me != RG_MEMBERS_NONE || c->config.sign == NULL || known ||
        (c->doubt != RG_MEMORY_FRESH && c->doubt != RG_MEMORY_LOST)) {
        return;
    }
    c->has_memory = true;
    c->memory = (struct rg_record_memory){.epoch = c->epoch, .memory = c->doubt, .first = c->first};
    rg_turn__append_memory(c);
    rg_turn__barrier(c);
}

struct rg_core_actions rg_core_start(struct rg_core *c, bool had_records, struct rg_core_time now)
{
    rg_core__begin(c, now);
    c->start_wall_ms = now.wall_ms;
    c->listen_ms = now.mono_ms + c->genesis->parameters.status_ms;
    c->final_ms = c->now.mono_ms;
    recover_final(c, had_records);
    if (!c->halted && !c->out.failed) {
        const struct rg_cons_event ev = {
            .kind = RG_EVENT_START, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
        c->started = true;
        mark_doubt(c);
        rg_drive__feed(c, &ev);
        rg_submit__restart(c);
        rg_beacon__tick(c);
    }
    return rg_core__end(c);
}
