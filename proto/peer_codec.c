#include "proto/peer_codec.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "peer.pb-c.h"
#include "proto/pack.h"
#include "proto/peer_codec_priv.h"

#define VERSION 1u

static ProtobufCBinaryData of_hash(const struct rg_hash *h)
{
    return rg_pack_from((struct rg_bytes){h->b, RG_HASH_BYTES});
}

/* Space for every sub-message of one PeerMessage under encoding. */
struct draft {
    Reigen__Peer__PeerMessage m;
    union {
        Reigen__Peer__Propose propose;
        Reigen__Peer__SignedStatus status;
        Reigen__Peer__GetCerts get_certs;
        Reigen__Peer__GetBlock get_block;
        Reigen__Peer__GetBlocks get_blocks;
        Reigen__Peer__Blocks blocks;
        Reigen__Peer__Wake wake;
        Reigen__Peer__Keys keys;
        Reigen__Peer__KeyAck key_ack;
        Reigen__Peer__KeyPull key_pull;
        Reigen__Peer__AlertDigests alert_digests;
    } sub;
};

/* A protobuf list of the message's byte ranges; NULL when the arena is full. */
static ProtobufCBinaryData *draft_list(struct rg_arena *arena, const struct rg_peer_message *m)
{
    ProtobufCBinaryData *list = rg_arena_take_array(arena, m->count, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < m->count; i++) {
        list[i] = rg_pack_from(m->list[i]);
    }
    return list;
}

static ProtobufCBinaryData *draft_commitments(struct rg_arena *arena,
                                              const struct rg_peer_message *m)
{
    ProtobufCBinaryData *list = rg_arena_take_array(arena, m->key_count, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < m->key_count; i++) {
        list[i] = of_hash(&m->commitments[i]);
    }
    return list;
}

static bool draft_gossip(struct draft *d, struct rg_arena *arena, const struct rg_peer_message *m)
{
    if (m->kind == RG_PEER_PROPOSE) {
        reigen__peer__propose__init(&d->sub.propose);
        d->sub.propose.vote = rg_pack_from(m->bytes);
        d->sub.propose.block = rg_pack_from(m->block);
        d->sub.propose.n_justify = m->count;
        d->sub.propose.justify = draft_list(arena, m);
        d->m.propose = &d->sub.propose;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_PROPOSE;
        return d->sub.propose.justify != NULL;
    }
    if (m->kind == RG_PEER_STATUS) {
        reigen__peer__signed_status__init(&d->sub.status);
        d->sub.status.status = rg_pack_from(m->status_bytes);
        d->sub.status.signature = rg_pack_from((struct rg_bytes){m->signature.b, RG_SIG_BYTES});
        d->m.status = &d->sub.status;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_STATUS;
        return true;
    }
    /* The rest are plain bytes in one place of the union. */
    d->m.body_case = m->kind == RG_PEER_VOTE         ? REIGEN__PEER__PEER_MESSAGE__BODY_VOTE
                     : m->kind == RG_PEER_CERT       ? REIGEN__PEER__PEER_MESSAGE__BODY_CERT
                     : m->kind == RG_PEER_SUBMISSION ? REIGEN__PEER__PEER_MESSAGE__BODY_SUBMISSION
                     : m->kind == RG_PEER_EVIDENCE   ? REIGEN__PEER__PEER_MESSAGE__BODY_EVIDENCE
                                                     : REIGEN__PEER__PEER_MESSAGE__BODY_BLOCK;
    d->m.vote = rg_pack_from(m->bytes);
    return true;
}

