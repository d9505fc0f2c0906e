/* Process definitions from anywhere: reading, and the questions asked of what was read. */
#include "fuzz.h"

#include "base/bytes.h"
#include "base/panic.h"
#include "rules/definition.h"

/* libfyaml 0.7.12 forgets a scratch buffer when it refuses a quoted text of many parts. It is
 * bounded by the size of the file, and a file is read once. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char err[RG_DEFINITION_ERROR_MAX];
    struct rg_definition *def = NULL;
    const struct rg_bytes bytes = {data, size};
    const rg_err e = rg_definition_parse("fuzz", bytes, &def, err);
    RG_ASSERT((e == RG_OK) == (def != NULL) && (e == RG_OK) == (err[0] == '\0'));
    if (def == NULL) {
        return 0;
    }
    RG_ASSERT(def->rule_count <= RG_DEFINITION_RULES_MAX);
    RG_ASSERT(rg_definition_is_name(rg_bytes_str(def->process)));
    for (size_t i = 0; i < def->step_count; i++) {
        RG_ASSERT(rg_definition_find_step(def, rg_bytes_str(def->steps[i].id)) == &def->steps[i]);
    }
    for (size_t i = 0; i < def->rule_count; i++) {
        const struct rg_definition_rule *r = &def->rules[i];
        RG_ASSERT(r->a_count <= r->activities.count && r->limit_ms >= 0);
        for (size_t k = 0; k < r->activities.count; k++) {
            RG_ASSERT(rg_definition_has_step(def, rg_bytes_str(r->activities.items[k])));
        }
    }
    rg_definition_lint(def, err);
    rg_definition_destroy(&def);
    return 0;
}
