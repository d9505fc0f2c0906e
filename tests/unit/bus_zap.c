/* Who gets in, who does not, and that nobody does when the handler is gone. */
#include "bus_net.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct net net;

static zsock_t *bound(enum rg_socket_role role, uint16_t *port)
{
    zsock_t *s = net_socket(role, net.key[NODE1], NULL);
    assert_int_equal(rg_socket_bind(s, "127.0.0.1", 0, port), RG_OK);
    return s;
}

/* Receive with a time limit; the User-Id of the body, or NULL when nothing came. */
static char *user_of_next(zsock_t *router, int ms)
{
    zmq_pollitem_t item = {.socket = zsock_resolve(router), .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, ms) <= 0) {
        return NULL;
    }
    zframe_t *route = zframe_recv(router);
    zframe_t *body = zframe_recv(router);
    const char *user = zframe_meta(body, "User-Id");
    char *copy = strdup(user != NULL ? user : "");
    zframe_destroy(&route);
    zframe_destroy(&body);
    return copy;
}

/* Whether a client with @key gets a message through to a fresh socket of @role. */
static bool gets_in(enum rg_socket_role role, const struct rg_sign *key, enum net_who *out_who)
{
    uint16_t port = 0;
    zsock_t *server = bound(role, &port);
    zsock_t *client = net_socket(RG_SOCKET_CLIENT_DEALER, key, net.key[NODE1]);
    zsock_set_linger(client, 0);
    zsock_set_sndtimeo(client, 400);
    assert_int_equal(rg_socket_connect(client, "127.0.0.1", port), RG_OK);
    const bool sent = zstr_send(client, "hello") == 0;
    char *user = user_of_next(server, sent ? 1000 : 0);
    const bool in = user != NULL;
    if (in && out_who != NULL) {
        *out_who = (enum net_who)atoi(user);
    }
    free(user);
    rg_socket_destroy(&client);
    rg_socket_destroy(&server);
    return in;
}

static void members_come_in_by_domain(void **state)
{
    (void)state;
    enum net_who who = NET_COUNT;
    assert_true(gets_in(RG_SOCKET_SYNC_ROUTER, net.key[NODE2], &who));
    assert_int_equal(who, NODE2);
    assert_true(gets_in(RG_SOCKET_SYNC_ROUTER, net.key[OBSERVER], &who));
    assert_int_equal(who, OBSERVER);
    assert_true(gets_in(RG_SOCKET_API_ROUTER, net.key[MEMBER1], &who));
    assert_int_equal(who, MEMBER1);
    assert_true(gets_in(RG_SOCKET_API_ROUTER, net.key[AUDITOR1], &who));
    assert_int_equal(who, AUDITOR1);
}

static void others_stay_out(void **state)
{
    (void)state;
    const struct rg_zap_counts before = rg_zap_get_counts(net.zap);
    assert_false(gets_in(RG_SOCKET_SYNC_ROUTER, net.stranger, NULL));
    assert_false(gets_in(RG_SOCKET_SYNC_ROUTER, net.key[MEMBER1], NULL));
    assert_false(gets_in(RG_SOCKET_API_ROUTER, net.key[NODE1], NULL));
    assert_false(gets_in(RG_SOCKET_API_ROUTER, net.key[MEMBER2], NULL));
    assert_false(gets_in(RG_SOCKET_API_ROUTER, net.key[EXPIRED1], NULL));
    const struct rg_zap_counts after = rg_zap_get_counts(net.zap);
    assert_int_equal(after.accepted, before.accepted);
    assert_true(after.refused >= before.refused + 5);
}

static void names_are_checked_per_message(void **state)
{
    (void)state;
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, "0"), NODE1);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, "3"), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_API, "3"), MEMBER1);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_EVENTS, "3"), MEMBER1);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_API, "5"), AUDITOR1);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_EVENTS, "5"), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_EVENTS, "6"), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, NULL), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, ""), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, "99999"), UINT32_MAX);
    assert_int_equal(rg_zap_principal_of(net.zap, RG_ZAP_PEER, "0x0"), UINT32_MAX);
}

static void plain_text_stays_out(void **state)
{
    (void)state;
    uint16_t port = 0;
    zsock_t *server = bound(RG_SOCKET_API_ROUTER, &port);
    zsock_t *client = zsock_new(ZMQ_DEALER);
    zsock_set_linger(client, 0);
    assert_int_equal(zsock_connect(client, "tcp://127.0.0.1:%u", (unsigned)port), 0);
    (void)zstr_send(client, "hello");
    assert_null(user_of_next(server, 300));
    zsock_destroy(&client);
    rg_socket_destroy(&server);
}

