/* Bytes of peers' messages, blocks and submissions, seen from the core. A thin face of
 * proto/peer_codec.h and proto/ledger_codec.h, so that the files that drive the consensus see none
 * of the codecs' names. Owner: the core. Verifies no signature. What is decoded borrows from the
 * arena. */
#ifndef RG_NODE_CORE_WIRE_H
#define RG_NODE_CORE_WIRE_H

#include "base/arena.h"
#include "base/err.h"
#include "ledger/block.h"

/* Memory for one decoded block or submission; what needs more is not valid, on every node alike. */
#define RG_WIRE_BLOCK_ARENA ((size_t)8 * 1024 * 1024)
#define RG_WIRE_SUBMISSION_ARENA ((size_t)2 * 1024 * 1024)

enum rg_wire_kind {
    RG_WIRE_NONE,
    RG_WIRE_PROPOSE,
    RG_WIRE_VOTE,
    RG_WIRE_CERT,
    RG_WIRE_SUBMISSION,
    RG_WIRE_STATUS,
    RG_WIRE_EVIDENCE,
    RG_WIRE_GET_CERTS,
    RG_WIRE_GET_BLOCK,
    RG_WIRE_BLOCK,
    RG_WIRE_GET_BLOCKS,
    RG_WIRE_BLOCKS,
    RG_WIRE_WAKE,
    RG_WIRE_KEYS /* any message about case keys: not for the core */
};

struct rg_wire_status {
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
    uint32_t echo_count;
    struct rg_echo *echoes;
};

/* One message; which fields count depends on `kind`, as in proto/peer_codec.h. */
struct rg_wire {
    enum rg_wire_kind kind;
    struct rg_bytes bytes;
    struct rg_bytes block;
    uint32_t count;
    struct rg_bytes *list;
    uint64_t epoch;
    uint64_t from;
    uint64_t to;
    uint32_t max_bytes;
    struct rg_hash hash;
    struct rg_wire_status status;
    struct rg_bytes status_bytes;
    struct rg_sig signature;
};

/* Decode one message made for @ledger.
 * Errors: as rg_peer_codec_decode. */
RG_CHECKED rg_err rg_wire_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                                 struct rg_bytes bytes, struct rg_wire *out);
/* Encode one message (not about keys) for @ledger.
 * Errors: as rg_peer_codec_encode. */
RG_CHECKED rg_err rg_wire_encode(struct rg_arena *arena, const struct rg_hash *ledger,
                                 const struct rg_wire *m, struct rg_bytes *out);
/* The bytes of a status and the digest that its author signs. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_wire_encode_status(struct rg_arena *arena, const struct rg_hash *ledger,
                                        const struct rg_wire_status *s, struct rg_bytes *out,
                                        struct rg_hash *out_digest);
/* The digest that was signed for a received status. */
void rg_wire_status_digest(const struct rg_hash *ledger, struct rg_bytes status_bytes,
                           struct rg_hash *out);
/* Decode a block or a submission. Errors: RG_ERR_INVALID, RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_wire_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                       struct rg_block *out);
RG_CHECKED rg_err rg_wire_decode_submission(struct rg_arena *arena, struct rg_bytes bytes,
                                            struct rg_submission *out);
/* Encode a block of the header @h and its submissions' bytes.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_BLOCK_MAX. */
RG_CHECKED rg_err rg_wire_encode_block(struct rg_arena *arena, const struct rg_header *h,
                                       const struct rg_bytes *submissions, struct rg_hash *out_hash,
                                       struct rg_bytes *out);
/* The bytes of the entry that carries evidence. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_wire_encode_evidence(struct rg_arena *arena, struct rg_bytes pair,
                                          struct rg_bytes *out);
/* Encode the head of a submission and the digest to sign. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_wire_encode_head(struct rg_arena *arena, const struct rg_submission *s,
                                      struct rg_bytes *out_head, struct rg_hash *out_digest);
/* Encode a submission of its parts. Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_SUBMISSION_MAX.
 */
RG_CHECKED rg_err rg_wire_encode_submission(struct rg_arena *arena, struct rg_bytes head,
                                            const struct rg_sig *sig,
                                            const struct rg_bytes *entries, size_t count,
                                            struct rg_bytes *out);

#endif /* RG_NODE_CORE_WIRE_H */
