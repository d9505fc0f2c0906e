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
