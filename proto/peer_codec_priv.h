/* Shared by the files of the peer codec. */
#ifndef RG_PROTO_PEER_CODEC_PRIV_H
#define RG_PROTO_PEER_CODEC_PRIV_H

#include "proto/peer_codec.h"
#include <protobuf-c/protobuf-c.h>

/* Read a signed status into @out. Errors: RG_ERR_INVALID  out of form; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_peer_codec__read_status(struct rg_arena *arena, ProtobufCBinaryData status,
                                             ProtobufCBinaryData signature,
                                             struct rg_peer_message *out);

#endif /* RG_PROTO_PEER_CODEC_PRIV_H */
