/* A million events of real cases through the rules host as a process of its own: what an event
 * costs the host at the beginning and at the end, what memory it takes, and how long the state of a
 * case is, which this program keeps, as the node does. The events come in the order of their times,
 * as they do in a ledger, and the log again and again as new cases; all cases stay open. Up to 256
 * cases in a message. argv[1] is the host's program. */
#include "hospital.h"
#include "rules/hostio.h"
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 60000
#define CASES 256    /* in a message */
#define GROWTH_MAX 4 /* the last part may take a quarter more time and memory than the first */

static struct {
    pid_t pid;
    int fd;
    struct rg_hostmsg_buf out;
    struct rg_hostmsg_buf in;
    struct rg_bytes *states; /* by case number, malloc'ed */
    uint64_t opened;
    uint64_t state_bytes;
    size_t longest;
    uint64_t alerts;
} host;

static struct rg_bytes exchange(void)
{
    RG_ASSERT(!host.out.failed);
    RG_ASSERT(rg_hostio_send(host.fd, (struct rg_bytes){host.out.data, host.out.len}, WAIT_MS) ==
              RG_OK);
    RG_ASSERT(rg_hostio_recv(host.fd, WAIT_MS, &host.in) == RG_OK);
    return (struct rg_bytes){host.in.data, host.in.len};
}

static void start(const char *program)
{
    struct rg_hostmsg_opened opened;
    int text = -1; /* never read: what the host says beyond the pipe's room is lost */
    rg_hostmsg_buf_init(&host.out, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&host.in, RG_HOSTMSG_RESULT_MAX);
    RG_ASSERT(rg_hostio_spawn(program, NULL, &host.pid, &host.fd, &text) == RG_OK);
    rg_hostmsg_put_open(&host.out, rg_bytes_str(hospital_rules));
    RG_ASSERT(rg_hostmsg_get_opened(exchange(), &opened) == RG_OK && opened.ok);
}

/* A number from a line of the host's /proc/PID/status, in KiB. */
static uint64_t memory_kib(const char *name)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)host.pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtoull(line + strlen(name), NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    RG_ASSERT(kib > 0);
    return kib;
}

/* Processor time of the host in ns: user and system, fields 14 and 15 of /proc/PID/stat. */
static uint64_t cpu_ns(void)
{
    char path[64];
    char line[1024];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)host.pid);
    FILE *f = fopen(path, "r");
    RG_ASSERT(f != NULL && fgets(line, sizeof(line), f) != NULL);
    (void)fclose(f);
    char *at = strrchr(line, ')');
    for (unsigned i = 0; at != NULL && i < 12; i++) {
        at = strchr(at + 1, ' ');
    }
    RG_ASSERT(at != NULL);
    const uint64_t user = strtoull(at, &at, 10);
    return (user + strtoull(at, NULL, 10)) *
           (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void take_states(struct rg_bytes msg)
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        RG_ASSERT(a.status == RG_HOSTMSG_OK);
        while (rg_hostmsg_next_item(&r, &item)) {
            host.alerts++;
        }
        struct rg_bytes *s = &host.states[a.case_no];
        uint8_t *data = realloc((uint8_t *)(uintptr_t)s->data, a.state.len);
        RG_ASSERT(data != NULL && a.state.len > 0);
        memcpy(data, a.state.data, a.state.len);
        host.opened += s->len == 0 ? 1 : 0;
        host.state_bytes += a.state.len - s->len;
        host.longest = a.state.len > host.longest ? a.state.len : host.longest;
        *s = (struct rg_bytes){data, a.state.len};
    }
    RG_ASSERT(rg_bytes_done(&r));
}

static void send_cases(void)
{
    rg_hostmsg_batch_end(&host.out);
    take_states(exchange());
}

struct part {
    uint64_t cpu_ns;
    uint64_t rss_kib;
};

struct place {
    int64_t time_ms;
    size_t case_no; /* in the log */
    size_t event;   /* in the case */
};

struct run {
    const struct log *log;
    struct place *order; /* of the log's events */
    size_t *message;     /* by case of the log: the message that has its newest event */
    size_t messages;     /* sent */
    size_t sent;
    size_t waiting; /* cases in the message */
    uint64_t since; /* processor time when the part began */
    struct part first;
    struct part last;
};

