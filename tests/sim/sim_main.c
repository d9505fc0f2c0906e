/* reigen-sim: seeds through the whole-network simulator, stories, and twins.
 *
 *   reigen-sim [--seed N] [--seeds K] [--nodes N] [--lie NAME] [--tight] [--twice]
 *              [--real-signatures] [--stop] [--verbose]
 *   reigen-sim --scenario NAME [--nodes N] [--link-ms L]
 *   reigen-sim --twins [--nodes N] [--rounds R] [--part I/K] [--only NUMBER]
 *
 * Without --nodes the sizes 1 to 7, 9, 10 and 20 take turns. --lie: all liars lie like this one.
 * --twice: two runs of each must be the same to the byte. --tight: the smallest journals. --stop:
 * no further seed after a violation. --seconds T: no further seed after that time. Exit 1 after a
 * violation or a figure that was missed. */
#include "crypto/sign.h"
#include "sim_fixture.h"
#include "sim_twins.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t value(int argc, char **argv, int *i)
{
    char *end = NULL;
    if (*i + 1 >= argc) {
        fprintf(stderr, "reigen-sim: %s needs a number\n", argv[*i]);
        exit(64);
    }
    const uint64_t v = strtoull(argv[++*i], &end, 10);
    if (*end != '\0') {
        fprintf(stderr, "reigen-sim: not a number: %s\n", argv[*i]);
        exit(64);
    }
    return v;
}

/* What is to be done. */
struct choice {
    uint64_t seed, seeds, seconds;
    size_t nodes;
    uint32_t link_ms;
    bool stop, twins;
    const char *scenario;
    struct sim_options options;
    struct sim_twins tw;
};

static bool flag(const char *name, struct choice *c)
{
    if (strcmp(name, "--verbose") == 0) {
        c->options.verbose = true;
    } else if (strcmp(name, "--twice") == 0) {
        c->options.twice = true;
    } else if (strcmp(name, "--tight") == 0) {
        c->options.tight = true;
    } else if (strcmp(name, "--stop") == 0) {
        c->stop = true;
    } else if (strcmp(name, "--twins") == 0) {
        c->twins = true;
    } else if (strcmp(name, "--real-signatures") == 0) {
        sim_crypto_real = rg_sign_start() == RG_OK;
    } else {
        return false;
    }
    return true;
}

static bool part(const char *text, struct sim_twins *t)
{
    char *slash = NULL;
    t->part = strtoull(text, &slash, 10);
    t->parts = *slash == '/' ? strtoull(slash + 1, NULL, 10) : 0;
    return t->part < t->parts;
}

static bool setting(int argc, char **argv, int *i, struct choice *c)
{
    const char *name = argv[*i];
    if (strcmp(name, "--seed") == 0) {
        c->seed = value(argc, argv, i);
    } else if (strcmp(name, "--seeds") == 0) {
        c->seeds = value(argc, argv, i);
    } else if (strcmp(name, "--seconds") == 0) {
        c->seconds = value(argc, argv, i);
    } else if (strcmp(name, "--nodes") == 0) {
        c->nodes = (size_t)value(argc, argv, i);
    } else if (strcmp(name, "--link-ms") == 0) {
        c->link_ms = (uint32_t)value(argc, argv, i);
    } else if (strcmp(name, "--rounds") == 0) {
        c->tw.rounds = (size_t)value(argc, argv, i);
    } else if (strcmp(name, "--only") == 0) {
        c->tw.one = value(argc, argv, i);
    } else if (*i + 1 == argc) {
        return false;
    } else if (strcmp(name, "--part") == 0) {
        return part(argv[++*i], &c->tw);
    } else if (strcmp(name, "--scenario") == 0) {
        c->scenario = argv[++*i];
    } else if (strcmp(name, "--lie") == 0) {
        c->options.lie = sim_lies_find(argv[++*i]);
        return c->options.lie != NULL;
    } else {
        return false;
    }
    return true;
}

