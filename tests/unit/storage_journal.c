/* The journal on real files: replay, torn tails at every byte, damage, turns cut at every step,
 * kills. */
#include "storage/journal.h"
#include "storage/journal_image.h"
#include "tests/unit/storage_tmp.h"
#include <signal.h>
#include <sys/wait.h>

#define SIZE RG_JOURNAL_SIZE_MIN

/* What a replay told: a text of "type:first byte*length" words. */
struct told {
    char text[65536];
    size_t len;
    uint64_t records;
};

static struct told told;

static rg_err tell(void *ctx, uint8_t type, struct rg_bytes payload)
{
    struct told *t = ctx;
    const int n = snprintf(t->text + t->len, sizeof t->text - t->len, "%u:%u*%zu ", (unsigned)type,
                           payload.len > 0 ? (unsigned)payload.data[0] : 0u, payload.len);
    assert_true(n > 0 && (size_t)n < sizeof t->text - t->len);
    for (size_t i = 1; i < payload.len; i++) {
        assert_int_equal(payload.data[i], (uint8_t)(payload.data[0] + i));
    }
    t->len += (size_t)n;
    t->records++;
    return RG_OK;
}

static rg_err open_told(const char *dir, struct rg_journal_info *info, struct rg_journal **j)
{
    memset(&told, 0, sizeof told);
    *info = (struct rg_journal_info){0};
    return rg_journal_open(dir, SIZE, tell, &told, info, j);
}

/* Append a record of @len bytes that count up from @first. */
static rg_err add(struct rg_journal *j, uint8_t type, uint8_t first, size_t len)
{
    uint8_t data[SIZE];
    assert_true(len <= sizeof data);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(first + i);
    }
    /* In two parts, to see them joined. */
    const struct rg_bytes parts[2] = {{data, len / 3}, {data + len / 3, len - len / 3}};
    return rg_journal_append(j, type, parts, 2);
}

/* End the process's use of a journal as a kill would: no seal. */
static void drop(struct rg_journal **j, const char *dir)
{
    size_t len[2];
    uint8_t *data[2];
    char path[2][160];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path[i], sizeof path[i], "%s/journal.%c", dir, 'a' + i);
        data[i] = tmp_read(path[i], &len[i]);
    }
    rg_journal_close(j);
    for (int i = 0; i < 2; i++) {
        tmp_write(path[i], data[i], len[i]);
        free(data[i]);
    }
}

static void test_replay(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_true(info.created);
    assert_false(info.torn);
    assert_int_equal(info.generation, 1);
    assert_int_equal(rg_journal_capacity(j), SIZE);
    assert_int_equal(add(j, 1, 10, 0), RG_OK);
    assert_int_equal(add(j, 2, 20, 1), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    assert_int_equal(add(j, RG_JOURNAL_TYPE_MAX, 30, 1000), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    rg_journal_close(&j);
    assert_null(j);
    rg_journal_close(&j);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_false(info.created || info.torn || info.turn_cut);
    assert_int_equal(info.records, 3);
    assert_string_equal(told.text, "1:0*0 2:20*1 239:30*1000 ");
    /* It goes on where it ended. */
    assert_int_equal(add(j, 5, 50, 16), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    rg_journal_close(&j);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_string_equal(told.text, "1:0*0 2:20*1 239:30*1000 5:50*16 ");
    int leaking = 0;
    assert_int_equal(tmp_count_fds(t.path, &leaking), 2);
    assert_int_equal(leaking, 0);
    rg_journal_close(&j);
    tmp_remove(&t);
}

static void test_bounds(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    assert_int_equal(rg_journal_open(dir, 15, tell, &told, &info, &j), RG_ERR_INVALID);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(add(j, 0, 0, 1), RG_ERR_INVALID);
    assert_int_equal(add(j, RG_JOURNAL_TYPE_MAX + 1, 0, 1), RG_ERR_INVALID);
    const struct rg_bytes huge = {(const uint8_t *)"", RG_JOURNAL_RECORD_MAX + 1};
    assert_int_equal(rg_journal_append(j, 1, &huge, 1), RG_ERR_INVALID);
    assert_int_equal(add(j, 1, 0, SIZE - 1), RG_ERR_FULL); /* fits into no file */
    assert_int_equal(rg_journal_turn_end(j), RG_ERR_USAGE);
    assert_int_equal(rg_journal_turn_abort(j), RG_OK);
    unsigned n = 0;
    while (rg_journal_fits(j, 500)) {
        assert_int_equal(add(j, 1, (uint8_t)n, 500), RG_OK);
        n++;
    }
    assert_true(n > 20);
    const uint64_t used = rg_journal_used(j);
    assert_int_equal(add(j, 1, 0, 500), RG_ERR_FULL);
    assert_int_equal(rg_journal_used(j), used);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    rg_journal_close(&j);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(told.records, n);
    /* The longest record passes through the buffer of a journal that has room for it. */
    rg_journal_close(&j);
    const char *big_dir = tmp_path(&t, "big");
    assert_int_equal(rg_journal_open(big_dir, 8u << 20, tell, &told, &info, &j), RG_OK);
    uint8_t *data = calloc(1, RG_JOURNAL_RECORD_MAX);
    const struct rg_bytes whole = {data, RG_JOURNAL_RECORD_MAX};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rg_journal_append(j, 1, &whole, 1), RG_OK);
    }
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, big_dir);
    assert_int_equal(rg_journal_scan(big_dir, NULL, NULL, &info), RG_OK);
    assert_int_equal(info.records, 4);
    free(data);
    tmp_remove(&t);
}

