/* Starting a rules host and passing messages over its socket pair. Blocking with a time limit; one
 * thread a socket. The node supervises: it restarts a host that ended, opens the definition again
 * and sends the unanswered batch again, from which nothing is lost since the host keeps no state.
 */
#ifndef RG_RULES_HOSTIO_H
#define RG_RULES_HOSTIO_H

#include <sys/types.h>

#include "rules/hostmsg.h"

#define RG_HOSTIO_FD 3 /* the host's end of the pair */

/* Start @program (a path to reigen-rules) with a socket pair as its descriptor 3, a pipe as its
 * stderr, everything else closed, an empty environment, and its own process group. @module is a
 * path to a shared object or script, or NULL for `soll`. The caller owns *@fd and *@text (what it
 * writes to stderr; both close-on-exec, *@text does not block on either end) and must wait for
 * *@pid; closing *@fd ends the host. The host also dies with the thread that called this
 * (PR_SET_PDEATHSIG), so call it from one that lives as long as the host is wanted.
 *
 * Errors: RG_ERR_NOT_FOUND  no such program
 *         RG_ERR_SYSTEM     anything else */
RG_CHECKED rg_err rg_hostio_spawn(const char *program, const char *module, pid_t *pid, int *fd,
                                  int *text);
/* Send a whole message within @timeout_ms (-1: no limit).
 * Errors: RG_ERR_CLOSED the other side is gone, RG_ERR_TIMEOUT, RG_ERR_SYSTEM; the stream is then
 *         unusable */
RG_CHECKED rg_err rg_hostio_send(int fd, struct rg_bytes msg, int timeout_ms);
/* Receive one message of at most @b->max bytes into @b (with its length; replaces what it held).
 * Errors: RG_ERR_CLOSED the other side is gone, RG_ERR_TIMEOUT nothing whole in time,
 * RG_ERR_INVALID an impossible length, RG_ERR_NOMEM, RG_ERR_SYSTEM; the stream is then unusable */
RG_CHECKED rg_err rg_hostio_recv(int fd, int timeout_ms, struct rg_hostmsg_buf *b);

#endif /* RG_RULES_HOSTIO_H */
