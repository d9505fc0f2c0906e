/* Preloaded into nodes by alerts.sh: when a final block is handed to the archive, the time is
 * appended to the file $RG_MARKS.PID, 8 bytes of nanoseconds since start of the machine. The k-th
 * mark of a node that began with an empty ledger is that of height k: the ledger thread hands over
 * each final block once and in order, as a frame that is a pointer. The script looks whether there
 * are as many marks as blocks. Only in a program whose name is reigend. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static int file = -1;
static int (*real)(void *, const void *, size_t, int);

__attribute__((constructor)) static void begin(void)
{
    char text[4096] = "";
    const char *path = getenv("RG_MARKS");
    const int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    (void)close(fd);
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_send");
    if (n > 0 && strncmp(text, "reigend", 7) == 0 && path != NULL) {
        (void)snprintf(text, sizeof text, "%s.%d", path, (int)getpid());
        file = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

/* Malloc'ed memory; an answer of the api may have 8 bytes too. */
static int is_pointer(const void *data, size_t len)
{
    uint64_t v = 0;
    if (len != sizeof v) {
        return 0;
    }
    memcpy(&v, data, sizeof v);
    return v != 0 && v % 16 == 0 && v >> 48 == 0;
}

int zmq_send(void *socket, const void *data, size_t len, int flags)
{
    if (file >= 0 && flags == ZMQ_DONTWAIT && is_pointer(data, len)) {
        const int saved = errno;
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        const int64_t ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
        if (write(file, &ns, sizeof ns) != (ssize_t)sizeof ns) {
            _exit(74); /* a mark less would shift all that follow */
        }
        errno = saved;
    }
    return real(socket, data, len, flags);
}
