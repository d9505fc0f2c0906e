/* Text of names and messages: UTF-8 (RFC 3629) without control characters. */
#ifndef RG_RULES_UTF8_H
#define RG_RULES_UTF8_H

#include "base/types.h"

/* Whether @t is UTF-8 with no overlong form, no surrogate and no control character (C0, DEL, C1).
 * The empty text is. */
bool rg_utf8_is_text(struct rg_bytes t);

#endif /* RG_RULES_UTF8_H */
