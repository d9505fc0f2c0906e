/* What a member may hand in, and what it is told when it may not. */
#include "agency_world.h"
#include "base/bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char strict_yaml[] = "process: streng\n"
                                  "version: 1\n"
                                  "clock: ledger\n"
                                  "readers: all\n"
                                  "steps:\n"
                                  "  - id: eingang\n"
                                  "    label: {de: Eingang, en: Receipt}\n"
                                  "    by: [BAMF]\n"
                                  "  - id: bescheid\n"
                                  "    label: {de: Bescheid, en: Decision}\n"
                                  "    by: [LDS-SN]\n"
                                  "fields:\n"
                                  "  art: {enum: [neu, folge]}\n"
                                  "  tag: date\n"
                                  "rules: []\n";

/* What a request is answered, given its parts. */
struct wrong {
    const char *file;
    const char *step;
    int64_t occurred_ms;
    const char *field;
    const char *value;
    const char *says; /* NULL: it is right */
};

static void test_what_is_wrong_is_named(void **state)
{
    static struct world w;
    const int64_t now = 1700000000000;
    const struct wrong table[] = {
        {"A", "eingang", now, NULL, NULL, NULL},
        {"A", "eingang", now, "art", "neu", NULL},
        {"A", "eingang", now, "art", "", NULL},
        {"A", "eingang", now, "tag", "2026-11-23", NULL},
        {"A", "eingang", now + 23 * 3600 * 1000, NULL, NULL, NULL},
        {"A", "ausgang", now, NULL, NULL, "step \"ausgang\" is not in the process definition"},
        {"A", "bescheid", now, NULL, NULL, "step \"bescheid\" is not for agency BAMF"},
        {"A", "eingang", now, "farbe", "rot", "field \"farbe\" is not in the process definition"},
        {"A", "eingang", now, "art", "alt", "field \"art\""},
        {"A", "eingang", now, "tag", "gestern", "field \"tag\""},
        {"A", "eingang", now + 25 * 3600 * 1000, NULL, NULL, "more than a day ahead"},
        {"A\n", "eingang", now, NULL, NULL, "file number"},
    };
    world_open(&w, 2, strict_yaml);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct rg_arena arena;
        struct rg_arena scratch;
        struct rg_bytes event;
        struct rg_bytes file = rg_bytes_str(table[i].file);
        char why[512] = "";
        struct rg_event e = {.step = rg_bytes_str(table[i].step),
                             .occurred_ms = table[i].occurred_ms};
        if (table[i].field != NULL) {
            e.fields[e.field_count++] =
                (struct rg_event_field){rg_bytes_str(table[i].field), rg_bytes_str(table[i].value)};
        }
        assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
        assert_int_equal(rg_arena_init(&scratch, 65536), RG_OK);
        assert_int_equal(rg_ledger_codec_encode_event(&arena, &e, &event), RG_OK);
        struct rg_bytes events[2] = {event, event};
        struct rg_bytes files[2] = {rg_bytes_str("A"), file};
        const struct rg_submit_check c = {&w.genesis, w.definition, 0, (uint64_t)now};
        const struct rg_request r = {.first = 10, .count = 2, .events = events, .cases = files};
        const bool good = rg_submit_check_events(&c, &scratch, &r, why, sizeof why);
        assert_int_equal(good, table[i].says == NULL);
        if (!good) {
            assert_non_null(strstr(why, table[i].says));
            assert_non_null(
                strstr(why, i == 11 ? "event 2 (number 11): " : "event 1 (number 10): "));
            assert_non_null(strchr(why, ';') != NULL ? why : strstr(why, "must")); /* what to do */
        }
        rg_arena_fini(&arena);
        rg_arena_fini(&scratch);
    }
    world_close(&w);
    (void)state;
}

