/* Liars: an honest core whose packets are changed on their way out, by who knows its key and sees
 * all proposals of the network. */
#include "proto/ledger_codec.h"
#include "sim.h"
#include <string.h>

static struct rg_vote sign_vote(struct sim *s, struct sim_node *node, enum rg_vote_kind kind,
                                struct rg_cand cand)
{
    struct rg_members members;
    struct rg_pubkey keys[SIM_NODES_MAX];
    struct rg_hash digest;
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    for (size_t i = 0; i < s->n; i++) {
        keys[i] = s->genesis->principal[i].sign_key;
    }
    RG_IGNORE(rg_members_init(&members, keys, s->n, &s->genesis->ledger_id), "a good set");
    v.kind = kind;
    v.signer = node->index;
    v.epoch = 1;
    v.cand = cand;
    rg_vote_digest(&s->genesis->ledger_id, &members, v.epoch, kind, &cand, &digest);
    sim_crypto_sign(&node->key, &digest, &v.sig);
    return v;
}

/* Encode @m; NULL if that cannot be. */
static struct sim_buf *encode(struct sim *s, const struct rg_peer_message *m)
{
    struct rg_bytes out = {0};
    if (rg_peer_codec_encode(&s->out_arena, &s->genesis->ledger_id, m, &out) != RG_OK) {
        return NULL;
    }
    return sim_buf_new(out);
}

static void send_vote(struct sim *s, struct sim_node *node, uint16_t to, enum rg_vote_kind kind,
                      struct rg_cand cand)
{
    uint8_t bytes[RG_VOTE_BYTES];
    const struct rg_vote v = sign_vote(s, node, kind, cand);
    rg_vote_encode(&v, bytes);
    const struct rg_peer_message m = {.kind = RG_PEER_VOTE, .bytes = {bytes, sizeof bytes}};
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf = encode(s, &m);
    if (buf != NULL) {
        sim_send(s, node->index, to, true, buf);
        sim_buf_drop(buf);
        s->stats.lies++;
    }
}

/* The proposal of @m again, with block @h instead of its own. */
static struct sim_buf *propose_other(struct sim *s, struct sim_node *node,
                                     const struct rg_peer_message *m, const struct rg_header *h,
                                     const struct rg_bytes *submissions, struct rg_cand cand)
{
    struct rg_bytes block = {0};
    uint8_t bytes[RG_VOTE_BYTES];
    rg_arena_reset(&s->out_arena);
    if (rg_ledger_codec_encode_block(&s->out_arena, h, submissions, &cand.hash, &block) != RG_OK) {
        return NULL;
    }
    const struct rg_vote v = sign_vote(s, node, RG_VOTE_NOTARIZE, cand);
    rg_vote_encode(&v, bytes);
    struct rg_peer_message other = *m;
    other.bytes = (struct rg_bytes){bytes, sizeof bytes};
    other.block = block;
    return encode(s, &other);
}

static bool decode_block(struct sim *s, struct rg_bytes bytes, struct rg_block *out)
{
    memset(out, 0, sizeof *out);
    rg_arena_reset(&s->block_arena);
    return bytes.len > 0 && rg_ledger_codec_decode_block(&s->block_arena, bytes, out) == RG_OK;
}

/* Two blocks: each to some, both to a few. */
static bool equivocate(struct sim *s, struct sim_node *node, struct sim_buf *buf,
                       const struct rg_peer_message *m)
{
    struct rg_block b;
    struct rg_vote v;
    struct rg_bytes list[64];
    if (m->kind != RG_PEER_PROPOSE || rg_vote_decode(m->bytes, &v) != RG_OK ||
        !decode_block(s, m->block, &b) || b.header.submission_count > 64) {
        return false;
    }
    for (uint32_t i = 0; i < b.header.submission_count; i++) {
        list[i] = b.submissions[i].bytes;
    }
    struct rg_header h = b.header;
    h.time_ms++;
    struct sim_buf *other = propose_other(s, node, m, &h, list, v.cand);
    if (other == NULL) {
        return false;
    }
    for (uint16_t to = 0; to < s->n; to++) {
        const uint64_t what = sim_below(s, 5);
        if (what != 0) {
            sim_send(s, node->index, to, true, what <= 2 ? buf : other);
        } else {
            sim_send(s, node->index, to, true, buf);
            sim_send(s, node->index, to, true, other);
        }
    }
    sim_buf_drop(other);
    s->stats.lies++;
    return true;
}

