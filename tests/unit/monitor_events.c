/* The events socket, heard by a member: every alert of the log once, numbers without gaps within a
 * run and never twice over runs, and silence when the ZAP handler is gone. */
#include "monitor_lab.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "bus_net.h"
#include "node/monitor/events.h"
#include "node/monitor/monitor_priv.h"

#define PROCESS                                                                                    \
    "process: lab\nversion: 1\nclock: ledger\nreaders: all\nsteps: any\n"                          \
    "rules:\n"                                                                                     \
    "  - {id: R1, template: absence, activities: [a], n: 2, severity: warning}\n"                  \
    "  - {id: R2, template: precedence, activities: [a, b], severity: critical}\n"

struct heard {
    char topic[80];
    uint64_t first; /* number */
    uint64_t last;
    uint64_t count;
};

struct ear {
    zsock_t *socket;
    struct heard heard[8];
    size_t topics;
    uint64_t logseq; /* of the last alert */
    uint64_t alerts;
};

static struct heard *topic_of(struct ear *ear, const char *topic)
{
    for (size_t i = 0; i < ear->topics; i++) {
        if (strcmp(ear->heard[i].topic, topic) == 0) {
            return &ear->heard[i];
        }
    }
    assert_true(ear->topics < 8);
    struct heard *h = &ear->heard[ear->topics];
    ear->topics++;
    *h = (struct heard){.first = 0};
    (void)snprintf(h->topic, sizeof h->topic, "%s", topic);
    return h;
}

/* Take one message when there is one. */
static bool hear(struct ear *ear)
{
    char topic[80] = "";
    uint8_t number[9];
    static char json[8192];
    void *s = zsock_resolve(ear->socket);
    int n = zmq_recv(s, topic, sizeof topic - 1, ZMQ_DONTWAIT);
    if (n < 0) {
        return false;
    }
    topic[n] = '\0';
    assert_int_equal(topic[n - 1], '.');
    assert_int_equal(zmq_recv(s, number, sizeof number, 0), 8);
    n = zmq_recv(s, json, sizeof json, 0);
    assert_in_range(n, 2, sizeof json - 1);
    json_t *o = json_loadb(json, (size_t)n, 0, NULL);
    assert_non_null(o);
    struct heard *h = topic_of(ear, topic);
    const uint64_t seq = rg_bytes_from_u64_be(number);
    if (h->count == 0) {
        h->first = seq;
    } else {
        assert_int_equal(seq, h->last + 1);
    }
    h->last = seq;
    h->count++;
    if (strncmp(topic, "alert.", 6) == 0) {
        const uint64_t logseq = (uint64_t)json_integer_value(json_object_get(o, "logseq"));
        assert_true(logseq > ear->logseq);
        ear->logseq = logseq;
        ear->alerts++;
    }
    json_decref(o);
    return true;
}

static void hear_all(struct ear *ear, struct lab *lab, int ms)
{
    const uint64_t until = lab_now() + (uint64_t)ms;
    while (lab_now() < until) {
        if (!hear(ear)) {
            lab_step(lab, 10);
        }
    }
}

static void listen_to(struct ear *ear, struct net *net, struct lab *lab)
{
    ear->socket = net_socket(RG_SOCKET_CLIENT_SUB, net->key[MEMBER1], net->key[NODE1]);
    static const char *const topics[] = {"alert.", "step.lab.", "block.", "heartbeat."};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rg_socket_subscribe(ear->socket, topics[i]), RG_OK);
    }
    assert_int_equal(
        rg_socket_connect(ear->socket, "127.0.0.1", rg_monitor_events_port(lab->monitor)), RG_OK);
    const uint64_t until = lab_now() + 5000;
    while (!rg_events_wanted(lab->monitor->events, RG_EVENTS_HEARTBEAT)) {
        assert_true(lab_now() < until);
        lab_step(lab, 20);
    }
}

static void feed_some(struct lab *lab)
{
    const uint64_t h = lab_block(lab, (int64_t)(lab->height + 1) * 1000);
    for (uint64_t c = 1; c <= 20; c++) {
        lab_feed(lab, c, h, c % 2 == 0 ? "a" : "b", 10);
        lab_feed(lab, c, h, "a", 20);
    }
}

static void test_heard(void **state)
{
    (void)state;
    struct net net;
    struct ear ear = {.logseq = 0};
    net_start(&net);
    struct lab *lab = lab_new(PROCESS, NULL);
    const uint64_t h0 = lab_block(lab, 500);
    lab_open(lab);
    rg_monitor_on_feed(lab->monitor, h0, 500);
    listen_to(&ear, &net, lab);
    feed_some(lab);
    lab_run(lab, lab->feed.count, lab->height);
    hear_all(&ear, lab, 1300);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 20);
    assert_int_equal(ear.alerts, 20);
    assert_int_equal(topic_of(&ear, "alert.warning.lab.")->count, 10);
    assert_int_equal(topic_of(&ear, "alert.critical.lab.")->count, 10);
    assert_int_equal(topic_of(&ear, "step.lab.")->count, 40);
    assert_int_equal(topic_of(&ear, "block.")->count, 1);
    assert_true(topic_of(&ear, "heartbeat.")->count >= 1);
    struct rg_monitor_status s;
    rg_monitor_get_status(lab->monitor, &s);
    assert_true(s.frames >= 4);

    /* A second run uses no number again. */
    const struct heard before = *topic_of(&ear, "alert.warning.lab.");
    rg_socket_destroy(&ear.socket);
    lab_close(lab);
    ear = (struct ear){.logseq = ear.logseq};
    lab_open(lab);
    rg_monitor_on_feed(lab->monitor, lab->height, 1000);
    listen_to(&ear, &net, lab);
    feed_some(lab);
    lab_run(lab, lab->feed.count, lab->height);
    hear_all(&ear, lab, 300);
    assert_true(ear.alerts > 0);
    assert_true(topic_of(&ear, "alert.warning.lab.")->first > before.last);
    lab_read(lab);
    assert_int_equal(lab->alert_count, 20 + ear.alerts);
    rg_socket_destroy(&ear.socket);
    lab_free(&lab);
    net_stop(&net);
}

static bool listens(uint16_t port)
{
    const struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const bool yes = connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    (void)close(fd);
    return yes;
}

static void test_zap_gone(void **state)
{
    (void)state;
    struct net net;
    net_start(&net);
    struct lab *lab = lab_new(PROCESS, NULL);
    lab->zap = net.zap;
    lab_open(lab);
    lab_step(lab, 0);
    const uint16_t port = rg_monitor_events_port(lab->monitor);
    assert_true(listens(port));
    rg_zap_kill_for_test(net.zap);
    const uint64_t until = lab_now() + 3000;
    while (listens(port)) {
        assert_true(lab_now() < until);
        (void)rg_zap_check(net.zap);
        lab_step(lab, 50);
    }
    lab_free(&lab);
    net_stop(&net);
}

int main(int argc, char **argv)
{
    assert_true(argc > 1);
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_zap_gone),
    };
    return cmocka_run_group_tests_name("monitor_events", tests, NULL, NULL);
}
