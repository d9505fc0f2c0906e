/* The rules host as a process: started over a socket pair, jailed, killed in the middle, started
 * again, and the same answers. argv[1] is the program, argv[2] and [3]
 * the example modules, argv[4] a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/hostio.h"
#include "rules_log.h"

#define WAIT_MS 20000

static const char *program;
static const char *bad_module;
static const char *weekend;
static const char *script;

struct child {
    pid_t pid;
    int fd;
    int text;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
};

static void start(struct child *c, const char *module)
{
    rg_hostmsg_buf_init(&c->out, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&c->in, RG_HOSTMSG_RESULT_MAX);
    assert_int_equal(rg_hostio_spawn(program, module, &c->pid, &c->fd, &c->text), RG_OK);
}

/* Close the socket or kill; gives the status of the end. */
static int stop(struct child *c, bool kill_it)
{
    int status = 0;
    if (kill_it) {
        assert_int_equal(kill(c->pid, SIGKILL), 0);
    }
    (void)close(c->fd);
    (void)close(c->text);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    rg_hostmsg_buf_free(&c->in);
    rg_hostmsg_buf_free(&c->out);
    return status;
}

static struct rg_bytes exchange(struct child *c)
{
    assert_false(c->out.failed);
    assert_int_equal(rg_hostio_send(c->fd, (struct rg_bytes){c->out.data, c->out.len}, WAIT_MS),
                     RG_OK);
    assert_int_equal(rg_hostio_recv(c->fd, WAIT_MS, &c->in), RG_OK);
    return (struct rg_bytes){c->in.data, c->in.len};
}

static void open_receipt(struct child *c)
{
    size_t len = 0;
    struct rg_hostmsg_opened opened;
    char *text = log_read_file("deploy/processes/receipt.yaml", &len);
    assert_non_null(text);
    rg_hostmsg_put_open(&c->out, (struct rg_bytes){(const uint8_t *)text, len});
    assert_int_equal(rg_hostmsg_get_opened(exchange(c), &opened), RG_OK);
    assert_true(opened.ok);
    assert_int_equal(opened.rule_count, 20);
    assert_true(opened.process.len == 7 && memcmp(opened.process.data, "receipt", 7) == 0);
    free(text);
}

/* Cases of a log worked out from a number, many of them wrong in some way. */
static void put_batch(struct rg_hostmsg_buf *b, uint64_t no, struct rg_bytes *states, size_t cases)
{
    static const char *const steps[] = {
        "Confirmation of receipt", "T02 Check confirmation of receipt",
        "T04 Determine confirmation of receipt", "T05 Print and send confirmation of receipt",
        "T06 Determine necessity of stop advice"};
    rg_hostmsg_batch_begin(b, no);
    for (size_t i = 0; i < cases; i++) {
        const struct rg_hostmsg_case c = {.case_no = i, .state = states[i]};
        rg_hostmsg_case_begin(b, &c);
        for (size_t k = 0; k < 5; k++) {
            const int64_t t = (int64_t)((no * 5 + k) * (i + 1) * 3600000);
            const struct rg_hostmsg_op op = {
                .kind = RG_HOSTMSG_OP_ENTRY,
                .time_ms = t,
                .occurred_ms = t,
                .step = rg_bytes_str(steps[(no * 7 + i * 3 + k * (i % 4 + 1)) % 5])};
            rg_hostmsg_put_op(b, &op);
        }
        rg_hostmsg_case_end(b);
    }
    rg_hostmsg_batch_end(b);
}

#define CASES 40
#define BATCHES 6

static uint8_t kept[CASES][RG_HOSTMSG_STATE_MAX];

/* Remember the new states, as the node does in the transaction that takes the alerts. */
static size_t keep(struct rg_bytes msg, struct rg_bytes *states)
{
    uint64_t no = 0;
    size_t alerts = 0;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        assert_int_equal(a.status, RG_HOSTMSG_OK);
        assert_in_range(a.case_no, 0, CASES - 1);
        memcpy(kept[a.case_no], a.state.data, a.state.len);
        states[a.case_no] = (struct rg_bytes){kept[a.case_no], a.state.len};
        while (rg_hostmsg_next_item(&r, &item)) {
            assert_int_equal(item.kind, RG_HOSTMSG_ALERT);
            alerts++;
        }
    }
    assert_true(rg_bytes_done(&r));
    return alerts;
}

