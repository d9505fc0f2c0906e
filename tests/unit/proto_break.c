#include "proto_break.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client.pb-c.h"
#include "ledger.pb-c.h"
#include "peer.pb-c.h"

#define ARENA_BYTES (32u << 20)

static struct rg_arena tree;
static struct rg_arena decoded;
static ProtobufCMessage *root;
static union sample_out out;

static void *take(void *arena, size_t len)
{
    return rg_arena_take(arena, len);
}

static void give(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = &tree};

static const ProtobufCMessageDescriptor *descriptor(enum sample_codec codec)
{
    static const ProtobufCMessageDescriptor *const list[SAMPLE_CODECS] = {
        [SAMPLE_PEER] = &reigen__peer__peer_message__descriptor,
        [SAMPLE_REQUEST] = &reigen__client__request__descriptor,
        [SAMPLE_ANSWER] = &reigen__client__answer__descriptor,
        [SAMPLE_EVENT] = &reigen__ledger__event__descriptor,
        [SAMPLE_BODY] = &reigen__ledger__case_body__descriptor,
        [SAMPLE_SUBMISSION] = &reigen__ledger__submission__descriptor,
        [SAMPLE_BLOCK] = &reigen__ledger__block__descriptor};
    return list[codec];
}

void *break_open(enum sample_codec codec, unsigned kind)
{
    struct rg_bytes bytes;
    rg_arena_reset(&tree);
    assert_int_equal(sample_encode(codec, kind, &tree, &bytes), RG_OK);
    root = protobuf_c_message_unpack(descriptor(codec), &allocator, bytes.len, bytes.data);
    assert_non_null(root);
    return root;
}

rg_err break_try(enum sample_codec codec)
{
    const ProtobufCBinaryData b = break_pack(root);
    rg_arena_reset(&decoded);
    return sample_decode(codec, &decoded, (struct rg_bytes){b.data, b.len}, &out);
}

void break_starve(enum sample_codec codec)
{
    const ProtobufCBinaryData b = break_pack(root);
    const size_t all = decoded.cap;
    rg_err err = RG_ERR_NOMEM;
    for (decoded.cap = 0; err != RG_OK; decoded.cap += 8) {
        assert_true(decoded.cap < all);
        rg_arena_reset(&decoded);
        err = sample_decode(codec, &decoded, (struct rg_bytes){b.data, b.len}, &out);
        assert_true(err == RG_OK || err == RG_ERR_NOMEM);
    }
    assert_true(decoded.cap > b.len);
    decoded.cap = all;
}

const union sample_out *break_out(void)
{
    return &out;
}

void *break_inner(const ProtobufCMessageDescriptor *d, ProtobufCBinaryData bytes)
{
    void *m = protobuf_c_message_unpack(d, &allocator, bytes.len, bytes.data);
    assert_non_null(m);
    return m;
}

ProtobufCBinaryData break_pack(const void *message)
{
    const size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = break_take(len + 1, 1);
    assert_int_equal(protobuf_c_message_pack(message, data), len);
    return (ProtobufCBinaryData){.len = len, .data = data};
}

void *break_take(size_t count, size_t size)
{
    void *p = rg_arena_take_array(&tree, count, size);
    assert_non_null(p);
    return p;
}

ProtobufCBinaryData break_bytes(size_t len)
{
    return (ProtobufCBinaryData){.len = len, .data = (uint8_t *)break_text(len)};
}

char *break_text(size_t len)
{
    char *s = break_take(len + 1, 1);
    memset(s, 'x', len);
    return s;
}

ProtobufCBinaryData *break_ranges(size_t count, size_t len)
{
    ProtobufCBinaryData *list = break_take(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = break_bytes(len);
    }
    return list;
}

char **break_texts(size_t count, size_t len)
{
    return break_repeat(count, break_text(len));
}

void *break_repeat(size_t count, void *item)
{
    void **list = break_take(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = item;
    }
    return list;
}

char *break_str(const char *s)
{
    char *copy = break_text(strlen(s));
    memcpy(copy, s, strlen(s));
    return copy;
}

int break_start(void)
{
    return rg_arena_init(&tree, ARENA_BYTES) == RG_OK &&
                   rg_arena_init(&decoded, ARENA_BYTES) == RG_OK
               ? 0
               : 1;
}

void break_stop(void)
{
    rg_arena_fini(&tree);
    rg_arena_fini(&decoded);
}
