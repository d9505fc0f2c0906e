/* The mempool: order, shares, bounds, what gives way to what. And the ledger's own bookkeeping of
 * own submissions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prng.h"
#include "node/core/mempool.h"
#include "node/core/ownlog.h"
#include "node/core/record.h"

static uint8_t bytes[RG_SUBMISSION_MAX];

static struct rg_submission sub(uint32_t signer, uint64_t sequence, size_t len, uint64_t expires)
{
    struct rg_submission s = {
        .signer = signer, .sequence = sequence, .expires_ms = expires, .bytes = {bytes, len}};
    memcpy(s.hash.b, &sequence, sizeof sequence);
    memcpy(s.hash.b + 8, &expires, sizeof expires);
    return s;
}

static rg_err put(struct rg_mempool *p, uint32_t signer, uint64_t sequence, size_t len)
{
    const struct rg_submission s = sub(signer, sequence, len, 1000);
    return rg_mempool_put(p, &s);
}

static struct rg_mempool *make(uint32_t signers)
{
    struct rg_mempool *p = malloc(sizeof *p);
    assert_non_null(p);
    rg_mempool_init(p, signers, signers);
    return p;
}

static void destroy(struct rg_mempool *p)
{
    rg_mempool_fini(p);
    free(p);
}

static void order_is_by_number(void **state)
{
    struct rg_mempool *p = make(2);
    struct rg_prng rng;
    (void)state;
    rg_prng_init(&rng, 7);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(put(p, 1, 1 + rg_prng_below(&rng, 500), 10), RG_OK);
    }
    const struct rg_mempool_queue *q = &p->queue[1];
    assert_true(q->count > 450 && q->count <= 500);
    for (uint32_t i = 1; i < q->count; i++) {
        assert_true(q->items[i - 1]->sequence < q->items[i]->sequence);
    }
    assert_int_equal(p->bytes, 10 * (size_t)q->count);
    assert_null(rg_mempool_find(p, 0, 3));
    assert_null(rg_mempool_find(p, 1, 501));
    assert_null(rg_mempool_find(p, 9, 1));
    assert_int_equal(rg_mempool_find(p, 1, q->items[7]->sequence)->sequence, q->items[7]->sequence);
    rg_mempool_prune(p, 1, 250);
    assert_true(p->queue[1].items[0]->sequence > 250);
    rg_mempool_prune(p, 1, 1000);
    assert_int_equal(p->count, 0);
    assert_int_equal(p->bytes, 0);
    destroy(p);
}

static void shares_are_kept(void **state)
{
    struct rg_mempool *p = make(4);
    uint64_t taken = 0;
    (void)state;
    while (put(p, 0, taken + 1, RG_SUBMISSION_MAX) == RG_OK) {
        taken++;
    }
    assert_true(taken >= 10);
    assert_true(p->bytes <= RG_MEMPOOL_BYTES_MAX / 4);
    assert_false(rg_mempool_room(p, 0, taken + 1, RG_SUBMISSION_MAX));
    /* The others' room is untouched. */
    for (uint64_t i = 1; i <= taken; i++) {
        assert_int_equal(put(p, 3, i, RG_SUBMISSION_MAX), RG_OK);
    }
    for (uint64_t i = 1; i <= RG_MEMPOOL_COUNT_MAX; i++) {
        const rg_err e = put(p, 2, i, 1);
        assert_int_equal(e, i <= RG_MEMPOOL_COUNT_MAX / 4 ? RG_OK : RG_ERR_FULL);
    }
    assert_true(p->count <= RG_MEMPOOL_COUNT_MAX);
    destroy(p);
}

static void low_numbers_win(void **state)
{
    struct rg_mempool *p = make(4);
    uint64_t n = 100;
    (void)state;
    while (put(p, 0, n, RG_SUBMISSION_MAX) == RG_OK) {
        n++;
    }
    const uint64_t highest = n - 1;
    assert_int_equal(put(p, 0, 1, RG_SUBMISSION_MAX), RG_OK);
    assert_non_null(rg_mempool_find(p, 0, 1));
    assert_null(rg_mempool_find(p, 0, highest));
    assert_true(p->bytes <= RG_MEMPOOL_BYTES_MAX / 4);
    destroy(p);
}