/* All answers one after the other; before batch @kill_at the host is killed with the request under
 * way. */
static size_t run(size_t kill_at, uint8_t **answers, size_t *len)
{
    struct child c = {0};
    struct rg_bytes states[CASES] = {{NULL, 0}};
    size_t alerts = 0;
    *answers = NULL;
    *len = 0;
    start(&c, NULL);
    open_receipt(&c);
    for (size_t no = 0; no < BATCHES; no++) {
        put_batch(&c.out, no, states, CASES);
        if (no == kill_at) {
            RG_IGNORE(rg_hostio_send(c.fd, (struct rg_bytes){c.out.data, c.out.len / 2}, WAIT_MS),
                      "the host is killed in the middle of it");
            const int status = stop(&c, true);
            assert_true(WIFSIGNALED(status));
            start(&c, NULL);
            open_receipt(&c);
            put_batch(&c.out, no, states, CASES);
        }
        const struct rg_bytes msg = exchange(&c);
        *answers = realloc(*answers, *len + msg.len);
        assert_non_null(*answers);
        memcpy(*answers + *len, msg.data, msg.len);
        *len += msg.len;
        alerts += keep(msg, states);
    }
    const int status = stop(&c, false);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return alerts;
}

static void killed_and_restarted(void **state)
{
    uint8_t *a = NULL;
    uint8_t *b = NULL;
    size_t a_len = 0;
    size_t b_len = 0;
    (void)state;
    const size_t alerts = run(SIZE_MAX, &a, &a_len);
    assert_true(alerts > 50);
    assert_int_equal(run(3, &b, &b_len), alerts);
    assert_int_equal(a_len, b_len);
    assert_memory_equal(a, b, a_len);
    free(a);
    free(b);
}

static void bad_messages(void **state)
{
    static const uint8_t noise[] = {6, 0, 0, 0, 1, 3, 9, 9, 9, 9};
    static const uint8_t huge[] = {0xFF, 0xFF, 0xFF, 0x7F, 1, 3};
    uint64_t no = 0;
    struct rg_bytes text;
    struct child c = {0};
    (void)state;
    start(&c, NULL);
    /* Not valid: an answer, and the host goes on. */
    assert_int_equal(rg_hostio_send(c.fd, (struct rg_bytes){noise, sizeof(noise)}, WAIT_MS), RG_OK);
    assert_int_equal(rg_hostio_recv(c.fd, WAIT_MS, &c.in), RG_OK);
    assert_int_equal(rg_hostmsg_get_failed((struct rg_bytes){c.in.data, c.in.len}, &no, &text),
                     RG_OK);
    open_receipt(&c);
    /* An impossible length: there is no way to go on, so it ends. */
    assert_int_equal(rg_hostio_send(c.fd, (struct rg_bytes){huge, sizeof(huge)}, WAIT_MS), RG_OK);
    assert_int_equal(rg_hostio_recv(c.fd, WAIT_MS, &c.in), RG_ERR_CLOSED);
    const int status = stop(&c, false);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 70);
}

static void wrong_definition(void **state)
{
    struct rg_hostmsg_opened opened;
    struct child c = {0};
    (void)state;
    start(&c, NULL);
    rg_hostmsg_put_open(&c.out, rg_bytes_str("process: x\nversion: 1\nsteps: any\nrules:\n"
                                             "  - {id: r, template: nonsense}\n"));
    assert_int_equal(rg_hostmsg_get_opened(exchange(&c), &opened), RG_OK);
    assert_false(opened.ok);
    char text[RG_HOSTMSG_TEXT_MAX + 1] = "";
    memcpy(text, opened.error.data, opened.error.len);
    assert_non_null(strstr(text, ":5:"));
    assert_non_null(strstr(text, "unknown template 'nonsense'"));
    assert_int_equal(stop(&c, false), 0);
}

