/* The chain: every block again, from the genesis on. */
#include "node/audit_priv.h"

#include "crypto/verify.h"
#include "node/core/guilt.h"
#include "proto/ledger_codec.h"
#include "storage/chain.h"
#include <stdio.h>

static bool verify(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                   const struct rg_sig *sig)
{
    (void)ctx;
    return rg_verify(key, digest, sig);
}

/* The certificate that stands at block @b, whose header says view @view. */
static rg_err check_cert(struct rg_audit *a, const struct rg_chain_block *b, uint64_t view)
{
    struct rg_cert cert;
    if (b->cert.len == 0) {
        return RG_OK;
    }
    a->report->certificates++;
    if (rg_cert_decode(b->cert, &cert) != RG_OK) {
        return rg_audit__fault(a, b->height, "the block's certificate does not decode");
    }
    if (cert.kind != RG_VOTE_FINALIZE || !rg_hash_eq(&cert.cand.hash, &b->hash) ||
        cert.cand.view < view || cert.cand.view <= a->cert_view) {
        return rg_audit__fault(a, b->height, "the certificate does not finalize this block");
    }
    if (!rg_audit__cert_ok(a, &cert)) {
        return rg_audit__fault(a, b->height,
                               "the certificate is not signed by a quorum of the authorities");
    }
    a->covered = b->height;
    a->cert_view = cert.cand.view;
    return RG_OK;
}

/* The results that were stored against those of executing it again. */
static rg_err check_results(struct rg_audit *a, const struct rg_chain_block *b,
                            const struct rg_block *block)
{
    static const char different[] = "the stored results differ from those of executing the block";
    uint8_t results[RG_BLOCK_SUBMISSIONS_MAX];
    struct rg_guilt guilt = {a->genesis, verify, NULL};
    const struct rg_state_guilty guilty = {rg_guilt_check, &guilt};
    rg_state_apply(&a->state, a->genesis, block, &guilty, results);
    if (b->result.len != block->header.submission_count ||
        (b->result.len > 0 && memcmp(b->result.data, results, b->result.len) != 0)) {
        return rg_audit__fault(a, b->height, different);
    }
    for (uint32_t i = 0; i < block->header.submission_count; i++) {
        a->report->submissions++;
        a->report->entries += block->submissions[i].entry_count;
    }
    return RG_OK;
}

static rg_err check_block(void *ctx, const struct rg_chain_block *b)
{
    struct rg_audit *a = ctx;
    struct rg_block block;
    rg_arena_reset(&a->arena);
    if (a->journal_fault && rg_hash_eq(&b->hash, &a->journal_fault_hash)) {
        a->report->height = b->height;
    }
    if (rg_ledger_codec_decode_block(&a->arena, b->bytes, &block) != RG_OK) {
        return rg_audit__fault(a, b->height, "the block does not decode");
    }
    if (!rg_hash_eq(&block.hash, &b->hash)) {
        return rg_audit__fault(a, b->height, "the block's hash is not the stored one");
    }
    if (block.header.height != b->height || (int64_t)block.header.time_ms != b->time_ms) {
        return rg_audit__fault(a, b->height, "height or time differ from the header's");
    }
    const struct rg_hash parent = a->state.block;
    const enum rg_block_fault fault =
        rg_block_check(&block, &a->state, &parent, a->genesis, verify, NULL);
    if (fault != RG_BLOCK_VALID) {
        return rg_audit__fault(a, b->height, rg_block_fault_text(fault));
    }
    rg_err e = check_results(a, b, &block);
    if (e == RG_OK) {
        e = check_cert(a, b, block.header.view);
    }
    if (e == RG_OK) {
        e = rg_audit__add_ref(&a->chain, &(struct rg_audit_ref){.hash = b->hash});
    }
    if (e == RG_OK && block.header.epoch_last) {
        e = rg_audit__add_set(a);
    }
    if (e == RG_OK) {
        a->report->blocks++;
        if (a->covered < b->height && rg_audit__find_ref(&a->finals, &b->hash) != NULL) {
            a->covered = b->height; /* the archive was cut before its certificate */
        }
    }
    return e;
}

/* The state record and the tip against what the blocks gave. */
static rg_err check_end(struct rg_audit *a, struct rg_chain_view *v)
{
    struct rg_chain_tip tip;
    struct rg_bytes stored = {0};
    uint64_t height = 0;
    rg_err e = rg_chain_view_tip(v, &tip);
    if (e != RG_OK) {
        return e;
    }
    a->report->tip = tip.height;
    a->report->tip_hash = tip.hash;
    rg_state_digest(&a->state, &a->report->digest);
    if (tip.height != a->report->blocks || !rg_hash_eq(&tip.hash, &a->state.block)) {
        return rg_audit__fault(a, tip.height, "the chain's end is not its last block");
    }
    if (tip.height == 0) {
        return RG_OK;
    }
    if (a->covered < tip.height) {
        return rg_audit__fault(a, a->covered + 1, "no finalization covers this block");
    }
    e = rg_chain_view_state(v, &height, &stored);
    if (e != RG_OK) {
        return e == RG_ERR_NOT_FOUND ? rg_audit__fault(a, tip.height, "the state record is missing")
                                     : e;
    }
    const size_t len = rg_state_encode(&a->state, a->state_bytes);
    if (height != tip.height || stored.len != len ||
        memcmp(stored.data, a->state_bytes, len) != 0) {
        return rg_audit__fault(a, tip.height, "the state record differs from the executed state");
    }
    return RG_OK;
}

static rg_err check_chain(struct rg_audit *a, struct rg_chain *chain)
{
    struct rg_chain_fault where = {NULL, 0};
    struct rg_chain_view *v = NULL;
    char text[RG_AUDIT_TEXT_MAX];
    rg_err e = rg_chain_check(chain, check_block, a, &where);
    if (e == RG_ERR_CORRUPT && a->report->fault[0] == '\0') {
        /* The store's own checks found it: a checksum, a gap, an order. */
        (void)snprintf(text, sizeof text, "a record of the chain's table %s is damaged",
                       where.table != NULL ? where.table : "meta");
        return rg_audit__fault(a, where.height != 0 ? where.height : a->report->blocks, text);
    }
    if (e == RG_OK) {
        e = rg_chain_view_open(chain, &v);
    }
    if (e == RG_OK) {
        e = check_end(a, v);
        if (e == RG_ERR_CORRUPT && a->report->fault[0] == '\0') {
            e = rg_audit__fault(a, a->report->blocks, "the state record is damaged");
        }
    }
    rg_chain_view_close(&v);
    return e;
}

rg_err rg_audit__chain(struct rg_audit *a, const char *dir)
{
    struct rg_chain *chain = NULL;
    const struct rg_chain_options o = {.dir = dir,
                                       .ledger = a->genesis->ledger_id,
                                       .genesis_time_ms = (int64_t)a->genesis->time_ms,
                                       .read_only = true};
    rg_err e = rg_chain_open(&o, &chain);
    if (e == RG_ERR_CORRUPT) {
        uint64_t height = 0;
        for (size_t i = 0; i < a->bodies.count; i++) {
            height = a->bodies.list[i].height > height ? a->bodies.list[i].height : height;
        }
        return rg_audit__fault(a, height, "the chain's end is damaged: tip or state record");
    }
    if (e == RG_OK) {
        e = check_chain(a, chain);
    }
    rg_chain_close(&chain);
    return e;
}
