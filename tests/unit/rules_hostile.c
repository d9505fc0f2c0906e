/* Hostile bytes where messages and states are read: every cut, every changed byte, and noise give
 * an answer or a refusal, never a crash; what is accepted as a state is written back byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "rules/host.h"
#include "rules/soll_state.h"

static const char definition[] =
    "process: h\nversion: 1\nclock: ledger\nsteps: any\nrules:\n"
    "  - {id: r1, template: response_within, within: P1D, activities: [a, b]}\n"
    "  - {id: r2, template: four_eyes, activities: [a, b]}\n"
    "  - {id: r3, template: absence, n: 2, activities: [a]}\n"
    "  - {id: r4, template: chain_response, activities: [a, c]}\n"
    "  - {id: r5, template: response, activities: [a, b]}\n"
    "  - {id: r6, template: max_delay, within: P1D, activities: [a, b]}\n"
    "  - {id: r7, template: responded_existence, activities: [a, b]}\n"
    "  - {id: r8, template: response_within, within: P1D, same: resource, heal: true, hold: c, "
    "resume: d, activities: [a, b]}\n"
    "  - {id: r9, template: correlate, activities: [a, c], compare: {a: resource, test: not, b: "
    "resource}}\n"
    "  - {id: r10, template: counter, n: 3, window: P1D, activities: [a]}\n"
    "  - {id: r11, template: exclude, activities: [c, b]}\n"
    "  - {id: r12, template: alternate_precedence, same: resource, activities: [a, c]}\n"
    "  - {id: r13, template: stall, within: PT1S}\n"
    "  - {id: r14, template: precedence, heal: true, activities: [d, c]}\n"
    "  - {id: r15, template: milestone, activities: [b, c]}\n";

#define RULES 15

static struct rg_host *host;
static struct rg_hostmsg_buf in;
static struct rg_hostmsg_buf out;

static struct rg_bytes handle(struct rg_bytes msg)
{
    assert_int_equal(rg_host_handle(host, msg, &out), RG_OK);
    return (struct rg_bytes){out.data, out.len};
}

static void put_trace(struct rg_bytes state, uint8_t flags, bool finish)
{
    const struct rg_hostmsg_case c = {.case_no = 5, .flags = flags, .state = state};
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY, .agency = rg_bytes_str("X")};
    rg_hostmsg_batch_begin(&in, 9);
    rg_hostmsg_case_begin(&in, &c);
    for (int i = 0; i < 6; i++) {
        op.time_ms = 1700000000000 + i * 1000;
        op.step = rg_bytes_str(i % 3 == 2 ? "c" : "a");
        op.fields[0] = (struct rg_hostmsg_field){rg_bytes_str("resource"), rg_bytes_str("r1")};
        op.fields[1] = (struct rg_hostmsg_field){rg_bytes_str("group"), rg_bytes_str("")};
        op.field_count = 2;
        rg_hostmsg_put_op(&in, &op);
    }
    op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_NEXT};
    rg_hostmsg_put_op(&in, &op);
    if (finish) {
        op = (struct rg_hostmsg_op){.kind = RG_HOSTMSG_OP_FINISH, .time_ms = 1800000000000};
        rg_hostmsg_put_op(&in, &op);
    }
    rg_hostmsg_case_end(&in);
    rg_hostmsg_batch_end(&in);
    assert_false(in.failed);
}

/* Read all of an answer; whether it is one and every case in it is well. */
static bool read_result(struct rg_bytes msg)
{
    uint64_t no = 0;
    bool well = true;
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    struct rg_reader r = rg_hostmsg_result(msg, &no);
    while (rg_hostmsg_next_answer(&r, &a)) {
        well = well && a.status == RG_HOSTMSG_OK;
        while (rg_hostmsg_next_item(&r, &item)) {
            for (size_t i = 0; i < rg_hostmsg_event_count(&item); i++) {
                assert_true(rg_hostmsg_event(&item, i) >= -1);
            }
        }
    }
    return rg_bytes_done(&r) && well;
}

