/* From a member's request to the feeds of all readers: batching, keys, parking, crashes. */
#include "agency_world.h"
#include "base/bytes.h"
#include "base/panic.h"
#include "crypto/rand.h"
#include "ledger/verdict.h"
#include "proto/peer_codec.h"
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
                                "steps: any\n"
                                "fields: any\n"
                                "rules: []\n";
static const char two_yaml[] = "process: open\n"
                               "version: 1\n"
                               "clock: ledger\n"
                               "readers: [BAMF, LDS-SN]\n"
                               "steps: any\n"
                               "fields: any\n"
                               "rules: []\n";

static struct world *make(uint32_t nodes, const char *yaml)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    world_open(w, nodes, yaml);
    return w;
}

static void end(struct world *w)
{
    world_close(w);
    free(w);
}

/* Every case of node @a looks the same at node @b. */
static void assert_same_cases(struct world *w, uint32_t a, uint32_t b)
{
    uint64_t case_no = 0;
    uint64_t cases = 0;
    static char one[65536];
    static char two[65536];
    struct rg_feed_counts counts;
    while (rg_feed_next_case(w->node[a].feed, case_no, &case_no) == RG_OK) {
        struct rg_feed_case c;
        assert_int_equal(rg_feed_get_case(w->node[a].feed, case_no, &c), RG_OK);
        world_case_text(w, a, &c.pseudonym, one, sizeof one);
        world_case_text(w, b, &c.pseudonym, two, sizeof two);
        assert_string_equal(one, two);
        assert_true(one[0] != '\0');
        cases++;
    }
    rg_feed_counts(w->node[b].feed, &counts);
    assert_int_equal(counts.cases, cases);
    assert_int_equal(rg_feed_tip(w->node[a].feed), rg_feed_tip(w->node[b].feed));
}

static void test_every_reader_sees_the_same(void **state)
{
    struct world *w = make(3, open_yaml);
    const struct world_event first[] = {
        {"A-1", "eingang", 5}, {"A-2", "eingang", 6}, {"A-1", "anhoerung", 7}};
    const uint64_t id = world_submit(w, 0, 1, 1, first, 3);
    world_run(w);
    const struct world_answer *a = world_answer_of(w, 0, id);
    assert_non_null(a);
    assert_int_equal(a->code, 0);
    assert_int_equal(a->submitted.events, 3);
    assert_int_equal(a->submitted.known, 0);
    assert_int_equal(a->submitted.cases_opened, 2);
    assert_int_equal(a->submitted.first_height, 1);
    const struct rg_id pseudonym = world_pseudonym(w, 0, "A-1");
    assert_memory_equal(a->submitted.pseudonym.b, pseudonym.b, RG_ID_BYTES);
    /* Another agency takes the case over by its pseudonym and writes into it under its own number.
     */
    struct rg_arena arena;
    assert_int_equal(rg_arena_init(&arena, 1u << 20), RG_OK);
    struct rg_request r = {.id = 77, .first = 1, .wait = true, .has_link = true, .link = pseudonym};
    const struct world_event second[] = {{"SN/9", "bescheid", 9}};
    world_request(second, 1, &arena, &r);
    world_sign(&w->genesis, w->member_key[1], w->nodes + 1, &r);
    const struct rg_submit_client client = {
        .route = {1}, .route_len = 1, .request = 77, .principal = w->nodes + 1};
    assert_int_equal(rg_submit_take(w->node[1].submit, &client, &r, w->time_ms), RG_OK);
    world_run(w);
    assert_int_equal(world_answer_of(w, 1, 77)->code, 0);
    assert_int_equal(world_answer_of(w, 1, 77)->submitted.cases_opened, 0);
    char text[512];
    world_case_text(w, 2, &pseudonym, text, sizeof text);
    assert_non_null(strstr(text, "0:eingang@1"));
    assert_non_null(strstr(text, "1:anhoerung@1"));
    assert_non_null(strstr(text, "2:bescheid@2"));
    assert_same_cases(w, 0, 1);
    assert_same_cases(w, 0, 2);
    /* A second link of the same number to another case is refused. */
    r.id = 78;
    r.first = 2;
    r.link = world_pseudonym(w, 0, "A-2");
    world_sign(&w->genesis, w->member_key[1], w->nodes + 1, &r);
    const struct rg_submit_client again = {
        .route = {1}, .route_len = 1, .request = 78, .principal = w->nodes + 1};
    assert_int_equal(rg_submit_take(w->node[1].submit, &again, &r, w->time_ms), RG_OK);
    assert_int_equal(world_answer_of(w, 1, 78)->code, 65);
    /* Nor while another event for the number waits, which will open a case under it. */
    const struct world_event third[] = {{"SN/10", "bescheid", 9}};
    (void)world_submit(w, 1, 9, 1, third, 1);
    world_request(third, 1, &arena, &r);
    r.id = 79;
    world_sign(&w->genesis, w->member_key[1], w->nodes + 1, &r);
    const struct rg_submit_client contest = {
        .route = {1}, .route_len = 1, .request = 79, .principal = w->nodes + 1};
    assert_int_equal(rg_submit_take(w->node[1].submit, &contest, &r, w->time_ms), RG_OK);
    assert_int_equal(world_answer_of(w, 1, 79)->code, 75);
    world_run(w);
    rg_arena_fini(&arena);
    assert_int_equal(w->node[0].alarms + w->node[1].alarms + w->node[2].alarms, 0);
    assert_int_equal(rg_keys_unacknowledged(w->node[0].keys), 0);
    end(w);
    (void)state;
}

