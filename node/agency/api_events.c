/* All events of all cases, or of those that changed, case by case, in pages: what an export reads,
 * and who follows. */
#include "base/bytes.h"
#include "base/num.h"
#include "node/agency/api_priv.h"

#define CASES_MAX 1000u   /* looked at for one answer */
#define CHANGES_MAX 4096u /* events looked at for one answer to find changed cases */

/* An answer under construction. */
struct listing {
    struct rg_api *a;
    struct rg_answer *answer;
    struct rg_answer_case_events *now; /* the case whose events come */
    struct rg_feed_changes changes;    /* where only changed cases are wanted */
    uint64_t next; /* where to go on: a case number, or the event that changed a case */
    uint32_t left; /* events that may still be added */
    size_t bytes;
    bool full;
};

static rg_err add_event(void *ctx, const struct rg_feed_event *e)
{
    struct listing *l = ctx;
    const struct rg_genesis *g = l->a->c.genesis;
    const size_t bytes = l->bytes + e->event_bytes.len + 200;
    if (l->left == 0 || bytes > RG_CLIENT_PAGE_BYTES) {
        l->full = true;
        return RG_ERR_FULL;
    }
    const struct rg_bytes event = rg_arena_copy(&l->a->build, e->event_bytes);
    if (event.len != e->event_bytes.len) {
        return RG_ERR_NOMEM;
    }
    l->bytes = bytes;
    l->left--;
    l->now->events[l->now->event_count++] = (struct rg_answer_case_event){
        .height = e->height,
        .submission = e->submission,
        .entry = e->entry,
        .event = event,
        .agency = rg_bytes_str(g->agency[e->writer].name),
        .member = rg_bytes_str(g->principal[e->member].name),
        .recorded_ms = e->time_ms,
        .standing = e->standing,
        .by_height = e->by_height,
        .by_submission = e->by_submission,
        .by_entry = e->by_entry,
    };
    return RG_OK;
}

/* Add the events of case @case_no from number @from on. */
static rg_err add_case(struct listing *l, uint64_t case_no, uint32_t from)
{
    struct rg_feed_case c;
    struct rg_answer_case_events *to = &l->answer->cases[l->answer->case_count];
    rg_err err = rg_feed_get_case(l->a->c.feed, case_no, &c);
    if (err != RG_OK) {
        return err;
    }
    const struct rg_bytes file = {(const uint8_t *)c.file, c.file_len};
    *to = (struct rg_answer_case_events){.pseudonym = c.pseudonym, .first = from};
    const uint64_t events = c.event_count > from ? c.event_count - from : 0;
    const struct rg_feed_range range = {
        .case_no = case_no,
        .from = from,
        /* One more than fits, so that it tells whether that was all. */
        .max = (uint32_t)rg_num_min(events, l->left + 1),
        .through = l->answer->through,
    };
    to->events = rg_arena_take_array(&l->a->build, range.max, sizeof *to->events);
    to->file_number = rg_arena_copy(&l->a->build, file);
    if (to->events == NULL || to->file_number.len != file.len) {
        return RG_ERR_NOMEM;
    }
    l->bytes += RG_FILE_NUMBER_MAX + 64;
    l->now = to;
    err = rg_feed_read_case(l->a->c.feed, &range, add_event, l);
    l->answer->case_count += to->event_count > 0 ? 1 : 0;
    if (l->full) {
        l->answer->next_event = from + to->event_count;
        err = RG_OK;
    }
    return err;
}

/* Find the next case to tell; @l->next is then its place. */
static rg_err find(struct listing *l, uint64_t *out_case_no)
{
    struct rg_feed *feed = l->a->c.feed;
    if (l->changes.after > 0) {
        l->changes.next = l->next;
        const rg_err err = rg_feed_next_changed(feed, &l->changes, out_case_no);
        l->next = l->changes.next;
        return err;
    }
    const rg_err err = rg_feed_next_case(feed, l->next == 0 ? 0 : l->next - 1, out_case_no);
    l->next = err == RG_OK ? *out_case_no : l->next;
    return err;
}

