/* The bare consensus, an executor that takes every block, and no loss but what the scenario says: a
 * message about view v passes between two copies iff v's partition has them in one set; views
 * beyond the enumerated ones are connected. When all is quiet the clock goes on to the next
 * deadline. At the end all are connected, statuses go around, and every honest authority must get
 * further. */
#include "sim_twins.h"
#include "base/panic.h"
#include "consensus/cons_priv.h"
#include "sim_crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AUTHORITIES 7
#define SLOTS (AUTHORITIES + 1)
#define QUEUE 4096
#define CERTS 12
#define BLOCKS 1024
#define HEIGHTS 512
#define ROUNDS_MAX 8
#define PARTITIONS_MAX 5000
#define PHASE_MS 30000

struct held_cert {
    struct rg_cert cert;
    struct rg_sig sigs[AUTHORITIES];
};

struct message {
    enum rg_event_kind kind;
    uint8_t from;
    uint16_t to; /* mask */
    struct rg_vote vote;
    struct held_cert cert; /* CERT */
    struct rg_cand cand;   /* PROPOSAL */
    struct rg_sig sig;
    bool same, has_block;
    struct rg_block_info block;
    size_t justify_count;
    struct held_cert justify[CERTS];
    uint64_t a, b; /* STATUS: cur, lf; WAKE: view; GETCERTS: from, to */
};

struct slot {
    void *memory;
    struct rg_cons *cons;
    uint16_t key;
    uint64_t height;
    struct rg_hash chain[HEIGHTS];
    struct rg_event later[16]; /* answers to its own requests */
    struct rg_block_info later_block[16];
    size_t later_count;
};

struct world {
    size_t n, slots, rounds;
    uint16_t twin; /* the key that runs twice: slots `twin` and n */
    struct rg_members members;
    struct rg_hash ledger;
    struct slot slot[SLOTS];
    struct message *queue;
    size_t head, tail;
    struct rg_block_info blocks[BLOCKS];
    size_t block_count;
    uint64_t now_ms;
    bool healed;
    uint64_t goal;                  /* height that all must reach once healed */
    uint8_t set[ROUNDS_MAX][SLOTS]; /* which set of the round's partition each slot is in */
    uint64_t top;                   /* height of the agreed chain */
    struct rg_hash agreed[HEIGHTS];
    const char *broken;
    struct rg_actions *out;
};

static uint8_t partitions[PARTITIONS_MAX][SLOTS];
static size_t partition_count;

/* All partitions of @slots, as restricted growth strings. */
static void make_partitions(size_t slots)
{
    uint8_t a[SLOTS] = {0};
    partition_count = 0;
    for (;;) {
        RG_ASSERT(partition_count < PARTITIONS_MAX);
        memcpy(partitions[partition_count++], a, sizeof a);
        size_t i = slots - 1;
        for (; i > 0; i--) {
            uint8_t max = 0;
            for (size_t k = 0; k < i; k++) {
                max = a[k] > max ? a[k] : max;
            }
            if (a[i] <= max) {
                a[i]++;
                memset(a + i + 1, 0, slots - i - 1);
                break;
            }
        }
        if (i == 0) {
            return;
        }
    }
}

static void broken(struct world *w, const char *what)
{
    w->broken = w->broken == NULL ? what : w->broken;
}

static bool is_twin(const struct world *w, size_t slot)
{
    return w->slot[slot].key == w->twin;
}

static bool passes(const struct world *w, size_t from, size_t to, uint64_t view)
{
    if (w->healed || view == 0 || view > w->rounds) {
        return true;
    }
    return w->set[view - 1][from] == w->set[view - 1][to];
}

/* Room for a message about @view from @from to @peer (or RG_PEER_ALL); NULL: nobody gets it. */
static struct message *post(struct world *w, size_t from, uint32_t peer, uint64_t view,
                            enum rg_event_kind kind)
{
    uint16_t mask = 0;
    for (size_t to = 0; to < w->slots; to++) {
        const bool meant = peer == RG_PEER_ALL || peer == w->slot[to].key;
        if (meant && w->slot[to].key != w->slot[from].key && passes(w, from, to, view)) {
            mask |= (uint16_t)(1u << to);
        }
    }
    if (mask == 0) {
        return NULL;
    }
    struct message *m = &w->queue[w->tail % QUEUE];
    RG_ASSERT(w->tail - w->head < QUEUE);
    w->tail++;
    m->kind = kind;
    m->from = (uint8_t)from;
    m->to = mask;
    return m;
}

