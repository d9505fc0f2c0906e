/* One step's actions of the consensus, as actions of the core. What they point to is copied before
 * the next step. */
#include "node/core/core_priv.h"

#include "node/core/record.h"

/* Bytes of submissions inside a WAKE: a sync request stays below RG_FRAME_SYNC_MAX. */
#define WAKE_BYTES_MAX ((size_t)60 * 1024)
#define WAKE_COUNT_MAX 256u

static struct rg_bytes vote_bytes(const struct rg_vote *v, uint8_t buf[static RG_VOTE_BYTES])
{
    rg_vote_encode(v, buf);
    return (struct rg_bytes){buf, RG_VOTE_BYTES};
}

static void vote_out(struct rg_core *c, const struct rg_action *a)
{
    uint8_t buf[RG_VOTE_BYTES];
    const struct rg_peer_message m = {.kind = RG_PEER_VOTE, .bytes = vote_bytes(&a->vote, buf)};
    if (a->kind == RG_ACTION_BCAST_VOTE) {
        rg_send__bcast(c, RG_CORE_TOPIC_VOTE, &m);
    } else {
        rg_send__peer(c, rg_epoch__place(c, a->peer), &m);
    }
}

static void cert_out(struct rg_core *c, const struct rg_action *a)
{
    uint8_t buf[RG_CERT_MAX];
    size_t len = 0;
    if (rg_cert_encode(a->cert, buf, sizeof buf, &len) != RG_OK) {
        return;
    }
    const struct rg_peer_message m = {.kind = RG_PEER_CERT, .bytes = {buf, len}};
    if (a->kind == RG_ACTION_BCAST_CERT) {
        rg_send__bcast(c, RG_CORE_TOPIC_CERT, &m);
    } else {
        rg_send__peer(c, rg_epoch__place(c, a->peer), &m);
    }
}

static void propose_out(struct rg_core *c, const struct rg_action *a)
{
    struct rg_bytes justify[1 + RG_JUSTIFY_NULLS_MAX];
    uint8_t buf[RG_VOTE_BYTES];
    const struct rg_vote v = {.kind = RG_VOTE_NOTARIZE,
                              .signer = c->me,
                              .epoch = c->epoch,
                              .cand = a->propose.cand,
                              .sig = a->propose.sig};
    struct rg_peer_message m = {
        .kind = RG_PEER_PROPOSE, .bytes = vote_bytes(&v, buf), .list = justify};
    for (size_t i = 0; i < a->propose.justify_count; i++) {
        const struct rg_cert *cert = a->propose.justify[i];
        const size_t cap = rg_cert_size(cert);
        uint8_t *p = rg_outbox_take(&c->out, cap);
        size_t len = 0;
        if (p != NULL && rg_cert_encode(cert, p, cap, &len) == RG_OK) {
            justify[m.count++] = (struct rg_bytes){p, len};
        }
    }
    if (!a->propose.same) {
        const struct rg_blocknode *n = rg_blocktree_find(&c->tree, &a->propose.cand.hash);
        if (n == NULL) {
            return; /* a repair of a proposal whose block is long archived */
        }
        m.block = (struct rg_bytes){n->bytes, n->len};
    }
    if (a->kind == RG_ACTION_BCAST_PROPOSE) {
        rg_send__bcast(c, RG_CORE_TOPIC_BLOCK, &m);
    } else {
        rg_send__peer(c, rg_epoch__place(c, a->peer), &m);
    }
}

/* Ask the leader of @view to propose, with what I have for its block. */
static void wake_out(struct rg_core *c, uint64_t view)
{
    struct rg_bytes list[WAKE_COUNT_MAX];
    const uint16_t leader = c->place_of[rg_members_leader(&c->members, view)];
    if (!rg_send__linked(c, leader)) {
        return; /* relayed submissions do the same, one hop after the other */
    }
    struct rg_peer_message m = {
        .kind = RG_PEER_WAKE, .epoch = c->epoch, .from = view, .list = list};
    size_t bytes = 0;
    for (uint32_t s = 0; s < c->pool->signers; s++) {
        const struct rg_mempool_queue *q = &c->pool->queue[s];
        for (uint32_t i = 0; i < q->count && m.count < WAKE_COUNT_MAX; i++) {
            if (q->items[i]->len > WAKE_BYTES_MAX - bytes) {
                break;
            }
            list[m.count++] = (struct rg_bytes){q->items[i]->bytes, q->items[i]->len};
            bytes += q->items[i]->len;
        }
    }
    rg_send__peer(c, leader, &m);
}

static void certs_wanted(struct rg_core *c, const struct rg_action *a)
{
    const struct rg_peer_message m = {
        .kind = RG_PEER_GET_CERTS, .epoch = c->epoch, .from = a->range.from, .to = a->range.to};
    const uint32_t place = rg_epoch__place(c, a->peer);
    const bool direct = place == RG_PEER_ALL || rg_send__linked(c, place);
    rg_send__peer(c, direct ? place : RG_PEER_ALL, &m);
}

/* A set of authorities as a set of places. */
static uint64_t places(const struct rg_core *c, uint64_t authorities)
{
    uint64_t set = 0;
    for (uint16_t i = 0; i < c->members.n; i++) {
        set |= (authorities >> i & 1) << c->place_of[i];
    }
    return set;
}

