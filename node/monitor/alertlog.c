#include "node/monitor/alertlog.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "crypto/seal.h"
#include "ledger/genesis.h"
#include "node/monitor/alertlog_priv.h"
#include "node/monitor/alertstore.h"
#include "rules/definition.h"

rg_err rg_alertlog_open(const struct rg_alertlog_config *c, struct rg_alertlog **out)
{
    struct rg_alertlog *l = calloc(1, sizeof *l);
    struct rg_kv_txn *txn = NULL;
    if (l == NULL) {
        return RG_ERR_NOMEM;
    }
    l->config = *c;
    l->plain = malloc(RG_ALERTLOG_PLAIN_MAX);
    l->sealed = malloc(RG_ALERTLOG_HEAD_BYTES + RG_ALERTLOG_PLAIN_MAX + RG_SEAL_EXTRA);
    rg_err e = l->plain == NULL || l->sealed == NULL ? RG_ERR_NOMEM : RG_OK;
    e = e == RG_OK ? rg_kv_begin_read(c->kv, &txn) : e;
    if (e == RG_OK) {
        e = rg_alertstore_get(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_LAST), &l->last);
    }
    rg_kv_abort(&txn);
    if (e != RG_OK) {
        rg_alertlog_close(&l);
        return e;
    }
    *out = l;
    return RG_OK;
}

static void drop_ready(struct rg_alertlog *l)
{
    for (size_t i = 0; i < l->ready_count; i++) {
        free(l->ready[i].json);
    }
    l->ready_count = 0;
}

void rg_alertlog_close(struct rg_alertlog **l_p)
{
    struct rg_alertlog *l = *l_p;
    if (l == NULL) {
        return;
    }
    drop_ready(l);
    free(l->ready);
    free(l->waiting);
    if (l->plain != NULL) {
        rg_rand_wipe(l->plain, RG_ALERTLOG_PLAIN_MAX);
    }
    free(l->plain);
    free(l->sealed);
    free(l);
    *l_p = NULL;
}

static size_t copy_name(char out[static RG_NAME_MAX], struct rg_bytes in)
{
    const size_t n = in.len < RG_NAME_MAX ? in.len : RG_NAME_MAX;
    if (n > 0) {
        memcpy(out, in.data, n);
    }
    return n;
}

static rg_err add(struct rg_alertlog *l, const struct rg_alertlog_finding *f,
                  struct rg_alertlog_waiting **out)
{
    if (l->waiting_count == RG_ALERTLOG_WAITING_MAX) {
        return RG_ERR_FULL;
    }
    if (l->waiting_count == l->waiting_cap) {
        const size_t cap = l->waiting_cap == 0 ? 256 : 2 * l->waiting_cap;
        struct rg_alertlog_waiting *more = realloc(l->waiting, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        l->waiting = more;
        l->waiting_cap = cap;
    }
    struct rg_alertlog_waiting *w = &l->waiting[l->waiting_count];
    l->waiting_count++;
    *w = (struct rg_alertlog_waiting){.f = *f};
    w->f.rule_id.len = copy_name(w->rule_id, f->rule_id);
    w->f.step.len = copy_name(w->step, f->step);
    *out = w;
    return RG_OK;
}

rg_err rg_alertlog_add(struct rg_alertlog *l, const struct rg_alertlog_finding *f)
{
    struct rg_alertlog_waiting *w = NULL;
    return add(l, f, &w);
}

rg_err rg_alertlog_settle(struct rg_alertlog *l, const struct rg_alertlog_finding *f, bool keep)
{
    struct rg_alertlog_waiting *w = NULL;
    const rg_err e = add(l, f, &w);
    if (e == RG_OK) {
        w->settles = true;
        w->keep = keep;
    }
    return e;
}

size_t rg_alertlog_waiting(const struct rg_alertlog *l)
{
    return l->waiting_count + l->system_count;
}

uint64_t rg_alertlog_last(const struct rg_alertlog *l)
{
    return l->last;
}

struct rg_bytes rg_alertlog__ad(const struct rg_alertlog *l, uint64_t logseq,
                                uint8_t out[static RG_ALERTLOG_AD_BYTES])
{
    memcpy(out, l->config.genesis->ledger_id.b, RG_HASH_BYTES);
    out[RG_HASH_BYTES] = 'a';
    rg_bytes_u64_be(out + RG_HASH_BYTES + 1, logseq);
    return (struct rg_bytes){out, RG_ALERTLOG_AD_BYTES};
}

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

void rg_alertlog__name(const struct rg_alertlog *l, struct rg_alertlog_waiting *w,
                       struct rg_hash *out)
{
    struct rg_alertlog_finding *f = &w->f;
    f->rule_id.data = (const uint8_t *)w->rule_id;
    f->step.data = (const uint8_t *)w->step;
    const struct rg_definition *d = l->config.definition;
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_ALERT, &l->config.genesis->ledger_id);
    rg_hash_add(&h, rg_bytes_str(d->process));
    rg_hash_add_u64(&h, d->version);
    rg_hash_add(&h, f->rule_id);
    rg_hash_add(&h, (struct rg_bytes){f->c->pseudonym.b, sizeof f->c->pseudonym.b});
    rg_hash_add_u64(&h, (uint64_t)f->event_no);
    /* A rule that cannot be followed further is another alert than its breach. */
    rg_hash_add_u64(&h, f->severity == RG_CLOUDEVENT_SYSTEM ? 1 : 0);
    rg_hash_end(&h, out);
}

