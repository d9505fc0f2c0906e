/* Where an export goes: a new file of its own, packed when its name ends in .gz, or stdout. Errors
 * of writing latch and show at the end. Owner: one thread. */
#ifndef RG_CLI_EXPORTFILE_H
#define RG_CLI_EXPORTFILE_H

#include "base/err.h"
#include "base/types.h"

struct rg_exportfile;

/* Create the file @path (0600), or write to stdout when it is NULL. Gives @out, ended by
 * rg_exportfile_finish or rg_exportfile_discard. Errors: RG_ERR_EXISTS; RG_ERR_DENIED;
 * RG_ERR_NOT_FOUND its folder; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_exportfile_open(const char *path, struct rg_exportfile **out);
/* Write text. */
void rg_exportfile_text(struct rg_exportfile *f, const char *text);
void rg_exportfile_bytes(struct rg_exportfile *f, struct rg_bytes bytes);
void rg_exportfile_number(struct rg_exportfile *f, uint64_t number);
/* Write a time, RFC 3339 in UTC with milliseconds. */
void rg_exportfile_time(struct rg_exportfile *f, int64_t ms);
/* Write all that is under way and sync; takes *@f_p and nulls it. A file that could not be written
 * is removed. Errors: RG_ERR_DISK_FULL; RG_ERR_IO. */
RG_CHECKED rg_err rg_exportfile_finish(struct rg_exportfile **f_p);
/* End without a result: the file is removed. Takes *@f_p and nulls it; NULL is fine. */
void rg_exportfile_discard(struct rg_exportfile **f_p);

#endif /* RG_CLI_EXPORTFILE_H */
