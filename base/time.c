#include "base/time.h"
#include <stdio.h>

#define MS_PER_DAY INT64_C(86400000)
#define DURATION_MAX (INT64_C(36525) * MS_PER_DAY)

/* Days since 1970-01-01 of a Gregorian date (algorithm: H. Hinnant, chrono-compatible dates). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    const int64_t era = y / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    const int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

/* Read exactly @count digits at *@pos. */
static bool digits(struct rg_bytes t, size_t *pos, size_t count, int64_t *out)
{
    int64_t v = 0;
    if (t.len - *pos < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t c = t.data[*pos + i];
        if (c < '0' || c > '9') {
            return false;
        }
        v = v * 10 + (c - '0');
    }
    *pos += count;
    *out = v;
    return true;
}

static bool literal(struct rg_bytes t, size_t *pos, char c)
{
    if (*pos >= t.len || t.data[*pos] != (uint8_t)c) {
        return false;
    }
    *pos += 1;
    return true;
}

/* `hh:mm:ss[.fraction]` as milliseconds of the day. */
static bool time_of_day(struct rg_bytes t, size_t *pos, int64_t *out_ms)
{
    int64_t h = 0;
    int64_t m = 0;
    int64_t s = 0;
    int64_t frac = 0;
    if (!digits(t, pos, 2, &h) || !literal(t, pos, ':') || !digits(t, pos, 2, &m) ||
        !literal(t, pos, ':') || !digits(t, pos, 2, &s) || h > 23 || m > 59 || s > 59) {
        return false;
    }
    if (literal(t, pos, '.')) {
        size_t seen = 0;
        int64_t d = 0;
        while (seen < 9 && digits(t, pos, 1, &d)) {
            frac += d * (seen == 0 ? 100 : seen == 1 ? 10 : seen == 2 ? 1 : 0);
            seen++;
        }
        if (seen == 0) {
            return false;
        }
    }
    *out_ms = ((h * 60 + m) * 60 + s) * 1000 + frac;
    return true;
}

/* `Z`, `+hh:mm`, `-hh:mm` or nothing, up to the end of the text. */
static bool zone(struct rg_bytes t, size_t *pos, int64_t *out_ms)
{
    int64_t h = 0;
    int64_t m = 0;
    *out_ms = 0;
    if (*pos == t.len || literal(t, pos, 'Z')) {
        return *pos == t.len;
    }
    const bool minus = literal(t, pos, '-');
    if (!minus && !literal(t, pos, '+')) {
        return false;
    }
    if (!digits(t, pos, 2, &h) || !literal(t, pos, ':') || !digits(t, pos, 2, &m) || h > 23 ||
        m > 59) {
        return false;
    }
    *out_ms = (h * 60 + m) * 60000 * (minus ? -1 : 1);
    return *pos == t.len;
}

rg_err rg_time_parse(struct rg_bytes text, int64_t *out_ms)
{
    static const uint8_t month_days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t pos = 0;
    int64_t y = 0;
    int64_t m = 0;
    int64_t d = 0;
    int64_t day_ms = 0;
    int64_t zone_ms = 0;
    if (!digits(text, &pos, 4, &y) || !literal(text, &pos, '-') || !digits(text, &pos, 2, &m) ||
        !literal(text, &pos, '-') || !digits(text, &pos, 2, &d)) {
        return RG_ERR_INVALID;
    }
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > month_days[m - 1] ||
        (m == 2 && d == 29 && !leap)) {
        return RG_ERR_INVALID;
    }
    if (pos < text.len) {
        if (!literal(text, &pos, 'T') && !literal(text, &pos, ' ')) {
            return RG_ERR_INVALID;
        }
        if (!time_of_day(text, &pos, &day_ms) || !zone(text, &pos, &zone_ms)) {
            return RG_ERR_INVALID;
        }
    }
    const int64_t ms = days_from_civil(y, m, d) * MS_PER_DAY + day_ms - zone_ms;
    if (ms < 0 || ms > RG_TIME_MAX) {
        return RG_ERR_INVALID;
    }
    *out_ms = ms;
    return RG_OK;
}

void rg_time_format(int64_t ms, char out[RG_TIME_TEXT_MAX])
{
    ms = ms < 0 ? 0 : ms > RG_TIME_MAX ? RG_TIME_MAX : ms;
    const int64_t days = ms / MS_PER_DAY;
    const int64_t rest = ms % MS_PER_DAY;
    /* The inverse of days_from_civil. */
    const int64_t z = days + 719468;
    const int64_t era = z / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    const int64_t d = doy - (153 * mp + 2) / 5 + 1;
    const int64_t m = mp + (mp < 10 ? 3 : -9);
    const int64_t y = yoe + era * 400 + (m <= 2);
    (void)snprintf(out, RG_TIME_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)(y % 10000), (unsigned)m % 100, (unsigned)d % 100,
                   (unsigned)(rest / 3600000) % 100, (unsigned)(rest / 60000 % 60),
                   (unsigned)(rest / 1000 % 60), (unsigned)(rest % 1000));
}

rg_err rg_time_parse_duration(struct rg_bytes text, int64_t *out_ms)
{
    /* Designators in the order in which they must come; the last three only after a T. */
    static const char units[] = "WDHMS";
    static const int64_t unit_ms[] = {7 * MS_PER_DAY, MS_PER_DAY, 3600000, 60000, 1000};
    size_t pos = 0;
    size_t next = 0;
    bool in_time = false;
    bool any = false;
    int64_t total = 0;
    if (!literal(text, &pos, 'P')) {
        return RG_ERR_INVALID;
    }
    while (pos < text.len) {
        int64_t v = 0;
        int64_t d = 0;
        size_t count = 0;
        if (!in_time && literal(text, &pos, 'T')) {
            in_time = true;
            next = 2;
            any = false;
        }
        while (count < 9 && digits(text, &pos, 1, &d)) {
            v = v * 10 + d;
            count++;
        }
        if (count == 0 || pos >= text.len) {
            return RG_ERR_INVALID;
        }
        const char *unit = strchr(units + next, (char)text.data[pos]);
        if (unit == NULL || *unit == '\0' || (unit - units >= 2) != in_time) {
            return RG_ERR_INVALID;
        }
        next = (size_t)(unit - units) + 1;
        total += v * unit_ms[next - 1];
        if (total > DURATION_MAX) {
            return RG_ERR_INVALID;
        }
        any = true;
        pos++;
    }
    if (!any) {
        return RG_ERR_INVALID;
    }
    *out_ms = total;
    return RG_OK;
}
