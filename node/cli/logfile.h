/* An event log in a file, CSV or XES, plain or gzip, as rows under a process definition: one set of
 * rules for both. The columns of XES are named as CSV's are; docs/event-logs.md has the table.
 * Owner: one thread. */
#ifndef RG_CLI_LOGFILE_H
#define RG_CLI_LOGFILE_H

#include "node/cli/eventlog.h"
#include "node/cli/unpack.h"

enum rg_logfile_format {
    RG_LOGFILE_ANY, /* XES when the content begins with `<` or the name ends in .xes; else CSV */
    RG_LOGFILE_CSV,
    RG_LOGFILE_XES
};

struct rg_logfile;

/* What XES calls @column of ours; NULL: the same. */
const char *rg_logfile_xes_key(struct rg_bytes column);

/* Open @path and read its header, if it has one. @log (def, agency and ignore_others set) and @sums
 * (may be NULL, see unpack.h) are borrowed. Gives @out, freed with rg_logfile_close.
 * Errors: RG_ERR_NOT_FOUND, RG_ERR_DENIED, RG_ERR_IO, RG_ERR_NOMEM; RG_ERR_INVALID, RG_ERR_CORRUPT
 * as rg_logfile_next. After any of them @log->why has a sentence. */
RG_CHECKED rg_err rg_logfile_open(const char *path, enum rg_logfile_format format,
                                  struct rg_unpack_sums *sums, struct rg_eventlog *log,
                                  struct rg_logfile **out);
/* Close; takes *@f_p and nulls it; NULL is fine. */
void rg_logfile_close(struct rg_logfile **f_p);
/* Read the next row; it borrows until the next call. Errors: RG_ERR_CLOSED  the end;
 * RG_ERR_INVALID  malformed, over a cap, or not allowed by the definition; RG_ERR_CORRUPT  the
 * content is no longer that of the first reading; RG_ERR_IO; RG_ERR_NOMEM. For all but CLOSED
 * @log->why has a sentence. */
RG_CHECKED rg_err rg_logfile_next(struct rg_logfile *f, struct rg_eventlog_row *out);

#endif /* RG_CLI_LOGFILE_H */
