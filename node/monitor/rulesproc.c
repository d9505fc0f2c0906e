#include "node/monitor/rulesproc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/panic.h"
#include "rules/hostio.h"

#define END_TRIES 20
#define END_NAP_NS 500000

void rg_rulesproc_init(struct rg_rulesproc *p)
{
    *p = (struct rg_rulesproc){.fd = -1, .said = {.fd = -1}};
}

rg_err rg_rulesproc_start(struct rg_rulesproc *p, const char *program, const char *module)
{
    int text = -1;
    RG_ASSERT(p->pid == 0 && p->fd < 0);
    p->total_ms = 0;
    const rg_err e = rg_hostio_spawn(program, module, &p->pid, &p->fd, &text);
    if (e != RG_OK) {
        p->pid = 0;
        p->fd = -1;
        return e;
    }
    rg_rulestext_open(&p->said, text);
    const int flags = fcntl(p->fd, F_GETFL);
    if (flags < 0 || fcntl(p->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        rg_rulesproc_end(p);
        return RG_ERR_SYSTEM;
    }
    return RG_OK;
}

static bool reap(struct rg_rulesproc *p, int flags)
{
    struct rusage u;
    pid_t got = -1;
    do {
        got = wait4(p->pid, &p->status, flags, &u);
    } while (got < 0 && errno == EINTR);
    if (got != p->pid) {
        return false;
    }
    p->pid = 0;
    p->total_ms = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
                  (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
    return true;
}

bool rg_rulesproc_ended(struct rg_rulesproc *p)
{
    for (int i = 0; p->pid > 0 && i < END_TRIES && !reap(p, WNOHANG); i++) {
        const struct timespec nap = {0, END_NAP_NS};
        nanosleep(&nap, NULL);
    }
    return p->pid == 0;
}

/* SIGKILL cannot be refused, so the wait is short. */
void rg_rulesproc_end(struct rg_rulesproc *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        (void)reap(p, 0);
        p->pid = 0;
    }
    rg_rulestext_close(&p->said);
}

uint64_t rg_rulesproc_cpu_ms(const struct rg_rulesproc *p)
{
    clockid_t clock = 0;
    struct timespec t;
    if (p->pid <= 0 || clock_getcpuclockid(p->pid, &clock) != 0 || clock_gettime(clock, &t) != 0) {
        return 0;
    }
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
