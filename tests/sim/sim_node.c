/* One node: the production core, and the driver's contract towards it: actions in order, nothing
 * behind a barrier before the sync has returned, death possible between any two actions. */
#include "crypto/hash.h"
#include "proto/ledger_codec.h"
#include "sim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rg_core_time time_of(const struct sim *s, const struct sim_node *node)
{
    return (struct rg_core_time){
        .mono_ms = s->now_ms,
        .wall_ms = (uint64_t)((int64_t)(SIM_WALL_MS + s->now_ms) + node->skew_ms)};
}

/* What leaves a node passes under the oracle's eyes. */
static void inspect(struct sim *s, const struct sim_node *node, struct sim_buf *buf)
{
    struct rg_peer_message m;
    struct rg_vote v;
    bool voted = false;
    memset(&m, 0, sizeof m);
    rg_arena_reset(&s->arena);
    sim_decode_next(buf);
    if (rg_peer_codec_decode(&s->arena, &s->genesis->ledger_id, sim_buf_bytes(buf), &m) != RG_OK) {
        sim_fail(s, "a node sends what cannot be decoded");
        return;
    }
    if (m.kind == RG_PEER_VOTE || m.kind == RG_PEER_PROPOSE) {
        sim_oracle_sent(s, node->index, m.bytes);
        voted = s->liars && rg_vote_decode(m.bytes, &v) == RG_OK;
    } else if (m.kind == RG_PEER_CERT) {
        sim_oracle_cert(s, node->index, m.bytes);
    }
    if (s->liars) {
        sim_lies_see(s, &(struct sim_packet){
                            .buf = buf, .m = &m, .vote = voted ? &v : NULL, .from = node->index});
    }
}

static void broadcast(struct sim *s, struct sim_node *node, const struct rg_core_action *a,
                      struct sim_buf *buf)
{
    const bool gossip = a->kind == RG_CORE_BCAST;
    inspect(s, node, buf);
    if (node->liar != NULL && sim_lies_send(s, node, buf, gossip, a->peer)) {
        return;
    }
    if (!gossip) {
        sim_send(s, node->index, a->peer, false, buf);
        return;
    }
    for (uint16_t to = 0; to < s->n; to++) {
        sim_send(s, node->index, to, true, buf);
    }
}

static void submit_later(struct sim *s, struct sim_node *node, uint64_t ms)
{
    sim_post(s,
             (struct sim_event){.at_ms = s->now_ms + ms, .kind = SIM_SUBMIT, .node = node->index});
}

static void let_go(struct sim *s, struct sim_node *node, const struct rg_core_action *a,
                   struct sim_buf *buf)
{
    switch ((int)a->kind) {
    case RG_CORE_BCAST:
    case RG_CORE_SEND:
        broadcast(s, node, a, buf);
        break;
    case RG_CORE_SERVE:
        if (!s->faults || node->liar == NULL || node->liar->serve == NULL ||
            !node->liar->serve(s, node, a)) {
            sim_disk_serve(s, node, a);
        }
        break;
    case RG_CORE_OWN:
        if (a->sequence == 0 && a->token < 1000000) {
            node->to_submit++;
            submit_later(s, node, 500);
        } else if (a->sequence > s->oracle.taken[node->index]) {
            s->oracle.taken[node->index] = a->sequence;
            s->stats.submissions++;
        }
        break;
    case RG_CORE_FINAL:
        sim_disk_archive(s, node, a->height);
        break;
    case RG_CORE_OWN_FINAL:
        sim_oracle_told(s, node->index, a->sequence, a->height, a->index, a->result);
        break;
    default:
        break;
    }
}

static void hold(struct sim_node *node, const struct rg_core_action *a)
{
    if (node->held_count == node->held_cap) {
        node->held_cap = node->held_cap == 0 ? 64 : node->held_cap * 2;
        node->held = realloc(node->held, node->held_cap * sizeof *node->held);
    }
    node->held[node->held_count++] = (struct sim_held){
        .action = *a, .buf = a->bytes.len > 0 ? sim_buf_new(a->bytes) : NULL, .need = node->need};
}

