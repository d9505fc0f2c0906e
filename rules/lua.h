/* Rules written in Lua beside the rules of the definition: a module of the rules ABI that judges by
 * `soll` and calls a script besides. docs/rules-modules.md says what a script may do.
 *
 * A script that fails on an event is not followed further for that case: an alert of severity
 * system names file and line, the script's text goes to stderr, and everything else is judged as
 * without a script. Conformance is that of `soll` alone. */
#ifndef RG_RULES_LUA_H
#define RG_RULES_LUA_H

#include "rules/reigen_rules.h"

#define RG_LUA_SCRIPT_MAX ((size_t)256 * 1024) /* bytes */

/* Read the script at @path and give the module for it; NULL with a sentence in @err
 * (RG_RULES_ERROR_MAX) when it cannot be read. Once a process: the ABI has one module a process.
 * The script itself is looked at when the module opens a definition. */
const struct rg_rules_module *rg_lua_module(const char *path, char *err);

#endif /* RG_RULES_LUA_H */
