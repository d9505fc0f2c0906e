/* Supervision of the rules host, against a stand-in that ends, hangs and lies; and an entry that
 * kills every host that sees it. */
#include "monitor_lab.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "node/monitor/ruleshost.h"
#include "node/monitor/rulestext.h"
#include "rules/hostmsg.h"

static const char *bad_program;
static const char *good_program;

static struct rg_ruleshost *host_in(const char *program, const char *definition,
                                    uint64_t deadline_ms)
{
    struct rg_ruleshost *h = NULL;
    const struct rg_ruleshost_options o = {
        .program = program, .definition = rg_bytes_str(definition), .deadline_ms = deadline_ms};
    assert_int_equal(rg_ruleshost_create(&o, &h), RG_OK);
    return h;
}

static struct rg_ruleshost *host_of(const char *program, const char *definition)
{
    return host_in(program, definition, 300);
}

/* Step until there is news. */
static enum rg_ruleshost_news news_of(struct rg_ruleshost *h)
{
    const uint64_t until = lab_now() + 60000;
    for (;;) {
        const enum rg_ruleshost_news n = rg_ruleshost_step(h, lab_now());
        if (n != RG_RULESHOST_NONE) {
            return n;
        }
        assert_true(lab_now() < until);
        short events = 0;
        const int fd = rg_ruleshost_fd(h, &events);
        struct pollfd p = {.fd = fd, .events = events};
        int wait = rg_ruleshost_wait_ms(h, lab_now());
        wait = wait < 0 || wait > 100 ? 100 : wait;
        (void)poll(&p, fd < 0 ? 0 : 1, wait);
    }
}

static void empty_batch(struct rg_hostmsg_buf *b)
{
    rg_hostmsg_buf_init(b, 4096);
    rg_hostmsg_batch_begin(b, 1);
    rg_hostmsg_batch_end(b);
}

static void dies(const char *definition, enum rg_ruleshost_end end, int detail)
{
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h = host_of(bad_program, definition);
    empty_batch(&b);
    assert_true(rg_ruleshost_idle(h));
    rg_ruleshost_send(h, (struct rg_bytes){b.data, b.len});
    assert_false(rg_ruleshost_idle(h));
    /* The same message goes to each new process. */
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
        assert_int_equal(news_of(h), RG_RULESHOST_DIED);
        const struct rg_ruleshost_death d = rg_ruleshost_death(h);
        assert_int_equal(d.end, end);
        assert_int_equal(d.detail, detail);
        assert_int_equal(d.deaths_in_message, i);
        assert_int_equal(rg_ruleshost_pid(h), 0);
    }
    rg_ruleshost_cancel(h);
    assert_true(rg_ruleshost_idle(h));
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

static void test_deaths(void **state)
{
    (void)state;
    dies("bad:exit", RG_RULESHOST_EXIT, 7);
    dies("bad:hang", RG_RULESHOST_HANG, 0);
    dies("bad:huge", RG_RULESHOST_GARBAGE, 0);
    dies("bad:junk", RG_RULESHOST_GARBAGE, 0);
}

/* What keeps a processor busy is ended long before its deadline, and the next process waits nine
 * times as long as it did so. */
