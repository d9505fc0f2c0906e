/* One alert on one line of stdout: the CloudEvent itself, or a sentence for people. */
#ifndef RG_CLI_ALERT_LINE_H
#define RG_CLI_ALERT_LINE_H

#include "base/types.h"

/* Print @event and flush. False when stdout cannot be written. */
bool rg_alert_line_print(struct rg_bytes event, bool json);

#endif /* RG_CLI_ALERT_LINE_H */
