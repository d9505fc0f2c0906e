#include "base/bytes.h"
#include "node/cli/commands.h"
#include "node/cli/definition_file.h"
#include "node/cli/history.h"
#include "node/cli/logfile.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/shadow_print.h"
#include <stdlib.h>
#include <time.h>

#define LOOK_MS 500   /* for what is new */
#define RETRY_MS 1000 /* when the node is gone */

/* One run. */
struct shadowing {
    struct rg_definition_file version[RG_SHADOW_SIDES];
    struct rg_shadow *shadow;
    struct rg_session *session;    /* NULL: no node is asked */
    struct rg_session_place place; /* of the history that was read last */
    bool follow;
    bool in_force; /* the version before is the one in force */
    bool json;
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

static int take_event(struct shadowing *r, const struct rg_export_event *e)
{
    const rg_err err = rg_shadow_add(r->shadow, e);
    return err == RG_OK ? RG_CLI_OK : say_shadow(r, err);
}

/* The node tells each case whole, from its first event on. */
static int take_told(void *ctx, const struct rg_export_event *e)
{
    struct shadowing *r = ctx;
    if (e->event_no == 0) {
        rg_shadow_renew(r->shadow, e);
    }
    return take_event(r, e);
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

static void versions(const struct shadowing *r, struct rg_shadow_version v[RG_SHADOW_SIDES])
{
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        v[i] = (struct rg_shadow_version){r->version[i].def, r->version[i].yaml};
    }
}

static int read_history(const struct rg_cli *cli, struct shadowing *r)
{
    struct rg_shadow_version v[RG_SHADOW_SIDES];
    const char *log = rg_opts_get(cli, "log");
    versions(r, v);
    const rg_err err = rg_shadow_create(v[RG_SHADOW_BEFORE], v[RG_SHADOW_AFTER], &r->shadow);
    if (err != RG_OK) {
        return say_shadow(r, err);
    }
    return log != NULL ? read_log(r, log, rg_opts_get(cli, "agency"))
                       : rg_history_walk(r->session, &r->place, take_told, r);
}

static rg_err judge(const struct shadowing *r, struct rg_shadow_result *out)
{
    return rg_shadow_judge(r->shadow, r->follow ? (int64_t)r->place.time_ms : RG_SHADOW_ONCE, out);
}

static int show(const struct shadowing *r)
{
    struct rg_shadow_version v[RG_SHADOW_SIDES];
    struct rg_shadow_result x;
    const rg_err err = judge(r, &x);
    if (err != RG_OK) {
        return say_shadow(r, err);
    }
    versions(r, v);
    return rg_shadow_print_all(v, &x, r->json);
}

static void rest(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL); /* a signal ends it */
}

/* Judge and tell what the last look at the node brought. @out_end: nothing more is to be told. */
static int tell_news(struct shadowing *r, uint64_t after, bool *out_end)
{
    const uint32_t judged_by = r->version[RG_SHADOW_BEFORE].def->version;
    struct rg_shadow_result x;
    if (r->place.through < after) {
        rg_say_error("the node's history is shorter than what was read before: its data was "
                     "replaced; start again");
        return RG_CLI_AGAIN;
    }
    if (r->in_force && r->place.version != judged_by) {
        rg_say_note("version %u of the process definition is in force now, no longer version %u "
                    "that was compared with; start again to compare with it",
                    r->place.version, judged_by);
        *out_end = true;
        return RG_CLI_OK;
    }
    const rg_err err = judge(r, &x);
    *out_end = err == RG_ERR_CLOSED;
    if (err != RG_OK) {
        return *out_end ? RG_CLI_OK : say_shadow(r, err);
    }
    return rg_shadow_print_news(&x, r->json);
}

