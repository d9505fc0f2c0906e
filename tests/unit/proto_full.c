/* proto/: every kind of message goes there and back with all its fields, under every amount of
 * memory, and none grows over its cap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/sign.h"
#include "proto_samples.h"

static struct rg_arena arena;
static struct rg_arena second;
static union sample_out out;

static void round_trip(enum sample_codec codec, unsigned kind)
{
    struct rg_bytes bytes;
    struct rg_bytes again;
    rg_arena_reset(&arena);
    rg_arena_reset(&second);
    assert_int_equal(sample_encode(codec, kind, &arena, &bytes), RG_OK);
    assert_int_equal(sample_decode(codec, &second, bytes, &out), RG_OK);
    assert_int_equal(sample_again(codec, &arena, &out, &again), RG_OK);
    assert_true(rg_bytes_eq(bytes, again));
}

static void all_round_trip(void **state)
{
    unsigned kinds = 0;
    (void)state;
    for (unsigned c = 0; c < SAMPLE_CODECS; c++) {
        for (unsigned k = sample_first(c); k <= sample_last(c); k++) {
            round_trip((enum sample_codec)c, k);
            kinds++;
        }
    }
    assert_int_equal(kinds, 16 + 12 + 10 + 6);
}

static void peer_fields(void **state)
{
    struct rg_peer_message want;
    (void)state;
    sample_peer(RG_PEER_STATUS, &want);
    round_trip(SAMPLE_PEER, RG_PEER_STATUS);
    const struct rg_peer_status *s = &out.peer.status;
    assert_true(s->authority == 26 && s->epoch == 27 && s->view == 28 && s->final_view == 29);
    assert_true(s->height == 30 && s->min_height == 32 && s->wall_ms == 33 && s->number == 34);
    assert_true(rg_hash_eq(&s->hash, &want.status.hash));
    assert_memory_equal(s->instance.b, want.status.instance.b, RG_ID_BYTES);
    assert_memory_equal(s->first.b, want.status.first.b, RG_ID_BYTES);
    assert_true(s->asks && s->echo_count == 2 && s->echoes[1].authority == 3);
    assert_true(s->echoes[1].again && !s->echoes[0].again && s->echoes[1].seen == 39 &&
                s->echoes[0].instance.b[0] == 38);
    assert_memory_equal(out.peer.signature.b, want.signature.b, RG_SIG_BYTES);
    round_trip(SAMPLE_PEER, RG_PEER_KEYS);
    assert_true(out.peer.number == 37 && out.peer.key_count == 2);
    assert_memory_equal(out.peer.keys, want.keys, 2 * sizeof *want.keys);
    round_trip(SAMPLE_PEER, RG_PEER_KEY_ACK);
    assert_true(out.peer.number == 37 && out.peer.key_count == 2);
    assert_memory_equal(out.peer.commitments, want.commitments, 2 * sizeof *want.commitments);
    round_trip(SAMPLE_PEER, RG_PEER_ALERT_DIGESTS);
    assert_true(out.peer.from == 22 && out.peer.key_count == 2);
    assert_memory_equal(out.peer.commitments, want.commitments, 2 * sizeof *want.commitments);
    round_trip(SAMPLE_PEER, RG_PEER_GET_BLOCK);
    assert_true(rg_hash_eq(&out.peer.hash, &want.hash));
    round_trip(SAMPLE_PEER, RG_PEER_GET_BLOCKS);
    assert_true(out.peer.from == 22 && out.peer.max_bytes == 24);
    round_trip(SAMPLE_PEER, RG_PEER_GET_CERTS);
    assert_true(out.peer.epoch == 21 && out.peer.from == 22 && out.peer.to == 23);
    round_trip(SAMPLE_PEER, RG_PEER_WAKE);
    assert_true(out.peer.epoch == 21 && out.peer.from == 22 && out.peer.count == 2);
    assert_true(rg_bytes_eq(out.peer.list[1], want.list[1]));
}

static void request_fields(void **state)
{
    struct rg_request want;
    (void)state;
    sample_request(RG_REQUEST_SUBMIT, &want);
    round_trip(SAMPLE_REQUEST, RG_REQUEST_SUBMIT);
    assert_true(out.request.id == 41 && out.request.first == 43 && out.request.wait);
    assert_true(out.request.has_link);
    assert_memory_equal(out.request.link.b, want.link.b, RG_ID_BYTES);
    assert_memory_equal(out.request.stream.b, want.stream.b, RG_ID_BYTES);
    assert_memory_equal(out.request.signature.b, want.signature.b, RG_SIG_BYTES);
    round_trip(SAMPLE_REQUEST, RG_REQUEST_ALERTS);
    assert_true(out.request.since == 47 && out.request.max == 48 && out.request.has_pseudonym);
    assert_true(rg_bytes_eq(out.request.severity, want.severity));
    assert_true(rg_bytes_eq(out.request.file_number, want.file_number));
    round_trip(SAMPLE_REQUEST, RG_REQUEST_CASE);
    assert_true(rg_bytes_eq(out.request.file_number, want.file_number));
    round_trip(SAMPLE_REQUEST, RG_REQUEST_CONFORMANCE);
    assert_true(out.request.as_of_ms == 49 && out.request.by == 3 &&
                rg_bytes_eq(out.request.rules, want.rules));
    round_trip(SAMPLE_REQUEST, RG_REQUEST_CURSOR);
    assert_true(out.request.acknowledge == 50 && rg_bytes_eq(out.request.name, want.name));
    round_trip(SAMPLE_REQUEST, RG_REQUEST_TEST_HOOK);
    assert_true(rg_bytes_eq(out.request.name, want.name));
    round_trip(SAMPLE_REQUEST, RG_REQUEST_PAGE);
    assert_true(out.request.token == 51 && out.request.page == 52);
    round_trip(SAMPLE_REQUEST, RG_REQUEST_EVENTS);
    assert_true(out.request.from_case == 53 && out.request.from_event == 54);
    assert_true(out.request.through == 55);
    round_trip(SAMPLE_REQUEST, RG_REQUEST_BALLOT);
    assert_true(out.request.wait && rg_bytes_eq(out.request.entry, want.entry));
}

static void answer_status_fields(void **state)
{
    (void)state;
    round_trip(SAMPLE_ANSWER, RG_ANSWER_STATUS);
    const struct rg_answer_status *s = &out.answer.status;
    assert_true(out.answer.id == 110 && out.answer.code == 65);
    assert_true(rg_bytes_eq(s->ledger, rg_bytes_str("ledger")));
    assert_true(rg_bytes_eq(s->node, rg_bytes_str("node1")));
    assert_true(rg_bytes_eq(s->agency, rg_bytes_str("BAMF")));
    assert_true(rg_bytes_eq(s->stalled, rg_bytes_str("node 2 is missing")));
    assert_true(rg_bytes_eq(s->warning, rg_bytes_str("two nodes")));
    assert_true(s->ledger_id.b[0] == 70 && s->hash.b[0] == 72 && s->digest.b[0] == 73);
    assert_true(s->height == 71 && s->epoch == 74 && s->view == 75 && s->lag_ms == 76);
    assert_true(s->rules_height == 77 && s->rules_parked == 78 && s->bus_frames == 79);
    assert_true(s->bus_refused == 80 && s->quorum == 81 && s->mempool == 82 && s->time_ms == 83);
    assert_true(s->pid == 84 && s->memory_kib == 85 && s->cpu_ms == 86);
    assert_true(s->keys_unacknowledged == 87 && s->alerts_logseq == 88 && s->mute);
    assert_int_equal(s->motions, 89);
    assert_true(s->rules_compared == 140 && s->differ_count == 2);
    assert_true(rg_bytes_eq(s->differ[1], s->authorities[1].name));
    assert_int_equal(s->authority_count, 2);
    const struct rg_answer_authority *a = &s->authorities[1];
    assert_true(a->live && !s->authorities[0].live && a->missed_turns == 62);
    assert_true(a->clock_offset_ms == -64 && a->height == 66 && a->silent_ms == 68);
    assert_true(a->cut && !s->authorities[0].cut);
}

static void answer_fields(void **state)
{
    (void)state;
    round_trip(SAMPLE_ANSWER, RG_ANSWER_SUBMITTED);
    const struct rg_answer_submitted *s = &out.answer.submitted;
    assert_true(s->events == 111 && s->known == 112 && s->first_height == 113);
    assert_true(s->last_height == 114 && s->cases_opened == 117 && s->verdict == 118);
    assert_true(s->submission.b[0] == 115 && s->pseudonym.b[0] == 116);
    round_trip(SAMPLE_ANSWER, RG_ANSWER_CASE);
    const struct rg_answer_case *c = &out.answer.case_file;
    assert_true(c->truncated && c->event_count == 2 && c->duty_count == 2 && c->alert_count == 2);
    assert_true(c->events[1].height == 92 && c->events[1].submission == 94);
    assert_true(c->events[1].entry == 96 && c->events[1].recorded_ms == 98);
    assert_true(c->events[1].standing == RG_STANDING_CORRECTED && c->events[1].by_height == 201);
    assert_true(c->events[1].by_submission == 202 && c->events[1].by_entry == 203);
    assert_true(c->duties[1].by_count == 2 && c->duties[1].due_ms == 100);
    assert_true(rg_bytes_eq(c->duties[1].by[1], rg_bytes_str("b")));
    assert_true(rg_bytes_eq(c->duties[1].label_en, rg_bytes_str("check")));
    assert_int_equal(c->rule_count, 2);
    const struct rg_answer_rule *r = &c->rules[1];
    assert_true(r->state == RG_RULE_SETTLED && c->rules[0].state == RG_RULE_VIOLATED);
    assert_true(r->violations == 205 && r->event_count == 2 && r->events[0] == -1);
    assert_true(r->events[1] == 207 && r->due_ms == 209 && r->critical && !c->rules[0].critical);
    assert_true(r->by_count == 2 && rg_bytes_eq(r->by[1], rg_bytes_str("c")));
    assert_true(rg_bytes_eq(r->message_en, rg_bytes_str("too late")));
    assert_true(rg_bytes_eq(c->duties[0].label_de, rg_bytes_str("Pr\xc3\xbc"
                                                                "fung")));
    round_trip(SAMPLE_ANSWER, RG_ANSWER_ALERTS);
    assert_true(out.answer.alert_count == 2 && out.answer.alerts[1].logseq == 102);
    assert_true(out.answer.alerts_last == 118 && out.answer.alerts_more);
    round_trip(SAMPLE_ANSWER, RG_ANSWER_PAGE);
    assert_true(out.answer.page_token == 119);
    assert_true(rg_bytes_eq(out.answer.page_data, rg_bytes_str("page")));
    round_trip(SAMPLE_ANSWER, RG_ANSWER_DEFINITION);
    assert_true(out.answer.version == 120);
    assert_true(rg_bytes_eq(out.answer.process, rg_bytes_str("anker-dresden")));
    round_trip(SAMPLE_ANSWER, RG_ANSWER_CURSOR);
    assert_true(out.answer.acknowledged == 121);
    round_trip(SAMPLE_ANSWER, RG_ANSWER_EVENTS);
    assert_true(out.answer.case_count == 2 && out.answer.next_case == 126);
    assert_true(out.answer.next_event == 127 && out.answer.through == 128);
    assert_true(out.answer.cases[1].pseudonym.b[0] == 123 && out.answer.cases[1].first == 125);
    assert_true(out.answer.cases[1].file_number.len == 14);
    assert_true(out.answer.cases[1].event_count == 2);
    assert_true(out.answer.cases[1].events[1].height == 92);
    round_trip(SAMPLE_ANSWER, RG_ANSWER_NONE);
    assert_true(rg_bytes_eq(out.answer.error, rg_bytes_str("line 3:\n  what; what to do")));
}

static void answer_motions_fields(void **state)
{
    (void)state;
    round_trip(SAMPLE_ANSWER, RG_ANSWER_MOTIONS);
    const struct rg_answer_motions *m = &out.answer.motions;
    assert_true(m->height == 194 && m->time_ms == 195 && m->epoch == 196 && m->quorum == 197);
    assert_true(m->agency == 1 && m->admin_key.b[0] == 198 && m->agency_count == 2);
    assert_true(rg_bytes_eq(m->agencies[0], rg_bytes_str("one")));
    assert_true(m->node_count == 2 && m->nodes[1].principal == 182);
    assert_true(rg_bytes_eq(m->nodes[0].name, rg_bytes_str("one")));
    assert_true(rg_bytes_eq(m->nodes[1].agency, rg_bytes_str("BAMF")));
    assert_true(m->current.count == 2 && m->current.principal[1] == 200);
    assert_true(m->next.count == 1 && m->next.principal[0] == 201 && m->motion_count == 2);
    const struct rg_open_motion *o = &m->motions[1];
    assert_true(o->id.b[0] == 184 && o->motion.expires_ms == 186 && o->yes == 191 && o->no == 193);
    assert_true(o->motion.set.count == 2 && o->motion.set.principal[0] == 188);
}

static void ledger_fields(void **state)
{
    (void)state;
    round_trip(SAMPLE_BODY, 0);
    assert_true(out.body.member == 142 && out.body.first == 144 && out.body.index == 1);
    assert_true(out.body.count == 3 && out.body.path_count == 2 && out.body.path[1].b[0] == 148);
    round_trip(SAMPLE_EVENT, 0);
    assert_true(out.event.occurred_ms == 131 && out.event.field_count == 2);
    assert_true(out.event.about.kind == RG_ABOUT_CORRECT && out.event.about.height == 132);
    assert_true(out.event.about.submission == 133 && out.event.about.entry == 134);
    assert_true(rg_bytes_eq(out.event.about.reason, rg_bytes_str("typing_error")));
    round_trip(SAMPLE_EVENT, 1);
    assert_true(out.event.about.kind == RG_ABOUT_ACKNOWLEDGE && out.event.step.len == 0);
    assert_true(out.event.about.alert.b[0] == 136 && out.event.occurred_ms == 135);
    assert_true(rg_bytes_eq(out.event.about.reason, rg_bytes_str("seen")));
    round_trip(SAMPLE_SUBMISSION, 0);
    const struct rg_submission *s = &out.submission;
    assert_true(s->signer == 152 && s->sequence == 153 && s->expires_ms == 154);
    assert_true(s->entries[0].opens && !s->entries[1].opens && s->entries[1].readers == 4);
    assert_true(s->entries[0].commitment.b[0] == 158 && s->entries[1].tag.b[0] == 157);
    round_trip(SAMPLE_BLOCK, 1);
    const struct rg_header *h = &out.block.header;
    assert_true(h->epoch == 161 && h->view == 162 && h->height == 163 && h->time_ms == 165);
    assert_true(h->proposer == 166 && h->epoch_last && h->next_set.b[0] == 170);
    assert_true(h->parent.b[0] == 164 && h->submissions_root.b[0] == 167);
    assert_true(h->state_digest.b[0] == 168 && h->history_root.b[0] == 169);
    round_trip(SAMPLE_BLOCK, 0);
    assert_false(out.block.header.epoch_last);
}

/* An arena of exactly @cap bytes: a sanitizer sees the first byte behind it. */
static void exact(struct rg_arena *a, size_t cap)
{
    assert_int_equal(rg_arena_init(a, cap > 0 ? cap : 1), RG_OK);
    a->cap = cap;
}

