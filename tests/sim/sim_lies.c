/* The list of liars, what they have in common, and where they are let in. */
#include "proto/ledger_codec.h"
#include "sim_lie.h"
#include <string.h>

static const struct sim_liar *const all[] = {
    &sim_lie_silent,   &sim_lie_equivocator, &sim_lie_double,     &sim_lie_skipper,
    &sim_lie_amnesiac, &sim_lie_backup,      &sim_lie_withholder, &sim_lie_voteone,
    &sim_lie_late,     &sim_lie_nuller,      &sim_lie_conflicter, &sim_lie_same,
    &sim_lie_time,     &sim_lie_junk,        &sim_lie_cert,       &sim_lie_flood,
    &sim_lie_status,   &sim_lie_wake,        &sim_lie_replayer,   &sim_lie_server,
    &sim_lie_mutator,
};

size_t sim_lies_count(void)
{
    return sizeof all / sizeof all[0];
}

const struct sim_liar *sim_lies_get(size_t i)
{
    return all[i];
}

const struct sim_liar *sim_lies_find(const char *name)
{
    for (size_t i = 0; i < sim_lies_count(); i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }
    return NULL;
}

size_t sim_lie_f(const struct sim *s)
{
    return (s->n - 1) / 3;
}

size_t sim_lie_q(const struct sim *s)
{
    return (s->n + sim_lie_f(s) + 2) / 2;
}

struct rg_vote sim_lie_vote(const struct sim *s, const struct sim_node *node,
                            enum rg_vote_kind kind, struct rg_cand cand)
{
    struct rg_hash digest;
    struct rg_vote v;
    memset(&v, 0, sizeof v);
    v.kind = kind;
    v.epoch = s->oracle.newest;
    v.signer = rg_members_find(&s->members, &s->genesis->principal[node->index].sign_key);
    v.cand = cand;
    rg_vote_digest(&s->genesis->ledger_id, &s->members, v.epoch, kind, &cand, &digest);
    sim_crypto_sign(&(uint8_t){node->key}, &digest, &v.sig);
    return v;
}

struct sim_buf *sim_lie_encode(struct sim *s, const struct rg_peer_message *m)
{
    struct rg_bytes out = {0};
    if (rg_peer_codec_encode(&s->out_arena, &s->genesis->ledger_id, m, &out) != RG_OK) {
        return NULL;
    }
    return sim_buf_new(out);
}

void sim_lie_one(struct sim *s, struct sim_node *node, uint16_t to, struct sim_buf *buf)
{
    if (buf != NULL) {
        sim_send(s, node->index, to, true, buf);
        s->stats.lies++;
    }
}

void sim_lie_all(struct sim *s, struct sim_node *node, struct sim_buf *buf)
{
    for (uint16_t to = 0; to < s->n; to++) {
        sim_lie_one(s, node, to, buf);
    }
}

void sim_lie_later(struct sim *s, struct sim_node *node, uint16_t to, uint64_t ms,
                   struct sim_buf *buf)
{
    if (buf != NULL) {
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + ms,
                                       .kind = SIM_LIE,
                                       .node = node->index,
                                       .arg = to == SIM_LIE_ALL ? 0 : (uint64_t)to + 1,
                                       .buf = sim_buf_ref(buf)});
    }
}

void sim_lie_send_vote(struct sim *s, struct sim_node *node, uint16_t to, enum rg_vote_kind kind,
                       struct rg_cand cand)
{
    uint8_t bytes[RG_VOTE_BYTES];
    const struct rg_vote v = sim_lie_vote(s, node, kind, cand);
    rg_vote_encode(&v, bytes);
    const struct rg_peer_message m = {.kind = RG_PEER_VOTE, .bytes = {bytes, sizeof bytes}};
    rg_arena_reset(&s->out_arena);
    struct sim_buf *buf = sim_lie_encode(s, &m);
    if (to == SIM_LIE_ALL) {
        sim_lie_all(s, node, buf);
    } else {
        sim_lie_one(s, node, to, buf);
    }
    sim_buf_drop(buf);
}

