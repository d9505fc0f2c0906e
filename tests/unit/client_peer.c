#include "tests/unit/client_peer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include <czmq.h>

/* The thread's things. */
struct stage {
    struct client_peer *p;
    zsock_t *api;
    zsock_t *events;
    struct rg_arena in;
    struct rg_arena out;
    uint64_t log;       /* alerts in the log */
    uint64_t published; /* live ones so far */
    int64_t next_publish;
    int64_t next_beat;
};

static zsock_t *make_socket(struct client_peer *p, int type, const char *endpoint)
{
    zsock_t *s = zsock_new(type);
    assert_non_null(s);
    zsock_set_curve_server(s, 1);
    zsock_set_curve_publickey_bin(s, rg_sign_curve_pubkey(p->node)->b);
    zsock_set_curve_secretkey_bin(s, rg_sign_curve_secret(p->node));
    zsock_set_linger(s, 0);
    /* The port of a socket just closed is free when the library's own thread got to it. */
    for (int left = 600; zsock_bind(s, "%s", endpoint) < 0; left--) {
        assert_true(left > 0);
        zclock_sleep(50);
    }
    return s;
}

static uint16_t port_of(zsock_t *s)
{
    const char *colon = strrchr(zsock_endpoint(s), ':');
    uint64_t port = 0;
    assert_int_equal(sscanf(colon + 1, "%" SCNu64, &port), 1);
    return (uint16_t)port;
}

static struct rg_bytes alert_json(struct stage *st, uint64_t logseq)
{
    char text[200];
    (void)snprintf(
        text, sizeof text,
        "{\"data\":{\"message\":\"a \\\"logseq\\\":99 b\"},\"id\":\"%llu\",\"logseq\":%llu}",
        (unsigned long long)logseq, (unsigned long long)logseq);
    return rg_arena_copy(&st->out, rg_bytes_str(text));
}

static const char *topic_of(uint64_t logseq)
{
    return logseq % 3 == 0 ? "alert.critical.test." : "alert.warning.test.";
}

static void answer_submit(struct stage *st, const struct rg_request *r, struct rg_answer *a)
{
    struct client_peer *p = st->p;
    if (p->again_at == r->first) {
        p->again_at = 0;
        a->code = RG_SESSION_AGAIN;
        a->error = rg_bytes_str("full");
        return;
    }
    if (r->first > p->high + 1) {
        p->gaps++;
        a->code = RG_SESSION_AGAIN;
        a->error = rg_bytes_str("earlier ones are missing");
        return;
    }
    const uint64_t last = r->first + r->count - 1;
    const uint64_t fresh = last > p->high ? last - p->high : 0;
    a->kind = RG_ANSWER_SUBMITTED;
    a->submitted.events = (uint32_t)fresh;
    a->submitted.known = (uint32_t)(r->count - fresh);
    a->submitted.first_height = 5;
    a->submitted.last_height = 5 + last;
    p->high = last > p->high ? last : p->high;
    p->taken += fresh;
    p->known += r->count - fresh;
}

static void answer_alerts(struct stage *st, const struct rg_request *r, struct rg_answer *a)
{
    const uint64_t from = r->since >= st->log ? st->log : r->since;
    const uint64_t left = st->log - from;
    const uint32_t n = (uint32_t)(left > 7 ? 7 : left); /* small pages */
    a->kind = RG_ANSWER_ALERTS;
    a->alerts_last = st->log;
    a->alerts_more = left > n;
    a->alerts = rg_arena_take_array(&st->out, n + 1, sizeof *a->alerts);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t logseq = from + 1 + i;
        a->alerts[i] = (struct rg_answer_alert){logseq, rg_bytes_str(topic_of(logseq)),
                                                alert_json(st, logseq)};
    }
    a->alert_count = n;
}

/* Answer one request; false cuts the connection instead. */
static bool serve(struct stage *st)
{
    struct client_peer *p = st->p;
    struct rg_request r = {0};
    struct rg_answer a = {0};
    struct rg_bytes bytes = {NULL, 0};
    zmsg_t *msg = zmsg_recv(st->api);
    zframe_t *who = zmsg_pop(msg);
    zframe_t *body = zmsg_pop(msg);
    zmsg_destroy(&msg);
    rg_arena_reset(&st->in);
    rg_arena_reset(&st->out);
    p->requests++;
    assert_int_equal(
        rg_client_codec_decode_request(&st->in, &p->ledger,
                                       (struct rg_bytes){zframe_data(body), zframe_size(body)}, &r),
        RG_OK);
    zframe_destroy(&body);
    const bool drop = r.kind == RG_REQUEST_SUBMIT && p->drop_at != 0 && r.first >= p->drop_at;
    a.id = r.id;
    if (p->refuse_code != 0) {
        a.code = p->refuse_code;
        a.error = rg_bytes_str("the script says no");
    } else if (r.kind == RG_REQUEST_SUBMIT && !drop) {
        answer_submit(st, &r, &a);
    } else if (r.kind == RG_REQUEST_ALERTS) {
        answer_alerts(st, &r, &a);
    }
    if (!drop) {
        assert_int_equal(rg_client_codec_encode_answer(&st->out, &a, &bytes), RG_OK);
        zframe_t *reply = zframe_new(bytes.data, bytes.len);
        (void)zframe_send(&who, st->api, ZFRAME_MORE);
        (void)zframe_send(&reply, st->api, 0);
    }
    zframe_destroy(&who);
    return !drop;
}

