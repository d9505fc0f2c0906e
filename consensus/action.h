/* All outputs of the consensus, in the order in which the caller carries them out.
 *
 * Order within one step: PERSIST_*, then BUILD, VERIFY, FETCH, DEADLINE, then BARRIER, then
 * everything that leaves: BCAST_*, SEND_*, COMMIT, EVIDENCE, ALARM. The contract: nothing behind a
 * BARRIER happens before everything in front of it is durable (fdatasync returned; an error ends
 * the process). The caller may run several events, gather their PERSISTs, do one barrier for all of
 * them, and then release everything that waited, in order. A BARRIER is there only if a PERSIST
 * needs it.
 *
 * Pointers in actions point into the consensus: they live until the next rg_cons_* call that
 * changes it. Copy (encode) what must live longer. */
#ifndef RG_CONSENSUS_ACTION_H
#define RG_CONSENSUS_ACTION_H

#include "base/limits.h"
#include "base/types.h"
#include "consensus/blockinfo.h"
#include "consensus/cert.h"
#include "consensus/event.h"
#include "consensus/memory.h"
#include "consensus/vote.h"

/* Most actions of one step; what does not fit follows in the next (DEADLINE is then at once). */
#define RG_ACTIONS_MAX 192
/* Most certificates sent to one peer in answer to one message. */
#define RG_ACTION_CERTS_MAX 32

enum rg_action_kind {
    RG_ACTION_NONE = 0,
    /* Write into the journal. */
    RG_ACTION_PERSIST_VOTE,  /* .vote: my own */
    RG_ACTION_PERSIST_CERT,  /* .cert: new to me; in the journal before any vote that rests on it */
    RG_ACTION_PERSIST_BLOCK, /* .block: the body of what I notarize, finalize or commit */
    RG_ACTION_PERSIST_MUTE,  /* .mute: what a restart gives back as setup.memory and setup.mute */
    /* Work for the caller; needs no barrier. */
    RG_ACTION_BUILD,    /* .build: make a block; answer with BUILT once */
    RG_ACTION_VERIFY,   /* .block: judge it on its executed parent; answer with VERDICT once */
    RG_ACTION_FETCH,    /* .fetch: get this body; answer with BLOCK, or ADOPT after a bulk sync */
    RG_ACTION_DEADLINE, /* .deadline_ms: send TICK then; replaces the earlier one */
    RG_ACTION_BARRIER,  /* all before it durable before all after it */
    /* Leaves the node. */
    RG_ACTION_BCAST_PROPOSE, /* .propose: to all, with the body unless SAME */
    RG_ACTION_BCAST_VOTE,    /* .vote */
    RG_ACTION_BCAST_CERT,    /* .cert */
    RG_ACTION_BCAST_WAKE, /* .wake_view: for the leader of that view, with my oldest submissions */
    RG_ACTION_SEND_PROPOSE,  /* .propose, to .peer */
    RG_ACTION_SEND_VOTE,     /* .vote, to .peer */
    RG_ACTION_SEND_CERT,     /* .cert, to .peer */
    RG_ACTION_SEND_GETCERTS, /* .range, to .peer (may be RG_PEER_ALL) */
    RG_ACTION_COMMIT,        /* .commit: this block is final; in order of height */
    RG_ACTION_EVIDENCE,      /* .evidence: two statements one honest key never signs both */
    RG_ACTION_ALARM,         /* .alarm */
};

enum rg_alarm {
    RG_ALARM_NONE = 0,
    RG_ALARM_TWO_NOTAR,      /* two notarized candidates in one view: halt */
    RG_ALARM_TWO_FINAL,      /* two final candidates in one view: halt */
    RG_ALARM_NULL_AND_FINAL, /* a view both nullified and final: halt */
    RG_ALARM_FORK,           /* a final block does not extend my final tip: halt */
    RG_ALARM_INVALID_NOTAR,  /* a certified block that I judge invalid: halt */
    RG_ALARM_OWN_KEY, /* a vote under my key that I know nothing of: my journal is an old one */
    RG_ALARM_NO_ROOM, /* too many views without finality: no new view until one is final */
};

struct rg_action {
    enum rg_action_kind kind;
    uint32_t peer; /* SEND_*: to whom */
    union {
        struct rg_vote vote;
        const struct rg_cert *cert;
        struct rg_block_info block;
        struct {
            uint64_t view;
            struct rg_block_info parent; /* known, valid and executed here */
            bool allow_empty;            /* a tick is due: an empty block is wanted */
        } build;
        struct {
            struct rg_hash hash;
            uint64_t view;    /* of the certificate or proposal that names it */
            uint64_t signers; /* authorities that hold it for sure (bit set), 0 if unknown */
            bool is_final;    /* it is final: a bulk sync up to it is right when it is far ahead */
        } fetch;
        struct {
            struct rg_cand cand;
            struct rg_sig sig; /* my NOTARIZE of cand, also my vote */
            bool same;         /* else send the body of cand.hash along */
            /* Notar or Final of the parent view (none for the root), then the newest nullifications
             * of the views between, newest first. */
            const struct rg_cert *justify[1 + RG_JUSTIFY_NULLS_MAX];
            size_t justify_count;
        } propose;
        struct {
            uint64_t from, to; /* views, both included */
        } range;
        struct {
            struct rg_block_info block;
            const struct rg_cert *final; /* covers it: of this block or of a descendant */
        } commit;
        struct {
            struct rg_vote first, second;
        } evidence;
        struct {
            enum rg_alarm id;
            bool halt; /* the consensus signs nothing any more */
            uint64_t view;
            const struct rg_cert *a, *b; /* what contradicts itself, or NULL */
        } alarm;
        struct {
            enum rg_memory memory;
            uint64_t view;
        } mute;
        uint64_t wake_view;
        uint64_t deadline_ms;
    };
};

/* One step's actions, in the caller's memory (about 80 KiB). */
struct rg_actions {
    size_t count;
    struct rg_action list[RG_ACTIONS_MAX];
};

#endif /* RG_CONSENSUS_ACTION_H */
