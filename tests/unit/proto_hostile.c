/* proto/: one field at a time out of form, in messages between nodes and in what is on the ledger;
 * texts; what is not canonical inside a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/sign.h"
#include "ledger.pb-c.h"
#include "peer.pb-c.h"
#include "proto/pack.h"
#include "proto_break.h"

#define PEER(kind, change)                                                                         \
    BREAK(SAMPLE_PEER, RG_PEER_##kind, Reigen__Peer__PeerMessage, change, RG_ERR_INVALID)
#define PEER_OK(kind, change)                                                                      \
    BREAK(SAMPLE_PEER, RG_PEER_##kind, Reigen__Peer__PeerMessage, change, RG_OK)

static void peer_envelope(void **state)
{
    (void)state;
    BREAK(SAMPLE_PEER, RG_PEER_VOTE, Reigen__Peer__PeerMessage, m->version = 2, RG_ERR_VERSION);
    BREAK(SAMPLE_PEER, RG_PEER_VOTE, Reigen__Peer__PeerMessage, m->version = 0, RG_ERR_VERSION);
    PEER(VOTE, m->ledger.data[31] ^= 1);
    PEER(VOTE, m->ledger.len = 31);
    PEER(VOTE, m->ledger.len = 0);
    PEER(VOTE, m->body_case = REIGEN__PEER__PEER_MESSAGE__BODY__NOT_SET);
    PEER(VOTE, m->vote.len = 0);
    PEER(CERT, m->cert.len = 0);
    PEER(SUBMISSION, m->submission.len = 0);
    PEER(BLOCK, m->block.len = 0);
}

static void peer_gossip(void **state)
{
    (void)state;
    PEER(PROPOSE, m->propose->vote.len = 0);
    PEER_OK(PROPOSE, m->propose->block.len = 0); /* SAME */
    PEER_OK(PROPOSE, m->propose->n_justify = 0);
    PEER_OK(PROPOSE, m->propose->n_justify = RG_JUSTIFY_NULLS_MAX + 1;
            m->propose->justify = break_ranges(m->propose->n_justify, 1));
    PEER(PROPOSE, m->propose->n_justify = RG_JUSTIFY_NULLS_MAX + 2;
         m->propose->justify = break_ranges(m->propose->n_justify, 1));
    PEER(STATUS, m->status->signature.len = 63);
    PEER(STATUS, m->status->signature = break_bytes(65));
    PEER(STATUS, m->status->status.len = 0);
    PEER(STATUS, m->status->status.len -= 1);
    PEER(STATUS, m->status->status = break_bytes(257));
}

#define STATUS(change)                                                                             \
    PEER(STATUS, {                                                                                 \
        Reigen__Peer__Status *s =                                                                  \
            break_inner(&reigen__peer__status__descriptor, m->status->status);                     \
        change;                                                                                    \
        m->status->status = break_pack(s);                                                         \
    })

static void peer_status(void **state)
{
    (void)state;
    STATUS(s->hash.len = 31);
    STATUS(s->hash = break_bytes(33));
    STATUS(s->instance.len = 15);
    STATUS(s->instance.len = 0);
    STATUS(s->first.len = 15);
    STATUS(s->authority = RG_AUTHORITIES_MAX);
    STATUS(s->number = 0);
}

static void peer_sync(void **state)
{
    (void)state;
    PEER(GET_CERTS, m->get_certs->from_view = 24);
    PEER_OK(GET_CERTS, m->get_certs->from_view = 23);
    PEER(GET_BLOCK, m->get_block->hash.len = 31);
    PEER(GET_BLOCK, m->get_block->hash = break_bytes(33));
    PEER(GET_BLOCKS, m->get_blocks->from_height = 0);
    PEER_OK(BLOCKS, m->blocks->n_blocks = 0; m->blocks->cert.len = 0);
    PEER_OK(BLOCKS, m->blocks->n_blocks = RG_PEER_BLOCKS_MAX;
            m->blocks->blocks = break_ranges(m->blocks->n_blocks, 1));
    PEER(BLOCKS, m->blocks->n_blocks = RG_PEER_BLOCKS_MAX + 1;
         m->blocks->blocks = break_ranges(m->blocks->n_blocks, 1));
    PEER(WAKE, m->wake->n_submissions = RG_BLOCK_SUBMISSIONS_MAX + 1;
         m->wake->submissions = break_ranges(m->wake->n_submissions, 1));
}

