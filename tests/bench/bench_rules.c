/* The engine alone over a million events of real cases: what an event costs at the beginning and at
 * the end, and what memory it takes; then the same events as one case without end. Uses the
 * module's own table, a state being written and read between any two events of a case, as a node
 * does it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/panic.h"
#include "hospital.h"
#include "rules/soll.h"

#define SLOWER_MAX 2 /* times the cost of the first part */

struct held {
    uint8_t state[RG_SOLL_STATE_MAX];
    size_t len;
    size_t longest;
    uint64_t bytes; /* of all states that were put */
    uint64_t alerts;
    uint64_t system;
};

static void on_emit(void *ctx, const struct rg_rules_alert *alert)
{
    struct held *h = ctx;
    h->alerts++;
    h->system += alert->severity == RG_RULES_SYSTEM ? 1 : 0;
}

static void on_duty(void *ctx, const struct rg_rules_duty *duty)
{
    (void)ctx;
    (void)duty;
}

static void on_verdict(void *ctx, const struct rg_rules_verdict *verdict)
{
    (void)ctx;
    (void)verdict;
}

static const uint8_t *on_get(void *ctx, size_t *len)
{
    const struct held *h = ctx;
    *len = h->len;
    return h->state;
}

static int on_put(void *ctx, const uint8_t *data, size_t len)
{
    struct held *h = ctx;
    RG_ASSERT(len <= sizeof(h->state));
    memcpy(h->state, data, len);
    h->len = len;
    h->longest = len > h->longest ? len : h->longest;
    h->bytes += len;
    return 0;
}

static void on_timer(void *ctx, int64_t due_ms)
{
    (void)ctx;
    (void)due_ms;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Memory of this process in KiB. */
static long rss_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

struct run {
    const struct rg_rules_module *module;
    void *instance;
    const struct log *log;
    struct held held;
    struct rg_rules_host host;
    int64_t shift_ms; /* of the round, in one case without end */
};

static void judge(struct run *r, const struct log_event *ev)
{
    struct rg_rules_field fields[LOG_COLUMNS];
    struct rg_rules_entry e = {.time_ms = ev->time_ms + r->shift_ms,
                               .occurred_ms = ev->time_ms + r->shift_ms,
                               .step = {ev->step, strlen(ev->step)},
                               .agency = {"", 0},
                               .fields = fields};
    for (size_t i = 0; i < r->log->columns; i++) {
        const size_t len = strlen(ev->cells[i]);
        if (len > 0 && len <= RG_FIELD_VALUE_MAX) {
            fields[e.field_count++] = (struct rg_rules_field){
                {r->log->header[i], strlen(r->log->header[i])}, {ev->cells[i], len}};
        }
    }
    RG_ASSERT(r->module->begin(r->instance, &r->host, 0) == RG_RULES_OK);
    RG_ASSERT(r->module->entry(r->instance, &r->host, &e) == RG_RULES_OK);
    RG_ASSERT(r->module->end(r->instance, &r->host) == RG_RULES_OK);
}

/* EVENTS events, the log again and again; gives whether the last part was about as fast as the
 * first. */
static bool measure(struct run *r, bool one_case)
{
    int64_t first = 0;
    int64_t last = 0;
    long rss_first = 0;
    int64_t start = now_ns();
    size_t n = 0;
    memset(&r->held, 0, sizeof(r->held));
    r->shift_ms = 0;
    while (n < EVENTS) {
        for (size_t c = 0; c < r->log->count && n < EVENTS; c++) {
            r->held.len = one_case ? r->held.len : 0;
            for (size_t k = 0; k < r->log->cases[c].count && n < EVENTS; k++) {
                judge(r, &r->log->cases[c].events[k]);
                n++;
                if (n % PART == 0) {
                    const int64_t t = now_ns();
                    first = n == PART ? t - start : first;
                    rss_first = n == PART ? rss_kib() : rss_first;
                    last = t - start;
                    start = t;
                }
            }
        }
        r->shift_ms += one_case ? INT64_C(4) * 365 * 86400000 : 0;
    }
    printf("%-12s first %d events %" PRId64 " ns each, last %d events %" PRId64
           " ns each; memory %ld KiB then, %ld KiB at the end\n",
           one_case ? "one case:" : "real cases:", PART, first / PART, PART, last / PART, rss_first,
           rss_kib());
    printf("             state of a case: %" PRIu64 " bytes on average, %zu at most; %" PRIu64
           " alerts, %" PRIu64 " of them about limits\n",
           r->held.bytes / EVENTS, r->held.longest, r->held.alerts, r->held.system);
    return last <= SLOWER_MAX * first;
}

int main(void)
{
    static struct run r;
    static char err[RG_RULES_ERROR_MAX];
    struct log *log = hospital_load();
    r.module = rg_soll_module();
    r.log = log;
    r.host = (struct rg_rules_host){.abi = RG_RULES_ABI,
                                    .ctx = &r.held,
                                    .state_max = RG_SOLL_STATE_MAX,
                                    .emit = on_emit,
                                    .duty = on_duty,
                                    .verdict = on_verdict,
                                    .state_get = on_get,
                                    .state_put = on_put,
                                    .timer_set = on_timer};
    RG_ASSERT(r.module->open((const uint8_t *)hospital_rules, strlen(hospital_rules), &r.instance,
                             err) == RG_RULES_OK);
    printf("%zu cases, %zu events, memory with the log %ld KiB\n", log->count, log->events,
           rss_kib());
    bool ok = measure(&r, false);
    ok = measure(&r, true) && ok;
    r.module->close(r.instance);
    log_free(log);
    if (!ok) {
        (void)printf("the last events cost more than %d times the first\n", SLOWER_MAX);
    }
    return ok ? 0 : 1;
}
