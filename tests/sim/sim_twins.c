/* Scenarios of twins, one after the other: no loss but what the scenario says. When all is quiet
 * the clock goes on to the next deadline. At the end all are connected, statuses go around, and
 * every honest authority must get further. */
#include "sim_twins.h"
#include "base/panic.h"
#include "sim_crypto.h"
#include "sim_twins_priv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARTITIONS_MAX 5000
#define PHASE_MS 30000

static uint8_t partitions[PARTITIONS_MAX][TWINS_SLOTS];
static size_t partition_count;

/* All partitions of @slots, as restricted growth strings. */
static void make_partitions(size_t slots)
{
    uint8_t a[TWINS_SLOTS] = {0};
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

static void statuses(struct sim_twins_world *w)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct sim_twins_message *m = sim_twins__post(w, i, RG_PEER_ALL, 0, RG_EVENT_STATUS);
        if (m != NULL) {
            m->a = rg_cons_view(w->slot[i].cons);
            m->b = rg_cons_final_view(w->slot[i].cons);
        }
    }
}

static bool all_beyond(const struct sim_twins_world *w, uint64_t view)
{
    for (size_t i = 0; i < w->slots; i++) {
        if (!sim_twins__is_copy(w, i) && rg_cons_view(w->slot[i].cons) <= view) {
            return false;
        }
    }
    return true;
}

static bool all_at(const struct sim_twins_world *w, uint64_t height)
{
    for (size_t i = 0; i < w->slots; i++) {
        if (!sim_twins__is_copy(w, i) && w->slot[i].height < height) {
            return false;
        }
    }
    return true;
}

/* Whether the phase has reached what it wants: consensus with work never rests by itself. */
static bool is_over(const struct sim_twins_world *w)
{
    return w->healed ? all_at(w, w->goal) : all_beyond(w, w->rounds);
}

/* Let time go on to the next deadline, at most to @until_ms; false when that is reached. */
static bool pass_time(struct sim_twins_world *w, uint64_t until_ms)
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
            struct rg_cons_event ev = {.kind = RG_EVENT_TICK, .peer = RG_PEER_NONE};
            sim_twins__feed(w, i, &ev);
        }
    }
    return true;
}

#define HOP_MS 20 /* what a message takes once all are connected */

static void drain(struct sim_twins_world *w)
{
    size_t hop = w->tail;
    while (w->head != w->tail && w->broken == NULL && !is_over(w)) {
        const struct sim_twins_message *m = &w->queue[w->head % TWINS_QUEUE];
        for (size_t i = 0; i < w->slots && w->broken == NULL; i++) {
            if ((m->to >> i & 1) != 0) {
                sim_twins__deliver(w, i, m);
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

static void start(struct sim_twins_world *w)
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
        struct sim_twins_copy *s = &w->slot[i];
        s->key = i < w->n ? (uint16_t)i : w->twin;
        s->height = 0;
        s->memory = s->memory != NULL ? s->memory : malloc(size);
        static uint8_t owners[TWINS_SLOTS];
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
        struct rg_cons_event ev = {.kind = RG_EVENT_START, .peer = RG_PEER_NONE};
        sim_twins__feed(w, i, &ev);
        ev = (struct rg_cons_event){.kind = RG_EVENT_WORK, .peer = RG_PEER_NONE};
        ev.work.has_work = true;
        sim_twins__feed(w, i, &ev);
    }
}

static void run_one(struct sim_twins_world *w)
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
            sim_twins__broken(w, "STUCK: connected, and nothing becomes final");
        }
    }
}

/* Scenario @number: the twin's place, then a partition a round. False: another one is the same with
 * the two copies exchanged. */
static bool set_up(struct sim_twins_world *w, uint64_t number)
{
    uint64_t rest = number;
    int order = 0;
    w->twin = (uint16_t)(rest % w->n);
    rest /= w->n;
    for (size_t r = 0; r < w->rounds; r++) {
        const uint8_t *p = partitions[rest % partition_count];
        rest /= partition_count;
        memcpy(w->set[r], p, w->slots);
        uint8_t map[TWINS_SLOTS];
        uint8_t swapped[TWINS_SLOTS];
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

static void report(const struct sim_twins_world *w, uint64_t number)
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
    struct sim_twins_world *w = calloc(1, sizeof *w);
    struct rg_pubkey keys[TWINS_AUTHORITIES];
    RG_ASSERT(w != NULL && t->n >= 4 && t->n <= TWINS_AUTHORITIES && t->rounds <= TWINS_ROUNDS_MAX);
    w->n = t->n;
    w->slots = t->n + 1;
    w->rounds = t->rounds;
    w->queue = calloc(TWINS_QUEUE, sizeof *w->queue);
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
