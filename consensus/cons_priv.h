/* The inside of the consensus, for the files of this folder only: the state, and the friends that
 * its parts offer each other. Views are held in a ring by view number; nothing is ever allocated.
 */
#ifndef RG_CONSENSUS_CONS_PRIV_H
#define RG_CONSENSUS_CONS_PRIV_H

#include "base/num.h"
#include "base/panic.h"
#include "consensus/cons.h"
#include "consensus/mutant.h"

enum rg_blk_state {
    RG_BLK_NONE = 0,
    RG_BLK_KNOWN,   /* not judged yet */
    RG_BLK_ASKED,   /* VERIFY is under way */
    RG_BLK_VALID,   /* valid, and so are its ancestors down to the tip */
    RG_BLK_INVALID, /* it, or an ancestor, is not */
};

struct rg_blk {
    struct rg_block_info info;
    enum rg_blk_state state;
    bool durable; /* its body is in the journal, or on its way there in this step */
};

/* The first vote of one signer in one view and kind; never removed, so that nobody can withdraw. */
struct rg_pooled {
    struct rg_cand cand;
    struct rg_sig sig;
    bool has;
    bool accused; /* a conflict with it went out as evidence */
};

/* My own votes of one view: the durable part. */
struct rg_mine {
    bool has[RG_VOTE_FINALIZE + 1]; /* by kind */
    struct rg_cand cand[RG_VOTE_FINALIZE + 1];
    struct rg_sig sig[RG_VOTE_FINALIZE + 1];
};

/* The first well-formed proposal of the view's leader. */
struct rg_prop {
    bool has;
    struct rg_cand cand;
    struct rg_sig sig;
};

/* Proposals are kept for this many views after the current one; later ones come again by repair. */
#define RG_CONS_AHEAD 4

#define RG_SLOT_BLOCKS 2 /* the leader's first block, and another one that got certified */

/* All about one view. */
struct rg_slot {
    uint64_t view; /* 0: unused */
    struct rg_mine mine;
    struct rg_prop prop;
    bool equivocated; /* the leader signed two candidates */
    struct rg_blk blocks[RG_SLOT_BLOCKS];
    struct rg_cert certs[RG_VOTE_FINALIZE + 1]; /* by kind; kind NONE: not held */
    struct rg_sig *sigs[RG_VOTE_FINALIZE + 1];  /* n each, for certs */
    struct rg_pooled *pool[RG_VOTE_FINALIZE + 1];
    uint64_t ask_ms; /* last GETCERTS for this view's proposal; 0: none */
};

/* A Final kept apart from the ring. */
struct rg_kept {
    struct rg_cert cert; /* kind NONE: none */
    struct rg_sig sigs[RG_AUTHORITIES_MAX];
};

/* One of the last FETCHes. */
struct rg_fetched {
    struct rg_hash hash;
    uint64_t at_ms; /* 0: unused */
};

#define RG_CONS_FETCHES 16

enum rg_build_state {
    RG_BUILD_NONE = 0,
    RG_BUILD_ASKED,
    RG_BUILD_EMPTY,
    RG_BUILD_FAILED,
};

#define RG_STAGE_PERSIST 64
#define RG_STAGE_WORK 24
#define RG_STAGE_LEAVE 103
_Static_assert(RG_STAGE_PERSIST + RG_STAGE_WORK + RG_STAGE_LEAVE + 1 == RG_ACTIONS_MAX,
               "the stages and a barrier fill the action list");

/* Actions of the step under way, in their three groups. */
struct rg_stage {
    struct rg_action persist[RG_STAGE_PERSIST];
    struct rg_action work[RG_STAGE_WORK];
    struct rg_action leave[RG_STAGE_LEAVE];
    size_t persist_count;
    size_t work_count;
    size_t leave_count;
    bool needs_barrier; /* something that leaves rests on something persisted */
};

struct rg_cons {
    struct rg_cons_params params;
    struct rg_members members;
    struct rg_hash ledger;
    uint64_t epoch;
    uint16_t me;
    rg_cons_sign_fn sign;
    void *sign_ctx;

    bool started;
    bool halted;
    bool unsynced; /* something is persisted since the last barrier */
    bool more;     /* a step ran out of room; go on at once */
    uint32_t alarms;

    uint64_t now_ms;
    uint64_t cur;            /* the view I am in */
    uint64_t lf;             /* the last final view */
    struct rg_cand lf_cand;  /* its candidate */
    struct rg_blk tip;       /* the last final block */
    struct rg_kept lf_final; /* Final(lf); none for the root */
    struct rg_kept want;     /* the highest Final seen; above lf: not committed yet */

