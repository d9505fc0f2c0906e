/* Performing the core's actions: journal at once, the rest after the sync it may have to wait for.
 */
#include "base/bytes.h"
#include "base/failpoint.h"
#include "node/loop_priv.h"
#include <stdlib.h>

#define ALARMS_PER_SECOND 5

static void journal(struct rg_loop *l, const struct rg_core_action *a)
{
    RG_FAILPOINT("ledger.record");
    const rg_err err = rg_journal_append(l->journal, a->type, &a->bytes, 1);
    if (err != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the journal cannot be written", rg_err_text(err));
        return;
    }
    l->appended = true;
    l->sealed = false;
    l->last_append_ms = rg_loop__now().mono_ms;
}

static void turn(struct rg_loop *l, bool begin)
{
    const rg_err err = begin ? rg_journal_turn_begin(l->journal) : rg_journal_turn_end(l->journal);
    if (err != RG_OK) {
        rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the journal cannot be turned", rg_err_text(err));
        return;
    }
    if (!begin) {
        l->appended = false; /* the end of a turn syncs all */
    }
}

/* A place among what waits; NULL ends the process. */
static struct rg_loop_wait *add_wait(struct rg_loop *l, enum rg_loop_wait_kind kind)
{
    if (l->wait_count == l->wait_cap) {
        const size_t cap = l->wait_cap > 0 ? 2 * l->wait_cap : 64;
        struct rg_loop_wait *list = realloc(l->wait, cap * sizeof *list);
        if (list == NULL) {
            rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "what is to be sent");
            return NULL;
        }
        l->wait = list;
        l->wait_cap = cap;
    }
    struct rg_loop_wait *w = &l->wait[l->wait_count];
    *w = (struct rg_loop_wait){.kind = kind};
    l->wait_count++;
    return w;
}

/* Let one thing go, or free it. */
static void let_go(struct rg_loop *l, struct rg_loop_wait *w)
{
    switch (w->kind) {
    case RG_LOOP_BCAST:
        RG_FAILPOINT("ledger.publish");
        rg_peers_publish(l->peers, w->channel, w->topic, &w->out);
        break;
    case RG_LOOP_SEND:
        RG_FAILPOINT("ledger.send");
        rg_peers_send(l->peers, w->peer, &w->out);
        break;
    case RG_LOOP_LINK:
        RG_FAILPOINT("ledger.tell");
        rg_link_send(l->link, &w->message);
        break;
    case RG_LOOP_SERVE:
        RG_FAILPOINT("ledger.serve");
        rg_loop_serve__blocks(l, w->peer, w->height, w->max_bytes);
        break;
    case RG_LOOP_FINAL:
        RG_FAILPOINT("ledger.final");
        rg_archive_put(l->archive, &w->item);
        break;
    }
}

static void send_out(struct rg_loop *l, const struct rg_core_action *a)
{
    struct rg_loop_wait *w = add_wait(l, a->kind == RG_CORE_BCAST ? RG_LOOP_BCAST : RG_LOOP_SEND);
    if (w == NULL) {
        return;
    }
    w->channel = a->channel;
    w->topic = a->topic;
    w->peer = a->peer;
    if (rg_peers_out_new(a->bytes, &w->out) != RG_OK) {
        l->wait_count--;
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "what is to be sent");
    }
}

static void tell_agency(struct rg_loop *l, enum rg_link_kind kind, const struct rg_core_action *a)
{
    const struct rg_link_message head = {
        .kind = kind,
        .peer = a->peer,
        .result = a->result,
        .index = a->index,
        .token = a->token,
        .sequence = a->sequence,
        .height = a->height,
        .hash = a->hash,
    };
    const struct rg_bytes data =
        kind == RG_LINK_PEER_MESSAGE ? a->bytes : (struct rg_bytes){.data = NULL, .len = 0};
    struct rg_loop_wait *w = add_wait(l, RG_LOOP_LINK);
    if (w != NULL && rg_link_new(&head, data, (struct rg_bytes){.len = 0}, &w->message) != RG_OK) {
        l->wait_count--;
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "a message to the agency side");
    }
}

