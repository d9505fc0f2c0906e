/* ledger/: process definitions as motions: what carries one, from which height it is in force, what
 * replaces what, the state's bytes, and the bytes of such motions, good and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/state.h"
#include "proto/ledger_codec.h"

#define AGENCIES 4u

static struct rg_genesis *g;
static struct rg_governance *v;

static void world(void)
{
    memset(g, 0, sizeof *g);
    g->ledger_id = (struct rg_hash){{7}};
    g->agency_count = AGENCIES;
    g->principal_count = AGENCIES;
    g->authority_count = AGENCIES;
    for (uint32_t i = 0; i < AGENCIES; i++) {
        g->agency[i].admin_key.b[0] = (uint8_t)(i + 1);
        g->principal[i] = (struct rg_principal){.agency = i, .roles = RG_ROLE_NODE};
        g->principal[i].sign_key.b[0] = (uint8_t)(i + 1);
        g->authority[i] = i;
    }
    rg_governance_init(v, g);
}

/* What is moved: id and hash are its version. */
static struct rg_ballot publication(uint32_t version, uint64_t from)
{
    return (struct rg_ballot){
        .id = {{(uint8_t)version}},
        .approve = true,
        .moves = true,
        .motion = {.expires_ms = 9000,
                   .definition = {.hash = {{(uint8_t)version}}, .version = version, .from = from}},
        .text = rg_bytes_str("text")};
}

static enum rg_verdict word(const struct rg_ballot *b, uint32_t agency, bool moves, uint64_t height)
{
    struct rg_ballot mine = *b;
    mine.agency = agency;
    mine.moves = moves;
    return rg_governance_ballot(v, g, &mine, &(struct rg_ballot_place){height, 3, 5000});
}

/* Carried by the block at @height, moved in the one before. */
static void carry(uint32_t version, uint64_t from, uint64_t height)
{
    const struct rg_ballot b = publication(version, from);
    assert_int_equal(word(&b, 0, true, height - 1), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&b, 1, false, height), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&b, 2, false, height), RG_VERDICT_ACCEPTED);
}

static void is_published(uint32_t place, uint32_t version, uint64_t height, uint64_t from)
{
    assert_true(v->published_count > place);
    assert_int_equal(v->published[place].version, version);
    assert_int_equal(v->published[place].hash.b[0], version);
    assert_int_equal(v->published[place].height, height);
    assert_int_equal(v->published[place].submission, 3);
    assert_int_equal(v->published[place].from, from);
}

static void carried(void **state)
{
    (void)state;
    world();
    assert_false(rg_governance_has_definitions(v));
    assert_int_equal(rg_governance_published_at(v, 1000), 0);
    const struct rg_ballot b = publication(2, 0);
    assert_int_equal(word(&b, 0, true, 10), RG_VERDICT_ACCEPTED);
    assert_true(rg_governance_has_definitions(v));
    assert_int_equal(word(&b, 1, false, 11), RG_VERDICT_ACCEPTED);
    assert_int_equal(v->published_count, 0);
    assert_int_equal(word(&b, 2, false, 14), RG_VERDICT_ACCEPTED);
    assert_int_equal(v->motion_count, 0);
    assert_int_equal(v->next.count, 0); /* no epoch ends by it */
    is_published(0, 2, 10, 15);         /* its text stands where it was moved */
    assert_int_equal(rg_governance_published_at(v, 14), 0);
    assert_int_equal(rg_governance_published_at(v, 15), 1);
    /* The same version again, and an older one. */
    assert_int_equal(word(&b, 0, true, 16), RG_VERDICT_OLD_VERSION);
    const struct rg_ballot old = publication(1, 0);
    assert_int_equal(word(&old, 0, true, 16), RG_VERDICT_OLD_VERSION);
    /* A height that is named, and one that has passed by the time it is carried. */
    carry(3, 40, 20);
    is_published(1, 3, 19, 40);
    carry(4, 45, 50);
    is_published(2, 4, 49, 51);
    assert_int_equal(rg_governance_published_at(v, 39), 1);
    assert_int_equal(rg_governance_published_at(v, 40), 2);
    assert_int_equal(rg_governance_published_at(v, 50), 2);
    assert_int_equal(rg_governance_published_at(v, UINT64_MAX), 3);
}

