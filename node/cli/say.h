/* What the command line tells people: errors and notes on stderr, colours only on a terminal that
 * wants them, a progress bar for longer work, the stop flag that SIGINT and SIGTERM set. */
#ifndef RG_CLI_SAY_H
#define RG_CLI_SAY_H

#include "base/types.h"
#include "client/session.h"
#include <signal.h>

/* Set by SIGINT and SIGTERM once rg_say_signals was called. */
extern volatile sig_atomic_t rg_say_stop;

/* Catch SIGINT and SIGTERM, ignore SIGPIPE. */
void rg_say_signals(void);
/* Prepare libreigen, and rg_say_signals. Returns 0 or the exit code, having said why. */
int rg_say_start(void);
/* Do not print notes and progress. */
void rg_say_be_quiet(bool quiet);
/* `reigen: ` and a sentence (what, where, what to do) to stderr. */
void rg_say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A sentence to stderr, unless quiet. */
void rg_say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Say why the session failed; returns the exit code. */
int rg_say_session(const struct rg_session *s);
/* The escape sequence for a colour on stdout (`red`, `yellow`, `green`, `bold`, `off`); "" when
 * stdout is no terminal, NO_COLOR is set or TERM is dumb. */
const char *rg_say_colour(const char *name);
/* Draw the bar `done of total` on stderr; only on a terminal, at most ten times a second, and not
 * in the first second. @what names the unit. */
void rg_say_progress(const char *what, uint64_t done, uint64_t total);
/* Wipe the bar. */
void rg_say_progress_end(void);
/* Print @len bytes of text to stdout with control characters shown as `?`. */
void rg_say_text(struct rg_bytes text);

#endif /* RG_CLI_SAY_H */