static rg_err add_ready(struct rg_alertlog *l, enum rg_events_topic topic, char *json)
{
    if (l->ready_count == l->ready_cap) {
        const size_t cap = l->ready_cap == 0 ? 256 : 2 * l->ready_cap;
        struct rg_alertlog_ready *more = realloc(l->ready, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        l->ready = more;
        l->ready_cap = cap;
    }
    l->ready[l->ready_count] = (struct rg_alertlog_ready){topic, json};
    l->ready_count++;
    return RG_OK;
}

static rg_err put_record(struct rg_alertlog *l, struct rg_kv_txn *txn,
                         const struct rg_cloudevent_alert *a, const struct rg_casestate *c,
                         const struct rg_alertlog_ready *r)
{
    struct rg_writer p = rg_bytes_writer(l->plain, RG_ALERTLOG_PLAIN_MAX);
    rg_bytes_put_sized(&p, rg_bytes_str(rg_events_topic_text(l->config.events, r->topic)));
    rg_bytes_put_sized(&p, rg_bytes_str(r->json));
    if (p.failed) {
        return RG_ERR_FULL;
    }
    struct rg_writer w = rg_bytes_writer(l->sealed, RG_ALERTLOG_HEAD_BYTES);
    rg_bytes_put_u8(&w, RG_ALERTLOG_FORMAT);
    rg_bytes_put_u8(&w, (uint8_t)a->severity);
    rg_bytes_put_u8(&w, (uint8_t)a->state);
    rg_bytes_put_u64(&w, c != NULL ? c->case_no : 0);
    uint8_t ad[RG_ALERTLOG_AD_BYTES];
    rg_seal(c != NULL ? c->rest_key : l->config.vault_key, rg_alertlog__ad(l, a->logseq, ad),
            (struct rg_bytes){l->plain, p.len}, l->sealed + RG_ALERTLOG_HEAD_BYTES);
    uint8_t key[16];
    rg_bytes_u64_be(key, a->logseq);
    const struct rg_bytes value = {l->sealed, RG_ALERTLOG_HEAD_BYTES + p.len + RG_SEAL_EXTRA};
    rg_err e = rg_kv_append(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, 8}, value);
    if (e == RG_OK) {
        e = rg_alertstore_put(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){a->id.b, sizeof a->id.b},
                              a->logseq);
    }
    if (e == RG_OK && c != NULL) {
        rg_alertstore_pair(key, c->case_no, a->logseq);
        e = rg_kv_put(txn, RG_ALERTSTORE_CASE, (struct rg_bytes){key, 16},
                      (struct rg_bytes){NULL, 0});
    }
    return e;
}

static enum rg_events_topic topic_of(enum rg_cloudevent_severity s)
{
    switch (s) {
    case RG_CLOUDEVENT_WARNING:
        return RG_EVENTS_WARNING;
    case RG_CLOUDEVENT_CRITICAL:
        return RG_EVENTS_CRITICAL;
    case RG_CLOUDEVENT_SYSTEM:
        break;
    }
    return RG_EVENTS_SYSTEM;
}

