/* libreigen: everything a member's program needs to talk to its own agency's node.
 *
 *   session.h   one authenticated connection: ask for status, cases, alerts, conformance,
 * definition pipeline.h  record events, many requests under way, resumed by itself after any loss
 *   watch.h     alerts as they come, exactly once by position in the alert log
 *
 * A session, and what was made from it, belongs to one thread. The library reads no file but what
 * it is given, writes none, logs nothing and never ends the process. Call rg_session_start once
 * before anything else. */
#ifndef RG_CLIENT_REIGEN_H
#define RG_CLIENT_REIGEN_H

#include "client/pipeline.h"
#include "client/session.h"
#include "client/watch.h"

#endif /* RG_CLIENT_REIGEN_H */
