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
#define SECOND_MS 1000
#define SPAN_MAX 64

/* Of all cases that wait; their times are added up in seconds, which hold for any number of them.
 */
struct sum {
    uint64_t count;
    int64_t since_s;
    bool open;
};

/* A rule that counts. Its name in the store is its id, with zeros behind it; the value of a case is
 * since when it waits (u64 BE). */
struct counted {
    uint32_t rule;
    struct sum now;
    struct sum next; /* after the write under way */
    uint64_t more;   /* changes that wait to be written, at most: so many more wait, or fewer */
    uint64_t fewer;
};

struct change {
    uint64_t case_no;
    uint32_t rule; /* EVERY_RULE: by none it waits */
    int64_t since_ms;
};

struct rg_backlog {
    struct rg_kv *kv;
    struct rg_alertlog *log;
    const struct rg_definition *definition; /* NULL: none yet */
    struct counted *counted;
    size_t count;
    bool changed;    /* the definition: alerts of rules that it lacks may be open */
    bool looked;     /* for them, by the write under way */
    int64_t told_ms; /* ledger time of the newest write that could tell */
    struct change *change;
    size_t change_count;
    size_t change_cap;
};

_Static_assert(RG_ALERTLOG_TEXT_MAX > RG_DEFINITION_TEXT_MAX + 200, "a rule's text and numbers");

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
    b->told_ms = INT64_MIN;
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
        if (rg_bytes_from_u64_be(item.key.data + RG_NAME_MAX) == OPEN) {
            c->now.open = true;
        } else if (item.value.len == 8) {
            c->now.count++;
            c->now.since_s += (int64_t)rg_bytes_from_u64_be(item.value.data) / SECOND_MS;
        } else {
            e = RG_ERR_CORRUPT;
            break;
        }
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

rg_err rg_backlog_note(struct rg_backlog *b, uint64_t case_no, uint32_t rule, int64_t since_ms)
{
    const bool waits = since_ms != RG_BACKLOG_NOT;
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
    b->change[b->change_count] = (struct change){case_no, rule, since_ms};
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

#define NO_AGE (-1) /* on the event clock, which stands still between a case's entries */

static int64_t mean_age(const struct rg_backlog *b, const struct sum *sum, int64_t time_ms)
{
    if (b->definition->clock != RG_DEFINITION_LEDGER) {
        return NO_AGE;
    }
    if (sum->count == 0) {
        return 0;
    }
    return time_ms - sum->since_s / (int64_t)sum->count * SECOND_MS;
}

static bool is_over(const struct rg_definition_rule *r, uint64_t count, int64_t age_ms)
{
    return (r->n > 0 && count > r->n) || (r->limit_ms > 0 && age_ms > r->limit_ms);
}

/* Enough fewer, or younger, that nobody is told of each case. */
static bool is_under(const struct rg_definition_rule *r, uint64_t count, int64_t age_ms)
{
    return (r->n == 0 || count <= r->n - r->n / 10) &&
           (r->limit_ms == 0 || age_ms <= r->limit_ms - r->limit_ms / 10);
}

bool rg_backlog_urgent(const struct rg_backlog *b, int64_t time_ms)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct counted *c = &b->counted[i];
        const struct rg_definition_rule *r = &b->definition->rules[c->rule];
        const uint64_t least = c->now.count > c->fewer ? c->now.count - c->fewer : 0;
        const int64_t age_ms = mean_age(b, &c->now, time_ms);
        const bool later = r->limit_ms > 0 && time_ms > b->told_ms;
        if (c->now.open ? (c->fewer > 0 || later) && is_under(r, least, age_ms)
                        : (c->more > 0 || later) && is_over(r, c->now.count + c->more, age_ms)) {
            return true;
        }
    }
    return false;
}

rg_err rg_backlog_forget(struct rg_backlog *b, uint64_t case_no)
{
    return b->count == 0 ? RG_OK : rg_backlog_note(b, case_no, EVERY_RULE, RG_BACKLOG_NOT);
}

