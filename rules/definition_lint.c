#include "rules/definition_rule.h"

void rg_definition_lint(struct rg_definition *def, char out[RG_DEFINITION_ERROR_MAX])
{
    (void)def;
    out[0] = '\0';
}
