/* A plain or gzip file as chunks of its content, under caps that hostile files cannot pass: bytes
 * after inflating, and how much longer these may be than the file. A second reading of the file can
 * be held against the first. Owner: one thread. */
#ifndef RG_CLI_UNPACK_H
#define RG_CLI_UNPACK_H

#include "base/err.h"
#include "base/types.h"
#include "crypto/hash.h"

#define RG_UNPACK_CHUNK (64u * 1024)
#define RG_UNPACK_TOTAL_MAX (2048ull * 1024 * 1024)
#define RG_UNPACK_RATIO_MAX 250 /* inflated bytes a byte of the file, looked at from 16 MiB on */
#define RG_UNPACK_WHY_MAX 384

struct rg_unpack;

/* What a first reading saw. Start with zeros, free with rg_unpack_sums_fini. */
struct rg_unpack_sums {
    struct rg_hash *sum; /* of each chunk */
    size_t count;
    size_t cap;
    bool whole;                  /* the first reading reached the end: from now on compare */
    struct rg_hash_state *total; /* the first reading adds every chunk; may be NULL */
};

/* Free the memory; zeros are fine. */
void rg_unpack_sums_fini(struct rg_unpack_sums *sums);

/* Open @path. @sums (borrowed, may be NULL) is filled by the first reading; a reading with sums
 * that are whole compares each chunk before it gives it. Gives @out, freed with rg_unpack_close.
 * Errors: RG_ERR_NOT_FOUND; RG_ERR_DENIED; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_unpack_open(const char *path, struct rg_unpack_sums *sums,
                                 struct rg_unpack **out);
/* Close; takes *@u_p and nulls it; NULL is fine. */
void rg_unpack_close(struct rg_unpack **u_p);
/* Give the next chunk, 1 to RG_UNPACK_CHUNK bytes, borrowed until the next call.
 * Errors: RG_ERR_CLOSED  the end; RG_ERR_INVALID  the gzip data is broken or a cap is passed (then
 * rg_unpack_why has a sentence); RG_ERR_CORRUPT  the content is no longer that of the first
 * reading; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_unpack_next(struct rg_unpack *u, struct rg_bytes *out);
/* Give the first chunk and keep it for rg_unpack_next. Only before that. Errors: the same. */
RG_CHECKED rg_err rg_unpack_peek(struct rg_unpack *u, struct rg_bytes *out);
/* What was wrong. */
const char *rg_unpack_why(const struct rg_unpack *u);

#endif /* RG_CLI_UNPACK_H */
