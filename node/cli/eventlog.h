/* An event log as a table: which column is what under a process definition, and rows as events. */
#ifndef RG_CLI_EVENTLOG_H
#define RG_CLI_EVENTLOG_H

#include "node/cli/csv.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"

#define RG_EVENTLOG_WHY_MAX 640

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
    size_t columns;
    enum rg_eventlog_role role[RG_CSV_COLUMNS_MAX];
    char name[RG_CSV_COLUMNS_MAX][RG_NAME_MAX + 1];
    char why[RG_EVENTLOG_WHY_MAX];
};

struct rg_eventlog_row {
    struct rg_bytes file_number; /* both borrow from the record */
    struct rg_event event;
};

/* Read the header: case_id, activity and timestamp are needed; every other column must be a field
 * of the definition or one that it ignores, unless @ignore_others. Errors: RG_ERR_INVALID @log->why
 * says line, column and what to do. */
RG_CHECKED rg_err rg_eventlog_header(struct rg_eventlog *log, const struct rg_csv_record *header,
                                     bool ignore_others);
/* Read a row. Errors: RG_ERR_INVALID  @log->why says line, field and what to do. */
RG_CHECKED rg_err rg_eventlog_row(struct rg_eventlog *log, const struct rg_csv_record *record,
                                  struct rg_eventlog_row *out);

#endif /* RG_CLI_EVENTLOG_H */
