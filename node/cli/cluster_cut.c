#include "base/bytes.h"
#include "node/cli/cluster.h"
#include "node/cli/file.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "rules/yaml.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 1024
#define TAKEN_MS 15000

static void name_of(uint32_t i, char out[16])
{
    (void)snprintf(out, 16, "node%u", i + 1);
}

/* The node called @name, from 0; @c->nodes when there is none. */
static uint32_t find_node(const struct rg_cluster *c, const char *name)
{
    char one[16];
    uint32_t i = 0;
    for (; i < c->nodes; i++) {
        name_of(i, one);
        if (name != NULL && strcmp(one, name) == 0) {
            break;
        }
    }
    return i;
}

static int read_one(const struct rg_cluster *c, uint32_t i, struct rg_cluster_cuts *out)
{
    char path[RG_CLI_PATH_MAX];
    char text[RG_YAML_ERROR_MAX];
    struct rg_yaml *doc = NULL;
    rg_cluster_path(c, i + 1, "cut.yaml", path);
    const rg_err err = rg_yaml_load(path, &doc, text);
    if (err == RG_ERR_NOT_FOUND) {
        return RG_CLI_OK;
    }
    if (err != RG_OK) {
        rg_say_error("%s: cannot be read; remove it: %s", path, text);
        return RG_CLI_CONFIG;
    }
    const struct rg_yaml_node *list = rg_yaml_get(rg_yaml_root(doc), "cut");
    for (const struct rg_yaml_node *n = rg_yaml_first(list); n != NULL; n = rg_yaml_next(n)) {
        const uint32_t j = find_node(c, n->text);
        if (j < c->nodes) {
            out->cut[i][j] = true;
            out->cut[j][i] = true;
        }
    }
    rg_yaml_destroy(&doc);
    return RG_CLI_OK;
}

int rg_cluster_cuts_read(const struct rg_cluster *c, struct rg_cluster_cuts *out)
{
    int code = RG_CLI_OK;
    *out = (struct rg_cluster_cuts){.cut = {{false}}};
    for (uint32_t i = 0; code == RG_CLI_OK && i < c->nodes; i++) {
        code = read_one(c, i, out);
    }
    return code;
}

static int write_one(const struct rg_cluster *c, uint32_t i, const struct rg_cluster_cuts *cuts)
{
    char path[RG_CLI_PATH_MAX];
    char text[TEXT_MAX] = "cut: [";
    size_t len = strlen(text);
    bool any = false;
    rg_cluster_path(c, i + 1, "cut.yaml", path);
    for (uint32_t j = 0; j < c->nodes; j++) {
        if (cuts->cut[i][j]) {
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "%snode%u", any ? ", " : "", j + 1);
            any = true;
        }
    }
    (void)snprintf(text + len, sizeof text - len, "]\n");
    const bool ok = any ? rg_file_replace(path, rg_bytes_str(text), 0600) == RG_OK
                        : unlink(path) == 0 || errno == ENOENT;
    if (!ok) {
        rg_say_error("%s: cannot be %s", path, any ? "written" : "removed");
        return RG_CLI_CREATE;
    }
    return RG_CLI_OK;
}

/* Whether @s, the status of node @i, shows what is to be cut. */
static bool is_taken(const struct rg_cluster *c, uint32_t i, const struct rg_cluster_cuts *cuts,
                     const struct rg_answer_status *s)
{
    char name[16];
    for (uint32_t k = 0; k < s->authority_count; k++) {
        for (uint32_t j = 0; j < c->nodes; j++) {
            name_of(j, name);
            if (j != i && rg_bytes_eq(s->authorities[k].name, rg_bytes_str(name)) &&
                s->authorities[k].cut != cuts->cut[i][j]) {
                return false;
            }
        }
    }
    return true;
}

/* Ask node @i until it says that it has taken its cuts. */
static int wait_one(const struct rg_cluster *c, uint32_t i, const struct rg_cluster_cuts *cuts,
                    int64_t end)
{
    char path[RG_CLI_PATH_MAX];
    struct rg_profile profile = {0};
    struct rg_session *session = NULL;
    pid_t pid = 0;
    rg_cluster_path(c, i + 1, "profile.yaml", path);
    int code = rg_profile_load(path, &profile);
    code = code == RG_CLI_OK ? rg_profile_session(&profile, &session) : code;
    bool taken = false;
    while (code == RG_CLI_OK && !taken) {
        const struct timespec pause = {0, 20 * 1000000};
        struct rg_answer a = {0};
        if (rg_cluster_state(c, i + 1, &pid) != RG_CLUSTER_RUNNING) {
            break; /* it reads its file when it goes on, or starts */
        }
        taken = rg_session_wait(session, 100) == RG_OK && rg_session_status(session, &a) == RG_OK &&
                is_taken(c, i, cuts, &a.status);
        if (!taken && (rg_line_now() >= end || rg_say_stop != 0)) {
            rg_say_error("node %u does not say that its connections are as told; look at its log",
                         i + 1);
            code = RG_CLI_UNAVAILABLE;
        }
        if (!taken) {
            (void)nanosleep(&pause, NULL);
        }
    }
    rg_session_close(&session);
    rg_profile_fini(&profile);
    return code;
}

int rg_cluster_cuts_set(const struct rg_cluster *c, const struct rg_cluster_cuts *cuts)
{
    int code = RG_CLI_OK;
    for (uint32_t i = 0; code == RG_CLI_OK && i < c->nodes; i++) {
        code = write_one(c, i, cuts);
    }
    for (uint32_t i = 0; code == RG_CLI_OK && i < c->nodes; i++) {
        (void)rg_cluster_signal(c, i + 1, SIGHUP);
    }
    const int64_t end = rg_line_now() + TAKEN_MS;
    for (uint32_t i = 0; code == RG_CLI_OK && i < c->nodes; i++) {
        code = wait_one(c, i, cuts, end);
    }
    return code;
}
