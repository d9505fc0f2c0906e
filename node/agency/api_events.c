/* All events of all cases, case by case, in pages: what an export reads. */
#include "base/bytes.h"
#include "base/num.h"
#include "node/agency/api_priv.h"

#define CASES_MAX 1000u /* looked at for one answer */

/* An answer under construction. */
struct listing {
    struct rg_api *a;
    struct rg_answer *answer;
    struct rg_answer_case_events *now; /* the case whose events come */
    uint32_t left;                     /* events that may still be added */
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
        l->answer->next_case = case_no;
        l->answer->next_event = from + to->event_count;
        err = RG_OK;
    }
    return err;
}

rg_err rg_api__events(struct rg_api *a, const struct rg_submit_client *client,
                      const struct rg_request *r)
{
    struct rg_answer answer = {.kind = RG_ANSWER_EVENTS, .id = client->request};
    struct listing l = {.a = a, .answer = &answer, .left = RG_API_EVENTS_MAX};
    const uint64_t tip = rg_feed_tip(a->c.feed);
    uint64_t next = r->from_case;
    uint32_t from = r->from_event;
    rg_err err = RG_OK;
    answer.through = r->from_case == 0 || r->through > tip ? tip : r->through;
    answer.cases = rg_arena_take_array(&a->build, CASES_MAX, sizeof *answer.cases);
    if (answer.cases == NULL) {
        return RG_ERR_NOMEM;
    }
    for (uint32_t i = 0; err == RG_OK && i < CASES_MAX && !l.full; i++) {
        uint64_t case_no = 0;
        err = rg_feed_next_case(a->c.feed, next == 0 ? 0 : next - 1, &case_no);
        if (err == RG_OK) {
            err = add_case(&l, case_no, case_no == r->from_case ? from : 0);
            next = case_no + 1;
            answer.next_case = l.full ? answer.next_case : next;
        }
    }
    if (err == RG_ERR_NOT_FOUND) {
        answer.next_case = 0;
        err = RG_OK;
    }
    if (err == RG_OK) {
        rg_api_answer(a, client, &answer);
    }
    return err;
}
