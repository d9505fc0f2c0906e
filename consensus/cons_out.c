/* Actions: staged in three groups during a step, then laid out in their contractual order. */
#include "consensus/cons_priv.h"

/* What one rule, or one message, may add at most before the next look at the room. */
#define ROOM_PERSIST 12
#define ROOM_WORK 4
#define ROOM_LEAVE 12

void rg_cons_out__begin(struct rg_cons *c)
{
    c->stage.persist_count = 0;
    c->stage.work_count = 0;
    c->stage.leave_count = 0;
    c->stage.needs_barrier = false;
    c->more = false;
}

bool rg_cons_out__room(struct rg_cons *c)
{
    const bool room = c->stage.persist_count + ROOM_PERSIST <= RG_STAGE_PERSIST &&
                      c->stage.work_count + ROOM_WORK <= RG_STAGE_WORK &&
                      c->stage.leave_count + ROOM_LEAVE <= RG_STAGE_LEAVE;
    if (!room) {
        c->more = true;
    }
    return room;
}

struct rg_action *rg_cons_out__persist(struct rg_cons *c, enum rg_action_kind kind)
{
    RG_ASSERT(c->stage.persist_count < RG_STAGE_PERSIST);
    struct rg_action *a = &c->stage.persist[c->stage.persist_count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->peer = RG_PEER_NONE;
    c->unsynced = true;
    return a;
}

struct rg_action *rg_cons_out__work(struct rg_cons *c, enum rg_action_kind kind)
{
    RG_ASSERT(c->stage.work_count < RG_STAGE_WORK);
    struct rg_action *a = &c->stage.work[c->stage.work_count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->peer = RG_PEER_NONE;
    return a;
}

/* What says "I have voted" or "this is final" must not leave before it is durable; certificates and
 * requests prove themselves or promise nothing. */
static bool rests_on_disk(enum rg_action_kind kind)
{
    return kind == RG_ACTION_BCAST_PROPOSE || kind == RG_ACTION_BCAST_VOTE ||
           kind == RG_ACTION_SEND_PROPOSE || kind == RG_ACTION_SEND_VOTE ||
           kind == RG_ACTION_COMMIT;
}

struct rg_action *rg_cons_out__leave(struct rg_cons *c, enum rg_action_kind kind)
{
    RG_ASSERT(c->stage.leave_count < RG_STAGE_LEAVE);
    struct rg_action *a = &c->stage.leave[c->stage.leave_count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->peer = RG_PEER_ALL;
    c->stage.needs_barrier = c->stage.needs_barrier || rests_on_disk(kind);
    return a;
}

void rg_cons_out__persist_block(struct rg_cons *c, struct rg_blk *b)
{
    if (b->durable) {
        return;
    }
    rg_cons_out__persist(c, RG_ACTION_PERSIST_BLOCK)->block = b->info;
    b->durable = true;
}

void rg_cons_out__evidence(struct rg_cons *c, const struct rg_vote *a, const struct rg_vote *b)
{
    /* Worth much, but never worth the room of a vote: half of the stage at most. */
    if (!c->started || c->stage.leave_count >= RG_STAGE_LEAVE / 2) {
        return;
    }
    struct rg_action *out = rg_cons_out__leave(c, RG_ACTION_EVIDENCE);
    out->evidence.first = *a;
    out->evidence.second = *b;
}

static bool halts(enum rg_alarm id)
{
    return id != RG_ALARM_NONE && id != RG_ALARM_NO_ROOM && id != RG_ALARM_OWN_KEY;
}

void rg_cons_out__alarm(struct rg_cons *c, enum rg_alarm id, uint64_t view, const struct rg_cert *a,
                        const struct rg_cert *b)
{
    c->halted = c->halted || halts(id);
    const uint32_t bit = UINT32_C(1) << (unsigned)id;
    if ((c->alarms & bit) != 0 || !c->started) {
        return;
    }
    c->alarms |= bit;
    struct rg_action *out = rg_cons_out__leave(c, RG_ACTION_ALARM);
    out->alarm.id = id;
    out->alarm.halt = halts(id);
    out->alarm.view = view;
    out->alarm.a = a;
    out->alarm.b = b;
}

/* The certificate that makes a candidate of @view a parent; NULL for the root. */
static const struct rg_cert *parent_cert(const struct rg_cons *c, uint64_t view)
{
    if (view == c->lf) {
        return c->lf_final.cert.kind == RG_VOTE_NONE ? NULL : &c->lf_final.cert;
    }
    const struct rg_slot *s = rg_cons_slots__find(c, view);
    if (s == NULL) {
        return NULL;
    }
    const struct rg_cert *notar = &s->certs[RG_VOTE_NOTARIZE];
    return notar->kind != RG_VOTE_NONE ? notar : &s->certs[RG_VOTE_FINALIZE];
}

bool rg_cons_out__proposal(struct rg_cons *c, enum rg_action_kind kind, uint32_t peer)
{
    const struct rg_slot *s = rg_cons_slots__find(c, c->cur);
    if (s == NULL || !s->mine.has[RG_VOTE_NOTARIZE] ||
        rg_members_leader(&c->members, c->cur) != c->me) {
        return false;
    }
    const struct rg_cand *cand = &s->mine.cand[RG_VOTE_NOTARIZE];
    struct rg_action *out = rg_cons_out__leave(c, kind);
    out->peer = peer;
    out->propose.cand = *cand;
    out->propose.sig = s->mine.sig[RG_VOTE_NOTARIZE];
    const struct rg_blk *b = rg_cons_slots__block(c, &cand->hash, c->cur + 1);
    out->propose.same = b != NULL && b->info.view != c->cur;
    /* "justify=[Notar/Final(p), Null(p+1..cur-1) newest K, rest on request]" */
    const struct rg_cert *parent = parent_cert(c, cand->pview);
    if (parent != NULL && parent->kind != RG_VOTE_NONE) {
        out->propose.justify[out->propose.justify_count++] = parent;
    }
    for (uint64_t view = c->cur - 1; view > cand->pview; view--) {
        const struct rg_slot *gap = rg_cons_slots__find(c, view);
        if (gap == NULL || out->propose.justify_count == 1 + RG_JUSTIFY_NULLS_MAX) {
            break;
        }
        if (gap->certs[RG_VOTE_NULLIFY].kind != RG_VOTE_NONE) {
            out->propose.justify[out->propose.justify_count++] = &gap->certs[RG_VOTE_NULLIFY];
        }
    }
    return true;
}

static void lay_out(struct rg_actions *out, const struct rg_action *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        RG_ASSERT(out->count < RG_ACTIONS_MAX);
        out->list[out->count++] = list[i];
    }
}

void rg_cons_out__end(struct rg_cons *c, struct rg_actions *out)
{
    const uint64_t next = rg_cons_time__next(c);
    if (next != c->deadline_ms) {
        c->deadline_ms = next;
        rg_cons_out__work(c, RG_ACTION_DEADLINE)->deadline_ms = next;
    }
    out->count = 0;
    lay_out(out, c->stage.persist, c->stage.persist_count);
    lay_out(out, c->stage.work, c->stage.work_count);
    if (c->unsynced && c->stage.needs_barrier && !RG_MUTANT_IS(RG_MUTANT_NO_BARRIER)) {
        struct rg_action *barrier = &out->list[out->count++];
        memset(barrier, 0, sizeof *barrier);
        barrier->kind = RG_ACTION_BARRIER;
        barrier->peer = RG_PEER_NONE;
        c->unsynced = false;
    }
    lay_out(out, c->stage.leave, c->stage.leave_count);
}
