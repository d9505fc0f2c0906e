#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/say.h"
#include <signal.h>
#include <stdio.h>

#define START_MS 20000

/* Find the network and read the node numbers among the arguments into @nodes (from 1). */
static int open_cluster(const struct rg_cli *cli, struct rg_cluster *c,
                        uint32_t nodes[RG_CLUSTER_NODES_MAX])
{
    int code = rg_cluster_open(c, rg_opts_get(cli, "dir"));
    for (size_t i = 0; code == RG_CLI_OK && i < cli->arg_count; i++) {
        code = rg_cluster_node(c, cli->args[i], &nodes[i]);
    }
    return code;
}

/* Send @sig to every node named. */
static int signal_nodes(const struct rg_cli *cli, int sig, const char *done)
{
    static struct rg_cluster c;
    uint32_t nodes[RG_CLUSTER_NODES_MAX];
    int code = open_cluster(cli, &c, nodes);
    for (size_t i = 0; code == RG_CLI_OK && i < cli->arg_count; i++) {
        const uint32_t node = nodes[i];
        if (!rg_cluster_signal(&c, node, sig)) {
            rg_say_error("node %u does not run; start it with `reigen cluster start %u --dir %s`",
                         node, node, c.dir);
            code = RG_CLI_UNAVAILABLE;
        } else if (sig == SIGKILL && !rg_cluster_gone(&c, node, 5000)) {
            rg_say_error("node %u is still there after SIGKILL", node);
            code = RG_CLI_INTERNAL;
        } else {
            rg_say_note("node %u %s", node, done);
        }
    }
    rg_session_finish();
    return code;
}

static int run_kill(struct rg_cli *cli)
{
    return signal_nodes(cli, SIGKILL, "killed");
}

static int run_pause(struct rg_cli *cli)
{
    return signal_nodes(cli, SIGSTOP, "paused");
}

static int run_resume(struct rg_cli *cli)
{
    return signal_nodes(cli, SIGCONT, "resumed");
}

static int run_start(struct rg_cli *cli)
{
    static struct rg_cluster c;
    uint32_t nodes[RG_CLUSTER_NODES_MAX];
    int code = open_cluster(cli, &c, nodes);
    for (size_t i = 0; code == RG_CLI_OK && i < cli->arg_count; i++) {
        const uint32_t node = nodes[i];
        pid_t pid = 0;
        if (rg_cluster_state(&c, node, &pid) != RG_CLUSTER_DOWN) {
            rg_say_note("node %u runs already (pid %d)", node, (int)pid);
            continue;
        }
        code = rg_cluster_spawn(&c, node);
    }
    for (size_t i = 0; code == RG_CLI_OK && i < cli->arg_count; i++) {
        code = rg_cluster_wait_one(&c, nodes[i], START_MS);
        if (code == RG_CLI_OK) {
            rg_say_note("node %u answers", nodes[i]);
        }
    }
    rg_session_finish();
    return code;
}

static int run_down(struct rg_cli *cli)
{
    static struct rg_cluster c;
    const int code = rg_cluster_open(&c, rg_opts_get(cli, "dir"));
    if (code == RG_CLI_OK) {
        rg_cluster_stop(&c);
        rg_say_note(
            "all nodes of %s are down; their data is kept, `reigen cluster up --dir %s` goes "
            "on with it",
            c.dir, c.dir);
    }
    rg_session_finish();
    return code;
}

static const struct rg_cli_option options[] = {
    {"dir", "DIR", "the network's folder"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_cluster_down = {
    .name = "cluster down",
    .args = "",
    .summary = "stop a test network, keep its data",
    .detail =
        "Ends all nodes of a test network. Their data stays; `reigen cluster up` with the same "
        "folder goes on with it.",
    .options = options,
    .examples = {"reigen cluster down --dir /tmp/net",
                 "reigen cluster down --dir /tmp/net && rm -r /tmp/net"},
    .run = run_down,
};

const struct rg_cli_command rg_cmd_cluster_kill = {
    .name = "cluster kill",
    .args = "NODE...",
    .summary = "kill nodes at once (SIGKILL)",
    .detail = "Kills nodes of a test network in the middle of whatever they do.",
    .options = options,
    .examples = {"reigen cluster kill 3 --dir /tmp/net", "reigen cluster kill 1 2 --dir /tmp/net"},
    .min_args = 1,
    .max_args = RG_CLUSTER_NODES_MAX,
    .run = run_kill,
};

const struct rg_cli_command rg_cmd_cluster_start = {
    .name = "cluster start",
    .args = "NODE...",
    .summary = "start nodes that are down, wait until they answer",
    .detail = "Starts nodes of a test network again and waits until each answers.",
    .options = options,
    .examples = {"reigen cluster start 3 --dir /tmp/net",
                 "reigen cluster start 1 2 --dir /tmp/net"},
    .min_args = 1,
    .max_args = RG_CLUSTER_NODES_MAX,
    .run = run_start,
};

const struct rg_cli_command rg_cmd_cluster_pause = {
    .name = "cluster pause",
    .args = "NODE...",
    .summary = "freeze nodes (SIGSTOP)",
    .detail = "Freezes nodes of a test network: they keep their connections and say nothing.",
    .options = options,
    .examples = {"reigen cluster pause 4 --dir /tmp/net",
                 "reigen cluster pause 3 4 --dir /tmp/net"},
    .min_args = 1,
    .max_args = RG_CLUSTER_NODES_MAX,
    .run = run_pause,
};

const struct rg_cli_command rg_cmd_cluster_resume = {
    .name = "cluster resume",
    .args = "NODE...",
    .summary = "let frozen nodes go on (SIGCONT)",
    .detail = "Lets nodes that `reigen cluster pause` froze go on.",
    .options = options,
    .examples = {"reigen cluster resume 4 --dir /tmp/net",
                 "reigen cluster resume 3 4 --dir /tmp/net"},
    .min_args = 1,
    .max_args = RG_CLUSTER_NODES_MAX,
    .run = run_resume,
};
