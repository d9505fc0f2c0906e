/* Messages out. */
#include "node/core/core_priv.h"

/* A connection that was silent for longer is taken as gone: its peer sends a status each second. */
#define LINK_SILENCE_STATUSES 5u

bool rg_send__linked(const struct rg_core *c, uint32_t peer)
{
    return peer < c->node_count && peer != c->place && c->peer[peer].linked &&
           c->now.mono_ms - c->peer[peer].linked_ms <=
               c->genesis->parameters.skip_ms +
                   LINK_SILENCE_STATUSES * c->genesis->parameters.status_ms;
}

/* The bytes of @m, in the outbox; empty when they cannot be made. */
static struct rg_bytes encode(struct rg_core *c, const struct rg_peer_message *m)
{
    struct rg_bytes bytes = {0};
    rg_arena_reset(&c->encode_arena);
    if (rg_peer_codec_encode(&c->encode_arena, &c->genesis->ledger_id, m, &bytes) != RG_OK) {
        rg_core__alarm(c, "a message to the peers could not be encoded");
        return (struct rg_bytes){0};
    }
    return rg_outbox_copy(&c->out, bytes);
}

void rg_send__raw(struct rg_core *c, enum rg_core_topic topic, struct rg_bytes bytes)
{
    if (bytes.len == 0) {
        return;
    }
    struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_BCAST);
    a->topic = topic;
    a->channel =
        topic == RG_CORE_TOPIC_BLOCK || topic == RG_CORE_TOPIC_TXS ? RG_CORE_BULK : RG_CORE_VOTES;
    a->bytes = bytes;
}

void rg_send__bcast(struct rg_core *c, enum rg_core_topic topic, const struct rg_peer_message *m)
{
    rg_send__raw(c, topic, encode(c, m));
}

/* The topic that carries a message which was meant for one peer. */
static bool topic_of(enum rg_peer_kind kind, enum rg_core_topic *out)
{
    if (kind == RG_PEER_VOTE) {
        *out = RG_CORE_TOPIC_VOTE;
    } else if (kind == RG_PEER_CERT) {
        *out = RG_CORE_TOPIC_CERT;
    } else if (kind == RG_PEER_PROPOSE) {
        *out = RG_CORE_TOPIC_BLOCK;
    } else {
        return false;
    }
    return true;
}

void rg_send__peer(struct rg_core *c, uint32_t peer, const struct rg_peer_message *m)
{
    enum rg_core_topic topic = RG_CORE_TOPIC_VOTE;
    if (peer == RG_PEER_ALL) {
        const struct rg_bytes bytes = encode(c, m);
        for (uint16_t i = 0; bytes.len > 0 && i < c->node_count; i++) {
            if (rg_send__linked(c, i)) {
                struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_SEND);
                a->peer = i;
                a->bytes = bytes;
            }
        }
    } else if (rg_send__linked(c, peer)) {
        const struct rg_bytes bytes = encode(c, m);
        if (bytes.len > 0) {
            struct rg_core_action *a = rg_outbox_add(&c->out, RG_CORE_SEND);
            a->peer = (uint16_t)peer;
            a->bytes = bytes;
        }
    } else if (c->config.relay && peer < c->node_count && topic_of(m->kind, &topic)) {
        /* Reached through the neighbours, who pass on what is new to them. */
        rg_send__bcast(c, topic, m);
    }
}
