/* How far subscribers have come in the alert log, as they say themselves: kept here by name. */
#include <string.h>

#include "base/bytes.h"
#include "base/failpoint.h"
#include "node/monitor/alertlog.h"
#include "node/monitor/alertstore.h"
#include "node/monitor/monitor_priv.h"

#define CURSORS_MAX 4096

/* Move the cursor under @key in @txn, never back. */
static rg_err move_cursor(struct rg_kv_txn *txn, struct rg_bytes key, uint64_t to, uint64_t *out)
{
    uint64_t count = 0;
    rg_err e = rg_alertstore_get(txn, RG_ALERTSTORE_CURSOR, key, out);
    if (e != RG_OK || to <= *out) {
        return e;
    }
    if (*out == 0) {
        e = rg_kv_count(txn, RG_ALERTSTORE_CURSOR, &count);
        if (e == RG_OK && count >= CURSORS_MAX) {
            e = RG_ERR_FULL;
        }
    }
    *out = to;
    return e == RG_OK ? rg_alertstore_put(txn, RG_ALERTSTORE_CURSOR, key, to) : e;
}

rg_err rg_monitor_cursor(struct rg_monitor *m, uint32_t principal, struct rg_bytes name,
                         uint64_t acknowledge, uint64_t *out)
{
    uint8_t bytes[4 + RG_NAME_MAX];
    if (name.len == 0 || name.len > RG_NAME_MAX || acknowledge > rg_alertlog_last(m->log)) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(principal >> (24 - 8 * i));
    }
    memcpy(bytes + 4, name.data, name.len);
    const struct rg_bytes key = {bytes, 4 + name.len};
    struct rg_kv_txn *txn = NULL;
    uint64_t at = 0;
    rg_err e = acknowledge > 0 ? rg_kv_begin_write(m->kv, &txn) : rg_kv_begin_read(m->kv, &txn);
    e = e == RG_OK ? move_cursor(txn, key, acknowledge, &at) : e;
    RG_FAILPOINT("monitor.commit");
    e = e == RG_OK ? rg_kv_commit(&txn) : e;
    rg_kv_abort(&txn);
    if (e == RG_OK) {
        *out = at;
    }
    return e;
}
