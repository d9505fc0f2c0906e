/* The listing of events as a client sees it: everything or what changed, in pages; it waits for
 * what is final, for a while, and only for so many; what nobody sensible asks costs little. */
#include "agency_world.h"
#include "node/agency/api.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char yaml[] = "process: open\n"
                           "version: 7\n"
                           "clock: ledger\n"
                           "readers: all\n"
                           "steps: any\n"
                           "fields: any\n"
                           "rules: []\n";

struct lab {
    struct world w;
    struct rg_versions *versions;
    struct rg_api *api;
    struct rg_arena asked;
    struct rg_arena arena;
    struct rg_answer a; /* the last one */
    uint32_t answers;   /* since the last request */
    uint32_t busy;      /* of those: 75 */
    struct rg_api_now now;
    uint64_t first; /* of the next events */
};

static void take(void *ctx, const uint8_t *route, size_t route_len, struct rg_bytes bytes)
{
    struct lab *l = ctx;
    assert_true(route_len == 1 && route[0] == 9);
    rg_arena_reset(&l->arena);
    assert_int_equal(rg_client_codec_decode_answer(&l->arena, bytes, &l->a), RG_OK);
    l->answers++;
    l->busy += l->a.code == 75 ? 1 : 0;
}

static struct lab *lab_open(void)
{
    struct lab *l = calloc(1, sizeof *l);
    assert_non_null(l);
    world_open(&l->w, 2, yaml);
    struct world_node *n = &l->w.node[0];
    const struct rg_versions_config v = {.genesis = &l->w.genesis,
                                         .definition = l->w.definition,
                                         .chain = l->w.chain,
                                         .blocks = n->blocks};
    assert_int_equal(rg_versions_new(&v, &l->versions), RG_OK);
    const struct rg_api_config c = {.genesis = &l->w.genesis,
                                    .versions = l->versions,
                                    .vault = n->vault,
                                    .pending = n->pending,
                                    .submit = n->submit,
                                    .keys = n->keys,
                                    .feed = n->feed,
                                    .send = take,
                                    .ctx = l};
    assert_int_equal(rg_api_new(&c, &l->api), RG_OK);
    assert_int_equal(rg_arena_init(&l->asked, 1u << 20), RG_OK);
    assert_int_equal(rg_arena_init(&l->arena, 8u << 20), RG_OK);
    l->now.mono_ms = 5000;
    l->first = 1;
    return l;
}

static void lab_close(struct lab *l)
{
    rg_api_destroy(&l->api);
    rg_versions_destroy(&l->versions);
    rg_arena_fini(&l->asked);
    rg_arena_fini(&l->arena);
    world_close(&l->w);
    free(l);
}

static void record(struct lab *l, const char *file, uint32_t count)
{
    static struct world_event e[500];
    for (uint32_t i = 0; i < count; i++) {
        e[i] = (struct world_event){file, "a", (int64_t)i};
    }
    (void)world_submit(&l->w, 0, 1, l->first, e, count);
    l->first += count;
    world_run(&l->w);
}

static void ask(struct lab *l, const struct rg_request *what)
{
    struct rg_request r = *what;
    struct rg_bytes bytes;
    struct rg_submit_client client = {.route = {9}, .route_len = 1, .principal = l->w.nodes};
    r.kind = RG_REQUEST_EVENTS;
    r.id = 4;
    l->answers = 0;
    l->busy = 0;
    rg_arena_reset(&l->asked);
    assert_int_equal(rg_client_codec_encode_request(&l->asked, &l->w.genesis.ledger_id, &r, &bytes),
                     RG_OK);
    assert_int_equal(rg_api_on_frame(l->api, &client, bytes, l->now), RG_OK);
}

static void step(struct lab *l, uint64_t ms)
{
    l->now.mono_ms += ms;
    assert_int_equal(rg_api_step(l->api, l->now), RG_OK);
}

static void is_case(const struct lab *l, uint32_t i, const char *file, uint32_t events)
{
    const struct rg_answer_case_events *c = &l->a.cases[i];
    assert_true(i < l->a.case_count);
    assert_int_equal(c->file_number.len, strlen(file));
    assert_memory_equal(c->file_number.data, file, strlen(file));
    assert_int_equal(c->first, 0);
    assert_int_equal(c->event_count, events);
}

static void test_what_changed(void **state)
{
    struct lab *l = lab_open();
    (void)state;
    record(l, "A", 2);
    record(l, "B", 1);
    record(l, "C", 1);
    ask(l, &(struct rg_request){.after = 0});
    assert_true(l->a.code == 0 && l->a.case_count == 3 && l->a.next_case == 0);
    assert_int_equal(l->a.through, 4);
    assert_int_equal(l->a.time_ms, l->w.time_ms);
    assert_int_equal(l->a.version, 7);
    ask(l, &(struct rg_request){.after = 4});
    assert_true(l->a.code == 0 && l->a.case_count == 0 && l->a.next_case == 0);
    assert_int_equal(l->a.through, 4);
    record(l, "C", 1);
    record(l, "A", 3);
    record(l, "C", 1);
    record(l, "D", 1);
    ask(l, &(struct rg_request){.after = 4});
    assert_true(l->a.case_count == 3 && l->a.next_case == 0 && l->a.through == 10);
    is_case(l, 0, "C", 3);
    is_case(l, 1, "A", 5);
    is_case(l, 2, "D", 1);
    ask(l, &(struct rg_request){.after = 8});
    assert_int_equal(l->a.case_count, 2);
    is_case(l, 0, "C", 3);
    is_case(l, 1, "D", 1);
    lab_close(l);
}

