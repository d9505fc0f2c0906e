/* reigen-twins: one authority runs twice, with one key (Bano et al., Twins, OPODIS 2021). In each
 * round the network falls into parts; every way to do so is a scenario. After the rounds all is
 * connected again. No two honest nodes may commit different blocks, none may be accused, none may
 * sign two things; and all must go on.
 *
 *   reigen-twins [--rounds R] [--part I/K] [--most N] [--nodes 4] [--scenario X] [--verbose]
 *
 * Scenarios are numbered by twin and partitions; --part takes every K-th in a fixed scattered
 * order; mirror images under an exchange of the twins count once. Runs the bare consensus, built so
 * that a node does not mind its own twin, with an executor that accepts all blocks. Exit 1 after a
 * violation. */
#include "consensus/cons.h"
#include "crypto/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N 4u
#define PROCS (N + 1)  /* the last one is the twin */
#define PARTITIONS 52u /* of five things */
#define ROUNDS_MAX 5u
#define AFTER_ROUNDS 12u /* connected, to go on */
#define HEIGHT_MAX 256u
#define QUEUE_MAX 16384u
#define HEAP_BYTES (4u << 20)
#define STRIDE UINT64_C(15485863) /* prime: scatters the numbers */

struct message {
    uint8_t from;
    uint8_t to;
    struct rg_event ev;
};

struct process {
    void *memory;
    struct rg_cons *c;
    uint16_t authority;
    bool has_built; /* in this round: one block a round and process */
    uint64_t height;
    struct rg_hash chain[HEIGHT_MAX];
};

struct run {
    struct rg_members members;
    struct rg_hash ledger;
    struct rg_cons_params params;
    struct process p[PROCS];
    uint16_t twin; /* the authority that runs twice */
    uint8_t part[PROCS];
    uint64_t now_ms;
    struct message queue[QUEUE_MAX];
    size_t head, tail;
    uint8_t *heap; /* what messages point to; freed with the scenario */
    size_t used;
    struct rg_block_info *blocks;
    size_t block_count;
    struct rg_vote signed_votes[N][128][4];
    const char *broken;
    struct rg_actions out;
};

static uint8_t partitions[PARTITIONS][PROCS];

/* All partitions of five things, as restricted growth strings. */
static void make_partitions(void)
{
    size_t count = 0;
    for (unsigned code = 0; code < 3125; code++) {
        uint8_t s[PROCS];
        unsigned rest = code;
        uint8_t top = 0;
        bool good = true;
        for (size_t i = 0; i < PROCS; i++) {
            s[i] = (uint8_t)(rest % 5);
            rest /= 5;
            good = good && s[i] <= (i == 0 ? 0 : top + 1);
            top = s[i] > top ? s[i] : top;
        }
        if (good) {
            memcpy(partitions[count++], s, sizeof s);
        }
    }
    if (count != PARTITIONS) {
        abort();
    }
}

static void *take(struct run *r, size_t len)
{
    len = (len + 15) & ~(size_t)15;
    if (r->used + len > HEAP_BYTES) {
        fprintf(stderr, "reigen-twins: a scenario needs more memory than it has\n");
        exit(70);
    }
    void *at = r->heap + r->used;
    r->used += len;
    return at;
}

static void *copy(struct run *r, const void *from, size_t len)
{
    return memcpy(take(r, len), from, len);
}

static void sign(void *ctx, const struct rg_hash *digest, struct rg_sig *out)
{
    memset(out->b, (int)(uintptr_t)ctx, RG_SIG_BYTES);
    memcpy(out->b, digest->b, RG_HASH_BYTES);
}

static struct rg_cert *copy_cert(struct run *r, const struct rg_cert *c)
{
    struct rg_cert *out = copy(r, c, sizeof *c);
    out->sigs = copy(r, c->sigs, (size_t)c->count * sizeof *c->sigs);
    return out;
}

static void post(struct run *r, size_t from, size_t to, const struct rg_event *ev)
{
    if (from == to || r->part[from] != r->part[to]) {
        return;
    }
    if (r->tail - r->head == QUEUE_MAX) {
        r->broken = "a storm of messages";
        return;
    }
    struct message *m = &r->queue[r->tail++ % QUEUE_MAX];
    *m = (struct message){.from = (uint8_t)from, .to = (uint8_t)to, .ev = *ev};
    m->ev.peer = r->p[from].authority;
}

/* To one authority (its twin hears it too), or to all. */
static void post_to(struct run *r, size_t from, uint32_t peer, const struct rg_event *ev)
{
    for (size_t i = 0; i < PROCS; i++) {
        if (peer == RG_PEER_ALL || r->p[i].authority == peer) {
            post(r, from, i, ev);
        }
    }
}

