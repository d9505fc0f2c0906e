/* The consensus: round-robin authorities with immediate finality (docs/consensus.md), one epoch
 * with a fixed set of authorities, as a pure machine: events in, ordered actions out. No clock, no
 * I/O, no allocation, no randomness, no thread: the same events give the same actions, byte for
 * byte.
 *
 * Life: rg_cons_init in memory of rg_cons_size bytes; then, after a restart, the rg_cons_recover_*
 * calls with all that journal and store hold; then the START event; then any events.
 *
 * The consensus knows blocks by hash (struct rg_block_info) and never sees bodies; it judges no
 * clock and no content. It trusts only what was verified; peers' claims are hints. It is owned and
 * driven by one thread. Every rule is one function in rules_*.c; every vote of mine is made in
 * cast.c. */
#ifndef RG_CONSENSUS_CONS_H
#define RG_CONSENSUS_CONS_H

#include "base/types.h"
#include "consensus/action.h"
#include "consensus/blockinfo.h"
#include "consensus/cert.h"
#include "consensus/event.h"
#include "consensus/members.h"
#include "consensus/vote.h"

struct rg_cons; /* opaque; lives in the caller's memory */

/* Signs @digest with this node's key; deterministic. */
typedef void (*rg_cons_sign_fn)(void *ctx, const struct rg_hash *digest, struct rg_sig *out);

/* Times in milliseconds. rg_cons_params_default gives the values in brackets. */
struct rg_cons_params {
    uint32_t leader_ms;     /* T_l: a view without proposal is given up after this [1000] */
    uint32_t view_ms;       /* T_a: a view without certificate is given up after this [2000] */
    uint32_t retransmit_ms; /* T_r: repair and STATUS period [1000] */
    uint32_t skip_ms;       /* T_skip: a leader silent for longer is skipped [5000] */
    uint32_t cap_ms;        /* most that leader_ms grows to by back-off [30000] */
    uint32_t empty_gap_ms;  /* B_min: SAME and empty proposals wait this long in a view [100] */
    uint32_t ring;          /* views held at once; a power of two, 256..4096 [1024] */
};

/* Where the machine starts and for whom. All is copied but @sign_ctx. */
struct rg_cons_setup {
    struct rg_cons_params params;
    const struct rg_members *members;
    uint16_t me; /* my index, or RG_MEMBERS_NONE for an observer, which never votes */
    struct rg_hash ledger;
    uint64_t epoch;
    struct rg_block_info root; /* genesis, or the last block of the epoch before: final, executed */
    enum rg_memory memory;     /* of this node's own votes; SURE when the epoch just began here */
    uint64_t mute;             /* never vote in views up to this one: from PERSIST_MUTE, else 0 */
    rg_cons_sign_fn sign;      /* may be NULL for an observer */
    void *sign_ctx;
};

/* The parameters of the genesis defaults. */
struct rg_cons_params rg_cons_params_default(void);
/* Whether the parameters are usable: not zero, view_ms > leader_ms > empty_gap_ms, cap, ring. */
bool rg_cons_params_ok(const struct rg_cons_params *p);

/* How many bytes, aligned as for any type, a consensus of @n members needs. */
size_t rg_cons_size(size_t n, const struct rg_cons_params *p);
/* Begin in @memory of at least rg_cons_size bytes, which must outlive it. Parameters must be
 * rg_cons_params_ok, @me below n or RG_MEMBERS_NONE. Returns the machine inside @memory. */
struct rg_cons *rg_cons_init(void *memory, size_t len, const struct rg_cons_setup *setup);

/* After a restart, before START, by value and in this order: the final tip, then my votes,
 * certificates and blocks in any order. Records of views that are final already are ignored. */
/* The last final block and the Final that covers it, with the certificate's own view as last final
 * view. Not called when only the root is final. */
void rg_cons_recover_final(struct rg_cons *c, const struct rg_cert *final,
                           const struct rg_block_info *tip);