static void sum_up(const struct sim_stats *t, uint64_t done, uint64_t bad, double seconds)
{
    printf("%llu seeds, %llu violations, %.1f s of processor\n", (unsigned long long)done,
           (unsigned long long)bad, seconds);
    printf("%llu views (%.0f a second), %llu nullified, %llu blocks, %llu submissions, %.0f s "
           "simulated\n",
           (unsigned long long)t->views, (double)t->views / (seconds > 0 ? seconds : 1),
           (unsigned long long)t->nullified, (unsigned long long)t->blocks,
           (unsigned long long)t->submissions, (double)t->virtual_ms / 1000);
    printf("%llu messages, %llu drops, %llu duplicates, %llu partitions, %llu crashes, %llu "
           "blackouts, %llu restarts, %llu journal turns, %llu lies, %llu changes of authorities, "
           "%llu proofs\n",
           (unsigned long long)t->messages, (unsigned long long)t->drops,
           (unsigned long long)t->duplicates, (unsigned long long)t->partitions,
           (unsigned long long)t->crashes, (unsigned long long)t->blackouts,
           (unsigned long long)t->restarts, (unsigned long long)t->turns,
           (unsigned long long)t->lies, (unsigned long long)t->epochs,
           (unsigned long long)t->accused);
}

static int run_seeds(const struct choice *c)
{
    /* Large networks cost most and come seldom. */
    static const size_t sizes[] = {4, 1, 3, 4, 2, 7, 4, 5, 3, 6, 4, 2, 7, 5, 4, 10, 3, 4, 6, 20, 9};
    struct sim_stats t;
    uint64_t bad = 0;
    uint64_t done = 0;
    memset(&t, 0, sizeof t);
    const clock_t begin = clock();
    const time_t start = time(NULL);
    for (; done < c->seeds && !(c->stop && bad > 0); done++) {
        const uint64_t seed = c->seed + done;
        const size_t n = c->nodes > 0 ? c->nodes : sizes[seed % (sizeof sizes / sizeof sizes[0])];
        uint64_t first = 0;
        uint64_t second = 0;
        if ((uint64_t)(time(NULL) - start) >= c->seconds) {
            break;
        }
        bad += sim_run(seed, n, c->options, &t, &first) ? 0 : 1;
        if (c->options.twice) {
            bad += sim_run(seed, n, c->options, &t, &second) ? 0 : 1;
            if (first != second) {
                printf("VIOLATION seed %llu nodes %zu: two runs of one seed differ\n",
                       (unsigned long long)seed, n);
                bad++;
            }
        }
        (void)fflush(stdout);
    }
    sum_up(&t, done, bad, (double)(clock() - begin) / CLOCKS_PER_SEC);
    sim_crypto_fini();
    return bad > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct choice c = {.seed = 1,
                       .seeds = 100,
                       .seconds = UINT64_MAX,
                       .link_ms = 1,
                       .tw = {.n = 4, .rounds = 4, .parts = 1, .one = UINT64_MAX}};
    for (int i = 1; i < argc; i++) {
        if (!flag(argv[i], &c) && !setting(argc, argv, &i, &c)) {
            fprintf(stderr, "reigen-sim: %s? See the head of tests/sim/sim_main.c.\n", argv[i]);
            return 64;
        }
    }
    if (c.nodes > SIM_NODES_MAX) {
        fprintf(stderr, "reigen-sim: at most %d nodes\n", SIM_NODES_MAX);
        return 64;
    }
    /* Nodes come and go; their memory stays with the process. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_TOP_PAD, 64 << 20);
    if (c.twins) {
        c.tw.n = c.nodes > 0 ? c.nodes : c.tw.n;
        return sim_twins_run(&c.tw) ? 0 : 1;
    }
    if (c.scenario != NULL) {
        const struct sim_scenario *sc = sim_scenario_find(c.scenario);
        return sc != NULL && sc->run(c.nodes > 0 ? c.nodes : 4, c.link_ms) ? 0 : 1;
    }
    return run_seeds(&c);
}
