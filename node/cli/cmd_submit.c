#include "base/bytes.h"
#include "base/hex.h"
#include "base/time.h"
#include "client/pipeline.h"
#include "crypto/rand.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include "proto/ledger_codec.h"
#include "rules/definition.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static int64_t wall_ms(void)
{
    struct timespec ts = {0};
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Read --at and every --field into @e. */
static int read_event(const struct rg_cli *cli, struct rg_event *e)
{
    const char *at = rg_opts_get(cli, "at");
    e->step = rg_bytes_str(rg_opts_get(cli, "step"));
    e->occurred_ms = wall_ms();
    if (at != NULL && rg_time_parse(rg_bytes_str(at), &e->occurred_ms) != RG_OK) {
        rg_say_error("--at %s: not a time; write it like 2026-03-01T09:30:00Z", at);
        return RG_CLI_INPUT;
    }
    const char *field = NULL;
    for (size_t i = 0; (field = rg_opts_nth(cli, "field", i)) != NULL; i++) {
        const char *equals = strchr(field, '=');
        if (equals == NULL || equals == field) {
            rg_say_error("--field %s: write it as NAME=VALUE", field);
            return RG_CLI_USAGE;
        }
        if (i >= RG_FIELDS_MAX) {
            rg_say_error("--field: at most %d fields", RG_FIELDS_MAX);
            return RG_CLI_INPUT;
        }
        e->fields[i].name = (struct rg_bytes){(const uint8_t *)field, (size_t)(equals - field)};
        e->fields[i].value = rg_bytes_str(equals + 1);
        e->field_count++;
    }
    return RG_CLI_OK;
}

/* Judge the event by the node's definition before anything is sent. */
static int check_event(const struct rg_profile *p, struct rg_session *s, const struct rg_event *e)
{
    struct rg_answer a = {0};
    struct rg_definition *def = NULL;
    char text[RG_DEFINITION_ERROR_MAX];
    if (rg_session_definition(s, &a) != RG_OK) {
        return rg_say_session(s);
    }
    if (rg_definition_parse("definition", a.definition, &def, text) != RG_OK) {
        rg_say_error("the node's process definition cannot be read here: %s", text);
        return RG_CLI_INTERNAL;
    }
    int code = RG_CLI_OK;
    if (!rg_definition_has_step(def, e->step)) {
        rg_say_error(
            "--step %.*s: process `%s` has no such step; `reigen case` shows what may come "
            "next",
            (int)e->step.len, (const char *)e->step.data, def->process);
        code = RG_CLI_INPUT;
    } else if (!rg_definition_may_write(def, e->step, rg_bytes_str(p->agency))) {
        rg_say_error("--step %.*s: agency %s may not record this step in process `%s`",
                     (int)e->step.len, (const char *)e->step.data, p->agency, def->process);
        code = RG_CLI_DENIED;
    }
    for (uint32_t i = 0; code == RG_CLI_OK && i < e->field_count; i++) {
        const struct rg_event_field *f = &e->fields[i];
        const char *why = "no such field in the process definition";
        if (rg_definition_check_field(def, f->name, f->value, &why) != RG_OK) {
            rg_say_error("--field %.*s: %s", (int)f->name.len, (const char *)f->name.data, why);
            code = RG_CLI_INPUT;
        }
    }
    rg_definition_destroy(&def);
    return code;
}

static int print_result(const struct rg_cli *cli, const struct rg_pipeline_totals *t)
{
    char pseudonym[2 * RG_ID_BYTES + 1];
    char hash[2 * RG_HASH_BYTES + 1];
    rg_hex_format(t->pseudonym.b, RG_ID_BYTES, pseudonym);
    rg_hex_format(t->submission.b, RG_HASH_BYTES, hash);
    if (cli->json) {
        return rg_status_json_line(
            json_pack("{s:s,s:s,s:o,s:I}", "pseudonym", pseudonym, "submission", hash, "height",
                      t->last_height == 0 ? json_null() : json_integer((json_int_t)t->last_height),
                      "events", (json_int_t)t->taken));
    }
    (void)printf("pseudonym   %s\nsubmission  %s\n", pseudonym, hash);
    if (t->last_height > 0) {
        (void)printf("height      %" PRIu64 " (final)\n", t->last_height);
    } else {
        (void)printf("height      taken by the node, not yet final (use --wait)\n");
    }
    return RG_CLI_OK;
}

static int send_event(const struct rg_cli *cli, struct rg_session *s, const struct rg_event *e,
                      const struct rg_id *link)
{
    struct rg_pipeline *pipe = NULL;
    struct rg_arena arena = {0};
    struct rg_bytes bytes = {NULL, 0};
    const struct rg_bytes file_number = rg_bytes_str(rg_opts_get(cli, "case"));
    struct rg_pipeline_config config = {
        .window = 1, .wait = rg_opts_has(cli, "wait"), .stop = &rg_say_stop};
    rg_rand(config.stream.b, RG_ID_BYTES);
    if (rg_arena_init(&arena, 64 * 1024) != RG_OK ||
        rg_ledger_codec_encode_event(&arena, e, &bytes) != RG_OK ||
        rg_pipeline_new(s, &config, &pipe) != RG_OK) {
        rg_say_error("the event cannot be encoded");
        rg_arena_fini(&arena);
        return RG_CLI_INPUT;
    }
    const struct rg_pipeline_batch batch = {&bytes, &file_number, 1, link};
    rg_err err = rg_pipeline_push(pipe, &batch);
    if (err == RG_OK) {
        err = rg_pipeline_finish(pipe);
    }
    const int code = err == RG_OK ? print_result(cli, rg_pipeline_totals(pipe)) : rg_say_session(s);
    rg_pipeline_destroy(&pipe);
    rg_arena_fini(&arena);
    return code;
}

static int check_usage(const struct rg_cli *cli, struct rg_id *link)
{
    const char *number = rg_opts_get(cli, "case");
    const char *text = rg_opts_get(cli, "link");
    if (number == NULL || rg_opts_get(cli, "step") == NULL) {
        rg_say_error("--case FILE-NO and --step STEP are needed; see `reigen submit --help`");
        return RG_CLI_USAGE;
    }
    if (number[0] == '\0' || strlen(number) > RG_FILE_NUMBER_MAX) {
        rg_say_error("--case: a file number has 1 to %d bytes", RG_FILE_NUMBER_MAX);
        return RG_CLI_INPUT;
    }
    if (text != NULL && rg_hex_parse(text, link->b, RG_ID_BYTES) != RG_OK) {
        rg_say_error("--link %s: a pseudonym has 32 hexadecimal digits", text);
        return RG_CLI_USAGE;
    }
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_event event = {0};
    struct rg_id link = {{0}};
    int code = check_usage(cli, &link);
    if (code == RG_CLI_OK) {
        code = read_event(cli, &event);
    }
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = check_event(&profile, session, &event);
    }
    if (code == RG_CLI_OK) {
        code = send_event(cli, session, &event, rg_opts_has(cli, "link") ? &link : NULL);
    }
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"case", "FILE-NO", "my agency's file number of the case; opened when it is new"},
    {"step", "STEP", "what happened"},
    {"at", "TIME", "when it happened (RFC 3339); now when not given"},
    {"field", "NAME=VALUE", "a field of the step; may be repeated"},
    {"link", "PSEUDONYM", "FILE-NO is another agency's case with this pseudonym"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_submit = {
    .name = "submit",
    .args = "",
    .summary = "record one step of a case",
    .detail = "Records one step of a case on the ledger and prints the case's pseudonym and the "
              "submission's hash, with --wait also the height at which it is final.",
    .options = options,
    .examples = {"reigen submit --case AZ-1 --step registrierung_abgeschlossen --wait",
                 "reigen submit --case AZ-1 --step aktenanlage_termin_geplant --field "
                 "termin=2026-04-01"},
    .run = run,
};
