/* What the rules host may do once its module is loaded: read and write its socket, use memory, end.
 * Part of the program reigen-rules. */
#ifndef RG_RULES_HOST_JAIL_H
#define RG_RULES_HOST_JAIL_H

#include <stdbool.h>

/* Before the module is loaded: give up all descriptors but 2 and @fd (0 and 1 become /dev/null),
 * core dumps, new rights, life after the parent, and priority. False when the system refuses. */
bool rg_host_jail_prepare(int fd);
/* After it: limits on memory, files and processes, and the list of allowed system calls; anything
 * else kills the process. False when the system refuses. */
bool rg_host_jail_enter(void);

#endif /* RG_RULES_HOST_JAIL_H */
