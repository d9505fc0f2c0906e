#include "ledger/state.h"
#include "base/bytes.h"
#include "base/panic.h"

#define FORMAT 2u
#define FORMAT_DEFINITIONS 3u /* a process definition is published or moved */

/* The clear record of a signer's last sequence number. */
static void sequence_record(uint32_t principal, uint64_t sequence, uint8_t key[8], uint8_t value[8])
{
    struct rg_writer k = rg_bytes_writer(key, 8);
    struct rg_writer v = rg_bytes_writer(value, 8);
    rg_bytes_put(&k, (const uint8_t *)"seq/", 4);
    rg_bytes_put_u32(&k, principal);
    rg_bytes_put_u64(&v, sequence);
}

static void set_record(struct rg_state *s, uint32_t principal, bool add)
{
    uint8_t key[8];
    uint8_t value[8];
    sequence_record(principal, s->sequence[principal], key, value);
    if (add) {
        rg_lthash_add(&s->records, (struct rg_bytes){key, 8}, (struct rg_bytes){value, 8});
    } else if (s->sequence[principal] != 0) {
        rg_lthash_remove(&s->records, (struct rg_bytes){key, 8}, (struct rg_bytes){value, 8});
    }
}

/* Signers whose number changed within one block: only the first and the last of its numbers ever
 * stand in the set of records, so only these two are hashed. */
struct changed {
    uint32_t count;
    uint32_t principal[RG_PRINCIPALS_MAX];
    uint64_t seen[RG_PRINCIPALS_MAX / 64];
};

static void set_sequence(struct rg_state *s, struct changed *c, uint32_t principal,
                         uint64_t sequence)
{
    RG_ASSERT(principal < RG_PRINCIPALS_MAX && sequence > s->sequence[principal]);
    uint64_t *seen = &c->seen[principal / 64];
    if ((*seen >> (principal % 64) & 1) == 0) {
        *seen |= UINT64_C(1) << (principal % 64);
        c->principal[c->count++] = principal;
        set_record(s, principal, false);
    }
    s->sequence[principal] = sequence;
}

/* The clear record of the governance; in the set of records exactly once. */
static void governance_record(struct rg_state *s, bool add)
{
    uint8_t value[RG_GOVERNANCE_BYTES_MAX];
    const struct rg_bytes bytes = {value, rg_governance_encode(&s->governance, value)};
    if (add) {
        rg_lthash_add(&s->records, rg_bytes_str("governance"), bytes);
    } else {
        rg_lthash_remove(&s->records, rg_bytes_str("governance"), bytes);
    }
}

void rg_state_init(struct rg_state *s, const struct rg_genesis *g)
{
    *s = (struct rg_state){.time_ms = g->time_ms, .block = g->ledger_id};
    rg_merkle_init(&s->history);
    rg_lthash_init(&s->records);
    /* Members, parameters and the definition are what the ledger's id commits to. */
    rg_lthash_add(&s->records, rg_bytes_str("genesis"),
                  (struct rg_bytes){g->ledger_id.b, RG_HASH_BYTES});
    rg_governance_init(&s->governance, g);
    governance_record(s, true);
}

void rg_state_digest(const struct rg_state *s, struct rg_hash *out)
{
    rg_lthash_digest(&s->records, out);
}

/* What depends on the signer's standing at @time_ms; the rest of the form was checked before. */
enum rg_verdict rg_state_judge(const struct rg_state *s, const struct rg_genesis *g,
                               const struct rg_submission *sub, uint64_t time_ms)
{
    if (!rg_hash_eq(&sub->ledger, &g->ledger_id)) {
        return RG_VERDICT_WRONG_LEDGER;
    }
    if (sub->signer >= g->principal_count || g->principal[sub->signer].roles != RG_ROLE_NODE) {
        return RG_VERDICT_UNKNOWN_SIGNER;
    }
    const struct rg_principal *p = &g->principal[sub->signer];
    if (time_ms < p->valid_from_ms || (p->valid_to_ms != 0 && time_ms >= p->valid_to_ms)) {
        return RG_VERDICT_NOT_VALID_NOW;
    }
    if (sub->sequence <= s->sequence[sub->signer]) {
        return RG_VERDICT_STALE_SEQUENCE;
    }
    if (sub->sequence != s->sequence[sub->signer] + 1) {
        return RG_VERDICT_FUTURE_SEQUENCE;
    }
    if (sub->expires_ms < time_ms) {
        return RG_VERDICT_EXPIRED;
    }
    return RG_VERDICT_ACCEPTED;
}

/* What an accepted submission changes beside its signer's number: nothing but for ballots and
 * evidence. A verdict other than ACCEPTED uses the number up. */
static enum rg_verdict govern(struct rg_state *s, const struct rg_genesis *g,
                              const struct rg_entry *e, const struct rg_ballot_place *at,
                              const struct rg_state_guilty *guilty)
{
    bool previous = false;
    uint32_t index = 0;
    if (e->kind == RG_ENTRY_CASE) {
        return RG_VERDICT_ACCEPTED;
    }
    enum rg_verdict v = RG_VERDICT_BAD_EVIDENCE;
    governance_record(s, false);
    if (e->kind == RG_ENTRY_BALLOT) {
        v = rg_governance_ballot(&s->governance, g, e->ballot, at);
    } else if (guilty != NULL &&
               guilty->fn(guilty->ctx, &s->governance, e->clear, &previous, &index)) {
        v = rg_governance_accuse(&s->governance, previous, index);
    }
    governance_record(s, true);
    return v;
}