/* One vote of mine from the journal. Re-sent as it is, never decided again. */
void rg_cons_recover_vote(struct rg_cons *c, const struct rg_vote *v);
/* One certificate from the journal, checked by the caller. */
void rg_cons_recover_cert(struct rg_cons *c, const struct rg_cert *cert);
/* One block whose body is durable in the journal; it is judged again by VERIFY. */
void rg_cons_recover_block(struct rg_cons *c, const struct rg_block_info *b);

/* Take one event and fill @out with what is to be done. @out->list is overwritten. */
void rg_cons_step(struct rg_cons *c, const struct rg_cons_event *ev, struct rg_actions *out);

/* Whether a vote with this content could change anything, that is, whether its signature is worth
 * checking. False for other epochs, views out of the window, what I have already. */
bool rg_cons_wants_vote(const struct rg_cons *c, const struct rg_vote *v);
/* The same for a certificate. */
bool rg_cons_wants_cert(const struct rg_cons *c, const struct rg_cert *cert);
/* The same for a proposal: a view from the current one up to the window, from which none is held.
 */
bool rg_cons_wants_proposal(const struct rg_cons *c, const struct rg_cand *cand);

/* Whether this node must still hear from others before it votes on anything new: it asks for echoes
 * in its STATUS. */
bool rg_cons_asks(const struct rg_cons *c);
/* What is left of the node's own memory: SURE once nothing is in doubt any more. */
enum rg_memory rg_cons_memory(const struct rg_cons *c);
/* The last view in which this node may not vote; 0: none. */
uint64_t rg_cons_mute(const struct rg_cons *c);
/* Whether this node may tell one that forgot where the network is: not while its own votes are lost
 * or it is mute, since then it may have been further than it knows. */
bool rg_cons_vouches(const struct rg_cons *c);
/* The highest view in which a vote of member @i was seen in this run; 0: none. For its echo. */
uint64_t rg_cons_seen(const struct rg_cons *c, uint16_t i);
/* Whether the last final block ends the epoch: nothing more is voted on; begin the next one. */
bool rg_cons_ended(const struct rg_cons *c);

/* What STATUS tells the peers. */
uint64_t rg_cons_view(const struct rg_cons *c);       /* cur */
uint64_t rg_cons_final_view(const struct rg_cons *c); /* lf */
uint64_t rg_cons_epoch(const struct rg_cons *c);
/* The last final block; valid until the next call that changes @c. */
const struct rg_block_info *rg_cons_tip(const struct rg_cons *c);
/* The Final that covers it; NULL while only the root is final. Valid like the tip. */
const struct rg_cert *rg_cons_tip_final(const struct rg_cons *c);
/* When TICK is due; UINT64_MAX for never. The same as the last DEADLINE. */
uint64_t rg_cons_deadline(const struct rg_cons *c);
/* The certificate of @kind for @view, if held; NULL otherwise. Valid like the tip. */
const struct rg_cert *rg_cons_cert(const struct rg_cons *c, enum rg_vote_kind kind, uint64_t view);
/* The known block of that hash above or at the tip; NULL if unknown. Valid like the tip. */
const struct rg_block_info *rg_cons_block(const struct rg_cons *c, const struct rg_hash *hash);

/* For `status`: why the machine is where it is. Sets of authorities are bit masks. */
struct rg_cons_report {
    uint64_t view;
    uint64_t final_view;
    uint16_t leader;
    bool halted;   /* after an alarm: signs nothing */
    bool armed;    /* something is wanted and timers run */
    bool proposed; /* a proposal for this view is here */
    bool asks;     /* votes on nothing new until enough others have answered */
    uint64_t entered_ms;
    uint64_t heard;     /* heard within T_skip, me included */
    uint64_t notarized; /* who voted so in this view */
    uint64_t nullified;
    uint16_t heard_count;
    uint16_t quorum; /* heard_count below it: no progress is possible */
};
/* How many turns in a row authority @i has let pass (they ended nullified). */
uint32_t rg_cons_missed_turns(const struct rg_cons *c, uint16_t i);
/* Fill @out for the moment @now_ms. */
void rg_cons_explain(const struct rg_cons *c, uint64_t now_ms, struct rg_cons_report *out);

/* Static English text of an alarm; never NULL. */
const char *rg_cons_alarm_text(enum rg_alarm id);

#endif /* RG_CONSENSUS_CONS_H */
