#include "base/bytes.h"

struct rg_reader rg_bytes_reader(struct rg_bytes bytes)
{
    return (struct rg_reader){.data = bytes.data, .len = bytes.len};
}

struct rg_bytes rg_bytes_get_range(struct rg_reader *r, size_t len)
{
    if (r->failed || len > r->len - r->pos) {
        r->failed = true;
        return (struct rg_bytes){0};
    }
    const struct rg_bytes out = {.data = len > 0 ? r->data + r->pos : NULL, .len = len};
    r->pos += len;
    return out;
}

static uint64_t get_int(struct rg_reader *r, size_t len)
{
    const struct rg_bytes b = rg_bytes_get_range(r, len);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++) {
        v |= (uint64_t)b.data[i] << (8 * i);
    }
    return v;
}

uint8_t rg_bytes_get_u8(struct rg_reader *r)
{
    return (uint8_t)get_int(r, 1);
}

uint16_t rg_bytes_get_u16(struct rg_reader *r)
{
    return (uint16_t)get_int(r, 2);
}

uint32_t rg_bytes_get_u32(struct rg_reader *r)
{
    return (uint32_t)get_int(r, 4);
}

uint64_t rg_bytes_get_u64(struct rg_reader *r)
{
    return get_int(r, 8);
}

void rg_bytes_get(struct rg_reader *r, uint8_t *out, size_t len)
{
    const struct rg_bytes b = rg_bytes_get_range(r, len);
    if (b.len == len && len > 0) {
        memcpy(out, b.data, len);
    } else if (len > 0) {
        memset(out, 0, len);
    }
}

struct rg_bytes rg_bytes_get_sized(struct rg_reader *r, size_t max)
{
    const size_t len = rg_bytes_get_u32(r);
    if (len > max) {
        r->failed = true;
    }
    return rg_bytes_get_range(r, len);
}

size_t rg_bytes_left(const struct rg_reader *r)
{
    return r->failed ? 0 : r->len - r->pos;
}

bool rg_bytes_done(const struct rg_reader *r)
{
    return !r->failed && r->pos == r->len;
}

struct rg_writer rg_bytes_writer(uint8_t *data, size_t cap)
{
    return (struct rg_writer){.data = data, .cap = cap};
}

void rg_bytes_put(struct rg_writer *w, const uint8_t *data, size_t len)
{
    if (w->failed || len > w->cap - w->len) {
        w->failed = true;
        return;
    }
    if (len > 0) {
        memcpy(w->data + w->len, data, len);
    }
    w->len += len;
}

static void put_int(struct rg_writer *w, uint64_t v, size_t len)
{
    uint8_t b[8];
    for (size_t i = 0; i < len; i++) {
        b[i] = (uint8_t)(v >> (8 * i));
    }
    rg_bytes_put(w, b, len);
}

void rg_bytes_put_u8(struct rg_writer *w, uint8_t v)
{
    put_int(w, v, 1);
}

void rg_bytes_put_u16(struct rg_writer *w, uint16_t v)
{
    put_int(w, v, 2);
}

void rg_bytes_put_u32(struct rg_writer *w, uint32_t v)
{
    put_int(w, v, 4);
}

void rg_bytes_put_u64(struct rg_writer *w, uint64_t v)
{
    put_int(w, v, 8);
}

void rg_bytes_put_sized(struct rg_writer *w, struct rg_bytes b)
{
    if (b.len > UINT32_MAX) {
        w->failed = true;
        return;
    }
    rg_bytes_put_u32(w, (uint32_t)b.len);
    rg_bytes_put(w, b.data, b.len);
}

void rg_bytes_u64_be(uint8_t out[8], uint64_t v)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(v >> (8 * (7 - i)));
    }
}

uint64_t rg_bytes_from_u64_be(const uint8_t in[8])
{
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++) {
        v = (v << 8) | in[i];
    }
    return v;
}

struct rg_bytes rg_bytes_str(const char *s)
{
    return (struct rg_bytes){.data = (const uint8_t *)s, .len = strlen(s)};
}

bool rg_bytes_eq(struct rg_bytes a, struct rg_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
