/* All events that this agency may read, asked of its node page by page. */
#ifndef RG_CLI_HISTORY_H
#define RG_CLI_HISTORY_H

#include "client/session.h"
#include "node/cli/export.h"

/* Told of each event, case by case; what it gets is borrowed for the call. Returns 0, or the exit
 * code that ends the walk, said on stderr. */
typedef int (*rg_history_fn)(void *ctx, const struct rg_export_event *e);

/* Tell @fn all events up to @place->through, which is set when it begins, or all of those cases
 * that changed after @place->after. A node that has not followed what is final by then is waited
 * for, up to 10 s. Returns 0 or the exit code, said on stderr. */
int rg_history_walk(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                    void *ctx);
/* The same for who would try again: @out_err is then what became of the session, of which nothing
 * is said. Errors in it: as rg_session_call(); RG_ERR_CLOSED  the stop flag was set, and it may be
 * that not everything was told. Returns 0 or the exit code of @fn or of memory, said on stderr. */
int rg_history_try(struct rg_session *s, struct rg_session_place *place, rg_history_fn fn,
                   void *ctx, rg_err *out_err);

#endif /* RG_CLI_HISTORY_H */
