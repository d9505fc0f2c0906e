#include "node/cli/shadow_print.h"
#include "base/bytes.h"
#include "base/time.h"
#include "node/cli/cli.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <stdio.h>

static const char *const judgements[RG_SHADOW_JUDGEMENTS + 1] = {"vacuous", "satisfied", "pending",
                                                                 "violated", "absent"};

static json_t *numbers(const struct rg_shadow_difference *d, size_t side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->event_count[side]; i++) {
        (void)json_array_append_new(list, json_integer((json_int_t)d->events[side][i]));
    }
    return list;
}

static json_t *json_difference(const struct rg_shadow_result *x,
                               const struct rg_shadow_difference *d)
{
    return json_pack("{s:s,s:o,s:s,s:s,s:o,s:o}", "rule", x->rules[d->rule].id, "case",
                     rg_status_json_text(d->case_id), "before",
                     judgements[d->judged[RG_SHADOW_BEFORE]], "after",
                     judgements[d->judged[RG_SHADOW_AFTER]], "events_before",
                     numbers(d, RG_SHADOW_BEFORE), "events_after", numbers(d, RG_SHADOW_AFTER));
}

static int json_differences(const struct rg_shadow_result *x)
{
    int code = RG_CLI_OK;
    for (size_t i = 0; code == RG_CLI_OK && i < x->difference_count; i++) {
        code = rg_status_json_line(json_difference(x, &x->differences[i]));
    }
    return code;
}

static json_t *json_counts(const struct rg_shadow_rule *rule, size_t side)
{
    if (!rule->in[side]) {
        return json_null();
    }
    json_t *o = json_object();
    for (size_t i = 0; i < RG_SHADOW_JUDGEMENTS; i++) {
        (void)json_object_set_new(o, judgements[i], json_integer((json_int_t)rule->cases[side][i]));
    }
    return o;
}

static int json_summary(const struct rg_shadow_version v[static RG_SHADOW_SIDES],
                        const struct rg_shadow_result *x)
{
    char as_of[RG_TIME_TEXT_MAX];
    json_t *rules = json_array();
    json_t *only[RG_SHADOW_SIDES] = {json_array(), json_array()};
    rg_time_format(x->as_of_ms, as_of);
    for (size_t i = 0; i < x->rule_count; i++) {
        const struct rg_shadow_rule *rule = &x->rules[i];
        (void)json_array_append_new(rules, json_pack("{s:s,s:o,s:o,s:I}", "id", rule->id, "before",
                                                     json_counts(rule, RG_SHADOW_BEFORE), "after",
                                                     json_counts(rule, RG_SHADOW_AFTER), "differ",
                                                     (json_int_t)rule->differ));
        for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
            if (!rule->in[RG_SHADOW_SIDES - 1 - side]) {
                (void)json_array_append_new(only[side], json_string(rule->id));
            }
        }
    }
    return rg_status_json_line(json_pack(
        "{s:{s:s,s:i},s:{s:s,s:i},s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "before", "process",
        v[RG_SHADOW_BEFORE].def->process, "version", (int)v[RG_SHADOW_BEFORE].def->version, "after",
        "process", v[RG_SHADOW_AFTER].def->process, "version", (int)v[RG_SHADOW_AFTER].def->version,
        "as_of", as_of, "cases", (json_int_t)x->cases, "events", (json_int_t)x->events,
        "cases_differ", (json_int_t)x->differ, "differences", (json_int_t)x->difference_count,
        "added", only[RG_SHADOW_AFTER], "removed", only[RG_SHADOW_BEFORE], "rules", rules));
}

static void print_numbers(const struct rg_shadow_difference *d, size_t side)
{
    for (size_t i = 0; i < d->event_count[side]; i++) {
        (void)printf("%s%lld", i == 0 ? "" : ",", (long long)d->events[side][i]);
    }
    (void)fputs(d->event_count[side] == 0 ? "-" : "", stdout);
}

