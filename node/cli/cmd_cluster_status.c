#include "base/hex.h"
#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define LEVEL_MS 3000

/* What is known about the nodes together. */
struct summary {
    bool all_answer;
    bool same_height;
    bool stalled;
    uint64_t height;
};

static const char *state_text(enum rg_cluster_state s)
{
    switch (s) {
    case RG_CLUSTER_RUNNING:
        return "running";
    case RG_CLUSTER_PAUSED:
        return "paused";
    case RG_CLUSTER_DOWN:
        break;
    }
    return "down";
}

/* Ask node @i; true when it answered. */
static bool ask(const struct rg_cluster *c, uint32_t i, struct rg_profile *profile,
                struct rg_session **session, struct rg_answer *out)
{
    char path[RG_CLI_PATH_MAX];
    rg_cluster_path(c, i, "profile.yaml", path);
    return rg_profile_load(path, profile) == RG_CLI_OK &&
           rg_profile_session(profile, session) == RG_CLI_OK &&
           rg_session_wait(*session, 1000) == RG_OK && rg_session_status(*session, out) == RG_OK;
}

/* A row of what is shown. */
struct row {
    uint32_t node; /* from 1 */
    enum rg_cluster_state state;
    pid_t pid;
    const bool *cut;                  /* from which nodes, from 0 */
    const struct rg_answer_status *s; /* NULL: it does not answer */
};

static void print_cuts(const struct rg_cluster *c, const struct row *r)
{
    const char *before = "cut off from ";
    for (uint32_t j = 0; j < c->nodes; j++) {
        if (r->cut[j]) {
            (void)printf("%snode%u", before, j + 1);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        (void)printf(" ");
    }
}

static void print_row(const struct rg_cluster *c, const struct row *r)
{
    const struct rg_answer_status *s = r->s;
    const bool good = r->state == RG_CLUSTER_RUNNING && s != NULL && s->stalled.len == 0;
    (void)printf("%s%s%s node%-3u %-12s %-8s %8d", rg_say_colour(good ? "green" : "red"),
                 good ? "+" : "-", rg_say_colour("off"), r->node, c->agencies[r->node - 1],
                 state_text(r->state), (int)r->pid);
    if (s == NULL) {
        print_cuts(c, r);
        (void)printf("  %s\n", r->state == RG_CLUSTER_RUNNING ? "does not answer" : "");
        return;
    }
    char hash[17];
    rg_hex_format(s->hash.b, 8, hash);
    (void)printf("  height %-8" PRIu64 " %s  rules %-8" PRIu64 " ", s->height, hash,
                 s->rules_height);
    print_cuts(c, r);
    rg_say_text(s->stalled);
    (void)printf("\n");
}

static json_t *row_json(const struct rg_cluster *c, const struct row *r)
{
    json_t *cut = json_array();
    for (uint32_t j = 0; j < c->nodes; j++) {
        if (r->cut[j]) {
            (void)json_array_append_new(cut, json_integer(j + 1));
        }
    }
    return json_pack("{s:i,s:s,s:s,s:i,s:o,s:o}", "node", (int)r->node, "agency",
                     c->agencies[r->node - 1], "state", state_text(r->state), "pid", (int)r->pid,
                     "cut", cut, "status", r->s == NULL ? json_null() : rg_status_json_make(r->s));
}

static void note_answer(struct summary *sum, uint32_t i, const struct rg_answer_status *s)
{
    if (s == NULL) {
        sum->all_answer = false;
        return;
    }
    if (i == 1) {
        sum->height = s->height;
    }
    sum->same_height = sum->same_height && s->height == sum->height;
    sum->stalled = sum->stalled || s->stalled.len > 0;
}

/* How the rows are shown. */
enum output {
    OUTPUT_NONE,
    OUTPUT_TABLE,
    OUTPUT_JSON
};

static void look(const struct rg_cluster *c, const struct rg_cluster_cuts *cuts, enum output output,
                 json_t *rows, struct summary *sum)
{
    *sum = (struct summary){.all_answer = true, .same_height = true};
    for (uint32_t i = 1; i <= c->nodes; i++) {
        struct rg_profile profile = {0};
        struct rg_session *session = NULL;
        struct rg_answer a = {0};
        pid_t pid = 0;
        const enum rg_cluster_state state = rg_cluster_state(c, i, &pid);
        const bool answers = state == RG_CLUSTER_RUNNING && ask(c, i, &profile, &session, &a);
        const struct row r = {i, state, pid, cuts->cut[i - 1], answers ? &a.status : NULL};
        note_answer(sum, i, r.s);
        if (output == OUTPUT_JSON) {
            (void)json_array_append_new(rows, row_json(c, &r));
        } else if (output == OUTPUT_TABLE) {
            print_row(c, &r);
        }
        rg_session_close(&session);
        rg_profile_fini(&profile);
    }
}

static bool pause_a_little(void)
{
    const struct timespec t = {0, 150 * 1000000};
    return nanosleep(&t, NULL) == 0;
}

static int run(struct rg_cli *cli)
{
    static struct rg_cluster c;
    struct rg_cluster_cuts cuts;
    struct summary sum;
    int code = rg_cluster_open(&c, rg_opts_get(cli, "dir"));
    code = code == RG_CLI_OK ? rg_cluster_cuts_read(&c, &cuts) : code;
    if (code != RG_CLI_OK) {
        return code;
    }
    /* Nodes are asked one after the other while blocks are made: look until they are level. */
    const int64_t end = rg_line_now() + LEVEL_MS;
    do {
        look(&c, &cuts, OUTPUT_NONE, NULL, &sum);
    } while (sum.all_answer && !sum.same_height && rg_line_now() < end && pause_a_little());
    json_t *rows = cli->json ? json_array() : NULL;
    look(&c, &cuts, cli->json ? OUTPUT_JSON : OUTPUT_TABLE, rows, &sum);
    const bool good = sum.all_answer && sum.same_height && !sum.stalled;
    if (cli->json) {
        code = rg_status_json_line(json_pack("{s:s,s:i,s:b,s:o}", "dir", c.dir, "count",
                                             (int)c.nodes, "healthy", (int)good, "nodes", rows));
    } else {
        (void)printf("%s\n", good ? "all nodes answer, at the same height"
                                  : "not all nodes answer at the same height");
    }
    rg_session_finish();
    return code == RG_CLI_OK && !good ? RG_CLI_UNAVAILABLE : code;
}

static const struct rg_cli_option options[] = {
    {"dir", "DIR", "the network's folder"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_cluster_status = {
    .name = "cluster status",
    .args = "",
    .summary = "nodes of a test network: process, height, hash",
    .detail =
        "Shows every node of a test network. Ends with 69 unless all answer, stand at the same "
        "height and none is stalled.",
    .options = options,
    .examples = {"reigen cluster status --dir /tmp/net",
                 "reigen cluster status --dir /tmp/net --json"},
    .run = run,
};
