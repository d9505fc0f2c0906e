/* Corrections and cancellations from the member's request to the feeds of all readers: who may,
 * what the feed tells before and after, late keys, and entries that no honest node would write. */
#include "agency_world.h"
#include "base/bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char open_yaml[] = "process: open\n"
                                "version: 1\n"
                                "clock: ledger\n"
                                "readers: all\n"
                                "steps: any\n"
                                "fields: any\n"
                                "rules: []\n";

static struct world *make(uint32_t nodes)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_open(w, nodes, open_yaml);
    return w;
}

static void end(struct world *w)
{
    world_close(w);
    free(w);
}

/* What to hand in about an entry. */
struct about {
    uint32_t node;
    enum rg_about_kind kind;
    struct rg_vault_place of;
    const char *step;
    int64_t occurred_ms;
};

static struct rg_event event_of(const struct about *a)
{
    return (struct rg_event){.step = rg_bytes_str(a->step),
                             .occurred_ms = a->occurred_ms,
                             .about = {.kind = a->kind,
                                       .height = a->of.height,
                                       .submission = a->of.submission,
                                       .entry = a->of.entry,
                                       .reason = rg_bytes_str("typing_error")}};
}

/* Hand it in for @file; @r: what to change in the request. Returns the number of the request. */
static uint64_t hand_in(struct world *w, const struct about *a, const char *file,
                        struct rg_request *r)
{
    struct rg_arena arena;
    const struct rg_event e = event_of(a);
    struct rg_bytes events[2];
    struct rg_bytes files[2] = {rg_bytes_str(file), rg_bytes_str(file)};
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &events[0]), RG_OK);
    events[1] = events[0];
    r->id = ++w->next_request;
    r->events = events;
    r->cases = files;
    r->wait = true;
    world_sign(&w->genesis, w->member_key[a->node], w->nodes + a->node, r);
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = r->id, .principal = w->nodes + a->node};
    assert_int_equal(rg_submit_take(w->node[a->node].submit, &client, r, w->time_ms), RG_OK);
    rg_arena_fini(&arena);
    return r->id;
}

/* As a client does it, until it is followed. */
static const struct world_answer *amend(struct world *w, const struct about *a, const char *file)
{
    const struct rg_about about = event_of(a).about;
    struct rg_request r = {.first = 1, .count = 1};
    rg_ledger_codec_about_stream(&w->genesis.ledger_id, &about, &r.stream);
    const uint64_t id = hand_in(w, a, file, &r);
    world_run(w);
    const struct world_answer *answer = world_answer_of(w, a->node, id);
    assert_non_null(answer);
    return answer;
}

static void assert_refused(struct world *w, const struct about *a, const char *file,
                           const char *why)
{
    const uint64_t tip = rg_feed_tip(w->node[a->node].feed);
    const struct world_answer *answer = amend(w, a, file);
    assert_int_equal(answer->code, 65);
    if (strstr(answer->error, why) == NULL) {
        fail_msg("%s", answer->error);
    }
    assert_int_equal(rg_feed_tip(w->node[a->node].feed), tip);
}

static rg_err write_event(void *ctx, const struct rg_feed_event *e)
{
    static const char *const standing[] = {"", "-", "~", "*"};
    FILE *f = ctx;
    (void)fprintf(f, "%u%s:%.*s@%llu/%llu ", e->event_no, standing[e->standing],
                  (int)e->event->step.len, (const char *)e->event->step.data,
                  (unsigned long long)e->height,
                  (unsigned long long)(e->time_ms - WORLD_START_MS) / 1000);
    return RG_OK;
}

/* The events of @file's case at a node: number, standing, step, block that holds it, block that
 * counts. @through: a feed number. */
static void assert_case(struct world *w, uint32_t node, const char *file, uint64_t through,
                        bool as_recorded, const char *want)
{
    char text[512] = "";
    const struct rg_id id = world_pseudonym(w, 0, file);
    struct rg_feed_range range = {.max = 1000, .through = through, .as_recorded = as_recorded};
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    assert_int_equal(rg_pending_find_pseudonym(w->node[node].pending, &id, &range.case_no), RG_OK);
    assert_int_equal(rg_feed_read_case(w->node[node].feed, &range, write_event, f), RG_OK);
    (void)fclose(f);
    assert_string_equal(text, want);
}

static void assert_feed(struct world *w, uint32_t node, uint64_t as_of, const char *want)
{
    char text[512] = "";
    uint64_t next = 0;
    const struct rg_feed_span span = {.from = 1, .max = 1000, .as_of = as_of};
    FILE *f = fmemopen(text, sizeof text, "w");
    assert_non_null(f);
    assert_int_equal(rg_feed_read(w->node[node].feed, &span, write_event, f, &next), RG_OK);
    (void)fclose(f);
    assert_string_equal(text, want);
}

