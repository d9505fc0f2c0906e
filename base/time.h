/* RFC 3339 times and ISO 8601 durations as text; ledger times are milliseconds since 1970 UTC.
 * Reads no clock. */
#ifndef RG_BASE_TIME_H
#define RG_BASE_TIME_H

#include "base/err.h"
#include "base/types.h"

#define RG_TIME_TEXT_MAX 32
#define RG_TIME_MAX INT64_C(253402300799999) /* ms: the end of year 9999 */

/* Parse `2011-10-11T13:45:40.276+02:00` (fraction optional, up to 9 digits, cut to milliseconds;
 * zone `Z` or `+hh:mm`; a blank may stand for the T; a missing zone means UTC; a date alone means
 * its midnight UTC). Years 1970 to 9999. Errors: RG_ERR_INVALID  anything else; @out_ms is
 * untouched. */
RG_CHECKED rg_err rg_time_parse(struct rg_bytes text, int64_t *out_ms);
/* Write `2011-10-11T11:45:40.276Z` with a NUL. A time outside years 1970 to 9999 is clamped. */
void rg_time_format(int64_t ms, char out[RG_TIME_TEXT_MAX]);
/* Parse an ISO 8601 duration of weeks, days, hours, minutes, seconds (`P7D`, `PT30S`, `P1DT2H`,
 * `P2W`); a day is 86,400 s. At most 100 years.
 * Errors: RG_ERR_INVALID  anything else, months and years included. */
RG_CHECKED rg_err rg_time_parse_duration(struct rg_bytes text, int64_t *out_ms);

#endif /* RG_BASE_TIME_H */
