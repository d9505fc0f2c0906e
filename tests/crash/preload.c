/* Preloaded into a node by the crash tests: kills it at the N-th call that makes something durable,
 * and writes down every frame that it hands to the messaging library, before that happens.
 *
 *   RG_CRASH_AT=N     before the N-th write or sync of a regular file; unset: never
 *   RG_CRASH_TORN=1   half of that write is done first
 *   RG_FRAMES=FILE    frames are appended: length (u32, little-endian), bytes
 * Only in a program whose name is reigend. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zmq.h>

static atomic_ulong calls;
static unsigned long at;
static int torn;
static int frames = -1;

__attribute__((constructor)) static void begin(void)
{
    char name[32] = "";
    const int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, name, sizeof name - 1) : 0;
    (void)close(fd);
    if (n <= 0 || strncmp(name, "reigend", 7) != 0) {
        return;
    }
    const char *text = getenv("RG_CRASH_AT");
    at = text != NULL ? strtoul(text, NULL, 10) : 0;
    torn = getenv("RG_CRASH_TORN") != NULL;
    text = getenv("RG_FRAMES");
    if (text != NULL) {
        frames = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int is_file(int fd)
{
    struct stat st;
    return fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Whether this is the call to die at. */
static int dies(int fd)
{
    return at > 0 && is_file(fd) && atomic_fetch_add(&calls, 1) + 1 == at;
}

static void die(void)
{
    (void)syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) {
        (void)pause();
    }
}

#define REAL(type, name, ...)                                                                      \
    type (*real)(__VA_ARGS__) = NULL;                                                              \
    *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t off)
{
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (dies(fd)) {
        if (torn) {
            (void)real(fd, data, len / 2, off);
        }
        die();
    }
    return real(fd, data, len, off);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t off)
{
    return pwrite64(fd, data, len, off);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (dies(fd)) {
        if (torn) {
            (void)real(fd, iov, (count + 1) / 2);
        }
        die();
    }
    return real(fd, iov, count);
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off64_t off)
{
    REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
    if (dies(fd)) {
        if (torn) {
            (void)real(fd, iov, (count + 1) / 2, off);
        }
        die();
    }
    return real(fd, iov, count, off);
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t off)
{
    return pwritev64(fd, iov, count, off);
}

int fdatasync(int fd)
{
    REAL(int, "fdatasync", int);
    if (dies(fd)) {
        die();
    }
    return real(fd);
}

int fsync(int fd)
{
    REAL(int, "fsync", int);
    if (dies(fd)) {
        die();
    }
    return real(fd);
}

static void note(const void *data, size_t len)
{
    const int saved = errno;
    uint8_t head[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                       (uint8_t)(len >> 24)};
    struct iovec iov[2];
    iov[0].iov_base = head;
    iov[0].iov_len = sizeof head;
    iov[1].iov_base = (void *)(uintptr_t)data;
    iov[1].iov_len = len;
    if (frames >= 0) {
        (void)syscall(SYS_writev, frames, iov, 2);
    }
    errno = saved;
}

int zmq_send(void *socket, const void *data, size_t len, int flags)
{
    REAL(int, "zmq_send", void *, const void *, size_t, int);
    note(data, len);
    return real(socket, data, len, flags);
}

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
    REAL(int, "zmq_msg_send", zmq_msg_t *, void *, int);
    note(zmq_msg_data(msg), zmq_msg_size(msg));
    return real(msg, socket, flags);
}
