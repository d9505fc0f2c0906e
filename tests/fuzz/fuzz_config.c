/* A node.yaml from anywhere, beside a good genesis: it is taken whole or refused with lines that
 * say what is wrong. Its paths are relative to /proc/self/fd, where both files are. */
#include "base/bytes.h"
#include "base/panic.h"
#include "node/config.h"
#include "proto/genesis_codec.h"
#include "tests/fuzz/fuzz.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define GENESIS_FD 97 /* the seeds name it */
#define CONFIG_FD 98

/* libfyaml 0.7.12 forgets a scratch buffer when it refuses a quoted text of many parts. It is
 * bounded by the size of the file, and a file is read once. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

static void write_genesis(int fd)
{
    static struct rg_genesis g = {
        .name = "anker",
        .time_ms = 1,
        .agency_count = 2,
        .principal_count = 3,
        .authority_count = 2,
        .authority = {0, 1},
        .definition_len = 3,
        .definition = "a: ",
        .agency = {{.name = "A", .class = 1}, {.name = "B", .class = 2}},
        .principal = {
            {.name = "node1", .roles = RG_ROLE_NODE, .sign_key = {{1}}, .curve_key = {{1}}},
            {.name = "node2",
             .agency = 1,
             .roles = RG_ROLE_NODE,
             .sign_key = {{2}},
             .curve_key = {{2}}},
            {.name = "member1", .roles = RG_ROLE_MONITOR, .sign_key = {{3}}, .curve_key = {{3}}}}};
    struct rg_arena arena;
    struct rg_bytes bytes;
    struct rg_hash id;
    rg_genesis_default_parameters(&g.parameters);
    RG_ASSERT(rg_arena_init(&arena, 2u << 20) == RG_OK);
    RG_ASSERT(rg_genesis_codec_encode(&arena, &g, &id, &bytes) == RG_OK);
    RG_ASSERT(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
    rg_arena_fini(&arena);
}

static void file_at(int place)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    RG_ASSERT(fd >= 0 && dup3(fd, place, O_CLOEXEC) == place);
    (void)close(fd);
}

static void start(void)
{
    /* An input may name any descriptor as its genesis: none of them may wait for a terminal. */
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    RG_ASSERT(null >= 0 && dup2(null, STDIN_FILENO) == STDIN_FILENO);
    file_at(GENESIS_FD);
    file_at(CONFIG_FD);
    write_genesis(GENESIS_FD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    char err[RG_YAML_ERROR_MAX] = "";
    char path[64];
    struct rg_config *c = NULL;
    if (!started) {
        start();
        started = true;
    }
    if (ftruncate(CONFIG_FD, 0) != 0 || pwrite(CONFIG_FD, data, size, 0) != (ssize_t)size) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", CONFIG_FD);
    if (rg_config_load(path, &c, err) != RG_OK) {
        RG_ASSERT(c == NULL && err[0] != '\0');
        return 0;
    }
    RG_ASSERT(strcmp(c->ledger, "anker") == 0 && c->place < 2 && c->peer_count <= 1);
    RG_ASSERT(c->listen.votes != 0 && c->listen.bulk != 0 && c->listen.sync != 0);
    RG_ASSERT(c->api != 0 && c->events != 0 && c->data[0] != '\0' && c->key_path[0] != '\0');
    rg_config_destroy(&c);
    return 0;
}