static void peer_keys(void **state)
{
    (void)state;
    PEER(KEYS, m->keys->n_keys = 0);
    PEER_OK(KEYS, m->keys->keys = break_repeat(RG_PEER_KEYS_MAX, m->keys->keys[0]);
            m->keys->n_keys = RG_PEER_KEYS_MAX);
    PEER(KEYS, m->keys->keys = break_repeat(RG_PEER_KEYS_MAX + 1, m->keys->keys[0]);
         m->keys->n_keys = RG_PEER_KEYS_MAX + 1);
    PEER(KEYS, m->keys->keys[1]->commitment.len = 31);
    PEER(KEYS, m->keys->keys[1]->key.len = 31);
    PEER(KEYS, m->keys->keys[1]->key = break_bytes(33));
    PEER(KEYS, m->keys->keys[1]->pseudonym.len = 15);
    PEER(KEYS, m->keys->keys[1]->opener = RG_AGENCIES_MAX);
    PEER(KEYS, m->keys->keys[1]->readers = 0);
    PEER(KEY_ACK, m->key_ack->n_commitments = 0);
    PEER(KEY_ACK, m->key_ack->commitments[1].len = 31);
    PEER(KEY_PULL, m->key_pull->n_commitments = 0);
    PEER_OK(KEY_PULL, m->key_pull->n_commitments = RG_PEER_KEYS_MAX;
            m->key_pull->commitments = break_ranges(RG_PEER_KEYS_MAX, 32));
    PEER(KEY_PULL, m->key_pull->n_commitments = RG_PEER_KEYS_MAX + 1;
         m->key_pull->commitments = break_ranges(RG_PEER_KEYS_MAX + 1, 32));
}

static void peer_digests(void **state)
{
    (void)state;
    PEER(ALERT_DIGESTS, m->alert_digests->height = 0);
    PEER(ALERT_DIGESTS, m->alert_digests->n_digests = 0);
    PEER(ALERT_DIGESTS, m->alert_digests->digests[1].len = 31);
    PEER(ALERT_DIGESTS, m->alert_digests->digests[1] = break_bytes(33));
    PEER_OK(ALERT_DIGESTS, m->alert_digests->n_digests = RG_PEER_DIGESTS_MAX;
            m->alert_digests->digests = break_ranges(RG_PEER_DIGESTS_MAX, 32));
    PEER(ALERT_DIGESTS, m->alert_digests->n_digests = RG_PEER_DIGESTS_MAX + 1;
         m->alert_digests->digests = break_ranges(RG_PEER_DIGESTS_MAX + 1, 32));
}

/* A field that the schema does not know is found at any depth. */
static void unknown_fields(void **state)
{
    static uint8_t byte = 1;
    ProtobufCMessageUnknownField unknown = {
        .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = &byte};
    (void)state;
    PEER(VOTE, m->base.n_unknown_fields = 1; m->base.unknown_fields = &unknown);
    PEER(WAKE, m->wake->base.n_unknown_fields = 1; m->wake->base.unknown_fields = &unknown);
    PEER(KEYS, m->keys->keys[1]->base.n_unknown_fields = 1;
         m->keys->keys[1]->base.unknown_fields = &unknown);
}

#define EVENT(change, want) BREAK(SAMPLE_EVENT, 0, Reigen__Ledger__Event, change, want)
#define ACK(change, want) BREAK(SAMPLE_EVENT, 1, Reigen__Ledger__Event, change, want)
#define BODY(change, want) BREAK(SAMPLE_BODY, 0, Reigen__Ledger__CaseBody, change, want)

