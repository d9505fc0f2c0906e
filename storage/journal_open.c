#include "storage/disk.h"
#include "storage/journal_priv.h"
#include <stdlib.h>
#include <unistd.h>

/* The owner's callback, dressed as a scan's. */
struct replay {
    rg_journal_fn fn;
    void *ctx;
};

static rg_err replay_one(void *ctx, const struct rg_journal_record *record)
{
    const struct replay *r = ctx;
    return r->fn(r->ctx, record->type, record->payload);
}

static bool is_zero_file(struct rg_bytes b)
{
    uint8_t any = 0;
    for (size_t i = 0; i < b.len; i++) {
        any |= b.data[i];
    }
    return any == 0;
}

/* Wipe what could pass for a later record of a generation that goes on or comes next: a torn tail,
 * and a checkpoint that was cut. A crash in here leaves no more than was there before. */
static rg_err clean(const struct rg_journal_files *f, const struct rg_journal_info *info)
{
    const int other = 1 - f->chosen;
    const struct rg_journal_image *im = &f->images[other];
    const uint64_t counts = f->images[f->chosen].generation;
    if (im->generation > counts || im->newest_behind > counts ||
        (im->generation == 0 && !is_zero_file(rg_journal_files__bytes(f, other)))) {
        const rg_err e = rg_disk_zero(f->fds[other], 0, f->size);
        if (e != RG_OK) {
            return e;
        }
    }
    return info->torn ? rg_disk_zero(f->fds[f->chosen], info->used, f->size) : RG_OK;
}

/* Make the open journal from the files; takes their descriptors. */
static rg_err make(struct rg_journal_files *f, struct rg_journal **out)
{
    const struct rg_journal_image *im = &f->images[f->chosen];
    struct rg_journal *j = calloc(1, sizeof *j);
    uint8_t *buf = malloc(RG_JOURNAL_BUFFER);
    if (j == NULL || buf == NULL) {
        free(j);
        free(buf);
        return RG_ERR_NOMEM;
    }
    *j = (struct rg_journal){
        .fds = {f->fds[0], f->fds[1]},
        .size = f->size,
        .salt = im->salt,
        .target = f->chosen,
        .pos = {.generation = im->generation,
                .used = im->used,
                .durable = im->used,
                .number = im->last_number,
                .unsealed = true},
        .buf = buf,
        .buf_at = im->used,
    };
    f->fds[0] = -1;
    f->fds[1] = -1;
    *out = j;
    return RG_OK;
}

static rg_err open_or_create(const char *dir, uint64_t size, struct rg_journal_info *info,
                             struct rg_journal_files *f)
{
    rg_err e = rg_journal_files__open(dir, true, info, f);
    if (e != RG_ERR_NOT_FOUND) {
        return e;
    }
    rg_journal_files__close(f);
    e = rg_journal_files__create(dir, size);
    if (e == RG_OK) {
        e = rg_journal_files__open(dir, true, info, f);
        info->created = true;
    }
    return e;
}

rg_err rg_journal_open(const char *dir, uint64_t size, rg_journal_fn fn, void *ctx,
                       struct rg_journal_info *out_info, struct rg_journal **out)
{
    const uint64_t wanted = size != 0 ? size : RG_JOURNAL_SIZE_DEFAULT;
    if (wanted < RG_JOURNAL_SIZE_MIN || wanted > RG_JOURNAL_SIZE_MAX ||
        wanted % RG_JOURNAL_IMAGE_ALIGN != 0) {
        return RG_ERR_INVALID;
    }
    struct rg_journal_files f = {.fds = {-1, -1}};
    struct rg_journal_info info = {0};
    struct rg_journal *j = NULL;
    struct replay r = {fn, ctx};
    rg_err e = rg_disk_make_dir(dir);
    if (e == RG_OK) {
        e = open_or_create(dir, wanted, &info, &f);
    }
    if (e == RG_OK || e == RG_ERR_CORRUPT) {
        *out_info = info;
    }
    if (e == RG_OK) {
        e = clean(&f, &info);
    }
    if (e == RG_OK) {
        e = rg_journal_image_replay(rg_journal_files__bytes(&f, f.chosen), &f.images[f.chosen],
                                    replay_one, &r);
    }
    if (e == RG_OK) {
        e = make(&f, &j);
    }
    rg_journal_files__close(&f);
    /* What a killed process wrote without a sync was read from memory: it is acted on from here on,
     * so it must outlive a power loss, also when there is no room left for a seal. */
    if (e == RG_OK && fdatasync(j->fds[j->target]) != 0) {
        e = RG_ERR_IO;
    }
    /* From here on damage to what was replayed is told from a torn tail. */
    if (e == RG_OK) {
        e = rg_journal_seal(j);
    }
    if (e != RG_OK) {
        rg_journal_close(&j);
        return e;
    }
    *out = j;
    return RG_OK;
}
