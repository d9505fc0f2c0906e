/* Small files as a whole, and paths. */
#ifndef RG_CLI_FILE_H
#define RG_CLI_FILE_H

#include "base/err.h"
#include "base/types.h"
#include "node/cli/cli.h"
#include <sys/types.h>

/* Read the whole file @path, at most @max bytes, into malloc'ed memory with a final NUL.
 * Errors: RG_ERR_NOT_FOUND; RG_ERR_DENIED; RG_ERR_FULL  it is larger; RG_ERR_IO; RG_ERR_NOMEM. */
RG_CHECKED rg_err rg_file_read(const char *path, size_t max, uint8_t **out, size_t *out_len);
/* Write a new file with @mode. Errors: RG_ERR_EXISTS; RG_ERR_DENIED; RG_ERR_IO. */
RG_CHECKED rg_err rg_file_create(const char *path, struct rg_bytes content, mode_t mode);
/* Write a file, replacing what is there at once (a new file, then rename). Errors: RG_ERR_IO. */
RG_CHECKED rg_err rg_file_replace(const char *path, struct rg_bytes content, mode_t mode);
/* Join @dir and @name. Errors: RG_ERR_FULL  longer than a path may be. */
RG_CHECKED rg_err rg_file_join(const char *dir, const char *name, char out[RG_CLI_PATH_MAX]);

#endif /* RG_CLI_FILE_H */
