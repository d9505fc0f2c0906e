#include "ledger/verdict.h"

const char *rg_verdict_text(enum rg_verdict v)
{
    switch (v) {
#define RG_X(name, num, text)                                                                      \
    case RG_VERDICT_##name:                                                                        \
        return text;
#include "ledger/verdict.def"
#undef RG_X
    }
    return "unknown verdict";
}

bool rg_verdict_uses_number(enum rg_verdict v)
{
    return v == RG_VERDICT_ACCEPTED || (v >= RG_VERDICT_KNOWN && v <= RG_VERDICT_LEDGER_FULL);
}
