/* proto/: what is encoded decodes to the same; every other byte string is refused or canonical. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/prng.h"
#include "crypto/sign.h"
#include "proto/client_codec.h"
#include "proto/ledger_codec.h"
#include "proto/peer_codec.h"

static const struct rg_hash ledger = {{7, 7, 7}};
static struct rg_arena arena;
static struct rg_arena second;

static struct rg_bytes encode_peer(const struct rg_peer_message *m)
{
    struct rg_bytes out;
    rg_arena_reset(&arena);
    assert_int_equal(rg_peer_codec_encode(&arena, &ledger, m, &out), RG_OK);
    return out;
}

static void decode_peer(struct rg_bytes bytes, struct rg_peer_message *out)
{
    rg_arena_reset(&second);
    assert_int_equal(rg_peer_codec_decode(&second, &ledger, bytes, out), RG_OK);
}

static void peer_round_trip(void **state)
{
    struct rg_bytes list[2] = {rg_bytes_str("one"), rg_bytes_str("two")};
    struct rg_peer_case_key key = {.readers = 5, .opener = 1, .key = {9}};
    struct rg_hash commitments[2] = {{{1}}, {{2}}};
    struct rg_peer_message m;
    (void)state;
    decode_peer(encode_peer(&(struct rg_peer_message){.kind = RG_PEER_PROPOSE,
                                                      .bytes = rg_bytes_str("vote"),
                                                      .block = rg_bytes_str("block"),
                                                      .count = 2,
                                                      .list = list}),
                &m);
    assert_int_equal(m.kind, RG_PEER_PROPOSE);
    assert_true(rg_bytes_eq(m.bytes, rg_bytes_str("vote")));
    assert_true(rg_bytes_eq(m.block, rg_bytes_str("block")));
    assert_int_equal(m.count, 2);
    assert_true(rg_bytes_eq(m.list[1], list[1]));
    for (enum rg_peer_kind k = RG_PEER_VOTE; k <= RG_PEER_BLOCK; k++) {
        if (k == RG_PEER_VOTE || k == RG_PEER_CERT || k == RG_PEER_SUBMISSION ||
            k == RG_PEER_BLOCK) {
            decode_peer(
                encode_peer(&(struct rg_peer_message){.kind = k, .bytes = rg_bytes_str("x")}), &m);
            assert_int_equal(m.kind, k);
            assert_true(rg_bytes_eq(m.bytes, rg_bytes_str("x")));
        }
    }
    decode_peer(
        encode_peer(&(struct rg_peer_message){
            .kind = RG_PEER_BLOCKS, .from = 12, .block = list[0], .count = 2, .list = list}),
        &m);
    assert_int_equal(m.from, 12);
    assert_true(rg_bytes_eq(m.block, list[0]));
    decode_peer(encode_peer(&(struct rg_peer_message){
                    .kind = RG_PEER_WAKE, .epoch = 1, .from = 3, .count = 1, .list = list}),
                &m);
    assert_int_equal(m.from, 3);
    decode_peer(encode_peer(&(struct rg_peer_message){
                    .kind = RG_PEER_KEYS, .number = 4, .key_count = 1, .keys = &key}),
                &m);
    assert_int_equal(m.keys[0].opener, 1);
    assert_memory_equal(m.keys[0].key, key.key, 32);
    decode_peer(encode_peer(&(struct rg_peer_message){
                    .kind = RG_PEER_KEY_PULL, .key_count = 2, .commitments = commitments}),
                &m);
    assert_int_equal(m.commitments[1].b[0], 2);
    decode_peer(
        encode_peer(&(struct rg_peer_message){.kind = RG_PEER_GET_CERTS, .from = 3, .to = 9}), &m);
    assert_int_equal(m.to, 9);
}

static void peer_status(void **state)
{
    struct rg_peer_status s = {.authority = 3, .view = 9, .number = 1, .height = 5, .hash = {{8}}};
    struct rg_peer_message m = {.kind = RG_PEER_STATUS};
    struct rg_peer_message out;
    struct rg_hash digest;
    struct rg_hash again;
    (void)state;
    rg_arena_reset(&arena);
    assert_int_equal(rg_peer_codec_encode_status(&arena, &ledger, &s, &m.status_bytes, &digest),
                     RG_OK);
    struct rg_bytes bytes;
    assert_int_equal(rg_peer_codec_encode(&arena, &ledger, &m, &bytes), RG_OK);
    decode_peer(bytes, &out);
    assert_int_equal(out.status.height, 5);
    rg_peer_codec_status_digest(&ledger, out.status_bytes, &again);
    assert_true(rg_hash_eq(&digest, &again));
}

/* Not canonical, cut, for another ledger, or changed: refused, never read beyond its end. */
static void peer_hostile(void **state)
{
    uint8_t copy[256];
    struct rg_peer_message m;
    struct rg_prng prng;
    const struct rg_hash other = {{8}};
    size_t accepted = 0;
    (void)state;
    const struct rg_bytes good = encode_peer(
        &(struct rg_peer_message){.kind = RG_PEER_GET_CERTS, .epoch = 1, .from = 3, .to = 9});
    assert_true(good.len < 200);
    rg_arena_reset(&second);
    assert_int_equal(rg_peer_codec_decode(&second, &other, good, &m), RG_ERR_INVALID);
    for (size_t i = 0; i < good.len; i++) {
        rg_arena_reset(&second);
        assert_int_not_equal(
            rg_peer_codec_decode(&second, &ledger, (struct rg_bytes){good.data, i}, &m), RG_OK);
    }
    /* An unknown field behind it; a field given twice; an over-long number. */
    static const uint8_t tails[3][6] = {{0xf8, 0x06, 0x01}, {0x08, 0x01}, {0x08, 0x81, 0x00}};
    static const size_t tail_len[3] = {3, 2, 3};
    for (size_t i = 0; i < 3; i++) {
        memcpy(copy, good.data, good.len);
        memcpy(copy + good.len, tails[i], tail_len[i]);
        rg_arena_reset(&second);
        assert_int_equal(rg_peer_codec_decode(&second, &ledger,
                                              (struct rg_bytes){copy, good.len + tail_len[i]}, &m),
                         RG_ERR_INVALID);
    }
    rg_prng_init(&prng, 1);
    for (int i = 0; i < 20000; i++) {
        memcpy(copy, good.data, good.len);
        copy[rg_prng_below(&prng, good.len)] ^= (uint8_t)(1 + rg_prng_below(&prng, 255));
        rg_arena_reset(&second);
        accepted +=
            rg_peer_codec_decode(&second, &ledger, (struct rg_bytes){copy, good.len}, &m) == RG_OK;
    }
    assert_true(accepted < 20000); /* a changed number is a different, valid request */
}