/* Cut and garble the last record at every byte: what was before is replayed, the tear is told. */
static void test_torn_at_every_byte(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    size_t len = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(add(j, 1, 1, 100), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    const size_t from = (size_t)rg_journal_used(j);
    assert_int_equal(add(j, 2, 2, 100), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    const size_t to = (size_t)rg_journal_used(j);
    drop(&j, dir);
    uint8_t *image = tmp_read(a, &len);
    for (size_t cut = from; cut < to; cut++) {
        uint8_t *torn = malloc(len);
        memcpy(torn, image, len);
        memset(torn + cut, 0, to - cut);
        const bool differs = memcmp(torn, image, len) != 0;
        tmp_write(a, torn, len);
        free(torn);
        assert_int_equal(open_told(dir, &info, &j), RG_OK);
        assert_string_equal(told.text, differs ? "1:1*100 " : "1:1*100 2:2*100 ");
        if (cut >= from + 28 && differs) {
            assert_true(info.torn); /* the header stands but for the generation's zeros */
            assert_int_equal(info.bad_offset, from);
        }
        /* The journal goes on over the tear, and nothing of it comes back. */
        assert_int_equal(add(j, 3, 3, 20), RG_OK);
        assert_int_equal(rg_journal_sync(j), RG_OK);
        drop(&j, dir);
        assert_int_equal(open_told(dir, &info, &j), RG_OK);
        assert_false(info.torn);
        assert_string_equal(told.text, differs ? "1:1*100 3:3*20 " : "1:1*100 2:2*100 3:3*20 ");
        rg_journal_close(&j);
    }
    free(image);
    tmp_remove(&t);
}

/* Every bit of a journal's used bytes, flipped: an early record is damage, one of the last sync is
 * a tear, and never does a changed record replay. */
static void test_every_bit(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    size_t len = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(add(j, 1, 1, 30), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    assert_int_equal(add(j, 2, 2, 30), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    const size_t last = (size_t)rg_journal_used(j);
    assert_int_equal(add(j, 3, 3, 30), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    const size_t used = (size_t)rg_journal_used(j);
    drop(&j, dir);
    uint8_t *image = tmp_read(a, &len);
    unsigned corrupt = 0;
    unsigned torn = 0;
    for (size_t bit = 0; bit < used * 8; bit++) {
        const uint8_t flipped = (uint8_t)(image[bit / 8] ^ (1u << (bit % 8)));
        tmp_patch(a, &flipped, 1, bit / 8);
        memset(&info, 0, sizeof info);
        const rg_err e = rg_journal_scan(dir, NULL, NULL, &info);
        if (bit / 8 < last) {
            assert_int_equal(e, RG_ERR_CORRUPT);
            assert_int_equal(info.file, 'a');
            assert_true(info.bad_offset <= bit / 8);
            corrupt++;
        } else {
            assert_int_equal(e, RG_OK);
            assert_true(info.torn);
            assert_int_equal(info.bad_offset, last);
            assert_int_equal(info.records, 2);
            torn++;
        }
        tmp_patch(a, &image[bit / 8], 1, bit / 8);
    }
    print_message("flipped bits: %u damage, %u torn\n", corrupt, torn);
    /* A flip that is damage stops an opening too, and is told with its place. */
    const uint8_t wrong = (uint8_t)(image[last - 20] ^ 1u);
    tmp_patch(a, &wrong, 1, last - 20);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    assert_int_equal(told.records, 0);
    assert_null(j);
    assert_true(info.bad_offset > 0 && info.bad_offset < last);
    tmp_patch(a, &image[last - 20], 1, last - 20);
    /* A clean end seals the last record: now it is told from a tear as well. */
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    rg_journal_close(&j);
    const uint8_t later = (uint8_t)(image[last + 40] ^ 1u);
    tmp_patch(a, &later, 1, last + 40);
    assert_int_equal(rg_journal_scan(dir, NULL, NULL, &info), RG_ERR_CORRUPT);
    assert_int_equal(info.bad_offset, last);
    free(image);
    tmp_remove(&t);
}

/* One sync of three records of which the disk kept the third but not the second: a torn tail, as
 * the sync never returned; and the third must not come back when the second is written anew. */
static void test_hole_in_one_sync(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(add(j, 1, 1, 64), RG_OK);
    const size_t second = (size_t)rg_journal_used(j);
    assert_int_equal(add(j, 2, 2, 64), RG_OK);
    assert_int_equal(add(j, 3, 3, 64), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, dir);
    static const uint8_t zeros[64 + 48];
    tmp_patch(a, zeros, sizeof zeros, second);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_true(info.torn);
    assert_string_equal(told.text, "1:1*64 ");
    drop(&j, dir);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_false(info.torn);
    assert_int_equal(add(j, 4, 4, 64), RG_OK); /* exactly as long as the lost one */
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, dir);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_string_equal(told.text, "1:1*64 4:4*64 ");
    rg_journal_close(&j);
    tmp_remove(&t);
}

static void test_turns(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    char expected[64];
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    for (uint8_t turn = 1; turn <= 20; turn++) {
        assert_int_equal(add(j, 1, turn, 3000), RG_OK); /* dies with the turn */
        assert_int_equal(rg_journal_turn_begin(j), RG_OK);
        assert_int_equal(rg_journal_turn_begin(j), RG_ERR_USAGE);
        assert_int_equal(rg_journal_sync(j), RG_ERR_USAGE);
        assert_int_equal(add(j, 2, turn, 40), RG_OK);
        if (turn % 3 == 0) {
            assert_int_equal(rg_journal_turn_abort(j), RG_OK);
            assert_int_equal(rg_journal_turn_begin(j), RG_OK);
            assert_int_equal(add(j, 2, turn, 40), RG_OK);
        }
        assert_int_equal(rg_journal_turn_end(j), RG_OK);
        assert_int_equal(add(j, 3, turn, 50), RG_OK);
        assert_int_equal(rg_journal_sync(j), RG_OK);
        drop(&j, dir);
        assert_int_equal(open_told(dir, &info, &j), RG_OK);
        assert_int_equal(info.generation, turn + 1);
        assert_int_equal(info.file, turn % 2 == 1 ? 'b' : 'a');
        assert_false(info.torn || info.turn_cut);
        (void)snprintf(expected, sizeof expected, "2:%u*40 3:%u*50 ", (unsigned)turn,
                       (unsigned)turn);
        assert_string_equal(told.text, expected);
    }
    /* What is live and does not fit leaves the old file in force. */
    assert_int_equal(rg_journal_turn_begin(j), RG_OK);
    while (add(j, 4, 0, 1000) == RG_OK) {
    }
    assert_int_equal(rg_journal_turn_abort(j), RG_OK);
    assert_int_equal(add(j, 5, 5, 5), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, dir);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_string_equal(told.text, "2:20*40 3:20*50 5:5*5 ");
    rg_journal_close(&j);
    tmp_remove(&t);
}

/* Every prefix of a turn's writes, and holes in it: the old file or the whole new one, nothing
 * between; and after each such crash the journal goes on and turns again. */
static void test_turn_cut_at_every_byte(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    const char *b = tmp_path(&t, "j/journal.b");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    size_t len = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    /* Generations 1 and 2, so that generation 3 is written over old records in `a`. */
    assert_int_equal(add(j, 9, 9, 200), RG_OK);
    assert_int_equal(rg_journal_turn_begin(j), RG_OK);
    assert_int_equal(add(j, 1, 1, 40), RG_OK);
    assert_int_equal(rg_journal_turn_end(j), RG_OK);
    assert_int_equal(add(j, 2, 2, 40), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    uint8_t *a_old = tmp_read(a, &len);
    uint8_t *b_old = tmp_read(b, &len);
    assert_int_equal(rg_journal_turn_begin(j), RG_OK);
    assert_int_equal(add(j, 1, 101, 40), RG_OK);
    assert_int_equal(add(j, 2, 102, 40), RG_OK);
    assert_int_equal(rg_journal_turn_end(j), RG_OK);
    const size_t used = (size_t)rg_journal_used(j);
    drop(&j, dir);
    uint8_t *a_new = tmp_read(a, &len);
    for (size_t step = 0; step <= 2 * used; step += 7) {
        /* Prefixes first, then the end without the start, as a disk may reorder. */
        uint8_t *mix = malloc(len);
        memcpy(mix, step <= used ? a_old : a_new, len);
        const size_t cut = step <= used ? step : step - used;
        memcpy(mix, step <= used ? a_new : a_old, cut);
        const bool whole = memcmp(mix, a_new, used) == 0;
        tmp_write(a, mix, len);
        tmp_write(b, b_old, len);
        free(mix);
        assert_int_equal(open_told(dir, &info, &j), RG_OK);
        assert_string_equal(told.text, whole ? "1:101*40 2:102*40 " : "1:1*40 2:2*40 ");
        assert_int_equal(info.generation, whole ? 3 : 2);
        assert_int_equal(rg_journal_turn_begin(j), RG_OK);
        assert_int_equal(add(j, 7, 7, 24), RG_OK);
        assert_int_equal(rg_journal_turn_end(j), RG_OK);
        drop(&j, dir);
        assert_int_equal(open_told(dir, &info, &j), RG_OK);
        assert_string_equal(told.text, "7:7*24 ");
        assert_false(info.torn || info.turn_cut);
        rg_journal_close(&j);
    }
    free(a_old);
    free(b_old);
    free(a_new);
    tmp_remove(&t);
}

/* A checkpoint that counted (a later sync proves it) must not fall back when it is damaged. */
static void test_no_fall_back(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *b = tmp_path(&t, "j/journal.b");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    size_t len = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(rg_journal_turn_begin(j), RG_OK);
    assert_int_equal(add(j, 1, 1, 40), RG_OK);
    assert_int_equal(rg_journal_turn_end(j), RG_OK);
    const size_t checkpoint = (size_t)rg_journal_used(j);
    assert_int_equal(add(j, 2, 2, 40), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, dir);
    uint8_t *image = tmp_read(b, &len);
    for (size_t at = 0; at < checkpoint; at++) {
        const uint8_t wrong = (uint8_t)(image[at] ^ 0x10u);
        tmp_patch(b, &wrong, 1, at);
        assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
        assert_int_equal(info.file, 'b');
        assert_null(j);
        tmp_patch(b, &image[at], 1, at);
    }
    free(image);
    tmp_remove(&t);
}

static void test_missing_and_short_files(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    const char *b = tmp_path(&t, "j/journal.b");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    size_t len = 0;
    assert_int_equal(rg_journal_scan(dir, NULL, NULL, &info), RG_ERR_NOT_FOUND);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    rg_journal_close(&j);
    uint8_t *a_data = tmp_read(a, &len);
    uint8_t *b_data = tmp_read(b, &len);
    assert_int_equal(unlink(b), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    assert_int_equal(info.file, 'b');
    /* Only an empty `b`: a creation that was cut; made anew. */
    tmp_write(b, b_data, len);
    assert_int_equal(unlink(a), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_true(info.created);
    assert_int_equal(rg_journal_turn_begin(j), RG_OK);
    assert_int_equal(rg_journal_turn_end(j), RG_OK);
    rg_journal_close(&j);
    /* `a` gone while `b` holds something: a loss. */
    assert_int_equal(unlink(a), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    assert_int_equal(info.file, 'a');
    /* A file of another journal. */
    tmp_write(a, a_data, len);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    /* Cut short. */
    assert_int_equal(truncate(b, SIZE / 2), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    assert_int_equal(truncate(b, 0), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_CORRUPT);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_DENIED);
    free(a_data);
    free(b_data);
    tmp_remove(&t);
}

/* A newer format is refused as such, and a record of another place or generation is none. */
static void test_formats(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    const char *a = tmp_path(&t, "j/journal.a");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    uint8_t begin[256] = {0};
    uint8_t payload[RG_JOURNAL_IMAGE_BEGIN_PAYLOAD] = {RG_JOURNAL_IMAGE_FORMAT + 1};
    const struct rg_bytes part = {payload, sizeof payload};
    const struct rg_journal_head h = {
        .generation = 1, .len = sizeof payload, .type = RG_JOURNAL_IMAGE_BEGIN};
    size_t len = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    const size_t first = (size_t)rg_journal_used(j);
    assert_int_equal(add(j, 1, 1, 64), RG_OK);
    assert_int_equal(add(j, 2, 2, 64), RG_OK);
    assert_int_equal(rg_journal_sync(j), RG_OK);
    drop(&j, dir);
    uint8_t *image = tmp_read(a, &len);
    /* The first record again in the place of the second. */
    tmp_patch(a, image + first, 112, first + 112);
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_true(info.torn);
    assert_string_equal(told.text, "1:1*64 ");
    rg_journal_close(&j);
    rg_journal_image_encode(NULL, &h, &part, 1, begin);
    tmp_patch(a, begin, (size_t)rg_journal_cost(sizeof payload), 0);
    assert_int_equal(open_told(dir, &info, &j), RG_ERR_VERSION);
    assert_null(j);
    free(image);
    tmp_remove(&t);
}

static rg_err refuse(void *ctx, uint8_t type, struct rg_bytes payload)
{
    (void)ctx;
    (void)payload;
    return type == 2 ? RG_ERR_NOMEM : RG_OK;
}

static void test_replay_refused(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    int leaking = 0;
    assert_int_equal(open_told(dir, &info, &j), RG_OK);
    assert_int_equal(add(j, 2, 2, 2), RG_OK);
    rg_journal_close(&j);
    assert_int_equal(rg_journal_open(dir, SIZE, refuse, NULL, &info, &j), RG_ERR_NOMEM);
    assert_null(j);
    assert_int_equal(tmp_count_fds(t.path, &leaking), 0);
    tmp_remove(&t);
}

static rg_err ignore(void *ctx, uint8_t type, struct rg_bytes payload)
{
    (void)ctx;
    (void)type;
    (void)payload;
    return RG_OK;
}

/* The child writes numbered records, syncs, turns now and then, and reports each synced number. */
static _Noreturn void write_until_killed(const char *dir, int report, uint32_t next)
{
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    if (rg_journal_open(dir, SIZE, ignore, NULL, &info, &j) != RG_OK) {
        _exit(1);
    }
    for (;; next++) {
        uint8_t data[300] = {0};
        memcpy(data, &next, sizeof next);
        const struct rg_bytes part = {data, sizeof next + next % 256};
        rg_err e = rg_journal_append(j, 1, &part, 1);
        if (e == RG_ERR_FULL) {
            e = rg_journal_turn_begin(j);
            e = e == RG_OK ? rg_journal_append(j, 1, &part, 1) : e;
            e = e == RG_OK ? rg_journal_turn_end(j) : e;
        } else if (e == RG_OK) {
            e = rg_journal_sync(j);
        }
        if (e != RG_OK || write(report, &next, sizeof next) != sizeof next) {
            _exit(2);
        }
    }
}

static rg_err note_last(void *ctx, const struct rg_journal_record *record)
{
    uint32_t number = 0;
    assert_true(record->payload.len >= sizeof number);
    memcpy(&number, record->payload.data, sizeof number);
    uint32_t *last = ctx;
    assert_true(*last == 0 || number == *last + 1);
    *last = number;
    return RG_OK;
}

static void test_kills(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "j");
    struct rg_journal_info info;
    struct rg_journal *j = NULL;
    uint32_t reached = 0;
    assert_int_equal(rg_journal_open(dir, SIZE, ignore, NULL, &info, &j), RG_OK);
    rg_journal_close(&j);
    for (unsigned round = 0; round < 40; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(pipes[0]);
            write_until_killed(dir, pipes[1], reached + 1);
        }
        (void)close(pipes[1]);
        uint32_t synced = reached;
        uint32_t number = 0;
        /* In three rounds of four two records are there before the time begins, however slow the
         * machine is; in the fourth the kill may come while the journal is opened. */
        for (unsigned i = 0; i < 2 && round % 4 != 0; i++) {
            assert_int_equal(read(pipes[0], &number, sizeof number), sizeof number);
            synced = number;
        }
        (void)usleep(2000 + round * 700);
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(pipes[0], &number, sizeof number) == sizeof number) {
            synced = number;
        }
        (void)close(pipes[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        uint32_t last = 0;
        assert_int_equal(rg_journal_scan(dir, note_last, &last, &info), RG_OK);
        assert_true(last >= synced);
        reached = last;
    }
    print_message("40 kills, %u records\n", (unsigned)reached);
    assert_true(reached > 40);
    tmp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_torn_at_every_byte),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_hole_in_one_sync),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_turn_cut_at_every_byte),
        cmocka_unit_test(test_no_fall_back),
        cmocka_unit_test(test_missing_and_short_files),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_replay_refused),
        cmocka_unit_test(test_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
