/* Messages between the two halves of a node, over a real pair of sockets. */
#include "base/bytes.h"
#include "node/link.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <czmq.h>

static void a_message_is_one_copy(void **state)
{
    (void)state;
    char data[] = "entries";
    struct rg_link_message *m = NULL;
    const struct rg_link_message head = {.kind = RG_LINK_SUBMIT, .token = 7, .entry_count = 2};
    assert_int_equal(rg_link_new(&head, rg_bytes_str(data), rg_bytes_str("private"), &m), RG_OK);
    data[0] = 'X';
    assert_int_equal(m->token, 7);
    assert_true(rg_bytes_eq(m->data, rg_bytes_str("entries")));
    assert_true(rg_bytes_eq(m->extra, rg_bytes_str("private")));
    rg_link_destroy(&m);
    assert_null(m);
    rg_link_destroy(&m);
    assert_int_equal(
        rg_link_new(&head, (struct rg_bytes){.len = 0}, (struct rg_bytes){.len = 0}, &m), RG_OK);
    assert_int_equal(m->data.len + m->extra.len, 0);
    rg_link_destroy(&m);
}

static void messages_keep_their_order(void **state)
{
    (void)state;
    zsock_t *end = NULL;
    zsock_t *other = zsys_create_pipe(&end);
    assert_non_null(other);
    assert_null(rg_link_receive(end));
    for (uint64_t i = 1; i <= 100; i++) {
        struct rg_link_message *m = NULL;
        const struct rg_link_message head = {.kind = RG_LINK_CHAIN, .height = i};
        assert_int_equal(
            rg_link_new(&head, (struct rg_bytes){.len = 0}, (struct rg_bytes){.len = 0}, &m),
            RG_OK);
        rg_link_send(other, &m);
        assert_null(m);
        if (i == 50) {
            /* What an actor says at its end is no message. */
            assert_int_equal(zsock_signal(other, 0), 0);
        }
    }
    for (uint64_t i = 1; i <= 50; i++) {
        struct rg_link_message *m = rg_link_receive(end);
        assert_non_null(m);
        assert_int_equal(m->height, i);
        rg_link_destroy(&m);
    }
    zsock_destroy(&other);
    struct rg_link_message *m = NULL;
    uint64_t rest = 0;
    while ((m = rg_link_receive(end)) != NULL) {
        rest++;
        rg_link_destroy(&m);
    }
    assert_int_equal(rest, 50);
    /* A socket is closed by the library's own thread, a little later. */
    for (int i = 0; i < 5000 && (zsock_events(end) & ZMQ_POLLOUT) != 0; i++) {
        zclock_sleep(1);
    }
    assert_int_equal(zsock_events(end) & ZMQ_POLLOUT, 0);
    /* The other end is gone: the message is freed, not kept. */
    const struct rg_link_message head = {.kind = RG_LINK_CHAIN};
    assert_int_equal(
        rg_link_new(&head, (struct rg_bytes){.len = 0}, (struct rg_bytes){.len = 0}, &m), RG_OK);
    rg_link_send(end, &m);
    assert_null(m);
    zsock_destroy(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_copy),
        cmocka_unit_test(messages_keep_their_order),
    };
    const int rc = cmocka_run_group_tests_name("bus_link", tests, NULL, NULL);
    zsys_shutdown();
    return rc;
}
