/* An event log as a table: which column is what under a process definition, and rows as events. */
#ifndef RG_CLI_EVENTLOG_H
#define RG_CLI_EVENTLOG_H

#include "node/cli/csv.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"

#define RG_EVENTLOG_WHY_MAX 640

/* Columns with a meaning of their own; a field of such a name cannot be told from them. */
#define RG_EVENTLOG_CASE_ID "case_id"
#define RG_EVENTLOG_EVENT_NO "event_no"
#define RG_EVENTLOG_ACTIVITY "activity"
#define RG_EVENTLOG_TIMESTAMP "timestamp"
#define RG_EVENTLOG_AGENCY "reigen:agency" /* who recorded an exported event */

enum rg_eventlog_role {
    RG_EVENTLOG_IGNORED,
    RG_EVENTLOG_CASE,
    RG_EVENTLOG_STEP,
    RG_EVENTLOG_TIME,
    RG_EVENTLOG_FIELD
};

struct rg_eventlog {
    const struct rg_definition *def; /* borrowed */
    const char *agency;              /* that records; borrowed */
    bool ignore_others;              /* leave out columns that the definition does not know */
    size_t columns;
    enum rg_eventlog_role role[RG_CSV_COLUMNS_MAX];
    char name[RG_CSV_COLUMNS_MAX][RG_NAME_MAX + 1];
    char why[RG_EVENTLOG_WHY_MAX];
};

struct rg_eventlog_row {
    struct rg_bytes file_number; /* both borrow from the record */
    struct rg_event event;
};

/* Keep in @log->why what is wrong: `line 7, column 5, field `x`: what`; @field may be NULL. Returns
 * RG_ERR_INVALID. */
rg_err rg_eventlog_fail(struct rg_eventlog *log, const struct rg_csv_record *at, const char *field,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Find the column @name, or add it: it must be one of the columns above, a field of the definition
 * or one that it ignores, unless @log->ignore_others. @at says where the name stands. Errors:
 * RG_ERR_INVALID  @log->why says where, and what to do. */
RG_CHECKED rg_err rg_eventlog_column(struct rg_eventlog *log, const struct rg_csv_record *at,
                                     struct rg_bytes name, size_t *out);
/* Read the header: case_id, activity and timestamp are needed. Errors: RG_ERR_INVALID @log->why
 * says line, column and what to do. */
RG_CHECKED rg_err rg_eventlog_header(struct rg_eventlog *log, const struct rg_csv_record *header);
/* Read a row. Errors: RG_ERR_INVALID  @log->why says line, field and what to do. */
RG_CHECKED rg_err rg_eventlog_row(struct rg_eventlog *log, const struct rg_csv_record *record,
                                  struct rg_eventlog_row *out);

#endif /* RG_CLI_EVENTLOG_H */