static void vote_for_all(struct sim *s, struct sim_node *node, const struct rg_peer_message *m)
{
    struct rg_vote v;
    if (m->kind != RG_PEER_VOTE || rg_vote_decode(m->bytes, &v) != RG_OK ||
        v.kind != RG_VOTE_NOTARIZE) {
        return;
    }
    for (uint16_t to = 0; to < s->n; to++) {
        if (sim_below(s, 2) == 0) {
            send_vote(s, node, to, RG_VOTE_NULLIFY, (struct rg_cand){.view = v.cand.view});
        }
        if (sim_below(s, 2) == 0) {
            send_vote(s, node, to, RG_VOTE_FINALIZE, v.cand);
        }
    }
}

bool sim_lies_send(struct sim *s, struct sim_node *node, struct sim_buf *buf, bool gossip,
                   uint16_t to)
{
    struct rg_peer_message m;
    struct rg_vote v;
    memset(&m, 0, sizeof m);
    (void)to;
    rg_arena_reset(&s->arena);
    if (!s->faults ||
        rg_peer_codec_decode(&s->arena, &s->genesis->ledger_id, sim_buf_bytes(buf), &m) != RG_OK) {
        return false;
    }
    if (node->lie == SIM_EQUIVOCATOR) {
        return gossip && equivocate(s, node, buf, &m);
    }
    if (node->lie == SIM_DOUBLE) {
        vote_for_all(s, node, &m);
        return false;
    }
    if (node->lie == SIM_SKIPPER) {
        return m.kind == RG_PEER_PROPOSE && rg_vote_decode(m.bytes, &v) == RG_OK &&
               v.cand.view == node->skip_view;
    }
    if (node->lie == SIM_WITHHOLDER && gossip) {
        for (uint16_t i = 0; i < s->n; i++) {
            if (sim_below(s, 2) == 0) {
                sim_send(s, node->index, i, true, buf);
            }
        }
        s->stats.lies++;
        return true;
    }
    return false;
}

/* The proposal @m of view v is on its way. A skipper that leads v + 1 puts its own block on the
 * same parent, as if view v had never been: valid in itself, but without Null(v). */
void sim_lies_see(struct sim *s, const struct rg_peer_message *m, const struct rg_vote *leader)
{
    const uint64_t view = leader->cand.view + 1;
    struct sim_node *node = &s->node[(view - 1) % s->n];
    struct rg_block b;
    if (!s->faults || node->lie != SIM_SKIPPER || node->skip_view == view ||
        !decode_block(s, m->block, &b)) {
        return;
    }
    struct rg_header h = b.header;
    h.view = view;
    h.proposer = node->index;
    h.time_ms++;
    h.submission_count = 0;
    rg_block_root(NULL, 0, &h.submissions_root);
    const struct rg_cand cand = {.view = view, .pview = leader->cand.pview};
    struct rg_peer_message own = *m;
    own.count = own.count > 1 ? 1 : own.count; /* the parent's certificate only */
    struct sim_buf *buf = propose_other(s, node, &own, &h, NULL, cand);
    if (buf == NULL) {
        return;
    }
    node->skip_view = view;
    for (uint64_t i = 1; i <= 4; i++) {
        sim_post(s,
                 (struct sim_event){.at_ms = s->now_ms + i * (s->latency_ms + s->jitter_ms / 2 + 1),
                                    .kind = SIM_SKIP,
                                    .node = node->index,
                                    .buf = sim_buf_ref(buf)});
    }
    sim_buf_drop(buf);
    s->stats.lies++;
}
