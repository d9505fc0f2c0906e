/* The inside of the core, for the files of this folder only. Each rg_<file>__<verb> below is a step
 * of one call into the core; all run on its owner's thread. */
#ifndef RG_NODE_CORE_CORE_PRIV_H
#define RG_NODE_CORE_CORE_PRIV_H

#include "base/arena.h"
#include "consensus/cons.h"
#include "consensus/mutant.h"
#include "ledger/genesis.h"
#include "ledger/state.h"
#include "node/core/blocktree.h"
#include "node/core/core.h"
#include "node/core/mempool.h"
#include "node/core/outbox.h"
#include "node/core/ownlog.h"
#include "node/core/record.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

#define RG_CORE_JOBS_MAX 1024u  /* a step asks for 4 at most before it is answered */
#define RG_CORE_FETCHES_MAX 64u /* bodies asked for at once */
#define RG_CORE_SEGMENT_MAX 4096u
#define RG_CORE_EVIDENCE_MAX 64u
#define RG_CORE_REQUESTS_PER_S 256u /* of one peer that are answered with blocks */
#define RG_CORE_EXPIRY_MS 600000u   /* a submission's life, in ledger time */
#define RG_CORE_RESEND_MS 2000u
#define RG_CORE_RECORD_COST 64u /* what the journal adds to a record, at most */

enum rg_core_job_kind {
    RG_CORE_JOB_BUILD,
    RG_CORE_JOB_VERIFY
};

/* Work that the consensus asked for and that is answered by an event. */
struct rg_core_job {
    enum rg_core_job_kind kind;
    bool allow_empty;
    uint64_t view;
    struct rg_hash hash; /* BUILD: the parent; VERIFY: the block */
};

/* A body that the consensus wants. */
struct rg_core_fetch {
    bool used;
    bool is_final;
    uint16_t last; /* who was asked last */
    uint64_t signers;
    uint64_t next_ms;
    uint64_t since_ms;
    struct rg_hash hash;
};

struct rg_core_peer {
    bool linked; /* something came over its own connection */
    bool heard;  /* its status came, perhaps through others */
    uint64_t linked_ms;
    uint64_t heard_ms;
    uint64_t bad_until_ms; /* it did not serve blocks */
    uint64_t missed_turns;
    uint64_t requests_ms; /* start of the second in which requests are counted */
    uint32_t requests;
    int64_t offset_ms;
    struct rg_peer_status status; /* its echoes are gone */
    bool met;                     /* it asked once: as `first`, which is in the journal */
    struct rg_id first;           /* instance */
};

/* A block got from a peer, linked to my tip but not proved final yet. */
struct rg_core_segment {
    uint8_t *bytes;
    size_t len;
    struct rg_hash hash;
};

struct rg_core_catchup {
    bool active;
    bool eager; /* the last answer was good: go on at once */
    bool mixed; /* the segment is not of one peer alone */
    uint16_t peer;
    uint16_t last; /* rotation */
    uint64_t sent_ms;
    uint64_t patience_ms; /* how long the answer may take */
    uint64_t from;
    uint64_t behind_ms; /* since when a peer claims more; 0: none does */
    struct rg_core_segment *segment;
    uint32_t count;
    size_t bytes;
};

/* Two votes of one signer that contradict each other. */
struct rg_core_evidence {
    struct rg_vote pair[2];
    uint64_t due_ms; /* when I put it on the ledger, unless somebody did; 0: on it, or too old */
};

/* How the epoch before ended: for those who have not seen it. */
struct rg_core_end {
    uint64_t height; /* of its last block; 0: there is none */
    size_t cert_len;
    uint8_t cert[RG_CERT_MAX]; /* the finalization of that block */
};

/* Where final blocks end. */
struct rg_core_head {
    struct rg_block_info info;
    struct rg_state *state;
};

/* What recovery gathers until the start. */
struct rg_core_recovered {
    struct rg_bytes *certs; /* malloc'ed copies */
    uint32_t cert_count;
    uint32_t cert_cap;
    struct rg_bytes tip_cert; /* malloc'ed copy */
};

struct rg_core {
    struct rg_core_config config;
    const struct rg_genesis *genesis;
    uint64_t epoch;
    struct rg_members members; /* of this epoch */
    uint16_t me;               /* authority of this epoch, or RG_MEMBERS_NONE */
    uint16_t place;            /* among the nodes, or RG_MEMBERS_NONE */
    uint16_t node_count;
    uint16_t place_of[RG_AUTHORITIES_MAX];     /* of each authority */
    uint16_t authority_of[RG_AUTHORITIES_MAX]; /* of each place; RG_MEMBERS_NONE: none */
    struct rg_pubkey node_key[RG_AUTHORITIES_MAX];
    struct rg_core_time now;
    bool started;
    enum rg_memory doubt; /* at the epoch's start; it lasts while this node takes no turns */
    struct rg_id first;   /* the run that found an empty disk, while that is in doubt; else this */
    bool has_memory;      /* `memory` below is from the journal, or goes into it */
    bool halted;
    bool dirty;      /* journal records since the last barrier */
    bool decoded_ok; /* `decoded` holds a block */
    bool work_sent;  /* the two below were told to the consensus */
    bool sent_has_work;
    uint64_t sent_taken;
    bool sent_tick_due;
    bool deadline_given;

