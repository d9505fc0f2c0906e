/* Statuses: each node's signed beacon, a hint about views and heights and the sign that it is
 * alive. */
#include "node/core/core_priv.h"

#include "base/num.h"

/* A clock that went back is believed again after this long without an accepted status. */
#define FORGET_MS 10000u

/* Answers to all who ask. */
static uint32_t collect_echoes(const struct rg_core *c, struct rg_echo out[RG_AUTHORITIES_MAX])
{
    uint32_t count = 0;
    for (uint16_t i = 0; rg_cons_vouches(c->cons) && i < c->node_count; i++) {
        const struct rg_peer_status *s = &c->peer[i].status;
        if (c->peer[i].heard && s->asks) {
            out[count++] = (struct rg_echo){.authority = i,
                                            .instance = s->instance,
                                            .again = !rg_id_eq(&c->peer[i].first, &s->first),
                                            .seen = rg_cons_seen(c->cons, c->authority_of[i])};
        }
    }
    return count;
}

static void send_status(struct rg_core *c)
{
    struct rg_hash digest;
    struct rg_peer_message m = {.kind = RG_PEER_STATUS};
    struct rg_echo echoes[RG_AUTHORITIES_MAX];
    const struct rg_peer_status s = {.authority = c->place,
                                     .epoch = c->epoch,
                                     .view = rg_cons_view(c->cons),
                                     .final_view = rg_cons_final_view(c->cons),
                                     .height = c->tip.info.height,
                                     .hash = c->tip.info.hash,
                                     .min_height = 1,
                                     .wall_ms = c->now.wall_ms,
                                     .number = ++c->status_number,
                                     .instance = c->config.instance,
                                     .first = c->first,
                                     .asks = rg_cons_asks(c->cons),
                                     .echo_count = collect_echoes(c, echoes),
                                     .echoes = echoes};
    struct rg_bytes bytes = {0};
    rg_arena_reset(&c->encode_arena);
    if (rg_peer_codec_encode_status(&c->encode_arena, &c->genesis->ledger_id, &s, &bytes,
                                    &digest) != RG_OK) {
        return;
    }
    m.status_bytes = rg_outbox_copy(&c->out, bytes);
    c->config.sign(c->config.sign_ctx, &digest, &m.signature);
    rg_send__bcast(c, RG_CORE_TOPIC_STATUS, &m);
}

void rg_beacon__tick(struct rg_core *c)
{
    if (c->now.mono_ms < c->status_due_ms) {
        return;
    }
    const uint64_t period = c->genesis->parameters.status_ms;
    /* Who asks waits for answers: it says so more often. */
    c->status_due_ms = c->now.mono_ms + (rg_cons_asks(c->cons) ? (period + 3) / 4 : period);
    c->status_sent_ms = c->now.mono_ms;
    if (c->place != RG_MEMBERS_NONE && c->config.sign != NULL) {
        send_status(c);
    }
    rg_mempool_expire(c->pool, rg_core__ledger_now(c), c->config.principal);
}

/* A status under my own key that I did not send: a copy of this node runs somewhere. One that is
 * left over from my last run shows one number again; a living one goes on counting. */
static void look_at_twin(struct rg_core *c, const struct rg_peer_status *s)
{
    if (rg_id_eq(&s->instance, &c->config.instance)) {
        return;
    }
    const bool again = rg_id_eq(&s->instance, &c->twin) && c->twin_number != 0;
    if (again && s->number > c->twin_number && s->wall_ms > c->start_wall_ms) {
        rg_core__halt(c, "another node uses this node's key: a copy of this node runs elsewhere; "
                         "stop one of the two, then start this one again");
        return;
    }
    if (!again || s->number > c->twin_number) {
        c->twin = s->instance;
        c->twin_number = s->number;
    }
}

/* Whether @s says something newer than what I know of its author. */
static bool is_newer(const struct rg_core *c, const struct rg_core_peer *p,
                     const struct rg_peer_status *s)
{
    if (p->heard && rg_id_eq(&s->instance, &p->status.instance)) {
        return s->number > p->status.number; /* also after long silence: no replay brings it back */
    }
    return !p->heard || c->now.mono_ms - p->heard_ms > FORGET_MS || s->wall_ms > p->status.wall_ms;
}

/* R10: "With an intact journal it listens for a status period before answers count": a living copy
 * of this node, with the same journal, says so meanwhile, and both stop before they vote. */
static bool listens(const struct rg_core *c)
{
    return c->doubt == RG_MEMORY_WHOLE && c->now.mono_ms < c->listen_ms;
}

static void feed(struct rg_core *c, const struct rg_peer_status *s)
{
    struct rg_cons_event ev = {
        .kind = RG_EVENT_STATUS, .now_ms = c->now.mono_ms, .peer = rg_epoch__peer(c, s->authority)};
    ev.status.cur = s->view;
    ev.status.lf = s->final_view;
    ev.status.asks = s->asks;
    for (uint32_t i = 0; i < s->echo_count && !listens(c); i++) {
        if (s->echoes[i].authority == c->place &&
            (rg_id_eq(&s->echoes[i].instance, &c->config.instance) ||
             RG_MUTANT_IS(RG_MUTANT_OLD_ECHO))) {
            ev.status.echo = true;
            ev.status.seen = s->echoes[i].seen;
            ev.status.again = s->echoes[i].again;
        }
    }
    rg_drive__feed(c, &ev);
}

void rg_beacon__take(struct rg_core *c, uint16_t peer, bool gossip, const struct rg_peer_message *m,
                     struct rg_bytes bytes)
{
    const struct rg_peer_status *s = &m->status;
    struct rg_hash digest;
    (void)peer;
    if (s->authority >= c->node_count || s->number == 0) {
        c->refused++;
        return;
    }
    struct rg_core_peer *p = &c->peer[s->authority];
    const bool mine = s->authority == c->place;
    if (mine ? rg_id_eq(&s->instance, &c->config.instance) : !is_newer(c, p, s)) {
        return;
    }
    rg_peer_codec_status_digest(&c->genesis->ledger_id, m->status_bytes, &digest);
    if (!c->config.verify(c->config.verify_ctx, &c->node_key[s->authority], &digest,
                          &m->signature)) {
        c->refused++;
        return;
    }
    if (mine) {
        look_at_twin(c, s);
        return;
    }
    p->heard = true;
    p->heard_ms = c->now.mono_ms;
    p->status = *s;
    p->status.echoes = NULL;
    p->status.echo_count = 0;
    p->offset_ms = (int64_t)(s->wall_ms - c->now.wall_ms);
    if (c->config.relay && gossip) {
        rg_send__raw(c, RG_CORE_TOPIC_STATUS, rg_outbox_copy(&c->out, bytes));
    }
    if (s->asks && !p->met) {
        /* Whoever comes back with an empty disk is to be told that it is not its first start. */
        p->met = true;
        p->first = s->first;
        rg_turn__append_met(c, (uint16_t)s->authority);
        rg_turn__barrier(c);
    }
    if (s->asks) {
        /* Answer at once, but not more often than it may ask. */
        const uint64_t gap = c->genesis->parameters.status_ms / 8;
        c->status_due_ms = rg_num_min(c->status_due_ms, c->status_sent_ms + gap);
    }
    if (s->epoch == c->epoch) {
        feed(c, s);
    } else if (s->epoch + 1 == c->epoch && c->end.cert_len > 0) {
        const struct rg_peer_message cert = {.kind = RG_PEER_CERT,
                                             .bytes = {c->end.cert, c->end.cert_len}};
        rg_send__peer(c, s->authority, &cert); /* what ends the epoch that it is in */
    }
}