/* What an honest key signs in one view never contradicts itself. */
static void note_vote(struct run *r, size_t from, const struct rg_vote *v)
{
    if (r->p[from].authority == r->twin || v->cand.view >= 128) {
        return;
    }
    struct rg_vote *seen = r->signed_votes[v->signer][v->cand.view];
    for (int kind = RG_VOTE_NOTARIZE; kind <= RG_VOTE_FINALIZE; kind++) {
        if (seen[kind].kind != RG_VOTE_NONE && rg_vote_conflicts(&seen[kind], v)) {
            r->broken = "an honest key signed two contradicting statements";
        }
    }
    seen[v->kind] = *v;
}

static const struct rg_block_info *find_block(const struct run *r, const struct rg_hash *hash)
{
    for (size_t i = 0; i < r->block_count; i++) {
        if (rg_hash_eq(&r->blocks[i].hash, hash)) {
            return &r->blocks[i];
        }
    }
    return NULL;
}

static void to_self(struct run *r, size_t i, const struct rg_event *ev)
{
    r->queue[r->tail++ % QUEUE_MAX] =
        (struct message){.from = (uint8_t)i, .to = (uint8_t)i, .ev = *ev};
}

static void build(struct run *r, size_t i, const struct rg_action *a)
{
    struct rg_block_info *b = &r->blocks[r->block_count];
    struct rg_hash_state h;
    struct rg_event ev = {.kind = RG_EVENT_BUILT, .peer = RG_PEER_NONE};
    ev.built.view = a->build.view;
    if (r->p[i].has_built) {
        ev.built.result = RG_BUILT_EMPTY;
        to_self(r, i, &ev);
        return;
    }
    r->p[i].has_built = true;
    *b = (struct rg_block_info){.parent = a->build.parent.hash,
                                .height = a->build.parent.height + 1,
                                .view = a->build.view,
                                .time_ms = a->build.parent.time_ms + 1,
                                .has_entries = true};
    rg_hash_begin(&h, "twins/block", &b->parent);
    rg_hash_add_u64(&h, i);
    rg_hash_add_u64(&h, b->view);
    rg_hash_end(&h, &b->hash);
    if (find_block(r, &b->hash) == NULL) {
        r->block_count++;
    }
    ev.built.result = RG_BUILT_BLOCK;
    ev.built.block = b;
    to_self(r, i, &ev);
}

static void propose(struct run *r, size_t i, const struct rg_action *a)
{
    struct rg_event ev = {.kind = RG_EVENT_PROPOSAL};
    struct rg_cert *list = take(r, (a->propose.justify_count + 1) * sizeof *list);
    for (size_t k = 0; k < a->propose.justify_count; k++) {
        list[k] = *copy_cert(r, a->propose.justify[k]);
    }
    ev.proposal.cand = a->propose.cand;
    ev.proposal.sig = a->propose.sig;
    ev.proposal.same = a->propose.same;
    ev.proposal.block = a->propose.same ? NULL : find_block(r, &a->propose.cand.hash);
    ev.proposal.justify = list;
    ev.proposal.justify_count = a->propose.justify_count;
    const struct rg_vote v = {.kind = RG_VOTE_NOTARIZE,
                              .signer = r->p[i].authority,
                              .cand = a->propose.cand,
                              .sig = a->propose.sig};
    note_vote(r, i, &v);
    post_to(r, i, a->kind == RG_ACTION_BCAST_PROPOSE ? RG_PEER_ALL : a->peer, &ev);
}

static void commit(struct run *r, size_t i, const struct rg_block_info *b)
{
    struct process *p = &r->p[i];
    if (p->authority == r->twin) {
        return; /* what a liar believes is its own affair */
    }
    if (b->height <= p->height && rg_hash_eq(&p->chain[b->height], &b->hash)) {
        return; /* known as final since it was adopted */
    }
    if (b->height != p->height + 1 || b->height >= HEIGHT_MAX) {
        r->broken = "a commit leaves out a height";
        return;
    }
    p->height = b->height;
    p->chain[b->height] = b->hash;
    for (size_t k = 0; k < PROCS; k++) {
        if (r->p[k].authority != r->twin && r->p[k].height >= b->height &&
            !rg_hash_eq(&r->p[k].chain[b->height], &b->hash)) {
            r->broken = "FORK: two honest nodes commit different blocks";
        }
    }
}