static bool draft_sync(struct draft *d, struct rg_arena *arena, const struct rg_peer_message *m)
{
    if (m->kind == RG_PEER_GET_CERTS) {
        reigen__peer__get_certs__init(&d->sub.get_certs);
        d->sub.get_certs.epoch = m->epoch;
        d->sub.get_certs.from_view = m->from;
        d->sub.get_certs.to_view = m->to;
        d->m.get_certs = &d->sub.get_certs;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_GET_CERTS;
    } else if (m->kind == RG_PEER_GET_BLOCK) {
        reigen__peer__get_block__init(&d->sub.get_block);
        d->sub.get_block.hash = of_hash(&m->hash);
        d->m.get_block = &d->sub.get_block;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_GET_BLOCK;
    } else if (m->kind == RG_PEER_GET_BLOCKS) {
        reigen__peer__get_blocks__init(&d->sub.get_blocks);
        d->sub.get_blocks.from_height = m->from;
        d->sub.get_blocks.max_bytes = m->max_bytes;
        d->m.get_blocks = &d->sub.get_blocks;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_GET_BLOCKS;
    } else if (m->kind == RG_PEER_BLOCKS) {
        reigen__peer__blocks__init(&d->sub.blocks);
        d->sub.blocks.first_height = m->from;
        d->sub.blocks.n_blocks = m->count;
        d->sub.blocks.blocks = draft_list(arena, m);
        d->sub.blocks.cert = rg_pack_from(m->block);
        d->m.blocks = &d->sub.blocks;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_BLOCKS;
        return d->sub.blocks.blocks != NULL;
    } else {
        reigen__peer__wake__init(&d->sub.wake);
        d->sub.wake.epoch = m->epoch;
        d->sub.wake.view = m->from;
        d->sub.wake.n_submissions = m->count;
        d->sub.wake.submissions = draft_list(arena, m);
        d->m.wake = &d->sub.wake;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_WAKE;
        return d->sub.wake.submissions != NULL;
    }
    return true;
}

static bool draft_key_list(struct draft *d, struct rg_arena *arena, const struct rg_peer_message *m)
{
    Reigen__Peer__CaseKey *keys = rg_arena_take_array(arena, m->key_count, sizeof *keys);
    Reigen__Peer__CaseKey **list = rg_arena_take_array(arena, m->key_count, sizeof(void *));
    if (keys == NULL || list == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < m->key_count; i++) {
        const struct rg_peer_case_key *k = &m->keys[i];
        reigen__peer__case_key__init(&keys[i]);
        keys[i].commitment = of_hash(&k->commitment);
        keys[i].key = rg_pack_from((struct rg_bytes){k->key, RG_KEY_BYTES});
        keys[i].pseudonym = rg_pack_from((struct rg_bytes){k->pseudonym.b, RG_ID_BYTES});
        keys[i].readers = k->readers;
        keys[i].opener = k->opener;
        list[i] = &keys[i];
    }
    reigen__peer__keys__init(&d->sub.keys);
    d->sub.keys.number = m->number;
    d->sub.keys.n_keys = m->key_count;
    d->sub.keys.keys = list;
    d->m.keys = &d->sub.keys;
    d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_KEYS;
    return true;
}

static bool draft_keys(struct draft *d, struct rg_arena *arena, const struct rg_peer_message *m)
{
    if (m->kind == RG_PEER_KEYS) {
        return draft_key_list(d, arena, m);
    }
    ProtobufCBinaryData *list = draft_commitments(arena, m);
    if (m->kind == RG_PEER_ALERT_DIGESTS) {
        reigen__peer__alert_digests__init(&d->sub.alert_digests);
        d->sub.alert_digests.height = m->from;
        d->sub.alert_digests.n_digests = m->key_count;
        d->sub.alert_digests.digests = list;
        d->m.alert_digests = &d->sub.alert_digests;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_ALERT_DIGESTS;
    } else if (m->kind == RG_PEER_KEY_ACK) {
        reigen__peer__key_ack__init(&d->sub.key_ack);
        d->sub.key_ack.number = m->number;
        d->sub.key_ack.n_commitments = m->key_count;
        d->sub.key_ack.commitments = list;
        d->m.key_ack = &d->sub.key_ack;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_KEY_ACK;
    } else {
        reigen__peer__key_pull__init(&d->sub.key_pull);
        d->sub.key_pull.n_commitments = m->key_count;
        d->sub.key_pull.commitments = list;
        d->m.key_pull = &d->sub.key_pull;
        d->m.body_case = REIGEN__PEER__PEER_MESSAGE__BODY_KEY_PULL;
    }
    return list != NULL;
}

rg_err rg_peer_codec_encode(struct rg_arena *arena, const struct rg_hash *ledger,
                            const struct rg_peer_message *m, struct rg_bytes *out)
{
    struct draft d = {0};
    bool good = false;
    reigen__peer__peer_message__init(&d.m);
    d.m.version = VERSION;
    d.m.ledger = of_hash(ledger);
    switch (m->kind) {
    case RG_PEER_EMPTY:
        return RG_ERR_INVALID;
    case RG_PEER_PROPOSE:
    case RG_PEER_VOTE:
    case RG_PEER_CERT:
    case RG_PEER_SUBMISSION:
    case RG_PEER_EVIDENCE:
    case RG_PEER_STATUS:
    case RG_PEER_BLOCK:
        good = draft_gossip(&d, arena, m);
        break;
    case RG_PEER_GET_CERTS:
    case RG_PEER_GET_BLOCK:
    case RG_PEER_GET_BLOCKS:
    case RG_PEER_BLOCKS:
    case RG_PEER_WAKE:
        good = draft_sync(&d, arena, m);
        break;
    case RG_PEER_KEYS:
    case RG_PEER_KEY_ACK:
    case RG_PEER_KEY_PULL:
    case RG_PEER_ALERT_DIGESTS:
        good = draft_keys(&d, arena, m);
        break;
    }
    return good ? rg_pack_encode(arena, &d.m.base, RG_FRAME_PEER_MAX, out) : RG_ERR_NOMEM;
}

