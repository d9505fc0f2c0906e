/* The audit of a stopped node: finds any changed byte in chain and journal, also when every storage
 * checksum was made anew after the change, and names the height. */
#include "storage_tmp.h"

#include "base/bytes.h"
#include "base/prng.h"
#include "consensus/vote.h"
#include "core_lab.h"
#include "crypto/sign.h"
#include "crypto/verify.h"
#include "node/audit.h"
#include "node/core/record.h"
#include "storage/chain.h"
#include "storage/chain_priv.h"
#include "storage/disk.h"
#include "storage/journal.h"

#define NODES 4

static struct rg_sign *keys[NODES];

static void real_sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    rg_sign(ctx, digest, out);
}

static bool real_verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                        const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

/* A network with real keys that made some blocks final. */
static void run_network(struct lab *l)
{
    assert_int_equal(rg_sign_start(), RG_OK);
    lab_make(l, NODES, false, 0);
    for (uint16_t i = 0; i < NODES; i++) {
        const uint8_t seed[32] = {(uint8_t)(i + 1)};
        assert_int_equal(rg_sign_from_seed(seed, &keys[i]), RG_OK);
        l->genesis->principal[i].sign_key = *rg_sign_pubkey(keys[i]);
        l->node[i].config.sign = real_sign;
        l->node[i].config.sign_ctx = keys[i];
        l->node[i].config.verify = real_verify;
    }
    lab_start_all(l);
    lab_run(l, 2200, 50);
    for (int k = 0; k < 12; k++) {
        assert_true(lab_submit(l, (uint16_t)(k % NODES), 3, 150));
        lab_run(l, 200, 20);
    }
    lab_run(l, 4000, 50);
    lab_same_tip(l);
}

/* Put what node 0 has into the folder @t, as a node would. */
static void write_data(const struct lab *l, const struct tmp *t)
{
    const struct lab_node *x = &l->node[0];
    struct rg_chain *chain = NULL;
    struct rg_journal *journal = NULL;
    struct rg_journal_info info;
    const struct rg_chain_options o = {.dir = tmp_path(t, "chain"),
                                       .ledger = l->genesis->ledger_id,
                                       .genesis_time_ms = (int64_t)l->genesis->time_ms,
                                       .map_bytes = 64u << 20};
    assert_int_equal(rg_chain_open(&o, &chain), RG_OK);
    for (uint64_t h = 1; h <= x->finals; h++) {
        const struct lab_block *b = &x->chain[h];
        const struct rg_chain_block block = {.height = h,
                                             .time_ms = (int64_t)b->time_ms,
                                             .hash = b->hash,
                                             .bytes = {b->block, b->block_len},
                                             .cert = {b->cert, b->cert_len},
                                             .result = {b->results, b->results_len}};
        assert_int_equal(
            rg_chain_append(chain, &block, 1, (struct rg_bytes){b->state, b->state_len}), RG_OK);
    }
    rg_chain_close(&chain);
    assert_int_equal(rg_journal_open(tmp_path(t, "journal"), 4u << 20, NULL, NULL, &info, &journal),
                     RG_OK);
    for (size_t i = 0; i < x->journal.count; i++) {
        const struct rg_bytes part = {x->journal.list[i].data, x->journal.list[i].len};
        assert_int_equal(rg_journal_append(journal, x->journal.list[i].type, &part, 1), RG_OK);
    }
    assert_int_equal(rg_journal_sync(journal), RG_OK);
    rg_journal_close(&journal);
}

static rg_err audit(const struct lab *l, const struct tmp *t, struct rg_audit_report *out)
{
    return rg_audit_run(t->path, l->genesis, out);
}

/* Change byte @at of the value of @key, with a checksum that fits; returns its length. */
static size_t change(const struct tmp *t, uint32_t table, struct rg_bytes key, size_t at)
{
    static uint8_t value[RG_BLOCK_MAX];
    struct rg_kv *kv = NULL;
    struct rg_kv_txn *txn = NULL;
    size_t len = 0;
    const struct rg_kv_options o = {.dir = tmp_path(t, "chain"),
                                    .tables = rg_chain_table_names,
                                    .tables_count = RG_CHAIN_TABLES,
                                    .map_bytes = 64u << 20};
    assert_int_equal(rg_kv_open(&o, &kv), RG_OK);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    const rg_err e = rg_kv_get_copy(txn, table, key, value, sizeof value, &len);
    if (e == RG_OK && len > 0) {
        value[at % len] ^= 1;
        assert_int_equal(rg_kv_put(txn, table, key, (struct rg_bytes){value, len}), RG_OK);
    }
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    rg_kv_close(&kv);
    return e == RG_OK ? len : 0;
}

