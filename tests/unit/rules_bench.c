#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules_bench.h"

struct bench bench;

void bench_open(const char *text)
{
    struct rg_hostmsg_opened opened;
    rg_hostmsg_put_open(&bench.in, rg_bytes_str(text));
    assert_int_equal(
        rg_host_handle(bench.host, (struct rg_bytes){bench.in.data, bench.in.len}, &bench.out),
        RG_OK);
    assert_int_equal(
        rg_hostmsg_get_opened((struct rg_bytes){bench.out.data, bench.out.len}, &opened), RG_OK);
    if (!opened.ok) {
        print_message("%.*s\n", (int)opened.error.len, (const char *)opened.error.data);
    }
    assert_true(opened.ok);
    bench.state_len = 0;
}

void bench_open_rule(const char *clock, const char *head, const char *rule)
{
    char text[2048];
    (void)snprintf(text, sizeof(text),
                   "process: t\nversion: 1\nclock: %s\nsteps: any\nfields: any\n%srules:\n"
                   "  - {id: r, severity: critical, %s}\n",
                   clock, head, rule);
    bench_open(text);
}

/* One batch with one case and one operation; the state is kept for the next. */
enum rg_hostmsg_status bench_step(uint8_t flags, const struct rg_hostmsg_op *op)
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a = {0};
    const struct rg_hostmsg_case c = {
        .case_no = 7, .flags = flags, .state = {bench.state, bench.state_len}};
    rg_hostmsg_batch_begin(&bench.in, 3);
    rg_hostmsg_case_begin(&bench.in, &c);
    rg_hostmsg_put_op(&bench.in, op);
    rg_hostmsg_case_end(&bench.in);
    rg_hostmsg_batch_end(&bench.in);
    assert_false(bench.in.failed);
    assert_int_equal(
        rg_host_handle(bench.host, (struct rg_bytes){bench.in.data, bench.in.len}, &bench.out),
        RG_OK);
    struct rg_reader r = rg_hostmsg_result((struct rg_bytes){bench.out.data, bench.out.len}, &no);
    assert_int_equal(no, 3);
    assert_true(rg_hostmsg_next_answer(&r, &a));
    assert_int_equal(a.case_no, 7);
    bench.item_count = 0;
    while (bench.item_count < ITEMS_MAX &&
           rg_hostmsg_next_item(&r, &bench.items[bench.item_count])) {
        bench.item_count++;
    }
    assert_false(rg_hostmsg_next_answer(&r, &a));
    assert_true(rg_bytes_done(&r));
    bench.due_ms = a.due_ms;
    bench.state_len = a.state.len;
    if (a.state.len > 0) {
        memcpy(bench.state, a.state.data, a.state.len);
    }
    return a.status;
}

enum rg_hostmsg_status bench_time(uint8_t flags, enum rg_hostmsg_op_kind kind, int64_t ms)
{
    const struct rg_hostmsg_op op = {.kind = kind, .time_ms = ms};
    return bench_step(flags, &op);
}

bool bench_event(const char **p, char text[256], struct rg_hostmsg_op *op)
{
    static const char *const names[2] = {"group", "resource"};
    const char *parts[10] = {text};
    size_t n = 0;
    while (**p == ' ') {
        (*p)++;
    }
    if (**p == '\0') {
        return false;
    }
    char *out = text;
    for (; **p != '\0' && **p != ' '; (*p)++) {
        if ((**p == ':' && n == 0) || **p == '/') {
            *out++ = '\0';
            parts[++n] = out;
        } else {
            *out++ = **p;
        }
    }
    *out = '\0';
    const int64_t t = strtoll(parts[1], NULL, 10) * HOUR;
    *op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_ENTRY,
                                 .time_ms = t,
                                 .occurred_ms = t,
                                 .step = rg_bytes_str(parts[0]),
                                 .agency = rg_bytes_str("BAMF")};
    for (size_t i = 2; i <= n; i++) {
        const char *is = strchr(parts[i], '=');
        const struct rg_bytes name =
            is == NULL ? rg_bytes_str(names[i - 2])
                       : (struct rg_bytes){(const uint8_t *)parts[i], (size_t)(is - parts[i])};
        op->fields[op->field_count++] =
            (struct rg_hostmsg_field){name, rg_bytes_str(is == NULL ? parts[i] : is + 1)};
    }
    return true;
}

