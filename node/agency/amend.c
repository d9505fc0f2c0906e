#include "node/agency/amend.h"
#include "base/bytes.h"

static int compare(const struct rg_vault_place *p, const struct rg_about *about)
{
    if (p->height != about->height) {
        return p->height < about->height ? -1 : 1;
    }
    if (p->submission != about->submission) {
        return p->submission < about->submission ? -1 : 1;
    }
    return p->entry == about->entry ? 0 : p->entry < about->entry ? -1 : 1;
}

/* Walk back from the newest event of the case; its places only get smaller. 0: not there. */
static rg_err find_place(const struct rg_amend *a, uint64_t *out_feed_no, struct rg_vault_feed *out)
{
    uint64_t no = a->of->last_feed;
    *out_feed_no = 0;
    while (no != 0) {
        const rg_err err = rg_vault_list_get_feed(a->vault, no, out);
        if (err != RG_OK || out->case_no != a->of->case_no) {
            return err == RG_OK || err == RG_ERR_NOT_FOUND ? RG_ERR_CORRUPT : err;
        }
        const int order = compare(&out->place, &a->event->about);
        if (order <= 0) {
            *out_feed_no = order == 0 ? no : 0;
            return RG_OK;
        }
        no = out->previous;
    }
    return RG_OK;
}

/* What stands against the event that was found, whose writer and content these are. */
static const char *fault_of(const struct rg_amend *a, const struct rg_vault_feed *r,
                            uint32_t writer, const struct rg_event *there)
{
    if (writer != a->writer) {
        return "it is about an entry of another agency";
    }
    if (r->void_how != RG_ABOUT_NONE) {
        return r->void_how == RG_ABOUT_CANCEL ? "the entry it is about was cancelled before"
                                              : "the entry it is about was corrected before";
    }
    if (there->about.kind != RG_ABOUT_NONE && there->about.kind != RG_ABOUT_CORRECT) {
        return "the entry it is about is no step";
    }
    if (a->event->about.kind == RG_ABOUT_CANCEL && !rg_bytes_eq(a->event->step, there->step)) {
        return "it cancels another step than the entry holds";
    }
    return NULL;
}

rg_err rg_amend_find(const struct rg_amend *a, uint64_t *out_feed_no, const char **out_why)
{
    struct rg_vault_feed r;
    struct rg_blocks_entry at;
    struct rg_case_body body;
    struct rg_event there;
    uint64_t no = 0;
    rg_err err = find_place(a, &no, &r);
    if (err != RG_OK || no == 0) {
        *out_why = "it is about an entry that its case does not hold";
        return err;
    }
    err = rg_blocks_entry(a->blocks, r.place.height, r.place.submission, r.place.entry, &at);
    if (err != RG_OK) {
        return err;
    }
    const uint32_t writer = a->genesis->principal[at.submission->signer].agency;
    err = rg_casebook_open(a->arena, &a->of->keys, &a->genesis->ledger_id, writer, at.entry, &body);
    if (err == RG_OK) {
        err = rg_ledger_codec_decode_event(a->arena, body.event, &there);
    }
    if (err != RG_OK) {
        return err == RG_ERR_NOMEM ? err : RG_ERR_CORRUPT; /* it was opened before */
    }
    *out_why = fault_of(a, &r, writer, &there);
    *out_feed_no = no;
    return RG_OK;
}
