/* Every option of every role, read with the library's own call and not by the code under test. */
#include "bus_net.h"

static struct net net;

static int number(zsock_t *s, int option)
{
    int v = -1;
    size_t len = sizeof v;
    assert_int_equal(zmq_getsockopt(zsock_resolve(s), option, &v, &len), 0);
    return v;
}

static int64_t max_message(zsock_t *s)
{
    int64_t v = -1;
    size_t len = sizeof v;
    assert_int_equal(zmq_getsockopt(zsock_resolve(s), ZMQ_MAXMSGSIZE, &v, &len), 0);
    return v;
}

/* What the table of docs/bus.md says. */
struct expected {
    enum rg_socket_role role;
    int type;
    const char *domain; /* NULL: it connects */
    int64_t frame_max;
    int send_hwm;
    int receive_hwm;
};

static const struct expected table[] = {
    {RG_SOCKET_VOTES_PUB, ZMQ_XPUB, "peer", 1024, 2000, 100},
    {RG_SOCKET_BULK_PUB, ZMQ_XPUB, "peer", 1024, 64, 100},
    {RG_SOCKET_VOTES_SUB, ZMQ_SUB, NULL, 16384, 100, 2000},
    {RG_SOCKET_BULK_SUB, ZMQ_SUB, NULL, 1310720, 100, 64},
    {RG_SOCKET_SYNC_ROUTER, ZMQ_ROUTER, "peer", 65536, 16, 256},
    {RG_SOCKET_SYNC_DEALER, ZMQ_DEALER, NULL, 1310720, 256, 16},
    {RG_SOCKET_API_ROUTER, ZMQ_ROUTER, "api", 262144, 64, 32},
    {RG_SOCKET_EVENTS_PUB, ZMQ_XPUB, "events", 1024, 8192, 100},
    {RG_SOCKET_CLIENT_DEALER, ZMQ_DEALER, NULL, 1310720, 64, 64},
    {RG_SOCKET_CLIENT_SUB, ZMQ_SUB, NULL, 65536, 100, 8192},
};

static void check_common(zsock_t *s)
{
    assert_int_equal(number(s, ZMQ_HANDSHAKE_IVL), 3000);
    assert_int_equal(number(s, ZMQ_HEARTBEAT_IVL), 2000);
    assert_int_equal(number(s, ZMQ_HEARTBEAT_TIMEOUT), 6000);
    assert_int_equal(number(s, ZMQ_HEARTBEAT_TTL), 8000);
    assert_int_equal(number(s, ZMQ_RECONNECT_IVL), 100);
    assert_int_equal(number(s, ZMQ_RECONNECT_IVL_MAX), 2000);
    assert_int_equal(number(s, ZMQ_CONNECT_TIMEOUT), 5000);
    assert_int_equal(number(s, ZMQ_BACKLOG), 1024);
    assert_int_equal(number(s, ZMQ_IPV6), 1);
    assert_int_equal(number(s, ZMQ_TCP_KEEPALIVE), 1);
    assert_int_equal(number(s, ZMQ_MECHANISM), ZMQ_CURVE);
}

static void every_role_has_its_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct expected *e = &table[i];
        zsock_t *s = net_socket(e->role, net.key[NODE1], e->domain == NULL ? net.key[NODE2] : NULL);
        check_common(s);
        assert_int_equal(number(s, ZMQ_TYPE), e->type);
        assert_int_equal(max_message(s), e->frame_max);
        assert_int_equal((int64_t)rg_socket_frame_max(e->role), e->frame_max);
        assert_int_equal(number(s, ZMQ_SNDHWM), e->send_hwm);
        assert_int_equal(number(s, ZMQ_RCVHWM), e->receive_hwm);
        assert_int_equal(number(s, ZMQ_IMMEDIATE), e->type == ZMQ_DEALER ? 1 : 0);
        assert_true(number(s, ZMQ_LINGER) >= 0 && number(s, ZMQ_LINGER) <= 1000);
        assert_int_equal(number(s, ZMQ_CURVE_SERVER), e->domain != NULL ? 1 : 0);
        assert_int_equal(number(s, 93), e->domain != NULL ? 1 : 0);
        char domain[32] = "";
        size_t len = sizeof domain;
        assert_int_equal(zmq_getsockopt(zsock_resolve(s), ZMQ_ZAP_DOMAIN, domain, &len), 0);
        assert_string_equal(domain, e->domain != NULL ? e->domain : "");
        uint8_t key[32];
        len = sizeof key;
        assert_int_equal(zmq_getsockopt(zsock_resolve(s), ZMQ_CURVE_PUBLICKEY, key, &len), 0);
        assert_memory_equal(key, rg_sign_curve_pubkey(net.key[NODE1])->b, sizeof key);
        rg_socket_destroy(&s);
        assert_null(s);
    }
}

