#include "node/monitor/monitor.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/num.h"
#include "ledger/genesis.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/backlog.h"
#include "node/monitor/casestate.h"
#include "node/monitor/compare.h"
#include "node/monitor/conform.h"
#include "node/monitor/duties.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/events.h"
#include "node/monitor/monitor_priv.h"
#include "node/monitor/ruleshost.h"
#include "rules/definition.h"
#include "rules/hostmsg.h"

#define HEARTBEAT_MS 1000
#define WATCH_MS 200       /* how often the ZAP handler is looked at */
#define STORE_PAUSE_MS 500 /* after a full disk */
#define NEWS_MAX 8         /* of the rules host, in one step */
#define DEATHS_MAX 3       /* of one message: then it is taken apart */
#define KILLS_MAX 32       /* the same when somebody else may have ended the host */
#define DEATHS_TOLD 100    /* system alerts at most one a minute from then on */
#define CANNOT_LOAD 78     /* exit code of reigen-rules */

static rg_err open_store(struct rg_monitor *m, char *why, size_t why_cap)
{
    const rg_err e = rg_alertstore_open(m->config.data_dir, &m->config.genesis->ledger_id, &m->kv);
    if (e == RG_ERR_INVALID) {
        (void)snprintf(why, why_cap, "alerts store %s belongs to another ledger",
                       m->config.data_dir);
    } else if (e == RG_ERR_VERSION) {
        (void)snprintf(why, why_cap,
                       "alerts store %s is of another version of this program (format %d is "
                       "wanted); move it away, and it is made anew from the ledger",
                       m->config.data_dir, RG_ALERTSTORE_FORMAT);
    } else if (e != RG_OK) {
        (void)snprintf(why, why_cap, "alerts store %s: %s", m->config.data_dir, rg_err_text(e));
    }
    return e;
}

static rg_err open_parts(struct rg_monitor *m)
{
    const struct rg_monitor_config *c = &m->config;
    const struct rg_alertlog_config lc = {
        .genesis = c->genesis,
        .principal = c->principal,
        .definition = c->definition,
        .first_version = c->definition->version,
        .vault_key = c->vault_key,
        .feed = c->feed,
        .events = m->events,
        .kv = m->kv,
        .chain = c->chain,
    };
    rg_err e = rg_casestate_cache_create(m->kv, &c->genesis->ledger_id, &m->cases);
    e = e == RG_OK ? rg_alertlog_open(&lc, &m->log) : e;
    const bool module = c->rules_module != NULL && c->rules_module[0] != '\0';
    e = e == RG_OK ? rg_backlog_create(m->kv, m->log, &m->backlog) : e;
    const struct rg_evaluate_config ec = {c->genesis, c->definition, c->feed,    c->chain,  m->kv,
                                          m->cases,   m->log,        m->backlog, m->events, module};
    e = e == RG_OK ? rg_evaluate_open(&ec, &m->evaluate) : e;
    if (e == RG_OK) {
        rg_evaluate_set_versions(m->evaluate, m->versions, m->version_count);
    }
    e = e == RG_OK ? rg_duties_create(c->feed, m->cases, &m->duties) : e;
    const struct rg_compare_config pc = {c->genesis, c->principal, m->kv,
                                         m->log,     c->send,      c->send_ctx};
    e = e == RG_OK ? rg_compare_create(&pc, &m->compare) : e;
    const struct rg_conform_config cc = {c->genesis, c->feed, c->rules_program};
    e = e == RG_OK ? rg_conform_create(&cc, &m->conform) : e;
    return e == RG_OK ? rg_monitor__load(m) : e;
}

