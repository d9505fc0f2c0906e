/* A copy of the bare consensus and an executor that takes every block: its actions become messages
 * and answers. A message about view v passes between two copies iff v's partition has them in one
 * set; views beyond the enumerated ones are connected. */
#include "base/panic.h"
#include "sim_twins_priv.h"
#include <string.h>

void sim_twins__broken(struct sim_twins_world *w, const char *what)
{
    w->broken = w->broken == NULL ? what : w->broken;
}

bool sim_twins__is_copy(const struct sim_twins_world *w, size_t slot)
{
    return w->slot[slot].key == w->twin;
}

static bool passes(const struct sim_twins_world *w, size_t from, size_t to, uint64_t view)
{
    if (w->healed || view == 0 || view > w->rounds) {
        return true;
    }
    return w->set[view - 1][from] == w->set[view - 1][to];
}

struct sim_twins_message *sim_twins__post(struct sim_twins_world *w, size_t from, uint32_t peer,
                                          uint64_t view, enum rg_cons_event_kind kind)
{
    uint16_t mask = 0;
    for (size_t to = 0; to < w->slots; to++) {
        const bool meant = peer == RG_PEER_ALL || peer == w->slot[to].key;
        if (meant && w->slot[to].key != w->slot[from].key && passes(w, from, to, view)) {
            mask |= (uint16_t)(1u << to);
        }
    }
    if (mask == 0) {
        return NULL;
    }
    struct sim_twins_message *m = &w->queue[w->tail % TWINS_QUEUE];
    RG_ASSERT(w->tail - w->head < TWINS_QUEUE);
    w->tail++;
    m->kind = kind;
    m->from = (uint8_t)from;
    m->to = mask;
    return m;
}

static void hold(struct sim_twins_cert *h, const struct rg_cert *c)
{
    memcpy(h->sigs, c->sigs, c->count * sizeof h->sigs[0]);
    h->cert = *c;
    h->cert.sigs = h->sigs;
}

static const struct rg_block_info *find_block(const struct sim_twins_world *w,
                                              const struct rg_hash *hash)
{
    for (size_t i = w->block_count; i > 0; i--) {
        if (rg_hash_eq(&w->blocks[i - 1].hash, hash)) {
            return &w->blocks[i - 1];
        }
    }
    return NULL;
}

static struct rg_cons_event *answer(struct sim_twins_copy *s, enum rg_cons_event_kind kind)
{
    RG_ASSERT(s->later_count < 16);
    struct rg_cons_event *ev = &s->later[s->later_count++];
    memset(ev, 0, sizeof *ev);
    ev->kind = kind;
    ev->peer = RG_PEER_NONE;
    return ev;
}

static void build(struct sim_twins_world *w, size_t i, const struct rg_action *a)
{
    struct sim_twins_copy *s = &w->slot[i];
    RG_ASSERT(w->block_count < TWINS_BLOCKS);
    struct rg_block_info *b = &w->blocks[w->block_count++];
    memset(b, 0, sizeof *b);
    b->hash.b[0] = (uint8_t)(i + 1);
    memcpy(b->hash.b + 8, &a->build.view, 8);
    memcpy(b->hash.b + 16, a->build.parent.hash.b, 8);
    b->parent = a->build.parent.hash;
    b->height = a->build.parent.height + 1;
    b->view = a->build.view;
    b->time_ms = a->build.parent.time_ms + 1;
    b->has_entries = true;
    struct rg_cons_event *ev = answer(s, RG_EVENT_BUILT);
    s->later_block[s->later_count - 1] = *b;
    ev->built.view = b->view;
    ev->built.result = RG_BUILT_BLOCK;
    ev->built.block = &s->later_block[s->later_count - 1];
}

/* Whether somebody who holds the body of a FETCH is connected to @i in the view it is about. */
static bool reaches_holder(const struct sim_twins_world *w, size_t i, const struct rg_action *a)
{
    for (size_t j = 0; j < w->slots; j++) {
        if (j != i && (a->fetch.signers >> w->slot[j].key & 1) != 0 &&
            passes(w, j, i, a->fetch.view)) {
            return true;
        }
    }
    return false;
}

