/* The ledger node without its surroundings: consensus, mempool, execution, catch-up and what goes
 * to the journal, as one deterministic object. Events go in through the rg_core_on_* calls, actions
 * come out in order. It knows no socket, no file, no clock, no randomness and no case key, so the
 * simulator runs exactly this code.
 *
 * Owner: the ledger thread (node/loop). Contract of the driver: perform the actions in array order;
 * nothing after RG_CORE_BARRIER leaves the ledger thread - to a peer, the agency side or the
 * archive (FINAL too: own records come back from the journal only) - before one journal sync has
 * returned; when a sync fails, stop the process. The driver may feed several events and concatenate
 * their actions, doing one sync for all barriers (group commit), as long as the order is kept.
 * Bytes in actions belong to the core and stay valid until the next rg_core_on_* call. */
#ifndef RG_NODE_CORE_CORE_H
#define RG_NODE_CORE_CORE_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "ledger/governance.h"

struct rg_core;
struct rg_genesis; /* ledger/genesis.h */

struct rg_core_time {
    uint64_t mono_ms; /* never goes back; timers */
    uint64_t wall_ms; /* since 1970 UTC; block times */
};

enum rg_core_action_kind {
    RG_CORE_NONE,
    RG_CORE_JOURNAL,    /* append a record: type, bytes */
    RG_CORE_TURN_BEGIN, /* what is appended from here on goes to the other journal file */
    RG_CORE_TURN_END,   /* the checkpoint is complete (syncs) */
    RG_CORE_BARRIER,    /* one sync before anything that follows leaves */
    RG_CORE_BCAST,      /* publish bytes (a PeerMessage) to all peers: channel, topic */
    RG_CORE_SEND,       /* send bytes (a PeerMessage) to one peer over sync */
    RG_CORE_FINAL,      /* a block is final: archive it; `block` below */
    RG_CORE_OWN,        /* a submission of this node was taken under `sequence`, `token` */
    RG_CORE_OWN_FINAL,  /* ... and is final: sequence, token, height, index, result */
    RG_CORE_SERVE,      /* answer `peer` with Blocks from the chain: height, max_bytes */
    RG_CORE_AGENCY,     /* hand bytes (a PeerMessage about keys or alerts) from `peer` to the agency
                           side */
    RG_CORE_DEADLINE, /* call rg_core_on_tick at mono_ms `at_ms` at the latest; replaces the last */
    RG_CORE_ALARM,    /* tell the operator: text */
    RG_CORE_HALT      /* stop signing; tell the operator: text; the process exits 70 */
};

enum rg_core_channel {
    RG_CORE_VOTES,
    RG_CORE_BULK
};

/* Topics of gossip. */
enum rg_core_topic {
    RG_CORE_TOPIC_BLOCK,
    RG_CORE_TOPIC_VOTE,
    RG_CORE_TOPIC_CERT,
    RG_CORE_TOPIC_TXS,
    RG_CORE_TOPIC_STATUS
};

/* A block that became final. Blocks come in order of height, without gaps. */
struct rg_core_final {
    uint64_t height;
    uint64_t time_ms;
    struct rg_hash hash;
    struct rg_bytes block;   /* exact bytes of the Block message */
    struct rg_bytes cert;    /* the finalization, when this block is the one it names; else empty */
    struct rg_bytes results; /* one byte per submission: enum rg_verdict (ledger/verdict.h) */
    struct rg_bytes state;   /* the clear state after this block, for the chain's state record */
};

struct rg_core_action {
    enum rg_core_action_kind kind;
    uint8_t type;                 /* JOURNAL */
    enum rg_core_channel channel; /* BCAST */
    enum rg_core_topic topic;     /* BCAST */
    uint16_t peer;                /* SEND, SERVE, AGENCY: place among the nodes */
    uint32_t max_bytes;           /* SERVE */
    uint8_t result;               /* OWN_FINAL */
    uint32_t index;               /* OWN_FINAL: place of the submission in its block */
    uint64_t sequence;            /* OWN, OWN_FINAL */
    uint64_t token;        /* OWN, OWN_FINAL: as given to rg_core_on_submit, 0 after a restart */
    uint64_t height;       /* OWN_FINAL, SERVE (first height) */
    uint64_t at_ms;        /* DEADLINE */
    struct rg_hash hash;   /* OWN, OWN_FINAL: the submission's hash */
    struct rg_bytes bytes; /* JOURNAL, BCAST, SEND, AGENCY */
    const struct rg_core_final *block; /* FINAL */
    const char *text;                  /* ALARM, HALT: static */
};

/* The actions of one call. */
struct rg_core_actions {
    const struct rg_core_action *list;
    size_t count;
};

/* Sign the 32 bytes of @digest with the node's key. Deterministic. */
typedef void (*rg_core_sign_fn)(void *ctx, const struct rg_hash *digest, struct rg_sig *out);
/* Whether @sig is @key's signature over @digest. rg_verify, or the simulator's MAC. */
typedef bool (*rg_core_verify_fn)(void *ctx, const struct rg_pubkey *key,
                                  const struct rg_hash *digest, const struct rg_sig *sig);

