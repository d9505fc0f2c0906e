/* Critical alerts that nobody acknowledges in time are told once more. When each is due is decided
 * when it is raised and stands in the table UNSEEN, earliest first, until something becomes of it.
 * All times are those of blocks: an alert is escalated by the first block later than its due time,
 * before what that block says about it.
 *
 * A version of the process definition tells all that its last block makes so before the next one
 * judges: so whom an escalation asks is as of its block, at every node. */
#include <stdio.h>

#include "base/bytes.h"
#include "crypto/rand.h"
#include "node/monitor/alertlog_priv.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/blocktime.h"
#include "rules/definition.h"

#define ASKED_MAX (RG_DEFINITION_LIST_MAX * (RG_NAME_MAX + 2))
#define TEXT_MAX (ASKED_MAX + 256)

int64_t rg_alertlog__escalate_at(const struct rg_alertlog *l, const struct rg_cloudevent_alert *a,
                                 const struct rg_alertlog_key *k)
{
    const int64_t after = l->config.definition->escalate_ms;
    if (after == 0 || a->state != RG_CLOUDEVENT_RAISED || a->severity != RG_CLOUDEVENT_CRITICAL ||
        k->case_no == 0 || a->time_ms < 0 || a->time_ms > INT64_MAX - after) {
        return RG_ALERTLOG_NEVER;
    }
    return a->time_ms + after;
}

