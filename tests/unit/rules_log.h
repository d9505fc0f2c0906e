/* Test helpers: an event log in memory, read from CSV (plain or .gz), and its judgement by an
 * in-process rules host through real messages. */
#ifndef RG_TESTS_RULES_LOG_H
#define RG_TESTS_RULES_LOG_H

#include "rules/host.h"

#define LOG_COLUMNS 16

struct log_event {
    int64_t time_ms;
    const char *step;
    const char *cells[LOG_COLUMNS]; /* by column of the header; "" when missing */
};

struct log_case {
    const char *id;
    struct log_event *events;
    size_t count;
    size_t cap;
};

struct log {
    char *text; /* owns all strings */
    const char *header[LOG_COLUMNS];
    size_t columns;
    struct log_case *cases; /* in the order of their first row */
    size_t count;
    size_t cap;
    size_t *slots; /* hash of the id -> number of the case + 1 */
    size_t slot_count;
    size_t events;
    int64_t last_ms;
};

/* What the rules say about one case and rule. */
struct log_verdict {
    unsigned judgement;
    uint64_t activations;
    uint64_t pending;
    int64_t *events;
    size_t event_count;
};

/* Read a log; NULL when the file is not there. */
struct log *log_load(const char *path);
/* The same from text (copied). */
struct log *log_parse(const char *text);
void log_free(struct log *log);
/* Judge every case under @definition; verdicts[case * rules + rule]. *rules is the number of rules.
 */
struct log_verdict *log_judge(const struct log *log, struct rg_bytes definition, size_t *rules);
void log_verdicts_free(struct log_verdict *v, size_t count);
/* A whole file with a NUL after it, plain or .gz; NULL when it is not there. */
char *log_read_file(const char *path, size_t *len);
/* Fill an ENTRY from an event; borrows the log. */
void log_entry(const struct log *log, const struct log_event *ev, struct rg_hostmsg_op *op);

#endif /* RG_TESTS_RULES_LOG_H */