/* A frame that unpacks to much more than its size is stopped by the arena. */
static void amplification_is_capped(void **state)
{
    static uint8_t frame[RG_FRAME_PEER_MAX];
    struct rg_arena small;
    struct rg_peer_message m;
    (void)state;
    assert_int_equal(rg_arena_init(&small, 1 << 20), RG_OK);
    /* wake (25) holding a million empty submissions: two bytes each. */
    struct rg_writer w = rg_bytes_writer(frame, sizeof frame);
    const uint32_t inner = 1000000;
    const uint8_t head[] = {0xca, 0x01, (uint8_t)(inner & 0x7f) | 0x80,
                            (uint8_t)(inner >> 7 & 0x7f) | 0x80, (uint8_t)(inner >> 14)};
    rg_bytes_put(&w, head, sizeof head);
    for (uint32_t i = 0; i < inner / 2; i++) {
        rg_bytes_put_u16(&w, 0x001a);
    }
    assert_false(w.failed);
    assert_int_equal(rg_peer_codec_decode(&small, &ledger, (struct rg_bytes){frame, w.len}, &m),
                     RG_ERR_NOMEM);
    rg_arena_fini(&small);
}

static void request_round_trip(void **state)
{
    struct rg_bytes events[2] = {rg_bytes_str("e1"), rg_bytes_str("e2")};
    struct rg_bytes cases[2] = {rg_bytes_str("AZ-1"), rg_bytes_str("AZ-2")};
    struct rg_request r = {.kind = RG_REQUEST_SUBMIT,
                           .id = 77,
                           .first = 1,
                           .count = 2,
                           .events = events,
                           .cases = cases,
                           .wait = true};
    struct rg_request out;
    struct rg_bytes bytes;
    const struct rg_hash other = {{1}};
    (void)state;
    rg_arena_reset(&arena);
    assert_int_equal(rg_client_codec_encode_request(&arena, &ledger, &r, &bytes), RG_OK);
    rg_arena_reset(&second);
    assert_int_equal(rg_client_codec_decode_request(&second, &ledger, bytes, &out), RG_OK);
    assert_int_equal(out.count, 2);
    assert_true(out.wait);
    assert_false(out.has_link);
    assert_true(rg_bytes_eq(out.cases[1], cases[1]));
    assert_int_equal(rg_client_codec_decode_request(&second, &other, bytes, &out), RG_ERR_AUTH);
    assert_int_equal(out.id, 77);
    cases[1] = rg_bytes_str("AZ\n2");
    rg_arena_reset(&arena);
    assert_int_equal(rg_client_codec_encode_request(&arena, &ledger, &r, &bytes), RG_OK);
    rg_arena_reset(&second);
    assert_int_equal(rg_client_codec_decode_request(&second, &ledger, bytes, &out), RG_ERR_INVALID);
}

