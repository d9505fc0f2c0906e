/* Test help: a monitor over a feed in memory, a real chain of empty blocks, and the real rules
 * host. The functions of node/agency/feed.h are defined here, over arrays. */
#ifndef RG_TESTS_MONITOR_LAB_H
#define RG_TESTS_MONITOR_LAB_H

#include "ledger/genesis.h"
#include "node/agency/feed.h"
#include "node/monitor/monitor.h"
#include "storage_tmp.h"

#define LAB_RULES                                                                                  \
    "rules:\n"                                                                                     \
    "  - id: R1\n    template: response_within\n    activities: [anfang, antwort]\n"               \
    "    within: PT10S\n    severity: warning\n    message: {de: zu spaet, en: too late}\n"        \
    "  - id: R2\n    template: precedence\n    activities: [antwort, ende_schritt]\n"              \
    "    severity: critical\n"                                                                     \
    "  - id: R3\n    template: absence\n    activities: [anfang]\n    n: 2\n"                      \
    "    severity: warning\n"
#define LAB_PROCESS                                                                                \
    "process: lab\nversion: 3\nclock: ledger\nreaders: all\nsteps: [anfang, antwort, "             \
    "ende_schritt]\n" LAB_RULES

#define LAB_EVENTS_MAX 20000
#define LAB_CASES_MAX 4000
#define LAB_FIELDS_MAX 4
#define LAB_ALERTS_MAX 20000

struct lab_event {
    uint64_t case_no;
    uint32_t event_no;
    uint64_t height;
    uint64_t time_ms;
    uint32_t writer;
    int64_t occurred_ms;
    char step[64];
    enum rg_about_kind about; /* and the feed number, from 1, of the event it is about */
    uint64_t target;
    struct rg_hash alert; /* ACKNOWLEDGE: the id under which it was raised, and the note */
    char note[16];
    uint32_t field_count;
    char name[LAB_FIELDS_MAX][24];
    char value[LAB_FIELDS_MAX][64];
};

struct rg_feed {
    struct lab_event *events;
    uint64_t count;
    uint64_t shown;  /* the tip: events behind it are not there yet */
    uint64_t height; /* followed up to here */
    uint32_t case_events[LAB_CASES_MAX];
    uint64_t readers[LAB_CASES_MAX]; /* 0: all */
    char file[LAB_CASES_MAX][64];    /* "": not known */
    uint64_t cases;
    uint64_t parked;
};

/* An alert as the log gives it. */
struct lab_alert {
    char id[65];
    char alert[65];
    char severity[10];
    char state[16];
    char rule[65];
    char time[32];
    char due[32];
    char entry[32];
    char step[65];
    char agency[65];
    char subject[33];
    char since[32];
    char message[512]; /* in English */
    char who[160];     /* acknowledged it: agency, member, note */
    int64_t event_no;
    uint64_t logseq;
};

#define LAB_VERSIONS_MAX 4

struct lab {
    struct tmp tmp;
    struct rg_monitor_version version[LAB_VERSIONS_MAX]; /* none: the genesis' alone */
    size_t version_count;
    struct rg_genesis *genesis;
    struct rg_definition *definition;
    struct rg_chain *chain;
    struct rg_feed feed;
    struct rg_sign *key;
    struct rg_monitor *monitor;
    struct rg_zap *zap; /* given to the monitor; usually NULL */
    uint32_t principal;
    rg_monitor_send_fn send; /* to the peers; usually NULL */
    void *send_ctx;
    bool own_tmp;
    bool reads_open;       /* what is open is told at the place of its raise */
    uint64_t chain_height; /* blocks that an earlier lab made */
    uint64_t height;       /* blocks made; of block h: time[h] */
    int64_t time[LAB_EVENTS_MAX];
    struct lab_alert *alerts;
    size_t alert_count;
    uint64_t steps; /* of the monitor, all runs together */
    /* Called before every step with its number, when set. */
    void (*hook)(struct lab *lab, uint64_t step);
    uint64_t kills;
};

