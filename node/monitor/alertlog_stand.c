/* What became of an alert: how the log says that it stands, and how the same alert is told again.
 */
#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "ledger/genesis.h"
#include "node/monitor/alertlog_priv.h"
#include "node/monitor/alertstore.h"

/* The id of @alert in a state, raised for the @occurrence-th time, from 0. */
static void make_id(const struct rg_alertlog *l, const struct rg_hash *alert,
                    enum rg_cloudevent_state state, uint64_t occurrence, struct rg_hash *out)
{
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_ALERT, &l->config.genesis->ledger_id);
    rg_hash_add(&h, (struct rg_bytes){alert->b, sizeof alert->b});
    rg_hash_add_u64(&h, (uint64_t)state);
    if (occurrence > 0) {
        rg_hash_add_u64(&h, occurrence);
    }
    rg_hash_end(&h, out);
}

bool rg_alertlog__holds(uint8_t state)
{
    return state == RG_CLOUDEVENT_RAISED || state == RG_CLOUDEVENT_ESCALATED ||
           state == RG_CLOUDEVENT_ACKNOWLEDGED;
}

rg_err rg_alertlog__read_head(struct rg_bytes record, struct rg_alertlog_head *out)
{
    struct rg_reader r = rg_bytes_reader(record);
    const uint8_t format = rg_bytes_get_u8(&r);
    struct rg_alertlog_head h = {.severity = 0};
    h.severity = rg_bytes_get_u8(&r);
    h.state = rg_bytes_get_u8(&r);
    h.case_no = rg_bytes_get_u64(&r);
    h.newest = rg_bytes_get_u64(&r);
    h.escalate_ms = (int64_t)rg_bytes_get_u64(&r);
    if (r.failed || format != RG_ALERTLOG_FORMAT ||
        record.len < RG_ALERTLOG_HEAD_BYTES + RG_SEAL_EXTRA ||
        record.len > RG_ALERTLOG_HEAD_BYTES + RG_ALERTLOG_PLAIN_MAX + RG_SEAL_EXTRA) {
        return RG_ERR_CORRUPT;
    }
    *out = h;
    return RG_OK;
}

rg_err rg_alertlog__record(struct rg_kv_txn *txn, uint64_t logseq, struct rg_alertlog_head *out,
                           struct rg_bytes *out_bytes)
{
    uint8_t key[8];
    rg_bytes_u64_be(key, logseq);
    const rg_err e =
        rg_kv_get(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, sizeof key}, out_bytes);
    if (e != RG_OK) {
        return e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
    }
    return rg_alertlog__read_head(*out_bytes, out);
}

rg_err rg_alertlog__open(struct rg_alertlog *l, struct rg_kv_txn *txn, uint64_t logseq,
                         const uint8_t *key, struct rg_bytes *out_topic, struct rg_bytes *out_json)
{
    struct rg_alertlog_head head;
    struct rg_bytes value;
    uint8_t ad[RG_ALERTLOG_AD_BYTES];
    const rg_err e = rg_alertlog__record(txn, logseq, &head, &value);
    if (e != RG_OK) {
        return e;
    }
    const struct rg_bytes sealed = {value.data + RG_ALERTLOG_HEAD_BYTES,
                                    value.len - RG_ALERTLOG_HEAD_BYTES};
    if (rg_seal_open(key, rg_alertlog__ad(l, logseq, ad), sealed, l->plain) != RG_OK) {
        return RG_ERR_CORRUPT;
    }
    struct rg_reader r = rg_bytes_reader((struct rg_bytes){l->plain, sealed.len - RG_SEAL_EXTRA});
    const struct rg_bytes topic = rg_bytes_get_sized(&r, RG_ALERTLOG_PLAIN_MAX);
    const struct rg_bytes json = rg_bytes_get_sized(&r, RG_ALERTLOG_PLAIN_MAX);
    if (!rg_bytes_done(&r)) {
        return RG_ERR_CORRUPT;
    }
    *out_topic = topic;
    *out_json = json;
    return RG_OK;
}

