#include "base/failpoint.h"
#include "base/num.h"
#include "base/panic.h"
#include "node/agency/agency_priv.h"
#include "node/bus/socket.h"
#include "node/bus/zap.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define IDLE_MS 250u       /* the ZAP handler is looked at this often */
#define LINK_TURN_MAX 512u /* messages taken in one turn */
#define API_TURN_MAX 256u
#define HEALTH_MS 1000u              /* a status may come with every block */
#define FOLLOW_BUDGET (512u * 1024u) /* bytes of blocks in one turn: some milliseconds */
#define POLL_FIXED 3u                /* pipe, link, api */

static uint64_t clock_ms(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct rg_api_now now(void)
{
    return (struct rg_api_now){clock_ms(CLOCK_MONOTONIC), clock_ms(CLOCK_REALTIME)};
}

static void send_link(struct rg_agency *g, const struct rg_link_message *head, struct rg_bytes data,
                      struct rg_bytes extra)
{
    struct rg_link_message *m = NULL;
    if (rg_link_new(head, data, extra, &m) == RG_OK) {
        rg_link_send(g->link, &m);
    }
}

/* The thread cannot go on: tell the ledger thread, once, and serve nobody any more. */
static void fail(struct rg_agency *g, rg_err err, const char *where)
{
    char text[256];
    if (g->failed) {
        return;
    }
    g->failed = true;
    const int n = snprintf(text, sizeof text, "The agency side cannot go on (%s): %s.", where,
                           rg_err_text(err));
    const struct rg_link_message stop = {
        .kind = RG_LINK_STOP,
        .result = err == RG_ERR_IO || err == RG_ERR_DISK_FULL || err == RG_ERR_CORRUPT ? 74 : 70};
    send_link(g, &stop, (struct rg_bytes){(const uint8_t *)text, n > 0 ? (size_t)n : 0},
              (struct rg_bytes){0});
}

void rg_agency__send_package(void *ctx, const struct rg_submit_package *p)
{
    struct rg_agency *g = ctx;
    if (p->sub != NULL) {
        rg_keys_deliver(g->keys, p->sub); /* before the submission leaves */
    }
    const struct rg_link_message m = {
        .kind = RG_LINK_SUBMIT, .token = p->token, .entry_count = p->entry_count};
    send_link(g, &m, p->entries, p->private_bytes);
}

void rg_agency__send_peer(void *ctx, uint16_t peer, struct rg_bytes bytes)
{
    const struct rg_link_message m = {.kind = RG_LINK_PEER_SEND, .peer = peer};
    send_link(ctx, &m, bytes, (struct rg_bytes){0});
}

void rg_agency__send_client(void *ctx, const uint8_t *route, size_t route_len,
                            struct rg_bytes bytes)
{
    struct rg_agency *g = ctx;
    void *s = zsock_resolve(g->api_socket);
    /* ROUTER_MANDATORY and DONTWAIT: a client that is gone or does not read costs an error, no
     * wait. */
    if (zmq_send(s, route, route_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) == (int)route_len) {
        (void)zmq_send(s, bytes.data, bytes.len, ZMQ_DONTWAIT);
    }
}

void rg_agency__answer(void *ctx, const struct rg_submit_client *client,
                       const struct rg_answer *answer)
{
    struct rg_agency *g = ctx;
    rg_api_answer(g->api, client, answer);
}

rg_err rg_agency__find_alert(void *ctx, const struct rg_hash *id, struct rg_submit_alert *out)
{
    const struct rg_agency *g = ctx;
    struct rg_monitor_raised raised;
    const rg_err err = rg_monitor_find_raised(g->monitor, id, &raised);
    if (err == RG_OK) {
        *out = (struct rg_submit_alert){raised.case_no, raised.open, raised.acknowledged};
    }
    return err;
}

void rg_agency__alarm(void *ctx, const char *code, struct rg_bytes subject, const char *text)
{
    struct rg_agency *g = ctx;
    if (g->monitor != NULL) {
        rg_monitor_system_alert(g->monitor, code, subject, text);
    }
}

bool rg_agency__news(void *ctx, const struct rg_monitor_news *news)
{
    struct rg_agency *g = ctx;
    return rg_monitor_tell(g->monitor, news);
}

/* The network and this node as the ledger thread's status shows them. */
static void mind_health(struct rg_agency *g, const struct rg_link_status *s)
{
    const struct rg_api_now at = now();
    struct rg_health_seen seen = {.status = s, .mono_ms = at.mono_ms, .unix_ms = at.wall_ms};
    if (at.mono_ms < g->health_ms) {
        return;
    }
    g->health_ms = at.mono_ms + HEALTH_MS;
    if (rg_disk_free_bytes(g->vault_dir, &seen.disk_free) != RG_OK) {
        seen.disk_free = UINT64_MAX;
    }
    rg_health_step(g->health, &seen);
}

void rg_agency__digests(void *ctx, uint16_t peer, const struct rg_peer_message *m)
{
    struct rg_agency *g = ctx;
    if (g->monitor != NULL) {
        rg_monitor_on_digests(g->monitor, peer, m);
    }
}

void rg_agency__kill_zap(void *ctx)
{
    struct rg_agency *g = ctx;
    rg_zap_kill_for_test(g->c.zap);
}

const char *rg_agency__fit(void *ctx, const struct rg_ballot *b, uint32_t *out_code)
{
    struct rg_agency *g = ctx;
    return rg_api_fit(g->api, b, out_code);
}

/* One message of the ledger thread. */
static rg_err handle(struct rg_agency *g, const struct rg_link_message *m, uint64_t mono_ms)
{
    struct rg_link_status status;
    switch (m->kind) {
    case RG_LINK_OWN_RECORD:
        RG_FAILPOINT("agency.restore");
        return rg_pending_restore(g->pending, m->sequence, m->extra);
    case RG_LINK_START:
        g->started = true;
        g->chain_height = m->height;
        break;
    case RG_LINK_CHAIN:
        g->chain_height = rg_num_max(g->chain_height, m->height);
        break;
    case RG_LINK_TAKEN:
        RG_FAILPOINT("agency.taken");
        rg_submit_on_taken(g->submit, m->token, m->sequence, &m->hash, mono_ms);
        break;
    case RG_LINK_OWN_FINAL:
        RG_FAILPOINT("agency.final");
        rg_api_on_height(g->api, m->height);
        rg_submit_on_final(g->submit, m->token, m->height, m->result, &m->hash);
        break;
    case RG_LINK_PEER_MESSAGE:
        RG_FAILPOINT("agency.key");
        return rg_keys_on_message(g->keys, m->peer, m->data);
    case RG_LINK_PEER_UP:
        rg_keys_on_peer_up(g->keys, m->peer, mono_ms);
        rg_monitor_on_peer_up(g->monitor, m->peer);
        break;
    case RG_LINK_STATUS:
        if (m->data.len == sizeof status) {
            memcpy(&status, m->data.data, sizeof status);
            rg_api_on_status(g->api, &status);
            rg_submit_on_status(g->submit, status.core.height);
            mind_health(g, &status);
        }
        break;
    case RG_LINK_ALARM:
        rg_monitor_system_alert(
            g->monitor, "ledger", m->data,
            (const char *)(m->data.len > 0 ? m->data.data : (const uint8_t *)""));
        break;
    case RG_LINK_NONE:
    case RG_LINK_SUBMIT:
    case RG_LINK_FOLLOWED:
    case RG_LINK_PEER_SEND:
    case RG_LINK_STOP:
        break; /* not for this side */
    }
    return RG_OK;
}

static void take_link(struct rg_agency *g, uint64_t mono_ms)
{
    struct rg_link_message *m = NULL;
    for (unsigned i = 0; i < LINK_TURN_MAX && (m = rg_link_receive(g->link)) != NULL; i++) {
        if (g->failed || g->err != RG_OK) {
            rg_link_destroy(&m);
            continue;
        }
        char text[512];
        struct rg_link_message copy = *m;
        if (m->kind == RG_LINK_ALARM) { /* its text has no NUL */
            (void)snprintf(text, sizeof text, "%.*s", (int)rg_num_min(m->data.len, sizeof text - 1),
                           m->data.len > 0 ? (const char *)m->data.data : "");
            copy.data = (struct rg_bytes){(const uint8_t *)text, strlen(text)};
        }
        const rg_err err = handle(g, &copy, mono_ms);
        if (err != RG_OK) {
            fail(g, err,
                 m->kind == RG_LINK_OWN_RECORD ? "own submissions of the journal" : "case keys");
        }
        rg_link_destroy(&m);
    }
}

/* Read one request: exactly a route and a body. False: there was none. */
static bool receive(struct rg_agency *g, zmq_msg_t *body, struct rg_submit_client *client)
{
    void *s = zsock_resolve(g->api_socket);
    zmq_msg_t route;
    (void)zmq_msg_init(&route);
    if (zmq_msg_recv(&route, s, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&route);
        return false;
    }
    client->route_len = 0;
    bool more = zmq_msg_more(&route) != 0;
    if (more && zmq_msg_size(&route) <= sizeof client->route &&
        zmq_msg_recv(body, s, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more(body) != 0;
        if (!more) {
            client->route_len = zmq_msg_size(&route);
            memcpy(client->route, zmq_msg_data(&route), client->route_len);
        }
    }
    while (more) { /* too many frames: drop them all */
        client->route_len = 0;
        if (zmq_msg_recv(&route, s, ZMQ_DONTWAIT) < 0) {
            break;
        }
        more = zmq_msg_more(&route) != 0;
    }
    (void)zmq_msg_close(&route);
    return true;
}

static void take_api(struct rg_agency *g)
{
    for (unsigned i = 0; i < API_TURN_MAX && !g->failed; i++) {
        struct rg_submit_client client = {0};
        zmq_msg_t body;
        (void)zmq_msg_init(&body);
        if (!receive(g, &body, &client)) {
            (void)zmq_msg_close(&body);
            return;
        }
        client.principal =
            client.route_len > 0
                ? rg_zap_principal_of(g->c.zap, RG_ZAP_API, zmq_msg_gets(&body, "User-Id"))
                : UINT32_MAX;
        if (client.principal < g->c.genesis->principal_count) {
            const struct rg_bytes frame = {zmq_msg_data(&body), zmq_msg_size(&body)};
            const rg_err err = rg_api_on_frame(g->api, &client, frame, now());
            if (err != RG_OK) {
                fail(g, err, "a request");
            }
        }
        (void)zmq_msg_close(&body);
    }
}

/* Ballots were followed: what is published now is judged by from its height on, and what members
 * hand in is checked by what will be in force for it. */
static rg_err follow_versions(struct rg_agency *g)
{
    size_t count = 0;
    const uint64_t ballots = rg_follow_ballots(g->follow);
    if (ballots != g->told_ballots) {
        const rg_err err = rg_versions_refresh(g->versions);
        if (err != RG_OK) {
            return err;
        }
        g->told_ballots = ballots;
        const struct rg_monitor_version *list = rg_versions_list(g->versions, &count);
        rg_monitor_set_versions(g->monitor, list, count);
        rg_versions_tell(g->versions, rg_agency__alarm, g);
    }
    const uint64_t height = rg_vault_get_meta(g->vault)->height;
    const struct rg_definition *next = rg_versions_after(g->versions, height)->definition;
    if (next != g->checked_by) {
        g->checked_by = next;
        rg_submit_set_definition(g->submit, next);
    }
    return RG_OK;
}

/* Follow a bounded part of the chain, store keys, and tell whom it concerns. */
static void advance(struct rg_agency *g, uint64_t mono_ms)
{
    bool fed = false;
    bool more = false;
    const struct rg_vault_meta *meta = rg_vault_get_meta(g->vault);
    rg_err err = rg_keys_flush(g->keys, &fed);
    if (err == RG_OK && meta->height < g->chain_height) {
        err = rg_follow_step(g->follow, g->chain_height, FOLLOW_BUDGET, &more);
    }
    if (err == RG_OK && more) {
        err = follow_versions(g);
    }
    if (err == RG_OK && more) {
        err = rg_submit_on_followed(g->submit);
    }
    if (err == RG_OK) {
        err = rg_keys_tick(g->keys, mono_ms);
    }
    if (err == RG_OK) {
        err = rg_submit_pack(g->submit, mono_ms);
    }
    if (err != RG_OK) {
        fail(g, err, "vault or chain");
        return;
    }
    if (meta->height != g->told_followed) {
        const struct rg_link_message m = {.kind = RG_LINK_FOLLOWED, .height = meta->height};
        send_link(g, &m, (struct rg_bytes){0}, (struct rg_bytes){0});
    }
    if (meta->height != g->told_followed || meta->feed_tip != g->told_feed || fed) {
        g->told_followed = meta->height;
        g->told_feed = meta->feed_tip;
        rg_monitor_on_feed(g->monitor, meta->height, meta->time_ms);
    }
}

/* Without a handler nobody may come in: listen no longer than it lives. */
static void mind_zap(struct rg_agency *g)
{
    const bool alive = rg_zap_is_alive(g->c.zap);
    uint16_t port = 0;
    if (g->listening && !alive) {
        RG_IGNORE(rg_socket_unbind(g->api_socket, g->host, g->api_port), "it was bound");
        g->listening = false;
    } else if (!g->listening && alive) {
        g->listening = rg_socket_bind(g->api_socket, g->host, g->api_port, &port) == RG_OK;
    }
}

static long poll_timeout(const struct rg_agency *g, uint64_t mono_ms)
{
    if (!g->started || g->failed) {
        return IDLE_MS;
    }
    if (rg_vault_get_meta(g->vault)->height < g->chain_height) {
        return 0;
    }
    const uint64_t next =
        rg_num_min(rg_monitor_deadline(g->monitor), rg_submit_deadline(g->submit));
    const uint64_t left = next > mono_ms ? next - mono_ms : 0;
    return (long)rg_num_min(left, IDLE_MS);
}

/* One turn: wait, then do a bounded piece of everything. */
static void turn(struct rg_agency *g)
{
    zmq_pollitem_t items[POLL_FIXED + RG_MONITOR_POLL_MAX] = {
        {.socket = zsock_resolve(g->pipe), .events = ZMQ_POLLIN},
        {.socket = zsock_resolve(g->link), .events = ZMQ_POLLIN},
    };
    const bool serving = g->started && !g->failed;
    size_t count = 2;
    size_t own = 2;
    if (serving) {
        items[count++] =
            (zmq_pollitem_t){.socket = zsock_resolve(g->api_socket), .events = ZMQ_POLLIN};
        own = count;
        count += rg_monitor_pollfds(g->monitor, items + count);
    }
    const struct rg_api_now before = now();
    (void)zmq_poll(items, (int)count, poll_timeout(g, before.mono_ms));
    if ((items[0].revents & ZMQ_POLLIN) != 0) {
        char *command = zstr_recv_nowait(g->pipe);
        g->stopping = command == NULL || strcmp(command, "$TERM") == 0;
        zstr_free(&command);
    }
    const struct rg_api_now after = now();
    take_link(g, after.mono_ms);
    if (!serving || g->failed) {
        return;
    }
    mind_zap(g);
    take_api(g);
    if (!g->failed) {
        advance(g, after.mono_ms);
    }
    if (!g->failed) {
        const rg_err err = rg_api_step(g->api, after);
        if (err != RG_OK) {
            fail(g, err, "a request");
        }
    }
    if (!g->failed) {
        const rg_err err = rg_monitor_step(g->monitor, items + own, count - own, after.mono_ms);
        if (err != RG_OK) {
            fail(g, err, "alerts");
        }
    }
}

void rg_agency__run(struct rg_agency *g)
{
    while (!g->stopping) {
        turn(g);
    }
}
