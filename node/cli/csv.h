/* CSV records (RFC 4180) from a plain or gzip file, under caps that hostile files cannot pass:
 * bytes of a record, columns, bytes after inflating, and how much longer these may be than the
 * file. Owner: one thread. Knows nothing of what the columns mean. */
#ifndef RG_CLI_CSV_H
#define RG_CLI_CSV_H

#include "base/err.h"
#include "base/types.h"
#include "crypto/hash.h"

#define RG_CSV_COLUMNS_MAX 128
#define RG_CSV_RECORD_MAX (64u * 1024)
#define RG_CSV_TOTAL_MAX (2048ull * 1024 * 1024)
#define RG_CSV_RATIO_MAX 250 /* inflated bytes a byte of the file, looked at from 16 MiB on */
#define RG_CSV_WHY_MAX 512

struct rg_csv;

struct rg_csv_record {
    uint64_t line; /* of its first byte, from 1 */
    size_t count;
    struct rg_bytes fields[RG_CSV_COLUMNS_MAX]; /* borrowed until the next record */
};

/* Open @path. Gives @out, freed with rg_csv_close. Errors: RG_ERR_NOT_FOUND; RG_ERR_DENIED;
 * RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_csv_open(const char *path, struct rg_csv **out);
/* Close; takes *@c_p and nulls it; NULL is fine. */
void rg_csv_close(struct rg_csv **c_p);
/* Read the next record; empty lines are skipped. Every byte read is added to @hash unless it is
 * NULL. Errors: RG_ERR_CLOSED  the end; RG_ERR_INVALID  malformed, truncated or over a cap (then
 * rg_csv_why has a sentence with the line); RG_ERR_IO  the file cannot be read. */
RG_CHECKED rg_err rg_csv_next(struct rg_csv *c, struct rg_hash_state *hash,
                              struct rg_csv_record *out);
/* What was wrong, with the line number. */
const char *rg_csv_why(const struct rg_csv *c);

#endif /* RG_CLI_CSV_H */