static void test_spins(void **state)
{
    (void)state;
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h = host_in(bad_program, "bad:spin", 600000);
    empty_batch(&b);
    rg_ruleshost_send(h, (struct rg_bytes){b.data, b.len});
    assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
    const uint64_t before = lab_now();
    assert_int_equal(news_of(h), RG_RULESHOST_DIED);
    assert_int_equal(rg_ruleshost_death(h).end, RG_RULESHOST_HANG);
    assert_true(lab_now() >= before + RG_RULESHOST_CPU_MS);
    assert_true(rg_ruleshost_wait_ms(h, before) >= (1 + RG_RULESHOST_REST) * RG_RULESHOST_CPU_MS);
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

/* After an answer of no use the next message waits; after others it does not. */
static void test_rests(void **state)
{
    (void)state;
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h = host_in(bad_program, "bad:slow", 600000);
    empty_batch(&b);
    const struct rg_bytes msg = {b.data, b.len};
    short events = 0;
    rg_ruleshost_send(h, msg);
    assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
    assert_int_equal(news_of(h), RG_RULESHOST_ANSWER);
    const uint64_t before = lab_now();
    rg_ruleshost_send(h, msg);
    assert_int_equal(news_of(h), RG_RULESHOST_ANSWER);
    assert_true(lab_now() >= before + 60);
    rg_ruleshost_rest(h);
    rg_ruleshost_send(h, msg);
    (void)rg_ruleshost_fd(h, &events);
    assert_int_equal(events, POLLIN);
    assert_true(rg_ruleshost_wait_ms(h, before) >= 60 + 59 * RG_RULESHOST_REST);
    assert_int_equal(rg_ruleshost_step(h, before + 60), RG_RULESHOST_NONE);
    assert_int_equal(news_of(h), RG_RULESHOST_ANSWER);
    assert_true(lab_now() >= before + 60 + 59 * RG_RULESHOST_REST + 60);
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

/* When the node itself stood still, the host is not blamed for it. */
static void test_paused(void **state)
{
    (void)state;
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h = host_of(bad_program, "bad:hang");
    empty_batch(&b);
    rg_ruleshost_send(h, (struct rg_bytes){b.data, b.len});
    assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
    const uint64_t now = lab_now();
    assert_int_equal(rg_ruleshost_step(h, now), RG_RULESHOST_NONE);
    assert_int_equal(rg_ruleshost_step(h, now + 60000), RG_RULESHOST_NONE);
    assert_int_equal(rg_ruleshost_step(h, now + 60250), RG_RULESHOST_NONE);
    assert_int_equal(rg_ruleshost_step(h, now + 60350), RG_RULESHOST_DIED);
    assert_int_equal(rg_ruleshost_death(h).end, RG_RULESHOST_HANG);
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

/* A message that nobody asked for. */
static void test_chatter(void **state)
{
    (void)state;
    struct rg_ruleshost *h = host_of(bad_program, "bad:chatter");
    enum rg_ruleshost_news n = news_of(h);
    if (n == RG_RULESHOST_OPENED) { /* else both came at once */
        n = news_of(h);
    }
    assert_int_equal(n, RG_RULESHOST_DIED);
    assert_int_equal(rg_ruleshost_death(h).end, RG_RULESHOST_GARBAGE);
    assert_int_equal(rg_ruleshost_death(h).deaths_in_message, 0);
    rg_ruleshost_destroy(&h);
}

static void test_refused(void **state)
{
    (void)state;
    struct rg_ruleshost *h = host_of(good_program, "process: 7\nno: yes\n");
    assert_int_equal(news_of(h), RG_RULESHOST_REFUSED);
    assert_true(strlen(rg_ruleshost_text(h)) > 10);
    assert_false(rg_ruleshost_idle(h));
    rg_ruleshost_destroy(&h);
    h = host_of("/nonexistent/reigen-rules", "x");
    assert_int_equal(news_of(h), RG_RULESHOST_DIED);
    assert_int_equal(rg_ruleshost_death(h).end, RG_RULESHOST_START);
    rg_ruleshost_destroy(&h);
}

static void test_answer(void **state)
{
    (void)state;
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h =
        host_of(good_program, "process: p\nversion: 1\nclock: event\nsteps: any\nrules: []\n");
    empty_batch(&b);
    rg_ruleshost_send(h, (struct rg_bytes){b.data, b.len});
    assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
    assert_int_equal(news_of(h), RG_RULESHOST_ANSWER);
    assert_int_equal(rg_hostmsg_kind_of(rg_ruleshost_answer(h)), RG_HOSTMSG_RESULT);
    assert_true(rg_ruleshost_idle(h));
    assert_false(rg_ruleshost_differs(h));
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

/* The first message and each 64th after it are asked twice; the others once. */
static void test_twice(void **state)
{
    (void)state;
    struct rg_hostmsg_buf b;
    struct rg_ruleshost *h = host_of(bad_program, "bad:unsteady");
    empty_batch(&b);
    uint64_t no = 0;
    for (uint64_t i = 0; i < 2 * RG_RULESHOST_TWICE_EVERY + 1; i++) {
        const bool twice = i % RG_RULESHOST_TWICE_EVERY == 0;
        uint64_t got = 0;
        rg_ruleshost_send(h, (struct rg_bytes){b.data, b.len});
        if (i == 0) {
            assert_int_equal(news_of(h), RG_RULESHOST_OPENED);
        }
        assert_int_equal(news_of(h), RG_RULESHOST_ANSWER);
        assert_int_equal(rg_ruleshost_differs(h), twice);
        (void)rg_hostmsg_result(rg_ruleshost_answer(h), &got);
        no += twice ? 2 : 1;
        assert_int_equal(got, no);
    }
    rg_ruleshost_destroy(&h);
    rg_hostmsg_buf_free(&b);
}

/* What a host writes to stderr: behind a prefix, without control characters, not more than the cap.
 */
static void test_said(void **state)
{
    static const char begin[] = "rules host: a?[1m\nrules host: {\"level\":\"error\"}\n";
    static char file[4 * RG_RULESTEXT_MAX];
    int ends[2];
    struct rg_rulestext t;
    char filler[1000];
    (void)state;
    memset(filler, 'x', sizeof filler);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const int saved = dup(STDERR_FILENO);
    const int kept = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(saved >= 0 && kept >= 0 && dup2(kept, STDERR_FILENO) == STDERR_FILENO);
    rg_rulestext_open(&t, ends[0]);
    rg_rulestext_drain(&t);
    ssize_t written = write(ends[1], "a\x1b[1m\n{\"level\":\"error\"}\n", 24);
    for (int i = 0; written > 0 && i < 100; i++) {
        rg_rulestext_drain(&t);
        written = write(ends[1], filler, sizeof filler);
    }
    rg_rulestext_close(&t);
    rg_rulestext_close(&t);
    (void)fflush(stderr);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    assert_true(written > 0);
    const ssize_t len = pread(kept, file, sizeof file, 0);
    assert_in_range(len, RG_RULESTEXT_MAX, 2 * RG_RULESTEXT_MAX);
    assert_memory_equal(file, begin, sizeof begin - 1);
    (void)close(saved);
    (void)close(kept);
    (void)close(ends[1]);
}

/* One entry that no host survives is passed over and told; all others are judged. */
static void test_poison(void **state)
{
    (void)state;
    struct lab *lab = lab_new("process: lab\nversion: 1\nclock: event\nsteps: any\nrules:\n"
                              "  - {id: R, template: absence, activities: [a], n: 2}\n",
                              NULL);
    const uint64_t h = lab_block(lab, 1000);
    for (uint64_t c = 1; c <= 10; c++) {
        lab_feed(lab, c, h, "a", 1);
        if (c == 4) {
            lab_feed(lab, c, h, "gift", 2);
        }
        lab_feed(lab, c, h, "a", 3);
    }
    lab_program = bad_program;
    lab_open(lab);
    lab_run(lab, lab->feed.count, h);
    lab_read(lab);
    size_t faults = 0;
    size_t found = 0;
    for (size_t i = 0; i < lab->alert_count; i++) {
        faults += strcmp(lab->alerts[i].rule, "rules-fault") == 0 ? 1 : 0;
        found += strcmp(lab->alerts[i].rule, "R") == 0 ? 1 : 0;
    }
    assert_int_equal(faults, 1);
    assert_int_equal(found, 10);
    assert_true(lab->alert_count > 11); /* the ends of the hosts were told too */
    lab_free(&lab);
}

int main(int argc, char **argv)
{
    assert_true(argc > 2);
    good_program = argv[1];
    bad_program = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deaths),  cmocka_unit_test(test_paused),
        cmocka_unit_test(test_chatter), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_answer),  cmocka_unit_test(test_poison),
        cmocka_unit_test(test_twice),   cmocka_unit_test(test_said),
        cmocka_unit_test(test_spins),   cmocka_unit_test(test_rests),
    };
    return cmocka_run_group_tests_name("monitor_ruleshost", tests, NULL, NULL);
}