static void starve(enum sample_codec codec, unsigned kind)
{
    struct rg_bytes bytes;
    struct rg_bytes again;
    rg_arena_reset(&arena);
    assert_int_equal(sample_encode(codec, kind, &arena, &bytes), RG_OK);
    const size_t encode_need = arena.used;
    rg_arena_reset(&second);
    assert_int_equal(sample_decode(codec, &second, bytes, &out), RG_OK);
    size_t encode_failed = 0;
    size_t decode_failed = 0;
    for (size_t cap = 0, good = 0; good < 2; cap++) {
        struct rg_arena small;
        exact(&small, cap);
        const rg_err encoded = sample_encode(codec, kind, &small, &again);
        assert_true(encoded == (cap < encode_need ? RG_ERR_NOMEM : RG_OK));
        assert_true(encoded != RG_OK || rg_bytes_eq(bytes, again));
        rg_arena_reset(&small);
        const rg_err decoded = sample_decode(codec, &small, bytes, &out);
        assert_true(decoded == RG_OK || decoded == RG_ERR_NOMEM);
        rg_arena_fini(&small);
        encode_failed += encoded != RG_OK;
        decode_failed += decoded != RG_OK;
        good = (size_t)(encoded == RG_OK) + (size_t)(decoded == RG_OK);
        assert_true(cap < 65536);
    }
    assert_true(encode_failed > 0 && decode_failed > 0);
}