static void test_numbers_are_taken_once(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e[] = {{"A", "a", 1}, {"A", "b", 2}, {"B", "c", 3}, {"B", "d", 4}};
    const uint64_t one = world_submit(w, 0, 1, 1, e, 2);
    /* The same again while it is under way: known, answered when final. */
    const uint64_t two = world_submit(w, 0, 1, 1, e, 2);
    assert_null(world_answer_of(w, 0, two));
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, one)->submitted.events, 2);
    assert_int_equal(world_answer_of(w, 0, two)->code, 0);
    assert_int_equal(world_answer_of(w, 0, two)->submitted.known, 2);
    assert_int_equal(world_answer_of(w, 0, two)->submitted.events, 0);
    /* An overlap adds only what is new. */
    const uint64_t three = world_submit(w, 0, 1, 1, e, 4);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, three)->submitted.known, 2);
    assert_int_equal(world_answer_of(w, 0, three)->submitted.events, 2);
    /* After a restart too. */
    world_node_close(w, 0);
    world_node_open(w, 0);
    const uint64_t four = world_submit(w, 0, 1, 1, e, 4);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, four)->submitted.known, 4);
    assert_int_equal(rg_feed_tip(w->node[1].feed), 4);
    end(w);
    (void)state;
}

static void test_large_requests_are_split_and_small_ones_joined(void **state)
{
    struct world *w = make(2, open_yaml);
    static struct world_event many[3000];
    static char files[3000][16];
    for (uint32_t i = 0; i < 3000; i++) {
        (void)snprintf(files[i], sizeof files[i], "F-%u", i / 6);
        many[i] = (struct world_event){files[i], "schritt", (int64_t)i};
    }
    const uint64_t big = world_submit(w, 0, 1, 1, many, 3000);
    world_pack(w);
    assert_int_equal(w->parcel_count, 1);
    assert_true(w->parcel[0].bytes.len <= RG_SUBMISSION_MAX);
    assert_true(w->parcel[0].bytes.len > RG_SUBMISSION_MAX / 10 * 8); /* well filled */
    for (int i = 0; i < 20; i++) {
        world_pack(w);
    }
    assert_in_range(w->parcel_count, 3, RG_SUBMIT_FLIGHTS_MAX);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, big)->submitted.events, 3000);
    assert_int_equal(world_answer_of(w, 0, big)->submitted.cases_opened, 500);
    assert_same_cases(w, 0, 1);
    /* What comes in while two are under way goes into one submission. */
    const uint64_t before = w->height;
    for (uint8_t i = 0; i < 40; i++) {
        const struct world_event e = {"F-1", "nachtrag", i};
        (void)world_submit(w, 0, (uint8_t)(10 + i), 1, &e, 1);
        world_pack(w);
    }
    assert_int_equal(w->parcel_count, 2);
    world_run(w);
    assert_true(w->height - before <= 3);
    assert_same_cases(w, 0, 1);
    end(w);
    (void)state;
}

