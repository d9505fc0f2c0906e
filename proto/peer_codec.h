/* PeerMessage (peer.proto) to bytes and back. The decoder: size cap, capped arena, canonical check,
 * form of every field, the ledger's id. It verifies no signature. Results borrow from the arena. */
#ifndef RG_PROTO_PEER_CODEC_H
#define RG_PROTO_PEER_CODEC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"

#define RG_PEER_KEYS_MAX 512
#define RG_PEER_DIGESTS_MAX 16
#define RG_PEER_BLOCKS_MAX 4096
#define RG_PEER_CODEC_ARENA (3 * RG_FRAME_PEER_MAX)

enum rg_peer_kind {
    RG_PEER_EMPTY,
    RG_PEER_PROPOSE,
    RG_PEER_VOTE,
    RG_PEER_CERT,
    RG_PEER_SUBMISSION,
    RG_PEER_STATUS,
    RG_PEER_EVIDENCE,
    RG_PEER_GET_CERTS,
    RG_PEER_GET_BLOCK,
    RG_PEER_BLOCK,
    RG_PEER_GET_BLOCKS,
    RG_PEER_BLOCKS,
    RG_PEER_WAKE,
    RG_PEER_KEYS,
    RG_PEER_KEY_ACK,
    RG_PEER_KEY_PULL,
    RG_PEER_ALERT_DIGESTS
};

struct rg_peer_status {
    uint32_t authority;
    uint64_t epoch;
    uint64_t view;
    uint64_t final_view;
    uint64_t height;
    struct rg_hash hash;
    uint64_t min_height;
    uint64_t wall_ms;
    uint64_t number;
    struct rg_id instance;
    struct rg_id first;
    bool asks;
    uint32_t echo_count;    /* at most RG_AUTHORITIES_MAX */
    struct rg_echo *echoes; /* decoded: in the arena */
};

struct rg_peer_case_key {
    struct rg_hash commitment;
    uint8_t key[RG_KEY_BYTES];
    struct rg_id pseudonym;
    uint64_t readers;
    uint32_t opener; /* agency */
};

/* One message. Which fields count depends on `kind`; the rest is zero. */
struct rg_peer_message {
    enum rg_peer_kind kind;
    struct rg_bytes
        bytes; /* VOTE, CERT, SUBMISSION, EVIDENCE, BLOCK: the object; PROPOSE: the leader's vote */
    struct rg_bytes
        block;      /* PROPOSE: block bytes, empty for SAME; BLOCKS: the covering certificate */
    uint32_t count; /* PROPOSE: justify; BLOCKS: blocks; WAKE: submissions */
    struct rg_bytes *list; /* ... their bytes */
    uint64_t epoch;        /* GET_CERTS, WAKE */
    uint64_t from;      /* GET_CERTS: view; GET_BLOCKS, BLOCKS, ALERT_DIGESTS: height; WAKE: view */
    uint64_t to;        /* GET_CERTS: view */
    uint32_t max_bytes; /* GET_BLOCKS */
    struct rg_hash hash;           /* GET_BLOCK */
    struct rg_peer_status status;  /* STATUS */
    struct rg_bytes status_bytes;  /* STATUS: what was signed */
    struct rg_sig signature;       /* STATUS */
    uint64_t number;               /* KEYS, KEY_ACK */
    uint32_t key_count;            /* KEYS, KEY_ACK, KEY_PULL, ALERT_DIGESTS */
    struct rg_peer_case_key *keys; /* KEYS */
    struct rg_hash *commitments;   /* KEY_ACK, KEY_PULL; ALERT_DIGESTS: the digests */
};

/* Encode @m for ledger @ledger into @arena. For STATUS, `status_bytes` and `signature` are sent
 * (make them with rg_peer_codec_encode_status). Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over
 * RG_FRAME_PEER_MAX. */
RG_CHECKED rg_err rg_peer_codec_encode(struct rg_arena *arena, const struct rg_hash *ledger,
                                       const struct rg_peer_message *m, struct rg_bytes *out);
/* Decode one message made for @ledger.
 * Errors: RG_ERR_INVALID  too large, not canonical, wrong ledger or a field out of form;
 * RG_ERR_VERSION  a newer version; RG_ERR_NOMEM  over the arena. */
RG_CHECKED rg_err rg_peer_codec_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                                       struct rg_bytes bytes, struct rg_peer_message *out);
/* The bytes of a status and the digest that its author signs. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_peer_codec_encode_status(struct rg_arena *arena, const struct rg_hash *ledger,
                                              const struct rg_peer_status *s, struct rg_bytes *out,
                                              struct rg_hash *out_digest);
/* The digest that was signed for a received status. */
void rg_peer_codec_status_digest(const struct rg_hash *ledger, struct rg_bytes status_bytes,
                                 struct rg_hash *out);

#endif /* RG_PROTO_PEER_CODEC_H */