/* Copy a protobuf list of byte ranges. */
static rg_err read_list(struct rg_arena *arena, const ProtobufCBinaryData *from, size_t count,
                        size_t max, struct rg_peer_message *out)
{
    if (count > max) {
        return RG_ERR_INVALID;
    }
    out->list = rg_arena_take_array(arena, count, sizeof *out->list);
    if (out->list == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        out->list[i] = rg_pack_to(from[i]);
    }
    out->count = (uint32_t)count;
    return RG_OK;
}

static rg_err read_hashes(struct rg_arena *arena, const ProtobufCBinaryData *from, size_t count,
                          size_t max, struct rg_peer_message *out)
{
    if (count == 0 || count > max) {
        return RG_ERR_INVALID;
    }
    out->commitments = rg_arena_take_array(arena, count, sizeof *out->commitments);
    if (out->commitments == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if (!rg_pack_fixed(from[i], out->commitments[i].b, RG_HASH_BYTES)) {
            return RG_ERR_INVALID;
        }
    }
    out->key_count = (uint32_t)count;
    return RG_OK;
}

static rg_err read_keys(struct rg_arena *arena, const Reigen__Peer__Keys *m,
                        struct rg_peer_message *out)
{
    if (m->n_keys == 0 || m->n_keys > RG_PEER_KEYS_MAX) {
        return RG_ERR_INVALID;
    }
    out->keys = rg_arena_take_array(arena, m->n_keys, sizeof *out->keys);
    if (out->keys == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = 0; i < m->n_keys; i++) {
        const Reigen__Peer__CaseKey *k = m->keys[i];
        struct rg_peer_case_key *to = &out->keys[i];
        if (!rg_pack_fixed(k->commitment, to->commitment.b, RG_HASH_BYTES) ||
            !rg_pack_fixed(k->key, to->key, RG_KEY_BYTES) ||
            !rg_pack_fixed(k->pseudonym, to->pseudonym.b, RG_ID_BYTES) ||
            k->opener >= RG_AGENCIES_MAX || k->readers == 0) {
            return RG_ERR_INVALID;
        }
        to->readers = k->readers;
        to->opener = k->opener;
    }
    out->number = m->number;
    out->key_count = (uint32_t)m->n_keys;
    return RG_OK;
}

static rg_err read_plain(enum rg_peer_kind kind, ProtobufCBinaryData bytes,
                         struct rg_peer_message *out)
{
    out->kind = kind;
    out->bytes = rg_pack_to(bytes);
    return bytes.len > 0 ? RG_OK : RG_ERR_INVALID;
}

static rg_err read_propose(struct rg_arena *arena, const Reigen__Peer__Propose *m,
                           struct rg_peer_message *out)
{
    out->kind = RG_PEER_PROPOSE;
    out->bytes = rg_pack_to(m->vote);
    out->block = rg_pack_to(m->block);
    if (m->vote.len == 0) {
        return RG_ERR_INVALID;
    }
    return read_list(arena, m->justify, m->n_justify, RG_JUSTIFY_NULLS_MAX + 1, out);
}

static rg_err read_requests(const Reigen__Peer__PeerMessage *m, struct rg_peer_message *out)
{
    if (m->body_case == REIGEN__PEER__PEER_MESSAGE__BODY_GET_CERTS) {
        out->kind = RG_PEER_GET_CERTS;
        out->epoch = m->get_certs->epoch;
        out->from = m->get_certs->from_view;
        out->to = m->get_certs->to_view;
        return out->from <= out->to ? RG_OK : RG_ERR_INVALID;
    }
    if (m->body_case == REIGEN__PEER__PEER_MESSAGE__BODY_GET_BLOCK) {
        out->kind = RG_PEER_GET_BLOCK;
        return rg_pack_fixed(m->get_block->hash, out->hash.b, RG_HASH_BYTES) ? RG_OK
                                                                             : RG_ERR_INVALID;
    }
    out->kind = RG_PEER_GET_BLOCKS;
    out->from = m->get_blocks->from_height;
    out->max_bytes = m->get_blocks->max_bytes;
    return out->from > 0 ? RG_OK : RG_ERR_INVALID;
}

