/* What goes into the journal, and when it turns to the other file. */
#include "node/core/core_priv.h"

#include "base/bytes.h"
#include "node/core/record.h"
#include <stdlib.h>

void rg_turn__append(struct rg_core *c, uint8_t type, struct rg_bytes bytes)
{
    const struct rg_bytes copy = rg_outbox_copy(&c->out, bytes);
    struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_JOURNAL);
    a->type = type;
    a->bytes = copy;
    c->journal_used += bytes.len + RG_CORE_RECORD_COST;
    c->dirty = true;
}

void rg_turn__append_cert(struct rg_core *c, const struct rg_cert *cert)
{
    uint8_t buf[RG_CERT_MAX];
    size_t len = 0;
    if (rg_cert_encode(cert, buf, sizeof buf, &len) == RG_OK) {
        rg_turn__append(c, RG_RECORD_CERT, (struct rg_bytes){buf, len});
    }
}

void rg_turn__append_vote(struct rg_core *c, const struct rg_vote *v)
{
    uint8_t buf[RG_VOTE_BYTES];
    rg_vote_encode(v, buf);
    rg_turn__append(c, RG_RECORD_VOTE, (struct rg_bytes){buf, sizeof buf});
}

void rg_turn__append_own(struct rg_core *c, const struct rg_ownlog_item *i)
{
    const size_t len = RG_RECORD_OWN_HEAD + i->submission_len + i->private_len;
    uint8_t *p = rg_outbox_take(&c->out, len);
    if (p == NULL) {
        return;
    }
    const struct rg_record_own r = {.sequence = i->sequence,
                                    .submission = {i->submission, i->submission_len},
                                    .private_bytes = {i->private_bytes, i->private_len}};
    struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_JOURNAL);
    a->type = RG_RECORD_OWN;
    a->bytes = (struct rg_bytes){p, rg_record_encode_own(&r, p)};
    c->journal_used += len + RG_CORE_RECORD_COST;
    c->dirty = true;
}

void rg_turn__append_memory(struct rg_core *c)
{
    uint8_t buf[RG_RECORD_MEMORY_BYTES];
    rg_record_encode_memory(&c->memory, buf);
    rg_turn__append(c, RG_RECORD_MEMORY, (struct rg_bytes){buf, sizeof buf});
}

void rg_turn__append_met(struct rg_core *c, uint16_t place)
{
    uint8_t buf[RG_RECORD_MET_BYTES];
    struct rg_writer w = rg_bytes_writer(buf, sizeof buf);
    rg_bytes_put_u16(&w, place);
    rg_bytes_put(&w, c->peer[place].first.b, RG_ID_BYTES);
    rg_turn__append(c, RG_RECORD_MET, (struct rg_bytes){buf, w.len});
}

static void append_evidence(struct rg_core *c, const struct rg_vote pair[2])
{
    uint8_t buf[2 * RG_VOTE_BYTES];
    rg_evidence__encode(pair, buf);
    rg_turn__append(c, RG_RECORD_EVIDENCE, (struct rg_bytes){buf, sizeof buf});
}

void rg_turn__barrier(struct rg_core *c)
{
    if (c->dirty) {
        rg_outbox_add(&c->out, RG_CORE_BARRIER);
        c->dirty = false;
    }
}

rg_err rg_turn__keep_vote(struct rg_core *c, const struct rg_vote *v)
{
    if (c->vote_count == c->vote_cap) {
        const uint32_t cap = c->vote_cap == 0 ? 256 : c->vote_cap * 2;
        struct rg_vote *votes = realloc(c->votes, cap * sizeof *votes);
        if (votes == NULL) {
            c->out.failed = true;
            return RG_ERR_NOMEM;
        }
        c->votes = votes;
        c->vote_cap = cap;
    }
    c->votes[c->vote_count++] = *v;
    return RG_OK;
}

/* Own votes below the last final view can contradict nothing any more. */
static void prune_votes(struct rg_core *c)
{
    const uint64_t lf = rg_cons_final_view(c->cons);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->vote_count; i++) {
        if (c->votes[i].cand.view >= lf) {
            c->votes[kept++] = c->votes[i];
        }
    }
    c->vote_count = kept;
}

/* Whether a block's body must stay in the journal. */
static bool is_live(const struct rg_blocknode *n)
{
    return n->journaled && !n->archived;
}

/* Bytes of the bodies and own records that a turn would carry over; votes and certificates are
 * small beside them. */
static uint64_t live_bytes(const struct rg_core *c)
{
    uint64_t live = c->own.bytes + (uint64_t)c->own.count * RG_CORE_RECORD_COST;
    for (const struct rg_blocknode *n = c->tree.first; n != NULL; n = n->next) {
        if (is_live(n)) {
            live += n->len + RG_CORE_RECORD_COST;
        }
    }
    return live + (uint64_t)c->vote_count * (RG_VOTE_BYTES + RG_CORE_RECORD_COST);
}

static void append_certs(struct rg_core *c)
{
    const uint64_t to = rg_cons_view(c->cons) + RG_VIEW_WINDOW;
    const struct rg_cert *tip = rg_cons_tip_final(c->cons);
    if (tip != NULL) {
        rg_turn__append_cert(c, tip);
    }
    if (c->end.cert_len > 0 && c->archived < c->end.height) {
        rg_turn__append(c, RG_RECORD_CERT, (struct rg_bytes){c->end.cert, c->end.cert_len});
    }
    for (uint64_t view = rg_cons_final_view(c->cons); view <= to; view++) {
        for (int kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
            const struct rg_cert *cert = rg_cons_cert(c->cons, (enum rg_vote_kind)kind, view);
            if (cert != NULL && cert != tip) {
                rg_turn__append_cert(c, cert);
            }
        }
    }
}

static void turn(struct rg_core *c)
{
    rg_outbox_add(&c->out, RG_CORE_TURN_BEGIN);
    c->journal_used = 0;
    if (c->has_memory) {
        rg_turn__append_memory(c);
    }
    for (uint16_t i = 0; i < c->node_count; i++) {
        if (c->peer[i].met) {
            rg_turn__append_met(c, i);
        }
    }
    prune_votes(c);
    append_certs(c);
    for (const struct rg_blocknode *n = c->tree.first; n != NULL; n = n->next) {
        if (is_live(n)) {
            rg_turn__append(c, RG_RECORD_BLOCK, (struct rg_bytes){n->bytes, n->len});
        }
    }
    for (uint32_t i = 0; i < c->vote_count; i++) {
        rg_turn__append_vote(c, &c->votes[i]);
    }
    for (uint32_t i = 0; i < c->own.count; i++) {
        rg_turn__append_own(c, &c->own.items[i]);
    }
    for (uint32_t i = 0; i < c->evidence_count; i++) {
        append_evidence(c, c->evidence[i].pair);
    }
    rg_outbox_add(&c->out, RG_CORE_TURN_END);
    c->dirty = false; /* the end of a turn syncs */
}

void rg_turn__maybe(struct rg_core *c)
{
    if (c->journal_used < c->journal_cap / 2 ||
        (c->journal_used >= c->turn_looked &&
         c->journal_used - c->turn_looked < c->journal_cap / 128)) {
        return; /* a look costs a walk over the tree */
    }
    c->turn_looked = c->journal_used;
    const uint64_t live = live_bytes(c);
    const uint64_t dead = c->journal_used > live ? c->journal_used - live : 0;
    if (dead > c->journal_cap / 2 ||
        (c->journal_used > c->journal_cap / 4 * 3 && dead > c->journal_cap / 16)) {
        turn(c);
    }
}
