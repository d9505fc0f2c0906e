/* A case was judged anew: what the log says of it is brought in line with what holds now. */
#include <stdlib.h>

#include "base/bytes.h"
#include "node/monitor/alertlog_priv.h"
#include "node/monitor/alertstore.h"
#include "rules/definition.h"

/* An alert that was found, and whether it was also healed. */
struct found {
    struct rg_hash alert;
    bool healed;
};

struct settling {
    struct rg_alertlog *l;
    struct rg_kv_txn *txn;
    const struct rg_alertlog_waiting *w; /* that settles */
    struct found *found;                 /* sorted by alert, each once */
    size_t count;
};

static int by_alert(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    return memcmp(x->alert.b, y->alert.b, RG_HASH_BYTES);
}

static struct found *find(const struct settling *s, const struct rg_hash *alert)
{
    const struct found key = {.alert = *alert};
    return s->count == 0 ? NULL : bsearch(&key, s->found, s->count, sizeof key, by_alert);
}

/* Whether waiting[@i] is a finding of this settling. */
static bool belongs(const struct settling *s, size_t i)
{
    const struct rg_alertlog_waiting *w = &s->l->waiting[i];
    return w->f.again && !w->settles && w->f.c == s->w->f.c;
}

/* Where the findings that waiting[@at] settles begin: behind what settled the case before. */
static size_t first_of(const struct settling *s, size_t at)
{
    size_t i = at;
    while (i > 0 && !(s->l->waiting[i - 1].settles && s->l->waiting[i - 1].f.c == s->w->f.c)) {
        i--;
    }
    return i;
}

static rg_err collect(struct settling *s, size_t from, size_t to)
{
    s->found = calloc(to - from + 1, sizeof *s->found);
    if (s->found == NULL) {
        return RG_ERR_NOMEM;
    }
    for (size_t i = from; i < to; i++) {
        if (belongs(s, i)) {
            struct rg_alertlog_waiting *w = &s->l->waiting[i];
            struct found *f = &s->found[s->count];
            rg_alertlog__name(s->l, w, &f->alert);
            f->healed = w->f.state == RG_CLOUDEVENT_HEALED;
            s->count++;
        }
    }
    if (s->count > 1) {
        qsort(s->found, s->count, sizeof *s->found, by_alert);
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (kept > 0 && rg_hash_eq(&s->found[kept - 1].alert, &s->found[i].alert)) {
            s->found[kept - 1].healed |= s->found[i].healed;
        } else {
            s->found[kept++] = s->found[i];
        }
    }
    s->count = kept;
    return RG_OK;
}

/* Raise and heal what holds by now, as far as the log does not say so. */
static rg_err write_found(struct settling *s, size_t from, size_t to)
{
    rg_err e = RG_OK;
    for (size_t i = from; e == RG_OK && i < to; i++) {
        if (belongs(s, i)) {
            struct rg_alertlog_waiting *w = &s->l->waiting[i];
            struct rg_hash alert;
            rg_alertlog__name(s->l, w, &alert);
            e = rg_alertlog__write_finding(s->l, s->txn, w, !find(s, &alert)->healed);
        }
    }
    return e;
}

/* The log numbers of the case's alerts. */
static rg_err list_case(const struct settling *s, uint64_t **out, size_t *out_count)
{
    const uint64_t case_no = s->w->f.c->case_no;
    struct rg_kv_cursor *c = NULL;
    struct rg_kv_item item;
    uint8_t key[16];
    size_t cap = 0;
    rg_alertstore_pair(key, case_no, 0);
    rg_err e = rg_kv_cursor_open(s->txn, RG_ALERTSTORE_CASE, &c);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_cursor_seek(c, (struct rg_bytes){key, sizeof key}, &item);
    while (e == RG_OK && item.key.len == 16 && rg_bytes_from_u64_be(item.key.data) == case_no) {
        if (*out_count == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            uint64_t *more = realloc(*out, cap * sizeof *more);
            if (more == NULL) {
                e = RG_ERR_NOMEM;
                break;
            }
            *out = more;
        }
        (*out)[(*out_count)++] = rg_bytes_from_u64_be(item.key.data + 8);
        e = rg_kv_cursor_next(c, &item);
    }
    rg_kv_cursor_close(&c);
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

/* Read the alert in @json, whichever version raised it. False: it is of another process, or no
 * alert. */
static bool read_alert(const struct settling *s, struct rg_bytes json,
                       struct rg_cloudevent_said *out)
{
    return rg_cloudevent_read(json, out) == RG_OK &&
           strcmp(out->process, s->l->config.definition->process) == 0;
}

/* Withdraw the alert of record @logseq if it is open and was not found. */
static rg_err withdraw(struct settling *s, uint64_t logseq)
{
    struct rg_alertlog *l = s->l;
    const struct rg_alertlog_finding *f = &s->w->f;
    const struct rg_alertlog_key key = {f->c->case_no, f->c->rest_key};
    struct rg_cloudevent_alert a = {.state = RG_CLOUDEVENT_WITHDRAWN,
                                    .time_ms = f->time_ms,
                                    .has_place = f->has_place,
                                    .place = f->place};
    struct rg_alertlog_head head;
    struct rg_cloudevent_said said;
    struct rg_bytes topic;
    struct rg_bytes json;
    rg_err e = rg_alertlog__record(s->txn, logseq, &head, &json);
    if (e != RG_OK || head.newest == 0 || !rg_alertlog__holds(head.state)) {
        return e;
    }
    e = rg_alertlog__open(l, s->txn, logseq, key.key, &topic, &json);
    if (e != RG_OK || !read_alert(s, json, &said) || find(s, &said.alert) != NULL) {
        return e;
    }
    a.alert = said.alert;
    a.rule = rg_bytes_str(said.rule);
    a.severity = (enum rg_cloudevent_severity)head.severity;
    e = rg_alertlog__escalate_before(l, s->txn, &key, &a.alert, a.time_ms);
    return e == RG_OK ? rg_alertlog__again(l, s->txn, &key, logseq, &a, f) : e;
}

rg_err rg_alertlog__settle(struct rg_alertlog *l, struct rg_kv_txn *txn, size_t at)
{
    struct settling s = {.l = l, .txn = txn, .w = &l->waiting[at]};
    const size_t from = first_of(&s, at);
    uint64_t *list = NULL;
    size_t count = 0;
    rg_err e = collect(&s, from, at);
    e = e == RG_OK && !s.w->keep ? list_case(&s, &list, &count) : e;
    for (size_t i = 0; e == RG_OK && i < count; i++) {
        e = withdraw(&s, list[i]);
    }
    e = e == RG_OK ? write_found(&s, from, at) : e;
    free(list);
    free(s.found);
    return e;
}
