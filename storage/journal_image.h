/* The journal's format, over the bytes of a whole file in memory: encoding a record, walking a
 * file, telling a torn tail from damage, choosing the file that counts. No calls to the system.
 *
 * A record, little-endian, padded to 16 bytes:
 *   u32 magic | u8 type | 3 zero bytes | u32 payload length | u32 offset of this record in the file
 * | u32 batch | u32 number in the file | u64 generation | payload | zeros to 16 | checksum
 * @batch is the offset up to which the file was durable when the record was appended. The checksum
 * is keyed BLAKE2b, cut to 16 bytes, of all before it. Its key is the journal's salt, 32 random
 * bytes drawn at creation; the magic number is the salt's first four bytes. So a payload that
 * somebody else chose can never hold bytes that pass for a record when its own record is torn or
 * half overwritten.
 *
 * A file of generation g begins with BEGIN (fixed magic, key of zeros; payload: u32 format, u64
 * file size, salt), the checkpoint's records, END, and then what was appended since; odd
 * generations live in `a`, even ones in `b`. Where the first record does not verify, the walk ends.
 * If a valid record of this generation lies behind that hole and its batch is above the hole, then
 * the hole was durable once and is damage; otherwise both belong to the sync that was interrupted,
 * and all from the hole on is a torn tail. */
#ifndef RG_STORAGE_JOURNAL_IMAGE_H
#define RG_STORAGE_JOURNAL_IMAGE_H

#include "base/err.h"
#include "base/types.h"
#include "storage/journal.h"

#define RG_JOURNAL_IMAGE_FORMAT 1
#define RG_JOURNAL_IMAGE_ALIGN 16u
#define RG_JOURNAL_IMAGE_HEADER 32u
#define RG_JOURNAL_IMAGE_SUM 16u
#define RG_JOURNAL_IMAGE_BEGIN_PAYLOAD 44u

/* Types of the journal's own records. */
#define RG_JOURNAL_IMAGE_BEGIN 0xF1
#define RG_JOURNAL_IMAGE_END 0xF2
#define RG_JOURNAL_IMAGE_SEAL 0xF3

/* A record's header. */
struct rg_journal_head {
    uint64_t generation;
    uint32_t len; /* of the payload */
    uint32_t offset;
    uint32_t batch;
    uint32_t number;
    uint8_t type;
};

/* What was found in one file. */
struct rg_journal_image {
    uint64_t generation;        /* 0: BEGIN does not verify */
    uint64_t used;              /* end of the last record of the walk */
    uint64_t records;           /* the owner's records, checkpoint included */
    uint64_t newest_behind;     /* newest generation of valid records behind the end; 0: none */
    uint64_t orphan_generation; /* newest one of those that prove by their batch that it was no end,
                                   or that the file counted with a later generation; 0: none */
    struct rg_hash salt;        /* when generation is not 0 */
    uint32_t last_number;       /* number of the last record */
    bool complete;              /* END was met */
    bool remains;               /* a torn tail lies behind the end */
    bool version;               /* BEGIN names another format */
};

/* Bytes that a record with @len payload bytes takes. */
uint64_t rg_journal_image_cost(uint64_t len);
/* Write a record at @out, which has room for its cost: header from @h, payload from @count parts
 * that sum up to @h->len. @salt is NULL for BEGIN. */
void rg_journal_image_encode(const struct rg_hash *salt, const struct rg_journal_head *h,
                             const struct rg_bytes *parts, size_t count, uint8_t *out);
/* Write BEGIN of @generation for a file of @size bytes; returns its cost. */
uint64_t rg_journal_image_encode_begin(const struct rg_hash *salt, uint64_t generation,
                                       uint64_t size, uint8_t *out);
/* Check the record at @offset of @file: all fields, zero bytes and the checksum. @salt is NULL for
 * BEGIN. False: not a record that was written there; the outputs are then untouched. */
bool rg_journal_image_decode(const struct rg_hash *salt, struct rg_bytes file, uint64_t offset,
                             struct rg_journal_head *out, struct rg_bytes *out_payload);
/* Inspect the files `a` and `b` of one size. */
void rg_journal_image_inspect(struct rg_bytes a, struct rg_bytes b, struct rg_journal_image out[2]);
/* Tell @fn the owner's records of an inspected file, in order; hand on its first error. */
RG_CHECKED rg_err rg_journal_image_replay(struct rg_bytes file, const struct rg_journal_image *im,
                                          rg_journal_scan_fn fn, void *ctx);
/* Choose the file that counts, 0 for `a`, 1 for `b`, and fill @info but for `created`, also on
 * failure. Errors: RG_ERR_CORRUPT  see journal.h, @info says where; RG_ERR_VERSION. */
RG_CHECKED rg_err rg_journal_image_choose(const struct rg_journal_image images[2],
                                          struct rg_journal_info *info, int *out);

#endif /* RG_STORAGE_JOURNAL_IMAGE_H */
