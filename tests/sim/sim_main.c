/* reigen-sim: seeds through the whole-network simulator, stories, and twins.
 *
 *   reigen-sim [--seed N] [--seeds K] [--nodes N] [--lie NAME] [--tight] [--twice]
 *              [--real-signatures] [--stop] [--verbose]
 *   reigen-sim --scenario NAME [--nodes N] [--link-ms L]
 *   reigen-sim --twins [--nodes N] [--rounds R] [--part I/K] [--only NUMBER]
 *
 * Without --nodes the sizes 1 to 7, 9, 10 and 20 take turns. --lie: all liars lie like this one.
 * --twice: two runs of each must be the same to the byte. --tight: the smallest journals. --stop:
 * no further seed after a violation. Exit 1 after a violation or a figure that was missed. */
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

int main(int argc, char **argv)
{
    /* Large networks cost most and come seldom. */
    static const size_t sizes[] = {4, 1, 3, 4, 2, 7, 4, 5, 3, 6, 4, 2, 7, 5, 4, 10, 3, 4, 6, 20, 9};
    uint64_t seed = 1;
    uint64_t seeds = 100;
    size_t nodes = 0;
    struct sim_options options = {.verbose = false};
    bool stop = false;
    bool twins = false;
    const char *scenario = NULL;
    uint32_t link_ms = 1;
    struct sim_twins tw = {.n = 4, .rounds = 4, .parts = 1, .one = UINT64_MAX};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0) {
            seed = value(argc, argv, &i);
        } else if (strcmp(argv[i], "--seeds") == 0) {
            seeds = value(argc, argv, &i);
        } else if (strcmp(argv[i], "--nodes") == 0) {
            nodes = (size_t)value(argc, argv, &i);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            options.verbose = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            options.twice = true;
        } else if (strcmp(argv[i], "--tight") == 0) {
            options.tight = true;
        } else if (strcmp(argv[i], "--lie") == 0 && i + 1 < argc) {
            options.lie = sim_lies_find(argv[++i]);
        } else if (strcmp(argv[i], "--real-signatures") == 0) {
            sim_crypto_real = rg_sign_start() == RG_OK;
        } else if (strcmp(argv[i], "--scenario") == 0 && i + 1 < argc) {
            scenario = argv[++i];
        } else if (strcmp(argv[i], "--link-ms") == 0) {
            link_ms = (uint32_t)value(argc, argv, &i);
        } else if (strcmp(argv[i], "--twins") == 0) {
            twins = true;
        } else if (strcmp(argv[i], "--rounds") == 0) {
            tw.rounds = (size_t)value(argc, argv, &i);
        } else if (strcmp(argv[i], "--only") == 0) {
            tw.one = value(argc, argv, &i);
        } else if (strcmp(argv[i], "--part") == 0 && i + 1 < argc) {
            char *slash = NULL;
            tw.part = strtoull(argv[++i], &slash, 10);
            tw.parts = *slash == '/' ? strtoull(slash + 1, NULL, 10) : 0;
            if (tw.parts == 0 || tw.part >= tw.parts) {
                fprintf(stderr, "reigen-sim: --part I/K with I below K\n");
                return 64;
            }
        } else if (strcmp(argv[i], "--stop") == 0) {
            stop = true;
        } else {
            fprintf(stderr, "usage: reigen-sim [--seed N] [--seeds K] [--nodes N] [--verbose] "
                            "[--twice] [--tight] [--lie NAME] [--real-signatures] [--stop]\n"
                            "       reigen-sim --scenario NAME [--nodes N] [--link-ms L]\n"
                            "       reigen-sim --twins [--nodes N] [--rounds R] [--part I/K]\n");
            return 64;
        }
    }
    if (twins) {
        tw.n = nodes > 0 ? nodes : tw.n;
        return sim_twins_run(&tw) ? 0 : 1;
    }
    if (nodes > SIM_NODES_MAX) {
        fprintf(stderr, "reigen-sim: at most %d nodes\n", SIM_NODES_MAX);
        return 64;
    }
    /* Nodes come and go; their memory stays with the process. */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_TOP_PAD, 64 << 20);
    if (scenario != NULL) {
        const struct sim_scenario *sc = sim_scenario_find(scenario);
        return sc != NULL && sc->run(nodes > 0 ? nodes : 4, link_ms) ? 0 : 1;
    }
    struct sim_stats t;
    memset(&t, 0, sizeof t);
    uint64_t bad = 0;
    uint64_t done = 0;
    const clock_t begin = clock();
    for (; done < seeds && !(stop && bad > 0); done++) {
        const size_t n =
            nodes > 0 ? nodes : sizes[(seed + done) % (sizeof sizes / sizeof sizes[0])];
        uint64_t first = 0;
        uint64_t second = 0;
        bad += sim_run(seed + done, n, options, &t, &first) ? 0 : 1;
        if (options.twice) {
            bad += sim_run(seed + done, n, options, &t, &second) ? 0 : 1;
            if (first != second) {
                printf("VIOLATION seed %llu nodes %zu: two runs of one seed differ\n",
                       (unsigned long long)(seed + done), n);
                bad++;
            }
        }
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("%llu seeds, %llu violations, %.1f s of processor\n", (unsigned long long)done,
           (unsigned long long)bad, seconds);
    printf("%llu views (%.0f a second), %llu nullified, %llu blocks, %llu submissions, %.0f s "
           "simulated\n",
           (unsigned long long)t.views, (double)t.views / (seconds > 0 ? seconds : 1),
           (unsigned long long)t.nullified, (unsigned long long)t.blocks,
           (unsigned long long)t.submissions, (double)t.virtual_ms / 1000);
    printf("%llu messages, %llu drops, %llu duplicates, %llu partitions, %llu crashes, %llu "
           "blackouts, %llu restarts, %llu journal turns, %llu lies, %llu changes of authorities, "
           "%llu proofs\n",
           (unsigned long long)t.messages, (unsigned long long)t.drops,
           (unsigned long long)t.duplicates, (unsigned long long)t.partitions,
           (unsigned long long)t.crashes, (unsigned long long)t.blackouts,
           (unsigned long long)t.restarts, (unsigned long long)t.turns, (unsigned long long)t.lies,
           (unsigned long long)t.epochs, (unsigned long long)t.accused);
    return bad > 0 ? 1 : 0;
}