static void test_a_full_mempool_is_tried_again(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e = {"A", "a", 1};
    w->node[0].refuse = true;
    const uint64_t id = world_submit(w, 0, 1, 1, &e, 1);
    world_pack(w);
    assert_int_equal(w->parcel_count, 0);
    assert_true(rg_submit_deadline(w->node[0].submit) < UINT64_MAX);
    w->node[0].refuse = false;
    world_pack(w);
    assert_int_equal(w->parcel_count, 0); /* not before its time */
    w->mono_ms += RG_SUBMIT_RETRY_MS;
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, id)->code, 0);
    assert_same_cases(w, 0, 1);
    end(w);
    (void)state;
}

static void test_a_rejected_submission_is_told_and_changes_nothing(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e[] = {{"A", "a", 1}, {"A", "b", 2}};
    w->verdict = RG_VERDICT_NOT_VALID_NOW;
    const uint64_t lost = world_submit(w, 0, 1, 1, e, 1);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, lost)->code, 1);
    assert_non_null(strstr(world_answer_of(w, 0, lost)->error, "membership"));
    assert_int_equal(rg_feed_tip(w->node[0].feed), 0);
    w->verdict = RG_VERDICT_ACCEPTED;
    /* The same numbers may come again, and the case goes on. */
    const uint64_t found = world_submit(w, 0, 1, 1, e, 2);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, found)->submitted.events, 2);
    assert_int_equal(rg_feed_tip(w->node[0].feed), 2);
    assert_same_cases(w, 0, 1);
    assert_int_equal(w->node[1].alarms, 0);
    end(w);
    (void)state;
}

/* A leader may put an expired submission into a block, and what follows it: their numbers are not
 * used up, the same entries come again. Nothing is spent meanwhile, nor lost in a crash. */
static void test_an_expired_submission_comes_again(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e[] = {{"A", "a", 1}, {"A", "b", 2}, {"B", "c", 3}};
    static const uint8_t verdicts[] = {RG_VERDICT_EXPIRED, RG_VERDICT_FUTURE_SEQUENCE};
    const uint64_t id = world_submit(w, 0, 1, 1, e, 3);
    world_pack(w);
    assert_int_equal(w->parcel_count, 1);
    for (size_t i = 0; i < 2; i++) {
        w->height++;
        w->time_ms += 1000;
        const struct world_block_of b = {.height = w->height,
                                         .time_ms = w->time_ms,
                                         .parcels = w->parcel,
                                         .count = 1,
                                         .verdict = verdicts[i]};
        world_append(w->chain, &w->genesis, &b);
        world_follow(w, 0);
        world_follow(w, 1);
    }
    assert_null(world_answer_of(w, 0, id));
    assert_int_equal(rg_pending_count(w->node[0].pending), 1);
    world_node_close(w, 0);
    world_node_open(w, 0);
    world_run(w);
    assert_int_equal(rg_feed_tip(w->node[0].feed), 3);
    assert_same_cases(w, 0, 1);
    const uint64_t again = world_submit(w, 0, 1, 1, e, 3);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, again)->submitted.known, 3);
    assert_int_equal(w->node[0].alarms + w->node[1].alarms, 0);
    end(w);
    (void)state;
}

/* The entries of the oldest parcel once more, signed by node @by and ahead of it. */
static void copy_ahead(struct world *w, uint32_t by)
{
    struct rg_arena arena;
    struct rg_submission s;
    static uint8_t room[RG_SUBMISSION_MAX];
    struct rg_writer out = rg_bytes_writer(room, sizeof room);
    struct world_parcel copy = {.from = by, .sequence = 1};
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    assert_int_equal(rg_ledger_codec_decode_submission(&arena, w->parcel[0].bytes, &s), RG_OK);
    for (uint32_t i = 0; i < s.entry_count; i++) {
        rg_bytes_put_sized(&out, s.entries[i].bytes);
    }
    world_submission(&w->genesis, w->node_key[by], by, (struct rg_bytes){room, out.len},
                     s.entry_count, &copy);
    memmove(w->parcel + 1, w->parcel, w->parcel_count * sizeof w->parcel[0]);
    w->parcel[0] = copy;
    w->parcel_count++;
    rg_arena_fini(&arena);
}