static void voted_down(void **state)
{
    (void)state;
    world();
    struct rg_ballot b = publication(2, 0);
    assert_int_equal(word(&b, 0, true, 10), RG_VERDICT_ACCEPTED);
    b.approve = false;
    assert_int_equal(word(&b, 1, false, 10), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&b, 2, false, 10), RG_VERDICT_ACCEPTED);
    assert_int_equal(v->motion_count, 0);
    assert_int_equal(v->published_count, 0);
    assert_false(rg_governance_has_definitions(v));
    carry(2, 0, 12); /* what was voted down may be moved again */
    is_published(0, 2, 11, 13);
}

/* A version that waits for its height gives way to a newer one; the newer one closes the motions
 * for versions that came too late. */
static void replaced(void **state)
{
    (void)state;
    world();
    carry(2, 0, 10);
    carry(3, UINT64_MAX, 20);
    is_published(1, 3, 19, UINT64_MAX);
    const struct rg_ballot four = publication(4, 0);
    const struct rg_ballot six = publication(6, 0);
    assert_int_equal(word(&four, 0, true, 21), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&six, 0, true, 21), RG_VERDICT_ACCEPTED);
    carry(5, 30, 25);
    assert_int_equal(v->published_count, 2);
    is_published(1, 5, 24, 30);
    assert_int_equal(v->motion_count, 1);
    assert_int_equal(word(&four, 1, false, 26), RG_VERDICT_NO_MOTION);
    assert_int_equal(word(&six, 1, false, 26), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&six, 3, false, 29), RG_VERDICT_ACCEPTED);
    /* Both from 30 on: the newer one counts. */
    assert_int_equal(v->published_count, 2);
    is_published(1, 6, 21, 30);
}

static void full(void **state)
{
    static uint8_t bytes[RG_GOVERNANCE_BYTES_MAX];
    struct rg_governance *back = malloc(sizeof *back);
    (void)state;
    assert_non_null(back);
    world();
    for (uint32_t i = 0; i + 1 < RG_DEFINITIONS_MAX; i++) {
        carry(2 + i, 0, 10 + 2 * i);
    }
    assert_int_equal(v->published_count, RG_DEFINITIONS_MAX - 1);
    const struct rg_ballot last = publication(200, 0);
    const struct rg_ballot over = publication(201, 0);
    assert_int_equal(word(&last, 0, true, 1000), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&over, 0, true, 1000), RG_VERDICT_LEDGER_FULL);
    assert_int_equal(word(&last, 1, false, 1000), RG_VERDICT_ACCEPTED);
    assert_int_equal(word(&last, 2, false, 1000), RG_VERDICT_ACCEPTED);
    assert_int_equal(v->published_count, RG_DEFINITIONS_MAX);
    assert_int_equal(word(&over, 0, true, 1001), RG_VERDICT_LEDGER_FULL);
    const size_t len = rg_governance_encode(v, bytes);
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, back), RG_OK);
    assert_memory_equal(v, back, sizeof *v);
    free(back);
}

/* The governance's bytes: the old form without definitions, a tail with them, nothing between. */
static void governance_bytes(void **state)
{
    static uint8_t bytes[RG_GOVERNANCE_BYTES_MAX];
    struct rg_governance *back = calloc(1, sizeof *back);
    (void)state;
    assert_non_null(back);
    world();
    const size_t plain = rg_governance_encode(v, bytes);
    assert_int_equal(plain, 8 + 2 + 2 + 2 * AGENCIES + 2 + 8 + 8 + 4); /* as it always was */
    const struct rg_ballot moved = publication(9, 77);
    carry(2, 0, 10);
    carry(3, 99, 20);
    assert_int_equal(word(&moved, 1, true, 30), RG_VERDICT_ACCEPTED);
    const size_t len = rg_governance_encode(v, bytes);
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, back), RG_OK);
    assert_memory_equal(v, back, sizeof *v);
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, cut}, back), RG_ERR_CORRUPT);
    }
    /* Records: hash 32, version 4, submission 4, height 8, from 8; low byte first. */
    const size_t record = RG_GOVERNANCE_PUBLISHED_BYTES;
    const size_t tail = len - 4 - 3 * record;