static rg_err read_blocks(struct rg_arena *arena, const Reigen__Peer__Blocks *m,
                          struct rg_peer_message *out)
{
    out->kind = RG_PEER_BLOCKS;
    out->from = m->first_height;
    out->block = rg_pack_to(m->cert);
    return read_list(arena, m->blocks, m->n_blocks, RG_PEER_BLOCKS_MAX, out);
}

static rg_err read_wake(struct rg_arena *arena, const Reigen__Peer__Wake *m,
                        struct rg_peer_message *out)
{
    out->kind = RG_PEER_WAKE;
    out->epoch = m->epoch;
    out->from = m->view;
    return read_list(arena, m->submissions, m->n_submissions, RG_BLOCK_SUBMISSIONS_MAX, out);
}

/* Which body a message has, decoded. An unknown body comes out as not canonical before this. */
static rg_err read_body(struct rg_arena *arena, const Reigen__Peer__PeerMessage *m,
                        struct rg_peer_message *out)
{
    switch ((int)m->body_case) {
    case REIGEN__PEER__PEER_MESSAGE__BODY_PROPOSE:
        return read_propose(arena, m->propose, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_VOTE:
        return read_plain(RG_PEER_VOTE, m->vote, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_CERT:
        return read_plain(RG_PEER_CERT, m->cert, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_SUBMISSION:
        return read_plain(RG_PEER_SUBMISSION, m->submission, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_EVIDENCE:
        return read_plain(RG_PEER_EVIDENCE, m->evidence, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_BLOCK:
        return read_plain(RG_PEER_BLOCK, m->block, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_STATUS:
        out->kind = RG_PEER_STATUS;
        return rg_peer_codec__read_status(arena, m->status->status, m->status->signature, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_GET_CERTS:
    case REIGEN__PEER__PEER_MESSAGE__BODY_GET_BLOCK:
    case REIGEN__PEER__PEER_MESSAGE__BODY_GET_BLOCKS:
        return read_requests(m, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_BLOCKS:
        return read_blocks(arena, m->blocks, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_WAKE:
        return read_wake(arena, m->wake, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_KEYS:
        out->kind = RG_PEER_KEYS;
        return read_keys(arena, m->keys, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_KEY_ACK:
        out->kind = RG_PEER_KEY_ACK;
        out->number = m->key_ack->number;
        return read_hashes(arena, m->key_ack->commitments, m->key_ack->n_commitments,
                           RG_PEER_KEYS_MAX, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_KEY_PULL:
        out->kind = RG_PEER_KEY_PULL;
        return read_hashes(arena, m->key_pull->commitments, m->key_pull->n_commitments,
                           RG_PEER_KEYS_MAX, out);
    case REIGEN__PEER__PEER_MESSAGE__BODY_ALERT_DIGESTS:
        out->kind = RG_PEER_ALERT_DIGESTS;
        out->from = m->alert_digests->height;
        return out->from > 0 ? read_hashes(arena, m->alert_digests->digests,
                                           m->alert_digests->n_digests, RG_PEER_DIGESTS_MAX, out)
                             : RG_ERR_INVALID;
    default:
        return RG_ERR_INVALID;
    }
}

rg_err rg_peer_codec_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                            struct rg_bytes bytes, struct rg_peer_message *out)
{
    const Reigen__Peer__PeerMessage *m = NULL;
    struct rg_peer_message result = {0};
    rg_err err = rg_pack_decode(arena, &reigen__peer__peer_message__descriptor, bytes,
                                RG_FRAME_PEER_MAX, (const ProtobufCMessage **)(const void **)&m);
    if (err != RG_OK) {
        return err;
    }
    if (m->version != VERSION) {
        return RG_ERR_VERSION;
    }
    if (!rg_bytes_eq(rg_pack_to(m->ledger), (struct rg_bytes){ledger->b, RG_HASH_BYTES})) {
        return RG_ERR_INVALID;
    }
    err = read_body(arena, m, &result);
    if (err == RG_OK) {
        *out = result;
    }
    return err;
}