rg_err rg_monitor_open(const struct rg_monitor_config *c, struct rg_monitor **out, char *why,
                       size_t why_cap)
{
    if (access(c->rules_program, X_OK) != 0) {
        (void)snprintf(why, why_cap, "rules host %s: no such program", c->rules_program);
        return RG_ERR_NOT_FOUND;
    }
    struct rg_monitor *m = calloc(1, sizeof *m);
    if (m == NULL) {
        (void)snprintf(why, why_cap, "out of memory");
        return RG_ERR_NOMEM;
    }
    m->config = *c;
    m->first = (struct rg_monitor_version){
        .yaml = {c->genesis->definition, c->genesis->definition_len}, .definition = c->definition};
    m->versions = c->versions != NULL ? c->versions : &m->first;
    m->version_count = c->versions != NULL ? c->version_count : 1;
    rg_err e = open_store(m, why, why_cap);
    if (e == RG_OK) {
        const struct rg_events_config ec = {.host = c->host,
                                            .port = c->events_port,
                                            .zap = c->zap,
                                            .process = c->definition->process,
                                            .key = c->key,
                                            .cluster = c->cluster,
                                            .kv = m->kv};
        e = rg_events_open(&ec, &m->events, why, why_cap);
    }
    if (e == RG_OK) {
        e = open_parts(m);
        if (e != RG_OK) {
            (void)snprintf(why, why_cap,
                           "alerts store %s does not fit the vault or cannot be read: %s",
                           c->data_dir, rg_err_text(e));
        }
    }
    if (e != RG_OK) {
        rg_monitor_close(&m);
        return e;
    }
    *out = m;
    return RG_OK;
}

void rg_monitor_close(struct rg_monitor **m_p)
{
    struct rg_monitor *m = *m_p;
    if (m == NULL) {
        return;
    }
    if (m->evaluate != NULL) {
        RG_IGNORE(rg_evaluate_flush(m->evaluate), "what is not written is judged again");
    }
    rg_duties_destroy(&m->duties);
    rg_conform_destroy(&m->conform);
    rg_compare_destroy(&m->compare);
    rg_ruleshost_destroy(&m->host);
    rg_evaluate_close(&m->evaluate);
    rg_backlog_destroy(&m->backlog);
    rg_alertlog_close(&m->log);
    rg_casestate_cache_destroy(&m->cases);
    rg_events_close(&m->events);
    rg_kv_close(&m->kv);
    rg_monitor__blocks_fini(m);
    free(m);
    *m_p = NULL;
}

uint16_t rg_monitor_events_port(const struct rg_monitor *m)
{
    return rg_events_port(m->events);
}

static size_t add_poll(zmq_pollitem_t *out, size_t n, int fd, short events)
{
    if (fd < 0) {
        return n;
    }
    int want = (events & POLLIN) != 0 ? ZMQ_POLLIN : 0;
    want |= (events & POLLOUT) != 0 ? ZMQ_POLLOUT : 0;
    out[n] = (zmq_pollitem_t){.fd = fd, .events = (short)want};
    return n + 1;
}

size_t rg_monitor_pollfds(struct rg_monitor *m, zmq_pollitem_t out[static RG_MONITOR_POLL_MAX])
{
    short events = 0;
    out[0] = (zmq_pollitem_t){.socket = rg_events_socket(m->events), .events = ZMQ_POLLIN};
    int fd = rg_ruleshost_fd(m->host, &events);
    size_t n = add_poll(out, 1, fd, events);
    fd = rg_conform_fd(m->conform, &events);
    return add_poll(out, n, fd, events);
}

static uint64_t after(const struct rg_monitor *m, int wait_ms)
{
    return wait_ms < 0 ? UINT64_MAX : m->now_ms + (uint64_t)wait_ms;
}