static void put_event(struct run *r, uint64_t case_no, const struct log_event *ev)
{
    struct rg_hostmsg_op op;
    const struct rg_hostmsg_case c = {.case_no = case_no, .state = host.states[case_no]};
    if (r->waiting == 0) {
        rg_hostmsg_batch_begin(&host.out, r->sent + 1);
    }
    rg_hostmsg_case_begin(&host.out, &c);
    log_entry(r->log, ev, &op);
    rg_hostmsg_put_op(&host.out, &op);
    rg_hostmsg_case_end(&host.out);
    r->waiting++;
    r->sent++;
}

static void send_waiting(struct run *r)
{
    send_cases();
    r->waiting = 0;
    r->messages++;
}

static void measure(struct run *r)
{
    const uint64_t now = cpu_ns();
    r->last = (struct part){now - r->since, memory_kib("VmRSS:")};
    r->first = r->sent == PART ? r->last : r->first;
    r->since = now;
    printf("%8zu events: %5" PRIu64 " ns each, memory %6" PRIu64 " KiB, %6" PRIu64
           " open cases of %" PRIu64 " bytes\n",
           r->sent, r->last.cpu_ns / PART, r->last.rss_kib, host.opened,
           host.state_bytes / host.opened);
}

static int compare(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->time_ms != y->time_ms) {
        return x->time_ms < y->time_ms ? -1 : 1;
    }
    if (x->case_no != y->case_no) {
        return x->case_no < y->case_no ? -1 : 1;
    }
    return x->event < y->event ? -1 : 1;
}

static void put_in_order(struct run *r)
{
    size_t n = 0;
    r->order = calloc(r->log->events, sizeof(*r->order));
    r->message = calloc(r->log->count, sizeof(*r->message));
    RG_ASSERT(r->order != NULL && r->message != NULL);
    for (size_t c = 0; c < r->log->count; c++) {
        int64_t time_ms = INT64_MIN;
        for (size_t k = 0; k < r->log->cases[c].count; k++) {
            const int64_t at = r->log->cases[c].events[k].time_ms;
            time_ms = at > time_ms ? at : time_ms; /* a case keeps its own order */
            r->order[n++] = (struct place){time_ms, c, k};
        }
    }
    RG_ASSERT(n == r->log->events);
    qsort(r->order, n, sizeof(*r->order), compare);
}

static void replay(struct run *r)
{
    for (size_t i = 0; r->sent < EVENTS; i++) {
        const struct place *p = &r->order[i % r->log->events];
        const size_t round = i / r->log->events;
        if (r->waiting > 0 && r->message[p->case_no] == r->messages + 1) {
            send_waiting(r); /* a case is in a message once */
        }
        put_event(r, round * r->log->count + p->case_no,
                  &r->log->cases[p->case_no].events[p->event]);
        r->message[p->case_no] = r->messages + 1;
        if (r->waiting == CASES || r->sent % PART == 0) {
            send_waiting(r);
        }
        if (r->sent % PART == 0) {
            measure(r);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: bench_host REIGEN-RULES\n");
        return 64;
    }
    struct log *log = hospital_load();
    struct run r = {.log = log};
    const size_t cases = (EVENTS / log->events + 1) * log->count;
    host.states = calloc(cases, sizeof(*host.states));
    RG_ASSERT(host.states != NULL);
    put_in_order(&r);
    start(argv[1]);
    r.since = cpu_ns();
    replay(&r);
    printf("peak memory of the host %" PRIu64 " KiB; the longest state %zu bytes; %" PRIu64
           " alerts\n",
           memory_kib("VmHWM:"), host.longest, host.alerts);
    const bool ok = r.last.cpu_ns <= r.first.cpu_ns + r.first.cpu_ns / GROWTH_MAX &&
                    r.last.rss_kib <= r.first.rss_kib + r.first.rss_kib / GROWTH_MAX;
    (void)close(host.fd);
    (void)waitpid(host.pid, NULL, 0);
    for (size_t i = 0; i < cases; i++) {
        free((uint8_t *)(uintptr_t)host.states[i].data);
    }
    free(host.states);
    free(r.order);
    free(r.message);
    rg_hostmsg_buf_free(&host.in);
    rg_hostmsg_buf_free(&host.out);
    log_free(log);
    if (!ok) {
        (void)printf("the last events took a quarter more than the first, or still more\n");
    }
    return ok ? 0 : 1;
}
