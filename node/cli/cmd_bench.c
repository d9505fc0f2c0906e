#include "node/cli/bench.h"
#include "node/cli/cluster.h"
#include "node/cli/commands.h"
#include "node/cli/say.h"
#include "node/cli/status_json.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SETTLE_MS 60000

/* The nodes under load. */
struct nodes {
    uint32_t count;
    struct rg_profile profile[RG_CLUSTER_NODES_MAX];
    struct rg_session *session[RG_CLUSTER_NODES_MAX];
    char name[RG_CLUSTER_NODES_MAX][RG_NAME_MAX + 1];
    uint64_t cpu_before[RG_CLUSTER_NODES_MAX];
    uint64_t cpu_ms[RG_CLUSTER_NODES_MAX];
    uint64_t memory_kib[RG_CLUSTER_NODES_MAX];
};

struct bench {
    struct nodes nodes;
    struct rg_bench_plan plan;
    uint32_t client_count;
    uint32_t sender; /* node that the clients use, from 0; UINT32_MAX: all in turn */
    struct rg_bench_client clients[RG_BENCH_CLIENTS_MAX];
    pthread_t threads[RG_BENCH_CLIENTS_MAX];
    uint64_t events;
    uint64_t last_height;
    int64_t elapsed_ms;
    uint32_t *latencies;
    size_t latency_count;
};

static int open_nodes(const struct rg_cli *cli, struct nodes *n)
{
    static struct rg_cluster c;
    const char *dir = rg_opts_get(cli, "dir");
    int code = RG_CLI_OK;
    n->count = 1;
    if (dir != NULL) {
        code = rg_cluster_locate(&c, dir);
        code = code == RG_CLI_OK ? rg_cluster_load(&c) : code;
        n->count = c.nodes;
    }
    for (uint32_t i = 0; code == RG_CLI_OK && i < n->count; i++) {
        char path[RG_CLI_PATH_MAX];
        if (dir != NULL) {
            rg_cluster_path(&c, i + 1, "profile.yaml", path);
        }
        code = rg_profile_load(dir != NULL ? path : cli->profile, &n->profile[i]);
        code = code == RG_CLI_OK ? rg_profile_session(&n->profile[i], &n->session[i]) : code;
    }
    return code;
}

static void close_nodes(struct nodes *n)
{
    for (uint32_t i = 0; i < RG_CLUSTER_NODES_MAX; i++) {
        rg_session_close(&n->session[i]);
        rg_profile_fini(&n->profile[i]);
    }
}

static int read_before(struct nodes *n)
{
    for (uint32_t i = 0; i < n->count; i++) {
        struct rg_answer a = {0};
        if (rg_session_status(n->session[i], &a) != RG_OK) {
            return rg_say_session(n->session[i]);
        }
        n->cpu_before[i] = a.status.cpu_ms;
        (void)snprintf(n->name[i], sizeof n->name[i], "%.*s", (int)a.status.node.len,
                       (const char *)a.status.node.data);
    }
    return RG_CLI_OK;
}

