#include "node/cli/commands.h"
#include "node/cli/history.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <stdio.h>

typedef rg_err (*event_fn)(struct rg_export *x, const struct rg_export_event *e);

/* A whole export. */
struct exporting {
    const struct rg_export_format *format;
    const char *path; /* NULL: stdout */
    struct rg_session *session;
    struct rg_export x;
    event_fn fn;     /* what the walk under way does with an event */
    uint32_t number; /* of the next event of its case that counts */
};

/* The exit code of a format's error, said. */
static int say_format(const struct exporting *e, rg_err err)
{
    if (err == RG_ERR_INVALID || err == RG_ERR_FULL) {
        rg_say_error("%s", e->x.why);
        return RG_CLI_INPUT;
    }
    rg_say_error("%s", rg_err_text(err));
    return RG_CLI_INTERNAL;
}

static int give(void *ctx, const struct rg_export_event *event)
{
    struct exporting *e = ctx;
    struct rg_export_event told = *event;
    e->number = event->event_no == 0 ? 0 : e->number;
    if (event->is_void) {
        return RG_CLI_OK;
    }
    told.event_no = e->number++;
    e->x.events++;
    e->x.cases += told.event_no == 0 ? 1 : 0;
    const rg_err err = e->fn(&e->x, &told);
    return err == RG_OK ? RG_CLI_OK : say_format(e, err);
}

static int walk(struct exporting *e, struct rg_session_place *place, event_fn fn)
{
    e->x.events = 0;
    e->x.cases = 0;
    e->fn = fn;
    return rg_history_walk(e->session, place, give, e);
}

static int write_all(struct exporting *e, struct rg_session_place *place)
{
    rg_err err = e->format->begin(&e->x);
    if (err != RG_OK) {
        return say_format(e, err);
    }
    const int code = walk(e, place, e->format->event);
    if (code != RG_CLI_OK) {
        return code;
    }
    err = e->format->end(&e->x);
    return err == RG_OK ? RG_CLI_OK : say_format(e, err);
}

static int say_file(const struct exporting *e, rg_err err)
{
    const char *path = e->path == NULL ? "stdout" : e->path;
    if (err == RG_ERR_EXISTS) {
        rg_say_error("%s exists already; name another file, or remove it", path);
    } else {
        rg_say_error("%s: it cannot be written: %s", path, rg_err_text(err));
    }
    return err == RG_ERR_NOMEM ? RG_CLI_INTERNAL
           : err == RG_ERR_EXISTS || err == RG_ERR_DENIED || err == RG_ERR_NOT_FOUND ? RG_CLI_CREATE
                                                                                     : RG_CLI_DISK;
}

static int export_all(struct exporting *e)
{
    struct rg_session_place place = {0};
    int code = RG_CLI_OK;
    rg_err err = rg_exportfile_open(e->path, &e->x.out);
    if (err != RG_OK) {
        return say_file(e, err);
    }
    if (e->format->survey != NULL) {
        code = walk(e, &place, e->format->survey);
        place.next_case = 1; /* again, up to the same event */
        place.next_event = 0;
    }
    if (code == RG_CLI_OK) {
        code = write_all(e, &place);
    }
    e->format->fini(&e->x);
    rg_say_progress_end();
    if (code != RG_CLI_OK) {
        rg_exportfile_discard(&e->x.out);
        return code;
    }
    err = rg_exportfile_finish(&e->x.out);
    return err == RG_OK ? RG_CLI_OK : say_file(e, err);
}

static int print_result(const struct rg_cli *cli, const struct exporting *e)
{
    if (cli->json) {
        return rg_status_json_line(json_pack("{s:s,s:s,s:I,s:I}", "format", e->format->name, "file",
                                             e->path, "events", (json_int_t)e->x.events, "cases",
                                             (json_int_t)e->x.cases));
    }
    rg_say_note("%llu events of %llu cases exported", (unsigned long long)e->x.events,
                (unsigned long long)e->x.cases);
    return RG_CLI_OK;
}

static int read_options(const struct rg_cli *cli, struct exporting *e)
{
    static const struct rg_export_format *const formats[] = {&rg_export_xes, &rg_export_ocel,
                                                             &rg_export_csv};
    const char *name = rg_opts_get(cli, "format");
    e->path = rg_opts_get(cli, "out");
    for (size_t i = 0; name != NULL && i < 3; i++) {
        e->format = strcmp(name, formats[i]->name) == 0 ? formats[i] : e->format;
    }
    if (e->format == NULL) {
        rg_say_error("--format %s: name one of xes, ocel, csv", name == NULL ? "is missing" : name);
        return RG_CLI_USAGE;
    }
    if (cli->json && e->path == NULL) {
        rg_say_error("--json tells about a file; name it with --out FILE");
        return RG_CLI_USAGE;
    }
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    static struct exporting e;
    struct rg_profile profile;
    int code = read_options(cli, &e);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &e.session);
    if (code == RG_CLI_OK) {
        code = export_all(&e);
    }
    if (code == RG_CLI_OK) {
        code = print_result(cli, &e);
    }
    rg_profile_close(&profile, &e.session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"format", "xes|ocel|csv", "XES (IEEE 1849-2016), OCEL 2.0 as JSON, or CSV"},
    {"out", "FILE", "write a new file, packed when its name ends in .gz, instead of stdout"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_export = {
    .name = "export",
    .args = "",
    .summary = "all events for process mining: XES, OCEL or CSV",
    .detail = "Writes all events of all cases that my agency may read. A case is named by my "
              "agency's file number, or by its pseudonym when another agency opened it; "
              "`reigen:agency` says who recorded an event. An exported XES or CSV file can be "
              "imported again. The file holds case data: keep it as you keep the files.",
    .options = options,
    .examples = {"reigen export --format xes --out cases.xes.gz",
                 "reigen export --format ocel --out cases.json --json"},
    .run = run,
};