/* A body is there for whoever can reach a process that holds it. What is final and held no more
 * comes in bulk from an honest one that is ahead. */
static void fetch(struct run *r, size_t i, const struct rg_hash *hash, bool is_final)
{
    const struct rg_block_info *b = find_block(r, hash);
    struct rg_event ev = {.peer = RG_PEER_NONE};
    for (size_t k = 0; b != NULL && k < PROCS; k++) {
        if (k != i && r->part[k] == r->part[i] && rg_cons_block(r->p[k].c, hash) != NULL) {
            ev.kind = RG_EVENT_BLOCK;
            ev.block = b;
            to_self(r, i, &ev);
            return;
        }
    }
    for (size_t k = 0; is_final && k < N; k++) {
        const struct process *p = &r->p[k];
        const uint64_t mine = rg_cons_tip(r->p[i].c)->height;
        if (k == i || k == r->twin || r->part[k] != r->part[i] ||
            rg_cons_tip(p->c)->height <= mine) {
            continue;
        }
        for (uint64_t h = mine + 1; h <= rg_cons_tip(p->c)->height; h++) {
            commit(r, i, &(struct rg_block_info){.height = h, .hash = p->chain[h]});
        }
        ev.kind = RG_EVENT_ADOPT;
        ev.adopt.cert = copy_cert(r, rg_cons_tip_final(p->c));
        ev.adopt.tip = copy(r, rg_cons_tip(p->c), sizeof *ev.adopt.tip);
        to_self(r, i, &ev);
        return;
    }
}

static void act(struct run *r, size_t i, const struct rg_action *a)
{
    struct rg_event ev = {.peer = RG_PEER_NONE};
    switch ((int)a->kind) {
    case RG_ACTION_BUILD:
        build(r, i, a);
        break;
    case RG_ACTION_VERIFY:
        ev.kind = RG_EVENT_VERDICT;
        ev.verdict.hash = a->block.hash;
        ev.verdict.valid = true;
        to_self(r, i, &ev);
        break;
    case RG_ACTION_FETCH:
        fetch(r, i, &a->fetch.hash, a->fetch.is_final);
        break;
    case RG_ACTION_BCAST_PROPOSE:
    case RG_ACTION_SEND_PROPOSE:
        propose(r, i, a);
        break;
    case RG_ACTION_BCAST_VOTE:
    case RG_ACTION_SEND_VOTE:
        if (a->vote.signer == r->p[i].authority) {
            note_vote(r, i, &a->vote);
        }
        ev.kind = RG_EVENT_VOTE;
        ev.vote = copy(r, &a->vote, sizeof a->vote);
        post_to(r, i, a->kind == RG_ACTION_BCAST_VOTE ? RG_PEER_ALL : a->peer, &ev);
        break;
    case RG_ACTION_BCAST_CERT:
    case RG_ACTION_SEND_CERT:
        ev.kind = RG_EVENT_CERT;
        ev.cert = copy_cert(r, a->cert);
        post_to(r, i, a->kind == RG_ACTION_BCAST_CERT ? RG_PEER_ALL : a->peer, &ev);
        break;
    case RG_ACTION_SEND_GETCERTS:
        ev.kind = RG_EVENT_GETCERTS;
        ev.range.from = a->range.from;
        ev.range.to = a->range.to;
        post_to(r, i, a->peer, &ev);
        break;
    case RG_ACTION_BCAST_WAKE:
        ev.kind = RG_EVENT_WAKE;
        ev.wake.view = a->wake_view;
        post_to(r, i, a->peer, &ev);
        break;
    case RG_ACTION_COMMIT:
        commit(r, i, &a->commit.block);
        break;
    case RG_ACTION_EVIDENCE:
        if (a->evidence.first.signer != r->twin) {
            r->broken = "an honest authority is accused";
        }
        break;
    case RG_ACTION_ALARM:
        if (r->p[i].authority != r->twin && a->alarm.id != RG_ALARM_NO_ROOM) {
            r->broken = rg_cons_alarm_text(a->alarm.id);
        }
        break;
    default:
        break;
    }
}

static void give(struct run *r, size_t i, struct rg_event ev)
{
    ev.now_ms = r->now_ms;
    if (ev.kind == RG_EVENT_VOTE && ev.vote->signer == r->p[i].authority) {
        return; /* twins do not tell each other */
    }
    rg_cons_step(r->p[i].c, &ev, &r->out);
    for (size_t k = 0; k < r->out.count && r->broken == NULL; k++) {
        act(r, i, &r->out.list[k]);
    }
}

