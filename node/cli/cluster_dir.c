#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/cluster.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "rules/yaml.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX 8192

/* Resolve links and dots, of the folder or, when it does not exist yet, of the one above it: a
 * network is known by one path only, whatever way it is named. */
static bool resolve(char path[RG_CLI_PATH_MAX])
{
    char parent[RG_CLI_PATH_MAX];
    char name[RG_CLI_PATH_MAX];
    char *real = realpath(path, NULL);
    if (real != NULL) {
        (void)snprintf(path, RG_CLI_PATH_MAX, "%s", real);
        free(real);
        return true;
    }
    char *slash = strrchr(path, '/');
    (void)snprintf(name, sizeof name, "%s", slash + 1);
    (void)snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    real = realpath(parent, NULL);
    const bool ok = real != NULL && rg_file_join(real, name, path) == RG_OK;
    free(real);
    return ok;
}

int rg_cluster_locate(struct rg_cluster *c, const char *dir)
{
    char here[RG_CLI_PATH_MAX];
    if (dir == NULL || dir[0] == '\0') {
        rg_say_error("--dir DIR is needed: the network's folder");
        return RG_CLI_USAGE;
    }
    if (strlen(dir) > RG_CLI_PATH_MAX / 4) {
        rg_say_error("--dir: the path is too long");
        return RG_CLI_USAGE;
    }
    if (dir[0] == '/') {
        (void)snprintf(c->dir, sizeof c->dir, "%s", dir);
    } else if (getcwd(here, sizeof here / 2) == NULL || rg_file_join(here, dir, c->dir) != RG_OK) {
        rg_say_error("--dir %s: the present folder has no usable path", dir);
        return RG_CLI_CREATE;
    }
    size_t len = strlen(c->dir);
    while (len > 1 && c->dir[len - 1] == '/') {
        c->dir[--len] = '\0';
    }
    if (!resolve(c->dir) || strlen(c->dir) > RG_CLI_PATH_MAX / 2) {
        rg_say_error("--dir %s: the folder above it does not exist; make it first", dir);
        return RG_CLI_CREATE;
    }
    return RG_CLI_OK;
}

bool rg_cluster_exists(const struct rg_cluster *c)
{
    char path[RG_CLI_PATH_MAX];
    return rg_file_join(c->dir, "cluster.yaml", path) == RG_OK && access(path, F_OK) == 0;
}

void rg_cluster_path(const struct rg_cluster *c, uint32_t i, const char *name,
                     char out[RG_CLI_PATH_MAX])
{
    (void)snprintf(out, RG_CLI_PATH_MAX, "%.*s/node%u%s%s", RG_CLI_PATH_MAX / 2, c->dir, i,
                   name[0] != '\0' ? "/" : "", name);
}

static void read_agencies(struct rg_yaml *doc, const struct rg_yaml_node *root,
                          struct rg_cluster *c)
{
    const struct rg_yaml_node *list = rg_yaml_list(doc, root, "agencies", true);
    uint32_t n = 0;
    for (const struct rg_yaml_node *a = rg_yaml_first(list); a != NULL; a = rg_yaml_next(a)) {
        if (n < RG_CLUSTER_NODES_MAX && a->text != NULL) {
            (void)snprintf(c->agencies[n], sizeof c->agencies[n], "%s", a->text);
            n++;
        }
    }
    if (n != c->nodes) {
        rg_yaml_report(doc, list, "one agency a node is needed");
    }
}

