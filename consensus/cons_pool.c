/* Where verified votes and certificates come in: first votes of each signer, conflicts as evidence,
 * and the making of certificates. */
#include "consensus/cons_priv.h"

struct rg_vote rg_cons_pool__get(const struct rg_cons *c, const struct rg_slot *s,
                                 enum rg_vote_kind kind, uint16_t signer)
{
    const struct rg_pooled *p = &s->pool[kind][signer];
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    v.kind = kind;
    v.signer = signer;
    v.epoch = c->epoch;
    v.cand = p->cand;
    v.sig = p->sig;
    return v;
}

/* Give out @v against every vote of the same signer that it contradicts, each pair once. */
static void accuse(struct rg_cons *c, struct rg_slot *s, const struct rg_vote *v)
{
    for (enum rg_vote_kind kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        struct rg_pooled *p = &s->pool[kind][v->signer];
        if (!p->has || p->accused) {
            continue;
        }
        const struct rg_vote first = rg_cons_pool__get(c, s, kind, v->signer);
        if (rg_vote_conflicts(&first, v)) {
            p->accused = true;
            rg_cons_out__evidence(c, &first, v);
        }
    }
}

/* My own key signed what I know nothing of, where nothing is in doubt: an old journal was brought
 * back, or a second node uses the key. */
static bool is_forgotten(const struct rg_cons *c, const struct rg_slot *s, const struct rg_vote *v)
{
    if (v->signer != c->me || !c->started || c->memory == RG_MEMORY_LOST ||
        v->cand.view <= c->mute) {
        return false;
    }
    return !s->mine.has[v->kind] || !rg_cand_eq(&s->mine.cand[v->kind], &v->cand);
}

/* Put a vote into the pool; true when it is a first one. */
static bool put(struct rg_cons *c, struct rg_slot *s, const struct rg_vote *v)
{
    if (is_forgotten(c, s, v)) {
        rg_cons_out__alarm(c, RG_ALARM_OWN_KEY, v->cand.view, NULL, NULL);
        rg_cons_memory__lost(c);
    }
    c->seen_view[v->signer] = rg_num_max(c->seen_view[v->signer], v->cand.view);
    struct rg_pooled *p = &s->pool[v->kind][v->signer];
    if (p->has && rg_cand_eq(&p->cand, &v->cand)) {
        return false;
    }
    if (v->signer != c->me) {
        accuse(c, s, v);
    }
    if (p->has) {
        /* R4: "The first vote of a signer counts and stays; a contradicting second one is
         * evidence." */
        s->equivocated = s->equivocated || (v->kind == RG_VOTE_NOTARIZE &&
                                            v->signer == rg_members_leader(&c->members, s->view));
        RG_ASSERT(!s->equivocated || !RG_MUTANT_IS(RG_MUTANT_EQUIVOCATION_ASSERTS));
        return false;
    }
    *p = (struct rg_pooled){.cand = v->cand, .sig = v->sig, .has = true};
    return true;
}

static void alarm_two(struct rg_cons *c, struct rg_slot *s, const struct rg_cert *held,
                      const struct rg_cert *other)
{
    const enum rg_alarm id =
        held->kind == RG_VOTE_NOTARIZE ? RG_ALARM_TWO_NOTAR : RG_ALARM_TWO_FINAL;
    rg_cons_out__alarm(c, id, s->view, held, other);
    struct rg_vote v;
    for (uint16_t i = 0; i < c->members.n; i++) {
        if (rg_cert_vote(other, i, &v)) {
            put(c, s, &v); /* names the keys that signed both */
        }
    }
}

/* "I9 no Null(v) with Final(v); at most one Notar per view": with at most f liars it cannot be. */
static void cross_check(struct rg_cons *c, const struct rg_slot *s)
{
    const struct rg_cert *notar = &s->certs[RG_VOTE_NOTARIZE];
    const struct rg_cert *null = &s->certs[RG_VOTE_NULLIFY];
    const struct rg_cert *final = &s->certs[RG_VOTE_FINALIZE];
    if (final->kind == RG_VOTE_NONE) {
        return;
    }
    if (null->kind != RG_VOTE_NONE) {
        rg_cons_out__alarm(c, RG_ALARM_NULL_AND_FINAL, s->view, null, final);
    }
    if (notar->kind != RG_VOTE_NONE && !rg_cand_eq(&notar->cand, &final->cand)) {
        rg_cons_out__alarm(c, RG_ALARM_TWO_NOTAR, s->view, notar, final);
    }
}

/* A certificate for the final view itself can only agree or prove a breach. */
static void check_against_final(struct rg_cons *c, const struct rg_cert *cert)
{
    if (cert->cand.view != c->lf || c->lf_final.cert.kind == RG_VOTE_NONE) {
        return;
    }
    if (cert->kind == RG_VOTE_NULLIFY) {
        rg_cons_out__alarm(c, RG_ALARM_NULL_AND_FINAL, c->lf, cert, &c->lf_final.cert);
    } else if (!rg_cand_eq(&cert->cand, &c->lf_cand)) {
        const bool final = cert->kind == RG_VOTE_FINALIZE;
        rg_cons_out__alarm(c, final ? RG_ALARM_TWO_FINAL : RG_ALARM_TWO_NOTAR, c->lf, cert,
                           &c->lf_final.cert);
    }
}

