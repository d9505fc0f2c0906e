/* One process of the rules host (reigen-rules): start it, end it, how it ended, what it wrote to
 * its standard error, and how long it kept a processor busy. What is said over its socket is not
 * known here. One thread, which must live as long as the process is wanted. */
#ifndef RG_MONITOR_RULESPROC_H
#define RG_MONITOR_RULESPROC_H

#include <sys/types.h>

#include "base/err.h"
#include "node/monitor/rulestext.h"

struct rg_rulesproc {
    pid_t pid;         /* 0: none runs */
    int fd;            /* its socket, which does not block; -1: none */
    int status;        /* of the last one that ended, as of waitpid(2) */
    uint64_t total_ms; /* processor time that one had used */
    struct rg_rulestext said;
};

/* None runs yet. */
void rg_rulesproc_init(struct rg_rulesproc *p);
/* Start one; none may run. @module: NULL for the bundled rules.
 * Errors: as rg_hostio_spawn(); none runs then. */
RG_CHECKED rg_err rg_rulesproc_start(struct rg_rulesproc *p, const char *program,
                                     const char *module);
/* Whether it ended by itself; waits for that 10 ms at most. Its socket stays. */
bool rg_rulesproc_ended(struct rg_rulesproc *p);
/* End it if it runs, close its socket, pass on what it wrote; may be called again. */
void rg_rulesproc_end(struct rg_rulesproc *p);
/* Processor time it has used, in milliseconds; 0 when none runs or the system does not tell. */
uint64_t rg_rulesproc_cpu_ms(const struct rg_rulesproc *p);

#endif /* RG_MONITOR_RULESPROC_H */
