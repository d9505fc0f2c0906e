/* alert_delay PROFILE MARKS COUNT BYTES PERIOD_US NAME: from the final block to the alert.
 *
 * Watches the alerts of a node with the client library, COUNT of them, while somebody else makes
 * load, and takes for each the time since its block was final at that node (MARKS, see
 * final_mark.c). Beside it, at the same time, what ZeroMQ takes by itself: a process of its own
 * sends frames as an alert has them, BYTES of JSON, every PERIOD_US from an XPUB over CURVE and
 * loopback to a SUB here. Prints two lines of a table. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/panic.h"
#include "client/watch.h"
#include "node/cli/profile.h"
#include "node/cli/say.h"

#define COUNT_MAX 1000000
#define BYTES_MAX 65536
#define TOPIC "alert.warning.delay."

struct alert {
    uint64_t height;
    int64_t at_ns;
};

struct plain {
    char server_public[41];
    char server_secret[41];
    char endpoint[256];
    size_t bytes;
    int64_t period_us;
    int64_t *delays_ns;
    size_t count;
    volatile sig_atomic_t stop;
};

struct watching {
    struct alert *alerts;
    size_t count;
    size_t max;
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The other process: bind, tell where, send until it is ended. */
static void publish(struct plain *p, int out)
{
    static uint8_t json[BYTES_MAX];
    const int yes = 1;
    char endpoint[256];
    size_t len = sizeof endpoint;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *s = zmq_socket(zmq_ctx_new(), ZMQ_XPUB);
    RG_ASSERT(s != NULL);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, p->server_secret, 41) == 0);
    RG_ASSERT(zmq_bind(s, "tcp://127.0.0.1:*") == 0);
    RG_ASSERT(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, endpoint, &len) == 0);
    RG_ASSERT(write(out, endpoint, sizeof endpoint) == (ssize_t)sizeof endpoint);
    memset(json, 'x', sizeof json);
    int64_t next = now_ns();
    for (;;) {
        uint8_t number[8];
        next += p->period_us * 1000;
        const struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        rg_bytes_u64_be(number, (uint64_t)now_ns());
        (void)zmq_send(s, TOPIC, strlen(TOPIC), ZMQ_SNDMORE);
        (void)zmq_send(s, number, sizeof number, ZMQ_SNDMORE);
        (void)zmq_send(s, json, p->bytes, 0);
    }
}

static void *subscribe(void *arg)
{
    static uint8_t json[BYTES_MAX];
    struct plain *p = arg;
    char mine[2][41];
    char topic[64];
    uint8_t number[8];
    const int wait_ms = 100;
    void *context = zmq_ctx_new();
    void *s = zmq_socket(context, ZMQ_SUB);
    RG_ASSERT(s != NULL && zmq_curve_keypair(mine[0], mine[1]) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, p->server_public, 41) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, mine[0], 41) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, mine[1], 41) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) == 0);
    RG_ASSERT(zmq_setsockopt(s, ZMQ_SUBSCRIBE, TOPIC, strlen(TOPIC)) == 0);
    RG_ASSERT(zmq_connect(s, p->endpoint) == 0);
    while (p->stop == 0 && p->count < COUNT_MAX) {
        if (zmq_recv(s, topic, sizeof topic, 0) < 0) {
            continue;
        }
        RG_ASSERT(zmq_recv(s, number, sizeof number, 0) == 8);
        RG_ASSERT(zmq_recv(s, json, sizeof json, 0) == (int)p->bytes);
        p->delays_ns[p->count++] = now_ns() - (int64_t)rg_bytes_from_u64_be(number);
    }
    (void)zmq_close(s);
    (void)zmq_ctx_term(context);
    return NULL;
}

