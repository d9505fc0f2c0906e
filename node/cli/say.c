#include "node/cli/say.h"
#include "node/cli/cli.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

volatile sig_atomic_t rg_say_stop;

static bool quiet;
static int64_t bar_start;
static int64_t bar_drawn;

static void on_signal(int number)
{
    (void)number;
    rg_say_stop = 1;
}

void rg_say_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};
    (void)sigemptyset(&sa.sa_mask);
    (void)sigaction(SIGINT, &sa, NULL);
    (void)sigaction(SIGTERM, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &sa, NULL);
}

int rg_say_start(void)
{
    if (rg_session_start() != RG_OK) {
        rg_say_error("the crypto or messaging library cannot start");
        return RG_CLI_INTERNAL;
    }
    rg_say_signals();
    return RG_CLI_OK;
}

void rg_say_be_quiet(bool q)
{
    quiet = q;
}

void rg_say_error(const char *format, ...)
{
    va_list ap;
    rg_say_progress_end();
    (void)fflush(stdout);
    (void)fputs("reigen: ", stderr);
    va_start(ap, format);
    (void)vfprintf(stderr, format, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

void rg_say_note(const char *format, ...)
{
    va_list ap;
    if (quiet) {
        return;
    }
    rg_say_progress_end();
    va_start(ap, format);
    (void)vfprintf(stderr, format, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    (void)fflush(stderr);
}

int rg_say_session(const struct rg_session *s)
{
    const uint32_t code = rg_session_code(s);
    rg_say_error("%s", rg_session_why(s));
    return code == 0 || code > 125 ? RG_CLI_INTERNAL : (int)code;
}

static bool wants_colour(FILE *f)
{
    const char *term = getenv("TERM");
    const char *no = getenv("NO_COLOR");
    return isatty(fileno(f)) != 0 && (no == NULL || no[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

const char *rg_say_colour(const char *name)
{
    static const char *const table[][2] = {
        {"red", "\033[31m"}, {"yellow", "\033[33m"}, {"green", "\033[32m"},
        {"bold", "\033[1m"}, {"off", "\033[0m"},
    };
    for (size_t i = 0; wants_colour(stdout) && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i][0], name) == 0) {
            return table[i][1];
        }
    }
    return "";
}

void rg_say_progress(const char *what, uint64_t done, uint64_t total)
{
    enum {
        WIDTH = 30
    };
    const int64_t now = rg_line_now();
    if (bar_start == 0) {
        bar_start = now;
    }
    if (quiet || isatty(STDERR_FILENO) == 0 || now - bar_start < 1000 || now - bar_drawn < 100) {
        return;
    }
    bar_drawn = now;
    const uint64_t cells = total == 0 ? 0 : (done > total ? total : done) * WIDTH / total;
    const uint64_t rate = done * 1000 / (uint64_t)(now - bar_start);
    char bar[WIDTH + 1];
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)cells);
    bar[WIDTH] = '\0';
    (void)fprintf(stderr, "\r[%s] %" PRIu64 "/%" PRIu64 " %s, %" PRIu64 "/s", bar, done, total,
                  what, rate);
    if (rate > 0 && total > done) {
        (void)fprintf(stderr, ", %" PRIu64 " s left", (total - done) / rate);
    }
    (void)fputs("\033[K", stderr);
    (void)fflush(stderr);
}

void rg_say_progress_end(void)
{
    if (bar_drawn != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        bar_drawn = 0;
    }
}

void rg_say_text(struct rg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        (void)fputc(c < 0x20 || c == 0x7f ? '?' : c, stdout);
    }
}
