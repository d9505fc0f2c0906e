/* The ledger thread: feeds the core (node/core) with what sockets, clock and agency side bring, and
 * performs what it answers. The only reader of clocks on this side.
 *
 * A turn: wait; take a bounded number of messages from everywhere; give each to the core, append
 * what is to be journaled as it comes; then one sync of the journal for all of it; then release, in
 * order, what waited for it. So nothing that follows a barrier leaves before its fdatasync has
 * returned, and all that came in during one sync shares the next.
 *
 * Owner and thread: main. Ends the process by returning an exit code, never by exit(). */
#ifndef RG_NODE_LOOP_H
#define RG_NODE_LOOP_H

#include "base/err.h"
#include "crypto/sign.h"
#include "node/bus/zap.h"
#include "node/config.h"
#include "storage/chain.h"

struct rg_loop; /* opaque */
struct _zsock_t;

#define RG_LOOP_WHY_MAX 512

#define RG_LOOP_EXIT_OK 0
#define RG_LOOP_EXIT_INTERNAL 70
#define RG_LOOP_EXIT_CREATE 73
#define RG_LOOP_EXIT_DISK 74

/* All borrowed; must outlive the loop. */
struct rg_loop_config {
    const struct rg_config *config;
    const struct rg_sign *key;
    struct rg_zap *zap;
    struct rg_chain *chain;
    bool test_hooks; /* SIGUSR1 ends the ZAP handler */
};

/* Make the core and bring it to where it was: the chain's tip, then the journal. Starts the
 * archive, makes the sockets, binds none. Gives @out, freed with rg_loop_destroy; on failure a
 * sentence in
 * @why and in @out_exit the exit code for the process.
 * Errors: any of journal, chain, core and sockets. */
RG_CHECKED rg_err rg_loop_new(const struct rg_loop_config *c, struct rg_loop **out, int *out_exit,
                              char why[RG_LOOP_WHY_MAX]);
/* Hand the own records to the agency side over @link, tell it to begin, start the core, listen.
 * Errors: RG_ERR_EXISTS a port is in use; RG_ERR_SYSTEM; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_loop_begin(struct rg_loop *l, struct _zsock_t *link,
                                char why[RG_LOOP_WHY_MAX]);
/* Run until SIGTERM or SIGINT arrives on @signal_fd (a signalfd), or the node must stop. Returns
 * the exit code: 0, 70 halted, 74 disk, or what the agency side asked for. */
int rg_loop_run(struct rg_loop *l, int signal_fd);
/* Close sockets, end the archive (after it has written what is final), seal the journal, free;
 * takes
 * *@l_p and nulls it; NULL is fine. The agency side must have been stopped before. */
void rg_loop_destroy(struct rg_loop **l_p);

#endif /* RG_NODE_LOOP_H */