#define BROKEN(at, byte)                                                                           \
    do {                                                                                           \
        const uint8_t was = bytes[at];                                                             \
        bytes[at] = (byte);                                                                        \
        assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, back),                \
                         RG_ERR_CORRUPT);                                                          \
        bytes[at] = was;                                                                           \
    } while (0)
    BROKEN(tail, 1); /* fewer than follow */
    BROKEN(tail + 3, 1);
    BROKEN(tail + 4 + record + 32, 2);     /* the second version is the first again */
    BROKEN(tail + 4 + 32, 0);              /* no version */
    BROKEN(tail + 4 + record + 48, 11);    /* in force no later than the one before */
    BROKEN(tail + 4 + 48, 9);              /* in force before its text is there */
    BROKEN(tail + 4 + 2 * record + 40, 0); /* a motion that stands nowhere */
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, len}, back), RG_OK);
    /* A tail that says nothing. */
    world();
    const size_t empty = rg_governance_encode(v, bytes);
    memset(bytes + empty, 0, 4);
    assert_int_equal(rg_governance_decode((struct rg_bytes){bytes, empty + 4}, back),
                     RG_ERR_CORRUPT);
    free(back);
}

/* The state tells its form by its format number. */
static void state_bytes(void **state)
{
    static uint8_t bytes[RG_STATE_BYTES_MAX];
    struct rg_state *s = calloc(1, sizeof *s);
    struct rg_state *back = calloc(1, sizeof *back);
    (void)state;
    assert_non_null(s);
    assert_non_null(back);
    world();
    rg_state_init(s, g);
    size_t len = rg_state_encode(s, bytes);
    assert_int_equal(bytes[0], 2);
    bytes[0] = 3;
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len}, back), RG_ERR_CORRUPT);
    carry(2, 0, 10);
    s->governance = *v;
    len = rg_state_encode(s, bytes);
    assert_int_equal(bytes[0], 3);
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len}, back), RG_OK);
    assert_int_equal(back->governance.published[0].version, 2);
    bytes[0] = 2;
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len}, back), RG_ERR_CORRUPT);
    bytes[0] = 4;
    assert_int_equal(rg_state_decode((struct rg_bytes){bytes, len}, back), RG_ERR_CORRUPT);
    free(s);
    free(back);
}

static bool by_first_byte(void *ctx, const struct rg_pubkey *key, const struct rg_hash *digest,
                          const struct rg_sig *sig)
{
    (void)ctx;
    (void)digest;
    return sig->b[0] == key->b[0];
}

/* Encode, decode and judge an entry that moves @text. */
static enum rg_verdict travels(struct rg_arena *arena, struct rg_bytes text, rg_err *out_err,
                               struct rg_entry *out)
{
    struct rg_ballot b = {.agency = 1, .approve = true, .moves = true, .text = text};
    struct rg_bytes motion = {0};
    struct rg_bytes entry = {0};
    b.motion = (struct rg_motion){.expires_ms = 9, .definition = {.version = 5, .from = 12}};
    b.signature.b[0] = 2;
    *out_err =
        rg_ledger_codec_encode_publication(arena, &g->ledger_id, &b, &(struct rg_id){{1}}, &motion);
    if (*out_err != RG_OK) {
        return RG_VERDICT_BAD_ENTRY;
    }
    assert_int_equal(rg_ledger_codec_encode_ballot(arena, &b, motion, &entry), RG_OK);
    *out = (struct rg_entry){0};
    assert_int_equal(rg_ledger_codec_decode_entry(arena, &g->ledger_id, entry, out), RG_OK);
    assert_true(rg_hash_eq(&out->ballot->id, &b.id));
    assert_memory_equal(&out->ballot->motion, &b.motion, sizeof b.motion);
    return rg_submission_check_ballot(out, g, by_first_byte, NULL);
}