static void events(void **state)
{
    (void)state;
    EVENT(m->step = break_str(""), RG_ERR_INVALID);
    EVENT(m->step = break_text(RG_NAME_MAX), RG_OK);
    EVENT(m->step = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    EVENT(m->step = break_str("a\nb"), RG_ERR_INVALID);
    EVENT(m->fields[1]->name = break_str(""), RG_ERR_INVALID);
    EVENT(m->fields[1]->name = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    EVENT(m->fields[1]->value = break_text(RG_FIELD_VALUE_MAX), RG_OK);
    EVENT(m->fields[1]->value = break_text(RG_FIELD_VALUE_MAX + 1), RG_ERR_INVALID);
    EVENT(m->fields[1]->value = break_str("\xff"), RG_ERR_INVALID);
    EVENT(m->fields = break_repeat(RG_FIELDS_MAX, m->fields[0]);
          m->n_fields = RG_FIELDS_MAX, RG_OK);
    EVENT(m->fields = break_repeat(RG_FIELDS_MAX + 1, m->fields[0]);
          m->n_fields = RG_FIELDS_MAX + 1, RG_ERR_INVALID);
    EVENT(m->step = break_text(RG_ENTRY_MAX), RG_ERR_INVALID);
}

static void abouts(void **state)
{
    (void)state;
    EVENT(m->about->kind = 0, RG_ERR_INVALID);
    EVENT(m->about->kind = 4, RG_ERR_INVALID);
    EVENT(m->about->kind = 1, RG_OK);
    EVENT(m->about->kind = 3, RG_ERR_INVALID);
    EVENT(m->about->height = 0, RG_ERR_INVALID);
    EVENT(m->about->alert = break_bytes(32), RG_ERR_INVALID);
    EVENT(m->about->reason = break_str("no sentence"), RG_ERR_INVALID);
    EVENT(m->about->reason = break_text(RG_NAME_MAX + 1), RG_ERR_INVALID);
    ACK(m->about->kind = 2, RG_ERR_INVALID);
    ACK(m->about->height = 1, RG_ERR_INVALID);
    ACK(m->about->submission = 1, RG_ERR_INVALID);
    ACK(m->about->entry = 1, RG_ERR_INVALID);
    ACK(m->about->alert.len = 31, RG_ERR_INVALID);
    ACK(m->about->alert.len = 0, RG_ERR_INVALID);
    ACK(m->about->alert = break_bytes(33), RG_ERR_INVALID);
    ACK(m->about->reason = break_str("\xc3\xa4"), RG_ERR_INVALID);
    ACK(m->about->reason = break_str(""), RG_OK);
    ACK(m->step = break_str("a"), RG_ERR_INVALID);
    ACK(Reigen__Ledger__Field *f = break_take(1, sizeof *f); reigen__ledger__field__init(f);
        f->name = break_str("a"); m->fields = break_repeat(1, f); m->n_fields = 1, RG_ERR_INVALID);
    ACK(m->about = NULL, RG_ERR_INVALID);
}

static void bodies(void **state)
{
    (void)state;
    BODY(m->pseudonym.len = 15, RG_ERR_INVALID);
    BODY(m->stream = break_bytes(17), RG_ERR_INVALID);
    BODY(m->signature.len = 63, RG_ERR_INVALID);
    BODY(m->event.len = 0, RG_ERR_INVALID);
    BODY(m->first = 0, RG_ERR_INVALID);
    BODY(m->index = 3, RG_ERR_INVALID);
    BODY(m->path[1].len = 31, RG_ERR_INVALID);
    BODY(m->path = break_ranges(RG_CASE_PATH_MAX, 32); m->n_path = RG_CASE_PATH_MAX, RG_OK);
    BODY(m->path = break_ranges(RG_CASE_PATH_MAX + 1, 32);
         m->n_path = RG_CASE_PATH_MAX + 1, RG_ERR_INVALID);
    BODY(m->event = break_bytes(RG_ENTRY_MAX), RG_ERR_INVALID);
}

#define SUBMISSION(change, want)                                                                   \
    BREAK(SAMPLE_SUBMISSION, 0, Reigen__Ledger__Submission, change, want)
#define HEAD(change)                                                                               \
    SUBMISSION(                                                                                    \
        {                                                                                          \
            Reigen__Ledger__SubmissionHead *h =                                                    \
                break_inner(&reigen__ledger__submission_head__descriptor, m->head);                \
            change;                                                                                \
            m->head = break_pack(h);                                                               \
        },                                                                                         \
        RG_ERR_INVALID)
#define ENTRY(change)                                                                              \
    SUBMISSION(                                                                                    \
        {                                                                                          \
            Reigen__Ledger__Entry *e =                                                             \
                break_inner(&reigen__ledger__entry__descriptor, m->entries[1]);                    \
            change;                                                                                \
            m->entries[1] = break_pack(e);                                                         \
        },                                                                                         \
        RG_ERR_INVALID)

static void submissions(void **state)
{
    (void)state;
    SUBMISSION(m->signature.len = 63, RG_ERR_INVALID);
    SUBMISSION(m->signature.len = 0, RG_ERR_INVALID);
    SUBMISSION(m->n_entries = 1, RG_ERR_INVALID);
    SUBMISSION(m->head.len = 0, RG_ERR_INVALID);
    SUBMISSION(m->head.len -= 1, RG_ERR_INVALID);
    SUBMISSION(m->head = break_bytes(257), RG_ERR_INVALID);
    SUBMISSION(m->entries[1].len = 0, RG_ERR_INVALID);
    SUBMISSION(m->entries[1] = break_bytes(RG_ENTRY_MAX + 1), RG_ERR_INVALID);
    HEAD(h->format = 2);
    HEAD(h->algorithm = 2);
    HEAD(h->ledger.len = 31);
    HEAD(h->entries_root.len = 31);
    HEAD(h->sequence = 0);
    HEAD(h->entry_count = 3);
    HEAD(h->entry_count = RG_SUBMISSION_ENTRIES_MAX + 1);
    ENTRY(e->tag.len = 15);
    ENTRY(e->opens = break_bytes(31));
}

#define BLOCK(change, want) BREAK(SAMPLE_BLOCK, 1, Reigen__Ledger__Block, change, want)
#define HEADER(change)                                                                             \
    BLOCK(                                                                                         \
        {                                                                                          \
            Reigen__Ledger__Header *h =                                                            \
                break_inner(&reigen__ledger__header__descriptor, m->header);                       \
            change;                                                                                \
            m->header = break_pack(h);                                                             \
        },                                                                                         \
        RG_ERR_INVALID)

static void blocks(void **state)
{
    (void)state;
    BLOCK(m->n_submissions = 1, RG_ERR_INVALID);
    BLOCK(m->header.len = 0, RG_ERR_INVALID);
    BLOCK(m->header.len -= 1, RG_ERR_INVALID);
    BLOCK(m->header = break_bytes(513), RG_ERR_INVALID);
    BLOCK(m->submissions[1].len -= 1, RG_ERR_INVALID);
    BLOCK(m->submissions[0] = break_bytes(RG_BLOCK_MAX), RG_ERR_INVALID);
    HEADER(h->format = 0);
    HEADER(h->algorithm = 0);
    HEADER(h->ledger.len = 31);
    HEADER(h->parent.len = 31);
    HEADER(h->submissions_root.len = 31);
    HEADER(h->state_digest.len = 31);
    HEADER(h->history_root.len = 31);
    HEADER(h->next_set.len = 31);
    HEADER(h->next_set.len = 0);
    HEADER(h->epoch_last = 0);
    HEADER(h->submission_count = RG_BLOCK_SUBMISSIONS_MAX + 1);
}

static void texts(void **state)
{
    static const char *const good[] = {"",
                                       "abc ~",
                                       "\xc3\xa4",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x01",
                                      "a\x7f",
                                      "\x1f",
                                      "\t",
                                      "a\r",
                                      "\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x80\x80",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe2(\x80",
                                      "\xe2\x82(",
                                      "\xf0\x9f",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xf0\x9f\x98("};
    struct rg_bytes out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(rg_pack_text(good[i], 64, &out));
        assert_int_equal(out.len, strlen(good[i]));
        assert_true(rg_pack_lines(good[i], 64, &out));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(rg_pack_text(bad[i], 64, &out));
        assert_false(rg_pack_lines(bad[i], 64, &out));
    }
    assert_false(rg_pack_text("a\nb", 64, &out));
    assert_true(rg_pack_lines("a\nb", 64, &out));
    assert_true(rg_pack_text("abc", 3, &out));
    assert_false(rg_pack_text("abcd", 3, &out));
}

/* A zero byte inside a text on the wire: the rest of the text would be hidden. */
static void a_zero_inside_a_text(void **state)
{
    struct rg_event out;
    struct rg_arena arena;
    struct rg_bytes bytes;
    uint8_t copy[64];
    const struct rg_event e = {.step = rg_bytes_str("aXb"), .occurred_ms = 1};
    (void)state;
    assert_int_equal(rg_arena_init(&arena, 4096), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_OK);
    assert_true(bytes.len < sizeof copy && bytes.data[3] == 'X');
    memcpy(copy, bytes.data, bytes.len);
    copy[3] = 0;
    assert_int_equal(rg_ledger_codec_decode_event(&arena, (struct rg_bytes){copy, bytes.len}, &out),
                     RG_ERR_INVALID);
    rg_arena_fini(&arena);
}

/* A time that no rules could judge. */
static void a_time_out_of_range(void **state)
{
    static const int64_t times[] = {-1, INT64_MIN, RG_TIME_MAX + 1, INT64_MAX};
    struct rg_event out;
    struct rg_arena arena;
    struct rg_bytes bytes;
    struct rg_event e = {.step = rg_bytes_str("a"), .occurred_ms = RG_TIME_MAX};
    (void)state;
    assert_int_equal(rg_arena_init(&arena, 4096), RG_OK);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_event(&arena, bytes, &out), RG_OK);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        e.occurred_ms = times[i];
        assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_OK);
        assert_int_equal(rg_ledger_codec_decode_event(&arena, bytes, &out), RG_ERR_INVALID);
    }
    rg_arena_fini(&arena);
}

/* Lists whose decoded form is larger than their bytes. */
static void wide_lists(void **state)
{
    (void)state;
    Reigen__Peer__PeerMessage *m = break_open(SAMPLE_PEER, RG_PEER_WAKE);
    m->wake->submissions = break_ranges(256, 0);
    m->wake->n_submissions = 256;
    break_starve(SAMPLE_PEER);
    m = break_open(SAMPLE_PEER, RG_PEER_KEYS);
    m->keys->keys = break_repeat(64, m->keys->keys[0]);
    m->keys->n_keys = 64;
    break_starve(SAMPLE_PEER);
    m = break_open(SAMPLE_PEER, RG_PEER_KEY_PULL);
    m->key_pull->commitments = break_ranges(64, 32);
    m->key_pull->n_commitments = 64;
    break_starve(SAMPLE_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(peer_envelope),
                                       cmocka_unit_test(peer_gossip),
                                       cmocka_unit_test(peer_status),
                                       cmocka_unit_test(peer_sync),
                                       cmocka_unit_test(peer_keys),
                                       cmocka_unit_test(peer_digests),
                                       cmocka_unit_test(unknown_fields),
                                       cmocka_unit_test(events),
                                       cmocka_unit_test(abouts),
                                       cmocka_unit_test(bodies),
                                       cmocka_unit_test(submissions),
                                       cmocka_unit_test(blocks),
                                       cmocka_unit_test(texts),
                                       cmocka_unit_test(a_zero_inside_a_text),
                                       cmocka_unit_test(a_time_out_of_range),
                                       cmocka_unit_test(wide_lists)};
    if (rg_sign_start() != RG_OK || break_start() != 0) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    break_stop();
    return failed;
}
