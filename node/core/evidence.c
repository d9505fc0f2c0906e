/* R9: two statements that one honest key never signs both. Kept in the journal, passed on once,
 * told to the operator, and put on the ledger, where the whole federation sees it. One pair for
 * each authority and epoch is proof enough. */
#include "node/core/core_priv.h"

#include "base/num.h"
#include "node/core/guilt.h"

/* Authorities put evidence on the ledger one after the other, so that the first is the only one. */
#define TURN_MS 1500u

void rg_evidence__encode(const struct rg_vote pair[2], uint8_t out[static 2 * RG_VOTE_BYTES])
{
    rg_vote_encode(&pair[0], out);
    rg_vote_encode(&pair[1], out + RG_VOTE_BYTES);
}

static bool is_known(const struct rg_core *c, uint64_t epoch, uint16_t signer)
{
    for (uint32_t i = 0; i < c->evidence_count; i++) {
        const struct rg_vote *v = &c->evidence[i].pair[0];
        if (v->epoch == epoch && v->signer == signer) {
            return true;
        }
    }
    return false;
}

/* Evidence of older epochs is on the ledger or too late: the oldest such one gives way. */
static struct rg_core_evidence *place_for(struct rg_core *c)
{
    if (c->evidence_count < RG_CORE_EVIDENCE_MAX) {
        return &c->evidence[c->evidence_count++];
    }
    for (uint32_t i = 0; i < c->evidence_count; i++) {
        if (c->evidence[i].pair[0].epoch < c->epoch) {
            return &c->evidence[i];
        }
    }
    return NULL;
}

static struct rg_core_evidence *keep(struct rg_core *c, const struct rg_vote pair[2])
{
    if (is_known(c, pair[0].epoch, pair[0].signer)) {
        return NULL;
    }
    struct rg_core_evidence *e = place_for(c);
    if (e != NULL) {
        memcpy(e->pair, pair, sizeof e->pair);
        const uint64_t turn = c->me == RG_MEMBERS_NONE ? c->members.n : c->me;
        e->due_ms = c->now.mono_ms + 1 + turn * TURN_MS;
    }
    return e;
}

void rg_evidence__found(struct rg_core *c, const struct rg_vote pair[2])
{
    uint8_t buf[2 * RG_VOTE_BYTES];
    if (keep(c, pair) == NULL) {
        return;
    }
    rg_core__alarm(c, "an authority signed two statements that contradict each other; the proof "
                      "goes on the ledger");
    rg_evidence__encode(pair, buf);
    rg_turn__append(c, RG_RECORD_EVIDENCE, (struct rg_bytes){buf, sizeof buf});
    const struct rg_peer_message m = {.kind = RG_PEER_EVIDENCE, .bytes = {buf, sizeof buf}};
    rg_send__bcast(c, RG_CORE_TOPIC_VOTE, &m);
}

void rg_evidence__take(struct rg_core *c, const struct rg_peer_message *m)
{
    struct rg_vote pair[2];
    if (!rg_guilt_decode(m->bytes, pair)) {
        c->refused++;
        return;
    }
    if (pair[0].epoch != c->epoch || is_known(c, pair[0].epoch, pair[0].signer)) {
        return;
    }
    if (!rg_core__vote_ok(c, &pair[0]) || !rg_core__vote_ok(c, &pair[1])) {
        c->refused++;
        return;
    }
    if (pair[0].signer != c->me) { /* my own key in use elsewhere shows itself by its votes */
        rg_evidence__found(c, pair);
    }
}

void rg_evidence__recover(struct rg_core *c, const struct rg_vote pair[2])
{
    (void)keep(c, pair);
}

/* Whether the ledger has no use for it any more. */
static bool is_over(const struct rg_core *c, const struct rg_core_evidence *e)
{
    const struct rg_governance *v = &c->tip.state->governance;
    const uint64_t bit = UINT64_C(1) << e->pair[0].signer;
    if (e->pair[0].epoch == v->epoch) {
        return (v->guilty & bit) != 0;
    }
    return e->pair[0].epoch + 1 != v->epoch || (v->guilty_previous & bit) != 0;
}

void rg_evidence__tick(struct rg_core *c)
{
    for (uint32_t i = 0; i < c->evidence_count; i++) {
        struct rg_core_evidence *e = &c->evidence[i];
        if (e->due_ms == 0 || e->due_ms > c->now.mono_ms) {
            continue;
        }
        if (is_over(c, e)) {
            e->due_ms = 0;
            continue;
        }
        uint8_t pair[2 * RG_VOTE_BYTES];
        struct rg_bytes entry = {0};
        rg_evidence__encode(e->pair, pair);
        rg_arena_reset(&c->message_arena);
        const struct rg_entry proof = {.kind = RG_ENTRY_EVIDENCE, .clear = {pair, sizeof pair}};
        if (rg_ledger_codec_encode_entry(&c->message_arena, &proof, &entry) == RG_OK) {
            const struct rg_core_submit submit = {.entries = &entry, .count = 1};
            (void)rg_submit__own(c, &submit);
        }
        e->due_ms = c->now.mono_ms + 2 * (uint64_t)c->members.n * TURN_MS;
    }
}

uint64_t rg_evidence__due(const struct rg_core *c)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < c->evidence_count; i++) {
        if (c->evidence[i].due_ms != 0) {
            due = rg_num_min(due, c->evidence[i].due_ms);
        }
    }
    return due;
}
