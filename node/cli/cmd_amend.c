/* Correcting and cancelling what was recorded. */
#include "base/bytes.h"
#include "base/num.h"
#include "base/time.h"
#include "node/cli/commands.h"
#include "node/cli/one_event.h"
#include "node/cli/say.h"
#include <stdio.h>

/* Read HEIGHT/SUBMISSION/ENTRY. */
static bool read_place(const char *text, struct rg_about *out)
{
    uint64_t part[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        const size_t len = strcspn(text, "/");
        const struct rg_bytes number = {(const uint8_t *)text, len};
        if (rg_num_parse_u64(number, i == 0 ? INT64_MAX : UINT32_MAX, &part[i]) != RG_OK ||
            (text[len] == '/') != (i < 2)) {
            return false;
        }
        text += len + 1;
    }
    if (part[0] == 0) {
        return false;
    }
    out->height = part[0];
    out->submission = (uint32_t)part[1];
    out->entry = (uint32_t)part[2];
    return true;
}

static int check_usage(const struct rg_cli *cli, struct rg_about *about)
{
    const char *entry = rg_opts_get(cli, "entry");
    const char *reason = rg_opts_get(cli, "reason");
    if (rg_opts_get(cli, "case") == NULL || entry == NULL) {
        rg_say_error("--case FILE-NO and --entry ENTRY are needed; `reigen case FILE-NO` shows the "
                     "entries of a case");
        return RG_CLI_USAGE;
    }
    if (!read_place(entry, about)) {
        rg_say_error(
            "--entry %s: an entry is named HEIGHT/SUBMISSION/ENTRY, as `reigen case` shows "
            "it",
            entry);
        return RG_CLI_USAGE;
    }
    about->reason = rg_bytes_str(reason == NULL ? "" : reason);
    return RG_CLI_OK;
}

/* Find the entry that @about names in the case and start @e with what it holds. Borrows from the
 * answer and @arena. */
static int take_original(const struct rg_cli *cli, const struct rg_answer_case *c,
                         const struct rg_about *about, struct rg_arena *arena, struct rg_event *e)
{
    for (uint32_t i = 0; i < c->event_count; i++) {
        const struct rg_answer_case_event *there = &c->events[i];
        if (there->height == about->height && there->submission == about->submission &&
            there->entry == about->entry) {
            return rg_ledger_codec_decode_event(arena, there->event, e) == RG_OK ? RG_CLI_OK
                                                                                 : RG_CLI_INTERNAL;
        }
    }
    rg_say_error("--entry %s: it is not among the %sentries of case %s; see `reigen case %s`",
                 rg_opts_get(cli, "entry"), c->truncated ? "newest " : "", rg_opts_get(cli, "case"),
                 rg_opts_get(cli, "case"));
    return RG_CLI_INPUT;
}

/* Change the original to what is handed in. */
static int amend(const struct rg_cli *cli, enum rg_about_kind kind, struct rg_event *e)
{
    if (kind == RG_ABOUT_CANCEL) {
        e->occurred_ms = rg_one_event_now();
        e->field_count = 0;
        return RG_CLI_OK;
    }
    const char *step = rg_opts_get(cli, "step");
    const char *at = rg_opts_get(cli, "at");
    if (step == NULL && at == NULL && !rg_opts_has(cli, "field")) {
        rg_say_error("give what is right: --step, --at or --field");
        return RG_CLI_USAGE;
    }
    e->step = step == NULL ? e->step : rg_bytes_str(step);
    if (at != NULL && rg_time_parse(rg_bytes_str(at), &e->occurred_ms) != RG_OK) {
        rg_say_error("--at %s: not a time; write it like 2026-03-01T09:30:00Z", at);
        return RG_CLI_INPUT;
    }
    return rg_one_event_fields(cli, e);
}

