#include "node/cli/words.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

const char *rg_words_text(const json_t *object, const char *key)
{
    const char *t = json_string_value(json_object_get(object, key));
    return t == NULL ? "" : t;
}

static bool german(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "de", 2) == 0;
        }
    }
    return false;
}

const char *rg_words_of(const json_t *both)
{
    const char *de = rg_words_text(both, "de");
    const char *en = rg_words_text(both, "en");
    if (de[0] == '\0' || en[0] == '\0') {
        return de[0] == '\0' ? en : de;
    }
    return german() ? de : en;
}

int rg_words_width(const json_t *list, const char *key, int least)
{
    size_t i = 0;
    int width = least;
    const json_t *o = NULL;
    json_array_foreach(list, i, o)
    {
        const size_t len = strnlen(rg_words_text(o, key), RG_NAME_MAX);
        width = (int)len > width ? (int)len : width;
    }
    return width;
}
