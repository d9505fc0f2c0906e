/* The node's log: one line an event on stderr, `TIME LEVEL [ledger/node] text key=value ...`, or
 * one JSON object a line. systemd or the cluster command keeps it. A line is one write, so lines of
 * several threads never mix.
 *
 * Never give it payloads, keys, file numbers, step names or anything else that a case is known by.
 * Thread: any, after rg_log_open. */
#ifndef RG_NODE_LOG_H
#define RG_NODE_LOG_H

#include "base/err.h"
#include "base/types.h"

enum rg_log_level {
    RG_LOG_NONE,
    RG_LOG_DEBUG,
    RG_LOG_INFO,
    RG_LOG_WARNING,
    RG_LOG_ERROR
};

struct rg_log_field {
    const char *key;  /* [a-z_]+ */
    const char *text; /* NULL: the number counts */
    uint64_t number;
};

#define RG_LOG_TEXT(k, v)                                                                          \
    {                                                                                              \
        .key = (k), .text = (v)                                                                    \
    }
#define RG_LOG_NUMBER(k, v)                                                                        \
    {                                                                                              \
        .key = (k), .number = (v)                                                                  \
    }

/* Set the name shown in brackets, the form and the lowest level shown. Call before other threads
 * start; before it, lines are plain and the name is empty. @ledger and @node are copied. */
void rg_log_open(const char *ledger, const char *node, bool json, enum rg_log_level lowest);
/* Write one line with @count fields. Over-long lines are cut. Control characters are replaced. */
void rg_log_fields(enum rg_log_level level, const char *text, const struct rg_log_field *fields,
                   size_t count);
/* Write one line: rg_log(RG_LOG_INFO, "text", RG_LOG_NUMBER("height", h), RG_LOG_TEXT("x", y)); at
 * least one field; without fields use rg_log_text. */
#define rg_log(level, text_, ...)                                                                  \
    rg_log_fields((level), (text_), (const struct rg_log_field[]){__VA_ARGS__},                    \
                  sizeof((const struct rg_log_field[]){__VA_ARGS__}) /                             \
                      sizeof(struct rg_log_field))
/* Write one line without fields. */
void rg_log_text(enum rg_log_level level, const char *text);

/* A limit for lines that somebody outside can cause. Zeroed: fresh. One thread. */
struct rg_log_limit {
    uint64_t second;
    uint32_t told;
    uint32_t suppressed;
};
/* Whether one more line may be written at @mono_ms, at most @per_second in a second. Gives in
 * @out_suppressed how many were held back before it. */
bool rg_log_limit_allows(struct rg_log_limit *l, uint64_t mono_ms, uint32_t per_second,
                         uint64_t *out_suppressed);

#endif /* RG_NODE_LOG_H */
