#include "client/watch.h"
#include "node/cli/alert_line.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include <stdio.h>

struct printing {
    bool json;
    bool failed;
    uint64_t left; /* items still wanted; 0: no limit */
};

static bool on_item(void *ctx, const struct rg_watch_item *item)
{
    struct printing *p = ctx;
    if (!rg_alert_line_print(item->event, p->json)) {
        p->failed = true;
        return false;
    }
    if (p->left > 0) {
        p->left--;
        return p->left > 0;
    }
    return true;
}

static void on_note(void *ctx, const char *sentence)
{
    (void)ctx;
    rg_say_note("reigen: %s", sentence);
}

static int read_config(const struct rg_cli *cli, struct rg_watch_config *c, struct printing *p)
{
    static const uint64_t any[2] = {0, UINT64_MAX};
    static const uint64_t counts[2] = {1, UINT64_MAX};
    static const char *topics[RG_CLI_OPTIONS_MAX];
    const char *topic = NULL;
    while ((topic = rg_opts_nth(cli, "topic", c->topic_count)) != NULL) {
        topics[c->topic_count++] = topic;
    }
    c->topics = topics;
    c->has_since = rg_opts_has(cli, "since");
    c->durable = rg_opts_get(cli, "durable");
    c->stop = &rg_say_stop;
    c->on_item = on_item;
    c->on_note = on_note;
    c->ctx = p;
    p->json = cli->json;
    if (c->durable != NULL && (c->durable[0] == '\0' || strlen(c->durable) > RG_NAME_MAX)) {
        rg_say_error("--durable: a name has 1 to %d bytes", RG_NAME_MAX);
        return RG_CLI_USAGE;
    }
    if (rg_opts_number(cli, "since", any, 0, &c->since) != RG_OK ||
        rg_opts_number(cli, "count", counts, 0, &p->left) != RG_OK) {
        return RG_CLI_USAGE;
    }
    return RG_CLI_OK;
}

static int run(struct rg_cli *cli)
{
    struct rg_profile profile;
    struct rg_session *session = NULL;
    struct rg_watch_config config = {0};
    struct printing printing = {0};
    int code = read_config(cli, &config, &printing);
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_profile_open(cli, &profile, &session);
    if (code == RG_CLI_OK && rg_watch_run(session, &config) != RG_OK) {
        code = rg_say_session(session);
    }
    if (printing.failed) {
        code = RG_CLI_DISK;
    }
    rg_profile_close(&profile, &session);
    return code;
}

static const struct rg_cli_option options[] = {
    {"topic", "T",
     "only this topic, such as alert.critical. or step.; may be repeated; all alerts "
     "when not given"},
    {"since", "SEQ", "begin after this position of the alert log (logseq)"},
    {"durable", "NAME", "the node remembers under this name what was printed, and goes on there"},
    {"count", "N", "end after N lines"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_watch = {
    .name = "watch",
    .args = "",
    .summary = "alerts as they come, without gaps or repeats",
    .detail = "Prints alerts as my agency's node raises them, with --json one CloudEvent a line. A "
              "lost connection or a restarted node leaves no gap and no repeat. Ends on SIGINT or "
              "SIGTERM, or after --count lines.",
    .options = options,
    .examples = {"reigen watch --topic alert.critical.",
                 "reigen watch --topic alert.warning. --durable desk-7 --json"},
    .run = run,
};
