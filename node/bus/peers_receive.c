/* Gossip and sync: taking messages in, fairly and under caps. */
#include "node/bus/peers_priv.h"

#define PARTS_MAX 2

/* Messages taken from one socket in a turn. A turn takes at most about 4 MiB from the bulk of a
 * peer. */
#define VOTES_TURN 64
#define ROUTER_TURN 64
#define DEALER_TURN 8
#define BULK_TURN 4
#define NOTICES_TURN 64

struct parts {
    size_t count; /* how many came; only the first PARTS_MAX are kept */
    zmq_msg_t part[PARTS_MAX];
};

/* Take one whole message, or nothing. */
static bool take(zsock_t *s, struct parts *out)
{
    out->count = 0;
    int more = 1;
    while (more != 0) {
        zmq_msg_t spare;
        const bool keep = out->count < PARTS_MAX;
        zmq_msg_t *m = keep ? &out->part[out->count] : &spare;
        (void)zmq_msg_init(m);
        if (zmq_msg_recv(m, zsock_resolve(s), ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(m);
            return out->count > 0; /* parts of one message come together */
        }
        more = zmq_msg_more(m);
        if (!keep) {
            (void)zmq_msg_close(m);
        }
        out->count++;
    }
    return true;
}

static void drop_parts(struct parts *m)
{
    for (size_t i = 0; i < m->count && i < PARTS_MAX; i++) {
        (void)zmq_msg_close(&m->part[i]);
    }
    m->count = 0;
}

static struct rg_bytes bytes_of(zmq_msg_t *m)
{
    return (struct rg_bytes){.data = zmq_msg_data(m), .len = zmq_msg_size(m)};
}

/* A filter matches beginnings, so the topic is compared as a whole. */
static bool is_topic(const struct rg_peers_channel *ch, zmq_msg_t *m)
{
    for (size_t i = 0; i < ch->count; i++) {
        const char *name = rg_peers__topic(ch->list[i]);
        if (zmq_msg_size(m) == strlen(name) && memcmp(zmq_msg_data(m), name, strlen(name)) == 0) {
            return true;
        }
    }
    return false;
}

/* A status beacon, which comes each second and asks for nothing. */
static bool is_beacon(zmq_msg_t *topic)
{
    const char *name = rg_peers__topic(RG_CORE_TOPIC_STATUS);
    return zmq_msg_size(topic) == strlen(name) &&
           memcmp(zmq_msg_data(topic), name, strlen(name)) == 0;
}

/* Where a turn's messages go. */
struct sink {
    rg_peers_fn fn;
    void *ctx;
    const bool *ready; /* by place in rg_peers_sockets; NULL: all may be */
};

/* Pass a message on, unless its peer is cut. */
static void tell(struct rg_peers *p, const struct sink *to, uint16_t peer, struct rg_bytes bytes,
                 bool gossip)
{
    if (p->slots[peer].cut) {
        p->counts.dropped++;
        return;
    }
    to->fn(to->ctx, peer, gossip, bytes);
}

static size_t receive_gossip(struct rg_peers *p, const struct sink *to, uint16_t peer, bool votes)
{
    const struct rg_peers_channel *ch = rg_peers__channel(votes);
    zsock_t *s = votes ? p->slots[peer].votes : p->slots[peer].bulk;
    const size_t turn = votes ? VOTES_TURN : BULK_TURN;
    size_t taken = 0;
    struct parts m;
    while (taken < turn && take(s, &m)) {
        taken++;
        if (m.count == 2 && is_topic(ch, &m.part[0])) {
            p->counts.frames += is_beacon(&m.part[0]) ? 0 : 1;
            tell(p, to, peer, bytes_of(&m.part[1]), true);
        } else {
            p->counts.dropped++;
        }
        drop_parts(&m);
    }
    return taken;
}

static size_t receive_dealer(struct rg_peers *p, const struct sink *to, uint16_t peer)
{
    size_t taken = 0;
    struct parts m;
    while (taken < DEALER_TURN && take(p->slots[peer].sync, &m)) {
        taken++;
        if (m.count == 1) {
            p->counts.frames++;
            tell(p, to, peer, bytes_of(&m.part[0]), false);
        } else {
            p->counts.dropped++;
        }
        drop_parts(&m);
    }
    return taken;
}

/* The place of the node that a message on the ROUTER comes from, or UINT32_MAX. */
static uint32_t sender_of(const struct rg_peers *p, zmq_msg_t *body)
{
    const uint32_t principal =
        rg_zap_principal_of(p->zap, RG_ZAP_PEER, zmq_msg_gets(body, "User-Id"));
    return principal != UINT32_MAX ? rg_genesis_place_of(p->genesis, principal) : UINT32_MAX;
}

static size_t receive_router(struct rg_peers *p, const struct sink *to)
{
    size_t taken = 0;
    struct parts m;
    while (taken < ROUTER_TURN && take(p->router, &m)) {
        taken++;
        const uint32_t from = m.count == 2 ? sender_of(p, &m.part[1]) : UINT32_MAX;
        const struct rg_bytes route = bytes_of(&m.part[0]);
        if (from < RG_AUTHORITIES_MAX && route.len <= RG_PEERS_ROUTE_MAX) {
            struct rg_peers_slot *s = &p->slots[from];
            memcpy(s->route, route.data, route.len);
            s->route_len = route.len;
            tell(p, to, (uint16_t)from, bytes_of(&m.part[1]), false);
        } else {
            p->counts.dropped++;
        }
        drop_parts(&m);
    }
    return taken;
}

/* Subscriptions are read and forgotten; unread they would pile up in the library. */
static size_t drain_notices(zsock_t *s)
{
    size_t taken = 0;
    struct parts m;
    while (taken < NOTICES_TURN && take(s, &m)) {
        taken++;
        drop_parts(&m);
    }
    return taken;
}

/* Whether the socket at @place may have something. */
static bool is_ready(const struct sink *to, size_t place)
{
    return to->ready == NULL || to->ready[place];
}

/* The places of a slot's sockets in rg_peers_sockets, behind the three own ones. */
enum {
    PLACE_VOTES,
    PLACE_BULK,
    PLACE_SYNC
};

static size_t receive_slots(struct rg_peers *p, const struct sink *to, int which)
{
    size_t taken = 0;
    size_t place = RG_PEERS_SOCKETS_OWN + (size_t)which;
    for (uint16_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        if (!p->slots[i].connected) {
            continue;
        }
        if (is_ready(to, place)) {
            taken += which == PLACE_SYNC ? receive_dealer(p, to, i)
                                         : receive_gossip(p, to, i, which == PLACE_VOTES);
        }
        place += 3;
    }
    return taken;
}

size_t rg_peers_receive(struct rg_peers *p, const bool *ready, rg_peers_fn fn, void *ctx)
{
    const struct sink to = {.fn = fn, .ctx = ctx, .ready = ready};
    size_t taken = is_ready(&to, 0) ? drain_notices(p->votes) : 0;
    taken += is_ready(&to, 1) ? drain_notices(p->bulk) : 0;
    taken += receive_slots(p, &to, PLACE_VOTES);
    taken += is_ready(&to, 2) ? receive_router(p, &to) : 0;
    taken += receive_slots(p, &to, PLACE_SYNC);
    taken += receive_slots(p, &to, PLACE_BULK);
    return taken;
}