/* Entries are seen before they are on the ledger: another agency copies them, commitment and tags
 * and all, and comes first. Neither with the key at hand nor without does that open the case or
 * take an entry's place. */
static void test_a_copied_entry_takes_nobodys_place(void **state)
{
    const struct world_event e[] = {{"A", "a", 1}, {"A", "b", 2}, {"B", "c", 3}};
    for (int late = 0; late < 2; late++) {
        struct world *w = make(3, open_yaml);
        struct rg_feed_counts counts;
        w->lose_letters = late != 0;
        (void)world_submit(w, 0, 1, 1, e, 3);
        world_pack(w);
        world_deliver(w);
        assert_int_equal(w->parcel_count, 1);
        copy_ahead(w, 1);
        world_run(w);
        w->lose_letters = false;
        world_pass(w, 5000);
        for (uint32_t i = 0; i < 3; i++) {
            rg_feed_counts(w->node[i].feed, &counts);
            assert_int_equal(counts.tip, 3);
            assert_int_equal(counts.cases, 2);
        }
        assert_same_cases(w, 0, 1);
        assert_same_cases(w, 0, 2);
        assert_true(w->node[2].alarms > 0);
        end(w);
    }
    (void)state;
}

static void record_many(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char file[16];
        (void)snprintf(file, sizeof file, "K-%u", i % 7);
        const struct world_event e = {file, i % 2 == 0 ? "hin" : "her", (int64_t)i};
        (void)world_submit(w, 0, 9, i + 1, &e, 1);
        world_run(w);
    }
}

static void test_late_keys_give_the_same_order(void **state)
{
    struct world *w = make(3, open_yaml);
    w->lose_letters = true; /* nobody gets a key */
    record_many(w, 30);
    struct rg_feed_counts counts;
    rg_feed_counts(w->node[1].feed, &counts);
    assert_int_equal(counts.tip, 0);
    assert_int_equal(counts.parked, 30);
    assert_int_equal(rg_keys_unacknowledged(w->node[0].keys), 14);
    /* Now they come: resent by the opener, asked for by the others. */
    w->lose_letters = false;
    world_pass(w, 5000);
    rg_feed_counts(w->node[1].feed, &counts);
    assert_int_equal(counts.parked, 0);
    assert_same_cases(w, 0, 1);
    assert_same_cases(w, 0, 2);
    assert_int_equal(rg_keys_unacknowledged(w->node[0].keys), 0);
    record_many(w, 3); /* numbers 1 to 3 are known: nothing new */
    assert_int_equal(rg_feed_tip(w->node[1].feed), 30);
    assert_int_equal(w->node[1].alarms + w->node[2].alarms, 0);
    end(w);
    (void)state;
}

static void test_a_reader_pulls_from_another_reader(void **state)
{
    struct world *w = make(3, open_yaml);
    world_node_close(w, 2);
    record_many(w, 12);
    world_node_close(w, 0); /* the opener is gone for good */
    world_node_open(w, 2);
    world_follow(w, 2);
    struct rg_feed_counts counts;
    rg_feed_counts(w->node[2].feed, &counts);
    assert_int_equal(counts.parked, 12);
    world_pass(w, 8000);
    assert_same_cases(w, 1, 2);
    end(w);
    (void)state;
}

