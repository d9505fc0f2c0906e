#include "node/monitor/alertlog.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/panic.h"
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
    e = e == RG_OK ? rg_alertlog__read_floor(l, txn) : e;
    l->due_floor = l->due_next;
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

void rg_alertlog_set_definition(struct rg_alertlog *l, const struct rg_definition *definition)
{
    RG_ASSERT(l->waiting_count == 0);
    l->config.definition = definition;
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

rg_err rg_alertlog_acknowledge(struct rg_alertlog *l, const struct rg_alertlog_ack *a)
{
    struct rg_alertlog_waiting *w = NULL;
    const struct rg_alertlog_finding f = {
        .c = a->c, .step = a->note, .has_place = true, .place = a->place, .time_ms = a->time_ms};
    const rg_err e = add(l, &f, &w);
    if (e == RG_OK) {
        w->acknowledges = true;
        w->raised = a->raised;
        w->member = a->member;
    }
    return e;
}

size_t rg_alertlog_waiting(const struct rg_alertlog *l)
{
    return l->waiting_count + l->system_count + l->due_count;
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

void rg_alertlog__name(const struct rg_alertlog *l, struct rg_alertlog_waiting *w,
                       struct rg_hash *out)
{
    struct rg_alertlog_finding *f = &w->f;
    f->rule_id.data = (const uint8_t *)w->rule_id;
    f->step.data = (const uint8_t *)w->step;
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_ALERT, &l->config.genesis->ledger_id);
    rg_hash_add(&h, rg_bytes_str(l->config.definition->process));
    /* A rule of a later version with the same id is the same rule: its alerts keep their names. */
    rg_hash_add_u64(&h, l->config.first_version);
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
                         const struct rg_cloudevent_alert *a, const struct rg_alertlog_key *k,
                         const struct rg_alertlog_ready *r)
{
    const int64_t escalate_ms = rg_alertlog__escalate_at(l, a, k);
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
    rg_bytes_put_u64(&w, k->case_no);
    rg_bytes_put_u64(&w, a->state == RG_CLOUDEVENT_RAISED ? a->logseq : 0);
    rg_bytes_put_u64(&w, (uint64_t)escalate_ms);
    uint8_t ad[RG_ALERTLOG_AD_BYTES];
    rg_seal(k->key, rg_alertlog__ad(l, a->logseq, ad), (struct rg_bytes){l->plain, p.len},
            l->sealed + RG_ALERTLOG_HEAD_BYTES);
    uint8_t key[16];
    rg_bytes_u64_be(key, a->logseq);
    const struct rg_bytes value = {l->sealed, RG_ALERTLOG_HEAD_BYTES + p.len + RG_SEAL_EXTRA};
    rg_err e = rg_kv_append(txn, RG_ALERTSTORE_LOG, (struct rg_bytes){key, 8}, value);
    if (e == RG_OK) {
        e = rg_alertstore_put(txn, RG_ALERTSTORE_IDS, (struct rg_bytes){a->id.b, sizeof a->id.b},
                              a->logseq);
    }
    if (e == RG_OK && k->case_no != 0) {
        rg_alertstore_pair(key, k->case_no, a->logseq);
        e = rg_kv_put(txn, RG_ALERTSTORE_CASE, (struct rg_bytes){key, 16},
                      (struct rg_bytes){NULL, 0});
    }
    if (e == RG_OK && escalate_ms != RG_ALERTLOG_NEVER) {
        rg_alertstore_pair(key, (uint64_t)escalate_ms, a->logseq);
        l->due_changed = true;
        e = rg_kv_put(txn, RG_ALERTSTORE_UNSEEN, (struct rg_bytes){key, 16},
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

rg_err rg_alertlog__store(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_cloudevent_alert *a, const struct rg_alertlog_key *k,
                          char *json)
{
    if (json == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_err e = add_ready(l, topic_of(a->severity), json);
    if (e != RG_OK) {
        free(json);
        return e;
    }
    e = put_record(l, txn, a, k, &l->ready[l->ready_count - 1]);
    if (e == RG_OK) {
        l->next++;
    }
    return e;
}

rg_err rg_alertlog__write_one(struct rg_alertlog *l, struct rg_kv_txn *txn,
                              struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f,
                              bool again)
{
    const struct rg_alertlog_key key = {f != NULL ? f->c->case_no : 0,
                                        f != NULL ? f->c->rest_key : l->config.vault_key};
    struct rg_alertlog_stand before;
    bool is_new = false;
    rg_err e = RG_OK;
    if (a->state != RG_CLOUDEVENT_RAISED) {
        e = rg_alertlog__escalate_before(l, txn, &key, &a->alert, a->time_ms);
    }
    e = e == RG_OK ? rg_alertlog__place(l, txn, a, again, &before, &is_new) : e;
    if (e != RG_OK || !is_new) {
        return e;
    }
    a->ledger = l->config.genesis->name;
    a->process = rg_bytes_str(l->config.definition->process);
    a->version = l->config.definition->version;
    e = rg_alertlog__store(l, txn, a, &key, rg_cloudevent_alert(a));
    return e == RG_OK && f != NULL ? rg_alertlog__count(l, txn, a, f, &before) : e;
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
    l->due_changed = false;
    l->due_next = l->due_floor;
    l->digest = (struct rg_alertdigest){.checkpoint = 0};
    for (size_t i = 0; e == RG_OK && i < l->waiting_count; i++) {
        struct rg_alertlog_waiting *w = &l->waiting[i];
        if (w->settles) {
            e = rg_alertlog__settle(l, txn, i);
        } else if (w->acknowledges) {
            e = rg_alertlog__acknowledge(l, txn, w);
        } else if (!w->f.again) {
            e = rg_alertlog__write_finding(l, txn, w, false);
        }
    }
    for (size_t i = 0; e == RG_OK && i < l->system_count; i++) {
        e = rg_alertlog__write_system(l, txn, &l->system[i]);
    }
    for (size_t i = 0; e == RG_OK && i < l->due_count; i++) {
        e = rg_alertlog__escalate(l, txn, &l->due[i]);
    }
    e = e == RG_OK ? rg_alertdigest_write(&l->digest, txn) : e;
    if (e == RG_OK && l->due_changed) {
        e = rg_alertlog__read_floor(l, txn);
    }
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
    l->due_count = 0;
    l->due_floor = l->due_next;
    for (size_t i = 0; i < l->ready_count; i++) {
        rg_events_publish(l->config.events, l->ready[i].topic, l->ready[i].json);
    }
    drop_ready(l);
}

void rg_alertlog_unwritten(struct rg_alertlog *l)
{
    drop_ready(l);
}