/* A span in words that German and English share. */
static const char *span(int64_t ms, char out[SPAN_MAX])
{
    const int64_t minutes = ms / 60000;
    const int64_t hours = minutes / 60;
    if (hours >= 24) {
        (void)snprintf(out, SPAN_MAX, "%" PRId64 " d %" PRId64 " h", hours / 24, hours % 24);
    } else if (minutes >= 60) {
        (void)snprintf(out, SPAN_MAX, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
    } else {
        (void)snprintf(out, SPAN_MAX, "%" PRId64 " min %" PRId64 " s", minutes, ms / 1000 % 60);
    }
    return out;
}

static void add_up(struct sum *sum, int64_t since_ms, bool waits)
{
    sum->count += waits ? 1 : 0;
    sum->count -= waits ? 0 : 1;
    sum->since_s += waits ? since_ms / SECOND_MS : -(since_ms / SECOND_MS);
}

/* Case @h waits by @c, or not; nothing changes when that is known. */
static rg_err set(struct rg_backlog *b, struct rg_kv_txn *txn, struct counted *c,
                  const struct change *h)
{
    struct key k;
    struct rg_bytes value;
    uint8_t since[8];
    const bool waits = h->since_ms != RG_BACKLOG_NOT;
    const struct rg_bytes key = key_of(b, c, h->case_no, &k);
    rg_err e = rg_kv_get(txn, RG_ALERTSTORE_WAITS, key, &value);
    if (e == RG_OK && value.len != sizeof since) {
        return RG_ERR_CORRUPT;
    }
    if (e == RG_OK) {
        add_up(&c->next, (int64_t)rg_bytes_from_u64_be(value.data), false);
        e = waits ? RG_OK : rg_kv_del(txn, RG_ALERTSTORE_WAITS, key);
    } else if (e == RG_ERR_NOT_FOUND) {
        e = RG_OK;
    }
    if (e != RG_OK || !waits) {
        return e;
    }
    add_up(&c->next, h->since_ms, true);
    rg_bytes_u64_be(since, (uint64_t)h->since_ms);
    return rg_kv_put(txn, RG_ALERTSTORE_WAITS, key, (struct rg_bytes){since, sizeof since});
}

/* How many wait, and how long, put behind a text of the rule. */
static void add_numbers(const struct rg_definition_rule *r, const struct sum *sum, int64_t age_ms,
                        const char *const words[3], char text[RG_ALERTLOG_TEXT_MAX])
{
    char age[SPAN_MAX];
    char limit[SPAN_MAX];
    size_t len = strlen(text);
    if (r->n > 0) {
        (void)snprintf(text + len, RG_ALERTLOG_TEXT_MAX - len, " (%s: %" PRIu64 "; %s %u.)",
                       words[0], sum->count, words[2], r->n);
    }
    len = strlen(text);
    if (r->limit_ms > 0 && age_ms != NO_AGE) {
        (void)snprintf(text + len, RG_ALERTLOG_TEXT_MAX - len, " (%s: %s; %s %s.)", words[1],
                       span(age_ms, age), words[2], span(r->limit_ms, limit));
    }
}

static const char *const words_de[3] = {"Wartende Fälle", "Mittlere Wartezeit",
                                        "vorgesehen: bis zu"};
static const char *const words_en[3] = {"Cases that wait", "Mean time that they wait",
                                        "planned for: up to"};

/* Hand the log what crossed the limit, upwards or downwards. */
static rg_err tell(struct rg_backlog *b, struct rg_kv_txn *txn, struct counted *c, int64_t time_ms)
{
    const struct rg_definition_rule *r = &b->definition->rules[c->rule];
    char de[RG_ALERTLOG_TEXT_MAX];
    char en[RG_ALERTLOG_TEXT_MAX];
    struct key k;
    const int64_t age_ms = mean_age(b, &c->next, time_ms);
    const bool over = is_over(r, c->next.count, age_ms);
    if (c->now.open ? !is_under(r, c->next.count, age_ms) : !over) {
        return RG_OK;
    }
    c->next.open = over;
    (void)snprintf(de, sizeof de, "%s", r->message_de);
    (void)snprintf(en, sizeof en, "%s", r->message_en);
    add_numbers(r, &c->next, age_ms, words_de, de);
    add_numbers(r, &c->next, age_ms, words_en, en);
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
        c->next.open = c->now.open; /* with the next write, then */
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
        b->counted[i].next = b->counted[i].now;
    }
    for (size_t i = 0; e == RG_OK && i < b->change_count; i++) {
        const struct change *h = &b->change[i];
        for (size_t k = 0; e == RG_OK && k < b->count; k++) {
            struct counted *c = &b->counted[k];
            if (h->rule == EVERY_RULE || h->rule == c->rule) {
                e = set(b, txn, c, h);
            }
        }
    }
    b->looked = whole;
    b->told_ms = time_ms;
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
        b->counted[i].now = b->counted[i].next;
        b->counted[i].more = 0;
        b->counted[i].fewer = 0;
    }
    b->change_count = 0;
    b->changed = b->changed && !b->looked;
}
