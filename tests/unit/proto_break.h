/* Take a full example apart with the generated code, change one field, put it together again and
 * see what the decoder says. */
#ifndef RG_UNIT_PROTO_BREAK_H
#define RG_UNIT_PROTO_BREAK_H

#include "proto_samples.h"

#include <protobuf-c/protobuf-c.h>

/* The example of @kind as protobuf-c's tree, in memory that lives until the next call. */
void *break_open(enum sample_codec codec, unsigned kind);
/* Encode that tree and decode it as @codec. Errors: those of the decoder. */
rg_err break_try(enum sample_codec codec);
/* Decode that tree under every amount of memory: refused for want of it until there is enough. */
void break_starve(enum sample_codec codec);
/* What break_try decoded. */
const union sample_out *break_out(void);
/* Unpack a message that stands as bytes inside the open tree, and its bytes again. */
void *break_inner(const ProtobufCMessageDescriptor *d, ProtobufCBinaryData bytes);
ProtobufCBinaryData break_pack(const void *message);
/* Zeroed memory in the open tree. */
void *break_take(size_t count, size_t size);
/* A range of @len bytes 'x'. */
ProtobufCBinaryData break_bytes(size_t len);
/* A string of @len characters 'x'. */
char *break_text(size_t len);
/* A list of @count ranges of @len bytes; a list of @count texts; of @count times @item. */
ProtobufCBinaryData *break_ranges(size_t count, size_t len);
char **break_texts(size_t count, size_t len);
void *break_repeat(size_t count, void *item);
/* A string that is not const, for fields of the tree. */
char *break_str(const char *s);
int break_start(void);
void break_stop(void);

/* One change to the example: the decoder must answer @want. */
#define BREAK(codec, kind, type, change, want)                                                     \
    do {                                                                                           \
        type *m = break_open((codec), (kind));                                                     \
        change;                                                                                    \
        assert_int_equal(break_try(codec), want);                                                  \
    } while (0)

#endif /* RG_UNIT_PROTO_BREAK_H */
