/* What liars have in common. */
#ifndef RG_SIM_LIE_H
#define RG_SIM_LIE_H

#include "consensus/cert.h"
#include "ledger/block.h"
#include "sim.h"

/* A vote under the liar's key. */
struct rg_vote sim_lie_vote(const struct sim *s, const struct sim_node *node,
                            enum rg_vote_kind kind, struct rg_cand cand);
void sim_lie_send_vote(struct sim *s, struct sim_node *node, uint16_t to, enum rg_vote_kind kind,
                       struct rg_cand cand);
/* The bytes of a message; NULL if that cannot be. */
struct sim_buf *sim_lie_encode(struct sim *s, const struct rg_peer_message *m);
/* The proposal @m again for @cand with block @h instead of its own; cand's hash is filled in. */
struct sim_buf *sim_lie_propose(struct sim *s, struct sim_node *node,
                                const struct rg_peer_message *m, const struct rg_header *h,
                                const struct rg_bytes *submissions, struct rg_cand cand);
/* ... with exactly these bytes as the block, whatever they are. */
struct sim_buf *sim_lie_propose_raw(struct sim *s, struct sim_node *node,
                                    const struct rg_peer_message *m, struct rg_bytes block,
                                    struct rg_cand cand);
/* Whether this is the liar's own proposal, with a block that is read into @b, its submissions'
 * bytes into @list. */
#define SIM_LIE_LIST 64
bool sim_lie_own_block(struct sim *s, const struct sim_node *node, const struct sim_packet *p,
                       struct rg_block *b, struct rg_bytes list[SIM_LIE_LIST]);
bool sim_lie_block(struct sim *s, struct rg_bytes bytes, struct rg_block *out);
/* Send to one, to all, or later (to all, or to one). Takes nothing over; NULL does nothing. */
void sim_lie_one(struct sim *s, struct sim_node *node, uint16_t to, struct sim_buf *buf);
void sim_lie_all(struct sim *s, struct sim_node *node, struct sim_buf *buf);
#define SIM_LIE_ALL UINT16_MAX
void sim_lie_later(struct sim *s, struct sim_node *node, uint16_t to, uint64_t ms,
                   struct sim_buf *buf);
/* f and q of n authorities. */
size_t sim_lie_f(const struct sim *s);
size_t sim_lie_q(const struct sim *s);

extern const struct sim_liar sim_lie_silent, sim_lie_equivocator, sim_lie_double, sim_lie_skipper,
    sim_lie_amnesiac, sim_lie_backup, sim_lie_withholder, sim_lie_voteone, sim_lie_late,
    sim_lie_nuller, sim_lie_conflicter, sim_lie_same, sim_lie_time, sim_lie_junk, sim_lie_cert,
    sim_lie_flood, sim_lie_status, sim_lie_wake, sim_lie_replayer, sim_lie_server, sim_lie_mutator;

#endif /* RG_SIM_LIE_H */
