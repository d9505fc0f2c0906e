/* Single bodies that the consensus wants: asked for at one peer after the other, with a timeout. */
#include "node/core/core_priv.h"

#include "base/num.h"

#define ASK_EVERY_MS 400u
#define FORGET_MS 15000u /* the consensus asks again for what it still wants */

void rg_fetch__want(struct rg_core *c, const struct rg_hash *hash, uint64_t signers, bool is_final)
{
    struct rg_core_fetch *free_slot = NULL;
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        struct rg_core_fetch *f = &c->fetch[i];
        if (f->used && rg_hash_eq(&f->hash, hash)) {
            f->signers |= signers;
            f->is_final = f->is_final || is_final;
            return;
        }
        if (!f->used && free_slot == NULL) {
            free_slot = f;
        }
    }
    if (free_slot == NULL) {
        /* The oldest gives way: the consensus asks again for what it still needs. */
        free_slot = &c->fetch[0];
        for (uint32_t i = 1; i < RG_CORE_FETCHES_MAX; i++) {
            if (c->fetch[i].since_ms < free_slot->since_ms) {
                free_slot = &c->fetch[i];
            }
        }
    }
    *free_slot = (struct rg_core_fetch){.used = true,
                                        .is_final = is_final,
                                        .signers = signers,
                                        .last = c->place == RG_MEMBERS_NONE ? 0 : c->place,
                                        .next_ms = c->now.mono_ms,
                                        .since_ms = c->now.mono_ms,
                                        .hash = *hash};
}

bool rg_fetch__wanted(const struct rg_core *c, const struct rg_hash *hash)
{
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        if (c->fetch[i].used && rg_hash_eq(&c->fetch[i].hash, hash)) {
            return true;
        }
    }
    return false;
}

void rg_fetch__done(struct rg_core *c, const struct rg_hash *hash)
{
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        if (c->fetch[i].used && rg_hash_eq(&c->fetch[i].hash, hash)) {
            c->fetch[i].used = false;
        }
    }
}

bool rg_fetch__final_wanted(const struct rg_core *c)
{
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        const struct rg_core_fetch *f = &c->fetch[i];
        if (f->used && f->is_final && c->now.mono_ms - f->since_ms >= ASK_EVERY_MS) {
            return true;
        }
    }
    return false;
}

/* The next connected peer after the last one asked, signers of the certificate first. */
static bool next_peer(const struct rg_core *c, struct rg_core_fetch *f)
{
    for (int round = 0; round < 2; round++) {
        for (uint16_t k = 1; k <= c->node_count; k++) {
            const uint16_t peer = (uint16_t)((f->last + k) % c->node_count);
            const bool signer = (f->signers >> peer & 1) != 0;
            if (rg_send__linked(c, peer) && (round == 1 || signer)) {
                f->last = peer;
                f->signers &= ~(UINT64_C(1) << peer); /* each signer once, then anybody */
                return true;
            }
        }
    }
    return false;
}

/* The body is here already, only the consensus has given it up meanwhile: tell it again. */
static bool is_here(struct rg_core *c, struct rg_core_fetch *f)
{
    struct rg_blocknode *n = rg_blocktree_find(&c->tree, &f->hash);
    if (n == NULL || n->final) {
        return false;
    }
    f->used = false;
    n->certified = true;
    struct rg_cons_event ev = {
        .kind = RG_EVENT_BLOCK, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
    ev.block = &n->info;
    rg_drive__feed(c, &ev);
    return true;
}

void rg_fetch__tick(struct rg_core *c)
{
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        struct rg_core_fetch *f = &c->fetch[i];
        if (!f->used || f->next_ms > c->now.mono_ms || is_here(c, f)) {
            continue;
        }
        if (c->now.mono_ms - f->since_ms >= FORGET_MS) {
            f->used = false;
            continue;
        }
        f->next_ms = c->now.mono_ms + ASK_EVERY_MS;
        if (!rg_judge__has_room(c, RG_BLOCK_MAX, true) || !next_peer(c, f)) {
            continue;
        }
        const struct rg_peer_message m = {.kind = RG_PEER_GET_BLOCK, .hash = f->hash};
        rg_send__peer(c, f->last, &m);
    }
}

uint64_t rg_fetch__due(const struct rg_core *c)
{
    uint64_t due = UINT64_MAX;
    for (uint32_t i = 0; i < RG_CORE_FETCHES_MAX; i++) {
        if (c->fetch[i].used) {
            due = rg_num_min(due, c->fetch[i].next_ms);
        }
    }
    return due;
}