/* Path of reigen-rules: the tests' first argument. */
extern const char *lab_program;

/* A lab for the process @yaml, without blocks or events. @dir: a folder that an earlier one left,
 * or NULL for a new one that lab_free() removes. */
struct lab *lab_new(const char *yaml, const char *dir);
void lab_free(struct lab **lab);
/* The definition @yaml is in force from height @from on: told at the next lab_open(), or lab_run().
 */
void lab_version(struct lab *lab, const char *yaml, uint64_t from);
/* Append a block at @time_ms; gives its height. */
uint64_t lab_block(struct lab *lab, int64_t time_ms);
/* Feed an event of case @case_no (1, 2, ...) that stands in block @height. */
struct lab_event *lab_feed(struct lab *lab, uint64_t case_no, uint64_t height, const char *step,
                           int64_t occurred_ms);
/* Feed an entry that cancels or corrects event @target (its number in the feed, from 1). */
struct lab_event *lab_amend(struct lab *lab, uint64_t target, enum rg_about_kind kind,
                            uint64_t height, const char *step, int64_t occurred_ms);
/* Feed an entry of case @case_no that acknowledges the alert raised under @id (hex). */
struct lab_event *lab_ack(struct lab *lab, uint64_t case_no, uint64_t height, const char *id,
                          const char *note);
void lab_field(struct lab_event *e, const char *name, const char *value);
/* Open the monitor over what is there; close it. */
void lab_open(struct lab *lab);
void lab_close(struct lab *lab);
/* Show the feed up to event @shown at block @height, and run until all of it is judged. */
void lab_run(struct lab *lab, uint64_t shown, uint64_t height);
/* Step once, waiting at most @wait_ms. */
void lab_step(struct lab *lab, int wait_ms);
/* Read the whole log into lab->alerts; or what is still open of a case. */
void lab_read(struct lab *lab);
void lab_read_open(struct lab *lab, uint64_t case_no);
/* The log's warnings and criticals, `id time entry message`, a line each, sorted; malloc'd. */
char *lab_digest(struct lab *lab);
/* A hook that kills the host now and then, ten times at most. */
void lab_kill_host(struct lab *lab, uint64_t step);
/* Acknowledge in block @height one of the alerts of @case_no that were raised, by @dice. */
void lab_ack_some(struct lab *lab, uint64_t case_no, uint64_t height, uint64_t dice);
/* Feed block @height, at @time_ms: by dice a step, a correction, a cancellation or an
 * acknowledgement of each of @cases cases. @seed: of the dice, goes on. */
void lab_live_block(struct lab *lab, uint64_t height, int64_t time_ms, uint64_t cases,
                    uint64_t *seed);
/* The alert of a rule on a case's event, or NULL. */
const struct lab_alert *lab_find(const struct lab *lab, const char *rule, uint64_t case_no,
                                 int64_t event_no);
/* Feed a log with every kind of alert of LAB_PROCESS: @cases cases over @blocks blocks of 3 s. */
void lab_synthetic(struct lab *lab, uint64_t cases, uint64_t blocks);
/* What a question for conformance was answered with: a callback for rg_monitor_conformance(), its
 * @ctx a lab_conformance, its token LAB_TOKEN. */
#define LAB_TOKEN 5u
struct lab_conformance {
    int calls;
    rg_err err;
    char *text; /* malloc'd */
};
void lab_on_conformance(void *ctx, uint64_t token, rg_err err, struct rg_bytes text);
/* Ask and wait for the answer, which has to be @want; its text, malloc'd. @rules NULL: those in
 * force; @as_of_ms, @by as in struct rg_monitor_conformance. */
char *lab_conform(struct lab *lab, const char *rules, int64_t as_of_ms, uint32_t by, rg_err want);
/* The pseudonym of a case, as the feed gives it. */
struct rg_id lab_pseudonym(uint64_t case_no);
uint64_t lab_now(void);

#endif /* RG_TESTS_MONITOR_LAB_H */