static void open_definition(void)
{
    struct rg_hostmsg_opened opened;
    rg_hostmsg_put_open(&in, rg_bytes_str(definition));
    assert_int_equal(rg_hostmsg_get_opened(handle((struct rg_bytes){in.data, in.len}), &opened),
                     RG_OK);
    assert_true(opened.ok);
}

static void fix_length(uint8_t *msg, size_t len)
{
    struct rg_writer w = rg_bytes_writer(msg, 4);
    rg_bytes_put_u32(&w, (uint32_t)(len - 4));
}

static void cut_and_changed_batches(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xFF};
    (void)state;
    open_definition();
    put_trace((struct rg_bytes){NULL, 0}, 0, true);
    const size_t len = in.len;
    uint8_t *msg = malloc(len);
    assert_non_null(msg);
    assert_true(read_result(handle((struct rg_bytes){in.data, len})));
    for (size_t cut = 0; cut < len; cut++) {
        memcpy(msg, in.data, len);
        if (cut >= 4) {
            fix_length(msg, cut);
        }
        assert_false(read_result(handle((struct rg_bytes){msg, cut})));
        assert_int_equal(rg_hostmsg_kind_of((struct rg_bytes){out.data, out.len}),
                         RG_HOSTMSG_FAILED);
    }
    for (size_t i = 0; i < len * sizeof(flips); i++) {
        memcpy(msg, in.data, len);
        msg[i / sizeof(flips)] ^= flips[i % sizeof(flips)];
        (void)read_result(handle((struct rg_bytes){msg, len}));
    }
    free(msg);
}

static void cut_and_changed_results(void **state)
{
    (void)state;
    open_definition();
    put_trace((struct rg_bytes){NULL, 0}, RG_HOSTMSG_FULL, true);
    const struct rg_bytes good = handle((struct rg_bytes){in.data, in.len});
    const size_t len = good.len;
    uint8_t *msg = malloc(len);
    assert_non_null(msg);
    memcpy(msg, good.data, len);
    assert_true(read_result((struct rg_bytes){msg, len}));
    for (size_t cut = 6; cut < len; cut++) {
        fix_length(msg, cut);
        assert_false(read_result((struct rg_bytes){msg, cut}));
    }
    fix_length(msg, len);
    for (size_t i = 4; i < len; i++) {
        msg[i] ^= 0x7F;
        uint64_t no = 0;
        struct rg_hostmsg_answer a;
        struct rg_hostmsg_item item;
        struct rg_reader r = rg_hostmsg_result((struct rg_bytes){msg, len}, &no);
        while (rg_hostmsg_next_answer(&r, &a)) {
            while (rg_hostmsg_next_item(&r, &item)) {
            }
        }
        msg[i] ^= 0x7F;
    }
    assert_true(read_result((struct rg_bytes){msg, len}));
    free(msg);
}

/* The new state of the trace, copied to @kept. */
static size_t state_of_trace(uint8_t flags, uint8_t kept[4096])
{
    uint64_t no = 0;
    struct rg_hostmsg_answer a;
    put_trace((struct rg_bytes){NULL, 0}, flags, false);
    struct rg_reader r = rg_hostmsg_result(handle((struct rg_bytes){in.data, in.len}), &no);
    assert_true(rg_hostmsg_next_answer(&r, &a));
    assert_int_equal(a.status, RG_HOSTMSG_OK);
    assert_in_range(a.state.len, 20, 4096);
    memcpy(kept, a.state.data, a.state.len);
    return a.state.len;
}

static void hostile_states(void **state)
{
    uint8_t good[4096];
    uint8_t bad[4096];
    struct rg_prng prng;
    size_t refused = 0;
    (void)state;
    rg_prng_init(&prng, 20261123);
    open_definition();
    for (uint8_t flags = 0; flags <= RG_HOSTMSG_FULL; flags++) {
        const size_t len = state_of_trace(flags, good);
        put_trace((struct rg_bytes){good, len}, flags, true);
        assert_true(read_result(handle((struct rg_bytes){in.data, in.len})));
        for (size_t cut = 1; cut < len; cut++) {
            put_trace((struct rg_bytes){good, cut}, flags, true);
            assert_false(read_result(handle((struct rg_bytes){in.data, in.len})));
        }
        for (size_t i = 0; i < 20000; i++) {
            memcpy(bad, good, len);
            for (uint64_t k = rg_prng_next(&prng) % 3 + 1; k > 0; k--) {
                bad[rg_prng_next(&prng) % len] = (uint8_t)rg_prng_next(&prng);
            }
            put_trace((struct rg_bytes){bad, len}, flags, true);
            refused += read_result(handle((struct rg_bytes){in.data, in.len})) ? 0 : 1;
        }
    }
    assert_true(refused > 10000);
}

