/* All inputs of the consensus. A struct rg_cons_event is a plain value made by the caller for one
 * rg_cons_step; what it points to is borrowed for that call only.
 *
 * The caller has checked before: form, epoch where there is one, every signature and every
 * certificate (rg_vote_check, rg_cert_check). rg_cons_wants_vote and rg_cons_wants_cert tell what
 * is worth that work. Nothing in an event, however hostile its origin, makes the consensus assert.
 */
#ifndef RG_CONSENSUS_EVENT_H
#define RG_CONSENSUS_EVENT_H

#include "base/types.h"
#include "consensus/blockinfo.h"
#include "consensus/cert.h"
#include "consensus/vote.h"

/* Who a message came from or goes to. 0..RG_AUTHORITIES_MAX-1 is the authority of that index;
 * larger numbers are the caller's own names for observers; RG_PEER_ALL is everybody. An authority
 * that is not a neighbour is reached through any neighbour. */
#define RG_PEER_ALL UINT32_MAX
/* Nobody in particular (a message that was relayed, or made here). */
#define RG_PEER_NONE (UINT32_MAX - 1)

enum rg_cons_event_kind {
    RG_EVENT_NONE = 0,
    RG_EVENT_START,    /* once, after rg_cons_init and the rg_cons_recover_* calls */
    RG_EVENT_TICK,     /* time has passed: at the DEADLINE, or any time */
    RG_EVENT_PROPOSAL, /* .proposal */
    RG_EVENT_VOTE,     /* .vote */
    RG_EVENT_CERT,     /* .cert */
    RG_EVENT_STATUS,   /* .status, .peer */
    RG_EVENT_BLOCK,    /* .block: a body became known here, e.g. by FETCH; not yet durable */
    RG_EVENT_BUILT,    /* .built: the answer to BUILD */
    RG_EVENT_VERDICT,  /* .verdict: the answer to VERIFY */
    RG_EVENT_WORK, /* .work: what waits for blocks; send it on every change and every newcomer */
    RG_EVENT_WAKE, /* .wake, .peer */
    RG_EVENT_GETCERTS, /* .range, .peer */
    RG_EVENT_ADOPT,    /* .adopt: catching up in bulk */
};

enum rg_built {
    RG_BUILT_NONE = 0,
    RG_BUILT_BLOCK,  /* a valid block, its body kept by the caller until PERSIST_BLOCK */
    RG_BUILT_EMPTY,  /* nothing to put in, and BUILD did not allow an empty block */
    RG_BUILT_FAILED, /* cannot build on this parent */
};

/* A leader's proposal. Gives up nothing to the sender: signature and certificates are checked. */
struct rg_proposal {
    struct rg_cand cand;
    struct rg_sig sig;                 /* the leader's NOTARIZE of cand */
    bool same;                         /* SAME: proposes the parent's block again, brings no body */
    const struct rg_block_info *block; /* NEW: of the body that came with it; NULL for SAME */
    const struct rg_cert *justify;     /* may be NULL when justify_count is 0 */
    size_t justify_count;              /* certificates the caller could check; others left out */
};

/* A peer's beacon: hints only, never targets. */
struct rg_cons_status {
    uint64_t cur;  /* its view */
    uint64_t lf;   /* its last final view */
    bool asks;     /* it restarted: it wants an echo, and its own votes that I have seen */
    bool echo;     /* it was made after it had heard from this very run of mine */
    uint64_t seen; /* with echo: the highest view in which it knows a vote of mine */
    bool again;    /* with echo: it has answered an earlier run of mine too */
};

struct rg_cons_event {
    enum rg_cons_event_kind kind;
    uint64_t now_ms; /* monotonic; never decreasing; of every event */
    uint32_t peer;   /* where it came from; RG_PEER_NONE if it does not matter */
    union {
        struct rg_proposal proposal;
        const struct rg_vote *vote;
        const struct rg_cert *cert;
        struct rg_cons_status status;
        const struct rg_block_info *block;
        struct {
            uint64_t view; /* as in BUILD */
            enum rg_built result;
            const struct rg_block_info *block; /* for RG_BUILT_BLOCK */
        } built;
        struct {
            struct rg_hash hash;
            bool valid; /* answer later, not invalid, while its time is too far ahead */
        } verdict;
        struct {
            bool has_work; /* submissions wait that are in no final block */
            bool tick_due; /* ledger time asks for an empty block: tip.time + tick has passed */
        } work;
        struct {
            uint64_t view; /* the leader of this view is asked to propose */
        } wake;
        struct {
            uint64_t from, to; /* views, both included */
        } range;
        struct {
            /* The caller has fetched, verified, executed and durably committed all blocks from my
             * tip up to @tip, which the Final @cert covers. */
            const struct rg_cert *cert;
            const struct rg_block_info *tip;
        } adopt;
    };
};

#endif /* RG_CONSENSUS_EVENT_H */
