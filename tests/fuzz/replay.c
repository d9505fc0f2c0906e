/* Runs a fuzz target without a fuzzer: over the files of its corpus folder, then over seeded
 * mutations of them and seeded random inputs. Prints how many inputs it ran; none is a failure.
 * Usage: fuzz_NAME CORPUS-FOLDER [COUNT] */
#include "base/num.h"
#include "base/prng.h"
#include "tests/fuzz/fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65536
#define SEEDS_MAX 256

static struct {
    uint8_t *data;
    size_t len;
} seeds[SEEDS_MAX];
static size_t seed_count;

static void load(const char *folder, const char *name)
{
    char path[1024];
    uint8_t *data = malloc(INPUT_MAX);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (data == NULL || f == NULL || seed_count == SEEDS_MAX) {
        free(data);
        if (f != NULL) {
            (void)fclose(f);
        }
        return;
    }
    seeds[seed_count].len = fread(data, 1, INPUT_MAX, f);
    seeds[seed_count].data = data;
    seed_count++;
    (void)fclose(f);
}

/* A copy of a seed with some bytes changed, cut or repeated; or random bytes. */
static size_t mutate(struct rg_prng *p, uint8_t *out)
{
    size_t len = 0;
    if (seed_count > 0 && rg_prng_below(p, 8) != 0) {
        const size_t s = rg_prng_below(p, seed_count);
        len = seeds[s].len;
        memcpy(out, seeds[s].data, len);
    } else {
        len = rg_prng_below(p, 300);
        for (size_t i = 0; i < len; i++) {
            out[i] = (uint8_t)rg_prng_next(p);
        }
    }
    const uint64_t changes = rg_prng_below(p, 6);
    for (uint64_t i = 0; i < changes && len > 0; i++) {
        const size_t at = rg_prng_below(p, len);
        switch (rg_prng_below(p, 4)) {
        case 0:
            out[at] ^= (uint8_t)(1u << rg_prng_below(p, 8));
            break;
        case 1:
            out[at] = (uint8_t)rg_prng_next(p);
            break;
        case 2:
            len = at;
            break;
        default:
            if (len < INPUT_MAX) {
                memmove(out + at + 1, out + at, len - at);
                len++;
            }
            break;
        }
    }
    return len;
}

int main(int argc, char **argv)
{
    static uint8_t input[INPUT_MAX + 1];
    struct rg_prng p;
    uint64_t count = 20000;
    uint64_t ran = 0;
    DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
    if (argc < 2 ||
        (argc > 2 && rg_num_parse_u64((struct rg_bytes){(uint8_t *)argv[2], strlen(argv[2])},
                                      UINT64_MAX, &count) != RG_OK)) {
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER [COUNT]\n", argv[0]);
        return 64;
    }
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            load(argv[1], e->d_name);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    for (size_t i = 0; i < seed_count; i++, ran++) {
        (void)LLVMFuzzerTestOneInput(seeds[i].data, seeds[i].len);
    }
    rg_prng_init(&p, 1);
    for (; ran < count; ran++) {
        const size_t len = mutate(&p, input);
        /* A copy of the exact size, so that a sanitizer sees the first byte behind it. */
        uint8_t *exact = malloc(len > 0 ? len : 1);
        if (exact == NULL) {
            return 70;
        }
        memcpy(exact, input, len);
        (void)LLVMFuzzerTestOneInput(exact, len);
        free(exact);
    }
    for (size_t i = 0; i < seed_count; i++) {
        free(seeds[i].data);
    }
    printf("%s: %zu files, %llu inputs\n", argv[0], seed_count, (unsigned long long)ran);
    return ran > 0 ? 0 : 1;
}
