#include "rules/hostio.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Descriptor 3 of the child is the pair's other end; everything else is close-on-exec, and the host
 * closes what another library of ours may have left open. */
static int spawn_child(const char *program, const char *module, int child_fd, int child_text,
                       pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t all;
    char name[] = "reigen-rules";
    char option[] = "--module";
    char *path = module == NULL ? NULL : strdup(module);
    char *argv[] = {name, path == NULL ? NULL : option, path, NULL};
    char *envp[] = {NULL};
    if (module != NULL && path == NULL) {
        return ENOMEM;
    }
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0) {
        rc = posix_spawnattr_init(&attr);
        if (rc == 0) {
            rc = posix_spawn_file_actions_adddup2(&actions, child_text, STDERR_FILENO);
            rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(&actions, child_fd, RG_HOSTIO_FD);
            rc = rc != 0 ? rc : posix_spawnattr_setpgroup(&attr, 0);
            rc = rc != 0 ? rc : posix_spawnattr_setsigmask(&attr, &none);
            rc = rc != 0 ? rc : posix_spawnattr_setsigdefault(&attr, &all);
            rc = rc != 0 ? rc
                         : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
                                                               POSIX_SPAWN_SETSIGMASK |
                                                               POSIX_SPAWN_SETSIGDEF);
            rc = rc != 0 ? rc : posix_spawn(pid, program, &actions, &attr, argv, envp);
            (void)posix_spawnattr_destroy(&attr);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(path);
    return rc;
}

/* dup2 onto itself would leave close-on-exec set, and onto each other would lose one: the child's
 * ends must lie above descriptor 3. */
static int move_up(int fd)
{
    if (fd > RG_HOSTIO_FD) {
        return fd;
    }
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, RG_HOSTIO_FD + 1);
    (void)close(fd);
    return moved;
}

rg_err rg_hostio_spawn(const char *program, const char *module, pid_t *pid, int *fd, int *text)
{
    int pair[2];
    int ends[2];
    pid_t child = 0;
    if (access(program, X_OK) != 0) {
        return RG_ERR_NOT_FOUND;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return RG_ERR_SYSTEM;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        return RG_ERR_SYSTEM;
    }
    pair[1] = move_up(pair[1]);
    ends[1] = move_up(ends[1]);
    const bool moved = pair[1] >= 0 && ends[1] >= 0;
    const int rc = moved ? spawn_child(program, module, pair[1], ends[1], &child) : EMFILE;
    if (pair[1] >= 0) {
        (void)close(pair[1]);
    }
    if (ends[1] >= 0) {
        (void)close(ends[1]);
    }
    if (rc != 0) {
        (void)close(pair[0]);
        (void)close(ends[0]);
        return rc == ENOENT ? RG_ERR_NOT_FOUND : RG_ERR_SYSTEM;
    }
    *pid = child;
    *fd = pair[0];
    *text = ends[0];
    return RG_OK;
}

static int64_t now_ms(void)
{
    struct timespec t = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait for @events until @until_ms (-1: for ever). */
static rg_err await(int fd, short events, int64_t until_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = -1;
        if (until_ms >= 0) {
            left = until_ms - now_ms();
            left = left < 0 ? 0 : left;
        }
        const int n = poll(&p, 1, (int)left);
        if (n > 0) {
            return RG_OK; /* errors show in the call that follows */
        }
        if (n == 0) {
            return RG_ERR_TIMEOUT;
        }
        if (errno != EINTR) {
            return RG_ERR_SYSTEM;
        }
    }
}

static int64_t end_of(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

static rg_err error_of(int e)
{
    return e == EPIPE || e == ECONNRESET ? RG_ERR_CLOSED : RG_ERR_SYSTEM;
}

rg_err rg_hostio_send(int fd, struct rg_bytes msg, int timeout_ms)
{
    const int64_t until = end_of(timeout_ms);
    size_t done = 0;
    while (done < msg.len) {
        const ssize_t n = send(fd, msg.data + done, msg.len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            const rg_err e = await(fd, POLLOUT, until);
            if (e != RG_OK) {
                return e;
            }
        } else if (n < 0 && errno != EINTR) {
            return error_of(errno);
        }
    }
    return RG_OK;
}

static rg_err receive(int fd, uint8_t *out, size_t len, int64_t until)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t n = recv(fd, out + done, len - done, MSG_DONTWAIT);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0) {
            return RG_ERR_CLOSED;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            const rg_err e = await(fd, POLLIN, until);
            if (e != RG_OK) {
                return e;
            }
        } else if (errno != EINTR) {
            return error_of(errno);
        }
    }
    return RG_OK;
}

rg_err rg_hostio_recv(int fd, int timeout_ms, struct rg_hostmsg_buf *b)
{
    const int64_t until = end_of(timeout_ms);
    uint8_t head[4];
    rg_err e = receive(fd, head, sizeof(head), until);
    if (e != RG_OK) {
        return e;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){head, sizeof(head)});
    const size_t len = rg_bytes_get_u32(&r);
    if (len < 2 || b->max < sizeof(head) || len > b->max - sizeof(head)) {
        return RG_ERR_INVALID;
    }
    rg_hostmsg_buf_reset(b);
    if (b->cap < len + sizeof(head)) {
        uint8_t *p = realloc(b->data, len + sizeof(head));
        if (p == NULL) {
            return RG_ERR_NOMEM;
        }
        b->data = p;
        b->cap = len + sizeof(head);
    }
    memcpy(b->data, head, sizeof(head));
    e = receive(fd, b->data + sizeof(head), len, until);
    if (e == RG_OK) {
        b->len = len + sizeof(head);
    }
    return e;
}