static void test_no_key_for_who_is_no_reader(void **state)
{
    struct world *w = make(3, two_yaml);
    record_many(w, 5);
    struct rg_feed_counts counts;
    rg_feed_counts(w->node[2].feed, &counts);
    assert_int_equal(counts.tip, 0);
    assert_int_equal(counts.parked, 0);
    assert_int_equal(counts.unreadable, 5);
    uint64_t case_no = 0;
    assert_int_equal(rg_feed_next_case(w->node[2].feed, 0, &case_no), RG_ERR_NOT_FOUND);
    assert_same_cases(w, 0, 1);
    /* It asks all the same: nobody answers. */
    const struct rg_id pseudonym = world_pseudonym(w, 0, "K-1");
    struct rg_vault_case *c = NULL;
    struct rg_hash commitment;
    assert_int_equal(rg_vault_case_find_pseudonym(w->node[0].vault, &pseudonym, &case_no), RG_OK);
    assert_int_equal(rg_vault_case_load(w->node[0].vault, case_no, &c), RG_OK);
    rg_casebook_commitment(&w->genesis.ledger_id, c->opener, c->key, &commitment);
    struct rg_arena arena;
    struct rg_bytes pull;
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    const struct rg_peer_message m = {
        .kind = RG_PEER_KEY_PULL, .number = 1, .key_count = 1, .commitments = &commitment};
    assert_int_equal(rg_peer_codec_encode(&arena, &w->genesis.ledger_id, &m, &pull), RG_OK);
    assert_int_equal(w->letter_count, 0);
    assert_int_equal(rg_keys_on_message(w->node[0].keys, 2, pull), RG_OK);
    assert_int_equal(w->letter_count, 0);
    assert_int_equal(rg_keys_refused(w->node[0].keys), 1);
    assert_int_equal(rg_keys_on_message(w->node[0].keys, 1, pull), RG_OK); /* a reader gets it */
    assert_int_equal(w->letter_count, 1);
    rg_arena_fini(&arena);
    end(w);
    (void)state;
}

static void test_keys_that_do_not_fit_are_not_kept(void **state)
{
    struct world *w = make(3, open_yaml);
    struct rg_arena arena;
    struct rg_bytes bytes;
    bool fed = false;
    assert_int_equal(rg_arena_init(&arena, 65536), RG_OK);
    for (int fault = 0; fault < 4; fault++) {
        struct rg_peer_case_key k = {.readers = 7, .opener = 0};
        k.key[0] = 1;
        rg_casebook_commitment(&w->genesis.ledger_id, k.opener, k.key, &k.commitment);
        k.pseudonym.b[0] = 1;
        if (fault == 0) {
            k.commitment.b[3] ^= 1;
        } else if (fault == 1) {
            k.readers = 3; /* not us */
        } else if (fault == 2) {
            k.readers = 6; /* not its opener */
        } else {
            k.opener = 3;
        }
        const struct rg_peer_message m = {
            .kind = RG_PEER_KEYS, .number = 1, .key_count = 1, .keys = &k};
        rg_arena_reset(&arena);
        assert_int_equal(rg_peer_codec_encode(&arena, &w->genesis.ledger_id, &m, &bytes), RG_OK);
        assert_int_equal(rg_keys_on_message(w->node[2].keys, 1, bytes), RG_OK);
        assert_int_equal(rg_keys_flush(w->node[2].keys, &fed), RG_OK);
        assert_int_equal(w->letter_count, 0); /* no acknowledgement */
        uint64_t case_no = 0;
        assert_int_equal(rg_vault_case_find_commitment(w->node[2].vault, &k.commitment, &case_no),
                         RG_ERR_NOT_FOUND);
    }
    assert_int_equal(rg_keys_refused(w->node[2].keys), 4);
    rg_arena_fini(&arena);
    end(w);
    (void)state;
}

static void test_nothing_is_lost_in_a_crash(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e[] = {
        {"A", "eins", 1}, {"A", "zwei", 2}, {"B", "drei", 3}, {"A", "vier", 4}};
    /* Taken, not in a block yet: the case comes back from the journal. */
    (void)world_submit(w, 0, 1, 1, e, 2);
    world_pack(w);
    assert_int_equal(w->parcel_count, 1);
    world_node_close(w, 0);
    world_node_open(w, 0);
    const struct rg_id a = world_pseudonym(w, 0, "A");
    /* More for the same case before the first block: its counters go on. */
    (void)world_submit(w, 0, 1, 3, e + 2, 2);
    world_pack(w);
    assert_int_equal(w->parcel_count, 2);
    /* In a block, not followed. */
    world_block(w);
    world_node_close(w, 0);
    world_node_open(w, 0);
    world_run(w);
    assert_int_equal(rg_feed_tip(w->node[0].feed), 4);
    char text[512];
    world_case_text(w, 0, &a, text, sizeof text);
    assert_non_null(strstr(text, "0:eins@1"));
    assert_non_null(strstr(text, "2:vier@1"));
    /* Followed: the journal's records are old news. */
    world_node_close(w, 0);
    world_node_open(w, 0);
    assert_int_equal(rg_pending_count(w->node[0].pending), 0);
    world_pass(w, 4000);
    assert_same_cases(w, 0, 1);
    world_node_close(w, 1);
    world_node_open(w, 1);
    const uint64_t id = world_submit(w, 0, 1, 5, e, 1);
    world_run(w);
    assert_int_equal(world_answer_of(w, 0, id)->code, 0);
    assert_same_cases(w, 0, 1);
    assert_int_equal(w->node[0].alarms + w->node[1].alarms, 0);
    end(w);
    (void)state;
}