static void publish(struct stage *st, const char *topic, struct rg_bytes event)
{
    const uint8_t sequence[8] = {0};
    zmsg_t *msg = zmsg_new();
    (void)zmsg_addstr(msg, topic);
    (void)zmsg_addmem(msg, sequence, sizeof sequence);
    (void)zmsg_addmem(msg, event.data, event.len);
    (void)zmsg_send(&msg, st->events);
}

static void publish_due(struct stage *st)
{
    struct client_peer *p = st->p;
    const int64_t now = rg_line_now();
    rg_arena_reset(&st->out);
    if (now >= st->next_beat) {
        char text[64];
        (void)snprintf(text, sizeof text, "{\"logseq\": %llu, \"h\": 1}",
                       (unsigned long long)st->log);
        publish(st, "heartbeat.", rg_bytes_str(text));
        st->next_beat = now + 200;
    }
    if (now < st->next_publish || st->published == p->publish) {
        return;
    }
    st->next_publish = now + 5;
    st->published++;
    st->log++;
    if (p->skip_every != 0 && st->published % p->skip_every == 0) {
        return;
    }
    const struct rg_bytes event = alert_json(st, st->log);
    publish(st, topic_of(st->log), event);
    if (p->twice_every != 0 && st->published % p->twice_every == 0) {
        publish(st, topic_of(st->log), event);
    }
}

static void reconnect(struct stage *st)
{
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", st->p->api_port);
    st->p->drop_at = 0;
    zsock_destroy(&st->api);
    zclock_sleep(150);
    st->api = make_socket(st->p, ZMQ_ROUTER, endpoint);
}

/* A port it comes back to must not be one the kernel gives to anybody's connection meanwhile. */
#define ANY_PORT "tcp://127.0.0.1:![20000-31999]"

static void act(zsock_t *pipe, void *arg)
{
    struct stage st = {.p = arg};
    st.api = make_socket(st.p, ZMQ_ROUTER, ANY_PORT);
    st.events = make_socket(st.p, ZMQ_PUB, ANY_PORT);
    st.p->api_port = port_of(st.api);
    st.p->events_port = port_of(st.events);
    st.log = st.p->alerts;
    st.next_publish = rg_line_now() + 700;
    assert_int_equal(rg_arena_init(&st.in, RG_CLIENT_CODEC_ARENA), RG_OK);
    assert_int_equal(rg_arena_init(&st.out, RG_CLIENT_CODEC_ARENA), RG_OK);
    zsock_signal(pipe, 0);
    for (;;) {
        zmq_pollitem_t items[2] = {{zsock_resolve(pipe), 0, ZMQ_POLLIN, 0},
                                   {zsock_resolve(st.api), 0, ZMQ_POLLIN, 0}};
        (void)zmq_poll(items, 2, 2);
        if ((items[0].revents & ZMQ_POLLIN) != 0) {
            break;
        }
        if ((items[1].revents & ZMQ_POLLIN) != 0 && !serve(&st)) {
            reconnect(&st);
        }
        publish_due(&st);
    }
    zsock_destroy(&st.api);
    zsock_destroy(&st.events);
    rg_arena_fini(&st.in);
    rg_arena_fini(&st.out);
}

void client_peer_start(struct client_peer *p)
{
    memset(&p->ledger, 0x5a, sizeof p->ledger);
    assert_int_equal(rg_sign_new(&p->node), RG_OK);
    assert_int_equal(rg_sign_new(&p->member), RG_OK);
    p->actor = zactor_new(act, p);
    assert_non_null(p->actor);
}

void client_peer_stop(struct client_peer *p)
{
    zactor_t *actor = p->actor;
    zactor_destroy(&actor);
    rg_sign_destroy(&p->node);
    rg_sign_destroy(&p->member);
}

struct rg_session *client_peer_session(struct client_peer *p)
{
    char api[64];
    char events[64];
    struct rg_session *s = NULL;
    (void)snprintf(api, sizeof api, "tcp://127.0.0.1:%u", p->api_port);
    (void)snprintf(events, sizeof events, "tcp://127.0.0.1:%u", p->events_port);
    const struct rg_session_config config = {
        .api = api,
        .events = events,
        .server_key = *rg_sign_curve_pubkey(p->node),
        .ledger = p->ledger,
        .member = 3,
        .key = p->member,
    };
    assert_int_equal(rg_session_open(&config, &s), RG_OK);
    return s;
}
