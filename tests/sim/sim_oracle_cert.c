/* The oracle on certificates and evidence, read from their bytes by offset; the quorum is computed
 * here. Only what honest nodes send must be right: whoever passes on a certificate has checked it.
 */
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOTE_BYTES 123
#define SIG_BYTES 64
#define VIEWS_MAX 1000000
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

static struct sim_certified *entry(struct sim_oracle *o, uint64_t view)
{
    if (view >= VIEWS_MAX) {
        return NULL;
    }
    if (view >= o->views_cap) {
        const uint64_t room = view * 2 + 64;
        o->views_of = realloc(o->views_of, room * sizeof *o->views_of);
        memset(o->views_of + o->views_cap, 0, (room - o->views_cap) * sizeof *o->views_of);
        o->views_cap = room;
    }
    return &o->views_of[view];
}

static void breach(struct sim *s, uint64_t view, const char *what)
{
    snprintf(s->oracle.detail, sizeof s->oracle.detail, "view %llu", (unsigned long long)view);
    sim_fail(s, what);
}

/* More than two thirds: q = ceil((n + f + 1) / 2), f = floor((n - 1) / 3). */
static size_t quorum(const struct sim_epoch *e)
{
    const size_t n = e->count;
    const size_t f = n > 0 ? (n - 1) / 3 : 0;
    return (n + f + 1) / 2 + (n + f + 1) % 2;
}

static size_t liars(const struct sim *s, const struct sim_epoch *e)
{
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++) {
        count += s->node[e->node[i]].liar != NULL;
    }
    return count;
}

void sim_oracle_nullifier(struct sim *s, uint16_t signer, uint64_t view)
{
    struct sim_certified *e = entry(&s->oracle, view);
    if (e != NULL) {
        e->nullifiers |= UINT64_C(1) << signer;
    }
}

/* Every signature of a certificate: distinct signers of the set, each over this very statement. */
static bool signatures_hold(const struct sim *s, const struct sim_epoch *e, const uint8_t *cert,
                            size_t body, size_t len)
{
    const size_t map = (e->count + 7u) / 8;
    const uint8_t *bits = cert + body + 2;
    struct rg_hash digest;
    struct rg_cand cand = {.view = number(cert + 9, 8)};
    size_t count = 0;
    struct rg_members members;
    struct rg_pubkey keys[SIM_ORACLE_NODES];
    for (size_t i = 0; i < e->count; i++) {
        keys[i] = s->genesis->principal[e->node[i]].sign_key;
    }
    RG_IGNORE(rg_members_init(&members, keys, e->count, &s->genesis->ledger_id), "a good set");
    if (number(cert + body, 2) != e->count || len < body + 2 + map) {
        return false;
    }
    if (cert[0] != NULLIFY) {
        cand.pview = number(cert + 17, 8);
        memcpy(cand.hash.b, cert + 25, RG_HASH_BYTES);
    }
    rg_vote_digest(&s->genesis->ledger_id, &members, number(cert + 1, 8),
                   (enum rg_vote_kind)cert[0], &cand, &digest);
    for (size_t i = 0; i < map * 8; i++) {
        struct rg_sig sig;
        if ((bits[i / 8] >> (i % 8) & 1) == 0) {
            continue;
        }
        if (i >= e->count || len < body + 2 + map + (count + 1) * SIG_BYTES) {
            return false;
        }
        memcpy(sig.b, bits + map + count * SIG_BYTES, SIG_BYTES);
        if (!sim_crypto_verify(NULL, &keys[i], &digest, &sig)) {
            return false;
        }
        count++;
    }
    return count >= quorum(e) && len == body + 2 + map + count * SIG_BYTES;
}

/* What two certificates may never say both, and what a notarized candidate has passed over. */
static void judge(struct sim *s, const struct sim_epoch *set, const uint8_t *cert, uint64_t view)
{
    struct sim_certified *e = entry(&s->oracle, view);
    const uint8_t kind = cert[0];
    if (e == NULL) {
        breach(s, view, "a certificate of a view that nobody can reach");
        return;
    }
    if (e->has[kind]) {
        if (kind != NULLIFY && memcmp(e->what[kind], cert + 17, 40) != 0) {
            breach(s, view, "two candidates of one view are certified");
        }
        return;
    }
    e->has[kind] = true;
    if (kind == NULLIFY) {
        s->oracle.nullified++;
    } else {
        memcpy(e->what[kind], cert + 17, 40);
    }
    if (e->has[NULLIFY] && e->has[FINALIZE]) {
        breach(s, view, "a view is nullified and final");
    }
    if (e->has[NOTARIZE] && e->has[FINALIZE] &&
        memcmp(e->what[NOTARIZE], e->what[FINALIZE], 40) != 0) {
        breach(s, view, "a view's notarized and final candidates differ");
    }
    const uint64_t parent =
        kind == NULLIFY ? view - 1 : sim_oracle_view(number(cert + 1, 8), number(cert + 17, 8));
    for (uint64_t w = parent + 1; w < view; w++) {
        const struct sim_certified *gap = entry(&s->oracle, w);
        if ((size_t)__builtin_popcountll(gap->nullifiers) + liars(s, set) < quorum(set)) {
            breach(s, view, "a certified candidate passes over a view that is not nullified");
        }
    }
}

void sim_oracle_cert(struct sim *s, uint16_t from, struct rg_bytes cert)
{
    /* kind u8 | epoch u64 | view u64 | [pview u64 | hash 32] | n u16 | bitmap | signatures */
    if (s->node[from].liar != NULL) {
        return;
    }
    const uint8_t *c = cert.data;
    const size_t body = cert.len > 0 && c[0] == NULLIFY ? 17 : 57;
    if (cert.len < body + 3 || c[0] < NOTARIZE || c[0] > FINALIZE) {
        sim_fail(s, "an honest node sends a certificate of another form");
        return;
    }
    const uint64_t epoch = number(c + 1, 8);
    if (epoch == 0 || epoch >= SIM_EPOCHS || s->oracle.epoch[epoch].count == 0) {
        return; /* nobody has told yet how it began */
    }
    const struct sim_epoch *set = &s->oracle.epoch[epoch];
    const uint64_t view = sim_oracle_view(epoch, number(c + 9, 8));
    struct sim_certified *e = entry(&s->oracle, view);
    const uint64_t seen = number(c + cert.len - 8, 8) ^ cert.len;
    if (e != NULL && e->has[c[0]] && s->oracle.last_cert == seen) {
        return; /* the very same one passed just now */
    }
    s->oracle.last_cert = seen;
    if (!signatures_hold(s, set, c, body, cert.len)) {
        breach(s, view, "an honest node sends a certificate that is none");
        return;
    }
    judge(s, set, c, view);
}

void sim_oracle_accused(struct sim *s, uint16_t of, struct rg_bytes pair)
{
    if (s->node[of].liar != NULL) {
        return;
    }
    if (pair.len != 2 * VOTE_BYTES) {
        sim_fail(s, "evidence has another length");
        return;
    }
    const uint64_t signer = number(pair.data + 1, 2);
    const uint16_t node = sim_oracle_node(&s->oracle, number(pair.data + 3, 8), signer);
    s->oracle.accused++;
    if (signer != number(pair.data + VOTE_BYTES + 1, 2) || node >= s->n ||
        s->node[node].liar == NULL) {
        breach(s, number(pair.data + 11, 8), "an honest authority is accused");
    }
}
