#include "node/cli/shadow.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "base/num.h"
#include "node/cli/say.h"
#include "rules/host.h"
#include "rules/reigen_rules.h"
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define MESSAGE_BYTES (RG_HOSTMSG_BATCH_MAX / 4) /* of events; the state comes on top */
#define RULES_MAX (2u * RG_DEFINITION_RULES_MAX)
#define NONE SIZE_MAX

/* An event of the history; texts stand in the blocks. */
struct kept {
    struct rg_bytes case_id;
    struct rg_bytes agency;
    struct rg_bytes step;
    const struct rg_event_field *fields;
    uint32_t field_count;
    uint32_t order; /* of arrival */
    bool is_void;
    int64_t recorded_ms;
    int64_t occurred_ms;
};

/* One version with its engine. */
struct side {
    const struct rg_definition *def;
    struct rg_host *host;
    struct rg_hostmsg_buf in;
    struct rg_hostmsg_buf out;
    struct rg_hostmsg_item verdict[RG_DEFINITION_RULES_MAX]; /* of the case; borrow from out */
};

/* Where a difference's numbers begin, while the list of numbers still grows. */
struct found {
    struct rg_shadow_difference d;
    size_t start;
};

struct rg_shadow {
    struct side side[RG_SHADOW_SIDES];
    struct rg_shadow_rule rule[RULES_MAX];
    size_t index[RULES_MAX][RG_SHADOW_SIDES]; /* in each definition; NONE */
    size_t rule_count;
    struct rg_arena block[RG_SHADOW_BLOCKS_MAX];
    size_t block_count;
    struct kept *event;
    size_t event_count;
    size_t event_cap;
    struct found *found;
    size_t found_count;
    size_t found_cap;
    struct rg_shadow_difference *told;
    int64_t *number;
    size_t number_count;
    size_t number_cap;
    struct rg_bytes failed_case;
    uint64_t differ;
};

static size_t find_rule(const struct rg_definition *def, const char *id)
{
    for (size_t i = 0; i < def->rule_count; i++) {
        if (strcmp(def->rules[i].id, id) == 0) {
            return i;
        }
    }
    return NONE;
}

static void add_rule(struct rg_shadow *s, const char *id, size_t before, size_t after)
{
    struct rg_shadow_rule *r = &s->rule[s->rule_count];
    r->id = id;
    r->in[RG_SHADOW_BEFORE] = before != NONE;
    r->in[RG_SHADOW_AFTER] = after != NONE;
    s->index[s->rule_count][RG_SHADOW_BEFORE] = before;
    s->index[s->rule_count][RG_SHADOW_AFTER] = after;
    s->rule_count++;
}

static rg_err open_side(struct side *side, const struct rg_shadow_version *v)
{
    struct rg_hostmsg_opened opened;
    side->def = v->def;
    rg_hostmsg_buf_init(&side->in, RG_HOSTMSG_BATCH_MAX);
    rg_hostmsg_buf_init(&side->out, RG_HOSTMSG_RESULT_MAX);
    rg_err e = rg_host_create(NULL, &side->host);
    if (e != RG_OK) {
        return e;
    }
    rg_hostmsg_put_open(&side->in, v->yaml);
    if (side->in.failed) {
        return RG_ERR_NOMEM;
    }
    e = rg_host_handle(side->host, (struct rg_bytes){side->in.data, side->in.len}, &side->out);
    if (e == RG_OK) {
        e = rg_hostmsg_get_opened((struct rg_bytes){side->out.data, side->out.len}, &opened);
    }
    return e == RG_OK && (!opened.ok || opened.rule_count != v->def->rule_count) ? RG_ERR_INVALID
                                                                                 : e;
}

rg_err rg_shadow_create(const struct rg_shadow_version before, const struct rg_shadow_version after,
                        struct rg_shadow **out)
{
    struct rg_shadow *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return RG_ERR_NOMEM;
    }
    rg_err e = open_side(&s->side[RG_SHADOW_BEFORE], &before);
    e = e == RG_OK ? open_side(&s->side[RG_SHADOW_AFTER], &after) : e;
    if (e != RG_OK) {
        rg_shadow_destroy(&s);
        return e;
    }
    for (size_t i = 0; i < after.def->rule_count; i++) {
        const char *id = after.def->rules[i].id;
        add_rule(s, id, find_rule(before.def, id), i);
    }
    for (size_t i = 0; i < before.def->rule_count; i++) {
        const char *id = before.def->rules[i].id;
        if (find_rule(after.def, id) == NONE) {
            add_rule(s, id, i, NONE);
        }
    }
    *out = s;
    return RG_OK;
}