static void answer_round_trip(void **state)
{
    struct rg_answer_authority authority = {.name = rg_bytes_str("node1"),
                                            .agency = rg_bytes_str("BAMF"),
                                            .live = true,
                                            .clock_offset_ms = -12};
    struct rg_answer a = {.kind = RG_ANSWER_STATUS,
                          .id = 3,
                          .status = {.ledger = rg_bytes_str("l"),
                                     .node = rg_bytes_str("n"),
                                     .height = 9,
                                     .authority_count = 1,
                                     .authorities = &authority,
                                     .stalled = rg_bytes_str("node 2 is missing")}};
    struct rg_answer out;
    struct rg_bytes bytes;
    (void)state;
    rg_arena_reset(&arena);
    assert_int_equal(rg_client_codec_encode_answer(&arena, &a, &bytes), RG_OK);
    rg_arena_reset(&second);
    assert_int_equal(rg_client_codec_decode_answer(&second, bytes, &out), RG_OK);
    assert_int_equal(out.kind, RG_ANSWER_STATUS);
    assert_int_equal(out.status.height, 9);
    assert_true(out.status.authorities[0].clock_offset_ms == -12);
    a = (struct rg_answer){.code = 65, .error = rg_bytes_str("line 3:\n  what")};
    rg_arena_reset(&arena);
    assert_int_equal(rg_client_codec_encode_answer(&arena, &a, &bytes), RG_OK);
    rg_arena_reset(&second);
    assert_int_equal(rg_client_codec_decode_answer(&second, bytes, &out), RG_OK);
    assert_int_equal(out.code, 65);
    assert_int_equal(out.kind, RG_ANSWER_NONE);
}

static void event_and_body(void **state)
{
    struct rg_event e = {.step = rg_bytes_str("T02 Prüfung"),
                         .occurred_ms = 5,
                         .field_count = 1,
                         .fields = {{rg_bytes_str("group"), rg_bytes_str("")}}};
    struct rg_event out;
    struct rg_case_body body = {.first = 1, .count = 2, .index = 1, .path_count = 1};
    struct rg_case_body body_out;
    struct rg_bytes bytes;
    (void)state;
    rg_arena_reset(&arena);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_event(&arena, bytes, &out), RG_OK);
    assert_true(rg_bytes_eq(out.step, e.step));
    assert_true(out.occurred_ms == 5);
    body.event = bytes;
    assert_int_equal(rg_ledger_codec_encode_body(&arena, &body, &bytes), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_body(&arena, bytes, &body_out), RG_OK);
    assert_int_equal(body_out.index, 1);
    body.index = 2;
    assert_int_equal(rg_ledger_codec_encode_body(&arena, &body, &bytes), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_body(&arena, bytes, &body_out), RG_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_round_trip),    cmocka_unit_test(peer_status),
        cmocka_unit_test(peer_hostile),       cmocka_unit_test(amplification_is_capped),
        cmocka_unit_test(request_round_trip), cmocka_unit_test(answer_round_trip),
        cmocka_unit_test(event_and_body)};
    if (rg_sign_start() != RG_OK || rg_arena_init(&arena, RG_PEER_CODEC_ARENA) != RG_OK ||
        rg_arena_init(&second, RG_PEER_CODEC_ARENA) != RG_OK) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rg_arena_fini(&arena);
    rg_arena_fini(&second);
    return failed;
}
