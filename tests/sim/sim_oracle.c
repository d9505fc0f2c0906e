/* What may never be, judged from packets, journals and final blocks alone. Votes are read from
 * their bytes here, by offset, and not by the code under test. */
#include "crypto/hash.h"
#include "ledger/state.h"
#include "proto/ledger_codec.h"
#include "sim.h"
#include "sim_lie.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOTE_BYTES 123
#define EPOCH_VIEWS 16384 /* more than any run has in one epoch */
enum {
    NOTARIZE = 1,
    NULLIFY = 2,
    FINALIZE = 3
};

static uint64_t number(const uint8_t *at, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        v |= (uint64_t)at[i] << (8 * i);
    }
    return v;
}

static struct sim_signed *entry(struct sim_oracle *o, uint16_t signer, uint64_t view)
{
    if (view >= 1000000) {
        return NULL;
    }
    if (view >= o->views[signer]) {
        const uint64_t room = view * 2 + 64;
        o->keys[signer] = realloc(o->keys[signer], room * sizeof *o->keys[signer]);
        memset(o->keys[signer] + o->views[signer], 0,
               (room - o->views[signer]) * sizeof *o->keys[signer]);
        o->views[signer] = room;
    }
    return &o->keys[signer][view];
}

void sim_oracle_fini(struct sim_oracle *o)
{
    for (size_t i = 0; i < SIM_ORACLE_NODES; i++) {
        free(o->keys[i]);
    }
    for (uint64_t h = 1; h <= o->height; h++) {
        free(o->chain[h].list);
    }
    free(o->chain);
    free(o->views_of);
}

uint64_t sim_oracle_view(uint64_t epoch, uint64_t view)
{
    return epoch == 0 || epoch >= SIM_EPOCHS || view >= EPOCH_VIEWS
               ? UINT64_MAX
               : (epoch - 1) * EPOCH_VIEWS + view;
}

uint16_t sim_oracle_node(const struct sim_oracle *o, uint64_t epoch, uint64_t signer)
{
    return epoch == 0 || epoch >= SIM_EPOCHS || signer >= o->epoch[epoch].count
               ? UINT16_MAX
               : o->epoch[epoch].node[signer];
}

static void conflict(struct sim *s, uint16_t signer, uint64_t view, const char *what)
{
    snprintf(s->oracle.detail, sizeof s->oracle.detail, "%c in view %llu", 'A' + signer,
             (unsigned long long)view);
    sim_fail(s, what);
}

/* Note one vote of an honest key and compare it with all else that the key has signed in this view.
 */
static struct sim_signed *note(struct sim *s, const uint8_t *v, uint16_t signer, uint64_t view)
{
    const uint8_t kind = v[0];
    struct sim_signed *k = entry(&s->oracle, signer, view);
    if (k == NULL || kind < NOTARIZE || kind > FINALIZE) {
        conflict(s, signer, view, "an honest node signs nonsense");
        return NULL;
    }
    if (k->has[kind] && memcmp(k->what[kind], v + 19, 40) != 0) {
        conflict(s, signer, view, "one key signed two statements of one kind");
    }
    memcpy(k->what[kind], v + 19, 40);
    k->has[kind] = true;
    if (kind == NULLIFY) {
        sim_oracle_nullifier(s, signer, view);
    }
    if (k->has[NULLIFY] && k->has[FINALIZE]) {
        conflict(s, signer, view, "one key nullified and finalized");
    }
    if (k->has[NOTARIZE] && k->has[FINALIZE] &&
        memcmp(k->what[NOTARIZE], k->what[FINALIZE], 40) != 0) {
        conflict(s, signer, view, "one key finalized another candidate than it notarized");
    }
    return k;
}

/* Whether a key never signs two contradicting statements: the honest, and those who lose their
 * disks but nothing else, over all their lives. */
static bool keeps_its_word(const struct sim *s, uint16_t node)
{
    return s->node[node].liar == NULL || s->node[node].liar == &sim_lie_amnesiac;
}

void sim_oracle_sent(struct sim *s, uint16_t from, struct rg_bytes vote)
{
    if (vote.len != VOTE_BYTES) {
        sim_fail(s, "a vote has another length");
        return;
    }
    const uint64_t epoch = number(vote.data + 3, 8);
    const uint64_t view = sim_oracle_view(epoch, number(vote.data + 11, 8));
    if (sim_oracle_node(&s->oracle, epoch, number(vote.data + 1, 2)) != from ||
        !keeps_its_word(s, from)) {
        return; /* somebody else's, who asked for it */
    }
    s->oracle.votes++;
    struct sim_epoch *e = &s->oracle.epoch[epoch];
    const uint64_t here = number(vote.data + 11, 8);
    if (here > e->views) {
        s->oracle.max_view += here - e->views; /* of all epochs together */
        e->views = here;
    }
    const struct sim_signed *k = note(s, vote.data, from, view);
    if (k != NULL && !k->durable[vote.data[0]]) {
        conflict(s, from, view, "a vote left before it was durable");
    }
}

void sim_oracle_stored(struct sim *s, uint16_t of, struct rg_bytes vote)
{
    if (vote.len != VOTE_BYTES || !keeps_its_word(s, of)) {
        return;
    }
    const uint64_t epoch = number(vote.data + 3, 8);
    const uint16_t signer = sim_oracle_node(&s->oracle, epoch, number(vote.data + 1, 2));
    if (signer != of && signer != UINT16_MAX) {
        sim_fail(s, "a journal holds a foreign vote as its own");
        return;
    }
    struct sim_signed *k =
        note(s, vote.data, of, sim_oracle_view(epoch, number(vote.data + 11, 8)));
    if (k != NULL) {
        k->durable[vote.data[0]] = true;
    }
}