static void texts_travel(void **state)
{
    static uint8_t large[RG_DEFINITION_MAX + 1];
    struct rg_arena arena;
    struct rg_entry e;
    struct rg_hash hash;
    rg_err err = RG_OK;
    (void)state;
    world();
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    assert_int_equal(travels(&arena, rg_bytes_str("process: p"), &err, &e), RG_VERDICT_ACCEPTED);
    rg_ledger_codec_definition_hash(&g->ledger_id, rg_bytes_str("process: p"), &hash);
    assert_true(rg_hash_eq(&hash, &e.ballot->motion.definition.hash));
    assert_true(rg_bytes_eq(e.ballot->text, rg_bytes_str("process: p")));
    /* The largest one is an entry; one byte more is not. */
    struct rg_bytes text = {large, RG_DEFINITION_MAX};
    assert_int_equal(travels(&arena, text, &err, &e), RG_VERDICT_ACCEPTED);
    assert_true(e.bytes.len > RG_DEFINITION_MAX && e.bytes.len <= RG_BALLOT_MAX);
    e.ballot->text.len = 0; /* only the text makes an entry longer than others */
    assert_int_equal(rg_submission_check_ballot(&e, g, by_first_byte, NULL), RG_VERDICT_BAD_ENTRY);
    text.len++;
    (void)travels(&arena, text, &err, &e);
    assert_int_equal(err, RG_ERR_INVALID);
    text.len = 0;
    (void)travels(&arena, text, &err, &e);
    assert_int_equal(err, RG_ERR_INVALID);
    rg_arena_fini(&arena);
}

/* A Motion by hand, field for field. */
struct hand {
    uint8_t format;
    uint8_t authorities; /* so many */
    size_t text;
    uint8_t version;
    uint8_t from;
};

static size_t put_number(uint8_t *out, uint8_t field, uint8_t value)
{
    if (value == 0) {
        return 0;
    }
    out[0] = (uint8_t)(field << 3);
    out[1] = value;
    return 2;
}

static size_t put_text(uint8_t *out, size_t len)
{
    size_t n = 0;
    if (len == 0) {
        return 0;
    }
    out[n++] = 5 << 3 | 2;
    for (size_t left = len; left > 0; left >>= 7) {
        out[n++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
    }
    memset(out + n, 'x', len);
    return n + len;
}

static size_t by_hand(const struct hand *h, uint8_t *out)
{
    size_t n = put_number(out, 1, h->format);
    n += put_number(out + n, 2, 9);
    out[n++] = 3 << 3 | 2;
    out[n++] = RG_ID_BYTES;
    memset(out + n, 5, RG_ID_BYTES);
    n += RG_ID_BYTES;
    if (h->authorities > 0) {
        out[n++] = 4 << 3 | 2;
        out[n++] = h->authorities;
        memset(out + n, 0, h->authorities);
        n += h->authorities;
    }
    n += put_text(out + n, h->text);
    n += put_number(out + n, 6, h->version);
    return n + put_number(out + n, 7, h->from);
}

static void hostile_motions(void **state)
{
    static uint8_t bytes[RG_BALLOT_MAX];
    static const struct {
        struct hand hand;
        rg_err want;
    } all[] = {
        {{1, 1, 0, 0, 0}, RG_OK},
        {{2, 0, 1, 1, 0}, RG_OK},
        {{2, 0, 200, 7, 9}, RG_OK},
        {{2, 0, RG_DEFINITION_MAX, 1, 0}, RG_OK},
        {{2, 0, RG_DEFINITION_MAX + 1, 1, 0}, RG_ERR_INVALID},
        {{2, 1, 1, 1, 0}, RG_ERR_INVALID}, /* a set as well */
        {{2, 0, 0, 1, 0}, RG_ERR_INVALID},
        {{2, 0, 1, 0, 0}, RG_ERR_INVALID},
        {{2, 1, 0, 0, 0}, RG_ERR_INVALID},
        {{1, 1, 1, 0, 0}, RG_ERR_INVALID}, /* what the other form has */
        {{1, 1, 0, 1, 0}, RG_ERR_INVALID},
        {{1, 1, 0, 0, 1}, RG_ERR_INVALID},
        {{1, 0, 1, 1, 0}, RG_ERR_INVALID},
        {{0, 0, 1, 1, 0}, RG_ERR_INVALID},
        {{3, 0, 1, 1, 0}, RG_ERR_INVALID},
    };
    struct rg_arena arena;
    (void)state;
    world();
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct rg_ballot b = {.agency = 1, .approve = true};
        struct rg_bytes entry = {0};
        struct rg_entry e = {0};
        const struct rg_bytes motion = {bytes, by_hand(&all[i].hand, bytes)};
        rg_arena_reset(&arena);
        rg_hash_one(RG_DOMAIN_MOTION, &g->ledger_id, motion, &b.id);
        assert_int_equal(rg_ledger_codec_encode_ballot(&arena, &b, motion, &entry), RG_OK);
        const rg_err err = rg_ledger_codec_decode_entry(&arena, &g->ledger_id, entry, &e);
        if (err != all[i].want) {
            print_error("motion %zu: %d\n", i, (int)err);
        }
        assert_int_equal(err, all[i].want);
        if (err == RG_OK) {
            assert_int_equal(e.ballot->text.len, all[i].hand.text);
            assert_int_equal(e.ballot->motion.definition.version, all[i].hand.version);
            assert_int_equal(e.ballot->motion.definition.from, all[i].hand.from);
        }
    }
    rg_arena_fini(&arena);
}