static void hold(struct held_cert *h, const struct rg_cert *c)
{
    memcpy(h->sigs, c->sigs, c->count * sizeof h->sigs[0]);
    h->cert = *c;
    h->cert.sigs = h->sigs;
}

static const struct rg_block_info *find_block(const struct world *w, const struct rg_hash *hash)
{
    for (size_t i = w->block_count; i > 0; i--) {
        if (rg_hash_eq(&w->blocks[i - 1].hash, hash)) {
            return &w->blocks[i - 1];
        }
    }
    return NULL;
}

static struct rg_event *answer(struct slot *s, enum rg_event_kind kind)
{
    RG_ASSERT(s->later_count < 16);
    struct rg_event *ev = &s->later[s->later_count++];
    memset(ev, 0, sizeof *ev);
    ev->kind = kind;
    ev->peer = RG_PEER_NONE;
    return ev;
}

static void build(struct world *w, size_t i, const struct rg_action *a)
{
    struct slot *s = &w->slot[i];
    RG_ASSERT(w->block_count < BLOCKS);
    struct rg_block_info *b = &w->blocks[w->block_count++];
    memset(b, 0, sizeof *b);
    b->hash.b[0] = (uint8_t)(i + 1);
    memcpy(b->hash.b + 8, &a->build.view, 8);
    memcpy(b->hash.b + 16, a->build.parent.hash.b, 8);
    b->parent = a->build.parent.hash;
    b->height = a->build.parent.height + 1;
    b->view = a->build.view;
    b->time_ms = a->build.parent.time_ms + 1;
    b->has_entries = true;
    struct rg_event *ev = answer(s, RG_EVENT_BUILT);
    s->later_block[s->later_count - 1] = *b;
    ev->built.view = b->view;
    ev->built.result = RG_BUILT_BLOCK;
    ev->built.block = &s->later_block[s->later_count - 1];
}

/* Whether somebody who holds the body of a FETCH is connected to @i in the view it is about. */
static bool reaches_holder(const struct world *w, size_t i, const struct rg_action *a)
{
    for (size_t j = 0; j < w->slots; j++) {
        if (j != i && (a->fetch.signers >> w->slot[j].key & 1) != 0 &&
            passes(w, j, i, a->fetch.view)) {
            return true;
        }
    }
    return false;
}

static void commit(struct world *w, size_t i, const struct rg_block_info *b)
{
    struct slot *s = &w->slot[i];
    if (is_twin(w, i)) {
        return;
    }
    if (b->height != s->height + 1 || b->height >= HEIGHTS) {
        broken(w, "blocks are not committed in order");
        return;
    }
    s->height = b->height;
    if (b->height > w->top) {
        const struct rg_hash *below = &w->agreed[w->top];
        if (b->height > 1 && !rg_hash_eq(&b->parent, below)) {
            broken(w, "FORK: a final block does not follow the one before");
        }
        w->top = b->height;
        w->agreed[w->top] = b->hash;
    } else if (!rg_hash_eq(&w->agreed[b->height], &b->hash)) {
        broken(w, "FORK: two blocks of one height are final");
    }
}

static void propose(struct world *w, size_t i, const struct rg_action *a)
{
    const uint32_t peer = a->kind == RG_ACTION_BCAST_PROPOSE ? RG_PEER_ALL : a->peer;
    struct message *m = post(w, i, peer, a->propose.cand.view, RG_EVENT_PROPOSAL);
    if (m == NULL) {
        return;
    }
    m->cand = a->propose.cand;
    m->sig = a->propose.sig;
    m->same = a->propose.same;
    m->has_block = !m->same;
    if (m->has_block) {
        const struct rg_block_info *b = find_block(w, &m->cand.hash);
        RG_ASSERT(b != NULL);
        m->block = *b;
    }
    m->justify_count = a->propose.justify_count < CERTS ? a->propose.justify_count : CERTS;
    for (size_t k = 0; k < m->justify_count; k++) {
        hold(&m->justify[k], a->propose.justify[k]);
    }
}

