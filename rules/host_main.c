/* reigen-rules: the rules host as a process of its own. Started by reigend with a socket on
 * descriptor 3; reads messages, answers them, ends when the other side is gone. Keeps nothing. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rules/host.h"
#include "rules/host_jail.h"
#include "rules/hostio.h"
#include "rules/lua.h"

#define EXIT_USAGE 64
#define EXIT_INTERNAL 70
#define EXIT_CONFIG 78

static const char help[] =
    "usage: reigen-rules [--module FILE]\n"
    "\n"
    "Judges cases against a process definition. It is started by reigend, which gives it a\n"
    "socket as descriptor 3, and is of no use alone.\n"
    "\n"
    "  --module FILE  a rules module (shared object, see reigen_rules.h) in place of the\n"
    "                 bundled 'soll', or a Lua script (.lua) beside it; an absolute path\n"
    "  --help         this text\n"
    "  --version      the version\n"
    "\n"
    "Ends with 0 when reigend closes the socket, 64 on wrong use, 70 when it cannot go on,\n"
    "78 when the module cannot be loaded.\n";

static const struct rg_rules_module *load_script(const char *path)
{
    char err[RG_RULES_ERROR_MAX] = "";
    const struct rg_rules_module *m = rg_lua_module(path, err);
    if (m == NULL) {
        (void)fprintf(stderr, "reigen-rules: cannot load the module: %s\n", err);
    }
    return m;
}

static const struct rg_rules_module *load(const char *path)
{
    union {
        void *symbol;
        rg_rules_entry_point entry;
    } u = {NULL};
    const size_t len = strlen(path);
    if (path[0] != '/') {
        (void)fprintf(stderr, "reigen-rules: %s: give the module as an absolute path\n", path);
        return NULL;
    }
    if (len > 4 && strcmp(path + len - 4, ".lua") == 0) {
        return load_script(path);
    }
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (so == NULL) {
        (void)fprintf(stderr, "reigen-rules: cannot load the module: %s\n", dlerror());
        return NULL;
    }
    u.symbol = dlsym(so, RG_RULES_ENTRY_POINT);
    const struct rg_rules_module *m = u.symbol == NULL ? NULL : u.entry();
    if (m == NULL || m->abi != RG_RULES_ABI) {
        (void)fprintf(stderr,
                      "reigen-rules: %s: no module of ABI version %u; build it with this "
                      "release's reigen_rules.h\n",
                      path, RG_RULES_ABI);
        return NULL;
    }
    return m;
}

static int serve(struct rg_host *host)
{
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    rg_err e = RG_OK;
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    while (e == RG_OK) {
        e = rg_hostio_recv(RG_HOSTIO_FD, -1, &in);
        e = e != RG_OK ? e : rg_host_handle(host, (struct rg_bytes){in.data, in.len}, &out);
        e = e != RG_OK ? e : rg_hostio_send(RG_HOSTIO_FD, (struct rg_bytes){out.data, out.len}, -1);
    }
    rg_hostmsg_buf_free(&in);
    rg_hostmsg_buf_free(&out);
    if (e != RG_ERR_CLOSED) {
        (void)fprintf(stderr, "reigen-rules: %s\n", rg_err_text(e));
        return EXIT_INTERNAL;
    }
    return EXIT_SUCCESS;
}

static int run(const char *path)
{
    struct stat st;
    struct rg_host *host = NULL;
    const struct rg_rules_module *module = NULL;
    if (fstat(RG_HOSTIO_FD, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        (void)fprintf(stderr, "reigen-rules: descriptor 3 is no socket; reigend starts this "
                              "program, do not start it by hand\n");
        return EXIT_USAGE;
    }
    if (!rg_host_jail_prepare(RG_HOSTIO_FD)) {
        (void)fprintf(stderr, "reigen-rules: cannot give up its rights\n");
        return EXIT_INTERNAL;
    }
    if (path != NULL) {
        module = load(path);
        if (module == NULL) {
            return EXIT_CONFIG;
        }
    }
    if (!rg_host_jail_enter()) {
        (void)fprintf(stderr, "reigen-rules: the system refuses limits or system call filter\n");
        return EXIT_INTERNAL;
    }
    if (rg_host_create(module, &host) != RG_OK) {
        return EXIT_INTERNAL;
    }
    const int rc = serve(host);
    rg_host_destroy(&host);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)puts("reigen-rules " RG_VERSION);
        return EXIT_SUCCESS;
    }
    if (argc == 1 || (argc == 3 && strcmp(argv[1], "--module") == 0)) {
        return run(argc == 1 ? NULL : argv[2]);
    }
    (void)fprintf(stderr, "reigen-rules: wrong use\n%s", help);
    return EXIT_USAGE;
}
