/* The chain: groups, views, walks, times, damage named by height, kills in the middle of appends.
 */
#include "base/bytes.h"
#include "storage/chain.h"
#include "storage/kv.h"
#include "tests/unit/storage_tmp.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static const struct rg_hash ledger = {{7, 7, 7}};

static struct rg_chain_options options(const char *dir, bool read_only)
{
    return (struct rg_chain_options){
        .dir = dir, .ledger = ledger, .genesis_time_ms = 1000, .read_only = read_only};
}

static struct rg_chain *open_chain(const char *dir, bool read_only)
{
    const struct rg_chain_options o = options(dir, read_only);
    struct rg_chain *c = NULL;
    assert_int_equal(rg_chain_open(&o, &c), RG_OK);
    return c;
}

/* A block whose parts all say their height; every third carries a certificate. */
struct made {
    char bytes[128];
    char cert[64];
    char result[64];
};

static struct rg_chain_block make(uint64_t height, struct made *m)
{
    struct rg_chain_block b = {.height = height, .time_ms = (int64_t)(height * 10)};
    const unsigned long long n = height;
    memset(b.hash.b, (int)(height % 251), sizeof b.hash.b);
    b.hash.b[0] = 0xA5;
    (void)snprintf(m->bytes, sizeof m->bytes, "this is the body of block %llu, whole", n);
    (void)snprintf(m->cert, sizeof m->cert, "certificate standing at %llu, whole", n);
    (void)snprintf(m->result, sizeof m->result, "the results of %llu, whole", n);
    b.bytes = rg_bytes_str(m->bytes);
    b.cert = height % 3 == 0 ? rg_bytes_str(m->cert) : (struct rg_bytes){0};
    b.result = rg_bytes_str(m->result);
    return b;
}

static rg_err append(struct rg_chain *c, uint64_t from, size_t count)
{
    static struct made made[64];
    static struct rg_chain_block blocks[64];
    char state[64];
    assert_true(count <= 64);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = make(from + i, &made[i]);
    }
    (void)snprintf(state, sizeof state, "clear state after %llu",
                   (unsigned long long)(from + count - 1));
    return rg_chain_append(c, blocks, count, rg_bytes_str(state));
}

static bool is_block(const struct rg_chain_block *b, uint64_t height)
{
    struct made m;
    const struct rg_chain_block e = make(height, &m);
    return b->height == height && b->time_ms == e.time_ms && rg_hash_eq(&b->hash, &e.hash) &&
           rg_bytes_eq(b->bytes, e.bytes) && rg_bytes_eq(b->cert, e.cert) &&
           rg_bytes_eq(b->result, e.result);
}

static void test_empty(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    struct rg_chain *c = NULL;
    struct rg_chain_view *v = NULL;
    struct rg_chain_tip tip = {.height = 9};
    struct rg_chain_block block;
    struct rg_chain_fault fault = {0};
    struct rg_bytes bytes = {0};
    uint64_t n = 9;
    struct rg_chain_options o = options(dir, true);
    assert_int_equal(rg_chain_open(&o, &c), RG_ERR_NOT_FOUND);
    c = open_chain(dir, false);
    assert_int_equal(rg_chain_tip(c, &tip), RG_OK);
    assert_int_equal(tip.height, 0);
    assert_int_equal(tip.time_ms, 1000);
    assert_true(rg_hash_eq(&tip.hash, &ledger));
    assert_int_equal(rg_chain_view_open(c, &v), RG_OK);
    assert_int_equal(rg_chain_view_block(v, 0, &block), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_chain_view_block(v, 1, &block), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_chain_view_state(v, &n, &bytes), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_chain_view_cert_from(v, 0, &n, &bytes), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_chain_view_height_after(v, 0, &n), RG_ERR_NOT_FOUND);
    assert_int_equal(rg_chain_view_count(v, &n), RG_OK);
    assert_int_equal(n, 0);
    assert_false(rg_chain_view_fault(v, &fault));
    rg_chain_view_close(&v);
    rg_chain_view_close(&v);
    assert_int_equal(rg_chain_check(c, NULL, NULL, &fault), RG_OK);
    assert_int_equal(rg_chain_append(c, &block, 0, bytes), RG_ERR_INVALID);
    rg_chain_close(&c);
    rg_chain_close(&c);
    o.ledger.b[0] ^= 1;
    assert_int_equal(rg_chain_open(&o, &c), RG_ERR_INVALID);
    o.read_only = false;
    assert_int_equal(rg_chain_open(&o, &c), RG_ERR_INVALID);
    assert_null(c);
    tmp_remove(&t);
}

