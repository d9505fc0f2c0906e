/* Hexadecimal text, lower case. */
#ifndef RG_BASE_HEX_H
#define RG_BASE_HEX_H

#include "base/err.h"
#include "base/types.h"

/* Write 2 * @len digits and a NUL to @out, which must have room for 2 * @len + 1 characters. */
void rg_hex_format(const uint8_t *data, size_t len, char *out);
/* Parse exactly 2 * @len digits of either case at @text (a C string) into @out.
 * Errors: RG_ERR_INVALID  wrong length or a character that is no digit; @out is then zeroed. */
RG_CHECKED rg_err rg_hex_parse(const char *text, uint8_t *out, size_t len);

#endif /* RG_BASE_HEX_H */