static rg_err fill(struct listing *l, const struct rg_request *r)
{
    rg_err err = RG_OK;
    for (uint32_t i = 0; err == RG_OK && i < CASES_MAX && !l->full; i++) {
        uint64_t case_no = 0;
        err = find(l, &case_no);
        if (err == RG_OK) {
            err = add_case(l, case_no, l->next == r->from_case ? r->from_event : 0);
            l->next += l->full ? 0 : 1;
        }
    }
    /* Not found although there are events to look at: that was enough for one answer. */
    const bool end =
        err == RG_ERR_NOT_FOUND && (l->changes.after == 0 || l->changes.next > l->changes.through);
    l->answer->next_case = end ? 0 : l->next;
    return err == RG_ERR_NOT_FOUND ? RG_OK : err;
}

static rg_err list(struct rg_api *a, const struct rg_submit_client *client,
                   const struct rg_request *r)
{
    struct rg_feed_counts counts;
    rg_feed_counts(a->c.feed, &counts);
    struct rg_answer answer = {
        .kind = RG_ANSWER_EVENTS,
        .id = client->request,
        .through = r->from_case == 0 ? counts.tip : rg_num_min(r->through, counts.tip),
        .time_ms = rg_num_max(counts.time_ms, a->c.genesis->time_ms),
        .version = rg_versions_after(a->c.versions, counts.height)->definition->version,
    };
    struct listing l = {
        .a = a,
        .answer = &answer,
        .changes = {.after = r->after, .through = answer.through, .left = CHANGES_MAX},
        .next = r->from_case,
        .left = RG_API_EVENTS_MAX};
    answer.cases = rg_arena_take_array(&a->build, CASES_MAX, sizeof *answer.cases);
    if (answer.cases == NULL) {
        return RG_ERR_NOMEM;
    }
    const rg_err err = fill(&l, r);
    if (err == RG_OK) {
        rg_api_answer(a, client, &answer);
    }
    return err;
}

/* What somebody was told is final is in the first page, as it is in a conformance result: it waits
 * until its blocks were followed. */
static void park(struct rg_api *a, const struct rg_submit_client *client,
                 const struct rg_request *r)
{
    for (size_t i = 0; i < RG_API_PARKED_MAX; i++) {
        struct rg_api_parked *p = &a->parked[i];
        if (p->height == 0) {
            *p = (struct rg_api_parked){.height = a->height,
                                        .after = r->after,
                                        .give_up_ms = a->now.mono_ms + RG_MONITOR_FOLLOW_MS,
                                        .client = *client};
            return;
        }
    }
    rg_api__error(a, client, 75, "Too many requests wait for the ledger at this node; try again.");
}

rg_err rg_api__events(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r)
{
    if (r->from_case == 0 && rg_vault_get_meta(a->c.vault)->height < a->height) {
        park(a, client, r);
        return RG_OK;
    }
    return list(a, client, r);
}

rg_err rg_api_step(struct rg_api *a, struct rg_api_now now)
{
    rg_err err = RG_OK;
    a->now = now;
    for (size_t i = 0; err == RG_OK && i < RG_API_PARKED_MAX; i++) {
        const struct rg_api_parked p = a->parked[i];
        const bool followed = rg_vault_get_meta(a->c.vault)->height >= p.height;
        if (p.height == 0 || (!followed && now.mono_ms < p.give_up_ms)) {
            continue;
        }
        a->parked[i].height = 0;
        if (followed) {
            const struct rg_request r = {.kind = RG_REQUEST_EVENTS, .after = p.after};
            rg_arena_reset(&a->build);
            err = rg_api__excuse(a, &p.client, list(a, &p.client, &r));
        } else {
            rg_api__error(a, &p.client, 75,
                          "This node has not followed the ledger yet; see `reigen status`.");
        }
    }
    return err;
}
