#include "rules/host_jail.h"
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Rules that never end shall take what the ledger leaves over. */
#define NICE 15
#define MEMORY_MAX (512UL * 1024 * 1024)

/* Sanitizers map terabytes of address space and make calls of their own at the end; under them the
 * program is tested for memory errors, not for its jail. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool limit(int what, rlim_t value)
{
    const struct rlimit l = {value, value};
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

bool rg_host_jail_prepare(int fd)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) {
        return false;
    }
    errno = 0;
    if (nice(NICE) == -1 && errno != 0) {
        return false;
    }
    if (close_range((unsigned)fd + 1, ~0U, 0) != 0 ||
        (fd > 3 && close_range(3, (unsigned)fd - 1, 0) != 0)) {
        return false;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0);
}

static bool allow(scmp_filter_ctx ctx)
{
    static const int calls[] = {
        SCMP_SYS(read),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendto),
        SCMP_SYS(poll),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(brk),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(futex),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(clock_gettime),
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0) != 0) {
            return false;
        }
    }
    /* Memory of its own, never executable; text to stderr only. */
    const struct scmp_arg_cmp to_stderr = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 2};
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                            SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)) == 0 &&
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, to_stderr) == 0;
}

bool rg_host_jail_enter(void)
{
    if (SANITIZED) {
        return true;
    }
    /* No descriptor, file or process can be made any more, even if a call slipped through below. */
    if (!limit(RLIMIT_AS, MEMORY_MAX) || !limit(RLIMIT_NOFILE, 4) || !limit(RLIMIT_FSIZE, 0) ||
        !limit(RLIMIT_NPROC, 0)) {
        return false;
    }
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    const bool ok = ctx != NULL && allow(ctx) && seccomp_load(ctx) == 0;
    if (ctx != NULL) {
        seccomp_release(ctx);
    }
    return ok;
}