uint64_t rg_monitor_deadline(const struct rg_monitor *m)
{
    const bool work = rg_duties_waiting(m->duties) || rg_evaluate_wants(m->evaluate);
    const bool stored = m->store_at_ms <= m->now_ms;
    uint64_t at = rg_num_min(m->heartbeat_ms, m->now_ms + WATCH_MS);
    const bool open = m->opened || m->loaded == 0;
    if (!m->refused && stored && work && open && rg_ruleshost_idle(m->host)) {
        return 0;
    }
    if (m->block_next <= m->block_last && m->block_known) {
        return 0;
    }
    at = rg_num_min(at, stored ? rg_evaluate_ripe_at(m->evaluate) : m->store_at_ms);
    at = rg_num_min(at, after(m, rg_ruleshost_wait_ms(m->host, m->now_ms)));
    return rg_num_min(at, after(m, rg_conform_wait_ms(m->conform, m->now_ms)));
}

/* A store that is full for the moment is tried again; anything else ends the node. */
static rg_err store_result(struct rg_monitor *m, rg_err e)
{
    if (e == RG_ERR_DISK_FULL || e == RG_ERR_FULL || e == RG_ERR_BUSY) {
        m->store_at_ms = m->now_ms + STORE_PAUSE_MS;
        return RG_OK;
    }
    return e;
}

static void heartbeat(struct rg_monitor *m)
{
    if (m->now_ms < m->heartbeat_ms) {
        return;
    }
    m->heartbeat_ms = m->now_ms + HEARTBEAT_MS;
    char *json = rg_cloudevent_heartbeat(rg_alertlog_last(m->log), rg_evaluate_height(m->evaluate));
    rg_events_publish(m->events, RG_EVENTS_HEARTBEAT, json);
    free(json);
}

static void tell_death(struct rg_monitor *m, const struct rg_ruleshost_death *d)
{
    char text[160];
    uint8_t subject[16];
    m->deaths++;
    if (m->deaths > DEATHS_TOLD && m->now_ms < m->death_told_ms + 60000) {
        return;
    }
    m->death_told_ms = m->now_ms;
    switch (d->end) {
    case RG_RULESHOST_EXIT:
        (void)snprintf(text, sizeof text,
                       d->detail == CANNOT_LOAD
                           ? "The rules host cannot load its module (code %d); see the node's log."
                           : "The rules host ended with code %d; it is started again.",
                       d->detail);
        break;
    case RG_RULESHOST_SIGNAL:
        (void)snprintf(text, sizeof text,
                       d->detail == SIGSYS
                           ? "The rules host tried what it may not do and was ended (signal %d); "
                             "it is started again."
                           : "Signal %d ended the rules host; it is started again.",
                       d->detail);
        break;
    case RG_RULESHOST_HANG:
        (void)snprintf(text, sizeof text,
                       "The rules host did not answer in time; it is started again.");
        break;
    case RG_RULESHOST_GARBAGE:
        (void)snprintf(text, sizeof text,
                       "The rules host sent no valid answer; it is started again.");
        break;
    case RG_RULESHOST_START:
        (void)snprintf(text, sizeof text,
                       "The rules host cannot be started; check its program file.");
        break;
    }
    /* Each end is an alert of its own: the log's length and the count tell them apart. */
    rg_bytes_u64_be(subject, rg_alertlog_last(m->log));
    rg_bytes_u64_be(subject + 8, m->deaths);
    rg_alertlog_add_system(m->log, "rules-host", (struct rg_bytes){subject, sizeof subject}, text,
                           m->follow_ms);
}

static rg_err on_death(struct rg_monitor *m)
{
    const struct rg_ruleshost_death d = rg_ruleshost_death(m->host);
    const bool killed = d.end == RG_RULESHOST_SIGNAL && d.detail == SIGKILL;
    tell_death(m, &d);
    if (m->asked == RG_MONITOR_DUTY) {
        rg_ruleshost_cancel(m->host);
        m->asked = RG_MONITOR_NOTHING;
        rg_duties_fail(m->duties, RG_ERR_BUSY);
        return RG_OK;
    }
    if (m->asked == RG_MONITOR_JUDGE &&
        d.deaths_in_message >= (killed ? (uint32_t)KILLS_MAX : (uint32_t)DEATHS_MAX)) {
        rg_ruleshost_cancel(m->host);
        m->asked = RG_MONITOR_NOTHING;
        return rg_evaluate_failed(m->evaluate);
    }
    return RG_OK;
}