static void states_are_canonical(void **state)
{
    uint8_t good[4096];
    uint8_t bad[4096];
    uint8_t back[4096];
    struct rg_prng prng;
    struct rg_soll_state s;
    size_t accepted = 0;
    (void)state;
    rg_prng_init(&prng, 4);
    open_definition();
    const size_t len = state_of_trace(0, good);
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){good, len});
    (void)rg_bytes_get_u16(&r);
    const uint64_t tag = rg_bytes_get_u64(&r);
    assert_int_equal(rg_soll_state_init(&s, RULES), RG_OK);
    for (size_t i = 0; i < 20000; i++) {
        memcpy(bad, good, len);
        bad[10 + rg_prng_next(&prng) % (len - 10)] = (uint8_t)rg_prng_next(&prng);
        rg_soll_state_reset(&s, false, RG_HOSTMSG_STATE_MAX);
        if (rg_soll_state_read(&s, tag, (struct rg_bytes){bad, len}) == RG_OK) {
            struct rg_writer w = rg_bytes_writer(back, sizeof(back));
            rg_soll_state_write(&s, tag, &w);
            assert_false(w.failed);
            assert_int_equal(w.len, len);
            assert_memory_equal(back, bad, len);
            accepted++;
        }
    }
    assert_true(accepted > 100);
    rg_soll_state_free(&s);
}

static void without_definition(void **state)
{
    struct rg_host *fresh = NULL;
    uint64_t no = 0;
    struct rg_bytes text;
    (void)state;
    put_trace((struct rg_bytes){NULL, 0}, 0, false);
    assert_int_equal(rg_host_create(NULL, &fresh), RG_OK);
    assert_int_equal(rg_host_handle(fresh, (struct rg_bytes){in.data, in.len}, &out), RG_OK);
    assert_int_equal(rg_hostmsg_get_failed((struct rg_bytes){out.data, out.len}, &no, &text),
                     RG_OK);
    assert_int_equal(no, 9);
    assert_true(rg_bytes_eq(text, rg_bytes_str("no definition is open")));
    rg_host_destroy(&fresh);
    rg_host_destroy(&fresh);
}

/* Writing what may not be written fails the buffer. */
static void writer_limits(void **state)
{
    struct rg_hostmsg_buf b;
    char name[RG_NAME_MAX + 2];
    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY, .step = rg_bytes_str(name)};
    rg_hostmsg_buf_init(&b, 100);
    rg_hostmsg_batch_begin(&b, 1);
    assert_false(b.failed);
    rg_hostmsg_put_op(&b, &op);
    assert_true(b.failed);
    rg_hostmsg_batch_begin(&b, 1);
    assert_false(b.failed);
    op.step = rg_bytes_str("a");
    for (int i = 0; i < 5; i++) {
        rg_hostmsg_put_op(&b, &op);
    }
    assert_true(b.failed);
    assert_true(b.len <= 100);
    rg_hostmsg_buf_free(&b);
}

static int set_up(void **state)
{
    (void)state;
    rg_hostmsg_buf_init(&in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&out, RG_HOSTMSG_RESULT_MAX);
    return rg_host_create(NULL, &host) == RG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rg_hostmsg_buf_free(&in);
    rg_hostmsg_buf_free(&out);
    rg_host_destroy(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_and_changed_batches), cmocka_unit_test(cut_and_changed_results),
        cmocka_unit_test(hostile_states),          cmocka_unit_test(states_are_canonical),
        cmocka_unit_test(without_definition),      cmocka_unit_test(writer_limits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
