/* A process definition: what steps there are, who may record them, which fields they carry, and the
 * rules. Reads, checks and answers questions about it; judges no case (rules/soll.h does). The
 * format is in docs/process-definitions.md.
 *
 * Owner: the caller of rg_definition_parse. Immutable once read, so any number of threads may ask.
 */
#ifndef RG_RULES_DEFINITION_H
#define RG_RULES_DEFINITION_H

#include "base/err.h"
#include "base/limits.h"
#include "base/types.h"
#include "rules/calendar.h"

#define RG_DEFINITION_STEPS_MAX 1024
#define RG_DEFINITION_RULES_MAX 128
#define RG_DEFINITION_LIST_MAX 64 /* names in one list: activities, groups, values, by, to */
#define RG_DEFINITION_PATTERNS_MAX 128
#define RG_DEFINITION_FIELDS_MAX 64 /* and ignored columns */
#define RG_DEFINITION_HOLIDAYS_MAX 64
#define RG_DEFINITION_CALENDARS_MAX 32
#define RG_DEFINITION_PROFILES_MAX 32
#define RG_DEFINITION_WORKDAYS_MAX 366
#define RG_DEFINITION_WINDOW_N_MAX 64 /* of a counter with a window */
#define RG_DEFINITION_TEXT_MAX 1024   /* bytes of a label or message */
#define RG_DEFINITION_N_MAX 1000000
#define RG_DEFINITION_NO_SITE SIZE_MAX
#define RG_DEFINITION_ERROR_MAX 4096 /* bytes of error text, with the final NUL */

enum rg_definition_clock {
    RG_DEFINITION_LEDGER = 1, /* deadlines are judged on block time */
    RG_DEFINITION_EVENT,      /* on occurred_at of the case's own entries */
};

enum rg_definition_severity {
    RG_DEFINITION_WARNING = 1,
    RG_DEFINITION_CRITICAL,
    RG_DEFINITION_SILENT, /* judged by conformance, never an alert */
};

enum rg_definition_kind {
    RG_DEFINITION_ENUM = 1,
    RG_DEFINITION_DATE,
    RG_DEFINITION_ID,
};

/* In the order of the documentation and of the message about an unknown template. */
enum rg_definition_template {
    RG_DEFINITION_NONE = 0,
#define RG_TEMPLATE(id, name, sides, many, params, field, machine) RG_DEFINITION_##id,
#include "rules/templates.def"
#undef RG_TEMPLATE
    RG_DEFINITION_TEMPLATES, /* how many, plus one */
};

/* What a pattern of a rule stands for; an event may be on several sides of one rule. */
#define RG_DEFINITION_A 0x01u
#define RG_DEFINITION_B 0x02u
#define RG_DEFINITION_HOLD 0x04u   /* stops the clock */
#define RG_DEFINITION_RESUME 0x08u /* starts it again */
#define RG_DEFINITION_EXTEND 0x10u /* moves deadlines to the date in the rule's field `extend` */
#define RG_DEFINITION_RESET 0x20u  /* counter, clash: forget; exclude: the steps are back */
#define RG_DEFINITION_END 0x40u    /* ends the case */

/* Names in the order of the file, each a C string of 1 to RG_NAME_MAX bytes. */
struct rg_definition_names {
    const char *const *items;
    size_t count;
};

struct rg_definition_step {
    const char *id;
    const char *label_de; /* the id when the file gives none */
    const char *label_en;
    struct rg_definition_names by; /* agencies that may record it; empty: any */
};

struct rg_definition_field {
    const char *name;
    enum rg_definition_kind kind;
    struct rg_definition_names values; /* of an enum */
};

enum rg_definition_test {
    RG_DEFINITION_TEST_IS = 1, /* one of the values */
    RG_DEFINITION_TEST_NOT,    /* none of them; also when nothing is known */
    RG_DEFINITION_TEST_KNOWN,
    RG_DEFINITION_TEST_UNKNOWN,
    RG_DEFINITION_TEST_LESS, /* of dates, or of whole numbers; false when they cannot be compared */
    RG_DEFINITION_TEST_AT_MOST,
    RG_DEFINITION_TEST_MORE,
    RG_DEFINITION_TEST_AT_LEAST,
};

/* Something about one event. A name that starts with `@` is a time of the entry: `@occurred` or
 * `@recorded`. */
struct rg_definition_condition {
    const char *field;
    enum rg_definition_test test;
    struct rg_definition_names values; /* IS, NOT; of a comparison the one value or field */
    bool other_field;                  /* a comparison with another field of the event */
};

struct rg_definition_conditions {
    const struct rg_definition_condition *items; /* all must hold */
    size_t count;
};

/* Which events are on which sides of a rule. */
struct rg_definition_pattern {
    const char *step; /* NULL: any */
    unsigned sides;
    struct rg_definition_conditions where;
};

