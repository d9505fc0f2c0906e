#include "base/failpoint.h"

#ifdef RG_FAILPOINTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void rg_failpoint(const char *name)
{
    static atomic_uint hits;
    const char *at = getenv("RG_FAIL_AT");
    const size_t len = strlen(name);
    if (at == NULL || strncmp(at, name, len) != 0 || at[len] != ':') {
        return;
    }
    unsigned count = 0;
    for (const char *p = at + len + 1; *p >= '0' && *p <= '9' && count < 1000000; p++) {
        count = count * 10 + (unsigned)(*p - '0');
    }
    if (atomic_fetch_add(&hits, 1) + 1 == count) {
        (void)raise(SIGKILL);
    }
}
#else
typedef int rg_failpoint_nothing_here; /* a translation unit is never empty */
#endif
