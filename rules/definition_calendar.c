/* Reading the holidays and calendars of a definition. */
#include "base/bytes.h"
#include "base/num.h"
#include "rules/definition_rule.h"

#define OFFSET_MAX 180 /* days from Easter */

/* `MM-DD`. */
static bool read_day(struct rg_definition_build *b, const struct rg_yaml_node *node,
                     struct rg_calendar_holiday *h)
{
    static const unsigned days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *t = node->kind == RG_YAML_SCALAR ? node->text : "";
    uint64_t month = 0;
    uint64_t day = 0;
    if (strlen(t) != 5 || t[2] != '-' ||
        rg_num_parse_u64((struct rg_bytes){(const uint8_t *)t, 2}, 12, &month) != RG_OK ||
        rg_num_parse_u64((struct rg_bytes){(const uint8_t *)t + 3, 2}, 31, &day) != RG_OK ||
        month < 1 || day < 1 || day > days[month - 1]) {
        rg_yaml_report(b->doc, node, "expected month and day like 05-01");
        return false;
    }
    h->month = (unsigned)month;
    h->day = (unsigned)day;
    return true;
}

static void read_easter(struct rg_definition_build *b, const struct rg_yaml_node *node,
                        struct rg_calendar_holiday *h)
{
    const char *t = node->kind == RG_YAML_SCALAR ? node->text : "";
    const bool minus = t[0] == '-';
    uint64_t v = 0;
    if (rg_num_parse_u64(rg_bytes_str(t + (minus ? 1 : 0)), OFFSET_MAX, &v) != RG_OK) {
        rg_yaml_report(b->doc, node, "'easter' must be a number of days from -%d to %d", OFFSET_MAX,
                       OFFSET_MAX);
    }
    h->kind = RG_CALENDAR_EASTER;
    h->offset = minus ? -(int64_t)v : (int64_t)v;
}

static void read_holiday(struct rg_definition_build *b, const struct rg_yaml_node *node,
                         struct rg_calendar_holiday *h)
{
    static const char *const keys[] = {"day", "easter", "before", "weekday", "from", "until"};
    static const uint64_t years[2] = {RG_CALENDAR_YEAR_MIN, RG_CALENDAR_YEAR_MAX};
    static const uint64_t weekdays[2] = {1, 7};
    const struct rg_yaml_node *day = rg_yaml_get(node, "day");
    const struct rg_yaml_node *easter = rg_yaml_get(node, "easter");
    const struct rg_yaml_node *before = rg_yaml_get(node, "before");
    rg_yaml_only(b->doc, node, keys, sizeof(keys) / sizeof(keys[0]));
    h->name = node->key;
    h->from_year = (int64_t)rg_yaml_u64(b->doc, node, "from", years, years[0]);
    h->until_year = (int64_t)rg_yaml_u64(b->doc, node, "until", years, years[1]);
    h->weekday = (unsigned)rg_yaml_u64(b->doc, node, "weekday", weekdays, 1);
    if ((day != NULL) + (easter != NULL) + (before != NULL) != 1 ||
        (before != NULL) != (rg_yaml_get(node, "weekday") != NULL)) {
        rg_yaml_report(b->doc, node,
                       "a holiday takes one of day: MM-DD, easter: DAYS, or before: MM-DD with "
                       "weekday: 1 to 7");
    } else if (easter != NULL) {
        read_easter(b, easter, h);
    } else if (read_day(b, day != NULL ? day : before, h)) {
        h->kind = day != NULL ? RG_CALENDAR_FIXED : RG_CALENDAR_BEFORE;
    }
}

static void read_calendar(struct rg_definition_build *b, const struct rg_yaml_node *node,
                          const struct rg_calendar_holiday *holidays, size_t count,
                          struct rg_calendar *out)
{
    const struct rg_definition_names names = rg_definition__names(b, node, "a holiday");
    const struct rg_calendar_holiday **list = rg_definition__alloc(b, names.count, sizeof(*list));
    out->name = node->key;
    if (!rg_definition_is_name(rg_bytes_str(node->key))) {
        rg_yaml_report_key(b->doc, node, "a calendar's name must be a text of 1 to %d bytes",
                           RG_NAME_MAX);
    }
    for (size_t i = 0; i < names.count && list != NULL; i++) {
        size_t k = 0;
        while (k < count && strcmp(holidays[k].name, names.items[i]) != 0) {
            k++;
        }
        if (k == count) {
            rg_yaml_report(b->doc, node, "the holiday '%.64s' is not among the holidays; add it",
                           names.items[i]);
            continue;
        }
        list[out->holiday_count++] = &holidays[k];
    }
    out->holidays = list;
}

void rg_definition_calendar_read(struct rg_definition_build *b, const struct rg_yaml_node *root)
{
    const struct rg_yaml_node *days = rg_yaml_map(b->doc, root, "holidays", false);
    const struct rg_yaml_node *cals = rg_yaml_map(b->doc, root, "calendars", false);
    const size_t day_count = days == NULL ? 0 : days->count;
    const size_t cal_count = cals == NULL ? 0 : cals->count;
    if (day_count > RG_DEFINITION_HOLIDAYS_MAX || cal_count > RG_DEFINITION_CALENDARS_MAX) {
        rg_yaml_report(b->doc, day_count > RG_DEFINITION_HOLIDAYS_MAX ? days : cals,
                       "more than %d holidays or %d calendars", RG_DEFINITION_HOLIDAYS_MAX,
                       RG_DEFINITION_CALENDARS_MAX);
        return;
    }
    struct rg_calendar_holiday *h = rg_definition__alloc(b, day_count, sizeof(*h));
    struct rg_calendar *c = rg_definition__alloc(b, cal_count, sizeof(*c));
    if (h == NULL || c == NULL) {
        return;
    }
    size_t i = 0;
    for (const struct rg_yaml_node *n = rg_yaml_first(days); n != NULL; n = rg_yaml_next(n)) {
        read_holiday(b, n, &h[i++]);
    }
    i = 0;
    for (const struct rg_yaml_node *n = rg_yaml_first(cals); n != NULL; n = rg_yaml_next(n)) {
        read_calendar(b, n, h, day_count, &c[i++]);
    }
    b->pub.calendars = c;
    b->pub.calendar_count = cal_count;
}