static void commit(struct sim_twins_world *w, size_t i, const struct rg_block_info *b)
{
    struct sim_twins_copy *s = &w->slot[i];
    if (sim_twins__is_copy(w, i)) {
        return;
    }
    if (b->height != s->height + 1 || b->height >= TWINS_HEIGHTS) {
        sim_twins__broken(w, "blocks are not committed in order");
        return;
    }
    s->height = b->height;
    if (b->height > w->top) {
        const struct rg_hash *below = &w->agreed[w->top];
        if (b->height > 1 && !rg_hash_eq(&b->parent, below)) {
            sim_twins__broken(w, "FORK: a final block does not follow the one before");
        }
        w->top = b->height;
        w->agreed[w->top] = b->hash;
    } else if (!rg_hash_eq(&w->agreed[b->height], &b->hash)) {
        sim_twins__broken(w, "FORK: two blocks of one height are final");
    }
}

static void propose(struct sim_twins_world *w, size_t i, const struct rg_action *a)
{
    const uint32_t peer = a->kind == RG_ACTION_BCAST_PROPOSE ? RG_PEER_ALL : a->peer;
    struct sim_twins_message *m =
        sim_twins__post(w, i, peer, a->propose.cand.view, RG_EVENT_PROPOSAL);
    if (m == NULL) {
        return;
    }
    m->cand = a->propose.cand;
    m->sig = a->propose.sig;
    m->same = a->propose.same;
    m->has_block = !m->same;
    if (m->has_block) {
        const struct rg_block_info *b = find_block(w, &m->cand.hash);
        RG_ASSERT(b != NULL);
        m->block = *b;
    }
    m->justify_count =
        a->propose.justify_count < TWINS_CERTS ? a->propose.justify_count : TWINS_CERTS;
    for (size_t k = 0; k < m->justify_count; k++) {
        hold(&m->justify[k], a->propose.justify[k]);
    }
}

static void leave(struct sim_twins_world *w, size_t i, const struct rg_action *a)
{
    struct sim_twins_message *m = NULL;
    switch ((int)a->kind) {
    case RG_ACTION_BCAST_VOTE:
    case RG_ACTION_SEND_VOTE:
        m = sim_twins__post(w, i, a->kind == RG_ACTION_SEND_VOTE ? a->peer : RG_PEER_ALL,
                            a->vote.cand.view, RG_EVENT_VOTE);
        if (m != NULL) {
            m->vote = a->vote;
        }
        break;
    case RG_ACTION_BCAST_CERT:
    case RG_ACTION_SEND_CERT:
        m = sim_twins__post(w, i, a->kind == RG_ACTION_SEND_CERT ? a->peer : RG_PEER_ALL,
                            a->cert->cand.view, RG_EVENT_CERT);
        if (m != NULL) {
            hold(&m->cert, a->cert);
        }
        break;
    case RG_ACTION_BCAST_WAKE:
        m = sim_twins__post(w, i, rg_members_leader(&w->members, a->wake_view), a->wake_view,
                            RG_EVENT_WAKE);
        if (m != NULL) {
            m->a = a->wake_view;
        }
        break;
    case RG_ACTION_SEND_GETCERTS:
        m = sim_twins__post(w, i, a->peer, a->range.to, RG_EVENT_GETCERTS);
        if (m != NULL) {
            m->a = a->range.from;
            m->b = a->range.to;
        }
        break;
    default:
        break;
    }
}

