#include "base/panic.h"
#include "node/agency/amend.h"
#include "node/agency/follow_priv.h"
#include "node/agency/recent.h"
#include <inttypes.h>
#include <stdio.h>

void rg_follow__alarm(struct rg_follow *f, const struct rg_follow_item *item, const char *why)
{
    char subject[64];
    char text[256];
    const int n = snprintf(subject, sizeof subject, "%" PRIu64 "/%" PRIu32 "/%" PRIu32,
                           item->place.height, item->place.submission, item->place.entry);
    (void)snprintf(
        text, sizeof text,
        "Entry %s of agency %s cannot be used and is left out of the rules: %s. Ask that "
        "agency to look into its node.",
        subject, f->c.genesis->agency[item->writer].name, why);
    f->c.alarm(f->c.alarm_ctx, "unreadable-entry",
               (struct rg_bytes){(const uint8_t *)subject, n > 0 ? (size_t)n : 0}, text);
    rg_vault_get_meta(f->c.vault)->unreadable++;
}

/* Whether @err ends the node, or only this entry. */
static bool is_fatal(rg_err err)
{
    return err != RG_ERR_SIGNATURE && err != RG_ERR_INVALID && err != RG_ERR_DENIED &&
           err != RG_ERR_VERSION && err != RG_ERR_NOMEM;
}

static const char *fault_text(rg_err err)
{
    return err == RG_ERR_DENIED      ? "its member may not record for that agency"
           : err == RG_ERR_SIGNATURE ? "seal or signature do not match"
                                     : "its body is malformed";
}

/* Open and verify the entry under the keys of @c. Gives body and event, in the follower's arena. */
static rg_err open_entry(struct rg_follow *f, const struct rg_follow_item *item,
                         const struct rg_vault_case *c, struct rg_case_body *body,
                         struct rg_event *event)
{
    rg_arena_reset(&f->arena);
    rg_err err = rg_casebook_open(&f->arena, &c->keys, &f->c.genesis->ledger_id, item->writer,
                                  item->entry, body);
    if (err != RG_OK) {
        return err;
    }
    if (item->own) {
        return rg_ledger_codec_decode_event(&f->arena, body->event, event);
    }
    return rg_casebook_verify(f->c.verifier, &f->arena, item->writer, body, event);
}

/* Find the event that @event cancels or corrects; 0 in @out: it may not, an alarm says why. */
static rg_err find_target(struct rg_follow *f, const struct rg_follow_item *item,
                          const struct rg_vault_case *c, const struct rg_event *event,
                          uint64_t *out)
{
    const struct rg_blocks_one *now = NULL;
    const struct rg_amend a = {.vault = f->c.vault,
                               .blocks = f->c.blocks,
                               .genesis = f->c.genesis,
                               .arena = &f->arena,
                               .of = c,
                               .writer = item->writer,
                               .event = event};
    const char *why = NULL;
    /* The block that is being followed is asked for last, so that the other takes none of its room.
     */
    rg_err err = rg_blocks_load(f->c.blocks, item->place.height, &now);
    if (err == RG_OK) {
        err = rg_amend_find(&a, out, &why);
    }
    if (err == RG_OK && why != NULL) {
        *out = 0;
        rg_follow__alarm(f, item, why);
    }
    return err;
}

static rg_err feed(struct rg_follow *f, const struct rg_follow_item *item, struct rg_vault_case *c,
                   const struct rg_case_body *body, const struct rg_event *event)
{
    struct rg_vault_meta *meta = rg_vault_get_meta(f->c.vault);
    /* Whether an alert may be acknowledged, the monitor knows. */
    const bool about =
        event->about.kind != RG_ABOUT_NONE && event->about.kind != RG_ABOUT_ACKNOWLEDGE;
    uint64_t target = 0;
    if (about) {
        const rg_err err = find_target(f, item, c, event, &target);
        if (err != RG_OK || target == 0) {
            return err;
        }
    }
    const struct rg_vault_feed record = {
        .case_no = c->case_no,
        .previous = c->last_feed,
        .event_no = c->event_count,
        .place = item->place,
        .time_ms = item->time_ms,
    };
    uint64_t feed_no = 0;
    rg_err err = rg_vault_list_feed(f->c.vault, &record, &feed_no);
    if (err == RG_OK && about) {
        err = rg_vault_list_void(f->c.vault, target, event->about.kind, feed_no);
    }
    if (err != RG_OK) {
        return err;
    }
    if (f->c.recent != NULL) {
        const struct rg_recent_event recent = {.record = record,
                                               .writer = item->writer,
                                               .member = body->member,
                                               .pseudonym = body->pseudonym,
                                               .event = body->event};
        rg_recent_put(f->c.recent, feed_no, &recent);
    }
    c->last_feed = feed_no;
    c->event_count++;
    meta->cases += c->event_count == 1 ? 1 : 0;
    rg_vault_case_touch(f->c.vault, c);
    return RG_OK;
}

/* What the opening entry says is what counts: the key's bearer may have told something else. */
static rg_err adopt(struct rg_follow *f, const struct rg_follow_item *item, struct rg_vault_case *c)
{
    c->opened = true;
    c->readers = item->entry->readers;
    c->opener = item->writer;
    c->counter[item->writer] = 1;
    f->opened[item->writer]++;
    rg_vault_case_touch(f->c.vault, c);
    return rg_vault_case_expect_all(f->c.vault, c);
}

