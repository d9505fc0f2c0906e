/* Gossip and sync between two nodes over real sockets of this machine. */
#include "base/bytes.h"
#include "bus_net.h"

static struct net net;
static struct rg_peers *one; /* NODE1 */
static struct rg_peers *two; /* NODE2 */

#define INBOX_MAX 256

struct inbox {
    size_t count;
    struct {
        uint16_t peer;
        bool gossip;
        size_t len;
        uint8_t first;
        uint8_t last;
    } item[INBOX_MAX];
};

static void on_message(void *ctx, uint16_t peer, bool gossip, struct rg_bytes bytes)
{
    struct inbox *in = ctx;
    assert_true(in->count < INBOX_MAX);
    in->item[in->count].peer = peer;
    in->item[in->count].gossip = gossip;
    in->item[in->count].len = bytes.len;
    in->item[in->count].first = bytes.len > 0 ? bytes.data[0] : 0;
    in->item[in->count].last = bytes.len > 0 ? bytes.data[bytes.len - 1] : 0;
    in->count++;
}

/* Take turns at @p until @in holds @want messages or the time is over. */
static void receive(struct rg_peers *p, struct inbox *in, size_t want, int ms)
{
    const int64_t end = zclock_mono() + ms;
    while (in->count < want && zclock_mono() < end) {
        void *sockets[RG_PEERS_SOCKETS_MAX];
        zmq_pollitem_t items[RG_PEERS_SOCKETS_MAX] = {{0}};
        const size_t n = rg_peers_sockets(p, sockets, RG_PEERS_SOCKETS_MAX);
        for (size_t i = 0; i < n; i++) {
            items[i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
        }
        (void)zmq_poll(items, (int)n, 20);
        while (rg_peers_receive(p, NULL, on_message, in) > 0) {
        }
    }
}

static struct rg_peers *make(enum net_who who, const struct rg_peers_address *other)
{
    char why[RG_SOCKET_WHY_MAX] = "";
    struct rg_peers *p = NULL;
    const struct rg_peers_config c = {
        .genesis = net.genesis,
        .zap = net.zap,
        .own = net.key[who],
        .listen = {.host = "127.0.0.1"},
        .peers = other,
        .peer_count = other != NULL ? 1 : 0,
        .cluster = true,
    };
    const rg_err err = rg_peers_new(&c, &p, why);
    assert_string_equal(why, "");
    assert_int_equal(err, RG_OK);
    assert_int_equal(rg_peers_bind(p, why), RG_OK);
    assert_true(rg_peers_is_bound(p));
    return p;
}

static void publish(struct rg_peers *p, enum rg_core_channel channel, enum rg_core_topic topic,
                    struct rg_bytes bytes)
{
    struct rg_peers_out out = {.full = false};
    assert_int_equal(rg_peers_out_new(bytes, &out), RG_OK);
    rg_peers_publish(p, channel, topic, &out);
    assert_false(out.full);
}

static void send_sync(struct rg_peers *p, uint16_t peer, struct rg_bytes bytes)
{
    struct rg_peers_out out = {.full = false};
    assert_int_equal(rg_peers_out_new(bytes, &out), RG_OK);
    rg_peers_send(p, peer, &out);
    assert_false(out.full);
}

/* NODE1 knows where NODE2 listens; NODE2 only answers. One connected direction must do. */
static int setup(void **state)
{
    (void)state;
    net_start(&net);
    two = make(NODE2, NULL);
    struct rg_peers_address address = *rg_peers_listen(two);
    address.place = 1;
    one = make(NODE1, &address);
    /* Until the first vote comes through: the subscription takes a moment. */
    struct inbox in = {.count = 0};
    for (int i = 0; i < 100 && in.count == 0; i++) {
        struct inbox dummy = {.count = 0};
        (void)rg_peers_receive(two, NULL, on_message, &dummy);
        publish(two, RG_CORE_VOTES, RG_CORE_TOPIC_STATUS, rg_bytes_str("s"));
        publish(two, RG_CORE_BULK, RG_CORE_TOPIC_TXS, rg_bytes_str("t"));
        receive(one, &in, 2, 30);
    }
    assert_true(in.count > 0);
    receive(one, &in, INBOX_MAX, 300);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rg_peers_destroy(&one);
    rg_peers_destroy(&two);
    net_stop(&net);
    zsys_shutdown();
    return 0;
}

static uint8_t *megabyte(uint8_t first, uint8_t last, size_t len)
{
    uint8_t *b = calloc(1, len);
    assert_non_null(b);
    b[0] = first;
    b[len - 1] = last;
    return b;
}

static void gossip_of_a_megabyte(void **state)
{
    (void)state;
    uint8_t *b = megabyte(7, 9, RG_BLOCK_MAX);
    const uint64_t frames = rg_peers_get_counts(one).frames;
    publish(two, RG_CORE_BULK, RG_CORE_TOPIC_BLOCK, (struct rg_bytes){b, RG_BLOCK_MAX});
    struct inbox in = {.count = 0};
    receive(one, &in, 1, 3000);
    assert_int_equal(in.count, 1);
    assert_int_equal(in.item[0].peer, 1);
    assert_true(in.item[0].gossip);
    assert_int_equal(in.item[0].len, RG_BLOCK_MAX);
    assert_int_equal(in.item[0].first, 7);
    assert_int_equal(in.item[0].last, 9);
    assert_int_equal(rg_peers_get_counts(one).frames, frames + 1);
    free(b);
}

static void votes_come_before_bulk(void **state)
{
    (void)state;
    uint8_t *b = megabyte(1, 1, 200 * 1024);
    for (int i = 0; i < 8; i++) {
        publish(two, RG_CORE_BULK, RG_CORE_TOPIC_TXS, (struct rg_bytes){b, 200 * 1024});
    }
    publish(two, RG_CORE_VOTES, RG_CORE_TOPIC_VOTE, rg_bytes_str("v"));
    zclock_sleep(300);
    struct inbox in = {.count = 0};
    assert_true(rg_peers_receive(one, NULL, on_message, &in) >= 1);
    assert_int_equal(in.item[0].first, 'v');
    assert_true(in.count <= 1 + 4); /* one fair turn */
    receive(one, &in, 9, 2000);
    assert_int_equal(in.count, 9);
    free(b);
}

static void sync_goes_both_ways(void **state)
{
    (void)state;
    struct inbox in = {.count = 0};
    send_sync(one, 1, rg_bytes_str("request"));
    receive(two, &in, 1, 3000);
    assert_int_equal(in.count, 1);
    assert_int_equal(in.item[0].peer, 0);
    assert_false(in.item[0].gossip);
    /* A large answer goes back over the ROUTER; so does a small one, as NODE2 has no DEALER to us.
     */
    uint8_t *b = megabyte(3, 4, RG_BLOCK_MAX);
    send_sync(two, 0, (struct rg_bytes){b, RG_BLOCK_MAX});
    send_sync(two, 0, rg_bytes_str("answer"));
    in.count = 0;
    receive(one, &in, 2, 3000);
    assert_int_equal(in.count, 2);
    assert_int_equal(in.item[0].peer, 1);
    assert_false(in.item[0].gossip);
    assert_int_equal(in.item[0].len, RG_BLOCK_MAX);
    assert_int_equal(in.item[1].first, 'a');
    free(b);
}

static void unknown_ways_are_counted(void **state)
{
    (void)state;
    const uint64_t before = rg_peers_get_counts(one).unsent;
    uint8_t *b = megabyte(3, 4, RG_BLOCK_MAX);
    send_sync(one, 1,
              (struct rg_bytes){b, RG_BLOCK_MAX}); /* too large, NODE2 is not connected to us */
    send_sync(one, 63, rg_bytes_str("x"));
    assert_int_equal(rg_peers_get_counts(one).unsent, before + 2);
    free(b);
}

/* A node of the ledger that takes no turns is a peer like the others, by its place among the nodes.
 */
static void observer_is_heard(void **state)
{
    (void)state;
    const struct rg_peers_counts before = rg_peers_get_counts(two);
    zsock_t *c = net_socket(RG_SOCKET_SYNC_DEALER, net.key[OBSERVER], net.key[NODE2]);
    zsock_set_sndtimeo(c, 2000);
    assert_int_equal(rg_socket_connect(c, "127.0.0.1", rg_peers_listen(two)->sync), RG_OK);
    assert_int_equal(zstr_send(c, "hello"), 0);
    struct inbox in = {.count = 0};
    for (int i = 0; i < 100 && in.count == 0; i++) {
        receive(two, &in, 1, 20);
    }
    assert_int_equal(in.count, 1);
    assert_int_equal(in.item[0].peer, OBSERVER);
    assert_int_equal(rg_peers_get_counts(two).dropped, before.dropped);
    /* Nor is a message of two frames from an authority. */
    zsock_t *d = net_socket(RG_SOCKET_SYNC_DEALER, net.key[NODE1], net.key[NODE2]);
    zsock_set_sndtimeo(d, 2000);
    assert_int_equal(rg_socket_connect(d, "127.0.0.1", rg_peers_listen(two)->sync), RG_OK);
    assert_int_equal(zstr_sendx(d, "a", "b", NULL), 0);
    for (int i = 0; i < 100 && rg_peers_get_counts(two).dropped < before.dropped + 1; i++) {
        receive(two, &in, 2, 20);
    }
    assert_int_equal(in.count, 1);
    assert_int_equal(rg_peers_get_counts(two).dropped, before.dropped + 1);
    rg_socket_destroy(&c);
    rg_socket_destroy(&d);
}

static void strangers_change_no_frames(void **state)
{
    (void)state;
    const struct rg_peers_counts before = rg_peers_get_counts(two);
    const uint64_t refused = rg_zap_get_counts(net.zap).refused;
    zsock_t *c = net_socket(RG_SOCKET_SYNC_DEALER, net.stranger, net.key[NODE2]);
    zsock_set_sndtimeo(c, 500);
    assert_int_equal(rg_socket_connect(c, "127.0.0.1", rg_peers_listen(two)->sync), RG_OK);
    assert_int_equal(zstr_send(c, "hello"), -1);
    struct inbox in = {.count = 0};
    receive(two, &in, 1, 200);
    assert_int_equal(in.count, 0);
    assert_int_equal(rg_peers_get_counts(two).frames, before.frames);
    assert_true(rg_zap_get_counts(net.zap).refused > refused);
    rg_socket_destroy(&c);
}

/* 64 messages on either side, and slack; the address sanitizer keeps 256 MiB of freed memory
 * itself. */
#ifdef __SANITIZE_ADDRESS__
#define KEPT_MAX_KIB (550 * 1024)
#else
#define KEPT_MAX_KIB (200 * 1024)
#endif

/* A subscriber that never reads: what is kept for it is bounded, here and on its side. */
static void slow_subscriber_costs_a_bounded_sum(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its shadow is several times the memory that is measured here */
#endif
    zsock_t *s = net_socket(RG_SOCKET_BULK_SUB, net.key[NODE1], net.key[NODE2]);
    assert_int_equal(rg_socket_subscribe(s, "block"), RG_OK);
    assert_int_equal(rg_socket_connect(s, "127.0.0.1", rg_peers_listen(two)->bulk), RG_OK);
    zclock_sleep(300);
    uint8_t *b = megabyte(3, 4, RG_BLOCK_MAX);
    struct inbox in = {.count = 0};
    const long before = net_memory_kib(false);
    long most = 0;
    for (int i = 0; i < 600; i++) {
        publish(two, RG_CORE_BULK, RG_CORE_TOPIC_BLOCK, (struct rg_bytes){b, RG_BLOCK_MAX});
        in.count = 0;
        if (i % 2 == 0) {
            (void)rg_peers_receive(one, NULL, on_message, &in);
        }
        const long now = net_memory_kib(false) - before;
        most = now > most ? now : most;
    }
    print_message("600 MiB published, at most %ld KiB kept\n", most);
    assert_true(most < KEPT_MAX_KIB);
    free(b);
    rg_socket_destroy(&s);
}

static void unbind_closes_and_bind_opens(void **state)
{
    (void)state;
    char why[RG_SOCKET_WHY_MAX];
    rg_peers_unbind(two);
    assert_false(rg_peers_is_bound(two));
    rg_peers_unbind(two);
    rg_err rc = RG_ERR_EXISTS;
    for (int i = 0; i < 3000 && rc != RG_OK; i++) {
        rc = rg_peers_bind(two, why);
        zclock_sleep(10);
    }
    assert_int_equal(rc, RG_OK);
    struct inbox in = {.count = 0};
    for (int i = 0; i < 3000 && in.count == 0; i++) {
        publish(two, RG_CORE_VOTES, RG_CORE_TOPIC_VOTE, rg_bytes_str("again"));
        receive(one, &in, 1, 50);
        (void)rg_peers_receive(two, NULL, on_message, &in);
    }
    assert_true(in.count > 0);
}

/* Publish on both channels and send both ways, @rounds times; the inboxes take what comes. */
static void chatter(struct inbox *in_one, struct inbox *in_two, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        publish(two, RG_CORE_VOTES, RG_CORE_TOPIC_VOTE, rg_bytes_str("v"));
        publish(two, RG_CORE_BULK, RG_CORE_TOPIC_TXS, rg_bytes_str("t"));
        send_sync(one, 1, rg_bytes_str("r"));
        send_sync(two, 0, rg_bytes_str("a"));
        zclock_sleep(10);
        (void)rg_peers_receive(one, NULL, on_message, in_one);
        (void)rg_peers_receive(two, NULL, on_message, in_two);
    }
}

