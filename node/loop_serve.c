/* Answering a peer that is behind: whole blocks from the chain, up to one that has a certificate.
 */
#include "consensus/cert.h"
#include "node/loop_priv.h"
#include "proto/peer_codec.h"

/* Room for blocks in an answer; the rest is for the certificate and the message's own fields. */
#define BLOCKS_BYTES (RG_FRAME_PEER_MAX - RG_CERT_MAX - 64 * 1024)

struct answer {
    struct rg_arena *arena;
    struct rg_bytes *list;
    size_t count;
    size_t certified; /* blocks up to the last one with a certificate */
    struct rg_bytes cert;
};

static rg_err add_block(void *ctx, const struct rg_chain_block *block)
{
    struct answer *a = ctx;
    if (a->count == RG_PEER_BLOCKS_MAX || (block->cert.len > 0 && a->cert.len > 0 &&
                                           rg_cert_epoch(block->cert) != rg_cert_epoch(a->cert))) {
        return RG_ERR_FULL; /* an answer stays within one epoch: its last block has a certificate */
    }
    a->list[a->count] = rg_arena_copy(a->arena, block->bytes);
    if (block->cert.len > 0) {
        a->cert = rg_arena_copy(a->arena, block->cert);
        a->certified = a->count + 1;
    }
    a->count++;
    return a->arena->failed ? RG_ERR_FULL : RG_OK;
}

/* Collect blocks of together @budget bytes; at least one. */
static rg_err collect(struct rg_loop *l, uint64_t height, uint64_t budget, struct answer *out)
{
    uint64_t next = 0;
    rg_arena_reset(&l->arena);
    *out = (struct answer){.arena = &l->arena};
    out->list = rg_arena_take_array(&l->arena, RG_PEER_BLOCKS_MAX, sizeof out->list[0]);
    if (out->list == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = rg_chain_walk(l->chain, height, budget, add_block, out, &next);
    return err == RG_ERR_FULL ? RG_OK : err; /* enough for one answer */
}

static void send_answer(struct rg_loop *l, uint16_t peer, uint64_t height, struct answer *a)
{
    struct rg_bytes bytes = {.len = 0};
    struct rg_peers_out out = {.full = false};
    const struct rg_peer_message m = {
        .kind = RG_PEER_BLOCKS,
        .from = height,
        .count = (uint32_t)(a->certified > 0 ? a->certified : a->count),
        .list = a->list,
        .block = a->cert,
    };
    rg_err err = rg_peer_codec_encode(&l->arena, &l->config->genesis.ledger_id, &m, &bytes);
    if (err == RG_OK) {
        err = rg_peers_out_new(bytes, &out);
    }
    if (err == RG_OK) {
        rg_peers_send(l->peers, peer, &out);
        return;
    }
    rg_log(RG_LOG_WARNING, "blocks could not be served", RG_LOG_NUMBER("height", height),
           RG_LOG_TEXT("error", rg_err_text(err)));
}

/* Blocks whose certificate stands further on than one answer reaches: the peer keeps them until it
 * has that one. */
static rg_err find_certificate(struct rg_loop *l, uint64_t height, struct answer *a)
{
    struct rg_chain_view *view = NULL;
    struct rg_bytes cert = {.len = 0};
    uint64_t at = 0;
    rg_err err = rg_chain_view_open(l->chain, &view);
    if (err != RG_OK) {
        return err;
    }
    err = rg_chain_view_cert_from(view, height, &at, &cert);
    if (err == RG_OK) {
        a->cert = rg_arena_copy(&l->arena, cert);
    }
    rg_chain_view_close(&view);
    return err == RG_ERR_NOT_FOUND ? RG_OK : err; /* not archived yet: it comes with a later part */
}

void rg_loop_serve__blocks(struct rg_loop *l, uint16_t peer, uint64_t height, uint32_t max_bytes)
{
    struct answer a;
    const uint64_t budget = max_bytes < BLOCKS_BYTES ? max_bytes : BLOCKS_BYTES;
    rg_err err = collect(l, height, budget, &a);
    if (err == RG_OK && a.count > 0 && a.certified == 0) {
        err = collect(l, height, BLOCKS_BYTES, &a); /* the next certificate stands further on */
    }
    if (err == RG_OK && a.count > 0 && a.certified == 0) {
        err = find_certificate(l, height, &a);
    }
    if (err != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the chain cannot be read", rg_err_text(err));
        return;
    }
    send_answer(l, peer, height, &a); /* also when it is empty: the peer asks another one then */
}
