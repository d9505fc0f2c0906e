/* Decoding is a function of the bytes alone: who gets a shared packet, and who reads a block that
 * another node has read, shares the decoded form. The linker's --wrap puts this in front of the
 * production decoders, which do the work. */
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/hash.h"
#include "proto/ledger_codec.h"
#include "sim.h"
#include <stdlib.h>
#include <string.h>

rg_err __real_rg_peer_codec_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                                   struct rg_bytes bytes, struct rg_peer_message *out);
rg_err __wrap_rg_peer_codec_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                                   struct rg_bytes bytes, struct rg_peer_message *out);

/* What the bytes decoded to. */
struct sim_parsed {
    rg_err result;
    struct rg_peer_message message;
    struct rg_arena arena;
};

static struct sim_buf *reading;

void sim_decode_next(struct sim_buf *b)
{
    reading = b;
}

/* Decoding is a function of the bytes alone: who gets a shared packet shares its decoded form. */
rg_err __wrap_rg_peer_codec_decode(struct rg_arena *arena, const struct rg_hash *ledger,
                                   struct rg_bytes bytes, struct rg_peer_message *out)
{
    struct sim_buf *b = reading;
    if (b == NULL || b->data != bytes.data || b->len != bytes.len) {
        return __real_rg_peer_codec_decode(arena, ledger, bytes, out);
    }
    if (b->parsed == NULL) {
        struct sim_parsed *p = malloc(sizeof *p);
        RG_ASSERT(p != NULL && rg_arena_init(&p->arena, 2 * bytes.len + 2048) == RG_OK);
        memset(&p->message, 0, sizeof p->message);
        p->result = __real_rg_peer_codec_decode(&p->arena, ledger, bytes, &p->message);
        b->parsed = p;
    }
    if (b->parsed->result == RG_ERR_NOMEM) {
        return __real_rg_peer_codec_decode(arena, ledger, bytes, out);
    }
    if (b->parsed->result == RG_OK) {
        *out = b->parsed->message;
    }
    return b->parsed->result;
}

void sim_decode_drop(struct sim_buf *b)
{
    if (b->parsed != NULL) {
        rg_arena_fini(&b->parsed->arena);
        free(b->parsed);
    }
    reading = reading == b ? NULL : reading;
}

/* Blocks of one run, by their bytes. Nothing is forgotten before the end of the run: cores keep
 * what they got. `checked` of a submission is set anew by each node before each use. */
#define BLOCKS 1024
#define BLOCKS_BYTES ((size_t)24 * 1024 * 1024)

struct block {
    uint64_t key;
    struct rg_block block;
    struct rg_arena arena;
};

static struct block blocks[BLOCKS];
static size_t blocks_count;
static size_t blocks_bytes;

void sim_decode_reset(void)
{
    for (size_t i = 0; blocks_count > 0 && i < BLOCKS; i++) {
        if (blocks[i].key != 0) {
            rg_arena_fini(&blocks[i].arena);
            blocks[i].key = 0;
            blocks_count--;
        }
    }
    blocks_bytes = 0;
}

static struct block *find(struct rg_bytes bytes, uint64_t key)
{
    size_t at = key % BLOCKS;
    while (blocks[at].key != 0 &&
           (blocks[at].key != key || !rg_bytes_eq(blocks[at].block.bytes, bytes))) {
        at = (at + 1) % BLOCKS;
    }
    return &blocks[at];
}

rg_err __real_rg_ledger_codec_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                           struct rg_block *out);
rg_err __wrap_rg_ledger_codec_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                           struct rg_block *out);

rg_err __wrap_rg_ledger_codec_decode_block(struct rg_arena *arena, struct rg_bytes bytes,
                                           struct rg_block *out)
{
    struct rg_hash h;
    uint64_t key = 0;
    rg_hash_one(RG_DOMAIN_RECORD, NULL, bytes, &h);
    memcpy(&key, h.b, sizeof key);
    key |= 1;
    struct block *b = find(bytes, key);
    if (b->key != 0) {
        *out = b->block;
        return RG_OK;
    }
    const rg_err e = __real_rg_ledger_codec_decode_block(arena, bytes, out);
    const size_t room = arena->used + 2 * bytes.len + 1024; /* it is encoded again to compare */
    if (e != RG_OK || blocks_count == BLOCKS / 2 || blocks_bytes + room > BLOCKS_BYTES) {
        return e;
    }
    RG_ASSERT(rg_arena_init(&b->arena, room) == RG_OK);
    memset(&b->block, 0, sizeof b->block);
    if (__real_rg_ledger_codec_decode_block(&b->arena, bytes, &b->block) != RG_OK) {
        rg_arena_fini(&b->arena);
        return e;
    }
    b->key = key;
    blocks_count++;
    blocks_bytes += room;
    return e;
}
