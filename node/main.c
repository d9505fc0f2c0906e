/* reigend: one node of one ledger. Reads its configuration, hardens itself, opens what it owns in
 * the order of its dependencies, runs the ledger thread (node/loop) and closes everything again. */
#include "node/agency/agency.h"
#include "node/bus/zap.h"
#include "node/config.h"
#include "node/log.h"
#include "node/loop.h"
#include "storage/chain.h"
#include "storage/disk.h"
#include <czmq.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RG_VERSION
#define RG_VERSION "0.1.0"
#endif

/* The leak checker of a test build must be able to look into its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define LEAK_CHECKED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECKED
#endif
#endif

enum {
    EXIT_DONE = 0,
    EXIT_USAGE = 64,
    EXIT_INTERNAL = 70,
    EXIT_CREATE = 73,
    EXIT_DISK = 74,
    EXIT_AGAIN = 75,
    EXIT_DENIED = 77,
    EXIT_CONFIG = 78
};

#define FILES_WANTED 65536

struct arguments {
    const char *config;
    bool check;
    bool test_hooks;
    bool json;
};

/* All that is opened, in this order, and closed the other way round. */
struct node {
    struct arguments args;
    struct rg_config *config;
    struct rg_sign *key;
    struct rg_disk_lock *lock;
    struct rg_chain *chain;
    struct rg_zap *zap;
    struct rg_loop *loop;
    struct rg_agency *agency;
    int signal_fd;
};

static const char help[] =
    "Usage: reigend --config FILE [--check] [--log-json] [--test-hooks]\n"
    "\n"
    "One node of one ledger. It stays in the foreground and logs to stderr; SIGTERM stops it.\n"
    "\n"
    "  --config FILE  the node's configuration (node.yaml)\n"
    "  --check        read configuration, genesis and key, say what is wrong, and end\n"
    "  --log-json     log JSON objects, one a line\n"
    "  --test-hooks   allow what tests need: SIGUSR1 kills the ZAP handler; never in production\n"
    "  --version      print the version and end\n"
    "  --help         print this and end\n"
    "\n"
    "Exit codes: 0 stopped or checked; 64 usage; 70 internal, or the node halted itself; 73 "
    "cannot\n"
    "create; 74 disk error; 75 another reigend runs on this data, or a port is in use; 77 not "
    "allowed;\n"
    "78 bad configuration.\n";

/* ---- arguments ---- */

/* Read the command line. Returns -1 to go on, else an exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"test-hooks", no_argument, NULL, 't'},
        {"log-json", no_argument, NULL, 'j'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (;;) {
        const int c = getopt_long(argc, argv, "c:h", options, NULL);
        if (c == -1) {
            break;
        }
        switch (c) {
        case 'c':
            out->config = optarg;
            break;
        case 'k':
            out->check = true;
            break;
        case 't':
            out->test_hooks = true;
            break;
        case 'j':
            out->json = true;
            break;
        case 'v':
            (void)puts("reigend " RG_VERSION);
            return EXIT_DONE;
        case 'h':
            (void)fputs(help, stdout);
            return EXIT_DONE;
        default:
            (void)fputs("reigend: see reigend --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc || out->config == NULL) {
        (void)fputs("reigend: give --config FILE and nothing else; see reigend --help\n", stderr);
        return EXIT_USAGE;
    }
    return -1;
}

/* ---- hardening ---- */

/* An operator's environment must not change czmq's limits: it reads variables that begin with
 * ZSYS_. */
static void clear_environment(void)
{
    size_t i = 0;
    while (environ != NULL && environ[i] != NULL) {
        char name[64];
        const char *end = strchr(environ[i], '=');
        const size_t len = end != NULL ? (size_t)(end - environ[i]) : 0;
        if (strncmp(environ[i], "ZSYS_", 5) == 0 && len < sizeof name && len > 0) {
            (void)snprintf(name, sizeof name, "%.*s", (int)len, environ[i]);
            (void)unsetenv(name); /* moves the others down */
            continue;
        }
        i++;
    }
}