static void refusals_are_told_but_do_not_flood(void **state)
{
    (void)state;
    struct rg_zap_refusal r;
    (void)rg_zap_check(net.zap);
    while (rg_zap_next_refusal(net.zap, &r)) {
    }
    uint16_t port = 0;
    zsock_t *server = bound(RG_SOCKET_EVENTS_PUB, &port);
    const uint64_t before = rg_zap_get_counts(net.zap).refused;
    zsock_t *clients[30];
    for (size_t i = 0; i < 30; i++) {
        clients[i] = net_socket(RG_SOCKET_CLIENT_SUB, net.stranger, net.key[NODE1]);
        assert_int_equal(rg_socket_connect(clients[i], "127.0.0.1", port), RG_OK);
    }
    for (int i = 0; i < 3000 && rg_zap_get_counts(net.zap).refused < before + 30; i++) {
        zclock_sleep(10);
    }
    assert_int_equal(rg_zap_get_counts(net.zap).refused, before + 30);
    assert_true(rg_zap_check(net.zap));
    size_t told = 0;
    while (rg_zap_next_refusal(net.zap, &r)) {
        told++;
        assert_int_equal(r.domain, RG_ZAP_EVENTS);
        assert_string_equal(r.mechanism, "CURVE");
        assert_int_equal(strlen(r.key), 16);
    }
    assert_true(told >= 1 && told <= 10);
    for (size_t i = 0; i < 30; i++) {
        rg_socket_destroy(&clients[i]);
    }
    rg_socket_destroy(&server);
}

/* A ZMTP 3.1 greeting for CURVE, then a command frame that claims 1 GiB, then bytes of it. */
static int raw_connection(uint16_t port)
{
    uint8_t start[64 + 9] = {0};
    start[0] = 0xff;
    start[9] = 0x7f;
    start[10] = 3;
    memcpy(start + 12, "CURVE", 5);
    start[64] = 0x06; /* a long command */
    start[64 + 5] = 0x40;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    (void)send(fd, start, sizeof start, MSG_NOSIGNAL);
    return fd;
}

static void raw_connections_cost_little(void **state)
{
    (void)state;
    static const uint8_t filler[64 * 1024];
    const enum rg_socket_role roles[] = {RG_SOCKET_VOTES_PUB, RG_SOCKET_BULK_PUB,
                                         RG_SOCKET_SYNC_ROUTER, RG_SOCKET_API_ROUTER,
                                         RG_SOCKET_EVENTS_PUB};
    zsock_t *servers[5];
    uint16_t port[5] = {0};
    int fds[60];
    for (size_t i = 0; i < 5; i++) {
        servers[i] = bound(roles[i], &port[i]);
    }
    const long before = net_memory_kib(false);
    for (size_t i = 0; i < 60; i++) {
        fds[i] = raw_connection(port[i % 5]);
    }
    for (int round = 0; round < 16; round++) {
        for (size_t i = 0; i < 60; i++) {
            (void)send(fds[i], filler, sizeof filler, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        zclock_sleep(5);
    }
    zclock_sleep(200);
    const long grown = net_memory_kib(true) - before;
    print_message("60 raw connections that claim 1 GiB frames cost %ld KiB\n", grown);
    assert_true(grown < 32 * 1024);
    for (size_t i = 0; i < 5; i++) {
        zmq_pollitem_t item = {.socket = zsock_resolve(servers[i]), .events = ZMQ_POLLIN};
        assert_int_equal(zmq_poll(&item, 1, 0), 0);
        rg_socket_destroy(&servers[i]);
    }
    for (size_t i = 0; i < 60; i++) {
        (void)close(fds[i]);
    }
}

static void probe_passes(void **state)
{
    (void)state;
    const struct rg_zap_counts before = rg_zap_get_counts(net.zap);
    const int64_t start = zclock_mono();
    assert_int_equal(rg_zap_probe(), RG_OK);
    print_message("self-probe in %lld ms\n", (long long)(zclock_mono() - start));
    assert_int_equal(rg_zap_get_counts(net.zap).refused, before.refused);
}

static void one_handler_only(void **state)
{
    (void)state;
    struct rg_zap *second = NULL;
    assert_int_equal(rg_zap_start(net.genesis, NODE1, &second), RG_ERR_EXISTS);
    assert_null(second);
    assert_true(rg_zap_check(net.zap));
}

/* Last: afterwards the handler is gone. */
static void without_handler_nobody_comes_in(void **state)
{
    (void)state;
    assert_true(rg_zap_check(net.zap));
    assert_true(rg_zap_is_alive(net.zap));
    rg_zap_kill_for_test(net.zap);
    assert_false(gets_in(RG_SOCKET_API_ROUTER, net.key[MEMBER1], NULL));
    const int64_t start = zclock_mono();
    while (rg_zap_check(net.zap) && zclock_mono() < start + 1000) {
        zclock_sleep(RG_ZAP_CHECK_MS);
    }
    assert_false(rg_zap_is_alive(net.zap));
    assert_true(zclock_mono() - start < 300);
    assert_false(gets_in(RG_SOCKET_SYNC_ROUTER, net.key[NODE2], NULL));
    assert_false(gets_in(RG_SOCKET_API_ROUTER, net.key[MEMBER1], NULL));
    assert_int_equal(rg_zap_probe(), RG_ERR_DENIED);
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
        cmocka_unit_test(members_come_in_by_domain),
        cmocka_unit_test(others_stay_out),
        cmocka_unit_test(names_are_checked_per_message),
        cmocka_unit_test(plain_text_stays_out),
        cmocka_unit_test(refusals_are_told_but_do_not_flood),
        cmocka_unit_test(raw_connections_cost_little),
        cmocka_unit_test(probe_passes),
        cmocka_unit_test(one_handler_only),
        cmocka_unit_test(without_handler_nobody_comes_in),
    };
    return cmocka_run_group_tests_name("bus_zap", tests, setup, teardown);
}
