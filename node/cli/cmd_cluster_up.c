#include "base/limits.h"
#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/embedded.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define START_MS 20000

static bool folder_is_empty(const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL) {
        return errno == ENOENT;
    }
    bool empty = true;
    const struct dirent *e = NULL;
    while (empty && (e = readdir(d)) != NULL) {
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    }
    (void)closedir(d);
    return empty;
}

static int read_process(const char *path, uint8_t **data, size_t *len)
{
    rg_err err = RG_OK;
    if (path == NULL) {
        *data = malloc(rg_embedded_process_len + 1);
        *len = rg_embedded_process_len;
        if (*data != NULL) {
            memcpy(*data, rg_embedded_process, rg_embedded_process_len);
        }
        err = *data != NULL ? RG_OK : RG_ERR_NOMEM;
    } else {
        err = rg_file_read(path, RG_DEFINITION_MAX, data, len);
    }
    if (err != RG_OK) {
        rg_say_error("--process %s: %s", path == NULL ? "" : path, rg_err_text(err));
        return RG_CLI_INPUT;
    }
    return RG_CLI_OK;
}

static int read_numbers(const struct rg_cli *cli, struct rg_cluster *c, uint64_t *port)
{
    static const uint64_t nodes[2] = {1, RG_CLUSTER_NODES_MAX};
    static const uint64_t ports[2] = {1024, 65000};
    static const uint64_t ticks[2] = {100, 3600000};
    const char *topology = rg_opts_get(cli, "topology");
    uint64_t n = 0;
    if (rg_opts_number(cli, "nodes", nodes, 4, &n) != RG_OK ||
        rg_opts_number(cli, "base-port", ports, 0, port) != RG_OK ||
        rg_opts_number(cli, "tick", ticks, 60000, &c->tick_ms) != RG_OK) {
        return RG_CLI_USAGE;
    }
    if (topology != NULL && strcmp(topology, "full") != 0 && strcmp(topology, "line") != 0) {
        rg_say_error("--topology %s: it is full or line", topology);
        return RG_CLI_USAGE;
    }
    c->nodes = (uint32_t)n;
    c->line = topology != NULL && strcmp(topology, "line") == 0;
    c->test_hooks = rg_opts_has(cli, "test-hooks");
    return RG_CLI_OK;
}

/* Make the folder of a new network. */
static int create(const struct rg_cli *cli, struct rg_cluster *c)
{
    uint64_t port = 0;
    uint8_t *yaml = NULL;
    size_t len = 0;
    if (!folder_is_empty(c->dir)) {
        rg_say_error("%s is not empty and holds no test network; name another folder", c->dir);
        return RG_CLI_CREATE;
    }
    int code = read_numbers(cli, c, &port);
    code = code == RG_CLI_OK ? rg_cluster_name_agencies(c, rg_opts_get(cli, "agencies")) : code;
    code = code == RG_CLI_OK ? rg_cluster_pick_ports(c, (uint16_t)port) : code;
    code = code == RG_CLI_OK ? read_process(rg_opts_get(cli, "process"), &yaml, &len) : code;
    if (code == RG_CLI_OK) {
        code = rg_cluster_make(c, (struct rg_bytes){yaml, len});
    }
    if (code == RG_CLI_OK) {
        rg_say_note("keys, genesis and configurations of %u node%s made in %s", c->nodes,
                    c->nodes == 1 ? "" : "s", c->dir);
    }
    free(yaml);
    return code;
}

static int start_all(const struct rg_cluster *c)
{
    bool started[RG_CLUSTER_NODES_MAX] = {false};
    const struct rg_cluster_cuts none = {.cut = {{false}}};
    int code = rg_cluster_cuts_set(c, &none); /* all are to stand at one height */
    for (uint32_t i = 1; code == RG_CLI_OK && i <= c->nodes; i++) {
        pid_t pid = 0;
        if (rg_cluster_state(c, i, &pid) != RG_CLUSTER_DOWN) {
            (void)rg_cluster_signal(c, i, SIGCONT);
            continue;
        }
        code = rg_cluster_spawn(c, i);
        started[i - 1] = code == RG_CLI_OK;
    }
    if (code == RG_CLI_OK) {
        code = rg_cluster_wait_all(c, START_MS);
    }
    for (uint32_t i = 1; code != RG_CLI_OK && i <= c->nodes; i++) {
        if (started[i - 1]) {
            (void)rg_cluster_signal(c, i, SIGTERM);
            if (!rg_cluster_gone(c, i, 5000)) {
                (void)rg_cluster_signal(c, i, SIGKILL);
            }
        }
    }
    return code;
}

