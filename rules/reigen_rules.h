/* The rules ABI, version 3: what a rules module offers and what it is offered. Plain C, needs no
 * other header of Reigen; a module is a shared object that exports
 *
 *     const struct rg_rules_module *reigen_rules_module(void);
 *
 * and is loaded by `reigen-rules --module FILE` (`module:` in node.yaml; docs/rules-modules.md).
 * The bundled module `soll` is used through the same table.
 *
 * A module judges one case at a time: begin, then entries, ticks and questions in ledger order,
 * then end. It keeps nothing about a case but the state it hands back at `end`, at most state_max
 * bytes, and gets that state at the next `begin`. It has no clock, no files, no network and no
 * random numbers: the same state and the same calls must give the same answers on every node.
 *
 * All pointers passed in either direction are borrowed for the one call. Texts are UTF-8 and not
 * NUL-terminated. Times are milliseconds since 1970 UTC. One thread. */
#ifndef RG_RULES_REIGEN_RULES_H
#define RG_RULES_REIGEN_RULES_H

#include <stddef.h>
#include <stdint.h>

#define RG_RULES_ABI 3u
#define RG_RULES_ENTRY_POINT "reigen_rules_module"
#define RG_RULES_NEVER INT64_MAX /* no deadline */
#define RG_RULES_WHOLE_CASE (-1) /* an event number that stands for the case */
#define RG_RULES_ERROR_MAX 4096

/* Results of module calls; anything else is a fault of the module. */
enum rg_rules_result {
    RG_RULES_OK = 0,
    RG_RULES_BAD_STATE = 1, /* begin: the state was not written by this module and definition */
    RG_RULES_BAD_DEFINITION = 2, /* open */
    RG_RULES_LIMIT = 3,          /* out of memory or over a limit of the module */
};

enum rg_rules_severity {
    RG_RULES_WARNING = 1,  /* Achtung */
    RG_RULES_CRITICAL = 2, /* Kritischer Fehler */
    RG_RULES_SYSTEM = 3,   /* the module cannot judge something, see the alert's rule */
};

enum rg_rules_judgement {
    RG_RULES_VACUOUS = 0, /* the rule had nothing to judge */
    RG_RULES_SATISFIED = 1,
    RG_RULES_PENDING = 2,
    RG_RULES_VIOLATED = 3,
};

enum rg_rules_state {
    RG_RULES_RAISED = 1,
    RG_RULES_HEALED = 2, /* the alert of this rule and event_no is made good */
};

/* Flags of begin. */
#define RG_RULES_FULL 1u /* conformance: keep lists of violating events, raise no alerts */
/* Flags of an entry. */
/* Cancelled, or no step at all (its step may be empty): it has its number in the case and is not
 * judged. */
#define RG_RULES_VOID 1u

struct rg_rules_text {
    const char *data;
    size_t len;
};

struct rg_rules_field {
    struct rg_rules_text name;
    struct rg_rules_text value;
};

struct rg_rules_entry {
    int64_t time_ms;     /* of the block */
    int64_t occurred_ms; /* as the agency states it */
    uint32_t flags;      /* RG_RULES_VOID */
    struct rg_rules_text step;
    struct rg_rules_text agency; /* that recorded it */
    const struct rg_rules_field *fields;
    size_t field_count;
};

/* About a rule `backlog` it says that the case begins to wait, with due_ms since when, or (healed)
 * ceases to; the node counts them, and alerts when they are too many or wait too long. */
struct rg_rules_alert {
    uint32_t rule;             /* index in the definition */
    struct rg_rules_text id;   /* the rule's id */
    uint32_t severity;         /* enum rg_rules_severity */
    uint32_t state;            /* enum rg_rules_state */
    int64_t event_no;          /* 0-based in its case, or RG_RULES_WHOLE_CASE */
    int64_t due_ms;            /* the deadline that passed, or RG_RULES_NEVER */
    struct rg_rules_text step; /* of that event */
};

/* A pending duty: what has to follow (`continue`). */
struct rg_rules_duty {
    uint32_t rule;
    struct rg_rules_text id;
    struct rg_rules_text step;     /* expected */
    struct rg_rules_text agencies; /* that may record it, joined by commas; empty: any */
    int64_t due_ms;                /* or RG_RULES_NEVER */
};

struct rg_rules_verdict {
    uint32_t rule;
    struct rg_rules_text id;
    uint32_t judgement; /* enum rg_rules_judgement */
    uint64_t activations;
    uint32_t settled; /* not 0: SATISFIED, and no entry to come can break it; live only */
    uint64_t pending; /* open activations with a deadline not yet passed */
    /* The earliest deadline of a live case, or RG_RULES_NEVER. Of a rule `backlog` at the end of a
     * trace: since when the case waits. */
    int64_t due_ms;
    uint64_t violation_count; /* violating events; may exceed event_count when not FULL */
    const int64_t *events;    /* violating event numbers, ascending; -1: the case */
    size_t event_count;
};

/* What the host offers during a call. @ctx is the host's. */
struct rg_rules_host {
    uint32_t abi;
    void *ctx;
    uint32_t state_max; /* bytes */
    void (*emit)(void *ctx, const struct rg_rules_alert *alert);
    void (*duty)(void *ctx, const struct rg_rules_duty *duty);
    void (*verdict)(void *ctx, const struct rg_rules_verdict *verdict);
    /* begin: the state of the case; *@len is 0 for a new case. */
    const uint8_t *(*state_get)(void *ctx, size_t *len);
    /* end: the new state; 0, or -1 when over state_max. */
    int (*state_put)(void *ctx, const uint8_t *data, size_t len);
    /* end: when the case wants its next tick: the first block time after @due_ms. */
    void (*timer_set)(void *ctx, int64_t due_ms);
};

/* What the module knows about its definition after open. */
struct rg_rules_about {
    struct rg_rules_text process;
    uint32_t version;
    uint32_t rule_count;
};

struct rg_rules_module {
    uint32_t abi; /* RG_RULES_ABI */
    const char *name;
    /* Read a definition. On failure write a NUL-terminated text into @err (RG_RULES_ERROR_MAX). */
    int (*open)(const uint8_t *definition, size_t len, void **instance, char *err);
    void (*close)(void *instance);
    void (*about)(void *instance, struct rg_rules_about *out);
    /* One case. */
    int (*begin)(void *instance, const struct rg_rules_host *host, uint32_t flags);
    int (*entry)(void *instance, const struct rg_rules_host *host,
                 const struct rg_rules_entry *entry);
    int (*tick)(void *instance, const struct rg_rules_host *host, int64_t time_ms);
    int (*next)(void *instance, const struct rg_rules_host *host);
    /* The verdicts of a conformance run: the trace ends here. Of a live case: how it stands now,
     * what may still be answered is pending. */
    int (*finish)(void *instance, const struct rg_rules_host *host, int64_t as_of_ms);
    int (*end)(void *instance, const struct rg_rules_host *host);
};

typedef const struct rg_rules_module *(*rg_rules_entry_point)(void);

#endif /* RG_RULES_REIGEN_RULES_H */
