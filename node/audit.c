#include "node/audit.h"

#include "crypto/verify.h"
#include "node/audit_priv.h"
#include "node/core/guilt.h"
#include "storage/disk.h"
#include "storage/kv.h"
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES ((size_t)8 * 1024 * 1024)

/* The stores whose values are sealed: only their owners know what is inside. Names as their owners
 * (monitor/alertstore.c, agency/vault.c) made them. */
struct store {
    const char *name;
    const char *const *tables;
    uint32_t count;
};

static const char *const ALERTS[] = {"meta", "state", "due",   "log",
                                     "case", "ids",   "topic", "cursor"};
static const char *const VAULT[] = {"meta",    "cases",  "commitments", "names", "files",
                                    "streams", "parked", "missing",     "owed",  "feed"};
static const struct store STORES[] = {
    {"alerts", ALERTS, sizeof ALERTS / sizeof ALERTS[0]},
    {"vault", VAULT, sizeof VAULT / sizeof VAULT[0]},
};

rg_err rg_audit__fault(struct rg_audit *a, uint64_t height, const char *text)
{
    struct rg_audit_report *r = a->report;
    if (r->fault[0] == '\0') {
        r->height = height;
        (void)snprintf(r->fault, sizeof r->fault, "%s", text);
    }
    return RG_ERR_CORRUPT;
}

bool rg_audit__cert_ok(const struct rg_audit *a, const struct rg_cert *cert)
{
    return rg_cert_check(cert, &a->genesis->ledger_id, &a->members, a->sets[a->set_count - 1].epoch,
                         rg_verify);
}

rg_err rg_audit__add_ref(struct rg_audit_refs *r, const struct rg_audit_ref *ref)
{
    if (r->count == r->cap) {
        const size_t cap = r->cap == 0 ? 256 : r->cap * 2;
        struct rg_audit_ref *list = realloc(r->list, cap * sizeof *list);
        if (list == NULL) {
            return RG_ERR_NOMEM;
        }
        r->list = list;
        r->cap = cap;
    }
    r->list[r->count++] = *ref;
    return RG_OK;
}

const struct rg_audit_ref *rg_audit__find_ref(const struct rg_audit_refs *r,
                                              const struct rg_hash *hash)
{
    for (size_t i = 0; i < r->count; i++) {
        if (rg_hash_eq(&r->list[i].hash, hash)) {
            return &r->list[i];
        }
    }
    return NULL;
}

static rg_err check_tables(struct rg_audit *a, const struct store *s, struct rg_kv *kv)
{
    struct rg_kv_txn *txn = NULL;
    rg_err e = rg_kv_begin_read(kv, &txn);
    for (uint32_t t = 0; e == RG_OK && t < s->count; t++) {
        uint64_t records = 0;
        e = rg_kv_check(txn, t, &records);
        if (e == RG_OK) {
            a->report->store_records += records;
        } else if (e == RG_ERR_CORRUPT) {
            char text[RG_AUDIT_TEXT_MAX];
            (void)snprintf(text, sizeof text, "the store %s is damaged: a record of its table %s",
                           s->name, s->tables[t]);
            e = rg_audit__fault(a, 0, text);
        }
    }
    rg_kv_abort(&txn);
    return e;
}

static rg_err check_store(struct rg_audit *a, const char *data, const struct store *s)
{
    char dir[RG_DISK_PATH_MAX];
    struct rg_kv *kv = NULL;
    char text[RG_AUDIT_TEXT_MAX];
    rg_err e = rg_disk_join(data, s->name, dir);
    if (e != RG_OK) {
        return e;
    }
    const struct rg_kv_options o = {
        .dir = dir, .tables = s->tables, .tables_count = s->count, .read_only = true};
    e = rg_kv_open(&o, &kv);
    if (e == RG_ERR_NOT_FOUND) {
        return RG_OK; /* a node that stopped before it made one */
    }
    if (e == RG_ERR_CORRUPT || e == RG_ERR_INVALID) {
        (void)snprintf(text, sizeof text, "the store %s cannot be opened or lacks a table",
                       s->name);
        return rg_audit__fault(a, 0, text);
    }
    if (e == RG_OK) {
        e = check_tables(a, s, kv);
    }
    rg_kv_close(&kv);
    return e;
}

