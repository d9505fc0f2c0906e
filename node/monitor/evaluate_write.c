/* Making durable what was judged: states, due times, alerts and cursor in one transaction. */
#include "base/bytes.h"
#include "base/failpoint.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/evaluate_priv.h"

#define LEVEL_WAITING_MAX 512 /* findings written at once while cases are judged anew */

/* Whether alerts wait that are to be told at once. Those of a new version come in a flood, and may
 * gather for as long as what is not told at all. */
static bool urgent(const struct rg_evaluate *e)
{
    return e->level != 0 ? rg_alertlog_waiting(e->config.log) > LEVEL_WAITING_MAX
                         : rg_alertlog_waiting(e->config.log) > 0 ||
                               rg_backlog_urgent(e->config.backlog, e->follow_ms);
}

bool rg_evaluate_ripe(const struct rg_evaluate *e, uint64_t mono_ms)
{
    if (e->redo_count > 0) {
        return false;
    }
    return urgent(e) || rg_events_low(e->config.events) ||
           rg_casestate_cache_dirty(e->config.cases) >= RG_CASESTATE_DIRTY_MAX ||
           rg_evaluate_ripe_at(e) <= mono_ms;
}

uint64_t rg_evaluate_ripe_at(const struct rg_evaluate *e)
{
    if (urgent(e)) {
        return 0;
    }
    return e->moved ? e->moved_ms + RG_EVALUATE_LAZY_MS : UINT64_MAX;
}

static rg_err write_all(struct rg_evaluate *e, struct rg_kv_txn *txn)
{
    rg_err err = rg_casestate_cache_write(e->config.cases, txn);
    if (err == RG_OK) {
        err = rg_backlog_write(e->config.backlog, txn, rg_evaluate__settled(e), e->follow_ms);
    }
    if (err == RG_OK) {
        err = rg_alertlog_write(e->config.log, txn);
    }
    if (err == RG_OK) {
        err =
            rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_FEED), e->cursor);
    }
    if (err == RG_OK) {
        err = rg_alertstore_put(txn, RG_ALERTSTORE_META, rg_bytes_str(RG_ALERTSTORE_HEIGHT),
                                e->height);
    }
    return err == RG_OK ? rg_evaluate__write_version(e, txn) : err;
}

rg_err rg_evaluate_flush(struct rg_evaluate *e)
{
    struct rg_kv_txn *txn = NULL;
    const bool low = rg_events_low(e->config.events);
    const bool changed = e->moved || rg_casestate_cache_dirty(e->config.cases) > 0 ||
                         rg_alertlog_waiting(e->config.log) > 0 || low;
    if (!changed || e->redo_count > 0) {
        return RG_OK;
    }
    rg_err err = rg_kv_begin_write(e->config.kv, &txn);
    if (err != RG_OK) {
        return err;
    }
    err = write_all(e, txn);
    if (err == RG_OK && low) {
        err = rg_events_reserve(e->config.events, txn);
    }
    if (err == RG_OK) {
        RG_FAILPOINT("alerts.commit");
        err = rg_kv_commit(&txn);
        RG_FAILPOINT("alerts.committed");
    }
    rg_kv_abort(&txn);
    if (err != RG_OK) {
        rg_alertlog_unwritten(e->config.log);
        return err;
    }
    e->moved = false;
    rg_casestate_cache_written(e->config.cases);
    if (low) {
        rg_events_reserved(e->config.events);
    }
    rg_backlog_written(e->config.backlog);
    rg_alertlog_written(e->config.log);
    return RG_OK;
}
