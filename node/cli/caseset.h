/* Counts different file numbers, by 64 bits of their hash: for a figure in a summary, not a
 * decision. */
#ifndef RG_CLI_CASESET_H
#define RG_CLI_CASESET_H

#include "base/err.h"
#include "base/types.h"

struct rg_caseset {
    uint64_t *slots; /* open addressing; 0 is empty */
    size_t cap;
    size_t count;
};

/* Add one. Errors: RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_caseset_add(struct rg_caseset *set, struct rg_bytes file_number);
/* Free the memory. */
void rg_caseset_fini(struct rg_caseset *set);

#endif /* RG_CLI_CASESET_H */