rg_err rg_audit__add_set(struct rg_audit *a)
{
    struct rg_audit_set *sets = realloc(a->sets, (a->set_count + 1) * sizeof *sets);
    if (sets == NULL) {
        return RG_ERR_NOMEM;
    }
    a->sets = sets;
    const struct rg_governance *v = &a->state.governance;
    if (!rg_guilt_members(a->genesis, &v->current, &a->members)) {
        return RG_ERR_CORRUPT;
    }
    a->sets[a->set_count++] = (struct rg_audit_set){.epoch = v->epoch, .members = a->members};
    a->cert_view = 0;
    return RG_OK;
}

static rg_err prepare(struct rg_audit *a)
{
    const rg_err e = rg_arena_init(&a->arena, ARENA_BYTES);
    rg_state_init(&a->state, a->genesis);
    return e == RG_OK ? rg_audit__add_set(a) : e;
}

/* The journal's faults name a block by its hash; whoever knows its height says so. */
static void settle_height(struct rg_audit *a)
{
    const struct rg_audit_ref *body = rg_audit__find_ref(&a->bodies, &a->journal_fault_hash);
    const struct rg_audit_ref *block = rg_audit__find_ref(&a->chain, &a->journal_fault_hash);
    if (a->journal_fault && a->report->height == 0) {
        a->report->height = body != NULL    ? body->height
                            : block != NULL ? (uint64_t)(block - a->chain.list) + 1
                                            : 0;
    }
}

/* Journal first: its finalizations may cover the chain's last blocks. The chain's faults come first
 * in the report, they are the older ones. */
static rg_err check_all(struct rg_audit *a, const char *data)
{
    char dir[RG_DISK_PATH_MAX];
    struct rg_audit_report journal;
    rg_err e = rg_disk_join(data, "journal", dir);
    if (e != RG_OK) {
        return e;
    }
    const rg_err of_journal = rg_audit__journal(a, dir);
    if (of_journal != RG_OK && of_journal != RG_ERR_CORRUPT) {
        return of_journal;
    }
    journal = *a->report;
    a->report->fault[0] = '\0';
    a->report->height = 0;
    e = rg_disk_join(data, "chain", dir);
    if (e == RG_OK) {
        e = rg_audit__chain(a, dir);
    }
    if (e == RG_OK && of_journal != RG_OK) {
        a->report->height = a->report->height != 0 ? a->report->height : journal.height;
        memcpy(a->report->fault, journal.fault, sizeof journal.fault);
        settle_height(a);
        return of_journal;
    }
    if (e == RG_OK) {
        e = rg_audit__signatures(a);
        settle_height(a);
    }
    if (e == RG_OK) {
        e = rg_audit__bodies(a);
    }
    for (size_t i = 0; e == RG_OK && i < sizeof STORES / sizeof STORES[0]; i++) {
        e = check_store(a, data, &STORES[i]);
    }
    return e;
}

rg_err rg_audit_run(const char *data, const struct rg_genesis *g, struct rg_audit_report *out)
{
    struct rg_disk_lock *lock = NULL;
    memset(out, 0, sizeof *out);
    rg_err e = rg_disk_lock(data, &lock);
    if (e != RG_OK) {
        (void)snprintf(out->fault, sizeof out->fault, "%s",
                       e == RG_ERR_BUSY ? "the node is running; stop it first" : rg_err_text(e));
        return e;
    }
    struct rg_audit *a = calloc(1, sizeof *a);
    if (a == NULL) {
        rg_disk_unlock(&lock);
        return RG_ERR_NOMEM;
    }
    a->genesis = g;
    a->report = out;
    e = prepare(a);
    if (e == RG_OK) {
        e = check_all(a, data);
    }
    out->ok = e == RG_OK;
    if (e != RG_OK && out->fault[0] == '\0') {
        (void)snprintf(out->fault, sizeof out->fault, "%s", rg_err_text(e));
    }
    rg_arena_fini(&a->arena);
    free(a->votes);
    for (size_t i = 0; i < a->cert_count; i++) {
        uint8_t *p = NULL;
        memcpy(&p, &a->certs[i].data, sizeof p);
        free(p);
    }
    free(a->certs);
    free(a->pairs);
    free(a->sets);
    free(a->finals.list);
    free(a->bodies.list);
    free(a->chain.list);
    free(a);
    rg_disk_unlock(&lock);
    return e;
}