static rg_err list_due(struct rg_kv_txn *txn, int64_t before_ms, size_t skip,
                       struct rg_alertlog_due *out, size_t max, size_t *out_count)
{
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item;
    rg_err e = rg_kv_cursor_open(txn, RG_ALERTSTORE_UNSEEN, &c);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_cursor_first(c, &item);
    for (size_t at = 0; e == RG_OK && *out_count < max; at++) {
        struct rg_alertlog_head head;
        struct rg_bytes value;
        struct rg_alertlog_due d = {.case_no = 0};
        if (item.key.len != 16) {
            e = RG_ERR_CORRUPT;
            break;
        }
        d.due_ms = (int64_t)rg_bytes_from_u64_be(item.key.data);
        d.logseq = rg_bytes_from_u64_be(item.key.data + 8);
        if (d.due_ms >= before_ms) {
            break;
        }
        if (at >= skip) {
            e = rg_alertlog__record(txn, d.logseq, &head, &value);
            d.case_no = e == RG_OK ? head.case_no : 0;
            out[*out_count] = d;
            *out_count += e == RG_OK ? 1 : 0;
        }
        e = e == RG_OK ? rg_kv_cursor_next(c, &item) : e;
    }
    rg_kv_cursor_close(&c);
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_alertlog__read_floor(struct rg_alertlog *l, struct rg_kv_txn *txn)
{
    struct rg_alertlog_due first;
    size_t count = 0;
    const rg_err e = list_due(txn, RG_ALERTLOG_NEVER, 0, &first, 1, &count);
    if (e == RG_OK) {
        l->due_next = count > 0 ? first.due_ms : RG_ALERTLOG_NEVER;
    }
    return e;
}

int64_t rg_alertlog_due_floor(const struct rg_alertlog *l)
{
    return l->due_floor;
}

rg_err rg_alertlog_due(struct rg_alertlog *l, int64_t before_ms, size_t skip,
                       struct rg_alertlog_due *out, size_t max, size_t *out_count)
{
    struct rg_kv_txn *txn = NULL;
    *out_count = 0;
    rg_err e = rg_kv_begin_read(l->config.kv, &txn);
    e = e == RG_OK ? list_due(txn, before_ms, skip, out, max, out_count) : e;
    rg_kv_abort(&txn);
    return e;
}

void rg_alertlog_escalate(struct rg_alertlog *l, const struct rg_alertlog_due *list, size_t count)
{
    l->due = list;
    l->due_count = count;
}

/* Whom the rule of an alert is addressed to: agencies, or all readers. */
static void name_asked(const struct rg_alertlog *l, const struct rg_cloudevent_said *said,
                       const char *all, char out[static ASKED_MAX])
{
    const struct rg_definition *d = l->config.definition;
    const struct rg_definition_names *to = NULL;
    size_t len = 0;
    for (size_t i = 0; to == NULL && i < d->rule_count; i++) {
        to = strcmp(d->rules[i].id, said->rule) == 0 ? &d->rules[i].to : NULL;
    }
    (void)snprintf(out, ASKED_MAX, "%s", all);
    for (size_t i = 0; to != NULL && i < to->count; i++) {
        const int n = snprintf(out + len, ASKED_MAX - len, "%s%s", i > 0 ? ", " : "", to->items[i]);
        len += n > 0 ? (size_t)n : 0;
        if (len >= ASKED_MAX) {
            break;
        }
    }
}

/* Tell the alert raised by record @logseq once more. */
static rg_err escalate(struct rg_alertlog *l, struct rg_kv_txn *txn,
                       const struct rg_alertlog_key *k, const struct rg_alertlog_due *d)
{
    char asked[ASKED_MAX];
    char de[TEXT_MAX];
    char en[TEXT_MAX];
    struct rg_cloudevent_alert a = {.severity = RG_CLOUDEVENT_CRITICAL,
                                    .state = RG_CLOUDEVENT_ESCALATED,
                                    .message_de = de,
                                    .message_en = en};
    struct rg_cloudevent_said said;
    struct rg_bytes topic;
    struct rg_bytes json;
    rg_err e = rg_blocktime_after(l->config.chain, d->due_ms, &a.time_ms);
    e = e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e; /* what is judged is in the chain */
    e = e == RG_OK ? rg_alertlog__open(l, txn, d->logseq, k->key, &topic, &json) : e;
    if (e == RG_OK && rg_cloudevent_read(json, &said) != RG_OK) {
        e = RG_ERR_CORRUPT;
    }
    if (e != RG_OK) {
        return e;
    }
    a.alert = said.alert;
    name_asked(l, &said, "alle, die den Fall lesen", asked);
    (void)snprintf(de, sizeof de,
                   "Seit %s hat niemand diese kritische Meldung quittiert. Gefragt: %s. Bitte "
                   "ansehen und quittieren.",
                   said.time, asked);
    name_asked(l, &said, "all who read the case", asked);
    (void)snprintf(en, sizeof en,
                   "Nobody has acknowledged this critical alert since %s. Asked: %s. Please look "
                   "at it and acknowledge it.",
                   said.time, asked);
    return rg_alertlog__again(l, txn, k, d->logseq, &a, NULL);
}

rg_err rg_alertlog__escalate_before(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                    const struct rg_alertlog_key *k, const struct rg_hash *alert,
                                    int64_t ms)
{
    struct rg_alertlog_stand s;
    const rg_err e = rg_alertlog__stand(l, txn, alert, &s);
    if (e != RG_OK || !s.known || s.head.state != RG_CLOUDEVENT_RAISED ||
        s.head.escalate_ms >= ms) {
        return e;
    }
    const struct rg_alertlog_due d = {s.head.escalate_ms, s.logseq, k->case_no};
    return escalate(l, txn, k, &d);
}

/* The case is gone, and what was sealed under its key with it. */
static rg_err drop(struct rg_alertlog *l, struct rg_kv_txn *txn, const struct rg_alertlog_due *d)
{
    uint8_t key[16];
    rg_alertstore_pair(key, (uint64_t)d->due_ms, d->logseq);
    l->due_changed = true;
    return rg_kv_del(txn, RG_ALERTSTORE_UNSEEN, (struct rg_bytes){key, sizeof key});
}

rg_err rg_alertlog__escalate(struct rg_alertlog *l, struct rg_kv_txn *txn,
                             const struct rg_alertlog_due *d)
{
    struct rg_feed_case c;
    rg_err e = rg_feed_get_case(l->config.feed, d->case_no, &c);
    if (e == RG_ERR_NOT_FOUND) {
        return drop(l, txn, d);
    }
    if (e == RG_OK) {
        const struct rg_alertlog_key key = {d->case_no, c.rest_key};
        e = escalate(l, txn, &key, d);
        rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    }
    return e;
}