/* A case with three events, each in a block of its own. */
static void three(struct world *w)
{
    static const char *const steps[] = {"a", "b", "c"};
    for (uint64_t i = 0; i < 3; i++) {
        const struct world_event e = {"A", steps[i], (int64_t)i};
        (void)world_submit(w, 0, 1, i + 1, &e, 1);
        world_run(w);
    }
}

/* Which cases a node sees as changed after feed number @after: their numbers. */
static void assert_changed(struct world *w, uint32_t node, uint64_t after, const char *want)
{
    struct rg_feed *feed = w->node[node].feed;
    struct rg_feed_changes c = {.after = after, .through = rg_feed_tip(feed), .left = 100};
    char text[64] = "";
    uint64_t case_no = 0;
    while (rg_feed_next_changed(feed, &c, &case_no) == RG_OK) {
        const size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at, "%llu@%llu ", (unsigned long long)case_no,
                       (unsigned long long)c.next++);
    }
    assert_string_equal(text, want);
}

static void test_what_counts(void **state)
{
    (void)state;
    struct world *w = make(3);
    three(w);
    const struct about correct = {0, RG_ABOUT_CORRECT, {2, 0, 0}, "B", 7};
    assert_int_equal(amend(w, &correct, "A")->code, 0);
    const struct about again = {0, RG_ABOUT_CORRECT, {4, 0, 0}, "BB", 8};
    assert_int_equal(amend(w, &again, "A")->code, 0);
    const struct about cancel = {0, RG_ABOUT_CANCEL, {1, 0, 0}, "a", 9};
    assert_int_equal(amend(w, &cancel, "A")->code, 0);
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < 3; i++) {
            assert_changed(w, i, 0, "1@1 ");
            assert_changed(w, i, 5, "1@6 "); /* what is cancelled changes the case */
            assert_changed(w, i, 6, "");
            assert_feed(w, i, 0, "0:a@1/1 1:b@2/2 2:c@3/3 3*:B@4/4 4*:BB@5/5 5*:a@6/6 ");
            assert_feed(w, i, 4, "0:a@1/1 1:B@4/2 2:c@3/3 3*:B@4/4 4*:BB@5/5 5*:a@6/6 ");
            assert_feed(w, i, 6, "0-:a@1/1 1:BB@5/2 2:c@3/3 3*:B@4/4 4*:BB@5/5 5*:a@6/6 ");
            assert_case(w, i, "A", 3, false, "0:a@1/1 1:b@2/2 2:c@3/3 ");
            assert_case(w, i, "A", 5, false, "0:a@1/1 1:BB@5/2 2:c@3/3 3*:B@4/4 4*:BB@5/5 ");
            assert_case(w, i, "A", UINT64_MAX, true,
                        "0-:a@1/1 1~:b@2/2 2:c@3/3 3~:B@4/4 4*:BB@5/5 5*:a@6/6 ");
        }
        world_node_close(w, 1); /* and from the disk alone */
        world_node_open(w, 1);
    }
    /* A correction is cancelled like a step, and with it what it stood for. */
    const struct about off = {0, RG_ABOUT_CANCEL, {5, 0, 0}, "BB", 9};
    assert_int_equal(amend(w, &off, "A")->code, 0);
    assert_case(w, 2, "A", UINT64_MAX, false,
                "0-:a@1/1 1-:BB@5/2 2:c@3/3 3*:B@4/4 4*:BB@5/5 5*:a@6/6 6*:BB@7/7 ");
    assert_int_equal(w->node[0].alarms + w->node[1].alarms + w->node[2].alarms, 0);
    end(w);
}

