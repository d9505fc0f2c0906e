/* CSV records (RFC 4180), under caps that hostile files cannot pass: bytes of a record, columns.
 * Owner: one thread. Knows nothing of what the columns mean. */
#ifndef RG_CLI_CSV_H
#define RG_CLI_CSV_H

#include "base/err.h"
#include "base/types.h"
#include "node/cli/unpack.h"

#define RG_CSV_COLUMNS_MAX 128
#define RG_CSV_RECORD_MAX (64u * 1024)
#define RG_CSV_WHY_MAX 512

struct rg_csv;

struct rg_csv_record {
    uint64_t line;   /* of its first byte, from 1 */
    uint64_t column; /* of its first byte, from 1; 0: always the first */
    size_t count;
    struct rg_bytes fields[RG_CSV_COLUMNS_MAX]; /* borrowed until the next record */
};

/* Read records out of @file, which is borrowed. Gives @out, freed with rg_csv_destroy. Errors:
 * RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_csv_new(struct rg_unpack *file, struct rg_csv **out);
/* Free; takes *@c_p and nulls it; NULL is fine. */
void rg_csv_destroy(struct rg_csv **c_p);
/* Read the next record; a byte order mark and empty lines are skipped. Errors: RG_ERR_CLOSED  the
 * end; RG_ERR_INVALID  malformed or over a cap; those of rg_unpack_next. For all but CLOSED
 * rg_csv_why has a sentence with the line. */
RG_CHECKED rg_err rg_csv_next(struct rg_csv *c, struct rg_csv_record *out);
/* What was wrong, with the line number. */
const char *rg_csv_why(const struct rg_csv *c);

#endif /* RG_CLI_CSV_H */
