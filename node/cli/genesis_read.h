/* The description of a genesis in YAML, as agencies agree on it from their public parts. */
#ifndef RG_CLI_GENESIS_READ_H
#define RG_CLI_GENESIS_READ_H

#include "ledger/genesis.h"

/* Read the description at @path into @out (large: keep it on the heap). Returns 0 or the exit code,
 * said on stderr with line and column. */
int rg_genesis_read(const char *path, struct rg_genesis *out);
/* The role's name in the description for one bit of RG_ROLE_ALL; NULL for no such bit. */
const char *rg_genesis_read_role(uint32_t bit);

#endif /* RG_CLI_GENESIS_READ_H */