    uint64_t base;     /* the ring holds views base .. base + ring - 1, and none <= lf */
    uint64_t cert_max; /* the highest view with Notar or Final */
    uint64_t null_max; /* the highest view with Null */
    struct rg_slot *slots;

    bool armed; /* R7: something is wanted in this view */
    uint64_t armed_ms;
    uint64_t entered_ms;
    bool has_work;
    bool tick_due;
    uint64_t woken_view;     /* a peer asked the leader, me, to propose in it */
    uint64_t wake_sent_view; /* I asked the leader */
    uint64_t gaps_ms;        /* when rule_gaps last asked for missing certificates */
    uint64_t retry_ms;       /* when the next request is to be repeated; UINT64_MAX: none */
    struct rg_fetched fetched[RG_CONS_FETCHES];
    uint64_t seen_cur; /* cur and lf at the end of the step before, for I6 */
    uint64_t seen_lf;
    uint64_t deadline_ms; /* last DEADLINE given out */

    enum rg_memory memory; /* what is in doubt of my own votes */
    uint64_t mute;         /* no vote of mine in views up to this one */
    uint64_t voted_max;    /* the highest view in which I know a vote of mine */
    uint64_t echoed;       /* who answered this run (bit set) */
    uint64_t echo_cur[RG_AUTHORITIES_MAX];
    uint64_t echo_seen[RG_AUTHORITIES_MAX];
    uint64_t seen_view[RG_AUTHORITIES_MAX]; /* the highest view with a vote of that member */

    enum rg_build_state build; /* in this view */
    struct rg_cand build_parent;

    uint64_t heard_ms[RG_AUTHORITIES_MAX];
    uint32_t missed[RG_AUTHORITIES_MAX]; /* turns in a row that ended nullified */
    uint64_t missed_from_ms[RG_AUTHORITIES_MAX];

    struct rg_stage stage;
};

/* cons_slots.c: the ring, blocks and certificates held. */
struct rg_slot *rg_cons_slots__get(struct rg_cons *c, uint64_t view); /* NULL outside the ring */
struct rg_slot *rg_cons_slots__current(struct rg_cons *c);            /* of cur: always there */
const struct rg_slot *rg_cons_slots__find(const struct rg_cons *c, uint64_t view); /* or NULL */
bool rg_cons_slots__reach(struct rg_cons *c, uint64_t view); /* make room by giving up old views */
bool rg_cons_slots__has_room(const struct rg_cons *c, uint64_t cur);
struct rg_blk *rg_cons_slots__block(struct rg_cons *c, const struct rg_hash *hash, uint64_t below);
const struct rg_blk *rg_cons_slots__find_block(const struct rg_cons *c, const struct rg_hash *hash,
                                               uint64_t below);
struct rg_blk *rg_cons_slots__put_block(struct rg_cons *c, const struct rg_block_info *info);
bool rg_cons_slots__certified(const struct rg_cons *c, uint64_t view, struct rg_cand *out);
bool rg_cons_slots__nullified(const struct rg_cons *c, uint64_t view);
void rg_cons_slots__keep(struct rg_kept *k, const struct rg_cert *cert);
void rg_cons_slots__set_tip(struct rg_cons *c, const struct rg_block_info *tip);
uint64_t rg_cons_slots__first(const struct rg_cons *c); /* the lowest view that can be held */
uint64_t rg_cons_slots__last(const struct rg_cons *c);  /* the highest view worth looking at */

/* cons_recv.c: what an event changes. */
void rg_cons_recv__take(struct rg_cons *c, const struct rg_cons_event *ev);

/* cons_pool.c: votes and certificates come in here (R4). */
void rg_cons_pool__vote(struct rg_cons *c, const struct rg_vote *v);
void rg_cons_pool__cert(struct rg_cons *c, const struct rg_cert *cert);
size_t rg_cons_pool__count(const struct rg_cons *c, uint64_t view, enum rg_vote_kind kind);
struct rg_vote rg_cons_pool__get(const struct rg_cons *c, const struct rg_slot *s,
                                 enum rg_vote_kind kind, uint16_t signer);
bool rg_cons_pool__has(const struct rg_cons *c, uint64_t view, enum rg_vote_kind kind,
                       uint16_t signer);

