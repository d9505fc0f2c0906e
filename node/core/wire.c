#include "node/core/wire.h"

#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

_Static_assert(RG_WIRE_BLOCK_ARENA == RG_LEDGER_CODEC_BLOCK_ARENA, "one limit for every node");
_Static_assert(RG_WIRE_SUBMISSION_ARENA == RG_LEDGER_CODEC_SUBMISSION_ARENA, "the same");

/* The codec's name of a kind and back. */
static enum rg_wire_kind kind_in(enum rg_peer_kind k)
{
    switch (k) {
    case RG_PEER_PROPOSE:
        return RG_WIRE_PROPOSE;
    case RG_PEER_VOTE:
        return RG_WIRE_VOTE;
    case RG_PEER_CERT:
        return RG_WIRE_CERT;
    case RG_PEER_SUBMISSION:
        return RG_WIRE_SUBMISSION;
    case RG_PEER_STATUS:
        return RG_WIRE_STATUS;
    case RG_PEER_EVIDENCE:
        return RG_WIRE_EVIDENCE;
    case RG_PEER_GET_CERTS:
        return RG_WIRE_GET_CERTS;
    case RG_PEER_GET_BLOCK:
        return RG_WIRE_GET_BLOCK;
    case RG_PEER_BLOCK:
        return RG_WIRE_BLOCK;
    case RG_PEER_GET_BLOCKS:
        return RG_WIRE_GET_BLOCKS;
    case RG_PEER_BLOCKS:
        return RG_WIRE_BLOCKS;
    case RG_PEER_WAKE:
        return RG_WIRE_WAKE;
    case RG_PEER_KEYS:
    case RG_PEER_KEY_ACK:
    case RG_PEER_KEY_PULL:
        return RG_WIRE_KEYS;
    case RG_PEER_NONE:
        break;
    }
    return RG_WIRE_NONE;
}

static enum rg_peer_kind kind_out(enum rg_wire_kind k)
{
    switch (k) {
    case RG_WIRE_PROPOSE:
        return RG_PEER_PROPOSE;
    case RG_WIRE_VOTE:
        return RG_PEER_VOTE;
    case RG_WIRE_CERT:
        return RG_PEER_CERT;
    case RG_WIRE_SUBMISSION:
        return RG_PEER_SUBMISSION;
    case RG_WIRE_STATUS:
        return RG_PEER_STATUS;
    case RG_WIRE_EVIDENCE:
        return RG_PEER_EVIDENCE;
    case RG_WIRE_GET_CERTS:
        return RG_PEER_GET_CERTS;
    case RG_WIRE_GET_BLOCK:
        return RG_PEER_GET_BLOCK;
    case RG_WIRE_BLOCK:
        return RG_PEER_BLOCK;
    case RG_WIRE_GET_BLOCKS:
        return RG_PEER_GET_BLOCKS;
    case RG_WIRE_BLOCKS:
        return RG_PEER_BLOCKS;
    case RG_WIRE_WAKE:
        return RG_PEER_WAKE;
    case RG_WIRE_KEYS:
    case RG_WIRE_NONE:
        break;
    }
    return RG_PEER_NONE;
}

static struct rg_peer_status status_out(const struct rg_wire_status *s)
{
    return (struct rg_peer_status){.authority = s->authority,
                                   .epoch = s->epoch,
                                   .view = s->view,
                                   .final_view = s->final_view,
                                   .height = s->height,
                                   .hash = s->hash,
                                   .min_height = s->min_height,
                                   .wall_ms = s->wall_ms,
                                   .number = s->number,
                                   .instance = s->instance,
                                   .first = s->first,
                                   .asks = s->asks,
                                   .echo_count = s->echo_count,
                                   .echoes = s->echoes};
}

