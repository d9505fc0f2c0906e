/* Reader and writer over caller memory, for fixed binary layouts (journal, stored values, host
 * protocol, hash preimages). Integers are little-endian. Errors latch: after the first short read
 * or overflow all reads give zeros and all writes do nothing; look once, at the end. */
#ifndef RG_BASE_BYTES_H
#define RG_BASE_BYTES_H

#include "base/types.h"

struct rg_reader {
    const uint8_t *data;
    size_t len;
    size_t pos;
    bool failed;
};

struct rg_writer {
    uint8_t *data;
    size_t cap;
    size_t len;
    bool failed;
};

/* Start reading @bytes; borrows them until the last call. */
struct rg_reader rg_bytes_reader(struct rg_bytes bytes);
/* Read an unsigned integer of 1, 2, 4 or 8 bytes; 0 after a failure. */
uint8_t rg_bytes_get_u8(struct rg_reader *r);
uint16_t rg_bytes_get_u16(struct rg_reader *r);
uint32_t rg_bytes_get_u32(struct rg_reader *r);
uint64_t rg_bytes_get_u64(struct rg_reader *r);
/* Copy @len bytes to @out; zeros after a failure. */
void rg_bytes_get(struct rg_reader *r, uint8_t *out, size_t len);
/* Return a range of @len bytes inside the reader's data; empty after a failure. */
struct rg_bytes rg_bytes_get_range(struct rg_reader *r, size_t len);
/* Read a u32 length of at most @max and return that range; empty after a failure. */
struct rg_bytes rg_bytes_get_sized(struct rg_reader *r, size_t max);
/* How many bytes are left; 0 after a failure. */
size_t rg_bytes_left(const struct rg_reader *r);
/* Whether all was read and nothing failed. */
bool rg_bytes_done(const struct rg_reader *r);

/* Start writing into @cap bytes at @data; borrows them until the last call. */
struct rg_writer rg_bytes_writer(uint8_t *data, size_t cap);
/* Write an unsigned integer of 1, 2, 4 or 8 bytes. */
void rg_bytes_put_u8(struct rg_writer *w, uint8_t v);
void rg_bytes_put_u16(struct rg_writer *w, uint16_t v);
void rg_bytes_put_u32(struct rg_writer *w, uint32_t v);
void rg_bytes_put_u64(struct rg_writer *w, uint64_t v);
/* Write @len bytes. */
void rg_bytes_put(struct rg_writer *w, const uint8_t *data, size_t len);
/* Write a u32 length, then the bytes. */
void rg_bytes_put_sized(struct rg_writer *w, struct rg_bytes b);

/* Big-endian u64, for keys whose byte order must be the number's order. */
void rg_bytes_u64_be(uint8_t out[8], uint64_t v);
uint64_t rg_bytes_from_u64_be(const uint8_t in[8]);

/* The bytes of a C string without its NUL. */
struct rg_bytes rg_bytes_str(const char *s);
/* Whether two ranges hold the same bytes. Not for secrets. */
bool rg_bytes_eq(struct rg_bytes a, struct rg_bytes b);

#endif /* RG_BASE_BYTES_H */