struct seen {
    uint64_t next;
    uint64_t stop_at;
    bool wrong;
};

static rg_err see(void *ctx, const struct rg_chain_block *b)
{
    struct seen *s = ctx;
    if (s->next == s->stop_at || !is_block(b, s->next)) {
        s->wrong = s->next != s->stop_at;
        return RG_ERR_SIGNATURE;
    }
    s->next++;
    return RG_OK;
}

static void test_append_and_read(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    struct rg_chain *c = open_chain(dir, false);
    struct rg_chain_view *v = NULL;
    struct rg_chain_view *early = NULL;
    struct rg_chain_tip tip = {0};
    struct rg_chain_block block;
    struct rg_chain_fault fault = {0};
    struct rg_bytes bytes = {0};
    uint64_t n = 0;
    assert_int_equal(append(c, 2, 3), RG_ERR_INVALID);
    assert_int_equal(append(c, 1, 5), RG_OK);
    assert_int_equal(append(c, 5, 1), RG_ERR_INVALID);
    assert_int_equal(append(c, 7, 1), RG_ERR_INVALID);
    assert_int_equal(rg_chain_view_open(c, &early), RG_OK);
    assert_int_equal(append(c, 6, 64), RG_OK);
    assert_int_equal(append(c, 70, 31), RG_OK);
    assert_int_equal(rg_chain_view_count(early, &n), RG_OK);
    assert_int_equal(n, 5);
    rg_chain_view_close(&early);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(rg_chain_tip(c, &tip), RG_OK);
        assert_int_equal(tip.height, 100);
        assert_int_equal(tip.time_ms, 1000);
        assert_int_equal(rg_chain_view_open(c, &v), RG_OK);
        for (uint64_t h = 1; h <= 100; h++) {
            assert_int_equal(rg_chain_view_block(v, h, &block), RG_OK);
            assert_true(is_block(&block, h));
            assert_int_equal(rg_chain_view_cert_from(v, h, &n, &bytes),
                             h <= 99 ? RG_OK : RG_ERR_NOT_FOUND);
            assert_true(h > 99 || n == (h + 2) / 3 * 3);
            assert_int_equal(rg_chain_view_height_after(v, (int64_t)(h * 10 - 1), &n), RG_OK);
            assert_int_equal(n, h);
            assert_int_equal(rg_chain_view_height_after(v, (int64_t)(h * 10), &n),
                             h < 100 ? RG_OK : RG_ERR_NOT_FOUND);
            assert_true(h == 100 || n == h + 1);
        }
        assert_int_equal(rg_chain_view_block(v, 101, &block), RG_ERR_NOT_FOUND);
        assert_int_equal(rg_chain_view_head(v, 101, &tip), RG_ERR_NOT_FOUND);
        assert_int_equal(rg_chain_view_head(v, 0, &tip), RG_OK);
        assert_true(rg_hash_eq(&tip.hash, &ledger));
        assert_int_equal(rg_chain_view_state(v, &n, &bytes), RG_OK);
        assert_int_equal(n, 100);
        assert_true(rg_bytes_eq(bytes, rg_bytes_str("clear state after 100")));
        rg_chain_view_close(&v);
        assert_int_equal(rg_chain_height_after(c, -5, &n), RG_OK);
        assert_int_equal(n, 1);
        struct seen s = {.next = 1};
        assert_int_equal(rg_chain_check(c, see, &s, &fault), RG_OK);
        assert_int_equal(s.next, 101);
        s = (struct seen){.next = 1, .stop_at = 40};
        assert_int_equal(rg_chain_check(c, see, &s, &fault), RG_ERR_SIGNATURE);
        rg_chain_close(&c);
        c = open_chain(dir, pass == 0);
        assert_int_equal(append(c, 101, 1), pass == 0 ? RG_ERR_USAGE : RG_OK);
    }
    rg_chain_close(&c);
    tmp_remove(&t);
}

static void test_times_never_go_back(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct rg_chain *c = open_chain(tmp_path(&t, "c"), false);
    struct made m[3];
    struct rg_chain_block b[3] = {make(1, &m[0]), make(2, &m[1]), make(3, &m[2])};
    uint64_t n = 0;
    b[2].time_ms = b[1].time_ms - 1;
    assert_int_equal(rg_chain_append(c, b, 3, b[0].bytes), RG_ERR_INVALID);
    b[2].time_ms = b[1].time_ms; /* equal ones are fine */
    assert_int_equal(rg_chain_append(c, b, 3, b[0].bytes), RG_OK);
    assert_int_equal(rg_chain_height_after(c, 19, &n), RG_OK);
    assert_int_equal(n, 2);
    b[0].height = 4;
    b[0].time_ms = 19;
    assert_int_equal(rg_chain_append(c, b, 1, b[0].bytes), RG_ERR_INVALID);
    rg_chain_close(&c);
    tmp_remove(&t);
}