/* What a block changes in the governance by being there. */
static void advance(struct rg_state *s, const struct rg_header *h)
{
    const bool expires = s->governance.motion_count > 0;
    if (!expires && !h->epoch_last) {
        return;
    }
    governance_record(s, false);
    (void)rg_governance_expire(&s->governance, h->time_ms);
    if (h->epoch_last) {
        rg_governance_end_epoch(&s->governance);
    }
    governance_record(s, true);
}

void rg_state_apply(struct rg_state *s, const struct rg_genesis *g, const struct rg_block *b,
                    const struct rg_state_guilty *guilty, uint8_t *out_results)
{
    struct rg_hash leaf;
    struct changed changed;
    changed.count = 0;
    memset(changed.seen, 0, sizeof changed.seen);
    RG_ASSERT(b->header.height == s->height + 1);
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        const struct rg_submission *sub = &b->submissions[i];
        enum rg_verdict v = rg_state_judge(s, g, sub, b->header.time_ms);
        if (v == RG_VERDICT_ACCEPTED) {
            set_sequence(s, &changed, sub->signer, sub->sequence);
            const struct rg_ballot_place at = {b->header.height, i, b->header.time_ms};
            v = govern(s, g, &sub->entries[0], &at, guilty);
            s->entry_count += v == RG_VERDICT_ACCEPTED ? sub->entry_count : 0;
        }
        out_results[i] = (uint8_t)v;
    }
    for (uint32_t i = 0; i < changed.count; i++) {
        set_record(s, changed.principal[i], true);
    }
    advance(s, &b->header);
    s->height = b->header.height;
    s->time_ms = b->header.time_ms;
    s->block = b->hash;
    rg_merkle_leaf((struct rg_bytes){b->hash.b, RG_HASH_BYTES}, &leaf);
    rg_merkle_add(&s->history, &leaf);
}

size_t rg_state_encode(const struct rg_state *s, uint8_t *out)
{
    struct rg_writer w = rg_bytes_writer(out, RG_STATE_BYTES_MAX);
    uint32_t signers = 0;
    const bool definitions = rg_governance_has_definitions(&s->governance);
    rg_bytes_put_u32(&w, definitions ? FORMAT_DEFINITIONS : FORMAT);
    rg_bytes_put_u64(&w, s->height);
    rg_bytes_put_u64(&w, s->time_ms);
    rg_bytes_put_u64(&w, s->entry_count);
    rg_bytes_put(&w, s->block.b, RG_HASH_BYTES);
    rg_bytes_put_u64(&w, s->history.count);
    for (unsigned level = 0; level < RG_MERKLE_DEPTH_MAX; level++) {
        if ((s->history.count >> level & 1) != 0) {
            rg_bytes_put(&w, s->history.edge[level].b, RG_HASH_BYTES);
        }
    }
    uint8_t lanes[2 * RG_LTHASH_LANES];
    for (size_t i = 0; i < RG_LTHASH_LANES; i++) {
        lanes[2 * i] = (uint8_t)s->records.lane[i];
        lanes[2 * i + 1] = (uint8_t)(s->records.lane[i] >> 8);
    }
    rg_bytes_put(&w, lanes, sizeof lanes);
    for (uint32_t i = 0; i < RG_PRINCIPALS_MAX; i++) {
        signers += s->sequence[i] != 0;
    }
    rg_bytes_put_u32(&w, signers);
    for (uint32_t i = 0; i < RG_PRINCIPALS_MAX; i++) {
        if (s->sequence[i] != 0) {
            rg_bytes_put_u32(&w, i);
            rg_bytes_put_u64(&w, s->sequence[i]);
        }
    }
    uint8_t governance[RG_GOVERNANCE_BYTES_MAX];
    rg_bytes_put_sized(
        &w, (struct rg_bytes){governance, rg_governance_encode(&s->governance, governance)});
    RG_ASSERT(!w.failed);
    return w.len;
}

rg_err rg_state_decode(struct rg_bytes bytes, struct rg_state *out)
{
    struct rg_reader r = rg_bytes_reader(bytes);
    uint32_t last = 0;
    *out = (struct rg_state){0};
    const uint32_t format = rg_bytes_get_u32(&r);
    bool good = format == FORMAT || format == FORMAT_DEFINITIONS;
    out->height = rg_bytes_get_u64(&r);
    out->time_ms = rg_bytes_get_u64(&r);
    out->entry_count = rg_bytes_get_u64(&r);
    rg_bytes_get(&r, out->block.b, RG_HASH_BYTES);
    out->history.count = rg_bytes_get_u64(&r);
    for (unsigned level = 0; level < RG_MERKLE_DEPTH_MAX; level++) {
        if ((out->history.count >> level & 1) != 0) {
            rg_bytes_get(&r, out->history.edge[level].b, RG_HASH_BYTES);
        }
    }
    for (size_t i = 0; i < RG_LTHASH_LANES; i++) {
        out->records.lane[i] = rg_bytes_get_u16(&r);
    }
    const uint32_t signers = rg_bytes_get_u32(&r);
    good = good && signers <= RG_PRINCIPALS_MAX && out->history.count == out->height;
    for (uint32_t i = 0; good && i < signers; i++) {
        const uint32_t p = rg_bytes_get_u32(&r);
        const uint64_t sequence = rg_bytes_get_u64(&r);
        good = p < RG_PRINCIPALS_MAX && (i == 0 || p > last) && sequence > 0;
        last = p;
        if (good) {
            out->sequence[p] = sequence;
        }
    }
    const struct rg_bytes governance = rg_bytes_get_sized(&r, RG_GOVERNANCE_BYTES_MAX);
    good = good && rg_bytes_done(&r);
    good = good && rg_governance_decode(governance, &out->governance) == RG_OK;
    return good && rg_governance_has_definitions(&out->governance) == (format == FORMAT_DEFINITIONS)
               ? RG_OK
               : RG_ERR_CORRUPT;
}