static void ready_and_expiry(void **state)
{
    uint64_t last[3] = {0, 5, 0};
    struct rg_mempool *p = make(3);
    (void)state;
    assert_false(rg_mempool_ready(p, last, 0));
    assert_int_equal(put(p, 1, 7, 10), RG_OK);
    assert_false(rg_mempool_ready(p, last, 0));
    assert_int_equal(put(p, 1, 6, 10), RG_OK);
    assert_true(rg_mempool_ready(p, last, 999));
    assert_false(rg_mempool_ready(p, last, 1000));
    rg_mempool_expire(p, 999, UINT32_MAX);
    assert_int_equal(p->count, 2);
    rg_mempool_expire(p, 1000, 1);
    assert_int_equal(p->count, 2);
    rg_mempool_expire(p, 1000, UINT32_MAX);
    assert_int_equal(p->count, 0);
    destroy(p);
}

static void own_log_keeps_count(void **state)
{
    struct rg_ownlog o = {0};
    const struct rg_bytes s = {bytes, 100};
    const struct rg_bytes private_bytes = {bytes, 10};
    (void)state;
    for (uint64_t i = 5; i < 25; i++) {
        const struct rg_ownlog_item head = {.sequence = i};
        assert_int_equal(rg_ownlog_put(&o, &head, s, private_bytes), RG_OK);
    }
    const struct rg_ownlog_item low = {.sequence = 4};
    assert_int_equal(rg_ownlog_put(&o, &low, s, private_bytes), RG_ERR_INVALID);
    assert_int_equal(o.open, 20);
    assert_int_equal(o.bytes, 20 * 110);
    assert_null(rg_ownlog_find(&o, 4));
    assert_null(rg_ownlog_find(&o, 25));
    const struct rg_bytes longer = {bytes, 300};
    assert_int_equal(rg_ownlog_replace(&o, rg_ownlog_find(&o, 6), longer), RG_OK);
    assert_int_equal(o.bytes, 20 * 110 + 200);
    rg_ownlog_final(&o, rg_ownlog_find(&o, 5), 1);
    rg_ownlog_final(&o, rg_ownlog_find(&o, 6), 2);
    rg_ownlog_restored(&o, rg_ownlog_find(&o, 7), 2);
    assert_int_equal(o.open, 17);
    assert_int_equal(o.restored_bytes, 110);
    assert_int_equal(rg_ownlog_followed(&o, 0), 0);
    assert_int_equal(rg_ownlog_followed(&o, 1), 5);
    assert_int_equal(rg_ownlog_followed(&o, 9), 7);
    assert_int_equal(o.count, 17);
    assert_int_equal(o.restored_bytes, 0);
    rg_ownlog_forget(&o, 10);
    assert_int_equal(o.items[0].sequence, 11);
    assert_int_equal(o.open, 14);
    rg_ownlog_fini(&o);
}

static void own_record_round_trip(void **state)
{
    uint8_t buf[RG_RECORD_OWN_HEAD + 12];
    struct rg_record_own out;
    const struct rg_record_own in = {
        .sequence = 9, .submission = {bytes, 5}, .private_bytes = {bytes, 7}};
    (void)state;
    const size_t len = rg_record_encode_own(&in, buf);
    assert_int_equal(len, sizeof buf);
    assert_int_equal(rg_record_decode_own((struct rg_bytes){buf, len}, &out), RG_OK);
    assert_int_equal(out.sequence, 9);
    assert_int_equal(out.submission.len, 5);
    assert_int_equal(out.private_bytes.len, 7);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(rg_record_decode_own((struct rg_bytes){buf, i}, &out), RG_ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_by_number),  cmocka_unit_test(shares_are_kept),
        cmocka_unit_test(low_numbers_win),     cmocka_unit_test(ready_and_expiry),
        cmocka_unit_test(own_log_keeps_count), cmocka_unit_test(own_record_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
