/* From what is on disk to a core that may go on: the chain's tip first, then every journal record.
 */
#include "base/failpoint.h"
#include "node/loop_priv.h"
#include "storage/disk.h"
#include <stdio.h>

static rg_err fail(char why[RG_LOOP_WHY_MAX], int *out_exit, const char *what, rg_err err)
{
    (void)snprintf(why, RG_LOOP_WHY_MAX, "%s: %s", what, rg_err_text(err));
    *out_exit = err == RG_ERR_NOMEM ? RG_LOOP_EXIT_INTERNAL : RG_LOOP_EXIT_DISK;
    return err;
}

/* Fill in the tip from a view; its ranges live as long as the view. */
static rg_err read_tip(struct rg_chain_view *v, struct rg_core_tip *out)
{
    struct rg_chain_tip tip;
    rg_err err = rg_chain_view_tip(v, &tip);
    if (err != RG_OK) {
        return err;
    }
    *out = (struct rg_core_tip){
        .height = tip.height, .time_ms = (uint64_t)tip.time_ms, .hash = tip.hash};
    if (tip.height == 0) {
        return RG_OK;
    }
    uint64_t state_height = 0;
    struct rg_chain_block block;
    err = rg_chain_view_state(v, &state_height, &out->state);
    if (err == RG_OK) {
        err = rg_chain_view_block(v, tip.height, &block);
    }
    if (err == RG_OK) {
        out->block = block.bytes;
        out->cert = block.cert;
        err = state_height == tip.height ? RG_OK : RG_ERR_CORRUPT;
    }
    return err;
}

static rg_err recover_tip(struct rg_loop *l)
{
    struct rg_core_tip tip;
    struct rg_chain_view *view = NULL;
    rg_err err = rg_chain_view_open(l->chain, &view);
    if (err != RG_OK) {
        return err;
    }
    err = read_tip(view, &tip);
    if (err == RG_OK) {
        l->tip_height = tip.height;
        err = rg_core_recover_tip(l->core, &tip);
    }
    rg_chain_view_close(&view);
    return err;
}

static rg_err replay(void *ctx, uint8_t type, struct rg_bytes payload)
{
    struct rg_loop *l = ctx;
    return rg_core_recover_record(l->core, type, payload);
}

rg_err rg_loop_start__recover(struct rg_loop *l, int *out_exit, char why[RG_LOOP_WHY_MAX])
{
    char dir[RG_DISK_PATH_MAX];
    struct rg_journal_info info = {.generation = 0};
    RG_FAILPOINT("start.tip");
    rg_err err = recover_tip(l);
    if (err != RG_OK) {
        return fail(why, out_exit, "the chain's tip cannot be used", err);
    }
    err = rg_disk_join(l->config->data, "journal", dir);
    if (err != RG_OK) {
        return fail(why, out_exit, "the journal's path is too long", err);
    }
    err = rg_journal_open(dir, 0, replay, l, &info, &l->journal);
    if (err != RG_OK) {
        (void)snprintf(why, RG_LOOP_WHY_MAX,
                       "the journal in %.300s cannot be used: %s (file %c, offset %llu); this node "
                       "must not vote before it is repaired",
                       dir, rg_err_text(err), info.file != '\0' ? info.file : '-',
                       (unsigned long long)info.bad_offset);
        *out_exit = RG_LOOP_EXIT_DISK;
        return err;
    }
    RG_FAILPOINT("start.replayed");
    l->had_records = info.records > 0;
    rg_log(RG_LOG_INFO, "recovered", RG_LOG_NUMBER("height", l->tip_height),
           RG_LOG_NUMBER("records", info.records), RG_LOG_NUMBER("generation", info.generation),
           RG_LOG_TEXT("torn_tail", info.torn ? "yes" : "no"));
    return RG_OK;
}