static void test_an_abandoned_transaction_changes_nothing(void **state)
{
    struct world *w = make(2, open_yaml);
    record_many(w, 10);
    const uint64_t tip = rg_feed_tip(w->node[1].feed);
    w->lose_letters = true;
    const struct world_event e = {"Z", "neu", 1};
    (void)world_submit(w, 0, 2, 1, &e, 1);
    world_pack(w);
    world_block(w);
    /* Die in the middle of following: begun, never committed. */
    assert_int_equal(rg_vault_begin_write(w->node[1].vault), RG_OK);
    struct rg_vault_meta *meta = rg_vault_get_meta(w->node[1].vault);
    meta->height++;
    const struct rg_vault_feed f = {.case_no = 1};
    uint64_t no = 0;
    assert_int_equal(rg_vault_list_feed(w->node[1].vault, &f, &no), RG_OK);
    world_node_close(w, 1);
    world_node_open(w, 1);
    assert_int_equal(rg_feed_tip(w->node[1].feed), tip);
    w->lose_letters = false;
    world_run(w);
    world_pass(w, 5000);
    assert_same_cases(w, 0, 1);
    end(w);
    (void)state;
}

static void test_nothing_readable_rests_in_the_vault(void **state)
{
    struct world *w = make(2, open_yaml);
    const struct world_event e[] = {{"AKTENZEICHEN-4711", "anhoerung_durchgefuehrt", 1},
                                    {"AKTENZEICHEN-4712", "anhoerung_durchgefuehrt", 2}};
    w->lose_letters = true;
    (void)world_submit(w, 0, 1, 1, e, 2);
    world_run(w);
    w->lose_letters = false;
    world_pass(w, 4000);
    assert_same_cases(w, 0, 1);
    char chain[256];
    (void)snprintf(chain, sizeof chain, "%s/chain", w->dir);
    for (uint32_t i = 0; i < 2; i++) {
        assert_false(world_files_hold(w->node[i].dir, "AKTENZEICHEN"));
        assert_false(world_files_hold(w->node[i].dir, "anhoerung"));
    }
    assert_false(world_files_hold(chain, "AKTENZEICHEN"));
    assert_false(world_files_hold(chain, "anhoerung"));
    for (size_t r = 0; r < w->node[0].record_count; r++) {
        const struct rg_bytes b = w->node[0].record[r].private_bytes;
        assert_null(memmem(b.data, b.len, "AKTENZEICHEN", 12));
    }
    /* The scan itself can find something. */
    assert_true(world_files_hold(w->node[0].dir, "feed"));
    end(w);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reader_sees_the_same),
        cmocka_unit_test(test_numbers_are_taken_once),
        cmocka_unit_test(test_large_requests_are_split_and_small_ones_joined),
        cmocka_unit_test(test_a_full_mempool_is_tried_again),
        cmocka_unit_test(test_a_rejected_submission_is_told_and_changes_nothing),
        cmocka_unit_test(test_an_expired_submission_comes_again),
        cmocka_unit_test(test_a_copied_entry_takes_nobodys_place),
        cmocka_unit_test(test_late_keys_give_the_same_order),
        cmocka_unit_test(test_a_reader_pulls_from_another_reader),
        cmocka_unit_test(test_no_key_for_who_is_no_reader),
        cmocka_unit_test(test_keys_that_do_not_fit_are_not_kept),
        cmocka_unit_test(test_nothing_is_lost_in_a_crash),
        cmocka_unit_test(test_an_abandoned_transaction_changes_nothing),
        cmocka_unit_test(test_nothing_readable_rests_in_the_vault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