static void memory_out(struct rg_core *c, const struct rg_action *a)
{
    c->has_memory = true;
    c->memory = (struct rg_record_memory){
        .epoch = c->epoch, .mute = a->mute.view, .memory = a->mute.memory, .first = c->first};
    rg_turn__append_memory(c);
    if (a->mute.memory == RG_MEMORY_LOST) {
        rg_core__alarm(c, "this node may have forgotten votes of its own: it votes again once a "
                          "quorum of other authorities has told where they are");
    }
}

static void persist_block(struct rg_core *c, const struct rg_block_info *info)
{
    struct rg_blocknode *n = rg_blocktree_find(&c->tree, &info->hash);
    if (n == NULL) {
        rg_core__halt(c, "a block that is voted for is not in memory");
        return;
    }
    if (!n->journaled) {
        n->journaled = true;
        rg_turn__append(c, RG_RECORD_BLOCK, (struct rg_bytes){n->bytes, n->len});
    }
}

static void persist_cert(struct rg_core *c, const struct rg_cert *cert)
{
    rg_turn__append_cert(c, cert);
    if (cert->kind == RG_VOTE_NULLIFY) {
        c->peer[c->place_of[rg_members_leader(&c->members, cert->cand.view)]].missed_turns++;
    } else {
        struct rg_blocknode *n = rg_blocktree_find(&c->tree, &cert->cand.hash);
        if (n != NULL) {
            n->certified = true;
        }
    }
}

static void commit(struct rg_core *c, const struct rg_action *a)
{
    struct rg_blocknode *n = rg_blocktree_find(&c->tree, &a->commit.block.hash);
    if (a->commit.block.height <= c->tip.info.height) {
        return; /* known as final since a bulk catch-up */
    }
    if (n == NULL) {
        rg_core__halt(c, "a final block is not in memory");
        return;
    }
    rg_commit__block(c, n, a->commit.final);
}

static void alarm(struct rg_core *c, const struct rg_action *a)
{
    if (a->alarm.halt) {
        rg_core__halt(c, rg_cons_alarm_text(a->alarm.id));
    } else {
        rg_core__alarm(c, rg_cons_alarm_text(a->alarm.id));
    }
}

/* What the consensus wants to have done here. */
static void work_action(struct rg_core *c, const struct rg_action *a)
{
    struct rg_core_job job = {.kind = RG_CORE_JOB_VERIFY};
    if (a->kind == RG_ACTION_BUILD) {
        job.kind = RG_CORE_JOB_BUILD;
        job.view = a->build.view;
        job.hash = a->build.parent.hash;
        job.allow_empty = a->build.allow_empty;
        rg_drive__job(c, &job);
    } else if (a->kind == RG_ACTION_VERIFY) {
        job.hash = a->block.hash;
        rg_drive__job(c, &job);
    } else {
        rg_fetch__want(c, &a->fetch.hash, places(c, a->fetch.signers), a->fetch.is_final);
    }
}

static void translate(struct rg_core *c, const struct rg_action *a)
{
    switch (a->kind) {
    case RG_ACTION_PERSIST_VOTE:
        rg_turn__append_vote(c, &a->vote);
        RG_IGNORE(rg_turn__keep_vote(c, &a->vote), "the failure is noted in the outbox");
        break;
    case RG_ACTION_PERSIST_CERT:
        persist_cert(c, a->cert);
        break;
    case RG_ACTION_PERSIST_BLOCK:
        persist_block(c, &a->block);
        break;
    case RG_ACTION_PERSIST_MUTE:
        memory_out(c, a);
        break;
    case RG_ACTION_BUILD:
    case RG_ACTION_VERIFY:
    case RG_ACTION_FETCH:
        work_action(c, a);
        break;
    case RG_ACTION_BARRIER:
        rg_turn__barrier(c);
        break;
    case RG_ACTION_BCAST_PROPOSE:
    case RG_ACTION_SEND_PROPOSE:
        propose_out(c, a);
        break;
    case RG_ACTION_BCAST_VOTE:
    case RG_ACTION_SEND_VOTE:
        vote_out(c, a);
        break;
    case RG_ACTION_BCAST_CERT:
    case RG_ACTION_SEND_CERT:
        cert_out(c, a);
        break;
    case RG_ACTION_BCAST_WAKE:
        wake_out(c, a->wake_view);
        break;
    case RG_ACTION_SEND_GETCERTS:
        certs_wanted(c, a);
        break;
    case RG_ACTION_COMMIT:
        commit(c, a);
        break;
    case RG_ACTION_EVIDENCE:
        rg_evidence__found(c, (const struct rg_vote[2]){a->evidence.first, a->evidence.second});
        break;
    case RG_ACTION_ALARM:
        alarm(c, a);
        break;
    case RG_ACTION_DEADLINE: /* read from the consensus at the end of the call */
    case RG_ACTION_NONE:
        break;
    }
}

void rg_translate__step(struct rg_core *c)
{
    /* Nothing of a step leaves once it has found that the core must stop. */
    for (size_t i = 0; i < c->step->count && !c->halted; i++) {
        translate(c, &c->step->list[i]);
    }
}