static bool has(const struct inbox *in, uint8_t first)
{
    for (size_t i = 0; i < in->count; i++) {
        if (in->item[i].first == first) {
            return true;
        }
    }
    return false;
}

/* A cut of either side stops all channels but what this side publishes; mended, all come back. */
static void cut_and_mended(void **state)
{
    (void)state;
    bool cut[RG_AUTHORITIES_MAX] = {false};
    const bool none[RG_AUTHORITIES_MAX] = {false};
    struct inbox in_one = {.count = 0};
    struct inbox in_two = {.count = 0};
    cut[1] = true;
    rg_peers_cut(one, cut);
    assert_true(rg_peers_is_cut(one, 1) && !rg_peers_is_cut(one, 0));
    chatter(&in_one, &in_two, 30);
    assert_int_equal(in_one.count, 0);
    assert_int_equal(in_two.count, 0);
    rg_peers_cut(one, none);
    for (int i = 0; i < 100 && !(has(&in_one, 'v') && has(&in_one, 't') && has(&in_one, 'a') &&
                                 has(&in_two, 'r'));
         i++) {
        in_one.count = 0;
        in_two.count = 0;
        chatter(&in_one, &in_two, 10);
    }
    assert_true(has(&in_one, 'v') && has(&in_one, 't') && has(&in_one, 'a') && has(&in_two, 'r'));
    /* The other side alone: what comes over connections of NODE1 is dropped. */
    memset(cut, 0, sizeof cut);
    cut[0] = true;
    rg_peers_cut(two, cut);
    in_one.count = 0;
    in_two.count = 0;
    receive(one, &in_one, INBOX_MAX, 100); /* what was under way */
    in_one.count = 0;
    chatter(&in_one, &in_two, 30);
    assert_false(has(&in_one, 'a') || has(&in_two, 'r'));
    rg_peers_cut(two, none);
    for (int i = 0; i < 100 && !(has(&in_one, 'a') && has(&in_two, 'r')); i++) {
        in_one.count = 0;
        in_two.count = 0;
        chatter(&in_one, &in_two, 10);
    }
    assert_true(has(&in_one, 'a') && has(&in_two, 'r'));
}