static void leave(struct world *w, size_t i, const struct rg_action *a)
{
    struct message *m = NULL;
    switch ((int)a->kind) {
    case RG_ACTION_BCAST_VOTE:
    case RG_ACTION_SEND_VOTE:
        m = post(w, i, a->kind == RG_ACTION_SEND_VOTE ? a->peer : RG_PEER_ALL, a->vote.cand.view,
                 RG_EVENT_VOTE);
        if (m != NULL) {
            m->vote = a->vote;
        }
        break;
    case RG_ACTION_BCAST_CERT:
    case RG_ACTION_SEND_CERT:
        m = post(w, i, a->kind == RG_ACTION_SEND_CERT ? a->peer : RG_PEER_ALL, a->cert->cand.view,
                 RG_EVENT_CERT);
        if (m != NULL) {
            hold(&m->cert, a->cert);
        }
        break;
    case RG_ACTION_BCAST_WAKE:
        m = post(w, i, rg_members_leader(&w->members, a->wake_view), a->wake_view, RG_EVENT_WAKE);
        if (m != NULL) {
            m->a = a->wake_view;
        }
        break;
    case RG_ACTION_SEND_GETCERTS:
        m = post(w, i, a->peer, a->range.to, RG_EVENT_GETCERTS);
        if (m != NULL) {
            m->a = a->range.from;
            m->b = a->range.to;
        }
        break;
    default:
        break;
    }
}

static void perform(struct world *w, size_t i, const struct rg_action *a)
{
    struct slot *s = &w->slot[i];
    const struct rg_block_info *b = NULL;
    switch ((int)a->kind) {
    case RG_ACTION_BUILD:
        build(w, i, a);
        break;
    case RG_ACTION_VERIFY: {
        struct rg_event *ev = answer(s, RG_EVENT_VERDICT);
        ev->verdict.hash = a->block.hash;
        ev->verdict.valid = true;
        break;
    }
    case RG_ACTION_FETCH:
        b = reaches_holder(w, i, a) ? find_block(w, &a->fetch.hash) : NULL;
        if (b != NULL) {
            struct rg_event *ev = answer(s, RG_EVENT_BLOCK);
            s->later_block[s->later_count - 1] = *b;
            ev->block = &s->later_block[s->later_count - 1];
        }
        break;
    case RG_ACTION_COMMIT:
        commit(w, i, &a->commit.block);
        break;
    case RG_ACTION_EVIDENCE:
        if (a->evidence.first.signer != w->twin) {
            broken(w, "an honest authority is accused");
        }
        break;
    case RG_ACTION_ALARM:
        if (!is_twin(w, i)) {
            broken(w, rg_cons_alarm_text(a->alarm.id));
        }
        break;
    case RG_ACTION_BCAST_PROPOSE:
    case RG_ACTION_SEND_PROPOSE:
        propose(w, i, a);
        break;
    default:
        leave(w, i, a);
        break;
    }
}

/* One event, and its answers to itself. */
static void feed(struct world *w, size_t i, struct rg_event *ev)
{
    struct slot *s = &w->slot[i];
    size_t done = 0;
    s->later_count = 0;
    ev->now_ms = w->now_ms;
    rg_cons_step(s->cons, ev, w->out);
    for (;;) {
        for (size_t k = 0; k < w->out->count; k++) {
            perform(w, i, &w->out->list[k]);
        }
        if (is_twin(w, i)) { /* a liar does not mind that its key is used elsewhere */
            s->cons->halted = false;
            s->cons->memory = RG_MEMORY_SURE;
            s->cons->mute = 0;
            s->cons->alarms = 0;
        }
        if (done == s->later_count || w->broken != NULL) {
            return;
        }
        struct rg_event next = s->later[done++];
        if (done == s->later_count) {
            done = s->later_count = 0;
        }
        next.now_ms = w->now_ms;
        rg_cons_step(s->cons, &next, w->out);
    }
}

static void deliver_to(struct world *w, size_t i, const struct message *m)
{
    struct rg_cons *c = w->slot[i].cons;
    struct rg_cert justify[CERTS];
    struct rg_event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = m->kind;
    ev.peer = w->slot[m->from].key;
    if (m->kind == RG_EVENT_VOTE) {
        if (!rg_cons_wants_vote(c, &m->vote)) {
            return;
        }
        ev.vote = &m->vote;
    } else if (m->kind == RG_EVENT_CERT) {
        if (!rg_cons_wants_cert(c, &m->cert.cert)) {
            return;
        }
        ev.cert = &m->cert.cert;
    } else if (m->kind == RG_EVENT_PROPOSAL) {
        if (!rg_cons_wants_proposal(c, &m->cand)) {
            return;
        }
        ev.proposal.cand = m->cand;
        ev.proposal.sig = m->sig;
        ev.proposal.same = m->same;
        ev.proposal.block = m->has_block ? &m->block : NULL;
        for (size_t k = 0; k < m->justify_count; k++) {
            justify[k] = m->justify[k].cert;
        }
        ev.proposal.justify = justify;
        ev.proposal.justify_count = m->justify_count;
    } else if (m->kind == RG_EVENT_STATUS) {
        ev.status.cur = m->a;
        ev.status.lf = m->b;
    } else if (m->kind == RG_EVENT_WAKE) {
        ev.wake.view = m->a;
    } else {
        ev.range.from = m->a;
        ev.range.to = m->b;
    }
    feed(w, i, &ev);
}

