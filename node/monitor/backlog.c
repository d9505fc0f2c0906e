#include "node/monitor/backlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/panic.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/casestate.h"
#include "node/monitor/cloudevent.h"
#include "rules/definition.h"

#define CHANGES_MAX (RG_ALERTLOG_WAITING_MAX + 2 * RG_CASESTATE_DIRTY_MAX)
#define EVERY_RULE UINT32_MAX
#define OPEN 0 /* in place of a case: the alert of the rule is open; the value is its severity */

/* A rule that counts. Its name in the store is its id, with zeros behind it. */
struct counted {
    uint32_t rule;
    uint64_t count;
    bool open;
    uint64_t more; /* changes that wait to be written, at most: so many more wait, or fewer */
    uint64_t fewer;
    uint64_t next_count; /* after the write under way */
    bool next_open;
};

struct change {
    uint64_t case_no;
    uint32_t rule; /* EVERY_RULE: by none it waits */
    bool waits;
};

struct rg_backlog {
    struct rg_kv *kv;
    struct rg_alertlog *log;
    const struct rg_definition *definition; /* NULL: none yet */
    struct counted *counted;
    size_t count;
    bool changed; /* the definition: alerts of rules that it lacks may be open */
    bool looked;  /* for them, by the write under way */
    struct change *change;
    size_t change_count;
    size_t change_cap;
};

_Static_assert(RG_ALERTLOG_TEXT_MAX > RG_DEFINITION_TEXT_MAX + 100, "a rule's text and a number");

struct key {
    uint8_t b[RG_NAME_MAX + 8];
};

static struct rg_bytes key_for(const char *id, uint64_t case_no, struct key *out)
{
    memset(out->b, 0, RG_NAME_MAX);
    memcpy(out->b, id, strnlen(id, RG_NAME_MAX));
    rg_bytes_u64_be(out->b + RG_NAME_MAX, case_no);
    return (struct rg_bytes){out->b, sizeof out->b};
}

static struct rg_bytes key_of(const struct rg_backlog *b, const struct counted *c, uint64_t case_no,
                              struct key *out)
{
    return key_for(b->definition->rules[c->rule].id, case_no, out);
}

rg_err rg_backlog_create(struct rg_kv *kv, struct rg_alertlog *log, struct rg_backlog **out)
{
    struct rg_backlog *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return RG_ERR_NOMEM;
    }
    b->kv = kv;
    b->log = log;
    *out = b;
    return RG_OK;
}

void rg_backlog_destroy(struct rg_backlog **b_p)
{
    if (*b_p == NULL) {
        return;
    }
    free((*b_p)->counted);
    free((*b_p)->change);
    free(*b_p);
    *b_p = NULL;
}

