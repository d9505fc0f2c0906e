/* The archive thread on a real chain: groups, certificates at the tip, the bound in bytes. */
#include "base/bytes.h"
#include "node/archive.h"
#include "storage_tmp.h"
#include <czmq.h>

static struct tmp tmp;
static struct rg_chain *chain;
static struct rg_archive *archive;

static int setup(void **state)
{
    (void)state;
    char dir[128];
    tmp = tmp_make();
    (void)snprintf(dir, sizeof dir, "%s/chain", tmp.path);
    const struct rg_chain_options o = {
        .dir = dir, .ledger = {{1}}, .genesis_time_ms = 1000, .map_bytes = 256u << 20};
    assert_int_equal(rg_chain_open(&o, &chain), RG_OK);
    assert_int_equal(rg_archive_start(chain, &archive), RG_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rg_archive_stop(&archive);
    rg_chain_close(&chain);
    tmp_remove(&tmp);
    return 0;
}

static void put(uint64_t height, bool cert, struct rg_bytes bytes)
{
    const struct rg_core_final f = {
        .height = height,
        .time_ms = 1000 + height,
        .hash = {{(uint8_t)height}},
        .block = bytes,
        .cert = cert ? rg_bytes_str("cert") : (struct rg_bytes){.len = 0},
        .results = rg_bytes_str("r"),
        .state = rg_bytes_str("state"),
    };
    struct rg_archive_item *item = NULL;
    assert_int_equal(rg_archive_item_new(&f, &item), RG_OK);
    rg_archive_put(archive, &item);
    assert_null(item);
}

/* The height of the last report that comes before @height is reached or a minute is over. */
static uint64_t wait_for(uint64_t height)
{
    struct rg_archive_report r = {.height = 0};
    uint64_t last = 0;
    for (int i = 0; i < 12000 && last < height; i++) {
        zmq_pollitem_t item = {.socket = zsock_resolve(rg_archive_socket(archive)),
                               .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 5);
        while (rg_archive_next_report(archive, &r)) {
            assert_int_equal(r.err, RG_OK);
            assert_true(r.height > last);
            assert_int_equal(r.time_ms, 1000 + r.height);
            last = r.height;
        }
    }
    return last;
}

static uint64_t tip_height(void)
{
    struct rg_chain_tip tip = {.height = 99};
    assert_int_equal(rg_chain_tip(chain, &tip), RG_OK);
    return tip.height;
}

static void the_tip_always_has_a_certificate(void **state)
{
    (void)state;
    put(1, true, rg_bytes_str("one"));
    assert_int_equal(wait_for(1), 1);
    put(2, false, rg_bytes_str("two"));
    put(3, false, rg_bytes_str("three"));
    zclock_sleep(100);
    assert_int_equal(tip_height(), 1);
    put(4, true, rg_bytes_str("four"));
    put(5, false, rg_bytes_str("five"));
    assert_int_equal(wait_for(4), 4);
    assert_int_equal(tip_height(), 4);
    put(6, true, rg_bytes_str("six"));
    assert_int_equal(wait_for(6), 6);
}

static void too_much_is_visible_and_passes(void **state)
{
    (void)state;
    static uint8_t block[1024 * 1024];
    assert_false(rg_archive_is_full(archive));
    for (uint64_t h = 7; h < 7 + 39; h++) {
        put(h, false, (struct rg_bytes){block, sizeof block}); /* no group can be made of these */
    }
    assert_true(rg_archive_is_full(archive));
    put(46, true, rg_bytes_str("end"));
    assert_int_equal(wait_for(46), 46);
    assert_false(rg_archive_is_full(archive));
}

static void stopping_writes_what_is_certified(void **state)
{
    (void)state;
    for (uint64_t h = 47; h <= 246; h++) {
        put(h, h % 2 == 0, rg_bytes_str("block"));
    }
    put(247, false, rg_bytes_str("tail"));
    rg_archive_stop(&archive);
    assert_null(archive);
    assert_int_equal(tip_height(), 246);
}

static void an_error_is_told_and_final(void **state)
{
    (void)state;
    struct rg_archive_report r = {.height = 0};
    assert_int_equal(rg_archive_start(chain, &archive), RG_OK);
    put(300, true, rg_bytes_str("gap"));
    bool told = false;
    for (int i = 0; i < 12000 && !told; i++) {
        zclock_sleep(5);
        told = rg_archive_next_report(archive, &r);
    }
    assert_true(told);
    assert_int_equal(r.err, RG_ERR_INVALID);
    put(247, true, rg_bytes_str("more"));
    assert_int_equal(tip_height(), 246);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tip_always_has_a_certificate),
        cmocka_unit_test(too_much_is_visible_and_passes),
        cmocka_unit_test(stopping_writes_what_is_certified),
        cmocka_unit_test(an_error_is_told_and_final),
    };
    const int rc = cmocka_run_group_tests_name("bus_archive", tests, setup, teardown);
    zsys_shutdown();
    return rc;
}
