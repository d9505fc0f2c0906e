#include "node/core/core.h"

#include "base/bytes.h"
#include "base/num.h"
#include "node/core/core_priv.h"
#include "node/core/record.h"
#include <stdlib.h>

#define BLOCK_FRAMING 4096u
#define JOURNAL_DEFAULT ((uint64_t)32 * 1024 * 1024)
/* A message decodes into at most three times its size, see proto/peer_codec.h; the same to encode.
 */
#define MESSAGE_ARENA ((size_t)3 * RG_FRAME_PEER_MAX)

static rg_err take_memory(struct rg_core *c)
{
    c->step = malloc(sizeof *c->step);
    c->jobs = calloc(RG_CORE_JOBS_MAX, sizeof *c->jobs);
    c->pool = malloc(sizeof *c->pool);
    c->tip.state = malloc(sizeof *c->tip.state);
    c->catchup.segment = calloc(RG_CORE_SEGMENT_MAX, sizeof *c->catchup.segment);
    if (c->step == NULL || c->jobs == NULL || c->pool == NULL || c->tip.state == NULL ||
        c->catchup.segment == NULL) {
        free(c->pool);
        c->pool = NULL;
        return RG_ERR_NOMEM;
    }
    rg_mempool_init(c->pool, c->genesis->principal_count, c->node_count);
    if (rg_arena_init(&c->message_arena, MESSAGE_ARENA) != RG_OK ||
        rg_arena_init(&c->block_arena, RG_LEDGER_CODEC_BLOCK_ARENA) != RG_OK ||
        rg_arena_init(&c->submission_arena, RG_LEDGER_CODEC_SUBMISSION_ARENA) != RG_OK ||
        rg_arena_init(&c->encode_arena, MESSAGE_ARENA) != RG_OK) {
        return RG_ERR_NOMEM;
    }
    return RG_OK;
}

/* The nodes of the ledger, and which of them I am. */
static rg_err take_nodes(struct rg_core *c)
{
    const struct rg_genesis *g = c->genesis;
    const uint32_t count = rg_genesis_node_count(g);
    c->place = RG_MEMBERS_NONE;
    if (count == 0 || count > RG_AUTHORITIES_MAX || g->authority_count == 0 ||
        g->authority_count > count) {
        return RG_ERR_INVALID;
    }
    c->node_count = (uint16_t)count;
    for (uint16_t i = 0; i < c->node_count; i++) {
        const uint32_t principal = rg_genesis_node_at(g, i);
        c->node_key[i] = g->principal[principal].sign_key;
        if (principal == c->config.principal) {
            c->place = i;
        }
    }
    return c->place == RG_MEMBERS_NONE && c->config.principal != UINT32_MAX ? RG_ERR_INVALID
                                                                            : RG_OK;
}

/* The budgets: what is live in memory must also fit into half a journal file, so that a turn of the
 * journal always finds room. */
static void take_limits(struct rg_core *c)
{
    const uint64_t j = c->config.journal_bytes != 0 ? c->config.journal_bytes : JOURNAL_DEFAULT;
    c->journal_cap = j;
    c->tree_hard = (size_t)(j / 2);
    c->tree_soft = (size_t)rg_num_min((uint64_t)16 * 1024 * 1024, j / 8 * 3);
    c->own_max = (size_t)rg_num_max(j / 8, (uint64_t)2 * RG_SUBMISSION_MAX);
    c->block_max = (size_t)rg_num_min(
        RG_BLOCK_MAX, rg_num_max(j / 8, (uint64_t)RG_SUBMISSION_MAX + BLOCK_FRAMING));
}

rg_err rg_core_new(const struct rg_core_config *config, struct rg_core **out)
{
    struct rg_core *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return RG_ERR_NOMEM;
    }
    c->config = *config;
    c->genesis = config->genesis;
    c->first = config->instance;
    rg_err e = take_nodes(c);
    if (e == RG_OK) {
        e = take_memory(c);
    }
    if (e != RG_OK) {
        rg_core_destroy(&c);
        return e;
    }
    take_limits(c);
    rg_state_init(c->tip.state, c->genesis);
    rg_epoch__take(c);
    if (c->halted) {
        rg_core_destroy(&c);
        return RG_ERR_INVALID;
    }
    c->tip.info =
        (struct rg_block_info){.hash = c->genesis->ledger_id, .time_ms = c->genesis->time_ms};
    *out = c;
    return RG_OK;
}

