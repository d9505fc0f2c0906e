/* A writer that uses journal and chain as a node does, and the check after a power loss.
 *
 *   crash-power write FOLDER        write until killed; on stdout what is durable: "J n" or "C h",
 * a line each crash-power cut FOLDER          the file system forgets what it has not been told to
 * keep (ext4, root) crash-power check FOLDER J C    all records up to J and all blocks up to C must
 * be there, whole and in order */
#include "crypto/hash.h"
#include "storage/chain.h"
#include "storage/disk.h"
#include "storage/journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define JOURNAL_BYTES (UINT64_C(256) << 10) /* small: it turns */
#define GROUP 5u
#define RECORD_MAX 3000u

struct seen {
    uint64_t first, last;
    bool broken;
};

static void must(rg_err e, const char *what)
{
    if (e != RG_OK) {
        printf("%s: %s\n", what, rg_err_text(e));
        exit(1);
    }
}

static rg_err replay(void *ctx, uint8_t type, struct rg_bytes payload)
{
    struct seen *s = ctx;
    uint64_t n = 0;
    if (type != 1 || payload.len < sizeof n) {
        s->broken = true;
        return RG_OK;
    }
    memcpy(&n, payload.data, sizeof n);
    s->broken = s->broken || (s->last != 0 && n != s->last + 1);
    for (size_t i = sizeof n; i < payload.len; i++) {
        s->broken = s->broken || payload.data[i] != (uint8_t)n;
    }
    s->first = s->first == 0 ? n : s->first;
    s->last = n;
    return RG_OK;
}

static struct rg_journal *open_journal(const char *folder, struct seen *s)
{
    char dir[RG_DISK_PATH_MAX];
    struct rg_journal *j = NULL;
    struct rg_journal_info info;
    must(rg_disk_join(folder, "journal", dir), "path");
    must(rg_journal_open(dir, JOURNAL_BYTES, replay, s, &info, &j), "the journal does not open");
    return j;
}

static struct rg_chain *open_chain(const char *folder, struct rg_chain_tip *tip)
{
    char dir[RG_DISK_PATH_MAX];
    struct rg_chain *c = NULL;
    must(rg_disk_join(folder, "chain", dir), "path");
    const struct rg_chain_options o = {.dir = dir, .ledger = {{1}}, .map_bytes = 1u << 26};
    must(rg_chain_open(&o, &c), "the chain does not open");
    must(rg_chain_tip(c, tip), "the chain has no tip");
    return c;
}

static void append(struct rg_journal *j, uint64_t n)
{
    uint8_t buf[RECORD_MAX];
    const size_t len = sizeof n + (size_t)(n * 37 % (RECORD_MAX - sizeof n));
    memset(buf, (int)(uint8_t)n, len);
    memcpy(buf, &n, sizeof n);
    const struct rg_bytes part = {buf, len};
    rg_err e = rg_journal_append(j, 1, &part, 1);
    if (e == RG_ERR_FULL) {
        must(rg_journal_turn_begin(j), "turn");
        must(rg_journal_append(j, 1, &part, 1), "append in a turn");
        e = rg_journal_turn_end(j);
    }
    must(e, "append");
}

static void say(char what, uint64_t n)
{
    char line[32];
    const int len = snprintf(line, sizeof line, "%c %" PRIu64 "\n", what, n);
    if (write(1, line, (size_t)len) != len) {
        exit(1);
    }
}

static void group(struct rg_chain *c, uint64_t from)
{
    struct rg_chain_block blocks[GROUP];
    static uint8_t body[4096];
    uint8_t state[64];
    memset(body, (int)(uint8_t)from, sizeof body);
    memset(state, (int)(uint8_t)(from + GROUP), sizeof state);
    for (uint64_t i = 0; i < GROUP; i++) {
        blocks[i] = (struct rg_chain_block){.height = from + i,
                                            .time_ms = (int64_t)(from + i),
                                            .bytes = {body, 100 + (from * 13 + i * 701) % 3900},
                                            .result = {body, 3}};
        memcpy(blocks[i].hash.b, &blocks[i].height, sizeof blocks[i].height);
    }
    blocks[GROUP - 1].cert = (struct rg_bytes){body, 200};
    rg_err e = RG_ERR_FULL;
    for (int tries = 0; e == RG_ERR_FULL && tries < 4; tries++) {
        e = rg_chain_append(c, blocks, GROUP, (struct rg_bytes){state, sizeof state});
    }
    must(e, "chain append");
}

static void run_writer(const char *folder)
{
    struct seen s = {0};
    struct rg_chain_tip tip;
    struct rg_journal *j = open_journal(folder, &s);
    struct rg_chain *c = open_chain(folder, &tip);
    uint64_t n = s.last;
    uint64_t h = tip.height;
    for (;;) {
        const uint64_t upto = n + 1 + n % 4;
        while (n < upto) {
            append(j, ++n);
        }
        must(rg_journal_sync(j), "sync");
        say('J', n);
        if (n % 3 == 0) {
            group(c, h + 1);
            h += GROUP;
            say('C', h);
        }
        if (n % 64 == 0) {
            must(rg_journal_seal(j), "seal");
        }
    }
}

static int cut(const char *folder)
{
    uint32_t flags = 2; /* EXT4_GOING_FLAGS_NOLOGFLUSH */
    const int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, _IOR('X', 125, uint32_t), &flags) != 0) {
        perror("crash-power: the file system cannot be cut off");
        return 1;
    }
    return 0;
}

static int check(const char *folder, uint64_t j_least, uint64_t c_least)
{
    struct seen s = {0};
    struct rg_chain_tip tip;
    struct rg_chain_fault where;
    struct rg_journal *j = open_journal(folder, &s);
    struct rg_chain *c = open_chain(folder, &tip);
    const rg_err e = rg_chain_check(c, NULL, NULL, &where);
    const bool good = !s.broken && s.last >= j_least && tip.height >= c_least && e == RG_OK;
    if (!good) {
        printf("LOST: journal %" PRIu64 "..%" PRIu64 "%s of %" PRIu64 ", chain %" PRIu64
               " of %" PRIu64 ", %s\n",
               s.first, s.last, s.broken ? " with a gap" : "", j_least, tip.height, c_least,
               rg_err_text(e));
    }
    rg_chain_close(&c);
    rg_journal_close(&j);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        run_writer(argv[2]);
        return 1; /* it never ends by itself */
    }
    if (argc == 3 && strcmp(argv[1], "cut") == 0) {
        return cut(argv[2]);
    }
    if (argc == 5 && strcmp(argv[1], "check") == 0) {
        return check(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    }
    fprintf(stderr, "usage: crash-power write|cut FOLDER | check FOLDER J C\n");
    return 64;
}
