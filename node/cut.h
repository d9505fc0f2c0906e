/* cut.yaml beside node.yaml, in test networks only: the nodes that this one has no connection to,
 * as if a cable had been pulled. `reigen cluster isolate` writes it on both sides of each
 * connection and sends SIGHUP; a node that starts reads it too. With `cluster: false` it is never
 * looked at.
 *
 *   cut: [node2, node3]
 *
 * Thread: any. Reads one file; who cuts is node/bus/peers.h. */
#ifndef RG_NODE_CUT_H
#define RG_NODE_CUT_H

#include "node/config.h"

/* Read the file at @c->cut: sets in @out the places of the nodes named; none when there is no file,
 * or @c is of no test network. On failure @out is untouched and @err says what is wrong.
 * Errors: RG_ERR_INVALID, RG_ERR_FULL, RG_ERR_NOMEM, RG_ERR_DENIED, RG_ERR_IO  as rg_yaml_load;
 *         RG_ERR_INVALID  also a name that no other node of this ledger has. */
RG_CHECKED rg_err rg_cut_read(const struct rg_config *c, bool out[RG_AUTHORITIES_MAX],
                              char err[RG_YAML_ERROR_MAX]);

#endif /* RG_NODE_CUT_H */