rg_err rg_alertlog__look_up(struct rg_alertlog *l, struct rg_kv_txn *txn,
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
    if (e == RG_OK && out->known) {
        struct rg_bytes value;
        e = rg_alertlog__record(txn, out->logseq, &value);
        out->state = e == RG_OK ? value.data[RG_ALERTLOG_HEAD_STATE] : 0;
    }
    return e;
}

rg_err rg_alertlog__record(struct rg_kv_txn *txn, uint64_t logseq, struct rg_bytes *out)
{
    uint8_t key[8];
    rg_bytes_u64_be(key, logseq);
    const rg_err e = rg_kv_get(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, sizeof key}, out);
    if (e == RG_OK && (out->len < RG_ALERTLOG_HEAD_BYTES + RG_SEAL_EXTRA ||
                       out->len > RG_ALERTLOG_HEAD_BYTES + RG_ALERTLOG_PLAIN_MAX + RG_SEAL_EXTRA)) {
        return RG_ERR_CORRUPT;
    }
    return e == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : e;
}

/* The record of an alert is no longer an open one. Its place in the log and its text stay as they
 * are. */
static rg_err close_raised(struct rg_alertlog *l, struct rg_kv_txn *txn, uint64_t logseq,
                           enum rg_cloudevent_state state)
{
    uint8_t key[8];
    struct rg_bytes value;
    const rg_err e = rg_alertlog__record(txn, logseq, &value);
    if (e != RG_OK) {
        return e;
    }
    memcpy(l->sealed, value.data, value.len);
    l->sealed[RG_ALERTLOG_HEAD_STATE] = (uint8_t)state;
    rg_bytes_u64_be(key, logseq);
    return rg_kv_put(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, sizeof key},
                     (struct rg_bytes){l->sealed, value.len});
}

/* Give @a its id, and close what it ends. Not new: the log says so already. */
static rg_err place_in_log(struct rg_alertlog *l, struct rg_kv_txn *txn,
                           struct rg_cloudevent_alert *a, bool again, struct rg_alertlog_stand *s)
{
    uint64_t known = 0;
    uint64_t occurrence = 0;
    rg_err e = rg_alertlog__look_up(l, txn, &a->alert, s);
    if (e != RG_OK) {
        return e;
    }
    const bool open = s->known && s->state == RG_CLOUDEVENT_RAISED;
    if (a->severity == RG_CLOUDEVENT_SYSTEM && a->state == RG_CLOUDEVENT_HEALED && !open) {
        return RG_OK; /* nothing to end */
    }
    occurrence = s->occurrence;
    if (a->state == RG_CLOUDEVENT_RAISED && s->known) {
        if (s->state != RG_CLOUDEVENT_WITHDRAWN && !(again && s->state == RG_CLOUDEVENT_HEALED)) {
            return RG_OK;
        }
        occurrence++;
    }
    make_id(l, &a->alert, a->state, occurrence, &a->id);
    e = rg_alertstore_get(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){a->id.b, sizeof a->id.b},
                          &known);
    if (e != RG_OK || known != 0) {
        return e;
    }
    s->is_new = true;
    return a->state != RG_CLOUDEVENT_RAISED && s->known ? close_raised(l, txn, s->logseq, a->state)
                                                        : RG_OK;
}

