#include "node/loop.h"
#include "base/bytes.h"
#include "base/failpoint.h"
#include "base/num.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "crypto/verify.h"
#include "node/loop_priv.h"
#include "proto/peer_codec.h"
#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LINK_TURN 64 /* messages of the agency side taken in a turn */
#define STATUS_LEAST_MS 100
#define STATUS_MOST_MS 1000
#define SEAL_AFTER_MS 2000
#define BIND_AGAIN_MS 200
#define ENTRIES_MAX RG_SUBMISSION_ENTRIES_MAX

/* Poll items: the fixed ones, then the peers' sockets, so that those can be left out. */
enum {
    ITEM_SIGNAL,
    ITEM_LINK,
    ITEM_ARCHIVE,
    ITEM_FIXED
};

static uint64_t clock_ms(clockid_t which)
{
    struct timespec ts = {0};
    RG_ASSERT(clock_gettime(which, &ts) == 0);
    return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

struct rg_core_time rg_loop__now(void)
{
    return (struct rg_core_time){.mono_ms = clock_ms(CLOCK_MONOTONIC),
                                 .wall_ms = clock_ms(CLOCK_REALTIME)};
}

void rg_loop__fail(struct rg_loop *l, int exit_code, const char *what, const char *why)
{
    if (!l->done) {
        l->done = true;
        l->exit_code = exit_code;
        rg_log(RG_LOG_ERROR, what, RG_LOG_TEXT("reason", why),
               RG_LOG_NUMBER("exit", (uint64_t)exit_code));
    }
}

void rg_loop__tell(struct rg_loop *l, const struct rg_link_message *head, struct rg_bytes data)
{
    struct rg_link_message *m = NULL;
    if (l->link == NULL) {
        return;
    }
    if (rg_link_new(head, data, (struct rg_bytes){.len = 0}, &m) != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "a message to the agency side");
        return;
    }
    rg_link_send(l->link, &m);
}

/* ---- making ---- */

static void sign_with(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    rg_sign(ctx, digest, out);
}

static bool verify_with(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                        const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

static rg_err make_core(struct rg_loop *l)
{
    union {
        const struct rg_sign *in;
        void *out; /* the signing callback takes its context without const */
    } key = {.in = l->key};
    struct rg_core_config c = {
        .genesis = &l->config->genesis,
        .principal = l->config->principal,
        .relay = l->config->relay,
        .sign = sign_with,
        .sign_ctx = key.out,
        .verify = verify_with,
        .journal_bytes = RG_JOURNAL_SIZE_DEFAULT,
    };
    rg_rand(c.instance.b, sizeof c.instance.b);
    return rg_core_new(&c, &l->core);
}

static rg_err make_peers(struct rg_loop *l, char why[RG_LOOP_WHY_MAX])
{
    char text[RG_SOCKET_WHY_MAX];
    const struct rg_peers_config c = {
        .genesis = &l->config->genesis,
        .zap = l->zap,
        .own = l->key,
        .listen = l->config->listen,
        .peers = l->config->peers,
        .peer_count = l->config->peer_count,
        .cluster = l->config->cluster,
    };
    const rg_err err = rg_peers_new(&c, &l->peers, text);
    if (err != RG_OK) {
        (void)snprintf(why, RG_LOOP_WHY_MAX, "%s", text);
    }
    return err;
}

rg_err rg_loop_new(const struct rg_loop_config *c, struct rg_loop **out, int *out_exit,
                   char why[RG_LOOP_WHY_MAX])
{
    why[0] = '\0';
    *out_exit = RG_LOOP_EXIT_INTERNAL;
    struct rg_loop *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return RG_ERR_NOMEM;
    }
    l->config = c->config;
    l->key = c->key;
    l->zap = c->zap;
    l->chain = c->chain;
    l->test_hooks = c->test_hooks;
    l->deadline_ms = UINT64_MAX;
    l->zap_alive = true;
    rg_err err = rg_arena_init(&l->arena, RG_PEER_CODEC_ARENA);
    if (err == RG_OK) {
        err = make_core(l);
    }
    if (err == RG_OK) {
        err = rg_loop_start__recover(l, out_exit, why);
    }
    if (err == RG_OK) {
        err = rg_archive_start(l->chain, &l->archive);
    }
    if (err == RG_OK) {
        err = make_peers(l, why);
    }
    if (err != RG_OK) {
        if (why[0] == '\0') {
            (void)snprintf(why, RG_LOOP_WHY_MAX, "the node cannot be made: %s", rg_err_text(err));
        }
        rg_loop_destroy(&l);
        return err;
    }
    *out = l;
    return RG_OK;
}

