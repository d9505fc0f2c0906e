/* Working days: which days a calendar leaves for work, and when so many of them have passed. Days
 * are those of Central European (summer) time, by the rule of the EU since 1996, without any time
 * zone data of the system; times are milliseconds since 1970 UTC. Pure; integers only; years 1970
 * to 9999.
 */
#ifndef RG_RULES_CALENDAR_H
#define RG_RULES_CALENDAR_H

#include "base/types.h"

#define RG_CALENDAR_YEAR_MIN 1970
#define RG_CALENDAR_YEAR_MAX 9999

enum rg_calendar_kind {
    RG_CALENDAR_FIXED = 1, /* month and day */
    RG_CALENDAR_EASTER,    /* days after Easter Sunday; below 0: before */
    RG_CALENDAR_BEFORE,    /* the last such weekday before month and day */
};

struct rg_calendar_holiday {
    const char *name;
    enum rg_calendar_kind kind;
    unsigned month; /* 1 to 12 */
    unsigned day;
    unsigned weekday; /* 1 Monday to 7 Sunday */
    int64_t offset;
    int64_t from_year; /* first and last year it is kept */
    int64_t until_year;
};

struct rg_calendar {
    const char *name;
    const struct rg_calendar_holiday *const *holidays;
    size_t holiday_count;
};

/* Days since 1970-01-01 of a Gregorian date. */
int64_t rg_calendar_date(int64_t year, unsigned month, unsigned day);
/* Easter Sunday of the Gregorian @year, as days since 1970-01-01. */
int64_t rg_calendar_easter(int64_t year);
/* The local day (days since 1970-01-01) of a time, and its hour from 0 to 23. */
int64_t rg_calendar_day(int64_t ms, unsigned *out_hour);
/* The last millisecond of a local day. */
int64_t rg_calendar_day_end(int64_t day);
/* The holiday of @cal on this day, or NULL. */
const struct rg_calendar_holiday *rg_calendar_holiday_on(const struct rg_calendar *cal,
                                                         int64_t day);
/* Neither Saturday, Sunday nor holiday. */
bool rg_calendar_is_workday(const struct rg_calendar *cal, int64_t day);
/* The end of the @workdays-th working day after the local day of @base_ms, which itself is not
 * counted; of 0 the end of that day or, when it is none, of the next working day. */
int64_t rg_calendar_due(const struct rg_calendar *cal, int64_t base_ms, int64_t workdays);
/* The end of the first working day that is not over at @ms. */
int64_t rg_calendar_round(const struct rg_calendar *cal, int64_t ms);

#endif /* RG_RULES_CALENDAR_H */
