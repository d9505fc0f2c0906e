/* The ring of views: what is held about each, found by view number, with the blocks made in it. */
#include "consensus/cons_priv.h"

static struct rg_slot *at(const struct rg_cons *c, uint64_t view)
{
    return &c->slots[view & (c->params.ring - 1)];
}

static void reset(struct rg_cons *c, struct rg_slot *s, uint64_t view)
{
    s->view = view;
    s->mine = (struct rg_mine){0};
    s->prop = (struct rg_prop){0};
    s->equivocated = false;
    memset(s->blocks, 0, sizeof s->blocks);
    memset(s->certs, 0, sizeof s->certs);
    for (size_t kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        for (size_t i = 0; i < c->members.n; i++) {
            s->pool[kind][i].has = false;
        }
    }
    s->ask_ms = 0;
}

uint64_t rg_cons_slots__first(const struct rg_cons *c)
{
    return rg_num_max(c->base, c->lf + 1);
}

uint64_t rg_cons_slots__last(const struct rg_cons *c)
{
    return rg_num_max(c->cert_max, c->cur + RG_CONS_AHEAD);
}

static bool inside(const struct rg_cons *c, uint64_t view)
{
    return view >= rg_cons_slots__first(c) && view - c->base < c->params.ring;
}

struct rg_slot *rg_cons_slots__get(struct rg_cons *c, uint64_t view)
{
    if (!inside(c, view)) {
        return NULL;
    }
    struct rg_slot *s = at(c, view);
    if (s->view != view) {
        reset(c, s, view);
    }
    return s;
}

struct rg_slot *rg_cons_slots__current(struct rg_cons *c)
{
    struct rg_slot *s = rg_cons_slots__get(c, c->cur);
    RG_ASSERT(s != NULL);
    return s;
}

const struct rg_slot *rg_cons_slots__find(const struct rg_cons *c, uint64_t view)
{
    if (!inside(c, view)) {
        return NULL;
    }
    const struct rg_slot *s = at(c, view);
    return s->view == view ? s : NULL;
}

bool rg_cons_slots__has_room(const struct rg_cons *c, uint64_t cur)
{
    return cur + RG_VIEW_WINDOW < c->base + c->params.ring;
}

bool rg_cons_slots__reach(struct rg_cons *c, uint64_t view)
{
    if (view > UINT64_MAX / 2) {
        return false; /* q authorities never get there */
    }
    if (!rg_cons_slots__has_room(c, view + 1)) {
        c->base = view + 2 + RG_VIEW_WINDOW - c->params.ring;
    }
    return true;
}

const struct rg_blk *rg_cons_slots__find_block(const struct rg_cons *c, const struct rg_hash *hash,
                                               uint64_t below)
{
    if (rg_hash_eq(hash, &c->tip.info.hash)) {
        return &c->tip;
    }
    const uint64_t first = rg_cons_slots__first(c);
    below = rg_num_min(below, c->base + c->params.ring);
    for (uint64_t view = below; view > first; view--) {
        const struct rg_slot *s = at(c, view - 1);
        for (size_t i = 0; s->view == view - 1 && i < RG_SLOT_BLOCKS; i++) {
            if (s->blocks[i].state != RG_BLK_NONE && rg_hash_eq(&s->blocks[i].info.hash, hash)) {
                return &s->blocks[i];
            }
        }
    }
    return NULL;
}

struct rg_blk *rg_cons_slots__block(struct rg_cons *c, const struct rg_hash *hash, uint64_t below)
{
    const struct rg_blk *b = rg_cons_slots__find_block(c, hash, below);
    if (b == NULL) {
        return NULL;
    }
    if (b == &c->tip) {
        return &c->tip;
    }
    return &at(c, b->info.view)->blocks[b - at(c, b->info.view)->blocks];
}

/* Whether something signed names the block: such a one is never pushed out. */
static bool is_named(const struct rg_slot *s, const struct rg_blk *b)
{
    if (s->prop.has && rg_hash_eq(&s->prop.cand.hash, &b->info.hash)) {
        return true;
    }
    for (size_t kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        if (s->certs[kind].kind != RG_VOTE_NONE &&
            rg_hash_eq(&s->certs[kind].cand.hash, &b->info.hash)) {
            return true;
        }
    }
    return false;
}

struct rg_blk *rg_cons_slots__put_block(struct rg_cons *c, const struct rg_block_info *info)
{
    if (rg_hash_eq(&info->hash, &c->tip.info.hash)) {
        return &c->tip;
    }
    struct rg_slot *s = rg_cons_slots__get(c, info->view);
    if (s == NULL) {
        return NULL;
    }
    struct rg_blk *place = NULL;
    for (size_t i = 0; i < RG_SLOT_BLOCKS; i++) {
        struct rg_blk *b = &s->blocks[i];
        if (b->state != RG_BLK_NONE && rg_hash_eq(&b->info.hash, &info->hash)) {
            return b;
        }
        if (place == NULL && (b->state == RG_BLK_NONE || !is_named(s, b))) {
            place = b;
        }
    }
    if (place != NULL) {
        *place = (struct rg_blk){.info = *info, .state = RG_BLK_KNOWN};
    }
    return place;
}

bool rg_cons_slots__certified(const struct rg_cons *c, uint64_t view, struct rg_cand *out)
{
    if (view == c->lf) {
        *out = c->lf_cand;
        return true;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    /* "Final(c) => Notar(c)": either certifies the candidate. */
    if (s != NULL && s->certs[RG_VOTE_NOTARIZE].kind != RG_VOTE_NONE) {
        *out = s->certs[RG_VOTE_NOTARIZE].cand;
        return true;
    }
    if (s != NULL && s->certs[RG_VOTE_FINALIZE].kind != RG_VOTE_NONE) {
        *out = s->certs[RG_VOTE_FINALIZE].cand;
        return true;
    }
    return false;
}

bool rg_cons_slots__nullified(const struct rg_cons *c, uint64_t view)
{
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    return s != NULL && s->certs[RG_VOTE_NULLIFY].kind != RG_VOTE_NONE;
}

/* The tip once more may be the root, made final again by SAME: its view and its being the last of
 * an epoch belong to the epoch before. */
void rg_cons_slots__set_tip(struct rg_cons *c, const struct rg_block_info *tip)
{
    if (!rg_hash_eq(&tip->hash, &c->tip.info.hash)) {
        c->tip = (struct rg_blk){.info = *tip, .state = RG_BLK_VALID, .durable = true};
    }
}

void rg_cons_slots__keep(struct rg_kept *k, const struct rg_cert *cert)
{
    RG_ASSERT(cert->count <= RG_AUTHORITIES_MAX);
    memmove(k->sigs, cert->sigs, (size_t)cert->count * sizeof k->sigs[0]);
    k->cert = *cert;
    k->cert.sigs = k->sigs;
}
