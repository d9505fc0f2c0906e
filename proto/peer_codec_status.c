/* Statuses: what a node signs about itself, with its answers to those who ask. */
#include "crypto/hash.h"
#include "peer.pb-c.h"
#include "proto/pack.h"
#include "proto/peer_codec.h"
#include "proto/peer_codec_priv.h"

#define STATUS_MAX (256u + 48u * RG_AUTHORITIES_MAX)

static rg_err read_echoes(struct rg_arena *arena, const Reigen__Peer__Status *m,
                          struct rg_peer_status *out)
{
    if (m->n_echoes > RG_AUTHORITIES_MAX) {
        return RG_ERR_INVALID;
    }
    struct rg_echo *echoes = rg_arena_take_array(arena, m->n_echoes, sizeof *echoes);
    if (echoes == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_echoes; i++) {
        const Reigen__Peer__Echo *e = m->echoes[i];
        if (e->authority >= RG_AUTHORITIES_MAX ||
            !rg_pack_fixed(e->instance, echoes[i].instance.b, RG_ID_BYTES)) {
            return RG_ERR_INVALID;
        }
        echoes[i].authority = e->authority;
        echoes[i].seen = e->seen;
        echoes[i].again = e->again != 0;
    }
    out->echoes = echoes;
    out->echo_count = (uint32_t)m->n_echoes;
    return RG_OK;
}

rg_err rg_peer_codec__read_status(struct rg_arena *arena, ProtobufCBinaryData status,
                                  ProtobufCBinaryData signature, struct rg_peer_message *out)
{
    const Reigen__Peer__Status *s = NULL;
    struct rg_peer_status *to = &out->status;
    out->status_bytes = rg_pack_to(status);
    const rg_err err = rg_pack_decode(arena, &reigen__peer__status__descriptor, out->status_bytes,
                                      STATUS_MAX, (const ProtobufCMessage **)(const void **)&s);
    if (err != RG_OK) {
        return err;
    }
    if (!rg_pack_fixed(signature, out->signature.b, RG_SIG_BYTES) ||
        !rg_pack_fixed(s->hash, to->hash.b, RG_HASH_BYTES) ||
        !rg_pack_fixed(s->instance, to->instance.b, RG_ID_BYTES) ||
        !rg_pack_fixed(s->first, to->first.b, RG_ID_BYTES) || s->authority >= RG_AUTHORITIES_MAX ||
        s->number == 0) {
        return RG_ERR_INVALID;
    }
    to->authority = s->authority;
    to->epoch = s->epoch;
    to->view = s->view;
    to->final_view = s->final_view;
    to->height = s->height;
    to->min_height = s->min_height;
    to->wall_ms = s->wall_ms;
    to->number = s->number;
    to->asks = s->asks != 0;
    return read_echoes(arena, s, to);
}

void rg_peer_codec_status_digest(const struct rg_hash *ledger, struct rg_bytes status_bytes,
                                 struct rg_hash *out)
{
    rg_hash_one(RG_DOMAIN_STATUS, ledger, status_bytes, out);
}

/* The echoes of @s as messages; NULL: out of memory. */
static Reigen__Peer__Echo **list_echoes(struct rg_arena *arena, const struct rg_peer_status *s)
{
    Reigen__Peer__Echo *echoes = rg_arena_take_array(arena, s->echo_count, sizeof *echoes);
    Reigen__Peer__Echo **list = rg_arena_take_array(arena, s->echo_count, sizeof(void *));
    if (echoes == NULL || list == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < s->echo_count; i++) {
        reigen__peer__echo__init(&echoes[i]);
        echoes[i].authority = s->echoes[i].authority;
        echoes[i].instance = rg_pack_from((struct rg_bytes){s->echoes[i].instance.b, RG_ID_BYTES});
        echoes[i].seen = s->echoes[i].seen;
        echoes[i].again = s->echoes[i].again;
        list[i] = &echoes[i];
    }
    return list;
}

rg_err rg_peer_codec_encode_status(struct rg_arena *arena, const struct rg_hash *ledger,
                                   const struct rg_peer_status *s, struct rg_bytes *out,
                                   struct rg_hash *out_digest)
{
    Reigen__Peer__Status m = REIGEN__PEER__STATUS__INIT;
    m.authority = s->authority;
    m.epoch = s->epoch;
    m.view = s->view;
    m.final_view = s->final_view;
    m.height = s->height;
    m.hash = rg_pack_from((struct rg_bytes){s->hash.b, RG_HASH_BYTES});
    m.min_height = s->min_height;
    m.wall_ms = s->wall_ms;
    m.number = s->number;
    m.instance = rg_pack_from((struct rg_bytes){s->instance.b, RG_ID_BYTES});
    m.first = rg_pack_from((struct rg_bytes){s->first.b, RG_ID_BYTES});
    m.asks = s->asks;
    m.n_echoes = s->echo_count;
    m.echoes = list_echoes(arena, s);
    if (m.echoes == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = rg_pack_encode(arena, &m.base, STATUS_MAX, out);
    if (err == RG_OK) {
        rg_peer_codec_status_digest(ledger, *out, out_digest);
    }
    return err;
}
