#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/cluster.h"
#include "node/cli/file.h"
#include "node/cli/say.h"
#include "storage/disk.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS 10000
#define LOG_LINES 15
#define LOG_BYTES 8192
#define SPAWNED_TRIES 50 /* one a millisecond */

static void pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, (ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

/* reigend lies beside this program. */
static bool daemon_path(char out[RG_CLI_PATH_MAX])
{
    const ssize_t n = readlink("/proc/self/exe", out, RG_CLI_PATH_MAX - 16);
    if (n <= 0) {
        return false;
    }
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    memcpy(slash + 1, "reigend", sizeof "reigend");
    return access(out, X_OK) == 0;
}

/* Whether the NUL-separated words of a command line are reigend with this configuration. */
static bool is_ours(const uint8_t *words, size_t len, const char *config)
{
    const char *at = (const char *)words;
    const char *end = at + len;
    const char *base = strrchr(at, '/');
    if (len == 0 || strcmp(base == NULL ? at : base + 1, "reigend") != 0) {
        return false;
    }
    while (at < end) {
        if (strcmp(at, config) == 0) {
            return true;
        }
        at += strlen(at) + 1;
    }
    return false;
}

static pid_t read_pid(const struct rg_cluster *c, uint32_t i)
{
    char path[RG_CLI_PATH_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    uint64_t pid = 0;
    rg_cluster_path(c, i, "pid", path);
    if (rg_file_read(path, 64, &data, &len) != RG_OK) {
        return 0;
    }
    while (len > 0 && data[len - 1] == '\n') {
        len--;
    }
    if (rg_num_parse_u64((struct rg_bytes){data, len}, INT32_MAX, &pid) != RG_OK) {
        pid = 0;
    }
    free(data);
    return (pid_t)pid;
}

/* The process's state letter in /proc/PID/stat, after the name in brackets. */
static char state_letter(pid_t pid)
{
    char path[64];
    uint8_t *data = NULL;
    size_t len = 0;
    char letter = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (rg_file_read(path, 4096, &data, &len) != RG_OK) {
        return 0;
    }
    const char *close = strrchr((const char *)data, ')');
    if (close != NULL && close[1] == ' ') {
        letter = close[2];
    }
    free(data);
    return letter;
}

/* Read the command line of a process. It is empty for a moment after posix_spawn has returned,
 * until the new program's is set up; that of a process which has ended stays empty. */
static rg_err read_words(pid_t pid, uint8_t **out, size_t *out_len)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    for (int i = 0;; i++) {
        const rg_err err = rg_file_read(path, 64 * 1024, out, out_len);
        if (err != RG_OK || *out_len > 0 || i == SPAWNED_TRIES) {
            return err;
        }
        const char letter = state_letter(pid);
        if (letter == 0 || letter == 'Z' || letter == 'X') {
            return RG_OK;
        }
        free(*out);
        pause_ms(1);
    }
}

enum rg_cluster_state rg_cluster_state(const struct rg_cluster *c, uint32_t i, pid_t *out_pid)
{
    char config[RG_CLI_PATH_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    const pid_t pid = read_pid(c, i);
    *out_pid = 0;
    if (pid <= 1) {
        return RG_CLUSTER_DOWN;
    }
    (void)waitpid(pid, NULL, WNOHANG); /* our own child may have ended */
    if (read_words(pid, &data, &len) != RG_OK) {
        return RG_CLUSTER_DOWN;
    }
    rg_cluster_path(c, i, "node.yaml", config);
    const bool ours = is_ours(data, len, config);
    free(data);
    if (!ours) {
        return RG_CLUSTER_DOWN;
    }
    *out_pid = pid;
    return state_letter(pid) == 'T' ? RG_CLUSTER_PAUSED : RG_CLUSTER_RUNNING;
}

/* Run the daemon: own session, default signals, nothing inherited but the log. */
static int spawn(const char *program, char *const argv[], const char *log, pid_t *out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all;
    sigset_t none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attr) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    rc = rc != 0 ? rc
                 : posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND,
                                                    0600);
    rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(&files, 1, 2);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(&files, 3);
    rc = rc != 0 ? rc : posix_spawnattr_setsigdefault(&attr, &all);
    rc = rc != 0 ? rc : posix_spawnattr_setsigmask(&attr, &none);
    rc = rc != 0 ? rc
                 : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETSIGMASK);
    rc = rc != 0 ? rc : posix_spawn(out, program, &files, &attr, argv, environ);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
    return rc;
}

