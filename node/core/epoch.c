/* Who takes turns, and the way from one epoch to the next: the last block of an epoch is final, the
 * state after it names the new authorities, and the consensus begins anew on that block. Peers are
 * named by their place among the nodes, which no epoch changes. */
#include "node/core/core_priv.h"

#include "base/num.h"
#include "node/core/guilt.h"
#include <stdlib.h>

void rg_epoch__take(struct rg_core *c)
{
    const struct rg_governance *v = &c->tip.state->governance;
    struct rg_members m;
    c->me = RG_MEMBERS_NONE;
    for (uint16_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        c->authority_of[i] = RG_MEMBERS_NONE;
    }
    if (!rg_guilt_members(c->genesis, &v->current, &m)) {
        rg_core__halt(c, "the state names authorities that the ledger does not have");
        return;
    }
    c->epoch = v->epoch;
    c->members = m;
    for (uint16_t i = 0; i < m.n; i++) {
        const uint32_t place = rg_genesis_place_of(c->genesis, v->current.principal[i]);
        c->place_of[i] = (uint16_t)place;
        c->authority_of[place] = i;
        if (place == c->place) {
            c->me = i;
        }
    }
}

uint32_t rg_epoch__place(const struct rg_core *c, uint32_t peer)
{
    if (peer < c->members.n) {
        return c->place_of[peer];
    }
    return peer == RG_PEER_ALL || peer == RG_PEER_NONE ? peer : peer - RG_AUTHORITIES_MAX;
}

uint32_t rg_epoch__peer(const struct rg_core *c, uint32_t place)
{
    return c->authority_of[place] != RG_MEMBERS_NONE ? c->authority_of[place]
                                                     : place + RG_AUTHORITIES_MAX;
}

void rg_epoch__note_end(struct rg_core *c, const struct rg_cert *final)
{
    c->end.height = c->tip.info.height;
    if (rg_cert_encode(final, c->end.cert, sizeof c->end.cert, &c->end.cert_len) != RG_OK) {
        c->end.cert_len = 0;
    }
}

static struct rg_cons_params params_of(const struct rg_genesis *g)
{
    struct rg_cons_params p = rg_cons_params_default();
    p.leader_ms = (uint32_t)g->parameters.leader_timeout_ms;
    p.view_ms = (uint32_t)g->parameters.view_timeout_ms;
    p.retransmit_ms = (uint32_t)g->parameters.status_ms;
    p.skip_ms = (uint32_t)g->parameters.skip_ms;
    p.cap_ms = (uint32_t)g->parameters.timeout_cap_ms;
    p.empty_gap_ms = (uint32_t)g->parameters.empty_interval_ms;
    return rg_cons_params_ok(&p) ? p : rg_cons_params_default();
}

bool rg_epoch__make(struct rg_core *c, const struct rg_cert *final, enum rg_memory memory)
{
    const struct rg_cons_setup setup = {
        .params = params_of(c->genesis),
        .members = &c->members,
        .me = c->config.sign == NULL ? RG_MEMBERS_NONE : c->me,
        .ledger = c->genesis->ledger_id,
        .epoch = c->epoch,
        .root = c->tip.info, /* with @final given it is never looked at */
        .memory = memory,
        .mute = c->has_memory && c->memory.epoch == c->epoch ? c->memory.mute : 0,
        .sign = c->config.sign,
        .sign_ctx = c->config.sign_ctx};
    const size_t size = rg_cons_size(c->members.n, &setup.params);
    c->doubt = memory;
    free(c->cons_memory);
    c->cons = NULL;
    c->cons_memory = malloc(size);
    if (c->cons_memory == NULL) {
        c->out.failed = true;
        return false;
    }
    c->cons = rg_cons_init(c->cons_memory, size, &setup);
    if (final != NULL) {
        rg_cons_recover_final(c->cons, final, &c->tip.info);
    }
    return true;
}

/* "A node that once lost votes asks again at the start of each epoch": whom it asked may have been
 * an epoch behind what it had voted in. */
static enum rg_memory next_memory(const struct rg_core *c)
{
    const enum rg_memory now = c->me == RG_MEMBERS_NONE ? c->doubt : rg_cons_memory(c->cons);
    if (now == RG_MEMORY_LOST || rg_cons_mute(c->cons) > 0) {
        return RG_MEMORY_LOST;
    }
    return now; /* who has not been told yet is still in doubt */
}

enum rg_memory rg_epoch__memory(const struct rg_core *c, bool had_records)
{
    if (!c->has_memory) {
        return had_records               ? RG_MEMORY_WHOLE
               : c->tip.info.height == 0 ? RG_MEMORY_FRESH
                                         : RG_MEMORY_LOST;
    }
    if (c->memory.memory != RG_MEMORY_SURE) {
        return c->memory.memory; /* nobody has said yet what was before: still in doubt */
    }
    return c->memory.epoch != c->epoch && c->memory.mute > 0 ? RG_MEMORY_LOST : RG_MEMORY_WHOLE;
}

/* What belongs to the views of the epoch that is over. */
static void forget_views(struct rg_core *c)
{
    c->job_count = 0;
    c->wanted = 0;
    c->vote_count = 0;
    c->work_sent = false;
    c->pruned_view = UINT64_MAX;
    memset(c->fetch, 0, sizeof c->fetch);
    struct rg_blocknode *n = c->tree.first;
    while (n != NULL) {
        struct rg_blocknode *next = n->next;
        if (!n->final) {
            rg_blocktree_remove(&c->tree, n);
        }
        n = next;
    }
    for (uint16_t i = 0; i < c->node_count; i++) {
        c->peer[i].missed_turns = 0;
    }
}

void rg_epoch__maybe(struct rg_core *c)
{
    if (c->halted || !c->started || !rg_cons_ended(c->cons) ||
        !rg_hash_eq(&rg_cons_tip(c->cons)->hash, &c->tip.info.hash)) {
        return;
    }
    const enum rg_memory memory = next_memory(c);
    rg_epoch__note_end(c, rg_cons_tip_final(c->cons));
    forget_views(c);
    rg_epoch__take(c);
    if (c->halted || !rg_epoch__make(c, NULL, memory)) {
        return;
    }
    c->status_due_ms = c->now.mono_ms;
    const struct rg_cons_event ev = {
        .kind = RG_EVENT_START, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
    rg_drive__feed(c, &ev);
}
