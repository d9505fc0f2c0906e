/* Checked numbers: parsing without locale or sign surprises, sums and products that cannot wrap. */
#ifndef RG_BASE_NUM_H
#define RG_BASE_NUM_H

#include "base/err.h"
#include "base/types.h"

/* Parse the whole of @text as a decimal number up to @max; no sign, no blanks.
 * Errors: RG_ERR_INVALID  not a number or over @max; @out is untouched. */
RG_CHECKED rg_err rg_num_parse_u64(struct rg_bytes text, uint64_t max, uint64_t *out);
/* @a + @b; false when it does not fit, @out is then untouched. */
static inline bool rg_num_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

/* The smaller of two numbers. */
static inline uint64_t rg_num_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The larger of two numbers. */
static inline uint64_t rg_num_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif /* RG_BASE_NUM_H */
