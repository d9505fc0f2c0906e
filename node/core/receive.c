/* Messages from peers. Everything here is hostile until it was checked: the form by the codec, then
 * whether the consensus could want it at all, then its signature. */
#include "node/core/core_priv.h"

#include <stdlib.h>

static struct rg_cons_event event_of(const struct rg_core *c, enum rg_cons_event_kind kind,
                                     uint32_t place)
{
    return (struct rg_cons_event){
        .kind = kind, .now_ms = c->now.mono_ms, .peer = rg_epoch__peer(c, place)};
}

/* Publish what was new and valid once more, where the mesh is not full. */
static void relay(struct rg_core *c, bool gossip, enum rg_core_topic topic, struct rg_bytes bytes)
{
    if (c->config.relay && gossip) {
        rg_send__raw(c, topic, rg_outbox_copy(&c->out, bytes));
    }
}

static void take_vote(struct rg_core *c, uint16_t peer, bool gossip,
                      const struct rg_peer_message *m, struct rg_bytes bytes)
{
    struct rg_vote v;
    if (rg_vote_decode(m->bytes, &v) != RG_OK) {
        c->refused++;
        return;
    }
    if (v.epoch != c->epoch || !rg_cons_wants_vote(c->cons, &v)) {
        return;
    }
    if (!rg_core__vote_ok(c, &v)) {
        c->refused++;
        return;
    }
    relay(c, gossip, RG_CORE_TOPIC_VOTE, bytes);
    struct rg_cons_event ev = event_of(c, RG_EVENT_VOTE, peer);
    ev.vote = &v;
    rg_drive__feed(c, &ev);
}

static void take_cert(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    struct rg_cert cert;
    if (rg_cert_decode(m->bytes, &cert) != RG_OK) {
        c->refused++;
        return;
    }
    if (cert.epoch != c->epoch || !rg_cons_wants_cert(c->cons, &cert)) {
        return;
    }
    if (!rg_core__cert_ok(c, &cert)) {
        c->refused++;
        return;
    }
    /* The consensus relays what moves it. */
    struct rg_cons_event ev = event_of(c, RG_EVENT_CERT, peer);
    ev.cert = &cert;
    rg_drive__feed(c, &ev);
}

/* The body of a proposal or of an answer, into the tree. NULL: not usable. */
static struct rg_blocknode *take_body(struct rg_core *c, struct rg_bytes bytes,
                                      const struct rg_hash *hash)
{
    struct rg_blocknode *n = rg_blocktree_find(&c->tree, hash);
    if (n == NULL) {
        if (!rg_judge__has_room(c, bytes.len, rg_fetch__wanted(c, hash))) {
            return NULL;
        }
        const struct rg_block *b = rg_core__decode(c, bytes, hash);
        if (b == NULL || !rg_judge__is_bound(c, b)) {
            c->refused++;
            return NULL;
        }
        if (b->header.height <= c->tip.info.height) {
            return NULL;
        }
        if (rg_blocktree_put(&c->tree, b, c->config.principal, &n) != RG_OK) {
            c->out.failed = true;
            return NULL;
        }
    }
    n->certified = n->certified || rg_fetch__wanted(c, hash);
    rg_fetch__done(c, hash);
    return n;
}

/* The certificates of a proposal that are new and right, into @out; returns their number. */
static size_t take_justify(struct rg_core *c, const struct rg_peer_message *m,
                           struct rg_cert out[static 1 + RG_JUSTIFY_NULLS_MAX])
{
    size_t count = 0;
    for (uint32_t i = 0; i < m->count && count < 1 + RG_JUSTIFY_NULLS_MAX; i++) {
        struct rg_cert cert;
        if (rg_cert_decode(m->list[i], &cert) != RG_OK) {
            c->refused++;
            continue;
        }
        if (cert.epoch == c->epoch && rg_cons_wants_cert(c->cons, &cert) &&
            rg_core__cert_ok(c, &cert)) {
            out[count++] = cert;
        }
    }
    return count;
}

static void take_propose(struct rg_core *c, uint16_t peer, bool gossip,
                         const struct rg_peer_message *m, struct rg_bytes bytes)
{
    struct rg_vote v;
    struct rg_cert justify[1 + RG_JUSTIFY_NULLS_MAX];
    if (rg_vote_decode(m->bytes, &v) != RG_OK || v.kind != RG_VOTE_NOTARIZE ||
        v.epoch != c->epoch || v.signer != rg_members_leader(&c->members, v.cand.view)) {
        c->refused++;
        return;
    }
    if (!rg_cons_wants_proposal(c->cons, &v.cand)) {
        return;
    }
    if (!rg_core__vote_ok(c, &v)) {
        c->refused++;
        return;
    }
    struct rg_cons_event ev = event_of(c, RG_EVENT_PROPOSAL, peer);
    ev.proposal.cand = v.cand;
    ev.proposal.sig = v.sig;
    ev.proposal.same = m->block.len == 0;
    if (m->block.len > 0) {
        if (rg_blocktree_find(&c->tree, &v.cand.hash) == NULL &&
            !rg_fetch__wanted(c, &v.cand.hash) && !rg_judge__has_share(c, v.signer, m->block.len)) {
            return;
        }
        const struct rg_blocknode *n = take_body(c, m->block, &v.cand.hash);
        if (n == NULL) {
            return;
        }
        ev.proposal.block = &n->info;
    }
    ev.proposal.justify_count = take_justify(c, m, justify);
    ev.proposal.justify = justify;
    relay(c, gossip, RG_CORE_TOPIC_BLOCK, bytes);
    rg_drive__feed(c, &ev);
}