static void no_inherited_files(void **state)
{
    char path[64];
    char target[256];
    struct child c = {0};
    (void)state;
    const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    const int leak = fcntl(zero, F_DUPFD, 20); /* not close-on-exec */
    assert_true(leak >= 20);
    start(&c, NULL);
    open_receipt(&c); /* it is up and jailed now */
    assert_true(getpriority(PRIO_PROCESS, (id_t)c.pid) > getpriority(PRIO_PROCESS, 0) ||
                getpriority(PRIO_PROCESS, 0) == 19);
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/3", (int)c.pid);
    if (readlink(path, target, sizeof(target)) < 0) {
        print_message("not looked at: only root may look into a process that is not dumpable\n");
    }
    for (int fd = 4; fd < 64; fd++) {
        (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c.pid, fd);
        assert_true(readlink(path, target, sizeof(target)) < 0);
    }
    (void)close(leak);
    (void)close(zero);
    assert_int_equal(stop(&c, false), 0);
}

/* A module that opens a file when asked to judge is killed by the jail, and only it. */
static void jail_kills_bad_module(void **state)
{
    struct rg_hostmsg_opened opened;
    struct rg_bytes none = {NULL, 0};
    struct child c = {0};
    (void)state;
    if (bad_module == NULL) {
        print_message("skipped: sanitizers run without the jail\n");
        skip();
    }
    start(&c, bad_module);
    rg_hostmsg_put_open(&c.out, none);
    assert_int_equal(rg_hostmsg_get_opened(exchange(&c), &opened), RG_OK);
    assert_true(opened.ok);
    const struct rg_hostmsg_case one = {.case_no = 1};
    const struct rg_hostmsg_op bad = {.kind = RG_HOSTMSG_OP_ENTRY, .step = rg_bytes_str("bad")};
    rg_hostmsg_batch_begin(&c.out, 1);
    rg_hostmsg_case_begin(&c.out, &one);
    rg_hostmsg_put_op(&c.out, &bad);
    rg_hostmsg_case_end(&c.out);
    rg_hostmsg_batch_end(&c.out);
    assert_int_equal(rg_hostio_send(c.fd, (struct rg_bytes){c.out.data, c.out.len}, WAIT_MS),
                     RG_OK);
    assert_int_equal(rg_hostio_recv(c.fd, WAIT_MS, &c.in), RG_ERR_CLOSED);
    const int status = stop(&c, false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* The examples of the documentation, each in the jail: one in C instead of `soll`, one in Lua
 * beside it. All of the batches lie in the first days of 1970, a Thursday. */
static void examples(void **state)
{
    const char *const modules[] = {weekend, script};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rg_hostmsg_opened opened;
        struct rg_bytes states[CASES] = {{NULL, 0}};
        struct child c = {0};
        size_t alerts = 0;
        start(&c, modules[i]);
        rg_hostmsg_put_open(&c.out, rg_bytes_str("process: receipt\nversion: 1\nsteps: any\n"
                                                 "rules: []\n"));
        assert_int_equal(rg_hostmsg_get_opened(exchange(&c), &opened), RG_OK);
        assert_true(opened.ok);
        for (size_t no = 0; no < BATCHES; no++) {
            put_batch(&c.out, no, states, CASES);
            alerts += keep(exchange(&c), states);
        }
        /* Case i has its entry number k at hour k * (i + 1). */
        size_t weekends = 0;
        for (size_t k = 0; k < (size_t)CASES * BATCHES * 5; k++) {
            const size_t day = (k / CASES) * (k % CASES + 1) / 24;
            weekends += (day + 4) % 7 == 0 || (day + 4) % 7 == 6 ? 1 : 0;
        }
        assert_int_equal(alerts, i == 0 ? weekends : 0);
        assert_true(weekends > 100);
        assert_int_equal(stop(&c, false), 0);
    }
}

static void missing_program(void **state)
{
    pid_t pid = 0;
    int fd = -1;
    int text = -1;
    (void)state;
    assert_int_equal(rg_hostio_spawn("/nonexistent/reigen-rules", NULL, &pid, &fd, &text),
                     RG_ERR_NOT_FOUND);
    assert_int_equal(fd, -1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_and_restarted),  cmocka_unit_test(bad_messages),
        cmocka_unit_test(wrong_definition),      cmocka_unit_test(no_inherited_files),
        cmocka_unit_test(jail_kills_bad_module), cmocka_unit_test(examples),
        cmocka_unit_test(missing_program),
    };
    if (argc < 4) {
        return 1;
    }
    program = argv[1];
    weekend = argv[2];
    script = argv[3];
    bad_module = argc > 4 ? argv[4] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