static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_WANTED) {
        files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void harden(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef LEAK_CHECKED
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
    raise_files();
    clear_environment();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* inherited by the rules host; blocked here, read in the loop */
    (void)signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of the write */
}

/* Signals come as reads; blocked before any thread starts, so that all threads inherit it. */
static int take_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- opening ---- */

static int fail(int exit_code, const char *what, const char *why)
{
    rg_log(RG_LOG_ERROR, what, RG_LOG_TEXT("reason", why),
           RG_LOG_NUMBER("exit", (uint64_t)exit_code));
    return exit_code;
}

static int exit_of(rg_err err)
{
    switch (err) {
    case RG_ERR_BUSY:
    case RG_ERR_EXISTS:
        return EXIT_AGAIN;
    case RG_ERR_DENIED:
        return EXIT_DENIED;
    case RG_ERR_INVALID:
    case RG_ERR_VERSION:
        return EXIT_CONFIG;
    case RG_ERR_CORRUPT:
    case RG_ERR_IO:
    case RG_ERR_DISK_FULL:
    case RG_ERR_SHORT:
        return EXIT_DISK;
    case RG_ERR_NOT_FOUND:
        return EXIT_CREATE;
    case RG_OK:
    case RG_ERR_FULL:
    case RG_ERR_CLOSED:
    case RG_ERR_USAGE:
    case RG_ERR_SIGNATURE:
    case RG_ERR_NOMEM:
    case RG_ERR_SYSTEM:
    case RG_ERR_TIMEOUT:
    case RG_ERR_UNREACHABLE:
    case RG_ERR_AUTH:
        break;
    }
    return EXIT_INTERNAL;
}

static int open_key(struct node *n)
{
    if (rg_sign_start() != RG_OK) {
        return fail(EXIT_INTERNAL, "libsodium cannot start", "no randomness");
    }
    const rg_err err = rg_sign_load(n->config->key_path, &n->key);
    if (err == RG_ERR_DENIED) {
        return fail(EXIT_CONFIG, "the key file is not private",
                    "it must be a plain file of this user with mode 0600");
    }
    if (err != RG_OK) {
        return fail(EXIT_CONFIG, "the key file cannot be used", rg_err_text(err));
    }
    const struct rg_principal *p = &n->config->genesis.principal[n->config->principal];
    if (memcmp(&p->sign_key, rg_sign_pubkey(n->key), sizeof p->sign_key) != 0 ||
        memcmp(&p->curve_key, rg_sign_curve_pubkey(n->key), sizeof p->curve_key) != 0) {
        return fail(EXIT_CONFIG, "the key file is not that of the principal in the genesis",
                    "name the right key file or the right principal");
    }
    return -1;
}

/* Root and folders that forget: refused in production, a warning in a test network. */
static int check_surroundings(const struct rg_config *c)
{
    enum rg_disk_kind kind = RG_DISK_NONE;
    if (geteuid() == 0) {
        if (!c->cluster) {
            return fail(EXIT_DENIED, "running as root", "start it as a user of its own");
        }
        rg_log_text(RG_LOG_WARNING, "running as root; allowed because of cluster: true");
    }
    const rg_err err = rg_disk_kind(c->data, &kind);
    if (err != RG_OK) {
        return fail(exit_of(err), "the data folder cannot be looked at", rg_err_text(err));
    }
    if (kind != RG_DISK_LOCAL) {
        if (!c->cluster) {
            return fail(EXIT_CONFIG, "the data folder is on no lasting disk",
                        rg_disk_kind_text(kind));
        }
        rg_log(RG_LOG_WARNING,
               "the data folder is on no lasting disk; allowed because of cluster: true",
               RG_LOG_TEXT("kind", rg_disk_kind_text(kind)));
    }
    return -1;
}

static int open_data(struct node *n)
{
    char dir[RG_DISK_PATH_MAX];
    const struct rg_config *c = n->config;
    rg_err err = rg_disk_make_dir(c->data);
    if (err != RG_OK) {
        return fail(err == RG_ERR_DENIED || err == RG_ERR_NOT_FOUND ? EXIT_CREATE : exit_of(err),
                    "the data folder cannot be made, or is open to others", rg_err_text(err));
    }
    const int code = check_surroundings(c);
    if (code >= 0) {
        return code;
    }
    err = rg_disk_lock(c->data, &n->lock);
    if (err != RG_OK) {
        return fail(exit_of(err), "the data folder cannot be locked",
                    err == RG_ERR_BUSY ? "another reigend runs on it" : rg_err_text(err));
    }
    err = rg_disk_join(c->data, "chain", dir);
    if (err == RG_OK) {
        const struct rg_chain_options o = {
            .dir = dir,
            .ledger = c->genesis.ledger_id,
            .genesis_time_ms = (int64_t)c->genesis.time_ms,
        };
        err = rg_chain_open(&o, &n->chain);
    }
    if (err != RG_OK) {
        return fail(exit_of(err), "the chain cannot be opened",
                    err == RG_ERR_INVALID ? "it is of another ledger" : rg_err_text(err));
    }
    return -1;
}

/* The handler first, then proof that it refuses, only then sockets. */
static int open_bus(struct node *n)
{
    if (zsys_init() == NULL) {
        return fail(EXIT_INTERNAL, "ZeroMQ cannot start", strerror(errno));
    }
    zsys_handler_set(NULL);
    rg_err err = rg_zap_start(&n->config->genesis, n->config->principal, &n->zap);
    if (err == RG_OK) {
        err = rg_zap_probe();
    }
    if (err != RG_OK) {
        return fail(EXIT_INTERNAL, "the ZAP handler does not refuse an unknown key",
                    rg_err_text(err));
    }
    return -1;
}

/* `reigen-rules` beside this program, unless the configuration names another. */
static void rules_program(const struct rg_config *c, char out[RG_DISK_PATH_MAX])
{
    (void)snprintf(out, RG_DISK_PATH_MAX, "%s", c->rules);
    if (c->rules[0] != '\0') {
        return;
    }
    char self[RG_DISK_PATH_MAX] = "";
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = len > 0 ? strrchr(self, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        RG_IGNORE(rg_disk_join(self, "reigen-rules", out), "the agency side says what is missing");
    }
}

/* The path that the rules host gets: absolute, of a file that is there now. */
static bool rules_module(const struct rg_config *c, char out[RG_DISK_PATH_MAX])
{
    out[0] = '\0';
    if (c->module[0] == '\0') {
        return true;
    }
    char *path = realpath(c->module, NULL);
    const bool fits = path != NULL && strlen(path) < RG_DISK_PATH_MAX;
    if (fits) {
        (void)snprintf(out, RG_DISK_PATH_MAX, "%s", path);
    }
    free(path);
    return fits;
}

static int open_parts(struct node *n)
{
    char why[RG_LOOP_WHY_MAX] = "";
    char rules[RG_DISK_PATH_MAX];
    char module[RG_DISK_PATH_MAX];
    const struct rg_config *c = n->config;
    const struct rg_loop_config lc = {
        .config = c,
        .key = n->key,
        .zap = n->zap,
        .chain = n->chain,
        .test_hooks = n->args.test_hooks,
    };
    int code = EXIT_INTERNAL;
    if (!rules_module(c, module)) {
        return fail(EXIT_CONFIG, "the rules module that node.yaml names is not there", c->module);
    }
    rg_err err = rg_loop_new(&lc, &n->loop, &code, why);
    if (err != RG_OK) {
        return fail(code, "the node cannot go on from its data", why);
    }
    rules_program(c, rules);
    const struct rg_agency_config ac = {
        .genesis = &c->genesis,
        .principal = c->principal,
        .key = n->key,
        .chain = n->chain,
        .data_dir = c->data,
        .host = c->listen.host,
        .api_port = c->api,
        .events_port = c->events,
        .rules_program = rules,
        .rules_module = module,
        .key_lifetime_ms = c->key_lifetime_ms,
        .cluster = c->cluster,
        .test_hooks = n->args.test_hooks,
        .zap = n->zap,
    };
    char agency_why[RG_AGENCY_WHY_MAX] = "";
    err = rg_agency_start(&ac, &n->agency, agency_why);
    if (err != RG_OK) {
        return fail(exit_of(err), "the agency side cannot start", agency_why);
    }
    err = rg_loop_begin(n->loop, rg_agency_link(n->agency), why);
    if (err != RG_OK) {
        return fail(exit_of(err), "the node cannot listen", why);
    }
    return -1;
}

static void close_all(struct node *n)
{
    rg_agency_stop(&n->agency);
    rg_loop_destroy(&n->loop);
    rg_zap_stop(&n->zap);
    rg_chain_close(&n->chain);
    rg_disk_unlock(&n->lock);
    rg_sign_destroy(&n->key);
    rg_config_destroy(&n->config);
    if (n->signal_fd >= 0) {
        (void)close(n->signal_fd);
    }
}

static int run(struct node *n)
{
    int code = open_key(n);
    if (code < 0 && n->args.check) {
        (void)puts("configuration, genesis and key are good");
        return EXIT_DONE;
    }
    if (code < 0) {
        code = open_data(n);
    }
    if (code < 0) {
        code = open_bus(n);
    }
    if (code < 0) {
        code = open_parts(n);
    }
    if (code >= 0) {
        return code;
    }
    rg_log(RG_LOG_INFO, "ready", RG_LOG_TEXT("host", n->config->listen.host),
           RG_LOG_NUMBER("votes", n->config->listen.votes),
           RG_LOG_NUMBER("bulk", n->config->listen.bulk),
           RG_LOG_NUMBER("sync", n->config->listen.sync),
           RG_LOG_NUMBER("api", rg_agency_api_port(n->agency)),
           RG_LOG_NUMBER("events", rg_agency_events_port(n->agency)));
    return rg_loop_run(n->loop, n->signal_fd);
}

int main(int argc, char **argv)
{
    struct node n = {.signal_fd = -1};
    char err[RG_YAML_ERROR_MAX];
    const int parsed = parse_arguments(argc, argv, &n.args);
    if (parsed >= 0) {
        return parsed;
    }
    harden();
    n.signal_fd = take_signals();
    if (n.signal_fd < 0) {
        return fail(EXIT_INTERNAL, "signals cannot be taken", strerror(errno));
    }
    if (rg_config_load(n.args.config, &n.config, err) != RG_OK) {
        (void)fprintf(stderr, "%s\n", err);
        (void)close(n.signal_fd);
        return EXIT_CONFIG;
    }
    rg_log_open(n.config->ledger, n.config->name, n.args.json, RG_LOG_INFO);
    const int code = run(&n);
    close_all(&n);
    zsys_shutdown(); /* a live context at exit() would abort (docs/bus.md) */
    if (n.args.check) {
        return code;
    }
    rg_log(RG_LOG_INFO, "stopped", RG_LOG_NUMBER("exit", (uint64_t)code));
    return code;
}
