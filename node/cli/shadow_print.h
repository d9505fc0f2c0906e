/* What a shadow found, for people or as one JSON object a line: docs/process-definitions.md says
 * how it looks. */
#ifndef RG_CLI_SHADOW_PRINT_H
#define RG_CLI_SHADOW_PRINT_H

#include "node/cli/shadow.h"

/* The differences and the summary of a whole history. Returns 0 or the exit code, said on stderr;
 * 74  stdout cannot be written. */
int rg_shadow_print_all(const struct rg_shadow_version v[static RG_SHADOW_SIDES],
                        const struct rg_shadow_result *x, bool json);
/* What has become of a history that goes on, each line flushed; a difference that is no more is
 * told as that. Returns as rg_shadow_print_all(). */
int rg_shadow_print_news(const struct rg_shadow_result *x, bool json);

#endif /* RG_CLI_SHADOW_PRINT_H */
