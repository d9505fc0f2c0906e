#include "base/hex.h"

void rg_hex_format(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

/* The value of a hexadecimal digit, or 16. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return 16;
}

rg_err rg_hex_parse(const char *text, uint8_t *out, size_t len)
{
    bool good = strlen(text) == 2 * len;
    for (size_t i = 0; good && i < len; i++) {
        const unsigned hi = digit_value(text[2 * i]);
        const unsigned lo = digit_value(text[2 * i + 1]);
        good = hi < 16 && lo < 16;
        out[i] = good ? (uint8_t)(hi << 4 | lo) : 0;
    }
    if (!good && len > 0) {
        memset(out, 0, len);
    }
    return good ? RG_OK : RG_ERR_INVALID;
}