/* Told once a run: the rules of this node cannot be trusted, the ledger can. */
static void tell_unsteady(struct rg_monitor *m)
{
    uint8_t subject[8];
    if (!m->unsteady) {
        m->unsteady = true;
        rg_bytes_u64_be(subject, rg_alertlog_last(m->log));
        rg_alertlog_add_system(m->log, "rules-unsteady", (struct rg_bytes){subject, sizeof subject},
                               "The rules gave two answers to the same question; do not use "
                               "this node's rules module.",
                               m->follow_ms);
    }
}

static rg_err on_answer(struct rg_monitor *m)
{
    const struct rg_bytes msg = rg_ruleshost_answer(m->host);
    const enum rg_monitor_asked asked = m->asked;
    m->asked = RG_MONITOR_NOTHING;
    if (rg_ruleshost_differs(m->host)) {
        tell_unsteady(m);
    }
    if (asked == RG_MONITOR_DUTY) {
        rg_duties_answer(m->duties, msg);
        return RG_OK;
    }
    const uint64_t faults = rg_evaluate_faults(m->evaluate);
    rg_err e = RG_ERR_INVALID;
    if (rg_hostmsg_kind_of(msg) == RG_HOSTMSG_RESULT) {
        e = rg_evaluate_answer(m->evaluate, msg);
    }
    if (e == RG_ERR_INVALID || rg_evaluate_faults(m->evaluate) != faults) {
        rg_ruleshost_rest(m->host);
    }
    return e == RG_ERR_INVALID ? rg_evaluate_failed(m->evaluate) : e;
}

static void on_refusal(struct rg_monitor *m)
{
    char text[400];
    const bool first = m->loaded == 0;
    const struct rg_hash *hash = &m->versions[m->loaded].hash;
    m->refused = !rg_monitor__refuse_version(m);
    (void)snprintf(text, sizeof text,
                   "The rules host refuses the process definition or its script: %.300s",
                   rg_ruleshost_text(m->host));
    rg_alertlog_add_system(m->log, "rules-definition",
                           (struct rg_bytes){hash->b, first ? 0 : RG_HASH_BYTES}, text,
                           m->follow_ms);
    rg_duties_fail(m->duties, RG_ERR_BUSY);
}

static rg_err step_host(struct rg_monitor *m)
{
    for (int i = 0; i < NEWS_MAX; i++) {
        rg_err e = RG_OK;
        switch (rg_ruleshost_step(m->host, m->now_ms)) {
        case RG_RULESHOST_NONE:
            return RG_OK;
        case RG_RULESHOST_OPENED:
            m->opened = true;
            break;
        case RG_RULESHOST_REFUSED:
            on_refusal(m);
            return RG_OK;
        case RG_RULESHOST_ANSWER:
            e = on_answer(m);
            break;
        case RG_RULESHOST_DIED:
            e = on_death(m);
            break;
        }
        if (e != RG_OK) {
            return e;
        }
    }
    return RG_OK;
}

static rg_err flush_when_ripe(struct rg_monitor *m)
{
    if (m->store_at_ms > m->now_ms || !rg_evaluate_ripe(m->evaluate, m->now_ms)) {
        return RG_OK;
    }
    return store_result(m, rg_evaluate_flush(m->evaluate));
}