rg_err rg_alertlog__stand(const struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_hash *alert, struct rg_alertlog_stand *out)
{
    uint64_t logseq = 0;
    rg_err e = RG_OK;
    *out = (struct rg_alertlog_stand){.known = false};
    for (uint64_t n = 0;; n++) { /* it was raised once more for each correction at most */
        struct rg_hash id;
        make_id(l, alert, RG_CLOUDEVENT_RAISED, n, &id);
        e = rg_alertstore_get(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){id.b, sizeof id.b},
                              &logseq);
        if (e != RG_OK || logseq == 0) {
            break;
        }
        out->known = true;
        out->occurrence = n;
        out->logseq = logseq;
    }
    struct rg_bytes value;
    return e == RG_OK && out->known ? rg_alertlog__record(txn, out->logseq, &out->head, &value) : e;
}

/* Note in the record that raised an alert what became of it, and where that is told. Its place in
 * the log and its text stay as they are. */
static rg_err note_in_raised(struct rg_alertlog *l, struct rg_kv_txn *txn,
                             const struct rg_alertlog_stand *s, enum rg_cloudevent_state state)
{
    uint8_t key[16];
    struct rg_alertlog_head head;
    struct rg_bytes value;
    rg_err e = rg_alertlog__record(txn, s->logseq, &head, &value);
    if (e != RG_OK) {
        return e;
    }
    memcpy(l->sealed, value.data, value.len);
    l->sealed[RG_ALERTLOG_HEAD_STATE] = (uint8_t)state;
    struct rg_writer newest = rg_bytes_writer(l->sealed + RG_ALERTLOG_HEAD_NEWEST, 8);
    rg_bytes_put_u64(&newest, l->next);
    rg_bytes_u64_be(key, s->logseq);
    e = rg_kv_put(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, 8},
                  (struct rg_bytes){l->sealed, value.len});
    if (e == RG_OK && head.state == RG_CLOUDEVENT_RAISED && head.escalate_ms != RG_ALERTLOG_NEVER) {
        rg_alertstore_pair(key, (uint64_t)head.escalate_ms, s->logseq);
        e = rg_kv_del(txn, RG_ALERTSTORE_UNSEEN, (struct rg_bytes){key, 16});
        l->due_changed = true;
    }
    return e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
}

rg_err rg_alertlog__place(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          struct rg_cloudevent_alert *a, bool again,
                          struct rg_alertlog_stand *out_before, bool *out_new)
{
    struct rg_alertlog_stand *s = out_before;
    uint64_t known = 0;
    *out_new = false;
    rg_err e = rg_alertlog__stand(l, txn, &a->alert, s);
    if (e != RG_OK) {
        return e;
    }
    if (a->severity == RG_CLOUDEVENT_SYSTEM && a->state == RG_CLOUDEVENT_HEALED &&
        !(s->known && rg_alertlog__holds(s->head.state))) {
        return RG_OK; /* nothing to end */
    }
    const bool anew = a->state == RG_CLOUDEVENT_RAISED && s->known;
    if (anew && s->head.state != RG_CLOUDEVENT_WITHDRAWN &&
        !(again && s->head.state == RG_CLOUDEVENT_HEALED)) {
        return RG_OK;
    }
    make_id(l, &a->alert, a->state, s->occurrence + (anew ? 1 : 0), &a->id);
    e = rg_alertstore_get(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){a->id.b, sizeof a->id.b},
                          &known);
    if (e != RG_OK || known != 0) {
        return e;
    }
    *out_new = true;
    a->logseq = l->next;
    return a->state != RG_CLOUDEVENT_RAISED && s->known ? note_in_raised(l, txn, s, a->state)
                                                        : RG_OK;
}

