/* Statuses: each node's signed beacon, a hint about views and heights and the sign that it is
 * alive. */
#include "node/core/core_priv.h"

/* A clock that went back is believed again after this long without an accepted status. */
#define FORGET_MS 10000u

static void send_status(struct rg_core *c)
{
    struct rg_hash digest;
    struct rg_wire m = {.kind = RG_WIRE_STATUS};
    const struct rg_wire_status s = {.authority = c->me,
                                     .epoch = RG_CORE_EPOCH,
                                     .view = rg_cons_view(c->cons),
                                     .final_view = rg_cons_final_view(c->cons),
                                     .height = c->tip.info.height,
                                     .hash = c->tip.info.hash,
                                     .min_height = 1,
                                     .wall_ms = c->now.wall_ms,
                                     .number = ++c->status_number,
                                     .instance = c->config.instance};
    struct rg_bytes bytes = {0};
    rg_arena_reset(&c->encode_arena);
    if (rg_wire_encode_status(&c->encode_arena, &c->genesis->ledger_id, &s, &bytes, &digest) !=
        RG_OK) {
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
    c->status_due_ms = c->now.mono_ms + c->genesis->parameters.status_ms;
    if (c->me != RG_MEMBERS_NONE && c->config.sign != NULL) {
        send_status(c);
    }
    rg_mempool_expire(c->pool, rg_core__ledger_now(c), c->config.principal);
}

/* A status under my own key that I did not send: a copy of this node runs somewhere. One that is
 * left over from my last run shows one number again; a living one goes on counting. */
static void look_at_twin(struct rg_core *c, const struct rg_wire_status *s)
{
    if (rg_id_eq(&s->instance, &c->config.instance)) {
        return;
    }
    const bool again = rg_id_eq(&s->instance, &c->twin) && c->twin_number != 0;
    if (again && s->number > c->twin_number && s->wall_ms > c->start_wall_ms && !c->twin_told) {
        c->twin_told = true;
        rg_core__alarm(c, "another node uses this node's key");
    }
    if (!again || s->number > c->twin_number) {
        c->twin = s->instance;
        c->twin_number = s->number;
    }
}

/* Whether @s says something newer than what I know of its author. */
static bool is_newer(const struct rg_core *c, const struct rg_core_peer *p,
                     const struct rg_wire_status *s)
{
    if (p->heard && rg_id_eq(&s->instance, &p->status.instance)) {
        return s->number > p->status.number; /* also after long silence: no replay brings it back */
    }
    return !p->heard || c->now.mono_ms - p->heard_ms > FORGET_MS || s->wall_ms > p->status.wall_ms;
}

void rg_beacon__take(struct rg_core *c, uint16_t peer, bool gossip, const struct rg_wire *m,
                     struct rg_bytes bytes)
{
    const struct rg_wire_status *s = &m->status;
    struct rg_hash digest;
    (void)peer;
    if (s->authority >= c->members.n || s->epoch != RG_CORE_EPOCH || s->number == 0) {
        c->refused++;
        return;
    }
    struct rg_core_peer *p = &c->peer[s->authority];
    const bool mine = s->authority == c->me;
    if (mine ? rg_id_eq(&s->instance, &c->config.instance) : !is_newer(c, p, s)) {
        return;
    }
    rg_wire_status_digest(&c->genesis->ledger_id, m->status_bytes, &digest);
    if (!rg_core__verify(c, s->authority, &digest, &m->signature)) {
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
    p->offset_ms = (int64_t)(s->wall_ms - c->now.wall_ms);
    if (c->config.relay && gossip) {
        rg_send__raw(c, RG_CORE_TOPIC_STATUS, rg_outbox_copy(&c->out, bytes));
    }
    struct rg_event ev = {.kind = RG_EVENT_STATUS, .now_ms = c->now.mono_ms, .peer = s->authority};
    ev.status.cur = s->view;
    ev.status.lf = s->final_view;
    rg_drive__feed(c, &ev);
}