struct rg_definition_rule {
    const char *id;
    uint64_t sites; /* a bit for each of which it judges the cases; see rg_definition_find_site */
    bool elsewhere; /* and those of no known site */
    enum rg_definition_template template;  /* never a composite one: those are read as two rules */
    struct rg_definition_names activities; /* A, then B, each one or a set of alternatives */
    size_t a_count;                        /* the first so many of them are A, the rest B */
    const struct rg_definition_pattern *patterns; /* of the activities first, in their order */
    size_t pattern_count;
    struct rg_definition_names groups;       /* role: groups allowed */
    struct rg_definition_names agencies;     /* role: agencies allowed */
    struct rg_definition_names values;       /* no_after_value */
    struct rg_definition_conditions require; /* data */
    const char *column; /* the field that is judged, of templates that judge one; else NULL */
    const char *other;  /* case_deadline: the field `done`; correlate: the field of B */
    const char *same;   /* activation and target must have the same value here; NULL: no matter */
    const char *from;   /* the deadline counts from this date of the activation; NULL: its time */
    const char *extend; /* the date of EXTEND */
    const struct rg_calendar *calendar; /* limit_ms is whole working days of it; NULL: plain time */
    enum rg_definition_test test;       /* correlate: of A's field and B's */
    uint32_t n;                         /* 0: none */
    uint32_t min;                       /* occurrences wanted */
    uint32_t max;                       /* and allowed; UINT32_MAX: any number */
    int64_t limit_ms;                   /* templates with a duration; else 0: none */
    int64_t window_ms;                  /* counter; 0: the whole case */
    bool heal;                          /* what comes late heals the alert */
    bool hard;                          /* the hard limit of the rule before */
    enum rg_definition_severity severity;
    struct rg_definition_names to; /* agencies concerned; empty: every reader */
    const char *message_de;        /* never NULL */
    const char *message_en;
};

struct rg_definition {
    const char *process;
    uint32_t version;
    enum rg_definition_clock clock;
    int64_t escalate_ms; /* a critical alert that nobody acknowledges is told again; 0: never */
    bool steps_any;
    const struct rg_definition_step *steps; /* in the order of the file */
    size_t step_count;
    bool readers_all;
    struct rg_definition_names readers; /* default readers of a case; when !readers_all */
    bool fields_any;
    const struct rg_definition_field *fields;
    size_t field_count;
    struct rg_definition_names ignore; /* columns of a log that are not recorded */
    struct rg_definition_names ends;   /* steps that end a case */
    /* The field, an enum, in which the first entry of a case that counts says its site; NULL: there
     * are no sites. */
    const struct rg_definition_field *site;
    const struct rg_calendar *calendars;
    size_t calendar_count;
    const struct rg_definition_rule *rules;
    size_t rule_count;
};

/* Read and check the definition in @bytes (at most RG_DEFINITION_MAX); @name stands for the file in
 * error texts. On failure *@out is NULL and @err holds one or more lines `FILE:LINE:COL: what; what
 * to do`; on success @err is "".
 * Errors: RG_ERR_INVALID  not a valid definition
 *         RG_ERR_FULL     over a cap
 *         RG_ERR_NOMEM    */
RG_CHECKED rg_err rg_definition_parse(const char *name, struct rg_bytes bytes,
                                      struct rg_definition **out,
                                      char err[RG_DEFINITION_ERROR_MAX]);
/* Look for what is valid and yet cannot be meant: rules that contradict each other, steps that no
 * case can reach, rules that can never fire. @out gets one line `FILE:LINE:COL: ...` a finding, ""
 * when there is none. Once a definition, and not while another thread asks. */
void rg_definition_lint(struct rg_definition *def, char out[RG_DEFINITION_ERROR_MAX]);
/* Free it; sets *@def to NULL, accepts NULL. */
void rg_definition_destroy(struct rg_definition **def);

/* The step with this id, or NULL. With `steps: any` there are none to find; see
 * rg_definition_has_step. */
const struct rg_definition_step *rg_definition_find_step(const struct rg_definition *def,
                                                         struct rg_bytes id);
/* Whether entries may name this step (1 to RG_NAME_MAX bytes of UTF-8 without control characters).
 */
bool rg_definition_has_step(const struct rg_definition *def, struct rg_bytes id);
/* Whether @agency may record @step: the step is known and names the agency or none. */
bool rg_definition_may_write(const struct rg_definition *def, struct rg_bytes step,
                             struct rg_bytes agency);
/* Whether @column is listed under `ignore:`. */
bool rg_definition_ignores(const struct rg_definition *def, struct rg_bytes column);
/* Whether a column or field of this name may be recorded. */
bool rg_definition_has_field(const struct rg_definition *def, struct rg_bytes name);
/* Check a field of an entry. An empty value is always right: it stands for "not known".
 * Errors: RG_ERR_NOT_FOUND  no such field
 *         RG_ERR_INVALID    the value is too long (RG_FIELD_VALUE_MAX), has control characters, is
 * no date, or is not among the values of an enum; @why, when not NULL, points to a static English
 * text that says which */
RG_CHECKED rg_err rg_definition_check_field(const struct rg_definition *def, struct rg_bytes name,
                                            struct rg_bytes value, const char **why);
/* The number of the site @value among the values of the field `site`; RG_DEFINITION_NO_SITE when it
 * is none of them, or there are no sites. */
size_t rg_definition_find_site(const struct rg_definition *def, struct rg_bytes value);
/* Whether @rule judges the cases of a site, or of RG_DEFINITION_NO_SITE. */
bool rg_definition_rule_applies(const struct rg_definition_rule *rule, size_t site);
/* Whether @text may be a name: 1 to RG_NAME_MAX bytes of UTF-8 without control characters. */
bool rg_definition_is_name(struct rg_bytes text);
/* The template's name in the file; "?" for a number that is none. */
const char *rg_definition_template_name(enum rg_definition_template t);
/* Whether a C string of the definition equals a range. */
bool rg_definition_is(const char *name, struct rg_bytes text);

#endif /* RG_RULES_DEFINITION_H */