static void deliver(struct run *r)
{
    while (r->head != r->tail && r->broken == NULL) {
        const struct message m = r->queue[r->head++ % QUEUE_MAX];
        if (m.ev.kind != RG_EVENT_NONE && (m.from == m.to || r->part[m.from] == r->part[m.to])) {
            give(r, m.to, m.ev);
        }
    }
}

/* One round: what the parts can do, statuses, and then the time in which a view is given up. */
static void round_of(struct run *r)
{
    for (size_t i = 0; i < PROCS && r->broken == NULL; i++) {
        struct rg_event work = {.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
        work.work.has_work = true;
        r->p[i].has_built = false;
        give(r, i, work);
    }
    deliver(r);
    for (int half = 0; half < 3 && r->broken == NULL; half++) {
        for (size_t i = 0; i < PROCS; i++) {
            struct rg_event ev = {.kind = RG_EVENT_STATUS};
            ev.status.cur = rg_cons_view(r->p[i].c);
            ev.status.lf = rg_cons_final_view(r->p[i].c);
            post_to(r, i, RG_PEER_ALL, &ev);
        }
        deliver(r);
        r->now_ms += 1001;
        for (size_t i = 0; i < PROCS && r->broken == NULL; i++) {
            give(r, i, (struct rg_event){.kind = RG_EVENT_TICK, .peer = RG_PEER_NONE});
        }
        deliver(r);
    }
}

static void begin(struct run *r, uint16_t twin)
{
    r->twin = twin;
    r->now_ms = 1000;
    r->head = r->tail = 0;
    r->used = 0;
    r->block_count = 0;
    r->broken = NULL;
    memset(r->signed_votes, 0, sizeof r->signed_votes);
    memset(r->part, 0, sizeof r->part);
    for (size_t i = 0; i < PROCS; i++) {
        struct process *p = &r->p[i];
        p->authority = (uint16_t)(i == N ? twin : i);
        p->height = 0;
        p->has_built = false;
        const struct rg_cons_setup setup = {
            .params = r->params,
            .members = &r->members,
            .me = p->authority,
            .ledger = r->ledger,
            .root = {.hash = {{9}}},
            .sign = sign,
            .sign_ctx = (void *)(uintptr_t)(p->authority + 1u),
        };
        p->c = rg_cons_init(p->memory, rg_cons_size(N, &r->params), &setup);
    }
}

/* Whether all honest nodes are level and above @height. */
static bool goes_on(const struct run *r, uint64_t height)
{
    uint64_t first = 0;
    for (size_t i = 0; i < N; i++) {
        if (i == r->twin) {
            continue;
        }
        if (r->p[i].height <= height) {
            return false;
        }
        first = first == 0 || r->p[i].height < first ? r->p[i].height : first;
    }
    return first > height;
}

static const char *scenario(struct run *r, uint16_t twin, const uint32_t *rounds, unsigned count)
{
    begin(r, twin);
    memcpy(r->part, partitions[rounds[0]], PROCS);
    for (size_t i = 0; i < PROCS; i++) {
        give(r, i, (struct rg_event){.kind = RG_EVENT_START, .peer = RG_PEER_NONE});
    }
    for (unsigned k = 0; k < count && r->broken == NULL; k++) {
        memcpy(r->part, partitions[rounds[k]], PROCS);
        round_of(r);
    }
    uint64_t top = 0;
    for (size_t i = 0; i < N; i++) {
        top = i != twin && r->p[i].height > top ? r->p[i].height : top;
    }
    memset(r->part, 0, sizeof r->part);
    for (unsigned k = 0; k < AFTER_ROUNDS && r->broken == NULL && !goes_on(r, top); k++) {
        round_of(r);
    }
    if (r->broken == NULL && !goes_on(r, top)) {
        r->broken = "STUCK: connected again, and no new block on all honest nodes";
    }
    return r->broken;
}

/* The partition with the twins exchanged. */
static uint32_t mirrored(uint32_t partition, uint16_t twin)
{
    uint8_t s[PROCS];
    uint8_t names[PROCS];
    uint8_t next = 0;
    memcpy(s, partitions[partition], PROCS);
    const uint8_t t = s[twin];
    s[twin] = s[N];
    s[N] = t;
    memset(names, 0xff, sizeof names);
    for (size_t i = 0; i < PROCS; i++) {
        if (names[s[i]] == 0xff) {
            names[s[i]] = next++;
        }
        s[i] = names[s[i]];
    }
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        if (memcmp(partitions[p], s, PROCS) == 0) {
            return p;
        }
    }
    abort();
}