struct rg_core_config {
    const struct rg_genesis *genesis; /* borrowed for the core's life */
    uint32_t principal; /* this node: takes turns in the epochs that name it (none: UINT32_MAX) */
    bool relay;         /* publish again, once, what is new and valid (not a full mesh) */
    rg_core_sign_fn sign;
    void *sign_ctx;
    rg_core_verify_fn verify;
    void *verify_ctx;
    struct rg_id instance;  /* random, made at start */
    uint64_t journal_bytes; /* size of one journal file: when to turn */
};

/* Where the chain stands when the core starts: the archive's tip. */
struct rg_core_tip {
    uint64_t height; /* 0: empty */
    uint64_t time_ms;
    struct rg_hash hash;
    struct rg_bytes state; /* of rg_core_final.state; empty at height 0 */
    struct rg_bytes block; /* bytes of the tip block; empty at height 0 */
    struct rg_bytes cert;  /* the finalization at the tip; empty at height 0 */
};

/* Make a core. Gives @out, freed with rg_core_destroy.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  the principal is no node of the genesis, or its nodes and
 * authorities do not fit. */
RG_CHECKED rg_err rg_core_new(const struct rg_core_config *config, struct rg_core **out);
/* Free all; takes *@core_p and nulls it; NULL is fine. */
void rg_core_destroy(struct rg_core **core_p);

/* Feed the archive's tip, once, before the journal's records.
 * Errors: RG_ERR_CORRUPT  state, block and certificate do not fit together. */
RG_CHECKED rg_err rg_core_recover_tip(struct rg_core *core, const struct rg_core_tip *tip);
/* Feed one journal record, in the order of the replay.
 * Errors: RG_ERR_CORRUPT  it does not decode: the node must not sign. */
RG_CHECKED rg_err rg_core_recover_record(struct rg_core *core, uint8_t type,
                                         struct rg_bytes payload);
/* Begin. @had_records: the journal held at least one record. Without any, own votes may be
 * forgotten: the node votes on nothing new before enough others have told where the network is, as
 * after every restart, and when votes were lost not in the views up to there. */
struct rg_core_actions rg_core_start(struct rg_core *core, bool had_records,
                                     struct rg_core_time now);

/* Time has passed (at the last DEADLINE, or earlier). */
struct rg_core_actions rg_core_on_tick(struct rg_core *core, struct rg_core_time now);
/* A peer's message arrived: @peer is the place of the node whose connection it came over, @bytes
 * one PeerMessage. @gossip: over publish/subscribe, else sync. Anything not valid is dropped and
 * counted. */
struct rg_core_actions rg_core_on_message(struct rg_core *core, uint16_t peer, bool gossip,
                                          struct rg_bytes bytes, struct rg_core_time now);
/* The agency side hands in sealed entries: @entries[0..@count) are bytes of Entry messages,
 * together within the limits of one submission. @private_bytes is kept in the journal beside the
 * submission until rg_core_on_followed has passed its height. Answered by OWN and later OWN_FINAL
 * with @token. When the mempool is full the only action is OWN with sequence 0: try again later. */
struct rg_core_submit {
    uint64_t token; /* not 0 */
    const struct rg_bytes *entries;
    size_t count;
    struct rg_bytes private_bytes;
};
struct rg_core_actions rg_core_on_submit(struct rg_core *core, const struct rg_core_submit *submit,
                                         struct rg_core_time now);
/* The archive holds blocks up to @height durably. */
struct rg_core_actions rg_core_on_archived(struct rg_core *core, uint64_t height,
                                           struct rg_core_time now);
/* The agency side has durably absorbed blocks up to @height: own records up to there may go. */
struct rg_core_actions rg_core_on_followed(struct rg_core *core, uint64_t height,
                                           struct rg_core_time now);

/* Own records that the journal holds (after recovery, before start): calls @visit in order with the
 * submission's bytes and its private bytes. The agency side restores its pending state from them.
 */
typedef void (*rg_core_own_fn)(void *ctx, uint64_t sequence, struct rg_bytes submission,
                               struct rg_bytes private_bytes);
void rg_core_each_own(const struct rg_core *core, rg_core_own_fn visit, void *ctx);

/* What `status` shows of one authority. */
struct rg_core_peer_status {
    bool heard_ever;
    uint64_t heard_mono_ms; /* when its last status came */
    uint64_t height;
    uint64_t missed_turns;
    int64_t clock_offset_ms;
};

struct rg_core_status {
    uint64_t height;
    uint64_t time_ms;
    struct rg_hash hash;
    struct rg_hash digest; /* of the state after that block */
    uint64_t epoch;
    uint64_t view;
    uint64_t best_height;          /* highest height claimed by a peer: a hint */
    uint64_t final_mono_ms;        /* when finality last advanced */
    uint64_t demand_since_mono_ms; /* 0: nothing waits for finality */
    uint64_t mempool_count;
    uint16_t quorum;
    uint16_t authority_count;              /* of this epoch */
    uint16_t place_of[RG_AUTHORITIES_MAX]; /* their places among the nodes */
    uint16_t node_count;
    bool mute;                       /* follows, does not vote (yet): own votes may be forgotten */
    uint64_t refused_messages;       /* dropped as invalid */
    struct rg_governance governance; /* of the state after that block */
    struct rg_core_peer_status peer[RG_AUTHORITIES_MAX]; /* by place */
};

/* Copy the present status to @out. */
void rg_core_get_status(const struct rg_core *core, struct rg_core_status *out);

#endif /* RG_NODE_CORE_CORE_H */