static void hold(struct rg_cons *c, struct rg_slot *s, const struct rg_cert *cert)
{
    struct rg_cert *held = &s->certs[cert->kind];
    RG_ASSERT(cert->count <= c->members.n);
    memcpy(s->sigs[cert->kind], cert->sigs, (size_t)cert->count * sizeof *s->sigs[0]);
    *held = *cert;
    held->sigs = s->sigs[cert->kind];
    uint64_t *highest = cert->kind == RG_VOTE_NULLIFY ? &c->null_max : &c->cert_max;
    *highest = rg_num_max(*highest, s->view);
    if (c->started) {
        rg_cons_out__persist(c, RG_ACTION_PERSIST_CERT)->cert = held;
        if (cert->kind == RG_VOTE_FINALIZE) {
            /* "A Final for any view > lf is also relayed once." */
            rg_cons_out__leave(c, RG_ACTION_BCAST_CERT)->cert = held;
        }
    }
    struct rg_vote v;
    for (uint16_t i = 0; i < c->members.n; i++) {
        if (rg_cert_vote(held, i, &v)) {
            put(c, s, &v);
        }
    }
    cross_check(c, s);
}

/* A Final whose view has no slot any more still counts: it is what brings me forward. */
static void hold_apart(struct rg_cons *c, const struct rg_cert *cert)
{
    if (cert->cand.view > c->want.cert.cand.view) {
        rg_cons_slots__keep(&c->want, cert);
        if (c->started && cert->cand.view < c->base) {
            rg_cons_out__persist(c, RG_ACTION_PERSIST_CERT)->cert = &c->want.cert;
        }
    }
}

void rg_cons_pool__cert(struct rg_cons *c, const struct rg_cert *cert)
{
    const uint64_t view = cert->cand.view;
    if (cert->epoch != c->epoch || cert->n != c->members.n || view == 0 || c->halted) {
        return;
    }
    if (view <= c->lf) {
        check_against_final(c, cert);
        return;
    }
    if (view > c->cur && !rg_cons_slots__reach(c, view)) {
        return;
    }
    if (cert->kind == RG_VOTE_FINALIZE ||
        (RG_MUTANT_IS(RG_MUTANT_COMMIT_NOTAR) && cert->kind == RG_VOTE_NOTARIZE)) {
        hold_apart(c, cert);
    }
    struct rg_slot *s = rg_cons_slots__get(c, view);
    if (s == NULL) {
        return;
    }
    struct rg_cert *held = &s->certs[cert->kind];
    if (held->kind == RG_VOTE_NONE) {
        hold(c, s, cert);
    } else if (!rg_cand_eq(&held->cand, &cert->cand)) {
        alarm_two(c, s, held, cert);
    }
}

/* R4: "q distinct signers of one statement make the certificate." */
static void certify(struct rg_cons *c, const struct rg_slot *s, enum rg_vote_kind kind,
                    const struct rg_cand *cand)
{
    if (s->certs[kind].kind != RG_VOTE_NONE) {
        return;
    }
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
    struct rg_cert cert;
    memset(&cert, 0, sizeof cert);
    for (uint16_t i = 0; i < c->members.n; i++) {
        const struct rg_pooled *p = &s->pool[kind][i];
        if (p->has && rg_cand_eq(&p->cand, cand)) {
            sigs[cert.count++] = p->sig;
            cert.signers |= UINT64_C(1) << i;
        }
    }
    if (cert.count < c->members.q) {
        return;
    }
    cert.kind = kind;
    cert.n = c->members.n;
    cert.epoch = c->epoch;
    cert.cand = *cand;
    cert.sigs = sigs;
    rg_cons_pool__cert(c, &cert);
}

void rg_cons_pool__vote(struct rg_cons *c, const struct rg_vote *v)
{
    if (v->epoch != c->epoch || !rg_vote_well_formed(v, &c->members)) {
        return;
    }
    /* "Admission: votes for views in (lf, cur + W]." */
    if (v->cand.view > c->cur + RG_VIEW_WINDOW) {
        return;
    }
    struct rg_slot *s = rg_cons_slots__get(c, v->cand.view);
    if (s == NULL || !put(c, s, v)) {
        return;
    }
    if (v->cand.view >= c->cur) {
        rg_cons_time__heard(c, v->signer);
    }
    certify(c, s, v->kind, &v->cand);
}

size_t rg_cons_pool__count(const struct rg_cons *c, uint64_t view, enum rg_vote_kind kind)
{
    size_t count = 0;
    for (uint16_t i = 0; i < c->members.n; i++) {
        count += rg_cons_pool__has(c, view, kind, i) ? 1 : 0;
    }
    return count;
}

bool rg_cons_pool__has(const struct rg_cons *c, uint64_t view, enum rg_vote_kind kind,
                       uint16_t signer)
{
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    return s != NULL && s->pool[kind][signer].has;
}
