#include "node/log.h"
#include "base/time.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
    char name[2 * 64 + 4];
    char ledger[65];
    char node[65];
    bool json;
    enum rg_log_level lowest;
} log_state = {.lowest = RG_LOG_INFO};

/* A line under way; what does not fit is cut, with room left for the end. */
struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

#define LINE_ROOM (LINE_MAX_BYTES - 8)

static void put_char(struct line *l, char c)
{
    if (l->len < LINE_ROOM) {
        l->text[l->len++] = c;
    }
}

static void put(struct line *l, const char *s)
{
    for (; *s != '\0'; s++) {
        put_char(l, *s);
    }
}

/* Text from elsewhere: control characters, quotes and backslashes must not change the line's form.
 */
static void put_quoted(struct line *l, const char *s)
{
    put_char(l, '"');
    for (; *s != '\0' && l->len + 2 < LINE_ROOM; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            put_char(l, '\\');
            put_char(l, *s);
        } else {
            put_char(l, c < 0x20 || c == 0x7f ? '?' : *s);
        }
    }
    l->len += l->len < LINE_MAX_BYTES - 1 ? 1 : 0;
    l->text[l->len - 1] = '"';
}

static void put_number(struct line *l, uint64_t n)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    put(l, digits);
}

/* Whether a value can stand without quotes. */
static bool is_word(const char *s)
{
    if (*s == '\0') {
        return false;
    }
    for (; *s != '\0'; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
            return false;
        }
    }
    return true;
}

static const char *level_text(enum rg_log_level level)
{
    switch (level) {
    case RG_LOG_DEBUG:
        return "debug";
    case RG_LOG_INFO:
        return "info";
    case RG_LOG_WARNING:
        return "warning";
    case RG_LOG_ERROR:
    case RG_LOG_NONE:
        break;
    }
    return "error";
}

void rg_log_open(const char *ledger, const char *node, bool json, enum rg_log_level lowest)
{
    (void)snprintf(log_state.ledger, sizeof log_state.ledger, "%s", ledger);
    (void)snprintf(log_state.node, sizeof log_state.node, "%s", node);
    (void)snprintf(log_state.name, sizeof log_state.name, "[%s/%s]", log_state.ledger,
                   log_state.node);
    log_state.json = json;
    log_state.lowest = lowest;
}

static void now_text(char out[RG_TIME_TEXT_MAX])
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    rg_time_format((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, out);
}

static void build_plain(struct line *l, enum rg_log_level level, const char *text,
                        const struct rg_log_field *fields, size_t count)
{
    char when[RG_TIME_TEXT_MAX];
    now_text(when);
    put(l, when);
    put_char(l, ' ');
    put(l, level_text(level));
    put_char(l, ' ');
    if (log_state.name[0] != '\0') {
        put(l, log_state.name);
        put_char(l, ' ');
    }
    for (; *text != '\0'; text++) {
        put_char(l, (unsigned char)*text < 0x20 ? ' ' : *text);
    }
    for (size_t i = 0; i < count; i++) {
        put_char(l, ' ');
        put(l, fields[i].key);
        put_char(l, '=');
        if (fields[i].text == NULL) {
            put_number(l, fields[i].number);
        } else if (is_word(fields[i].text)) {
            put(l, fields[i].text);
        } else {
            put_quoted(l, fields[i].text);
        }
    }
}

static void put_pair(struct line *l, const char *key, const char *value)
{
    put_quoted(l, key);
    put_char(l, ':');
    put_quoted(l, value);
}

/* The object must stay whole: a field that would not fit is left out. */
static void build_json(struct line *l, enum rg_log_level level, const char *text,
                       const struct rg_log_field *fields, size_t count)
{
    char when[RG_TIME_TEXT_MAX];
    now_text(when);
    put_char(l, '{');
    put_pair(l, "time", when);
    put_char(l, ',');
    put_pair(l, "level", level_text(level));
    put_char(l, ',');
    put_pair(l, "ledger", log_state.ledger);
    put_char(l, ',');
    put_pair(l, "node", log_state.node);
    put_char(l, ',');
    put_pair(l, "text", text);
    for (size_t i = 0; i < count; i++) {
        const size_t value = fields[i].text != NULL ? 2 * strlen(fields[i].text) : 20;
        if (l->len + strlen(fields[i].key) + value + 8 > LINE_ROOM) {
            continue;
        }
        put_char(l, ',');
        put_quoted(l, fields[i].key);
        put_char(l, ':');
        if (fields[i].text != NULL) {
            put_quoted(l, fields[i].text);
        } else {
            put_number(l, fields[i].number);
        }
    }
    l->text[l->len++] = '}';
}

void rg_log_fields(enum rg_log_level level, const char *text, const struct rg_log_field *fields,
                   size_t count)
{
    if (level < log_state.lowest) {
        return;
    }
    struct line l = {.len = 0};
    if (log_state.json) {
        build_json(&l, level, text, fields, count);
    } else {
        build_plain(&l, level, text, fields, count);
    }
    l.text[l.len++] = '\n';
    const ssize_t put_bytes = write(STDERR_FILENO, l.text, l.len);
    (void)put_bytes; /* where should a failure of the log be told? */
}

void rg_log_text(enum rg_log_level level, const char *text)
{
    rg_log_fields(level, text, NULL, 0);
}

bool rg_log_limit_allows(struct rg_log_limit *l, uint64_t mono_ms, uint32_t per_second,
                         uint64_t *out_suppressed)
{
    if (mono_ms / 1000 != l->second) {
        l->second = mono_ms / 1000;
        l->told = 0;
    }
    if (l->told >= per_second) {
        l->suppressed++;
        return false;
    }
    l->told++;
    *out_suppressed = l->suppressed;
    l->suppressed = 0;
    return true;
}
