/* client/: requests in a window arrive once each and in order, whatever happens to connection and
 * node; refusals and silence become sentences and exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "proto/ledger_codec.h"
#include "tests/unit/client_peer.h"

static struct rg_arena arena;

static int prepare(void **state)
{
    (void)state;
    assert_int_equal(rg_session_start(), RG_OK);
    return rg_arena_init(&arena, 64 * 1024) == RG_OK ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    rg_arena_fini(&arena);
    rg_session_finish();
    return 0;
}

static struct rg_pipeline *pipeline(struct rg_session *s, uint32_t window, int64_t stall_ms)
{
    struct rg_pipeline *p = NULL;
    const struct rg_pipeline_config config = {
        .stream = {{1, 2, 3}}, .window = window, .wait = true, .stall_ms = stall_ms};
    assert_int_equal(rg_pipeline_new(s, &config, &p), RG_OK);
    return p;
}

/* Hand in @batches requests of ten events. */
static rg_err push_all(struct rg_pipeline *p, int batches)
{
    struct rg_bytes events[10];
    struct rg_bytes cases[10];
    struct rg_event e = {.step = rg_bytes_str("a step"), .occurred_ms = 1000};
    rg_arena_reset(&arena);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &events[i]), RG_OK);
        cases[i] = rg_bytes_str("case 1");
    }
    const struct rg_pipeline_batch batch = {events, cases, 10, NULL};
    rg_err err = RG_OK;
    for (int i = 0; i < batches && err == RG_OK; i++) {
        err = rg_pipeline_push(p, &batch);
    }
    return err == RG_OK ? rg_pipeline_finish(p) : err;
}

static void test_straight(void **state)
{
    (void)state;
    struct client_peer peer = {0};
    client_peer_start(&peer);
    struct rg_session *s = client_peer_session(&peer);
    struct rg_pipeline *p = pipeline(s, 8, 5000);
    assert_int_equal(push_all(p, 40), RG_OK);
    const struct rg_pipeline_totals *t = rg_pipeline_totals(p);
    assert_int_equal(t->sent, 400);
    assert_int_equal(t->answered, 400);
    assert_int_equal(t->taken, 400);
    assert_int_equal(t->known, 0);
    assert_int_equal(t->resent, 0);
    assert_int_equal(t->first_height, 5);
    assert_int_equal(t->last_height, 405);
    rg_pipeline_destroy(&p);
    /* The same stream again: everything is known. */
    p = pipeline(s, 8, 5000);
    assert_int_equal(push_all(p, 3), RG_OK);
    assert_int_equal(rg_pipeline_totals(p)->taken, 0);
    assert_int_equal(rg_pipeline_totals(p)->known, 30);
    rg_pipeline_destroy(&p);
    rg_session_close(&s);
    client_peer_stop(&peer);
    assert_int_equal(peer.gaps, 0);
    assert_int_equal(peer.requests, 43);
}

static void test_lost_connection(void **state)
{
    (void)state;
    struct client_peer peer = {.drop_at = 101};
    client_peer_start(&peer);
    struct rg_session *s = client_peer_session(&peer);
    struct rg_pipeline *p = pipeline(s, 8, 10000);
    assert_int_equal(push_all(p, 40), RG_OK);
    assert_int_equal(rg_pipeline_totals(p)->taken, 400);
    assert_int_equal(rg_pipeline_totals(p)->known, 0);
    assert_true(rg_pipeline_totals(p)->resent > 0);
    rg_pipeline_destroy(&p);
    rg_session_close(&s);
    client_peer_stop(&peer);
    assert_int_equal(peer.taken, 400);
    assert_int_equal(peer.high, 400);
    assert_int_equal(peer.gaps, 0);
}

static void test_try_again(void **state)
{
    (void)state;
    struct client_peer peer = {.again_at = 51};
    client_peer_start(&peer);
    struct rg_session *s = client_peer_session(&peer);
    struct rg_pipeline *p = pipeline(s, 8, 10000);
    assert_int_equal(push_all(p, 20), RG_OK);
    assert_int_equal(rg_pipeline_totals(p)->taken, 200);
    rg_pipeline_destroy(&p);
    rg_session_close(&s);
    client_peer_stop(&peer);
    assert_int_equal(peer.high, 200);
    assert_int_equal(peer.taken, 200);
}

static void test_refused_request(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        rg_err err;
    } table[] = {{RG_SESSION_INPUT, RG_ERR_INVALID}, {RG_SESSION_DENIED, RG_ERR_DENIED}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct client_peer peer = {.refuse_code = table[i].code};
        client_peer_start(&peer);
        struct rg_session *s = client_peer_session(&peer);
        struct rg_pipeline *p = pipeline(s, 4, 5000);
        assert_int_equal(push_all(p, 5), table[i].err);
        assert_int_equal(rg_session_code(s), table[i].code);
        assert_string_equal(rg_session_why(s), "the script says no");
        rg_pipeline_destroy(&p);
        rg_session_close(&s);
        client_peer_stop(&peer);
    }
}

static void test_stall(void **state)
{
    (void)state;
    struct client_peer peer = {.refuse_code = RG_SESSION_AGAIN};
    client_peer_start(&peer);
    struct rg_session *s = client_peer_session(&peer);
    struct rg_pipeline *p = pipeline(s, 4, 600);
    assert_int_equal(push_all(p, 5), RG_ERR_BUSY);
    assert_int_equal(rg_session_code(s), RG_SESSION_AGAIN);
    assert_non_null(strstr(rg_session_why(s), "no progress"));
    assert_non_null(strstr(rg_session_why(s), "the script says no"));
    rg_pipeline_destroy(&p);
    rg_session_close(&s);
    client_peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_straight),  cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_try_again), cmocka_unit_test(test_refused_request),
        cmocka_unit_test(test_stall),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
