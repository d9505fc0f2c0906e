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

#define RG_DEFINITION_STEPS_MAX 1024
#define RG_DEFINITION_RULES_MAX 128
#define RG_DEFINITION_LIST_MAX 64   /* names in one list: activities, groups, values, by, to */
#define RG_DEFINITION_FIELDS_MAX 64 /* and ignored columns */
#define RG_DEFINITION_TEXT_MAX 1024 /* bytes of a label or message */
#define RG_DEFINITION_N_MAX 1000000
#define RG_DEFINITION_ERROR_MAX 4096 /* bytes of error text, with the final NUL */

enum rg_definition_clock {
    RG_DEFINITION_LEDGER = 1, /* deadlines are judged on block time */
    RG_DEFINITION_EVENT,      /* on occurred_at of the case's own entries */
};

enum rg_definition_severity {
    RG_DEFINITION_WARNING = 1,
    RG_DEFINITION_CRITICAL,
};

enum rg_definition_kind {
    RG_DEFINITION_ENUM = 1,
    RG_DEFINITION_DATE,
    RG_DEFINITION_ID,
};

/* The order is the order of the documentation and of the message about an unknown template. */
enum rg_definition_template {
    RG_DEFINITION_INIT = 1,
    RG_DEFINITION_EXACTLY,
    RG_DEFINITION_ABSENCE,
    RG_DEFINITION_RESPONSE,
    RG_DEFINITION_RESPONSE_WITHIN,
    RG_DEFINITION_RESPONSE_ANY,
    RG_DEFINITION_RESPONSE_ANY_WITHIN,
    RG_DEFINITION_ALTERNATE_RESPONSE,
    RG_DEFINITION_CHAIN_RESPONSE,
    RG_DEFINITION_RESPONDED_EXISTENCE,
    RG_DEFINITION_PRECEDENCE,
    RG_DEFINITION_PRECEDENCE_ANY,
    RG_DEFINITION_CHAIN_PRECEDENCE,
    RG_DEFINITION_NOT_SUCCESSION,
    RG_DEFINITION_NOT_COEXISTENCE,
    RG_DEFINITION_MAX_DELAY,
    RG_DEFINITION_MIN_DELAY,
    RG_DEFINITION_CASE_DURATION,
    RG_DEFINITION_ROLE,
    RG_DEFINITION_SINGLE_GROUP,
    RG_DEFINITION_FOUR_EYES,
    RG_DEFINITION_NO_AFTER_VALUE,
    RG_DEFINITION_TEMPLATES, /* how many, plus one */
};

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

struct rg_definition_rule {
    const char *id;
    enum rg_definition_template template;
    struct rg_definition_names activities; /* A, then B, each one or a set of alternatives */
    size_t a_count;                        /* the first so many of them are A, the rest B */
    struct rg_definition_names groups;     /* role: groups allowed */
    struct rg_definition_names agencies;   /* role: agencies allowed */
    struct rg_definition_names values;     /* no_after_value */
    const char *column;                    /* no_after_value: the field; else NULL */
    uint32_t n;                            /* exactly, absence */
    int64_t limit_ms;                      /* templates with a duration; else 0 */
    enum rg_definition_severity severity;
    struct rg_definition_names to; /* agencies concerned; empty: every reader */
    const char *message_de;        /* never NULL */
    const char *message_en;
};

struct rg_definition {
    const char *process;
    uint32_t version;
    enum rg_definition_clock clock;
    bool steps_any;
    const struct rg_definition_step *steps; /* in the order of the file */
    size_t step_count;
    bool readers_all;
    struct rg_definition_names readers; /* default readers of a case; when !readers_all */
    bool fields_any;
    const struct rg_definition_field *fields;
    size_t field_count;
    struct rg_definition_names ignore; /* columns of a log that are not recorded */
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
/* Whether @text may be a name: 1 to RG_NAME_MAX bytes of UTF-8 without control characters. */
bool rg_definition_is_name(struct rg_bytes text);
/* The template's name in the file; "?" for a number that is none. */
const char *rg_definition_template_name(enum rg_definition_template t);
/* Whether a C string of the definition equals a range. */
bool rg_definition_is(const char *name, struct rg_bytes text);

#endif /* RG_RULES_DEFINITION_H */