/* Wait until the rules of every node passed @height. */
static int settle(struct nodes *n, uint64_t height)
{
    const int64_t end = rg_line_now() + SETTLE_MS;
    for (uint32_t i = 0; i < n->count; i++) {
        struct rg_answer a = {0};
        do {
            const struct timespec pause = {0, 2 * 1000000};
            (void)nanosleep(&pause, NULL);
            if (rg_session_status(n->session[i], &a) != RG_OK) {
                return rg_say_session(n->session[i]);
            }
            if (rg_line_now() > end || rg_say_stop != 0) {
                rg_say_error("node %u: its rules did not pass height %" PRIu64 " within %d s",
                             i + 1, height, SETTLE_MS / 1000);
                return RG_CLI_AGAIN;
            }
        } while (a.status.rules_height < height || a.status.rules_parked > 0);
        n->cpu_ms[i] = a.status.cpu_ms - n->cpu_before[i];
        n->memory_kib[i] = a.status.memory_kib;
    }
    return RG_CLI_OK;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = 0;
    uint32_t y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static int gather(struct bench *b)
{
    size_t total = 0;
    for (uint32_t i = 0; i < b->client_count; i++) {
        const struct rg_bench_client *c = &b->clients[i];
        total += c->latency_count;
        b->events += c->events;
        b->last_height = c->last_height > b->last_height ? c->last_height : b->last_height;
        if (c->code != RG_CLI_OK) {
            rg_say_error("client %u: %s", i + 1, c->why[0] != '\0' ? c->why : "failed");
            return c->code;
        }
    }
    b->latencies = calloc(total + 1, sizeof *b->latencies);
    if (b->latencies == NULL) {
        rg_say_error("out of memory");
        return RG_CLI_INTERNAL;
    }
    for (uint32_t i = 0; i < b->client_count; i++) {
        const struct rg_bench_client *c = &b->clients[i];
        if (c->latency_count > 0) {
            memcpy(b->latencies + b->latency_count, c->latencies,
                   c->latency_count * sizeof *c->latencies);
            b->latency_count += c->latency_count;
        }
    }
    qsort(b->latencies, b->latency_count, sizeof *b->latencies, compare);
    return RG_CLI_OK;
}

static int load(struct bench *b, int64_t seconds)
{
    uint32_t started = 0;
    const int64_t start = rg_line_now();
    b->plan.until = start + seconds * 1000;
    for (uint32_t i = 0; i < b->client_count; i++) {
        const uint32_t node = b->sender == UINT32_MAX ? i % b->nodes.count : b->sender;
        b->clients[i] = (struct rg_bench_client){
            .plan = &b->plan, .profile = &b->nodes.profile[node], .number = i + 1};
        if (pthread_create(&b->threads[i], NULL, rg_bench_run, &b->clients[i]) != 0) {
            break;
        }
        started++;
    }
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(b->threads[i], NULL);
    }
    if (started < b->client_count) {
        rg_say_error("only %u of %u clients could be started", started, b->client_count);
        return RG_CLI_INTERNAL;
    }
    int code = gather(b);
    if (code == RG_CLI_OK) {
        code = settle(&b->nodes, b->last_height);
    }
    b->elapsed_ms = rg_line_now() - start;
    return code;
}

static double percentile(const struct bench *b, size_t percent)
{
    if (b->latency_count == 0) {
        return 0.0;
    }
    const size_t i = (b->latency_count - 1) * percent / 100;
    return (double)b->latencies[i] / 1000.0;
}

static int print_result(const struct rg_cli *cli, const struct bench *b)
{
    const double rate =
        b->elapsed_ms > 0 ? (double)b->events * 1000.0 / (double)b->elapsed_ms : 0.0;
    if (cli->json) {
        json_t *nodes = json_array();
        for (uint32_t i = 0; i < b->nodes.count; i++) {
            (void)json_array_append_new(nodes, json_pack("{s:s,s:I,s:I}", "node", b->nodes.name[i],
                                                         "cpu_ms", (json_int_t)b->nodes.cpu_ms[i],
                                                         "memory_kib",
                                                         (json_int_t)b->nodes.memory_kib[i]));
        }
        return rg_status_json_line(json_pack(
            "{s:i,s:i,s:i,s:I,s:f,s:f,s:{s:f,s:f,s:f},s:o}", "clients", (int)b->client_count,
            "batch", (int)b->plan.batch, "window", (int)b->plan.window, "events",
            (json_int_t)b->events, "seconds", (double)b->elapsed_ms / 1000.0, "events_per_second",
            rate, "latency_ms", "p50", percentile(b, 50), "p99", percentile(b, 99), "max",
            percentile(b, 100), "nodes", nodes));
    }
    (void)printf("%u clients, batches of %u, window %u: %" PRIu64 " events in %" PRId64
                 ".%03" PRId64 " s\n",
                 b->client_count, b->plan.batch, b->plan.window, b->events, b->elapsed_ms / 1000,
                 b->elapsed_ms % 1000);
    (void)printf("%.0f events/s, final and judged by the rules of every node\n", rate);
    (void)printf("a request, sent to final: p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
                 percentile(b, 50), percentile(b, 99), percentile(b, 100));
    for (uint32_t i = 0; i < b->nodes.count; i++) {
        (void)printf("%-10s CPU %" PRIu64 " ms, memory %" PRIu64 " KiB\n", b->nodes.name[i],
                     b->nodes.cpu_ms[i], b->nodes.memory_kib[i]);
    }
    return RG_CLI_OK;
}

