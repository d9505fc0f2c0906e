/* R5 and R6: finalize, commit, and getting the blocks that both need. */
#include "consensus/cons_priv.h"

static bool has_want(const struct rg_cons *c)
{
    return c->want.cert.kind != RG_VOTE_NONE && c->want.cert.cand.view > c->lf;
}

/* R5: "For every view above lf with Notar(c), also an earlier one: iff not L, not F, and N is empty
 * or c, and the block and its ancestors are valid here." */
static bool may_finalize(const struct rg_slot *s)
{
    const struct rg_cert *notar = &s->certs[RG_VOTE_NOTARIZE];
    const struct rg_mine *m = &s->mine;
    if (notar->kind == RG_VOTE_NONE || m->has[RG_VOTE_FINALIZE]) {
        return false;
    }
    if (m->has[RG_VOTE_NULLIFY] && !RG_MUTANT_IS(RG_MUTANT_FINALIZE_AFTER_NULLIFY)) {
        return false;
    }
    if (s->certs[RG_VOTE_NULLIFY].kind != RG_VOTE_NONE) {
        return RG_MUTANT_IS(
            RG_MUTANT_FINALIZE_AFTER_NULLIFY); /* q gave up: it cannot become final */
    }
    return !m->has[RG_VOTE_NOTARIZE] || RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE) ||
           RG_MUTANT_IS(RG_MUTANT_FINALIZE_OTHER) ||
           rg_cand_eq(&m->cand[RG_VOTE_NOTARIZE], &notar->cand);
}

bool rg_cons_final__rule_finalize(struct rg_cons *c)
{
    for (uint64_t view = rg_cons_slots__first(c); view <= c->cert_max; view++) {
        struct rg_slot *s = rg_cons_slots__get(c, view);
        if (s == NULL || s->certs[RG_VOTE_NOTARIZE].kind == RG_VOTE_NONE) {
            continue;
        }
        const struct rg_cand cand = s->certs[RG_VOTE_NOTARIZE].cand;
        const struct rg_blk *b = rg_cons_slots__block(c, &cand.hash, view + 1);
        if (b == NULL) {
            continue;
        }
        if (b->state == RG_BLK_INVALID && !RG_MUTANT_IS(RG_MUTANT_NO_VERDICT)) {
            /* A certified block that is invalid here: alarm, and sign nothing more. */
            rg_cons_out__alarm(c, RG_ALARM_INVALID_NOTAR, view, &s->certs[RG_VOTE_NOTARIZE], NULL);
            return false;
        }
        const bool valid = b->state == RG_BLK_VALID || RG_MUTANT_IS(RG_MUTANT_NO_VERDICT);
        if (valid && rg_cons_cast__can(c, view) && may_finalize(s)) {
            rg_cons_cast__vote(c, RG_VOTE_FINALIZE, &cand);
            return true;
        }
    }
    return false;
}

/* The child of my tip on the way to the wanted final block; NULL while something is missing. Sets
 * @out_missing to the hash that is, and raises the alarm when the way does not lead to my tip. */
static struct rg_blk *next_on_path(struct rg_cons *c, struct rg_hash *out_missing)
{
    const struct rg_cert *want = &c->want.cert;
    struct rg_blk *b = rg_cons_slots__block(c, &want->cand.hash, want->cand.view + 1);
    *out_missing = want->cand.hash;
    while (b != NULL && !rg_hash_eq(&b->info.parent, &c->tip.info.hash)) {
        if (b->info.height <= c->tip.info.height + 1) {
            /* R6: "A path that does not lead to my tip is an alarm." */
            rg_cons_out__alarm(c, RG_ALARM_FORK, want->cand.view, want, &c->lf_final.cert);
            return NULL;
        }
        *out_missing = b->info.parent;
        b = rg_cons_slots__block(c, &b->info.parent, b->info.view);
    }
    return b;
}