/* Give the host its next message when it has none. */
static rg_err feed_host(struct rg_monitor *m)
{
    struct rg_bytes msg = {NULL, 0};
    if (m->refused || m->store_at_ms > m->now_ms || !rg_ruleshost_idle(m->host)) {
        return RG_OK;
    }
    if (!m->opened && m->loaded > 0) {
        return RG_OK; /* it may refuse this one */
    }
    rg_err e = rg_duties_next(m->duties, &msg);
    if (e == RG_OK && msg.len > 0) {
        m->asked = RG_MONITOR_DUTY;
    } else if (e == RG_OK) {
        e = rg_evaluate_next(m->evaluate, &msg);
        if (msg.len > 0) {
            m->asked = RG_MONITOR_JUDGE;
        }
    }
    if (e == RG_OK && msg.len > 0) {
        rg_ruleshost_send(m->host, msg);
        return step_host(m);
    }
    return store_result(m, e);
}

rg_err rg_monitor_step(struct rg_monitor *m, const zmq_pollitem_t *items, size_t count,
                       uint64_t mono_ms)
{
    (void)items; /* trying costs less than finding out which one is ready */
    (void)count;
    m->now_ms = mono_ms;
    rg_evaluate_set_clock(m->evaluate, mono_ms);
    if (m->refused) {
        rg_duties_fail(m->duties, RG_ERR_BUSY);
    }
    rg_events_watch(m->events);
    rg_events_drain(m->events);
    rg_err e = step_host(m);
    e = e == RG_OK ? flush_when_ripe(m) : e;
    e = e == RG_OK ? rg_monitor__follow_version(m) : e;
    e = e == RG_OK ? feed_host(m) : e;
    e = e == RG_OK ? flush_when_ripe(m) : e;
    e = e == RG_OK ? rg_conform_step(m->conform, mono_ms) : e;
    e = e == RG_OK ? rg_monitor__compare(m) : e;
    if (e == RG_OK) {
        rg_monitor__publish_blocks(m);
        heartbeat(m);
    }
    return e;
}

void rg_monitor_on_feed(struct rg_monitor *m, uint64_t height, uint64_t time_ms)
{
    if (!m->block_known) {
        m->block_known = true;
        m->block_next = height + 1;
    }
    m->block_last = height;
    m->follow_height = height;
    m->follow_ms = (int64_t)time_ms;
    rg_evaluate_on_feed(m->evaluate, height, time_ms);
}

void rg_monitor_get_status(const struct rg_monitor *m, struct rg_monitor_status *out)
{
    out->rules_height = rg_evaluate_height(m->evaluate);
    out->alerts_logseq = rg_alertlog_last(m->log);
    out->frames = rg_events_frames(m->events);
    out->compared_height = rg_compare_height(m->compare);
    out->differ = rg_compare_differ(m->compare);
}

rg_err rg_monitor_alerts(struct rg_monitor *m, const struct rg_monitor_query *q,
                         rg_monitor_alert_fn fn, void *ctx, uint64_t *out_next, bool *out_more)
{
    return rg_alertlog_query(m->log, q, fn, ctx, out_next, out_more);
}

rg_err rg_monitor_find_raised(struct rg_monitor *m, const struct rg_hash *id,
                              struct rg_monitor_raised *out)
{
    return rg_alertlog_find_raised(m->log, id, out);
}

rg_err rg_monitor_duties(struct rg_monitor *m, uint64_t case_no, uint64_t token,
                         rg_monitor_duties_fn fn, void *ctx)
{
    return rg_duties_ask(m->duties, case_no, token, fn, ctx);
}

rg_err rg_monitor_conformance(struct rg_monitor *m, const struct rg_monitor_conformance *r)
{
    struct rg_monitor_conformance ask = *r;
    ask.rules = r->rules.len > 0 ? r->rules : rg_monitor__text_next(m);
    return rg_conform_ask(m->conform, &ask);
}

void rg_monitor_system_alert(struct rg_monitor *m, const char *code, struct rg_bytes subject,
                             const char *text)
{
    rg_alertlog_add_system(m->log, code, subject, text, m->follow_ms);
}

bool rg_monitor_tell(struct rg_monitor *m, const struct rg_monitor_news *n)
{
    return rg_alertlog_add_news(m->log, n);
}
