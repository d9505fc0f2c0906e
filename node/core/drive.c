/* Feeds the consensus and answers what it asks for, until nothing is left to do in this call. */
#include "node/core/core_priv.h"

#include "base/num.h"

/* One call does not run on for ever: what is left then follows at once in the next. */
#define ROUNDS_MAX 4096u
#define BUILDS_MAX 16u
#define TICKS_MAX 32u

void rg_drive__feed(struct rg_core *c, const struct rg_cons_event *ev)
{
    if (c->halted) {
        return;
    }
    rg_turn__maybe(c);
    rg_cons_step(c->cons, ev, c->step);
    rg_translate__step(c);
    rg_epoch__maybe(c);
}

void rg_drive__job(struct rg_core *c, const struct rg_core_job *job)
{
    if (c->job_count == RG_CORE_JOBS_MAX) {
        rg_core__halt(c, "the consensus asks for more than it can");
        return;
    }
    c->jobs[(c->job_first + c->job_count) % RG_CORE_JOBS_MAX] = *job;
    c->job_count++;
}

static bool run_job(struct rg_core *c)
{
    if (c->job_count == 0) {
        return false;
    }
    const struct rg_core_job job = c->jobs[c->job_first];
    if (job.kind == RG_CORE_JOB_BUILD && c->builds >= BUILDS_MAX) {
        return false;
    }
    c->job_first = (c->job_first + 1) % RG_CORE_JOBS_MAX;
    c->job_count--;
    if (job.kind == RG_CORE_JOB_BUILD) {
        c->builds++;
        rg_build__run(c, &job);
        return true;
    }
    struct rg_blocknode *n = rg_blocktree_find(&c->tree, &job.hash);
    if (n != NULL && !n->wanted) {
        n->wanted = true;
        c->wanted++;
    }
    return true;
}

/* Tell the consensus when there is something to put into blocks, or no longer. */
static bool send_work(struct rg_core *c)
{
    const bool room = c->tree.live_bytes <= c->tree_soft;
    const bool has_work =
        room && rg_mempool_ready(c->pool, c->tip.state->sequence, rg_core__ledger_now(c));
    /* A carried change of authorities wants the block that ends the epoch, empty if need be. */
    const bool ends = c->tip.state->governance.next.count > 0;
    const bool tick_due =
        ends || (c->now.wall_ms >= c->tip.info.time_ms &&
                 c->now.wall_ms - c->tip.info.time_ms >= c->genesis->parameters.tick_ms);
    const struct rg_blocknode *last = c->tree.last;
    const bool tail =
        last != NULL && !last->final && (last->info.has_entries || last->info.epoch_last);
    if (!has_work && !tail) {
        c->demand_ms = 0;
    } else if (c->demand_ms == 0) {
        c->demand_ms = c->now.mono_ms;
    }
    /* A newcomer is told too: a leader that found nothing to build with looks again at once. */
    if (c->work_sent && has_work == c->sent_has_work && tick_due == c->sent_tick_due &&
        (!has_work || c->pool->taken == c->sent_taken)) {
        return false;
    }
    c->work_sent = true;
    c->sent_taken = c->pool->taken;
    c->sent_has_work = has_work;
    c->sent_tick_due = tick_due;
    struct rg_cons_event ev = {
        .kind = RG_EVENT_WORK, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
    ev.work.has_work = has_work;
    ev.work.tick_due = tick_due;
    rg_drive__feed(c, &ev);
    return true;
}

void rg_drive__settle(struct rg_core *c)
{
    uint32_t ticks = 0;
    rg_fetch__tick(c);
    rg_catchup__tick(c);
    for (uint32_t i = 0; i < ROUNDS_MAX && !c->halted; i++) {
        if (run_job(c) || rg_judge__pending(c) || send_work(c)) {
            continue;
        }
        if (rg_cons_deadline(c->cons) > c->now.mono_ms || ticks == TICKS_MAX) {
            break;
        }
        ticks++;
        const struct rg_cons_event ev = {
            .kind = RG_EVENT_TICK, .now_ms = c->now.mono_ms, .peer = RG_PEER_NONE};
        rg_drive__feed(c, &ev);
    }
    rg_commit__prune(c);
    rg_turn__maybe(c);
}