/* Count the cases of a rule from the store. */
static rg_err count(struct rg_backlog *b, struct rg_kv_txn *txn, struct counted *c)
{
    struct rg_kv_cursor *cursor = NULL;
    struct rg_kv_item item;
    struct key k;
    const struct rg_bytes first = key_of(b, c, OPEN, &k);
    rg_err e = rg_kv_cursor_open(txn, RG_ALERTSTORE_WAITS, &cursor);
    if (e != RG_OK) {
        return e;
    }
    e = rg_kv_cursor_seek(cursor, first, &item);
    while (e == RG_OK && item.key.len == first.len &&
           memcmp(item.key.data, first.data, RG_NAME_MAX) == 0) {
        const bool open = rg_bytes_from_u64_be(item.key.data + RG_NAME_MAX) == OPEN;
        c->open = c->open || open;
        c->count += open ? 0 : 1;
        e = rg_kv_cursor_next(cursor, &item);
    }
    rg_kv_cursor_close(&cursor);
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_backlog_set_definition(struct rg_backlog *b, const struct rg_definition *d)
{
    struct rg_kv_txn *txn = NULL;
    RG_ASSERT(b->change_count == 0);
    struct counted *all = calloc(d->rule_count + 1, sizeof *all);
    if (all == NULL) {
        return RG_ERR_NOMEM;
    }
    free(b->counted);
    b->counted = all;
    b->count = 0;
    b->definition = d;
    b->changed = true;
    rg_err e = rg_kv_begin_read(b->kv, &txn);
    for (uint32_t i = 0; e == RG_OK && i < d->rule_count; i++) {
        if (d->rules[i].template == RG_DEFINITION_BACKLOG) {
            all[b->count] = (struct counted){.rule = i};
            e = count(b, txn, &all[b->count]);
            b->count++;
        }
    }
    rg_kv_abort(&txn);
    return e;
}

bool rg_backlog_is(const struct rg_backlog *b, uint32_t rule)
{
    return b->definition != NULL && rule < b->definition->rule_count &&
           b->definition->rules[rule].template == RG_DEFINITION_BACKLOG;
}

rg_err rg_backlog_note(struct rg_backlog *b, uint64_t case_no, uint32_t rule, bool waits)
{
    if (b->change_count == CHANGES_MAX) {
        return RG_ERR_FULL;
    }
    if (b->change_count == b->change_cap) {
        const size_t cap = b->change_cap == 0 ? 256 : 2 * b->change_cap;
        struct change *more = realloc(b->change, cap * sizeof *more);
        if (more == NULL) {
            return RG_ERR_NOMEM;
        }
        b->change = more;
        b->change_cap = cap;
    }
    b->change[b->change_count] = (struct change){case_no, rule, waits};
    b->change_count++;
    for (size_t i = 0; i < b->count; i++) {
        struct counted *c = &b->counted[i];
        if (rule == EVERY_RULE || rule == c->rule) {
            c->more += waits ? 1 : 0;
            c->fewer += waits ? 0 : 1;
        }
    }
    return RG_OK;
}

size_t rg_backlog_waiting(const struct rg_backlog *b)
{
    return b->change_count;
}

static bool is_over(const struct rg_definition_rule *r, uint64_t count)
{
    return count > r->n;
}

/* Enough fewer that nobody is told of each case. */
static bool is_under(const struct rg_definition_rule *r, uint64_t count)
{
    return count <= r->n - r->n / 10;
}

bool rg_backlog_urgent(const struct rg_backlog *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct counted *c = &b->counted[i];
        const struct rg_definition_rule *r = &b->definition->rules[c->rule];
        const uint64_t least = c->count > c->fewer ? c->count - c->fewer : 0;
        if (c->open ? c->fewer > 0 && is_under(r, least)
                    : c->more > 0 && is_over(r, c->count + c->more)) {
            return true;
        }
    }
    return false;
}

rg_err rg_backlog_forget(struct rg_backlog *b, uint64_t case_no)
{
    return b->count == 0 ? RG_OK : rg_backlog_note(b, case_no, EVERY_RULE, false);
}

/* Case @case_no waits by @c, or not; nothing changes when that is known. */
static rg_err set(struct rg_backlog *b, struct rg_kv_txn *txn, struct counted *c, uint64_t case_no,
                  bool waits)
{
    struct key k;
    struct rg_bytes value;
    const struct rg_bytes key = key_of(b, c, case_no, &k);
    rg_err e = rg_kv_get(txn, RG_ALERTSTORE_WAITS, key, &value);
    if (e != RG_OK && e != RG_ERR_NOT_FOUND) {
        return e;
    }
    if ((e == RG_OK) == waits) {
        return RG_OK;
    }
    e = waits ? rg_kv_put(txn, RG_ALERTSTORE_WAITS, key, (struct rg_bytes){NULL, 0})
              : rg_kv_del(txn, RG_ALERTSTORE_WAITS, key);
    c->next_count += waits ? 1 : 0;
    c->next_count -= waits ? 0 : 1;
    return e;
}

/* Hand the log what crossed the limit, upwards or downwards. */
static rg_err tell(struct rg_backlog *b, struct rg_kv_txn *txn, struct counted *c, int64_t time_ms)
{
    const struct rg_definition_rule *r = &b->definition->rules[c->rule];
    char de[RG_ALERTLOG_TEXT_MAX];
    char en[RG_ALERTLOG_TEXT_MAX];
    struct key k;
    const bool over = is_over(r, c->next_count);
    if (c->open ? !is_under(r, c->next_count) : !over) {
        return RG_OK;
    }
    c->next_open = over;
    (void)snprintf(de, sizeof de, "%s (Wartende Fälle: %" PRIu64 "; vorgesehen: bis zu %u.)",
                   r->message_de, c->next_count, r->n);
    (void)snprintf(en, sizeof en, "%s (Cases that wait: %" PRIu64 "; planned for: up to %u.)",
                   r->message_en, c->next_count, r->n);
    const struct rg_bytes key = key_of(b, c, OPEN, &k);
    const bool critical = r->severity == RG_DEFINITION_CRITICAL;
    const uint8_t severity = critical ? RG_CLOUDEVENT_CRITICAL : RG_CLOUDEVENT_WARNING;
    const struct rg_monitor_news n = {.code = r->id,
                                      .subject = key,
                                      .severity = severity,
                                      .healed = !over,
                                      .text_de = de,
                                      .text_en = en,
                                      .time_ms = time_ms};
    if (!rg_alertlog_add_news(b->log, &n)) {
        c->next_open = c->open; /* with the next write, then */
        return RG_OK;
    }
    return over ? rg_kv_put(txn, RG_ALERTSTORE_WAITS, key, (struct rg_bytes){&severity, 1})
                : rg_kv_del(txn, RG_ALERTSTORE_WAITS, key);
}