void rg_shadow_destroy(struct rg_shadow **s_p)
{
    struct rg_shadow *s = *s_p;
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < RG_SHADOW_SIDES; i++) {
        rg_host_destroy(&s->side[i].host);
        rg_hostmsg_buf_free(&s->side[i].in);
        rg_hostmsg_buf_free(&s->side[i].out);
    }
    for (size_t i = 0; i < s->block_count; i++) {
        rg_arena_fini(&s->block[i]);
    }
    free(s->event);
    free(s->found);
    free(s->told);
    free(s->number);
    free(s);
    *s_p = NULL;
}

/* Room for @want items in all; the list at *@list grows. */
static rg_err grow(void **list, size_t *cap, size_t want, size_t max, size_t size)
{
    if (want > max) {
        return RG_ERR_FULL;
    }
    if (want > *cap) {
        const size_t more = (size_t)rg_num_min(2 * want + 256, max);
        void *grown = realloc(*list, more * size);
        if (grown == NULL) {
            return RG_ERR_NOMEM;
        }
        *list = grown;
        *cap = more;
    }
    return RG_OK;
}

/* Copies of one event's texts, in a block that has room for all of them. */
static rg_err open_block(struct rg_shadow *s, const struct rg_export_event *e)
{
    size_t need = e->case_id.len + e->agency.len + e->event->step.len + 64 +
                  e->event->field_count * sizeof(struct rg_event_field);
    for (uint32_t i = 0; i < e->event->field_count; i++) {
        need += e->event->fields[i].name.len + e->event->fields[i].value.len + 32;
    }
    const struct rg_arena *last = s->block_count == 0 ? NULL : &s->block[s->block_count - 1];
    if (last != NULL && last->cap - last->used >= need) {
        return RG_OK;
    }
    if (s->block_count == RG_SHADOW_BLOCKS_MAX || need > BLOCK_BYTES) {
        return RG_ERR_FULL;
    }
    const rg_err err = rg_arena_init(&s->block[s->block_count], BLOCK_BYTES);
    s->block_count += err == RG_OK ? 1 : 0;
    return err;
}

/* A copy of @b, or the copy that the event before has of the same. */
static struct rg_bytes keep_text(struct rg_arena *a, struct rg_bytes b, const struct rg_bytes *last)
{
    return last != NULL && rg_bytes_eq(*last, b) ? *last : rg_arena_copy(a, b);
}

rg_err rg_shadow_add(struct rg_shadow *s, const struct rg_export_event *e)
{
    void *list = s->event;
    rg_err err =
        grow(&list, &s->event_cap, s->event_count + 1, RG_SHADOW_EVENTS_MAX, sizeof *s->event);
    s->event = list;
    err = err == RG_OK ? open_block(s, e) : err;
    if (err != RG_OK) {
        return err;
    }
    struct rg_arena *a = &s->block[s->block_count - 1];
    struct kept *k = &s->event[s->event_count];
    const struct kept *last = s->event_count == 0 ? NULL : k - 1;
    struct rg_event_field *fields =
        rg_arena_take_array(a, e->event->field_count + 1, sizeof *fields);
    *k = (struct kept){.case_id = keep_text(a, e->case_id, last == NULL ? NULL : &last->case_id),
                       .agency = keep_text(a, e->agency, last == NULL ? NULL : &last->agency),
                       .step = rg_arena_copy(a, e->event->step),
                       .fields = fields,
                       .field_count = e->event->field_count,
                       .order = (uint32_t)s->event_count,
                       .is_void = e->is_void,
                       .recorded_ms = e->recorded_ms,
                       .occurred_ms = e->event->occurred_ms};
    for (uint32_t i = 0; fields != NULL && i < k->field_count; i++) {
        fields[i].name = rg_arena_copy(a, e->event->fields[i].name);
        fields[i].value = rg_arena_copy(a, e->event->fields[i].value);
    }
    if (a->failed) {
        return RG_ERR_FULL;
    }
    s->event_count++;
    return RG_OK;
}

static int by_case(const void *a, const void *b)
{
    const struct kept *x = a;
    const struct kept *y = b;
    const size_t n = (size_t)rg_num_min(x->case_id.len, y->case_id.len);
    const int c = n == 0 ? 0 : memcmp(x->case_id.data, y->case_id.data, n);
    if (c != 0 || x->case_id.len != y->case_id.len) {
        return c != 0 ? c : (x->case_id.len > y->case_id.len) - (x->case_id.len < y->case_id.len);
    }
    return (x->order > y->order) - (x->order < y->order);
}

static int by_rule(const void *a, const void *b)
{
    const struct rg_shadow_difference *x = &((const struct found *)a)->d;
    const struct rg_shadow_difference *y = &((const struct found *)b)->d;
    const int c = (x->rule > y->rule) - (x->rule < y->rule);
    return c != 0 ? c : (x->case_no > y->case_no) - (x->case_no < y->case_no);
}

