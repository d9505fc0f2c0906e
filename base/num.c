#include "base/num.h"

rg_err rg_num_parse_u64(struct rg_bytes text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (text.len == 0 || text.len > 20) {
        return RG_ERR_INVALID;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(c - '0'), &v)) {
            return RG_ERR_INVALID;
        }
    }
    if (v > max) {
        return RG_ERR_INVALID;
    }
    *out = v;
    return RG_OK;
}