void rg_core_destroy(struct rg_core **core_p)
{
    struct rg_core *c = *core_p;
    if (c == NULL) {
        return;
    }
    *core_p = NULL;
    rg_catchup__drop(c);
    for (uint32_t i = 0; i < c->recovered.cert_count; i++) {
        uint8_t *p = NULL;
        memcpy(&p, &c->recovered.certs[i].data, sizeof p);
        free(p);
    }
    free(c->recovered.certs);
    uint8_t *tip_cert = NULL;
    memcpy(&tip_cert, &c->recovered.tip_cert.data, sizeof tip_cert);
    free(tip_cert);
    if (c->pool != NULL) {
        rg_mempool_fini(c->pool);
    }
    rg_blocktree_fini(&c->tree);
    rg_ownlog_fini(&c->own);
    rg_outbox_fini(&c->out);
    rg_arena_fini(&c->message_arena);
    rg_arena_fini(&c->block_arena);
    rg_arena_fini(&c->submission_arena);
    rg_arena_fini(&c->encode_arena);
    free(c->step);
    free(c->jobs);
    free(c->pool);
    free(c->tip.state);
    free(c->catchup.segment);
    free(c->cons_memory);
    free(c->votes);
    free(c);
}

void rg_core__halt(struct rg_core *c, const char *text)
{
    if (!c->halted) {
        c->halted = true;
        rg_outbox_add(&c->out, RG_CORE_HALT)->text = text;
    }
}

void rg_core__alarm(struct rg_core *c, const char *text)
{
    rg_outbox_add(&c->out, RG_CORE_ALARM)->text = text;
}

static bool vote_ok_in(struct rg_core *c, uint64_t epoch, const struct rg_members *m,
                       const struct rg_vote *v)
{
    struct rg_hash digest;
    if (v->epoch != epoch || !rg_vote_well_formed(v, m)) {
        return false;
    }
    rg_vote_digest(&c->genesis->ledger_id, m, v->epoch, v->kind, &v->cand, &digest);
    return c->config.verify(c->config.verify_ctx, &m->keys[v->signer], &digest, &v->sig);
}

bool rg_core__vote_ok(struct rg_core *c, const struct rg_vote *v)
{
    return vote_ok_in(c, c->epoch, &c->members, v);
}

/* The same as rg_cert_check, with the verify function that was injected into the core. */
bool rg_core__cert_ok_in(struct rg_core *c, uint64_t epoch, const struct rg_members *m,
                         const struct rg_cert *cert)
{
    uint16_t count = 0;
    if (cert->epoch != epoch || cert->n != m->n ||
        (cert->count < m->q && !RG_MUTANT_IS(RG_MUTANT_CERT_UNCOUNTED))) {
        return false;
    }
    for (uint16_t i = 0; i < RG_AUTHORITIES_MAX; i++) {
        struct rg_vote v;
        if ((cert->signers >> i & 1) == 0) {
            continue;
        }
        if (i >= m->n || !rg_cert_vote(cert, i, &v) || !vote_ok_in(c, epoch, m, &v)) {
            return false;
        }
        count++;
    }
    return count == cert->count;
}

bool rg_core__cert_ok(struct rg_core *c, const struct rg_cert *cert)
{
    return rg_core__cert_ok_in(c, c->epoch, &c->members, cert);
}

const struct rg_block *rg_core__decode(struct rg_core *c, struct rg_bytes bytes,
                                       const struct rg_hash *hash)
{
    /* The hash alone does not say which body: it covers the header. */
    if (c->decoded_ok && hash != NULL && rg_hash_eq(&c->decoded.hash, hash) &&
        rg_bytes_eq(c->decoded.bytes, bytes)) {
        return &c->decoded;
    }
    c->decoded_ok = false;
    rg_arena_reset(&c->block_arena);
    memset(&c->decoded, 0, sizeof c->decoded);
    if (rg_ledger_codec_decode_block(&c->block_arena, bytes, &c->decoded) != RG_OK) {
        return NULL;
    }
    if (hash != NULL && !rg_hash_eq(&c->decoded.hash, hash)) {
        return NULL;
    }
    c->decoded_ok = true;
    return &c->decoded;
}

uint64_t rg_core__ledger_now(const struct rg_core *c)
{
    return rg_num_max(c->tip.info.time_ms, c->now.wall_ms);
}

void rg_core__begin(struct rg_core *c, struct rg_core_time now)
{
    rg_outbox_reset(&c->out);
    c->builds = 0;
    c->now.mono_ms = rg_num_max(c->now.mono_ms, now.mono_ms);
    c->now.wall_ms = now.wall_ms;
}

/* When the core wants to be called again. */
static uint64_t next_deadline(const struct rg_core *c)
{
    uint64_t due = rg_num_min(rg_cons_deadline(c->cons), c->status_due_ms);
    due = rg_num_min(due, rg_num_min(rg_fetch__due(c), rg_catchup__due(c)));
    due = rg_num_min(due, rg_num_min(rg_submit__due(c), rg_evidence__due(c)));
    if (c->wait_due_ms != 0) {
        due = rg_num_min(due, c->wait_due_ms);
    }
    if (c->job_count > 0) {
        due = c->now.mono_ms;
    }
    const uint64_t tick = c->tip.info.time_ms + c->genesis->parameters.tick_ms;
    if (!c->sent_tick_due && tick > c->now.wall_ms) {
        due = rg_num_min(due, c->now.mono_ms + (tick - c->now.wall_ms));
    }
    return due;
}