static void test_walk(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct rg_chain *c = open_chain(tmp_path(&t, "c"), false);
    struct seen s = {.next = 1};
    uint64_t next = 0;
    unsigned calls = 0;
    assert_int_equal(append(c, 1, 60), RG_OK);
    for (uint64_t from = 1; from <= 60; from = next, calls++) {
        assert_int_equal(rg_chain_walk(c, from, 300, see, &s, &next), RG_OK);
        assert_true(next > from);
        assert_int_equal(s.next, next);
    }
    assert_true(calls > 5 && calls < 30);
    s.next = 10;
    assert_int_equal(rg_chain_walk(c, 10, 0, see, &s, &next), RG_OK);
    assert_int_equal(next, 11); /* one in any case */
    assert_int_equal(rg_chain_walk(c, 61, 1000, see, &s, &next), RG_OK);
    assert_int_equal(next, 61);
    s = (struct seen){.next = 5, .stop_at = 7};
    assert_int_equal(rg_chain_walk(c, 5, 100000, see, &s, &next), RG_ERR_SIGNATURE);
    assert_int_equal(next, 61);
    rg_chain_close(&c);
    tmp_remove(&t);
}

/* Flip a bit in each place where @text lies in the file, check, and flip it back. */
static void assert_named(const char *dir, const char *file, const char *text, const char *table,
                         uint64_t height)
{
    size_t len = 0;
    uint8_t *image = tmp_read(file, &len);
    const size_t n = strlen(text);
    unsigned places = 0;
    unsigned caught = 0;
    for (uint8_t *at = memmem(image, len, text, n); at != NULL; places++) {
        const uint8_t wrong = (uint8_t)(at[n / 2] ^ 4u);
        struct rg_chain_fault fault = {0};
        tmp_patch(file, &wrong, 1, (size_t)(at - image) + n / 2);
        struct rg_chain *c = open_chain(dir, true);
        const rg_err e = rg_chain_check(c, NULL, NULL, &fault);
        if (e == RG_ERR_CORRUPT) {
            caught++;
            assert_string_equal(fault.table, table);
            assert_int_equal(fault.height, height);
        } else {
            assert_int_equal(e, RG_OK); /* a page no longer in use */
        }
        rg_chain_close(&c);
        tmp_patch(file, &at[n / 2], 1, (size_t)(at - image) + n / 2);
        at = memmem(at + 1, len - (size_t)(at + 1 - image), text, n);
    }
    assert_true(places >= 1);
    assert_int_equal(caught, 1); /* the live one */
    free(image);
}

static void test_damage_is_named(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    const char *file = tmp_path(&t, "c/data.mdb");
    struct rg_chain *c = open_chain(dir, false);
    for (uint64_t h = 1; h <= 120; h += 24) {
        assert_int_equal(append(c, h, 24), RG_OK);
    }
    rg_chain_close(&c);
    for (uint64_t h = 1; h <= 120; h++) {
        struct made m;
        const struct rg_chain_block b = make(h, &m);
        assert_named(dir, file, m.bytes, "blocks", h);
        if (b.cert.len > 0) {
            assert_named(dir, file, m.cert, "certs", h);
        }
        assert_named(dir, file, m.result, "results", h);
    }
    for (uint64_t h = 1; h <= 120; h++) {
        char hash[33] = {0};
        memset(hash, (int)h, 32);
        hash[0] = (char)0xA5;
        assert_named(dir, file, hash, "heads", h);
    }
    assert_named(dir, file, "clear state after 120", "meta", 120);
    struct rg_chain_options o = options(dir, false);
    assert_int_equal(rg_chain_open(&o, &c), RG_OK);
    rg_chain_close(&c);
    tmp_remove(&t);
}

static const char *const tables[] = {"heads", "blocks", "certs", "results", "meta"};

