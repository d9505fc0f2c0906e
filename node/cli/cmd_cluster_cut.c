#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/say.h"
#include <stdio.h>

/* Find the network and what is cut in it. */
static int open_cluster(const struct rg_cli *cli, struct rg_cluster *c,
                        struct rg_cluster_cuts *cuts)
{
    const int code = rg_cluster_open(c, rg_opts_get(cli, "dir"));
    return code == RG_CLI_OK ? rg_cluster_cuts_read(c, cuts) : code;
}

/* The nodes named, from 0; not all of them. */
static int read_side(const struct rg_cli *cli, const struct rg_cluster *c,
                     bool side[RG_CLUSTER_NODES_MAX])
{
    uint32_t count = 0;
    for (size_t i = 0; i < cli->arg_count; i++) {
        uint32_t node = 0;
        const int code = rg_cluster_node(c, cli->args[i], &node);
        if (code != RG_CLI_OK) {
            return code;
        }
        count += side[node - 1] ? 0 : 1;
        side[node - 1] = true;
    }
    if (count == c->nodes) {
        rg_say_error("all nodes are named: nobody is left to cut them off from; name some");
        return RG_CLI_USAGE;
    }
    return RG_CLI_OK;
}

static int run_isolate(struct rg_cli *cli)
{
    static struct rg_cluster c;
    bool side[RG_CLUSTER_NODES_MAX] = {false};
    struct rg_cluster_cuts cuts;
    int code = open_cluster(cli, &c, &cuts);
    code = code == RG_CLI_OK ? read_side(cli, &c, side) : code;
    for (uint32_t i = 0; code == RG_CLI_OK && i < c.nodes; i++) {
        for (uint32_t j = 0; j < c.nodes; j++) {
            cuts.cut[i][j] = cuts.cut[i][j] || side[i] != side[j];
        }
    }
    code = code == RG_CLI_OK ? rg_cluster_cuts_set(&c, &cuts) : code;
    if (code == RG_CLI_OK) {
        rg_say_note("cut off; undo it with `reigen cluster heal --dir %s`", c.dir);
    }
    rg_session_finish();
    return code;
}

static int run_heal(struct rg_cli *cli)
{
    static struct rg_cluster c;
    struct rg_cluster_cuts cuts;
    const struct rg_cluster_cuts none = {.cut = {{false}}};
    int code = open_cluster(cli, &c, &cuts);
    code = code == RG_CLI_OK ? rg_cluster_cuts_set(&c, &none) : code;
    if (code == RG_CLI_OK) {
        rg_say_note("all connections are allowed again");
    }
    rg_session_finish();
    return code;
}

static const struct rg_cli_option options[] = {
    {"dir", "DIR", "the network's folder"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_cluster_isolate = {
    .name = "cluster isolate",
    .args = "NODE...",
    .summary = "cut nodes off from the rest of a test network",
    .detail = "Cuts every connection between the nodes named and the others; connections among "
              "the named ones stay, and so do those of members. Cuts add up until `reigen cluster "
              "heal`. A node that is started meanwhile stays cut off; `reigen cluster up` heals. "
              "Only test networks can be cut.",
    .options = options,
    .examples = {"reigen cluster isolate 3 --dir /tmp/net",
                 "reigen cluster isolate 1 2 --dir /tmp/net"},
    .min_args = 1,
    .max_args = RG_CLUSTER_NODES_MAX,
    .run = run_isolate,
};

const struct rg_cli_command rg_cmd_cluster_heal = {
    .name = "cluster heal",
    .args = "",
    .summary = "undo all that `cluster isolate` cut",
    .detail = "Lets the nodes of a test network connect to each other again as before.",
    .options = options,
    .examples = {"reigen cluster heal --dir /tmp/net",
                 "reigen cluster isolate 3 --dir /tmp/net; sleep 10; reigen cluster heal --dir "
                 "/tmp/net"},
    .run = run_heal,
};