/* The alert of a rule that is in force no longer, if @item is one, is over. */
static rg_err close_one(struct rg_backlog *b, struct rg_kv_txn *txn, const struct rg_kv_item *item,
                        int64_t time_ms)
{
    char id[RG_NAME_MAX + 1] = "";
    struct key k;
    memcpy(id, item->key.data, RG_NAME_MAX);
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(id, b->definition->rules[b->counted[i].rule].id) == 0) {
            return RG_OK;
        }
    }
    if (rg_bytes_from_u64_be(item->key.data + RG_NAME_MAX) != OPEN || item->value.len != 1) {
        return RG_OK;
    }
    const struct rg_bytes key = key_for(id, OPEN, &k);
    const struct rg_monitor_news n = {.code = id,
                                      .subject = key,
                                      .severity = item->value.data[0],
                                      .healed = true,
                                      .text_de = "Die Regel gilt nicht mehr.",
                                      .text_en = "The rule is no longer in force.",
                                      .time_ms = time_ms};
    return rg_alertlog_add_news(b->log, &n) ? rg_kv_del(txn, RG_ALERTSTORE_WAITS, key) : RG_OK;
}

/* Look at the first record of each rule: there its alert stands. */
static rg_err close_gone(struct rg_backlog *b, struct rg_kv_txn *txn, int64_t time_ms)
{
    struct key at = {{0}};
    rg_err e = RG_OK;
    while (e == RG_OK) {
        struct rg_kv_cursor *cursor = NULL;
        struct rg_kv_item item;
        e = rg_kv_cursor_open(txn, RG_ALERTSTORE_WAITS, &cursor);
        e = e == RG_OK ? rg_kv_cursor_seek(cursor, (struct rg_bytes){at.b, sizeof at.b}, &item) : e;
        if (e == RG_OK && item.key.len != sizeof at.b) {
            e = RG_ERR_CORRUPT;
        }
        if (e == RG_OK) {
            memcpy(at.b, item.key.data, RG_NAME_MAX);
            rg_bytes_u64_be(at.b + RG_NAME_MAX, UINT64_MAX);
            e = close_one(b, txn, &item, time_ms);
        }
        rg_kv_cursor_close(&cursor);
    }
    return e == RG_ERR_NOT_FOUND ? RG_OK : e;
}

rg_err rg_backlog_write(struct rg_backlog *b, struct rg_kv_txn *txn, bool whole, int64_t time_ms)
{
    rg_err e = RG_OK;
    for (size_t i = 0; i < b->count; i++) {
        b->counted[i].next_count = b->counted[i].count;
        b->counted[i].next_open = b->counted[i].open;
    }
    for (size_t i = 0; e == RG_OK && i < b->change_count; i++) {
        const struct change *h = &b->change[i];
        for (size_t k = 0; e == RG_OK && k < b->count; k++) {
            struct counted *c = &b->counted[k];
            if (h->rule == EVERY_RULE || h->rule == c->rule) {
                e = set(b, txn, c, h->case_no, h->waits);
            }
        }
    }
    b->looked = whole;
    if (e == RG_OK && whole && b->changed) {
        e = close_gone(b, txn, time_ms);
    }
    for (size_t i = 0; e == RG_OK && whole && i < b->count; i++) {
        e = tell(b, txn, &b->counted[i], time_ms);
    }
    return e;
}

void rg_backlog_written(struct rg_backlog *b)
{
    for (size_t i = 0; i < b->count; i++) {
        b->counted[i].count = b->counted[i].next_count;
        b->counted[i].open = b->counted[i].next_open;
        b->counted[i].more = 0;
        b->counted[i].fewer = 0;
    }
    b->change_count = 0;
    b->changed = b->changed && !b->looked;
}