static void put_event(const struct kept *k, struct rg_hostmsg_buf *out)
{
    struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_ENTRY,
                               .time_ms = k->recorded_ms,
                               .occurred_ms = k->occurred_ms,
                               .flags = k->is_void ? RG_HOSTMSG_VOID : 0,
                               .step = k->step,
                               .agency = k->agency,
                               .field_count = k->field_count};
    for (uint32_t i = 0; i < k->field_count; i++) {
        op.fields[i].name = k->fields[i].name;
        op.fields[i].value = k->fields[i].value;
    }
    rg_hostmsg_put_op(out, &op);
}

/* One message about a case: events from @from on, up to @to, and after the last the question for
 * verdicts. Gives the first event of the next message. */
static size_t write_message(struct side *side, const struct kept *from, size_t count,
                            struct rg_bytes state, int64_t as_of_ms)
{
    const struct rg_hostmsg_case head = {.case_no = 1, .flags = RG_HOSTMSG_FULL, .state = state};
    size_t n = 0;
    rg_hostmsg_batch_begin(&side->in, 1);
    rg_hostmsg_case_begin(&side->in, &head);
    const size_t end = side->in.len + MESSAGE_BYTES;
    while (n < count && side->in.len < end) {
        put_event(&from[n], &side->in);
        n++;
    }
    if (n == count) {
        const struct rg_hostmsg_op op = {.kind = RG_HOSTMSG_OP_FINISH, .time_ms = as_of_ms};
        rg_hostmsg_put_op(&side->in, &op);
    }
    rg_hostmsg_case_end(&side->in);
    rg_hostmsg_batch_end(&side->in);
    return n;
}

static rg_err take_answer(struct side *side, struct rg_bytes *state, size_t *verdicts)
{
    struct rg_hostmsg_answer a;
    struct rg_hostmsg_item item;
    uint64_t no = 0;
    *verdicts = 0;
    struct rg_reader r = rg_hostmsg_result((struct rg_bytes){side->out.data, side->out.len}, &no);
    if (!rg_hostmsg_next_answer(&r, &a)) {
        return RG_ERR_FULL; /* FAILED: the results of one case are over the cap */
    }
    if (a.status != RG_HOSTMSG_OK) {
        return a.status == RG_HOSTMSG_LIMIT ? RG_ERR_FULL : RG_ERR_SYSTEM;
    }
    *state = a.state;
    while (rg_hostmsg_next_item(&r, &item)) {
        if (item.kind == RG_HOSTMSG_VERDICT && item.rule < side->def->rule_count &&
            item.judgement < RG_SHADOW_JUDGEMENTS) {
            side->verdict[item.rule] = item;
            (*verdicts)++;
        }
    }
    return !rg_hostmsg_next_answer(&r, &a) && rg_bytes_done(&r) ? RG_OK : RG_ERR_SYSTEM;
}

/* The verdicts of one case by one version. */
static rg_err judge_case(struct side *side, const struct kept *first, size_t count,
                         int64_t as_of_ms)
{
    struct rg_bytes state = {0};
    size_t verdicts = 0;
    size_t done = 0;
    while (done < count) {
        done += write_message(side, first + done, count - done, state, as_of_ms);
        if (side->in.failed) {
            return RG_ERR_NOMEM;
        }
        rg_err e =
            rg_host_handle(side->host, (struct rg_bytes){side->in.data, side->in.len}, &side->out);
        e = e == RG_OK ? take_answer(side, &state, &verdicts) : e;
        if (e != RG_OK) {
            return e;
        }
    }
    return verdicts == side->def->rule_count ? RG_OK : RG_ERR_SYSTEM;
}

static bool same_events(const struct rg_hostmsg_item *a, const struct rg_hostmsg_item *b)
{
    const size_t count = rg_hostmsg_event_count(a);
    bool same = count == rg_hostmsg_event_count(b);
    for (size_t i = 0; same && i < count; i++) {
        same = rg_hostmsg_event(a, i) == rg_hostmsg_event(b, i);
    }
    return same;
}

/* Keep a difference with copies of its violating events. */
static rg_err add_found(struct rg_shadow *s, const struct rg_shadow_difference *d,
                        const struct rg_hostmsg_item *const v[RG_SHADOW_SIDES])
{
    void *list = s->found;
    rg_err e =
        grow(&list, &s->found_cap, s->found_count + 1, RG_SHADOW_DIFFERENCES_MAX, sizeof *s->found);
    s->found = list;
    if (e != RG_OK) {
        return e;
    }
    struct found *f = &s->found[s->found_count];
    *f = (struct found){.d = *d, .start = s->number_count};
    for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
        const size_t count = v[side] == NULL ? 0 : rg_hostmsg_event_count(v[side]);
        list = s->number;
        e = grow(&list, &s->number_cap, s->number_count + count, RG_SHADOW_NUMBERS_MAX,
                 sizeof *s->number);
        s->number = list;
        if (e != RG_OK) {
            return e;
        }
        for (size_t i = 0; i < count; i++) {
            s->number[s->number_count++] = rg_hostmsg_event(v[side], i);
        }
        f->d.event_count[side] = count;
    }
    s->found_count++;
    return RG_OK;
}

