/* A node's disk: the journal, of which only what a sync has covered survives for sure, and the
 * archive, whose groups of blocks become durable some time later. */
#include "consensus/cert.h"
#include "node/core/record.h"
#include "sim.h"
#include <stdlib.h>
#include <string.h>

static struct sim_file *writing(struct sim_node *node)
{
    return &node->file[node->turning ? 1 - node->active : node->active];
}

static void clear(struct sim_file *f, size_t from)
{
    for (size_t i = from; i < f->count; i++) {
        sim_buf_drop(f->list[i].buf);
    }
    f->count = f->count < from ? f->count : from;
}

void sim_disk_append(struct sim_node *node, uint8_t type, struct rg_bytes bytes)
{
    struct sim_file *f = writing(node);
    if (f->count == f->cap) {
        f->cap = f->cap == 0 ? 256 : f->cap * 2;
        f->list = realloc(f->list, f->cap * sizeof *f->list);
    }
    f->list[f->count++] = (struct sim_record){.type = type, .buf = sim_buf_new(bytes)};
}

/* Tell the oracle of votes and evidence that are durable now. */
static void tell(struct sim *s, const struct sim_node *node, const struct sim_file *f, size_t from,
                 size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (f->list[i].type == RG_RECORD_VOTE) {
            sim_oracle_stored(s, node->index, sim_buf_bytes(f->list[i].buf));
        } else if (f->list[i].type == RG_RECORD_EVIDENCE) {
            sim_oracle_accused(s, node->index, sim_buf_bytes(f->list[i].buf));
        }
    }
}

void sim_disk_tell(struct sim *s, struct sim_node *node, size_t from, size_t to)
{
    tell(s, node, &node->file[node->active], from, to);
}

void sim_disk_turn(struct sim *s, struct sim_node *node, bool begin)
{
    struct sim_file *f = &node->file[node->active];
    if (begin) {
        /* A turn begins with a sync. */
        tell(s, node, f, node->durable, f->count);
        node->durable = f->count;
        clear(&node->file[1 - node->active], 0);
        node->turning = true;
        return;
    }
    node->turning = false;
    node->active = 1 - node->active;
    f = &node->file[node->active];
    tell(s, node, f, 0, f->count);
    node->durable = f->count;
    node->syncing = 0;
    node->sync_number++;
    node->need = 0;
    for (size_t i = 0; i < node->held_count; i++) {
        node->held[i].need = 0; /* the end of a turn syncs all */
    }
    s->stats.turns++;
}

void sim_disk_sync(struct sim *s, struct sim_node *node)
{
    const size_t count = node->file[node->active].count;
    if (node->syncing != 0 || node->durable == count) {
        return;
    }
    node->syncing = count;
    uint64_t took = sim_below(s, s->sync_ms + 1);
    if (s->faults && sim_below(s, 200) == 0) {
        took += sim_below(s, 800); /* a stall */
    }
    took += node->slow_ms;
    if (node->stalled_ms > s->now_ms) {
        took += node->stalled_ms - s->now_ms;
    }
    sim_post(s, (struct sim_event){.at_ms = s->now_ms + took,
                                   .kind = SIM_SYNCED,
                                   .node = node->index,
                                   .from = ++node->sync_number,
                                   .life = node->life,
                                   .arg = count});
}

/* Power is lost: of what no sync has covered, some prefix survives, the record at its end is torn.
 */
void sim_disk_crash(struct sim *s, struct sim_node *node)
{
    struct sim_file *f = &node->file[node->active];
    if (node->turning) {
        clear(&node->file[1 - node->active], 0); /* an unfinished turn does not count */
        node->turning = false;
    }
    const size_t kept = node->durable + sim_below(s, f->count - node->durable + 1);
    tell(s, node, f, node->durable, kept);
    clear(f, kept);
    node->durable = kept;
    node->syncing = 0;
    node->need = 0;
    for (size_t i = 0; i < node->held_count; i++) {
        sim_buf_drop(node->held[i].buf);
    }
    node->held_count = 0;
    for (uint64_t h = node->chain_durable; h < node->chain_count; h++) {
        sim_buf_drop(node->chain[h].block);
        sim_buf_drop(node->chain[h].cert);
        sim_buf_drop(node->chain[h].state);
        sim_buf_drop(node->chain[h].results);
    }
    node->chain_count = node->chain_durable;
}

void sim_disk_wipe(struct sim_node *node)
{
    clear(&node->file[0], 0);
    clear(&node->file[1], 0);
    for (uint64_t h = 0; h < node->chain_count; h++) {
        sim_buf_drop(node->chain[h].block);
        sim_buf_drop(node->chain[h].cert);
        sim_buf_drop(node->chain[h].state);
        sim_buf_drop(node->chain[h].results);
    }
    node->chain_count = 0;
    node->chain_durable = 0;
    node->durable = 0;
}

