/* All events that this agency may read, asked of its node page by page. */
#ifndef RG_CLI_HISTORY_H
#define RG_CLI_HISTORY_H

#include "client/session.h"
#include "node/cli/export.h"

/* Told of each event, case by case; what it gets is borrowed for the call. Returns 0, or the exit
 * code that ends the walk, said on stderr. */
typedef int (*rg_history_fn)(void *ctx, const struct rg_export_event *e);

/* Wait until the node has judged what is final now, since opening and judging follow finality a
 * moment later; at most 10 s, then a note says what may be missing. Returns 0 or the exit code,
 * said on stderr. */
int rg_history_settle(struct rg_session *s);
/* Tell @fn all events up to @place->through, which is set when it begins at zeros. Returns 0 or the
 * exit code, said on stderr. */
int rg_history_walk(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                    void *ctx);

#endif /* RG_CLI_HISTORY_H */