struct rg_core_actions rg_core__end(struct rg_core *c)
{
    if (c->started && !c->halted) {
        rg_drive__settle(c);
    }
    if (c->started && !c->halted) {
        const uint64_t due = next_deadline(c);
        if (!c->deadline_given || due != c->deadline_ms) {
            c->deadline_given = true;
            c->deadline_ms = due;
            rg_outbox_add(&c->out, RG_CORE_DEADLINE)->at_ms = due;
        }
    }
    if (c->out.failed) {
        c->halted = true;
    }
    return rg_outbox_actions(&c->out);
}

struct rg_core_actions rg_core_on_tick(struct rg_core *c, struct rg_core_time now)
{
    rg_core__begin(c, now);
    if (c->started && !c->halted) {
        if (c->wait_due_ms != 0 && c->wait_due_ms <= c->now.mono_ms) {
            c->wait_due_ms = 0;
        }
        rg_beacon__tick(c);
        rg_submit__resend(c);
        rg_evidence__tick(c);
    }
    c->deadline_given = false; /* this one is used up */
    return rg_core__end(c);
}

struct rg_core_actions rg_core_on_archived(struct rg_core *c, uint64_t height,
                                           struct rg_core_time now)
{
    rg_core__begin(c, now);
    if (height > c->archived && height <= c->tip.info.height) {
        c->archived = height;
        struct rg_blocknode *n = c->tree.first;
        while (n != NULL) {
            /* Archiving may forget older nodes of the tail, so start over behind it. */
            if (n->final && !n->archived && n->info.height <= height) {
                rg_blocktree_archive(&c->tree, n);
                n = c->tree.first;
                continue;
            }
            n = n->next;
        }
    }
    return rg_core__end(c);
}

struct rg_core_actions rg_core_on_followed(struct rg_core *c, uint64_t height,
                                           struct rg_core_time now)
{
    rg_core__begin(c, now);
    const uint64_t sequence = rg_ownlog_followed(&c->own, height);
    if (sequence != 0 && c->started && !c->halted) {
        /* Needs no barrier: when it is lost the agency side is only told what it knows. */
        uint8_t buf[8];
        struct rg_writer w = rg_bytes_writer(buf, sizeof buf);
        rg_bytes_put_u64(&w, sequence);
        rg_turn__append(c, RG_RECORD_FOLLOWED, (struct rg_bytes){buf, w.len});
    }
    return rg_core__end(c);
}

void rg_core_each_own(const struct rg_core *c, rg_core_own_fn visit, void *ctx)
{
    for (uint32_t i = 0; i < c->own.count; i++) {
        const struct rg_ownlog_item *o = &c->own.items[i];
        if (o->private_len == 0) {
            continue; /* not of a case: the agency side keeps nothing for it */
        }
        visit(ctx, o->sequence, (struct rg_bytes){o->submission, o->submission_len},
              (struct rg_bytes){o->private_bytes, o->private_len});
    }
}

void rg_core_get_status(const struct rg_core *c, struct rg_core_status *out)
{
    memset(out, 0, sizeof *out);
    out->height = c->tip.info.height;
    out->time_ms = c->tip.info.time_ms;
    out->hash = c->tip.info.hash;
    rg_state_digest(c->tip.state, &out->digest);
    out->epoch = c->epoch;
    out->view = c->cons != NULL ? rg_cons_view(c->cons) : 0;
    out->final_mono_ms = c->final_ms;
    out->demand_since_mono_ms = c->demand_ms;
    out->mempool_count = c->pool->count;
    out->quorum = c->members.q;
    out->authority_count = c->members.n;
    out->mute = c->cons != NULL && (rg_cons_asks(c->cons) || rg_cons_mute(c->cons) >= out->view);
    out->node_count = c->node_count;
    memcpy(out->place_of, c->place_of, sizeof out->place_of);
    out->refused_messages = c->refused;
    out->governance = c->tip.state->governance;
    for (uint16_t i = 0; i < c->node_count; i++) {
        const struct rg_core_peer *p = &c->peer[i];
        out->peer[i] = (struct rg_core_peer_status){.heard_ever = p->heard,
                                                    .heard_mono_ms = p->heard_ms,
                                                    .height = p->status.height,
                                                    .missed_turns = p->missed_turns,
                                                    .clock_offset_ms = p->offset_ms};
        out->best_height = rg_num_max(out->best_height, p->status.height);
    }
    if (c->place != RG_MEMBERS_NONE) {
        out->peer[c->place].heard_ever = c->started;
        out->peer[c->place].heard_mono_ms = c->now.mono_ms;
        out->peer[c->place].height = out->height;
    }
}
