#include "storage/journal.h"
#include "base/failpoint.h"
#include "base/panic.h"
#include "storage/disk.h"
#include "storage/journal_priv.h"
#include <stdlib.h>
#include <unistd.h>

/* Room kept free for one record of the journal's own: END or a seal. */
#define RESERVE (RG_JOURNAL_IMAGE_HEADER + RG_JOURNAL_IMAGE_SUM)

_Static_assert(RG_JOURNAL_RECORD_MAX + 64 <= RG_JOURNAL_BUFFER, "a record fits into the buffer");
_Static_assert(RG_JOURNAL_SIZE_MAX < UINT32_MAX, "offsets fit into 32 bits");

static rg_err latch(struct rg_journal *j)
{
    j->failed = true;
    return RG_ERR_IO;
}

/* Write what was gathered; not synced. */
static rg_err flush(struct rg_journal *j)
{
    if (j->buf_len == 0) {
        return RG_OK;
    }
    if (rg_disk_write(j->fds[j->target], j->buf, j->buf_len, j->buf_at) != RG_OK) {
        return latch(j);
    }
    j->buf_at += j->buf_len;
    j->buf_len = 0;
    return RG_OK;
}

/* Write and sync what was gathered. */
static rg_err settle(struct rg_journal *j)
{
    RG_FAILPOINT("journal.write");
    const rg_err e = flush(j);
    if (e != RG_OK) {
        return e;
    }
    RG_FAILPOINT("journal.sync");
    /* Never tried again after a failure: the kernel may have dropped the pages and call the next
     * attempt a success. */
    if (fdatasync(j->fds[j->target]) != 0) {
        return latch(j);
    }
    RG_FAILPOINT("journal.synced");
    j->pos.durable = j->pos.used;
    return RG_OK;
}

/* Gather one record; the caller has checked that it fits into the file. */
static rg_err gather(struct rg_journal *j, uint8_t type, const struct rg_bytes *parts, size_t count,
                     size_t len)
{
    const size_t cost = (size_t)rg_journal_image_cost(len);
    if (cost > RG_JOURNAL_BUFFER - j->buf_len) {
        const rg_err e = flush(j);
        if (e != RG_OK) {
            return e;
        }
    }
    const struct rg_journal_head h = {
        .generation = j->pos.generation,
        .len = (uint32_t)len,
        .offset = (uint32_t)j->pos.used,
        .batch = (uint32_t)j->pos.durable,
        .number = j->pos.number + 1,
        .type = type,
    };
    rg_journal_image_encode(&j->salt, &h, parts, count, j->buf + j->buf_len);
    j->buf_len += cost;
    j->pos.used += cost;
    j->pos.number++;
    return RG_OK;
}

rg_err rg_journal_append(struct rg_journal *j, uint8_t type, const struct rg_bytes *parts,
                         size_t count)
{
    size_t len = 0;
    if (j->failed) {
        return RG_ERR_IO;
    }
    if (type == 0 || type > RG_JOURNAL_TYPE_MAX) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > RG_JOURNAL_RECORD_MAX - len) {
            return RG_ERR_INVALID;
        }
        len += parts[i].len;
    }
    if (!rg_journal_fits(j, len)) {
        return RG_ERR_FULL;
    }
    const rg_err e = gather(j, type, parts, count, len);
    if (e == RG_OK) {
        j->pos.unsealed = true;
    }
    return e;
}

rg_err rg_journal_sync(struct rg_journal *j)
{
    if (j->failed) {
        return RG_ERR_IO;
    }
    if (j->turning) {
        return RG_ERR_USAGE;
    }
    return j->pos.used != j->pos.durable ? settle(j) : RG_OK;
}

rg_err rg_journal_seal(struct rg_journal *j)
{
    RG_FAILPOINT("journal.seal");
    rg_err e = rg_journal_sync(j);
    if (e != RG_OK || !j->pos.unsealed || j->size - j->pos.used < RESERVE) {
        return e;
    }
    e = gather(j, RG_JOURNAL_IMAGE_SEAL, NULL, 0, 0);
    if (e == RG_OK) {
        e = settle(j);
    }
    if (e == RG_OK) {
        j->pos.unsealed = false;
    }
    return e;
}

rg_err rg_journal_turn_begin(struct rg_journal *j)
{
    RG_FAILPOINT("journal.turn.begin");
    const rg_err e = rg_journal_sync(j);
    if (e != RG_OK) {
        return e;
    }
    j->saved = j->pos;
    j->target = 1 - j->target;
    j->turning = true;
    RG_ASSERT(j->buf_len == 0);
    j->buf_len =
        (size_t)rg_journal_image_encode_begin(&j->salt, j->saved.generation + 1, j->size, j->buf);
    j->buf_at = 0;
    /* Nothing of a checkpoint counts before its end, so all of it is one batch from offset 0. */
    j->pos = (struct rg_journal_pos){
        .generation = j->saved.generation + 1,
        .used = j->buf_len,
    };
    return RG_OK;
}

rg_err rg_journal_turn_end(struct rg_journal *j)
{
    RG_FAILPOINT("journal.turn.end");
    if (j->failed) {
        return RG_ERR_IO;
    }
    if (!j->turning) {
        return RG_ERR_USAGE;
    }
    rg_err e = gather(j, RG_JOURNAL_IMAGE_END, NULL, 0, 0);
    if (e == RG_OK) {
        e = settle(j);
    }
    if (e == RG_OK) {
        j->turning = false;
        j->pos.unsealed = true;
    }
    return e;
}

rg_err rg_journal_turn_abort(struct rg_journal *j)
{
    if (j->failed) {
        return RG_ERR_IO;
    }
    if (!j->turning) {
        return RG_OK;
    }
    /* The next turn has the same generation: what was written of this one must not pass for it. */
    if (j->buf_at > 0 && rg_disk_zero(j->fds[j->target], 0, j->buf_at) != RG_OK) {
        return latch(j);
    }
    j->target = 1 - j->target;
    j->turning = false;
    j->pos = j->saved;
    j->buf_len = 0;
    j->buf_at = j->pos.used;
    return RG_OK;
}

void rg_journal_close(struct rg_journal **j)
{
    if (*j == NULL) {
        return;
    }
    if (!(*j)->turning) {
        RG_IGNORE(rg_journal_seal(*j), "a seal only helps; what had to be durable was synced");
    }
    (void)close((*j)->fds[0]);
    (void)close((*j)->fds[1]);
    free((*j)->buf);
    free(*j);
    *j = NULL;
}

uint64_t rg_journal_used(const struct rg_journal *j)
{
    return j->pos.used;
}

uint64_t rg_journal_capacity(const struct rg_journal *j)
{
    return j->size;
}

uint64_t rg_journal_cost(uint64_t len)
{
    return rg_journal_image_cost(len);
}

bool rg_journal_fits(const struct rg_journal *j, uint64_t len)
{
    return len <= RG_JOURNAL_RECORD_MAX &&
           rg_journal_image_cost(len) + RESERVE <= j->size - j->pos.used;
}

bool rg_journal_failed(const struct rg_journal *j)
{
    return j->failed;
}