/* cons_cast.c: the only place that signs. */
bool rg_cons_cast__speaks(const struct rg_cons *c);             /* may send what it has signed */
bool rg_cons_cast__can(const struct rg_cons *c, uint64_t view); /* may sign in this view */
void rg_cons_cast__vote(struct rg_cons *c, enum rg_vote_kind kind, const struct rg_cand *cand);
void rg_cons_cast__propose(struct rg_cons *c, const struct rg_cand *cand);
struct rg_vote rg_cons_cast__mine(const struct rg_cons *c, const struct rg_slot *s,
                                  enum rg_vote_kind kind);

/* cons_out.c: actions. */
void rg_cons_out__begin(struct rg_cons *c);
bool rg_cons_out__room(struct rg_cons *c); /* room for one more rule; else remembers `more` */
struct rg_action *rg_cons_out__persist(struct rg_cons *c, enum rg_action_kind kind);
struct rg_action *rg_cons_out__work(struct rg_cons *c, enum rg_action_kind kind);
struct rg_action *rg_cons_out__leave(struct rg_cons *c, enum rg_action_kind kind);
void rg_cons_out__persist_block(struct rg_cons *c, struct rg_blk *b);
void rg_cons_out__evidence(struct rg_cons *c, const struct rg_vote *a, const struct rg_vote *b);
void rg_cons_out__alarm(struct rg_cons *c, enum rg_alarm id, uint64_t view, const struct rg_cert *a,
                        const struct rg_cert *b);
bool rg_cons_out__proposal(struct rg_cons *c, enum rg_action_kind kind, uint32_t peer);
void rg_cons_out__end(struct rg_cons *c, struct rg_actions *out);

/* cons_rules.c, cons_lead.c, cons_final.c: the rules. */
void rg_cons_rules__run(struct rg_cons *c); /* R0..R8 until nothing changes */
void rg_cons_rules__enter(struct rg_cons *c, uint64_t view);
bool rg_cons_lead__rule_propose(struct rg_cons *c);
bool rg_cons_lead__impossible(struct rg_cons *c); /* my turn, but no proposal can come of it */
void rg_cons_lead__built(struct rg_cons *c, const struct rg_cons_event *ev);
bool rg_cons_final__rule_finalize(struct rg_cons *c);
bool rg_cons_final__rule_commit(struct rg_cons *c);
bool rg_cons_final__rule_fetch(struct rg_cons *c);
bool rg_cons_final__rule_verify(struct rg_cons *c);
void rg_cons_final__adopt(struct rg_cons *c, const struct rg_cert *cert,
                          const struct rg_block_info *tip);

/* cons_time.c: R7. */
bool rg_cons_time__rule_arm(struct rg_cons *c);
bool rg_cons_time__rule_wake(struct rg_cons *c);
bool rg_cons_time__demand(const struct rg_cons *c);
uint64_t rg_cons_time__backoff(const struct rg_cons *c);           /* m; 1: finality is near */
bool rg_cons_time__silent(const struct rg_cons *c, uint64_t view); /* its leader is known to be */
uint64_t rg_cons_time__leader_deadline(const struct rg_cons *c);   /* D_l */
uint64_t rg_cons_time__view_deadline(const struct rg_cons *c);     /* D_a */
uint64_t rg_cons_time__give_up(const struct rg_cons *c); /* a leader without parent gives up */
uint64_t rg_cons_time__next(const struct rg_cons *c);
void rg_cons_time__heard(struct rg_cons *c, uint32_t who);
uint64_t rg_cons_time__heard_set(const struct rg_cons *c, uint64_t now_ms);

/* cons_repair.c: R8. */
void rg_cons_repair__status(struct rg_cons *c, uint32_t peer, const struct rg_cons_status *s);
void rg_cons_repair__getcerts(struct rg_cons *c, uint32_t peer, uint64_t from, uint64_t to);
void rg_cons_repair__restart(struct rg_cons *c); /* re-send what the journal holds */
bool rg_cons_repair__rule_gaps(struct rg_cons *c);
void rg_cons_repair__ask(struct rg_cons *c, struct rg_slot *s, uint64_t from);
/* Whether a request last made at @last_ms (0: never) is due; if not, notes when it will be. */
bool rg_cons_repair__due(struct rg_cons *c, uint64_t last_ms);

/* cons_memory.c: forgotten votes. */
bool rg_cons_memory__rule_trust(struct rg_cons *c);
void rg_cons_memory__start(struct rg_cons *c);
void rg_cons_memory__echo(struct rg_cons *c, uint32_t peer, const struct rg_cons_status *s);
void rg_cons_memory__lost(struct rg_cons *c);

/* cons_check.c: the invariants I1-I8, after every step, in every build. */
void rg_cons_check__state(const struct rg_cons *c);

#endif /* RG_CONSENSUS_CONS_PRIV_H */
