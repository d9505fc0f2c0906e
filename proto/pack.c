#include "proto/pack.h"

static void *take(void *arena, size_t len)
{
    return rg_arena_take(arena, len);
}

static void give(void *arena, void *pointer)
{
    (void)arena; /* the whole arena is reset at once */
    (void)pointer;
}

/* Sub-messages of @m's field @f: their count, and the first place of the pointer list. */
static size_t children(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
                       ProtobufCMessage *const **out)
{
    const uint8_t *base = (const uint8_t *)m;
    uint32_t which = 0;
    if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        return 0;
    }
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = 0;
        memcpy(&count, base + f->quantifier_offset, sizeof count);
        memcpy(out, base + f->offset, sizeof *out);
        return count;
    }
    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&which, base + f->quantifier_offset, sizeof which);
        if (which != f->id) {
            return 0;
        }
    }
    *out = (ProtobufCMessage *const *)(const void *)(base + f->offset);
    return **out != NULL ? 1 : 0;
}

/* Whether no message in the tree has fields that its schema does not know: re-encoding would keep
 * them. A walk with a stack of its own; the schemas nest at most four deep. */
static bool all_known(const ProtobufCMessage *root)
{
    struct {
        const ProtobufCMessage *m;
        unsigned field;
        size_t item;
    } at[8] = {{.m = root}};
    size_t depth = 1;
    while (depth > 0) {
        const ProtobufCMessage *m = at[depth - 1].m;
        ProtobufCMessage *const *list = NULL;
        if (m->n_unknown_fields != 0) {
            return false;
        }
        if (at[depth - 1].field == m->descriptor->n_fields) {
            depth--;
            continue;
        }
        const size_t count = children(m, &m->descriptor->fields[at[depth - 1].field], &list);
        if (at[depth - 1].item < count && depth < sizeof at / sizeof *at) {
            const ProtobufCMessage *child = list[at[depth - 1].item];
            at[depth - 1].item++;
            at[depth].m = child;
            at[depth].field = 0;
            at[depth].item = 0;
            depth++;
        } else {
            at[depth - 1].field++;
            at[depth - 1].item = 0;
        }
    }
    return true;
}

rg_err rg_pack_decode(struct rg_arena *arena, const ProtobufCMessageDescriptor *descriptor,
                      struct rg_bytes bytes, size_t max, const ProtobufCMessage **out)
{
    ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = arena};
    if (bytes.len > max) {
        return RG_ERR_INVALID;
    }
    ProtobufCMessage *m = protobuf_c_message_unpack(descriptor, &allocator, bytes.len, bytes.data);
    if (m == NULL) {
        return arena->failed ? RG_ERR_NOMEM : RG_ERR_INVALID;
    }
    if (!all_known(m) || protobuf_c_message_get_packed_size(m) != bytes.len) {
        return RG_ERR_INVALID;
    }
    const size_t mark = arena->used;
    uint8_t *again = rg_arena_take(arena, bytes.len);
    if (again == NULL) {
        return RG_ERR_NOMEM;
    }
    (void)protobuf_c_message_pack(m, again);
    if (bytes.len > 0 && memcmp(again, bytes.data, bytes.len) != 0) {
        return RG_ERR_INVALID;
    }
    arena->used = mark; /* the second encoding is not needed any more */
    *out = m;
    return RG_OK;
}

rg_err rg_pack_encode(struct rg_arena *arena, const ProtobufCMessage *message, size_t max,
                      struct rg_bytes *out)
{
    const size_t len = protobuf_c_message_get_packed_size(message);
    if (len > max) {
        return RG_ERR_INVALID;
    }
    uint8_t *data = rg_arena_take(arena, len);
    if (data == NULL) {
        return RG_ERR_NOMEM;
    }
    (void)protobuf_c_message_pack(message, data);
    *out = (struct rg_bytes){.data = data, .len = len};
    return RG_OK;
}

ProtobufCBinaryData rg_pack_from(struct rg_bytes b)
{
    /* protobuf-c's type is not const, but packing only reads. */
    union {
        const uint8_t *in;
        uint8_t *out;
    } u = {.in = b.data};
    return (ProtobufCBinaryData){.len = b.len, .data = u.out};
}

struct rg_bytes rg_pack_to(ProtobufCBinaryData b)
{
    return (struct rg_bytes){.data = b.data, .len = b.len};
}

bool rg_pack_fixed(ProtobufCBinaryData b, uint8_t *out, size_t len)
{
    if (b.len != len) {
        return false;
    }
    memcpy(out, b.data, len);
    return true;
}

bool rg_pack_optional(ProtobufCBinaryData b, uint8_t *out, size_t len, bool *out_present)
{
    *out_present = b.len != 0;
    return b.len == 0 || rg_pack_fixed(b, out, len);
}

/* Length of the well-formed UTF-8 sequence at @s with @left bytes (RFC 3629), or 0. */
static size_t sequence_len(const uint8_t *s, size_t left)
{
    const uint8_t c = s[0];
    const size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 4;
    if (len == 4 && (c < 0xf0 || c > 0xf4)) {
        return 0;
    }
    if (len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (c == 0xe0 && s[1] < 0xa0) || (c == 0xf0 && s[1] < 0x90);
    const bool outside = (c == 0xed && s[1] >= 0xa0) || (c == 0xf4 && s[1] >= 0x90);
    return overlong || outside ? 0 : len;
}

static bool text(const char *s, size_t max, bool lines, struct rg_bytes *out)
{
    const size_t len = strlen(s);
    const uint8_t *b = (const uint8_t *)s;
    if (len > max) {
        return false;
    }
    for (size_t i = 0; i < len;) {
        const size_t step = sequence_len(b + i, len - i);
        const bool control = step == 1 && (b[i] < 0x20 || b[i] == 0x7f);
        if (step == 0 || (control && !(lines && b[i] == '\n'))) {
            return false;
        }
        i += step;
    }
    *out = (struct rg_bytes){.data = b, .len = len};
    return true;
}

bool rg_pack_text(const char *s, size_t max, struct rg_bytes *out)
{
    return text(s, max, false, out);
}

bool rg_pack_lines(const char *s, size_t max, struct rg_bytes *out)
{
    return text(s, max, true, out);
}

char *rg_pack_string(struct rg_arena *arena, struct rg_bytes b)
{
    char *s = rg_arena_take(arena, b.len + 1);
    if (s == NULL) {
        return NULL;
    }
    if (b.len > 0) {
        memcpy(s, b.data, b.len);
    }
    s[b.len] = '\0';
    return s;
}