static int read_plan(const struct rg_cli *cli, struct bench *b, uint64_t *seconds)
{
    static const uint64_t clients[2] = {1, RG_BENCH_CLIENTS_MAX};
    static const uint64_t batches[2] = {1, RG_PIPELINE_EVENTS_MAX};
    static const uint64_t windows[2] = {1, RG_PIPELINE_WINDOW_MAX};
    static const uint64_t times[2] = {1, 3600};
    static const uint64_t senders[2] = {0, RG_CLUSTER_NODES_MAX};
    uint64_t n[4] = {0};
    if (rg_opts_number(cli, "clients", clients, 1, &n[0]) != RG_OK ||
        rg_opts_number(cli, "batch", batches, 1, &n[1]) != RG_OK ||
        rg_opts_number(cli, "window", windows, n[1] > 1 ? 4 : 1, &n[2]) != RG_OK ||
        rg_opts_number(cli, "node", senders, 1, &n[3]) != RG_OK ||
        rg_opts_number(cli, "seconds", times, 10, seconds) != RG_OK) {
        return RG_CLI_USAGE;
    }
    b->client_count = (uint32_t)n[0];
    b->plan.batch = (uint32_t)n[1];
    b->plan.window = (uint32_t)n[2];
    b->sender = n[3] == 0 ? UINT32_MAX : (uint32_t)n[3] - 1;
    return RG_CLI_OK;
}

static int prepare(struct bench *b)
{
    struct rg_answer a = {0};
    const uint32_t first = b->sender == UINT32_MAX ? 0 : b->sender;
    if (first >= b->nodes.count) {
        rg_say_error("--node %u: there are %u nodes", first + 1, b->nodes.count);
        return RG_CLI_USAGE;
    }
    if (rg_session_definition(b->nodes.session[first], &a) != RG_OK) {
        return rg_say_session(b->nodes.session[first]);
    }
    if (rg_bench_choose(a.definition, b->nodes.profile[first].agency, &b->plan) != RG_OK) {
        rg_say_error("agency %s may record no step of this process, so it cannot make load",
                     b->nodes.profile[first].agency);
        return RG_CLI_INPUT;
    }
    return read_before(&b->nodes);
}

static int run(struct rg_cli *cli)
{
    static struct bench b;
    uint64_t seconds = 0;
    int code = read_plan(cli, &b, &seconds);
    code = code == RG_CLI_OK ? rg_say_start() : code;
    if (code != RG_CLI_OK) {
        return code;
    }
    code = open_nodes(cli, &b.nodes);
    code = code == RG_CLI_OK ? prepare(&b) : code;
    code = code == RG_CLI_OK ? load(&b, (int64_t)seconds) : code;
    code = code == RG_CLI_OK ? print_result(cli, &b) : code;
    for (uint32_t i = 0; i < b.client_count; i++) {
        free(b.clients[i].latencies);
    }
    free(b.latencies);
    close_nodes(&b.nodes);
    rg_session_finish();
    return code;
}

static const struct rg_cli_option options[] = {
    {"clients", "N", "how many clients at once (1)"},
    {"batch", "N", "events in one request, at most 500 (1)"},
    {"window", "N", "requests a client has under way (1; 4 with batches)"},
    {"seconds", "N", "how long (10)"},
    {"dir", "DIR", "a test network: all its nodes are watched"},
    {"node", "I", "the node that takes the load (1); 0: all in turn"},
    {NULL, NULL, NULL},
};

const struct rg_cli_command rg_cmd_bench = {
    .name = "bench",
    .args = "",
    .summary = "load: events/s, latency, CPU and memory of each node",
    .detail =
        "Records made-up cases of about six events. An event counts when it is final and the "
        "rules of every node watched have passed its block. Latency is from handing a request "
        "to the node until it is final.",
    .options = options,
    .examples = {"reigen bench --clients 32 --seconds 10 --dir /tmp/net",
                 "reigen bench --batch 500 --seconds 10 --dir /tmp/net --json"},
    .run = run,
};