struct sim_buf *sim_lie_propose_raw(struct sim *s, struct sim_node *node,
                                    const struct rg_peer_message *m, struct rg_bytes block,
                                    struct rg_cand cand)
{
    uint8_t bytes[RG_VOTE_BYTES];
    const struct rg_vote v = sim_lie_vote(s, node, RG_VOTE_NOTARIZE, cand);
    rg_vote_encode(&v, bytes);
    struct rg_peer_message other = *m;
    other.bytes = (struct rg_bytes){bytes, sizeof bytes};
    other.block = block;
    return sim_lie_encode(s, &other);
}

struct sim_buf *sim_lie_propose(struct sim *s, struct sim_node *node,
                                const struct rg_peer_message *m, const struct rg_header *h,
                                const struct rg_bytes *submissions, struct rg_cand cand)
{
    struct rg_bytes block = {0};
    rg_arena_reset(&s->out_arena);
    if (rg_ledger_codec_encode_block(&s->out_arena, h, submissions, &cand.hash, &block) != RG_OK) {
        return NULL;
    }
    return sim_lie_propose_raw(s, node, m, block, cand);
}

bool sim_lie_block(struct sim *s, struct rg_bytes bytes, struct rg_block *out)
{
    memset(out, 0, sizeof *out);
    rg_arena_reset(&s->block_arena);
    return bytes.len > 0 && rg_ledger_codec_decode_block(&s->block_arena, bytes, out) == RG_OK;
}

bool sim_lie_own_block(struct sim *s, const struct sim_node *node, const struct sim_packet *p,
                       struct rg_block *b, struct rg_bytes list[SIM_LIE_LIST])
{
    if (p->m->kind != RG_PEER_PROPOSE || p->vote == NULL || p->vote->signer != node->index ||
        !sim_lie_block(s, p->m->block, b) || b->header.submission_count > SIM_LIE_LIST) {
        return false;
    }
    for (uint32_t i = 0; i < b->header.submission_count; i++) {
        list[i] = b->submissions[i].bytes;
    }
    return true;
}

bool sim_lies_send(struct sim *s, struct sim_node *node, struct sim_buf *buf, bool gossip,
                   uint16_t to)
{
    struct rg_peer_message m;
    struct rg_vote v;
    if (!s->faults || node->liar == NULL || node->liar->send == NULL) {
        return false;
    }
    memset(&m, 0, sizeof m);
    rg_arena_reset(&s->arena);
    sim_decode_next(buf);
    if (rg_peer_codec_decode(&s->arena, &s->genesis->ledger_id, sim_buf_bytes(buf), &m) != RG_OK) {
        return false;
    }
    const bool voted = (m.kind == RG_PEER_VOTE || m.kind == RG_PEER_PROPOSE) &&
                       rg_vote_decode(m.bytes, &v) == RG_OK;
    return node->liar->send(s, node,
                            &(struct sim_packet){.buf = buf,
                                                 .m = &m,
                                                 .vote = voted ? &v : NULL,
                                                 .gossip = gossip,
                                                 .from = node->index,
                                                 .to = to});
}

void sim_lies_see(struct sim *s, const struct sim_packet *p)
{
    for (size_t i = 0; s->faults && i < s->n; i++) {
        struct sim_node *node = &s->node[i];
        if (node->liar != NULL && node->liar->see != NULL) {
            node->liar->see(s, node, p);
        }
    }
}

void sim_lies_begin(struct sim *s)
{
    for (uint16_t i = 0; i < s->n; i++) {
        const struct sim_liar *l = s->node[i].liar;
        if (l != NULL && l->act != NULL) {
            sim_post(s, (struct sim_event){.at_ms = s->now_ms + sim_below(s, l->period_ms + 1),
                                           .kind = SIM_LIE,
                                           .node = i});
        }
    }
}

void sim_lies_act(struct sim *s, const struct sim_event *ev)
{
    struct sim_node *node = &s->node[ev->node];
    if (!s->faults || node->liar == NULL) {
        return;
    }
    if (ev->buf == NULL) {
        node->liar->act(s, node);
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + node->liar->period_ms,
                                       .kind = SIM_LIE,
                                       .node = ev->node});
    } else if (ev->sync) {
        sim_send(s, ev->node, (uint16_t)(ev->arg - 1), false, ev->buf);
    } else if (ev->arg == 0) {
        sim_lie_all(s, node, ev->buf);
    } else {
        sim_lie_one(s, node, (uint16_t)(ev->arg - 1), ev->buf);
    }
}
