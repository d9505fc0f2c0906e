/* What the crash tests believe: reads data folders of stopped nodes, copies of their journals from
 * before each restart, and the frames that they sent, and says whether any key signed two
 * statements that contradict each other, and whether the chains agree. Votes are read from their
 * bytes by offset, not by the code under test; journals are read record by record, whatever the
 * generation.
 *
 *   crash-oracle LEDGER-HEX [--journal FOLDER]... [--frames FILE]... [--chain FOLDER]...
 *
 * Prints a line of counts, with the newest view in which a vote was read; exit 1 after a
 * contradiction, 2 when nothing was read. */
#include "base/hex.h"
#include "proto/peer_codec.h"
#include "storage/chain.h"
#include "storage/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOTE_BYTES 123u
#define KINDS 4u
#define BUCKETS 65536u

/* All that one key has signed in one view of one epoch. */
struct said {
    struct said *next;
    uint64_t epoch;
    uint64_t view;
    uint16_t signer;
    bool has[KINDS];
    uint8_t what[KINDS][40]; /* parent view and hash */
};

static struct said *said[BUCKETS];
static uint64_t votes_journal;
static uint64_t votes_frames;
static uint64_t contradictions;
static uint64_t newest_view;
static struct rg_hash ledger;

static uint64_t number(const uint8_t *at, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        v |= (uint64_t)at[i] << (8 * i);
    }
    return v;
}

static void contradiction(const struct said *s, const char *what, const char *where)
{
    contradictions++;
    printf("CONTRADICTION: authority %u, epoch %" PRIu64 ", view %" PRIu64 ": %s (%s)\n",
           s->signer + 1u, s->epoch, s->view, what, where);
}

/* kind u8 | signer u16 | epoch u64 | view u64 | pview u64 | hash 32 | signature 64 */
static void vote(const uint8_t *v, const char *where)
{
    const uint8_t kind = v[0];
    const uint16_t signer = (uint16_t)number(v + 1, 2);
    const uint64_t epoch = number(v + 3, 8);
    const uint64_t view = number(v + 11, 8);
    newest_view = view > newest_view ? view : newest_view;
    struct said **at = &said[(view * 31 + signer) % BUCKETS];
    while (*at != NULL &&
           ((*at)->signer != signer || (*at)->view != view || (*at)->epoch != epoch)) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at == NULL) {
            abort();
        }
        **at = (struct said){.epoch = epoch, .view = view, .signer = signer};
    }
    struct said *s = *at;
    if (kind < 1 || kind >= KINDS) {
        contradiction(s, "a vote of no kind", where);
        return;
    }
    if (s->has[kind] && memcmp(s->what[kind], v + 19, 40) != 0) {
        contradiction(s, "two statements of one kind", where);
    }
    s->has[kind] = true;
    memcpy(s->what[kind], v + 19, 40);
    if (s->has[2] && s->has[3]) {
        contradiction(s, "nullified and finalized", where);
    }
    if (s->has[1] && s->has[3] && memcmp(s->what[1], s->what[3], 40) != 0) {
        contradiction(s, "finalized another candidate than it notarized", where);
    }
}

static rg_err journal_record(void *ctx, const struct rg_journal_record *r)
{
    if (r->type == 1 && r->payload.len == VOTE_BYTES) {
        votes_journal++;
        vote(r->payload.data, ctx);
    }
    return RG_OK;
}

static void read_journal(char *folder)
{
    struct rg_journal_info info;
    const rg_err e = rg_journal_scan(folder, journal_record, folder, &info);
    if (e != RG_OK && e != RG_ERR_NOT_FOUND) {
        printf("CONTRADICTION: the journal %s is damaged: %s\n", folder, rg_err_text(e));
        contradictions++;
    }
}

