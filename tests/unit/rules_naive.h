/* A second reading of the semantics: loops over the whole trace that follow the words, sharing
 * nothing with soll. Made to be compared with it. */
#ifndef RG_TESTS_RULES_NAIVE_H
#define RG_TESTS_RULES_NAIVE_H

#include "base/types.h"

#define EVENTS_MAX 14
#define WHOLE (-1)

/* An event of a trace: a step `a` to `e`, hours, and small numbers for its fields (0: none). */
struct event {
    char step;
    int64_t hour;
    unsigned group;
    unsigned resource;
    unsigned value;
};

struct trace {
    struct event e[EVENTS_MAX + 3];
    int n;
};

struct rule {
    const char *name;
    const char *a; /* sets of steps */
    const char *b;
    int n;
    int limit;
    int window; /* hours; 0: the whole case */
    bool same;  /* only events with the same known value belong together */
};

struct verdict {
    int activations;
    int pending;
    int events[EVENTS_MAX + 3];
    int count;
};

/* What @r says about the trace, taken as complete at @as_of. */
struct verdict naive(const struct rule *r, const struct trace *t, int64_t as_of);
/* Append to the violating events. */
void naive_add(struct verdict *v, int event);

#endif /* RG_TESTS_RULES_NAIVE_H */
