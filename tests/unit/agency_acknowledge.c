/* Acknowledgements from the member's request to the feeds of all readers: whose case they go to,
 * what is known before, what is refused. */
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
                                "steps: [a]\n"
                                "rules: []\n";

/* Two agencies; the first has a case A with one event, of which the second is a reader. */
static struct world *make(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_open(w, 2, open_yaml);
    const struct world_event e = {"A", "a", 1};
    (void)world_submit(w, 0, 1, 1, &e, 1);
    world_run(w);
    const struct rg_id id = world_pseudonym(w, 0, "A");
    for (uint32_t i = 0; i < 2; i++) {
        struct rg_submit_alert *a = &w->node[i].alert;
        a->open = true;
        assert_int_equal(rg_pending_find_pseudonym(w->node[i].pending, &id, &a->case_no), RG_OK);
    }
    return w;
}

static void end(struct world *w)
{
    world_close(w);
    free(w);
}

/* Hand an acknowledgement in at @node; @r: what else is in the request; @file: of what case. */
static const struct world_answer *hand_in(struct world *w, uint32_t node, struct rg_request r,
                                          const char *file)
{
    const struct rg_event e = {
        .occurred_ms = 5,
        .about = {.kind = RG_ABOUT_ACKNOWLEDGE, .alert = {{77}}, .reason = rg_bytes_str("seen")}};
    struct rg_arena arena;
    struct rg_bytes events[2];
    struct rg_bytes files[2] = {rg_bytes_str(file), rg_bytes_str(file)};
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &events[0]), RG_OK);
    events[1] = events[0];
    r.id = ++w->next_request;
    r.events = events;
    r.cases = files;
    r.wait = true;
    if (r.stream.b[0] == 0) {
        rg_ledger_codec_about_stream(&w->genesis.ledger_id, &e.about, &r.stream);
    }
    world_sign(&w->genesis, w->member_key[node], w->nodes + node, &r);
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = r.id, .principal = w->nodes + node};
    assert_int_equal(rg_submit_take(w->node[node].submit, &client, &r, w->time_ms), RG_OK);
    world_run(w);
    rg_arena_fini(&arena);
    const struct world_answer *answer = world_answer_of(w, node, r.id);
    assert_non_null(answer);
    return answer;
}

static void assert_refused(struct world *w, struct rg_request r, const char *file, const char *why)
{
    const uint64_t tip = rg_feed_tip(w->node[1].feed);
    const struct world_answer *answer = hand_in(w, 1, r, file);
    assert_int_equal(answer->code, 65);
    if (strstr(answer->error, why) == NULL) {
        fail_msg("%s", answer->error);
    }
    assert_int_equal(rg_feed_tip(w->node[1].feed), tip);
}

struct found {
    uint32_t acknowledged;
    uint32_t events;
    uint32_t writer;
    uint32_t member;
    struct rg_id pseudonym;
};

static rg_err find(void *ctx, const struct rg_feed_event *e)
{
    struct found *f = ctx;
    f->events++;
    if (e->event->about.kind == RG_ABOUT_ACKNOWLEDGE) {
        f->acknowledged++;
        f->writer = e->writer;
        f->member = e->member;
        f->pseudonym = e->pseudonym;
        assert_int_equal(e->standing, RG_STANDING_ABOUT);
        assert_int_equal(e->event->about.alert.b[0], 77);
        assert_int_equal(e->event->step.len, 0);
        assert_true(rg_bytes_eq(e->event->about.reason, rg_bytes_str("seen")));
    }
    return RG_OK;
}

static struct found feed_of(struct world *w, uint32_t node)
{
    struct found f = {.events = 0};
    uint64_t next = 0;
    const struct rg_feed_span span = {.from = 1, .max = 100};
    assert_int_equal(rg_feed_read(w->node[node].feed, &span, find, &f, &next), RG_OK);
    return f;
}

static const struct rg_request plain = {.first = 1, .count = 1};

/* By the agency without a file number for it; all readers see it in the alert's case, once. */
static void test_recorded(void **state)
{
    (void)state;
    struct world *w = make();
    const struct rg_id id = world_pseudonym(w, 0, "A");
    const struct world_answer *answer = hand_in(w, 1, plain, "");
    assert_int_equal(answer->code, 0);
    assert_int_equal(answer->submitted.events, 1);
    assert_true(answer->submitted.last_height > 0 && answer->submitted.cases_opened == 0);
    assert_true(rg_id_eq(&answer->submitted.pseudonym, &id));
    answer = hand_in(w, 1, plain, ""); /* not judged yet: known by its stream */
    assert_true(answer->code == 0 && answer->submitted.events == 0);
    assert_int_equal(answer->submitted.known, 1);
    for (uint32_t i = 0; i < 2; i++) {
        const struct found f = feed_of(w, i);
        assert_true(f.acknowledged == 1 && f.events == 2);
        assert_true(f.writer == 1 && f.member == 3 && rg_id_eq(&f.pseudonym, &id));
        assert_int_equal(w->node[i].alarms, 0);
    }
    /* The log knows: another agency's word is answered without an entry. */
    w->node[0].alert.acknowledged = true;
    answer = hand_in(w, 0, plain, "");
    assert_true(answer->code == 0 && answer->submitted.events == 0);
    assert_int_equal(answer->submitted.known, 1);
    assert_int_equal(feed_of(w, 0).events, 2);
    /* Both at once: both stand there, and the monitor takes the first. */
    w->node[0].alert.acknowledged = false;
    assert_int_equal(hand_in(w, 0, plain, "")->submitted.events, 1);
    assert_int_equal(feed_of(w, 1).acknowledged, 2);
    end(w);
}

static void test_refused(void **state)
{
    (void)state;
    struct world *w = make();
    struct rg_submit_alert *alert = &w->node[1].alert;
    const struct rg_request second = {.first = 2, .count = 1};
    const struct rg_request two = {.first = 1, .count = 2};
    const struct rg_request other = {.first = 1, .count = 1, .stream = {{9}}};
    assert_refused(w, plain, "A", "leave the file number empty");
    assert_refused(w, second, "", "number 1 of the stream");
    assert_refused(w, two, "", "alone in its request");
    assert_refused(w, other, "", "number 1 of the stream");
    alert->open = false;
    assert_refused(w, plain, "", "healed or withdrawn");
    *alert = (struct rg_submit_alert){.open = true};
    assert_refused(w, plain, "", "not about a case");
    w->node[1].alert_err = RG_ERR_NOT_FOUND;
    assert_refused(w, plain, "", "no alert was raised under this id");
    assert_int_equal(feed_of(w, 1).events, 1);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),
        cmocka_unit_test(test_refused),
    };
    if (rg_sign_start() != RG_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("agency_acknowledge", tests, NULL, NULL);
}
