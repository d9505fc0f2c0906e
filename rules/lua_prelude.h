/* rules/lua_prelude.lua as bytes; the build makes them. */
#ifndef RG_RULES_LUA_PRELUDE_H
#define RG_RULES_LUA_PRELUDE_H

#include <stddef.h>

extern const char rg_lua_prelude[];
extern const size_t rg_lua_prelude_len;

#endif /* RG_RULES_LUA_PRELUDE_H */