rg_err rg_alertlog__again(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_alertlog_key *k, uint64_t raised,
                          struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f)
{
    struct rg_alertlog_stand before;
    struct rg_bytes topic;
    struct rg_bytes json;
    bool is_new = false;
    rg_err e = rg_alertlog__place(l, txn, a, false, &before, &is_new);
    if (e != RG_OK || !is_new) {
        return e;
    }
    e = rg_alertlog__open(l, txn, raised, k->key, &topic, &json);
    e = e == RG_OK ? rg_alertlog__store(l, txn, a, k, rg_cloudevent_again(a, json)) : e;
    return e == RG_OK && f != NULL ? rg_alertlog__count(l, txn, a, f, &before) : e;
}

rg_err rg_alertlog__acknowledge(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                const struct rg_alertlog_waiting *w)
{
    const struct rg_genesis *g = l->config.genesis;
    const struct rg_alertlog_finding *f = &w->f;
    const struct rg_alertlog_key key = {f->c->case_no, f->c->rest_key};
    struct rg_cloudevent_alert a = {.state = RG_CLOUDEVENT_ACKNOWLEDGED,
                                    .time_ms = f->time_ms,
                                    .has_place = true,
                                    .place = f->place,
                                    .agency = rg_bytes_str(g->agency[f->place.writer].name),
                                    .member = rg_bytes_str(g->principal[w->member].name),
                                    .note = {(const uint8_t *)w->step, f->step.len}};
    struct rg_alertlog_head head;
    struct rg_cloudevent_said said;
    struct rg_bytes topic;
    struct rg_bytes json;
    uint64_t logseq = 0;
    rg_err e = rg_alertstore_get(txn, RG_ALERTSTORE_IDS,
                                 (struct rg_bytes){w->raised.b, sizeof w->raised.b}, &logseq);
    if (e != RG_OK || logseq == 0) {
        return e; /* of another node's rules module, or of nobody's */
    }
    e = rg_alertlog__record(txn, logseq, &head, &json);
    if (e != RG_OK || head.newest == 0 || head.case_no != key.case_no ||
        (head.state != RG_CLOUDEVENT_RAISED && head.state != RG_CLOUDEVENT_ESCALATED)) {
        return e;
    }
    e = rg_alertlog__open(l, txn, logseq, key.key, &topic, &json);
    if (e == RG_OK && rg_cloudevent_read(json, &said) != RG_OK) {
        e = RG_ERR_CORRUPT;
    }
    if (e != RG_OK) {
        return e;
    }
    a.alert = said.alert;
    a.severity = (enum rg_cloudevent_severity)head.severity;
    e = rg_alertlog__escalate_before(l, txn, &key, &a.alert, a.time_ms);
    return e == RG_OK ? rg_alertlog__again(l, txn, &key, logseq, &a, NULL) : e;
}

rg_err rg_alertlog_find_raised(struct rg_alertlog *l, const struct rg_hash *id,
                               struct rg_monitor_raised *out)
{
    struct rg_kv_txn *txn = NULL;
    struct rg_alertlog_head head;
    struct rg_bytes value;
    uint64_t logseq = 0;
    rg_err e = rg_kv_begin_read(l->config.kv, &txn);
    if (e != RG_OK) {
        return e;
    }
    e = rg_alertstore_get(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){id->b, sizeof id->b}, &logseq);
    if (e == RG_OK) {
        e = logseq == 0 ? RG_ERR_NOT_FOUND : rg_alertlog__record(txn, logseq, &head, &value);
    }
    if (e == RG_OK && head.newest == 0) {
        e = RG_ERR_NOT_FOUND; /* it does not raise */
    }
    if (e == RG_OK) {
        *out = (struct rg_monitor_raised){.case_no = head.case_no,
                                          .open = rg_alertlog__holds(head.state),
                                          .acknowledged = head.state == RG_CLOUDEVENT_ACKNOWLEDGED};
    }
    rg_kv_abort(&txn);
    return e;
}
