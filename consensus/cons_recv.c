/* What each event changes before the rules run. Hostile input ends here at worst: it is stored,
 * counted as evidence or dropped. */
#include "consensus/cons_priv.h"

static void on_start(struct rg_cons *c)
{
    c->started = true;
    c->entered_ms = c->now_ms;
    c->seen_cur = c->cur;
    c->seen_lf = c->lf;
    for (uint16_t i = 0; i < c->members.n; i++) {
        c->heard_ms[i] = c->now_ms; /* nobody is silent yet */
    }
    rg_cons_memory__start(c);
    rg_cons_repair__restart(c);
}

/* "First feed its justify certs through R4/R0 (they may move cur)": newest first, so that none of
 * them pushes another out of the ring. */
static void feed_certs(struct rg_cons *c, const struct rg_proposal *p)
{
    const size_t count = rg_num_min(p->justify_count, 1 + RG_JUSTIFY_NULLS_MAX);
    size_t newest = 0;
    for (size_t i = 1; i < count; i++) {
        if (p->justify[i].cand.view > p->justify[newest].cand.view) {
            newest = i;
        }
    }
    if (count > 0) {
        rg_cons_pool__cert(c, &p->justify[newest]);
    }
    for (size_t i = 0; i < count; i++) {
        if (i != newest) {
            rg_cons_pool__cert(c, &p->justify[i]);
        }
    }
    if (rg_num_max(c->cert_max, c->null_max) >= c->cur) {
        rg_cons_rules__run(c);
    }
}

static void on_proposal(struct rg_cons *c, const struct rg_proposal *p)
{
    feed_certs(c, p);
    const struct rg_cand *cand = &p->cand;
    if (cand->view < c->cur || cand->view > c->cur + RG_CONS_AHEAD || cand->view > UINT64_MAX / 2) {
        return;
    }
    struct rg_slot *s = rg_cons_slots__get(c, cand->view);
    if (s == NULL) {
        return;
    }
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    v.kind = RG_VOTE_NOTARIZE;
    v.signer = rg_members_leader(&c->members, cand->view);
    v.epoch = c->epoch;
    v.cand = *cand;
    v.sig = p->sig;
    if (v.signer == c->me || !rg_vote_well_formed(&v, &c->members)) {
        return;
    }
    rg_cons_time__heard(c, v.signer);
    if (!s->prop.has || RG_MUTANT_IS(RG_MUTANT_NOTARIZE_TWICE)) {
        s->prop = (struct rg_prop){.has = true, .cand = *cand, .sig = p->sig};
    }
    /* The body is named by hash, so a relay cannot attach another; it may only leave it out. */
    if (p->block != NULL && rg_cand_eq(&s->prop.cand, cand) &&
        rg_hash_eq(&p->block->hash, &cand->hash)) {
        rg_cons_slots__put_block(c, p->block);
    }
    rg_cons_pool__vote(c, &v);
}

static void on_block(struct rg_cons *c, const struct rg_block_info *info)
{
    const bool wanted =
        c->want.cert.cand.view > c->lf && rg_hash_eq(&c->want.cert.cand.hash, &info->hash);
    if (wanted && info->height <= c->tip.info.height &&
        !rg_hash_eq(&info->hash, &c->tip.info.hash)) {
        rg_cons_out__alarm(c, RG_ALARM_FORK, c->want.cert.cand.view, &c->want.cert,
                           &c->lf_final.cert);
        return;
    }
    rg_cons_slots__put_block(c, info);
}

static void on_verdict(struct rg_cons *c, const struct rg_hash *hash, bool valid)
{
    struct rg_blk *b = rg_cons_slots__block(c, hash, rg_cons_slots__last(c) + 1);
    if (b != NULL && b->state == RG_BLK_ASKED) {
        b->state = valid ? RG_BLK_VALID : RG_BLK_INVALID;
    }
}

static void on_work(struct rg_cons *c, bool has_work, bool tick_due)
{
    c->has_work = has_work;
    c->tick_due = tick_due;
    if (c->build == RG_BUILD_EMPTY) {
        c->build = RG_BUILD_NONE; /* something new may be there: ask again */
    }
}

void rg_cons_recv__take(struct rg_cons *c, const struct rg_cons_event *ev)
{
    switch (ev->kind) {
    case RG_EVENT_START:
        on_start(c);
        return;
    case RG_EVENT_PROPOSAL:
        on_proposal(c, &ev->proposal);
        return;
    case RG_EVENT_VOTE:
        rg_cons_pool__vote(c, ev->vote);
        return;
    case RG_EVENT_CERT:
        rg_cons_pool__cert(c, ev->cert);
        return;
    case RG_EVENT_STATUS:
        rg_cons_repair__status(c, ev->peer, &ev->status);
        return;
    case RG_EVENT_BLOCK:
        on_block(c, ev->block);
        return;
    case RG_EVENT_BUILT:
        rg_cons_lead__built(c, ev);
        return;
    case RG_EVENT_VERDICT:
        on_verdict(c, &ev->verdict.hash, ev->verdict.valid);
        return;
    case RG_EVENT_WORK:
        on_work(c, ev->work.has_work, ev->work.tick_due);
        return;
    case RG_EVENT_WAKE:
        if (ev->wake.view >= c->cur && ev->wake.view - c->cur <= RG_CONS_AHEAD) {
            c->woken_view = ev->wake.view;
        }
        return;
    case RG_EVENT_GETCERTS:
        rg_cons_repair__getcerts(c, ev->peer, ev->range.from, ev->range.to);
        return;
    case RG_EVENT_ADOPT:
        rg_cons_final__adopt(c, ev->adopt.cert, ev->adopt.tip);
        return;
    case RG_EVENT_TICK:
    case RG_EVENT_NONE:
        return;
    }
}
