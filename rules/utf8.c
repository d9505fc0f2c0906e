#include "rules/utf8.h"

/* How many bytes the UTF-8 character at @s takes; 0 when it is none, is overlong or a surrogate. */
static size_t utf8_len(const uint8_t *s, size_t left)
{
    const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len == 0 || s[0] > 0xF4 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return len;
}

/* U+2028, U+2029 and U+FEFF: nothing to see, but some programs break a line there. */
static bool is_invisible(const uint8_t *s, size_t len)
{
    return len == 3 && ((s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9)) ||
                        (s[0] == 0xEF && s[1] == 0xBB && s[2] == 0xBF));
}

bool rg_utf8_is_text(struct rg_bytes t)
{
    for (size_t i = 0; i < t.len;) {
        const size_t len = utf8_len(t.data + i, t.len - i);
        if (len == 0 || is_invisible(t.data + i, len) || t.data[i] < 0x20 || t.data[i] == 0x7F ||
            (t.data[i] == 0xC2 && t.data[i + 1] < 0xA0)) {
            return false;
        }
        i += len;
    }
    return true;
}
