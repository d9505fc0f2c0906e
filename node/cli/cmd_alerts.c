#include "base/bytes.h"
#include "base/hex.h"
#include "node/cli/alert_line.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include <stdio.h>

#define PAGE 500

/* --case is a file number, or a pseudonym when it has 32 hexadecimal digits after `p:`. */
static int read_query(const struct rg_cli *cli, struct rg_session_alerts *q,
                      struct rg_id *pseudonym)
{
    static const uint64_t positions[2] = {0, UINT64_MAX};
    const char *text = rg_opts_get(cli, "pseudonym");
    q->severity = rg_opts_get(cli, "severity");
    q->file_number = rg_opts_get(cli, "case");
    q->unacknowledged = rg_opts_has(cli, "unacknowledged");
    q->max = PAGE;
    if (q->severity != NULL && strcmp(q->severity, "warning") != 0 &&
        strcmp(q->severity, "critical") != 0 && strcmp(q->severity, "system") != 0) {
        rg_say_error("--severity %s: it is warning, critical or system", q->severity);
        return RG_CLI_USAGE;
    }
    if (text != NULL) {
        if (rg_hex_parse(text, pseudonym->b, RG_ID_BYTES) != RG_OK) {
            rg_say_error("--pseudonym %s: a pseudonym has 32 hexadecimal digits", text);
            return RG_CLI_USAGE;
        }
        q->pseudonym = pseudonym;
    }
    return rg_opts_number(cli, "since", positions, 0, &q->since) == RG_OK ? RG_CLI_OK
                                                                          : RG_CLI_USAGE;
}

static int print_all(const struct rg_cli *cli, struct rg_session *s, struct rg_session_alerts *q)
{
    bool more = true;
    while (more && rg_say_stop == 0) {
        struct rg_answer a = {0};
        if (rg_session_alerts(s, q, &a) != RG_OK) {
            return rg_say_session(s);
        }
        const uint64_t before = q->since;
        for (uint32_t i = 0; i < a.alert_count; i++) {
            if (!rg_alert_line_print(a.alerts[i].event, cli->json)) {
                return RG_CLI_DISK;
            }
            q->since = a.alerts[i].logseq > q->since ? a.alerts[i].logseq : q->since;
        }
        if (a.alerts_more && a.alert_count == 0) {
            q->since = a.alerts_last; /* the node looked so far and found none */
        }
        more = a.alerts_more && q->since > before;
    }
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_session_alerts query = {0};
    struct rg_id pseudonym = {{0}};
    int code = read_query(cli, &query, &pseudonym);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK) {
        code = print_all(cli, session, &query);
    }
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"severity", "S", "only warning, critical or system"},
    {"case", "FILE-NO", "only of this case"},
    {"pseudonym", "HEX", "only of the case with this pseudonym"},
    {"since", "SEQ", "only after this position of the log (logseq)"},
    {"unacknowledged", NULL,
     "only what holds and nobody has acknowledged, as it was told last; see `reigen ack`"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_alerts = {
    .name = "alerts",
    .args = "",
    .summary = "the alert log of my node",
    .detail =
        "Prints the alerts that my agency's node raised so far, oldest first; with --json one "
        "CloudEvent a line. At the end of a line stands what `reigen ack` takes.",
    .options = options,
    .examples = {"reigen alerts --severity critical", "reigen alerts --unacknowledged --json"},
    .run = run,
};