void sim_node_release(struct sim *s, struct sim_node *node)
{
    size_t done = 0;
    while (done < node->held_count && node->held[done].need <= node->durable) {
        struct sim_held h = node->held[done++];
        let_go(s, node, &h.action, h.buf);
        sim_buf_drop(h.buf);
    }
    if (done > 0) {
        memmove(node->held, node->held + done, (node->held_count - done) * sizeof *node->held);
        node->held_count -= done;
    }
    if (node->need > node->durable) {
        sim_disk_sync(s, node);
    }
}

static void perform_one(struct sim *s, struct sim_node *node, const struct rg_core_action *a)
{
    switch (a->kind) {
    case RG_CORE_JOURNAL:
        sim_disk_append(node, a->type, a->bytes);
        return;
    case RG_CORE_TURN_BEGIN:
    case RG_CORE_TURN_END:
        sim_disk_turn(s, node, a->kind == RG_CORE_TURN_BEGIN);
        return;
    case RG_CORE_BARRIER:
        node->need = node->file[node->active].count;
        return;
    case RG_CORE_FINAL:
        sim_disk_keep(s, node, a->block);
        hold(node, a);
        node->held[node->held_count - 1].action.height = a->block->height;
        return;
    case RG_CORE_DEADLINE:
        node->deadline_ms = a->at_ms;
        if (a->at_ms != UINT64_MAX) {
            sim_post(s, (struct sim_event){.at_ms = a->at_ms > s->now_ms ? a->at_ms : s->now_ms,
                                           .kind = SIM_TICK,
                                           .node = node->index,
                                           .life = node->life,
                                           .arg = a->at_ms});
        }
        return;
    case RG_CORE_ALARM:
        if (s->options.verbose) {
            printf("%8llu %c alarm: %s\n", (unsigned long long)s->now_ms, 'A' + node->index,
                   a->text);
        }
        return;
    case RG_CORE_HALT:
        node->dying = true;
        if (node->liar == NULL) {
            sim_fail(s, a->text);
        }
        return;
    case RG_CORE_NONE:
    case RG_CORE_AGENCY:
        return;
    case RG_CORE_BCAST:
    case RG_CORE_SEND:
    case RG_CORE_SERVE:
    case RG_CORE_OWN:
    case RG_CORE_OWN_FINAL:
        hold(node, a);
        return;
    }
}

static void perform(struct sim *s, struct sim_node *node, struct rg_core_actions actions)
{
    for (size_t i = 0; i < actions.count && !node->dying; i++) {
        if (s->faults && sim_below(s, 1000000) < s->crash_per_million) {
            node->dying = true;
            break;
        }
        perform_one(s, node, &actions.list[i]);
        if (!node->turning) {
            sim_node_release(s, node);
        }
    }
    if (node->dying) {
        sim_node_crash(s, node);
    }
}

static bool recover(struct sim_node *node)
{
    struct rg_core_tip tip = {.height = 0};
    if (node->chain_durable > 0) {
        const struct sim_block *b = &node->chain[node->chain_durable - 1];
        tip = (struct rg_core_tip){.height = b->height,
                                   .time_ms = b->time_ms,
                                   .hash = b->hash,
                                   .state = sim_buf_bytes(b->state),
                                   .block = sim_buf_bytes(b->block),
                                   .cert = sim_buf_bytes(b->cert)};
    }
    if (rg_core_recover_tip(node->core, &tip) != RG_OK) {
        return false;
    }
    const struct sim_file *f = &node->file[node->active];
    for (size_t i = 0; i < f->count; i++) {
        if (rg_core_recover_record(node->core, f->list[i].type, sim_buf_bytes(f->list[i].buf)) !=
            RG_OK) {
            return false;
        }
    }
    return true;
}

void sim_node_start(struct sim *s, struct sim_node *node)
{
    struct rg_core_config config = {.genesis = s->genesis,
                                    .principal = node->index,
                                    .sign = sim_crypto_sign,
                                    .sign_ctx = &node->key,
                                    .verify = sim_crypto_verify,
                                    .journal_bytes = s->journal_bytes};
    if (node->core != NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof config.instance.b; i++) {
        config.instance.b[i] = (uint8_t)sim_below(s, 256);
    }
    node->life++;
    node->dying = false;
    if (rg_core_new(&config, &node->core) != RG_OK || !recover(node)) {
        sim_fail(s, "a node cannot read its own disk");
        return;
    }
    const size_t records = node->file[node->active].count;
    perform(s, node, rg_core_start(node->core, records > 0, time_of(s, node)));
}