/* A whole submission of them, as many as fit, needs no more memory than its arena has. */
static void many_texts(void **state)
{
    static uint8_t text[RG_DEFINITION_MAX];
    struct rg_arena arena;
    struct rg_arena small;
    struct rg_bytes motion = {0};
    struct rg_bytes entries[3] = {{0}};
    struct rg_bytes head = {0};
    struct rg_bytes bytes = {0};
    struct rg_hash digest;
    struct rg_submission s = {.ledger = {{7}}, .sequence = 1, .expires_ms = 9, .entry_count = 3};
    (void)state;
    world();
    assert_int_equal(rg_arena_init(&arena, RG_LEDGER_CODEC_BLOCK_ARENA), RG_OK);
    assert_int_equal(rg_arena_init(&small, RG_LEDGER_CODEC_SUBMISSION_ARENA), RG_OK);
    for (uint32_t i = 0; i < 3; i++) {
        struct rg_ballot b = {.approve = true, .text = {text, sizeof text}};
        b.motion.definition.version = i + 1;
        assert_int_equal(rg_ledger_codec_encode_publication(&arena, &g->ledger_id, &b,
                                                            &(struct rg_id){{1}}, &motion),
                         RG_OK);
        assert_int_equal(rg_ledger_codec_encode_ballot(&arena, &b, motion, &entries[i]), RG_OK);
    }
    rg_submission_root(entries, 3, &s.entries_root);
    assert_int_equal(rg_ledger_codec_encode_head(&arena, &s, &head, &digest), RG_OK);
    assert_int_equal(
        rg_ledger_codec_encode_submission(&arena, head, &(struct rg_sig){{0}}, entries, 3, &bytes),
        RG_OK);
    assert_int_equal(rg_ledger_codec_decode_submission(&small, bytes, &s), RG_OK);
    /* ... but such an entry stands alone. */
    assert_int_equal(rg_submission_check(&s, g, by_first_byte, NULL), RG_VERDICT_BAD_ENTRY);
    rg_arena_fini(&arena);
    rg_arena_fini(&small);
}

static int make(void **state)
{
    (void)state;
    g = calloc(1, sizeof *g);
    v = calloc(1, sizeof *v);
    return g == NULL || v == NULL;
}

static int unmake(void **state)
{
    (void)state;
    free(g);
    free(v);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carried),          cmocka_unit_test(voted_down),
        cmocka_unit_test(replaced),         cmocka_unit_test(full),
        cmocka_unit_test(governance_bytes), cmocka_unit_test(state_bytes),
        cmocka_unit_test(texts_travel),     cmocka_unit_test(hostile_motions),
        cmocka_unit_test(many_texts),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