static void clean_data_passes(void **state)
{
    struct lab l;
    struct rg_audit_report r;
    const struct tmp t = tmp_make();
    (void)state;
    run_network(&l);
    assert_int_equal(audit(&l, &t, &r), RG_ERR_NOT_FOUND);
    write_data(&l, &t);
    assert_int_equal(audit(&l, &t, &r), RG_OK);
    assert_true(r.ok);
    assert_string_equal(r.fault, "");
    assert_int_equal(r.tip, l.node[0].finals);
    assert_int_equal(r.blocks, r.tip);
    assert_int_equal(r.submissions, 12);
    assert_int_equal(r.entries, 36);
    assert_true(r.certificates > r.blocks / 2);
    assert_int_equal(r.journal_records, l.node[0].journal.count);
    const struct rg_core_status s = lab_status(&l, 0);
    assert_true(rg_hash_eq(&r.digest, &s.digest));
    struct rg_disk_lock *lock = NULL;
    assert_int_equal(rg_disk_lock(t.path, &lock), RG_OK);
    assert_int_equal(audit(&l, &t, &r), RG_ERR_BUSY);
    assert_false(r.ok);
    rg_disk_unlock(&lock);
    /* The data of another ledger. */
    l.genesis->ledger_id.b[0] ^= 1;
    assert_int_equal(audit(&l, &t, &r), RG_ERR_INVALID);
    l.genesis->ledger_id.b[0] ^= 1;
    tmp_remove(&t);
    lab_free(&l);
}

static void changed_chain_is_found(void **state)
{
    struct lab l;
    struct rg_audit_report r;
    struct rg_prng rng;
    const struct tmp t = tmp_make();
    unsigned changes = 0;
    (void)state;
    rg_prng_init(&rng, 5);
    run_network(&l);
    write_data(&l, &t);
    const uint64_t tip = l.node[0].finals;
    for (uint32_t table = RG_CHAIN_HEADS; table <= RG_CHAIN_RESULTS; table++) {
        for (unsigned k = 0; k < 12; k++) {
            uint8_t key[8];
            const uint64_t height = 1 + rg_prng_below(&rng, tip);
            const size_t at = rg_prng_below(&rng, 1u << 20);
            rg_bytes_u64_be(key, height);
            if (change(&t, table, (struct rg_bytes){key, 8}, at) == 0) {
                continue;
            }
            changes++;
            assert_int_equal(audit(&l, &t, &r), RG_ERR_CORRUPT);
            assert_false(r.ok);
            assert_in_range(r.height, height, height);
            assert_true(strlen(r.fault) > 10);
            assert_true(change(&t, table, (struct rg_bytes){key, 8}, at) > 0);
        }
    }
    assert_true(changes > 30);
    for (unsigned k = 0; k < 40; k++) {
        const size_t at = k < 20 ? k : rg_prng_below(&rng, 1u << 20);
        assert_true(change(&t, RG_CHAIN_META, rg_bytes_str("state"), at) > 0);
        assert_int_equal(audit(&l, &t, &r), RG_ERR_CORRUPT);
        assert_in_range(r.height, tip, tip);
        assert_true(change(&t, RG_CHAIN_META, rg_bytes_str("state"), at) > 0);
    }
    assert_int_equal(audit(&l, &t, &r), RG_OK);
    tmp_remove(&t);
    lab_free(&l);
}