static void a_peer_that_is_none(void **state)
{
    (void)state;
    char why[RG_SOCKET_WHY_MAX];
    struct rg_peers *p = NULL;
    struct rg_peers_address bad[2] = {
        {.place = 5, .host = "127.0.0.1", .votes = 1, .bulk = 1, .sync = 1}};
    struct rg_peers_config c = {.genesis = net.genesis,
                                .zap = net.zap,
                                .own = net.key[NODE1],
                                .listen = {.host = "127.0.0.1"},
                                .peers = bad,
                                .peer_count = 1};
    assert_int_equal(rg_peers_new(&c, &p, why), RG_ERR_INVALID);
    assert_true(strlen(why) > 0);
    bad[0].place = 1;
    bad[1] = bad[0];
    c.peer_count = 2;
    assert_int_equal(rg_peers_new(&c, &p, why), RG_ERR_INVALID);
    assert_null(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gossip_of_a_megabyte),
        cmocka_unit_test(votes_come_before_bulk),
        cmocka_unit_test(unknown_ways_are_counted),
        cmocka_unit_test(sync_goes_both_ways),
        cmocka_unit_test(observer_is_heard),
        cmocka_unit_test(strangers_change_no_frames),
        cmocka_unit_test(slow_subscriber_costs_a_bounded_sum),
        cmocka_unit_test(unbind_closes_and_bind_opens),
        cmocka_unit_test(cut_and_mended),
        cmocka_unit_test(a_peer_that_is_none),
    };
    return cmocka_run_group_tests_name("bus_peers", tests, setup, teardown);
}
