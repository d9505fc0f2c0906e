/* client/watch: every alert once and in order, whatever the live feed drops or repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "tests/unit/client_peer.h"

static int prepare(void **state)
{
    (void)state;
    return rg_session_start() == RG_OK ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    rg_session_finish();
    return 0;
}

struct seen {
    uint64_t count;
    uint64_t last;
    uint64_t until; /* logseq at which to end */
    uint64_t wrong;
    bool only_critical;
};

static bool on_item(void *ctx, const struct rg_watch_item *item)
{
    struct seen *s = ctx;
    uint64_t id = 0;
    s->count++;
    s->wrong += item->logseq <= s->last ? 1 : 0;
    s->wrong += !s->only_critical && s->count > 1 && item->logseq != s->last + 1 ? 1 : 0;
    s->wrong += s->only_critical && item->logseq % 3 != 0 ? 1 : 0;
    s->wrong += !rg_watch_number(item->event, "logseq", &id) || id != item->logseq ? 1 : 0;
    s->last = item->logseq;
    return item->logseq < s->until;
}

static void run(struct client_peer *peer, struct rg_watch_config *config, struct seen *seen)
{
    client_peer_start(peer);
    struct rg_session *s = client_peer_session(peer);
    config->on_item = on_item;
    config->ctx = seen;
    assert_int_equal(rg_watch_run(s, config), RG_OK);
    rg_session_close(&s);
    client_peer_stop(peer);
    assert_int_equal(seen->wrong, 0);
    assert_int_equal(seen->last, seen->until);
}

static void test_from_now(void **state)
{
    (void)state;
    struct client_peer peer = {.alerts = 50, .publish = 100};
    struct rg_watch_config config = {0};
    struct seen seen = {.until = 150};
    run(&peer, &config, &seen);
    assert_int_equal(seen.count, 100);
}

static void test_gaps_and_repeats(void **state)
{
    (void)state;
    struct client_peer peer = {.alerts = 20, .publish = 200, .skip_every = 7, .twice_every = 5};
    struct rg_watch_config config = {.has_since = true, .since = 0};
    struct seen seen = {.until = 220};
    run(&peer, &config, &seen);
    assert_int_equal(seen.count, 220);
}

static void test_topics(void **state)
{
    (void)state;
    static const char *const topics[] = {"alert.critical"};
    struct client_peer peer = {.alerts = 9, .publish = 60, .skip_every = 4};
    struct rg_watch_config config = {
        .topics = topics, .topic_count = 1, .has_since = true, .since = 3};
    struct seen seen = {.until = 69, .only_critical = true};
    run(&peer, &config, &seen);
    assert_int_equal(seen.count, 22);
}

static void test_number(void **state)
{
    (void)state;
    uint64_t v = 7;
    const struct rg_bytes good = rg_bytes_str("{\"a\":\"x \\\"logseq\\\":3\",\"logseq\": 12}");
    assert_true(rg_watch_number(good, "logseq", &v));
    assert_int_equal(v, 12);
    assert_false(rg_watch_number(rg_bytes_str("{\"logseq\":}"), "logseq", &v));
    assert_false(
        rg_watch_number(rg_bytes_str("{\"logseq\":99999999999999999999999}"), "logseq", &v));
    assert_false(rg_watch_number(rg_bytes_str("{}"), "logseq", &v));
    assert_false(rg_watch_number((struct rg_bytes){NULL, 0}, "logseq", &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_from_now),
        cmocka_unit_test(test_gaps_and_repeats),
        cmocka_unit_test(test_topics),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