static void production_reconnects_slower(void **state)
{
    (void)state;
    char why[RG_SOCKET_WHY_MAX];
    zsock_t *s = NULL;
    const struct rg_socket_config c = {.role = RG_SOCKET_SYNC_DEALER,
                                       .own = net.key[NODE1],
                                       .server = rg_sign_curve_pubkey(net.key[NODE2])};
    assert_int_equal(rg_socket_new(&c, &s, why), RG_OK);
    assert_int_equal(number(s, ZMQ_RECONNECT_IVL), 200);
    rg_socket_destroy(&s);
}

static void keys_must_fit_the_role(void **state)
{
    (void)state;
    char why[RG_SOCKET_WHY_MAX];
    zsock_t *s = NULL;
    struct rg_socket_config c = {.role = RG_SOCKET_SYNC_DEALER, .own = net.key[NODE1]};
    assert_int_equal(rg_socket_new(&c, &s, why), RG_ERR_USAGE);
    assert_true(strlen(why) > 0);
    c.role = RG_SOCKET_SYNC_ROUTER;
    c.server = rg_sign_curve_pubkey(net.key[NODE2]);
    assert_int_equal(rg_socket_new(&c, &s, why), RG_ERR_USAGE);
    assert_null(s);
}

static void endpoints(void **state)
{
    (void)state;
    char e[RG_SOCKET_ENDPOINT_MAX];
    assert_int_equal(rg_socket_endpoint("127.0.0.1", 17001, e), RG_OK);
    assert_string_equal(e, "tcp://127.0.0.1:17001");
    assert_int_equal(rg_socket_endpoint("::1", 0, e), RG_OK);
    assert_string_equal(e, "tcp://[::1]:*");
    assert_int_equal(rg_socket_endpoint("", 1, e), RG_ERR_INVALID);
    assert_int_equal(rg_socket_endpoint("a b", 1, e), RG_ERR_INVALID);
    assert_int_equal(rg_socket_endpoint("x;tcp//", 1, e), RG_ERR_INVALID);
    char host[300];
    memset(host, 'a', sizeof host);
    host[299] = '\0';
    assert_int_equal(rg_socket_endpoint(host, 1, e), RG_ERR_INVALID);
}

static void bind_tells_what_is_wrong(void **state)
{
    (void)state;
    uint16_t port = 0;
    uint16_t other = 0;
    zsock_t *a = net_socket(RG_SOCKET_SYNC_ROUTER, net.key[NODE1], NULL);
    zsock_t *b = net_socket(RG_SOCKET_SYNC_ROUTER, net.key[NODE1], NULL);
    assert_int_equal(rg_socket_bind(a, "127.0.0.1", 0, &port), RG_OK);
    assert_true(port != 0);
    assert_int_equal(rg_socket_bind(b, "127.0.0.1", port, &other), RG_ERR_EXISTS);
    assert_int_equal(rg_socket_bind(b, "203.0.113.7", 0, &other), RG_ERR_SYSTEM);
    assert_int_equal(rg_socket_unbind(b, "127.0.0.1", port), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_socket_unbind(a, "127.0.0.1", port), RG_OK);
    rg_socket_destroy(&a);
    rg_socket_destroy(&b);
}

static int setup(void **state)
{
    (void)state;
    net_start(&net);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    net_stop(&net);
    zsys_shutdown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_has_its_options),
        cmocka_unit_test(production_reconnects_slower),
        cmocka_unit_test(keys_must_fit_the_role),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(bind_tells_what_is_wrong),
    };
    return cmocka_run_group_tests_name("bus_socket", tests, setup, teardown);
}