static void raise_final(struct rg_cons *c)
{
    c->lf = c->want.cert.cand.view;
    c->lf_cand = c->want.cert.cand;
    rg_cons_slots__keep(&c->lf_final, &c->want.cert);
    c->base = rg_num_max(c->base, c->lf + 1);
    if (c->cur <= c->lf) {
        rg_cons_rules__enter(c, c->lf + 1);
    }
}

/* R6: "Final(c) above lf with all blocks down to my final tip: commit them in order; lf becomes its
 * view." One block a call; lf moves with the last one. */
bool rg_cons_final__rule_commit(struct rg_cons *c)
{
    if (!has_want(c)) {
        return false;
    }
    if (rg_hash_eq(&c->want.cert.cand.hash, &c->tip.info.hash)) {
        raise_final(c); /* SAME over the final block, or its last ancestor was just committed */
        return true;
    }
    struct rg_hash missing;
    struct rg_blk *b = next_on_path(c, &missing);
    if (b == NULL) {
        return false;
    }
    if (b->state == RG_BLK_INVALID) {
        rg_cons_out__alarm(c, RG_ALARM_INVALID_NOTAR, b->info.view, &c->want.cert, NULL);
        return false;
    }
    if (b->state != RG_BLK_VALID) {
        return false;
    }
    RG_ASSERT(b->info.height == c->tip.info.height + 1);
    rg_cons_out__persist_block(c, b);
    struct rg_action *a = rg_cons_out__leave(c, RG_ACTION_COMMIT);
    a->commit.block = b->info;
    a->commit.final = &c->lf_final.cert; /* holds the wanted one when the step ends, or before */
    rg_cons_slots__keep(&c->lf_final, &c->want.cert);
    c->tip = *b;
    return true;
}

void rg_cons_final__adopt(struct rg_cons *c, const struct rg_cert *cert,
                          const struct rg_block_info *tip)
{
    if (cert->kind != RG_VOTE_FINALIZE || cert->cand.view <= c->lf || cert->epoch != c->epoch ||
        !rg_hash_eq(&cert->cand.hash, &tip->hash) || tip->height < c->tip.info.height ||
        c->halted || !rg_cons_slots__reach(c, cert->cand.view)) {
        return;
    }
    if (cert->cand.view > c->want.cert.cand.view) {
        rg_cons_slots__keep(&c->want, cert);
    }
    c->cert_max = rg_num_max(c->cert_max, cert->cand.view);
    c->lf = cert->cand.view;
    c->lf_cand = cert->cand;
    rg_cons_slots__keep(&c->lf_final, cert);
    rg_cons_out__persist(c, RG_ACTION_PERSIST_CERT)->cert = &c->lf_final.cert;
    rg_cons_slots__set_tip(c, tip);
    c->base = rg_num_max(c->base, c->lf + 1);
    if (c->cur <= c->lf) {
        rg_cons_rules__enter(c, c->lf + 1);
    }
}

/* The first unknown block on the way down from @hash; false when none is missing. */
static bool find_missing(struct rg_cons *c, const struct rg_hash *hash, uint64_t below,
                         struct rg_hash *out)
{
    const struct rg_blk *b = rg_cons_slots__block(c, hash, below);
    *out = *hash;
    while (b != NULL) {
        if (b->state == RG_BLK_VALID || b->state == RG_BLK_INVALID || b->state == RG_BLK_ASKED) {
            return false;
        }
        if (b->info.height <= c->tip.info.height + 1) {
            return false; /* its parent is my tip, or never will be */
        }
        *out = b->info.parent;
        b = rg_cons_slots__block(c, &b->info.parent, b->info.view);
    }
    return true;
}

/* The place of @hash among the last requests, or the oldest place; NULL while even that one waits
 * for its answer: more than these are never asked for at once. */
static struct rg_fetched *fetched_place(struct rg_cons *c, const struct rg_hash *hash)
{
    struct rg_fetched *oldest = &c->fetched[0];
    for (size_t i = 0; i < RG_CONS_FETCHES; i++) {
        struct rg_fetched *f = &c->fetched[i];
        if (f->at_ms != 0 && rg_hash_eq(&f->hash, hash)) {
            return f;
        }
        if (f->at_ms < oldest->at_ms) {
            oldest = f;
        }
    }
    if (oldest->at_ms != 0 && !rg_cons_repair__due(c, oldest->at_ms)) {
        return NULL;
    }
    oldest->hash = *hash;
    oldest->at_ms = 0;
    return oldest;
}