/* The scenario of that number; false when its mirror image comes first. */
static bool decode(uint64_t number, unsigned rounds, uint16_t *out_twin, uint32_t *out)
{
    int order = 0;
    *out_twin = (uint16_t)(number % N);
    number /= N;
    for (unsigned k = 0; k < rounds; k++) {
        out[k] = (uint32_t)(number % PARTITIONS);
        number /= PARTITIONS;
        const uint32_t m = mirrored(out[k], *out_twin);
        if (order == 0 && m != out[k]) {
            order = m < out[k] ? -1 : 1;
        }
    }
    return order >= 0;
}

static uint64_t number_of(const char *text)
{
    char *end = NULL;
    const uint64_t v = text != NULL ? strtoull(text, &end, 10) : 0; /* tidy: a tool's argument */
    if (text == NULL || *end != '\0') {
        fprintf(stderr, "reigen-twins: not a number: %s\n", text != NULL ? text : "(nothing)");
        exit(64);
    }
    return v;
}

static struct run *make_run(void)
{
    struct run *r = calloc(1, sizeof *r);
    struct rg_pubkey keys[N];
    memset(keys, 0, sizeof keys);
    for (size_t i = 0; i < N; i++) {
        keys[i].b[0] = (uint8_t)(i + 1);
    }
    r->params = rg_cons_params_default();
    r->params.ring = 256;
    r->heap = malloc(HEAP_BYTES);
    r->blocks = calloc(4096, sizeof *r->blocks);
    if (rg_members_init(&r->members, keys, N, &r->ledger) != RG_OK) {
        abort();
    }
    for (size_t i = 0; i < PROCS; i++) {
        r->p[i].memory = malloc(rg_cons_size(N, &r->params));
    }
    return r;
}

static void show(const struct run *r, uint64_t number, unsigned rounds, const uint32_t *p)
{
    printf("scenario %" PRIu64 " of %u rounds: authority %c runs twice;", number, rounds,
           'A' + r->twin);
    for (unsigned k = 0; k < rounds; k++) {
        printf(" ");
        for (size_t i = 0; i < PROCS; i++) {
            printf("%c%u", i == N ? (char)('a' + r->twin) : (char)('A' + i), partitions[p[k]][i]);
        }
    }
    printf(": %s\n", r->broken != NULL ? r->broken : "good");
}

int main(int argc, char **argv)
{
    unsigned rounds = 4;
    uint64_t part = 0;
    uint64_t parts = 1;
    uint64_t most = UINT64_MAX;
    uint64_t only = UINT64_MAX;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--rounds") == 0) {
            rounds = (unsigned)number_of(value);
        } else if (strcmp(argv[i], "--most") == 0) {
            most = number_of(value);
        } else if (strcmp(argv[i], "--scenario") == 0) {
            only = number_of(value);
        } else if (strcmp(argv[i], "--part") == 0 && value != NULL &&
                   sscanf(value, "%" SCNu64 "/%" SCNu64, &part, &parts) == 2 && part >= 1 &&
                   part <= parts) {
            part--;
        } else {
            fprintf(stderr,
                    "usage: reigen-twins [--rounds R] [--part I/K] [--most N] [--scenario X]\n");
            return 64;
        }
    }
    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "reigen-twins: 1 to %u rounds\n", ROUNDS_MAX);
        return 64;
    }
    make_partitions();
    struct run *r = make_run();
    uint64_t total = N;
    uint32_t p[ROUNDS_MAX];
    uint16_t twin = 0;
    for (unsigned k = 0; k < rounds; k++) {
        total *= PARTITIONS;
    }
    uint64_t ran = 0;
    uint64_t bad = 0;
    const clock_t start = clock();
    for (uint64_t k = only != UINT64_MAX ? only : part; k < total && ran < most; k += parts) {
        const uint64_t number =
            only != UINT64_MAX ? k : (uint64_t)((__uint128_t)k * STRIDE % total);
        if (!decode(number, rounds, &twin, p) && only == UINT64_MAX) {
            continue;
        }
        ran++;
        if (scenario(r, twin, p, rounds) != NULL || only != UINT64_MAX) {
            show(r, number, rounds, p);
            bad += r->broken != NULL;
        }
        if (only != UINT64_MAX || bad >= 20) {
            break;
        }
    }
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%" PRIu64 " scenarios of %u rounds, %" PRIu64 " violations, %.1f s, %.0f a second\n",
           ran, rounds, bad, seconds, (double)ran / (seconds > 0 ? seconds : 1));
    return bad > 0 || ran == 0 ? 1 : 0;
}