/* Change the store below a closed chain: remove @key when @value is NULL, else store it. */
static void meddle(const char *dir, uint32_t table, struct rg_bytes key,
                   const struct rg_bytes *value)
{
    const struct rg_kv_options o = {dir, tables, 5, 0, false};
    struct rg_kv *kv = NULL;
    struct rg_kv_txn *txn = NULL;
    assert_int_equal(rg_kv_open(&o, &kv), RG_OK);
    assert_int_equal(rg_kv_begin_write(kv, &txn), RG_OK);
    assert_int_equal(
        value != NULL ? rg_kv_put(txn, table, key, *value) : rg_kv_del(txn, table, key), RG_OK);
    assert_int_equal(rg_kv_commit(&txn), RG_OK);
    rg_kv_close(&kv);
}

/* A record that is missing is damage, with checksums all right: of a block in the middle, of the
 * tip, of the state. */
static void test_gaps(void **state)
{
    (void)state;
    for (uint32_t table = 0; table < 5; table++) {
        for (uint64_t height = 5; height <= 10; height += 5) {
            const struct tmp t = tmp_make();
            const char *dir = tmp_path(&t, "c");
            struct rg_chain *c = open_chain(dir, false);
            struct rg_chain_fault fault = {0};
            uint8_t key[8];
            rg_bytes_u64_be(key, table == 2 ? height / 5 * 3 : height);
            assert_int_equal(append(c, 1, 10), RG_OK);
            rg_chain_close(&c);
            meddle(dir, table,
                   table == 4 ? rg_bytes_str("state") : (struct rg_bytes){key, sizeof key}, NULL);
            c = open_chain(dir, true);
            const rg_err e = rg_chain_check(c, NULL, NULL, &fault);
            rg_chain_close(&c);
            /* Which heights have a certificate only its reader knows. */
            assert_int_equal(e, table == 2 ? RG_OK : RG_ERR_CORRUPT);
            if (e != RG_OK) {
                assert_string_equal(fault.table, tables[table]);
                assert_int_equal(fault.height, table == 4 ? 10 : height);
            }
            const struct rg_chain_options o = options(dir, false);
            const rg_err opened = rg_chain_open(&o, &c);
            /* A writer must not go on above a damaged tip. */
            assert_int_equal(opened,
                             e != RG_OK && (height == 10 || table == 4) ? RG_ERR_CORRUPT : RG_OK);
            rg_chain_close(&c);
            tmp_remove(&t);
        }
    }
}

static void test_formats(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    const uint8_t newer[4] = {RG_CHAIN_FORMAT + 1};
    const struct rg_bytes value = {newer, sizeof newer};
    struct rg_chain *c = open_chain(dir, false);
    struct rg_chain_options o = options(dir, false);
    struct rg_chain_fault fault = {0};
    assert_int_equal(append(c, 1, 10), RG_OK);
    rg_chain_close(&c);
    meddle(dir, 4, rg_bytes_str("format"), &value);
    assert_int_equal(rg_chain_open(&o, &c), RG_ERR_VERSION);
    meddle(dir, 4, rg_bytes_str("format"), NULL);
    assert_int_equal(rg_chain_open(&o, &c), RG_ERR_CORRUPT);
    o.read_only = true;
    assert_int_equal(rg_chain_open(&o, &c), RG_OK);
    assert_int_equal(rg_chain_check(c, NULL, NULL, &fault), RG_ERR_CORRUPT);
    assert_string_equal(fault.table, "meta");
    rg_chain_close(&c);
    tmp_remove(&t);
}

/* Random bits anywhere in the file: a check may crash (LMDB trusts its pages) or fail, but it never
 * tells a wrong block, nor passes with fewer. The child's exit says which. */
