#include "node/core/record.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "base/panic.h"

size_t rg_record_encode_own(const struct rg_record_own *r, uint8_t *out)
{
    struct rg_writer w =
        rg_bytes_writer(out, RG_RECORD_OWN_HEAD + r->submission.len + r->private_bytes.len);
    rg_bytes_put_u64(&w, r->sequence);
    rg_bytes_put_sized(&w, r->submission);
    rg_bytes_put_sized(&w, r->private_bytes);
    RG_ASSERT(!w.failed);
    return w.len;
}

rg_err rg_record_decode_own(struct rg_bytes in, struct rg_record_own *out)
{
    struct rg_reader r = rg_bytes_reader(in);
    struct rg_record_own own = {.sequence = rg_bytes_get_u64(&r)};
    own.submission = rg_bytes_get_sized(&r, RG_SUBMISSION_MAX);
    own.private_bytes = rg_bytes_get_sized(&r, in.len);
    if (!rg_bytes_done(&r) || own.sequence == 0 || own.submission.len == 0) {
        return RG_ERR_CORRUPT;
    }
    *out = own;
    return RG_OK;
}

void rg_record_encode_memory(const struct rg_record_memory *r,
                             uint8_t out[static RG_RECORD_MEMORY_BYTES])
{
    struct rg_writer w = rg_bytes_writer(out, RG_RECORD_MEMORY_BYTES);
    rg_bytes_put_u64(&w, r->epoch);
    rg_bytes_put_u64(&w, r->mute);
    rg_bytes_put_u8(&w, (uint8_t)r->memory);
    rg_bytes_put(&w, r->first.b, RG_ID_BYTES);
    RG_ASSERT(!w.failed && w.len == RG_RECORD_MEMORY_BYTES);
}

rg_err rg_record_decode_memory(struct rg_bytes in, struct rg_record_memory *out)
{
    struct rg_reader r = rg_bytes_reader(in);
    struct rg_record_memory m = {.epoch = rg_bytes_get_u64(&r),
                                 .mute = rg_bytes_get_u64(&r),
                                 .memory = (enum rg_memory)rg_bytes_get_u8(&r)};
    rg_bytes_get(&r, m.first.b, RG_ID_BYTES);
    if (!rg_bytes_done(&r) || m.memory > RG_MEMORY_LOST || m.memory == RG_MEMORY_WHOLE) {
        return RG_ERR_CORRUPT;
    }
    *out = m;
    return RG_OK;
}
