/* Test helper: one case judged by an in-process rules host through real messages, its state going
 * through its written form after every operation. */
#ifndef RG_TESTS_RULES_BENCH_H
#define RG_TESTS_RULES_BENCH_H

#include "rules/host.h"

#define HOUR INT64_C(3600000)
#define ITEMS_MAX 64

/* A trace is events `step:hour[/group[/resource]][/field=value]...`. @events and @live are event
 * numbers with a blank between; live ones end with the entry that raised them (`0@2`), those that
 * are healed begin with a plus (`+0@3`). */
struct row {
    const char *rule;
    const char *trace;
    int64_t as_of;      /* hours */
    unsigned judgement; /* 0 vacuous, 1 satisfied, 2 pending, 3 violated */
    uint64_t activations;
    const char *events;
    const char *live;
};

struct bench {
    struct rg_host *host;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    uint8_t state[RG_HOSTMSG_FULL_STATE_MAX];
    size_t state_len;
    int64_t due_ms;
    struct rg_hostmsg_item items[ITEMS_MAX];
    size_t item_count;
};

extern struct bench bench;

/* Group set-up and tear-down. */
int bench_set_up(void **state);
int bench_tear_down(void **state);
/* Open a definition; a new case begins. */
void bench_open(const char *text);
/* The same with one rule, any step and any field; @head are further lines. */
void bench_open_rule(const char *clock, const char *head, const char *rule);
/* One operation on the case. */
enum rg_hostmsg_status bench_step(uint8_t flags, const struct rg_hostmsg_op *op);
enum rg_hostmsg_status bench_time(uint8_t flags, enum rg_hostmsg_op_kind kind, int64_t ms);
/* A live entry without fields. */
void bench_entry(const char *name, int64_t block_ms, int64_t occurred_ms);
/* The next event of a trace at *@p, which moves on; false at the end. @text keeps its strings. */
bool bench_event(const char **p, char text[256], struct rg_hostmsg_op *op);
/* Judge the trace of a row under the open rule, as conformance and live. */
void bench_check(const struct row *row);

#endif /* RG_TESTS_RULES_BENCH_H */