static void print_table(const struct rg_cluster *c)
{
    static const char *const survives[] = {
        [1] = "one node: everything stands when it does",
        [2] = "two nodes: both are needed; the network halts while one is down",
        [3] = "three nodes: one may crash, but a node that lies is not survived",
    };
    (void)printf("%snode     agency         api                      events                   "
                 "profile%s\n",
                 rg_say_colour("bold"), rg_say_colour("off"));
    for (uint32_t i = 1; i <= c->nodes; i++) {
        char profile[RG_CLI_PATH_MAX];
        const unsigned base = c->base_port + (i - 1) * RG_CLUSTER_PORTS;
        rg_cluster_path(c, i, "profile.yaml", profile);
        (void)printf("node%-4u %-14s tcp://127.0.0.1:%-8u tcp://127.0.0.1:%-8u %s\n", i,
                     c->agencies[i - 1], base + 4, base + 5, profile);
    }
    if (c->nodes <= 3) {
        (void)printf("note: %s\n", survives[c->nodes]);
    }
    (void)printf("next: reigen --profile %s/node1/profile.yaml status\n"
                 "      reigen --profile %s/node1/profile.yaml watch\n"
                 "stop: reigen cluster down --dir %s\n",
                 c->dir, c->dir, c->dir);
    (void)fflush(stdout);
}

/* Stay until a signal comes, telling when a node ends. */
static void stay(const struct rg_cluster *c)
{
    bool told[RG_CLUSTER_NODES_MAX] = {false};
    rg_say_note("Ctrl-C stops all nodes");
    while (rg_say_stop == 0) {
        const struct timespec pause = {0, 200 * 1000000};
        (void)nanosleep(&pause, NULL);
        for (uint32_t i = 1; i <= c->nodes; i++) {
            pid_t pid = 0;
            const bool down = rg_cluster_state(c, i, &pid) == RG_CLUSTER_DOWN;
            if (down && !told[i - 1]) {
                rg_say_note("node %u is down", i);
            }
            told[i - 1] = down;
        }
    }
    rg_cluster_stop(c);
}

static int run(struct rg_cli *cli)
{
    static struct rg_cluster c;
    int code = rg_cluster_locate(&c, rg_opts_get(cli, "dir"));
    code = code == RG_CLI_OK ? rg_say_start() : code;
    if (code != RG_CLI_OK) {
        return code;
    }
    code = rg_cluster_exists(&c) ? rg_cluster_load(&c) : create(cli, &c);
    if (code == RG_CLI_OK) {
        code = start_all(&c);
    }
    if (code == RG_CLI_OK) {
        print_table(&c);
        if (!rg_opts_has(cli, "detach")) {
            stay(&c);
        }
    }
    rg_session_finish();
    return code;
}

static const struct rg_cli_option options[] = {
    {"nodes", "N", "how many nodes, 1 to 20 (4)"},
    {"dir", "DIR", "the network's folder: empty, new, or of a network that is down"},
    {"process", "FILE", "process definition (AnKER Dresden when not given)"},
    {"agencies", "LIST", "names of the agencies, with commas (BAMF,LDS-SN,AG3,...)"},
    {"base-port", "P", "first port of the block (else a free one is found)"},
    {"topology", "T", "full (everybody with everybody) or line (1-2-3-...)"},
    {"tick", "MS", "milliseconds until an empty block is due (60000)"},
    {"test-hooks", NULL, "nodes obey test hooks; never for real use"},
    {"detach", NULL, "come back once all nodes stand at the same height"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_cluster_up = {
    .name = "cluster up",
    .args = "",
    .summary = "start a test network of real nodes on this machine",
    .detail = "Makes keys, genesis and configurations for N agencies with a node each, starts the "
              "nodes on 127.0.0.1 and waits until all stand at the same height. Given the folder "
              "of a network that is down, it starts that one again.",
    .options = options,
    .examples = {"reigen cluster up --nodes 4 --dir /tmp/net --detach",
                 "reigen cluster up --nodes 7 --dir /tmp/seven --process "
                 "deploy/processes/receipt.yaml --detach"},
    .run = run,
};
