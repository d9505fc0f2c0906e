/* Texts for people out of JSON: the alerts and answers of a node have theirs in German and English.
 */
#ifndef RG_CLI_WORDS_H
#define RG_CLI_WORDS_H

#include <jansson.h>

/* The text @key of @object; "" when it has none. Borrowed from @object, which may be NULL. */
const char *rg_words_text(const json_t *object, const char *key);
/* Of the texts `de` and `en` of @both the one in the user's language: German when the first of
 * LC_ALL, LC_MESSAGES and LANG that is set begins with `de`, else English; the other one where that
 * is missing. Borrowed from @both, which may be NULL. */
const char *rg_words_of(const json_t *both);

/* How wide a column is that holds the text @key of each object in @list, and @least bytes at least;
 * names have up to 64 bytes. */
int rg_words_width(const json_t *list, const char *key, int least);

#endif /* RG_CLI_WORDS_H */