void rg_loop_destroy(struct rg_loop **l_p)
{
    if (l_p == NULL || *l_p == NULL) {
        return;
    }
    struct rg_loop *l = *l_p;
    rg_loop_act__drop(l);
    rg_peers_destroy(&l->peers);
    rg_archive_stop(&l->archive);
    rg_journal_close(&l->journal);
    rg_core_destroy(&l->core);
    rg_arena_fini(&l->arena);
    free(l->wait);
    free(l);
    *l_p = NULL;
}

/* ---- beginning ---- */

static void tell_own(void *ctx, uint64_t sequence, struct rg_bytes submission,
                     struct rg_bytes private_bytes)
{
    struct rg_loop *l = ctx;
    struct rg_link_message *m = NULL;
    const struct rg_link_message head = {.kind = RG_LINK_OWN_RECORD, .sequence = sequence};
    if (rg_link_new(&head, submission, private_bytes, &m) != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "own records");
        return;
    }
    rg_link_send(l->link, &m);
}

rg_err rg_loop_begin(struct rg_loop *l, struct _zsock_t *link, char why[RG_LOOP_WHY_MAX])
{
    char text[RG_SOCKET_WHY_MAX];
    l->link = link;
    rg_core_each_own(l->core, tell_own, l);
    const struct rg_link_message head = {.kind = RG_LINK_START, .height = l->tip_height};
    rg_loop__tell(l, &head, (struct rg_bytes){.len = 0});
    rg_loop_cut__read(l);
    const rg_err err = rg_peers_bind(l->peers, text);
    if (err != RG_OK) {
        (void)snprintf(why, RG_LOOP_WHY_MAX, "%s", text);
        return err;
    }
    const struct rg_core_time now = rg_loop__now();
    l->start_ms = now.mono_ms;
    RG_FAILPOINT("start.core");
    const struct rg_core_actions actions = rg_core_start(l->core, l->had_records, now);
    rg_loop_act__perform(l, &actions);
    RG_FAILPOINT("start.performed");
    rg_loop_act__release(l);
    RG_FAILPOINT("start.released");
    return RG_OK;
}

/* ---- what comes in ---- */

static void on_peer(void *ctx, uint16_t peer, bool gossip, struct rg_bytes bytes)
{
    struct rg_loop *l = ctx;
    if (l->done) {
        return;
    }
    const struct rg_core_actions actions =
        rg_core_on_message(l->core, peer, gossip, bytes, rg_loop__now());
    rg_loop_act__perform(l, &actions);
}

static void on_submit(struct rg_loop *l, const struct rg_link_message *m)
{
    static struct rg_bytes entries[ENTRIES_MAX];
    struct rg_reader r = rg_bytes_reader(m->data);
    RG_ASSERT(m->entry_count <= ENTRIES_MAX);
    for (uint32_t i = 0; i < m->entry_count; i++) {
        entries[i] = rg_bytes_get_sized(&r, RG_BALLOT_MAX);
    }
    RG_ASSERT(rg_bytes_done(&r));
    const struct rg_core_submit s = {
        .token = m->token,
        .entries = entries,
        .count = m->entry_count,
        .private_bytes = m->extra,
    };
    RG_FAILPOINT("ledger.submit");
    const struct rg_core_actions actions = rg_core_on_submit(l->core, &s, rg_loop__now());
    rg_loop_act__perform(l, &actions);
}

static void on_peer_send(struct rg_loop *l, const struct rg_link_message *m)
{
    const struct rg_core_action send = {.kind = RG_CORE_SEND, .peer = m->peer, .bytes = m->data};
    const struct rg_core_actions actions = {.list = &send, .count = 1};
    rg_loop_act__perform(l, &actions);
}

static void on_link(struct rg_loop *l, const struct rg_link_message *m)
{
    struct rg_core_actions actions;
    char text[RG_LOOP_WHY_MAX];
    switch (m->kind) {
    case RG_LINK_SUBMIT:
        on_submit(l, m);
        break;
    case RG_LINK_FOLLOWED:
        RG_FAILPOINT("ledger.followed");
        actions = rg_core_on_followed(l->core, m->height, rg_loop__now());
        rg_loop_act__perform(l, &actions);
        break;
    case RG_LINK_PEER_SEND:
        on_peer_send(l, m);
        break;
    case RG_LINK_STOP:
        (void)snprintf(text, sizeof text, "%.*s", (int)rg_num_min(m->data.len, 500),
                       m->data.len > 0 ? (const char *)m->data.data : "");
        rg_loop__fail(l, m->result != 0 ? m->result : RG_LOOP_EXIT_INTERNAL,
                      "the agency side has ended", text);
        break;
    case RG_LINK_NONE:
    case RG_LINK_OWN_RECORD:
    case RG_LINK_START:
    case RG_LINK_TAKEN:
    case RG_LINK_OWN_FINAL:
    case RG_LINK_CHAIN:
    case RG_LINK_PEER_MESSAGE:
    case RG_LINK_PEER_UP:
    case RG_LINK_STATUS:
    case RG_LINK_ALARM:
        break; /* these go the other way */
    }
}