/* Number and store @a; takes its text @json. */
static rg_err store(struct rg_alertlog *l, struct rg_kv_txn *txn,
                    const struct rg_cloudevent_alert *a, const struct rg_casestate *c, char *json)
{
    if (json == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_err e = add_ready(l, topic_of(a->severity), json);
    if (e != RG_OK) {
        free(json);
        return e;
    }
    e = put_record(l, txn, a, c, &l->ready[l->ready_count - 1]);
    if (e == RG_OK) {
        l->next++;
    }
    return e;
}

rg_err rg_alertlog__write_one(struct rg_alertlog *l, struct rg_kv_txn *txn,
                              struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f,
                              bool again)
{
    struct rg_alertlog_stand s;
    const rg_err e = place_in_log(l, txn, a, again, &s);
    if (e != RG_OK || !s.is_new) {
        return e;
    }
    a->ledger = l->config.genesis->name;
    a->process = rg_bytes_str(l->config.definition->process);
    a->version = l->config.definition->version;
    a->logseq = l->next;
    const rg_err stored = store(l, txn, a, f != NULL ? f->c : NULL, rg_cloudevent_alert(a));
    return stored == RG_OK && f != NULL ? rg_alertlog__count(l, txn, a, f, &s) : stored;
}

rg_err rg_alertlog__withdraw(struct rg_alertlog *l, struct rg_kv_txn *txn,
                             const struct rg_alertlog_finding *f, struct rg_bytes raised,
                             struct rg_cloudevent_alert *a)
{
    struct rg_alertlog_stand s;
    a->state = RG_CLOUDEVENT_WITHDRAWN;
    a->time_ms = f->time_ms;
    a->has_place = f->has_place;
    a->place = f->place;
    const rg_err e = place_in_log(l, txn, a, false, &s);
    if (e != RG_OK || !s.is_new) {
        return e;
    }
    a->logseq = l->next;
    const rg_err stored = store(l, txn, a, f->c, rg_cloudevent_withdrawn(a, raised));
    return stored == RG_OK ? rg_alertlog__count(l, txn, a, f, &s) : stored;
}

rg_err rg_alertlog__write_finding(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                  struct rg_alertlog_waiting *w, bool again)
{
    struct rg_alertlog_finding *f = &w->f;
    const struct rg_definition *d = l->config.definition;
    const struct rg_genesis *g = l->config.genesis;
    struct rg_hash alert;
    rg_alertlog__name(l, w, &alert);
    struct rg_cloudevent_alert a = {.severity = (enum rg_cloudevent_severity)f->severity,
                                    .state = (enum rg_cloudevent_state)f->state,
                                    .time_ms = f->time_ms,
                                    .alert = alert,
                                    .rule = f->rule_id,
                                    .has_case = true,
                                    .pseudonym = f->c->pseudonym,
                                    .step = f->step,
                                    .has_place = f->has_place,
                                    .place = f->place,
                                    .event_no = f->event_no,
                                    .has_due = f->has_due,
                                    .due_ms = f->due_ms};
    if (f->severity == RG_CLOUDEVENT_SYSTEM) {
        a.message_de = "Die Regel kann für diesen Fall nicht weiter verfolgt werden.";
        a.message_en = "The rule cannot be followed further for this case.";
    } else {
        /* The rules of a module are not in the definition, whatever their number. */
        const bool known =
            f->rule < d->rule_count && rg_definition_is(d->rules[f->rule].id, f->rule_id);
        a.message_de = known ? d->rules[f->rule].message_de
                             : "Eine Regel des Regelmoduls dieser Behörde; siehe dort.";
        a.message_en = known ? d->rules[f->rule].message_en
                             : "A rule of this agency's rules module; see there.";
    }
    if (f->has_place && f->place.writer < g->agency_count) {
        a.agency = rg_bytes_str(g->agency[f->place.writer].name);
    }
    return rg_alertlog__write_one(l, txn, &a, f, again);
}

rg_err rg_alertlog_write(struct rg_alertlog *l, struct rg_kv_txn *txn)
{
    rg_err e = RG_OK;
    l->next = l->last + 1;
    l->digest = (struct rg_alertdigest){.checkpoint = 0};
    for (size_t i = 0; e == RG_OK && i < l->waiting_count; i++) {
        struct rg_alertlog_waiting *w = &l->waiting[i];
        if (w->settles) {
            e = rg_alertlog__settle(l, txn, i);
        } else if (!w->f.again) {
            e = rg_alertlog__write_finding(l, txn, w, false);
        }
    }
    for (size_t i = 0; e == RG_OK && i < l->system_count; i++) {
        e = rg_alertlog__write_system(l, txn, &l->system[i]);
    }
    e = e == RG_OK ? rg_alertdigest_write(&l->digest, txn) : e;
    if (e == RG_OK && l->next > l->last + 1) {
        e = rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_LAST),
                              l->next - 1);
    }
    return e;
}

void rg_alertlog_written(struct rg_alertlog *l)
{
    l->last = l->next - 1;
    l->waiting_count = 0;
    l->system_count = 0;
    for (size_t i = 0; i < l->ready_count; i++) {
        rg_events_publish(l->config.events, l->ready[i].topic, l->ready[i].json);
    }
    drop_ready(l);
}

void rg_alertlog_unwritten(struct rg_alertlog *l)
{
    drop_ready(l);
}
