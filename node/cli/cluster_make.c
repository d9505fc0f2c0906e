#include "base/bytes.h"
#include "base/hex.h"
#include "node/cli/cluster.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "proto/genesis_codec.h"
#include "rules/definition.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define TEXT_MAX (16 * 1024)
#define GENESIS_ARENA (4u * 1024 * 1024)

/* Keys and ids that are needed while the folder is made. */
struct making {
    const struct rg_cluster *c;
    char ledger[RG_NAME_MAX + 1];
    struct rg_pubkey node_sign[RG_CLUSTER_NODES_MAX];
    struct rg_pubkey node_curve[RG_CLUSTER_NODES_MAX];
    struct rg_pubkey member_sign[RG_CLUSTER_NODES_MAX];
    struct rg_pubkey member_curve[RG_CLUSTER_NODES_MAX];
    struct rg_pubkey admin_sign[RG_CLUSTER_NODES_MAX];
    struct rg_hash ledger_id;
    struct rg_arena arena;
    struct rg_bytes genesis;
};

static int cannot(const char *path, rg_err err)
{
    rg_say_error("%s: cannot be made: %s", path, rg_err_text(err));
    return err == RG_ERR_DISK_FULL || err == RG_ERR_IO ? RG_CLI_DISK : RG_CLI_CREATE;
}

static int make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        rg_say_error("%s: cannot be made: %s", path, strerror(errno));
        return RG_CLI_CREATE;
    }
    return RG_CLI_OK;
}

static int make_key(const char *path, struct rg_pubkey *sign, struct rg_pubkey *curve)
{
    struct rg_sign *key = NULL;
    rg_err err = rg_sign_new(&key);
    if (err == RG_OK) {
        err = rg_sign_save(key, path);
    }
    if (err == RG_OK) {
        *sign = *rg_sign_pubkey(key);
        *curve = *rg_sign_curve_pubkey(key);
    }
    rg_sign_destroy(&key);
    return err == RG_OK ? RG_CLI_OK : cannot(path, err);
}

static int make_keys(struct making *m)
{
    char path[RG_CLI_PATH_MAX];
    struct rg_pubkey unused;
    int code = RG_CLI_OK;
    for (uint32_t i = 0; code == RG_CLI_OK && i < m->c->nodes; i++) {
        rg_cluster_path(m->c, i + 1, "", path);
        code = make_folder(path);
        rg_cluster_path(m->c, i + 1, "data", path);
        code = code == RG_CLI_OK ? make_folder(path) : code;
        rg_cluster_path(m->c, i + 1, "node.key", path);
        code = code == RG_CLI_OK ? make_key(path, &m->node_sign[i], &m->node_curve[i]) : code;
        rg_cluster_path(m->c, i + 1, "member.key", path);
        code = code == RG_CLI_OK ? make_key(path, &m->member_sign[i], &m->member_curve[i]) : code;
        rg_cluster_path(m->c, i + 1, "admin.key", path);
        code = code == RG_CLI_OK ? make_key(path, &m->admin_sign[i], &unused) : code;
    }
    return code;
}

static void fill_principals(const struct making *m, struct rg_genesis *g)
{
    const uint32_t n = m->c->nodes;
    for (uint32_t i = 0; i < n; i++) {
        struct rg_genesis_agency *a = &g->agency[i];
        struct rg_principal *node = &g->principal[i];
        struct rg_principal *member = &g->principal[n + i];
        (void)snprintf(a->name, sizeof a->name, "%s", m->c->agencies[i]);
        a->class = i == 0 ? RG_AGENCY_BUND : RG_AGENCY_LAND;
        a->admin_key = m->admin_sign[i];
        (void)snprintf(node->name, sizeof node->name, "node%u", i + 1);
        node->agency = i;
        node->roles = RG_ROLE_NODE;
        node->sign_key = m->node_sign[i];
        node->curve_key = m->node_curve[i];
        (void)snprintf(member->name, sizeof member->name, "member%u", i + 1);
        member->agency = i;
        member->roles = RG_ROLE_CASE_SYSTEM | RG_ROLE_MONITOR | RG_ROLE_OPERATOR | RG_ROLE_OFFICER;
        member->sign_key = m->member_sign[i];
        member->curve_key = m->member_curve[i];
        g->authority[i] = i;
    }
    g->agency_count = n;
    g->principal_count = 2 * n;
    g->authority_count = n;
}