static void test_who_may(void **state)
{
    (void)state;
    struct world *w = make(2);
    three(w);
    const struct world_event other = {"B", "x", 1};
    (void)world_submit(w, 1, 2, 1, &other, 1); /* agency 1's, in block 4 */
    const struct world_event own = {"B", "x", 1};
    (void)world_submit(w, 0, 2, 1, &own, 1); /* another case under the same number */
    world_run(w);
    const struct about unknown = {0, RG_ABOUT_CORRECT, {9, 0, 0}, "b", 1};
    assert_refused(w, &unknown, "A", "does not hold");
    const struct about of_other_case = {0, RG_ABOUT_CORRECT, {2, 0, 0}, "b", 1};
    assert_refused(w, &of_other_case, "B", "does not hold");
    assert_refused(w, &of_other_case, "Z", "no final entry");
    const struct about other_step = {0, RG_ABOUT_CANCEL, {2, 0, 0}, "c", 1};
    assert_refused(w, &other_step, "A", "another step");
    const struct about good = {0, RG_ABOUT_CANCEL, {2, 0, 0}, "b", 1};
    assert_int_equal(amend(w, &good, "A")->code, 0);
    assert_refused(w, &good, "A", "cancelled before");
    const struct about of_cancel = {0, RG_ABOUT_CANCEL, {5, 0, 0}, "b", 1};
    assert_refused(w, &of_cancel, "A", "is no step");
    const struct about correct = {0, RG_ABOUT_CORRECT, {3, 0, 0}, "C", 1};
    assert_int_equal(amend(w, &correct, "A")->code, 0);
    assert_refused(w, &correct, "A", "corrected before");

    /* Another agency links the case and may not touch the first one's entries. */
    struct rg_arena arena;
    const struct rg_id pseudonym = world_pseudonym(w, 0, "A");
    struct rg_request r = {
        .id = 777, .first = 1, .wait = true, .has_link = true, .link = pseudonym};
    const struct world_event linked = {"SN/A", "d", 9};
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    world_request(&linked, 1, &arena, &r);
    world_sign(&w->genesis, w->member_key[1], w->nodes + 1, &r);
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = 777, .principal = w->nodes + 1};
    assert_int_equal(rg_submit_take(w->node[1].submit, &client, &r, w->time_ms), RG_OK);
    world_run(w);
    const struct about foreign = {1, RG_ABOUT_CANCEL, {1, 0, 0}, "a", 1};
    assert_refused(w, &foreign, "SN/A", "another agency");
    rg_arena_fini(&arena);
    end(w);
}

/* Not alone, not in its stream, twice at once. */
static void test_form(void **state)
{
    (void)state;
    struct world *w = make(1);
    three(w);
    const struct about a = {0, RG_ABOUT_CORRECT, {2, 0, 0}, "B", 7};
    const struct rg_about about = event_of(&a).about;
    struct rg_request r = {.first = 1, .count = 1, .stream = {{9}}};
    assert_non_null(strstr(world_answer_of(w, 0, hand_in(w, &a, "A", &r))->error, "stream"));
    rg_ledger_codec_about_stream(&w->genesis.ledger_id, &about, &r.stream);
    r.count = 2;
    assert_non_null(strstr(world_answer_of(w, 0, hand_in(w, &a, "A", &r))->error, "alone"));
    r.count = 1;
    r.first = 2;
    assert_non_null(strstr(world_answer_of(w, 0, hand_in(w, &a, "A", &r))->error, "stream"));
    r.first = 1;
    const uint64_t one = hand_in(w, &a, "A", &r);
    const struct about b = {0, RG_ABOUT_CANCEL, {2, 0, 0}, "b", 7};
    const uint64_t two = hand_in(w, &b, "A", &r); /* while the first is under way */
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, one)->submitted.events, 1);
    assert_int_equal(world_answer_of(w, 0, two)->submitted.events, 0);
    assert_int_equal(world_answer_of(w, 0, two)->submitted.known, 1);
    assert_case(w, 0, "A", UINT64_MAX, false, "0:a@1/1 1:B@4/2 2:c@3/3 3*:B@4/4 ");
    assert_int_equal(w->node[0].alarms, 0);
    end(w);
}

static void test_late_keys(void **state)
{
    (void)state;
    struct world *w = make(2);
    w->lose_letters = true;
    three(w);
    const struct about correct = {0, RG_ABOUT_CORRECT, {2, 0, 0}, "B", 7};
    assert_int_equal(amend(w, &correct, "A")->code, 0);
    const struct about cancel = {0, RG_ABOUT_CANCEL, {4, 0, 0}, "B", 9};
    assert_int_equal(amend(w, &cancel, "A")->code, 0);
    assert_int_equal(rg_feed_tip(w->node[1].feed), 0);
    w->lose_letters = false;
    world_pass(w, 5000);
    assert_feed(w, 1, 0, "0:a@1/1 1:b@2/2 2:c@3/3 3*:B@4/4 4*:B@5/5 ");
    assert_feed(w, 1, 5, "0:a@1/1 1-:B@4/2 2:c@3/3 3*:B@4/4 4*:B@5/5 ");
    assert_int_equal(w->node[1].alarms, 0);
    end(w);
}