    void *cons_memory;
    struct rg_cons *cons;
    struct rg_actions *step; /* output of the last consensus step */
    struct rg_core_job *jobs;
    uint32_t job_first;
    uint32_t job_count;
    uint32_t builds; /* in this call */
    uint32_t wanted; /* blocks whose verdict the consensus waits for */

    struct rg_outbox out;
    struct rg_arena message_arena;
    struct rg_arena block_arena;
    struct rg_arena submission_arena;
    struct rg_arena encode_arena;
    struct rg_block decoded; /* in block_arena */

    struct rg_core_head tip;
    uint64_t archived;
    struct rg_blocktree tree;
    struct rg_mempool *pool;
    struct rg_ownlog own;
    struct rg_core_recovered recovered;
    uint64_t own_after; /* height up to which own records of before the start must be followed */

    struct rg_vote *votes; /* own, of views from the last final one on */
    uint32_t vote_count;
    uint32_t vote_cap;
    struct rg_core_evidence evidence[RG_CORE_EVIDENCE_MAX];
    uint32_t evidence_count;
    struct rg_core_end end; /* of the epoch before */

    uint64_t journal_cap;
    uint64_t journal_used;
    uint64_t turn_looked; /* journal_used when a turn was last considered */
    uint64_t pruned_view; /* last final view and height when the tree was last pruned */
    uint64_t pruned_height;
    size_t tree_soft; /* above: no block with submissions is made here */
    size_t tree_hard; /* above: none is taken */
    size_t own_max;   /* of own submissions that are not followed yet */
    size_t block_max; /* of a block made here */

    struct rg_core_fetch fetch[RG_CORE_FETCHES_MAX];
    struct rg_core_catchup catchup;
    struct rg_core_peer peer[RG_AUTHORITIES_MAX];

    struct rg_record_memory memory;
    uint64_t status_sent_ms;
    uint64_t status_due_ms;
    uint64_t status_number;
    uint64_t wait_due_ms; /* a block's time is too far ahead until then; 0: none */
    uint64_t deadline_ms; /* last one given out */
    uint64_t final_ms;
    uint64_t demand_ms;
    uint64_t start_wall_ms;
    uint64_t listen_ms; /* until then a living copy of this node would be heard */
    struct rg_id twin;  /* another instance under my key */
    uint64_t twin_number;
    uint64_t refused;
};

/* core.c: the frame around every call. */
void rg_core__begin(struct rg_core *c, struct rg_core_time now);
struct rg_core_actions rg_core__end(struct rg_core *c);
void rg_core__halt(struct rg_core *c, const char *text);
void rg_core__alarm(struct rg_core *c, const char *text);
/* Whether a vote or certificate is of this epoch and signed by whom it says. */
bool rg_core__vote_ok(struct rg_core *c, const struct rg_vote *v);
bool rg_core__cert_ok(struct rg_core *c, const struct rg_cert *cert);
/* The same for a certificate of @epoch with authorities @m. */
bool rg_core__cert_ok_in(struct rg_core *c, uint64_t epoch, const struct rg_members *m,
                         const struct rg_cert *cert);
/* Decode a block into the block arena, or give the one that is there already. */
const struct rg_block *rg_core__decode(struct rg_core *c, struct rg_bytes bytes,
                                       const struct rg_hash *hash);
/* max(wall clock, ledger time): what expiry is measured against before a block's time is known. */
uint64_t rg_core__ledger_now(const struct rg_core *c);

/* turn.c: the journal. */
void rg_turn__append(struct rg_core *c, uint8_t type, struct rg_bytes bytes);
void rg_turn__append_cert(struct rg_core *c, const struct rg_cert *cert);
void rg_turn__append_vote(struct rg_core *c, const struct rg_vote *v);
void rg_turn__append_memory(struct rg_core *c);
void rg_turn__append_met(struct rg_core *c, uint16_t place);
void rg_turn__append_own(struct rg_core *c, const struct rg_ownlog_item *i);
void rg_turn__barrier(struct rg_core *c);
rg_err rg_turn__keep_vote(struct rg_core *c, const struct rg_vote *v);
void rg_turn__maybe(struct rg_core *c);

/* send.c: messages out. */
bool rg_send__linked(const struct rg_core *c, uint32_t peer);
void rg_send__bcast(struct rg_core *c, enum rg_core_topic topic, const struct rg_peer_message *m);
void rg_send__raw(struct rg_core *c, enum rg_core_topic topic, struct rg_bytes bytes);
void rg_send__peer(struct rg_core *c, uint32_t peer, const struct rg_peer_message *m);

/* drive.c: consensus steps until nothing is left to do. translate.c: one step's actions. */
void rg_drive__feed(struct rg_core *c, const struct rg_cons_event *ev);
void rg_drive__settle(struct rg_core *c);
void rg_drive__job(struct rg_core *c, const struct rg_core_job *job);
void rg_translate__step(struct rg_core *c);