int rg_cluster_spawn(const struct rg_cluster *c, uint32_t i)
{
    char program[RG_CLI_PATH_MAX];
    char config[RG_CLI_PATH_MAX];
    char log[RG_CLI_PATH_MAX];
    char pid_path[RG_CLI_PATH_MAX];
    char name[] = "reigend";
    char flag[] = "--config";
    char hooks[] = "--test-hooks";
    char text[32];
    pid_t pid = 0;
    if (!daemon_path(program)) {
        rg_say_error("reigend is not beside this program; build it (`cmake --build`) first");
        return RG_CLI_CONFIG;
    }
    rg_cluster_path(c, i, "node.yaml", config);
    rg_cluster_path(c, i, "log", log);
    rg_cluster_path(c, i, "pid", pid_path);
    char *argv[] = {name, flag, config, c->test_hooks ? hooks : NULL, NULL};
    const int rc = spawn(program, argv, log, &pid);
    if (rc != 0) {
        rg_say_error("node %u: %s cannot be started: %s", i, program, strerror(rc));
        return RG_CLI_CREATE;
    }
    (void)snprintf(text, sizeof text, "%d\n", (int)pid);
    if (rg_file_replace(pid_path, rg_bytes_str(text), 0600) != RG_OK) {
        rg_say_error("%s: cannot be written", pid_path);
        (void)kill(pid, SIGKILL);
        return RG_CLI_CREATE;
    }
    return RG_CLI_OK;
}

bool rg_cluster_signal(const struct rg_cluster *c, uint32_t i, int sig)
{
    pid_t pid = 0;
    if (rg_cluster_state(c, i, &pid) == RG_CLUSTER_DOWN) {
        return false;
    }
    return kill(pid, sig) == 0;
}

/* A process that was killed loses its command line before it lets go of its files: while one of its
 * threads is in a system call, the next start would be refused. */
static bool holds_data(const struct rg_cluster *c, uint32_t i)
{
    char dir[RG_CLI_PATH_MAX];
    struct rg_disk_lock *lock = NULL;
    rg_cluster_path(c, i, "data", dir);
    const rg_err err = rg_disk_lock(dir, &lock);
    rg_disk_unlock(&lock);
    return err == RG_ERR_BUSY;
}

bool rg_cluster_gone(const struct rg_cluster *c, uint32_t i, int64_t timeout_ms)
{
    const int64_t end = rg_line_now() + timeout_ms;
    pid_t pid = 0;
    while (rg_cluster_state(c, i, &pid) != RG_CLUSTER_DOWN || holds_data(c, i)) {
        if (rg_line_now() >= end) {
            return false;
        }
        pause_ms(10);
    }
    return true;
}

void rg_cluster_stop(const struct rg_cluster *c)
{
    for (uint32_t i = 1; i <= c->nodes; i++) {
        (void)rg_cluster_signal(c, i, SIGTERM);
        (void)rg_cluster_signal(c, i, SIGCONT); /* a paused one hears it only so */
    }
    const int64_t end = rg_line_now() + STOP_MS;
    for (uint32_t i = 1; i <= c->nodes; i++) {
        const int64_t left = end - rg_line_now();
        if (!rg_cluster_gone(c, i, left > 0 ? left : 0)) {
            rg_say_note("node %u did not end by itself; killed", i);
            (void)rg_cluster_signal(c, i, SIGKILL);
            (void)rg_cluster_gone(c, i, 2000);
        }
    }
}

void rg_cluster_show_log(const struct rg_cluster *c, uint32_t i)
{
    char path[RG_CLI_PATH_MAX];
    char tail[LOG_BYTES];
    rg_cluster_path(c, i, "log", path);
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return;
    }
    if (fseek(f, -(long)sizeof tail, SEEK_END) != 0) {
        rewind(f);
    }
    const size_t len = fread(tail, 1, sizeof tail, f);
    (void)fclose(f);
    size_t start = len;
    int lines = 0;
    while (start > 0 && lines <= LOG_LINES) {
        start--;
        lines += tail[start] == '\n' ? 1 : 0;
    }
    start += lines > LOG_LINES ? 1 : 0;
    (void)fprintf(stderr, "--- the end of %s ---\n", path);
    (void)fwrite(tail + start, 1, len - start, stderr);
    (void)fprintf(stderr, "---\n");
}
