#include "base/bytes.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/definition_file.h"
#include "node/cli/history.h"
#include "node/cli/logfile.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/shadow.h"
#include "node/cli/status_json.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const judgements[RG_SHADOW_JUDGEMENTS + 1] = {"vacuous", "satisfied", "pending",
                                                                 "violated", "absent"};

/* One run. */
struct shadowing {
    struct rg_definition_file version[RG_SHADOW_SIDES];
    struct rg_shadow *shadow;
};

/* The exit code of a failure of the shadow, said. */
static int say_shadow(const struct shadowing *r, rg_err err)
{
    const struct rg_bytes c =
        r->shadow == NULL ? (struct rg_bytes){0} : rg_shadow_failed_case(r->shadow);
    const char *id = c.len == 0 ? "" : (const char *)c.data;
    if (err == RG_ERR_FULL) {
        rg_say_error("%s%.*s%sover a limit: too many events, or too much to list; give less of the "
                     "history with --log",
                     c.len == 0 ? "" : "case ", (int)c.len, id, c.len == 0 ? "" : ": ");
        return RG_CLI_INPUT;
    }
    if (err == RG_ERR_CLOSED) {
        rg_say_error("stopped; not all cases were judged");
        return RG_CLI_AGAIN;
    }
    rg_say_error("%s%.*s%s%s", c.len == 0 ? "" : "case ", (int)c.len, id, c.len == 0 ? "" : ": ",
                 err == RG_ERR_NOMEM ? "out of memory" : "the rules failed; report it");
    return RG_CLI_INTERNAL;
}

static int take_event(void *ctx, const struct rg_export_event *e)
{
    struct shadowing *r = ctx;
    const rg_err err = rg_shadow_add(r->shadow, e);
    return err == RG_OK ? RG_CLI_OK : say_shadow(r, err);
}

/* Put the fields that @def knows into @out; their values are judged by the rules alone. */
static void add_fields(struct rg_definition *out, struct rg_definition_field *list,
                       const struct rg_definition *def)
{
    out->fields_any = out->fields_any || def->fields_any;
    for (size_t i = 0; i < def->field_count; i++) {
        list[out->field_count++] =
            (struct rg_definition_field){.name = def->fields[i].name, .kind = RG_DEFINITION_ID};
    }
}

static int read_rows(struct shadowing *r, const char *path, struct rg_eventlog *log,
                     struct rg_logfile *file)
{
    static struct rg_eventlog_row row;
    rg_err err = RG_OK;
    while ((err = rg_logfile_next(file, &row)) == RG_OK) {
        /* The file knows no blocks: an event counts as recorded when it happened. */
        const struct rg_export_event e = {.case_id = row.file_number,
                                          .agency = rg_bytes_str(log->agency),
                                          .recorded_ms = row.event.occurred_ms,
                                          .event = &row.event};
        const int code = take_event(r, &e);
        if (code != RG_CLI_OK) {
            return code;
        }
        if (rg_say_stop != 0) {
            rg_say_error("stopped; %s was not read to its end", path);
            return RG_CLI_AGAIN;
        }
    }
    if (err == RG_ERR_CLOSED) {
        return RG_CLI_OK;
    }
    rg_say_error("%s: %s", path, log->why);
    return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL : err == RG_ERR_IO ? RG_CLI_DISK : RG_CLI_INPUT;
}

/* The history from a file: any step, and the fields that one of the versions knows. No rule can
 * look at another. */
static int read_log(struct shadowing *r, const char *path, const char *agency)
{
    static struct rg_definition_field fields[2 * RG_DEFINITION_FIELDS_MAX];
    static struct rg_eventlog log;
    struct rg_logfile *file = NULL;
    struct rg_definition known = {.process = "log", .steps_any = true, .fields = fields};
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        add_fields(&known, fields, r->version[i].def);
    }
    if (known.fields_any) {
        known.ignore = r->version[RG_SHADOW_BEFORE].def->ignore;
    }
    log.def = &known;
    log.agency = agency == NULL ? "" : agency;
    log.ignore_others = true;
    const rg_err err = rg_logfile_open(path, RG_LOGFILE_ANY, NULL, &log, &file);
    if (err != RG_OK) {
        rg_say_error("%s: %s", path, log.why);
        return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL
               : err == RG_ERR_IO  ? RG_CLI_DISK
                                   : RG_CLI_INPUT;
    }
    const int code = read_rows(r, path, &log, file);
    rg_logfile_close(&file);
    return code;
}