static void serve(struct rg_loop *l, const struct rg_core_action *a)
{
    struct rg_loop_wait *w = add_wait(l, RG_LOOP_SERVE);
    if (w != NULL) {
        w->peer = a->peer;
        w->height = a->height;
        w->max_bytes = a->max_bytes;
    }
}

/* A final block waits like what leaves: with one authority its own votes make it final, and an own
 * submission on the chain whose private bytes a crash took would be lost to its agency. */
static void archive(struct rg_loop *l, const struct rg_core_action *a)
{
    struct rg_loop_wait *w = add_wait(l, RG_LOOP_FINAL);
    if (w != NULL && rg_archive_item_new(a->block, &w->item) != RG_OK) {
        l->wait_count--;
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "out of memory", "a block to archive");
    }
}

static void alarm_operator(struct rg_loop *l, const char *text)
{
    uint64_t suppressed = 0;
    if (rg_log_limit_allows(&l->alarm_limit, rg_loop__now().mono_ms, ALARMS_PER_SECOND,
                            &suppressed)) {
        rg_log(RG_LOG_WARNING, text, RG_LOG_NUMBER("suppressed", suppressed));
        const struct rg_link_message head = {.kind = RG_LINK_ALARM};
        rg_loop__tell(l, &head, rg_bytes_str(text));
    }
}

static void perform_one(struct rg_loop *l, const struct rg_core_action *a)
{
    switch (a->kind) {
    case RG_CORE_JOURNAL:
        journal(l, a);
        break;
    case RG_CORE_TURN_BEGIN:
        turn(l, true);
        break;
    case RG_CORE_TURN_END:
        turn(l, false);
        break;
    case RG_CORE_BARRIER:
        l->barrier = true;
        break;
    case RG_CORE_BCAST:
    case RG_CORE_SEND:
        send_out(l, a);
        break;
    case RG_CORE_FINAL:
        archive(l, a);
        l->status_now = true;
        break;
    case RG_CORE_OWN:
        tell_agency(l, RG_LINK_TAKEN, a);
        break;
    case RG_CORE_OWN_FINAL:
        tell_agency(l, RG_LINK_OWN_FINAL, a);
        break;
    case RG_CORE_SERVE:
        serve(l, a);
        break;
    case RG_CORE_AGENCY:
        tell_agency(l, RG_LINK_PEER_MESSAGE, a);
        break;
    case RG_CORE_DEADLINE:
        l->deadline_ms = a->at_ms;
        break;
    case RG_CORE_ALARM:
        alarm_operator(l, a->text);
        break;
    case RG_CORE_HALT:
        rg_loop__fail(l, RG_LOOP_EXIT_INTERNAL, "halted", a->text);
        break;
    case RG_CORE_NONE:
        break;
    }
}

void rg_loop_act__perform(struct rg_loop *l, const struct rg_core_actions *actions)
{
    for (size_t i = 0; i < actions->count && !l->done; i++) {
        const size_t before = l->wait_count;
        perform_one(l, &actions->list[i]);
        if (!l->barrier && !l->done && before == 0 && l->wait_count == 1) {
            let_go(l, &l->wait[0]); /* nothing before it waits */
            l->wait_count = 0;
        }
    }
    l->status_dirty = true;
}

void rg_loop_act__release(struct rg_loop *l)
{
    if (l->barrier && l->appended) {
        const rg_err err = rg_journal_sync(l->journal);
        if (err != RG_OK) {
            rg_loop__fail(l, RG_LOOP_EXIT_DISK, "the journal cannot be synced", rg_err_text(err));
            rg_loop_act__drop(l); /* a vote that is not durable never leaves */
            return;
        }
        l->appended = false;
    }
    l->barrier = false;
    for (size_t i = 0; i < l->wait_count; i++) {
        let_go(l, &l->wait[i]);
    }
    l->wait_count = 0;
}

void rg_loop_act__drop(struct rg_loop *l)
{
    for (size_t i = 0; i < l->wait_count; i++) {
        rg_peers_out_clear(&l->wait[i].out);
        rg_link_destroy(&l->wait[i].message);
        rg_archive_item_destroy(&l->wait[i].item);
    }
    l->wait_count = 0;
}
