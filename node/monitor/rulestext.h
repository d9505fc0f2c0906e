/* What a rules host writes to its standard error: passed on to the node's log, one line at a time
 * behind a prefix, without control characters, and no more than a cap for each process. What a
 * module writes there can neither fill a disk nor look like a line of the node's own.
 *
 * The host's end of the pipe does not block: text that nobody took in time is lost. One thread. */
#ifndef RG_MONITOR_RULESTEXT_H
#define RG_MONITOR_RULESTEXT_H

#include "base/types.h"

#define RG_RULESTEXT_MAX ((size_t)8 * 1024) /* bytes of one process */
#define RG_RULESTEXT_LINE_MAX 400

struct rg_rulestext {
    int fd; /* -1: none */
    size_t taken;
    size_t len;
    char line[RG_RULESTEXT_LINE_MAX];
};

/* Take the reading end @fd of a process's pipe. */
void rg_rulestext_open(struct rg_rulestext *t, int fd);
/* Pass on what is there, a bounded amount; does not wait. */
void rg_rulestext_drain(struct rg_rulestext *t);
/* Pass on the rest and close; may be called again. */
void rg_rulestext_close(struct rg_rulestext *t);

#endif /* RG_MONITOR_RULESTEXT_H */
