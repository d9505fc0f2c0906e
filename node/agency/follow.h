/* Follows the chain: opens every entry this agency may read, in ledger order, and moves vault, feed
 * and cursor together, one transaction a group of blocks. What cannot be opened for want of its key
 * is parked and opened when the key comes. Bounded work a call.
 *
 * An entry that is addressed to us but bad (wrong counter, seal, signature, readers) is an alarm
 * and is left out of the feed; it is never a fault of the block. The entries of a rejected
 * submission use up their tags and are left out as well. Owner: the agency thread. */
#ifndef RG_AGENCY_FOLLOW_H
#define RG_AGENCY_FOLLOW_H

#include "node/agency/blocks.h"
#include "node/agency/pending.h"
#include "node/agency/vault.h"
#include "storage/chain.h"

struct rg_follow; /* opaque */

/* Something an operator must hear: @code a stable word, @subject tells apart what it is about. */
typedef void (*rg_follow_alarm_fn)(void *ctx, const char *code, struct rg_bytes subject,
                                   const char *text);

struct rg_recent;
struct rg_follow_config {
    const struct rg_genesis *genesis;
    uint32_t principal; /* this node */
    struct rg_chain *chain;
    struct rg_blocks *blocks; /* over the same chain */
    struct rg_vault *vault;
    struct rg_pending *pending;
    struct rg_casebook_verifier *verifier;
    struct rg_recent *recent; /* told what was fed; may be NULL */
    const uint16_t *place_of; /* of each agency; UINT16_MAX: none */
    rg_follow_alarm_fn alarm;
    void *alarm_ctx;
};

/* Make a follower. Borrows all. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_follow_new(const struct rg_follow_config *c, struct rg_follow **out);
/* Free; takes *@f_p and nulls it; NULL is fine. */
void rg_follow_destroy(struct rg_follow **f_p);
/* Follow blocks up to height @last, about @budget bytes of them, in one transaction. Gives whether
 * anything was done. @last is what the ledger thread told: the chain may hold more, with
 * submissions of this node that rg_pending_taken() was not yet told of, and their cases would look
 * unknown. Errors: RG_ERR_CORRUPT chain or vault; RG_ERR_IO; RG_ERR_DISK_FULL; the process must
 * end. */
RG_CHECKED rg_err rg_follow_step(struct rg_follow *f, uint64_t last, uint64_t budget,
                                 bool *out_more);
/* Keys came: the cases @case_nos[0..@count) were added to the vault in the open write transaction.
 * Open what was parked for them, in ledger order. Errors: the same. */
RG_CHECKED rg_err rg_follow_unpark(struct rg_follow *f, const uint64_t *case_nos, size_t count);
/* Ballots that the ledger accepted and that were followed, since the start. */
uint64_t rg_follow_ballots(const struct rg_follow *f);
/* Cases that agency @agency opened and that we could open, since the start. */
uint64_t rg_follow_opened(const struct rg_follow *f, uint32_t agency);

#endif /* RG_AGENCY_FOLLOW_H */