static void check_verdict(const struct row *row)
{
    char got[256] = "";
    char text[256];
    struct rg_hostmsg_op op;
    bench.state_len = 0;
    for (const char *p = row->trace; bench_event(&p, text, &op);) {
        assert_int_equal(bench_step(RG_HOSTMSG_FULL, &op), RG_HOSTMSG_OK);
        assert_int_equal(bench.item_count, 0);
    }
    assert_int_equal(bench_time(RG_HOSTMSG_FULL, RG_HOSTMSG_OP_FINISH, row->as_of * HOUR),
                     RG_HOSTMSG_OK);
    assert_int_equal(bench.item_count, 1);
    const struct rg_hostmsg_item *v = &bench.items[0];
    for (size_t i = 0; i < rg_hostmsg_event_count(v); i++) {
        const size_t len = strlen(got);
        (void)snprintf(got + len, sizeof(got) - len, "%s%lld", i == 0 ? "" : " ",
                       (long long)rg_hostmsg_event(v, i));
    }
    assert_string_equal(got, row->events);
    assert_int_equal(v->kind, RG_HOSTMSG_VERDICT);
    assert_int_equal(v->judgement, row->judgement);
    assert_int_equal(v->activations, row->activations);
    assert_true(row->judgement == 3 || (v->pending > 0) == (row->judgement == 2));
}

static void check_live(const struct row *row)
{
    char got[256] = "";
    char text[256];
    struct rg_hostmsg_op op;
    int n = 0;
    bench.state_len = 0;
    for (const char *p = row->trace; bench_event(&p, text, &op); n++) {
        assert_int_equal(bench_step(0, &op), RG_HOSTMSG_OK);
        assert_true(bench.state_len < 256);
        for (size_t i = 0; i < bench.item_count; i++) {
            const size_t len = strlen(got);
            assert_int_equal(bench.items[i].kind, RG_HOSTMSG_ALERT);
            assert_int_equal(bench.items[i].severity, 2);
            assert_int_equal(bench.items[i].time_ms, op.time_ms);
            (void)snprintf(got + len, sizeof(got) - len, "%s%s%lld@%d", len == 0 ? "" : " ",
                           bench.items[i].state == 2 ? "+" : "", (long long)bench.items[i].event_no,
                           n);
        }
    }
    assert_string_equal(got, row->live);
    assert_int_equal(bench.due_ms, RG_HOSTMSG_NEVER); /* the event clock needs no ticks */
}

void bench_check(const struct row *row)
{
    print_message("%s | %s\n", row->rule, row->trace);
    check_verdict(row);
    check_live(row);
}

void bench_entry(const char *name, int64_t block_ms, int64_t occurred_ms)
{
    const struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                                     .time_ms = block_ms,
                                     .occurred_ms = occurred_ms,
                                     .step = rg_bytes_str(name)};
    assert_int_equal(bench_step(0, &op), RG_HOSTMSG_OK);
}

int bench_set_up(void **state)
{
    (void)state;
    rg_hostmsg_buf_init(&bench.in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&bench.out, RG_HOSTMSG_RESULT_MAX);
    return rg_host_create(NULL, &bench.host) == RG_OK ? 0 : -1;
}

int bench_tear_down(void **state)
{
    (void)state;
    rg_hostmsg_buf_free(&bench.in);
    rg_hostmsg_buf_free(&bench.out);
    rg_host_destroy(&bench.host);
    return 0;
}