static void take_link(struct rg_loop *l)
{
    for (int i = 0; i < LINK_TURN && !l->done; i++) {
        struct rg_link_message *m = rg_link_receive(l->link);
        if (m == NULL) {
            return;
        }
        on_link(l, m);
        rg_link_destroy(&m);
    }
}

static void take_archive(struct rg_loop *l)
{
    struct rg_archive_report report;
    while (!l->done && rg_archive_next_report(l->archive, &report)) {
        if (report.err != RG_OK) {
            rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the chain cannot be written",
                          rg_err_text(report.err));
            return;
        }
        RG_FAILPOINT("ledger.archived");
        const struct rg_core_actions actions =
            rg_core_on_archived(l->core, report.height, rg_loop__now());
        rg_loop_act__perform(l, &actions);
        const struct rg_link_message head = {
            .kind = RG_LINK_CHAIN, .height = report.height, .time_ms = report.time_ms};
        rg_loop__tell(l, &head, (struct rg_bytes){.len = 0});
    }
}

static void take_signals(struct rg_loop *l, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            rg_loop_cut__read(l);
            continue;
        }
        if (info.ssi_signo == SIGUSR1) {
            if (l->test_hooks) {
                rg_log_text(RG_LOG_WARNING, "test hook: the ZAP handler is killed");
                rg_zap_kill_for_test(l->zap);
            }
            continue;
        }
        rg_log(RG_LOG_INFO, "stopping", RG_LOG_NUMBER("signal", info.ssi_signo));
        l->done = true;
    }
}

/* ---- the ZAP handler's life ---- */

static void log_refusals(struct rg_loop *l)
{
    struct rg_zap_refusal r;
    while (rg_zap_next_refusal(l->zap, &r)) {
        rg_log(RG_LOG_WARNING, "a connection was refused",
               RG_LOG_TEXT("domain", rg_zap_domain_text(r.domain)),
               RG_LOG_TEXT("address", r.address), RG_LOG_TEXT("mechanism", r.mechanism),
               RG_LOG_TEXT("key", r.key), RG_LOG_NUMBER("suppressed", r.suppressed));
    }
}

static void watch_zap(struct rg_loop *l, uint64_t now)
{
    char why[RG_SOCKET_WHY_MAX];
    const bool alive = rg_zap_check(l->zap);
    log_refusals(l);
    if (!alive && l->zap_alive) {
        static const char text[] =
            "the ZAP handler does not answer: nobody can be let in, listeners "
            "are closed; restart reigend";
        rg_peers_unbind(l->peers);
        rg_log_text(RG_LOG_ERROR, text);
        const struct rg_link_message head = {.kind = RG_LINK_ALARM};
        rg_loop__tell(l, &head, rg_bytes_str(text));
    }
    l->zap_alive = alive;
    if (alive && !rg_peers_is_bound(l->peers) && now >= l->bind_try_ms) {
        l->bind_try_ms = now + BIND_AGAIN_MS;
        if (rg_peers_bind(l->peers, why) == RG_OK) {
            rg_log_text(RG_LOG_WARNING, "the ZAP handler answers again: listening");
        }
    }
}

/* ---- status ---- */

static void tell_peers_up(struct rg_loop *l, const struct rg_core_status *s, uint64_t now)
{
    const struct rg_parameters *p = &l->config->genesis.parameters;
    const uint64_t silence = rg_num_max(p->skip_ms, 3 * p->status_ms);
    for (uint16_t i = 0; i < s->node_count; i++) {
        const bool up = s->peer[i].heard_ever && now < s->peer[i].heard_mono_ms + silence;
        if (up && !l->peer_up[i] && i != l->config->place) {
            const struct rg_link_message head = {.kind = RG_LINK_PEER_UP, .peer = i};
            rg_loop__tell(l, &head, (struct rg_bytes){.len = 0});
        }
        l->peer_up[i] = up;
    }
}