static void changed_journal_is_found(void **state)
{
    struct lab l;
    struct rg_audit_report r;
    (void)state;
    run_network(&l);
    struct lab_node *x = &l.node[0];
    struct rg_prng rng;
    rg_prng_init(&rng, 9);
    unsigned found = 0;
    for (unsigned k = 0; k < 25; k++) {
        struct lab_record *rec = &x->journal.list[rg_prng_below(&rng, x->journal.count)];
        /* Private bytes are sealed by the agency side; marks are the node's own word. */
        if (rec->type == RG_RECORD_OWN || rec->type == RG_RECORD_FOLLOWED ||
            rec->type == RG_RECORD_MEMORY || rec->type == RG_RECORD_MET) {
            continue;
        }
        const size_t at = rg_prng_below(&rng, rec->len);
        const struct tmp t = tmp_make();
        rec->data[at] ^= 1;
        write_data(&l, &t);
        rec->data[at] ^= 1;
        const rg_err e = audit(&l, &t, &r);
        /* A header may say anything about itself while nobody signed it. */
        assert_true(e == RG_ERR_CORRUPT || rec->type == RG_RECORD_BLOCK);
        found += e == RG_ERR_CORRUPT;
        tmp_remove(&t);
    }
    assert_true(found >= 10);
    lab_free(&l);
}

/* The archive is behind: the last blocks stand in the journal only, where each byte counts. */
static void live_journal_blocks(void **state)
{
    struct lab l;
    struct rg_audit_report r;
    struct rg_prng rng;
    unsigned tried = 0;
    (void)state;
    rg_prng_init(&rng, 11);
    run_network(&l);
    struct lab_node *x = &l.node[0];
    const uint64_t finals = x->finals;
    x->finals = finals - 3; /* what write_data stores */
    while (x->chain[x->finals].cert_len == 0) {
        x->finals--;
    }
    for (size_t i = 0; i < x->journal.count; i++) {
        struct lab_record *rec = &x->journal.list[i];
        if (rec->type != RG_RECORD_BLOCK) {
            continue;
        }
        bool live = false;
        for (uint64_t h = x->finals + 1; h <= finals; h++) {
            live = live || (x->chain[h].block_len == rec->len &&
                            memcmp(x->chain[h].block, rec->data, rec->len) == 0);
        }
        for (unsigned k = 0; live && k < 4; k++) {
            const struct tmp t = tmp_make();
            const size_t at = rg_prng_below(&rng, rec->len);
            if (k > 0) {
                rec->data[at] ^= 4;
            }
            write_data(&l, &t);
            if (k > 0) {
                rec->data[at] ^= 4;
            }
            assert_int_equal(audit(&l, &t, &r), k > 0 ? RG_ERR_CORRUPT : RG_OK);
            tried++;
            tmp_remove(&t);
        }
    }
    assert_true(tried >= 12);
    x->finals = finals;
    lab_free(&l);
}

static void own_contradiction_is_found(void **state)
{
    struct lab l;
    struct rg_audit_report r;
    struct rg_vote v;
    struct rg_hash digest;
    struct rg_members m;
    struct rg_pubkey pub[NODES];
    const struct tmp t = tmp_make();
    (void)state;
    run_network(&l);
    for (uint16_t i = 0; i < NODES; i++) {
        pub[i] = l.genesis->principal[i].sign_key;
    }
    assert_int_equal(rg_members_init(&m, pub, NODES, &l.genesis->ledger_id), RG_OK);
    struct lab_record *rec = NULL;
    struct lab_record *second = NULL;
    for (size_t i = 0; i < l.node[0].journal.count && second == NULL; i++) {
        struct lab_record *at = &l.node[0].journal.list[i];
        if (at->type != RG_RECORD_VOTE) {
            continue;
        }
        if (rec == NULL) {
            rec = at;
        } else {
            second = at;
        }
    }
    assert_non_null(second);
    /* The second record becomes a vote that contradicts the first, rightly signed. */
    assert_int_equal(rg_vote_decode((struct rg_bytes){rec->data, rec->len}, &v), RG_OK);
    v.cand.hash.b[0] ^= 1;
    if (v.kind == RG_VOTE_NULLIFY) {
        v.kind = RG_VOTE_FINALIZE;
    }
    rg_vote_digest(&l.genesis->ledger_id, &m, v.epoch, v.kind, &v.cand, &digest);
    rg_sign(keys[0], &digest, &v.sig);
    rg_vote_encode(&v, second->data);
    write_data(&l, &t);
    assert_int_equal(audit(&l, &t, &r), RG_ERR_CORRUPT);
    assert_non_null(strstr(r.fault, "contradict"));
    tmp_remove(&t);
    lab_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_data_passes),          cmocka_unit_test(changed_chain_is_found),
        cmocka_unit_test(changed_journal_is_found),   cmocka_unit_test(live_journal_blocks),
        cmocka_unit_test(own_contradiction_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