static int make_genesis(struct making *m, struct rg_bytes yaml)
{
    char path[RG_CLI_PATH_MAX];
    const char *why = "";
    struct timespec now = {0};
    struct rg_genesis *g = calloc(1, sizeof *g);
    if (g == NULL || rg_arena_init(&m->arena, GENESIS_ARENA) != RG_OK) {
        free(g);
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(g->name, sizeof g->name, "%s", m->ledger);
    g->time_ms = (uint64_t)now.tv_sec * 1000;
    rg_genesis_default_parameters(&g->parameters);
    g->parameters.tick_ms = m->c->tick_ms;
    fill_principals(m, g);
    g->definition_len = (uint32_t)yaml.len;
    memcpy(g->definition, yaml.data, yaml.len);
    rg_err err = rg_genesis_check(g, &why);
    if (err == RG_OK) {
        why = "";
        err = rg_genesis_codec_encode(&m->arena, g, &m->ledger_id, &m->genesis);
    }
    free(g);
    if (err != RG_OK) {
        rg_say_error("the genesis is not valid: %s", why[0] != '\0' ? why : rg_err_text(err));
        return RG_CLI_INPUT;
    }
    err = rg_file_join(m->c->dir, "genesis.bin", path);
    if (err == RG_OK) {
        err = rg_file_create(path, m->genesis, 0644);
    }
    return err == RG_OK ? RG_CLI_OK : cannot(path, err);
}

static bool connected(const struct rg_cluster *c, uint32_t a, uint32_t b)
{
    return a != b && (!c->line || a + 1 == b || b + 1 == a);
}

static uint16_t port(const struct rg_cluster *c, uint32_t i, uint32_t which)
{
    return (uint16_t)(c->base_port + (i - 1) * RG_CLUSTER_PORTS + which);
}

static int write_file(const struct rg_cluster *c, uint32_t i, const char *name, const char *text,
                      int len)
{
    char path[RG_CLI_PATH_MAX];
    rg_cluster_path(c, i, name, path);
    if (len < 0 || len >= TEXT_MAX) {
        return cannot(path, RG_ERR_FULL);
    }
    const rg_err err = rg_file_create(path, rg_bytes_str(text), 0600);
    return err == RG_OK ? RG_CLI_OK : cannot(path, err);
}

static int write_config(const struct making *m, uint32_t i)
{
    const struct rg_cluster *c = m->c;
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof text,
                     "# Node %u of a test network on one machine.\nledger: %s\nprincipal: node%u\n"
                     "genesis: genesis.bin\nkey: node.key\ndata: data\ncluster: true\nrelay: %s\n"
                     "listen: {host: 127.0.0.1, votes: %u, bulk: %u, sync: %u, api: %u, events: "
                     "%u}\n%s",
                     i, m->ledger, i, c->line ? "true" : "false", port(c, i, 1), port(c, i, 2),
                     port(c, i, 3), port(c, i, 4), port(c, i, 5),
                     c->nodes > 1 ? "peers:\n" : "peers: []\n");
    for (uint32_t j = 1; n > 0 && n < TEXT_MAX && j <= c->nodes; j++) {
        if (connected(c, i, j)) {
            n += snprintf(text + n, sizeof text - (size_t)n,
                          "  - {principal: node%u, host: 127.0.0.1, votes: %u, bulk: %u, sync: "
                          "%u}\n",
                          j, port(c, j, 1), port(c, j, 2), port(c, j, 3));
        }
    }
    return write_file(c, i, "node.yaml", text, n);
}

static int write_profile(const struct making *m, uint32_t i)
{
    const struct rg_cluster *c = m->c;
    char text[TEXT_MAX];
    char id[2 * RG_HASH_BYTES + 1];
    char key[2 * RG_KEY_BYTES + 1];
    rg_hex_format(m->ledger_id.b, RG_HASH_BYTES, id);
    rg_hex_format(m->node_curve[i - 1].b, RG_KEY_BYTES, key);
    const int n = snprintf(text, sizeof text,
                           "ledger: %s\nledger_id: %s\nagency: %s\nmember: member%u\nprincipal: "
                           "%u\nkey: member.key\napi: tcp://127.0.0.1:%u\nevents: "
                           "tcp://127.0.0.1:%u\nserver_key: %s\n",
                           m->ledger, id, c->agencies[i - 1], i, c->nodes + i - 1, port(c, i, 4),
                           port(c, i, 5), key);
    return write_file(c, i, "profile.yaml", text, n);
}

static int write_nodes(const struct making *m)
{
    char path[RG_CLI_PATH_MAX];
    int code = RG_CLI_OK;
    for (uint32_t i = 1; code == RG_CLI_OK && i <= m->c->nodes; i++) {
        rg_cluster_path(m->c, i, "genesis.bin", path);
        const rg_err err = rg_file_create(path, m->genesis, 0644);
        code = err == RG_OK ? write_config(m, i) : cannot(path, err);
        code = code == RG_CLI_OK ? write_profile(m, i) : code;
    }
    return code;
}

/* The ledger is named after the process. */
static int name_ledger(struct making *m, struct rg_bytes yaml)
{
    char text[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    if (rg_definition_parse("process", yaml, &def, text) != RG_OK) {
        rg_say_error("%s", text);
        return RG_CLI_INPUT;
    }
    (void)snprintf(m->ledger, sizeof m->ledger, "%s", def->process);
    rg_definition_destroy(&def);
    return RG_CLI_OK;
}

int rg_cluster_make(struct rg_cluster *c, struct rg_bytes yaml)
{
    static struct making m;
    m = (struct making){.c = c};
    int code = name_ledger(&m, yaml);
    code = code == RG_CLI_OK ? make_folder(c->dir) : code;
    code = code == RG_CLI_OK ? make_keys(&m) : code;
    code = code == RG_CLI_OK ? make_genesis(&m, yaml) : code;
    code = code == RG_CLI_OK ? write_nodes(&m) : code;
    code = code == RG_CLI_OK ? rg_cluster_save(c) : code;
    rg_arena_fini(&m.arena);
    if (code != RG_CLI_OK) {
        rg_say_note("what was made so far is in %s; remove that folder before trying again",
                    c->dir);
    }
    return code;
}