static bool on_item(void *ctx, const struct rg_watch_item *item)
{
    static const char key[] = "\"entry\":\"";
    struct watching *w = ctx;
    const int64_t now = now_ns();
    const char *at = memmem(item->event.data, item->event.len, key, sizeof key - 1);
    if (at == NULL || item->logseq == 0) {
        return true; /* an alert of the system */
    }
    uint64_t height = 0;
    at += sizeof key - 1;
    const struct rg_bytes text = {(const uint8_t *)at, strcspn(at, "/")};
    RG_ASSERT(rg_num_parse_u64(text, UINT64_MAX, &height) == RG_OK);
    w->alerts[w->count++] = (struct alert){height, now};
    return w->count < w->max;
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_line(const char *name, const char *what, int64_t *ns, size_t count)
{
    RG_ASSERT(count > 0);
    qsort(ns, count, sizeof *ns, by_value);
    (void)printf("%-14s %-34s %8zu %9.2f %9.2f %9.2f\n", name, what, count,
                 (double)ns[count / 2] / 1e6, (double)ns[count * 99 / 100] / 1e6,
                 (double)ns[count - 1] / 1e6);
}

/* The time of each alert since its block was final. */
static int print_alerts(const char *name, const char *path, const struct watching *w)
{
    int64_t *delays = calloc(w->count + 1, sizeof *delays);
    FILE *f = fopen(path, "rb");
    RG_ASSERT(delays != NULL);
    for (size_t i = 0; i < w->count; i++) {
        int64_t mark = 0;
        if (f == NULL || fseek(f, (long)((w->alerts[i].height - 1) * sizeof mark), SEEK_SET) != 0 ||
            fread(&mark, sizeof mark, 1, f) != 1 || mark > w->alerts[i].at_ns) {
            rg_say_error("%s: no mark of height %" PRIu64 " before its alert", path,
                         w->alerts[i].height);
            return 1;
        }
        delays[i] = w->alerts[i].at_ns - mark;
    }
    (void)fclose(f);
    print_line(name, "final block to alert at subscriber", delays, w->count);
    free(delays);
    return 0;
}

static uint64_t number(const char *text, uint64_t max)
{
    uint64_t n = 0;
    RG_ASSERT(rg_num_parse_u64(rg_bytes_str(text), max, &n) == RG_OK && n > 0);
    return n;
}

/* Watch while the other process sends; both are over when all alerts are there. */
static int measure(char **argv, struct plain *p, struct watching *w)
{
    static const char *const topics[] = {"alert.warning.", "alert.critical."};
    struct rg_profile profile;
    struct rg_session *session = NULL;
    pthread_t thread;
    RG_ASSERT(rg_session_start() == RG_OK);
    int code = rg_profile_load(argv[1], &profile);
    code = code == 0 ? rg_profile_session(&profile, &session) : code;
    if (code != 0) {
        return code;
    }
    const struct rg_watch_config c = {
        .topics = topics, .topic_count = 2, .stop = &rg_say_stop, .on_item = on_item, .ctx = w};
    RG_ASSERT(pthread_create(&thread, NULL, subscribe, p) == 0);
    (void)fprintf(stderr, "watching\n");
    if (rg_watch_run(session, &c) != RG_OK) {
        code = rg_say_session(session);
    }
    p->stop = 1;
    (void)pthread_join(thread, NULL);
    rg_profile_close(&profile, &session);
    return code;
}

int main(int argc, char **argv)
{
    static struct plain p;
    static struct watching w;
    int fds[2];
    if (argc != 7) {
        (void)fprintf(stderr, "usage: alert_delay PROFILE MARKS COUNT BYTES PERIOD_US NAME\n");
        return 64;
    }
    w.max = number(argv[3], COUNT_MAX);
    p.bytes = number(argv[4], BYTES_MAX);
    p.period_us = (int64_t)number(argv[5], 10000000);
    w.alerts = calloc(w.max, sizeof *w.alerts);
    p.delays_ns = calloc(COUNT_MAX, sizeof *p.delays_ns);
    RG_ASSERT(w.alerts != NULL && p.delays_ns != NULL);
    RG_ASSERT(zmq_curve_keypair(p.server_public, p.server_secret) == 0 && pipe(fds) == 0);
    const pid_t child = fork();
    if (child == 0) {
        publish(&p, fds[1]);
    }
    RG_ASSERT(child > 0);
    RG_ASSERT(read(fds[0], p.endpoint, sizeof p.endpoint) == (ssize_t)sizeof p.endpoint);
    rg_say_signals();
    int code = measure(argv, &p, &w);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    if (code == 0 && rg_say_stop == 0) {
        code = print_alerts(argv[6], argv[2], &w);
        print_line(argv[6], "ZeroMQ alone, the same frames", p.delays_ns, p.count);
    }
    free(w.alerts);
    free(p.delays_ns);
    return code;
}
