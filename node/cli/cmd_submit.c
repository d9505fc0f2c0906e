#include "base/bytes.h"
#include "base/hex.h"
#include "base/time.h"
#include "crypto/rand.h"
#include "node/cli/commands.h"
#include "node/cli/one_event.h"
#include "node/cli/say.h"

static int read_event(const struct rg_cli *cli, struct rg_event *e)
{
    const char *at = rg_opts_get(cli, "at");
    e->step = rg_bytes_str(rg_opts_get(cli, "step"));
    e->occurred_ms = rg_one_event_now();
    if (at != NULL && rg_time_parse(rg_bytes_str(at), &e->occurred_ms) != RG_OK) {
        rg_say_error("--at %s: not a time; write it like 2026-03-01T09:30:00Z", at);
        return RG_CLI_INPUT;
    }
    return rg_one_event_fields(cli, e);
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
    struct rg_id stream;
    int code = check_usage(cli, &link);
    if (code == RG_CLI_OK) {
        code = read_event(cli, &event);
    }
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = rg_one_event_check(&profile, session, &event);
    }
    if (code == RG_CLI_OK) {
        rg_rand(stream.b, RG_ID_BYTES);
        code = rg_one_event_send(cli, session, &event, &stream,
                                 rg_opts_has(cli, "link") ? &link : NULL);
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
