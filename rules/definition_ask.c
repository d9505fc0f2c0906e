/* Questions that a definition answers. */
#include "base/bytes.h"
#include "base/time.h"
#include "rules/definition_rule.h"
#include "rules/utf8.h"

static int order(const char *name, struct rg_bytes text)
{
    const size_t len = strlen(name);
    const size_t common = len < text.len ? len : text.len;
    const int c = common == 0 ? 0 : memcmp(name, text.data, common);
    return c != 0 ? c : len < text.len ? -1 : len > text.len ? 1 : 0;
}

const struct rg_definition_step *rg_definition_find_step(const struct rg_definition *def,
                                                         struct rg_bytes id)
{
    const struct rg_definition_build *b = (const struct rg_definition_build *)def;
    size_t low = 0;
    size_t high = def->step_count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const struct rg_definition_step *s = &def->steps[b->sorted[mid]];
        const int c = order(s->id, id);
        if (c == 0) {
            return s;
        }
        low = c < 0 ? mid + 1 : low;
        high = c < 0 ? high : mid;
    }
    return NULL;
}

bool rg_definition_has_step(const struct rg_definition *def, struct rg_bytes id)
{
    return rg_definition_is_name(id) &&
           (def->steps_any || rg_definition_find_step(def, id) != NULL);
}

bool rg_definition_may_write(const struct rg_definition *def, struct rg_bytes step,
                             struct rg_bytes agency)
{
    const struct rg_definition_step *s = rg_definition_find_step(def, step);
    if (s == NULL) {
        return def->steps_any && rg_definition_is_name(step);
    }
    return s->by.count == 0 || rg_definition__among(&s->by, agency);
}

bool rg_definition_ignores(const struct rg_definition *def, struct rg_bytes column)
{
    return rg_definition__among(&def->ignore, column);
}

static const struct rg_definition_field *find_field(const struct rg_definition *def,
                                                    struct rg_bytes name)
{
    for (size_t i = 0; i < def->field_count; i++) {
        if (rg_definition_is(def->fields[i].name, name)) {
            return &def->fields[i];
        }
    }
    return NULL;
}

bool rg_definition_has_field(const struct rg_definition *def, struct rg_bytes name)
{
    return rg_definition_is_name(name) && (def->fields_any || find_field(def, name) != NULL);
}

size_t rg_definition_find_site(const struct rg_definition *def, struct rg_bytes value)
{
    for (size_t i = 0; def->site != NULL && i < def->site->values.count; i++) {
        if (rg_definition_is(def->site->values.items[i], value)) {
            return i;
        }
    }
    return RG_DEFINITION_NO_SITE;
}

bool rg_definition_rule_applies(const struct rg_definition_rule *rule, size_t site)
{
    return site == RG_DEFINITION_NO_SITE ? rule->elsewhere
                                         : (rule->sites & (UINT64_C(1) << site)) != 0;
}

rg_err rg_definition_check_field(const struct rg_definition *def, struct rg_bytes name,
                                 struct rg_bytes value, const char **why)
{
    int64_t ms = 0;
    const char *text = NULL;
    const struct rg_definition_field *f = find_field(def, name);
    if (!rg_definition_has_field(def, name)) {
        return RG_ERR_NOT_FOUND;
    }
    if (value.len == 0) {
        return RG_OK;
    }
    if (value.len > RG_FIELD_VALUE_MAX) {
        text = "it is longer than 64 bytes";
    } else if (!rg_utf8_is_text(value)) {
        text = "it is not UTF-8 text without control characters";
    } else if (f != NULL && f->kind == RG_DEFINITION_DATE && rg_time_parse(value, &ms) != RG_OK) {
        text = "it is not a date like 2026-11-23 or 2026-11-23T10:00:00Z";
    } else if (f != NULL && f->kind == RG_DEFINITION_ENUM &&
               !rg_definition__among(&f->values, value)) {
        text = "it is not among the values of the field";
    }
    if (text != NULL && why != NULL) {
        *why = text;
    }
    return text == NULL ? RG_OK : RG_ERR_INVALID;
}