static int check_flipped(const char *dir)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rg_chain_options o = options(dir, true);
        struct rg_chain *c = NULL;
        struct rg_chain_fault fault = {0};
        struct seen s = {.next = 1};
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka would take these for a failed test */
        (void)signal(SIGBUS, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        (void)alarm(10);
        (void)fclose(stderr);
        const bool passed =
            rg_chain_open(&o, &c) == RG_OK && rg_chain_check(c, see, &s, &fault) == RG_OK;
        if (s.wrong || (passed && s.next != 121)) {
            _exit(3);
        }
        _exit(passed ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void test_random_flips(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    const char *file = tmp_path(&t, "c/data.mdb");
    struct rg_chain *c = open_chain(dir, false);
    size_t len = 0;
    unsigned counts[4] = {0};
    for (uint64_t h = 1; h <= 120; h += 24) {
        assert_int_equal(append(c, h, 24), RG_OK);
    }
    rg_chain_close(&c);
    uint8_t *image = tmp_read(file, &len);
    uint64_t at = 12345;
    for (unsigned i = 0; i < 1500; i++) {
        at = at * 6364136223846793005u + 1442695040888963407u;
        const size_t place = (size_t)(at >> 20) % len;
        const uint8_t wrong = (uint8_t)(image[place] ^ (1u << (i % 8)));
        tmp_patch(file, &wrong, 1, place);
        counts[check_flipped(dir)]++;
        tmp_patch(file, &image[place], 1, place);
    }
    print_message("flips: %u without effect, %u named, %u crashed the reader, %u silent\n",
                  counts[0], counts[1], counts[2], counts[3]);
    assert_int_equal(counts[3], 0);
    assert_true(counts[1] > 100);
    free(image);
    tmp_remove(&t);
}

static _Noreturn void append_until_killed(const char *dir, int report, uint64_t from)
{
    const struct rg_chain_options o = options(dir, false);
    struct rg_chain *c = NULL;
    if (rg_chain_open(&o, &c) != RG_OK) {
        _exit(1);
    }
    for (uint64_t h = from;; h += 5) {
        const uint64_t done = h + 5;
        if (append(c, h + 1, 5) != RG_OK || write(report, &done, sizeof done) != sizeof done) {
            _exit(2);
        }
    }
}

/* Append until killed; every group that was reported is there after the kill, and all is whole. */
static void test_kills(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    const char *dir = tmp_path(&t, "c");
    struct rg_chain_fault fault = {0};
    uint64_t reached = 0;
    for (unsigned round = 0; round < 15; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            append_until_killed(dir, pipes[1], reached);
        }
        (void)close(pipes[1]);
        struct pollfd first = {.fd = pipes[0], .events = POLLIN};
        if (round % 4 != 0) { /* else at any time, also before the first group */
            assert_int_equal(poll(&first, 1, 30000), 1);
        }
        (void)usleep(4000 + round * 900);
        assert_int_equal(kill(child, SIGKILL), 0);
        uint64_t done = 0;
        uint64_t acked = reached;
        while (read(pipes[0], &done, sizeof done) == sizeof done) {
            acked = done;
        }
        (void)close(pipes[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct rg_chain *c = open_chain(dir, false);
        struct rg_chain_tip tip = {0};
        struct seen s = {.next = 1};
        assert_int_equal(rg_chain_tip(c, &tip), RG_OK);
        assert_true(tip.height >= acked && tip.height % 5 == 0);
        assert_int_equal(rg_chain_check(c, see, &s, &fault), RG_OK);
        assert_int_equal(s.next, tip.height + 1);
        reached = tip.height;
        rg_chain_close(&c);
    }
    print_message("15 kills, %u blocks\n", (unsigned)reached);
    assert_true(reached > 50);
    tmp_remove(&t);
}

struct reading {
    struct rg_chain *chain;
    atomic_bool stop;
    atomic_uint rounds;
};

static void *read_on(void *arg)
{
    struct reading *r = arg;
    while (!atomic_load(&r->stop)) {
        struct rg_chain_view *v = NULL;
        struct rg_chain_tip tip = {0};
        struct rg_chain_block block;
        struct rg_bytes bytes = {0};
        uint64_t height = 0;
        if (rg_chain_view_open(r->chain, &v) != RG_OK || rg_chain_view_tip(v, &tip) != RG_OK ||
            (tip.height > 0 &&
             (rg_chain_view_block(v, tip.height, &block) != RG_OK ||
              rg_chain_view_state(v, &height, &bytes) != RG_OK || height != tip.height))) {
            abort();
        }
        rg_chain_view_close(&v);
        atomic_fetch_add(&r->rounds, 1);
    }
    return NULL;
}

static void test_readers_beside_the_writer(void **state)
{
    (void)state;
    const struct tmp t = tmp_make();
    struct reading r = {.chain = open_chain(tmp_path(&t, "c"), false)};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
    }
    /* On a busy machine the readers may not have had their turn by then. */
    for (uint64_t h = 1; h < 1000 || (atomic_load(&r.rounds) <= 10 && h < 100000); h += 10) {
        assert_int_equal(append(r.chain, h, 10), RG_OK);
    }
    atomic_store(&r.stop, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&r.rounds) > 10);
    assert_int_equal(rg_chain_check_readers(r.chain), RG_OK);
    rg_chain_close(&r.chain);
    tmp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_append_and_read),
        cmocka_unit_test(test_times_never_go_back),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_random_flips),
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_readers_beside_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