static void test_pages(void **state)
{
    struct lab *l = lab_open();
    struct rg_request r = {.after = 1};
    uint32_t events[2] = {0};
    uint32_t empty = 0;
    uint32_t pages = 0;
    (void)state;
    record(l, "A", 1);
    record(l, "B", 1);
    for (int i = 0; i < 14; i++) {
        record(l, "A", 500);
    }
    record(l, "B", 1);
    do {
        ask(l, &r);
        assert_int_equal(l->a.code, 0);
        assert_int_equal(l->a.through, 7003);
        empty += l->a.case_count == 0 ? 1 : 0;
        for (uint32_t i = 0; i < l->a.case_count; i++) {
            const struct rg_answer_case_events *c = &l->a.cases[i];
            uint32_t *sum = &events[c->file_number.data[0] == 'A' ? 0 : 1];
            assert_int_equal(c->first, *sum);
            *sum += c->event_count;
        }
        r = (struct rg_request){.after = 1,
                                .from_case = l->a.next_case,
                                .from_event = l->a.next_event,
                                .through = l->a.through};
        if (pages == 0) {
            record(l, "B", 1); /* belongs to a later listing */
        }
        pages++;
    } while (l->a.next_case != 0);
    assert_int_equal(events[0], 7001);
    assert_int_equal(events[1], 2);
    assert_true(pages < 12);
    /* Of 7000 events of one case only so many are looked at for one answer. */
    r = (struct rg_request){.after = 2, .from_case = 4, .through = 7003};
    ask(l, &r);
    assert_true(l->a.case_count == 0 && l->a.next_case > 4 && l->a.next_case < 7000);
    lab_close(l);
}

static void test_what_makes_no_sense(void **state)
{
    struct lab *l = lab_open();
    const uint64_t odd[] = {0, 1, 2, 3, 4, UINT32_MAX, UINT64_MAX - 1, UINT64_MAX};
    const size_t n = sizeof odd / sizeof odd[0];
    (void)state;
    record(l, "A", 2);
    record(l, "B", 1);
    for (size_t i = 0; i < n * n * n * n; i++) {
        ask(l, &(struct rg_request){.from_case = odd[i % n],
                                    .from_event = (uint32_t)odd[i / n % n],
                                    .through = odd[i / n / n % n],
                                    .after = odd[i / n / n / n]});
        assert_true(l->answers == 1 && l->a.code == 0 && l->a.through <= 3);
        assert_true(l->a.case_count <= 2);
    }
    lab_close(l);
}

static void test_it_waits(void **state)
{
    struct lab *l = lab_open();
    (void)state;
    record(l, "A", 1);
    rg_api_on_height(l->api, l->w.height + 1);
    ask(l, &(struct rg_request){.after = 1});
    step(l, 100);
    assert_int_equal(l->answers, 0);
    record(l, "B", 1);
    step(l, 0);
    assert_true(l->answers == 1 && l->a.code == 0 && l->a.case_count == 1 && l->a.through == 2);
    is_case(l, 0, "B", 1);
    step(l, RG_MONITOR_FOLLOW_MS);
    assert_int_equal(l->answers, 1);
    /* Later pages do not. */
    rg_api_on_height(l->api, l->w.height + 1);
    ask(l, &(struct rg_request){.from_case = 1, .through = 1});
    assert_true(l->answers == 1 && l->a.case_count == 1);
    lab_close(l);
}

static void test_not_for_ever_and_not_all(void **state)
{
    struct lab *l = lab_open();
    (void)state;
    record(l, "A", 1);
    rg_api_on_height(l->api, l->w.height + 1);
    for (uint32_t i = 0; i < RG_API_PARKED_MAX; i++) {
        ask(l, &(struct rg_request){.after = 0});
        assert_int_equal(l->answers, 0);
    }
    ask(l, &(struct rg_request){.after = 0});
    assert_true(l->answers == 1 && l->a.code == 75);
    step(l, RG_MONITOR_FOLLOW_MS - 1);
    assert_int_equal(l->answers, 1);
    step(l, 1);
    assert_int_equal(l->answers, 1 + RG_API_PARKED_MAX);
    assert_int_equal(l->busy, 1 + RG_API_PARKED_MAX);
    assert_non_null(memmem(l->a.error.data, l->a.error.len, "followed", 8));
    ask(l, &(struct rg_request){.after = 0}); /* there is room again */
    assert_int_equal(l->answers, 0);
    record(l, "B", 1);
    step(l, 0);
    assert_true(l->answers == 1 && l->a.code == 0);
    lab_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changed),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_what_makes_no_sense),
        cmocka_unit_test(test_it_waits),
        cmocka_unit_test(test_not_for_ever_and_not_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
