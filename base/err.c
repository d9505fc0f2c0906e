#include "base/err.h"

const char *rg_err_text(rg_err e)
{
    switch (e) {
    case RG_OK:
        return "ok";
#define RG_X(name, num, text)                                                                      \
    case RG_ERR_##name:                                                                            \
        return text;
#include "base/err.def"
#undef RG_X
    }
    return "unknown error";
}