static int send(const struct rg_cli *cli, struct rg_session *s, const struct rg_profile *p,
                const struct rg_about *about)
{
    struct rg_answer answer = {0};
    struct rg_event e = {0};
    struct rg_arena arena = {0};
    struct rg_id stream;
    if (rg_arena_init(&arena, 64 * 1024) != RG_OK) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    int code = RG_CLI_OK;
    if (rg_session_case(s, rg_opts_get(cli, "case"), NULL, &answer) != RG_OK) {
        code = rg_say_session(s);
    }
    if (code == RG_CLI_OK) {
        code = take_original(cli, &answer.case_file, about, &arena, &e);
    }
    if (code == RG_CLI_OK) {
        /* The answer is overwritten by the session's next one. */
        struct rg_bytes copy;
        code = rg_ledger_codec_encode_event(&arena, &e, &copy) == RG_OK &&
                       rg_ledger_codec_decode_event(&arena, copy, &e) == RG_OK
                   ? amend(cli, about->kind, &e)
                   : RG_CLI_INTERNAL;
        e.about = *about;
    }
    if (code == RG_CLI_OK && about->kind == RG_ABOUT_CORRECT) {
        code = rg_one_event_check(p, s, &e);
    }
    if (code == RG_CLI_OK) {
        rg_ledger_codec_about_stream(&p->ledger_id, about, &stream);
        code = rg_one_event_send(cli, s, &e, &stream, NULL);
    }
    rg_arena_fini(&arena);
    return code;
}

static int run(const struct rg_cli *cli, enum rg_about_kind kind)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_about about = {.kind = kind};
    int code = check_usage(cli, &about);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = send(cli, session, &profile, &about);
    }
    rg_profile_close(&profile, &session);
    return code;
}

static int run_correct(struct rg_cli *cli)
{
    return run(cli, RG_ABOUT_CORRECT);
}

static int run_cancel(struct rg_cli *cli)
{
    return run(cli, RG_ABOUT_CANCEL);
}

static const struct rg_cli_option correct_options[] = {
    {"case", "FILE-NO", "my agency's file number of the case"},
    {"entry", "ENTRY", "what is wrong, as `reigen case` names it: HEIGHT/SUBMISSION/ENTRY"},
    {"step", "STEP", "what happened; as before when not given"},
    {"at", "TIME", "when it happened (RFC 3339); as before when not given"},
    {"field", "NAME=VALUE",
     "a field of the step in place of the one of that name; the others stay"},
    {"reason", "CODE", "why: letters, digits, `_`, `-` and `.`"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_correct = {
    .name = "correct",
    .args = "",
    .summary = "put something else in the place of a step that my agency recorded",
    .detail = "Records a step that counts in the place of an earlier one, with the number and the "
              "block time of that. The earlier entry stays on the ledger, marked as corrected. All "
              "readers judge the case anew: alerts that no longer hold are withdrawn, new ones are "
              "raised. To correct once more, name the entry of the correction.",
    .options = correct_options,
    .examples = {"reigen correct --case AZ-1 --entry 12/0/3 --at 2026-03-01T09:30:00Z --wait",
                 "reigen correct --case AZ-1 --entry 12/0/3 --field termin=2026-04-02 --reason "
                 "typing_error"},
    .run = run_correct,
};

static const struct rg_cli_option cancel_options[] = {
    {"case", "FILE-NO", "my agency's file number of the case"},
    {"entry", "ENTRY", "what did not happen, as `reigen case` names it: HEIGHT/SUBMISSION/ENTRY"},
    {"reason", "CODE", "why: letters, digits, `_`, `-` and `.`"},
    {"wait", NULL, "come back when it is final"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_cancel = {
    .name = "cancel",
    .args = "",
    .summary = "cancel a step that my agency recorded",
    .detail = "Records that an earlier step did not happen. Its entry stays on the ledger, marked "
              "as cancelled; all readers judge the case anew without it.",
    .options = cancel_options,
    .examples = {"reigen cancel --case AZ-1 --entry 12/0/3 --reason wrong_case --wait",
                 "reigen cancel --case AZ-1 --entry 12/0/3 --json"},
    .run = run_cancel,
};