static void test_bad_requests_leave_nothing_behind(void **state)
{
    static struct world w;
    world_open(&w, 2, strict_yaml);
    const struct world_event good = {"A", "eingang", 1};
    const struct world_event bad[] = {{"B", "eingang", 1}, {"B", "unsinn", 1}};
    struct rg_arena arena;
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = 500, .principal = 2};
    const uint64_t id = world_submit(&w, 0, 1, 1, bad, 2);
    assert_int_equal(world_answer_of(&w, 0, id)->code, 65);
    /* Signed by somebody else. */
    struct rg_request r = {.id = 500, .first = 1};
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    world_request(&good, 1, &arena, &r);
    world_sign(&w.genesis, w.member_key[1], 2, &r);
    assert_int_equal(rg_submit_take(w.node[0].submit, &client, &r, w.time_ms), RG_OK);
    assert_int_equal(world_answer_of(&w, 0, 500)->code, 77);
    /* Numbers that cannot be. */
    r.first = 0;
    assert_int_equal(rg_submit_take(w.node[0].submit, &client, &r, w.time_ms), RG_OK);
    r.first = UINT64_MAX;
    assert_int_equal(rg_submit_take(w.node[0].submit, &client, &r, w.time_ms), RG_OK);
    assert_int_equal(w.node[0].answer_count, 4);
    assert_int_equal(w.node[0].answer[2].code, 65);
    assert_int_equal(w.node[0].answer[3].code, 65);
    world_pack(&w);
    assert_int_equal(w.parcel_count, 0);
    assert_int_equal(rg_submit_waiting(w.node[0].submit), 0);
    uint64_t case_no = 0;
    assert_int_equal(rg_pending_find_file(w.node[0].pending, rg_bytes_str("B"), &case_no),
                     RG_ERR_NOT_FOUND);
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

static void test_one_member_cannot_fill_the_node(void **state)
{
    static struct world w;
    world_open(&w, 2, strict_yaml);
    const struct world_event e = {"A", "eingang", 1};
    struct rg_arena arena;
    uint32_t refused = 0;
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    for (uint32_t i = 0; i < RG_SUBMIT_WAITING_MAX + 10; i++) {
        struct rg_request r = {.id = i + 1, .first = 1, .wait = true};
        const struct rg_submit_client client = {
            .route = {1}, .route_len = 1, .request = r.id, .principal = 2};
        memcpy(r.stream.b, &i, sizeof i);
        rg_arena_reset(&arena);
        world_request(&e, 1, &arena, &r);
        world_sign(&w.genesis, w.member_key[0], 2, &r);
        assert_int_equal(rg_submit_take(w.node[0].submit, &client, &r, w.time_ms), RG_OK);
    }
    for (size_t i = 0; i < w.node[0].answer_count; i++) {
        refused += w.node[0].answer[i].code == 75 ? 1 : 0;
    }
    assert_int_equal(refused, 10);
    assert_int_equal(rg_submit_waiting(w.node[0].submit), RG_SUBMIT_WAITING_MAX);
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

/* The entry of a ballot of @agency that moves @set, or votes for it (@motion NULL), signed with the
 * admin key of agency @signer. */
struct said {
    uint32_t agency;
    uint32_t signer;
    bool approve;
    struct rg_set set;
};

static struct rg_bytes ballot_of(const struct world *w, struct rg_arena *arena,
                                 const struct said *what)
{
    const struct rg_motion m = {.expires_ms = WORLD_START_MS * 2, .set = what->set};
    struct rg_ballot b = {.agency = what->agency, .approve = what->approve};
    struct rg_bytes motion = {0};
    struct rg_bytes entry = {0};
    struct rg_sign *key = world_admin(what->signer);
    assert_int_equal(rg_ledger_codec_encode_motion(arena, &w->genesis.ledger_id, &m,
                                                   &(struct rg_id){{1}}, &motion, &b.id),
                     RG_OK);
    rg_ledger_codec_ballot_digest(&w->genesis.ledger_id, &b, &b.digest);
    rg_sign(key, &b.digest, &b.signature);
    rg_sign_destroy(&key);
    assert_int_equal(rg_ledger_codec_encode_ballot(arena, &b, motion, &entry), RG_OK);
    return entry;
}

static uint64_t hand_in(struct world *w, struct rg_bytes entry, bool wait)
{
    const struct rg_request r = {
        .kind = RG_REQUEST_BALLOT, .id = ++w->next_request, .entry = entry, .wait = wait};
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = r.id, .principal = w->nodes};
    rg_submit_take_ballot(w->node[0].submit, &client, &r);
    return r.id;
}