int rg_cluster_load(struct rg_cluster *c)
{
    static const uint64_t nodes[2] = {1, RG_CLUSTER_NODES_MAX};
    static const uint64_t ports[2] = {1024, 65000};
    static const uint64_t ticks[2] = {1, UINT32_MAX};
    char path[RG_CLI_PATH_MAX];
    char text[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    if (rg_file_join(c->dir, "cluster.yaml", path) != RG_OK ||
        rg_yaml_load(path, &doc, text) != RG_OK) {
        rg_say_error("%s holds no test network (no readable cluster.yaml); make one with `reigen "
                     "cluster up --dir %s`",
                     c->dir, c->dir);
        return RG_CLI_CONFIG;
    }
    const struct rg_yaml_node *root = rg_yaml_root(doc);
    c->nodes = (uint32_t)rg_yaml_u64(doc, root, "nodes", nodes, 1);
    c->base_port = (uint16_t)rg_yaml_u64(doc, root, "base_port", ports, RG_CLUSTER_FIRST_PORT);
    c->tick_ms = rg_yaml_u64(doc, root, "tick_ms", ticks, 60000);
    c->test_hooks = rg_yaml_bool(doc, root, "test_hooks", false);
    const char *topology = rg_yaml_str(doc, root, "topology", 8, true);
    c->line = topology != NULL && strcmp(topology, "line") == 0;
    read_agencies(doc, root, c);
    const bool failed = rg_yaml_failed(doc);
    if (failed) {
        rg_say_error("%s", rg_yaml_errors(doc));
    }
    rg_yaml_destroy(&doc);
    return failed ? RG_CLI_CONFIG : RG_CLI_OK;
}

int rg_cluster_open(struct rg_cluster *c, const char *dir)
{
    int code = rg_cluster_locate(c, dir);
    code = code == RG_CLI_OK ? rg_say_start() : code;
    return code == RG_CLI_OK ? rg_cluster_load(c) : code;
}

int rg_cluster_node(const struct rg_cluster *c, const char *arg, uint32_t *out)
{
    uint64_t node = 0;
    if (rg_num_parse_u64(rg_bytes_str(arg), c->nodes, &node) != RG_OK || node == 0) {
        rg_say_error("`%s` is no node of this network; nodes are numbered 1 to %u", arg, c->nodes);
        return RG_CLI_USAGE;
    }
    *out = (uint32_t)node;
    return RG_CLI_OK;
}

int rg_cluster_save(const struct rg_cluster *c)
{
    char path[RG_CLI_PATH_MAX];
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof text,
                     "# A Reigen test network; `reigen cluster --help` tells what can be done with "
                     "it.\nnodes: %u\nbase_port: %u\ntick_ms: %llu\ntopology: %s\ntest_hooks: "
                     "%s\nagencies:\n",
                     c->nodes, c->base_port, (unsigned long long)c->tick_ms,
                     c->line ? "line" : "full", c->test_hooks ? "true" : "false");
    for (uint32_t i = 0; n > 0 && (size_t)n < sizeof text && i < c->nodes; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "  - \"%s\"\n", c->agencies[i]);
    }
    if (n < 0 || (size_t)n >= sizeof text || rg_file_join(c->dir, "cluster.yaml", path) != RG_OK ||
        rg_file_replace(path, rg_bytes_str(text), 0600) != RG_OK) {
        rg_say_error("%s/cluster.yaml: cannot be written", c->dir);
        return RG_CLI_CREATE;
    }
    return RG_CLI_OK;
}

static bool name_ok(const char *name)
{
    const size_t len = strlen(name);
    return len > 0 && len <= RG_NAME_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

int rg_cluster_name_agencies(struct rg_cluster *c, const char *list)
{
    static const char *const defaults[] = {"BAMF", "LDS-SN"};
    const char *at = list;
    for (uint32_t i = 0; i < c->nodes; i++) {
        char *name = c->agencies[i];
        if (at != NULL && *at != '\0') {
            const size_t len = strcspn(at, ",");
            (void)snprintf(name, RG_NAME_MAX + 1, "%.*s", len > RG_NAME_MAX ? 0 : (int)len, at);
            at += len;
            at += *at == ',' ? 1 : 0;
        } else if (i < 2) {
            (void)snprintf(name, RG_NAME_MAX + 1, "%s", defaults[i]);
        } else {
            (void)snprintf(name, RG_NAME_MAX + 1, "AG%u", i + 1);
        }
        if (!name_ok(name)) {
            rg_say_error("--agencies: a name has 1 to %d letters, digits, `-`, `_` or `.`",
                         RG_NAME_MAX);
            return RG_CLI_USAGE;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(name, c->agencies[j]) == 0) {
                rg_say_error("--agencies: `%s` stands there twice", name);
                return RG_CLI_USAGE;
            }
        }
    }
    return RG_CLI_OK;
}

/* A socket that listens on @port; -1: it is in use. */
static int take_port(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const int one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool port_free(uint16_t port)
{
    const int fd = take_port(port);
    return fd >= 0 && close(fd) == 0;
}

/* The first port of the block that is taken, 0 when all are free. */
static uint16_t taken_port(const struct rg_cluster *c, uint32_t base)
{
    for (uint32_t i = 0; i < c->nodes; i++) {
        for (uint32_t p = 1; p <= 5; p++) {
            const uint32_t port = base + i * RG_CLUSTER_PORTS + p;
            if (port > 65535 || !port_free((uint16_t)port)) {
                return port > 65535 ? UINT16_MAX : (uint16_t)port;
            }
        }
    }
    return 0;
}

int rg_cluster_pick_ports(struct rg_cluster *c, uint16_t wanted)
{
    if (wanted != 0) {
        const uint16_t taken = taken_port(c, wanted);
        if (taken != 0) {
            rg_say_error("port %u of the block from %u on is in use; name another one with "
                         "--base-port",
                         taken, wanted);
            return RG_CLI_CREATE;
        }
        c->base_port = wanted;
        return RG_CLI_OK;
    }
    const uint32_t block = RG_CLUSTER_NODES_MAX * RG_CLUSTER_PORTS;
    for (uint32_t base = RG_CLUSTER_FIRST_PORT; base < RG_CLUSTER_LAST_PORT; base += block) {
        /* No node uses the first port. It stays taken until this process ends, its nodes have
         * theirs then: another network that is started at the same time gets the next block. */
        const int claim = take_port((uint16_t)base);
        if (claim >= 0 && taken_port(c, base) == 0) {
            c->base_port = (uint16_t)base;
            return RG_CLI_OK;
        }
        if (claim >= 0) {
            (void)close(claim);
        }
    }
    rg_say_error("no free block of ports between %d and %d; name one with --base-port",
                 RG_CLUSTER_FIRST_PORT, RG_CLUSTER_LAST_PORT);
    return RG_CLI_CREATE;
}
