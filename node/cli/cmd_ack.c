/* Acknowledging an alert, on the ledger. */
#include "base/arena.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "node/cli/commands.h"
#include "node/cli/one_event.h"
#include "node/cli/say.h"
#include <jansson.h>

/* Ask the node under which id the alert was raised last. */
static int find_raised(struct rg_session *s, const char *text, struct rg_hash *out)
{
    struct rg_hash alert;
    struct rg_answer a = {0};
    const struct rg_session_alerts query = {.max = 1, .alert = &alert};
    if (rg_hex_parse(text, alert.b, RG_HASH_BYTES) != RG_OK) {
        rg_say_error("%s: an alert is named by 64 hexadecimal digits; `reigen alerts` shows them",
                     text);
        return RG_CLI_USAGE;
    }
    if (rg_session_alerts(s, &query, &a) != RG_OK) {
        return rg_say_session(s);
    }
    if (a.alert_count == 0) {
        rg_say_error("%s: my node has raised no such alert; `reigen alerts` shows them", text);
        return RG_CLI_INPUT;
    }
    const struct rg_bytes json = a.alerts[0].event;
    json_t *event = json_loadb((const char *)json.data, json.len, 0, NULL);
    const char *id = json_string_value(json_object_get(event, "id"));
    const bool good = id != NULL && rg_hex_parse(id, out->b, RG_HASH_BYTES) == RG_OK;
    json_decref(event);
    if (!good) {
        rg_say_error("%s: the node's alert has no id; do its version and this program's fit?",
                     text);
        return RG_CLI_INTERNAL;
    }
    return RG_CLI_OK;
}

/* Whether the note is what an event may hold. */
static int check_note(const struct rg_event *e)
{
    struct rg_arena arena = {0};
    struct rg_bytes bytes;
    rg_err err = rg_arena_init(&arena, 64 * 1024);
    if (err == RG_OK) {
        err = rg_ledger_codec_encode_event(&arena, e, &bytes);
    }
    rg_arena_fini(&arena);
    if (err == RG_ERR_INVALID) {
        rg_say_error("--note: a code of up to %d letters, digits, `_`, `-` and `.`; no sentence "
                     "about a person belongs on the ledger",
                     RG_NAME_MAX);
        return RG_CLI_INPUT;
    }
    return err == RG_OK ? RG_CLI_OK : RG_CLI_INTERNAL;
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_id stream;
    const char *note = rg_opts_get(cli, "note");
    struct rg_event e = {
        .occurred_ms = rg_one_event_now(),
        .about = {.kind = RG_ABOUT_ACKNOWLEDGE, .reason = rg_bytes_str(note == NULL ? "" : note)}};
    if (cli->arg_count == 0) {
        rg_say_error("name the alert: ALERT-ID, as `reigen alerts` shows it");
        return RG_CLI_USAGE;
    }
    int code = check_note(&e);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = find_raised(session, cli->args[0], &e.about.alert);
    }
    if (code == RG_CLI_OK) {
        rg_ledger_codec_about_stream(&profile.ledger_id, &e.about, &stream);
        code = rg_one_event_send(cli, session, &e, &stream, NULL);
    }
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"note", "CODE", "what is done about it: letters, digits, `_`, `-` and `.`"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_ack = {
    .name = "ack",
    .args = "ALERT-ID",
    .summary = "acknowledge an alert, on the ledger",
    .detail = "Records in the alert's case, for all who read it, that my agency has seen the alert "
              "(`data.alert`, which `reigen alerts` shows at the end of a line). Nothing else is "
              "decided by that: the alert stays open until it is healed or withdrawn. What was "
              "acknowledged before stays as it is.",
    .options = options,
    .examples = {"reigen ack 5f0c...e1 --note in_progress --wait", "reigen ack 5f0c...e1 --json"},
    .max_args = 1,
    .run = run,
};
