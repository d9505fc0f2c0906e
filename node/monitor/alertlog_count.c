/* Which alerts count in the digests that nodes compare. */
#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/genesis.h"
#include "node/monitor/alertlog_priv.h"
#include "rules/definition.h"

/* Whether @rule is one of the process definition, in the version that judges now. What a version
 * withdraws of a rule that it does not have goes on counting, at every node alike. */
static bool is_agreed(const struct rg_alertlog *l, struct rg_bytes rule)
{
    const struct rg_definition *d = l->config.definition;
    for (size_t i = 0; i < d->rule_count; i++) {
        if (rg_definition_is(d->rules[i].id, rule)) {
            return true;
        }
    }
    return false;
}

/* What an alert in @state is counted as: raised, whoever has seen it or has not; or healed;
 * withdrawn, or never raised: 0. */
static uint64_t counted_as(uint8_t state)
{
    return rg_alertlog__holds(state)       ? RG_CLOUDEVENT_RAISED
           : state == RG_CLOUDEVENT_HEALED ? RG_CLOUDEVENT_HEALED
                                           : 0;
}

rg_err rg_alertlog__count(struct rg_alertlog *l, struct rg_kv_txn *txn,
                          const struct rg_cloudevent_alert *a, const struct rg_alertlog_finding *f,
                          const struct rg_alertlog_stand *before)
{
    const uint64_t as[2] = {before->known ? counted_as(before->head.state) : 0,
                            counted_as((uint8_t)a->state)};
    rg_err e = RG_OK;
    if (a->severity == RG_CLOUDEVENT_SYSTEM || as[0] == as[1] || !is_agreed(l, a->rule)) {
        return RG_OK;
    }
    for (size_t i = 0; e == RG_OK && i < 2; i++) {
        struct rg_alertdigest_change c = {
            .height = f->height, .readers = f->c->readers, .minus = i == 0};
        struct rg_hash_state h;
        if (as[i] == 0) {
            continue;
        }
        rg_hash_begin(&h, RG_DOMAIN_ALERT, &l->config.genesis->ledger_id);
        rg_hash_add(&h, rg_bytes_str("counts"));
        rg_hash_add(&h, (struct rg_bytes){a->alert.b, sizeof a->alert.b});
        rg_hash_add_u64(&h, as[i]);
        rg_hash_add_u64(&h, (uint64_t)a->severity);
        rg_hash_end(&h, &c.hash);
        e = rg_alertdigest_add(&l->digest, txn, &c);
    }
    return e;
}