static int read_history(const struct rg_cli *cli, struct shadowing *r, struct rg_session *session)
{
    const struct rg_shadow_version v[RG_SHADOW_SIDES] = {
        {r->version[RG_SHADOW_BEFORE].def, r->version[RG_SHADOW_BEFORE].yaml},
        {r->version[RG_SHADOW_AFTER].def, r->version[RG_SHADOW_AFTER].yaml}};
    struct rg_session_place place = {0};
    const char *log = rg_opts_get(cli, "log");
    const rg_err err = rg_shadow_create(v[RG_SHADOW_BEFORE], v[RG_SHADOW_AFTER], &r->shadow);
    if (err != RG_OK) {
        return say_shadow(r, err);
    }
    if (log != NULL) {
        return read_log(r, log, rg_opts_get(cli, "agency"));
    }
    const int code = rg_history_settle(session);
    return code == RG_CLI_OK ? rg_history_walk(session, &place, take_event, r) : code;
}

static json_t *numbers(const struct rg_shadow_difference *d, size_t side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->event_count[side]; i++) {
        (void)json_array_append_new(list, json_integer((json_int_t)d->events[side][i]));
    }
    return list;
}

static int json_differences(const struct rg_shadow_result *x)
{
    int code = RG_CLI_OK;
    for (size_t i = 0; code == RG_CLI_OK && i < x->difference_count; i++) {
        const struct rg_shadow_difference *d = &x->differences[i];
        code = rg_status_json_line(json_pack(
            "{s:s,s:o,s:s,s:s,s:o,s:o}", "rule", x->rules[d->rule].id, "case",
            rg_status_json_text(d->case_id), "before", judgements[d->judged[RG_SHADOW_BEFORE]],
            "after", judgements[d->judged[RG_SHADOW_AFTER]], "events_before",
            numbers(d, RG_SHADOW_BEFORE), "events_after", numbers(d, RG_SHADOW_AFTER)));
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

static int json_summary(const struct shadowing *r, const struct rg_shadow_result *x)
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
    return rg_status_json_line(
        json_pack("{s:{s:s,s:i},s:{s:s,s:i},s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "before", "process",
                  r->version[RG_SHADOW_BEFORE].def->process, "version",
                  (int)r->version[RG_SHADOW_BEFORE].def->version, "after", "process",
                  r->version[RG_SHADOW_AFTER].def->process, "version",
                  (int)r->version[RG_SHADOW_AFTER].def->version, "as_of", as_of, "cases",
                  (json_int_t)x->cases, "events", (json_int_t)x->events, "cases_differ",
                  (json_int_t)x->differ, "differences", (json_int_t)x->difference_count, "added",
                  only[RG_SHADOW_AFTER], "removed", only[RG_SHADOW_BEFORE], "rules", rules));
}

static void print_numbers(const struct rg_shadow_difference *d, size_t side)
{
    for (size_t i = 0; i < d->event_count[side]; i++) {
        (void)printf("%s%lld", i == 0 ? "" : ",", (long long)d->events[side][i]);
    }
    (void)fputs(d->event_count[side] == 0 ? "-" : "", stdout);
}

static void print_differences(const struct rg_shadow_result *x)
{
    if (x->difference_count > 0) {
        (void)printf("%-12s %-24s %-9s    %-9s  %s\n", "rule", "case", "before", "after",
                     "violating events");
    }
    for (size_t i = 0; i < x->difference_count; i++) {
        const struct rg_shadow_difference *d = &x->differences[i];
        (void)printf("%-12s ", x->rules[d->rule].id);
        rg_say_text(d->case_id);
        (void)printf("%*s %-9s -> %-9s  ", d->case_id.len < 24 ? (int)(24 - d->case_id.len) : 0, "",
                     judgements[d->judged[RG_SHADOW_BEFORE]],
                     judgements[d->judged[RG_SHADOW_AFTER]]);
        print_numbers(d, RG_SHADOW_BEFORE);
        (void)fputs(" -> ", stdout);
        print_numbers(d, RG_SHADOW_AFTER);
        (void)fputc('\n', stdout);
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

static void print_summary(const struct shadowing *r, const struct rg_shadow_result *x)
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
        r->version[RG_SHADOW_BEFORE].def->process, r->version[RG_SHADOW_BEFORE].def->version,
        r->version[RG_SHADOW_AFTER].def->process, r->version[RG_SHADOW_AFTER].def->version,
        (unsigned long long)x->differ, (unsigned long long)x->cases, (unsigned long long)x->events,
        as_of);
}

static int show(const struct rg_cli *cli, const struct shadowing *r)
{
    struct rg_shadow_result x;
    const rg_err err = rg_shadow_judge(r->shadow, &x);
    if (err != RG_OK) {
        return say_shadow(r, err);
    }
    if (cli->json) {
        const int code = json_differences(&x);
        return code == RG_CLI_OK ? json_summary(r, &x) : code;
    }
    print_differences(&x);
    print_summary(r, &x);
    return fflush(stdout) == 0 ? RG_CLI_OK : RG_CLI_DISK;
}

/* The version in force, from the node. */
static int ask_version(struct rg_session *session, struct rg_definition_file *out)
{
    struct rg_answer a = {0};
    if (rg_session_definition(session, &a) != RG_OK) {
        return rg_say_session(session);
    }
    uint8_t *copy = malloc(a.definition.len + 1);
    if (copy == NULL) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    if (a.definition.len > 0) {
        memcpy(copy, a.definition.data, a.definition.len);
    }
    return rg_definition_file_take("the node's definition",
                                   (struct rg_bytes){copy, a.definition.len}, out);
}

static int run(struct rg_cli *cli)
{
    static struct shadowing r;
    static struct rg_profile profile;
    char findings[RG_DEFINITION_ERROR_MAX];
    struct rg_session *session = NULL;
    const char *against = rg_opts_get(cli, "against");
    const bool node = against == NULL || rg_opts_get(cli, "log") == NULL;
    if (rg_opts_get(cli, "agency") != NULL && rg_opts_get(cli, "log") == NULL) {
        rg_say_error("--agency says who recorded the events of a --log; the node knows its own");
        return RG_CLI_USAGE;
    }
    int code = rg_definition_file_read(cli->args[0], &r.version[RG_SHADOW_AFTER]);
    if (code == RG_CLI_OK && against != NULL) {
        code = rg_definition_file_read(against, &r.version[RG_SHADOW_BEFORE]);
    }
    if (code == RG_CLI_OK) {
        rg_definition_lint(r.version[RG_SHADOW_AFTER].def, findings);
        if (findings[0] != '\0') {
            rg_say_note("%s", findings);
        }
    }
    if (code == RG_CLI_OK && node) {
        code = rg_profile_open(cli, &profile, &session);
    }
    if (code == RG_CLI_OK && against == NULL) {
        code = ask_version(session, &r.version[RG_SHADOW_BEFORE]);
    }
    code = code == RG_CLI_OK ? read_history(cli, &r, session) : code;
    rg_say_progress_end();
    code = code == RG_CLI_OK ? show(cli, &r) : code;
    rg_shadow_destroy(&r.shadow);
    rg_definition_file_fini(&r.version[RG_SHADOW_BEFORE]);
    rg_definition_file_fini(&r.version[RG_SHADOW_AFTER]);
    if (node) {
        rg_profile_close(&profile, &session);
    }
    return code;
}

static const struct rg_cli_option options[] = {
    {"against", "FILE", "compare with this version instead of the one in force"},
    {"log", "FILE", "judge this event log, CSV or XES, instead of what my node holds"},
    {"agency", "NAME", "who recorded the events of --log; by default nobody that a rule names"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_process_shadow = {
    .name = "process shadow",
    .args = "FILE",
    .summary = "what this version would have judged differently",
    .detail =
        "Judges the history that my agency may read by the process definition in force and by "
        "FILE, as of the latest time in it, and lists each case that a rule judges differently or "
        "for other events: rule, case, before, after, violating events. Then for each rule how "
        "many cases were satisfied, violated, pending, vacuous, and would be. Of a rule that one "
        "version lacks (absent) the cases are listed that the other has violated or pending. "
        "Nothing is changed; ends with 0 whether or not there are differences, with 65 when a "
        "definition is bad. With --against and --log it needs no node.",
    .options = options,
    .examples = {"reigen process shadow new.yaml",
                 "reigen process shadow new.yaml --against old.yaml --log log.csv.gz --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
