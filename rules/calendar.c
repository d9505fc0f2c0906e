#include "rules/calendar.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

/* Algorithm: H. Hinnant, chrono-compatible low-level date algorithms. */
int64_t rg_calendar_date(int64_t year, unsigned month, unsigned day)
{
    const int64_t m = month;
    const int64_t y = year - (m <= 2);
    const int64_t era = y / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    const int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static int64_t year_of(int64_t day)
{
    const int64_t z = day + 719468;
    const int64_t era = z / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    return yoe + era * 400 + (doy >= 306 ? 1 : 0);
}

/* 1 Monday to 7 Sunday; 1970-01-01 was a Thursday. */
static unsigned weekday_of(int64_t day)
{
    return (unsigned)((day + 3) % 7) + 1;
}

/* The anonymous Gregorian computus (Meeus, Jones, Butcher). */
int64_t rg_calendar_easter(int64_t year)
{
    const int64_t a = year % 19;
    const int64_t b = year / 100;
    const int64_t c = year % 100;
    const int64_t d = b / 4;
    const int64_t g = (8 * b + 13) / 25;
    const int64_t h = (19 * a + b - d - g + 15) % 30;
    const int64_t l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    const int64_t m = (a + 11 * h + 19 * l) / 433;
    const int64_t month = (h + l - 7 * m + 90) / 25;
    const int64_t day = (h + l - 7 * m + 33 * month + 19) % 32;
    return rg_calendar_date(year, (unsigned)month, (unsigned)day);
}

/* 01:00 UTC on the last Sunday of a month of 31 days: when summer time begins and ends. */
static int64_t change_ms(int64_t year, unsigned month)
{
    const int64_t last = rg_calendar_date(year, month, 31);
    return (last - weekday_of(last) % 7) * DAY_MS + HOUR_MS;
}

static int64_t offset_ms(int64_t ms)
{
    const int64_t year = year_of(ms / DAY_MS);
    const bool summer = ms >= change_ms(year, 3) && ms < change_ms(year, 10);
    return summer ? 2 * HOUR_MS : HOUR_MS;
}

int64_t rg_calendar_day(int64_t ms, unsigned *out_hour)
{
    const int64_t local = ms + offset_ms(ms);
    *out_hour = (unsigned)(local % DAY_MS / HOUR_MS);
    return local / DAY_MS;
}

int64_t rg_calendar_day_end(int64_t day)
{
    /* Midnight is never inside a change, so the offset of normal time finds the right one. */
    const int64_t midnight = (day + 1) * DAY_MS - HOUR_MS;
    return midnight - (offset_ms(midnight) - HOUR_MS) - 1;
}

static int64_t day_of(const struct rg_calendar_holiday *h, int64_t year)
{
    if (h->kind == RG_CALENDAR_EASTER) {
        return rg_calendar_easter(year) + h->offset;
    }
    const int64_t day = rg_calendar_date(year, h->month, h->day);
    if (h->kind == RG_CALENDAR_FIXED) {
        return day;
    }
    const unsigned back = (weekday_of(day) + 7 - h->weekday) % 7;
    return day - (back == 0 ? 7 : back);
}

const struct rg_calendar_holiday *rg_calendar_holiday_on(const struct rg_calendar *cal, int64_t day)
{
    const int64_t year = year_of(day);
    for (size_t i = 0; i < cal->holiday_count; i++) {
        const struct rg_calendar_holiday *h = cal->holidays[i];
        if (year >= h->from_year && year <= h->until_year && day_of(h, year) == day) {
            return h;
        }
    }
    return NULL;
}

bool rg_calendar_is_workday(const struct rg_calendar *cal, int64_t day)
{
    return weekday_of(day) < 6 && rg_calendar_holiday_on(cal, day) == NULL;
}

static int64_t next_workday(const struct rg_calendar *cal, int64_t day)
{
    /* A calendar has fewer holidays than a year has weekdays, so this ends. */
    while (!rg_calendar_is_workday(cal, day)) {
        day++;
    }
    return day;
}

int64_t rg_calendar_due(const struct rg_calendar *cal, int64_t base_ms, int64_t workdays)
{
    unsigned hour = 0;
    int64_t day = next_workday(cal, rg_calendar_day(base_ms, &hour) + (workdays > 0 ? 1 : 0));
    for (int64_t i = 1; i < workdays; i++) {
        day = next_workday(cal, day + 1);
    }
    return rg_calendar_day_end(day);
}

int64_t rg_calendar_round(const struct rg_calendar *cal, int64_t ms)
{
    return rg_calendar_due(cal, ms, 0);
}