static void read_frames(const char *file)
{
    struct rg_arena arena;
    FILE *f = fopen(file, "rb");
    uint8_t head[4];
    uint8_t *bytes = malloc(RG_FRAME_PEER_MAX);
    if (f == NULL || bytes == NULL || rg_arena_init(&arena, RG_PEER_CODEC_ARENA) != RG_OK) {
        printf("cannot read %s\n", file);
        exit(2);
    }
    while (fread(head, 1, 4, f) == 4) {
        const size_t len = (size_t)number(head, 4);
        struct rg_peer_message m;
        if (len > RG_FRAME_PEER_MAX || fread(bytes, 1, len, f) != len) {
            break; /* the node died while this was written down: nothing has left */
        }
        rg_arena_reset(&arena);
        if (rg_peer_codec_decode(&arena, &ledger, (struct rg_bytes){bytes, len}, &m) == RG_OK &&
            (m.kind == RG_PEER_VOTE || m.kind == RG_PEER_PROPOSE) && m.bytes.len == VOTE_BYTES) {
            votes_frames++;
            vote(m.bytes.data, file);
        }
    }
    (void)fclose(f);
    free(bytes);
    rg_arena_fini(&arena);
}

struct heights {
    struct rg_hash *hash;
    uint64_t count;
    const char *name;
    struct rg_hash *first;
    uint64_t first_count;
};

static rg_err chain_block(void *ctx, const struct rg_chain_block *b)
{
    struct heights *h = ctx;
    h->hash = realloc(h->hash, (b->height + 1) * sizeof *h->hash);
    if (h->hash == NULL) {
        return RG_ERR_NOMEM;
    }
    h->hash[b->height] = b->hash;
    h->count = b->height;
    if (b->height <= h->first_count && !rg_hash_eq(&h->first[b->height], &b->hash)) {
        printf("CONTRADICTION: %s has another block at height %" PRIu64 "\n", h->name, b->height);
        contradictions++;
    }
    return RG_OK;
}

static uint64_t read_chain(const char *folder, struct heights *h)
{
    struct rg_chain *chain = NULL;
    struct rg_chain_fault where;
    const struct rg_chain_options o = {.dir = folder, .ledger = ledger, .read_only = true};
    h->name = folder;
    h->count = 0;
    h->hash = NULL;
    rg_err e = rg_chain_open(&o, &chain);
    if (e == RG_OK) {
        e = rg_chain_check(chain, chain_block, h, &where);
    }
    rg_chain_close(&chain);
    if (e != RG_OK) {
        printf("CONTRADICTION: the chain %s cannot be read: %s\n", folder, rg_err_text(e));
        contradictions++;
    }
    if (h->first == NULL || h->count > h->first_count) {
        free(h->first);
        h->first = h->hash;
        h->first_count = h->count;
    } else {
        free(h->hash);
    }
    return h->count;
}

int main(int argc, char **argv)
{
    struct heights h = {.first = NULL};
    uint64_t chains = 0;
    uint64_t journals = 0;
    if (argc < 2 || rg_hex_parse(argv[1], ledger.b, RG_HASH_BYTES) != RG_OK) {
        fprintf(stderr, "usage: crash-oracle LEDGER-HEX [--journal FOLDER|--frames FILE|--chain "
                        "FOLDER]...\n");
        return 64;
    }
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--journal") == 0) {
            read_journal(argv[i + 1]);
            journals++;
        } else if (strcmp(argv[i], "--frames") == 0) {
            read_frames(argv[i + 1]);
        } else if (strcmp(argv[i], "--chain") == 0) {
            chains += read_chain(argv[i + 1], &h) > 0;
        }
    }
    printf("journals %" PRIu64 " votes-journaled %" PRIu64 " votes-sent %" PRIu64 " chains %" PRIu64
           " newest-view %" PRIu64 " height %" PRIu64 " contradictions %" PRIu64 "\n",
           journals, votes_journal, votes_frames, chains, newest_view, h.first_count,
           contradictions);
    free(h.first);
    return contradictions > 0 ? 1 : votes_journal == 0 ? 2 : 0;
}