/* judge.c: validity and execution. */
const struct rg_state *rg_judge__state(const struct rg_core *c, const struct rg_hash *hash);
/* Whether a block of @len bytes may come in; one that a quorum vouches for has some room of its
 * own, for without it nothing becomes final. */
bool rg_judge__has_room(const struct rg_core *c, size_t len, bool certified);
/* Whether a proposal of @len bytes may come in from @leader, whose proposals that no quorum vouches
 * for have an equal share of the room: one authority that fills all views to come with its own
 * blocks leaves the others theirs. */
bool rg_judge__has_share(const struct rg_core *c, uint32_t leader, size_t len);
/* Whether the body is the one that the header commits to: submissions and entries match their
 * roots. The block's hash covers the header only, so whoever passes a block on could change the
 * rest; such a body says nothing about the block and must never be judged in its name. */
bool rg_judge__is_bound(const struct rg_core *c, const struct rg_block *b);
/* Judge @n and what it rests on; false while something is missing or its time is too far ahead. */
bool rg_judge__run(struct rg_core *c, struct rg_blocknode *n);
/* Answer the verdicts that the consensus waits for. True when one was given. */
bool rg_judge__pending(struct rg_core *c);

/* build.c: my own blocks. */
void rg_build__run(struct rg_core *c, const struct rg_core_job *job);

/* commit.c: a block became final. */
void rg_commit__block(struct rg_core *c, struct rg_blocknode *n, const struct rg_cert *final);
void rg_commit__prune(struct rg_core *c);

/* submit.c: own submissions and those of others. */
bool rg_submit__admit(struct rg_core *c, struct rg_bytes bytes);
/* Sign, journal and send entries as this node's next submission; false: not possible now. */
bool rg_submit__own(struct rg_core *c, const struct rg_core_submit *submit);
void rg_submit__resend(struct rg_core *c);
void rg_submit__restart(struct rg_core *c);
uint64_t rg_submit__due(const struct rg_core *c);

/* fetch.c: single bodies. */
void rg_fetch__want(struct rg_core *c, const struct rg_hash *hash, uint64_t signers, bool is_final);
bool rg_fetch__wanted(const struct rg_core *c, const struct rg_hash *hash);
void rg_fetch__done(struct rg_core *c, const struct rg_hash *hash);
void rg_fetch__tick(struct rg_core *c);
uint64_t rg_fetch__due(const struct rg_core *c);
bool rg_fetch__final_wanted(const struct rg_core *c);

/* catchup.c: many final blocks; and the answers to others. */
void rg_catchup__tick(struct rg_core *c);
uint64_t rg_catchup__due(const struct rg_core *c);
void rg_catchup__blocks(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m);
void rg_catchup__drop(struct rg_core *c);
/* serve.c: answers to others' requests. */
void rg_serve__blocks(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m);
void rg_serve__block(struct rg_core *c, uint16_t peer, const struct rg_peer_message *m);

/* epoch.c: who takes turns. */
/* Take epoch and authorities from the state after the tip. */
void rg_epoch__take(struct rg_core *c);
/* Note how the epoch before the tip's next one ended. */
void rg_epoch__note_end(struct rg_core *c, const struct rg_cert *final);
/* Make the consensus of this epoch, in doubt of own votes as @memory says. @final: of the tip, or
 * NULL when the tip is the epoch's root. False: out of memory. */
bool rg_epoch__make(struct rg_core *c, const struct rg_cert *final, enum rg_memory memory);
/* When the last block of the epoch is final: begin the next one. */
void rg_epoch__maybe(struct rg_core *c);
/* What a restart in this epoch must doubt, by what the journal says. */
enum rg_memory rg_epoch__memory(const struct rg_core *c, bool had_records);
/* The place of what the consensus calls @peer; RG_PEER_ALL and RG_PEER_NONE stay. */
uint32_t rg_epoch__place(const struct rg_core *c, uint32_t peer);
/* What the consensus calls the node at @place. */
uint32_t rg_epoch__peer(const struct rg_core *c, uint32_t place);

/* evidence.c: proof that an authority lied. */
void rg_evidence__found(struct rg_core *c, const struct rg_vote pair[2]);
void rg_evidence__take(struct rg_core *c, const struct rg_peer_message *m);
void rg_evidence__recover(struct rg_core *c, const struct rg_vote pair[2]);
void rg_evidence__tick(struct rg_core *c);
uint64_t rg_evidence__due(const struct rg_core *c);
void rg_evidence__encode(const struct rg_vote pair[2], uint8_t out[static 2 * RG_VOTE_BYTES]);

/* beacon.c: statuses. */
void rg_beacon__tick(struct rg_core *c);
void rg_beacon__take(struct rg_core *c, uint16_t peer, bool gossip, const struct rg_peer_message *m,
                     struct rg_bytes bytes);

#endif /* RG_NODE_CORE_CORE_PRIV_H */