static void take_block(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    const struct rg_block *b = rg_core__decode(c, m->bytes, NULL);
    if (b == NULL) {
        c->refused++;
        return;
    }
    const struct rg_hash hash = b->hash;
    if (!rg_fetch__wanted(c, &hash)) {
        return; /* nobody asked */
    }
    const struct rg_blocknode *n = take_body(c, m->bytes, &hash);
    if (n == NULL) {
        return;
    }
    struct rg_cons_event ev = event_of(c, RG_EVENT_BLOCK, peer);
    ev.block = &n->info;
    rg_drive__feed(c, &ev);
}

static void take_submission(struct rg_core *c, bool gossip, const struct rg_peer_message *m,
                            struct rg_bytes bytes)
{
    if (rg_submit__admit(c, m->bytes)) {
        relay(c, gossip, RG_CORE_TOPIC_TXS, bytes);
    }
}

static void take_wake(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (!rg_submit__admit(c, m->list[i])) {
            continue;
        }
        if (c->config.relay) {
            const struct rg_peer_message s = {.kind = RG_PEER_SUBMISSION, .bytes = m->list[i]};
            rg_send__bcast(c, RG_CORE_TOPIC_TXS, &s);
        }
    }
    if (m->epoch == c->epoch) {
        struct rg_cons_event ev = event_of(c, RG_EVENT_WAKE, peer);
        ev.wake.view = m->from;
        rg_drive__feed(c, &ev);
    }
}

static void take_get_certs(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m)
{
    if (m->epoch == c->epoch && m->from <= m->to) {
        struct rg_cons_event ev = event_of(c, RG_EVENT_GETCERTS, peer);
        ev.range.from = m->from;
        ev.range.to = m->to;
        rg_drive__feed(c, &ev);
    }
}

/* What comes only over a connection of its own. */
static void take_sync(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m,
                      struct rg_bytes bytes)
{
    if (m->kind == RG_PEER_GET_CERTS) {
        take_get_certs(c, peer, m);
    } else if (m->kind == RG_PEER_GET_BLOCK) {
        rg_serve__block(c, peer, m);
    } else if (m->kind == RG_PEER_GET_BLOCKS) {
        rg_serve__blocks(c, peer, m);
    } else if (m->kind == RG_PEER_BLOCK) {
        take_block(c, peer, m);
    } else if (m->kind == RG_PEER_BLOCKS) {
        rg_catchup__blocks(c, peer, m);
    } else if (m->kind == RG_PEER_WAKE) {
        take_wake(c, peer, m);
    } else { /* about case keys or alerts: not for the core */
        struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_AGENCY);
        a->peer = peer;
        a->bytes = rg_outbox_copy(&c->out, bytes);
    }
}

static void dispatch(struct rg_core *c, uint16_t peer, bool gossip, struct rg_bytes bytes)
{
    struct rg_peer_message m;
    rg_arena_reset(&c->message_arena);
    if (rg_peer_codec_decode(&c->message_arena, &c->genesis->ledger_id, bytes, &m) != RG_OK) {
        c->refused++;
        return;
    }
    c->peer[peer].linked = true;
    c->peer[peer].linked_ms = c->now.mono_ms;
    switch (m.kind) {
    case RG_PEER_PROPOSE:
        take_propose(c, peer, gossip, &m, bytes);
        break;
    case RG_PEER_VOTE:
        take_vote(c, peer, gossip, &m, bytes);
        break;
    case RG_PEER_CERT:
        take_cert(c, peer, &m);
        break;
    case RG_PEER_SUBMISSION:
        take_submission(c, gossip, &m, bytes);
        break;
    case RG_PEER_STATUS:
        rg_beacon__take(c, peer, gossip, &m, bytes);
        break;
    case RG_PEER_EVIDENCE:
        rg_evidence__take(c, &m);
        break;
    case RG_PEER_GET_CERTS:
    case RG_PEER_GET_BLOCK:
    case RG_PEER_BLOCK:
    case RG_PEER_GET_BLOCKS:
    case RG_PEER_BLOCKS:
    case RG_PEER_WAKE:
    case RG_PEER_KEYS:
    case RG_PEER_KEY_ACK:
    case RG_PEER_KEY_PULL:
    case RG_PEER_ALERT_DIGESTS:
        if (gossip) {
            c->refused++;
        } else {
            take_sync(c, peer, &m, bytes);
        }
        break;
    case RG_PEER_EMPTY:
        c->refused++;
        break;
    }
}

struct rg_core_actions rg_core_on_message(struct rg_core *c, uint16_t peer, bool gossip,
                                          struct rg_bytes bytes, struct rg_core_time now)
{
    rg_core__begin(c, now);
    if (c->started && !c->halted && peer < c->node_count) {
        dispatch(c, peer, gossip, bytes);
    }
    return rg_core__end(c);
}
