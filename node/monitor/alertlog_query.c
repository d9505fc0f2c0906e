/* Reading the alert log. */
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/rand.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/alertlog_priv.h"
#include "node/monitor/alertstore.h"

struct query {
    struct rg_alertlog *l;
    const struct rg_monitor_query *q;
    struct rg_kv_txn *txn;
    uint8_t severity; /* 0: any */
    rg_monitor_alert_fn fn;
    void *ctx;
    uint32_t told;
    size_t bytes;
    struct rg_feed_case last; /* keys of cases come in runs */
    bool last_known;
    bool enough;
};

static rg_err severity_of(struct rg_bytes text, uint8_t *out)
{
    *out = 0;
    if (text.len == 0) {
        return RG_OK;
    }
    for (unsigned s = RG_CLOUDEVENT_WARNING; s <= RG_CLOUDEVENT_SYSTEM; s++) {
        const char *name = rg_cloudevent_severity_text((enum rg_cloudevent_severity)s);
        if (rg_bytes_eq(text, rg_bytes_str(name))) {
            *out = (uint8_t)s;
            return RG_OK;
        }
    }
    return RG_ERR_INVALID;
}

/* The key that opens alerts of @case_no. NOT_FOUND: the case is gone, and its alerts with it. */
static rg_err key_of(struct query *x, uint64_t case_no, const uint8_t **out)
{
    if (case_no == 0) {
        *out = x->l->config.vault_key;
        return RG_OK;
    }
    if (!x->last_known || x->last.case_no != case_no) {
        x->last_known = false;
        const rg_err e = rg_feed_get_case(x->l->config.feed, case_no, &x->last);
        if (e != RG_OK) {
            return e;
        }
        x->last_known = true;
    }
    *out = x->last.rest_key;
    return RG_OK;
}

/* Open record @told and tell it at @logseq, unless it would pass the query's room. */
static rg_err tell(struct query *x, uint64_t logseq, uint64_t case_no, uint64_t told)
{
    const uint8_t *key = NULL;
    struct rg_bytes topic;
    struct rg_bytes json;
    rg_err e = key_of(x, case_no, &key);
    if (e != RG_OK) {
        return e == RG_ERR_NOT_FOUND ? RG_OK : e;
    }
    e = rg_alertlog__open(x->l, x->txn, told, key, &topic, &json);
    if (e != RG_OK) {
        return e;
    }
    const size_t cost = topic.len + json.len;
    if (x->told == x->q->max || (x->told > 0 && x->bytes + cost > x->q->max_bytes)) {
        x->enough = true;
        return RG_OK;
    }
    x->told++;
    x->bytes += cost;
    x->fn(x->ctx, logseq, topic, json);
    return RG_OK;
}

static rg_err look(struct query *x, uint64_t logseq, struct rg_bytes value)
{
    const struct rg_monitor_query *q = x->q;
    struct rg_alertlog_head h;
    const rg_err e = rg_alertlog__read_head(value, &h);
    if (e != RG_OK || (x->severity != 0 && x->severity != h.severity) ||
        (q->case_no != 0 && q->case_no != h.case_no)) {
        return e;
    }
    if (!q->open_only && !q->unacknowledged) {
        return tell(x, logseq, h.case_no, logseq);
    }
    /* What an alert says of itself by now stands in its newest record. */
    const bool open = h.newest != 0 && rg_alertlog__holds(h.state);
    const bool seen = h.state == RG_CLOUDEVENT_ACKNOWLEDGED || h.case_no == 0;
    return open && !(q->unacknowledged && seen) ? tell(x, logseq, h.case_no, h.newest) : RG_OK;
}

/* Tell the last raise of the one alert that is asked for. */
static rg_err look_for(struct query *x, uint64_t *out_next)
{
    struct rg_alertlog_stand s;
    const rg_err e = rg_alertlog__stand(x->l, x->txn, x->q->alert, &s);
    *out_next = x->q->since;
    return e == RG_OK && s.known ? tell(x, s.logseq, s.head.case_no, s.logseq) : e;
}

/* The record a cursor stands on: itself in the log, or what the index of a case points to.
 * NOT_FOUND: behind the last one that counts. */
static rg_err record_at(struct query *x, const struct rg_kv_item *item, uint64_t *logseq,
                        struct rg_bytes *value)
{
    if (x->q->case_no == 0) {
        *logseq = rg_bytes_from_u64_be(item->key.data);
        *value = item->value;
        return item->key.len == 8 ? RG_OK : RG_ERR_CORRUPT;
    }
    if (item->key.len != 16) {
        return RG_ERR_CORRUPT;
    }
    if (rg_bytes_from_u64_be(item->key.data) != x->q->case_no) {
        return RG_ERR_NOT_FOUND;
    }
    *logseq = rg_bytes_from_u64_be(item->key.data + 8);
    const rg_err e =
        rg_kv_get(x->txn, RG_ALERTSTORE_LOG, (struct rg_bytes){item->key.data + 8, 8}, value);
    return e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
}

static rg_err walk(struct query *x, struct rg_kv_cursor *c, uint64_t *out_next, bool *out_more)
{
    struct rg_kv_item item;
    uint8_t key[16];
    struct rg_bytes from = {key, 8};
    uint64_t next = x->q->since;
    uint32_t looked = 0;
    *out_more = false;
    if (x->q->since == UINT64_MAX) {
        *out_next = next;
        return RG_OK;
    }
    rg_bytes_u64_be(key, x->q->since + 1);
    if (x->q->case_no != 0) {
        rg_alertstore_pair(key, x->q->case_no, x->q->since + 1);
        from.len = 16;
    }
    rg_err e = rg_kv_cursor_seek(c, from, &item);
    while (e == RG_OK) {
        uint64_t logseq = 0;
        struct rg_bytes value;
        e = record_at(x, &item, &logseq, &value);
        if (e == RG_OK && looked == RG_ALERTLOG_LOOK_MAX) {
            *out_more = true;
            break;
        }
        e = e == RG_OK ? look(x, logseq, value) : e;
        if (e == RG_OK && x->enough) {
            *out_more = true;
            break;
        }
        if (e == RG_OK) {
            looked++;
            next = logseq;
            e = rg_kv_cursor_next(c, &item);
        }
    }
    *out_next = next;
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_alertlog_query(struct rg_alertlog *l, const struct rg_monitor_query *q,
                         rg_monitor_alert_fn fn, void *ctx, uint64_t *out_next, bool *out_more)
{
    struct query x = {.l = l, .q = q, .fn = fn, .ctx = ctx};
    struct rg_kv_cursor *c = NULL;
    rg_err e = severity_of(q->severity, &x.severity);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_begin_read(l->config.kv, &x.txn);
    if (e != RG_OK) {
        return e;
    }
    if (q->alert != NULL) {
        *out_more = false;
        e = look_for(&x, out_next);
    } else {
        e = rg_kv_cursor_open(x.txn, q->case_no == 0 ? RG_ALERTSTORE_LOG : RG_ALERTSTORE_CASE, &c);
    }
    if (e == RG_OK && c != NULL) {
        e = walk(&x, c, out_next, out_more);
        rg_kv_cursor_close(&c);
    }
    rg_kv_abort(&x.txn);
    rg_rand_wipe(&x.last, sizeof x.last);
    return e;
}
