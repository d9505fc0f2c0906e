/* Genesis to bytes and back (ledger.proto). */
#ifndef RG_PROTO_GENESIS_CODEC_H
#define RG_PROTO_GENESIS_CODEC_H

#include "base/arena.h"
#include "ledger/genesis.h"

/* Encode @g (all but ledger_id) into @arena and give bytes and the ledger's id.
 * Errors: RG_ERR_NOMEM; RG_ERR_INVALID  over RG_GENESIS_MAX or rg_genesis_check fails. */
RG_CHECKED rg_err rg_genesis_codec_encode(struct rg_arena *arena, const struct rg_genesis *g,
                                          struct rg_hash *out_id, struct rg_bytes *out);
/* Decode and check. Gives @out by copy (it is large: keep it on the heap), with ledger_id.
 * @out_why: a static sentence when it fails.
 * Errors: RG_ERR_INVALID; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_genesis_codec_decode(struct rg_bytes bytes, struct rg_genesis *out,
                                          const char **out_why);

#endif /* RG_PROTO_GENESIS_CODEC_H */