/* Go on with what is recorded from here on, until the stop flag is set. */
static int follow(struct shadowing *r)
{
    int code = RG_CLI_OK;
    bool end = false;
    bool lost = false;
    rg_say_note("following after event %llu", (unsigned long long)r->place.through);
    while (code == RG_CLI_OK && !end && rg_say_stop == 0) {
        const struct rg_session_place before = r->place;
        rg_err err = RG_OK;
        rest(lost ? RETRY_MS : LOOK_MS);
        r->place = (struct rg_session_place){.after = before.through};
        code = rg_history_try(r->session, &r->place, take_told, r, &err);
        if (code != RG_CLI_OK || err == RG_ERR_CLOSED || rg_say_stop != 0) {
            break;
        }
        if (err == RG_OK) {
            if (lost) {
                rg_say_note("reigen: the node is back");
            }
            lost = false;
            code = tell_news(r, before.through, &end);
            continue;
        }
        r->place = before;
        if (err != RG_ERR_UNREACHABLE && err != RG_ERR_TIMEOUT && err != RG_ERR_BUSY) {
            return rg_say_session(r->session);
        }
        if (!lost) {
            rg_say_note("reigen: waiting for the node: %s", rg_session_why(r->session));
        }
        lost = true;
    }
    return code;
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

static int check_options(const struct rg_cli *cli)
{
    const bool log = rg_opts_get(cli, "log") != NULL;
    if (rg_opts_get(cli, "agency") != NULL && !log) {
        rg_say_error("--agency says who recorded the events of a --log; the node knows its own");
        return RG_CLI_USAGE;
    }
    if (rg_opts_has(cli, "follow") && log) {
        rg_say_error("--follow goes on with what my node records; a --log has an end, leave one of "
                     "them out");
        return RG_CLI_USAGE;
    }
    return RG_CLI_OK;
}

static int read_versions(const struct rg_cli *cli, struct shadowing *r)
{
    char findings[RG_DEFINITION_ERROR_MAX];
    const char *against = rg_opts_get(cli, "against");
    int code = rg_definition_file_read(cli->args[0], &r->version[RG_SHADOW_AFTER]);
    if (code == RG_CLI_OK && against != NULL) {
        code = rg_definition_file_read(against, &r->version[RG_SHADOW_BEFORE]);
    }
    if (code == RG_CLI_OK) {
        rg_definition_lint(r->version[RG_SHADOW_AFTER].def, findings);
        if (findings[0] != '\0') {
            rg_say_note("%s", findings);
        }
    }
    return code;
}

static int run(struct rg_cli *cli)
{
    static struct shadowing r;
    static struct rg_profile profile;
    r.in_force = rg_opts_get(cli, "against") == NULL;
    r.follow = rg_opts_has(cli, "follow");
    r.json = cli->json;
    const bool node = r.in_force || rg_opts_get(cli, "log") == NULL;
    int code = check_options(cli);
    code = code == RG_CLI_OK ? read_versions(cli, &r) : code;
    if (code == RG_CLI_OK && node) {
        code = rg_profile_open(cli, &profile, &r.session);
    }
    if (code == RG_CLI_OK && r.in_force) {
        code = ask_version(r.session, &r.version[RG_SHADOW_BEFORE]);
    }
    code = code == RG_CLI_OK ? read_history(cli, &r) : code;
    rg_say_progress_end();
    code = code == RG_CLI_OK ? show(&r) : code;
    code = code == RG_CLI_OK && r.follow ? follow(&r) : code;
    rg_shadow_destroy(&r.shadow);
    rg_definition_file_fini(&r.version[RG_SHADOW_BEFORE]);
    rg_definition_file_fini(&r.version[RG_SHADOW_AFTER]);
    if (node) {
        rg_profile_close(&profile, &r.session);
    }
    return code;
}

static const struct rg_cli_option options[] = {
    {"against", "FILE", "compare with this version instead of the one in force"},
    {"log", "FILE", "judge this event log, CSV or XES, instead of what my node holds"},
    {"follow", NULL, "go on: tell what becomes judged differently, or ceases to be, as it comes"},
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
        "definition is bad. With --against and --log it needs no node. With --follow it goes on "
        "until SIGINT or SIGTERM, or until another version comes into force, and prints each case "
        "that becomes judged differently, otherwise than before, or differently no more, by an "
        "event, a cancellation or a deadline that passes.",
    .options = options,
    .examples = {"reigen process shadow new.yaml --follow",
                 "reigen process shadow new.yaml --against old.yaml --log log.csv.gz --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