static void statuses(struct world *w)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct message *m = post(w, i, RG_PEER_ALL, 0, RG_EVENT_STATUS);
        if (m != NULL) {
            m->a = rg_cons_view(w->slot[i].cons);
            m->b = rg_cons_final_view(w->slot[i].cons);
        }
    }
}

static bool all_beyond(const struct world *w, uint64_t view)
{
    for (size_t i = 0; i < w->slots; i++) {
        if (!is_twin(w, i) && rg_cons_view(w->slot[i].cons) <= view) {
            return false;
        }
    }
    return true;
}

static bool all_at(const struct world *w, uint64_t height)
{
    for (size_t i = 0; i < w->slots; i++) {
        if (!is_twin(w, i) && w->slot[i].height < height) {
            return false;
        }
    }
    return true;
}

/* Whether the phase has reached what it wants: consensus with work never rests by itself. */
static bool is_over(const struct world *w)
{
    return w->healed ? all_at(w, w->goal) : all_beyond(w, w->rounds);
}

/* Let time go on to the next deadline, at most to @until_ms; false when that is reached. */
static bool pass_time(struct world *w, uint64_t until_ms)
{
    uint64_t next = until_ms;
    for (size_t i = 0; i < w->slots; i++) {
        const uint64_t d = rg_cons_deadline(w->slot[i].cons);
        next = d < next ? d : next;
    }
    w->now_ms = next > w->now_ms ? next : w->now_ms;
    if (next >= until_ms) {
        return false;
    }
    for (size_t i = 0; i < w->slots && w->broken == NULL; i++) {
        if (rg_cons_deadline(w->slot[i].cons) <= w->now_ms) {
            struct rg_event ev = {.kind = RG_EVENT_TICK, .peer = RG_PEER_NONE};
            feed(w, i, &ev);
        }
    }
    return true;
}

#define HOP_MS 20 /* what a message takes once all are connected */

static void drain(struct world *w)
{
    size_t hop = w->tail;
    while (w->head != w->tail && w->broken == NULL && !is_over(w)) {
        const struct message *m = &w->queue[w->head % QUEUE];
        for (size_t i = 0; i < w->slots && w->broken == NULL; i++) {
            if ((m->to >> i & 1) != 0) {
                deliver_to(w, i, m);
            }
        }
        w->head++;
        if (w->healed && w->head == hop) {
            const uint64_t arrival = w->now_ms + HOP_MS;
            while (w->broken == NULL && pass_time(w, arrival)) {
            }
            hop = w->tail;
        }
    }
}