/* Compare what both say about the case that was judged last. */
static rg_err compare_case(struct rg_shadow *s, uint32_t case_no, struct rg_bytes case_id)
{
    bool any = false;
    for (size_t i = 0; i < s->rule_count; i++) {
        const struct rg_hostmsg_item *v[RG_SHADOW_SIDES] = {0};
        struct rg_shadow_difference d = {
            .rule = (uint32_t)i, .case_no = case_no, .case_id = case_id};
        for (size_t side = 0; side < RG_SHADOW_SIDES; side++) {
            const size_t at = s->index[i][side];
            v[side] = at == NONE ? NULL : &s->side[side].verdict[at];
            d.judged[side] = at == NONE ? RG_SHADOW_ABSENT : v[side]->judgement;
            if (at != NONE) {
                s->rule[i].cases[side][d.judged[side]]++;
            }
        }
        const struct rg_hostmsg_item *a = v[RG_SHADOW_BEFORE];
        const struct rg_hostmsg_item *b = v[RG_SHADOW_AFTER];
        const bool same = a != NULL && b != NULL
                              ? a->judgement == b->judgement && same_events(a, b)
                              : (a != NULL ? a : b)->judgement <= RG_RULES_SATISFIED;
        if (same) {
            continue;
        }
        const rg_err e = add_found(s, &d, v);
        if (e != RG_OK) {
            return e;
        }
        s->rule[i].differ++;
        any = true;
    }
    s->differ += any ? 1 : 0;
    return RG_OK;
}

/* Sort what was found and give it out, now that the numbers stay where they are. */
static rg_err give(struct rg_shadow *s, struct rg_shadow_result *out)
{
    s->told = calloc(s->found_count + 1, sizeof *s->told);
    if (s->told == NULL) {
        return RG_ERR_NOMEM;
    }
    if (s->found_count > 0) {
        qsort(s->found, s->found_count, sizeof *s->found, by_rule);
    }
    for (size_t i = 0; i < s->found_count; i++) {
        struct rg_shadow_difference *d = &s->told[i];
        *d = s->found[i].d;
        if (s->number != NULL) {
            d->events[RG_SHADOW_BEFORE] = s->number + s->found[i].start;
            d->events[RG_SHADOW_AFTER] =
                d->events[RG_SHADOW_BEFORE] + d->event_count[RG_SHADOW_BEFORE];
        }
    }
    out->rules = s->rule;
    out->rule_count = s->rule_count;
    out->differences = s->told;
    out->difference_count = s->found_count;
    out->differ = s->differ;
    return RG_OK;
}

rg_err rg_shadow_judge(struct rg_shadow *s, struct rg_shadow_result *out)
{
    struct rg_shadow_result r = {0};
    rg_err e = RG_OK;
    for (size_t i = 0; i < s->event_count; i++) {
        const int64_t ms = s->event[i].occurred_ms;
        if (!s->event[i].is_void) {
            r.as_of_ms = r.events == 0 || ms > r.as_of_ms ? ms : r.as_of_ms;
            r.events++;
        }
    }
    if (s->event_count > 0) {
        qsort(s->event, s->event_count, sizeof *s->event, by_case);
    }
    for (size_t i = 0, next = 0; e == RG_OK && i < s->event_count; i = next) {
        const struct kept *first = &s->event[i];
        for (next = i + 1; next < s->event_count; next++) {
            if (!rg_bytes_eq(first->case_id, s->event[next].case_id)) {
                break;
            }
        }
        for (size_t side = 0; e == RG_OK && side < RG_SHADOW_SIDES; side++) {
            e = judge_case(&s->side[side], first, next - i, r.as_of_ms);
        }
        e = e == RG_OK ? compare_case(s, (uint32_t)r.cases, first->case_id) : e;
        r.cases++;
        s->failed_case = e == RG_OK ? (struct rg_bytes){0} : first->case_id;
        rg_say_progress("events", next, s->event_count);
        e = e == RG_OK && rg_say_stop != 0 ? RG_ERR_CLOSED : e;
    }
    rg_say_progress_end();
    e = e == RG_OK ? give(s, &r) : e;
    if (e == RG_OK) {
        *out = r;
    }
    return e;
}

struct rg_bytes rg_shadow_failed_case(const struct rg_shadow *s)
{
    return s->failed_case;
}
