#include "node/cli/commands.h"
#include "node/cli/import.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <inttypes.h>
#include <stdio.h>

static int print_result(const struct rg_cli *cli, const struct rg_import *im,
                        const struct rg_pipeline_totals *t, int64_t ms)
{
    if (cli->json) {
        return rg_status_json_line(json_pack(
            "{s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:f}", "events", (json_int_t)im->events, "cases",
            (json_int_t)im->cases, "accepted", (json_int_t)t->taken, "rejected",
            (json_int_t)(t->answered - t->taken - t->known), "duplicates", (json_int_t)t->known,
            "first_height",
            t->first_height == 0 ? json_null() : json_integer((json_int_t)t->first_height),
            "last_height",
            t->last_height == 0 ? json_null() : json_integer((json_int_t)t->last_height), "seconds",
            (double)ms / 1000.0));
    }
    (void)printf("%" PRIu64 " events of %" PRIu64 " cases: %" PRIu64 " recorded, %" PRIu64
                 " were recorded before",
                 im->events, im->cases, t->taken, t->known);
    if (t->last_height > 0) {
        (void)printf(", final at heights %" PRIu64 " to %" PRIu64, t->first_height, t->last_height);
    }
    (void)printf(" (%" PRId64 ".%03" PRId64 " s)\n", ms / 1000, ms % 1000);
    return RG_CLI_OK;
}

/* Get the node's definition, judge the file by it, send it. */
static int import(const struct rg_cli *cli, struct rg_import *im, const struct rg_profile *p,
                  struct rg_session *s)
{
    struct rg_answer a = {0};
    struct rg_definition *def = NULL;
    struct rg_pipeline_totals totals = {0};
    char text[RG_DEFINITION_ERROR_MAX];
    if (rg_session_definition(s, &a) != RG_OK) {
        return rg_say_session(s);
    }
    if (rg_definition_parse("definition", a.definition, &def, text) != RG_OK) {
        rg_say_error("the node's process definition cannot be read here: %s", text);
        return RG_CLI_INTERNAL;
    }
    im->log.def = def;
    im->log.agency = p->agency;
    int code = rg_import_scan(im);
    if (code == RG_CLI_OK) {
        const int64_t start = rg_line_now();
        code = rg_import_send(im, s, &totals);
        if (code == RG_CLI_OK) {
            code = print_result(cli, im, &totals, rg_line_now() - start);
        }
    }
    rg_definition_destroy(&def);
    return code;
}

static int read_options(const struct rg_cli *cli, struct rg_import *im)
{
    static const uint64_t rates[2] = {1, 10000000};
    static const uint64_t batches[2] = {1, RG_PIPELINE_EVENTS_MAX};
    const char *format = rg_opts_get(cli, "format");
    uint64_t batch = RG_PIPELINE_EVENTS_MAX;
    im->format = format == NULL               ? RG_LOGFILE_ANY
                 : strcmp(format, "xes") == 0 ? RG_LOGFILE_XES
                                              : RG_LOGFILE_CSV;
    if (im->format == RG_LOGFILE_CSV && strcmp(format, "csv") != 0) {
        rg_say_error("--format %s: it is csv or xes; the file may be plain or .gz", format);
        return RG_CLI_USAGE;
    }
    if (rg_opts_number(cli, "rate", rates, 0, &im->rate) != RG_OK ||
        rg_opts_number(cli, "batch", batches, batch, &batch) != RG_OK) {
        return RG_CLI_USAGE;
    }
    /* At a rate, ten requests a second or so rather than one burst a second. */
    if (im->rate > 0 && batch > im->rate / 10) {
        batch = im->rate / 10 > 0 ? im->rate / 10 : 1;
    }
    im->batch = (uint32_t)batch;
    im->path = cli->args[0];
    im->wait = rg_opts_has(cli, "wait");
    im->log.ignore_others = rg_opts_has(cli, "ignore-columns");
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    static struct rg_import im;
    struct rg_profile profile;
    struct rg_session *session = NULL;
    int code = read_options(cli, &im);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = import(cli, &im, &profile, session);
    }
    rg_unpack_sums_fini(&im.sums);
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"format", "csv|xes", "the file's format; by default its content and name tell"},
    {"rate", "N", "at most N events a second"},
    {"batch", "N", "events in one request, at most 500"},
    {"ignore-columns", NULL,
     "leave out columns and attributes that the process definition does not know"},
    {"wait", NULL, "come back when everything is final; tries for 60 s without progress"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_import = {
    .name = "import",
    .args = "FILE",
    .summary = "record an event log",
    .detail =
        "Records an event log, plain or .gz: CSV (header case_id,activity,timestamp and fields of "
        "the process definition) or XES (IEEE 1849; a trace is a case, concept:name the step, "
        "lifecycle:transition, org:resource and org:group the fields lifecycle, resource and "
        "group, other attributes of events fields of their own name). The order of a case is the "
        "order of its rows. The whole file is checked first: one bad line, named by number, and "
        "nothing is recorded. Running it again with the same file goes on where it ended and "
        "never records a row twice.",
    .options = options,
    .examples = {"reigen import log.csv.gz --wait",
                 "reigen import log.xes --ignore-columns --json"},
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
