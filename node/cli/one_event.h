/* Recording one event by hand: what `submit`, `correct`, `cancel` and `ack` share. Each says on
 * stderr what is wrong and returns an exit code. */
#ifndef RG_CLI_ONE_EVENT_H
#define RG_CLI_ONE_EVENT_H

#include "node/cli/cli.h"
#include "node/cli/profile.h"
#include "proto/ledger_codec.h"

/* The wall clock. */
int64_t rg_one_event_now(void);
/* Read every --field into @e: over the value that a field of this name has there, or behind.
 * Borrows from @cli. */
int rg_one_event_fields(const struct rg_cli *cli, struct rg_event *e);
/* Judge @e by the node's definition before anything is sent. */
int rg_one_event_check(const struct rg_profile *p, struct rg_session *s, const struct rg_event *e);
/* Hand in @e for --case, or without a file number where there is no such option, as number 1 of
 * @stream; @link: see `submit --link`, or NULL. Print what came of it; what was handed in before is
 * an error, unless it acknowledges an alert. */
int rg_one_event_send(const struct rg_cli *cli, struct rg_session *s, const struct rg_event *e,
                      const struct rg_id *stream, const struct rg_id *link);

#endif /* RG_CLI_ONE_EVENT_H */