rg_err rg_wire_decode(struct rg_arena *arena, const struct rg_hash *ledger, struct rg_bytes bytes,
                      struct rg_wire *out)
{
    struct rg_peer_message m;
    memset(&m, 0, sizeof m);
    rg_err e = rg_peer_codec_decode(arena, ledger, bytes, &m);
    if (e != RG_OK) {
        return e;
    }
    *out = (struct rg_wire){.kind = kind_in(m.kind),
                            .bytes = m.bytes,
                            .block = m.block,
                            .count = m.count,
                            .list = m.list,
                            .epoch = m.epoch,
                            .from = m.from,
                            .to = m.to,
                            .max_bytes = m.max_bytes,
                            .hash = m.hash,
                            .status_bytes = m.status_bytes,
                            .signature = m.signature};
    out->status = (struct rg_wire_status){.authority = m.status.authority,
                                          .epoch = m.status.epoch,
                                          .view = m.status.view,
                                          .final_view = m.status.final_view,
                                          .height = m.status.height,
                                          .hash = m.status.hash,
                                          .min_height = m.status.min_height,
                                          .wall_ms = m.status.wall_ms,
                                          .number = m.status.number,
                                          .instance = m.status.instance,
                                          .first = m.status.first,
                                          .asks = m.status.asks,
                                          .echo_count = m.status.echo_count,
                                          .echoes = m.status.echoes};
    return RG_OK;
}

rg_err rg_wire_encode(struct rg_arena *arena, const struct rg_hash *ledger, const struct rg_wire *m,
                      struct rg_bytes *out)
{
    struct rg_peer_message p;
    memset(&p, 0, sizeof p);
    p.kind = kind_out(m->kind);
    if (p.kind == RG_PEER_NONE) {
        return RG_ERR_INVALID;
    }
    p.bytes = m->bytes;
    p.block = m->block;
    p.count = m->count;
    p.list = m->list;
    p.epoch = m->epoch;
    p.from = m->from;
    p.to = m->to;
    p.max_bytes = m->max_bytes;
    p.hash = m->hash;
    p.status = status_out(&m->status);
    p.status_bytes = m->status_bytes;
    p.signature = m->signature;
    return rg_peer_codec_encode(arena, ledger, &p, out);
}

rg_err rg_wire_encode_status(struct rg_arena *arena, const struct rg_hash *ledger,
                             const struct rg_wire_status *s, struct rg_bytes *out,
                             struct rg_hash *out_digest)
{
    const struct rg_peer_status p = status_out(s);
    return rg_peer_codec_encode_status(arena, ledger, &p, out, out_digest);
}

void rg_wire_status_digest(const struct rg_hash *ledger, struct rg_bytes status_bytes,
                           struct rg_hash *out)
{
    rg_peer_codec_status_digest(ledger, status_bytes, out);
}

rg_err rg_wire_decode_block(struct rg_arena *arena, struct rg_bytes bytes, struct rg_block *out)
{
    return rg_ledger_codec_decode_block(arena, bytes, out);
}

rg_err rg_wire_decode_submission(struct rg_arena *arena, struct rg_bytes bytes,
                                 struct rg_submission *out)
{
    return rg_ledger_codec_decode_submission(arena, bytes, out);
}

rg_err rg_wire_encode_block(struct rg_arena *arena, const struct rg_header *h,
                            const struct rg_bytes *submissions, struct rg_hash *out_hash,
                            struct rg_bytes *out)
{
    return rg_ledger_codec_encode_block(arena, h, submissions, out_hash, out);
}

rg_err rg_wire_encode_head(struct rg_arena *arena, const struct rg_submission *s,
                           struct rg_bytes *out_head, struct rg_hash *out_digest)
{
    return rg_ledger_codec_encode_head(arena, s, out_head, out_digest);
}

rg_err rg_wire_encode_submission(struct rg_arena *arena, struct rg_bytes head,
                                 const struct rg_sig *sig, const struct rg_bytes *entries,
                                 size_t count, struct rg_bytes *out)
{
    return rg_ledger_codec_encode_submission(arena, head, sig, entries, count, out);
}

rg_err rg_wire_encode_evidence(struct rg_arena *arena, struct rg_bytes pair, struct rg_bytes *out)
{
    const struct rg_entry e = {.kind = RG_ENTRY_EVIDENCE, .clear = pair};
    return rg_ledger_codec_encode_entry(arena, &e, out);
}