static void memory_runs_out_anywhere(void **state)
{
    (void)state;
    for (unsigned c = 0; c < SAMPLE_CODECS; c++) {
        for (unsigned k = sample_first(c); k <= sample_last(c); k++) {
            starve((enum sample_codec)c, k);
        }
    }
}

/* Encoders refuse what their own decoder would not take for its size. */
static void nothing_grows_over_its_cap(void **state)
{
    static uint8_t large[RG_FRAME_PEER_MAX + 1];
    const struct rg_bytes all = {large, sizeof large};
    const struct rg_sig sig = {{1}};
    struct rg_bytes bytes;
    struct rg_hash hash;
    (void)state;
    memset(large, 'x', sizeof large);
    rg_arena_reset(&arena);
    const struct rg_peer_message m = {.kind = RG_PEER_BLOCK, .bytes = all};
    assert_int_equal(rg_peer_codec_encode(&arena, &sample_ledger, &m, &bytes), RG_ERR_INVALID);
    assert_int_equal(
        rg_peer_codec_encode(&arena, &sample_ledger, &(struct rg_peer_message){0}, &bytes),
        RG_ERR_INVALID);
    const struct rg_request r = {.kind = RG_REQUEST_CONFORMANCE, .rules = all};
    assert_int_equal(rg_client_codec_encode_request(&arena, &sample_ledger, &r, &bytes),
                     RG_ERR_INVALID);
    assert_int_equal(
        rg_client_codec_encode_request(&arena, &sample_ledger, &(struct rg_request){0}, &bytes),
        RG_ERR_INVALID);
    const struct rg_answer a = {.kind = RG_ANSWER_PAGE, .page_data = all};
    assert_int_equal(rg_client_codec_encode_answer(&arena, &a, &bytes), RG_ERR_INVALID);
    const struct rg_entry entry = {.sealed = {large, RG_ENTRY_MAX}};
    assert_int_equal(rg_ledger_codec_encode_entry(&arena, &entry, &bytes), RG_ERR_INVALID);
    const struct rg_bytes part = {large, RG_SUBMISSION_MAX};
    assert_int_equal(
        rg_ledger_codec_encode_submission(&arena, rg_bytes_str("h"), &sig, &part, 1, &bytes),
        RG_ERR_INVALID);
    const struct rg_header h = {.submission_count = 1};
    const struct rg_bytes sub = {large, RG_BLOCK_MAX};
    assert_int_equal(rg_ledger_codec_encode_block(&arena, &h, &sub, &hash, &bytes), RG_ERR_INVALID);
    struct rg_event e = {.step = {large, RG_ENTRY_MAX}};
    rg_arena_reset(&arena);
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_ERR_INVALID);
    e = (struct rg_event){.step = rg_bytes_str("s"), .field_count = RG_FIELDS_MAX + 1};
    assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &bytes), RG_ERR_INVALID);
    struct rg_case_body b = {.event = {large, RG_ENTRY_MAX}};
    assert_int_equal(rg_ledger_codec_encode_body(&arena, &b, &bytes), RG_ERR_INVALID);
    b = (struct rg_case_body){.path_count = RG_CASE_PATH_MAX + 1};
    assert_int_equal(rg_ledger_codec_encode_body(&arena, &b, &bytes), RG_ERR_INVALID);
    /* And a frame over the cap is refused before anything is read. */
    assert_int_equal(rg_peer_codec_decode(&second, &sample_ledger, all, &out.peer), RG_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_round_trip),
                                       cmocka_unit_test(peer_fields),
                                       cmocka_unit_test(request_fields),
                                       cmocka_unit_test(answer_status_fields),
                                       cmocka_unit_test(answer_fields),
                                       cmocka_unit_test(answer_motions_fields),
                                       cmocka_unit_test(ledger_fields),
                                       cmocka_unit_test(memory_runs_out_anywhere),
                                       cmocka_unit_test(nothing_grows_over_its_cap)};
    if (rg_sign_start() != RG_OK || rg_arena_init(&arena, RG_PEER_CODEC_ARENA) != RG_OK ||
        rg_arena_init(&second, RG_PEER_CODEC_ARENA) != RG_OK) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rg_arena_fini(&arena);
    rg_arena_fini(&second);
    return failed;
}
