/* Preloaded into a node by barrier.sh: before each frame that the node hands to the messaging
 * library, its bytes are written to descriptor -1. That does nothing (EBADF), but shows in a trace
 * of system calls what leaves and when, before encryption and before the library's own threads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zmq.h>

static void mark(const void *data, size_t len)
{
    const int saved = errno;
    (void)syscall(SYS_write, -1, data, len);
    errno = saved;
}

int zmq_send(void *socket, const void *data, size_t len, int flags)
{
    int (*real)(void *, const void *, size_t, int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_send");
    mark(data, len);
    return real(socket, data, len, flags);
}

int zmq_send_const(void *socket, const void *data, size_t len, int flags)
{
    int (*real)(void *, const void *, size_t, int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_send_const");
    mark(data, len);
    return real(socket, data, len, flags);
}

int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
{
    int (*real)(zmq_msg_t *, void *, int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_msg_send");
    mark(zmq_msg_data(msg), zmq_msg_size(msg));
    return real(msg, socket, flags);
}

int zmq_sendmsg(void *socket, zmq_msg_t *msg, int flags)
{
    int (*real)(void *, zmq_msg_t *, int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "zmq_sendmsg");
    mark(zmq_msg_data(msg), zmq_msg_size(msg));
    return real(socket, msg, flags);
}
