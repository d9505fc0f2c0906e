/* What all codecs share: protobuf-c under a capped arena, the canonical check, form of common
 * fields. Private to proto/. */
#ifndef RG_PROTO_PACK_H
#define RG_PROTO_PACK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/types.h"
#include <protobuf-c/protobuf-c.h>

/* Unpack @bytes as @descriptor into @arena and make sure that it encodes to the same bytes again:
 * no unknown fields, no over-long numbers, no repeated single fields, no other order. Errors:
 * RG_ERR_INVALID  over @max, malformed or not canonical; RG_ERR_NOMEM  over the arena. */
RG_CHECKED rg_err rg_pack_decode(struct rg_arena *arena,
                                 const ProtobufCMessageDescriptor *descriptor,
                                 struct rg_bytes bytes, size_t max, const ProtobufCMessage **out);
/* Pack @message into @arena. Errors: RG_ERR_INVALID  over @max; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_pack_encode(struct rg_arena *arena, const ProtobufCMessage *message,
                                 size_t max, struct rg_bytes *out);
/* A protobuf view of bytes, for encoding. */
ProtobufCBinaryData rg_pack_from(struct rg_bytes b);
/* The bytes of a protobuf field. */
struct rg_bytes rg_pack_to(ProtobufCBinaryData b);
/* Copy a field that must have exactly @len bytes; false when it has not. */
bool rg_pack_fixed(ProtobufCBinaryData b, uint8_t *out, size_t len);
/* Copy a field of @len bytes or none; @out_present says which; false on any other length. */
bool rg_pack_optional(ProtobufCBinaryData b, uint8_t *out, size_t len, bool *out_present);
/* A string field as bytes: valid UTF-8 without control characters, at most @max bytes; false if
 * not. */
bool rg_pack_text(const char *s, size_t max, struct rg_bytes *out);
/* As rg_pack_text, but line feeds are allowed: an error with the line it points at. */
bool rg_pack_lines(const char *s, size_t max, struct rg_bytes *out);
/* Copy bytes into the arena with a NUL behind them, for encoding a string field; NULL: arena full.
 */
char *rg_pack_string(struct rg_arena *arena, struct rg_bytes b);

#endif /* RG_PROTO_PACK_H */