/* Put an entry about another one on the ledger that no node would have taken. */
static void force(struct world *w, const struct about *a, const char *file)
{
    struct rg_arena arena;
    const struct rg_vault_case *c = NULL;
    const struct rg_event e = event_of(a);
    const uint32_t member = w->nodes + a->node;
    struct world_node *n = &w->node[a->node];
    const struct rg_id id = world_pseudonym(w, 0, file);
    struct rg_request r = {.first = 1, .count = 1};
    struct rg_bytes event;
    struct rg_bytes entry;
    uint64_t case_no = 0;
    static uint8_t room[RG_ENTRY_MAX + 4];
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &event), RG_OK);
    r.events = &event;
    world_sign(&w->genesis, w->member_key[a->node], member, &r);
    assert_int_equal(rg_pending_find_pseudonym(n->pending, &id, &case_no), RG_OK);
    assert_int_equal(rg_pending_get_case(n->pending, case_no, &c), RG_OK);
    const struct rg_case_body body = {.pseudonym = id,
                                      .event = event,
                                      .member = member,
                                      .stream = r.stream,
                                      .first = 1,
                                      .count = 1,
                                      .signature = r.signature};
    const struct rg_casebook_place place = {.ledger = &w->genesis.ledger_id,
                                            .writer = a->node,
                                            .counter = c->counter[a->node],
                                            .readers = c->readers};
    assert_int_equal(rg_casebook_seal(&arena, &c->keys, &place, &body, &entry), RG_OK);
    struct rg_writer out = rg_bytes_writer(room, sizeof room);
    rg_bytes_put_sized(&out, entry);
    struct world_parcel *p = &w->parcel[w->parcel_count++];
    *p = (struct world_parcel){.from = a->node, .sequence = ++n->sequence};
    world_submission(&w->genesis, w->node_key[a->node], a->node, (struct rg_bytes){room, out.len},
                     1, p);
    rg_arena_fini(&arena);
    world_run(w);
}

static void test_hostile(void **state)
{
    (void)state;
    struct world *w = make(3);
    three(w);
    const struct about bad[] = {
        {1, RG_ABOUT_CANCEL, {1, 0, 0}, "a", 1},  /* another agency's */
        {0, RG_ABOUT_CANCEL, {8, 0, 0}, "a", 1},  /* nothing there */
        {0, RG_ABOUT_CANCEL, {2, 0, 0}, "a", 1},  /* another step */
        {0, RG_ABOUT_CORRECT, {7, 0, 0}, "a", 1}, /* itself */
    };
    const char *const says[] = {"another agency", "does not hold", "another step", "does not hold"};
    for (uint32_t i = 0; i < 4; i++) {
        force(w, &bad[i], "A");
        for (uint32_t n = 0; n < 3; n++) {
            assert_int_equal(w->node[n].alarms, i + 1);
            assert_non_null(strstr(w->node[n].alarm, says[i]));
            assert_case(w, n, "A", UINT64_MAX, false, "0:a@1/1 1:b@2/2 2:c@3/3 ");
        }
    }
    /* What comes behind is read as if they were not there; a second word on one entry counts not.
     */
    const struct about good = {0, RG_ABOUT_CANCEL, {2, 0, 0}, "b", 1};
    force(w, &good, "A");
    force(w, &good, "A");
    const struct world_event e = {"A", "d", 9};
    (void)world_submit(w, 0, 1, 4, &e, 1);
    world_run(w);
    for (uint32_t n = 0; n < 3; n++) {
        assert_int_equal(w->node[n].alarms, 5);
        assert_case(w, n, "A", UINT64_MAX, false, "0:a@1/1 1-:b@2/2 2:c@3/3 3*:b@8/8 4:d@10/10 ");
    }
    end(w);
}

/* What was recorded by an older version of the process can still be cancelled; what is recorded now
 * is of the new one. */
static void test_of_an_older_version(void **state)
{
    static const char new_yaml[] = "process: open\nversion: 2\nsteps: [neu]\n";
    const struct world_event events[] = {{"A", "alt", 1}, {"A", "alt", 2}};
    struct world *w = make(2);
    struct rg_definition *def = NULL;
    char why[RG_DEFINITION_ERROR_MAX];
    (void)state;
    world_submit(w, 0, 1, 1, events, 2);
    world_run(w);
    assert_int_equal(rg_definition_parse("new", rg_bytes_str(new_yaml), &def, why), RG_OK);
    rg_submit_set_definition(w->node[0].submit, def);
    struct about a = {0, RG_ABOUT_CORRECT, {1, 0, 0}, "alt", 5};
    assert_refused(w, &a, "A", "is not in the process definition");
    a.kind = RG_ABOUT_CANCEL;
    a.step = "neu"; /* it must name what it cancels */
    assert_refused(w, &a, "A", "another step");
    a.step = "alt";
    assert_int_equal(amend(w, &a, "A")->code, 0);
    const struct about b = {0, RG_ABOUT_CORRECT, {1, 0, 1}, "neu", 6};
    assert_int_equal(amend(w, &b, "A")->code, 0);
    end(w);
    rg_definition_destroy(&def);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_counts), cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_form),        cmocka_unit_test(test_late_keys),
        cmocka_unit_test(test_hostile),     cmocka_unit_test(test_of_an_older_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
