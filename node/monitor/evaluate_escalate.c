/* Critical alerts that nobody acknowledged in time: which of them are told once more now. */
#include "base/bytes.h"
#include "crypto/rand.h"
#include "node/monitor/evaluate.h"
#include "node/monitor/evaluate_priv.h"

#define ONCE_MAX 64   /* alerts told in one transaction */
#define SCAN_MAX 4096 /* alerts looked at in one go */

/* Whether events of the case wait in the feed: what they say may have come in time. Not at the end
 * of a version: those that wait are of later blocks. */
static rg_err case_waits(struct rg_evaluate *e, uint64_t case_no, bool *out)
{
    struct rg_feed_case c;
    struct rg_casestate *state = NULL;
    rg_err err = rg_feed_get_case(e->config.feed, case_no, &c);
    if (err != RG_OK) {
        *out = false;
        return err == RG_ERR_NOT_FOUND ? RG_OK : err; /* the log drops what is gone */
    }
    const struct rg_casestate_name name = {case_no, c.pseudonym, c.rest_key, c.readers};
    err = rg_casestate_get(e->config.cases, &name, &state);
    if (err == RG_OK) {
        *out = !e->edge && state->event_count < c.event_count;
    }
    rg_rand_wipe(c.rest_key, sizeof c.rest_key);
    return err;
}

/* Find up to ONCE_MAX alerts that are due by @now_ms. */
static rg_err find_due(struct rg_evaluate *e, int64_t now_ms, struct rg_alertlog_due *out,
                       size_t *out_count)
{
    struct rg_alertlog_due found[ONCE_MAX];
    size_t count = ONCE_MAX;
    rg_err err = RG_OK;
    *out_count = 0;
    for (size_t skip = 0; err == RG_OK && skip < SCAN_MAX && *out_count == 0; skip += count) {
        err = rg_alertlog_due(e->config.log, now_ms, skip, found, ONCE_MAX, &count);
        for (size_t i = 0; err == RG_OK && i < count; i++) {
            bool waits = false;
            err = case_waits(e, found[i].case_no, &waits);
            e->blocked = e->blocked || waits;
            if (err == RG_OK && !waits) {
                out[(*out_count)++] = found[i];
            }
        }
        if (count == 0) {
            break;
        }
    }
    rg_casestate_release(e->config.cases);
    return err;
}

rg_err rg_evaluate__escalate(struct rg_evaluate *e, int64_t now_ms)
{
    struct rg_alertlog_due due[ONCE_MAX];
    size_t count = 0;
    rg_err err = rg_evaluate_flush(e); /* what was acknowledged by now is in the log */
    err = err == RG_OK ? find_due(e, now_ms, due, &count) : err;
    if (err == RG_OK && count > 0) {
        rg_alertlog_escalate(e->config.log, due, count);
        err = rg_evaluate_flush(e);
        rg_alertlog_escalate(e->config.log, NULL, 0);
    }
    return err;
}