static void tell_status(struct rg_loop *l, uint64_t now)
{
    const uint64_t since = now - l->status_ms;
    if (!l->status_now &&
        (since < STATUS_LEAST_MS || (since < STATUS_MOST_MS && !l->status_dirty))) {
        return;
    }
    static struct rg_link_status s;
    memset(&s, 0, sizeof s);
    rg_core_get_status(l->core, &s.core);
    s.mono_ms = now;
    s.start_mono_ms = l->start_ms;
    s.frames = rg_peers_get_counts(l->peers).frames;
    s.refused = rg_zap_get_counts(l->zap).refused;
    rg_loop_cut__tell(l, &s);
    const struct rg_link_message head = {.kind = RG_LINK_STATUS};
    rg_loop__tell(l, &head, (struct rg_bytes){.data = (const uint8_t *)&s, .len = sizeof s});
    tell_peers_up(l, &s.core, now);
    l->status_ms = now;
    l->status_dirty = false;
    l->status_now = false;
}

/* In quiet moments mark that all was durable, so that later damage is told from a torn tail. */
static void seal_when_idle(struct rg_loop *l, uint64_t now)
{
    if (l->done || l->sealed || l->appended || now < l->last_append_ms + SEAL_AFTER_MS) {
        return;
    }
    const rg_err err = rg_journal_seal(l->journal);
    if (err != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the journal cannot be sealed", rg_err_text(err));
    }
    l->sealed = true;
}

/* ---- turns ---- */

static long until(const struct rg_loop *l, uint64_t now)
{
    uint64_t next = rg_num_min(l->deadline_ms, l->zap_check_ms);
    next = rg_num_min(next, l->status_ms + (l->status_dirty ? STATUS_LEAST_MS : STATUS_MOST_MS));
    return next > now ? (long)rg_num_min(next - now, STATUS_MOST_MS) : 0;
}

static void turn(struct rg_loop *l, const bool *ready)
{
    const bool full = rg_archive_is_full(l->archive);
    if (full != l->was_full) {
        l->was_full = full;
        rg_log_text(RG_LOG_WARNING, full ? "the archive is behind: peers have to wait"
                                         : "the archive has caught up");
    }
    take_archive(l);
    take_link(l);
    if (!full && !l->done) {
        (void)rg_peers_receive(l->peers, ready, on_peer, l);
    }
    const struct rg_core_time now = rg_loop__now();
    if (!l->done && now.mono_ms >= l->deadline_ms) {
        l->deadline_ms = UINT64_MAX;
        const struct rg_core_actions actions = rg_core_on_tick(l->core, now);
        rg_loop_act__perform(l, &actions);
    }
    rg_loop_act__release(l);
    if (now.mono_ms >= l->zap_check_ms) {
        watch_zap(l, now.mono_ms);
        l->zap_check_ms = now.mono_ms + RG_ZAP_CHECK_MS;
    }
    tell_status(l, now.mono_ms);
    seal_when_idle(l, now.mono_ms);
}

int rg_loop_run(struct rg_loop *l, int signal_fd)
{
    void *sockets[RG_PEERS_SOCKETS_MAX];
    bool ready[RG_PEERS_SOCKETS_MAX];
    static zmq_pollitem_t items[ITEM_FIXED + RG_PEERS_SOCKETS_MAX];
    const size_t count = rg_peers_sockets(l->peers, sockets, RG_PEERS_SOCKETS_MAX);
    items[ITEM_SIGNAL] = (zmq_pollitem_t){.fd = signal_fd, .events = ZMQ_POLLIN};
    items[ITEM_LINK] = (zmq_pollitem_t){.socket = zsock_resolve(l->link), .events = ZMQ_POLLIN};
    items[ITEM_ARCHIVE] = (zmq_pollitem_t){.socket = zsock_resolve(rg_archive_socket(l->archive)),
                                           .events = ZMQ_POLLIN};
    for (size_t i = 0; i < count; i++) {
        items[ITEM_FIXED + i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
    }
    while (!l->done) {
        const size_t polled = ITEM_FIXED + (rg_archive_is_full(l->archive) ? 0 : count);
        const uint64_t now = rg_loop__now().mono_ms;
        if (zmq_poll(items, (int)polled, until(l, now)) < 0 && zmq_errno() != EINTR) {
            rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "cannot wait for messages",
                          zmq_strerror(zmq_errno()));
            break;
        }
        if ((items[ITEM_SIGNAL].revents & ZMQ_POLLIN) != 0) {
            take_signals(l, signal_fd);
        }
        for (size_t i = 0; i < count; i++) {
            ready[i] = (items[ITEM_FIXED + i].revents & ZMQ_POLLIN) != 0;
        }
        turn(l, ready);
    }
    return l->exit_code;
}
