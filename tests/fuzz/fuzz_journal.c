/* Fuzzes what opening a journal reads from the disk: either two files of arbitrary bytes, or the
 * files of a real journal with the input's patches on them. Whatever was changed, only records that
 * were written are told, in the order in which they were written. */
#include "base/panic.h"
#include "storage/journal_image.h"
#include <stdlib.h>

#define SIZE 4096u
#define RECORDS 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    bool ours; /* the files began as a real journal */
    bool first;
    uint8_t last;
};

static rg_err tell(void *ctx, const struct rg_journal_record *record)
{
    struct told *t = ctx;
    RG_ASSERT(record->type >= 1 && record->type <= RG_JOURNAL_TYPE_MAX);
    RG_ASSERT(record->offset + record->payload.len < SIZE);
    if (!t->ours) {
        return RG_OK;
    }
    RG_ASSERT(record->payload.len == 20u + record->type);
    for (size_t i = 0; i < record->payload.len; i++) {
        RG_ASSERT(record->payload.data[i] == record->type);
    }
    RG_ASSERT(t->first || record->type == t->last + 1);
    t->first = false;
    t->last = record->type;
    return RG_OK;
}

static void put(const struct rg_hash *salt, struct rg_journal_head *h, uint8_t type, size_t len,
                uint8_t *file)
{
    uint8_t payload[64];
    memset(payload, type, sizeof payload);
    const struct rg_bytes part = {payload, len};
    h->type = type;
    h->len = (uint32_t)len;
    h->number++;
    rg_journal_image_encode(salt, h, &part, 1, file + h->offset);
    h->offset += (uint32_t)rg_journal_image_cost(len);
}

/* A file as it would be after a checkpoint of two records and some syncs of one or two. */
static void write_file(const struct rg_hash *salt, uint64_t generation, uint8_t first,
                       uint8_t *file)
{
    struct rg_journal_head h = {.generation = generation};
    h.offset = (uint32_t)rg_journal_image_encode_begin(salt, generation, SIZE, file);
    for (uint8_t i = 0; i < RECORDS; i++) {
        const uint8_t type = (uint8_t)(first + i);
        put(salt, &h, type, 20u + type, file);
        if (i == 1) {
            put(salt, &h, RG_JOURNAL_IMAGE_END, 0, file);
        }
        if (i % 3 != 0) {
            h.batch = i > 0 ? h.offset : 0;
        }
    }
}

/* Patches: which file, u16 offset, length, byte: xor it there, or set a longer range to it. */
static void patch(uint8_t *files[2], const uint8_t *data, size_t size)
{
    for (; size >= 5; data += 5, size -= 5) {
        uint8_t *file = files[data[0] % 2];
        const size_t at = ((size_t)data[1] << 8 | data[2]) % SIZE;
        const size_t len = data[3] % 2 == 0 ? 1 : data[3] * 8u;
        for (size_t i = at; i < at + len && i < SIZE; i++) {
            file[i] = len == 1 ? (uint8_t)(file[i] ^ data[4]) : data[4];
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rg_hash salt = {{0x5A, 0x11, 0x70, 0x99, 1, 2, 3}};
    struct rg_journal_image images[2];
    struct rg_journal_info info = {0};
    struct told t = {.first = true};
    int chosen = -1;
    if (size < 1) {
        return 0;
    }
    uint8_t *files[2] = {calloc(1, SIZE), calloc(1, SIZE)};
    RG_ASSERT(files[0] != NULL && files[1] != NULL);
    if (data[0] % 4 == 0) {
        for (size_t i = 1; i < size && i <= 2 * (size_t)SIZE; i++) {
            files[(i - 1) / SIZE][(i - 1) % SIZE] = data[i];
        }
    } else {
        t.ours = true;
        write_file(&salt, 5, data[0] % 8 < 4 ? 1 : 8, files[0]);
        write_file(&salt, data[0] % 16 < 8 ? 4 : 6, 3, files[1]);
        patch(files, data + 1, size - 1);
    }
    const struct rg_bytes a = {files[0], SIZE};
    const struct rg_bytes b = {files[1], SIZE};
    rg_journal_image_inspect(a, b, images);
    const rg_err e = rg_journal_image_choose(images, &info, &chosen);
    RG_ASSERT(e == RG_OK || e == RG_ERR_CORRUPT || e == RG_ERR_VERSION);
    for (int i = 0; i < 2; i++) {
        t.first = true;
        RG_ASSERT(images[i].used <= SIZE);
        if (images[i].generation != 0) {
            RG_ASSERT(rg_journal_image_replay(i == 0 ? a : b, &images[i], tell, &t) == RG_OK);
        }
    }
    RG_ASSERT(e != RG_OK || (images[chosen].complete && info.used == images[chosen].used));
    free(files[0]);
    free(files[1]);
    return 0;
}