static void print_difference(const struct rg_shadow_result *x, const struct rg_shadow_difference *d)
{
    (void)printf("%-12s ", x->rules[d->rule].id);
    rg_say_text(d->case_id);
    (void)printf("%*s %-9s %s %-9s  ", d->case_id.len < 24 ? (int)(24 - d->case_id.len) : 0, "",
                 judgements[d->judged[RG_SHADOW_BEFORE]], d->differs ? "->" : " =",
                 judgements[d->judged[RG_SHADOW_AFTER]]);
    if (d->differs) {
        print_numbers(d, RG_SHADOW_BEFORE);
        (void)fputs(" -> ", stdout);
        print_numbers(d, RG_SHADOW_AFTER);
    } else {
        (void)fputs("differs no more", stdout);
    }
    (void)fputc('\n', stdout);
}

static void print_differences(const struct rg_shadow_result *x)
{
    if (x->difference_count > 0) {
        (void)printf("%-12s %-24s %-9s    %-9s  %s\n", "rule", "case", "before", "after",
                     "violating events");
    }
    for (size_t i = 0; i < x->difference_count; i++) {
        print_difference(x, &x->differences[i]);
    }
    (void)fputs(x->difference_count > 0 ? "\n" : "", stdout);
}

/* `old -> new`, or one number where both are the same; `-` for a version without the rule. */
static void print_change(const struct rg_shadow_rule *rule, size_t judgement)
{
    char text[64];
    char side[RG_SHADOW_SIDES][24] = {"-", "-"};
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        if (rule->in[i]) {
            (void)snprintf(side[i], sizeof side[i], "%llu",
                           (unsigned long long)rule->cases[i][judgement]);
        }
    }
    const bool same = strcmp(side[0], side[1]) == 0;
    (void)snprintf(text, sizeof text, "%s%s%s", side[0], same ? "" : " -> ", same ? "" : side[1]);
    (void)printf(" %18s", text);
}

static void print_summary(const struct rg_shadow_version v[static RG_SHADOW_SIDES],
                          const struct rg_shadow_result *x)
{
    char as_of[RG_TIME_TEXT_MAX];
    rg_time_format(x->as_of_ms, as_of);
    (void)printf("%-12s %8s %18s %18s %18s %18s\n", "rule", "differ", "satisfied", "violated",
                 "pending", "vacuous");
    for (size_t i = 0; i < x->rule_count; i++) {
        const struct rg_shadow_rule *rule = &x->rules[i];
        (void)printf("%-12s %8llu", rule->id, (unsigned long long)rule->differ);
        print_change(rule, 1);
        print_change(rule, 3);
        print_change(rule, 2);
        print_change(rule, 0);
        (void)printf("%s\n", !rule->in[RG_SHADOW_BEFORE]  ? "  added"
                             : !rule->in[RG_SHADOW_AFTER] ? "  removed"
                                                          : "");
    }
    (void)printf(
        "`%s` version %u -> `%s` version %u: %llu of %llu cases differ (%llu events, as of "
        "%s)\n",
        v[RG_SHADOW_BEFORE].def->process, v[RG_SHADOW_BEFORE].def->version,
        v[RG_SHADOW_AFTER].def->process, v[RG_SHADOW_AFTER].def->version,
        (unsigned long long)x->differ, (unsigned long long)x->cases, (unsigned long long)x->events,
        as_of);
}

static int flush(void)
{
    if (fflush(stdout) != 0) {
        rg_say_error("cannot write to the output");
        return RG_CLI_DISK;
    }
    return RG_CLI_OK;
}

int rg_shadow_print_all(const struct rg_shadow_version v[static RG_SHADOW_SIDES],
                        const struct rg_shadow_result *x, bool json)
{
    if (json) {
        const int code = json_differences(x);
        return code == RG_CLI_OK ? json_summary(v, x) : code;
    }
    print_differences(x);
    print_summary(v, x);
    return flush();
}

int rg_shadow_print_news(const struct rg_shadow_result *x, bool json)
{
    char as_of[RG_TIME_TEXT_MAX];
    int code = RG_CLI_OK;
    rg_time_format(x->as_of_ms, as_of);
    for (size_t i = 0; code == RG_CLI_OK && i < x->difference_count; i++) {
        if (json) {
            json_t *o = json_difference(x, &x->differences[i]);
            (void)json_object_set_new(o, "as_of", json_string(as_of)); /* NULL is told below */
            code = rg_status_json_line(o);
        } else {
            (void)printf("%s ", as_of);
            print_difference(x, &x->differences[i]);
            code = flush();
        }
    }
    return code;
}