static const struct said right = {.approve = true, .set = {.count = 2, .principal = {1, 0}}};

static void test_a_ballot_must_be_the_agencys_own(void **state)
{
    static struct world w;
    struct rg_arena arena;
    struct said s = right;
    world_open(&w, 2, strict_yaml);
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
#define REFUSED(entry, want)                                                                       \
    assert_int_equal(world_answer_of(&w, 0, hand_in(&w, entry, false))->code, want)
    REFUSED(rg_bytes_str("no entry"), 65);
    s.signer = 1;
    REFUSED(ballot_of(&w, &arena, &s), 77);
    s.agency = 1; /* good, but not here */
    REFUSED(ballot_of(&w, &arena, &s), 77);
    s = right;
    s.set.count = 0;
    REFUSED(ballot_of(&w, &arena, &s), 65);
    s = right;
    s.set.principal[1] = 2; /* a member */
    REFUSED(ballot_of(&w, &arena, &s), 65);
    s = right;
    s.approve = false; /* moves, and is against it */
    REFUSED(ballot_of(&w, &arena, &s), 65);
    s = right;
    s.agency = 2; /* there is none */
    REFUSED(ballot_of(&w, &arena, &s), 65);
    const struct rg_entry e = {.kind = RG_ENTRY_EVIDENCE, .clear = rg_bytes_str("votes")};
    struct rg_bytes evidence;
    assert_int_equal(rg_ledger_codec_encode_entry(&arena, &e, &evidence), RG_OK);
    REFUSED(evidence, 65);
    world_pack(&w);
    assert_int_equal(w.parcel_count, 0);
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

static void test_a_ballot_goes_alone_and_first(void **state)
{
    static struct world w;
    struct rg_arena arena;
    const struct world_event e = {"A", "eingang", 1};
    world_open(&w, 2, strict_yaml);
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    const struct rg_bytes entry = ballot_of(&w, &arena, &right);
    w.node[0].refuse = true; /* the mempool is full: it comes again */
    const uint64_t event = world_submit(&w, 0, 1, 1, &e, 1);
    const uint64_t lost = hand_in(&w, entry, true);
    const uint64_t kept = hand_in(&w, entry, true); /* of a client that came back */
    world_pack(&w);
    assert_int_equal(w.parcel_count, 0);
    w.node[0].refuse = false;
    w.mono_ms += RG_SUBMIT_RETRY_MS;
    world_pack(&w);
    world_pack(&w);
    world_pack(&w);
    assert_int_equal(w.parcel_count, 2);
    assert_int_equal(w.parcel[0].entry_count, 1);
    const uint64_t taken = hand_in(&w, entry, false); /* taken already: answered at once */
    assert_int_equal(world_answer_of(&w, 0, taken)->submitted.last_height, 0);
    assert_memory_equal(world_answer_of(&w, 0, taken)->submitted.submission.b, w.parcel[0].hash.b,
                        RG_HASH_BYTES);
    const uint64_t last = hand_in(&w, entry, true);
    w.verdict = RG_VERDICT_KNOWN;
    world_block(&w);
    rg_submit_on_status(w.node[0].submit, 0);
    assert_null(world_answer_of(&w, 0, last)); /* the status does not tell of it yet */
    rg_submit_on_status(w.node[0].submit, 1);
    const struct world_answer *a = world_answer_of(&w, 0, last);
    assert_true(a->code == 0 && a->submitted.last_height == 1);
    assert_int_equal(a->submitted.verdict, RG_VERDICT_KNOWN);
    assert_null(world_answer_of(&w, 0, lost));
    assert_null(world_answer_of(&w, 0, kept));
    world_follow(&w, 0);
    assert_int_equal(world_answer_of(&w, 0, event)->code, 1);
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

/* A definition of the largest size travels; what the node says against one is what counts. */
static void test_a_definition_travels(void **state)
{
    static struct world w;
    static uint8_t text[RG_DEFINITION_MAX];
    struct rg_arena arena;
    struct rg_bytes motion = {0};
    struct rg_bytes entry = {0};
    struct rg_ballot b = {.approve = true, .text = {text, sizeof text}};
    struct rg_sign *key = world_admin(0);
    world_open(&w, 2, strict_yaml);
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    b.motion = (struct rg_motion){.expires_ms = WORLD_START_MS * 2, .definition = {.version = 2}};
    assert_int_equal(rg_ledger_codec_encode_publication(&arena, &w.genesis.ledger_id, &b,
                                                        &(struct rg_id){{1}}, &motion),
                     RG_OK);
    rg_ledger_codec_ballot_digest(&w.genesis.ledger_id, &b, &b.digest);
    rg_sign(key, &b.digest, &b.signature);
    assert_int_equal(rg_ledger_codec_encode_ballot(&arena, &b, motion, &entry), RG_OK);
    w.unfit = "It cannot be used.";
    const uint64_t unfit = hand_in(&w, entry, true);
    assert_int_equal(world_answer_of(&w, 0, unfit)->code, 75);
    assert_string_equal(world_answer_of(&w, 0, unfit)->error, w.unfit);
    world_pack(&w);
    assert_int_equal(w.parcel_count, 0);
    w.unfit = NULL;
    const uint64_t id = hand_in(&w, entry, true);
    world_pack(&w);
    assert_int_equal(w.parcel_count, 1);
    assert_true(w.parcel[0].bytes.len > RG_DEFINITION_MAX);
    world_block(&w);
    world_follow(&w, 0);
    assert_int_equal(rg_follow_ballots(w.node[0].follow), 1);
    rg_submit_on_status(w.node[0].submit, 1);
    assert_int_equal(world_answer_of(&w, 0, id)->submitted.last_height, 1);
    rg_sign_destroy(&key);
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

static void test_ballots_have_a_limit(void **state)
{
    static struct world w;
    struct rg_arena arena;
    struct said s = right;
    uint64_t id[RG_SUBMIT_BALLOTS_MAX + 1];
    world_open(&w, 4, strict_yaml);
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    for (uint32_t i = 0; i <= RG_SUBMIT_BALLOTS_MAX; i++) {
        s.set.count = (uint16_t)(1 + i % 2);
        s.set.principal[0] = (uint16_t)(i / 2 % 4);
        s.set.principal[1] = (uint16_t)((i / 2 + 1) % 4);
        s.set.principal[2] = 3;
        s.set.count = (uint16_t)(i == RG_SUBMIT_BALLOTS_MAX ? 3 : s.set.count);
        id[i] = hand_in(&w, ballot_of(&w, &arena, &s), true);
    }
    assert_int_equal(world_answer_of(&w, 0, id[RG_SUBMIT_BALLOTS_MAX])->code, 75);
    for (uint32_t i = 0; i <= RG_SUBMIT_BALLOTS_MAX; i++) {
        world_pack(&w);
    }
    assert_int_equal(w.parcel_count, RG_SUBMIT_BALLOTS_MAX);
    world_block(&w);
    rg_submit_on_status(w.node[0].submit, 1);
    for (uint32_t i = 0; i < RG_SUBMIT_BALLOTS_MAX; i++) {
        assert_int_equal(world_answer_of(&w, 0, id[i])->submitted.last_height, 1);
    }
    rg_arena_fini(&arena);
    world_close(&w);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_bad_requests_leave_nothing_behind),
        cmocka_unit_test(test_one_member_cannot_fill_the_node),
        cmocka_unit_test(test_a_ballot_must_be_the_agencys_own),
        cmocka_unit_test(test_a_ballot_goes_alone_and_first),
        cmocka_unit_test(test_a_definition_travels),
        cmocka_unit_test(test_ballots_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
