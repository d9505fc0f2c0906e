/* client/: why there is no connection, as exit code and sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/reigen.h"
#include <czmq.h>

static struct rg_sign *node;
static struct rg_sign *member;
static struct rg_sign *other;

static int prepare(void **state)
{
    (void)state;
    return rg_session_start() == RG_OK && rg_sign_new(&node) == RG_OK &&
                   rg_sign_new(&member) == RG_OK && rg_sign_new(&other) == RG_OK
               ? 0
               : -1;
}

static int clean(void **state)
{
    (void)state;
    rg_sign_destroy(&node);
    rg_sign_destroy(&member);
    rg_sign_destroy(&other);
    rg_session_finish();
    return 0;
}

/* Expect that a session to @endpoint fails with @err and @code and a sentence that names the place.
 */
static void expect(const char *endpoint, const struct rg_sign *server, rg_err err, uint32_t code)
{
    struct rg_session *s = NULL;
    struct rg_answer a = {0};
    const struct rg_session_config config = {
        .api = endpoint, .server_key = *rg_sign_curve_pubkey(server), .key = member};
    assert_int_equal(rg_session_open(&config, &s), RG_OK);
    assert_int_equal(rg_session_status(s, &a), err);
    assert_int_equal(rg_session_code(s), code);
    assert_non_null(strstr(rg_session_why(s), endpoint));
    rg_session_close(&s);
    assert_null(s);
}

/* Bound but not listening: nobody else gets the port, and who connects is refused. */
static void test_nobody(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    char endpoint[64];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
    expect(endpoint, node, RG_ERR_UNREACHABLE, RG_SESSION_UNAVAILABLE);
    assert_int_equal(close(fd), 0);
}

static void test_plain_server(void **state)
{
    (void)state;
    zsock_t *server = zsock_new(ZMQ_ROUTER);
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    expect(zsock_endpoint(server), node, RG_ERR_AUTH, RG_SESSION_DENIED);
    zsock_destroy(&server);
}

static void test_wrong_server_key(void **state)
{
    (void)state;
    zsock_t *server = zsock_new(ZMQ_ROUTER);
    zsock_set_curve_server(server, 1);
    zsock_set_curve_publickey_bin(server, rg_sign_curve_pubkey(node)->b);
    zsock_set_curve_secretkey_bin(server, rg_sign_curve_secret(node));
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    expect(zsock_endpoint(server), other, RG_ERR_AUTH, RG_SESSION_DENIED);
    zsock_destroy(&server);
}

static void test_no_address(void **state)
{
    (void)state;
    struct rg_session *s = NULL;
    const struct rg_session_config config = {
        .api = "nowhere", .server_key = *rg_sign_curve_pubkey(node), .key = member};
    assert_int_equal(rg_session_open(&config, &s), RG_ERR_INVALID);
    assert_null(s);
    rg_session_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_plain_server),
        cmocka_unit_test(test_wrong_server_key),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