void sim_node_crash(struct sim *s, struct sim_node *node)
{
    if (node->core == NULL) {
        return;
    }
    rg_core_destroy(&node->core);
    node->life++;
    node->dying = false;
    sim_disk_crash(s, node);
    if (s->faults && node->liar != NULL && node->liar->crash != NULL) {
        node->liar->crash(s, node);
    }
    s->stats.crashes++;
    if (node->killed) {
        return;
    }
    const uint64_t down = sim_below(s, 4) == 0 ? sim_below(s, 4000) : sim_below(s, 300);
    sim_post(s, (struct sim_event){
                    .at_ms = s->now_ms + 1 + down, .kind = SIM_RESTART, .node = node->index});
}

#define SEALED_FAT 3840
#define ENTRIES_FAT 16
#define ENTRIES_MAX 256

/* The agency hands in one or a few entries nobody can mistake for others. */
void sim_node_submit(struct sim *s, struct sim_node *node, size_t count)
{
    uint8_t sealed[SEALED_FAT];
    struct rg_bytes entries[ENTRIES_MAX];
    rg_arena_reset(&s->out_arena);
    for (size_t i = 0; i < count; i++) {
        struct rg_entry e = {.kind = RG_ENTRY_CASE, .readers = 1, .schema = RG_SCHEMA_CASE};
        memset(sealed, node->index, sizeof sealed);
        e.sealed = (struct rg_bytes){sealed, s->fat ? sizeof sealed : 64};
        const uint64_t id = rg_prng_next(&s->prng);
        memcpy(e.tag.b, &id, sizeof id);
        if (rg_ledger_codec_encode_entry(&s->out_arena, &e, &entries[i]) != RG_OK) {
            sim_fail(s, "an entry cannot be encoded");
            return;
        }
    }
    const struct rg_core_submit what = {
        .token = ++node->tokens, .entries = entries, .count = count};
    perform(s, node, rg_core_on_submit(node->core, &what, time_of(s, node)));
}

void sim_node_ballot(struct sim *s, struct sim_node *node, struct rg_bytes entry)
{
    const struct rg_core_submit what = {
        .token = ++node->tokens + 1000000, .entries = &entry, .count = 1};
    perform(s, node, rg_core_on_submit(node->core, &what, time_of(s, node)));
}

static void archived(struct sim *s, struct sim_node *node, uint64_t height)
{
    if (height > node->chain_durable) {
        node->chain_durable = height;
    }
    perform(s, node, rg_core_on_archived(node->core, height, time_of(s, node)));
    if (node->core != NULL) {
        perform(s, node, rg_core_on_followed(node->core, height, time_of(s, node)));
    }
}

void sim_node_event(struct sim *s, struct sim_node *node, const struct sim_event *ev)
{
    if (node->core == NULL) {
        return;
    }
    switch ((int)ev->kind) {
    case SIM_MESSAGE:
        sim_decode_next(ev->buf);
        perform(s, node,
                rg_core_on_message(node->core, ev->from, ev->gossip, sim_buf_bytes(ev->buf),
                                   time_of(s, node)));
        break;
    case SIM_TICK:
        if (ev->life == node->life && ev->arg == node->deadline_ms) {
            node->deadline_ms = UINT64_MAX;
            perform(s, node, rg_core_on_tick(node->core, time_of(s, node)));
        }
        break;
    case SIM_SYNCED:
        if (ev->life == node->life && ev->from == node->sync_number && node->syncing != 0) {
            node->syncing = 0;
            sim_disk_tell(s, node, node->durable, ev->arg);
            node->durable = ev->arg;
            sim_node_release(s, node);
        }
        break;
    case SIM_ARCHIVED:
        if (ev->life == node->life) {
            archived(s, node, ev->arg);
        }
        break;
    case SIM_SUBMIT:
        if (node->to_submit > 0) {
            node->to_submit--;
            sim_node_submit(s, node, s->fat ? ENTRIES_FAT : 1 + sim_below(s, 3));
        }
        break;
    default:
        break;
    }
}