static void copy(struct sim_file *to, const struct sim_file *from)
{
    clear(to, 0);
    if (to->cap < from->count) {
        to->cap = from->count;
        to->list = realloc(to->list, to->cap * sizeof *to->list);
    }
    for (size_t i = 0; i < from->count; i++) {
        to->list[i] = from->list[i];
        sim_buf_ref(to->list[i].buf);
    }
    to->count = from->count;
}

void sim_disk_backup(struct sim_node *node)
{
    copy(&node->backup, &node->file[node->active]);
    node->has_backup = true;
}

void sim_disk_restore(struct sim_node *node)
{
    copy(&node->file[node->active], &node->backup);
    node->durable = node->backup.count;
}

void sim_disk_free(struct sim_node *node)
{
    sim_disk_wipe(node);
    clear(&node->backup, 0);
    free(node->backup.list);
    for (size_t i = 0; i < SIM_KEPT; i++) {
        sim_buf_drop(node->kept[i]);
    }
    for (size_t i = 0; i < node->held_count; i++) {
        sim_buf_drop(node->held[i].buf);
    }
    free(node->held);
    free(node->file[0].list);
    free(node->file[1].list);
    free(node->chain);
}

void sim_disk_keep(struct sim *s, struct sim_node *node, const struct rg_core_final *f)
{
    if (f->height != node->chain_count + 1) {
        sim_fail(s, "final blocks do not come in order of height");
        return;
    }
    if (node->chain_count == node->chain_cap) {
        node->chain_cap = node->chain_cap == 0 ? 64 : node->chain_cap * 2;
        node->chain = realloc(node->chain, node->chain_cap * sizeof *node->chain);
    }
    node->chain[node->chain_count++] =
        (struct sim_block){.height = f->height,
                           .time_ms = f->time_ms,
                           .hash = f->hash,
                           .block = sim_buf_new(f->block),
                           .cert = f->cert.len > 0 ? sim_buf_new(f->cert) : NULL,
                           .state = sim_buf_new(f->state),
                           .results = sim_buf_new(f->results)};
}

/* What makes a block final is behind its barrier: others may know it now, and the archive may write
 * it. One without a certificate is written with the next that has one. */
void sim_disk_archive(struct sim *s, struct sim_node *node, uint64_t height)
{
    const struct sim_block *b = &node->chain[height - 1];
    const struct rg_core_final f = {.height = b->height,
                                    .time_ms = b->time_ms,
                                    .hash = b->hash,
                                    .block = sim_buf_bytes(b->block),
                                    .results = sim_buf_bytes(b->results),
                                    .state = sim_buf_bytes(b->state)};
    sim_oracle_final(s, node->index, &f);
    if (b->cert != NULL) {
        sim_post(s, (struct sim_event){.at_ms = s->now_ms + 1 + sim_below(s, s->archive_ms),
                                       .kind = SIM_ARCHIVED,
                                       .node = node->index,
                                       .life = node->life,
                                       .arg = height});
    }
}

#define SERVE_MAX 1024

/* Blocks from the archive, up to one that has a certificate; else with the next certificate there
 * is. */
void sim_disk_serve(struct sim *s, struct sim_node *node, const struct rg_core_action *a)
{
    struct rg_bytes list[SERVE_MAX];
    struct rg_peer_message m = {.kind = RG_PEER_BLOCKS, .from = a->height, .list = list};
    uint32_t certified = 0;
    size_t bytes = 0;
    uint64_t h = a->height;
    for (; h >= 1 && h <= node->chain_durable && m.count < SERVE_MAX; h++) {
        const struct sim_block *b = &node->chain[h - 1];
        if (m.count > 0 && bytes + b->block->len > a->max_bytes) {
            break;
        }
        if (b->cert != NULL && certified > 0 &&
            rg_cert_epoch(sim_buf_bytes(b->cert)) != rg_cert_epoch(m.block)) {
            break; /* an answer stays within one epoch */
        }
        bytes += b->block->len;
        list[m.count++] = sim_buf_bytes(b->block);
        if (b->cert != NULL) {
            certified = m.count;
            m.block = sim_buf_bytes(b->cert);
        }
    }
    for (; certified == 0 && h >= 1 && h <= node->chain_durable; h++) {
        if (node->chain[h - 1].cert != NULL) {
            m.block = sim_buf_bytes(node->chain[h - 1].cert);
            break;
        }
    }
    m.count = certified > 0 ? certified : m.count;
    struct rg_bytes out = {0};
    rg_arena_reset(&s->out_arena);
    if (rg_peer_codec_encode(&s->out_arena, &s->genesis->ledger_id, &m, &out) == RG_OK) {
        struct sim_buf *buf = sim_buf_new(out);
        sim_send(s, node->index, a->peer, false, buf);
        sim_buf_drop(buf);
    }
}
