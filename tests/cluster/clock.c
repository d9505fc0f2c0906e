/* Preloaded into nodes by clocks.sh: the time of day is off by the milliseconds that stand in the
 * file RG_CLOCK, read anew at each call, so that a clock can jump while the node runs. Time since
 * start is left alone. Only in a program whose name is reigend. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int file = -1;

__attribute__((constructor)) static void begin(void)
{
    char name[32] = "";
    const char *path = getenv("RG_CLOCK");
    const int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, name, sizeof name - 1) : 0;
    (void)close(fd);
    if (n > 0 && strncmp(name, "reigend", 7) == 0 && path != NULL) {
        file = open(path, O_RDONLY | O_CLOEXEC);
    }
}

int clock_gettime(clockid_t which, struct timespec *out)
{
    char text[32] = "";
    const int rc = (int)syscall(SYS_clock_gettime, which, out);
    if (rc != 0 || which != CLOCK_REALTIME || file < 0 || pread(file, text, 31, 0) <= 0) {
        return rc;
    }
    const long long ms = strtoll(text, NULL, 10);
    const long long ns = out->tv_nsec + ms % 1000 * 1000000;
    out->tv_sec += (time_t)(ms / 1000 + (ns >= 1000000000) - (ns < 0));
    out->tv_nsec = (long)(ns - 1000000000 * ((ns >= 1000000000) - (ns < 0)));
    return 0;
}
