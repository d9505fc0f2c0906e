/* The rules host without its process: a module, its open definition, and the handling of one
 * message. Used by reigen-rules and, in-process, by conformance and tests. One thread a host. */
#ifndef RG_RULES_HOST_H
#define RG_RULES_HOST_H

#include "rules/hostmsg.h"
#include "rules/reigen_rules.h"

struct rg_host;

/* A host for @module (borrowed; NULL stands for the bundled `soll`).
 * Errors: RG_ERR_NOMEM; RG_ERR_VERSION the module has another ABI version */
RG_CHECKED rg_err rg_host_create(const struct rg_rules_module *module, struct rg_host **out);
/* Close the definition and free; sets *@host to NULL, accepts NULL. */
void rg_host_destroy(struct rg_host **host);
/* Handle one whole message and write the whole answer into @out (replacing what it held). A message
 * that is not valid is answered with FAILED. Errors: RG_ERR_NOMEM  no answer could be written */
RG_CHECKED rg_err rg_host_handle(struct rg_host *host, struct rg_bytes msg,
                                 struct rg_hostmsg_buf *out);

#endif /* RG_RULES_HOST_H */