static void facts_of(const struct rg_core_final *f, struct rg_hash *out)
{
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_RECORD, NULL);
    rg_hash_add(&h, f->results);
    rg_hash_add(&h, f->state);
    rg_hash_end(&h, out);
}

/* The last block of an epoch is final: what the state says of the next one. */
static void begin_epoch(struct sim *s, struct rg_bytes state)
{
    static struct rg_state st;
    struct sim_oracle *o = &s->oracle;
    if (rg_state_decode(state, &st) != RG_OK || st.governance.epoch != o->newest + 1) {
        sim_fail(s, "an epoch ends, and the state does not say what follows");
        return;
    }
    o->newest = st.governance.epoch;
    struct rg_pubkey keys[SIM_ORACLE_NODES];
    for (uint16_t i = 0; i < st.governance.current.count; i++) {
        keys[i] = s->genesis->principal[st.governance.current.principal[i]].sign_key;
    }
    RG_IGNORE(
        rg_members_init(&s->members, keys, st.governance.current.count, &s->genesis->ledger_id),
        "a good set");
    if (o->newest < SIM_EPOCHS) {
        struct sim_epoch *e = &o->epoch[o->newest];
        e->count = st.governance.current.count;
        memcpy(e->node, st.governance.current.principal, e->count * sizeof e->node[0]);
    }
}

/* The first to call this height final: what must be true of it. */
static void extend(struct sim *s, const struct rg_core_final *f, const struct rg_hash *facts)
{
    struct sim_oracle *o = &s->oracle;
    struct rg_block b;
    memset(&b, 0, sizeof b);
    rg_arena_reset(&s->block_arena);
    if (rg_ledger_codec_decode_block(&s->block_arena, f->block, &b) != RG_OK ||
        !rg_hash_eq(&b.hash, &f->hash)) {
        sim_fail(s, "a final block cannot be decoded");
        return;
    }
    const struct rg_hash *parent =
        f->height == 1 ? &s->genesis->ledger_id : &o->chain[o->height].hash;
    if (!rg_hash_eq(&b.header.parent, parent) || b.header.height != f->height ||
        f->results.len != b.header.submission_count) {
        sim_fail(s, "a final block does not follow the one before");
        return;
    }
    if (f->height >= o->cap) {
        o->cap = o->cap == 0 ? 64 : o->cap * 2;
        o->chain = realloc(o->chain, o->cap * sizeof *o->chain);
    }
    struct sim_height *h = &o->chain[f->height];
    *h = (struct sim_height){.hash = f->hash, .facts = *facts, .count = f->results.len};
    h->list = calloc(h->count + 1, sizeof *h->list);
    o->height = f->height;
    for (size_t i = 0; i < h->count; i++) {
        const struct rg_submission *sub = &b.submissions[i];
        h->list[i] = (struct sim_submission){
            .signer = sub->signer, .sequence = sub->sequence, .result = f->results.data[i]};
        if (!rg_verdict_uses_number((enum rg_verdict)f->results.data[i]) || sub->signer >= s->n) {
            continue;
        }
        /* Once, and in order. */
        if (sub->sequence != o->executed[sub->signer] + 1) {
            conflict(s, (uint16_t)sub->signer, sub->sequence,
                     "a submission is executed twice or out of order");
        }
        o->executed[sub->signer] = sub->sequence;
    }
    s->stats.blocks++;
    if (b.header.epoch_last) {
        begin_epoch(s, f->state);
    }
}

void sim_oracle_final(struct sim *s, uint16_t of, const struct rg_core_final *f)
{
    struct sim_oracle *o = &s->oracle;
    struct rg_hash facts;
    if (s->node[of].liar != NULL) {
        return;
    }
    facts_of(f, &facts);
    if (f->height == o->height + 1) {
        extend(s, f, &facts);
    } else if (f->height == 0 || f->height > o->height) {
        sim_fail(s, "a height is left out");
    } else if (!rg_hash_eq(&o->chain[f->height].hash, &f->hash)) {
        conflict(s, of, f->height, "FORK: two blocks of one height are final");
    } else if (!rg_hash_eq(&o->chain[f->height].facts, &facts)) {
        conflict(s, of, f->height, "two nodes give a block different results");
    }
}

void sim_oracle_told(struct sim *s, uint16_t of, uint64_t sequence, uint64_t height, uint32_t index,
                     uint8_t result)
{
    struct sim_oracle *o = &s->oracle;
    if (s->node[of].liar != NULL) {
        return;
    }
    if (height == 0 || height > o->height || index >= o->chain[height].count) {
        sim_fail(s, "a client was told of a final submission that is nowhere");
        return;
    }
    const struct sim_submission *sub = &o->chain[height].list[index];
    if (sub->signer != of || sub->sequence != sequence || sub->result != result) {
        conflict(s, of, sequence, "a client was told something else than what is on the chain");
    }
    if (sequence > o->told[of]) {
        o->told[of] = sequence;
    }
}

bool sim_oracle_all_done(const struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->node[i].liar == NULL && s->oracle.executed[i] < s->oracle.taken[i]) {
            return false;
        }
    }
    return true;
}
