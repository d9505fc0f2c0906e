/* Error codes: environment and data errors. A programmer's error is RG_ASSERT (base/panic.h); a
 * decision about somebody's input that all nodes must share is a verdict (ledger/verdict.h). */
#ifndef RG_BASE_ERR_H
#define RG_BASE_ERR_H

typedef enum rg_err {
    RG_OK = 0,
#define RG_X(name, num, text) RG_ERR_##name = (num),
#include "base/err.def"
#undef RG_X
} rg_err;

/* The caller must look at the result. */
#define RG_CHECKED __attribute__((warn_unused_result))

/* Drop a result on purpose and say why. A cast to void does not silence gcc, and gives no reason.
 */
#define RG_IGNORE(expr, why)                                                                       \
    do {                                                                                           \
        const rg_err rg_ignored_ = (expr);                                                         \
        (void)rg_ignored_;                                                                         \
        (void)(why);                                                                               \
    } while (0)

/* Return the static English text of @e; never NULL. */
const char *rg_err_text(rg_err e);

#endif /* RG_BASE_ERR_H */
