/* Alerts of the system: about this node, or what it cannot judge. */
#include <stdio.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/genesis.h"
#include "node/monitor/alertlog_priv.h"

/* A place among what waits to be written; NULL: there are too many already. */
static struct rg_alertlog_system *add(struct rg_alertlog *l, const char *code,
                                      struct rg_bytes subject)
{
    if (l->system_count == RG_ALERTLOG_SYSTEM_MAX) {
        l->system_lost++;
        return NULL;
    }
    struct rg_alertlog_system *s = &l->system[l->system_count];
    l->system_count++;
    *s = (struct rg_alertlog_system){.severity = RG_CLOUDEVENT_SYSTEM};
    (void)snprintf(s->code, sizeof s->code, "%s", code);
    rg_hash_one(RG_DOMAIN_ALERT, &l->config.genesis->ledger_id, subject, &s->subject);
    return s;
}

void rg_alertlog_add_system(struct rg_alertlog *l, const char *code, struct rg_bytes subject,
                            const char *text, int64_t time_ms)
{
    struct rg_alertlog_system *s = add(l, code, subject);
    if (s != NULL) {
        (void)snprintf(s->text_de, sizeof s->text_de, "%s", text);
        (void)snprintf(s->text, sizeof s->text, "%s", text);
        s->time_ms = time_ms;
    }
}

bool rg_alertlog_add_news(struct rg_alertlog *l, const struct rg_monitor_news *n)
{
    struct rg_alertlog_system *s = add(l, n->code, n->subject);
    if (s != NULL) {
        (void)snprintf(s->text_de, sizeof s->text_de, "%s", n->text_de);
        (void)snprintf(s->text, sizeof s->text, "%s", n->text_en);
        s->time_ms = n->time_ms;
        s->ends = n->healed;
        s->begins = !n->healed;
        s->severity = n->severity != 0 ? n->severity : s->severity;
    }
    return s != NULL;
}

static void name_system(const struct rg_alertlog *l, const char *code,
                        const struct rg_hash *subject, struct rg_hash *out)
{
    struct rg_hash_state h;
    rg_hash_begin(&h, RG_DOMAIN_ALERT, &l->config.genesis->ledger_id);
    rg_hash_add(&h, rg_bytes_str("system"));
    rg_hash_add_u64(&h, l->config.principal);
    rg_hash_add(&h, rg_bytes_str(code));
    rg_hash_add(&h, (struct rg_bytes){subject->b, sizeof subject->b});
    rg_hash_end(&h, out);
}

rg_err rg_alertlog_is_open(struct rg_alertlog *l, const char *code, struct rg_bytes subject,
                           bool *out)
{
    struct rg_alertlog_stand s = {.known = false};
    struct rg_kv_txn *txn = NULL;
    struct rg_hash hash;
    struct rg_hash name;
    rg_hash_one(RG_DOMAIN_ALERT, &l->config.genesis->ledger_id, subject, &hash);
    name_system(l, code, &hash, &name);
    rg_err e = rg_kv_begin_read(l->config.kv, &txn);
    e = e == RG_OK ? rg_alertlog__stand(l, txn, &name, &s) : e;
    rg_kv_abort(&txn);
    *out = e == RG_OK && s.known && rg_alertlog__holds(s.head.state);
    return e;
}

rg_err rg_alertlog__write_system(struct rg_alertlog *l, struct rg_kv_txn *txn,
                                 const struct rg_alertlog_system *s)
{
    struct rg_cloudevent_alert a = {.severity = (enum rg_cloudevent_severity)s->severity,
                                    .state = s->ends ? RG_CLOUDEVENT_HEALED : RG_CLOUDEVENT_RAISED,
                                    .time_ms = s->time_ms,
                                    .rule = rg_bytes_str(s->code),
                                    .message_de = s->text_de,
                                    .message_en = s->text};
    name_system(l, s->code, &s->subject, &a.alert);
    return rg_alertlog__write_one(l, txn, &a, NULL, s->begins);
}
