/* What `propose`, `vote` and `process publish` share: one ballot, signed here with the agency's
 * admin key, handed to the node. */
#ifndef RG_CLI_BALLOT_CALL_H
#define RG_CLI_BALLOT_CALL_H

#include "base/arena.h"
#include "crypto/sign.h"
#include "node/cli/cli.h"
#include "node/cli/profile.h"

#define RG_BALLOT_CALL_EXPIRES "P14D" /* how long the others may vote, when nothing is said */

/* One call. Start with zeros and `cli`. */
struct rg_ballot_call {
    const struct rg_cli *cli;
    struct rg_profile profile;
    struct rg_session *session;
    struct rg_answer answer; /* of the node; its motions borrow from the session */
    struct rg_sign *key;
    struct rg_ballot ballot; /* `motion` is set for a vote, too */
    struct rg_arena arena;
};

/* Connect, ask what is moved, take the admin key of --key. Returns 0 or the exit code; said why. */
int rg_ballot_call_begin(struct rg_ballot_call *b);
/* Read --expires: counted from now, or from the ledger's time where that is ahead. Gives ledger
 * time. Returns the same. */
int rg_ballot_call_expires(const struct rg_ballot_call *b, uint64_t *out);
/* Sign the ballot, hand it in, tell what it came to. @motion: the bytes it moves, or empty. Returns
 * the same. */
int rg_ballot_call_cast(struct rg_ballot_call *b, struct rg_bytes motion);
/* Close and wipe. */
void rg_ballot_call_end(struct rg_ballot_call *b);

#endif /* RG_CLI_BALLOT_CALL_H */