rg_err rg_follow__opening(struct rg_follow *f, const struct rg_follow_item *item, uint64_t case_no)
{
    struct rg_vault_case *c = NULL;
    struct rg_case_body body;
    struct rg_event event;
    struct rg_id tag;
    rg_err err = rg_vault_case_load(f->c.vault, case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    rg_casebook_tag(&f->c.genesis->ledger_id, c->keys.tag, item->writer, 0, &tag);
    if (c->opened || item->writer != c->opener || !rg_id_eq(&tag, &item->entry->tag)) {
        rg_follow__alarm(f, item,
                         c->opened                   ? "its case was opened before"
                         : item->writer != c->opener ? "its commitment is another agency's"
                                                     : "its tag is wrong");
        return RG_OK;
    }
    err = adopt(f, item, c);
    if (err != RG_OK) {
        return err;
    }
    err = open_entry(f, item, c, &body, &event);
    if (err != RG_OK) {
        if (is_fatal(err)) {
            return err;
        }
        c->broken = true;
        rg_follow__alarm(f, item, fault_text(err));
        return RG_OK;
    }
    c->pseudonym = body.pseudonym;
    err = rg_vault_case_name_pseudonym(f->c.vault, &body.pseudonym, case_no);
    if (err == RG_ERR_EXISTS) {
        c->broken = true;
        rg_follow__alarm(f, item, "another case has its pseudonym");
        return RG_OK;
    }
    if (err != RG_OK || !item->accepted) {
        return err;
    }
    return feed(f, item, c, &body, &event);
}

/* A later entry of a case whose expected tag it carries. */
static rg_err later(struct rg_follow *f, const struct rg_follow_item *item, struct rg_vault_case *c)
{
    struct rg_case_body body;
    struct rg_event event;
    rg_vault_case_used(f->c.vault, &item->entry->tag);
    c->counter[item->writer]++;
    rg_vault_case_touch(f->c.vault, c);
    rg_err err = rg_vault_case_expect(f->c.vault, c, item->writer);
    if (err != RG_OK || !item->accepted) {
        return err;
    }
    if (c->broken) {
        rg_vault_get_meta(f->c.vault)->unreadable++;
        return RG_OK;
    }
    if (item->entry->readers != c->readers) {
        rg_follow__alarm(f, item, "its readers are not those of its case");
        return RG_OK;
    }
    err = open_entry(f, item, c, &body, &event);
    if (err != RG_OK) {
        if (is_fatal(err)) {
            return err;
        }
        rg_follow__alarm(f, item, fault_text(err));
        return RG_OK;
    }
    if (!rg_id_eq(&body.pseudonym, &c->pseudonym)) {
        rg_follow__alarm(f, item, "it names another case");
        return RG_OK;
    }
    return feed(f, item, c, &body, &event);
}

/* No key fits: wait for it if one is missing. */
static rg_err park(struct rg_follow *f, const struct rg_follow_item *item)
{
    struct rg_vault *v = f->c.vault;
    const struct rg_entry *e = item->entry;
    if (e->opens) {
        const struct rg_vault_missing m = {.commitment = e->commitment,
                                           .place = item->place,
                                           .readers = e->readers,
                                           .opener = item->writer};
        struct rg_vault_missing there;
        rg_err err = rg_vault_list_get_missing(v, &e->commitment, &there);
        if (err == RG_OK && there.opener == item->writer) {
            rg_follow__alarm(f, item, "its case was opened before");
            return RG_OK;
        }
        err = err == RG_ERR_NOT_FOUND ? rg_vault_list_miss(v, &m) : err;
        if (err != RG_OK) {
            return err;
        }
    } else if (rg_vault_list_missing_count(v) == 0) {
        rg_follow__alarm(f, item, "it belongs to no case that is known here");
        return RG_OK;
    }
    struct rg_id id;
    rg_follow__parked_id(f, item->writer, &e->tag, &id);
    const rg_err err = rg_vault_list_park(v, &id, &item->place);
    if (err == RG_ERR_EXISTS) {
        rg_follow__alarm(f, item, "an earlier entry has its tag");
        return RG_OK;
    }
    return err;
}

rg_err rg_follow__entry(struct rg_follow *f, const struct rg_follow_item *item)
{
    const struct rg_entry *e = item->entry;
    struct rg_vault_case *c = NULL;
    uint64_t case_no = 0;
    if (e->kind != RG_ENTRY_CASE) {
        return RG_OK;
    }
    if ((e->readers >> f->agency & 1) == 0) {
        rg_vault_get_meta(f->c.vault)->unreadable += item->accepted ? 1 : 0;
        return RG_OK;
    }
    if (e->opens) {
        const rg_err err = rg_vault_case_find_commitment(f->c.vault, &e->commitment, &case_no);
        if (err == RG_OK) {
            return rg_follow__opening(f, item, case_no);
        }
        return err == RG_ERR_NOT_FOUND ? park(f, item) : err;
    }
    if (!rg_vault_case_match(f->c.vault, &e->tag, item->writer, &case_no)) {
        return park(f, item);
    }
    const rg_err err = rg_vault_case_load(f->c.vault, case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    struct rg_id tag;
    rg_casebook_tag(&f->c.genesis->ledger_id, c->keys.tag, item->writer, c->counter[item->writer],
                    &tag);
    if (!rg_id_eq(&tag, &e->tag)) {
        return park(f, item); /* only the first 8 bytes were equal */
    }
    return later(f, item, c);
}