/* Ask for the first missing block under @cert; the same hash only once in T_r, whoever misses it.
 */
static bool fetch_for(struct rg_cons *c, const struct rg_cert *cert)
{
    struct rg_hash missing;
    if (!find_missing(c, &cert->cand.hash, cert->cand.view + 1, &missing)) {
        return false;
    }
    struct rg_fetched *f = fetched_place(c, &missing);
    if (f == NULL || !rg_cons_repair__due(c, f->at_ms)) {
        return false;
    }
    f->at_ms = c->now_ms + 1;
    struct rg_action *a = rg_cons_out__work(c, RG_ACTION_FETCH);
    a->fetch.hash = missing;
    a->fetch.view = cert->cand.view;
    a->fetch.signers = cert->signers;
    if (c->me != RG_MEMBERS_NONE) {
        a->fetch.signers &= ~(UINT64_C(1) << c->me);
    }
    a->fetch.is_final = cert->kind == RG_VOTE_FINALIZE;
    return true;
}

/* A missing body is asked for from the signers of the certificate: f + 1 honest ones hold it
 * durably. */
bool rg_cons_final__rule_fetch(struct rg_cons *c)
{
    if (RG_MUTANT_IS(RG_MUTANT_NO_FETCH)) {
        return false;
    }
    if (has_want(c) && fetch_for(c, &c->want.cert)) {
        return true;
    }
    for (uint64_t view = rg_cons_slots__first(c); view <= c->cert_max; view++) {
        struct rg_slot *s = rg_cons_slots__get(c, view);
        if (s == NULL || s->certs[RG_VOTE_NOTARIZE].kind == RG_VOTE_NONE) {
            continue;
        }
        if (fetch_for(c, &s->certs[RG_VOTE_NOTARIZE])) {
            return true;
        }
    }
    /* A proposal that came without its body: its leader has it. */
    const struct rg_slot *s = rg_cons_slots__current(c);
    if (!s->prop.has) {
        return false;
    }
    struct rg_cert asked;
    memset(&asked, 0, sizeof asked);
    asked.cand = s->prop.cand;
    asked.signers = UINT64_C(1) << rg_members_leader(&c->members, c->cur);
    return fetch_for(c, &asked);
}

/* What the numbers of a header must say about its parent; content is the caller's to judge. */
static bool extends(const struct rg_block_info *b, const struct rg_block_info *parent)
{
    return b->height == parent->height + 1 && b->view > parent->view &&
           b->time_ms > parent->time_ms && !parent->epoch_last;
}

static bool verify_one(struct rg_cons *c, struct rg_blk *b)
{
    if (b->state != RG_BLK_KNOWN) {
        return false;
    }
    const struct rg_blk *parent = rg_cons_slots__block(c, &b->info.parent, b->info.view);
    if (parent == NULL || (parent->state != RG_BLK_VALID && parent->state != RG_BLK_INVALID)) {
        return false;
    }
    if (parent->state == RG_BLK_INVALID || !extends(&b->info, &parent->info)) {
        b->state = RG_BLK_INVALID;
        return true;
    }
    b->state = RG_BLK_ASKED;
    rg_cons_out__work(c, RG_ACTION_VERIFY)->block = b->info;
    return true;
}

/* Judge what is known once its parent is: up to the next view, so that nobody floods me ahead. */
bool rg_cons_final__rule_verify(struct rg_cons *c)
{
    for (uint64_t view = rg_cons_slots__first(c); view <= c->cur + 1; view++) {
        struct rg_slot *s = rg_cons_slots__get(c, view);
        RG_ASSERT(s != NULL); /* the ring reaches beyond the next view */
        if (verify_one(c, &s->blocks[0]) || verify_one(c, &s->blocks[1])) {
            return true;
        }
    }
    return false;
}