static void perform(struct sim_twins_world *w, size_t i, const struct rg_action *a)
{
    struct sim_twins_copy *s = &w->slot[i];
    const struct rg_block_info *b = NULL;
    switch ((int)a->kind) {
    case RG_ACTION_BUILD:
        build(w, i, a);
        break;
    case RG_ACTION_VERIFY: {
        struct rg_cons_event *ev = answer(s, RG_EVENT_VERDICT);
        ev->verdict.hash = a->block.hash;
        ev->verdict.valid = true;
        break;
    }
    case RG_ACTION_FETCH:
        b = reaches_holder(w, i, a) ? find_block(w, &a->fetch.hash) : NULL;
        if (b != NULL) {
            struct rg_cons_event *ev = answer(s, RG_EVENT_BLOCK);
            s->later_block[s->later_count - 1] = *b;
            ev->block = &s->later_block[s->later_count - 1];
        }
        break;
    case RG_ACTION_COMMIT:
        commit(w, i, &a->commit.block);
        break;
    case RG_ACTION_EVIDENCE:
        if (a->evidence.first.signer != w->twin) {
            sim_twins__broken(w, "an honest authority is accused");
        }
        break;
    case RG_ACTION_ALARM:
        if (!sim_twins__is_copy(w, i)) {
            sim_twins__broken(w, rg_cons_alarm_text(a->alarm.id));
        }
        break;
    case RG_ACTION_BCAST_PROPOSE:
    case RG_ACTION_SEND_PROPOSE:
        propose(w, i, a);
        break;
    default:
        leave(w, i, a);
        break;
    }
}

void sim_twins__feed(struct sim_twins_world *w, size_t i, struct rg_cons_event *ev)
{
    struct sim_twins_copy *s = &w->slot[i];
    size_t done = 0;
    s->later_count = 0;
    ev->now_ms = w->now_ms;
    rg_cons_step(s->cons, ev, w->out);
    for (;;) {
        for (size_t k = 0; k < w->out->count; k++) {
            perform(w, i, &w->out->list[k]);
        }
        if (sim_twins__is_copy(w, i)) { /* a liar does not mind that its key is used elsewhere */
            s->cons->halted = false;
            s->cons->memory = RG_MEMORY_SURE;
            s->cons->mute = 0;
            s->cons->alarms = 0;
        }
        if (done == s->later_count || w->broken != NULL) {
            return;
        }
        struct rg_cons_event next = s->later[done++];
        if (done == s->later_count) {
            done = s->later_count = 0;
        }
        next.now_ms = w->now_ms;
        rg_cons_step(s->cons, &next, w->out);
    }
}

void sim_twins__deliver(struct sim_twins_world *w, size_t i, const struct sim_twins_message *m)
{
    struct rg_cons *c = w->slot[i].cons;
    struct rg_cert justify[TWINS_CERTS];
    struct rg_cons_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = m->kind;
    ev.peer = w->slot[m->from].key;
    if (m->kind == RG_EVENT_VOTE) {
        if (!rg_cons_wants_vote(c, &m->vote)) {
            return;
        }
        ev.vote = &m->vote;
    } else if (m->kind == RG_EVENT_CERT) {
        if (!rg_cons_wants_cert(c, &m->cert.cert)) {
            return;
        }
        ev.cert = &m->cert.cert;
    } else if (m->kind == RG_EVENT_PROPOSAL) {
        if (!rg_cons_wants_proposal(c, &m->cand)) {
            return;
        }
        ev.proposal.cand = m->cand;
        ev.proposal.sig = m->sig;
        ev.proposal.same = m->same;
        ev.proposal.block = m->has_block ? &m->block : NULL;
        for (size_t k = 0; k < m->justify_count; k++) {
            justify[k] = m->justify[k].cert;
        }
        ev.proposal.justify = justify;
        ev.proposal.justify_count = m->justify_count;
    } else if (m->kind == RG_EVENT_STATUS) {
        ev.status.cur = m->a;
        ev.status.lf = m->b;
    } else if (m->kind == RG_EVENT_WAKE) {
        ev.wake.view = m->a;
    } else {
        ev.range.from = m->a;
        ev.range.to = m->b;
    }
    sim_twins__feed(w, i, &ev);
}