static void start(struct world *w)
{
    struct rg_cons_params params = rg_cons_params_default();
    params.ring = 256;
    const size_t size = rg_cons_size(w->n, &params);
    w->head = w->tail = w->block_count = 0;
    w->now_ms = 1000;
    w->healed = false;
    w->top = 0;
    w->broken = NULL;
    for (size_t i = 0; i < w->slots; i++) {
        struct slot *s = &w->slot[i];
        s->key = i < w->n ? (uint16_t)i : w->twin;
        s->height = 0;
        s->memory = s->memory != NULL ? s->memory : malloc(size);
        static uint8_t owners[SLOTS];
        owners[i] = (uint8_t)(s->key + 1);
        const struct rg_cons_setup setup = {.params = params,
                                            .members = &w->members,
                                            .me = s->key,
                                            .ledger = w->ledger,
                                            .epoch = 1,
                                            .root = {.hash = w->ledger},
                                            .sign = sim_crypto_sign,
                                            .sign_ctx = &owners[i]};
        s->cons = rg_cons_init(s->memory, size, &setup);
    }
    for (size_t i = 0; i < w->slots; i++) {
        struct rg_event ev = {.kind = RG_EVENT_START, .peer = RG_PEER_NONE};
        feed(w, i, &ev);
        ev = (struct rg_event){.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
        ev.work.has_work = true;
        feed(w, i, &ev);
    }
}

static void run_one(struct world *w)
{
    start(w);
    const uint64_t until = w->now_ms + PHASE_MS;
    drain(w);
    while (w->broken == NULL && !is_over(w) && pass_time(w, until)) {
        drain(w);
    }
    w->healed = true;
    w->goal = w->top + 2;
    const uint64_t patience = w->now_ms + 4 * PHASE_MS;
    while (w->broken == NULL && !is_over(w)) {
        statuses(w);
        drain(w);
        const uint64_t next = w->now_ms + 1000;
        while (w->broken == NULL && !is_over(w) && pass_time(w, next)) {
            drain(w);
        }
        if (w->now_ms > patience) {
            broken(w, "STUCK: connected, and nothing becomes final");
        }
    }
}

/* Scenario @number: the twin's place, then a partition a round. False: another one is the same with
 * the two copies exchanged. */
static bool set_up(struct world *w, uint64_t number)
{
    uint64_t rest = number;
    int order = 0;
    w->twin = (uint16_t)(rest % w->n);
    rest /= w->n;
    for (size_t r = 0; r < w->rounds; r++) {
        const uint8_t *p = partitions[rest % partition_count];
        rest /= partition_count;
        memcpy(w->set[r], p, w->slots);
        uint8_t map[SLOTS];
        uint8_t swapped[SLOTS];
        uint8_t next = 0;
        memset(map, 0xff, sizeof map);
        for (size_t i = 0; i < w->slots; i++) { /* the same partition, copies exchanged */
            const size_t from = i == w->twin ? w->n : i == w->n ? w->twin : i;
            map[p[from]] = map[p[from]] == 0xff ? next++ : map[p[from]];
            swapped[i] = map[p[from]];
        }
        order = order != 0 ? order : memcmp(p, swapped, w->slots);
    }
    return order <= 0;
}

static void report(const struct world *w, uint64_t number)
{
    printf("VIOLATION twins scenario %llu: %s\n", (unsigned long long)number, w->broken);
    printf("replay: reigen-sim --twins --nodes %zu --rounds %zu --only %llu; twin %c\n", w->n,
           w->rounds, (unsigned long long)number, 'A' + w->twin);
    for (size_t i = 0; i < w->slots; i++) {
        const struct rg_cons *c = w->slot[i].cons;
        printf("  %c%s view %llu final %llu height %llu\n", 'A' + w->slot[i].key,
               i == w->n ? "'" : "", (unsigned long long)rg_cons_view(c),
               (unsigned long long)rg_cons_final_view(c), (unsigned long long)w->slot[i].height);
    }
    for (size_t r = 0; r < w->rounds; r++) {
        printf("  view %zu:", r + 1);
        for (size_t i = 0; i < w->slots; i++) {
            printf(" %c%s in %u", 'A' + w->slot[i].key, i == w->n ? "'" : "", w->set[r][i]);
        }
        printf("\n");
    }
}

bool sim_twins_run(struct sim_twins *t)
{
    struct world *w = calloc(1, sizeof *w);
    struct rg_pubkey keys[AUTHORITIES];
    RG_ASSERT(w != NULL && t->n >= 4 && t->n <= AUTHORITIES && t->rounds <= ROUNDS_MAX);
    w->n = t->n;
    w->slots = t->n + 1;
    w->rounds = t->rounds;
    w->queue = calloc(QUEUE, sizeof *w->queue);
    w->out = malloc(sizeof *w->out);
    memset(&w->ledger, 0x5a, sizeof w->ledger);
    for (size_t i = 0; i < t->n; i++) {
        sim_crypto_pubkey((uint8_t)(i + 1), &keys[i]);
    }
    RG_IGNORE(rg_members_init(&w->members, keys, t->n, &w->ledger), "a good set");
    make_partitions(w->slots);
    uint64_t all = t->n;
    for (size_t r = 0; r < t->rounds; r++) {
        all *= partition_count;
    }
    const clock_t begin = clock();
    for (uint64_t k = t->part; k < all; k += t->parts) {
        if ((t->one != UINT64_MAX && k != t->one) || !set_up(w, k)) {
            continue;
        }
        run_one(w);
        t->done++;
        if (w->broken != NULL) {
            t->violated++;
            report(w, k);
        }
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("twins: %llu scenarios of n = %zu, %zu rounds, part %llu/%llu: %llu violations, %.1f s, "
           "%.0f a second\n",
           (unsigned long long)t->done, t->n, t->rounds, (unsigned long long)t->part,
           (unsigned long long)t->parts, (unsigned long long)t->violated, seconds,
           (double)t->done / (seconds > 0 ? seconds : 1));
    for (size_t i = 0; i < w->slots; i++) {
        free(w->slot[i].memory);
    }
    free(w->out);
    free(w->queue);
    free(w);
    return t->violated == 0;
}
