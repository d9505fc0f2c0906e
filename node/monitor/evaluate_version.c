/* Versions of the process definition: by which one is judged, when the next one takes over, and
 * which cases are still to be judged anew by it. */
#include "base/bytes.h"
#include "base/panic.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/evaluate_priv.h"
#include "rules/definition.h"
#include "storage/chain.h"

/* Whether the passing of time alone can break a rule. */
static bool has_limits(const struct rg_definition *d)
{
    for (size_t i = 0; i < d->rule_count; i++) {
        const enum rg_definition_template t = d->rules[i].template;
        if (t == RG_DEFINITION_RESPONSE_WITHIN || t == RG_DEFINITION_RESPONSE_ANY_WITHIN ||
            t == RG_DEFINITION_STALL) {
            return true;
        }
    }
    return false;
}

size_t rg_evaluate__version_at(const struct rg_evaluate *e, uint64_t height)
{
    size_t i = e->version_count - 1;
    while (i > 0 && e->version[i].from > height) {
        i--;
    }
    return i;
}

/* The time of the block at @height, which was followed. */
static rg_err time_of(const struct rg_evaluate *e, uint64_t height, int64_t *out)
{
    struct rg_chain_view *v = NULL;
    struct rg_chain_tip head;
    rg_err err = rg_chain_view_open(e->config.chain, &v);
    if (err == RG_OK) {
        err = rg_chain_view_head(v, height, &head);
        rg_chain_view_close(&v);
    }
    if (err == RG_OK) {
        *out = head.time_ms;
    }
    return err == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : err;
}

/* Whether blocks of the version after the current one were followed. */
static bool has_next(const struct rg_evaluate *e)
{
    return e->current + 1 < e->version_count && e->version[e->current + 1].from <= e->follow_height;
}

rg_err rg_evaluate__find_times(struct rg_evaluate *e)
{
    rg_err err = RG_OK;
    if (has_next(e) && e->limit_ms == INT64_MAX) {
        err = time_of(e, e->version[e->current + 1].from - 1, &e->limit_ms);
    }
    if (err == RG_OK && e->level != 0 && e->switch_ms == 0) {
        err = time_of(e, e->from, &e->switch_ms);
    }
    return err;
}

void rg_evaluate_set_versions(struct rg_evaluate *e, const struct rg_monitor_version *list,
                              size_t count)
{
    RG_ASSERT(count > 0 && list[0].from == 0);
    e->version = list;
    e->version_count = count;
    e->current = rg_evaluate__version_at(e, e->from);
}

size_t rg_evaluate_version(const struct rg_evaluate *e)
{
    return e->current;
}

rg_err rg_evaluate_use(struct rg_evaluate *e, const struct rg_definition *definition)
{
    e->config.definition = definition;
    e->ticks =
        definition->clock == RG_DEFINITION_LEDGER && (e->config.module || has_limits(definition));
    rg_alertlog_set_definition(e->config.log, definition);
    return rg_backlog_set_definition(e->config.backlog, definition);
}

static rg_err note_height(void *ctx, const struct rg_feed_event *ev)
{
    *(uint64_t *)ctx = ev->height;
    return RG_OK;
}

/* The version that is to judge what comes next. */
static rg_err wanted(const struct rg_evaluate *e, size_t *out)
{
    uint64_t height = e->follow_height;
    uint64_t next = 0;
    *out = e->current;
    if (e->follow_height == 0) {
        return RG_OK; /* nothing was told since the start */
    }
    if (e->cursor < rg_feed_tip(e->config.feed)) {
        const struct rg_feed_span span = {.from = e->cursor + 1, .max = 1};
        const rg_err err = rg_feed_read(e->config.feed, &span, note_height, &height, &next);
        if (err != RG_OK) {
            return err;
        }
    }
    if (height <= e->follow_height) {
        *out = rg_evaluate__version_at(e, height);
    }
    return RG_OK;
}

bool rg_evaluate__settled(const struct rg_evaluate *e)
{
    /* An event that waits says itself that there is something to do. */
    return e->level == 0 &&
           (e->follow_height == 0 || rg_evaluate__version_at(e, e->follow_height) == e->current);
}

uint64_t rg_evaluate__limit_height(const struct rg_evaluate *e, uint64_t height)
{
    uint64_t limit = height;
    if (e->level != 0) {
        limit = e->from - 1;
    } else if (has_next(e)) {
        limit = e->version[e->current + 1].from - 1;
    }
    return limit < height ? limit : height;
}

void rg_evaluate__judged(struct rg_evaluate *e, struct rg_casestate *c)
{
    rg_casestate_set_from(e->config.cases, c, e->from);
    if (e->from < e->reached && (e->late == 0 || c->case_no < e->late)) {
        e->late = c->case_no;
    }
}

static void begin_version(struct rg_evaluate *e, size_t index)
{
    const bool back = index < e->current;
    const bool first = e->version[index].from > e->reached;
    e->current = index;
    e->from = e->version[index].from;
    e->reached = first ? e->from : e->reached;
    e->level = back ? 0 : first ? 1 : e->late;
    e->edge = false;
    e->limit_ms = INT64_MAX;
    e->switch_ms = 0;
    e->moved = true;
    e->moved_ms = e->clock_ms;
}

rg_err rg_evaluate__next_version(struct rg_evaluate *e)
{
    size_t index = e->current;
    rg_err err = wanted(e, &index);
    if (err != RG_OK || index == e->current) {
        return err;
    }
    if (index > e->current && !e->edge) {
        e->edge = true; /* first what is due until then; it is looked for once more */
        e->blocked = false;
        return RG_OK;
    }
    err = rg_evaluate_flush(e);
    if (err != RG_OK) {
        return err;
    }
    begin_version(e, index > e->current ? e->current + 1 : index);
    return rg_evaluate__find_times(e);
}

rg_err rg_evaluate__read_version(struct rg_evaluate *e, struct rg_kv_txn *txn)
{
    const struct {
        const char *name;
        uint64_t *to;
    } all[] = {{RG_ALERTSTORE_VERSION, &e->from},
               {RG_ALERTSTORE_REACHED, &e->reached},
               {RG_ALERTSTORE_LEVEL, &e->level},
               {RG_ALERTSTORE_LATE, &e->late}};
    rg_err err = RG_OK;
    for (size_t i = 0; err == RG_OK && i < sizeof all / sizeof all[0]; i++) {
        err = rg_alertstore_get(txn, RG_ALERTSTORE_META, rg_bytes_str(all[i].name), all[i].to);
    }
    return err;
}

rg_err rg_evaluate__write_version(struct rg_evaluate *e, struct rg_kv_txn *txn)
{
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {{RG_ALERTSTORE_VERSION, e->from},
               {RG_ALERTSTORE_REACHED, e->reached},
               {RG_ALERTSTORE_LEVEL, e->level},
               {RG_ALERTSTORE_LATE, e->late}};
    rg_err err = RG_OK;
    for (size_t i = 0; e->reached > 0 && err == RG_OK && i < sizeof all / sizeof all[0]; i++) {
        err = rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str(all[i].name), all[i].value);
    }
    return err;
}
